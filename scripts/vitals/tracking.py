"""What changed since the last whole build, for the tracked models (macros/tracked.sql): schema `changes` of
the work database.

`plan` says how each tracked model is built. `changed_files` and `changed_seeds`, like the rows that each
model notes in `changes.<model>`, are kept until a build of everything has passed: whatever stopped a build
half-way, the next one computes what is still owed, and what was computed already is found equal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from vitals import __version__
from vitals.dbt_build import read_manifest
from vitals.paths import Paths

_TABLES = {
    # What every tracked table was computed with; no row: of nothing that is known.
    "code": "fingerprint varchar",
    "built": "model varchar",
    "plan": "model varchar, mode varchar",
    # `stamp` changes whenever a file does.
    "files": "platform varchar, stream varchar, file_hash varchar, file varchar, stamp varchar",
    "changed_files": "platform varchar, stream varchar, file_hash varchar, file varchar",
    "seeds": "name varchar, fingerprint varchar",
    "changed_seeds": "name varchar",
    # One row once a build of everything has passed.
    "done": "invocation_id varchar",
    # One row once a live round has passed that left for later what says so: the next build goes on from it.
    "owed": "invocation_id varchar",
    # The build that the rows in `changes.<model>` are relative to; no row: none that is known.
    "base": "invocation_id varchar",
    # The live rounds since then.
    "rounds": "invocation_id varchar",
    # Built as `new` since then: what came and went is not noted.
    "anew": "model varchar",
}


@dataclass(frozen=True)
class BaseOfChanges:
    """What the noted changes are relative to.

    Args:
        builds: dbt's ids of the last whole build that had passed before them, and of the live rounds since:
            what these published lacks none but changes that are noted.
        noted: the tracked models whose tables are that build's and these changes.
    """

    builds: frozenset[str]
    noted: frozenset[str]


@dataclass(frozen=True)
class Plan:
    """What a build has to do.

    Args:
        staged: the staging models whose files changed since the last build of everything; None when more
            did: code, seeds, or the last build failed.
        idle: models and tests of platforms without any file that are built as they have to be: empty.
        is_news: whether any file changed since the plan before.
    """

    staged: frozenset[str] | None
    idle: frozenset[str] = frozenset()
    is_news: bool = True


@contextmanager
def planned(paths: Paths, full: bool) -> Iterator[Plan]:
    """Write the plan of the build that happens meanwhile; afterwards there is none that anybody could follow.

    Args:
        paths: the installation; its manifest is of the project as it stands.
        full: build every tracked model from nothing.

    Yields:
        What the build has to do.

    Raises:
        duckdb.Error: the work database cannot be written.
    """
    manifest = read_manifest(paths)
    with duckdb.connect(str(paths.work_db)) as connection:
        plan = _plan(connection, paths, manifest, full)
    try:
        yield plan
    finally:
        with duckdb.connect(str(paths.work_db)) as connection:
            connection.execute("drop table if exists changes.plan")


def note_done(paths: Paths, invocation_id: str) -> None:
    """A build of everything passed, by dbt's id of it: all that changed has reached every model."""
    with duckdb.connect(str(paths.work_db)) as connection:
        connection.execute("insert into changes.done values (?)", [invocation_id])


def note_owed(paths: Paths, invocation_id: str) -> None:
    """A live round passed, by dbt's id of it: what is built later still has to see what changed."""
    with duckdb.connect(str(paths.work_db)) as connection:
        connection.execute("insert into changes.owed values ($1)", [invocation_id])
        connection.execute("insert into changes.rounds values ($1)", [invocation_id])


def built_later(manifest: Mapping[str, Any]) -> frozenset[str]:
    """The tables that a live round leaves for later: reports of more than the running day."""
    return frozenset(
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["config"]["materialized"] != "view"
        and (node["config"].get("meta") or {}).get("live") == "later"
    )


def base_of_changes(connection: duckdb.DuckDBPyConnection, database: str) -> BaseOfChanges | None:
    """What the changes in an attached work database are relative to; None when that is not known.

    Args:
        connection: has the work database attached.
        database: its name there.
    """
    held = connection.execute(
        "select table_name from duckdb_tables() where database_name = ? and schema_name = 'changes'",
        [database],
    ).fetchall()
    tables = {name for (name,) in held}
    if not {"base", "anew", "rounds"} <= tables:
        return None
    base = connection.execute(f'select invocation_id from "{database}".changes.base').fetchone()
    anew = connection.execute(f'select model from "{database}".changes.anew').fetchall()
    if base is None:
        return None
    rounds = connection.execute(f'select invocation_id from "{database}".changes.rounds').fetchall()
    builds = frozenset(invocation_id for (invocation_id,) in [base, *rounds])
    return BaseOfChanges(builds, frozenset(tables - {name for (name,) in anew}))


def _plan(
    connection: duckdb.DuckDBPyConnection, paths: Paths, manifest: Mapping[str, Any], full: bool
) -> Plan:
    tracked = _tracked(manifest)
    code = _code(manifest)
    connection.execute("begin")
    is_whole = True
    if full or _known_code(connection) != code:
        connection.execute("drop schema if exists changes cascade")
        connection.execute("create schema changes")
        for name, columns in _TABLES.items():
            connection.execute(f"create table changes.{name} ({columns})")
        connection.execute("insert into changes.code values (?)", [code])
    else:
        connection.execute(f"create or replace table changes.plan ({_TABLES['plan']})")
        is_whole = not (_count(connection, "done") or _count(connection, "owed"))
        if _count(connection, "done"):
            _forget(connection, tracked)
    is_news = _note_files(connection, paths.raw)
    _note_seeds(connection, paths.project, manifest)
    seeds = {name for (name,) in connection.execute("select name from changes.changed_seeds").fetchall()}
    built = {name for (name,) in connection.execute("select model from changes.built").fetchall()}
    plan: dict[str, str] = {}
    for key in _in_order(tracked):
        name, reads = tracked[key]["name"], tracked[key]["depends_on"]["nodes"]
        if name not in built:
            plan[key] = "new"
        elif any(plan.get(each) == "new" for each in reads) or any(
            manifest["nodes"][each]["name"] in seeds for each in reads if each.startswith("seed.")
        ):
            plan[key] = "whole"
        else:
            plan[key] = "touched"
    _insert(connection, "changes.plan", [(tracked[key]["name"], mode) for key, mode in plan.items()])
    connection.execute("delete from changes.done")
    connection.execute("delete from changes.owed")
    files = connection.execute("select distinct platform, stream from changes.changed_files").fetchall()
    used = {platform for (platform,) in connection.execute("select platform from changes.files").fetchall()}
    connection.execute("commit")
    if is_whole or any(mode != "touched" for mode in plan.values()):
        return Plan(None)
    staged = frozenset(f"stg_{platform}__{stream}" for platform, stream in files)
    return Plan(staged, _idle(manifest, plan, used | {platform for platform, _ in files}), is_news)


def _idle(manifest: Mapping[str, Any], plan: Mapping[str, str], used: Collection[str]) -> frozenset[str]:
    """The tracked models that read only exports of platforms without files, and the tests of these alone."""

    def is_idle(read: str) -> bool:
        if read.startswith("source."):
            return manifest["sources"][read]["source_name"] not in {*used, "vitals"}
        return read in idle

    idle: set[str] = set()
    for key in plan:
        reads = [
            each for each in manifest["nodes"][key]["depends_on"]["nodes"] if not each.startswith("seed.")
        ]
        if reads and all(map(is_idle, reads)):
            idle.add(key)
    for key, node in manifest["nodes"].items():
        reads = node["depends_on"]["nodes"] if node["resource_type"] == "test" else []
        if reads and all(each in plan and each in idle for each in reads):
            idle.add(key)
    return frozenset(manifest["nodes"][key]["name"] for key in idle)


def _tracked(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: node
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["config"]["materialized"] == "tracked"
    }


def _in_order(tracked: Mapping[str, Any]) -> list[str]:
    """The tracked models, each after those that it reads."""
    ordered: dict[str, None] = {}

    def visit(key: str) -> None:
        for read in tracked[key]["depends_on"]["nodes"]:
            if read in tracked and read not in ordered:
                visit(read)
        ordered[key] = None

    for key in sorted(tracked):
        if key not in ordered:
            visit(key)
    return list(ordered)


def _code(manifest: Mapping[str, Any]) -> str:
    """Everything but data and seeds that decides what a tracked model holds."""
    told: list[Any] = [
        __version__,
        _TABLES,
        *(version(name) for name in ("duckdb", "dbt-core", "dbt-duckdb")),
    ]
    for key, node in sorted(_tracked(manifest).items()):
        columns = [(name, column.get("data_type")) for name, column in node["columns"].items()]
        told.append((key, node["relation_name"], node["raw_code"], columns, node["config"]["contract"]))
    project = manifest["metadata"]["project_name"]
    for key, macro in sorted(manifest["macros"].items()):
        if macro["package_name"] == project:
            told.append((key, macro["macro_sql"]))
    for key, source in sorted(manifest["sources"].items()):
        told.append((key, source["config"], list(source["columns"])))
    return _hash(json.dumps(told, sort_keys=True, default=str).encode())


def _known_code(connection: duckdb.DuckDBPyConnection) -> str | None:
    held = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'changes' and table_name = 'code'"
    ).fetchone()
    row = connection.execute("select fingerprint from changes.code").fetchone() if held else None
    return str(row[0]) if row else None


def _forget(connection: duckdb.DuckDBPyConnection, tracked: Mapping[str, Any]) -> None:
    """What changed before the last whole build has reached every model."""
    connection.execute("delete from changes.changed_files")
    connection.execute("delete from changes.changed_seeds")
    connection.execute("delete from changes.anew")
    connection.execute("delete from changes.rounds")
    connection.execute("delete from changes.base")
    connection.execute("insert into changes.base from changes.done limit 1")
    held = connection.execute("select table_name from duckdb_tables() where schema_name = 'changes'")
    tables = {name for (name,) in held.fetchall()}
    for node in tracked.values():
        if node["name"] in tables:
            connection.execute(f"truncate changes.{node['name']}")
        connection.execute(f"drop table if exists changes.{node['name']}__touched")
        connection.execute(f"drop table if exists changes.{node['name']}__replaced")


def _note_files(connection: duckdb.DuckDBPyConnection, raw: Path) -> bool:
    """Adds the raw files that are new, rewritten or gone to `changed_files`; one that is gone has no path.

    Returns:
        Whether there is any.
    """
    found = []
    for file in sorted(raw.glob("*/*/*.parquet")):
        platform, stream = file.parts[-3:-1]
        if platform != "vitals" and not file.name.startswith((".", "_")):
            status = file.stat()
            stamp = f"{status.st_size}-{status.st_mtime_ns}-{status.st_ino}"
            found.append((platform, stream, file.stem, str(file), stamp))
    connection.execute(f"create temp table found ({_TABLES['files']})")
    _insert(connection, "found", found)
    news = connection.execute(
        "(from found except from changes.files) union all (from changes.files except from found) limit 1"
    ).fetchone()
    # `changes.files` is the state that the last plan saw; what that plan still owes stands in `changed_files`
    connection.execute(
        """
        create or replace table changes.changed_files as
        with changed as (
            select platform, stream, file_hash from changes.changed_files
            union
            select platform, stream, file_hash from (
                (from found except from changes.files)
                union all
                (from changes.files except from found)
            )
        )
        select changed.platform, changed.stream, changed.file_hash, found.file
        from changed
        left join found using (platform, stream, file_hash)
        """
    )
    connection.execute("delete from changes.files")
    connection.execute("insert into changes.files select * from found")
    connection.execute("drop table found")
    return news is not None


def _note_seeds(connection: duckdb.DuckDBPyConnection, project: Path, manifest: Mapping[str, Any]) -> None:
    known = dict(connection.execute("select name, fingerprint from changes.seeds").fetchall())
    now = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "seed":
            config = json.dumps([node["config"]["column_types"], node["relation_name"]], sort_keys=True)
            now[node["name"]] = _hash((project / node["original_file_path"]).read_bytes() + config.encode())
    changed = [(name,) for name in sorted(now) if known and known.get(name) != now[name]]
    _insert(connection, "changes.changed_seeds", changed)
    connection.execute("delete from changes.seeds")
    _insert(connection, "changes.seeds", list(now.items()))


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[str, ...]]) -> None:
    if rows:
        columns = ", ".join("unnest(?)" for _ in rows[0])
        connection.execute(
            f"insert into {table} select {columns}", [list(column) for column in zip(*rows, strict=True)]
        )


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"select count(*) from changes.{table}").fetchone()
    return int(row[0]) if row else 0


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
