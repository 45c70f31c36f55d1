"""Retention: a stream's rows that are older than it may keep them are erased from raw data.

A row's own age counts, not its file's: the time of its version as its staging model reads it, else when it
landed. The ledger counts what was erased, so that every row of every file stays accounted for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vitals.landing import store
from vitals.landing.run import EXPIRED
from vitals.paths import Paths
from vitals.streams import Stream

_BATCH_ROWS = 20_000


def expire(paths: Paths, streams: Iterable[Stream], now: dt.datetime | None = None) -> int:
    """Erase the rows that are older than `keep_days` of their stream, and the text of its quarantined lines.

    The caller holds `pipeline_lock`. What is built of the rows goes with the next build. After a crash, call
    it again: the ledger is written first, and a file that it runs ahead of is erased from once more.

    Args:
        paths: the installation; its work database tells the rows' times as of the last build.
        streams: the declared streams.
        now: UTC; None is the present.

    Returns:
        How many rows were erased.

    Raises:
        VitalsError: the ledger cannot be read.
        duckdb.Error: the work database cannot be read.
        OSError: a raw file cannot be written.
    """
    limited = {
        (stream.platform, stream.name): store.utc(now or dt.datetime.now(dt.UTC))
        - dt.timedelta(days=stream.keep_days)
        for stream in streams
        if stream.keep_days
    }
    if not limited:
        return 0
    ledger = store.read_ledger(paths)
    old = {key: _old_rows(paths.work_db, *key, cutoff) for key, cutoff in limited.items()}
    erased: list[tuple[Path, set[int]]] = []
    expired = 0
    for row in ledger:
        key = (row["platform"], row["stream"])
        if row["status"] != "landed" or key not in limited:
            continue
        raw = store.raw_file(paths, *key, row["file_hash"])
        rows = old[key].get(row["file_hash"])
        if rows and raw.is_file():
            left = sum(line not in rows for line in store.source_rows(raw))
            expired += row["rows_landed"] - left - (row["rows_expired"] or 0)
            row["rows_expired"] = row["rows_landed"] - left
            erased.append((raw, rows))
        quarantine = store.quarantine_file(paths, *key, row["file_hash"])
        if row["landed_at"] < limited[key] and quarantine.is_file():
            _blank(quarantine)
    if erased:
        store.write_rows(paths.ledger_file, store.LEDGER, ledger)
    for raw, rows in erased:
        _erase(raw, rows)
    return expired


def _old_rows(work: Path, platform: str, stream: str, cutoff: dt.datetime) -> dict[str, set[int]]:
    """By file, the lines of the rows that are older than the cutoff; none before the first build."""
    if not work.exists():
        return {}
    model = f"stg_{platform}__{stream}"
    with duckdb.connect(str(work), read_only=True) as connection:
        held = connection.execute(
            "select 1 from duckdb_tables() where schema_name = 'staging' and table_name = ?", [model]
        ).fetchone()
        if not held:
            return {}
        found = connection.execute(
            f'select file_hash, list(source_row) from staging."{model}"'
            " where coalesce(updated_at, landed_at) < ? group by file_hash",
            [cutoff],
        ).fetchall()
    return {file_hash: set(lines) for file_hash, lines in found}


def _erase(raw: Path, lines: set[int]) -> None:
    gone = pa.array(sorted(lines), pa.int64())
    with pq.ParquetFile(raw) as old, store.ParquetFile(raw, old.schema_arrow) as new:
        for batch in old.iter_batches(_BATCH_ROWS):
            new.add(batch.filter(pc.invert(pc.is_in(batch["source_row"], gone))).columns)
        new.commit()


def _blank(quarantine: Path) -> None:
    with pq.ParquetFile(quarantine) as old:
        table = old.read()
    if not pc.all(pc.equal(table["text"], EXPIRED)).as_py():
        place = table.schema.get_field_index("text")
        blank = table.set_column(
            place, table.schema.field(place), pa.array([EXPIRED] * len(table), pa.string())
        )
        with store.ParquetFile(quarantine, store.QUARANTINE) as new:
            new.add(blank.combine_chunks().columns)
            new.commit()
