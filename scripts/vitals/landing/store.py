"""The warehouse's raw Parquet files: their schemas, and how they are written, never by half."""

import datetime as dt
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vitals.errors import VitalsError
from vitals.paths import Paths
from vitals.streams import Stream

EMPTY = "_empty.parquet"
_ROW_GROUP_BYTES = 32 << 20
_ORIGIN = [
    ("extra_columns", pa.string()),
    ("source_file", pa.string()),
    ("source_row", pa.int64()),
    ("file_hash", pa.string()),
    ("landed_at", pa.timestamp("us")),
]
LEDGER = pa.schema(
    [
        ("platform", pa.string()),
        ("stream", pa.string()),
        ("source_file", pa.string()),
        ("file_hash", pa.string()),
        ("bytes", pa.int64()),
        ("rows_read", pa.int64()),
        ("rows_landed", pa.int64()),
        ("rows_quarantined", pa.int64()),
        ("rows_expired", pa.int64()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("reason_code", pa.string()),
        ("extra_columns", pa.string()),
        ("header", pa.string()),
        ("landed_at", pa.timestamp("us")),
        ("declaration", pa.string()),
    ]
)
QUARANTINE = pa.schema(
    [
        ("platform", pa.string()),
        ("stream", pa.string()),
        ("source_file", pa.string()),
        ("file_hash", pa.string()),
        ("source_row", pa.int64()),
        ("text", pa.string()),
        ("reason", pa.string()),
        ("reason_code", pa.string()),
        ("landed_at", pa.timestamp("us")),
    ]
)
# Columns that the ledger of an earlier version lacks.
_LATER = ("reason_code", "header", "rows_expired")
RUN = pa.schema([("as_of", pa.timestamp("us")), ("built_at", pa.timestamp("us"))])


def raw_schema(stream: Stream) -> pa.Schema:
    """The schema of every raw file of a stream: its columns as text, then where each row comes from."""
    return pa.schema([(name, pa.string()) for name in stream.columns] + _ORIGIN)


def raw_file(paths: Paths, platform: str, stream: str, file_hash: str) -> Path:
    """Where the rows of a file's content are."""
    return paths.raw / platform / stream / f"{file_hash}.parquet"


def quarantine_file(paths: Paths, platform: str, stream: str, file_hash: str) -> Path:
    """Where a content's unreadable lines are, when it has any."""
    # One content may be dropped into two streams.
    return paths.quarantine_dir / f"{file_hash}-{platform}-{stream}.parquet"


def source_rows(raw: Path) -> list[int]:
    """The lines that the rows of a raw file come from, in its order."""
    with pq.ParquetFile(raw) as file:
        lines: list[int] = file.read(columns=["source_row"])["source_row"].to_pylist()
    return lines


class ParquetFile:
    """A Parquet file that comes into being at once, by `commit`, or not at all."""

    def __init__(self, target: Path, schema: pa.Schema) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        self._target, self._temporary = target, target.with_name(f".{target.name}.tmp")
        self._schema = schema
        self._file = self._temporary.open("wb")
        self._writer = pq.ParquetWriter(self._file, schema, compression="zstd")
        self._pending: list[pa.RecordBatch] = []
        self._pending_bytes = 0

    def add(self, columns: Iterable[Iterable[Any]]) -> None:
        """Adds rows, given column by column in the schema's order."""
        arrays = [pa.array(values, each.type) for values, each in zip(columns, self._schema, strict=True)]
        batch = pa.record_batch(arrays, schema=self._schema)
        self._pending.append(batch)
        self._pending_bytes += batch.nbytes
        if self._pending_bytes >= _ROW_GROUP_BYTES:
            self._flush()

    def commit(self) -> None:
        """Puts the file in its place, on disk and complete."""
        self._flush()
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        if self._target.exists():
            # Who may read it stays the owner's choice.
            shutil.copymode(self._target, self._temporary)
        self._temporary.replace(self._target)

    def __enter__(self) -> "ParquetFile":
        return self

    def __exit__(self, *exception: object) -> None:
        # What cannot be written any more (a full disk) must not keep the half file in its place.
        try:
            if not self._file.closed:
                self._writer.close()
                self._file.close()
        finally:
            self._temporary.unlink(missing_ok=True)

    def _flush(self) -> None:
        if self._pending:
            self._writer.write_table(pa.Table.from_batches(self._pending))
            self._pending, self._pending_bytes = [], 0


def clear_partial(raw: Path) -> None:
    """Removes what a run that was killed had not finished writing. The caller holds `pipeline_lock`."""
    for partial in raw.rglob(".*.tmp"):
        partial.unlink()


def write_rows(target: Path, schema: pa.Schema, rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes a small table, given as rows."""
    listed = list(rows)
    with ParquetFile(target, schema) as file:
        if listed:
            file.add([[row[name] for row in listed] for name in schema.names])
        file.commit()


def ensure_empty(target: Path, schema: pa.Schema) -> None:
    """Writes an empty table, unless one of this schema is there: a source without files must be readable."""
    if not (target.is_file() and pq.read_schema(target).equals(schema)):
        write_rows(target, schema, [])


def read_ledger(paths: Paths) -> list[dict[str, Any]]:
    """The ledger's rows; none when there is no ledger yet. Columns that an older ledger lacks are None."""
    if not paths.ledger_file.exists():
        return []
    try:
        table = pq.ParquetFile(paths.ledger_file).read()
        known = [name for name in LEDGER.names if name in table.column_names or name not in _LATER]
        rows: list[dict[str, Any]] = table.select(known).to_pylist()
    except (pa.ArrowException, KeyError, OSError) as error:
        raise VitalsError(
            f"The ledger {paths.ledger_file} cannot be read: {error}",
            "Remove it and land again: every file that is still in landing is then landed anew.",
        ) from error
    return [dict.fromkeys(LEDGER.names) | row for row in rows]


def write_run(paths: Paths, as_of: dt.datetime | None, built_at: dt.datetime | None = None) -> None:
    """Records the moment as of which the warehouse is built, and when it is.

    Args:
        paths: the installation.
        as_of: UTC, or any zone when aware; None stands for the newest moment in the data.
        built_at: when this build began, likewise; None before the first build.
    """
    run = {"as_of": as_of, "built_at": built_at}
    write_rows(paths.run_file, RUN, [{name: utc(moment) if moment else None for name, moment in run.items()}])


def utc(moment: dt.datetime) -> dt.datetime:
    """The moment as UTC wall clock without a zone, as the warehouse stores it."""
    return moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment
