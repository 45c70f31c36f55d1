"""Erasing a person: from raw data, quarantine and ledger, from what is built of them, and from landing.

The person's rows stay, so that the figures stay: what named the person becomes a random token that nothing
links to anyone.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import os
import re
import secrets
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vitals import dbt_build, pipeline
from vitals.errors import VitalsError
from vitals.landing import store
from vitals.landing.identifiers import hasher, load_salt, normalised, pseudonymiser
from vitals.landing.reading import open_regular, read_file
from vitals.landing.records import Columns, RefusedError, Row, as_text, json_text
from vitals.landing.survey import survey
from vitals.paths import Paths
from vitals.search import bounded, search
from vitals.streams import Stream, load_streams

FORGOTTEN = "[forgotten]"
# A shorter one stands by chance in other people's rows: it is known by its hash only.
SHORTEST_TEXT = 6
# What the report calls identifiers that nobody gave, and that are the same customer's.
LINKED = "identifiers known to be the same customer's"
_BATCH_ROWS = 20_000
# Columns that say where a row comes from; a person stands in none of them.
_KEPT = frozenset(["platform", "stream", "file_hash", "declaration", "status", "reason_code"])


@dataclass(frozen=True)
class LeftFile:
    """A file of landing that holds the person and still stands there, and why."""

    source_file: str
    reason: str


@dataclass(frozen=True)
class ForgetReport:
    """What was erased.

    rows: how many rows of the warehouse's Parquet files each spelling had; under LINKED those of other
    identifiers of the same customer.
    removed: files removed from landing.
    left: files that are still there; with any, the person is not forgotten yet.
    """

    rows: Mapping[str, int]
    removed: tuple[str, ...]
    left: tuple[LeftFile, ...]


class NobodyFound(VitalsError):  # noqa: N818 - it reads as what happened
    """No spelling stands anywhere."""


@dataclass(frozen=True)
class _Person:
    """One spelling of a person: hash, token in its place, and the plain text as patterns, if known."""

    spelling: str
    plain: str
    hash: str
    token: str
    texts: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]

    def is_in(self, text: str) -> bool:
        return self.hash in text or any(pattern.search(text) for pattern in self.patterns)

    def replaced(self, text: str, whole: bool) -> str:
        """The text without the person; a declared column of nothing else keeps telling equal from unequal."""
        if whole and self.patterns and text.strip().casefold() == self.plain:
            return self.token
        text = text.replace(self.hash, self.token)
        for pattern in self.patterns:
            text = pattern.sub(FORGOTTEN, text)
        return text


def forget(
    paths: Paths,
    identifiers: Sequence[str],
    remove_files: bool = False,
    on_progress: pipeline.OnProgress | None = None,
    to: str | None = None,
) -> ForgetReport:
    """Erase a person from everything in the warehouse, and publish it anew. After a crash, call it again.

    Args:
        paths: the installation.
        identifiers: the person's telephone numbers, addresses or ids, in every spelling that exports have.
            What the last build knows to be the same customer's is erased with them, by its hash.
        remove_files: also remove the landed files that hold the person from landing.
        on_progress: told what is going on.
        to: postgresql://…: a database that holds what is published, too.

    Raises:
        NobodyFound: no spelling stands anywhere.
        GateFailed, AuditFailed: what was rebuilt may not be published; what was published stays.
        VitalsError: an identifier names nobody, or something of the person could not be erased.
    """
    tell = on_progress or pipeline.silent
    streams = load_streams(paths.project)
    with pipeline.at_work(paths, "forget"):
        key_file = _key_file(paths)
        is_resumed = key_file.exists()
        salt = load_salt(paths.salt_file)
        _check_names(identifiers, salt)
        regions = sorted({stream.phone_region for stream in streams if stream.phone_region})
        hashes = {value for each in identifiers for value in _hashes(each, salt, regions)}
        linked = _linked(paths, hashes, is_resumed)
        key, linked = _key(key_file, linked)
        people = _people(identifiers, salt, regions, key, linked - hashes)
        # Nobody else writes while the lock is held: these are what a crash left.
        for stale in paths.raw.rglob(".*.tmp"):
            stale.unlink()
        tell("Searching landing", 0, 0, "")
        removable, left = _in_landing(paths, streams, people)
        tell("Erasing from raw data", 0, 0, "")
        rows = _erase_raw(paths, people)
        if not (any(rows.values()) or removable or left or is_resumed):
            key_file.unlink()
            # The history and the log keep this message: it must not say who was looked for.
            raise NobodyFound(
                "Nobody is called so in the warehouse or in landing.",
                "Give the identifier as the export has it: with or without the country's code, blanks,"
                " dashes; capitals do not matter. Several spellings may be given at once. If the salt was"
                " changed, it must be the one that is in use.",
            )
        removed = []
        for path, shown in removable:
            if remove_files:
                path.unlink()
                removed.append(shown)
            else:
                left.append(LeftFile(shown, "landed; its rows are kept without the person"))
        if paths.work_db.exists() or paths.published_db.exists():
            _rebuild(paths, tell, to)
        tell("Erasing from logs", 0, 0, "")
        _erase_texts(paths, people)
        tell("Searching what is left", 0, 0, "")
        _check_erased(paths, people)
        if not left:
            # From here on nothing leads from a token to a person, not even for who knows the salt.
            key_file.unlink()
        return ForgetReport(rows, tuple(removed), tuple(sorted(left, key=lambda each: each.source_file)))


def _check_names(identifiers: Sequence[str], salt: bytes) -> None:
    hashed = hasher(salt)
    for identifier in identifiers:
        if hashed(identifier) is None:
            raise VitalsError(
                f"{identifier!r} names nobody: landing takes it for an anonymous contact.",
                "Give a telephone number, an address or an id.",
            )


def _hashes(identifier: str, salt: bytes, regions: Sequence[str]) -> list[str]:
    """What an identifier becomes when it lands: as it is, and as a number of each stream's country."""
    found = [hasher(salt, phone_region=region)(identifier) for region in (None, *regions)]
    return list(dict.fromkeys(value for value in found if value))


def _linked(paths: Paths, hashes: Collection[str], is_resumed: bool) -> frozenset[str]:
    """The identifiers that the last build knows to be the same customers', as hashes."""
    if not paths.work_db.exists():
        if paths.published_db.exists() and not is_resumed:
            raise VitalsError(
                f"Without {paths.work_db} nobody knows which identifiers are the person's.",
                "Run `vitals run`, then this again.",
            )
        return frozenset()
    with duckdb.connect(str(paths.work_db), read_only=True) as connection:
        try:
            rows = connection.execute(
                """
                select identifier_key from intermediate.int_identifiers__resolved
                where customer_key in (
                    select customer_key from intermediate.int_identifiers__resolved
                    where list_contains(?, identifier_key)
                )
                """,
                [sorted(hashes)],
            ).fetchall()
        except duckdb.CatalogException as error:
            if is_resumed:
                return frozenset()
            raise VitalsError(
                f"{paths.work_db} does not tell which identifiers are the person's: no build was finished.",
                "Run `vitals run`, then this again.",
            ) from error
    return frozenset(value for (value,) in rows)


def _people(
    identifiers: Sequence[str], salt: bytes, regions: Sequence[str], key: bytes, linked: Collection[str]
) -> list[_Person]:
    people: dict[str, _Person] = {}

    def add(spelling: str, value: str, forms: Sequence[str]) -> None:
        # As it stands in text, and in JSON with and without escapes.
        told = [form for form in forms if len(form) >= SHORTEST_TEXT]
        written = [each for form in told for each in (form, json_text(form)[1:-1], json.dumps(form)[1:-1])]
        texts = tuple(dict.fromkeys(written))
        token = hmac.digest(key, value.encode(), hashlib.sha256).hex()[:32]
        plain = spelling.strip().casefold()
        people[f"{plain} {value}"] = _Person(spelling, plain, value, token, texts, tuple(map(bounded, texts)))

    for identifier in identifiers:
        numbers = [normalised(identifier, region) for region in (None, *regions)]
        for value in _hashes(identifier, salt, regions):
            add(identifier, value, [identifier.strip(), *numbers])
    for value in sorted(linked):
        add(LINKED, value, [])
    return list(people.values())


def _key_file(paths: Paths) -> Path:
    return paths.warehouse / ".forget.key"


def _key(file: Path, linked: frozenset[str]) -> tuple[bytes, frozenset[str]]:
    """The secret that makes tokens, and whom else they are for: the same until all is done, then gone.

    What is linked stands in the file, too: once the hashes are tokens, nothing tells which they were.
    """
    key, *known = file.read_text(encoding="ascii").split() if file.exists() else [secrets.token_hex(32)]
    together = linked.union(known)
    if not file.exists() or together != set(known):
        temporary = file.with_name(f"{file.name}.tmp")
        temporary.unlink(missing_ok=True)
        temporary.touch(mode=0o600)
        with temporary.open("w", encoding="ascii") as opened:
            opened.write("\n".join([key, *sorted(together)]))
            opened.flush()
            os.fsync(opened.fileno())
        temporary.replace(file)
    return key.encode(), together


# --- raw data ------------------------------------------------------------------------------------


def _erase_raw(paths: Paths, people: Sequence[_Person]) -> dict[str, int]:
    counts = Counter[str]()
    for file in sorted(paths.raw.rglob("*.parquet")):
        counts += _erase_parquet(file, people, is_declared=file.relative_to(paths.raw).parts[0] != "vitals")
    return {person.spelling: counts[person.spelling] for person in people}


def _erase_parquet(path: Path, people: Sequence[_Person], is_declared: bool) -> Counter[str]:
    """Rewrites a file that holds a person, at once or not at all; returns the rows by spelling."""
    counts = Counter[str]()
    with pq.ParquetFile(path) as old:
        if not any(_hits(batch, people) for batch in old.iter_batches(_BATCH_ROWS)):
            return counts
        with store.ParquetFile(path, old.schema_arrow) as new:
            for batch in old.iter_batches(_BATCH_ROWS):
                hits = _hits(batch, people)
                columns = dict(zip(batch.schema.names, batch.columns, strict=True))
                rows: dict[str, set[int]] = {person.spelling: set() for person in people}
                for name, person, places in hits:
                    values = columns[name].to_pylist()
                    whole = is_declared and name not in ("extra_columns", "source_file")
                    for place in places:
                        values[place] = person.replaced(values[place], whole)
                    columns[name] = pa.array(values, pa.string())
                    rows[person.spelling].update(places)
                counts += Counter({spelling: len(places) for spelling, places in rows.items()})
                new.add(columns.values())
            new.commit()
    return counts


def _hits(batch: pa.RecordBatch, people: Sequence[_Person]) -> list[tuple[str, _Person, list[int]]]:
    """Columns of a batch that hold a person, and the rows."""
    found = []
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if not pa.types.is_string(field.type) or field.name in _KEPT:
            continue
        for person in people:
            likely = pc.match_substring(column, person.hash)
            for text in person.texts:
                # Arrow knows no look-around: its quick pass is the coarse one.
                likely = pc.or_(likely, pc.match_substring(column, text, ignore_case=True))
            places = pc.indices_nonzero(pc.fill_null(likely, False)).to_pylist()
            places = [place for place in places if person.is_in(column[place].as_py())]
            if places:
                found.append((field.name, person, places))
    return found


# --- landing -------------------------------------------------------------------------------------


def _in_landing(
    paths: Paths, streams: Sequence[Stream], people: Sequence[_Person]
) -> tuple[list[tuple[Path, str]], list[LeftFile]]:
    """Files that hold a person: those that were landed, and those that only the user can deal with."""
    by_key = {stream.key: stream for stream in streams}
    salt = load_salt(paths.salt_file)
    landed = {
        (f"{row['platform']}/{row['stream']}", row["file_hash"])
        for row in store.read_ledger(paths)
        if row["status"] == "landed"
    }
    dropped, _ = survey(paths.landing, by_key.keys())
    read = {each.path: by_key[each.key] for each in dropped if not each.problem and each.key in by_key}
    removable: list[tuple[Path, str]] = []
    left: list[LeftFile] = []
    for path in sorted(paths.landing.rglob("*")):
        # What lies outside of landing is not ours, wherever a link leads.
        if not path.is_file() or not path.resolve().is_relative_to(paths.landing.resolve()):
            continue
        shown = os.fsencode(path.relative_to(paths.landing)).decode("utf-8", "backslashreplace")
        stream = read.get(path)
        try:
            with open_regular(path) as raw:
                digest = hashlib.file_digest(cast(io.BufferedReader, raw), "sha256").hexdigest()
                holds = any(person.is_in(shown) for person in people) or _bytes_hold(raw, people)
                if stream and not holds:
                    holds = _rows_hold(raw, stream, salt, people)
        except RefusedError as refusal:
            left.append(LeftFile(shown, f"cannot be searched: {refusal.reason}"))
            continue
        if not holds:
            continue
        if stream and (stream.key, digest) in landed:
            removable.append((path, shown))
        else:
            reason = "never landed: remove it, or land it with `vitals run` first"
            left.append(LeftFile(shown, reason))
    return removable, left


def _bytes_hold(raw: BinaryIO, people: Sequence[_Person]) -> bool:
    """Whether a person stands in a file as plain text, read or not: lines that nobody can parse, too."""
    raw.seek(0)
    tail = b""
    while chunk := raw.read(1 << 22):
        piece = tail + chunk
        for encoding in ("utf-8", "latin-1", "utf-16-le", "utf-16-be"):
            # A tail may begin in the middle of a character of two bytes.
            for start in (0, 1) if encoding.startswith("utf-16") else (0,):
                text = piece[start:].decode(encoding, "replace")
                if any(pattern.search(text) for person in people for pattern in person.patterns):
                    return True
        tail = chunk[-4096:]
    return False


def _rows_hold(raw: BinaryIO, stream: Stream, salt: bytes, people: Sequence[_Person]) -> bool:
    """Whether a person stands in a file's rows, as landing would read them."""
    raw.seek(0)
    hide = pseudonymiser(stream, salt)
    for item in read_file(raw, stream):
        if isinstance(item, Columns):
            columns = dict(zip(item.names, item.texts, strict=True))
            declared = [columns.get(name, pa.nulls(len(item), pa.string())) for name in stream.columns]
            if hide:
                hide.columns(declared)
            texts = [text or "" for column in (*item.texts, *declared) for text in column.to_pylist()]
        elif not isinstance(item, Row):
            texts = [item.text, item.reason]
        else:
            texts = [as_text(value) or "" for value in item.values]
            if hide:
                values: dict[str, Any] = dict(zip(item.names, item.values, strict=False))
                picked = [values.get(name) for name in stream.columns]
                hide.row(picked)
                texts += [as_text(value) or "" for value in picked]
        joined = "\n".join(texts)
        if any(person.is_in(joined) for person in people):
            return True
    return False


# --- what is made from raw data ------------------------------------------------------------------


def _rebuild(paths: Paths, tell: pipeline.OnProgress, to: str | None) -> None:
    """Builds and publishes anew, as of the same moment, in new files: old ones keep what is deleted."""
    leftovers = [paths.work_db, *paths.warehouse.glob(".vitals-candidate*")]
    for file in [*leftovers, *(file.with_name(f"{file.name}.wal") for file in leftovers)]:
        file.unlink(missing_ok=True)
    shutil.rmtree(dbt_build.target_dir(paths), ignore_errors=True)
    pipeline.rebuild(paths, tell, to)


def _plain_files(paths: Paths) -> Iterator[Path]:
    for file in sorted(paths.warehouse.rglob("*")):
        if (
            file.is_file()
            and not file.is_symlink()
            and file not in (paths.salt_file, _key_file(paths), paths.warehouse / ".lock")
        ):
            yield file


def _erase_texts(paths: Paths, people: Sequence[_Person]) -> None:
    for file in _plain_files(paths):
        if ".duckdb" in file.name or file.suffix == ".parquet":
            continue
        text = file.read_bytes().decode("utf-8", "surrogateescape")
        clean = text
        for person in people:
            clean = person.replaced(clean, whole=False)
        if clean != text:
            temporary = file.with_name(f".{file.name}.tmp")
            temporary.write_bytes(clean.encode("utf-8", "surrogateescape"))
            shutil.copymode(file, temporary)
            temporary.replace(file)


def _check_erased(paths: Paths, people: Sequence[_Person]) -> None:
    def find(text: str) -> set[str]:
        return {person.spelling for person in people if person.is_in(text)}

    if places := search(_plain_files(paths), find):
        first = places[0]
        raise VitalsError(
            f"{len(places)} places still hold the person; the first: {first.file}, {first.where}.",
            "Remove that file if it is none of Vitals' own, and run the command again.",
        )
