"""The log for machines: one JSON object a line, nothing beside it, and nothing of anybody's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from vitals.errors import VitalsError
from vitals.log import scrubbed, told
from vitals.paths import Paths

CALLER = "+33 6 12 34 56 78"


@pytest.fixture
def logged(centre: Paths) -> Callable[..., tuple[int, list[dict[str, Any]], str]]:
    """Call `vitals …` in a process of its own: exit code, its lines, and the whole stderr."""

    def call(*arguments: str, **environment: str) -> tuple[int, list[dict[str, Any]], str]:
        known = {name: value for name, value in os.environ.items() if not name.startswith("VITALS_")}
        done = subprocess.run(
            [sys.executable, "-m", "vitals", *arguments],
            cwd=centre.project,
            env={**known, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return done.returncode, [json.loads(line) for line in done.stderr.splitlines()], done.stderr

    return call


def test_each_step_of_a_run_is_one_line_of_json_and_nothing_else_is_on_stderr(
    logged: Callable[..., Any], drop_calls: Callable[[str, str], None]
) -> None:
    drop_calls("two.csv", "call_id,day,wait_seconds\nd,2026-03-03,7\ne,2026-03-03,7,9,9\n")
    drop_calls("other.csv", f"caller,day\n{CALLER},2026-03-01\n")
    code, lines, whole = logged("--log", "json", "run")
    assert code == 3, whole
    assert len({line["run_id"] for line in lines}) == 1
    assert {line["command"] for line in lines} == {"run"}
    assert all(line["at"].endswith("Z") for line in lines)
    steps = {line["step"]: line for line in lines if line["event"] == "step"}
    assert list(steps) == [
        "Landing files",
        "Reading the models",
        "Checking the raw data",
        "Building and testing",
        "Writing the candidate",
        "Checking the candidate",
        "Publishing",
    ]
    assert all(line["status"] == "finished" and line["seconds"] >= 0 for line in steps.values())
    landed = steps["Landing files"]
    assert [landed[name] for name in ("files", "files_known", "files_refused", "rows")] == [1, 1, 1, 1]
    assert landed["rows_quarantined"] == 1
    assert steps["Building and testing"]["models"] == 4
    assert steps["Building and testing"]["tests"] == 2
    assert steps["Writing the candidate"]["tables"] == 4
    [refused] = [line for line in lines if line["event"] == "file_refused"]
    assert refused["file"] == "desk/calls/other.csv"
    assert "call_id" in refused["reason"]
    assert refused["remedy"]
    [dirty] = [line for line in lines if line["event"] == "quarantine"]
    assert (dirty["file"], dirty["rows"]) == ("desk/calls/two.csv", 1)
    assert lines[-1]["event"] == "end"
    assert (lines[-1]["status"], lines[-1]["exit_code"]) == ("finished", 3)
    assert CALLER not in whole


def test_a_failed_test_is_told_with_its_name_and_count_and_without_its_rows(
    logged: Callable[..., Any], drop_calls: Callable[[str, str], None]
) -> None:
    drop_calls("two.csv", "call_id,day,wait_seconds\nsecret-caller,2026-03-03,-7\n")
    code, lines, whole = logged("run", VITALS_LOG="json")
    assert code == 1
    [failed] = [line for line in lines if line.get("status") == "failed" and line["event"] == "step"]
    assert failed["step"] == "Building and testing"
    assert "valid_rows_fct_contacts (wait_seconds is negative)" in failed["error"]
    assert "run `vitals run` again" in failed["remedy"]
    [check] = [line for line in lines if line["event"] == "failed_check"]
    assert (check["name"], check["rows"]) == ("valid_rows_fct_contacts", 1)
    assert check["broken_rules"] == {"wait_seconds is negative": 1}
    assert (lines[-1]["event"], lines[-1]["exit_code"]) == ("end", 1)
    assert lines[-1]["remedy"]
    assert "secret-caller" not in whole


def test_what_fails_before_any_step_has_its_line_too(logged: Callable[..., Any], centre: Paths) -> None:
    centre.published_db.unlink()
    code, lines, _ = logged("--log", "json", "scorecard")
    assert code == 1
    [line] = lines
    assert (line["event"], line["command"], line["exit_code"]) == ("end", "scorecard", 1)
    assert line["error"]
    assert line["remedy"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("the file has 0612345678, name", "the file has …, name"),
        ("the file has +33 6 12 34 56 78", "the file has …"),
        ("the file has ana.dimova@example.com; the nearest is id", "the file has …; the nearest is id"),
        ("queue_log-20261105, line 1234567", "queue_log-20261105, line …"),
        ("as of 2026-11-05 13:07:00 UTC, 123456 rows", "as of 2026-11-05 13:07:00 UTC, 123456 rows"),
    ],
)
def test_addresses_and_long_numbers_are_blotted_out_of_reasons(text: str, left: str) -> None:
    assert scrubbed(text) == left


def test_an_unexpected_error_says_its_type_only_since_databases_quote_values() -> None:
    assert "0612" not in str(told(ValueError("could not convert 'Ana 0612'")))
    assert told(VitalsError("The disk is full.", "Free some.")) == {
        "error": "The disk is full.",
        "remedy": "Free some.",
    }
