"""The candidate file and its atomic swap: readers see the old warehouse or the new one, never something
between."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from vitals.errors import VitalsError
from vitals.tracking import BaseOfChanges, base_of_changes

# Files in this format are read by DuckDB clients and BI drivers from 1.2 on.
STORAGE_VERSION = "v1.2.0"
# Questions name a KPI and a span of days: DuckDB then passes over all blocks that hold others.
_STORED_BY = ("kpi_id", "day", "queue")
# A table of which a larger share differs is written whole: it costs no more, and its rows are in order again.
_WHOLE_FROM = 0.2
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
    """What a published file is: one row in `quality.published_version`.

    Args:
        is_whole: False when reports of more than the running day are those of an earlier build.
    """

    published_at: datetime
    vitals_version: str
    as_of: datetime | None
    dbt_invocation_id: str
    reporting_currency: str | None
    is_whole: bool = True


@dataclass(frozen=True)
class Candidate:
    """A finished file that has not been published yet.

    Args:
        path: the analysts' file.
        tables: what all levels' files hold.
        seconds: how long it took.
        is_whole: whether everything was written; else it is the published file, brought up to date.
    """

    path: Path
    tables: tuple[PublishedTable, ...]
    seconds: float
    is_whole: bool = True

    def of(self, level: str) -> Path:
        """The candidate of a level; `path` is the analysts'."""
        return level_candidate(self.path, level)


def level_candidate(candidate: Path, level: str) -> Path:
    """Where the candidate of a level stands, beside the analysts'."""
    return candidate if level == "analysts" else candidate.with_stem(f"{candidate.stem}-{level}")


@dataclass(frozen=True)
class Relation:
    """A relation of the work database that is published.

    Args:
        schema, name: where it is.
        description: what a row of it is.
        columns: by name, what each is.
        level: who may read it.
        model: dbt's name of it.
        unit: of a tracked model, the columns or expressions by which its rows are computed together.
    """

    schema: str
    name: str
    description: str
    columns: Mapping[str, str]
    level: str
    model: str
    unit: tuple[str, ...] = ()
    # Of a model that says `union_where`: the published ones whose rows it holds, and which of their rows.
    members: tuple[str, ...] = ()
    members_where: str = ""


def export_candidate(
    work: Path,
    candidate: Path,
    manifest: Mapping[str, Any],
    version: Version,
    published: Mapping[str, Path] | None = None,
    unbuilt: Collection[str] = (),
) -> Candidate:
    """Write the published schemas of the work database into new files, one per level, with their descriptions
    as comments.

    Only what the manifest knows is taken, so that a table of a deleted model does not live on. KPI views
    become tables. Where the published files are what the changes of tracked models are relative to, the
    candidates begin as copies of them: tracked tables get what changed, everything else is written anew.

    Args:
        work: the database that dbt built; opened read-only.
        candidate: the analysts' file to write; the other levels' stand beside it. Replaced when they exist.
        manifest: dbt's manifest, as read from `manifest.json`.
        version: what `quality.published_version` shall say.
        published: by level, the file that is published now, if any; None = write everything.
        unbuilt: models that the last build left as they were: what is published of them stays.

    Raises:
        VitalsError: when a model of the manifest was never built, or the work database is in use.
        OSError: a published file cannot be copied.
    """
    started = time.monotonic()
    relations = published_relations(manifest)
    # Analysts read all that managers do: their file begins as a copy.
    files = {level: level_candidate(candidate, level) for level in ("managers", "analysts", "owners")}
    base = None
    with _opened(work) as connection:
        _refuse_missing(connection, work, relations)
        if published is not None:
            base = _common_base(connection, work.stem, relations, version, published)
    tables = None
    if published is not None and base is not None:
        try:
            tables = _write(work, files, relations, version, published, base, unbuilt)
        except duckdb.Error:
            # A damaged block shows when it is read: nothing of this file is taken over.
            base = None
    if tables is None:
        tables = _write(work, files, relations, version, {}, None, ())
    for file in files.values():
        file.chmod(0o600)
        if _wal(file).exists():
            raise VitalsError(
                f"{file} still has a write-ahead log after its checkpoint",
                "Is the disk full? Free some space and run `vitals publish` again.",
            )
    return Candidate(candidate, tuple(tables), time.monotonic() - started, base is None)


@contextmanager
def _opened(work: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own with the work database attached, read-only."""
    with duckdb.connect() as connection:
        try:
            # Views name their database: it must keep the name it had when dbt built them.
            connection.execute(f"attach {_text(work)} as {_name(work.stem)} (read_only)")
        except duckdb.Error as error:
            raise VitalsError(
                f"{work} cannot be opened: {_first_line(error)}",
                "Close other programs that have it open, or run `vitals build` when it does not exist.",
            ) from error
        yield connection


def _refuse_missing(connection: duckdb.DuckDBPyConnection, work: Path, relations: Sequence[Relation]) -> None:
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


def _common_base(
    connection: duckdb.DuckDBPyConnection,
    work: str,
    relations: Sequence[Relation],
    version: Version,
    published: Mapping[str, Path],
) -> BaseOfChanges | None:
    """What the noted changes are relative to, when every published file holds it."""
    base = base_of_changes(connection, work)
    if base is None:
        return None
    for level, file in published.items():
        columns = _columns(connection, work, _of(relations, level))
        if not _is_base(file, base, version, columns):
            return None
    return base


def _is_base(published: Path, base: BaseOfChanges, version: Version, columns: Sequence[Any]) -> bool:
    """Whether a published file is whole and holds the build that the noted changes are relative to, in the
    tables and columns of the work database, and nothing else.

    Once a day none is taken over: what was erased leaves the unused blocks of the file, too, and the order of
    its rows is renewed.
    """
    # A log would be of somebody who wrote to it.
    if not published.exists() or _wal(published).exists():
        return False
    try:
        with duckdb.connect(str(published), read_only=True) as connection:
            held = version_of(connection)
            storage = connection.execute(
                "select tags['storage_version'] from duckdb_databases() where database_name = ?",
                [published.stem],
            ).fetchone()
            return (
                held is not None
                and held.dbt_invocation_id in base.builds
                and held.vitals_version == version.vitals_version
                and held.published_at.date() == version.published_at.astimezone(UTC).date()
                and storage == (f"{STORAGE_VERSION}+",)
                and _columns(connection, published.stem) == columns
            )
    except duckdb.Error:
        return False


def _columns(
    connection: duckdb.DuckDBPyConnection, database: str, only: Sequence[Relation] | None = None
) -> Sequence[Any]:
    """All columns of a database, with their types, in order, without those of the version."""
    found = connection.execute(
        "select schema_name, table_name, column_index, column_name, data_type from duckdb_columns()"
        " where database_name = ? and not internal and table_name <> 'published_version' order by all",
        [database],
    ).fetchall()
    wanted = None if only is None else {(one.schema, one.name) for one in only}
    return [row for row in found if wanted is None or row[:2] in wanted]


def _of(relations: Sequence[Relation], level: str) -> list[Relation]:
    return [one for one in relations if one.level in LEVELS[level][0]]


def _write(
    work: Path,
    files: Mapping[str, Path],
    relations: Sequence[Relation],
    version: Version,
    published: Mapping[str, Path],
    base: BaseOfChanges | None,
    unbuilt: Collection[str],
) -> list[PublishedTable]:
    """Write the files, from nothing or from what is published, and tell what they hold."""
    for file in files.values():
        file.unlink(missing_ok=True)
        _wal(file).unlink(missing_ok=True)
    tables: list[PublishedTable] = []
    with _opened(work) as connection:
        for level, file in files.items():
            if base is not None:
                _copy_file(published[level], file)
            elif level == "analysts":
                _copy_file(files["managers"], file)
            connection.execute(f"attach {_text(file)} as {level} (storage_version '{STORAGE_VERSION}')")
            mine = _of(relations, level)
            # One transaction: each would wait for the disk.
            connection.begin()
            for schema in sorted({"quality", *(one.schema for one in mine)}):
                connection.execute(f"create schema if not exists {level}.{_name(schema)}")
            said = _comments(connection, level)
            carried = _carry(connection, work.stem, level, mine, base, unbuilt)
            if base is None and level == "analysts":
                carried = {(one.schema, one.name) for one in mine if one.level == "managers"}
            for one in sorted(mine, key=lambda each: bool(each.members)):
                if (one.schema, one.name) not in carried:
                    _copy(connection, work.stem, level, one)
                _describe(connection, level, one, said if (one.schema, one.name) in carried else {})
            written = [
                PublishedTable(one.schema, one.name, _count(connection, _table(level, one))) for one in mine
            ]
            written.append(_write_version(connection, level, version))
            connection.commit()
            connection.execute(f"checkpoint {level}")
            tables += [] if level == "managers" else written[: None if level == "analysts" else -1]
        for level in files:
            connection.execute(f"detach {level}")
    return tables


def _copy_file(source: Path, target: Path) -> None:
    # Made first: a copy would be everybody's to read until its mode is set.
    target.touch(mode=0o600)
    shutil.copyfile(source, target)


def _carry(
    connection: duckdb.DuckDBPyConnection,
    work: str,
    level: str,
    mine: Sequence[Relation],
    base: BaseOfChanges | None,
    unbuilt: Collection[str],
) -> set[tuple[str, str]]:
    """Bring the tables of a copied file up to date that can be, drop the others, and tell which are."""
    if base is None:
        return set()
    carried = set()
    for one in mine:
        if one.model in unbuilt or (
            one.unit and one.model in base.noted and _replace_units(connection, work, level, one)
        ):
            carried.add((one.schema, one.name))
        else:
            connection.execute(f"drop table {_table(level, one)}")
    # Gives the room of what went to what comes: else the file would hold both.
    connection.commit()
    connection.execute(f"checkpoint {level}")
    connection.begin()
    return carried


def _replace_units(connection: duckdb.DuckDBPyConnection, work: str, level: str, relation: Relation) -> bool:
    """Replace the units of a table that differ; False where it is better written whole."""
    target, source = _table(level, relation), _table(work, relation)
    unit = relation.unit[0] if len(relation.unit) == 1 else f"({', '.join(relation.unit)})"
    changed = f"{_name(work)}.changes.{_name(relation.model)}"
    touched = f"{unit} in (select {', '.join(relation.unit)} from {changed})"
    if not _count(connection, changed):
        return _count(connection, target) == _count(connection, source)
    connection.execute(f"create or replace temp table coming as select * from {source} where {touched}")
    if _count(connection, "coming") > _WHOLE_FROM * _count(connection, source):
        return False
    connection.execute(f"delete from {target} where {touched}")
    connection.execute(f"insert into {target} from coming{_order(connection, target, relation)}")
    return _count(connection, target) == _count(connection, source)


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
    found = connection.execute("from quality.published_version")
    row = found.fetchone()
    if row is None:
        return None
    held = dict(zip([name for name, *_ in found.description or ()], row, strict=True))
    # A file of an earlier version of Vitals may lack a column.
    return Version(**held | {"published_at": held["published_at"].replace(tzinfo=UTC)})


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


def published_relations(manifest: Mapping[str, Any]) -> Sequence[Relation]:
    """What is published of a project, by schema and name.

    Raises:
        VitalsError: a model does not say who may read it.
    """
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
                Relation(
                    schema=node["schema"],
                    name=node["alias"],
                    level=level,
                    model=node["name"],
                    unit=_unit(node["config"]),
                    members=_members(manifest, node),
                    members_where=_union_where(node),
                    description=node.get("description") or "",
                    columns={
                        name: column.get("description") or "" for name, column in node["columns"].items()
                    },
                )
            )
    return sorted(relations, key=lambda one: (one.schema, one.name))


def _unit(config: Mapping[str, Any]) -> tuple[str, ...]:
    if config["materialized"] != "tracked":
        return ()
    key = config["unique_key"]
    return (key,) if isinstance(key, str) else tuple(key)


def _members(manifest: Mapping[str, Any], node: Mapping[str, Any]) -> tuple[str, ...]:
    if not _union_where(node):
        return ()
    return tuple(manifest["nodes"][key]["alias"] for key in node["depends_on"]["nodes"])


def _union_where(node: Mapping[str, Any]) -> str:
    return str((node["config"].get("meta") or {}).get("union_where") or "")


def _copy(connection: duckdb.DuckDBPyConnection, work: str, level: str, relation: Relation) -> None:
    # What managers read, too, was computed for them: views are not evaluated twice.
    is_there = level == "analysts" and relation.level == "managers"
    source = _table("managers" if is_there else work, relation)
    order = "" if is_there else _order(connection, source, relation)
    query = f"select * from {source}"
    if relation.members and not is_there:
        columns = ", ".join(_name(name) for name, *_ in connection.execute(f"describe {source}").fetchall())
        query = " union all ".join(
            f"select {columns} from {_name(level)}.{_name(relation.schema)}.{_name(member)}"
            f" where {relation.members_where}"
            for member in relation.members
        )
    connection.execute(f"create table {_table(level, relation)} as {query}{order}")


def _order(connection: duckdb.DuckDBPyConnection, source: str, relation: Relation) -> str:
    """How rows of a table are stored, as a clause."""
    if relation.level != "managers":
        return ""
    stored = {name for (name, *_) in connection.execute(f"describe {source}").fetchall()}
    order = ", ".join(name for name in _STORED_BY if name in stored)
    return f" order by {order}" if order else ""


def _comments(connection: duckdb.DuckDBPyConnection, level: str) -> dict[tuple[str, ...], str]:
    """The comments in a file, by schema and table, and column in lower case."""
    found = connection.execute(
        "select schema_name, table_name, '', comment from duckdb_tables() where database_name = $1"
        " union all select schema_name, table_name, lower(column_name), comment from duckdb_columns()"
        " where database_name = $1",
        [level],
    ).fetchall()
    return {(schema, table, column): comment for schema, table, column, comment in found if comment}


def _describe(
    connection: duckdb.DuckDBPyConnection,
    level: str,
    relation: Relation,
    said: Mapping[tuple[str, ...], str],
) -> None:
    """Set the comments of a table that differ from what it says."""
    target, key = _table(level, relation), (relation.schema, relation.name)
    if relation.description != said.get((*key, ""), ""):
        connection.execute(f"comment on table {target} is {_comment(relation.description)}")
    wanted = {column.lower(): description for column, description in relation.columns.items()}
    for column, *_ in connection.execute(f"describe {target}").fetchall():
        description = wanted.get(column.lower(), "")
        if description != said.get((*key, column.lower()), ""):
            connection.execute(f"comment on column {target}.{_name(column)} is {_comment(description)}")


def _comment(description: str) -> str:
    return _text(description) if description else "null"


def _table(database: str, relation: Relation) -> str:
    return f"{_name(database)}.{_name(relation.schema)}.{_name(relation.name)}"


def _write_version(connection: duckdb.DuckDBPyConnection, level: str, version: Version) -> PublishedTable:
    table = f"{level}.quality.published_version"
    connection.execute(
        f"create or replace table {table} (published_at timestamp, vitals_version varchar, as_of timestamp,"
        " dbt_invocation_id varchar, reporting_currency varchar, is_whole boolean)"
    )
    connection.execute(
        f"insert into {table} values (?, ?, ?, ?, ?, ?)",
        [
            version.published_at.astimezone(UTC).replace(tzinfo=None),
            version.vitals_version,
            version.as_of,
            version.dbt_invocation_id,
            version.reporting_currency,
            version.is_whole,
        ],
    )
    comments = {
        "published_at": "When this file was published, UTC.",
        "vitals_version": "Version of Vitals that wrote it.",
        "as_of": "Up to when the data counts, UTC; windows that end later are provisional.",
        "dbt_invocation_id": "The dbt build that computed it; its log carries the same id.",
        "reporting_currency": "Currency of every amount.",
        "is_whole": "False for the moments in which the running day is published and the reports of more than"
        " that day, and on data quality, are still those of the build before.",
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
