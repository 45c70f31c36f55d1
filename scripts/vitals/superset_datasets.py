"""The datasets of `bi/superset/assets/`: columns as dbt's manifest describes them, one metric per KPI of the
catalogue.

Nothing in these files is written by hand, so that Superset divides what the marts divide. Charts and the
dashboard beside them are.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from vitals.catalogue import Kpi, read_catalogue
from vitals.errors import VitalsError
from vitals.scorecard import MIXES

ASSETS = Path("bi", "superset", "assets")
DATASETS = ASSETS / "datasets" / "vitals"
# By it Superset knows an asset again: changed, every installation gets a second one beside the first.
DATABASE_UUID = "6f1a3c0e-52f7-5d0b-9d4e-0f0f6f7f2a11"
_NAMESPACE = uuid.UUID(DATABASE_UUID)

# Superset joins nothing: the target in force is a row beside the figures, the whole centre's as client `all`.
# Of a slice finer than a client no row is left, and it has no target (docs/decisions.md).
KPI_SQL = """\
select
    kpi.kpi_id,
    kpi.day,
    kpi.client,
    kpi.site,
    kpi.queue,
    kpi.channel,
    kpi.contact_type,
    kpi.numerator,
    kpi.denominator,
    kpi.is_final,
    channel.is_synchronous,
    cast(null as decimal(18, 6)) as target
from marts.kpi_values as kpi
left join marts.dim_channel as channel
    on kpi.channel = channel.channel
union all
select
    kpi_id,
    day,
    client,
    null as site,
    null as queue,
    null as channel,
    null as contact_type,
    null as numerator,
    null as denominator,
    null as is_final,
    null as is_synchronous,
    target
from marts.fct_targets_in_force
where queue = 'all' and channel = 'all'
"""
# Columns of the SQL and the model that describes each.
_KPI_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "kpi_values": (
        *("kpi_id", "day", "client", "site", "queue", "channel", "contact_type"),
        *("numerator", "denominator", "is_final"),
    ),
    "dim_channel": ("is_synchronous",),
    "fct_targets_in_force": ("target",),
}
_TARGET = """\
case
    when min(kpi_id) <> max(kpi_id) then null
    when max(case when client = 'all' then 1 else 0 end) = 1 then
        case
            when min(case when client = 'all' then target end) = max(case when client = 'all' then target end)
                then max(case when client = 'all' then target end)
        end
    when min(target) = max(target) then max(target)
end"""
_FORMATS: Mapping[str, str] = {
    "percent": ",.1%",
    "seconds": ",.0f",
    "money": ",.2f",
    "per_hour": ",.1f",
    "score": ",.2f",
    "points": "+,.1f",
}
_UNIT_SIGNS: Mapping[str, str] = {"seconds": " (s)", "per_hour": " (per hour)"}
_ADDITIVE = ("_count", "_seconds", "_amount")


class _Dumper(yaml.SafeDumper):
    """Text of several lines as people write it."""


def _text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text_node)


def render(project: Path, manifest: Mapping[str, Any]) -> dict[Path, str]:
    """Every dataset's YAML by its path below the project.

    Args:
        project: the dbt project's folder.
        manifest: dbt's manifest of it.

    Raises:
        VitalsError: a model or column that a dataset reads is no more.
    """
    kpis = read_catalogue(project)
    described = {
        column: _column(manifest, model, column)
        for model, columns in _KPI_COLUMNS.items()
        for column in columns
    }
    counted = _model(manifest, "agg_contacts_daily")
    files = (
        _dataset(
            "kpi_values_and_targets",
            "Every KPI by day and dimension, and the targets in force of the whole centre (client `all`) and"
            " of each client. Each metric is sum(numerator) / sum(denominator) of one KPI;"
            " never average them.",
            described.values(),
            [*(_kpi_metric(kpi) for kpi in kpis), _target_metric()],
            sql=KPI_SQL,
        ),
        _dataset(
            "agg_contacts_daily",
            _text(counted["description"]),
            [_column(manifest, "agg_contacts_daily", name) for name in counted["columns"]],
            [
                _sum_metric(name, _text(column["description"]))
                for name, column in counted["columns"].items()
                if name.endswith(_ADDITIVE)
            ],
        ),
    )
    return {
        DATASETS / f"{one['table_name']}.yaml": yaml.dump(
            one, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110
        )
        for one in files
    }


def _dataset(
    name: str,
    description: str,
    columns: Iterable[Mapping[str, Any]],
    metrics: Iterable[Mapping[str, Any]],
    sql: str | None = None,
) -> dict[str, Any]:
    return {
        "table_name": name,
        "uuid": str(uuid.uuid5(_NAMESPACE, name)),
        "database_uuid": DATABASE_UUID,
        "version": "1.0.0",
        "schema": "marts",
        "description": description,
        "main_dttm_col": "day",
        "filter_select_enabled": True,
        **({"sql": sql} if sql else {}),
        "metrics": list(metrics),
        "columns": list(columns),
    }


def _kpi_metric(kpi: Kpi) -> dict[str, Any]:
    condition = f"kpi_id = '{kpi.kpi_id}'"
    note = ""
    if kpi.scorecard_channels == "synchronous":
        condition += " and is_synchronous"
        note = " Channels on which the customer waits for the answer."
    expression = (
        f"sum(case when {condition} then numerator end)"
        f" / nullif(sum(case when {condition} then denominator end), 0)"
    )
    if kpi.kpi_id in MIXES:
        member = kpi.kpi_id.removesuffix("_mix")
        # A sum over the members is no share of anything.
        expression = f"case when min({member}) = max({member}) then {expression} end"
        note = f" Group by {member}."
    english = kpi.names["en"]
    return {
        "metric_name": kpi.kpi_id,
        "verbose_name": kpi.name + _UNIT_SIGNS.get(kpi.unit, ""),
        "expression": expression,
        "description": f"{english.meaning} {english.numerator} / {english.denominator}.{note}",
        "d3format": _FORMATS[kpi.unit],
    }


def _target_metric() -> dict[str, Any]:
    return {
        "metric_name": "target",
        "verbose_name": "Target",
        "expression": _TARGET,
        "description": "Target in force of the one KPI that the chart keeps by a filter on kpi_id: of the"
        " whole centre, or of the client that is chosen. None for sites, queues and channels, whose targets"
        " are other ones.",
    }


def _sum_metric(column: str, description: str) -> dict[str, Any]:
    return {
        "metric_name": f"sum_{column}",
        "verbose_name": column.removesuffix("_count").replace("_", " ").capitalize(),
        "expression": f"sum({column})",
        "description": description,
        "d3format": ",.0f",
    }


def _column(manifest: Mapping[str, Any], model: str, column: str) -> dict[str, Any]:
    found = _model(manifest, model)["columns"].get(column)
    if found is None:
        raise VitalsError(
            f"{model} has no column {column}, which a dataset of {ASSETS.as_posix()} reads",
            "Correct scripts/vitals/superset_datasets.py, then run `vitals docs`.",
        )
    kind = str(found["data_type"]).upper().replace("STRING", "VARCHAR")
    return {
        "column_name": column,
        "type": kind,
        "description": _text(found["description"]),
        "is_dttm": kind == "DATE",
        "groupby": not column.endswith(_ADDITIVE) and not kind.startswith("DECIMAL"),
        "filterable": True,
    }


def _model(manifest: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["name"] == name:
            return node  # type: ignore[no-any-return]
    raise VitalsError(
        f"There is no model {name}, which a dataset of {ASSETS.as_posix()} reads",
        "Correct scripts/vitals/superset_datasets.py, then run `vitals docs`.",
    )


def _text(said: str) -> str:
    return " ".join(said.split())
