"""What was published before, and what decides the figures now: sources of the next build, so that its models
can tell which published figures it restates, and why.

All of it is taken from the published file itself. There is no second memory that could disagree with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from vitals.landing.store import RUN, ParquetFile, ensure_empty, write_rows, write_run
from vitals.paths import Paths
from vitals.publish import published_version
from vitals.runs import ensure_history

# What the published figures come from: everything upstream of this model.
FIGURES = "kpi_values"

_INPUTS = pa.schema([("name", pa.string()), ("kind", pa.string()), ("checksum", pa.string())])
_DIMENSIONS = [(name, pa.string()) for name in ("client", "site", "queue", "channel", "contact_type")]
_AMOUNT = pa.decimal128(28, 6)
# Source of the project -> the published table that it is a copy of, and the columns that are copied.
_PUBLISHED: Mapping[str, tuple[str, pa.Schema]] = {
    "published_inputs": ("quality.rpt_quality_inputs", _INPUTS),
    "published_files": (
        "quality.rpt_quality_landing",
        pa.schema(
            [
                *[(name, pa.string()) for name in ("platform", "stream", "file_hash")],
                ("expired_count", pa.int64()),
            ]
        ),
    ),
    "published_kpi_values": (
        "marts.kpi_values",
        pa.schema(
            [
                ("kpi_id", pa.string()),
                ("day", pa.date32()),
                *_DIMENSIONS,
                ("numerator", _AMOUNT),
                ("denominator", _AMOUNT),
                ("is_final", pa.bool_()),
            ]
        ),
    ),
    "published_restatements": (
        "quality.rpt_quality_restatements",
        pa.schema(
            [
                ("restated_at", pa.timestamp("us")),
                ("published_at", pa.timestamp("us")),
                ("kpi_id", pa.string()),
                ("day", pa.date32()),
                *[(name, pa.string()) for name in ("client", "site", "queue", "member")],
                ("old_numerator", _AMOUNT),
                ("old_denominator", _AMOUNT),
                ("old_value", pa.float64()),
                ("new_numerator", _AMOUNT),
                ("new_denominator", _AMOUNT),
                ("new_value", pa.float64()),
                ("reason", pa.string()),
                ("late_files_count", pa.int64()),
                ("late_contacts_count", pa.int64()),
                ("changed_inputs", pa.string()),
            ]
        ),
    ),
    "published_version": (
        "quality.published_version",
        pa.schema([("published_at", pa.timestamp("us")), ("as_of", pa.timestamp("us"))]),
    ),
}


def ensure_sources(paths: Paths) -> None:
    """Make every source of this module readable, empty where nothing was published or built yet."""
    if not (paths.run_file.is_file() and pq.read_schema(paths.run_file).equals(RUN)):
        write_run(paths, None)
    ensure_history(paths)
    for name, schema in {"inputs": _INPUTS, **{name: own for name, (_, own) in _PUBLISHED.items()}}.items():
        ensure_empty(_file(paths, name), schema)


def write_sources(paths: Paths, manifest: Mapping[str, Any]) -> None:
    """Write what is published now, and what decides the figures of the build that is about to begin.

    Args:
        paths: the installation; its published file may be absent, or of a version that lacks some tables.
        manifest: dbt's manifest of the project as it stands.
    """
    write_rows(_file(paths, "inputs"), _INPUTS, inputs(manifest))
    published = published_version(paths.published_db)
    if published is not None and not published.is_whole:
        # A live round left the restatements for later: they are those since the build before it.
        return
    for name, (table, schema) in _PUBLISHED.items():
        _copy(paths.published_db, table, schema, _file(paths, name))


def inputs(manifest: Mapping[str, Any]) -> list[dict[str, str]]:
    """Name, kind (seed, model, macro) and checksum of all that decides the figures, by kind and name.

    A change of any other file of the project (a report, a description) changes no figure and is not in it.
    """
    nodes, macros = manifest["nodes"], manifest["macros"]
    project = manifest["metadata"]["project_name"]
    found: dict[str, dict[str, str]] = {}
    waiting = [
        key for key, node in nodes.items() if node["resource_type"] == "model" and node["name"] == FIGURES
    ]
    while waiting:
        key = waiting.pop()
        node = nodes.get(key) or macros.get(key)
        if key in found or node is None or node["package_name"] != project:
            continue
        if key in macros:
            checksum = hashlib.sha256(node["macro_sql"].encode()).hexdigest()
        else:
            checksum = node["checksum"]["checksum"]
        found[key] = {"name": node["name"], "kind": node["resource_type"], "checksum": checksum}
        waiting += [*node["depends_on"].get("nodes", []), *node["depends_on"].get("macros", [])]
    return sorted(found.values(), key=lambda each: (each["kind"], each["name"]))


def _file(paths: Paths, source: str) -> Path:
    return paths.raw / "vitals" / source / f"{source}.parquet"


def _copy(published: Path, table: str, schema: pa.Schema, target: Path) -> None:
    """A published table as Parquet; columns that it lacks are null, and without the table there is no row."""
    with ParquetFile(target, schema) as file:
        if published.exists():
            with duckdb.connect(str(published), read_only=True) as connection:
                found = connection.execute(
                    "select column_name from duckdb_columns() where schema_name || '.' || table_name = ?",
                    [table],
                )
                held = {name for (name,) in found.fetchall()}
                if held:
                    columns = [name if name in held else f"null as {name}" for name in schema.names]
                    query = connection.execute(f"select {', '.join(columns)} from {table}")
                    for batch in query.to_arrow_reader():
                        file.add(batch.cast(schema).columns)
        file.commit()
