"""One stage: a small centre in folders of its own, its states to begin with, and the blows it takes."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chaos.checks import Picture, half_landed, leftovers, not_whole, picture, published_files
from chaos.child import Child, Outcome, Reader
from vitals.paths import Paths

PHASES = {
    "landing": ("Landing files",),
    "building": ("Reading the models", "Checking the raw data", "Building and testing"),
    "publishing": ("Writing the candidate", "Checking the candidate", "Publishing"),
}


@dataclass(frozen=True)
class State:
    """A warehouse to begin with.

    Args:
        name: fresh (nothing landed), older (an older version is published, a file waits), or one of the
            two once it is built and about to be published.
        entry: the pipeline's function that goes on from here.
        allowed: what may be published at any moment from here on.
        expected: what a plain run makes of it.
    """

    name: str
    entry: str
    allowed: tuple[Picture, ...]
    expected: Picture


@dataclass
class Score:
    """What happened, counted; and what should not have."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Take in another score."""
        self.counts.update(other.counts)
        self.faults.extend(other.faults)


class Stage:
    """A centre that is killed, starved and locked out."""

    def __init__(self, home: Path, project: Path, landing: Path, held_back: Sequence[str]) -> None:
        """Make the states.

        Args:
            home: an empty folder to work in.
            project: a dbt project.
            landing: exports; they are copied.
            held_back: which of them came after the older version was published.
        """
        self.home = home
        self.paths = Paths(project, home / "landing", home / "warehouse")
        self.seconds: dict[str, float] = {}
        self.ticks = 0
        self.sizes: dict[str, int] = {}
        shutil.copytree(landing, self.paths.landing)
        self.states = self._prepare(landing, held_back)

    def _prepare(self, landing: Path, held_back: Sequence[str]) -> dict[str, State]:
        self._template("fresh").mkdir(parents=True)
        for name in held_back:
            (self.paths.landing / name).unlink()
        self._must("run")
        older = picture(self.paths)
        self._keep("older")
        for name in held_back:
            shutil.copy2(landing / name, self.paths.landing / name)
        newer = self._to_the_end("older_built")
        self._take("fresh")
        fresh = self._to_the_end("fresh_built")
        return {
            "fresh": State("fresh", "run", (fresh,), fresh),
            "older": State("older", "run", (older, newer), newer),
            "fresh_built": State("fresh_built", "publish", (fresh,), fresh),
            "older_built": State("older_built", "publish", (older, newer), newer),
        }

    def _to_the_end(self, keep_as: str) -> Picture:
        self._must("land")
        self.sizes["landed"] = _bytes(self.paths.warehouse)
        self._must("build")
        self.sizes["built"] = _bytes(self.paths.warehouse)
        self._keep(keep_as)
        self._must("publish")
        return picture(self.paths)

    def _must(self, what: str) -> None:
        child = Child.start(what, self.paths)
        outcome = child.wait()
        if outcome.how != "done":
            raise RuntimeError(f"nothing is wrong yet, and {what} fails: {outcome}")
        began = [*child.began.items(), ("", time.monotonic())]
        for (step, start), (_, end) in itertools.pairwise(began):
            self.seconds[step] = end - start
        self.ticks = child.ticks.get(PHASES["landing"][0], self.ticks)

    def _template(self, name: str) -> Path:
        return self.home / "states" / name

    def _keep(self, name: str) -> None:
        shutil.copytree(self.paths.warehouse, self._template(name))

    def _take(self, name: str) -> None:
        shutil.rmtree(self.paths.warehouse, ignore_errors=True)
        shutil.copytree(self._template(name), self.paths.warehouse)

    # --- kills -----------------------------------------------------------------------------------

    def chain(self, state: State, phases: Sequence[str], chance: random.Random) -> Score:
        """Kill once in each of the phases, one after the other, then run to the end."""
        score = Score()
        self._take(state.name)
        with self._watched(state, score):
            trail = state.name
            for phase in phases:
                hit, where = self._kill(state.entry, phase, chance, score)
                trail += f" > {where}"
                if not hit:
                    score.faults.append(f"{trail}: it could not be killed there")
                    continue
                score.counts[f"kills in {hit}"] += 1
                if self._is_sound(state, trail, score):
                    score.counts[f"survived in {hit}"] += 1
            self._rerun(state, trail, score)
        return score

    def _kill(self, entry: str, phase: str, chance: random.Random, score: Score) -> tuple[str, str]:
        """Aim at a phase; returns the one that the kill fell in, '' for none, and where it was aimed."""
        share = 1.0
        where = phase
        for _ in range(4):
            step = chance.choice(PHASES[phase])
            tick, delay = 1, share * chance.random() * self.seconds.get(step, 0.1)
            if phase == "landing":
                # Between two files, within one, and in what follows the last: the ledger.
                last = chance.random() < 0.3
                tick = self.ticks if last else chance.randint(1, self.ticks)
                delay = share * chance.random() * (0.15 if last else 0.02)
            child = Child.start(entry, self.paths)
            where = f"{step}, report {tick}, +{delay:.3f} s"
            if child.kill_in(step, tick, delay):
                # What is in no phase's steps is told once building finds a damaged work database.
                return next(
                    (name for name, steps in PHASES.items() if child.step in steps), "building"
                ), where
            assert child.outcome is not None
            if child.outcome.how != "done":
                score.faults.append(f"{where}: before the kill: {child.outcome}")
                return "", where
            # It was quicker than measured and is through: from here on a whole run is needed.
            entry, share = "run", share / 2
        return "", where

    def _is_sound(self, state: State, trail: str, score: Score) -> bool:
        faults = [
            fault
            for file in published_files(self.paths)
            if file.exists() or "older" in state.name
            for fault in [not_whole(file, [one.published[file.name] for one in state.allowed])]
            if fault
        ]
        half = half_landed(self.paths)
        faults += [half] if half else []
        score.faults += [f"{trail}: {fault}" for fault in faults]
        return not faults

    def _rerun(self, state: State, trail: str, score: Score) -> None:
        """A plain run, which must make of what is left the same as an undisturbed one."""
        score.counts["re-runs"] += 1
        outcome = Child.start("run", self.paths).wait()
        if outcome.how != "done":
            score.faults.append(f"{trail}: the re-run fails: {outcome.how}: {outcome.message}")
            return
        differs = state.expected.difference(picture(self.paths))
        left = leftovers(self.paths)
        if differs:
            score.faults.append(f"{trail}: after a re-run {differs}")
        if left:
            score.faults.append(f"{trail}: after a re-run there is still {', '.join(left[:4])}")
        score.counts["re-runs equal"] += not differs and not left

    @contextmanager
    def _watched(self, state: State, score: Score) -> Iterator[None]:
        files = published_files(self.paths)
        allowed = {file.name: [one.published[file.name] for one in state.allowed] for file in files}
        reader = Reader(files, allowed, may_be_absent="fresh" in state.name)
        try:
            yield
        finally:
            polls, faults = reader.stop()
            score.counts["polls"] += polls
            score.faults += [f"a reader: {fault}" for fault in faults]

    # --- a full disk -------------------------------------------------------------------------------

    def full_disk(self, phase: str, share: float) -> Score:
        """Let the disk be full in a phase, free some space, run again. Needs the right to mount.

        Args:
            phase: where it fills.
            share: how far into the phase, 0 to 1.
        """
        state = self.states["older_built" if phase == "publishing" else "fresh"]
        score = Score(Counter({"disk-full cases": 1}))
        landed, built = self.sizes["landed"], self.sizes["built"]
        published = max(file.stat().st_size for file in self._template("older").glob("vitals*.duckdb"))
        start = _bytes(self._template(state.name))
        room = {
            "landing": int(share * landed),
            "building": int(landed + share * (built - landed)),
            "publishing": int(start + share * published),
        }[phase]
        trail = f"disk of {room >> 10} KiB, full in {phase}"
        shutil.rmtree(self.paths.warehouse, ignore_errors=True)
        self.paths.warehouse.mkdir()
        # First as large as need be: tmpfs counts whole pages, also of the files that are copied into it.
        with _tmpfs(self.paths.warehouse) as resize:
            shutil.copytree(self._template(state.name), self.paths.warehouse, dirs_exist_ok=True)
            resize(room >> 10)
            with self._watched(state, score):
                outcome = Child.start(state.entry, self.paths).wait()
                told = _is_told(outcome, ("space", "disk"))
                if told:
                    score.faults.append(f"{trail}: {told}")
                sound = self._is_sound(state, trail, score)
                resize(4 << 20)
                before = score.counts["re-runs equal"]
                self._rerun(state, trail, score)
                again = score.counts["re-runs equal"] > before
            score.counts["disk-full cases survived"] += not told and sound and again
        return score

    # --- permissions ---------------------------------------------------------------------------------

    def locked_out(self, state: State, places: Sequence[tuple[str, int]]) -> Score:
        """Take the rights to each of the places away in turn, give them back, run again.

        Args:
            state: where to begin.
            places: folder or file, relative to home, and its mode for the time.
        """
        score = Score()
        self._take(state.name)
        with self._watched(state, score):
            for place, mode in places:
                score.counts["permission cases"] += 1
                path, trail = self.home / place, f"{state.name}: {place} has mode {mode:o}"
                before = path.stat().st_mode & 0o7777
                path.chmod(mode)
                try:
                    outcome = Child.start("run", self.paths, obeys=True).wait()
                finally:
                    path.chmod(before)
                if outcome.how == "done" and not outcome.refused:
                    # It did not need to write there: what it made must be right, then.
                    told = state.expected.difference(picture(self.paths))
                else:
                    told = _is_told(outcome, (path.name, "ermission"))
                if told:
                    score.faults.append(f"{trail}: {told}")
                score.counts["permission cases survived"] += self._is_sound(state, trail, score) and not told
            self._rerun(state, f"{state.name}: after permissions", score)
        return score

    # --- two at once -----------------------------------------------------------------------------------

    def two_at_once(self, state: State, offset: float) -> Score:
        """Start two runs, one so many seconds after the other: one works, the other says who does."""
        score = Score(Counter({"pairs": 1}))
        trail = f"two at once, {offset:.2f} s apart, from {state.name}"
        self._take(state.name)
        with self._watched(state, score):
            children = [Child.start("run", self.paths)]
            time.sleep(offset)
            children.append(Child.start("run", self.paths))
            outcomes = [child.wait() for child in children]
            hows = sorted(one.how for one in outcomes)
            if hows != ["done", "error"]:
                score.faults.append(f"{trail}: {outcomes}")
            else:
                winner = children[0 if outcomes[0].how == "done" else 1]
                loser = next(one for one in outcomes if one.how == "error")
                differs = state.expected.difference(picture(self.paths))
                if f"Process {winner.pid} " not in loser.message:
                    score.faults.append(f"{trail}: the loser does not name {winner.pid}: {loser.message}")
                elif differs:
                    score.faults.append(f"{trail}: {differs}")
                else:
                    score.counts["pairs clean"] += 1
        return score


def _is_told(outcome: Outcome, words: Sequence[str]) -> str | None:
    """What is wrong with how a failure is told; None when it names a cause and a remedy."""
    if outcome.how == "done":
        text = " ".join(outcome.refused)
    elif outcome.how == "error":
        text = outcome.message + " " + outcome.remedy if outcome.remedy else ""
    else:
        return f"{outcome.how}: {outcome.message}"
    told = any(word.lower() in text.lower() for word in words)
    return None if told else f"{outcome.how}, not told why: {outcome.message} / {outcome.remedy}"


def may_mount() -> bool:
    """Whether this process may mount a tmpfs."""
    return os.geteuid() == 0 and _mounts()


def _mounts() -> bool:
    done = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
    )
    return done.returncode == 0


@contextmanager
def _tmpfs(folder: Path) -> Iterator[Callable[[int], None]]:
    """A file system in memory; gives a function that sets its size in KiB."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4g,mode=0755", "tmpfs", folder], check=True)

    def resize(kib: int) -> None:
        # tmpfs cannot be made smaller than what it holds: it is full, then.
        used = shutil.disk_usage(folder).used // 1024
        subprocess.run(["mount", "-o", f"remount,size={max(kib, used, 4)}k", folder], check=True)

    try:
        yield resize
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def unmount(home: Path) -> None:
    """Free what a harness that was stopped itself left mounted under a folder."""
    mounts = Path("/proc/mounts")
    if mounts.exists():
        for line in mounts.read_text(encoding="utf-8").splitlines():
            kind, folder = line.split()[0:2]
            if kind == "tmpfs" and Path(folder).is_relative_to(home):
                subprocess.run(["umount", "--lazy", folder], check=True)


def _bytes(folder: Path) -> int:
    """What a folder takes on a file system with pages of 4 KiB."""
    return sum((file.stat().st_size + 4095) // 4096 * 4096 for file in folder.rglob("*") if file.is_file())
