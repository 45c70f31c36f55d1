"""The candidate file and its atomic swap: readers see the old warehouse or the new one, never something
between."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from vitals.errors import VitalsError

# Files in this format are read by DuckDB clients and BI drivers from 1.2 on.
STORAGE_VERSION = "v1.2.0"
# Questions name a KPI and a span of days: DuckDB then passes over all blocks that hold others.
_STORED_BY = ("kpi_id", "day", "queue")
PUBLISHED_SCHEMAS = ("marts", "quality", "people")
# Each level's file holds the relations of these levels; the mode of the file. Analysts' comes last: its
# version is what the pipeline believes.
LEVELS: Mapping[str, tuple[tuple[str, ...], int]] = {
    "owners": (("owners",), 0o600),
    "managers": (("managers",), 0o644),
    "analysts": (("managers", "analysts"), 0o640),
}


@dataclass(frozen=True)
class PublishedTable:
    """One table of the candidate."""

    schema: str
    name: str
    rows: int


@dataclass(frozen=True)
class Version:
    """What a published file is: one row in `quality.published_version`."""

    published_at: datetime
    vitals_version: str
    as_of: datetime | None
    dbt_invocation_id: str
    reporting_currency: str | None


@dataclass(frozen=True)
class Candidate:
    """A finished file that has not been published yet."""

    path: Path
    tables: tuple[PublishedTable, ...]
    seconds: float

    def of(self, level: str) -> Path:
        """The candidate of a level; `path` is the analysts'."""
        return level_candidate(self.path, level)


def level_candidate(candidate: Path, level: str) -> Path:
    """Where the candidate of a level stands, beside the analysts'."""
    return candidate if level == "analysts" else candidate.with_stem(f"{candidate.stem}-{level}")


@dataclass(frozen=True)
class _Relation:
    """A relation of the work database that is published."""

    schema: str
    name: str
    description: str
    columns: Mapping[str, str]
    level: str


def export_candidate(work: Path, candidate: Path, manifest: Mapping[str, Any], version: Version) -> Candidate:
    """Write the published schemas of the work database into new files, one per level, with their descriptions
    as comments.

    Only what the manifest knows is taken, so that a table of a deleted model does not live on. KPI views
    become tables.

    Args:
        work: the database that dbt built; opened read-only.
        candidate: the analysts' file to write; the other levels' stand beside it. Replaced when they exist.
        manifest: dbt's manifest, as read from `manifest.json`.
        version: what `quality.published_version` shall say.

    Raises:
        VitalsError: when a model of the manifest was never built, or the work database is in use.
    """
    started = time.monotonic()
    relations = _published_relations(manifest)
    files = {level: level_candidate(candidate, level) for level in ("analysts", "managers", "owners")}
    for each in files.values():
        each.unlink(missing_ok=True)
        _wal(each).unlink(missing_ok=True)
    with duckdb.connect() as connection:
        try:
            # Views name their database: it must keep the name it had when dbt built them.
            connection.execute(f"attach {_text(work)} as {_name(work.stem)} (read_only)")
        except duckdb.Error as error:
            raise VitalsError(
                f"{work} cannot be opened: {_first_line(error)}",
                "Close other programs that have it open, or run `vitals build` when it does not exist.",
            ) from error
        built = {
            (schema, name)
            for schema, name in connection.execute(
                "select table_schema, table_name from information_schema.tables where table_catalog = ?",
                [work.stem],
            ).fetchall()
        }
        missing = [f"{one.schema}.{one.name}" for one in relations if (one.schema, one.name) not in built]
        if missing:
            raise VitalsError(
                f"{work} lacks {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}",
                "Run `vitals build`: every model has to be built once before publishing.",
            )
        tables: list[PublishedTable] = []
        for level, file in files.items():
            connection.execute(f"attach {_text(file)} as {level} (storage_version '{STORAGE_VERSION}')")
            # What analysts read, too, was computed for them: views are not evaluated twice.
            source = "analysts" if level == "managers" else work.stem
            mine = [one for one in relations if one.level in LEVELS[level][0]]
            for schema in sorted({"quality", *(one.schema for one in mine)}):
                connection.execute(f"create schema if not exists {level}.{_name(schema)}")
            copied = [_copy(connection, source, level, one) for one in mine]
            copied.append(_write_version(connection, level, version))
            tables += [] if level == "managers" else copied[: None if level == "analysts" else -1]
            connection.execute(f"checkpoint {level}")
        for level in files:
            connection.execute(f"detach {level}")
    for file in files.values():
        file.chmod(0o600)
        if _wal(file).exists():
            raise VitalsError(
                f"{file} still has a write-ahead log after its checkpoint",
                "Is the disk full? Free some space and run `vitals publish` again.",
            )
    return Candidate(candidate, tuple(tables), time.monotonic() - started)


def swap(candidate: Path, published: Path, mode: int) -> None:
    """Put the candidate in the published file's place, in one step, safe against a crash at any moment.

    Readers that have the old file open read on; whoever opens it from now on reads the new one. The group
    (and the owner, where this user may set it) of the old file stay.
    """
    if published.exists():
        held = published.stat()
        try:
            os.chown(candidate, held.st_uid, held.st_gid)
        except PermissionError:
            try:
                os.chown(candidate, -1, held.st_gid)
            except PermissionError as error:
                raise VitalsError(
                    f"The group of {published} (id {held.st_gid}) cannot be kept: you are not in it.",
                    "Publish as a member of it, or give the file another group, then `vitals publish`.",
                ) from error
    candidate.chmod(mode)
    _flush(candidate)
    # DuckDB 1.x would replay a stale log of the old file onto the new one.
    _wal(published).unlink(missing_ok=True)
    candidate.replace(published)
    _flush(published.parent)


def published_version(published: Path) -> Version | None:
    """What is published now, or None when nothing is."""
    if not published.exists():
        return None
    with duckdb.connect(str(published), read_only=True) as connection:
        return version_of(connection)


def version_of(connection: duckdb.DuckDBPyConnection) -> Version | None:
    """What an open published database says it is."""
    row = connection.execute(
        "select published_at, vitals_version, as_of, dbt_invocation_id, reporting_currency"
        " from quality.published_version"
    ).fetchone()
    if row is None:
        return None
    return Version(row[0].replace(tzinfo=UTC), *row[1:])


@dataclass(frozen=True)
class RuleBreakers:
    """Rows that could be read but break one rule of their stream, in quarantine as of the published build."""

    stream: str
    reason: str
    rows: int
    example: str


def rule_breakers(published: Path) -> list[RuleBreakers]:
    """What staging keeps in quarantine and no later file corrected, most rows first.

    Nothing where the warehouse has no such report.
    """
    with duckdb.connect(str(published), read_only=True) as connection:
        if not _has_table(connection, "quality", "rpt_quality_quarantine"):
            return []
        rows = connection.execute(
            "select platform || '/' || stream, reason, count(*), min(source_file || ', line ' || source_row)"
            " from quality.rpt_quality_quarantine where stage = 'staging' and not is_corrected"
            " group by 1, 2 order by 3 desc, 1, 2"
        ).fetchall()
    return [RuleBreakers(*row) for row in rows]


@dataclass(frozen=True)
class Restatement:
    """Figures of one KPI that were final and published, and that the published build changed."""

    kpi_id: str
    figures: int
    first_day: date
    last_day: date
    reason: str


def restatements(published: Path, built_at: datetime) -> list[Restatement]:
    """What the build that began at a moment (UTC, without a zone) restated, most figures first.

    Nothing where the warehouse has no such report.
    """
    with duckdb.connect(str(published), read_only=True) as connection:
        if not _has_table(connection, "quality", "rpt_quality_restatements"):
            return []
        rows = connection.execute(
            "select kpi_id, count(*), min(day), max(day), min(reason) from quality.rpt_quality_restatements"
            " where restated_at = ? group by 1 order by 2 desc, 1",
            [built_at],
        ).fetchall()
    return [Restatement(*row) for row in rows]


def _has_table(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    return (
        connection.execute(
            "select 1 from duckdb_tables() where schema_name = ? and table_name = ?", [schema, table]
        ).fetchone()
        is not None
    )


def level_of(node: Mapping[str, Any]) -> str | None:
    """Who may read a model of the manifest, as its config says."""
    level = ((node.get("config") or {}).get("meta") or {}).get("level")
    return None if level is None else str(level)


def _published_relations(manifest: Mapping[str, Any]) -> Sequence[_Relation]:
    relations = []
    for node in manifest["nodes"].values():
        is_published = (
            node["resource_type"] == "model"
            and node["schema"] in PUBLISHED_SCHEMAS
            and node["config"]["materialized"] != "ephemeral"
        )
        if is_published:
            level = level_of(node)
            if level is None or level not in LEVELS:
                raise VitalsError(
                    f"The model {node['name']} says {level!r} for who may read it.",
                    f"Set its `meta: {{level: …}}` in dbt_project.yml to one of: {', '.join(LEVELS)}.",
                )
            relations.append(
                _Relation(
                    schema=node["schema"],
                    name=node["alias"],
                    level=level,
                    description=node.get("description") or "",
                    columns={
                        name: column.get("description") or "" for name, column in node["columns"].items()
                    },
                )
            )
    return sorted(relations, key=lambda one: (one.schema, one.name))


def _copy(
    connection: duckdb.DuckDBPyConnection, source_db: str, level: str, relation: _Relation
) -> PublishedTable:
    target = f"{level}.{_name(relation.schema)}.{_name(relation.name)}"
    source = f"{_name(source_db)}.{_name(relation.schema)}.{_name(relation.name)}"
    order = ""
    if relation.level == "managers":
        stored = {name for (name, *_) in connection.execute(f"describe {source}").fetchall()}
        order = ", ".join(name for name in _STORED_BY if name in stored)
    connection.execute(
        f"create table {target} as select * from {source}{f' order by {order}' if order else ''}"
    )
    if relation.description:
        connection.execute(f"comment on table {target} is {_text(relation.description)}")
    held = {name.lower() for (name, *_) in connection.execute(f"describe {target}").fetchall()}
    for column, description in relation.columns.items():
        if description and column.lower() in held:
            connection.execute(f"comment on column {target}.{_name(column)} is {_text(description)}")
    return PublishedTable(relation.schema, relation.name, _count(connection, target))


def _write_version(connection: duckdb.DuckDBPyConnection, level: str, version: Version) -> PublishedTable:
    table = f"{level}.quality.published_version"
    connection.execute(
        f"create table {table} (published_at timestamp, vitals_version varchar, as_of timestamp,"
        " dbt_invocation_id varchar, reporting_currency varchar)"
    )
    connection.execute(
        f"insert into {table} values (?, ?, ?, ?, ?)",
        [
            version.published_at.astimezone(UTC).replace(tzinfo=None),
            version.vitals_version,
            version.as_of,
            version.dbt_invocation_id,
            version.reporting_currency,
        ],
    )
    comments = {
        "published_at": "When this file was published, UTC.",
        "vitals_version": "Version of Vitals that wrote it.",
        "as_of": "Up to when the data counts, UTC; windows that end later are provisional.",
        "dbt_invocation_id": "The dbt build that computed it; its log carries the same id.",
        "reporting_currency": "Currency of every amount.",
    }
    connection.execute(f"comment on table {table} is 'One row: which build this file holds.'")
    for column, comment in comments.items():
        connection.execute(f"comment on column {table}.{column} is {_text(comment)}")
    return PublishedTable("quality", "published_version", 1)


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _wal(database: Path) -> Path:
    return database.with_name(database.name + ".wal")


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text(value: str | Path) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0]
