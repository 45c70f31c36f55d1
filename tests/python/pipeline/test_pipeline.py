"""Build, audit, publish: what is published is what passed, and nobody loses what they read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import duckdb
import pytest

from vitals import dbt_build, pipeline
from vitals.doctor import unreadable_raw
from vitals.errors import VitalsError
from vitals.gates import GateFailed
from vitals.paths import Paths
from vitals.pipeline import AuditFailed
from vitals.publish import published_version

# A second process, as a dashboard is one: opens the published file, waits for a line, looks again.
READER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
for _ in range(2):
    print(connection.execute("select count(*) from marts.fct_contacts").fetchone()[0], flush=True)
    sys.stdin.readline()
"""

# Another program that has a database open to write.
HOLDER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
"""


def contacts(paths: Paths) -> int:
    """How many contacts a new reader sees."""
    with duckdb.connect(str(paths.published_db), read_only=True) as connection:
        row = connection.execute("select count(*) from marts.fct_contacts").fetchone()
    assert row is not None
    return int(row[0])


def test_the_published_file_holds_marts_with_their_descriptions_and_says_what_it_is(centre: Paths) -> None:
    with duckdb.connect(str(centre.published_db), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name, comment from duckdb_tables() order by 1"
        ).fetchall()
        columns = dict(
            connection.execute(
                "select column_name, comment from duckdb_columns() where table_name = 'fct_contacts'"
            ).fetchall()
        )
        views = connection.execute("select count(*) from duckdb_views() where not internal").fetchone()
        tags = connection.execute(
            "select tags from duckdb_databases() where database_name = 'vitals'"
        ).fetchone()
    assert [name for name, _ in tables] == [
        "marts.dim_kpi",
        "marts.fct_contacts",
        "marts.kpi_values",
        "quality.published_version",
    ]
    assert dict(tables)["marts.fct_contacts"] == 'One row per contact; "it\'s" what the customer lived.'
    assert columns["wait_seconds"] == "Queue wait, s."
    assert views == (0,)
    assert tags is not None
    assert tags[0]["storage_version"] == "v1.2.0+"
    version = published_version(centre.published_db)
    assert version is not None
    assert version.reporting_currency == "EUR"
    assert version.published_at < datetime.now(UTC)
    state = json.loads((centre.warehouse / "build.json").read_text())
    assert version.dbt_invocation_id == state["invocation_id"]


def test_a_reader_that_has_the_old_file_open_reads_on_while_a_new_one_is_published(
    centre: Paths, drop_calls: Callable[[str, str], None]
) -> None:
    drop_calls("two.csv", "call_id,day,wait_seconds\nd,2026-03-03,1\n")
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(centre.published_db)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert reader.stdin is not None
    assert reader.stdout.readline() == "3\n"
    pipeline.run(centre)
    reader.stdin.write("again\n")
    reader.stdin.flush()
    assert reader.stdout.readline() == "3\n"
    reader.communicate("done\n", timeout=30)
    assert reader.returncode == 0
    assert contacts(centre) == 4


def test_a_failed_test_names_itself_its_rows_and_how_to_see_them_and_the_published_file_stays(
    centre: Paths, drop_calls: Callable[[str, str], None]
) -> None:
    before = centre.published_db.stat()
    drop_calls("two.csv", "call_id,day,wait_seconds\nd,2026-03-03,-7\na,2026-03-03,1\n")
    with pytest.raises(AuditFailed) as caught:
        pipeline.run(centre)
    failures = {one.name: one for one in caught.value.report.failures}
    assert set(failures) == {"valid_rows_fct_contacts", "unique_fct_contacts_contact_id"}
    negative = failures["valid_rows_fct_contacts"]
    assert negative.rows == 1
    assert negative.rules == (("wait_seconds is negative", 1),)
    assert negative.sample == (
        {
            "broken_rules": "wait_seconds is negative",
            "contact_id": "d",
            "day": "2026-03-03",
            "wait_seconds": "-7.000",
        },
    )
    assert negative.file == "models/marts/_models.yml"
    commands = caught.value.commands(negative)
    assert commands is not None
    shell, python = commands
    assert shell.endswith('work.duckdb "from audit.valid_rows_fct_contacts"')
    # The Python one is run as it stands: it must work when a user pastes it.
    shown = subprocess.run(python, shell=True, capture_output=True, text=True, check=True)
    assert "-7.000" in shown.stdout
    after = centre.published_db.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert contacts(centre) == 3
    with pytest.raises(VitalsError, match="did not pass"):
        pipeline.publish(centre)


def test_a_model_that_fails_is_named_with_its_file_and_what_the_database_said(centre: Paths) -> None:
    model = centre.project / "models/marts/core/fct_contacts.sql"
    model.write_text("select call_id as contact_id, nothing as day from {{ ref('stg_desk__calls') }}")
    with pytest.raises(AuditFailed) as caught:
        pipeline.build(centre)
    (failure,) = caught.value.report.failures
    assert failure.kind == "model"
    assert failure.file == "models/marts/core/fct_contacts.sql"
    assert "nothing" in failure.message
    assert caught.value.report.skipped > 0


def test_a_candidate_that_fails_its_gate_is_not_published_and_the_data_docs_tell(centre: Paths) -> None:
    before = centre.published_db.stat().st_ino
    model = centre.project / "models/marts/kpis/kpi_values.sql"
    model.write_text(model.read_text().replace("count(*) as denominator", "0 as denominator"))
    pipeline.build(centre)
    with pytest.raises(GateFailed) as caught:
        pipeline.publish(centre)
    said = {one.check.says for one in caught.value.report.failures}
    assert "a rate counts no more than there is: 0 ≤ numerator ≤ denominator" in said
    assert "value is numerator ÷ denominator, and null where the denominator is 0" in said
    page = caught.value.docs.read_text(encoding="utf-8")
    assert "✗ failed" in page
    assert "First 2 offending rows" in page
    assert centre.published_db.stat().st_ino == before
    assert pipeline.candidate_path(centre).exists()


def test_raw_data_that_the_ledger_does_not_know_stops_the_build(centre: Paths) -> None:
    folder = centre.raw / "desk" / "calls"
    (known,) = (one for one in folder.glob("*.parquet") if one.name != "_empty.parquet")
    duckdb.execute(f"copy (select * replace ('f00' as file_hash) from '{known}') to '{folder}/f00.parquet'")
    with pytest.raises(GateFailed) as caught:
        pipeline.build(centre)
    (failure,) = caught.value.report.failures
    assert failure.check.table == "desk.calls"
    assert failure.check.says == "holds exactly the rows that the ledger counts, file by file"
    assert failure.sample[0]["file_hash"] == "f00"
    assert failure.sample[0]["in_raw"] == "3"


def test_a_stale_log_of_the_old_file_is_not_replayed_onto_the_new_one(centre: Paths) -> None:
    wal = centre.published_db.with_name("vitals.duckdb.wal")
    wal.write_bytes(b"left by a crash")
    pipeline.publish(centre)
    assert not wal.exists()
    assert contacts(centre) == 3
    assert not list(centre.warehouse.glob(".vitals-candidate*"))


def test_a_work_database_that_changed_after_its_tests_is_not_published(centre: Paths) -> None:
    with duckdb.connect(str(centre.work_db)) as connection:
        connection.execute("update marts.fct_contacts set wait_seconds = 0")
    with pytest.raises(VitalsError, match="changed since"):
        pipeline.publish(centre)


def test_a_part_that_passed_does_not_make_up_for_a_whole_that_failed(
    centre: Paths, drop_calls: Callable[[str, str], None]
) -> None:
    pipeline.build(centre, select=["dim_kpi"])
    pipeline.audit(centre)
    drop_calls("two.csv", "call_id,day,wait_seconds\nd,2026-03-03,-7\n")
    with pytest.raises(AuditFailed):
        pipeline.run(centre)
    pipeline.build(centre, select=["dim_kpi"])
    with pytest.raises(VitalsError, match="did not pass"):
        pipeline.audit(centre)


@pytest.mark.parametrize(("least", "threads"), [(0, 1), (1 << 40, 2)])
def test_much_raw_data_is_computed_one_model_at_a_time(
    centre: Paths, monkeypatch: pytest.MonkeyPatch, least: int, threads: int
) -> None:
    monkeypatch.setattr(pipeline, "_LARGE_BYTES", least)
    profile = centre.project / "profiles.yml"
    profile.write_text(
        profile.read_text(encoding="utf-8").replace("threads: 1", "threads: 2"), encoding="utf-8"
    )
    pipeline.build(centre, full=True)
    results = dbt_build.target_dir(centre) / "run_results.json"
    ran = {one["thread_id"] for one in json.loads(results.read_text(encoding="utf-8"))["results"]}
    assert len(ran) <= threads
    assert ("threads" in json.loads(results.read_text(encoding="utf-8"))["args"]) == (threads == 1)


def test_as_of_reaches_the_models_and_the_published_file(centre: Paths) -> None:
    report = pipeline.build(centre, as_of=datetime.fromisoformat("2026-03-02T02:00:00+02:00"))
    assert report.as_of == datetime(2026, 3, 2)
    assert pipeline.publish(centre).version.as_of == datetime(2026, 3, 2)


def test_running_twice_changes_nothing_but_the_date_of_publication(centre: Paths) -> None:
    report = pipeline.run(centre)
    assert [one.status for one in report.landing.files] == ["known"]
    assert contacts(centre) == 3


def test_a_work_database_that_somebody_has_open_is_named_before_any_work(centre: Paths) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            HOLDER,
            str(centre.work_db),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        with pytest.raises(VitalsError, match="open in another program"):
            pipeline.build(centre)
    finally:
        holder.communicate("done\n", timeout=30)


def test_without_a_landed_file_there_is_nothing_to_build(centre: Paths) -> None:
    empty = Paths(centre.project, centre.project / "nothing", centre.project / "new_warehouse")
    with pytest.raises(VitalsError, match="nothing to build") as nothing:
        pipeline.run(empty)
    assert "Drop exports" in nothing.value.remedy
    other = empty.landing / "desk" / "calls" / "other.csv"
    other.parent.mkdir(parents=True)
    other.write_text("caller,day\nx,2026-03-01\n", encoding="utf-8")
    with pytest.raises(VitalsError, match="was landed yet, 1 refused") as refused:
        pipeline.run(empty)
    assert "Correct" in refused.value.remedy


def test_the_environment_and_the_folder_are_as_they_were_after_a_build(
    centre: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITALS_WAREHOUSE", "elsewhere")
    folder = os.getcwd()  # noqa: PTH109 - the process's own, whatever pathlib says
    pipeline.build(centre)
    assert os.environ["VITALS_WAREHOUSE"] == "elsewhere"
    assert os.getcwd() == folder  # noqa: PTH109


def test_rows_older_than_their_stream_keeps_leave_what_is_published(
    centre: Paths, drop_calls: Callable[[str, str], None]
) -> None:
    staging = centre.project / "models" / "staging" / "desk"
    model = staging / "stg_desk__calls.sql"
    model.write_text(
        model.read_text(encoding="utf-8").replace(
            "    call_id,",
            "    call_id, file_hash, source_row, landed_at, cast(day as timestamp) as updated_at,",
        ),
        encoding="utf-8",
    )
    today = datetime.now(UTC).date()
    drop_calls("two.csv", f"call_id,day,wait_seconds\nd,2026-03-01,10\ne,{today},30\n")
    pipeline.run(centre)
    assert contacts(centre) == 5
    sources = staging / "_desk__sources.yml"
    sources.write_text(
        sources.read_text(encoding="utf-8").replace("format: delimited", "format: delimited, keep_days: 30"),
        encoding="utf-8",
    )
    report = pipeline.run(centre)
    assert report.landing.rows_expired == 4
    assert {one.status for one in report.landing.files} == {"known"}
    with duckdb.connect(str(centre.published_db), read_only=True) as connection:
        assert connection.execute("select contact_id from marts.fct_contacts").fetchall() == [("e",)]
    assert unreadable_raw(centre) == {}
