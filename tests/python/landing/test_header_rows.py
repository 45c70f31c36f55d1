"""Exports with several header rows: the first names the columns, none of them is data, and what the last says lands."""

import io
import json

import openpyxl
import pytest
from desk import Desk

from vitals.streams import Stream

SURVEY = Stream(
    "acme",
    "survey",
    "delimited",
    ("response_id", "start_date", "header"),
    required=("response_id",),
    header_rows=3,
    header_key="ImportId",
    from_header={"header": 3},
)
NAMES = ["ResponseId", "StartDate", "Q1"]
TEXTS = ["Response ID", "Start Date", 'How do you rate "us"?\nBe honest,\nplease']
KEYS = ['{"ImportId":"_recordId"}', '{"ImportId":"startDate","timeZone":"Europe/Sofia"}', '{"ImportId":"QID1"}']
RECORDS = [["R_1", "2026-10-05 10:00:00", "5"], ["R_2", "2026-10-05 11:00:00", ""]]


def line(cells: list[str], separator: str = ",") -> str:
    return separator.join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"


def text(*rows: list[str], separator: str = ",") -> str:
    return "".join(line(row, separator) for row in rows)


def workbook(*rows: list[str]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        text(NAMES, TEXTS, KEYS, *RECORDS),
        "\ufeff" + text(NAMES, TEXTS, KEYS, *RECORDS).replace("\n", "\r\n"),
        text(NAMES, TEXTS, KEYS, *RECORDS, separator="\t").encode("utf-16"),
        "\n" + text(NAMES, TEXTS, KEYS, *RECORDS),
        workbook(NAMES, TEXTS, KEYS, *RECORDS),
    ],
)
def test_header_rows_are_no_data_and_the_last_lands_beside_each_record(desk: Desk, content: str | bytes) -> None:
    desk.drop("acme/survey/week", content)
    outcome = desk.only(SURVEY)
    assert (outcome.status, outcome.rows_landed, outcome.rows_quarantined) == ("landed", 2, 0)
    rows = desk.rows(SURVEY)
    assert [row["response_id"] for row in rows] == ["R_1", "R_2"]
    assert [row["extra_columns"] for row in rows] == ['{"q1":"5"}', None]
    for row in rows:
        header = json.loads(row["header"])
        assert header["q1"] == '{"ImportId":"QID1"}'
        assert json.loads(header["start_date"])["timeZone"] == "Europe/Sofia"


def test_lines_are_counted_with_those_of_the_header(desk: Desk) -> None:
    desk.drop("acme/survey/week.csv", text(NAMES, TEXTS, KEYS, *RECORDS) + "R_3,2026-10-05 12:00:00,4,surplus\n")
    assert desk.only(SURVEY).rows_quarantined == 1
    # The question's text takes three lines.
    assert desk.values("source_row", SURVEY) == [6, 7]
    assert desk.bad() == [(8, "R_3,2026-10-05 12:00:00,4,surplus", "expected 3 fields, found 4")]


def test_a_text_of_many_lines_is_one_header_row(desk: Desk) -> None:
    long = ["a", "b", "\n".join(f"line {number}" for number in range(200))]
    desk.drop("acme/survey/week.csv", text(NAMES, long, KEYS, *RECORDS))
    assert desk.only(SURVEY).rows_landed == 2
    assert desk.values("source_row", SURVEY) == [203, 204]


def test_a_header_without_records_lands_without_rows(desk: Desk) -> None:
    desk.drop("acme/survey/week.csv", text(NAMES, TEXTS, KEYS))
    assert (desk.only(SURVEY).status, desk.rows(SURVEY)) == ("landed", [])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (text(NAMES, *RECORDS), "header row 3 of 3 is none: of column response_id it has 'R_2', not a JSON object with ImportId"),
        (text(NAMES, TEXTS, *RECORDS), "header row 3 of 3 is none: of column response_id it has 'R_1'"),
        (text(NAMES, TEXTS), "header row 3 of 3 has 0 cells, the first has 3"),
        (text(NAMES, KEYS, TEXTS, *RECORDS), "header row 3 of 3 is none: of column response_id it has 'Response ID'"),
        (text(NAMES, TEXTS[:2], KEYS, *RECORDS), "header row 2 of 3 has 2 cells, the first has 3"),
        (text(NAMES, TEXTS, [*KEYS[:2], "[1]"]), "header row 3 of 3 is none: of column q1 it has '[1]'"),
        (line(NAMES) + '"a","b","c\nd', "the header cannot be read"),
        (workbook(NAMES, *RECORDS), "header row 3 of 3 is none: of column response_id it has 'R_2'"),
        (workbook(NAMES, TEXTS), "header row 3 of 3 has 0 cells, the first has 3"),
    ],
)
def test_a_file_without_its_header_rows_is_refused(desk: Desk, content: str | bytes, reason: str) -> None:
    desk.drop("acme/survey/week", content)
    outcome = desk.only(SURVEY)
    assert (outcome.status, desk.rows(SURVEY)) == ("refused", [])
    assert reason in outcome.reason
    assert outcome.remedy
