"""Who stands in a landing folder's exports: customers' identifiers, agents' names, from the files alone."""

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NOBODY = {"", "anonymous", "unknown", "unavailable", "restricted", "private", "withheld", "none", "null", "0"}
CUSTOMER_KEYS = {"customer", "phone_number", "requester_id", "customer_id", "phone", "email", "other"}


def customers(landing: Path) -> dict[str, set[Path]]:
    """Every customer's identifier, and the files that hold it."""
    found: dict[str, set[Path]] = defaultdict(set)
    for file in _files(landing):
        if file.parent.name == "queue_log":
            values = [
                fields[6]
                for fields in (line.rstrip("\n").split("|") for line in _text(file).splitlines())
                if len(fields) > 6 and fields[4] == "ENTERQUEUE"
            ]
        elif file.parent.name == "cdr":
            # Who calls and who is called; shorter ones are extensions.
            ends = [row[1:3] for row in csv.reader(_text(file).splitlines())]
            values = [value for row in ends for value in row if len(value) >= 7]
        else:
            values = [
                value
                for key, value in _pairs(file)
                if key in CUSTOMER_KEYS or key == "CustomerEndpoint.Address"
            ]
        for value in values:
            if (text := str(value or "").strip()).casefold() not in NOBODY:
                found[text].add(file)
    return dict(found)


def agent_names(landing: Path) -> set[str]:
    """Every agent's and supervisor's full name; the roster's placeholder `Nobody` is a word of any text."""
    names = set()
    for file in _files(landing):
        if file.parent.name == "agents":
            names |= {value for key, value in _pairs(file) if key in ("name", "supervisor") and value}
        if file.parent.name == "agent_events":
            first = [value for key, value in _pairs(file) if key.endswith("Configuration.FirstName")]
            last = [value for key, value in _pairs(file) if key.endswith("Configuration.LastName")]
            names |= {f"{one} {other}" for one, other in zip(first, last, strict=True) if one and other}
    return {name for name in names if " " in name}


def _files(landing: Path) -> list[Path]:
    return sorted(each for each in landing.rglob("*") if each.is_file())


def _text(file: Path) -> str:
    content = file.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    for encoding in ("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig", "latin-1"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError(f"{file} is in no encoding that the simulator writes")


def _pairs(file: Path) -> Iterator[tuple[str, Any]]:
    """Every field of every record, nested ones by their path's end."""
    text = _text(file)
    if file.suffix == ".csv":
        dialect = csv.Sniffer().sniff(text.splitlines()[0], ",;\t")
        for row in csv.DictReader(text.splitlines(), dialect=dialect):
            yield from row.items()
        return
    decoder, position = json.JSONDecoder(), 0
    while position < len(text):
        if text[position] not in "{[":
            position += 1
            continue
        try:
            record, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError:
            # A line that the simulator broke on purpose.
            position = text.find("\n", position) + 1 or len(text)
            continue
        yield from _inside(record, "")


def _inside(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _inside(each, f"{path}.{key}".strip("."))
    elif isinstance(value, list):
        for each in value:
            yield from _inside(each, "")
    else:
        yield path, value
