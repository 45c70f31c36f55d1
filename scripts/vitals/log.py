"""What is said for machines while Vitals works: one JSON object a line, on stderr.

Every line has at, run_id, command, event; the rest is what is known. No line has a value of a row: counts,
names of files, models and tests, and reasons, whose addresses and numbers are blotted out.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from vitals.errors import VitalsError

if TYPE_CHECKING:
    from vitals.landing import LandingReport
    from vitals.publish import Restatement, RuleBreakers

# What goes wrong without making the run fail: the command line shows it, others hear it as any logger's.
WARNINGS = logging.getLogger("vitals")

_ADDRESS = re.compile(r"[^\s@,;:<>'\"]+@[^\s@,;:<>'\"]+\.[^\s@,;:<>'\"]+")
# A telephone number, a card, a customer number; a day or a time has no seven digits in a row.
_NUMBER = re.compile(r"\+\d[\d ().-]{6,}\d|(?<![\w-])\d{7,}(?![\w-])")
Line = dict[str, Any]


def scrubbed(text: str) -> str:
    """A reason without the e-mail addresses and long numbers that an export's text may have put into it."""
    return _NUMBER.sub("…", _ADDRESS.sub("…", text))


class JsonLog:
    """Writes lines of one command.

    Args:
        run_id: what its lines have in common, with the run history, too.
        command: its name.
    """

    def __init__(self, run_id: str, command: str) -> None:
        self.run_id, self.command = run_id, command
        self._started = time.monotonic()

    def line(self, event: str, **facts: Any) -> None:
        """Write a line at once; facts that are None are left out."""
        known = {name: value for name, value in facts.items() if value is not None}
        head = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "run_id": self.run_id,
            "command": self.command,
            "event": event,
        }
        # ASCII only: what a file is called must not break a line, or a log that knows no UTF-8.
        print(json.dumps(head | known, default=_plain), file=sys.stderr, flush=True)

    def lines(self, lines: Iterator[Line]) -> None:
        """Write several."""
        for one in lines:
            self.line(**one)

    def end(self, exit_code: int, error: Mapping[str, str] | None = None) -> None:
        """The command's last line."""
        status = "failed" if exit_code in (1, 2) else "finished"
        seconds = round(time.monotonic() - self._started, 3)
        self.line("end", status=status, seconds=seconds, exit_code=exit_code, **(error or {}))


class JsonSteps:
    """One line at the end of each step, with what the pipeline noted in it."""

    def __init__(self, log: JsonLog) -> None:
        self._log, self._step, self._started = log, "", time.monotonic()
        self._noted: dict[str, Any] = {}

    def tell(self, step: str, done: int, total: int, detail: str) -> None:
        """A new step ends the one before."""
        if step != self._step:
            self._end("finished")
            self._step, self._started = step, time.monotonic()

    def note(self, facts: Mapping[str, Any]) -> None:
        """What became known in the running step; what became of single files is told at once."""
        self._noted.update({name: value for name, value in facts.items() if name != "landing"})
        if "landing" in facts:
            self._log.lines(of_landing(facts["landing"]))

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Lines for the time of the block."""
        try:
            yield
        except BaseException as error:
            self._end("failed", told(error))
            raise
        self._end("finished")

    def _end(self, status: str, error: Mapping[str, str] | None = None) -> None:
        if self._step:
            seconds = round(time.monotonic() - self._started, 3)
            self._log.line(
                "step", step=self._step, status=status, seconds=seconds, **self._noted, **(error or {})
            )
        self._step, self._noted = "", {}


class WarningLines(logging.Handler):
    """Makes a line of each warning."""

    def __init__(self, log: JsonLog) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write it."""
        self._log.line("warning", message=scrubbed(record.getMessage()))


def told(error: BaseException) -> dict[str, str]:
    """An error as log, history and webhook tell it: what happened, and the remedy.

    What is not ours says its type only: a database puts the value that it choked on into its message.
    """
    if isinstance(error, VitalsError):
        return {"error": scrubbed(error.message), "remedy": scrubbed(error.remedy)}
    if isinstance(error, KeyboardInterrupt):
        return {"error": "Stopped.", "remedy": "Run the command again to go on."}
    return {
        "error": f"Something unexpected: {type(error).__name__}",
        "remedy": "Read logs/vitals.log in the warehouse, or run the command with --debug.",
    }


def of_landing(report: LandingReport) -> Iterator[Line]:
    """A line for each file that was refused, is being written or has unreadable lines, and unknown folder."""
    for one in report.files:
        if one.status in ("refused", "being_written"):
            remedy = scrubbed(one.remedy) or None
            yield {
                "event": f"file_{one.status}",
                "file": one.source_file,
                "reason": scrubbed(one.reason),
                "remedy": remedy,
            }
        elif one.rows_quarantined:
            yield {
                "event": "quarantine",
                "stage": "landing",
                "file": one.source_file,
                "rows": one.rows_quarantined,
            }
    for folder in report.unknown:
        yield {
            "event": "unknown_folder",
            "folder": folder.folder,
            "files": folder.files,
            "hint": folder.hint or None,
        }


def of_publication(broken: list[RuleBreakers], restated: tuple[Restatement, ...]) -> Iterator[Line]:
    """A line for each rule that rows in quarantine break, and each KPI that was restated."""
    for each in broken:
        yield {
            "event": "quarantine",
            "stage": "staging",
            "stream": each.stream,
            "reason": scrubbed(each.reason),
            "rows": each.rows,
        }
    for one in restated:
        yield {
            "event": "restatement",
            "kpi_id": one.kpi_id,
            "figures": one.figures,
            "first_day": one.first_day,
            "last_day": one.last_day,
            "reason": one.reason,
        }


def of_error(error: BaseException) -> Iterator[Line]:
    """A line for each check, test or model that failed; their rows stay where they are."""
    from vitals.gates import GateFailed
    from vitals.pipeline import AuditFailed

    if isinstance(error, GateFailed):
        for one in error.report.failures:
            yield {"event": "failed_check", "table": one.check.table, "check": one.check.says}
    elif isinstance(error, AuditFailed):
        for each in error.report.failures:
            yield {
                "event": "failed_check",
                "kind": each.kind,
                "name": each.name,
                "file": each.file,
                "rows": each.rows,
                "broken_rules": dict(each.rules),
            }


def _plain(value: Any) -> Any:
    """What JSON has no word for."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return str(value)
