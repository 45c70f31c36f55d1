"""The pipeline as plain functions, for the command line, Airflow, Dagster or a notebook: land, build,
audit, publish, run.

Each returns what it did, raises `VitalsError` when it could not, and may be called again at any time.
"""

from __future__ import annotations

import errno
import json
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import duckdb
import watchfiles

from vitals import __version__, dbt_build, engines, gates, history, retention, runs, tracking
from vitals.alerts import Alert, alerts
from vitals.data_docs import write_docs
from vitals.errors import PostgresError, VitalsError
from vitals.landing import LandingReport, pipeline_lock, write_run
from vitals.landing import land as land_files
from vitals.paths import Paths
from vitals.publish import (
    LEVELS,
    Candidate,
    PublishedTable,
    Restatement,
    Version,
    export_candidate,
    restatements,
    swap,
)
from vitals.streams import Stream, load_streams

if TYPE_CHECKING:
    from vitals.postgres import PostgresReport, Target

# Told what is going on: the step, how much of it is done, of how much (0 = unknown), and what is in hand.
OnProgress = Callable[[str, int, int, str], None]
# `watch`: how long no file changes before a round begins, and how soon an unfinished one is looked at again.
_SETTLE_MS = 400
_LOOK_AGAIN_MS = 3_000
# And how soon a round that failed is tried again: whoever is on call is not to be called every minute.
_TRY_AGAIN_SECONDS = 60
_TRY_AGAIN_SECONDS_AT_MOST = 3600
# From so many bytes of raw files on, models that compute everything are built one at a time: DuckDB uses all
# processors for one, too, and two at once took more than the memory of `VITALS_MEMORY` at 2.4 GB.
_LARGE_BYTES = 1 << 30
# `watch`: how long reports of more than the running day wait at most while ever more files come.
_LATER_AT_MOST_SECONDS = 600


@dataclass(frozen=True)
class BuildReport:
    """What a build did. It passed: a failed one raises.

    Args:
        is_first: whether it is a live round that left reports of more than the running day for later.
    """

    gate: gates.GateReport
    dbt: dbt_build.DbtReport
    as_of: datetime | None
    seconds: float
    is_first: bool = False


@dataclass(frozen=True)
class AuditReport:
    """A candidate that may be published."""

    candidate: Candidate
    gate: gates.GateReport
    version: Version


@dataclass(frozen=True)
class PublishReport:
    """What was published."""

    path: Path
    version: Version
    tables: tuple[PublishedTable, ...]
    restated: tuple[Restatement, ...]
    gate: gates.GateReport
    seconds: float
    alerts: tuple[Alert, ...] = ()
    postgres: PostgresReport | None = None


@dataclass(frozen=True)
class RunReport:
    """Landing, build and publication together."""

    landing: LandingReport
    build: BuildReport
    publication: PublishReport


@dataclass(frozen=True)
class LiveReport:
    """One round of `watch`: nothing was built, nor published, when nothing was new or owed."""

    landing: LandingReport
    build: BuildReport | None
    publication: PublishReport | None
    seconds: float


class AuditFailed(VitalsError):  # noqa: N818 - it reads as what happened
    """Models or tests failed. What was published before stays as it is."""

    def __init__(self, report: dbt_build.DbtReport, work: Path, log: Path) -> None:
        self.report = report
        self.work = work
        self.log = log
        names = ", ".join(one.title for one in report.failures[:3])
        more = f" and {len(report.failures) - 3} more" if len(report.failures) > 3 else ""
        plural = "s" if len(report.failures) > 1 else ""
        super().__init__(
            f"{len(report.failures)} failure{plural} in the build: {names}{more}."
            " What was published before stays.",
            "Look at the rows, correct the export or the model, then run `vitals run` again.",
        )

    def commands(self, failure: dbt_build.NodeResult) -> tuple[str, str] | None:
        """Two ways to see all offending rows of a test: DuckDB's shell, and Python."""
        if failure.relation is None:
            return None
        database = _relative(self.work)
        query = f"from {failure.relation}"
        python = (
            f'{_relative(Path(sys.executable))} -c "import duckdb; '
            f"duckdb.connect('{database}', read_only=True).sql('{query}').show(max_rows=1000)\""
        )
        return f'duckdb -readonly {database} "{query}"', python


def land(paths: Paths, on_progress: OnProgress | None = None) -> LandingReport:
    """Land every new file of the landing folder. Files that were landed before are left alone.

    What is wrong with a single file stands in the report; nothing is raised for it.
    """
    with at_work(paths, "land"):
        return _land(paths, on_progress or silent)


def build(
    paths: Paths,
    as_of: datetime | None = None,
    select: Sequence[str] = (),
    full: bool = False,
    on_progress: OnProgress | None = None,
    engine: str = dbt_build.DUCKDB,
) -> BuildReport:
    """Check the raw data, then build and test every model in the work database. Publishes nothing.

    Args:
        paths: where everything is.
        as_of: report as of this moment (UTC when it has no zone); None = as far as the data reaches.
        select: dbt selectors, to build a part; empty = everything.
        full: rebuild incremental models and seeds from nothing.
        on_progress: told what is going on.
        engine: the target of profiles.yml; what Spark builds, it builds whole.

    Raises:
        GateFailed: the raw data is not what its declaration says.
        AuditFailed: a model or an error-level test failed.
        VitalsError: nothing could be built.
    """
    with at_work(paths, "build"), _gatekeeper(paths) as keeper:
        return _build(paths, as_of, select, full, on_progress or silent, keeper, engine=engine)


def audit(paths: Paths, on_progress: OnProgress | None = None) -> AuditReport:
    """Write the candidate from the work database and check it as readers would see it. Publishes nothing.

    Raises:
        GateFailed: the candidate is not fit to be read; it is kept for a look.
        VitalsError: the last build did not pass, or the work database changed since.
    """
    with _refusals_told(paths), pipeline_lock(paths), _gatekeeper(paths) as keeper:
        return _audit(paths, on_progress or silent, keeper)


def publish(paths: Paths, on_progress: OnProgress | None = None, to: str | None = None) -> PublishReport:
    """Audit the last build and put it in the published file's place, atomically. Readers of the old file
    read on.

    Args:
        paths: where everything is.
        on_progress: told what is going on.
        to: postgresql://…: a database that shall hold the same, afterwards.

    Raises:
        GateFailed: the candidate is not fit to be read; the published file stays.
        PostgresError: the files are published, and the database is not: it stays as it was.
        VitalsError: the last build did not pass, or the work database changed since.
    """
    with at_work(paths, "publish"), _gatekeeper(paths) as keeper:
        return _publish(paths, on_progress or silent, keeper, _target(to))


def run(
    paths: Paths,
    as_of: datetime | None = None,
    full: bool = False,
    on_progress: OnProgress | None = None,
    to: str | None = None,
    engine: str = dbt_build.DUCKDB,
) -> RunReport:
    """Land, build, audit, publish: from the files in the landing folder to the published warehouse, and to
    the database `to`. `engine` is the target of profiles.yml that builds.

    Raises what `build` and `publish` raise.
    """
    tell = on_progress or silent
    # The gate's process starts first: it has imported what it needs by the time that it is asked.
    with at_work(paths, "run"), _gatekeeper(paths) as keeper:
        target = _target(to)
        landed = _land(paths, tell)
        built = _build(paths, as_of, (), full, tell, keeper, engine=engine)
        return RunReport(landed, built, _publish(paths, tell, keeper, target))


def watch(
    paths: Paths,
    on_round: Callable[[LiveReport], None],
    on_failure: Callable[[VitalsError], None],
    progress: Callable[[], AbstractContextManager[OnProgress]] = lambda: nullcontext(silent),
    stop: Event | None = None,
    to: str | None = None,
) -> None:
    """Bring what lies in the landing folder to the published warehouse, then every file as it comes.

    One process does it all: when a file comes, it has read the project and imported its libraries, and it
    builds and tests only what the streams of new files reach. What the running day needs is published first;
    the reports of more than that day (`live: later` in dbt_project.yml) follow when no further file waits.

    Args:
        paths: where everything is.
        on_round: told of every round that landed or refused a file.
        on_failure: told of every round that failed; the next file is waited for all the same.
        progress: opened for each round; what it gives is told what is going on.
        stop: set to end it; None = until KeyboardInterrupt.
        to: postgresql://…: a database that every publication goes to, too.
    """
    target = _target(to)
    paths.landing.mkdir(parents=True, exist_ok=True)
    project = _Project(paths)
    # Each round is a run of its own, whatever name the command line gave the process.
    runs.RUN_ID.set(None)
    # What has to be looked at: None is everything. It stays when a round fails, and while a file is written.
    waiting: set[Path] | None = None
    # What a round of everything saw: the folder is watched only after it, and a file may have come meanwhile.
    seen: set[Path] | None = None
    failures, retry_at = 0, 0.0
    # Since when reports wait for a round that finds nothing new.
    owed_since: float | None = None
    with _gatekeeper(paths) as keeper:
        for changes in chain(
            [None],
            watchfiles.watch(
                paths.landing.resolve(),
                stop_event=stop,
                debounce=_SETTLE_MS,
                rust_timeout=_LOOK_AGAIN_MS,
                yield_on_timeout=True,
            ),
        ):
            if waiting is not None:
                waiting |= {
                    paths.landing / Path(name).relative_to(paths.landing.resolve())
                    for _, name in changes or ()
                }
                if seen is not None:
                    waiting |= {file for file in paths.landing.rglob("*") if file.is_file()} - seen
                    seen = None
                if not waiting and owed_since is None:
                    continue
            if not changes and time.monotonic() < retry_at:
                continue
            is_first = bool(waiting) and (
                owed_since is None or time.monotonic() < owed_since + _LATER_AT_MOST_SECONDS
            )
            try:
                with progress() as tell:
                    report = _round(
                        paths, project, waiting, keeper, tell, target, is_first, is_again=failures > 0
                    )
            except VitalsError as error:
                on_failure(error)
                retry_at = time.monotonic() + min(
                    _TRY_AGAIN_SECONDS * 2**failures, _TRY_AGAIN_SECONDS_AT_MOST
                )
                failures += 1
                continue
            failures = 0
            if report.build is not None:
                owed_since = (owed_since or time.monotonic()) if report.build.is_first else None
            if waiting is None:
                seen = {paths.landing / one.source_file for one in report.landing.files}
            waiting = {paths.landing / one.source_file for one in report.landing.with_status("being_written")}
            if report.publication or report.landing.with_status("refused"):
                on_round(report)


def _round(
    paths: Paths,
    project: _Project,
    only: set[Path] | None,
    keeper: gates.Gatekeeper,
    tell: OnProgress,
    target: Target | None,
    is_first: bool,
    is_again: bool,
) -> LiveReport:
    started = time.monotonic()
    with at_work(paths, "watch"):
        landed = _land(paths, tell, only)
        before = _read_state(paths)
        is_done = _is_intact(before) and (is_first or not _is_owed(before))
        # After a round that failed, what it built may still have to be published.
        if only is not None and not landed.with_status("landed") and is_done and not is_again:
            return LiveReport(landed, None, None, time.monotonic() - started)
        built = _build(paths, None, (), False, tell, keeper, project, is_first)
        published = _publish(paths, tell, keeper, target)
        return LiveReport(landed, built, published, time.monotonic() - started)


def rebuild(paths: Paths, on_progress: OnProgress, to: str | None = None) -> PublishReport:
    """Build everything from nothing, as of the moment of the last build, and publish it, also to the database
    `to`. Lands nothing.

    The caller holds `pipeline_lock`. Raises what `build` and `publish` raise.
    """
    with _gatekeeper(paths) as keeper:
        target = _target(to)
        # So that the sources are readable whatever the last run left.
        history.ensure_sources(paths)
        _build(paths, _asked_as_of(paths), (), True, on_progress, keeper)
        return _publish(paths, on_progress, keeper, target)


class _Project:
    """The project as dbt reads it; read again only when one of its files changed."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._stamp: list[tuple[str, int, int]] | None = None
        self._manifest: Any = None

    def manifest(self) -> tuple[Any, bool]:
        """dbt's manifest of the project as it stands, and whether it stood so at the call before."""
        stamp = [
            (str(file), file.stat().st_mtime_ns, file.stat().st_size)
            for part in ("models", "seeds", "macros", "tests", "dbt_project.yml", "profiles.yml")
            for file in sorted([self._paths.project / part, *(self._paths.project / part).rglob("*")])
            if file.exists()
        ]
        if stamp == self._stamp:
            return self._manifest, True
        self._manifest, self._stamp = dbt_build.parse(self._paths), stamp
        return self._manifest, False


# What the system says when it refuses, as an error number or in the words of a library.
_REFUSALS = {
    "The disk is full": (
        (errno.ENOSPC, errno.EDQUOT),
        ("no space left on device", "disk quota exceeded"),
        "Free some space there, then run the command again: it goes on from what is whole.",
    ),
    "Vitals may not use a file or folder": (
        (errno.EACCES, errno.EPERM, errno.EROFS),
        ("permission denied", "operation not permitted", "read-only file system"),
        "Give the user who runs Vitals the permission, then run the command again.",
    ),
}


class _RefusalError(VitalsError):
    """The system refused something, told clearly."""


@contextmanager
def at_work(paths: Paths, command: str) -> Iterator[None]:
    """A run under the lock, with a row in the history; what the system refuses is told clearly there too."""
    with _refusals_told(paths), runs.recorded(paths, command), _refusals_told(paths):
        yield


@contextmanager
def _refusals_told(paths: Paths) -> Iterator[None]:
    """What the system refuses meanwhile, whichever library met it, becomes one clear error."""
    try:
        yield
    # What another machine refuses is no file or disk of this one.
    except (_RefusalError, PostgresError):
        raise
    except (OSError, duckdb.Error, VitalsError) as error:
        said = _refused(error)
        if said is None:
            raise
        what, detail, remedy = said
        raise _RefusalError(f"{what}, in {paths.warehouse}: {detail}", remedy) from error


def _refused(error: OSError | duckdb.Error | VitalsError) -> tuple[str, str, str] | None:
    """What the system refused, in detail, and the way out; None when it is something else that failed."""
    texts = [error.message if isinstance(error, VitalsError) else str(error)]
    if isinstance(error, AuditFailed):
        texts = [one.message for one in error.report.failures]
    for what, (numbers, words, remedy) in _REFUSALS.items():
        for text in texts:
            if getattr(error, "errno", None) in numbers or any(word in text.lower() for word in words):
                return what, " ".join(text.split()), remedy
    return None


def _gatekeeper(paths: Paths) -> gates.Gatekeeper:
    return gates.Gatekeeper(dbt_build.log_dir(paths) / "gates.log")


def _land(paths: Paths, tell: OnProgress, only: Collection[Path] | None = None) -> LandingReport:
    tell("Landing files", 0, 0, "")
    streams = load_streams(paths.project)
    expired = 0
    if any(stream.keep_days for stream in streams) and dbt_build.ensure_usable(paths):
        expired = retention.expire(paths, streams)
    report = replace(
        land_files(
            paths,
            streams,
            on_progress=lambda done, total, file: tell("Landing files", done, total, file),
            only=only,
        ),
        rows_expired=expired,
    )
    _note_landing(report)
    # So that dbt can read every source, whoever calls it next.
    history.ensure_sources(paths)
    return report


def _note_landing(report: LandingReport) -> None:
    refused = report.with_status("refused")
    runs.note(
        landing=report,
        files=len(report.with_status("landed")),
        files_known=len(report.with_status("known")),
        files_refused=len(refused),
        rows=report.rows_landed,
        rows_quarantined=report.rows_quarantined,
        rows_expired=report.rows_expired,
    )
    if run := runs.current():
        run.refused = [
            {"file": one.source_file, "reason": one.reason, "remedy": one.remedy} for one in refused
        ]


def _build(
    paths: Paths,
    as_of: datetime | None,
    select: Sequence[str],
    full: bool,
    tell: OnProgress,
    keeper: gates.Gatekeeper,
    project: _Project | None = None,
    is_first: bool = False,
    engine: str = dbt_build.DUCKDB,
) -> BuildReport:
    started = time.monotonic()
    if engine != dbt_build.DUCKDB:
        engines.prepare(paths, engine, select)
    _ensure_landed(paths)
    if not dbt_build.ensure_usable(paths):
        tell("The work database was damaged by a crash: rebuilding it from nothing", 0, 0, "")
    before = _read_state(paths)
    is_as_of_before = paths.run_file.exists() and _asked_as_of(paths) == _utc(as_of)
    # Until this build has passed, nothing may be published from the work database.
    _write_state(paths, None)
    write_run(paths, _utc(as_of), datetime.now(UTC))
    # dbt reads the project while the gate's process is still importing.
    tell("Reading the models", 0, 0, "")
    manifest, is_as_before = project.manifest() if project else (dbt_build.parse(paths), False)
    history.write_sources(paths, dbt_build.read_manifest(paths))
    tell("Checking the raw data", 0, 0, "")
    if engine != dbt_build.DUCKDB:
        gate = _gate(paths, keeper, load_streams(paths.project))
        report = _build_elsewhere(paths, engine, manifest, tell)
        _refuse_failed(paths, report)
        _write_state(paths, report)
        return _built(paths, gate, report, started)
    with tracking.planned(paths, full) as plan:
        # It goes on from the last build, of the same project and moment: what it leaves out is as it was.
        is_live = is_as_before and is_as_of_before and _is_intact(before) and plan.staged is not None
        streams: Sequence[Stream] = load_streams(paths.project)
        if is_live:
            streams = [one for one in streams if f"stg_{one.platform}__{one.name}" in (plan.staged or ())]
        gate = _gate(paths, keeper, streams)
        tell("Building and testing", 0, 0, "")
        # What is left for later is built by the next round that finds nothing new.
        is_first = is_first and is_live and bool(tracking.built_later(dbt_build.read_manifest(paths)))
        report = dbt_build.build(
            paths,
            manifest,
            _live_select(plan, _is_owed(before)) if is_live else select,
            full,
            lambda done, total, name: tell("Building and testing", done, total, name),
            ["config.materialized:view", *(["config.meta.live:later"] if is_first else [])]
            if is_live
            else ()
            if select
            else sorted(plan.idle),
            is_live,
            plan.staged is None and _raw_bytes(paths) >= _LARGE_BYTES,
        )
    _refuse_failed(paths, report)
    if is_first:
        tracking.note_owed(paths, report.invocation_id)
    elif not select:
        tracking.note_done(paths, report.invocation_id)
    # A part that passed says nothing about the rest: that must have passed before.
    if not select or _is_intact(before):
        _write_state(paths, report, is_first)
    return _built(paths, gate, report, started, is_first)


def _gate(paths: Paths, keeper: gates.Gatekeeper, streams: Sequence[Stream]) -> gates.GateReport:
    """Check the raw data of streams; what was checked is in the data docs."""
    gate = gates.check_raw(keeper, paths.raw, streams)
    runs.note(checks=len(gate.results))
    docs = write_docs(paths.docs, gate)
    if not gate.passed:
        raise gates.GateFailed(
            gate, docs, "Land the files again as they were exported, or correct the stream's declaration."
        )
    return gate


def _refuse_failed(paths: Paths, report: dbt_build.DbtReport) -> None:
    runs.note(models=report.models, tests=report.tests, failures=len(report.failures))
    if not report.passed:
        raise AuditFailed(report, paths.work_db, dbt_build.log_dir(paths) / "dbt.log")


def _built(
    paths: Paths, gate: gates.GateReport, report: dbt_build.DbtReport, started: float, is_first: bool = False
) -> BuildReport:
    built = BuildReport(gate, report, _effective_as_of(paths), time.monotonic() - started, is_first)
    runs.note(as_of=built.as_of)
    return built


def _build_elsewhere(paths: Paths, engine: str, manifest: Any, tell: OnProgress) -> dbt_build.DbtReport:
    """Build on another engine; what is written in Python, and what reads that, on DuckDB where the engine is
    Spark. Afterwards the work database shows all of it.
    """

    def told(step: str) -> Callable[[int, int, str], None]:
        tell(step, 0, 0, "")
        return lambda done, total, name: tell(step, done, total, name)

    here = engines.PYTHON_MODELS if engine in engines.SPARK else ()
    report = dbt_build.build(
        paths,
        dbt_build.parse(paths, engine),
        exclude=here,
        on_node=told(f"Building and testing ({engine})"),
        engine=engine,
        is_complement=bool(here),
    )
    engines.stop()
    if not report.passed:
        return report
    engines.mirror(paths, engine, dbt_build.read_manifest(paths))
    if not here:
        return report
    on_node = told("Building and testing (duckdb)")
    return report.and_then(dbt_build.build(paths, manifest, here, on_node=on_node, is_complement=True))


def _raw_bytes(paths: Paths) -> int:
    return sum(file.stat().st_size for file in paths.raw.glob("*/*/*.parquet"))


def _live_select(plan: tracking.Plan, is_owed: bool) -> list[str]:
    """What a live round builds, as dbt selectors: what the new files reach, and what tells of the landing.

    Args:
        plan: of the round.
        is_owed: whether the round before has built what is not left for later.
    """
    kind = ",config.meta.live:later" if is_owed and not plan.is_news else ""
    return [*(f"{name}+{kind}" for name in sorted(plan.staged or ())), "path:models/quality"]


def _ensure_landed(paths: Paths) -> None:
    counts: dict[str, int] = {}
    if paths.ledger_file.exists():
        found = duckdb.execute(
            "select status, count(*) from read_parquet(?) group by status", [str(paths.ledger_file)]
        )
        counts = dict(found.fetchall())
    if counts.get("landed"):
        return
    if refused := counts.get("refused"):
        raise VitalsError(
            f"There is nothing to build: no file of {paths.landing} was landed yet, {refused} refused.",
            "Correct what `vitals land` says of each, then `vitals run`.",
        )
    raise VitalsError(
        f"There is nothing to build: no file of {paths.landing} was landed yet.",
        "Drop exports into <platform>/<stream>/ there, or run `vitals simulate`; then `vitals run`.",
    )


def _audit(paths: Paths, tell: OnProgress, keeper: gates.Gatekeeper) -> AuditReport:
    state = _read_state(paths)
    if state is None:
        raise VitalsError(
            "The last build did not pass, or there is none.", "Run `vitals build` and see what it says."
        )
    if not _is_intact(state):
        raise VitalsError(
            f"{paths.work_db} changed since the build that passed its tests.",
            "Run `vitals build`: only what was tested is published.",
        )
    version = Version(
        published_at=datetime.now(UTC),
        vitals_version=__version__,
        as_of=_effective_as_of(paths),
        dbt_invocation_id=state["invocation_id"],
        reporting_currency=_reporting_currency(paths),
        is_whole=not _is_owed(state),
    )
    tell("Writing the candidate", 0, 0, "")
    manifest = dbt_build.read_manifest(paths)
    published = {level: paths.published_for(level) for level in LEVELS}
    unbuilt = tracking.built_later(manifest) if _is_owed(state) else frozenset()
    candidate = export_candidate(paths.work_db, candidate_path(paths), manifest, version, published, unbuilt)
    runs.note(tables=len(candidate.tables), rows_written=sum(one.rows for one in candidate.tables))
    tell("Checking the candidate", 0, 0, "")
    # Tables that are the published ones were checked before they were published.
    gate = gates.check_candidate(keeper, candidate.path, () if candidate.is_whole else unbuilt)
    runs.note(checks=len(gate.results))
    docs = write_docs(paths.docs, gate)
    if not gate.passed:
        raise gates.GateFailed(
            gate,
            docs,
            f"What was published before stays. The candidate is kept: {candidate.path.name}.",
        )
    return AuditReport(candidate, gate, version)


def _target(to: str | None) -> Target | None:
    if not to:
        return None
    try:
        from vitals.postgres import Target
    except ImportError as error:
        raise VitalsError(
            f"Publishing to PostgreSQL needs psycopg, which cannot be imported here: {error}",
            "`pip install -r requirements.txt`, or the extra `postgres` alone.",
        ) from error
    return Target.of(to)


def _publish(
    paths: Paths, tell: OnProgress, keeper: gates.Gatekeeper, target: Target | None
) -> PublishReport:
    started = time.monotonic()
    audited = _audit(paths, tell, keeper)
    tell("Publishing", 0, 0, "")
    for level, (_, mode) in LEVELS.items():
        swap(audited.candidate.of(level), paths.published_for(level), mode)
    report = PublishReport(
        paths.published_db,
        audited.version,
        audited.candidate.tables,
        tuple(restatements(paths.published_db, _built_at(paths))),
        audited.gate,
        time.monotonic() - started,
        alerts(paths.published_db),
    )
    runs.note(
        as_of=report.version.as_of,
        restated=sum(one.figures for one in report.restated),
        alerts=len(report.alerts),
    )
    if run := runs.current():
        run.alerts = [one.facts() for one in report.alerts]
    if target is None:
        return report
    from vitals.postgres import STEP, publish_to_postgres

    tell(STEP, 0, 0, "")
    files = {level: paths.published_for(level) for level in LEVELS}
    there = publish_to_postgres(files, dbt_build.read_manifest(paths), target, tell)
    runs.note(tables_changed=there.tables_changed, days_replaced=there.days, rows_sent=there.rows)
    return replace(report, postgres=there)


def candidate_path(paths: Paths) -> Path:
    """Where the candidate is written: beside the published file, so that the swap is one rename."""
    return paths.warehouse / ".vitals-candidate.duckdb"


# --- what the last build left behind -----------------------------------------------------------


def _state_file(paths: Paths) -> Path:
    return paths.warehouse / "build.json"


def _fingerprint(work: Path) -> list[int]:
    found = work.stat()
    return [found.st_size, found.st_mtime_ns]


def _write_state(paths: Paths, report: dbt_build.DbtReport | None, is_first: bool = False) -> None:
    file = _state_file(paths)
    if report is None:
        file.unlink(missing_ok=True)
        return
    state = {
        "invocation_id": report.invocation_id,
        "finished_at": datetime.now(UTC).isoformat(),
        "fingerprint": _fingerprint(paths.work_db),
        "is_first": is_first,
    }
    partial = file.with_suffix(".json.tmp")
    partial.write_text(json.dumps(state, indent=1), encoding="utf-8")
    partial.replace(file)


def _read_state(paths: Paths) -> dict[str, Any] | None:
    """The last build that passed, with `intact`: whether the work database is still the one that it left."""
    file = _state_file(paths)
    if not file.exists():
        return None
    state: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    state["intact"] = paths.work_db.exists() and state["fingerprint"] == _fingerprint(paths.work_db)
    return state


def _is_intact(state: dict[str, Any] | None) -> bool:
    return bool(state and state["intact"])


def _is_owed(state: dict[str, Any] | None) -> bool:
    """Whether the last build was a live round that left reports for later."""
    return bool(state and state.get("is_first"))


def _effective_as_of(paths: Paths) -> datetime | None:
    """The as_of that the models used: the one asked for, or how far the data reached. UTC, without a zone."""
    with duckdb.connect(str(paths.work_db), read_only=True) as connection:
        try:
            row = connection.execute("select as_of from intermediate.int_runs__resolved").fetchone()
        except duckdb.CatalogException:
            row = connection.execute("select as_of from read_parquet(?)", [str(paths.run_file)]).fetchone()
    return row[0] if row else None


def _asked_as_of(paths: Paths) -> datetime | None:
    """The as_of that the last build was asked for; None = as far as the data reaches."""
    row = duckdb.execute("select as_of from read_parquet(?)", [str(paths.run_file)]).fetchone()
    return row[0] if row else None


def _built_at(paths: Paths) -> datetime:
    """When the last build began, as its models were told: UTC, without a zone."""
    row = duckdb.execute("select built_at from read_parquet(?)", [str(paths.run_file)]).fetchone()
    assert row is not None
    assert isinstance(row[0], datetime), "a build that passed has begun"
    return row[0]


def _reporting_currency(paths: Paths) -> str | None:
    import yaml

    project = yaml.safe_load((paths.project / "dbt_project.yml").read_text(encoding="utf-8"))
    currency = (project.get("vars") or {}).get("reporting_currency")
    return str(currency) if currency else None


def _utc(moment: datetime | None) -> datetime | None:
    """The moment as UTC wall clock, as the warehouse keeps all times."""
    if moment is None or moment.tzinfo is None:
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None)


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def silent(step: str, done: int, total: int, detail: str) -> None:
    """No one listens."""
