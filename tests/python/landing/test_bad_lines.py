"""A bad line goes to quarantine with its number, its text and the reason; the rest of its file goes on."""

import csv
import io
import json

import pytest
from desk import CALLS, LOG, PAGES, SHEET, Desk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vitals.landing.read_delimited import read_delimited
from vitals.landing.read_json import read_json
from vitals.landing.records import Bad, Row
from vitals.streams import Stream


def test_wrong_numbers_of_fields(desk: Desk) -> None:
    desk.drop("acme/sheet/a.csv", "id,queue,seconds\na,q,1\nb,q\nc,q,1,2\nd,q,1\n")
    outcome = desk.only()
    assert (outcome.rows_landed, outcome.rows_quarantined) == (2, 2)
    assert desk.values("id", SHEET) == ["a", "d"]
    assert desk.bad() == [
        (3, "b,q", "expected 3 fields, found 2"),
        (4, "c,q,1,2", "expected 3 fields, found 4"),
    ]
    (row,) = desk.ledger()
    assert (row["rows_read"], row["rows_landed"], row["rows_quarantined"]) == (4, 2, 2)


def test_wrong_numbers_of_fields_in_the_pipe_format(desk: Desk) -> None:
    desk.drop("acme/log/a", "100|c1|ENTERQUEUE\n101|c1\n102|c|E|1|2|3\n103|c1|ABANDON\n")
    desk.land()
    assert desk.values("epoch", LOG) == ["100", "103"]
    assert [each[::2] for each in desk.bad()] == [
        (2, "expected 3 to 5 fields, found 2"),
        (3, "expected 3 to 5 fields, found 6"),
    ]


@pytest.mark.parametrize(
    "rest",
    ["b,q,1\nc,q,2\n", 'b,"q",1\nc,q,2\n', 'b,"q\n\nr",1\nc,q,2\n', 'b,"",1\nc,q,2', 'b,",q",1\nc,q,2\n'],
)
@pytest.mark.parametrize("broken", ['x,"open,9', '"x,open,9', 'x,open,"9', 'x,"op"en",9'])
def test_an_unclosed_quote_takes_its_own_line_only(desk: Desk, broken: str, rest: str) -> None:
    desk.drop("acme/sheet/a.csv", f"id,queue,seconds\na,q,1\n{broken}\n{rest}")
    desk.land()
    assert desk.values("id", SHEET) == ["a", "b", "c"]
    ((line, text, reason),) = desk.bad()
    assert (line, text) == (3, broken)
    assert "quote" in reason


def test_an_unclosed_quote_in_a_large_file_is_found_soon(desk: Desk) -> None:
    rows = [f"{number},{'x' * 90},1" for number in range(30_000)]
    rows[5] = '5,"open,1'
    rows[20_000] = '20000,"open,1'
    desk.drop("acme/sheet/a.csv", "id,queue,seconds\n" + "\n".join(rows))
    outcome = desk.only()
    assert (outcome.rows_landed, [line for line, _, _ in desk.bad()]) == (29_998, [7, 20_002])


NOT_UTF_8 = "is not utf-8: export as UTF-8, or declare the stream's `encoding`"


def test_undecodable_bytes(desk: Desk) -> None:
    desk.drop("acme/sheet/a.csv", b"id,queue,seconds\na,\xc3\xa9,1\nb,caf\xe9,1\nc,q,1\n")
    desk.drop("acme/calls/a.json", b'{"id": "a"}\n{"id": "\xe9"}\n{"id": "c"}\n')
    desk.drop("acme/log/a", b"1|c|E\n2|\xff|E\n")
    desk.land()
    assert (desk.values("id", SHEET), desk.values("id"), desk.values("epoch", LOG)) == (
        ["a", "c"],
        ["a", "c"],
        ["1"],
    )
    assert desk.bad() == [
        (2, "2|\\xff|E", f"byte 0xFF at byte 3 {NOT_UTF_8}"),
        (2, '{"id": "\\xe9"}', f"byte 0xE9 at byte 9 {NOT_UTF_8}"),
        (3, "b,caf\\xe9,1", f"byte 0xE9 at byte 6 {NOT_UTF_8}"),
    ]


def test_nul_characters(desk: Desk) -> None:
    desk.drop("acme/sheet/a.csv", "id,queue,seconds\na,q,1\nb,q\0,1\nc,q,1\n")
    desk.drop("acme/calls/a.json", '{"id": "a"}\n{"id": "\0"}\n{"id": "c"}\n')
    desk.drop("acme/log/a", "1|c|E\n2|\0|E\n3|c|E\n")
    desk.land()
    assert (desk.values("id", SHEET), desk.values("id"), desk.values("epoch", LOG)) == (
        ["a", "c"],
        ["a", "c"],
        ["1", "3"],
    )
    assert {(text, reason) for _, text, reason in desk.bad()} == {
        ("b,q\\x00,1", "NUL character"),
        ('{"id": "\\x00"}', "NUL character"),
        ("2|\\x00|E", "NUL character"),
    }


@pytest.mark.parametrize(
    "broken",
    [
        '{"id": "x", }',
        '{"id": "x"',
        '{"id": "x',
        '{"id":',
        '{"id": {"a": [1, ',
        "{",
        "id: x",
        "<html>",
        '{"id": tru}',
        "}",
    ],
)
def test_broken_json_costs_its_own_line_only(desk: Desk, broken: str) -> None:
    good = [json.dumps({"id": each, "queue": {"q": [1]}}) for each in "abc"]
    desk.drop("acme/calls/a.json", "\n".join([good[0], broken, *good[1:]]))
    desk.land()
    assert desk.values("id") == ["a", "b", "c"]
    assert [(line, text) for line, text, _ in desk.bad()] == [(2, broken)]


@pytest.mark.parametrize("indent", [None, 0, 2, 4])
@pytest.mark.parametrize("records", [None, "tickets"])
def test_broken_records_of_lists_and_wrappers(desk: Desk, indent: int | None, records: str | None) -> None:
    tickets = [{"id": each, "queue": {"name": "q", "tags": [{"n": 1}]}} for each in ["a", "BROKEN", "c", "d"]]
    text = json.dumps({"tickets": tickets, "count": 4} if records else tickets, indent=indent)
    if indent is None:
        text = text.replace("}, {", "},\n{").replace("[{", "[\n{", 1)
    stream = PAGES if records else CALLS
    desk.drop(f"acme/{stream.name}/a.json", text.replace('"BROKEN"', '"BROKEN'))
    desk.drop(f"acme/{stream.name}/b.json", text + "\n" + text.replace('"BROKEN"', '"e"'))
    desk.land()
    values = desk.values("id", stream)
    if indent == 0:
        # Without indentation the broken record's inner objects cannot be told from records.
        values = [value for value in values if value]
    assert values == ["a", "c", "d", "a", "BROKEN", "c", "d", "a", "e", "c", "d"]
    assert "BROKEN" in desk.bad()[0][1]


def test_a_page_after_a_broken_page(desk: Desk) -> None:
    pages = [
        {"tickets": [{"id": str(page * 10 + each)} for each in range(3)], "count": 3} for page in range(3)
    ]
    text = [json.dumps(page) for page in pages]
    text[1] = text[1].replace('"11"', '"11')
    desk.drop("acme/pages/a.json", "\n".join(text))
    desk.land()
    assert desk.values("id", PAGES) == ["0", "1", "2", "10", "20", "21", "22"]
    ((line, rest, _),) = desk.bad()
    assert line == 2
    assert '"12"' in rest


def test_json_that_was_cut_off(desk: Desk) -> None:
    desk.drop("acme/calls/a.json", '{"id": "a"}\n{"id": "b", "queue": "lo')
    desk.drop("acme/calls/b.json", '[{"id": "a"},\n{"id": "b"}')
    desk.drop("acme/pages/c.json", '{"tickets": [{"id": "a"}, {"id"')
    desk.land()
    assert desk.values("id") == ["a", "a", "b"]
    assert desk.bad() == [
        (1, '{"id"', "the file ends within the record"),
        (2, "", "the file ends before its list does: it may have been cut off"),
        (2, '{"id": "b", "queue": "lo', "the file ends within the record"),
    ]


def test_json_that_is_no_object(desk: Desk) -> None:
    desk.drop("acme/calls/a.json", '[{"id": "a"}, 12, "text", null, {"id": "b"}]\ntrue\n{"id": "c"}')
    desk.land()
    assert desk.values("id") == ["a", "b", "c"]
    assert [text for _, text, _ in desk.bad()] == ['"text"', "12", "null", "true"]
    assert {reason for _, _, reason in desk.bad()} == {"not a JSON object"}


def test_json_nested_without_end(desk: Desk) -> None:
    desk.drop("acme/calls/a.json", '{"id": "a"}\n{"id": ' + "[" * 100_000 + '\n{"id": "b"}')
    desk.land()
    assert desk.values("id") == ["a", "b"]
    assert len(desk.bad()) == 1


def test_a_long_row_of_a_workbook(desk: Desk) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["id", "queue"], ["a", "q"], ["b", "q", None, "more"], ["c"]):
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    desk.drop("acme/sheet/a.xlsx", target.getvalue())
    desk.land()
    assert desk.values("id", SHEET) == ["a", "c"]
    assert desk.bad() == [(3, "b\tq\t\tmore", "expected 2 cells, found 4")]


def test_further_sheets_of_a_workbook_are_told_and_empty_ones_are_not(desk: Desk) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheets = {
        "October": [["id", "queue"], ["a", "q"]],
        "Notes": [],
        "November": [[], ["id", "queue"], ["b", "q"]],
    }
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    desk.drop("acme/sheet/a.xlsx", target.getvalue())
    desk.land()
    assert desk.values("id", SHEET) == ["a"]
    reason = "sheet 'November' is not read, 'October' is: drop one workbook for each sheet"
    assert desk.bad() == [(2, "id\tqueue", reason)]


# What any export may hold: all of Unicode but surrogates.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
RECORD = st.fixed_dictionaries({"id": TEXT, "queue": VALUE})


def numbers_as_text(value: object) -> object:
    """The value as landing keeps it: numbers by their digits."""
    match value:
        case bool() | None | str():
            return value
        case int():
            return str(value)
        case list():
            return [numbers_as_text(each) for each in value]
        case dict():
            return {key: numbers_as_text(each) for key, each in value.items()}
    raise TypeError(value)


def without_nul(value: object) -> str:
    return json.dumps(value).replace("\\u0000", "\\ufffd")


def shaped(records: list[dict[str, object]], shape: str) -> str:
    match shape:
        case "lines":
            return "\n".join(map(json.dumps, records))
        case "joined":
            return "".join(json.dumps(each, ensure_ascii=False) for each in records)
        case "list":
            return json.dumps(records, indent=3)
        case _:
            return json.dumps({"n": 1, "tickets": records, "next": None}, indent=1, ensure_ascii=False)


@settings(deadline=None, max_examples=150)
@given(st.lists(RECORD, min_size=1, max_size=8), st.sampled_from(["lines", "joined", "list", "wrapped"]))
def test_every_json_record_comes_back_once(records: list[dict[str, object]], shape: str) -> None:
    found = list(read_json(io.StringIO(shaped(records, shape)), "utf-8", "tickets"))
    rows = [dict(zip(each.names, each.values, strict=True)) for each in found if isinstance(each, Row)]
    assert len(rows) == len(found)
    # NUL is the one character that no database takes.
    assert without_nul(rows) == without_nul([numbers_as_text(each) for each in records])


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RECORD, min_size=2, max_size=8), st.data())
def test_a_corrupt_json_line_leaves_the_others_alone(
    records: list[dict[str, object]], data: st.DataObject
) -> None:
    lines = [json.dumps(each, ensure_ascii=False) for each in records]
    victim = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[victim])))
    junk = data.draw(st.sampled_from(["", '"', "{", "}", "]", "\\", "\udce9", "\0", "x", ":", ","]))
    cut = data.draw(st.sampled_from([0, 1, 2, 1000]))
    lines[victim] = lines[victim][:place] + junk + lines[victim][place + cut :]
    found = list(read_json(io.StringIO("\n".join(lines)), "utf-8", None))
    by_line = {
        each.line: dict(zip(each.names, each.values, strict=True)) for each in found if isinstance(each, Row)
    }
    for number, record in enumerate(records, 1):
        if number != victim + 1:
            assert by_line[number].keys() == record.keys()
    if lines[victim].strip(" ,[]"):
        assert victim + 1 in {each.line for each in found}


FIELD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
TABLE = st.lists(st.tuples(FIELD.map(lambda text: f"i{text}"), FIELD, FIELD), min_size=1, max_size=8)
ABC = Stream("acme", "abc", "delimited", ("a", "b", "c"))


def delimited(table: list[tuple[str, ...]], separator: str, quoting: int = csv.QUOTE_MINIMAL) -> str:
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=separator, quoting=quoting).writerows([("a", "b", "c"), *table])  # type: ignore[arg-type]
    return target.getvalue()


@settings(deadline=None, max_examples=200)
@given(TABLE, st.sampled_from(",;\t|"), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_every_delimited_record_comes_back_once(
    table: list[tuple[str, ...]], separator: str, quoting: int
) -> None:
    found = list(read_delimited(io.StringIO(delimited(table, separator, quoting), newline=""), "utf-8", ABC))
    assert [tuple(each.values) for each in found if isinstance(each, Row)] == [
        tuple(field or None for field in record) for record in table
    ]
    assert not [each for each in found if isinstance(each, Bad)]


PLAIN = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters='",'),
    min_size=1,
    max_size=6,
)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(PLAIN, PLAIN, PLAIN), min_size=2, max_size=8), st.data())
def test_a_corrupt_delimited_line_leaves_the_others_alone(
    table: list[tuple[str, ...]], data: st.DataObject
) -> None:
    lines = delimited([(f"i{a}", b, c) for a, b, c in table], ",", csv.QUOTE_ALL).splitlines()[1:]
    quoted = data.draw(st.booleans())
    lines = lines if quoted else [line.replace('"', "") for line in lines]
    victim = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[victim])))
    junk = data.draw(st.sampled_from(["", '"', ",", "\udce9", "\0", 'x"y', ',"']))
    cut = data.draw(st.sampled_from([0, 1, 1000]))
    lines[victim] = lines[victim][:place] + junk + lines[victim][place + cut :]
    found = list(read_delimited(io.StringIO("\n".join(["a,b,c", *lines]), newline=""), "utf-8", ABC))
    rows = {each.line: tuple(each.values) for each in found if isinstance(each, Row)}
    for number, (a, b, c) in enumerate(table):
        if number != victim:
            assert rows[number + 2] == (f"i{a}", b, c)
    if lines[victim].strip():
        assert victim + 2 in {each.line for each in found}


def test_the_last_line_of_a_log_counts_only_once_it_has_its_end(desk: Desk) -> None:
    # 35 s of waiting, of which only the 3 was written when somebody copied the log
    desk.drop("acme/log/queue_log", "1|c1|CONNECT|12|\n2|c2|CONNECT|3")
    outcome = desk.only(LOG)
    assert (outcome.rows_landed, outcome.rows_quarantined) == (1, 1)
    ((line, text, reason),) = desk.bad()
    assert (line, text) == (2, "2|c2|CONNECT|3")
    assert "has no end" in reason
    desk.drop("acme/log/queue_log", "1|c1|CONNECT|12|\n2|c2|CONNECT|35|\n")
    desk.land(LOG)
    assert "35" in desk.values("data1", LOG)
    assert "3" not in desk.values("data1", LOG)
