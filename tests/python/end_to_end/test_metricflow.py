"""The metrics of MetricFlow: valid, one for each KPI that is a ratio of sums, and equal to its KPI mart."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from centre import PROJECT, Centre, copy_project
from vitals import generated, metrics
from vitals.catalogue import read_catalogue
from vitals.dbt_build import read_manifest, target_dir

KPIS = [kpi.kpi_id for kpi in read_catalogue(PROJECT)]
# What MetricFlow is asked to group by, and the same in SQL.
GROUPINGS = {
    "whole": ([], "1"),
    "month": (["metric_time__month"], "cast(date_trunc('month', day) as varchar)"),
    "client": (["client"], "client"),
    "channel": (["kpi_value__channel"], "channel"),
    "sourcing": (["site__sourcing"], "(select sourcing from marts.dim_site where dim_site.site = kpi.site)"),
}


@pytest.fixture(scope="module")
def manifest(centre: Centre) -> Mapping[str, Any]:
    return read_manifest(centre.paths)


@pytest.fixture(scope="module")
def project(centre: Centre, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with its parsed metrics, over a work database of its own: MetricFlow opens it for writing."""
    folder = copy_project(tmp_path_factory.mktemp("metricflow") / "project")
    (folder / "target").mkdir()
    shutil.copy(target_dir(centre.paths) / "semantic_manifest.json", folder / "target")
    (folder / "warehouse").mkdir()
    shutil.copy(centre.paths.work_db, folder / "warehouse")
    return folder


@pytest.fixture(scope="module")
def engine(project: Path) -> Iterator[Any]:
    """MetricFlow's own, as `mf query` uses it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt_metricflow.cli.cli_configuration import CLIConfiguration

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITALS_WAREHOUSE", str(project / "warehouse"))
        patch.chdir(project)
        configuration = CLIConfiguration()
        configuration.setup(project, project, configure_file_logging=False)
        yield configuration.mf
        DuckDBConnectionManager.close_all_connections()


def test_the_committed_metrics_are_current() -> None:
    text = metrics.render(PROJECT)[metrics.PAGE]
    assert (PROJECT / metrics.PAGE).read_text(encoding="utf-8") == text, "Run `vitals docs` and commit."


def test_each_kpi_is_a_metric_or_left_out_with_its_reason(manifest: Mapping[str, Any]) -> None:
    omitted = metrics.LEFT_OUT
    page = (PROJECT / "docs" / "metricflow.md").read_text(encoding="utf-8")
    assert all(f"`{kpi_id}`" in page for kpi_id in omitted)
    ratios = {one["name"] for one in manifest["metrics"].values() if one["type"] == "ratio"}
    assert ratios == set(KPIS) - {"channel_mix", "contact_type_mix"}


def test_metricflow_finds_the_metrics_valid(project: Path) -> None:
    result = subprocess.run(
        [Path(sys.executable).with_name("mf"), "validate-configs", "--skip-dw"],
        cwd=project,
        env={**os.environ, "VITALS_WAREHOUSE": "warehouse", "DBT_PROFILES_DIR": "."},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "ERRORS: 0" in result.stdout, result.stdout


@pytest.mark.parametrize("grouping", GROUPINGS)
@pytest.mark.parametrize("kpi_id", [kpi for kpi in KPIS if kpi not in metrics.LEFT_OUT])
def test_a_metric_equals_its_mart(engine: Any, centre: Centre, kpi_id: str, grouping: str) -> None:
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    names, member = GROUPINGS[grouping]
    request = MetricFlowQueryRequest.create(metric_names=[kpi_id], group_by_names=names)
    table = engine.query(request).result_df
    given = {str(row[0])[:10] if names else "1": row[-1] for row in table.rows}
    expected = centre.published(
        f"select {member}, sum(numerator)::double / nullif(sum(denominator)::double, 0)"
        f" from marts.kpi_{kpi_id} as kpi where day is not null group by 1"
    )
    assert given == {str(name)[:10]: value for name, value in expected}
    assert any(value is not None for value in given.values())


def test_volumes_equal_their_mart(engine: Any, centre: Centre) -> None:
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    counts = ("contacts_count", "offered_count", "answered_count", "abandoned_count")
    request = MetricFlowQueryRequest.create(metric_names=counts, group_by_names=["queue__service_type"])
    given = {row[0]: tuple(map(int, row[1:])) for row in engine.query(request).result_df.rows}
    expected = centre.published(
        f"select service_type, {', '.join(f'sum({one})::bigint' for one in counts)}"
        " from marts.agg_contacts_daily left join marts.dim_queue using (queue) group by service_type"
    )
    assert given == {name: tuple(values) for name, *values in expected}


def test_a_changed_catalogue_makes_the_metrics_stale(project_copy: Path) -> None:
    seed = project_copy / "seeds" / "reference" / "kpi_catalogue.csv"
    seed.write_text(seed.read_text(encoding="utf-8").replace("Share of the surveys", "Part of the surveys"))
    assert generated.differing(project_copy, metrics.render(project_copy)) == [metrics.PAGE]
