"""Builds of tracked models one after the other, and how two work databases differ."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from vitals import dbt_build, history, pipeline, tracking
from vitals.landing import write_run
from vitals.paths import Paths

# The tracked models and what they read: the others are built whole by every build.
TRACKED = ("+config.materialized:tracked",)


def build_tracked(
    paths: Paths,
    built_at: datetime,
    as_of: datetime | None = None,
    select: Sequence[str] = TRACKED,
    full: bool = False,
    is_done: bool = True,
    is_live: bool = False,
) -> None:
    """Builds models and seeds, without data tests.

    Args:
        paths: a project of its own, with landed files.
        built_at: UTC; when the build is said to be.
        as_of: UTC; None = as far as the data reaches.
        select: dbt selectors of what is built.
        full: from nothing.
        is_done: whether the build counts as one of everything, after which nothing is owed.
        is_live: as the first half of a live round, where a build may be one.
    """
    write_run(paths, as_of, built_at)
    history.ensure_sources(paths)
    manifest = dbt_build.parse(paths)
    history.write_sources(paths, dbt_build.read_manifest(paths))
    exclude = ["resource_type:test"]
    with tracking.planned(paths, full) as plan:
        is_live = is_live and plan.staged is not None
        if is_live:
            select = pipeline._live_select(plan, is_owed=False)
            exclude += ["config.materialized:view", "config.meta.live:later"]
        report = dbt_build.build(paths, manifest, list(select), exclude=exclude, is_live=is_live)
    assert report.passed, report.failures
    if is_live:
        tracking.note_owed(paths, report.invocation_id)
    elif is_done:
        tracking.note_done(paths, report.invocation_id)


def differences(one: Path, other: Path, least: int = 50) -> dict[str, tuple[int, int]]:
    """By table, how many rows only one of two databases holds, and how many only the other.

    Args:
        least: so many tables at least are compared.
    """
    found = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one}' as one (read_only)")
        connection.execute(f"attach '{other}' as other (read_only)")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables()"
            " where database_name = 'other' and schema_name not in ('changes', 'audit')"
        ).fetchall()
        assert len(tables) > least
        for schema, table in tables:
            names = f"one.{schema}.{table}", f"other.{schema}.{table}"
            extra = [_count_of(connection, f"from {a} except all from {b}") for a, b in (names, names[::-1])]
            if any(extra):
                found[f"{schema}.{table}"] = (extra[0], extra[1])
    return found


def _count_of(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row: Any = connection.execute(f"select count(*) from ({query})").fetchone()
    return int(row[0])
