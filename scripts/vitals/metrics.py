"""`models/marts/metrics.yml`: the KPIs as MetricFlow's metrics, made from the catalogue and dbt's manifest.

Each KPI that is a ratio of sums over any slice is a ratio metric over `kpi_values`; those that are not are
named in `left_out`, with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from vitals.catalogue import read_catalogue

PAGE = Path("models", "marts", "metrics.yml")
# The macro of KPIs whose denominator is the whole that each of their rows is a part of.
_MIX = "macro.vitals.kpi_mix"
_MIX_REASON = (
    "a share of a whole: each member's row holds the whole as its denominator, so that their sum over "
    "several members counts the whole several times"
)


def left_out(project: Path, manifest: Mapping[str, Any]) -> dict[str, str]:
    """Why a KPI is no metric, by kpi_id.

    Args:
        project: the dbt project's folder.
        manifest: dbt's manifest of it.
    """
    nodes = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    return {
        kpi.kpi_id: _MIX_REASON
        for kpi in read_catalogue(project)
        if kpi.model in nodes and _MIX in nodes[kpi.model]["depends_on"]["macros"]
    }


def render(project: Path, manifest: Mapping[str, Any]) -> dict[Path, str]:
    """The file's text by its path below the project.

    Args:
        project: the dbt project's folder.
        manifest: dbt's manifest of it.
    """
    environment = Environment(
        loader=PackageLoader("vitals"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["quoted"] = lambda text: json.dumps(text, ensure_ascii=False)
    omitted = left_out(project, manifest)
    kpis = [kpi for kpi in read_catalogue(project) if kpi.kpi_id not in omitted]
    return {PAGE: environment.get_template("metrics.yml.jinja").render(kpis=kpis, omitted=omitted)}
