"""What a user is told when a row of reference data is missing or contradicts another."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from centre import PROJECT, copy_project
from vitals.cli import app

COSTS = """\
cost_id,month,site,category,amount,currency
ch-1,2026-10,sofia,pay,100.00,CHF
ch-2,2026-10-31,sofia,telecom,12.00,CHF
ch-3,2026-11,sofia,pay,90.00,CHF
eu-1,2026-10,sofia,pay,100.00,EUR
"""


@pytest.fixture(scope="module")
def read_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One copy of the project for all tests here: dbt then reads it as a whole once only."""
    return copy_project(tmp_path_factory.mktemp("reference") / "project")


@pytest.fixture
def project(read_once: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That copy as the current folder, with the reference rows as they are in the project."""
    seeds = read_once / "seeds" / "reference"
    shutil.copytree(PROJECT / "seeds" / "reference", seeds, dirs_exist_ok=True)
    monkeypatch.chdir(read_once)
    for name in ("VITALS_LANDING", "VITALS_WAREHOUSE"):
        monkeypatch.delenv(name, raising=False)
    return read_once


def told(project: Path, *select: str) -> str:
    """Land the costs, build a part, and return what the user reads; the build must have failed."""
    folder = project / "landing" / "template" / "operating_costs"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "costs.csv").write_text(COSTS, encoding="utf-8")
    runner = CliRunner(env={"COLUMNS": "200"})
    landed = runner.invoke(app, ["land"])
    assert landed.exit_code == 0, landed.output
    built = runner.invoke(app, ["build", *(f"--select={one}" for one in select)])
    assert built.exit_code == 1, built.output
    return built.output


def append(seed: Path, *rows: str) -> None:
    """Add rows to a seed."""
    with seed.open("a", encoding="utf-8") as file:
        file.writelines(f"{row}\n" for row in rows)


def test_a_cost_without_an_exchange_rate_is_told_with_currency_month_and_the_row_to_add(
    project: Path,
) -> None:
    output = told(project, "exchange_rates", "+fct_operating_costs")
    assert "assert_every_cost_has_an_exchange_rate" in output
    assert "rows: 2" in output
    lines = {tuple(line.split()) for line in output.splitlines() if line.split()[:1] == ["CHF"]}
    assert lines == {
        (
            "CHF",
            f"{month}-01",
            count,
            "template/operating_costs/costs.csv",
            f"CHF,EUR,{month}-01,,<rate>",
            "seeds/reference/exchange_rates.csv",
        )
        for month, count in (("2026-10", "2"), ("2026-11", "1"))
    }


def test_rows_of_one_scope_that_overlap_are_named_and_nothing_is_built_on_them(project: Path) -> None:
    reference = project / "seeds" / "reference"
    append(reference / "exchange_rates.csv", "CHF,EUR,2000-01-01,,1.05", "CHF,EUR,2026-10-05,,1.06")
    append(reference / "targets.csv", "csat,halcyon_bank,,,2026-01-01,2026-01-01,0.7")
    append(reference / "targets.csv", "csat,aurora_energy,,,2000-01-01,2026-10-05,0.7")
    append(reference / "targets.csv", "csat,aurora_energy,,,2026-10-04,,0.7")
    append(reference / "thresholds.csv", "repeat_window_days,,,voice,2026-01-01,2026-03-01,6")
    # the day on which one ends and another begins is no overlap
    append(reference / "thresholds.csv", "repeat_window_days,,,voice,2026-03-01,,5")
    append(reference / "contract_targets.csv", "halcyon_bank,,csat,2026-10-05,,0.5")
    append(reference / "call_performance_weights.csv", "handle_time,,2026-10-05,,1")
    output = told(project, "path:seeds/reference", "dim_kpi")
    # The long name of a test that says which seed and which columns.
    assert {line.split()[1] for line in output.splitlines() if line.startswith("  test ")} == {
        "no_overlap_exchange_rates_currency__reporting_currency",
        "no_overlap_targets_kpi_id__client__queue__channel",
        "no_overlap_contract_targets_client__service_type__kpi_id",
        "no_overlap_call_performance_weights_kpi_id__client",
        "valid_rows_targets",
    }
    assert "CHF EUR 2000-01-01 null 2026-10-05 null" in " ".join(output.split())
    assert (
        "kpi_id=csat, client=aurora_energy, valid_from=2000-01-01, valid_to=2026-10-05,"
        " other_valid_from=2026-10-04"
    ) in output
    assert "kpi_id=csat, client=halcyon_bank, valid_from=2026-01-01, valid_to=2026-01-01" in output
