"""The dashboard for Superset, without Superset: its files fit each other, the models and what is
published.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

import bundle
from centre import PROJECT, Centre
from vitals import superset_datasets
from vitals.catalogue import read_catalogue
from vitals.dbt_build import read_manifest
from vitals.errors import VitalsError
from vitals.generated import differing
from vitals.scorecard import MIXES

ASSETS = {
    name: yaml.safe_load(text)
    for name, text in bundle.contents("duckdb:///x.duckdb").items()
    if name != "metadata.yaml"
}
CHARTS = {Path(name).stem: one for name, one in ASSETS.items() if name.startswith("charts/")}
DATASETS = {one["table_name"]: one for name, one in ASSETS.items() if name.startswith("datasets/")}
DASHBOARD = ASSETS["dashboards/vital_signs.yaml"]
KPIS = DATASETS["kpi_values_and_targets"]
METRICS = {
    (name, metric["metric_name"]): metric for name, one in DATASETS.items() for metric in one["metrics"]
}


def relation_of(dataset: Mapping[str, Any]) -> str:
    """What a dataset reads, for a `from`."""
    return f"({dataset['sql']})" if "sql" in dataset else f"{dataset['schema']}.{dataset['table_name']}"


@pytest.fixture(scope="module")
def managers(centre: Centre) -> Iterator[duckdb.DuckDBPyConnection]:
    """What managers may read, which is all that the dashboard needs."""
    with duckdb.connect(str(centre.paths.published_for("managers")), read_only=True) as connection:
        yield connection


def test_the_committed_datasets_are_what_the_models_and_the_catalogue_make(centre: Centre) -> None:
    stale = differing(PROJECT, superset_datasets.render(PROJECT, read_manifest(centre.paths)))
    assert [str(file) for file in stale] == [], "Run `vitals docs` and commit bi/superset/assets/datasets/."


def test_a_column_that_is_no_more_is_named(centre: Centre) -> None:
    manifest = read_manifest(centre.paths)
    (model,) = (one for one in manifest["nodes"].values() if one["name"] == "fct_targets_in_force")
    del model["columns"]["target"]
    with pytest.raises(VitalsError, match="fct_targets_in_force has no column target"):
        superset_datasets.render(PROJECT, manifest)


def test_every_asset_has_an_id_of_its_own_and_names_only_what_is_there() -> None:
    ids = [one["uuid"] for one in ASSETS.values()]
    assert len(set(ids)) == len(ids) == len(CHARTS) + len(DATASETS) + 2
    assert {one["database_uuid"] for one in DATASETS.values()} == {ASSETS["databases/vitals.yaml"]["uuid"]}
    datasets = {one["uuid"]: one for one in DATASETS.values()}
    for name, chart in CHARTS.items():
        dataset, params = datasets[chart["dataset_uuid"]], chart["params"]
        metrics = {one["metric_name"] for one in dataset["metrics"]}
        columns = {one["column_name"] for one in dataset["columns"]}
        used = {params[key] for key in ("metric", "timeseries_limit_metric", "x_axis_sort") if key in params}
        assert used | set(params.get("metrics", ())) <= metrics, name
        grouped = {*params.get("groupby", ()), *([params["x_axis"]] if "x_axis" in params else ())}
        assert grouped | {one["subject"] for one in params["adhoc_filters"]} <= columns, name
        assert params["viz_type"] == chart["viz_type"], name
    for one in DASHBOARD["metadata"]["native_filter_configuration"]:
        for target in filter(None, one["targets"]):
            dataset = datasets[target["datasetUuid"]]
            assert target["column"]["name"] in {column["column_name"] for column in dataset["columns"]}


def test_the_dashboard_shows_every_chart_once_in_whole_rows() -> None:
    position = {name: one for name, one in DASHBOARD["position"].items() if isinstance(one, dict)}
    shown = [one["meta"]["uuid"] for one in position.values() if one["type"] == "CHART"]
    assert sorted(shown) == sorted(one["uuid"] for one in CHARTS.values())
    for one in position.values():
        assert all(position[child]["parents"][-1] == one["id"] for child in one.get("children", ()))
        if one["type"] == "ROW":
            assert sum(position[child]["meta"]["width"] for child in one["children"]) == 12


def test_its_exposure_names_what_it_reads() -> None:
    exposures = yaml.safe_load((PROJECT / "models" / "exposures.yml").read_text(encoding="utf-8"))[
        "exposures"
    ]
    (declared,) = (set(one["depends_on"]) for one in exposures if one["name"] == "superset_vital_signs")
    read = {"agg_contacts_daily", *re.findall(r"(?:from|join) marts\.(\w+)", KPIS["sql"])}
    assert declared == {f"ref('{table}')" for table in read}


def test_no_metric_is_anything_but_sums_divided_once() -> None:
    ids = {kpi.kpi_id for kpi in read_catalogue(PROJECT)}
    assert {metric["metric_name"] for metric in KPIS["metrics"]} == ids | {"target"}
    for (dataset, name), metric in METRICS.items():
        if name == "target":
            continue
        expression = metric["expression"]
        if name in MIXES:
            member = name.removesuffix("_mix")
            found = re.fullmatch(rf"case when min\({member}\) = max\({member}\) then (.*) end", expression)
            assert found
            expression = found[1]
        if dataset == "agg_contacts_daily":
            assert expression == f"sum({name.removeprefix('sum_')})"
            continue
        only = rf"kpi_id = '{name}'( and is_synchronous)?"
        assert re.fullmatch(
            rf"sum\(case when {only} then numerator end\)"
            rf" / nullif\(sum\(case when {only} then denominator end\), 0\)",
            expression,
        ), name
    assert not any(re.search(r"\b(avg|median|quantile\w*)\b", one["expression"]) for one in METRICS.values())
    # what somebody could average
    assert "value" not in {column["column_name"] for column in KPIS["columns"]}


def test_every_column_is_published_for_managers_under_its_type(
    managers: duckdb.DuckDBPyConnection,
) -> None:
    for dataset in DATASETS.values():
        found = managers.sql(f"select * from {relation_of(dataset)} limit 0")
        kinds = {
            name: str(kind).replace(" ", "") for name, kind in zip(found.columns, found.types, strict=True)
        }
        said = {one["column_name"]: one["type"].replace(" ", "") for one in dataset["columns"]}
        assert said == kinds


def test_every_metric_is_the_quotient_of_its_own_mart(managers: duckdb.DuckDBPyConnection) -> None:
    compared = 0
    waits = "channel in (select channel from marts.dim_channel where is_synchronous)"
    for kpi in read_catalogue(PROJECT):
        expression = METRICS["kpi_values_and_targets", kpi.kpi_id]["expression"]
        member = kpi.kpi_id.removesuffix("_mix") if kpi.kpi_id in MIXES else "day"
        for by in {member, f"{member}, site"}:
            divided = managers.execute(
                f"select {by}, {expression} as value from {relation_of(KPIS)} group by all"
                " having value is not null"
            ).fetchall()
            expected = managers.execute(
                f"select {by}, sum(numerator) / nullif(sum(denominator), 0) as value from marts.{kpi.model}"
                f" where {waits if kpi.scorecard_channels == 'synchronous' else True} group by all"
                " having value is not null"
            ).fetchall()
            # what reports sum up by week or month lies on no day, and is not in kpi_values
            assert {row[:-1]: row[-1] for row in divided} == pytest.approx(
                {row[:-1]: row[-1] for row in expected if row[0] is not None}
            ), (kpi.kpi_id, by)
            compared += len(divided)
    assert compared > 500


def test_the_target_is_the_one_of_what_is_chosen_or_none(managers: duckdb.DuckDBPyConnection) -> None:
    expression = METRICS["kpi_values_and_targets", "target"]["expression"]

    def target(condition: str) -> dict[Any, Any]:
        return dict(
            managers.execute(
                f"select day, {expression} from {relation_of(KPIS)}"
                f" where kpi_id = 'service_level' and {condition} group by day"
            ).fetchall()
        )

    def in_force(client: str) -> dict[Any, Any]:
        return dict(
            managers.execute(
                "select day, target from marts.fct_targets_in_force where kpi_id = 'service_level'"
                " and client = ? and queue = 'all' and channel = 'all'",
                [client],
            ).fetchall()
        )

    assert len(in_force("all")) > 20
    assert target("true") == in_force("all")
    aurora, halcyon = in_force("aurora_energy"), in_force("halcyon_bank")
    assert target("client = 'aurora_energy'") == aurora != in_force("all")
    both = target("client in ('aurora_energy', 'halcyon_bank')")
    assert both == {day: aurora[day] if aurora[day] == halcyon[day] else None for day in aurora}
    assert set(target("site is not null").values()) == {None}
    # of several KPIs together there is no target
    (several,) = managers.execute(f"select {expression} from {relation_of(KPIS)}").fetchone() or ()
    assert several is None


def test_the_bundle_opens_files_locked_and_postgresql_as_it_is_given(tmp_path: Path) -> None:
    file = tmp_path / "vitals_managers.duckdb"
    file.touch()
    uri = bundle.database_uri(str(file))
    assert uri.startswith(f"duckdb:///{file}?")
    assert {"access_mode=read_only", "enable_external_access=false", "lock_configuration=true"} == set(
        uri.partition("?")[2].split("&")
    )
    # the committed one, too, whoever zips the folder by hand
    committed = yaml.safe_load((bundle.ASSETS / "databases" / "vitals.yaml").read_text(encoding="utf-8"))
    assert committed["sqlalchemy_uri"].endswith(bundle.LOCKED)
    assert not any(committed[key] for key in ("allow_ctas", "allow_cvas", "allow_dml", "allow_file_upload"))
    assert (
        bundle.database_uri("postgresql://dashboards@db.example.org/vitals?sslmode=verify-full")
        == "postgresql+psycopg2://dashboards@db.example.org/vitals?sslmode=verify-full"
    )
    with pytest.raises(ValueError, match="mysql"):
        bundle.database_uri("mysql://db.example.org/vitals")
    with pytest.raises(ValueError, match=r"nowhere\.duckdb does not exist: publish first"):
        bundle.database_uri(str(tmp_path / "nowhere.duckdb"))


@pytest.mark.parametrize(("kind", "said"), [("api", "assets"), ("page", "Dashboard")])
def test_the_zip_says_what_it_is_imported_as_and_is_the_same_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str, said: str
) -> None:
    target = tmp_path / "vitals.zip"
    arguments = ["bundle.py", str(target), "--database", "postgresql://d@db.example.org/v", "--for", kind]
    monkeypatch.setattr(sys, "argv", arguments)
    assert bundle.main() == 0
    assert str(target) in capsys.readouterr().out
    files = bundle.contents("postgresql+psycopg2://d@db.example.org/v", kind)
    assert target.read_bytes() == bundle.zipped(files)
    assert yaml.safe_load(files["metadata.yaml"])["type"] == said
    monkeypatch.setattr(sys, "argv", [*arguments[:3], "oracle://db.example.org/v"])
    assert bundle.main() == 1
    assert "neither PostgreSQL nor a file of DuckDB" in capsys.readouterr().err


def test_every_package_of_superset_is_pinned_and_nothing_says_where_it_comes_from() -> None:
    lines = (bundle.ASSETS.parent / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in pins)
    of_vitals = (PROJECT / "requirements.in").read_text(encoding="utf-8").splitlines()
    # older clients do not read newer files
    assert [line for line in of_vitals if line.startswith("duckdb==")] == [
        line for line in pins if line.startswith("duckdb==")
    ]
