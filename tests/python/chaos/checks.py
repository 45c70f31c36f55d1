"""What must hold of a warehouse at every moment, and what two warehouses have in common: checksums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from vitals.landing.store import EMPTY
from vitals.paths import Paths
from vitals.publish import LEVELS

# Columns that tell when a run happened, not what it found: no two runs agree on them.
RUN_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "quality.published_version": ("published_at", "dbt_invocation_id"),
    "quality.rpt_quality_freshness": ("last_landed_at",),
    "quality.rpt_quality_landing": ("landed_at", "landed_date"),
    "quality.rpt_quality_quarantine": ("landed_at",),
    "quality.rpt_quality_restatements": ("restated_at", "published_at"),
}
RAW_RUN_COLUMNS = ("landed_at",)
# Tables of what ran and when, not of what it found.
RUN_TABLES = ("quality.rpt_quality_runs", "quality.rpt_quality_alerts")
# Folders of raw/vitals that copy what was published before the run, or tell when it began.
RUN_FOLDERS = (
    "runs",
    "run_history",
    "published_files",
    "published_inputs",
    "published_kpi_values",
    "published_restatements",
    "published_version",
)
# What a reader looks at on every visit: small and large, and which version it is.
GLANCE = ("marts.fct_contacts", "marts.kpi_values", "quality.published_version")

Checksums = Mapping[str, str]


def published_files(paths: Paths) -> Sequence[Path]:
    """Every file that readers open; each is replaced as a whole."""
    return tuple(paths.published_for(level) for level in LEVELS)


@dataclass(frozen=True)
class Picture:
    """What a warehouse holds, whenever it was computed.

    Args:
        published: checksum of every table, by published file.
        raw: checksum of every raw, quarantine and ledger file.
    """

    published: Mapping[str, Checksums]
    raw: Checksums

    def difference(self, other: Picture) -> str | None:
        """The first things in which another warehouse differs; None when it is the same."""
        mine = {**self.raw, **{f"{f}:{t}": s for f, ts in self.published.items() for t, s in ts.items()}}
        its = {**other.raw, **{f"{f}:{t}": s for f, ts in other.published.items() for t, s in ts.items()}}
        differ = sorted(key for key in mine.keys() | its.keys() if mine.get(key) != its.get(key))
        return f"{len(differ)} differ: {', '.join(differ[:4])}" if differ else None


def picture(paths: Paths) -> Picture:
    """Take the picture of a warehouse that no run is working on."""
    published = {file.name: read_version(file) for file in published_files(paths) if file.exists()}
    raw: dict[str, str] = {}
    with duckdb.connect() as connection:
        for file in sorted(paths.raw.rglob("*.parquet")):
            place = file.relative_to(paths.raw)
            if place.parts[0] == "vitals" and place.parts[1] in RUN_FOLDERS:
                continue
            raw[str(place)] = _checksum(connection, f"read_parquet({_text(file)})", RAW_RUN_COLUMNS)
    return Picture(published, raw)


def read_version(file: Path, tables: Sequence[str] = ()) -> dict[str, str]:
    """Checksums of a published file's tables, read in one read-only connection.

    Args:
        file: the published file.
        tables: only these, as far as the file has them; empty = all.

    Raises:
        duckdb.Error: it cannot be read.
        ValueError: it does not say which version it is.
    """
    with duckdb.connect(str(file), read_only=True) as connection:
        held = [
            name
            for (name,) in connection.execute(
                "select schema_name || '.' || table_name from duckdb_tables() where not internal order by 1"
            ).fetchall()
        ]
        version = connection.execute("select published_at from quality.published_version").fetchall()
        if len(version) != 1 or version[0][0] is None:
            raise ValueError(f"{file.name} has no version row")
        wanted = [name for name in held if name not in RUN_TABLES and (not tables or name in tables)]
        return {name: _checksum(connection, name, RUN_COLUMNS.get(name, ())) for name in wanted}


def not_whole(file: Path, allowed: Iterable[Checksums], tables: Sequence[str] = ()) -> str | None:
    """Why a published file is none of the versions that were ever whole; None when it is one."""
    try:
        found = read_version(file, tables)
    except (duckdb.Error, ValueError) as error:
        return f"{file.name} cannot be read: {str(error).splitlines()[0]}"
    versions = [{name: sums[name] for name in sums if not tables or name in tables} for sums in allowed]
    if found in versions:
        return None
    differ = [min((set(one.items()) ^ set(found.items()) for one in versions), key=len)] if versions else []
    names = sorted({name for group in differ for name, _ in group})
    return f"{file.name} is no whole version: {', '.join(names[:4]) or 'nothing was published yet'}"


def half_landed(paths: Paths) -> str | None:
    """A raw file that cannot be read in full, or does not hold what the ledger says; None when all do."""
    ledger: dict[str, int] = {}
    with duckdb.connect() as connection:
        if paths.ledger_file.exists():
            try:
                for platform, stream, digest, rows in connection.execute(
                    "select platform, stream, file_hash, rows_landed from read_parquet(?)"
                    " where status = 'landed'",
                    [str(paths.ledger_file)],
                ).fetchall():
                    ledger[f"{platform}/{stream}/{digest}.parquet"] = rows
            except duckdb.Error as error:
                return f"the ledger cannot be read: {error}"
        for file in sorted(paths.raw.rglob("*.parquet")):
            place = str(file.relative_to(paths.raw))
            try:
                # Every value is decoded: a count alone would read nothing but the footer.
                sums = _checksum(connection, f"read_parquet({_text(file)})", ())
            except duckdb.Error as error:
                return f"{place} cannot be read: {error}"
            rows = int(sums.split(":")[0])
            # What the ledger does not know yet is landed again by the next run.
            if file.name != EMPTY and ledger.pop(place, rows) != rows:
                return f"{place} holds {rows} rows, the ledger says otherwise"
    return f"the ledger knows {next(iter(ledger))}, which is not there" if ledger else None


def leftovers(paths: Paths) -> list[str]:
    """Files of a run that did not end, which the next one should have cleared away."""
    patterns = ("*.tmp", ".*.tmp", ".vitals*", "*.wal")
    found = {file for pattern in patterns for file in paths.warehouse.rglob(pattern)}
    return sorted(str(file.relative_to(paths.warehouse)) for file in found)


def _checksum(connection: duckdb.DuckDBPyConnection, relation: str, without: Sequence[str]) -> str:
    columns = [name for (name, *_) in connection.execute(f"describe select * from {relation}").fetchall()]
    kept = ", ".join('"' + name.replace('"', '""') + '"' for name in sorted(columns) if name not in without)
    row = connection.execute(
        f"select count(*), coalesce(sum(cast(hash({kept}) as hugeint)), 0) from {relation}"
    ).fetchone()
    assert row is not None
    return f"{row[0]}:{row[1]}"


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
