"""Delimited text (comma, semicolon, tab or bar; fields may be quoted), and the pipe format without quotes."""

import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

from vitals.landing.records import (
    LINE_CHARACTERS,
    Bad,
    LongLine,
    OnHeader,
    RefusedError,
    Row,
    check_required,
    header_columns,
    listed,
    printable,
    snake_names,
    undecoded,
)
from vitals.streams import Stream

_SEPARATORS = ",;\t|"
_HEAD_LINES = 50
_OPEN = 1 << 20
# Also the bound on what an unclosed quote can take in before it is found out.
csv.field_size_limit(LINE_CHARACTERS)
_TOO_LONG = f"the line has more than {LINE_CHARACTERS:,} characters; only its beginning is kept here"

# Line number, fields, text, and what is wrong with it: the reason and its code.
_Record = tuple[int, list[str], str, str, str]
_Check = Callable[[list[str]], str]


def read_delimited(
    lines: Iterable[str], encoding: str, stream: Stream, on_header: OnHeader = lambda names: None
) -> Iterator[Row | Bad]:
    """Every record of a delimited or pipe-separated text; empty fields are None.

    Args:
        lines: bounded, with their line ends, decoded with `surrogateescape`.
        encoding: its name, for messages.
        stream: its declaration: columns, header, format.
        on_header: called with the header's column names, which it may refuse.

    Raises:
        RefusedError: there is no header, or a required column is not in it.
    """
    lines = iter(lines)
    head = list(islice(lines, _HEAD_LINES))
    blank = next((index for index, line in enumerate(head) if line.strip()), len(head))
    if blank == len(head):
        raise RefusedError("the file holds only blank lines", "Export it again, or remove it.", "empty")
    piped = stream.format == "pipe"
    separator = "|" if piped else _separator(head[blank:], stream)
    names, taken = stream.columns, blank
    if stream.has_header:
        names, count = _header(head[blank:], separator, encoding, stream)
        on_header(names)
        taken += count
    rest = chain(head[taken:], lines)
    told: tuple[tuple[str, ...], list[str]] = ((), [])
    if stream.header_rows > 1:
        further, count = _further_headers(rest, separator, stream.header_rows - 1)
        told = header_columns(stream, names, further)
        taken += count
    most, least = len(names), len(names)
    if not stream.has_header:
        least = max((stream.columns.index(name) + 1 for name in stream.required), default=1)
    expected = str(most) if least == most else f"{least} to {most}"

    def wrong(fields: list[str]) -> str:
        # Positional lines may end in separators that no field follows.
        found = len(fields) if stream.has_header or any(fields[most:]) else min(len(fields), most)
        return "" if least <= found <= most else f"expected {expected} fields, found {found}"

    records = _split(rest, taken, wrong) if piped else _parse(rest, taken, separator, wrong)
    for line, fields, text, reason, code in records:
        if undecodable := undecoded(text, encoding):
            yield Bad(line, printable(text), undecodable, "undecodable")
        elif "\0" in text:
            yield Bad(line, printable(text), "NUL character", "nul_character")
        elif reason:
            yield Bad(line, printable(text), reason, code)
        else:
            yield Row(line, names[: len(fields)] + told[0], [*(field or None for field in fields[:most]), *told[1]])


def has_declared_header(text: str, stream: Stream) -> bool:
    """Whether the text begins with a line that names a declared column."""
    lines = [line for line in text.splitlines(keepends=True) if line.strip()][:_HEAD_LINES]
    return any(_fitness(lines, separator, stream)[0] > 0 for separator in _SEPARATORS)


def _separator(head: list[str], stream: Stream) -> str:
    """The separator that gives most declared columns, or (no header) the nearest number of fields."""
    return max(_SEPARATORS, key=lambda separator: _fitness(head, separator, stream))


def _fitness(head: list[str], separator: str, stream: Stream) -> tuple[int, int]:
    try:
        fields = next(csv.reader(iter(head), delimiter=separator, strict=True), [])
    except csv.Error as error:
        # A header that stays open explains more than "no such column", so it wins where nothing else fits.
        return (0, _OPEN) if stream.has_header and "unexpected end" in str(error) else (-_OPEN, 0)
    if not stream.has_header:
        return -abs(len(stream.columns) - len(fields)), 0
    return len(set(snake_names(fields)) & set(stream.columns)), len(fields)


def _header(head: list[str], separator: str, encoding: str, stream: Stream) -> tuple[tuple[str, ...], int]:
    """The column names, and how many lines they take."""
    if type(head[0]) is LongLine:
        raise RefusedError(
            f"its first line has more than {LINE_CHARACTERS:,} characters: it is no header",
            "Export it again, with one record a line.",
            "line_too_long",
        )
    if reason := undecoded(head[0], encoding):
        raise RefusedError(
            f"the header cannot be read: {reason}",
            "Declare its `encoding` in the stream's meta.",
            "undecodable",
        )
    if stream.format == "pipe":
        reader = csv.reader(head, delimiter=separator, quoting=csv.QUOTE_NONE)
    else:
        reader = csv.reader(head, delimiter=separator, strict=True)
    try:
        names = snake_names(next(reader))
    except csv.Error as error:
        raise RefusedError(
            f"the header cannot be read: {error}", "Export it again.", "unclosed_quote"
        ) from None
    check_required(stream, names)
    if not set(names) & set(stream.columns):
        raise RefusedError(
            f"no declared column is in the header, which has {listed(names)}",
            f"Check that the file belongs to {stream.key}, which has {', '.join(stream.columns)}.",
            "missing_column",
        )
    return names, reader.line_num


def _further_headers(lines: Iterable[str], separator: str, count: int) -> tuple[list[list[str]], int]:
    """The next rows, which may hold line breaks, and how many lines they take."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        return list(islice(reader, count)), reader.line_num
    except csv.Error as error:
        raise RefusedError(
            f"the header cannot be read: {error}", "Export it again.", "unclosed_quote"
        ) from None


def _split(lines: Iterable[str], taken: int, wrong: _Check) -> Iterator[_Record]:
    for number, text in enumerate(lines, taken + 1):
        if text.strip():
            fields = text.rstrip("\r\n").split("|")
            # A log is copied while it is written: half a number would pass for a number.
            cut = "" if text.endswith("\n") else "the last line has no end: the file was still being written"
            reason, code = _TOO_LONG if type(text) is LongLine else "", "line_too_long"
            if not reason and (reason := wrong(fields)):
                code = "wrong_field_count"
            yield number, fields, text, reason or cut, code if reason else "cut_off"


def _parse(source: Iterable[str], taken: int, separator: str, wrong: _Check) -> Iterator[_Record]:
    """Records of quoted text. Of a record over several lines that is wrong, only the first line is given up.

    An unclosed quote takes in the lines after it, to the next quote or the end: these are read again.
    """
    lines = iter(source)
    again: deque[str] = deque()
    current: list[str] = []

    def feed() -> Iterator[str]:
        while (text := again.popleft() if again else next(lines, None)) is not None:
            current.append(text)
            yield text

    reader = csv.reader(feed(), delimiter=separator, strict=True)
    while True:
        current.clear()
        try:
            fields = next(reader)
            reason, code = wrong(fields), "wrong_field_count"
        except StopIteration:
            return
        except csv.Error as error:
            fields, reason, code = [], f"misplaced or unclosed quote: {error}", "unclosed_quote"
            reader = csv.reader(feed(), delimiter=separator, strict=True)
        text = current[0] if len(current) == 1 else "".join(current)
        if len(current) > 1 and (reason or text.count('"') % 2 or LongLine in map(type, current)):
            fields, reason, code, text = [], "unclosed quote", "unclosed_quote", current[0]
            again.extendleft(reversed(current[1:]))
            reader = csv.reader(feed(), delimiter=separator, strict=True)
            current[1:] = []
        if type(text) is LongLine:
            reason, code = _TOO_LONG, "line_too_long"
        if text.strip():
            yield taken + 1, fields, text, reason, code
        taken += len(current)
