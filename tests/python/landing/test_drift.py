"""Columns and encodings that change from one file of a stream to the next."""

import gzip
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from desk import SHEET, Desk

from vitals.errors import VitalsError
from vitals.landing.store import LEDGER, QUARANTINE


def test_a_renamed_column_refuses_its_file_alone_and_names_both(desk: Desk) -> None:
    desk.drop("acme/sheet/1.csv", "id,queue,seconds\na,q,1\n")
    desk.drop("acme/sheet/2.csv", "id,queue_name,seconds\nb,q,2\n")
    desk.drop("acme/sheet/3.csv", "seconds;id;queue\n3;c;q\n")
    desk.drop("acme/calls/1.json", '{"id": 1}')
    report = desk.land()
    (refused,) = report.with_status("refused")
    assert refused.source_file == "acme/sheet/2.csv"
    assert refused.reason == (
        "column queue (renamed to queue_name?) is missing, which earlier files of acme/sheet had; "
        "new in this file: queue_name"
    )
    assert "`optional: true`" in refused.remedy
    assert "models/staging/acme/_acme__sources.yml" in refused.remedy
    assert desk.values("id", SHEET) == ["a", "c"]
    assert desk.values("id") == ["1"]
    (row,) = [row for row in desk.ledger() if row["status"] == "refused"]
    assert row["reason_code"] == "missing_column"


def test_the_only_new_column_is_named_however_it_is_called(desk: Desk) -> None:
    desk.drop("acme/sheet/1.csv", "id,queue,seconds\na,q,1\n")
    desk.drop("acme/sheet/2.csv", "id,warteschlange,seconds\nb,q,2\n")
    (refused,) = desk.land().with_status("refused")
    assert "column queue (renamed to warteschlange?) is missing" in refused.reason


def test_a_column_that_is_gone_in_a_later_run_is_missed_though_the_first_file_is_gone(desk: Desk) -> None:
    first = desk.drop("acme/sheet/1.csv", "id,queue,seconds\na,q,1\n")
    desk.land()
    first.unlink()
    desk.drop("acme/sheet/2.csv", "id,seconds\nb,2\n")
    for _ in range(2):
        (refused,) = desk.land().with_status("refused")
        assert "column queue is missing" in refused.reason


def test_a_column_declared_optional_may_go_and_nothing_lands_again(desk: Desk) -> None:
    desk.drop("acme/sheet/1.csv", "id,queue,seconds\na,q,1\n")
    desk.drop("acme/sheet/2.csv", "id,seconds\nb,2\n")
    desk.land()
    accepting = replace(SHEET, optional=("queue",))
    assert [each.status for each in desk.land(accepting).files] == ["known", "landed"]
    assert desk.values("queue", SHEET) == ["q", None]


def test_first_files_may_lack_what_later_ones_bring_also_when_they_land_again(desk: Desk) -> None:
    desk.drop("acme/sheet/1.csv", "id\na\n")
    desk.drop("acme/sheet/2.csv", "id,queue\nb,q\n")
    assert not desk.land().with_status("refused")
    wider = replace(SHEET, columns=(*SHEET.columns, "mood"))
    assert [each.status for each in desk.land(wider).files] == ["landed", "landed"]


def test_a_table_is_held_to_the_columns_of_earlier_files_of_any_format(desk: Desk) -> None:
    desk.drop("acme/sheet/1.csv", "id,queue\na,q\n")
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": ["b"]}), sink)
    desk.drop("acme/sheet/2.parquet", sink.getvalue().to_pybytes())
    (refused,) = desk.land().with_status("refused")
    assert "column queue is missing" in refused.reason


def test_json_records_may_leave_out_what_is_empty(desk: Desk) -> None:
    desk.drop("acme/calls/1.json", '{"id": 1, "queue": "q"}')
    desk.drop("acme/calls/2.json", '{"id": 2}')
    assert not desk.land().with_status("refused")


def test_a_new_column_is_kept_and_told_with_its_first_file_alone(desk: Desk) -> None:
    desk.drop("acme/sheet/1.csv", "id\na\n")
    desk.drop("acme/sheet/2.csv", "id,Mood\nb,good\n")
    desk.drop("acme/sheet/3.csv", "id,Mood\nc,bad\n")
    assert [each.new_columns for each in desk.land().files] == [(), ("mood",), ()]
    assert desk.values("extra_columns", SHEET) == [None, '{"mood":"good"}', '{"mood":"bad"}']
    assert [row["extra_columns"] for row in desk.ledger()] == [None, "mood", "mood"]
    desk.drop("acme/sheet/4.csv", "id,Mood\nd,fair\n")
    assert [each.new_columns for each in desk.land().files] == [(), (), (), ()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_declared_encoding_is_for_files_that_do_not_prove_another(desk: Desk, encoding: str, pack) -> None:  # type: ignore[no-untyped-def]
    desk.drop("acme/sheet/a.csv", pack("id,queue\na,Büro\nb,crème brûlée\n".encode(encoding)))
    assert desk.only(replace(SHEET, encoding="latin-1")).rows_landed == 2
    assert desk.values("queue", SHEET) == ["Büro", "crème brûlée"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_proves_itself_by_its_ascii(desk: Desk, encoding: str) -> None:
    desk.drop("acme/sheet/a.csv", "id,queue\na,Опашка\n".encode(encoding))
    desk.drop("acme/calls/a.json", '{"id": "я", "queue": "Опашка"}'.encode(encoding))
    desk.land()
    assert desk.values("queue", SHEET) == desk.values("queue") == ["Опашка"]


def test_latin_1_that_nobody_declared_is_asked_for_line_by_line(desk: Desk) -> None:
    desk.drop("acme/sheet/a.csv", "id,queue\na,Buro\nb,Büro\n".encode("latin-1"))
    outcome = desk.only()
    assert (outcome.rows_landed, outcome.rows_quarantined) == (1, 1)
    ((line, text, reason),) = desk.bad()
    assert (line, text) == (3, "b,B\\xfcro")
    assert "declare the stream's `encoding`" in reason


def test_a_ledger_and_a_quarantine_of_an_older_layout_are_brought_to_the_present_one(desk: Desk) -> None:
    gone = desk.drop("acme/sheet/1.csv", "id,queue\na,q\nb\n")
    desk.land()
    gone.unlink()
    old = [name for name in LEDGER.names if name not in ("reason_code", "header")]
    rows = pq.ParquetFile(desk.paths.ledger_file).read().select(old).to_pylist()
    schema = pa.schema([field for field in LEDGER if field.name in old])
    pq.write_table(
        pa.Table.from_pylist([{**each, "declaration": "old"} for each in rows], schema), desk.paths.ledger_file
    )
    (kept,) = (each for each in desk.paths.quarantine_dir.glob("*.parquet") if each.name[0] != "_")
    pq.write_table(pq.ParquetFile(kept).read().drop_columns(["reason_code"]), kept)
    desk.land()
    assert pq.read_schema(kept).equals(QUARANTINE)
    assert desk.bad() == [(3, "b", "expected 2 fields, found 1")]
    assert desk.values("id", SHEET) == ["a"]
    assert set(desk.ledger()[0]) == set(LEDGER.names)


def test_a_column_cannot_be_required_and_optional(tmp_path) -> None:  # type: ignore[no-untyped-def]
    from vitals.streams import load_streams

    folder = tmp_path / "models" / "staging" / "acme"
    folder.mkdir(parents=True)
    (folder / "_acme__sources.yml").write_text(
        "sources: [{name: acme, tables: [{name: sheet, config: {meta: {format: delimited}}, "
        "columns: [{name: id, config: {meta: {required: true, optional: true}}}]}]}]"
    )
    with pytest.raises(VitalsError, match="both required and optional"):
        load_streams(tmp_path)


def test_codes_stand_beside_reasons_in_quarantine(desk: Desk) -> None:
    desk.drop("acme/sheet/a.csv", b'id,queue\na,q\nb\nc,\0\nd,\xff\ne,"q\n')
    desk.drop("acme/calls/a.json", b'{"id": 1}\n7\n{"id": }\n{"id": 2')
    desk.land()
    files = [file for file in desk.paths.quarantine_dir.glob("*.parquet") if file.name[0] != "_"]
    codes = sorted(row["reason_code"] for file in files for row in pq.ParquetFile(file).read().to_pylist())
    assert codes == [
        "broken_json",
        "cut_off",
        "not_an_object",
        "nul_character",
        "unclosed_quote",
        "undecodable",
        "wrong_field_count",
    ]
