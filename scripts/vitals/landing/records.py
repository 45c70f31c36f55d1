"""What every reader yields: rows and bad lines; and how a native value becomes text."""

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from functools import partial
from typing import Any, NamedTuple, TextIO

import pyarrow as pa

from vitals.streams import Stream

# Numbers keep the digits that the export wrote.
JSON = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
# A line of delimited text, a JSON record, and what is kept of one that is longer.
LINE_CHARACTERS = 1 << 20
RECORD_CHARACTERS = 4 << 20
TEXT_CHARACTERS = 2_000
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W_]+")
_SHOWN = 40
_UNPACKED_BYTES, _UNPACKED_RATIO = 16 << 20, 200
_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
_UNPRINTABLE = re.compile("[\0\ud800-\udfff]")


# Called with the column names of a file that has a header; it may raise RefusedError.
OnHeader = Callable[[Sequence[str]], None]


class Row(NamedTuple):
    """A record: the line it starts on, its column names (one tuple for like records), its values."""

    line: int
    names: tuple[str, ...]
    values: Sequence[Any]


@dataclass(frozen=True)
class Columns:
    """Records of a file that keeps them by column: the line of the first one, the columns' names, and their text."""

    line: int
    names: tuple[str, ...]
    texts: list[pa.Array]

    def __len__(self) -> int:
        return len(self.texts[0]) if self.texts else 0


class Bad(NamedTuple):
    """A line or record that cannot be read, for quarantine."""

    line: int
    text: str
    reason: str
    code: str


@dataclass(eq=False)
class RefusedError(Exception):
    """A file that cannot be read as a whole; the code is a short, stable name of the reason."""

    reason: str
    remedy: str
    code: str = "damaged"


def snake_names(native: Iterable[str]) -> tuple[str, ...]:
    """Column names from native ones: ContactId to contact_id, vru+line to vru_line; repeats get _2."""
    names: dict[str, None] = {}
    counts: dict[str, int] = {}
    for position, each in enumerate(native, 1):
        name = (
            "_".join(filter(None, _WORDS.split(unicodedata.normalize("NFC", each)))).lower()
            or f"column_{position}"
        )
        name = f"_{name}" if name[0].isdigit() else name
        # Counting on from the last repeat keeps ten thousand like names linear.
        count, unique = counts.get(name, 1), name
        while unique in names:
            count += 1
            unique = f"{name}_{count}"
        names[unique], counts[name] = None, count
    return tuple(names)


def as_text(value: Any) -> str | None:
    """A native value as text: ISO dates, true/false, whole floats as integers, lists and objects as JSON."""
    match value:
        case None | str():
            text = value
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case dt.date() | dt.time():
            return value.isoformat()
        case dt.timedelta():
            seconds = value.total_seconds()
            return f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02}:{int(seconds) % 60:02}"
        case Decimal():
            return format(value, "f")
        case bytes():
            text = value.decode("utf-8", "backslashreplace")
        case dict() | list() | tuple():
            text = json_text(value)
        case _:
            text = str(value)
    # Half a surrogate pair (an emoji cut in two) and NUL fit into no database.
    return text and _UNPRINTABLE.sub("\ufffd", text)


def json_text(value: Any) -> str:
    """Compact JSON with native characters."""
    return _ENCODER.encode(value)


# Made once: json.dumps would make one for each value.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=as_text)


class LongLine(str):
    """The beginning of a line that is longer than any line of an export."""

    __slots__ = ()


def bounded_lines(text: TextIO) -> Iterator[str]:
    """The lines of a text, in bounded memory: one beyond LINE_CHARACTERS comes as a LongLine."""
    for line in iter(partial(text.readline, LINE_CHARACTERS), ""):
        if len(line) < LINE_CHARACTERS or line.endswith(("\n", "\r")):
            yield line
            continue
        # The rest is passed over piece by piece; its end of line is kept for the reader.
        while (rest := text.readline(LINE_CHARACTERS)) and not rest.endswith(("\n", "\r")):
            pass
        yield LongLine(line[:TEXT_CHARACTERS] + "\n")


def undecoded(text: str, encoding: str) -> str | None:
    """Why a text that was decoded with `surrogateescape` is not in its encoding; None when it is."""
    if text.isascii() or not (found := _ESCAPED_BYTE.search(text)):
        return None
    position = len(text[: found.start()].encode(encoding)) + 1
    wrong = f"byte 0x{ord(found[0]) - 0xDC00:02X} at byte {position} is not {encoding}"
    return f"{wrong}: export as UTF-8, or declare the stream's `encoding`"


def printable(text: str) -> str:
    """The text with undecoded bytes as \\xNN and NUL as \\x00, without its line end."""
    shown = _ESCAPED_BYTE.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", text.rstrip("\r\n"))
    return shown.replace("\0", "\\x00")


def check_expansion(unpacked: int, packed: int, what: str) -> None:
    """Refuses what unpacks to far more than real exports do: it is made to fill memory or disk.

    Args:
        unpacked: bytes so far, or in all.
        packed: bytes that they come from.
        what: the file or its part, for the message.
    """
    if unpacked > max(_UNPACKED_BYTES, _UNPACKED_RATIO * packed):
        raise RefusedError(
            f"{what} unpacks to more than {_UNPACKED_RATIO} times its {packed:,} bytes",
            "Export it again; if it is a true export, drop it unpacked.",
            "expands_too_far",
        )


def check_columns_stay(stream: Stream, names: Sequence[str], header: AbstractSet[str], extra: AbstractSet[str]) -> None:
    """Refuses a file without a declared column that earlier files of its stream had.

    Args:
        stream: its declaration; columns that it calls optional may go.
        names: the file's columns.
        header: the declared columns of earlier files.
        extra: their undeclared ones.
    """
    found = set(names)
    gone = [each for each in stream.columns if each in header - found and each not in stream.optional]
    if not gone:
        return
    new = [name for name in names if name not in stream.columns and name not in extra]
    hints = []
    for column in gone:
        # One gone and one new are a pair, however they are called.
        near = get_close_matches(column, new, 1, 0.5) or (new if len(gone) == len(new) == 1 else [])
        hints.append(f"{column} (renamed to {near[0]}?)" if near else column)
    which = "columns" if len(gone) > 1 else "column"
    are = "are" if len(gone) > 1 else "is"
    fresh = f"; new in this file: {listed(new)}" if new else ""
    raise RefusedError(
        f"{which} {listed(hints)} {are} missing, which earlier files of {stream.key} had{fresh}",
        f"Export it again with {listed(gone)}, which may be empty. If files come without from now on, set `optional: true`"
        f" in its config.meta in models/staging/{stream.platform}/_{stream.platform}__sources.yml, and declare there"
        " what replaces it.",
        "missing_column",
    )


def header_columns(
    stream: Stream, names: Sequence[str], rows: Sequence[Sequence[str | None]]
) -> tuple[tuple[str, ...], list[str]]:
    """The columns that further header rows fill: their names, and the JSON that each record of the file has in them.

    Args:
        stream: its declaration.
        names: the file's columns.
        rows: the cells of the header rows after the first.

    Raises:
        RefusedError: a row is missing or is no header row.
    """
    remedy = f"Export it again and leave its {stream.header_rows} header rows as they are."
    for number in range(2, stream.header_rows + 1):
        cells = rows[number - 2] if len(rows) > number - 2 else ()
        if len(cells) != len(names):
            raise RefusedError(
                f"header row {number} of {stream.header_rows} has {len(cells)} cells, the first has {len(names)}", remedy, "header_rows"
            )
        if stream.header_key is None or number < stream.header_rows:
            continue
        for name, cell in zip(names, cells, strict=True):
            if not _has_key(cell or "", stream.header_key):
                raise RefusedError(
                    f"header row {number} of {stream.header_rows} is none: of column {name[:80]} it has {(cell or '')[:80]!r},"
                    f" not a JSON object with {stream.header_key}",
                    remedy,
                    "header_rows",
                )
    texts = [json_text(dict(zip(names, rows[number - 2], strict=True))) for number in stream.from_header.values()]
    return tuple(stream.from_header), texts


def _has_key(text: str, key: str) -> bool:
    try:
        found = JSON.decode(text)
    except json.JSONDecodeError:
        return False
    return isinstance(found, dict) and key in found


def listed(names: Sequence[str]) -> str:
    """Column names for a message, the first forty of them."""
    hidden = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(name[:80] for name in names[:_SHOWN])}{hidden}" or "no columns"


def check_required(stream: Stream, names: Iterable[str]) -> None:
    """Refuses a file in which a required column is absent."""
    found = list(names)
    for column in stream.required:
        if column not in found:
            near = get_close_matches(column, found, 1)
            hint = f"; the nearest is {near[0]}" if near else ""
            raise RefusedError(
                f"required column {column} is missing; the file has {listed(found)}{hint}",
                f"Export it again with {column}, or rename the column that holds it.",
                "missing_column",
            )
