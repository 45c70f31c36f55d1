"""Two published files, compared as their readers see them."""

from pathlib import Path
from typing import Any

import duckdb

from vitals import dbt_build, pipeline
from vitals.paths import Paths
from vitals.publish import LEVELS, export_candidate, published_version

CATALOG = (
    "select schema_name, table_name, '', '', comment from duckdb_tables() where database_name = $1"
    " union all"
    " select schema_name, table_name, column_name, column_index || ' ' || data_type, comment"
    " from duckdb_columns() where database_name = $1 and not internal"
    " union all select schema_name, '', '', '', comment from duckdb_schemas() where database_name = $1"
)


def differences_of(one: Path, other: Path) -> list[Any]:
    """Schemas, tables, columns, types and comments that only one of two files has, and the tables whose rows
    differ.
    """
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one}' as one (read_only)")
        connection.execute(f"attach '{other}' as other (read_only)")
        first, second = (set(connection.execute(CATALOG, [name]).fetchall()) for name in ("one", "other"))
        differing: list[Any] = sorted(first ^ second, key=str)
        for schema, table in sorted({row[:2] for row in first & second if row[1] and not row[2]}):
            names = f"one.{schema}.{table}", f"other.{schema}.{table}"
            for a, b in (names, names[::-1]):
                if extra := connection.execute(f"from {a} except all from {b}").fetchall():
                    differing.append((a, extra[:3]))
    return differing


def differences_from_whole(paths: Paths) -> dict[str, list[Any]]:
    """By level, where what is published differs from a whole export of the same work database."""
    version = published_version(paths.published_db)
    assert version is not None
    manifest = dbt_build.read_manifest(paths)
    target = pipeline.candidate_path(paths).with_name("whole.duckdb")
    whole = export_candidate(paths.work_db, target, manifest, version)
    assert whole.is_whole
    found = {level: differences_of(paths.published_for(level), whole.of(level)) for level in LEVELS}
    for level in LEVELS:
        whole.of(level).unlink()
    return {level: differing for level, differing in found.items() if differing}
