"""What every reader yields: rows and bad lines; and how a native value becomes text."""

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, NamedTuple

from vitals.streams import Stream

# Numbers keep the digits that the export wrote.
JSON = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W_]+")
_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
_UNPRINTABLE = re.compile("[\0\ud800-\udfff]")


class Row(NamedTuple):
    """A record: the line it starts on, its column names (one tuple for like records), its values."""

    line: int
    names: tuple[str, ...]
    values: Sequence[Any]


class Bad(NamedTuple):
    """A line or record that cannot be read, for quarantine."""

    line: int
    text: str
    reason: str


@dataclass(eq=False)
class RefusedError(Exception):
    """A file that cannot be read as a whole."""

    reason: str
    remedy: str


def snake_names(native: Iterable[str]) -> tuple[str, ...]:
    """Column names from native ones: ContactId to contact_id, vru+line to vru_line; repeats get _2."""
    names: list[str] = []
    for position, each in enumerate(native, 1):
        name = (
            "_".join(filter(None, _WORDS.split(unicodedata.normalize("NFC", each)))).lower()
            or f"column_{position}"
        )
        name = f"_{name}" if name[0].isdigit() else name
        count, unique = 1, name
        while unique in names:
            count += 1
            unique = f"{name}_{count}"
        names.append(unique)
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
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=as_text)


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


def check_required(stream: Stream, names: Iterable[str]) -> None:
    """Refuses a file in which a required column is absent."""
    found = list(names)
    for column in stream.required:
        if column not in found:
            near = get_close_matches(column, found, 1)
            hint = f"; the nearest is {near[0]}" if near else ""
            raise RefusedError(
                f"required column {column} is missing; the file has {', '.join(found) or 'no columns'}{hint}",
                f"Export it again with {column}, or rename the column that holds it.",
            )
