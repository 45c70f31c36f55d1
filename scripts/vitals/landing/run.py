"""One landing run: new files become raw Parquet, bad lines go to quarantine, the ledger knows each file."""

import datetime as dt
import hashlib
import io
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vitals.errors import VitalsError
from vitals.landing import store
from vitals.landing.columns import objects
from vitals.landing.identifiers import Pseudonymiser, hasher, load_salt, pseudonymiser
from vitals.landing.reading import open_regular, read_file
from vitals.landing.records import (
    JSON,
    Bad,
    Columns,
    OnHeader,
    RefusedError,
    Row,
    as_text,
    check_columns_stay,
    check_required,
)
from vitals.landing.survey import Dropped, UnknownFolder, survey
from vitals.paths import Paths
from vitals.streams import ORIGIN_COLUMNS, Stream

# Part of every declaration's hash: raise it when the code lands files differently, and all land again.
LAYOUT = 3
# The text of a quarantined line that is older than its stream may keep.
EXPIRED = "[expired]"
_BATCH_ROWS = 2_000
_SAVE_SECONDS = 5.0
_MANY_SHAPES = 10_000

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file. status: landed, known, duplicate, refused, being_written or passed_over.

    new_columns: undeclared columns that no file of the stream had before; they are kept.
    """

    source_file: str
    status: str
    rows_landed: int = 0
    rows_quarantined: int = 0
    reason: str = ""
    remedy: str = ""
    new_columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class LandingReport:
    """What a run did, file by file, in the order of their paths; and the folders that no stream declares.

    rows_expired: rows of earlier runs that were erased, being older than their stream may keep.
    """

    files: tuple[FileOutcome, ...]
    unknown: tuple[UnknownFolder, ...]
    rows_expired: int = 0

    def with_status(self, status: str) -> tuple[FileOutcome, ...]:
        """The files of one status."""
        return tuple(each for each in self.files if each.status == status)

    @property
    def rows_landed(self) -> int:
        """Rows that went into raw Parquet in this run."""
        return sum(each.rows_landed for each in self.files)

    @property
    def rows_quarantined(self) -> int:
        """Lines that went into quarantine in this run."""
        return sum(each.rows_quarantined for each in self.files)

    @property
    def rows_read(self) -> int:
        """All records of the files landed in this run."""
        return self.rows_landed + self.rows_quarantined


class _Ledger:
    """The rows of the ledger by file and hash, and where each content was landed from."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._saved = store.read_ledger(paths)
        self.rows = {(row["source_file"], row["file_hash"]): row for row in self._saved}
        self._before = {key: row for key, row in self.rows.items() if row["status"] == "refused"}
        # Refusals hold for files that still stand there and still cannot be read: each run finds them anew.
        self.rows = {key: row for key, row in self.rows.items() if key not in self._before}
        self._landed = {
            (row["platform"], row["stream"], row["file_hash"]): row for row in self._with("landed")
        }
        self._seen: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for row in self._landed.values():
            self._note_columns(row)
        self._due, self._cost = time.monotonic() + _SAVE_SECONDS, 0.0

    def landed(self, stream: Stream, digest: str) -> dict[str, Any] | None:
        """The row of the file from which this content was landed."""
        return self._landed.get((stream.platform, stream.name, digest))

    def seen(self, stream: Stream, column: str) -> set[str]:
        """The column names that the stream's landed files had: of `header` or `extra_columns`."""
        return self._seen[stream.key, column]

    def keep_refusals(self, source_files: Collection[str]) -> None:
        """The refusals of these files stand: this run does not look at them."""
        for key, row in self._before.items():
            if row["source_file"] in source_files:
                self.rows.setdefault(key, row)

    def landed_streams(self) -> set[str]:
        """The streams that files were landed from."""
        return {_key(row) for row in self._with("landed")}

    def outdated(self, declarations: dict[str, str]) -> list[dict[str, Any]]:
        """Rows landed under a declaration that holds no more."""
        return [
            row
            for row in self._with("landed")
            if _key(row) in declarations and row["declaration"] != declarations[_key(row)]
        ]

    def record(self, row: dict[str, Any]) -> None:
        """Puts in a file's row; a content has one file that it was landed from."""
        content = row["platform"], row["stream"], row["file_hash"]
        before = self._landed.get(content)
        if before and (row["status"] == "landed" or before["source_file"] == row["source_file"]):
            self.rows.pop((before["source_file"], before["file_hash"]), None)
            del self._landed[content]
        if row["status"] == "landed":
            self._landed[content] = row
            self._note_columns(row)
        key = row["source_file"], row["file_hash"]
        earlier = self._before.get(key)
        # The same refusal again is no news: the ledger stays the same, byte for byte.
        same = earlier and {**earlier, "landed_at": None} == {**row, "landed_at": None}
        self.rows[key] = earlier if earlier and same else row
        if time.monotonic() > self._due:
            self.save()

    def save(self) -> None:
        """Writes the ledger when it has changed."""
        started = time.monotonic()
        rows = sorted(self.rows.values(), key=lambda row: (row["source_file"], row["file_hash"] or ""))
        file = self._paths.ledger_file
        if rows != self._saved or not (file.exists() and pq.read_schema(file).equals(store.LEDGER)):
            store.write_rows(file, store.LEDGER, rows)
            self._saved = rows
        # The larger the ledger, the more rarely it is saved: a twentieth of the time at most.
        self._due = time.monotonic() + max(_SAVE_SECONDS, 20 * (time.monotonic() - started))

    def _note_columns(self, row: dict[str, Any]) -> None:
        for column in ("header", "extra_columns"):
            self._seen[_key(row), column].update(filter(None, (row[column] or "").split(", ")))

    def _with(self, status: str) -> list[dict[str, Any]]:
        return [row for row in self.rows.values() if row["status"] == status]


class _Shaper:
    """Brings the rows of a file into the stream's declared columns; single rows are gathered."""

    def __init__(self, stream: Stream, hide: Pseudonymiser | None) -> None:
        self._stream, self._hide = stream, hide
        self._plans: dict[tuple[str, ...], tuple[list[int], list[tuple[str, int]]]] = {}
        self._rows: list[tuple[Any, ...]] = []
        self.names: set[str] = set()
        self.extra: set[str] = set()

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: Row) -> None:
        plan = self._plans.get(row.names)
        if plan is None:
            plan = self._plan(row.names)
        places, others = plan
        values = [*row.values, None]
        picked = [values[place] for place in places]
        extra = {name: values[place] for name, place in others if values[place] is not None}
        if extra:
            self.extra.update(extra)
        if self._hide:
            self._hide.row(picked)
        texts = [value if value is None or type(value) is str else as_text(value) for value in picked]
        self._rows.append((*texts, as_text(extra or None), row.line))

    def columns(self, source_file: str, digest: str, landed_at: dt.datetime) -> list[Sequence[Any]]:
        """The rows gathered, column by column in the order of the raw schema; begins anew."""
        count = len(self._rows)
        *texts, lines = zip(*self._rows, strict=True)
        self._rows = []
        return [*texts, *_origin(source_file, lines, digest, landed_at, count)]

    def shaped(
        self, found: Columns, source_file: str, digest: str, landed_at: dt.datetime, kept: set[int] | None
    ) -> list[pa.Array]:
        """Columns of a file in the order of the raw schema; of the rows those on kept lines only, where they are given."""
        texts, count = found.texts, len(found)
        lines = pa.array(range(found.line, found.line + count), pa.int64())
        if kept is not None:
            mask = pc.is_in(lines, pa.array(kept, pa.int64()))
            texts, lines = [column.filter(mask) for column in texts], lines.filter(mask)
            count = len(lines)
        places, others = self._plans.get(found.names) or self._plan(found.names)
        columns = [*texts, pa.nulls(count, pa.string())]
        picked = [columns[place] for place in places]
        others = [(name, place) for name, place in others if columns[place].null_count < count]
        self.extra.update(name for name, _ in others)
        if self._hide:
            self._hide.columns(picked)
        extra = objects([name for name, _ in others], [columns[place] for _, place in others]) if others else columns[-1]
        return [*picked, extra, *_origin(source_file, lines, digest, landed_at, count)]

    def _plan(self, names: tuple[str, ...]) -> tuple[list[int], list[tuple[str, int]]]:
        self.names.update(names)
        place = {name: index for index, name in enumerate(names)}
        others = [(name, index) for name, index in place.items() if name not in self._stream.columns]
        # -1 is the None that `add` puts behind the values.
        plan = [place.get(name, -1) for name in self._stream.columns], others
        if len(self._plans) >= _MANY_SHAPES:
            self._plans.clear()
        self._plans[names] = plan
        return plan


def _origin(
    source_file: str, lines: Sequence[int], digest: str, landed_at: dt.datetime, count: int
) -> list[Sequence[Any]]:
    file, content = (pa.repeat(pa.scalar(each, pa.string()), count) for each in (source_file, digest))
    return [file, lines, content, pa.repeat(pa.scalar(landed_at, pa.timestamp("us")), count)]


class _Run:
    """The state of one run."""

    def __init__(
        self, paths: Paths, streams: Sequence[Stream], landed_at: dt.datetime, tick: Progress
    ) -> None:
        """Surveys landing, and reads the salt if any file there or landed before needs it."""
        self.paths, self.landed_at, self.tick = paths, landed_at, tick
        self.streams = {stream.key: stream for stream in streams}
        self.dropped, self.unknown = survey(paths.landing, self.streams.keys())
        self.ledger = _Ledger(paths)
        secret = {stream.key for stream in streams if stream.has_identifiers}
        touched = {each.key for each in self.dropped if not each.problem} | self.ledger.landed_streams()
        self.salt = load_salt(paths.salt_file) if secret & touched else b""
        self.declarations = {stream.key: _declaration(stream, self.salt) for stream in streams}
        self.done = self.total = 0

    def file(self, dropped: Dropped) -> FileOutcome:
        """Lands one file, or says why not."""
        if dropped.problem == "passed_over":
            return FileOutcome(dropped.source_file, "passed_over", reason=dropped.reason)
        if dropped.problem:
            return self._refuse(dropped, "", 0, RefusedError(dropped.reason, dropped.remedy, dropped.code))
        digest = ""
        try:
            before = dropped.path.stat()
            self.tick(self.done, self.total, dropped.source_file)
            try:
                with open_regular(dropped.path) as raw:
                    digest = hashlib.file_digest(cast(io.BufferedReader, raw), "sha256").hexdigest()
                    raw.seek(0)
                    outcome = self._content(dropped, raw, digest, before)
            except RefusedError as refusal:
                _check_unchanged(dropped.path, before)
                outcome = self._refuse(dropped, digest, before.st_size, refusal)
            self.done += before.st_size
        except (_ChangedError, FileNotFoundError):
            reason = "it changed while it was read: still being written; the next run lands it"
            return FileOutcome(dropped.source_file, "being_written", reason=reason)
        return outcome

    def _content(self, dropped: Dropped, raw: BinaryIO, digest: str, before: os.stat_result) -> FileOutcome:
        """Decides what to do with a content: known, duplicate, or to be landed."""
        stream = self.streams[dropped.key]
        declaration = self.declarations[stream.key]
        row = self.ledger.rows.get((dropped.source_file, digest))
        landed = self.ledger.landed(stream, digest)
        current = landed and landed["declaration"] == declaration and self._raw(stream, digest).is_file()
        if landed and current and row and row["declaration"] == declaration:
            return FileOutcome(dropped.source_file, "known")
        if landed and current:
            reason = f"same content as {landed['source_file']}"
            self.ledger.record(self._row(dropped, digest, before.st_size, "duplicate") | {"reason": reason})
            return FileOutcome(dropped.source_file, "duplicate", reason=reason)
        shaper = self._shaper(stream)
        header: list[str] = []

        def on_header(names: Sequence[str]) -> None:
            header.extend(name for name in stream.columns if name in names)
            # What was landed before was accepted then: it lands again, whatever came after it.
            if not landed and not row:
                check_columns_stay(
                    stream, names, self.ledger.seen(stream, "header"), self.ledger.seen(stream, "extra_columns")
                )

        # What expired does not come back, whatever makes the file land again.
        old = self._raw(stream, digest)
        kept = set(store.source_rows(old)) if landed and landed["rows_expired"] and old.is_file() else None
        with ExitStack() as stack:
            rows, bad_rows, expired = self._write(dropped, raw, digest, shaper, stack, before, on_header, kept)
        new = tuple(sorted(shaper.extra - self.ledger.seen(stream, "extra_columns")))
        columns = {"header": ", ".join(header) or None, "extra_columns": ", ".join(sorted(shaper.extra)) or None}
        self.ledger.record(
            self._row(dropped, digest, before.st_size, "landed", rows, bad_rows)
            | columns
            | {"rows_expired": expired}
        )
        return FileOutcome(dropped.source_file, "landed", rows - expired, bad_rows, new_columns=new)

    def _write(
        self,
        dropped: Dropped,
        raw: BinaryIO,
        digest: str,
        shaper: _Shaper,
        stack: ExitStack,
        before: os.stat_result,
        on_header: OnHeader,
        kept: set[int] | None,
    ) -> tuple[int, int, int]:
        """Writes a content's raw and quarantine files, of the rows those on kept lines only where they are given.

        Returns how many rows could be read, how many could not, and how many of the former had expired.
        """
        stream = self.streams[dropped.key]
        target = stack.enter_context(store.ParquetFile(self._raw(stream, digest), store.raw_schema(stream)))
        quarantine: store.ParquetFile | None = None
        bad: list[Bad] = []
        first: Bad | None = None
        rows = bad_rows = expired = 0

        def flush_rows() -> None:
            if shaper:
                target.add(shaper.columns(dropped.source_file, digest, self.landed_at))
            self.tick(self.done + raw.tell(), self.total, dropped.source_file)

        def flush_bad() -> None:
            nonlocal quarantine
            if bad and not quarantine:
                quarantine = stack.enter_context(
                    store.ParquetFile(self._quarantine(stream, digest), store.QUARANTINE)
                )
            if bad and quarantine:
                origin = (stream.platform, stream.name, dropped.source_file, digest)
                quarantine.add(zip(*((*origin, *each, self.landed_at) for each in bad), strict=True))
                bad.clear()

        for item in read_file(raw, stream, on_header):
            if isinstance(item, Columns):
                columns = shaper.shaped(item, dropped.source_file, digest, self.landed_at, kept)
                rows += len(item)
                expired += len(item) - len(columns[0])
                target.add(columns)
                self.tick(self.done + raw.tell(), self.total, dropped.source_file)
            elif isinstance(item, Row):
                rows += 1
                if kept is not None and item.line not in kept:
                    expired += 1
                    continue
                shaper.add(item)
                if len(shaper) >= _BATCH_ROWS:
                    flush_rows()
            else:
                first = first or item
                bad.append(item if kept is None else item._replace(text=EXPIRED))
                bad_rows += 1
                if len(bad) >= _BATCH_ROWS:
                    flush_bad()
        if first and not rows:
            raise RefusedError(
                f"none of its {bad_rows} records can be read; the first, line {first.line}: {first.reason}",
                f"Check that the file belongs to {stream.key}, and export it again.",
                first.code,
            )
        if rows and kept is None:
            check_required(stream, sorted(shaper.names))
        flush_rows()
        flush_bad()
        _check_unchanged(dropped.path, before)
        if quarantine:
            quarantine.commit()
        else:
            self._quarantine(stream, digest).unlink(missing_ok=True)
        target.commit()
        return rows, bad_rows, expired

    def _refuse(self, dropped: Dropped, digest: str, size: int, refusal: RefusedError) -> FileOutcome:
        if dropped.key in self.streams:
            stream = self.streams[dropped.key]
            row = self.ledger.rows.get((dropped.source_file, digest))
            if row and row["status"] == "landed":
                # Readable under an earlier declaration only: what was landed then has another schema.
                self._raw(stream, digest).unlink(missing_ok=True)
                self._quarantine(stream, digest).unlink(missing_ok=True)
            told = {"reason": refusal.reason, "reason_code": refusal.code}
            self.ledger.record(self._row(dropped, digest or None, size, "refused") | told)
        return FileOutcome(dropped.source_file, "refused", reason=refusal.reason, remedy=refusal.remedy)

    def check_salt(self, present: set[str]) -> None:
        """Refuses to mix hashes of two salts, which would make one person two.

        Args:
            present: files that are in landing, and can be hashed anew.

        Raises:
            VitalsError: files landed under another salt are no longer there; it names the first ones.
        """
        gone = sorted(
            row["source_file"]
            for row in self.ledger.outdated(self.declarations)
            if row["source_file"] not in present
            and _salt_of(row["declaration"]) not in ("", _salt_of(self.declarations[_key(row)]))
        )
        if gone:
            raise VitalsError(
                f"{len(gone)} landed file(s) were hashed with another salt and are no longer in landing as"
                f" they were: {', '.join(gone[:3])}{' …' if len(gone) > 3 else ''}.",
                "Put the salt of then back, or put these files back into landing to be hashed anew.",
            )

    def conform(self, row: dict[str, Any]) -> None:
        """Brings a raw file whose source is no longer in landing to the stream's present columns."""
        stream, digest = self.streams[_key(row)], row["file_hash"]
        path = self._raw(stream, digest)
        if path.is_file():
            shaper = self._shaper(stream, keep_hashed=True)
            with pq.ParquetFile(path) as old, store.ParquetFile(path, store.raw_schema(stream)) as new:
                for batch in old.iter_batches(_BATCH_ROWS):
                    for record in batch.to_pylist():
                        extra = JSON.decode(record["extra_columns"] or "{}")
                        values = extra | {
                            k: v for k, v in record.items() if v is not None and k not in ORIGIN_COLUMNS
                        }
                        shaper.add(Row(record["source_row"], tuple(values), list(values.values())))
                    new.add(shaper.columns(row["source_file"], digest, row["landed_at"]))
                new.commit()
        quarantine = self._quarantine(stream, digest)
        if quarantine.is_file() and not pq.read_schema(quarantine).equals(store.QUARANTINE):
            # Of an older layout, without codes.
            rows = pq.ParquetFile(quarantine).read().to_pylist()
            store.write_rows(quarantine, store.QUARANTINE, [{"reason_code": "unreadable", **each} for each in rows])
        self.ledger.record({**row, "declaration": self.declarations[stream.key]})

    def _row(
        self,
        dropped: Dropped,
        digest: str | None,
        size: int,
        status: str,
        rows: int = 0,
        bad_rows: int = 0,
    ) -> dict[str, Any]:
        platform, stream = dropped.key.split("/")
        return dict.fromkeys(store.LEDGER.names) | {
            "platform": platform,
            "stream": stream,
            "source_file": dropped.source_file,
            "file_hash": digest,
            "bytes": size,
            "rows_read": rows + bad_rows,
            "rows_landed": rows,
            "rows_quarantined": bad_rows,
            "rows_expired": 0,
            "status": status,
            "landed_at": self.landed_at,
            "declaration": self.declarations[dropped.key],
        }

    def _shaper(self, stream: Stream, keep_hashed: bool = False) -> _Shaper:
        return _Shaper(stream, pseudonymiser(stream, self.salt, keep_hashed))

    def _raw(self, stream: Stream, digest: str) -> Path:
        return store.raw_file(self.paths, stream.platform, stream.name, digest)

    def _quarantine(self, stream: Stream, digest: str) -> Path:
        return store.quarantine_file(self.paths, stream.platform, stream.name, digest)


class _ChangedError(Exception):
    """A file changed while it was read."""


def land(
    paths: Paths,
    streams: Sequence[Stream],
    now: dt.datetime | None = None,
    on_progress: Progress | None = None,
    only: Collection[Path] | None = None,
) -> LandingReport:
    """Lands every file that is new in landing. Landed files are never changed; landing twice changes nothing.

    The caller holds `pipeline_lock`. After a crash, what is not in the ledger yet lands again, over itself.

    Args:
        paths: the installation.
        streams: the declared streams.
        now: stamped on what is landed, UTC; None is the present.
        on_progress: called with bytes done, bytes in all, and the file in hand.
        only: look at these files alone, unless a declaration changed; None = at all of landing.

    Raises:
        VitalsError: salt, ledger or warehouse cannot be used. A file's faults stand in the report.
    """
    moment = store.utc(now or dt.datetime.now(dt.UTC))
    try:
        run = _Run(paths, streams, moment, on_progress or (lambda done, total, file: None))
        return _land(run, only)
    except OSError as error:
        # Landing's own files are dealt with one by one: what comes here befell the warehouse.
        raise VitalsError(
            f"The warehouse {paths.warehouse} cannot be written: {error}",
            "Check its free space and permissions.",
        ) from error


def _land(run: _Run, only: Collection[Path] | None) -> LandingReport:
    paths = run.paths
    store.clear_partial(paths.raw)
    dropped = run.dropped
    if only is not None and not run.ledger.outdated(run.declarations):
        dropped = [each for each in run.dropped if each.path in only or each.problem]
        run.ledger.keep_refusals({each.source_file for each in run.dropped if each.path not in only})
    # Before anything is written: what cannot be hashed anew must not come to stand beside new hashes.
    run.check_salt({each.source_file for each in run.dropped})
    run.total = sum(each.path.stat().st_size for each in dropped if not each.problem and each.path.exists())
    store.ensure_empty(paths.quarantine_dir / store.EMPTY, store.QUARANTINE)
    for stream in run.streams.values():
        store.ensure_empty(paths.raw / stream.platform / stream.name / store.EMPTY, store.raw_schema(stream))
    if not paths.run_file.exists():
        store.write_run(paths, None)
    try:
        files = tuple(run.file(each) for each in dropped)
        run.check_salt(set())
        for row in run.ledger.outdated(run.declarations):
            run.conform(row)
    finally:
        run.ledger.save()
    return LandingReport(files, tuple(run.unknown))


def _check_unchanged(path: Path, before: os.stat_result) -> None:
    after = path.stat()
    if (after.st_size, after.st_mtime_ns, after.st_ino) != (
        before.st_size,
        before.st_mtime_ns,
        before.st_ino,
    ):
        raise _ChangedError


def _declaration(stream: Stream, salt: bytes) -> str:
    """A hash of all that decides how a stream's files land."""
    # The salt counts, too: hashes of different salts must not stand side by side.
    fingerprint = (hasher(salt)("declaration") or "")[:16] if stream.has_identifiers else ""
    # Which columns may be missing decides what is refused, and how long rows are kept comes after; neither how a
    # file lands.
    how = {key: value for key, value in asdict(stream).items() if key not in ("optional", "keep_days")}
    digest = hashlib.sha256(
        json.dumps([LAYOUT, how, fingerprint], sort_keys=True).encode()
    ).hexdigest()[:16]
    return f"{digest}-{fingerprint}" if fingerprint else digest


def _salt_of(declaration: str) -> str:
    """The salt's fingerprint in a declaration's hash; empty where nothing was hashed."""
    return declaration.partition("-")[2]


def _key(row: dict[str, Any]) -> str:
    return f"{row['platform']}/{row['stream']}"
