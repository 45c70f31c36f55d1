"""Engines besides DuckDB on this machine: what they built, shown by the work database as if it had been built
there, so that it is published like any other build."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb

from vitals.errors import VitalsError
from vitals.paths import Paths

# Targets of profiles.yml.
LAKE = "ducklake"
SPARK = ("spark", "spark_cluster")
# The models in Python, and what reads them: dbt runs Python on Spark only where a service takes jobs
# (Databricks, EMR). They read aggregates, which are small wherever the contacts are many.
PYTHON_MODELS = ("calc_*__computed+",)
_EXTENSIONS = ("ducklake", "postgres_scanner")


def prepare(paths: Paths, engine: str, select: Sequence[str]) -> None:
    """Find out before any work whether the engine can be asked at all, and lay out what it needs.

    Args:
        paths: the installation.
        engine: a target of profiles.yml.
        select: what of the project shall be built; empty = everything.

    Raises:
        VitalsError: something is not installed or not named, or only a part shall be built.
    """
    if select:
        raise VitalsError(
            f"On the target {engine} everything is built: --select has no meaning there.",
            "Leave --select out, or build that part with the target duckdb.",
        )
    if engine == LAKE:
        if not os.environ.get("VITALS_LAKE"):
            raise VitalsError(
                "VITALS_LAKE does not say where the lake's catalogue is.",
                "Set it to a PostgreSQL database, VITALS_LAKE='host=db.example.org dbname=lake user=vitals'; "
                "docs/scale.md has the rest.",
            )
        _lay_out_lake(paths)
    elif find_spec("dbt.adapters.spark") is None or find_spec("pyspark") is None:
        raise VitalsError(
            f"The target {engine} needs dbt-spark and pyspark, which are not installed here.",
            "`make spark` sets up .venv-spark, which has them; or `pip install -r requirements-spark.txt`.",
        )
    else:
        (paths.warehouse / "spark").mkdir(parents=True, exist_ok=True)


def _lay_out_lake(paths: Paths) -> None:
    """Extensions that were installed as packages, where DuckDB looks for them: it need not fetch them."""
    (paths.warehouse / "lake" / "data").mkdir(parents=True, exist_ok=True)
    row = duckdb.execute("pragma platform").fetchone()
    assert row is not None
    target = paths.warehouse / "lake" / "extensions" / f"v{duckdb.__version__}" / row[0]
    target.mkdir(parents=True, exist_ok=True)
    for name in _EXTENSIONS:
        package = find_spec(f"duckdb_extension_{name}")
        if package is None or package.origin is None:
            continue
        file = f"{name}.duckdb_extension"
        held = Path(package.origin).parent / "extensions" / f"v{duckdb.__version__}" / file
        if held.is_file() and not (target / file).exists():
            shutil.copy(held, target / file)


def stop() -> None:
    """End the Spark in this process, if there is one: its catalogue is free for the next."""
    if pyspark := sys.modules.get("pyspark.sql"):
        session = pyspark.SparkSession.getActiveSession()
        if session is not None:
            session.stop()


def mirror(paths: Paths, engine: str, manifest: Mapping[str, Any]) -> None:
    """Replace the work database by one that shows what the engine holds: views of Spark's tables, in the
    types that contracts name, or copies of a lake's.

    Args:
        paths: the installation.
        engine: a target of profiles.yml.
        manifest: dbt's manifest of the project.

    Raises:
        duckdb.Error: what the engine holds cannot be read.
    """
    for old in (paths.work_db, paths.work_db.with_name(paths.work_db.name + ".wal")):
        old.unlink(missing_ok=True)
    settings: dict[str, Any] = {}
    if engine == LAKE:
        settings["extension_directory"] = str(paths.warehouse / "lake" / "extensions")
    with duckdb.connect(str(paths.work_db), config=settings) as connection:
        if engine == LAKE:
            for name in _EXTENSIONS:
                connection.execute(f"load {name}")
            catalogue = os.environ["VITALS_LAKE"].replace("'", "''")
            connection.execute(f"attach 'ducklake:postgres:{catalogue}' as lake (read_only)")
        for node in manifest["nodes"].values():
            if node["resource_type"] in ("model", "seed"):
                _show(connection, paths, engine, node)


def _show(connection: duckdb.DuckDBPyConnection, paths: Paths, engine: str, node: Mapping[str, Any]) -> None:
    schema, name = node["schema"], node["alias"]
    if engine == LAKE:
        connection.execute(f'create schema if not exists "{schema}"')
        connection.execute(f'create table "{schema}"."{name}" as select * from lake."{schema}"."{name}"')
        return
    folder = tables_dir(paths) / f"{schema}.db" / name
    if not any(folder.glob("*.parquet")):
        # A Python model, or one that reads it: built on DuckDB, over these views.
        return
    columns = "*"
    if node["config"].get("contract", {}).get("enforced"):
        columns = ", ".join(
            f'cast("{column}" as {told["data_type"]}) as "{column}"'
            for column, told in node["columns"].items()
        )
    files = str(folder / "*.parquet").replace("'", "''")
    # DuckDB, if it builds here next, puts a table in the place of a view, but no seed.
    kind = "table" if node["resource_type"] == "seed" else "view"
    connection.execute(f'create schema if not exists "{schema}"')
    connection.execute(
        f'create {kind} "{schema}"."{name}" as select {columns} from read_parquet(\'{files}\')'
    )


def tables_dir(paths: Paths) -> Path:
    """Where Spark keeps its tables, as Parquet: `spark.sql.warehouse.dir`, seen from here."""
    return Path(os.environ.get("VITALS_SPARK_TABLES") or paths.spark / "tables").absolute()
