"""A landing of its own for a test: drops files, lands them, reads back what became of them."""

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from vitals.landing import FileOutcome, LandingReport, land
from vitals.paths import Paths
from vitals.streams import Stream

NOON = dt.datetime(2026, 10, 5, 12, 0)

CALLS = Stream("acme", "calls", "json", ("id", "queue", "seconds", "caller"), required=("id",))
PAGES = Stream("acme", "pages", "json", ("id", "queue", "seconds"), required=("id",), records="tickets")
SHEET = Stream("acme", "sheet", "delimited", ("id", "queue", "seconds"), required=("id",))
LOG = Stream(
    "acme",
    "log",
    "pipe",
    ("epoch", "callid", "event", "data1", "data2"),
    ("epoch", "event"),
    has_header=False,
)
STREAMS = (CALLS, LOG, PAGES, SHEET)


class Desk:
    """The folders of one test, and shorthands for what tests do with them."""

    def __init__(self, root: Path) -> None:
        self.paths = Paths(root, root / "landing", root / "warehouse")

    def drop(self, name: str, content: str | bytes) -> Path:
        """Puts a file into landing; its name is relative to it."""
        path = self.paths.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def land(self, *streams: Stream, now: dt.datetime = NOON) -> LandingReport:
        """Lands, under the given streams or all of them."""
        return land(self.paths, streams or STREAMS, now)

    def only(self, *streams: Stream) -> FileOutcome:
        """Lands, and returns the outcome of the only file."""
        (outcome,) = self.land(*streams).files
        return outcome

    def rows(self, stream: Stream = CALLS) -> list[dict[str, Any]]:
        """All raw rows of a stream, in the order of their origin."""
        files = (self.paths.raw / stream.platform / stream.name).glob("*.parquet")
        rows = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
        return sorted(rows, key=lambda row: (row["source_file"], row["source_row"]))

    def values(self, column: str, stream: Stream = CALLS) -> list[Any]:
        """One column of the raw rows."""
        return [row[column] for row in self.rows(stream)]

    def bad(self) -> list[tuple[int, str, str]]:
        """The quarantine: line, text, reason."""
        rows = [
            row
            for file in self.paths.quarantine_dir.glob("*.parquet")
            for row in pq.read_table(file).to_pylist()
        ]
        return sorted((row["source_row"], row["text"], row["reason"]) for row in rows)

    def ledger(self) -> list[dict[str, Any]]:
        """The ledger's rows."""
        rows: list[dict[str, Any]] = pq.ParquetFile(self.paths.ledger_file).read().to_pylist()
        return rows

    def files(self) -> dict[str, bytes]:
        """Every file of the warehouse, byte for byte."""
        found = (path for path in self.paths.warehouse.rglob("*") if path.is_file())
        return {path.relative_to(self.paths.warehouse).as_posix(): path.read_bytes() for path in found}
