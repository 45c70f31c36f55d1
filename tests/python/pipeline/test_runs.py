"""The run history: every run has one row, whole, also when it failed or was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vitals import __version__, pipeline, runs
from vitals.cli import app
from vitals.errors import VitalsError
from vitals.landing.store import write_rows
from vitals.paths import Paths
from vitals.pipeline import AuditFailed

# Begins a run, says so, and never ends it.
KILLED = """
import sys, time
from pathlib import Path
from vitals import runs
from vitals.paths import Paths
with runs.recorded(Paths(*map(Path, sys.argv[1:4])), "build"):
    print("begun", flush=True)
    time.sleep(60)
"""


def started(paths: Paths) -> subprocess.Popen[str]:
    """A process in the midst of a run."""
    folders = [str(folder) for folder in (paths.project, paths.landing, paths.warehouse)]
    process = subprocess.Popen([sys.executable, "-c", KILLED, *folders], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def test_a_run_leaves_one_row_with_what_it_did(centre: Paths) -> None:
    before = datetime.now(UTC).replace(tzinfo=None)
    earlier = runs.history(centre)
    pipeline.run(centre)
    row = runs.history(centre)[-1]
    assert len(runs.history(centre)) == len(earlier) + 1
    assert (row["command"], row["result"], row["vitals_version"]) == ("run", "ok", __version__)
    assert before <= row["started_at"] < row["finished_at"]
    assert row["seconds"] > 0
    counts = ("files_landed_count", "rows_landed_count", "models_count", "tests_count", "tables_count")
    assert [row[name] for name in counts] == [0, 0, 4, 2, 4]
    assert (row["error"], row["remedy"]) == (None, None)


def test_a_run_that_fails_has_its_row_with_error_and_remedy(
    centre: Paths, drop_calls: Callable[[str, str], None]
) -> None:
    drop_calls("two.csv", "call_id,day,wait_seconds\nd,2026-03-03,-7\n")
    with pytest.raises(AuditFailed):
        pipeline.run(centre)
    row = runs.history(centre)[-1]
    assert row["result"] == "failed"
    assert "valid_rows_fct_contacts (wait_seconds is negative)" in row["error"]
    assert row["remedy"]
    assert row["rows_landed_count"] == 1


def test_a_run_that_was_killed_is_unfinished_once_the_next_one_begins(centre: Paths) -> None:
    process = started(centre)
    assert runs.history(centre)[-1]["result"] == "running"
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    pipeline.land(centre)
    killed, landed = runs.history(centre)[-2:]
    assert (killed["command"], killed["result"], killed["finished_at"]) == ("build", "unfinished", None)
    assert (landed["command"], landed["result"]) == ("land", "ok")


def test_a_run_that_finds_another_at_work_has_its_row_and_leaves_the_others_running(centre: Paths) -> None:
    process = started(centre)
    try:
        with pytest.raises(VitalsError, match=f"Process {process.pid} is already working"):
            pipeline.land(centre)
        going_on, turned_away = runs.history(centre)[-2:]
        assert going_on["result"] == "running"
        assert turned_away["result"] == "failed"
        assert str(process.pid) in turned_away["error"]
    finally:
        process.kill()
        process.wait(timeout=30)


def test_rows_written_at_the_same_time_are_all_kept(centre: Paths) -> None:
    count = len(runs.history(centre))

    def turned_away() -> None:
        with pytest.raises(VitalsError):
            pipeline.land(centre)

    process = started(centre)
    try:
        threads = [threading.Thread(target=turned_away) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
    finally:
        process.kill()
        process.wait(timeout=30)
    assert len(runs.history(centre)) == count + 1 + 12


def test_an_unreadable_history_is_put_aside_and_stops_no_run(centre: Paths) -> None:
    file = runs.history_file(centre)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    pipeline.land(centre)
    assert [row["command"] for row in runs.history(centre)] == ["land"]
    [aside] = file.parent.glob("*.unreadable")
    assert aside.read_bytes() == whole[: len(whole) // 2]


def test_an_earlier_version_s_history_is_read_and_goes_on(centre: Paths) -> None:
    row = runs.history(centre)[-1]
    old = runs.HISTORY.remove(runs.HISTORY.get_field_index("remedy"))
    write_rows(runs.history_file(centre), old, [row])
    pipeline.land(centre)
    assert runs.history(centre)[0]["run_id"] == row["run_id"]
    assert len(runs.history(centre)) == 2


def test_the_last_runs_are_shown_without_any_database(centre: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(centre.project)
    monkeypatch.delenv("VITALS_LANDING", raising=False)
    monkeypatch.delenv("VITALS_WAREHOUSE", raising=False)
    monkeypatch.setenv("COLUMNS", "160")
    centre.published_db.unlink()
    centre.work_db.unlink()
    assert CliRunner().invoke(app, ["land"]).exit_code == 0
    pipeline.land(centre)
    with pytest.raises(VitalsError):
        pipeline.publish(centre)
    shown = CliRunner().invoke(app, ["runs", "--last", "3"])
    assert shown.exit_code == 0
    assert [line.split()[2] for line in shown.output.splitlines()[1:4]] == ["land", "land", "publish"]
    assert "What to do: " in shown.output


def test_thousands_of_runs_are_no_burden(tmp_path: Path) -> None:
    paths = Paths(tmp_path, tmp_path / "landing", tmp_path / "warehouse")
    row = dict.fromkeys(runs.HISTORY.names) | {"command": "run", "result": "ok"}
    many = [{**row, "run_id": runs.new_id()} for _ in range(35_000)]
    write_rows(runs.history_file(paths), runs.HISTORY, many)
    began = datetime.now(UTC)
    with runs.recorded(paths, "land"):
        pass
    assert (datetime.now(UTC) - began).total_seconds() < 20
    assert len(runs.history(paths)) == 35_001
