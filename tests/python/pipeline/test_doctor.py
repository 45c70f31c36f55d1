"""The doctor: each check in health and in sickness, the sickness a real one where it can be made."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vitals import doctor, pipeline, runs
from vitals.cli import app
from vitals.doctor import BAD, GOOD, WARNING, Finding, Holder
from vitals.paths import Paths

NOW = datetime(2026, 11, 5, 13, 0, tzinfo=UTC)

LOCKER = """
import sys
from pathlib import Path
from vitals.landing.lock import pipeline_lock
from vitals.paths import Paths
with pipeline_lock(Paths(*map(Path, sys.argv[1:4]))):
    print("open", flush=True)
    sys.stdin.readline()
"""
OPENER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[3] + "/work.duckdb")
print("open", flush=True)
sys.stdin.readline()
"""
# Leaves the lock to a process of its own, and ends.
PARENT = """
import subprocess, sys, fcntl, os
file = open(sys.argv[3] + "/.lock", "w")
fcntl.flock(file, fcntl.LOCK_EX)
file.write(str(os.getpid()))
file.flush()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=[file.fileno()],
    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(child.pid, flush=True)
"""


@contextmanager
def another(paths: Paths, program: str) -> Iterator[subprocess.Popen[str]]:
    """A second process that has the warehouse's lock, or its work database."""
    folders = [str(folder) for folder in (paths.project, paths.landing, paths.warehouse)]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *folders], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    try:
        yield process
    finally:
        process.communicate("done\n", timeout=30)


def found(paths: Paths, check: str) -> Finding:
    """The finding of one check."""
    [finding] = [one for one in doctor.examine(paths) if one.check == check]
    return finding


def aged(file: Path, hours: float = 2) -> Path:
    """The file, changed last some hours ago."""
    when = time.time() - hours * 3600
    os.utime(file, (when, when))
    return file


@pytest.fixture
def healthy(centre: Paths, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A centre with nothing wrong: a requirements.txt, a last run, a project that dbt read."""
    monkeypatch.setenv("VITALS_SALT", "a salt")
    (centre.project / "requirements.txt").write_text("# pinned\nduckdb==1.5.5\n")
    pipeline.land(centre)
    os.utime(centre.warehouse / "target" / "manifest.json")
    return centre


def test_a_healthy_installation_has_good_findings_only_and_exit_code_0(
    healthy: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_installed", {"duckdb": "1.5.5"}.get)
    assert [one for one in doctor.examine(healthy) if one.verdict != GOOD] == []
    monkeypatch.chdir(healthy.project)
    for name in ("VITALS_LANDING", "VITALS_WAREHOUSE"):
        monkeypatch.delenv(name, raising=False)
    shown = CliRunner().invoke(app, ["doctor", "--format", "json"])
    assert shown.exit_code == 0
    assert {one["verdict"] for one in json.loads(shown.stdout)} == {"good"}


def test_a_lock_that_another_process_holds_is_told_with_its_pid_and_since_when(healthy: Paths) -> None:
    with another(healthy, LOCKER) as process:
        finding = found(healthy, "lock")
        assert finding.verdict == WARNING
        assert f"held by pid {process.pid} (python" in finding.found
        assert f"{datetime.now(UTC):%Y-%m-%d}" in finding.found
        assert f"kill {process.pid}" in finding.remedy
    # The file is still there, with the pid of one that has ended: no problem.
    assert found(healthy, "lock").verdict == GOOD


def test_a_lock_that_only_a_child_of_an_ended_process_holds_is_bad(healthy: Paths) -> None:
    parent = subprocess.run(
        [sys.executable, "-c", PARENT, "", "", str(healthy.warehouse)],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    child = int(parent.stdout)
    try:
        finding = found(healthy, "lock")
        assert finding.verdict == BAD
        assert "which has ended" in finding.found
    finally:
        os.kill(child, 9)


@pytest.mark.parametrize(("free", "verdict"), [(400, GOOD), (399, WARNING), (200, WARNING), (199, BAD)])
def test_the_disk_must_have_room_for_all_databases_twice(free: int, verdict: str) -> None:
    sizes = {"work.duckdb": 150 << 20, "vitals.duckdb": 50 << 20}
    assert doctor.check_disk(free << 20, sizes, Path("warehouse")).verdict == verdict


def test_a_file_that_waits_for_long_a_broken_transfer_and_an_unknown_folder_are_told(healthy: Paths) -> None:
    folder = healthy.landing / "desk" / "calls"
    (folder / "new.csv").write_text("call_id\nz\n")
    assert found(healthy, "landing") == Finding(
        "landing", GOOD, "every file has landed; 1 came within the hour"
    )
    aged(folder / "new.csv")
    (folder / "big.csv.part").write_text("call")
    aged(folder / "big.csv.part")
    (healthy.landing / "desk" / "cals").mkdir()
    (healthy.landing / "desk" / "cals" / "x.csv").write_text("call_id\n")
    told = [one.found for one in doctor.examine(healthy) if one.check == "landing"]
    assert any(one.startswith("1 not landed") and "desk/calls/new.csv" in one for one in told)
    assert "being written for more than an hour: desk/calls/big.csv.part" in told
    assert "folders that no stream declares: desk/cals (meant desk/calls?)" in told


def test_a_refused_file_is_bad(healthy: Paths) -> None:
    (healthy.landing / "desk" / "calls" / "other.csv").write_text("caller\nx\n")
    pipeline.land(healthy)
    finding = found(healthy, "landing")
    assert (finding.verdict, finding.found) == (BAD, "1 refused: desk/calls/other.csv")


def test_a_clock_that_is_behind_the_last_landing_is_bad(healthy: Paths) -> None:
    findings = doctor.examine(healthy, datetime.now(UTC) - timedelta(days=1))
    [clock] = [one for one in findings if one.check == "clock"]
    assert clock.verdict == BAD
    assert doctor.check_clock({"the last landing": NOW + timedelta(minutes=5)}, NOW).verdict == GOOD
    assert doctor.check_clock({"the newest data": NOW + timedelta(minutes=6)}, NOW).verdict == BAD


def test_packages_that_are_absent_or_others_than_pinned_are_told() -> None:
    installed = {"duckdb": "1.5.4", "rich": "15.0.0"}.get
    assert doctor.check_versions({"rich": "15.0.0"}, installed).verdict == GOOD
    other = doctor.check_versions({"duckdb": "1.5.5", "rich": "15.0.0"}, installed)
    assert (other.verdict, other.found) == (WARNING, "others than tested: duckdb 1.5.4 (pinned 1.5.5)")
    absent = doctor.check_versions({"duckdb": "1.5.5", "polars": "1.0.0"}, installed)
    assert (absent.verdict, absent.found) == (BAD, "not installed: polars")


def test_a_published_file_of_another_version_or_an_absent_one_is_told(healthy: Paths) -> None:
    assert doctor.check_published((NOW, "0.0.9"), healthy.published_db, NOW).verdict == WARNING
    healthy.published_db.unlink()
    assert found(healthy, "published file").found == "vitals.duckdb does not exist"


def test_a_key_file_that_others_can_read_is_bad_and_an_absent_one_is_told(
    healthy: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VITALS_SALT")
    healthy.salt_file.unlink(missing_ok=True)
    assert found(healthy, "salt").verdict == WARNING
    healthy.salt_file.write_text("secret salt")
    healthy.salt_file.chmod(0o644)
    finding = found(healthy, "salt")
    assert (finding.verdict, finding.remedy) == (BAD, "Run: chmod 600 warehouse/salt.key")
    assert "secret salt" not in finding.found
    healthy.salt_file.chmod(0o600)
    assert found(healthy, "salt").verdict == GOOD


def test_raw_files_that_are_missing_cut_off_or_short_are_told_by_the_file_they_landed_from(
    healthy: Paths,
) -> None:
    [raw] = [
        one for one in (healthy.raw / "desk" / "calls").glob("*.parquet") if one.name != "_empty.parquet"
    ]
    whole = raw.read_bytes()
    raw.write_bytes(whole[: len(whole) // 2])
    assert "desk/calls/one.csv (unreadable" in found(healthy, "raw files").found
    shutil.copy(raw.with_name("_empty.parquet"), raw)
    assert "desk/calls/one.csv (0 rows instead of 3)" in found(healthy, "raw files").found
    raw.unlink()
    finding = found(healthy, "raw files")
    assert (finding.verdict, "desk/calls/one.csv (missing)" in finding.found) == (BAD, True)
    pipeline.land(healthy)
    assert found(healthy, "raw files").verdict == GOOD


def test_half_written_files_are_told_once_they_are_old(healthy: Paths) -> None:
    partial = healthy.raw / "desk" / "calls" / ".abc.parquet.tmp"
    partial.write_bytes(b"PAR1")
    candidate = pipeline.candidate_path(healthy)
    candidate.write_bytes(b"half")
    assert found(healthy, "leftovers").verdict == GOOD
    aged(partial)
    aged(candidate)
    finding = found(healthy, "leftovers")
    assert finding.verdict == WARNING
    assert finding.found == "2 half-written: .vitals-candidate.duckdb, raw/desk/calls/.abc.parquet.tmp"


def test_a_forgetting_that_did_not_finish_is_told(healthy: Paths) -> None:
    (healthy.warehouse / ".forget.key").touch()
    finding = found(healthy, "forgetting")
    assert finding.verdict == WARNING
    assert "same identifiers" in finding.remedy


def test_a_work_database_that_is_open_elsewhere_is_told_with_the_pid(healthy: Paths) -> None:
    with another(healthy, OPENER) as process:
        finding = found(healthy, "work database")
        assert finding.verdict == WARNING
        assert f"open in pid {process.pid}" in finding.found
    assert found(healthy, "work database").verdict == GOOD
    healthy.work_db.write_bytes(b"no database at all" * 1000)
    assert found(healthy, "work database").verdict == BAD


def test_the_last_run_is_told_as_it_ended() -> None:
    row = {"command": "run", "started_at": NOW.replace(tzinfo=None), "error": "Full.", "remedy": "Free some."}
    verdicts = {
        result: doctor.check_last_run([{**row, "result": result}], False).verdict
        for result in (runs.OK, runs.REFUSED, runs.ALERTS, runs.FAILED, runs.UNFINISHED, runs.RUNNING)
    }
    assert verdicts == {
        "ok": GOOD,
        "refused": WARNING,
        "alerts": WARNING,
        "failed": BAD,
        "unfinished": BAD,
        "running": BAD,
    }
    assert doctor.check_last_run([{**row, "result": runs.RUNNING}], True).verdict == GOOD
    assert doctor.check_last_run([{**row, "result": runs.FAILED}], False).remedy == "Free some."
    assert doctor.check_last_run([], False).verdict == WARNING


def test_a_model_that_changed_since_dbt_read_the_project_is_told(healthy: Paths) -> None:
    model = healthy.project / "models" / "marts" / "core" / "fct_contacts.sql"
    os.utime(model, (time.time() + 60, time.time() + 60))
    finding = found(healthy, "project")
    assert finding.verdict == WARNING
    assert finding.found.startswith("models/marts/core/fct_contacts.sql changed")


def test_a_broken_warehouse_is_told_of_check_by_check(
    healthy: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in (healthy.ledger_file, healthy.published_db, healthy.work_db, runs.history_file(healthy)):
        file.write_bytes(b"broken" * 100)
    (healthy.warehouse / "target" / "manifest.json").write_text("{")
    (healthy.project / "requirements.txt").unlink()
    findings = doctor.examine(healthy)
    bad = {one.check for one in findings if one.verdict == BAD}
    assert bad == {
        "landing",
        "clock",
        "versions",
        "published version",
        "raw files",
        "work database",
        "last run",
        "project",
    }
    assert all(one.remedy for one in findings if one.verdict == BAD)
    assert {one.check for one in findings if one.verdict == GOOD} >= {"lock", "disk", "salt", "leftovers"}
    monkeypatch.chdir(healthy.project)
    for name in ("VITALS_LANDING", "VITALS_WAREHOUSE"):
        monkeypatch.delenv(name, raising=False)
    assert CliRunner().invoke(app, ["doctor"]).exit_code == 1


def test_without_a_warehouse_nothing_fails(healthy: Paths) -> None:
    shutil.rmtree(healthy.warehouse)
    shutil.rmtree(healthy.landing)
    assert BAD not in {one.verdict for one in doctor.examine(healthy) if one.check != "versions"}
    assert not healthy.warehouse.exists()


def test_a_holder_of_whom_nothing_is_known_is_told_all_the_same() -> None:
    assert doctor.check_lock(Holder(None, None)).verdict == WARNING
