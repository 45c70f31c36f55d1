"""What a file holds: encoding, separator, header, and of each column its kind, fill and words.

It reads with the readers that land files, so that what is seen here is what will be landed.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import charset_normalizer

from vitals.errors import VitalsError
from vitals.landing.reading import open_regular, read_file
from vitals.landing.records import Bad, Columns, RefusedError, Row, as_text, snake_names
from vitals.shown import one_line
from vitals.streams import ORIGIN_COLUMNS, Stream

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
# Beyond it, a column's words are told as "more than".
MOST_WORDS = 50_000
# Of a column's values, so many may be of another kind: they are told, and wait in quarantine later.
_STRAY_SHARE = 0.05
_HEAD_BYTES = 1 << 18
_PROBE = "probe"
_PACKED = (b"PK\x03\x04", b"PAR1")
_GZIP = b"\x1f\x8b"

_OFFSET = re.compile(r"\d ?([Zz]|[+-]\d{2}(:?\d{2})?)$")
_ISO = re.compile(
    r"\d{4}[-/]\d{2}[-/]\d{2}([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?)?( ?([Zz]|[+-]\d{2}(:?\d{2})?))?"
)
_PARTS = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-]\d{4}([, ].*)?")
_SHORT_YEAR = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2}([, ].*)?")
_EPOCH = re.compile(r"1\d{9}(\.\d+)?")
_EPOCH_MS = re.compile(r"1\d{12}")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?")
_DURATION = re.compile(r"\d{1,4}:[0-5]\d:[0-5]\d([.,]\d+)?")
_COUNT = re.compile(r"[-+]?\d+")
_NUMBER = re.compile(r"[-+]?\d[\d., ]*")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_PHONE = re.compile(r"\+\d[\d ()-]{6,18}\d|0\d{2,4}[ -]?\d{3}[\d ()-]{2,10}")
_BOOLEANS = {"true", "false", "yes", "no", "t", "f", "y", "n"}
TIMES = ("time", "date", "epoch_s", "epoch_ms")


@dataclass
class SeenColumn:
    """A column: its name as landing writes it, and what its values are.

    Args:
        name: snake case, as in raw data.
        native: as in the file.
        filled: rows with a value.
        words: each value, with how often it comes and the row that it comes in first.
        kind: time, date, epoch_s, epoch_ms, clock, duration, count, number, boolean, email, phone, nested,
            text or empty.
        strays: a value that is not of the kind, and its row.
        order: of a time with day and month: day_first, month_first, unproven or contradicted; else empty.
        proof: the value that proves the order, and its row.
        zoned: share of a time's values that carry an offset from UTC.
        short_year: whether its dates have years of two digits, which nothing reads.
    """

    name: str
    native: str
    filled: int = 0
    words: dict[str, list[int]] = field(default_factory=dict)
    kind: str = "empty"
    strays: tuple[tuple[str, int], ...] = ()
    order: str = ""
    proof: tuple[str, int] | None = None
    zoned: float = 0.0
    short_year: bool = False

    @property
    def is_time(self) -> bool:
        """Whether it says when something was."""
        return self.kind in TIMES

    @property
    def has_all_words(self) -> bool:
        """Whether `words` holds every value."""
        return len(self.words) < MOST_WORDS

    def examples(self, count: int = 3) -> list[str]:
        """The most frequent values, each on one line."""
        often = sorted(self.words, key=lambda word: (-self.words[word][0], self.words[word][1]))
        return [one_line(word)[:40] for word in often[:count]]


@dataclass(frozen=True)
class Seen:
    """A file as `vitals adopt` sees it.

    Args:
        path: the file.
        digest: SHA-256 of its bytes.
        format: json or delimited, as streams declare it.
        shown_format: the same for people.
        encoding: of its text; empty where the format says it.
        is_encoding_proven: False when it is a guess from the letters.
        separator: of delimited text; empty for other formats.
        has_header: whether its first line names the columns.
        records: the key of the list that holds the records of a JSON document.
        columns: in the file's order.
        rows: records that could be read.
        bad: lines that could not, the first ones with reason.
        bad_count: how many those are.
    """

    path: Path
    digest: str
    format: str
    shown_format: str
    encoding: str
    is_encoding_proven: bool
    separator: str
    has_header: bool
    records: str | None
    columns: tuple[SeenColumn, ...]
    rows: int
    bad: tuple[Bad, ...]
    bad_count: int

    def column(self, name: str) -> SeenColumn | None:
        """The column of a name as landing writes it, or as the file does."""
        wanted = name.strip()
        for each in self.columns:
            if wanted in (each.name, each.native):
                return each
        return next((each for each in self.columns if each.name == "".join(snake_names([wanted]))), None)


def look_at(path: Path, encoding: str | None = None) -> Seen:
    """Read a whole file and say what it holds. Nothing is written.

    Args:
        path: CSV, TSV, XLSX, JSON, JSON lines, Parquet, a delimited log, or any of them in gzip.
        encoding: of its text, when the caller knows it.

    Raises:
        VitalsError: the file cannot be read; the message names file, row, cause and remedy.
    """
    if not path.is_file():
        raise VitalsError(f"{path} is no file.", "Name one export: a CSV, XLSX, JSON or log file.")
    if encoding:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise VitalsError(
                f"{path}: unknown encoding {encoding!r}.", "Use, for example, utf-8, cp1251 or latin-1."
            ) from None
    content_head, digest = _head(path), digest_of(path)
    if not content_head.strip():
        raise VitalsError(f"{path} is empty.", "Export it again.")
    if content_head.startswith(_PACKED):
        found, proven, text = "", True, ""
    else:
        found, proven = _encoding(path, content_head, encoding)
        text = codecs.getincrementaldecoder(found)(errors="replace").decode(content_head).lstrip("\ufeff")
    is_json = text.lstrip()[:1] in ("{", "[")
    separator, header, has_header = "", tuple[str, ...](), True
    if text and not is_json:
        separator, header, has_header = _layout(path, text)
    stated = None if found in ("", "utf-8", "utf-8-sig", "utf-16") else found
    names = snake_names(header) if has_header else tuple(f"column_{n}" for n in range(1, len(header) + 1))
    stream = Stream(
        platform=_PROBE,
        name=_PROBE,
        format="json" if is_json else "delimited",
        columns=names or (_PROBE,),
        encoding=stated,
        has_header=has_header,
    )
    records = _records(path, stream) if is_json else None
    stream = replace(stream, records=records)
    columns, rows, bad, bad_count = _columns(path, stream, dict(zip(names, header, strict=True)))
    _check(path, columns, rows, bad)
    for each in columns:
        _judge(each)
    shown = {b"PK\x03\x04": "XLSX", b"PAR1": "Parquet"}.get(content_head[:4])
    return Seen(
        path,
        digest,
        stream.format,
        shown or ("JSON" if is_json else f"text, {SEPARATORS[separator]} between fields"),
        found,
        proven,
        separator,
        has_header,
        records,
        tuple(columns),
        rows,
        tuple(bad),
        bad_count,
    )


def rows_of(seen: Seen) -> Iterator[tuple[int, dict[str, str | None]]]:
    """The records of a file that was looked at: the line of each, and its values by column."""
    stream = Stream(
        platform=_PROBE,
        name=_PROBE,
        format=seen.format,
        columns=tuple(each.name for each in seen.columns),
        encoding=seen.encoding if seen.encoding not in ("", "utf-8-sig", "utf-16") else None,
        has_header=seen.has_header,
        records=seen.records,
    )
    for each in _read(seen.path, stream):
        if isinstance(each, Row):
            yield (
                each.line,
                {name: as_text(value) for name, value in zip(each.names, each.values, strict=False)},
            )
        elif isinstance(each, Columns):
            lists = [texts.to_pylist() for texts in each.texts]
            for line, values in enumerate(zip(*lists, strict=True), each.line):
                yield line, dict(zip(each.names, values, strict=True))


def _head(path: Path) -> bytes:
    try:
        with open_regular(path) as raw:
            head = raw.read(_HEAD_BYTES)
        if head.startswith(_GZIP):
            with gzip.open(path) as packed:
                return packed.read(_HEAD_BYTES)
    except RefusedError as error:
        raise VitalsError(f"{path}: {error.reason}.", error.remedy) from None
    except (OSError, EOFError) as error:
        raise VitalsError(f"{path} cannot be read: {error}.", "Export or copy it again.") from error
    return head


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()


def _encoding(path: Path, head: bytes, stated: str | None) -> tuple[str, bool]:
    """The encoding of a text, and whether it proves itself."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return name, True
    nuls = head[0::2].count(0), head[1::2].count(0)
    if max(nuls) > len(head) // 8 and min(nuls) == 0:
        return ("utf-16-be" if nuls[0] else "utf-16-le"), True
    undecodable = _first_not_utf8(path)
    if undecodable is None:
        return "utf-8", True
    if stated:
        return stated, True
    best = charset_normalizer.from_bytes(undecodable).best()
    if best is None:
        raise VitalsError(
            f"{path}: its text is in no encoding that is known here, or it is binary.",
            "Export it as UTF-8, or name its encoding: --encoding cp1251.",
        )
    return codecs.lookup(best.encoding).name, False


def _first_not_utf8(path: Path) -> bytes | None:
    """The first piece of a text that is not UTF-8; None when all of it is."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as packed:
        is_packed = packed.read(2) == _GZIP
    with gzip.open(path) if is_packed else path.open("rb") as raw:
        while piece := raw.read(_HEAD_BYTES):
            try:
                decoder.decode(piece)
            except UnicodeDecodeError:
                return bytes(piece)
    return None


def _layout(path: Path, text: str) -> tuple[str, tuple[str, ...], bool]:
    """The separator that gives most fields a line, the first line's fields, and whether they are names."""
    lines = [line for line in text.splitlines(keepends=True) if line.strip()][:200]
    best: tuple[int, str, list[str]] = (1, "", [])
    for separator in SEPARATORS:
        try:
            rows = [row for row in csv.reader(lines[:-1] or lines, delimiter=separator) if row]
        except csv.Error:
            continue
        fields = len(rows[0])
        even = sum(len(row) == fields for row in rows)
        # A separator within free text gives lines of every length.
        if fields > best[0] and 2 * even > len(rows):
            best = (fields, separator, rows[0])
    if not best[1]:
        raise VitalsError(
            f"{path}, row 1: no separator (comma, semicolon, tab or bar) gives columns:"
            f" {one_line(lines[0])[:80]!r}.",
            "Export it as CSV, or turn the log into one record a line with a separator between its fields.",
        )
    header = tuple(field.strip() for field in best[2])
    values = [field for field in header if field]
    is_data = any(_is_value(each) for each in values) or len(set(values)) < len(values) // 2
    return best[1], header, not is_data


def _is_value(text: str) -> bool:
    patterns = (_ISO, _PARTS, _SHORT_YEAR, _NUMBER, _DURATION, _EMAIL)
    return any(pattern.fullmatch(text) for pattern in patterns)


def _read(path: Path, stream: Stream) -> Iterator[Row | Columns | Bad]:
    with open_regular(path) as raw:
        yield from read_file(raw, stream)


def _records(path: Path, stream: Stream) -> str | None:
    """The key of the one list of objects that a JSON document is wrapped around."""
    try:
        rows = [each for _, each in zip(range(2), _read(path, stream), strict=False) if isinstance(each, Row)]
    except RefusedError as error:
        raise VitalsError(f"{path}: {error.reason}.", error.remedy) from None
    if len(rows) != 1:
        return None
    lists = [
        name
        for name, value in zip(rows[0].names, rows[0].values, strict=True)
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value)
    ]
    return lists[0] if len(lists) == 1 else None


def _columns(
    path: Path, stream: Stream, native: dict[str, str]
) -> tuple[list[SeenColumn], int, list[Bad], int]:
    columns: dict[str, SeenColumn] = {}
    rows, bad, bad_count = 0, list[Bad](), 0

    def note(name: str, value: str | None, line: int) -> None:
        column = columns.get(name)
        if column is None:
            column = columns[name] = SeenColumn(name, native.get(name, name))
        if value is None or not value.strip():
            return
        column.filled += 1
        word = column.words.get(value)
        if word:
            word[0] += 1
        elif len(column.words) < MOST_WORDS:
            column.words[value] = [1, line]

    try:
        for each in _read(path, stream):
            if isinstance(each, Bad):
                bad_count += 1
                if len(bad) < 5:
                    bad.append(each)
            elif isinstance(each, Row):
                rows += 1
                for name, value in zip(each.names, each.values, strict=False):
                    note(name, as_text(value), each.line)
            else:
                for name, texts in zip(each.names, each.texts, strict=True):
                    for line, value in enumerate(texts.to_pylist(), each.line):
                        note(name, value, line)
                rows += len(each)
    except RefusedError as error:
        raise VitalsError(f"{path}: {error.reason}.", error.remedy) from None
    return list(columns.values()), rows, bad, bad_count


def _check(path: Path, columns: Sequence[SeenColumn], rows: int, bad: Sequence[Bad]) -> None:
    if not rows:
        why = f"; row {bad[0].line}: {bad[0].reason}" if bad else ""
        raise VitalsError(f"{path} holds no record{why}.", "Export it again, with its header and its rows.")
    for each in columns:
        if each.name in ORIGIN_COLUMNS:
            raise VitalsError(
                f"{path}, row 1: {each.native!r} is the name of a column that landing adds.",
                "Rename it in the export.",
            )


def _judge(column: SeenColumn) -> None:
    """Give a column its kind, and of times the order and the offsets."""
    words = [(word.strip(), line) for word, (_, line) in column.words.items()]
    if not words:
        return
    shown = [text for text, _ in words]
    timely = (
        re.search(r"(^|_)(dt|date|day|time|timestamp|at|on|start|end|when|ts)(_|$)", column.name) is not None
    )
    kinds: list[tuple[str, Callable[[str], object]]] = [
        ("nested", lambda text: text[:1] + text[-1:] in ("{}", "[]")),
        ("boolean", lambda text: text.lower() in _BOOLEANS),
        ("date", lambda text: _is_moment(text) and not re.search(r"\d:\d", text)),
        ("time", _is_moment),
        ("epoch_s", _EPOCH.fullmatch if timely else lambda text: None),
        ("epoch_ms", _EPOCH_MS.fullmatch if timely else lambda text: None),
        ("duration", _DURATION.fullmatch),
        ("clock", _CLOCK.fullmatch),
        ("email", _EMAIL.fullmatch),
        ("phone", _PHONE.fullmatch),
        ("count", _COUNT.fullmatch),
        ("number", _NUMBER.fullmatch),
    ]
    column.kind = "text"
    allowed = int(len(shown) * _STRAY_SHARE)
    for kind, fits in kinds:
        strays = [(text, line) for text, line in words if not fits(text)]
        if len(strays) <= allowed:
            column.kind, column.strays = kind, tuple(strays[:5])
            break
    if column.kind in ("time", "date"):
        column.zoned = sum(bool(_OFFSET.search(text)) and ":" in text for text in shown) / len(shown)
        column.short_year = any(_SHORT_YEAR.fullmatch(text) for text in shown)
        _prove_order(column, words)


def _is_moment(text: str) -> bool:
    return bool(_ISO.fullmatch(text) or _PARTS.fullmatch(text) or _SHORT_YEAR.fullmatch(text))


def _prove_order(column: SeenColumn, values: Sequence[tuple[str, int]]) -> None:
    """One day above 12 tells the order of day and month for all rows; two that contradict tell nothing."""
    proofs: dict[str, tuple[str, int]] = {}
    has_parts = False
    for text, line in values:
        if found := _PARTS.fullmatch(text):
            has_parts = True
            first, second = int(found[1]), int(found[2])
            if 12 < first <= 31:
                proofs.setdefault("day_first", (text, line))
            if 12 < second <= 31:
                proofs.setdefault("month_first", (text, line))
    if has_parts:
        column.order = "contradicted" if len(proofs) > 1 else next(iter(proofs), "unproven")
        column.proof = proofs.get(column.order)
