"""`models/marts/metrics.yml`: the KPIs as MetricFlow's metrics, made from the catalogue.

Each KPI that is a ratio of sums over any slice is a ratio metric over `kpi_values`; those that are not are
named in `LEFT_OUT`, with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from vitals.catalogue import read_catalogue
from vitals.generated import environment
from vitals.scorecard import MIXES

PAGE = Path("models", "marts", "metrics.yml")
LEFT_OUT: Mapping[str, str] = dict.fromkeys(
    MIXES,
    "a share of a whole: each member's row holds the whole as its denominator, so that their sum over "
    "several members counts the whole several times",
)


def render(project: Path) -> dict[Path, str]:
    """The file's text by its path below the project, the dbt project's folder."""
    templates = environment()
    templates.filters["quoted"] = lambda text: json.dumps(text, ensure_ascii=False)
    kpis = [kpi for kpi in read_catalogue(project) if kpi.kpi_id not in LEFT_OUT]
    return {PAGE: templates.get_template("metrics.yml.jinja").render(kpis=kpis, omitted=LEFT_OUT)}
