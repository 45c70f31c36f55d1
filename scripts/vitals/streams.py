"""The streams that can be landed, as the dbt source YAML under models/staging declares them."""

import codecs
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from phonenumbers import SUPPORTED_REGIONS

from vitals.errors import VitalsError

FORMATS = ("json", "delimited", "pipe")
# How files write values where no value proves it: staging reads these from the meta.
VALUE_FORMATS = {
    "date_order": ("day_first", "month_first"),
    "decimal_mark": ("comma", "point"),
    "durations": ("seconds", "days"),
}
ORIGIN_COLUMNS = ("extra_columns", "source_file", "source_row", "file_hash", "landed_at")
_META_TYPES: dict[str, type] = {
    "format": str,
    "identifiers": list,
    "identifiers_where": dict,
    "identifiers_from": int,
    "phones": list,
    "phone_region": str,
    "agents": list,
    "anonymous": list,
    "records": str,
    "encoding": str,
    "has_header": bool,
    "header_rows": int,
    "header_key": str,
    "date_order": str,
    "decimal_mark": str,
    "durations": str,
    "keep_days": int,
    "external_location": str,
}
_NAME = re.compile(r"[^\W\d][\w]*")


@dataclass(frozen=True)
class Stream:
    """One kind of export file: the folder `landing/<platform>/<name>` and how its files are read.

    Attributes:
        identifiers_from: identifiers of fewer characters are extensions, and stay as they are.
        header_rows: rows before the first record; the first names the columns, the others are no data.
        header_key: each cell of the last of them is a JSON object with this key.
        from_header: columns that hold such a row, as JSON by column name.
    """

    platform: str
    name: str
    format: str
    columns: tuple[str, ...]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    identifiers_where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    identifiers_from: int = 0
    hash_of: Mapping[str, str] = field(default_factory=dict)
    phones: tuple[str, ...] = ()
    phone_region: str | None = None
    anonymous: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    records: str | None = None
    encoding: str | None = None
    has_header: bool = True
    header_rows: int = 1
    header_key: str | None = None
    from_header: Mapping[str, int] = field(default_factory=dict)
    keep_days: int | None = None

    @property
    def key(self) -> str:
        """`<platform>/<stream>`, which is also its folder in landing and in raw."""
        return f"{self.platform}/{self.name}"

    @property
    def has_identifiers(self) -> bool:
        """Whether anything in it is hashed when it lands."""
        return bool(self.identifiers or self.hash_of or self.agents)


def load_streams(project: Path) -> tuple[Stream, ...]:
    """Every stream that the project's source files declare, ordered by platform and name.

    Args:
        project: the dbt project's folder.

    Raises:
        VitalsError: a declaration is wrong; the message names the file, the stream and the entry.
    """
    streams: dict[str, Stream] = {}
    for path in sorted((project / "models" / "staging").glob("*/_*__sources.yml")):
        for stream in _streams_in(path, path.relative_to(project).as_posix()):
            if stream.key in streams:
                raise VitalsError(f"{path}: stream {stream.key} is declared twice.", "Keep one of the two.")
            streams[stream.key] = stream
    return tuple(streams[key] for key in sorted(streams))


def _streams_in(path: Path, shown: str) -> Iterable[Stream]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise VitalsError(f"{shown} is not valid YAML: {error}", "Correct the file.") from error
    if not isinstance(document, dict) or not isinstance(document.get("sources"), list):
        raise VitalsError(f"{shown} has no list `sources`.", "Declare the platform under `sources:`.")
    for source in document["sources"]:
        platform = _name(source, shown, "source")
        if platform == "vitals":
            raise VitalsError(f"{shown}: `vitals` is the warehouse's own source.", "Use another name.")
        for table in source.get("tables") or []:
            yield _stream(platform, table, f"{shown}: {platform}/{_name(table, shown, 'table')}")


def _stream(platform: str, table: dict[str, Any], where: str) -> Stream:
    meta = _meta(table, where)
    for key, value in meta.items():
        if key not in _META_TYPES:
            raise VitalsError(f"{where}: unknown meta key `{key}`.", f"Known are: {', '.join(_META_TYPES)}.")
        # `yes` is no number of days, though Python counts with it.
        if not isinstance(value, _META_TYPES[key]) or (_META_TYPES[key] is int and isinstance(value, bool)):
            kind = _META_TYPES[key].__name__
            raise VitalsError(f"{where}: meta key `{key}` is not of type {kind}.", "Correct its value.")
        if (answers := VALUE_FORMATS.get(key)) and value not in answers:
            raise VitalsError(f"{where}: {key} is {value!r}.", f"Use one of: {', '.join(answers)}.")
    if meta.get("format") not in FORMATS:
        raise VitalsError(f"{where}: format is {meta.get('format')!r}.", f"Use one of: {', '.join(FORMATS)}.")
    columns = [_name(column, where, "column") for column in table.get("columns") or []]
    metas = [_meta(column, where) for column in table.get("columns") or []]
    where_words = meta.get("identifiers_where", {})
    stream = Stream(
        platform=platform,
        name=table["name"],
        format=meta["format"],
        columns=tuple(columns),
        required=tuple(name for name, each in zip(columns, metas, strict=True) if each.get("required")),
        optional=tuple(name for name, each in zip(columns, metas, strict=True) if each.get("optional")),
        identifiers=tuple(map(str, meta.get("identifiers", []))),
        identifiers_where={str(key): tuple(map(str, words)) for key, words in where_words.items()},
        identifiers_from=meta.get("identifiers_from", 0),
        hash_of={
            name: str(each["hash_of"]) for name, each in zip(columns, metas, strict=True) if "hash_of" in each
        },
        phones=tuple(map(str, meta.get("phones", []))),
        phone_region=meta.get("phone_region"),
        anonymous=tuple(str(word).strip().casefold() for word in meta.get("anonymous", [])),
        agents=tuple(map(str, meta.get("agents", []))),
        records=meta.get("records"),
        encoding=meta.get("encoding"),
        has_header=meta.get("has_header", True),
        header_rows=meta.get("header_rows", 1),
        header_key=meta.get("header_key"),
        from_header={
            name: each["header_row"]
            for name, each in zip(columns, metas, strict=True)
            if "header_row" in each
        },
        keep_days=meta.get("keep_days"),
    )
    for wrong, remedy in _mistakes(stream, metas):
        raise VitalsError(f"{where}: {wrong}.", remedy)
    return stream


def _mistakes(stream: Stream, column_metas: list[dict[str, Any]]) -> Iterable[tuple[str, str]]:
    """What the types alone do not catch: (what is wrong, what to do)."""
    if not stream.columns:
        yield "no columns are declared", "List the export's columns under `columns:`."
    for name in stream.columns:
        if stream.columns.count(name) > 1:
            yield f"column `{name}` is declared twice", "Keep one of the two."
        if name in ORIGIN_COLUMNS:
            yield f"column `{name}` is one that landing adds", "Remove it: it is always there."
    for meta in column_metas:
        for key in meta.keys() - {"required", "optional", "hash_of", "header_row"}:
            yield (
                f"unknown meta key `{key}` on a column",
                "Known are: required, optional, hash_of, header_row.",
            )
    for name in set(stream.required) & set(stream.optional):
        yield f"column `{name}` is both required and optional", "Keep one of the two."
    named = [path.split(".")[0] for path in (*stream.identifiers, *stream.agents)]
    named += [*stream.identifiers_where, *stream.hash_of.values()]
    for name in named:
        if name not in stream.columns:
            yield f"identifier column `{name}` is not among the columns", "Declare it, or correct the name."
    if stream.identifiers_from < 0:
        yield f"identifiers_from is {stream.identifiers_from}", "Give a number of characters, or remove it."
    for path in stream.phones:
        if path not in stream.identifiers:
            yield f"`phones` names `{path}`, which is not among the identifiers", "Put it there, too."
    if stream.phone_region is not None and stream.phone_region not in SUPPORTED_REGIONS:
        yield (
            f"phone_region is {stream.phone_region!r}",
            "Give a country's two capital letters (ISO 3166): BG, FR, US.",
        )
    if stream.phone_region and not stream.phones:
        yield (
            "`phone_region` has no meaning without `phones`",
            "List the telephone numbers under `phones`, or remove it.",
        )
    if stream.keep_days is not None and stream.keep_days < 1:
        yield f"keep_days is {stream.keep_days}", "Give a number of days above 0, or remove it."
    if stream.records and stream.format != "json":
        yield f"`records` has no meaning for format {stream.format}", "Remove it, or set `format: json`."
    if stream.header_rows < 1:
        yield f"header_rows is {stream.header_rows}", "Give a number above 0, or remove it."
    if stream.header_rows > 1 and (stream.format != "delimited" or not stream.has_header):
        yield (
            "`header_rows` has no meaning without a header of delimited text",
            "Remove it, or set `format: delimited`.",
        )
    if stream.header_key and stream.header_rows == 1:
        yield "`header_key` has no meaning with one header row", "Remove it, or set `header_rows`."
    for name, number in stream.from_header.items():
        if not isinstance(number, int) or not 1 < number <= stream.header_rows:
            yield (
                f"header_row of column `{name}` is {number!r}",
                "Give a row after the first, up to `header_rows`.",
            )
        if name in stream.required:
            yield f"column `{name}` comes from the header and cannot be required", "Remove `required`."
    if not stream.has_header and stream.format == "json":
        yield "`has_header` has no meaning for format json", "Remove it."
    if stream.encoding and not _is_encoding(stream.encoding):
        yield f"unknown encoding `{stream.encoding}`", "Use, for example, latin-1, cp1251 or utf-16-le."


def _meta(entry: dict[str, Any], where: str) -> dict[str, Any]:
    config = entry.get("config") or {}
    meta = config.get("meta") or {} if isinstance(config, dict) else None
    if not isinstance(meta, dict):
        raise VitalsError(
            f"{where}: config.meta of {entry.get('name')} is no mapping.", "Correct its indentation."
        )
    return meta


def _name(entry: object, where: str, kind: str) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name != name.lower():
        raise VitalsError(
            f"{where}: {kind} name {name!r} is not snake case.", "Use lower-case letters and `_`."
        )
    return name


def _is_encoding(name: str) -> bool:
    try:
        return bool(codecs.lookup(name))
    except LookupError:
        return False
