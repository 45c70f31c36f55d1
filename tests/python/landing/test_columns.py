"""Parquet lands by column: each value must become the text that it becomes when it is read alone."""

import datetime as dt
import io
import json
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from desk import Desk
from hypothesis import given, settings
from hypothesis import strategies as st

from vitals.landing.columns import objects, texts
from vitals.landing.identifiers import hasher, pseudonymiser
from vitals.landing.records import as_text
from vitals.streams import Stream

STREAM = Stream(
    "acme",
    "events",
    "delimited",
    ("id", "kind", "caller", "called", "agent", "copy", "snapshot"),
    required=("id",),
    identifiers=("caller", "called.address"),
    identifiers_where={"kind": ("inbound", "call back")},
    hash_of={"copy": "caller"},
    agents=("agent", "snapshot.user.name"),
    anonymous=("nobody",),
)
WORDS = st.text(st.characters(codec="utf-8"), max_size=12)
DAYS = st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31))
MOMENTS = st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2036, 12, 31))
PAST = st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2250, 1, 1))
ZONES = ["UTC", "Europe/Sofia", "America/St_Johns", "Asia/Kathmandu", "+05:30", "-03:00"]


def zoned(name: str) -> tuple[pa.DataType, st.SearchStrategy[dt.datetime]]:
    return pa.timestamp("us", name), MOMENTS.map(lambda moment: moment.replace(tzinfo=ZoneInfo("UTC")))


def decimals(digits: int, scale: int) -> st.SearchStrategy[Decimal]:
    most = 10**digits - 1
    return st.integers(-most, most).map(lambda number: Decimal(f"{number}e{-scale}"))


def whole(bits: int, signed: bool = True) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else st.integers(0, 2**bits - 1)


KINDS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "string": (pa.string(), WORDS),
    "large_string": (pa.large_string(), WORDS),
    "string_view": (pa.string_view(), WORDS),
    "dictionary": (pa.dictionary(pa.int32(), pa.string()), WORDS),
    "dictionary of floats": (pa.dictionary(pa.int8(), pa.float64()), st.sampled_from([0.5, 2.0, 1e300])),
    "binary": (pa.binary(), st.binary(max_size=8)),
    "large_binary": (pa.large_binary(), st.binary(max_size=8)),
    "fixed binary": (pa.binary(4), st.binary(min_size=4, max_size=4)),
    "bool": (pa.bool_(), st.booleans()),
    "null": (pa.null(), st.none()),
    **{f"int{bits}": (getattr(pa, f"int{bits}")(), whole(bits)) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": (getattr(pa, f"uint{bits}")(), whole(bits, signed=False)) for bits in (8, 16, 32, 64)},
    "float64": (pa.float64(), st.floats() | st.integers(-(2**60), 2**60).map(float) | st.just(-0.0)),
    "float32": (pa.float32(), st.floats(width=32)),
    "float16": (pa.float16(), st.floats(width=16)),
    "decimal of cents": (pa.decimal128(12, 2), decimals(12, 2)),
    "decimal without fraction": (pa.decimal128(38, 0), decimals(38, 0)),
    "decimal of many places": (pa.decimal128(20, 12), decimals(20, 12)),
    "decimal of thousands": (pa.decimal128(9, -3), decimals(9, -3)),
    "long decimal": (pa.decimal256(60, 6), decimals(60, 6)),
    "date32": (pa.date32(), DAYS),
    "date64": (pa.date64(), DAYS),
    "time32": (pa.time32("s"), st.times().map(lambda time: time.replace(microsecond=0))),
    "time64": (pa.time64("us"), st.times()),
    "seconds": (pa.timestamp("s"), PAST.map(lambda moment: moment.replace(microsecond=0))),
    "milliseconds": (
        pa.timestamp("ms"),
        PAST.map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)),
    ),
    "microseconds": (pa.timestamp("us"), PAST),
    "nanoseconds": (pa.timestamp("ns"), whole(62)),
    "nanoseconds of a zone": (pa.timestamp("ns", "Europe/Paris"), st.integers(0, 2 * 10**18)),
    **{f"moments of {name}": zoned(name) for name in ZONES},
    "durations": (pa.duration("us"), st.timedeltas(dt.timedelta(days=-9), dt.timedelta(days=99))),
    "lists": (pa.list_(pa.float64()), st.lists(st.none() | st.floats(), max_size=3)),
    "structs": (
        pa.struct([("a", pa.string()), ("b", pa.list_(pa.timestamp("us"))), ("c", pa.decimal128(9, 7))]),
        st.fixed_dictionaries(
            {"a": st.none() | WORDS, "b": st.lists(MOMENTS, max_size=2), "c": st.none() | decimals(9, 7)}
        ),
    ),
    "maps": (pa.map_(pa.string(), pa.int64()), st.dictionaries(WORDS, whole(64), max_size=3).map(lambda d: [*d.items()])),
}


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None)
@given(data=st.data())
def test_a_column_becomes_the_text_that_its_values_become(kind: str, data: st.DataObject) -> None:
    arrow, strategy = KINDS[kind]
    values = pa.array(data.draw(st.lists(st.none() | strategy, max_size=20)), arrow)
    # A slice too: what a batch of a file is.
    for array in (values, values[1:]):
        found = texts(array)
        assert found.type == pa.string()
        assert found.to_pylist() == [as_text(value) for value in array.to_pylist()]


def test_text_that_is_not_utf8_is_told() -> None:
    broken = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\x01\0\0\0"), pa.py_buffer(b"\xff")]
    )
    with pytest.raises(UnicodeDecodeError):
        texts(broken)


@given(st.lists(st.tuples(st.none() | WORDS, st.none() | WORDS, st.none() | WORDS), max_size=10))
def test_undeclared_columns_become_the_object_that_a_row_has(rows: list[tuple[str | None, ...]]) -> None:
    names = ["a", 'b"\\', "c\n"]
    columns = [texts(pa.array([row[index] for row in rows], pa.string())) for index in range(3)]
    expected = [
        as_text({n: as_text(v) for n, v in zip(names, row, strict=True) if v is not None} or None) for row in rows
    ]
    assert objects(names, columns).to_pylist() == expected


ADDRESSES = st.sampled_from(["+359 1", "nobody", "", " Anonymous ", "ana@x.eu", "sip/ana@x.eu", "\u0130"]) | WORDS
OBJECTS = ADDRESSES.map(lambda address: json.dumps({"address": address, "type": [1.50]}))
SNAPSHOTS = st.builds(
    lambda name, more, space: json.dumps({"user": {"name": name}, "more": more}, separators=(",", space)),
    ADDRESSES,
    st.sampled_from([None, True, 1, "x\n", "\u00e9", [], {}, "a@b"]),
    st.sampled_from([":", ": "]),
)


@given(
    st.lists(
        st.tuples(
            WORDS,
            st.none() | st.sampled_from(["inbound", "call back", "outbound"]),
            st.none() | ADDRESSES,
            st.none() | ADDRESSES | OBJECTS,
            st.none() | ADDRESSES,
            st.none() | ADDRESSES,
            st.none() | WORDS | SNAPSHOTS,
        ),
        max_size=10,
    )
)
def test_columns_hide_what_rows_hide(rows: list[tuple[str | None, ...]]) -> None:
    hide = pseudonymiser(STREAM, b"pepper")
    assert hide
    columns = [texts(pa.array([row[index] for row in rows], pa.string())) for index in range(7)]
    listed = [list(row) for row in zip(*(column.to_pylist() for column in columns), strict=True)]
    for row in listed:
        hide.row(row)
    hide.columns(columns)
    assert [list(row) for row in zip(*(column.to_pylist() for column in columns), strict=True)] == listed


def test_a_large_file_lands_with_its_lines_extras_and_hashes(desk: Desk) -> None:
    count = 45_000
    table = pa.table(
        {
            "Id": [f"e{number}" for number in range(count)],
            "Kind": ["inbound" if number % 3 else "outbound" for number in range(count)],
            "Caller": [f"+359 {number % 700}" for number in range(count)],
            "Snapshot": [number / 4 for number in range(count)],
            "Note": ["late" if number == 44_999 else None for number in range(count)],
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=30_000)
    desk.drop("acme/events/year.parquet", sink.getvalue())
    outcome = desk.only(STREAM)
    assert (outcome.status, outcome.rows_landed, outcome.new_columns) == ("landed", count, ("note",))
    rows = desk.rows(STREAM)
    assert [row["source_row"] for row in rows] == list(range(1, count + 1))
    hashed = hasher(b"pepper")
    assert rows[3]["caller"] == "+359 3"
    assert rows[4]["caller"] == rows[704]["caller"] == hashed("+359 4")
    assert rows[4]["copy"] == rows[4]["caller"]
    assert [rows[index]["snapshot"] for index in (4, 5)] == ["1", "1.25"]
    assert [row["extra_columns"] for row in rows[-2:]] == [None, '{"note":"late"}']
