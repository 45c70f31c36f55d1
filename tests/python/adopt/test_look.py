"""What `vitals adopt` sees in a file: encoding, separator, header, kinds, and what its dates prove."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import openpyxl
import pytest

from vitals.adopt.look import look_at
from vitals.errors import VitalsError

CALLS = "number;begun;caller\n1;05.10.2026 09:00;Иван\n2;13.10.2026 10:00;Мария\n"


@pytest.mark.parametrize(
    ("encoding", "seen_as", "is_proven"),
    [
        ("utf-8", "utf-8", True),
        ("utf-8-sig", "utf-8-sig", True),
        ("utf-16", "utf-16", True),
        ("utf-16-le", "utf-16-le", True),
    ],
)
def test_unicode_proves_itself(tmp_path: Path, encoding: str, seen_as: str, is_proven: bool) -> None:
    file = tmp_path / "calls.csv"
    file.write_bytes(CALLS.encode(encoding))
    seen = look_at(file)
    assert (seen.encoding, seen.is_encoding_proven) == (seen_as, is_proven)
    assert [each.name for each in seen.columns] == ["number", "begun", "caller"]
    assert [*seen.columns[2].words] == ["Иван", "Мария"]


def test_another_encoding_is_a_guess_until_it_is_stated(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    words = "Обаждане за сметката, клиентът чака отговор и ще се обади пак утре сутринта"
    file.write_bytes(f"number;begun;words\n1;05.10.2026 09:00;{words}\n".encode("cp1251"))
    assert not look_at(file).is_encoding_proven
    stated = look_at(file, "cp1251")
    assert stated.is_encoding_proven
    assert [*stated.columns[2].words] == [words]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_the_one_that_gives_columns(tmp_path: Path, separator: str) -> None:
    file = tmp_path / "calls.txt"
    rows = [["id", "begun", "note"], ["1", "2026-10-05 09:00", '"a, b; c"'], ["2", "2026-10-06 09:00", "d"]]
    file.write_text("".join(separator.join(row) + "\n" for row in rows), encoding="utf-8")
    seen = look_at(file)
    assert seen.separator == separator
    assert (len(seen.columns), seen.rows, seen.bad_count) == (3, 2, 0)


def test_a_log_without_a_header_has_numbered_columns(tmp_path: Path) -> None:
    file = tmp_path / "queue.log"
    file.write_text("1791180937|a1|support|ENTER\n1791180940|a1|support|CONNECT\n", encoding="ascii")
    seen = look_at(file)
    assert not seen.has_header
    assert [each.name for each in seen.columns] == ["column_1", "column_2", "column_3", "column_4"]
    assert seen.rows == 2


@pytest.mark.parametrize(
    ("dates", "order", "proof"),
    [
        (["05/10/2026", "13/10/2026"], "day_first", ("13/10/2026", 3)),
        (["10/05/2026 9:02 PM", "10/13/2026 9:02 AM"], "month_first", ("10/13/2026 9:02 AM", 3)),
        (["05.10.2026", "06.10.2026"], "unproven", None),
        (["13.10.2026", "10.13.2026"], "contradicted", None),
        (["2026-10-05", "2026-10-13"], "", None),
    ],
)
def test_the_order_of_day_and_month_is_proved_by_all_rows(
    tmp_path: Path, dates: list[str], order: str, proof: tuple[str, int] | None
) -> None:
    file = tmp_path / "calls.csv"
    file.write_text("id,begun\n" + "".join(f"{n},{date}\n" for n, date in enumerate(dates)), encoding="ascii")
    column = look_at(file).columns[1]
    assert column.is_time
    assert (column.order, column.proof) == (order, proof)


def test_offsets_and_epochs_are_told(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_text(
        "id,start_time,end_time,queue_ts\n"
        "1,2026-10-05T09:00:00+03:00,1791180937,1791180937123\n"
        "2,2026-10-05T06:30:00Z,1791180999,1791180999123\n",
        encoding="ascii",
    )
    seen = look_at(file)
    assert [each.kind for each in seen.columns] == ["count", "time", "epoch_s", "epoch_ms"]
    assert seen.columns[1].zoned == 1


def test_kinds_are_those_of_nearly_all_values_and_strays_are_named(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    rows = [f"{n},0:03:{n % 60:02},{n}.5,a{n}@example.org,yes" for n in range(60)]
    rows[7] = "seven,0:03:07,7.5,nobody,no"
    file.write_text("id,talk,score,mail,solved\n" + "\n".join(rows) + "\n", encoding="ascii")
    seen = look_at(file)
    assert [each.kind for each in seen.columns] == ["count", "duration", "number", "email", "boolean"]
    assert seen.columns[0].strays == (("seven", 9),)
    assert seen.columns[3].strays == (("nobody", 9),)


def test_workbooks_json_lines_wrapped_json_and_gzip_are_read(tmp_path: Path) -> None:
    records = [
        {"id": 1, "opened": "2026-10-05 09:00"},
        {"id": 2, "opened": "2026-10-06 09:00", "note": {"a": 1}},
    ]
    lines = tmp_path / "calls.jsonl"
    lines.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="ascii")
    wrapped = tmp_path / "calls.json"
    wrapped.write_text(json.dumps({"count": 2, "tickets": records}), encoding="ascii")
    packed = tmp_path / "calls.csv.gz"
    packed.write_bytes(gzip.compress(b"id,opened\n1,2026-10-05 09:00\n2,2026-10-06 09:00\n"))
    book = openpyxl.Workbook()
    for row in (["id", "opened"], [1, "2026-10-05 09:00"], [2, "2026-10-06 09:00"]):
        book.active.append(row)
    book.save(tmp_path / "calls.xlsx")
    seen = {file.name: look_at(file) for file in tmp_path.iterdir()}
    assert {name: each.rows for name, each in seen.items()} == dict.fromkeys(seen, 2)
    assert seen["calls.json"].records == "tickets"
    assert seen["calls.jsonl"].columns[2].kind == "nested"
    assert seen["calls.xlsx"].shown_format == "XLSX"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.csv", b"", "is empty"),
        ("header.csv", b"id,begun\n", "holds no record"),
        ("prose.log", b"it all went well\nuntil it did not\n", "row 1: no separator"),
        (
            "clash.csv",
            b"id,source_file\n1,a\n",
            "row 1: 'source_file' is the name of a column that landing adds",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_file_and_row(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(VitalsError) as refused:
        look_at(file)
    assert name in refused.value.message
    assert told in refused.value.message
    assert refused.value.remedy
