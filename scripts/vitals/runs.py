"""The run history: one row per landing, build, publication or run, also of one that failed or was killed.

It is a small Parquet file of the warehouse, rewritten whole and put in its place at once. A row is written
when a run begins (`running`) and again when it ends; the next one finds what was killed: `unfinished`.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vitals import __version__, log, webhook
from vitals.errors import VitalsError
from vitals.landing.lock import pipeline_lock
from vitals.landing.store import utc, write_rows
from vitals.paths import Paths

RUNNING, UNFINISHED, OK, REFUSED, ALERTS, FAILED, STOPPED = (
    "running",
    "unfinished",
    "ok",
    "refused",
    "alerts",
    "failed",
    "stopped",
)
# Facts that a step may note, and that its run keeps: the name in the log -> the column of the history.
_KEPT = {
    "files": "files_landed_count",
    "files_refused": "files_refused_count",
    "rows": "rows_landed_count",
    "rows_quarantined": "rows_quarantined_count",
    "models": "models_count",
    "tests": "tests_count",
    "tables": "tables_count",
    "restated": "restated_count",
    "alerts": "alerts_count",
}
HISTORY = pa.schema(
    [
        ("run_id", pa.string()),
        ("command", pa.string()),
        ("started_at", pa.timestamp("us")),
        ("finished_at", pa.timestamp("us")),
        ("seconds", pa.decimal128(18, 3)),
        ("vitals_version", pa.string()),
        ("as_of", pa.timestamp("us")),
        *[(column, pa.int64()) for column in _KEPT.values()],
        ("result", pa.string()),
        ("error", pa.string()),
        ("remedy", pa.string()),
    ]
)
# The command line names its run before it begins, so that each of its log lines has the name.
RUN_ID: ContextVar[str | None] = ContextVar("vitals_run_id", default=None)
# Told of each fact as it is noted.
LISTENER: ContextVar[Callable[[Mapping[str, Any]], None] | None] = ContextVar("vitals_listener", default=None)


@dataclass
class Run:
    """A run that is going on, and what is known of it."""

    run_id: str
    command: str
    started_at: datetime
    row: dict[str, Any]
    refused: list[dict[str, str]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)


_current: ContextVar[Run | None] = ContextVar("vitals_run", default=None)


def new_id(now: datetime | None = None) -> str:
    """A name for a run that sorts by time, such as 20261105T131500Z-3f9a21."""
    return f"{now or datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def current() -> Run | None:
    """The run that is going on here."""
    return _current.get()


def note(**facts: Any) -> None:
    """Tell the running step's log line, and the history where it has a column, what is known now."""
    run = _current.get()
    if run is not None:
        run.row.update({_KEPT.get(name, name): value for name, value in facts.items() if name in _KEPT})
        if "as_of" in facts:
            run.row["as_of"] = facts["as_of"]
    if listener := LISTENER.get():
        listener(facts)


@contextmanager
def recorded(paths: Paths, command: str) -> Iterator[Run]:
    """Hold the lock of the warehouse during a run; however it ends, keep a row of it and tell the webhook.

    Args:
        paths: the installation.
        command: land, build, publish, run or watch.

    Raises:
        VitalsError: another process holds the lock, or the warehouse cannot be written.
    """
    now = datetime.now(UTC)
    run = Run(RUN_ID.get() or new_id(now), command, now, {})
    run.row = dict.fromkeys(HISTORY.names) | {
        "run_id": run.run_id,
        "command": command,
        "started_at": utc(now),
        "vitals_version": __version__,
        "result": RUNNING,
    }
    began = time.monotonic()
    token = _current.set(run)
    try:
        with pipeline_lock(paths):
            _begin(paths, run)
            yield run
        run.row["result"] = REFUSED if run.refused else ALERTS if run.alerts else OK
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit)
        run.row |= {"result": STOPPED if stopped else FAILED, **log.told(error)}
        raise
    finally:
        _current.reset(token)
        run.row |= {
            "finished_at": utc(datetime.now(UTC)),
            "seconds": Decimal(f"{time.monotonic() - began:.3f}"),
        }
        _end(paths, run)
        webhook.tell(paths, run)


def history_file(paths: Paths) -> Path:
    """Where the history is kept: a source of the dbt project."""
    return paths.raw / "vitals" / "run_history" / "run_history.parquet"


def history(paths: Paths) -> list[dict[str, Any]]:
    """Every run, the oldest first; none when there was none.

    Raises:
        VitalsError: the file cannot be read.
    """
    file = history_file(paths)
    if not file.exists():
        return []
    try:
        table = pq.ParquetFile(file).read()
    except (pa.ArrowException, OSError) as error:
        raise VitalsError(
            f"The run history {file} cannot be read: {error}",
            "Nothing depends on it: the next run puts it aside and begins a new one.",
        ) from error
    # A version that kept fewer columns knew less.
    return [{name: row.get(name) for name in HISTORY.names} for row in table.to_pylist()]


def ensure_history(paths: Paths) -> None:
    """Make the history readable as a source, empty where nothing ran yet."""
    if not history_file(paths).exists():
        write_rows(history_file(paths), HISTORY, [])


def _begin(paths: Paths, run: Run) -> None:
    """Put the run's row in. Who holds the pipeline's lock is alone: others that seem to run were killed."""
    try:
        with _history_lock(paths):
            try:
                rows = history(paths)
            except VitalsError as error:
                aside = history_file(paths).with_suffix(f".{run.run_id}.unreadable")
                history_file(paths).replace(aside)
                log.WARNINGS.warning("%s It was put aside as %s.", error.message, aside.name)
                rows = []
            for row in rows:
                if row["result"] == RUNNING:
                    row["result"] = UNFINISHED
                    run.unfinished.append(row["run_id"])
            write_rows(history_file(paths), HISTORY, [*rows, run.row])
        for one in run.unfinished:
            log.WARNINGS.warning("Run %s did not end: it was killed, or the machine stopped.", one)
    except OSError as error:
        raise VitalsError(
            f"The warehouse {paths.warehouse} cannot be written: {error}",
            "Check its free space and permissions.",
        ) from error


def _end(paths: Paths, run: Run) -> None:
    """Put the run's last word in its row. When that fails, the row stays `running`: the next run tells."""
    try:
        with _history_lock(paths):
            rows = [row for row in history(paths) if row["run_id"] != run.run_id]
            write_rows(history_file(paths), HISTORY, [*rows, run.row])
    except (OSError, VitalsError) as error:
        log.WARNINGS.warning("The end of run %s could not be written to the history: %s", run.run_id, error)


@contextmanager
def _history_lock(paths: Paths) -> Iterator[None]:
    """Held for milliseconds: a run that finds the pipeline's lock taken writes its row, too."""
    history_file(paths).parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(paths.warehouse / ".runs.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
