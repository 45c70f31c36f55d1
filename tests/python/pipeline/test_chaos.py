"""The pipeline is killed, starved and locked out: a plain re-run gives what an undisturbed run gives.

`make chaos` does the same to the real models, a hundred times.
"""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from chaos.checks import half_landed, leftovers, not_whole, read_version
from chaos.child import Child
from chaos.stage import PHASES, Stage, may_mount
from vitals import dbt_build, pipeline
from vitals.errors import VitalsError
from vitals.landing.store import ParquetFile, raw_schema
from vitals.paths import Paths
from vitals.streams import load_streams

needs_root = pytest.mark.skipif(not may_mount(), reason="needs root, to mount a tmpfs")


@pytest.fixture(scope="module")
def stage(published_centre: Paths, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """The tiny centre with some forty files, one of which comes late."""
    home = tmp_path_factory.mktemp("chaos")
    exports = home / "exports" / "desk" / "calls"
    exports.mkdir(parents=True)
    for day in range(1, 29):
        rows = "".join(f"{day}-{call},2026-02-{day:02},{call}\n" for call in range(50))
        (exports / f"{day:02}.csv").write_text(f"call_id,day,wait_seconds\n{rows}", encoding="utf-8")
    return Stage(home / "stage", published_centre.project, home / "exports", ["desk/calls/28.csv"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("state", "phases"),
    [
        ("fresh", ("landing", "landing")),
        ("older", ("landing", "building", "publishing")),
    ],
)
def test_after_kills_a_plain_run_gives_what_an_undisturbed_one_gives(
    stage: Stage, state: str, phases: tuple[str, ...]
) -> None:
    score = stage.chain(stage.states[state], phases, random.Random(7))
    assert score.faults == []
    assert sum(score.counts[f"survived in {phase}"] for phase in PHASES) == len(phases)
    assert score.counts["re-runs equal"] == 1
    assert score.counts["polls"] > 0 or state == "fresh"


@pytest.mark.slow
@needs_root
def test_a_full_disk_is_named_and_a_run_with_more_space_goes_on(stage: Stage) -> None:
    assert stage.full_disk("publishing", 0.3).faults == []


@pytest.mark.slow
def test_a_missing_permission_is_named_and_once_given_the_run_goes_on(stage: Stage) -> None:
    places = (
        ("warehouse/raw/desk/calls", 0o555),
        ("warehouse/.lock", 0o000),
        ("landing/desk/calls/28.csv", 0),
    )
    assert stage.locked_out(stage.states["older"], places).faults == []


@pytest.mark.slow
def test_of_two_runs_at_once_one_works_and_the_other_names_it(stage: Stage) -> None:
    assert stage.two_at_once(stage.states["older"], offset=0.0).faults == []


def test_what_is_no_whole_version_is_seen(centre: Paths) -> None:
    whole = read_version(centre.published_db)
    assert not_whole(centre.published_db, [whole]) is None
    with duckdb.connect(str(centre.published_db)) as connection:
        connection.execute("delete from marts.fct_contacts where contact_id = 'a'")
    assert not_whole(centre.published_db, [whole]) == "vitals.duckdb is no whole version: marts.fct_contacts"
    centre.published_db.write_bytes(centre.published_db.read_bytes()[:5000])
    assert "cannot be read" in str(not_whole(centre.published_db, [whole]))


def test_a_half_landed_file_is_seen(centre: Paths) -> None:
    assert half_landed(centre) is None
    (file,) = (one for one in (centre.raw / "desk/calls").glob("*.parquet") if one.name != "_empty.parquet")
    table = pq.read_table(file)
    pq.write_table(table.slice(0, 2), file)
    assert "holds 2 rows" in str(half_landed(centre))
    file.write_bytes(file.read_bytes()[:-9])
    assert "cannot be read" in str(half_landed(centre))
    file.unlink()
    assert "is not there" in str(half_landed(centre))


def test_what_a_killed_landing_had_not_finished_is_cleared_away(centre: Paths) -> None:
    (centre.raw / "desk" / "calls" / ".f00.parquet.tmp").write_bytes(b"half")
    assert leftovers(centre) == ["raw/desk/calls/.f00.parquet.tmp"]
    pipeline.land(centre)
    assert leftovers(centre) == []


def test_a_file_that_cannot_be_finished_leaves_nothing_behind(
    centre: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: pq.ParquetWriter) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "close", full)
    target = centre.raw / "desk" / "calls" / "new.parquet"
    with (
        pytest.raises(OSError, match="No space left"),
        ParquetFile(target, raw_schema(load_streams(centre.project)[0])) as file,
    ):
        file.commit()
    assert leftovers(centre) == []
    assert not target.exists()


def test_a_damaged_work_database_is_rebuilt_from_nothing_and_the_user_is_told(centre: Paths) -> None:
    before = read_version(centre.published_db)
    centre.work_db.write_bytes(b"left half-written by a crash")
    told: list[str] = []
    pipeline.run(centre, on_progress=lambda step, done, total, detail: told.append(step))
    assert "The work database was damaged by a crash: rebuilding it from nothing" in told
    assert not_whole(centre.published_db, [before]) is None


def test_an_error_that_is_no_damage_keeps_the_work_database(
    centre: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise duckdb.OutOfMemoryException("Out of Memory Error: could not allocate")

    monkeypatch.setattr(duckdb, "connect", refuse)
    with pytest.raises(duckdb.OutOfMemoryException):
        dbt_build.ensure_usable(centre)
    assert centre.work_db.exists()


def test_a_model_that_fails_for_a_full_disk_is_told_as_such(
    centre: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = dbt_build.NodeResult(
        "m", "model", "m.sql", "IO Error: could not write: No space left on device"
    )
    report = dbt_build.DbtReport("id", 1, 0, 0, 1.0, failures=(failure,))
    monkeypatch.setattr(dbt_build, "build", lambda *args: report)
    with pytest.raises(VitalsError) as caught:
        pipeline.build(centre)
    assert "The disk is full" in caught.value.message
    assert "Free some space" in caught.value.remedy


@pytest.mark.slow
def test_the_process_of_the_gates_ends_by_itself_when_the_pipeline_is_killed(stage: Stage) -> None:
    stage._take("fresh")
    child = Child.start("run", stage.paths)
    child._listen(time.monotonic() + 60, PHASES["building"][0])
    gates = [
        int(one.name)
        for one in Path("/proc").iterdir()
        if one.name.isdigit() and _group_of(int(one.name)) == child.pid and int(one.name) != child.pid
    ]
    assert gates
    os.kill(child.pid, signal.SIGKILL)
    until = time.monotonic() + 60
    while any(_group_of(pid) == child.pid for pid in gates) and time.monotonic() < until:
        time.sleep(0.1)
    assert not [pid for pid in gates if _group_of(pid) == child.pid]


def _group_of(pid: int) -> int | None:
    """Process group of a process that still runs, not of one that only waits to be reaped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(state[2]) if state[0] != "Z" else None


def test_a_lock_left_by_a_process_that_is_gone_does_not_block(centre: Paths) -> None:
    (centre.warehouse / ".lock").write_text("4194303", encoding="ascii")
    assert pipeline.land(centre).files[0].status == "known"
