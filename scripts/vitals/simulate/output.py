"""Writing exports as they really arrive: at least once, late, out of order, and here and there broken.

Rates, each a share of a stream's rows (and at least one row where a stream has any):

- `DUPLICATE_RATE` 1 %: a row is delivered again, the same, in a later file.
- `LATE_RATE` 4 %: a row is delivered incomplete first, and whole, with a newer version, up to two days later.
- `SWAP_RATE` 2 %: two neighbouring rows of different times stand in the wrong order.
- `UNPARSEABLE_RATE` 0.1 %: an extra line that cannot be read (JSON cut off, too many fields).
- `INVALID_RATE` 0.1 %: an extra row, with an id of its own, that breaks a typed rule (30 February, end before
  start, negative wait).

The last two are extra rows, so that the truth about the contacts stays what it is.
"""

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vitals.simulate.reference import Reference
from vitals.simulate.sampling import Sampler

DUPLICATE_RATE = 0.01
LATE_RATE = 0.04
SWAP_RATE = 0.02
UNPARSEABLE_RATE = 0.001
INVALID_RATE = 0.001
LATEST_REDELIVERY_DAYS = 3

_DAY = 86400
_CLOCK = [f"T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}" for second in range(_DAY)]
_DATES: dict[int, str] = {}


def day_text(number: int) -> str:
    """ISO date of a number of days since 1970."""
    if number not in _DATES:
        _DATES[number] = datetime.fromtimestamp(number * _DAY, UTC).date().isoformat()
    return _DATES[number]


def iso(at: int) -> str:
    """UTC second as `2026-10-05T08:00:00Z`."""
    return f"{day_text(at // _DAY)}{_CLOCK[at % _DAY]}Z"


def iso_or_none(at: int | None) -> str | None:
    """As `iso`, None for None."""
    return None if at is None else iso(at)


def local_iso(reference: Reference, site: str, at: int | None) -> str:
    """UTC second as the site's wall clock with its offset; empty for None."""
    if at is None:
        return ""
    offset = reference.offset(site, at)
    local = at + offset
    zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 3600:02d}:{abs(offset) // 60 % 60:02d}"
    return f"{day_text(local // _DAY)}{_CLOCK[local % _DAY]}{zone}"


def compact(value: Any) -> str:
    """JSON on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, for lists that read better on one line."""
    return tuple(text.split())


def csv_line(values: Sequence[object]) -> str:
    """One CSV line; None is empty."""
    return ",".join(_field(value) for value in values)


def _field(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if any(mark in text for mark in ',"\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


@dataclass(frozen=True, slots=True)
class RowCounts:
    """What a stream's files hold, as landing and staging count it."""

    rows_written: int
    unparseable: int
    invalid: int
    duplicates: int
    superseded: int

    def __add__(self, other: "RowCounts") -> "RowCounts":
        return RowCounts(*map(sum, zip(astuple(self), astuple(other), strict=True)))


@dataclass(slots=True)
class Export:
    """The rows of one stream on their way into files.

    Args:
        render: joins the texts of one file's rows into its content, given the file's number.
        name: file name for a day number and file number, with the suffix `.gz` where it is to be compressed.
        is_swappable: false where the order within a file may not be disturbed.
        has_lines: whether a day's file has a row a line, so that a bad line harms no other.
    """

    platform: str
    stream: str
    name: Callable[[int, int], str]
    render: Callable[[list[str], int], str]
    last_day: int
    rows_per_file: int = 0
    is_swappable: bool = True
    has_lines: Callable[[int], bool] = lambda _: True
    rows: list[tuple[int, int, str]] = field(default_factory=list)
    superseded: int = 0
    unparseable: int = 0
    invalid: int = 0
    duplicates: int = 0

    def add(self, at: int, text: str, day: int | None = None, is_superseded: bool = False) -> None:
        """A row with its time, delivered in the file of its UTC day or of a given day number."""
        self.rows.append((min(self.last_day, at // _DAY if day is None else day), at, text))
        self.superseded += is_superseded

    def spoil(
        self,
        sampler: Sampler,
        invalid: Sequence[Callable[[int, int], str]],
        unparseable: Callable[[str], str] | None,
    ) -> None:
        """Adds duplicates, rows that break a rule and lines that cannot be read.

        Args:
            invalid: makers of rows that break a rule, from a running number and a time.
            unparseable: makes a good row's text unreadable; None where the format has no lines.
        """
        sound = len(self.rows)
        if not sound:
            return
        earlier = [index for index in range(sound) if self.rows[index][0] < self.last_day] or [0]
        for index in sorted({sampler.pick(earlier) for _ in range(max(1, round(sound * DUPLICATE_RATE)))}):
            day, at, text = self.rows[index]
            again = min(self.last_day, day + sampler.between(1, LATEST_REDELIVERY_DAYS))
            self.rows.append((again, at, text))
            self.duplicates += 1
        for number in range(max(len(invalid), round(sound * INVALID_RATE)) if invalid else 0):
            day, at, _ = self.rows[int(sampler.uniform() * sound)]
            self.rows.append((day, at, invalid[number % len(invalid)](number + 1, at)))
            self.invalid += 1
        lined = (
            [index for index in range(sound) if self.has_lines(self.rows[index][0])] if unparseable else []
        )
        for _ in range(max(1, round(sound * UNPARSEABLE_RATE)) if lined else 0):
            day, at, text = self.rows[sampler.pick(lined)]
            assert unparseable is not None
            self.rows.append((day, at, unparseable(text)))
            self.unparseable += 1

    def write(self, out: Path, sampler: Sampler) -> list[Path]:
        """Writes the files, a day's rows in order of time but for the swapped ones; returns their paths."""
        folder = out / self.platform / self.stream
        folder.mkdir(parents=True, exist_ok=True)
        by_day: dict[int, list[tuple[int, str]]] = {}
        for day, at, text in self.rows:
            by_day.setdefault(day, []).append((at, text))
        written: list[Path] = []
        for day in sorted(by_day):
            rows = sorted(by_day[day], key=lambda row: row[0])
            if self.is_swappable:
                _swap(rows, sampler)
            texts = [text for _, text in rows]
            size = self.rows_per_file or len(texts)
            for number, begin in enumerate(range(0, len(texts), size)):
                path = folder / self.name(day, number)
                content = self.render(texts[begin : begin + size], day).encode()
                path.write_bytes(gzip.compress(content, 1, mtime=0) if path.suffix == ".gz" else content)
                written.append(path)
        return written

    def counts(self) -> RowCounts:
        """The row counts of all files."""
        return RowCounts(len(self.rows), self.unparseable, self.invalid, self.duplicates, self.superseded)


def rows_of(exports: Sequence[Export]) -> dict[tuple[str, str], RowCounts]:
    """The row counts of each platform's stream, which may come from several exports."""
    found: dict[tuple[str, str], RowCounts] = {}
    for export in exports:
        own, before = export.counts(), found.get((export.platform, export.stream))
        found[export.platform, export.stream] = own if before is None else before + own
    return found


def _swap(rows: list[tuple[int, str]], sampler: Sampler) -> None:
    """Changes places of neighbours with different times, never of rows of one second."""
    index = 0
    while index < len(rows) - 1:
        if sampler.chance(SWAP_RATE) and rows[index][0] != rows[index + 1][0]:
            rows[index], rows[index + 1] = rows[index + 1], rows[index]
            index += 1
        index += 1


def json_lines(texts: list[str], _: int) -> str:
    """One object a line."""
    return "".join(f"{text}\n" for text in texts)


def pages(key: str) -> Callable[[list[str], int], str]:
    """A page of an incremental export: the objects under a key, their count, and that there is no more."""

    def render(texts: list[str], _: int) -> str:
        return (
            f'{{"{key}":[\n'
            + ",\n".join(texts)
            + f'\n],"count":{len(texts)},"next_page":null,"end_of_stream":true}}\n'
        )

    return render


def with_header(columns: Sequence[str]) -> Callable[[list[str], int], str]:
    """A CSV file with its header."""

    def render(texts: list[str], _: int) -> str:
        return csv_line(columns) + "\n" + "".join(f"{text}\n" for text in texts)

    return render


def cut_off(text: str) -> str:
    """A JSON line whose end is missing."""
    return text[: len(text) * 3 // 5]
