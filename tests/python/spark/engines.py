"""Installations that several engines build, and their answers compared row by row."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import duckdb

from centre import PROJECT
from vitals.paths import Paths
from vitals.publish import LEVELS

# Exit codes of `vitals run` with which it has published: done, files refused, alerts.
PUBLISHED = (0, 3, 4)
# Of doubles, which engines may sum in another order: the relative difference that is none.
TOLERANCE = 1e-9
# What tells of the run itself, when it was and what it did: two runs are two runs.
OF_THE_RUN = {
    ("quality", "published_version"),
    ("quality", "rpt_quality_runs"),
}


def differences(one: Paths, other: Paths) -> list[str]:
    """What is not the same in two published warehouses: a line per table, none when they are equal.

    Every table of every level's file is compared: rows that only one has, exact in every column but doubles,
    and doubles within `TOLERANCE`.
    """
    found: list[str] = []
    for level in LEVELS:
        with duckdb.connect() as connection:
            for name, paths in (("one", one), ("other", other)):
                connection.execute(f"attach '{paths.published_for(level)}' as {name} (read_only)")
            tables = {name: _tables(connection, name) for name in ("one", "other")}
            if tables["one"] != tables["other"]:
                found.append(f"{level}: not the same tables: {set(tables['one']) ^ set(tables['other'])}")
            for table in sorted(set(tables["one"]) & set(tables["other"]) - OF_THE_RUN):
                found += [f"{level}: {line}" for line in _differences(connection, *table)]
    return found


def _tables(connection: duckdb.DuckDBPyConnection, database: str) -> set[tuple[str, str]]:
    rows = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ? and not internal",
        [database],
    ).fetchall()
    return {(schema, name) for schema, name in rows}


def _differences(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> list[str]:
    columns = {
        database: connection.execute(f'describe {database}."{schema}"."{name}"').fetchall()
        for database in ("one", "other")
    }
    if columns["one"] != columns["other"]:
        return [f"{schema}.{name}: not the same columns: {set(columns['one']) ^ set(columns['other'])}"]
    exact = [f'"{column}"' for column, kind, *_ in columns["one"] if kind != "DOUBLE"]
    doubles = [f'"{column}"' for column, kind, *_ in columns["one"] if kind == "DOUBLE"]
    counts = [
        connection.execute(f'select count(*) from {database}."{schema}"."{name}"').fetchone()
        for database in ("one", "other")
    ]
    lines = []
    if counts[0] != counts[1]:
        lines.append(f"{schema}.{name}: {counts[0]} rows and {counts[1]}")
    for here, there in (("one", "other"), ("other", "one")):
        only = connection.execute(
            f'select {", ".join(exact)} from {here}."{schema}"."{name}" except all'
            f' select {", ".join(exact)} from {there}."{schema}"."{name}" order by all'
        ).fetchall()
        if only:
            lines.append(f"{schema}.{name}: {len(only)} rows only in {here}, as {only[0]}")
    if doubles and not lines:
        ordered = ", ".join(
            f"(select row_number() over (order by {', '.join(exact + doubles)}) as place,"
            f' {", ".join(doubles)} from {database}."{schema}"."{name}") as {database}_rows'
            for database in ("one", "other")
        )
        for column in doubles:
            a, b = f"one_rows.{column}", f"other_rows.{column}"
            row = connection.execute(
                f"select count(*), max(abs({a} - {b})), any_value({a}), any_value({b}) from {ordered}"
                f" where one_rows.place = other_rows.place and ({a} is null) <> ({b} is null)"
                f" or one_rows.place = other_rows.place"
                f" and abs({a} - {b}) > {TOLERANCE} * greatest(abs({a}), abs({b}))"
            ).fetchone()
            if row and row[0]:
                lines.append(f"{schema}.{name}: {column} differs in {row[0]} rows, by {row[1]}: {row[2:]}")
    return lines


def vitals(paths: Paths, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """The command line, on an installation."""
    return subprocess.Popen(
        [str(Path(sys.executable).parent / "vitals"), *arguments],
        cwd=PROJECT,
        env={**os.environ, **environment(paths), **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def environment(paths: Paths) -> dict[str, str]:
    """What names an installation."""
    return {
        "VITALS_LANDING": str(paths.landing),
        "VITALS_WAREHOUSE": str(paths.warehouse),
        "VITALS_SALT": "salt of the tests",
    }


def ran(process: subprocess.Popen[str]) -> str:
    """What it printed; it has to have published."""
    said, _ = process.communicate()
    assert process.returncode in PUBLISHED, said[-4000:]
    return said


def landed_again(paths: Paths, home: Path) -> Paths:
    """The same raw files in an installation of its own, where nothing is built."""
    other = Paths(PROJECT, home / "landing", home / "warehouse")
    shutil.copytree(paths.landing, other.landing)
    shutil.copytree(paths.raw, other.raw)
    return other


def dbt(
    home: Path, *arguments: str, env: Mapping[str, str], profiles: Path = PROJECT
) -> subprocess.CompletedProcess[str]:
    """dbt on the project, with its artefacts in `home`; `profiles` holds profiles.yml."""
    return subprocess.run(
        [
            str(Path(sys.executable).parent / "dbt"),
            *arguments,
            *("--project-dir", str(PROJECT), "--profiles-dir", str(profiles)),
            *("--target-path", str(home / "target"), "--log-path", str(home / "logs")),
        ],
        env={**os.environ, **env, "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
