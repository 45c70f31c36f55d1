"""The processes that are killed, and the one that reads meanwhile. All come from a fork server that has
imported what takes seconds, and each leads a group of its own, so that it dies with all of its children."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from chaos.checks import GLANCE, Checksums, not_whole
from vitals import pipeline
from vitals.errors import VitalsError
from vitals.paths import Paths

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["chaos.child", "dbt.cli.main", "dbt.adapters.duckdb.connections", "dbt.adapters.duckdb.impl"]
)
# No step of a small centre takes as long, not even on a busy machine.
PATIENCE_SECONDS = 600.0


@dataclass(frozen=True)
class Outcome:
    """How a pipeline ended.

    Args:
        how: done, error (a VitalsError), crash (anything else that was raised) or killed.
        message: what it said; of a crash the whole trace.
        remedy: what a VitalsError advises.
        refused: what a run that was done could not land, file by file.
    """

    how: str
    message: str = ""
    remedy: str = ""
    refused: tuple[str, ...] = ()


@dataclass
class Child:
    """A pipeline at work in a process group of its own."""

    process: multiprocessing.process.BaseProcess
    pipe: Connection
    outcome: Outcome | None = None
    # The last step that it told of.
    step: str = ""
    ticks: dict[str, int] = field(default_factory=dict)
    began: dict[str, float] = field(default_factory=dict)

    @classmethod
    def start(cls, what: str, paths: Paths, obeys: bool = False) -> Child:
        """Start a function of `vitals.pipeline`; one that obeys is subject to file modes, even as root."""
        ours, its = _CONTEXT.Pipe(duplex=False)
        process = _CONTEXT.Process(target=_work, args=(its, what, paths, obeys))
        process.start()
        its.close()
        return cls(process, ours)

    @property
    def pid(self) -> int:
        """Its process id, which is its group's as well."""
        assert self.process.pid is not None
        return self.process.pid

    def kill_in(self, step: str, tick: int, delay: float) -> bool:
        """Kill the whole group so many seconds after the n-th report of a step, or after its end when it has
        fewer; False when the work ended first. `step` is then the one that the kill fell in."""
        self._listen(time.monotonic() + PATIENCE_SECONDS, step, tick)
        if self.outcome is None:
            self._listen(time.monotonic() + delay)
        in_time = self.outcome is None
        if in_time:
            self.kill()
        self.process.join(PATIENCE_SECONDS)
        return in_time

    def kill(self) -> None:
        """Kill the group at once."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            # It leads no group yet, or has just gone.
            self.process.kill()

    def wait(self) -> Outcome:
        """Wait for its end."""
        self._listen(time.monotonic() + PATIENCE_SECONDS)
        if self.outcome is None:
            self.kill()
            self.outcome = Outcome("crash", f"it did not end within {PATIENCE_SECONDS:.0f} s")
        self.process.join(PATIENCE_SECONDS)
        return self.outcome

    def _listen(self, until: float, step: str | None = None, tick: int = 1) -> None:
        """Take in what it reports until a moment, its end, or a step's n-th report or the one after it."""
        while self.outcome is None and self.pipe.poll(max(0.0, until - time.monotonic())):
            try:
                kind, *told = self.pipe.recv()
            except (EOFError, ConnectionResetError):
                self.outcome = Outcome("killed")
                return
            if kind == "outcome":
                self.outcome = told[0]
                return
            self.step = name = told[0]
            self.ticks[name] = self.ticks.get(name, 0) + 1
            self.began.setdefault(name, time.monotonic())
            # What landed before a kill does not land again: the step may have fewer reports than measured.
            if step in self.ticks and (name != step or self.ticks[name] >= tick):
                return


class Reader:
    """A process that opens the published files again and again, as dashboards do."""

    def __init__(
        self, files: Sequence[Path], allowed: Mapping[str, Sequence[Checksums]], may_be_absent: bool
    ) -> None:
        self._ours, its = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_read, args=(its, files, allowed, may_be_absent))
        self._process.start()
        its.close()

    def stop(self) -> tuple[int, list[str]]:
        """How often it looked and found a whole version, and what else it saw."""
        self._ours.send("stop")
        if not self._ours.poll(PATIENCE_SECONDS):
            self._process.kill()
            raise TimeoutError("the reader does not answer")
        polls, faults = self._ours.recv()
        self._process.join(PATIENCE_SECONDS)
        return polls, faults


def _work(pipe: Connection, what: str, paths: Paths, obeys: bool) -> None:
    os.setsid()
    if obeys and os.geteuid() == 0:
        _obey_modes()
    try:
        report = getattr(pipeline, what)(
            paths, on_progress=lambda step, done, total, detail: pipe.send(("step", step))
        )
        landing = getattr(report, "landing", None)
        refused = landing.with_status("refused") if landing else ()
        told = tuple(f"{one.source_file}: {one.reason}; {one.remedy}" for one in refused)
        outcome = Outcome("done", refused=told)
    except VitalsError as error:
        outcome = Outcome("error", error.message, error.remedy)
    except BaseException:
        outcome = Outcome("crash", traceback.format_exc())
    pipe.send(("outcome", outcome))
    # Libraries keep threads: leave without waiting for them.
    os._exit(0)


def _obey_modes() -> None:
    """Give up root's privilege to read and write what its modes forbid, here and in child processes."""
    system = ctypes.CDLL(None, use_errno=True)
    override, read_search, drop_from_bounds, version = 1, 2, 24, 0x20080522
    header = (ctypes.c_uint32 * 2)(version, 0)
    # Effective, permitted and inheritable, for the lower and the upper 32 privileges.
    sets = (ctypes.c_uint32 * 6)()
    failed = system.capget(header, sets)
    for number in (override, read_search):
        failed |= system.prctl(drop_from_bounds, number, 0, 0, 0)
        for place in range(3):
            sets[place] &= ~(1 << number)
    if failed | system.capset(header, sets):
        raise OSError(ctypes.get_errno(), "root's privileges cannot be given up")


def _read(
    pipe: Connection,
    files: Sequence[Path],
    allowed: Mapping[str, Sequence[Checksums]],
    may_be_absent: bool,
) -> None:
    polls, faults, seen = 0, [], set() if may_be_absent else set(files)
    while not pipe.poll(0.2):
        for file in files:
            if file.exists():
                seen.add(file)
            elif file in seen:
                faults.append(f"{file.name} was gone")
                continue
            else:
                continue
            fault = not_whole(file, allowed[file.name], GLANCE)
            polls += fault is None
            if fault:
                faults.append(fault)
    pipe.send((polls, faults))
