"""JSON in every shape of exports: an object a line, concatenated, pretty-printed, in lists or wrappers."""

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

from vitals.landing.records import (
    JSON,
    RECORD_CHARACTERS,
    TEXT_CHARACTERS,
    Bad,
    RefusedError,
    Row,
    as_text,
    printable,
    snake_names,
    undecoded,
)

_CHUNK = 1 << 20
_TOO_LONG = f"the record has more than {RECORD_CHARACTERS:,} characters"
_LOOK_AHEAD = 1 << 16
_MOST_OPEN = 100
_SPACE = re.compile(r"[ \t\r\n]*")
_MEMBER = r'"(?:[^"\\]|\\.)*+"\s*:\s*'
_SCALAR = r'(?:"(?:[^"\\]|\\.)*+"|[-+.\w]+)\s*,\s*'


class _Cursor:
    """A place in a text that is read piece by piece; it keeps the line that it stands on."""

    def __init__(self, text: TextIO) -> None:
        self.text, self.buffer, self.position, self.line, self.ended = text, "", 0, 1, False

    def more(self) -> bool:
        """Reads on, by at least as much as is pending, so that retries stay linear; False at the end."""
        chunk = "" if self.ended else self.text.read(max(_CHUNK, len(self.buffer) - self.position))
        if not chunk:
            self.ended = True
            return False
        # The beginning of the line stays (its indentation is needed), unless the line is very long.
        keep = max(self.buffer.rfind("\n", 0, self.position) + 1, self.position - _LOOK_AHEAD, 0)
        self.buffer, self.position = self.buffer[keep:] + chunk, self.position - keep
        return True

    def advance(self, position: int) -> str:
        """Moves on, and returns the text passed."""
        passed = self.buffer[self.position : position]
        self.line += passed.count("\n")
        self.position = position
        return passed

    def peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            if found := _SPACE.match(self.buffer, self.position):
                self.advance(found.end())
            if self.position < len(self.buffer):
                return self.buffer[self.position]
            if not self.more():
                return ""

    def value(self) -> tuple[Any, str]:
        """The JSON value that starts here, and its text. Does not move when it raises JSONDecodeError."""
        while True:
            try:
                value, end = JSON.raw_decode(self.buffer, self.position)
            except RecursionError:
                raise json.JSONDecodeError("nested too deeply", self.buffer, self.position) from None
            except json.JSONDecodeError as error:
                # Strings cannot span lines, so only what touches the end of the buffer may be unfinished.
                unfinished = error.pos >= len(self.buffer) - 16 or error.msg.startswith("Unterminated string")
                if unfinished and len(self.buffer) - self.position > RECORD_CHARACTERS:
                    raise json.JSONDecodeError(_TOO_LONG, self.buffer, self.position) from None
                if unfinished and self.more():
                    continue
                raise
            if end < len(self.buffer) or not self.more():
                return value, self.advance(end)

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The pattern, when it stands here."""
        while len(self.buffer) - self.position < _LOOK_AHEAD and self.more():
            pass
        return pattern.match(self.buffer, self.position)

    def skip_broken(self) -> str:
        """Moves to the next line that starts with `{`, no deeper than this one; returns the text passed.

        Of a text that is longer than any record, only the beginning is returned.
        """
        line = self.buffer[self.buffer.rfind("\n", 0, self.position) + 1 : self.position + 1]
        indent = len(line) - len(line.lstrip(" \t"))
        following = re.compile(rf"\n[ \t]{{0,{indent}}}(?=\{{)")
        beginning = ""
        while True:
            found = following.search(self.buffer, self.position)
            if found or not self.more():
                passed = self.advance(found.end() if found else len(self.buffer))
                return beginning or passed
            if len(self.buffer) - self.position > RECORD_CHARACTERS:
                # All but what may begin the line to look for.
                passed = self.advance(len(self.buffer) - _LOOK_AHEAD)
                beginning = beginning or passed[:TEXT_CHARACTERS]


def read_json(text: TextIO, encoding: str, records: str | None) -> Iterator[Row | Bad]:
    """Every record of a JSON text. Numbers come as text, with the digits of the export.

    Args:
        text: decoded with `surrogateescape`.
        encoding: its name, for messages.
        records: the key whose list holds the records of a top-level object; None when it is a record itself.

    A row's line is the one on which its record starts; where several share a line, it counts on from there.
    """
    cursor = _Cursor(text)
    wrapper = (
        re.compile(rf'\{{\s*(?:{_MEMBER}{_SCALAR})*"{re.escape(records)}"\s*:\s*\[') if records else None
    )
    names: dict[tuple[str, ...], tuple[str, ...]] = {}
    open_brackets: list[str] = []
    row_line, resumed = 0, False

    while char := cursor.peek():
        line = cursor.line
        if char == ",":
            cursor.advance(cursor.position + 1)
            continue
        if char in "[]" or (char == "}" and open_brackets[-1:] == ["{"]):
            cursor.advance(cursor.position + 1)
            if char == "[":
                open_brackets.append("[")
                if len(open_brackets) > _MOST_OPEN:
                    raise RefusedError(
                        f"more than {_MOST_OPEN} lists are open at line {cursor.line}: it is no export",
                        "Export it again, or remove it.",
                        "broken_json",
                    )
            elif open_brackets:
                open_brackets.pop()
            continue
        may_wrap = char == "{" and (resumed or "{" not in open_brackets)
        if wrapper and may_wrap and (found := cursor.match(wrapper)):
            open_brackets = ["{", "["] if resumed else [*open_brackets, "{", "["]
            cursor.advance(found.end())
            resumed = False
            continue
        try:
            value, raw = cursor.value()
            if char == '"' and open_brackets[-1:] == ["{"] and cursor.peek() == ":":
                # Another member of the wrapper (a count, the next page's address): no record.
                cursor.advance(cursor.position + 1)
                cursor.peek()
                cursor.value()
                continue
        except json.JSONDecodeError as error:
            unfinished = error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string")
            reason, code = f"broken JSON: {error.msg}", "broken_json"
            if error.msg == _TOO_LONG:
                reason, code = f"{_TOO_LONG}; only its beginning is kept here", "record_too_long"
            elif unfinished:
                reason, code = "the file ends within the record", "cut_off"
            raw = cursor.skip_broken()
            if code == "record_too_long":
                raw = raw[:TEXT_CHARACTERS]
            elif undecodable := undecoded(raw, encoding):
                reason, code = undecodable, "undecodable"
            elif "\0" in raw:
                reason, code = "NUL character", "nul_character"
            yield Bad(line, printable(raw), reason, code)
            resumed = True
            open_brackets = open_brackets if cursor.peek() else []
            continue
        resumed = False
        if undecodable := undecoded(raw, encoding):
            yield Bad(line, printable(raw), undecodable, "undecodable")
            continue
        if not isinstance(value, dict):
            yield Bad(line, printable(raw), "not a JSON object", "not_an_object")
            continue
        members = value.get(records) if records and "{" not in open_brackets else None
        for record in members if isinstance(members, list) else [value]:
            if not isinstance(record, dict):
                yield Bad(line, as_text(record) or "null", "not a JSON object", "not_an_object")
                continue
            keys = tuple(record)
            if keys not in names:
                names[keys] = snake_names(as_text(key) or "" for key in keys)
            values = list(record.values())
            if "\\u" in raw:
                values = [as_text(each) if isinstance(each, str) else each for each in values]
            row_line = max(line, row_line + 1)
            yield Row(row_line, names[keys], values)

    if open_brackets:
        reason = "the file ends before its list does: it may have been cut off"
        yield Bad(cursor.line, "", reason, "cut_off")
