"""The command line: exit codes, and messages that say what, where, why and what to do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunnerResult
from typer.testing import CliRunner, Result

from centre import PROJECT
from vitals import __version__, pipeline
from vitals.cli import app
from vitals.paths import Paths


@pytest.fixture
def vitals(centre: Paths, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call `vitals …` in the tiny centre."""
    monkeypatch.chdir(centre.project)
    monkeypatch.delenv("VITALS_LANDING", raising=False)
    monkeypatch.delenv("VITALS_WAREHOUSE", raising=False)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_the_version_is_told() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"vitals {__version__}\n")


@pytest.mark.parametrize(
    "command",
    [
        "land",
        "build",
        "publish",
        "run",
        "simulate",
        "scorecard",
        "lint",
        "kpis",
        "docs",
        "ask",
        "alerts",
        "runs",
        "doctor",
        "forget",
        "adopt",
    ],
)
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"Examples:\n    vitals {command}" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["run", "--as-of", "yesterday"],
        ["scorecard", "--period", "decade"],
        ["simulate", "--contacts", "0"],
        ["simulate", "--start", "5.10.2026"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "Error" in result.output


def test_outside_of_a_project_the_message_says_where_to_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["land"])
    assert result.exit_code == 1
    assert "What to do: " in result.output
    assert "Traceback" not in result.output


def test_run_does_all_three_and_says_what_to_do_next(vitals: Callable[..., Result]) -> None:
    result = vitals("run")
    assert result.exit_code == 0, result.output
    for step in ("Landing files", "Checking the raw data", "Building and testing", "Checking the candidate"):
        assert re.search(rf"✓ {step}  \d+\.\d s", result.output)
    assert "Published warehouse/vitals.duckdb: 4 tables" in result.output
    assert "Next: vitals scorecard" in result.output


def test_a_refused_file_is_exit_code_3_and_told_with_its_remedy(
    vitals: Callable[..., Result], drop_calls: Callable[[str, str], None]
) -> None:
    drop_calls("other.csv", "caller,day\nx,2026-03-01\n")
    result = vitals("land")
    assert result.exit_code == 3
    assert "✗ refused: desk/calls/other.csv" in result.output
    assert "call_id" in result.output
    assert "do:" in result.output


def test_a_bad_line_is_counted_and_the_way_to_see_it_is_shown(
    vitals: Callable[..., Result], drop_calls: Callable[[str, str], None]
) -> None:
    drop_calls("dirty.csv", "call_id,day,wait_seconds\nx,2026-03-01,1\ny,2026-03-01,1,9,9\n")
    result = vitals("land")
    assert result.exit_code == 0
    assert "1 unreadable line of 1 file went to quarantine" in result.output
    assert "warehouse/raw/vitals/quarantine/*.parquet" in result.output


def test_a_failed_test_is_exit_code_1_with_rows_and_commands(
    vitals: Callable[..., Result], drop_calls: Callable[[str, str], None]
) -> None:
    drop_calls("two.csv", "call_id,day,wait_seconds\nd,2026-03-03,-7\n")
    drop_calls("other.csv", "caller,day\nx,2026-03-01\n")
    result = vitals("run")
    assert result.exit_code == 1
    assert "✗ refused: desk/calls/other.csv" in result.output
    assert "1 failure in the build: valid_rows_fct_contacts (wait_seconds is negative)." in result.output
    assert "broken: wait_seconds is negative (1)" in result.output
    assert "-7.000" in result.output
    assert 'duckdb -readonly warehouse/work.duckdb "from audit.valid_rows_fct_contacts"' in result.output
    assert "What was published before stays" in result.output
    assert "Traceback" not in result.output
    again = vitals("publish")
    assert again.exit_code == 1
    assert "The last build did not pass" in again.output


def test_a_gate_that_fails_is_exit_code_1_and_names_the_data_docs(
    vitals: Callable[..., Result], centre: Paths
) -> None:
    for file in (centre.raw / "desk" / "calls").glob("*.parquet"):
        if file.name != "_empty.parquet":
            file.unlink()
    result = vitals("build")
    assert result.exit_code == 1
    assert "holds exactly the rows that the ledger counts" in result.output
    assert "warehouse/docs/index.html" in result.output


def test_a_run_whose_contacts_are_all_in_quarantine_says_why_they_are(
    vitals: Callable[..., Result], centre: Paths
) -> None:
    models = centre.project / "models"
    facts = models / "marts" / "core" / "fct_contacts.sql"
    facts.write_text(facts.read_text(encoding="utf-8").rstrip() + " where false", encoding="utf-8")
    (models / "quality").mkdir()
    (models / "quality" / "rpt_quality_quarantine.sql").write_text(
        "{{ config(schema='quality', materialized='table', meta={'level': 'analysts'}) }}"
        " select 'desk' as platform, 'calls' as stream, 'staging' as stage, 'one.csv' as source_file,"
        " cast(2 as bigint) as source_row, 'day is no valid time' as reason, false as is_corrected",
        encoding="utf-8",
    )
    result = vitals("run")
    assert result.exit_code == 1
    assert "fct_contacts: holds at least 1 row" in result.output
    assert "1 row breaks a rule and waits in quarantine" in result.output
    assert "1 of desk/calls: day is no valid time (as in one.csv, line 2)" in result.output


def test_simulate_never_mixes_with_what_lies_there(vitals: Callable[..., Result], tmp_path: Path) -> None:
    refused = vitals("simulate")
    assert refused.exit_code == 1
    assert "landing holds files already" in refused.output
    assert vitals("simulate", "--if-empty").exit_code == 0


def test_the_scorecard_of_an_unpublished_warehouse_says_what_to_run(
    vitals: Callable[..., Result], centre: Paths
) -> None:
    centre.published_db.unlink()
    result = vitals("scorecard")
    assert result.exit_code == 1
    assert "What to do: Run `vitals run`" in result.output


def test_lint_prints_findings_with_file_and_line_and_exits_1(vitals: Callable[..., Result]) -> None:
    result = vitals("lint")
    assert result.exit_code == 1
    assert re.search(r"models/marts/_models\.yml:1  mart-contract", result.output)


def test_the_unexpected_is_one_line_and_a_log_and_a_traceback_only_with_debug(
    vitals: Callable[..., Result], centre: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the sky fell")

    monkeypatch.setattr(pipeline, "land", broken)
    result = vitals("land")
    assert result.exit_code == 1
    assert "✗ Something unexpected: RuntimeError: the sky fell" in result.output
    assert "Traceback" not in result.output
    assert "the sky fell" in (centre.warehouse / "logs" / "vitals.log").read_text(encoding="utf-8")
    assert isinstance(vitals("--debug", "land").exception, RuntimeError)


def test_ctrl_c_while_dbt_works_stops_and_says_that_what_was_published_stays(
    vitals: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted:
        def __init__(self, **_: object) -> None:
            """Takes what dbt's runner takes."""

        def invoke(self, _: object) -> dbtRunnerResult:
            return dbtRunnerResult(success=False, exception=KeyboardInterrupt())

    monkeypatch.setattr("dbt.cli.main.dbtRunner", Interrupted)
    result = vitals("build")
    assert result.exit_code == 1
    assert "Stopped. What was published before stays" in result.output


def test_a_terminal_that_knows_ascii_only_is_no_reason_to_fail(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vitals", "run"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(PROJECT / "scripts")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "? No dbt_project.yml in" in done.stderr
    assert "Traceback" not in done.stderr
