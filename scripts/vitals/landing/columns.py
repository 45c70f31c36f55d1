"""Whole columns of a Parquet file as text, value for value the same as `as_text` gives."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from vitals.landing.records import as_text, json_text

_REPLACEMENT = "\ufffd"
_TO_ESCAPE = r'[\x00-\x1f"\\]'
# Beyond it, floats no longer hold each whole number.
_WHOLE = float(1 << 53)
# Decimals of a finer scale may be written with an exponent.
_PLAIN_SCALE = 6


def texts(values: pa.Array) -> pa.Array:
    """A column as text.

    Raises:
        UnicodeDecodeError: a text is not UTF-8.
    """
    kind = values.type
    if pa.types.is_dictionary(kind):
        found = texts(values.dictionary).take(values.indices)
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        found = _printable(values)
    elif (
        pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_null(kind)
        or pa.types.is_date(kind)
        or (pa.types.is_decimal(kind) and 0 <= kind.scale <= _PLAIN_SCALE)
    ):
        found = pc.cast(values, pa.string())
    elif pa.types.is_floating(kind):
        found = _floats(pc.cast(values, pa.float64()))
    elif pa.types.is_timestamp(kind):
        found = _timestamps(values)
    else:
        found = each(values, as_text)
    return found


def each(values: pa.Array, change: Callable[[str], str | None]) -> pa.Array:
    """A column with a function applied to what is not null: once for each distinct value, where they compare."""
    try:
        coded = values.dictionary_encode()
    except pa.ArrowNotImplementedError:
        return _applied(values, change)
    return _applied(coded.dictionary, change).take(coded.indices)


def objects(names: list[str], columns: list[pa.Array]) -> pa.Array:
    """One JSON object a row, of the columns that are not null there; null where all of them are.

    Args:
        names: the objects' keys.
        columns: text, one for each name and at least one.
    """
    # Each brings the comma before it, which the first one then loses.
    members = [
        pc.coalesce(pc.binary_join_element_wise(f",{json_text(name)}:", _quoted(column), ""), "")
        for name, column in zip(names, columns, strict=True)
    ]
    inner = pc.binary_join_element_wise(*members, "")
    whole = pc.binary_join_element_wise("{", pc.utf8_slice_codeunits(inner, 1), "}", "")
    return pc.if_else(pc.equal(inner, ""), pa.scalar(None, pa.string()), whole)


def _applied(values: pa.Array, change: Callable[[str], str | None]) -> pa.Array:
    return pa.array([None if value is None else change(value) for value in values.to_pylist()], pa.string())


def _printable(values: pa.Array) -> pa.Array:
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        # Names the text that is not UTF-8.
        values.to_pylist()
        raise
    return pc.replace_substring(pc.cast(values, pa.string()), "\0", _REPLACEMENT)


def _floats(values: pa.Array) -> pa.Array:
    # Whole ones are written as integers; the others as the shortest text that gives the same number, as Python does.
    whole = pc.and_(pc.equal(values, pc.trunc(values)), pc.less(pc.abs(values), _WHOLE))
    nothing = pa.scalar(None, pa.float64())
    integers = pc.cast(pc.if_else(whole, values, nothing), pa.int64())
    others = each(pc.if_else(whole, nothing, values), as_text)
    return pc.coalesce(pc.cast(integers, pa.string()), others)


def _timestamps(values: pa.Array) -> pa.Array:
    """ISO 8601 with `T`, a fraction where it is not zero, and the offset of zoned ones."""
    zoned = values.type.tz is not None
    local = pc.local_timestamp(values) if zoned else values
    seconds = pc.cast(pc.floor_temporal(local, unit="second"), pa.timestamp("s"))
    found = pc.replace_substring(pc.cast(seconds, pa.string()), " ", "T")
    fraction = pc.subtract(pc.cast(local, pa.int64()), pc.cast(pc.cast(seconds, local.type), pa.int64()))
    found = pc.binary_join_element_wise(found, _fractions(fraction, values.type.unit), "")
    if not zoned:
        return found
    utc = pc.cast(pc.floor_temporal(_instant(values), unit="second"), pa.timestamp("s"))
    offset = pc.subtract(pc.cast(seconds, pa.int64()), pc.cast(utc, pa.int64()))
    return pc.binary_join_element_wise(found, each(offset, lambda count: _offset(int(count))), "")


def _instant(values: pa.Array) -> pa.Array:
    return pc.cast(pc.cast(values, pa.int64()), pa.timestamp(values.type.unit))


def _fractions(counts: pa.Array, unit: str) -> pa.Array:
    """Fractions of a second, of a count of units: in microseconds, in nanoseconds where there are any; empty for zero."""
    if unit == "ns":
        whole = pc.divide(counts, 1000)
        fine = pc.not_equal(pc.multiply(whole, 1000), counts)
        digits = pc.if_else(fine, _padded(counts, 9), _padded(whole, 6))
    else:
        digits = _padded(pc.multiply(counts, {"s": 1_000_000, "ms": 1000, "us": 1}[unit]), 6)
    return pc.if_else(pc.equal(counts, 0), "", pc.binary_join_element_wise(".", digits, ""))


def _padded(counts: pa.Array, digits: int) -> pa.Array:
    return pc.utf8_lpad(pc.cast(counts, pa.string()), digits, "0")


def _offset(seconds: int) -> str:
    sign, seconds = ("-", -seconds) if seconds < 0 else ("+", seconds)
    minutes = f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}"
    return f"{minutes}:{seconds % 60:02}" if seconds % 60 else minutes


def _quoted(column: pa.Array) -> pa.Array:
    special = pc.match_substring_regex(column, _TO_ESCAPE)
    if pc.any(special).as_py():
        return each(column, json_text)
    return pc.binary_join_element_wise('"', column, '"', "")
