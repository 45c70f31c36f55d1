"""Whole files: what is refused, what is known; second runs, crashes, changed declarations."""

import datetime as dt
import gzip
import io
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from desk import CALLS, LOG, NOON, PAGES, SHEET, STREAMS, Desk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vitals.errors import VitalsError
from vitals.landing import land, pipeline_lock, write_run

LATER = NOON + dt.timedelta(days=1)


def workbook(rows: list[list[str]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def table(columns: dict[str, list[str]]) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


WORKBOOK = workbook([["id", "queue"], ["a", "b"]])
PARQUET = table({"id": ["a"] * 100})
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00\x00\x00\x01\x00\x08\x06\x00" * 20


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"\n \n\r\n", "only blank lines"),
        # Without a time in it: the content names the test, which every process must call the same.
        (gzip.compress(b"", mtime=0), "the file is empty"),
        (PNG, "the content is binary"),
        (
            b"queue,seconds,idd\nq,1,a\n",
            "required column id is missing; the file has queue, seconds, idd; the nearest is idd",
        ),
        (b"a sentence\n", "required column id is missing"),
        (b'id,"queue\nq,1\n', "the header cannot be read"),
        (b"id,caf\xe9\na,b\n", "the header cannot be read: byte 0xE9 at byte 7"),
        (
            b"id,queue\na\nb\n",
            "none of its 2 records can be read; the first, line 2: expected 2 fields, found 1",
        ),
        (gzip.compress(b"id,queue\n" + b"a,b\n" * 5000, mtime=0)[:-9], "compressed content is cut off"),
        (gzip.compress(os.urandom(9000))[:5000], "cut off or damaged"),
        (b"\x1f\x8b", "cut off or damaged"),
        (PARQUET[:-20], "the file is cut off or damaged"),
        (b"PAR1", "the file is cut off or damaged"),
        (WORKBOOK[:-200], "the file is cut off or damaged"),
        (workbook([]), "no sheet of the workbook has data"),
        (workbook([["queue"], ["a"]]), "required column id is missing"),
        (table({"queue": ["a"]}), "required column id is missing"),
        (b"\xff\xfei\x00d\x00\n\x00\x00", "the text cannot be decoded"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(desk: Desk, content: bytes, reason: str) -> None:
    desk.drop("acme/sheet/a", content)
    outcome = desk.only()
    assert outcome.status == "refused"
    assert reason in outcome.reason
    assert outcome.remedy
    assert (desk.rows(SHEET), desk.bad()) == ([], [])
    (row,) = desk.ledger()
    assert (row["status"], row["reason"], row["rows_read"], row["bytes"]) == (
        "refused",
        outcome.reason,
        0,
        len(content),
    )
    before = desk.files()
    assert desk.land(now=LATER).files[0].status == "refused"
    assert desk.files() == before


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (
            "calls",
            '{"Queue": "a"}\n{"ids": "a"}\n',
            "required column id is missing; the file has ids, queue; the nearest is ids",
        ),
        (
            "calls",
            '{"id": \n',
            "none of its 1 records can be read; the first, line 1: the file ends within the record",
        ),
        ("calls", "12 13\n", "none of its 2 records can be read"),
        ("pages", '{"errors": "unauthorised"}', "required column id is missing"),
        ("log", "no pipes here\n", "expected 3 to 5 fields, found 1"),
    ],
)
def test_json_and_pipe_files_are_refused(desk: Desk, name: str, content: str, reason: str) -> None:
    desk.drop(f"acme/{name}/a", content)
    outcome = desk.only()
    assert outcome.status == "refused"
    assert reason in outcome.reason


def test_a_zip_archive_is_no_workbook(desk: Desk) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.csv", "id\na\n")
    desk.drop("acme/sheet/a.zip", target.getvalue())
    assert "zip archive" in desk.only().reason


def test_a_file_without_permission_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.drop("acme/calls/a.json", '{"id": 1}')
    path.chmod(0)
    opened = Path.open

    def denied(self: Path, *arguments: str, **named: str) -> object:
        # The super-user may read everything.
        if self == path:
            raise PermissionError(13, "Permission denied")
        return opened(self, *arguments, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", denied)
    outcome = desk.only()
    assert (outcome.status, outcome.reason) == ("refused", "the file cannot be opened: Permission denied")
    assert "chmod" in outcome.remedy
    assert desk.ledger()[0]["file_hash"] is None


def test_a_refused_file_is_landed_when_it_was_corrected(desk: Desk) -> None:
    desk.drop("acme/sheet/a.csv", "queue\nq\n")
    assert desk.only().status == "refused"
    desk.drop("acme/sheet/a.csv", "id,queue\na,q\n")
    assert desk.only().status == "landed"
    assert [row["status"] for row in desk.ledger()] == ["landed"]


def test_one_bad_file_does_not_stop_the_others(desk: Desk) -> None:
    desk.drop("acme/sheet/1.csv", "id\na\n")
    desk.drop("acme/sheet/2.csv", "")
    desk.drop("acme/sheet/3.csv", "id\nb\n")
    report = desk.land()
    assert [each.status for each in report.files] == ["landed", "refused", "landed"]
    assert (report.rows_read, report.rows_landed, report.rows_quarantined) == (2, 2, 0)
    assert [each.source_file for each in report.with_status("refused")] == ["acme/sheet/2.csv"]


def test_landing_twice_changes_nothing(desk: Desk) -> None:
    desk.drop("acme/sheet/a.csv", "id,queue\na,q\nb\n")
    desk.drop("acme/sheet/b.csv", "id,queue\na,q\nb\n")
    desk.drop("acme/calls/a.json", '{"id": 1}\n{')
    desk.drop("acme/log/empty", "")
    assert [each.status for each in desk.land().files] == ["landed", "refused", "landed", "duplicate"]
    before = desk.files()
    assert [each.status for each in desk.land(now=LATER).files] == ["known", "refused", "known", "known"]
    assert desk.files() == before


def test_the_same_content_under_another_name_is_a_duplicate(desk: Desk) -> None:
    desk.drop("acme/calls/a.json", '{"id": 1}')
    desk.land()
    desk.drop("acme/calls/sub/copy.json", '{"id": 1}')
    desk.drop("acme/pages/a.json", '{"id": 1}')
    report = desk.land()
    assert [each.status for each in report.files] == ["known", "duplicate", "landed"]
    assert report.files[1].reason == "same content as acme/calls/a.json"
    assert (desk.values("id"), desk.values("id", PAGES)) == (["1"], ["1"])
    assert [row["rows_read"] for row in desk.ledger()] == [1, 0, 1]


def test_bad_lines_of_one_content_in_two_streams_are_all_kept(desk: Desk) -> None:
    desk.drop("acme/calls/a.json", '{"id": 1}\n{')
    desk.drop("acme/pages/a.json", '{"id": 1}\n{')
    desk.land()
    assert len(desk.bad()) == 2


def test_a_file_that_changes_while_it_is_read_waits(desk: Desk) -> None:
    path = desk.drop("acme/calls/a.json", '{"id": 1}\n')
    refused = desk.drop("acme/sheet/a.csv", "")

    def write_on(done: int, total: int, file: str) -> None:
        for each in (path, refused):
            with each.open("a") as target:
                target.write('{"id": 2}\n')

    report = land(desk.paths, STREAMS, NOON, write_on)
    assert [each.status for each in report.files] == ["being_written"] * 2
    assert (desk.ledger(), desk.rows()) == ([], [])
    refused.unlink()
    assert desk.only().status == "landed"


def test_a_file_that_goes_away_is_no_failure(desk: Desk) -> None:
    path = desk.drop("acme/calls/a.json", '{"id": 1}\n')
    report = land(desk.paths, STREAMS, NOON, lambda done, total, file: path.unlink(missing_ok=True))
    assert [each.status for each in report.files] == ["being_written"]


def test_transfers_in_progress_and_hidden_files_are_passed_over(desk: Desk) -> None:
    names = [".hidden", "a.tmp", "b.csv.part", "c.crdownload", "D.TMP", "~$book.xlsx"]
    for name in names:
        desk.drop(f"acme/calls/{name}", '{"id": 1}')
    desk.drop("acme/calls/.git/config", "x")
    report = desk.land()
    assert {each.status for each in report.files} == {"passed_over"}
    assert len(report.files) == len(names) + 1
    assert desk.ledger() == []


def test_links(desk: Desk, tmp_path: Path) -> None:
    inside = desk.drop("acme/calls/a.json", '{"id": 1}')
    outside = tmp_path / "secret.json"
    outside.write_text('{"id": 2}')
    (tmp_path / "folder").mkdir()
    calls = desk.paths.landing / "acme" / "calls"
    (calls / "b.json").symlink_to(inside)
    (calls / "c.json").symlink_to(outside)
    (calls / "d.json").symlink_to("nowhere")
    (calls / "e.json").symlink_to("e.json")
    (calls / "f").symlink_to(tmp_path / "folder")
    outcomes = {each.source_file[-6:]: (each.status, each.reason) for each in desk.land().files}
    assert outcomes == {
        "a.json": ("landed", ""),
        "b.json": ("duplicate", "same content as acme/calls/a.json"),
        "c.json": ("refused", "the link leads out of landing"),
        "d.json": ("refused", "the link leads nowhere"),
        "e.json": ("refused", "the link leads nowhere"),
        "alls/f": ("refused", "the link leads out of landing"),
    }


def test_special_files_are_refused(desk: Desk) -> None:
    desk.drop("acme/calls/a.json", '{"id": 1}')
    os.mkfifo(desk.paths.landing / "acme" / "calls" / "pipe")
    assert [each.status for each in desk.land().files] == ["landed", "refused"]


def test_folders_that_nobody_declared_are_reported(desk: Desk) -> None:
    kept = desk.drop("acme/cals/deep/a.json", '{"id": 1}')
    desk.drop("acme/cals/b.json", '{"id": 1}')
    desk.drop("other/thing/a.csv", "x")
    desk.drop("acme/loose.csv", "x")
    desk.drop("loose.csv", "x")
    report = desk.land()
    assert [(each.folder, each.files, each.hint) for each in report.unknown] == [
        (".", 1, ""),
        ("acme", 1, ""),
        ("acme/cals", 2, "acme/calls"),
        ("other/thing", 1, ""),
    ]
    assert kept.exists()
    assert report.files == ()


def test_names_of_a_foreign_encoding(desk: Desk) -> None:
    folder = desk.drop("acme/calls/a.json", '{"id": 1}').parent
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.json")).write_text('{"id": 2}')
    assert [each.source_file for each in desk.land().files] == [
        "acme/calls/a.json",
        "acme/calls/caf\\xe9.json",
    ]


def test_without_a_landing_folder_every_source_can_be_read(desk: Desk) -> None:
    report = desk.land()
    assert (report.files, report.unknown) == ((), ())
    for folder in [*(stream.key for stream in STREAMS), "vitals/ledger", "vitals/quarantine", "vitals/runs"]:
        assert len(list((desk.paths.raw / folder).glob("*.parquet"))) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"columns": ("id", "queue", "seconds", "caller", "extra")},
        {"columns": ("id",)},
        {"identifiers": ("caller",)},
        {"required": ()},
    ],
)
def test_a_changed_declaration_lands_its_files_again(desk: Desk, change: dict[str, tuple[str, ...]]) -> None:
    desk.drop("acme/calls/a.json", '{"id": 1, "caller": "x", "extra": {"a": 1}}\n{')
    desk.drop("acme/calls/b.json", '{"id": 1, "caller": "x", "extra": {"a": 1}}\n{')
    desk.drop("acme/sheet/a.csv", "id\na\n")
    desk.land()
    changed = replace(CALLS, **change)  # type: ignore[arg-type]
    report = desk.land(changed, LOG, PAGES, SHEET, now=LATER)
    assert [each.status for each in report.files] == ["landed", "duplicate", "known"]
    files = (desk.paths.raw / "acme" / "calls").glob("*.parquet")
    assert {tuple(pq.read_schema(file).names[:-5]) for file in files} == {changed.columns}
    assert (len(desk.rows(changed)), len(desk.bad())) == (1, 1)
    before = desk.files()
    assert [each.status for each in desk.land(changed, LOG, PAGES, SHEET).files] == ["known"] * 3
    assert desk.files() == before


def test_a_file_that_left_landing_follows_a_changed_declaration(desk: Desk) -> None:
    first = replace(CALLS, identifiers=("caller",))
    path = desk.drop(
        "acme/calls/a.json", '{"id": 1, "caller": "x", "extra": {"a": 1}, "queue": "q", "phone": "7"}\n'
    )
    desk.land(first)
    hashed = desk.values("caller", first)
    path.unlink()
    changed = replace(first, columns=("extra", "caller", "id", "phone"), identifiers=("caller", "phone"))
    desk.land(changed, now=LATER)
    (row,) = desk.rows(changed)
    assert (row["id"], row["extra"], row["extra_columns"]) == ("1", '{"a":"1"}', '{"queue":"q"}')
    assert [row["caller"]] == hashed
    assert len(row["phone"]) == 32
    assert (row["source_file"], row["source_row"], row["landed_at"]) == ("acme/calls/a.json", 1, NOON)


def test_a_file_refused_under_a_changed_declaration_takes_its_rows_along(desk: Desk) -> None:
    desk.drop("acme/sheet/a.csv", "id,queue\na,q\nb\n")
    desk.land()
    assert desk.only(replace(SHEET, required=("id", "seconds"))).status == "refused"
    assert (desk.rows(SHEET), desk.bad()) == ([], [])
    assert [row["status"] for row in desk.ledger()] == ["refused"]
    assert desk.only().status == "landed"


def test_a_raw_file_that_was_removed_is_landed_again(desk: Desk) -> None:
    desk.drop("acme/calls/a.json", '{"id": 1}')
    desk.land()
    for file in (desk.paths.raw / "acme" / "calls").glob("[0-9a-f]*.parquet"):
        file.unlink()
    assert desk.only().status == "landed"


def test_after_a_crash_the_next_run_lands_what_is_missing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        desk.drop(f"acme/calls/{number}.json", f'{{"id": {number}}}\n{{')

    def crash(done: int, total: int, file: str) -> None:
        if file.endswith("2.json"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        land(desk.paths, STREAMS, NOON, crash)
    assert [row["source_file"] for row in desk.ledger()] == ["acme/calls/0.json", "acme/calls/1.json"]
    desk.paths.ledger_file.unlink()
    assert [each.status for each in desk.land().files] == ["landed"] * 3
    assert desk.values("id") == ["0", "1", "2"]
    assert len(desk.bad()) == 3
    assert not list(desk.paths.warehouse.rglob("*.tmp"))


def test_a_damaged_ledger_is_named(desk: Desk) -> None:
    desk.land()
    desk.paths.ledger_file.write_bytes(b"no parquet")
    with pytest.raises(VitalsError, match=r"ledger\.parquet cannot be read"):
        desk.land()


def test_a_warehouse_that_cannot_be_written_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.drop("acme/calls/a.json", '{"id": 1}')
    desk.land()
    desk.drop("acme/calls/b.json", '{"id": 2}')

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    before = desk.files()
    with pytest.raises(VitalsError, match="No space left"):
        desk.land()
    assert desk.files() == before


def test_duckdb_reads_every_source(desk: Desk) -> None:
    duckdb = pytest.importorskip("duckdb")
    desk.drop("acme/calls/a.json", '{"id": 1}\n{')
    desk.land()
    for folder, count in {
        "acme/calls": 1,
        "acme/log": 0,
        "vitals/quarantine": 1,
        "vitals/ledger": 1,
        "vitals/runs": 1,
    }.items():
        files = desk.paths.raw / folder / "*.parquet"
        assert duckdb.sql(f"select count(*) from read_parquet('{files}')").fetchone() == (count,)


def test_progress_ends_at_the_whole(desk: Desk) -> None:
    desk.drop("acme/calls/a.json", '{"id": 1}\n' * 5000)
    desk.drop("acme/calls/b.json.gz", gzip.compress(b'{"id": 1}\n' * 5001))
    seen: list[tuple[int, int]] = []
    land(desk.paths, STREAMS, NOON, lambda done, total, file: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


def test_the_run_is_recorded_in_utc(desk: Desk) -> None:
    write_run(desk.paths, dt.datetime(2026, 10, 5, 12, tzinfo=dt.timezone(dt.timedelta(hours=2))))
    desk.land()
    assert pq.read_table(desk.paths.run_file).to_pylist() == [{"as_of": dt.datetime(2026, 10, 5, 10), "built_at": None}]


def test_one_pipeline_at_a_time(desk: Desk) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from vitals.landing import pipeline_lock; from vitals.paths import Paths\n"
        "root = Path(sys.argv[1])\n"
        "with pipeline_lock(Paths(root, root / 'landing', root / 'warehouse')):\n"
        "    print('held', flush=True); input()"
    )
    command = [sys.executable, "-c", program, str(desk.paths.project)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        with (
            pytest.raises(VitalsError, match=f"Process {other.pid} is already working"),
            pipeline_lock(desk.paths),
        ):
            pass
        other.communicate(b"\n")
    with pipeline_lock(desk.paths):
        pass


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(st.sampled_from(['{"id": 1}', '{"id": 2, "x": 3}', "{", "", '{"y": 1}']), max_size=5),
        max_size=4,
    )
)
def test_rows_are_conserved(tmp_path_factory: pytest.TempPathFactory, files: list[list[str]]) -> None:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    for number, lines in enumerate(files):
        desk.drop(f"acme/calls/{number}.json", "\n".join(lines))
    report = desk.land()
    assert (len(desk.rows()), len(desk.bad())) == (report.rows_landed, report.rows_quarantined)
    assert sum(row["rows_read"] for row in desk.ledger()) == report.rows_read
    before = desk.files()
    desk.land(now=LATER)
    assert desk.files() == before
