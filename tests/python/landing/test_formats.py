"""Every format that files come in lands with the same rows."""

import datetime as dt
import gzip
import io
import json
import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from desk import CALLS, LOG, PAGES, SHEET, Desk

from vitals.landing.records import snake_names
from vitals.streams import Stream

RECORDS: list[dict[str, object]] = [
    {"Id": "a", "Queue": "büro", "Seconds": 12},
    {"Id": "b", "Queue": None, "Seconds": 1.50},
]
EXPECTED = [("a", "büro", "12"), ("b", None, "1.5")]


def three(desk: Desk, stream: Stream) -> list[tuple[str | None, ...]]:
    return [(row["id"], row["queue"], row["seconds"]) for row in desk.rows(stream)]


def workbook(rows: list[list[object]], empty_sheet: bool = False) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    if empty_sheet:
        sheet = book.create_sheet("data")
    for row in rows:
        sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def parquet(columns: dict[str, list[object]]) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


def lines(records: list[dict[str, object]]) -> str:
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in records)


@pytest.mark.parametrize(
    "write",
    [
        lines,
        lambda records: "\n\n" + lines(records).replace("\n", "\r\n\r\n"),
        lambda records: lines(records).replace("\n", ""),
        json.dumps,
        lambda records: json.dumps(records, indent=2),
        lambda records: "".join(json.dumps(each, indent=4) for each in records),
        lambda records: "[\n" + ",\n".join(map(json.dumps, records)) + "\n]\n",
        lambda records: "\ufeff" + lines(records),
        lambda records: lines(records).encode("utf-16"),
        lambda records: gzip.compress(json.dumps(records).encode()),
        lambda records: "Id;Queue;Seconds\na;büro;12\nb;;1.5\n",
    ],
)
def test_json_in_every_shape(desk: Desk, write: Callable[[list[dict[str, object]]], str | bytes]) -> None:
    desk.drop("acme/calls/export.bin", write(RECORDS))
    outcome = desk.only()
    assert (outcome.status, outcome.rows_landed, outcome.rows_quarantined) == ("landed", 2, 0)
    assert three(desk, CALLS) == EXPECTED


@pytest.mark.parametrize(
    "write",
    [
        lambda records: json.dumps({"tickets": records, "next_page": None, "count": 2}),
        lambda records: json.dumps({"count": 2, "next": 'https://x/?a="b"', "tickets": records}, indent=2),
        lambda records: json.dumps(
            {"meta": {"more": [1]}, "tickets": records, "links": {"next": [{}]}}, indent=1
        ),
        lambda records: "\n".join(json.dumps({"tickets": [each]}) for each in records),
        lambda records: "".join(
            json.dumps({"tickets": [each], "users": [{"id": 9}]}, indent=2) for each in records
        ),
        lambda records: json.dumps([{"tickets": [each]} for each in records]),
        lambda records: '{"tickets":[\n' + ",\n".join(map(json.dumps, records)) + '\n],"count":2}',
        lines,
        json.dumps,
    ],
)
def test_records_in_a_wrapper(desk: Desk, write: Callable[[list[dict[str, object]]], str]) -> None:
    desk.drop("acme/pages/1.json", write(RECORDS))
    outcome = desk.only()
    assert (outcome.status, outcome.rows_landed, outcome.rows_quarantined) == ("landed", 2, 0)
    assert three(desk, PAGES) == EXPECTED


def test_a_wrapper_larger_than_the_buffer_is_read_in_pieces(desk: Desk) -> None:
    records = [{"id": str(number), "queue": "x" * 1000} for number in range(3000)]
    desk.drop("acme/pages/1.json", json.dumps({"tickets": records, "count": 3000}, indent=1))
    assert desk.only().rows_landed == 3000
    assert desk.values("id", PAGES) == [each["id"] for each in records]


def test_json_values_keep_their_text(desk: Desk) -> None:
    desk.drop(
        "acme/calls/a.json",
        '{"id": 12345678901234567890, "queue": {"Name": "Ä", "Rate": 1.10, "Open": true}, "seconds": 1e3, '
        '"caller": false, "Agent ARN": ["x", 2], "none": null}',
    )
    desk.land()
    (row,) = desk.rows()
    assert row["id"] == "12345678901234567890"
    assert json.loads(row["queue"]) == {"Name": "Ä", "Rate": "1.10", "Open": True}
    assert (row["seconds"], row["caller"]) == ("1e3", "false")
    assert row["extra_columns"] == '{"agent_arn":["x","2"]}'
    assert desk.ledger()[0]["extra_columns"] == "agent_arn"


def test_half_an_emoji_lands(desk: Desk) -> None:
    desk.drop("acme/calls/a.json", '{"id": "x\\ud83d", "queue": {"a": "\\ude00"}, "caller": "a\\u0000b"}')
    desk.land()
    (row,) = desk.rows()
    assert (row["id"], row["queue"], row["caller"]) == ("x\ufffd", '{"a":"\ufffd"}', "a\ufffdb")


def test_rows_know_where_they_come_from(desk: Desk) -> None:
    desk.drop("acme/calls/deep/er/a.json", '\n{"id": 1}\n\n{"id":\n 2}\n{"id": 3}{"id": 4}\n')
    desk.drop("acme/sheet/a.csv", 'id,queue\n1,"two\nlines"\n\n2,x\n')
    desk.land()
    assert desk.values("source_row") == [2, 4, 6, 7]
    assert set(desk.values("source_file")) == {"acme/calls/deep/er/a.json"}
    assert desk.values("source_row", SHEET) == [2, 5]
    assert {len(str(digest)) for digest in desk.values("file_hash")} == {64}
    assert desk.rows()[0]["landed_at"] == dt.datetime(2026, 10, 5, 12)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimited_text_with_any_separator(desk: Desk, separator: str, end: str) -> None:
    table = [["Id", "Queue", "Seconds"], ["a", "büro", "12"], ["b", "", "1.5"]]
    desk.drop("acme/sheet/a.txt", end.join(separator.join(row) for row in table))
    desk.land()
    assert three(desk, SHEET) == EXPECTED


def test_quoted_fields_hold_anything(desk: Desk) -> None:
    desk.drop("acme/sheet/a.csv", '"id","queue","seconds"\n"a","one, ""two""\nthree","1;2"\n')
    desk.land()
    assert three(desk, SHEET) == [("a", 'one, "two"\nthree', "1;2")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings(desk: Desk, encoding: str) -> None:
    stream = Stream(
        "acme",
        "sheet",
        "delimited",
        ("id", "queue", "seconds"),
        encoding=encoding.replace("utf-16", "cp1251"),
    )
    desk.drop("acme/sheet/a.csv", "id,queue,seconds\na,büro,12\nb,,1.5\n".encode(encoding))
    desk.land(stream)
    assert three(desk, stream) == EXPECTED


def test_undeclared_columns_are_kept(desk: Desk) -> None:
    desk.drop("acme/sheet/a.csv", "id,queue,VIP Level,vip_level,,unused\na,q,1,2,3,\n")
    desk.land()
    (row,) = desk.rows(SHEET)
    assert json.loads(row["extra_columns"]) == {"vip_level": "1", "vip_level_2": "2", "column_5": "3"}
    assert row["seconds"] is None
    assert desk.ledger()[0]["extra_columns"] == "column_5, vip_level, vip_level_2"


def test_a_header_alone_is_an_empty_export(desk: Desk) -> None:
    desk.drop("acme/sheet/a.csv", "id,queue,seconds\n")
    desk.drop("acme/calls/a.json", "[]")
    desk.drop("acme/pages/a.json", '{"tickets": [], "count": 0}')
    assert [(each.status, each.rows_landed) for each in desk.land().files] == [("landed", 0)] * 3


def test_the_pipe_format_is_positional_and_knows_no_quotes(desk: Desk) -> None:
    desk.drop("acme/log/queue_log", '100|c1|ENTERQUEUE|"x|y\n101|c1|CONNECT\n102|c2|ABANDON|1|2||\n')
    desk.land()
    assert [(row["event"], row["data1"], row["data2"]) for row in desk.rows(LOG)] == [
        ("ENTERQUEUE", '"x', "y"),
        ("CONNECT", None, None),
        ("ABANDON", "1", "2"),
    ]


def test_delimited_text_without_header(desk: Desk) -> None:
    stream = Stream("acme", "sheet", "delimited", ("id", "queue", "seconds"), ("id",), has_header=False)
    desk.drop("acme/sheet/a.csv", 'a;büro;12\nb;"";1.5\n')
    desk.land(stream)
    assert three(desk, stream) == EXPECTED


def test_a_workbook_lands_as_text(desk: Desk) -> None:
    content = workbook(
        [
            [],
            ["Id", "Queue", "Seconds", "When", "Day", "Lasted", "Ok"],
            [
                "a",
                "büro",
                12.0,
                dt.datetime(2026, 10, 5, 8, 30),
                dt.date(2026, 10, 5),
                dt.timedelta(hours=26),
                True,
            ],
            [None, None],
            ["b", None, 1.5],
        ],
        empty_sheet=True,
    )
    desk.drop("acme/sheet/a.xlsx", content)
    desk.land()
    assert three(desk, SHEET) == EXPECTED
    assert desk.values("source_row", SHEET) == [3, 5]
    extra = json.loads(desk.rows(SHEET)[0]["extra_columns"])
    assert extra == {
        "when": "2026-10-05T08:30:00",
        "day": "2026-10-05T00:00:00",
        "lasted": "26:00:00",
        "ok": "true",
    }


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_parquet_lands_as_text(desk: Desk, pack: Callable[[bytes], bytes]) -> None:
    content = parquet(
        {
            "Id": ["a", "b"],
            "Queue": ["büro", None],
            "Seconds": [12.0, 1.5],
            "At": [dt.datetime(2026, 10, 5, 8, tzinfo=dt.UTC)] * 2,
            "Price": [Decimal("0.10")] * 2,
            "Legs": [[{"n": 1}]] * 2,
        }
    )
    desk.drop("acme/sheet/a.dat", pack(content))
    desk.land()
    assert three(desk, SHEET) == EXPECTED
    assert desk.values("source_row", SHEET) == [1, 2]
    extra = json.loads(desk.rows(SHEET)[0]["extra_columns"])
    assert extra == {"at": "2026-10-05T08:00:00+00:00", "price": "0.10", "legs": '[{"n":1}]'}


def test_a_gzipped_workbook(desk: Desk) -> None:
    desk.drop(
        "acme/sheet/a.gz",
        gzip.compress(workbook([["id", "queue", "seconds"], ["a", "büro", 12], ["b", None, 1.5]])),
    )
    desk.land()
    assert three(desk, SHEET) == EXPECTED


@pytest.mark.parametrize(
    ("native", "names"),
    [
        (["ContactId", "AWSAccountId", "InstanceARN"], ("contact_id", "aws_account_id", "instance_arn")),
        (["vru+line", " Wait  Time (s) ", "2nd"], ("vru_line", "wait_time_s", "_2nd")),
        (["id", "Id", "ID", "id_2"], ("id", "id_2", "id_3", "id_2_2")),
        (["Опашка", "durée", "***"], ("опашка", "durée", "column_3")),
        (["data1", "x_y__z", "callID"], ("data1", "x_y_z", "call_id")),
    ],
)
def test_native_names_become_snake_case(native: list[str], names: tuple[str, ...]) -> None:
    assert snake_names(native) == names


def test_every_raw_file_of_a_stream_has_one_schema(desk: Desk) -> None:
    desk.drop("acme/sheet/a.csv", "id,queue\na,q\n")
    desk.drop("acme/sheet/b.xlsx", workbook([["seconds", "id"], [1, "b"]]))
    desk.drop("acme/sheet/c.parquet", parquet({"id": [1, 2], "other": [1, 2]}))
    desk.land(CALLS, LOG, PAGES, replace(SHEET, optional=("queue", "seconds")))
    files = sorted((desk.paths.raw / "acme" / "sheet").glob("*.parquet"))
    assert len(files) == 4
    assert len({str(pq.read_schema(file)) for file in files}) == 1
    for stream in ("calls", "log", "pages"):
        assert pq.read_table(desk.paths.raw / "acme" / stream / "_empty.parquet").num_rows == 0
    assert pq.read_table(desk.paths.run_file).to_pylist() == [{"as_of": None, "built_at": None}]


def test_random_bytes_never_stop_the_run(desk: Desk) -> None:
    noise = random.Random(7)
    for number in range(40):
        stream = noise.choice(["calls", "pages", "sheet", "log"])
        head = noise.choice(
            [
                b"",
                b"{",
                b"[",
                b'{"tickets":[',
                b"id,queue\n",
                b"PAR1",
                b"PK\x03\x04",
                b"\x1f\x8b\x08\x00",
                b"\xff\xfe",
            ]
        )
        desk.drop(f"acme/{stream}/{number}", head + noise.randbytes(noise.randrange(1, 5000)))
    report = desk.land()
    assert len(report.files) == 40
    assert all(each.reason and each.remedy for each in report.with_status("refused"))


def test_the_landed_file_is_left_alone(desk: Desk) -> None:
    path: Path = desk.drop("acme/sheet/a.csv", "id\na\n")
    path.chmod(0o440)
    before = path.stat()
    desk.land()
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) == (
        b"id\na\n",
        before.st_mtime_ns,
        before.st_mode,
    )
