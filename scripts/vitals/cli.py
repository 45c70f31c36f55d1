"""The command line: one command per step, progress while it works, and errors that say what to do.

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 done, but some file was refused or is left to the user; 4 done,
but there are alerts.
"""

from __future__ import annotations

import functools
import io
import json
import logging
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import typer
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from vitals import __version__, runs
from vitals import log as logs
from vitals.errors import VitalsError
from vitals.paths import Paths
from vitals.shown import one_line, visible

if TYPE_CHECKING:
    # Only for the annotations: what they drag in takes seconds to import, and --help needs none of it.
    from vitals.alerts import Alert
    from vitals.ask import Answer, Question
    from vitals.catalogue import Kpi
    from vitals.fetch import Outcome
    from vitals.gates import GateFailed
    from vitals.landing import LandingReport
    from vitals.pipeline import AuditFailed, BuildReport, LiveReport, PublishReport
    from vitals.publish import RuleBreakers
    from vitals.simulate import SimulationReport

OK, FAILED, USAGE, REFUSED, ALERTS = 0, 1, 2, 3, 4
# So that the simulated month ends after a clock change.
FIRST_DAY = date(2026, 10, 5)
_SIMULATION_STEPS = {"simulate": "Simulating the centre", "write": "Writing the exports"}
# More than fits on a screen helps nobody: the rest is in the data docs and the log.
SHOWN = 10

P = ParamSpec("P")


def _examples(*lines: str) -> str:
    # \b keeps the lines as they are.
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


app = typer.Typer(
    name="vitals",
    help="Contact-centre analytics: raw platform exports in, tested vital signs out.",
    epilog=_examples(
        "vitals run                        land, build, audit, publish",
        "vitals scorecard --period month   the published vital signs",
        "vitals ask                        questions that have an answer ready",
        "vitals kpis DMT                   a KPI by what people call it",
        "vitals adopt tickets.csv          a file of your own, from any system, to a scorecard",
        "vitals run --help                 more on one command",
    )
    + "\n\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 done but some file was refused or is left to you, "
    "4 done but there are alerts (when both, 3).",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


class Period(StrEnum):
    """What a scorecard looks back on."""

    day = "day"
    week = "week"
    month = "month"
    today = "today"
    yesterday = "yesterday"
    last_7_days = "last_7_days"
    last_28_days = "last_28_days"
    this_week = "this_week"
    last_week = "last_week"
    this_month = "this_month"
    last_month = "last_month"


class Form(StrEnum):
    """How a scorecard is printed."""

    table = "table"
    markdown = "markdown"
    json = "json"


class Language(StrEnum):
    """What the dashboard speaks."""

    en = "en"
    fr = "fr"
    bg = "bg"


class DashboardLevel(StrEnum):
    """Whose file the dashboard shows."""

    managers = "managers"
    analysts = "analysts"


class Platform(StrEnum):
    """What can be fetched from over the net."""

    amazon_connect = "amazon_connect"
    twilio = "twilio"
    zendesk = "zendesk"


class DoctorForm(StrEnum):
    """How the doctor's findings are printed."""

    table = "table"
    json = "json"


class Log(StrEnum):
    """What is said on stderr while a command works."""

    human = "human"
    json = "json"


@dataclass
class _Settings:
    debug: bool = False
    # Set where lines of JSON take the place of what people read.
    json: logs.JsonLog | None = None


_settings = _Settings()


def main() -> None:
    """Entry point of the `vitals` command."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal or a log that knows no ✓ shows a ? there; that is no reason to fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app(prog_name="vitals")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vitals {__version__}")
        raise typer.Exit


@app.callback()
def _global(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and leave.", is_eager=True, callback=_print_version
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an unexpected failure.")
    ] = False,
    log: Annotated[
        Log,
        typer.Option(
            "--log", envvar="VITALS_LOG", help="On stderr: words for people, or one JSON object a line."
        ),
    ] = Log.human,
) -> None:
    _settings.debug = debug
    run_id = runs.new_id()
    named = runs.RUN_ID.set(run_id)
    context.call_on_close(lambda: runs.RUN_ID.reset(named))  # the next command of this process is another run
    _settings.json = logs.JsonLog(run_id, context.invoked_subcommand or "") if log is Log.json else None
    for handler in list(logs.WARNINGS.handlers):
        logs.WARNINGS.removeHandler(handler)
    logs.WARNINGS.addHandler(logs.WarningLines(_settings.json) if _settings.json else _WarningsForPeople())
    logs.WARNINGS.propagate = False


def _reported(command: Callable[P, int | None]) -> Callable[P, None]:
    """Turn what a command raises into a message and an exit code."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except VitalsError as error:
            _end(FAILED, error)
            _print_error(error)
            raise typer.Exit(FAILED) from None
        except (typer.Exit, typer.BadParameter):
            raise
        except KeyboardInterrupt as error:
            _end(FAILED, error)
            _err().print("Stopped. What was published before stays; run the command again to go on.")
            raise typer.Exit(FAILED) from None
        except Exception as error:
            _end(FAILED, error)
            if _settings.debug:
                raise
            _print_unexpected(error)
            raise typer.Exit(FAILED) from None
        _end(code or OK)
        if code:
            raise typer.Exit(code)

    return wrapped


def _end(code: int, error: BaseException | None = None) -> None:
    """The last lines of a command's JSON log."""
    if _settings.json:
        _settings.json.lines(logs.of_error(error) if error else iter(()))
        _settings.json.end(code, logs.told(error) if error else None)


class _WarningsForPeople(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _say(f"⚠ {record.getMessage()}", style="yellow")


# --- commands ----------------------------------------------------------------------------------

_AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="ISO",
        help="Report as of this moment, UTC unless it has an offset. Default: as far as the data reaches.",
    ),
]
_Full = Annotated[bool, typer.Option("--full", help="Rebuild incremental models and seeds from nothing.")]


class Engine(StrEnum):
    """What builds: the targets of profiles.yml."""

    duckdb = "duckdb"
    ducklake = "ducklake"
    spark = "spark"
    spark_cluster = "spark_cluster"


_Target = Annotated[
    Engine,
    typer.Option(
        "--target",
        envvar="VITALS_TARGET",
        help="What builds, docs/scale.md: others than duckdb build all of it.",
    ),
]


@app.command(
    epilog=_examples("vitals land", "VITALS_LANDING=/data/exports vitals land   # from another folder")
)
@_reported
def land() -> int:
    """Land new files of landing/ as raw Parquet.

    Every file below landing/<platform>/<stream>/ lands once, known by its content; landing twice changes
    nothing. A line that cannot be read goes to quarantine, a file that cannot be read is refused: both are
    named. Files are never changed.
    """
    from vitals import pipeline

    paths = Paths.from_environment()
    with _steps() as tell:
        report = pipeline.land(paths, tell)
    _print_landing(report, paths)
    if report.files:
        _next("vitals run", "build, audit and publish")
    return REFUSED if report.with_status("refused") else OK


@app.command(
    epilog=_examples(
        "vitals build",
        "vitals build --as-of 2026-10-31T23:59:59",
        "vitals build --select +kpi_service_level   # one model and all that it needs",
    )
)
@_reported
def build(
    as_of: _AsOf = None,
    select: Annotated[
        list[str] | None, typer.Option("--select", "-s", metavar="DBT", help="Build a part: a dbt selector.")
    ] = None,
    full: _Full = False,
    target: _Target = Engine.duckdb,
) -> None:
    """Check raw data, build and test all models.

    Works in the work database and publishes nothing. A failed test is shown with its first rows and with
    how to see them all.
    """
    moment = _moment(as_of)
    from vitals import pipeline

    paths = Paths.from_environment()
    with _steps() as tell:
        report = pipeline.build(paths, moment, tuple(select or ()), full, tell, target.value)
    _print_build(report, paths)
    _next("vitals publish", "check the marts and put them in the published file's place")


@app.command(
    epilog=_examples("vitals publish", "vitals publish --to postgresql://vitals@db.example.org/vitals")
)
@_reported
def publish(
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="URL",
            help="Afterwards bring it to this PostgreSQL database, too. Default: VITALS_PUBLISH_TO, if set.",
        ),
    ] = None,
) -> int:
    """Check the marts and publish them, atomically.

    Only a build that passed all its tests is published. Whoever has the old file open reads on. Exit code 4
    when it has alerts. A PostgreSQL database gets the days that changed, in one transaction; its password
    comes from ~/.pgpass or PGPASSWORD.
    """
    from vitals import pipeline

    paths = Paths.from_environment()
    with _steps() as tell:
        report = pipeline.publish(paths, tell, to or _publish_to())
    _print_publication(report, paths)
    _next("vitals scorecard", "show the vital signs")
    return ALERTS if report.alerts else OK


@app.command(
    epilog=_examples("vitals run", "vitals run --as-of 2026-10-31T23:59:59   # as of the end of October")
)
@_reported
def run(as_of: _AsOf = None, full: _Full = False, target: _Target = Engine.duckdb) -> int:
    """Land, build, audit and publish.

    A failure leaves what was published before as it is. Exit code 3 when a file was refused, else 4 when a
    stream is silent or its volume unusual; both are told, and to VITALS_WEBHOOK, if that is set. With
    VITALS_PUBLISH_TO it publishes to PostgreSQL, too, as `vitals publish --to` does.
    """
    moment = _moment(as_of)
    from vitals import pipeline
    from vitals.gates import GateFailed
    from vitals.publish import rule_breakers

    paths = Paths.from_environment()
    landed: list[LandingReport] = []

    def note(facts: Mapping[str, Any]) -> None:
        if "landing" in facts:
            landed.append(facts["landing"])

    try:
        with _steps(note) as tell:
            report = pipeline.run(paths, moment, full, tell, _publish_to(), target.value)
    except VitalsError as error:
        # What became of files and rows is told, too, whatever failed after they landed: it may well be why.
        for each in landed:
            _print_landing(each, paths)
        candidate = pipeline.candidate_path(paths)
        if isinstance(error, GateFailed) and error.report.name == "marts" and candidate.exists():
            _print_rule_breakers(rule_breakers(candidate), candidate)
        raise
    _print_landing(report.landing, paths)
    _print_build(report.build, paths)
    _print_publication(report.publication, paths)
    _next("vitals scorecard", "show the vital signs")
    if report.landing.with_status("refused"):
        return REFUSED
    return ALERTS if report.publication.alerts else OK


@app.command(epilog=_examples("vitals watch", "vitals --log json watch   # for a service's log"))
@_reported
def watch() -> None:
    """Publish every file as it comes, until you stop it.

    Runs once, then waits for files in landing/ and brings each to the published marts: it builds and tests
    only what the new files reach. A round that fails is told, leaves what was published, and is made up for
    by the next.
    """
    from vitals import pipeline

    paths = Paths.from_environment()

    def told(report: LiveReport) -> None:
        _print_landing(report.landing, paths)
        if report.publication:
            _print_publication(report.publication, paths)
        outcome = f"published in {report.seconds:.1f} s" if report.publication else "nothing new was landed"
        if report.build and report.build.is_first:
            outcome = f"the running day is {outcome}, the other reports follow"
        _say(f"{datetime.now():%H:%M:%S}  {outcome}; waiting for files", style="bold")

    def failed(error: VitalsError) -> None:
        _print_error(error)
        _say(f"{datetime.now():%H:%M:%S}  waiting for files", style="bold")

    try:
        pipeline.watch(paths, told, failed, _steps, to=_publish_to())
    except KeyboardInterrupt:
        _say("Stopped watching.")


@app.command(
    epilog=_examples(
        "vitals adopt tickets.csv                                      ask what the file cannot tell",
        "vitals adopt calls.xlsx --platform desk --zone Europe/Sofia --yes   for a script",
        "vitals adopt calls.csv --map number=contact_id --map day+clock=arrived_at --map note=none",
        "vitals adopt nps.csv --table survey_responses --set instrument=nps --set scale_min=0 "
        "--set scale_max=10",
        "vitals adopt months.csv --set channel=voice                   a report of sums by day, week, month",
        "vitals adopt --undo desk                                      take it out again",
    )
)
@_reported
def adopt(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="CSV, TSV, XLSX, JSON, Parquet or a delimited log.")
    ] = None,
    platform: Annotated[
        str | None, typer.Option(help="Its name in the project. Default: the file's.")
    ] = None,
    stream: Annotated[
        str | None, typer.Option(help="Name of this kind of file. Default: the table's.")
    ] = None,
    table: Annotated[
        str | None, typer.Option(help="Contract table that it fills: contacts, survey_responses, …")
    ] = None,
    mapped: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="COLUMN=FIELD", help="A+B=FIELD joins columns; COLUMN=none leaves one out."
        ),
    ] = None,
    fixed: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="One value for all rows.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(metavar="IANA", help="Zone of the centre, and of times without an offset.")
    ] = None,
    times_zone: Annotated[
        str | None, typer.Option(metavar="IANA", help="Zone of times without an offset, if it is another.")
    ] = None,
    date_order: Annotated[
        str | None, typer.Option(help="day_first or month_first, where the file does not prove it.")
    ] = None,
    decimal_mark: Annotated[
        str | None, typer.Option(help="comma or point, where the file does not prove it.")
    ] = None,
    unit: Annotated[
        list[str] | None, typer.Option("--unit", metavar="COLUMN=UNIT", help="ms, s, min, h or days.")
    ] = None,
    includes: Annotated[
        list[str] | None,
        typer.Option("--includes", metavar="COLUMN=PARTS", help="hold, acw, hold+acw or none: beside talk."),
    ] = None,
    word: Annotated[
        list[str] | None,
        typer.Option(
            "--word", metavar="FIELD:WORD=OURS", help="What a word means, as outcome:Closed=answered."
        ),
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Of text that is neither UTF-8 nor UTF-16.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Accept what is proposed; ask nothing.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite what was edited or adopted before.")
    ] = False,
    run_it: Annotated[bool, typer.Option("--run/--no-run", help="Build and show the scorecard.")] = True,
    undo: Annotated[
        str | None, typer.Option(metavar="PLATFORM", help="Take an adopted platform out again.")
    ] = None,
) -> int:
    """Take a file that Vitals does not know to a scorecard.

    Looks at it, proposes which column fills which field of the contract, asks what no file can tell (zone,
    units, scales), and writes sources, models, maps and tests into the project, ready to edit. Then it runs.
    The file itself is copied to landing/; adopting it again changes nothing.
    """
    from vitals.adopt import command

    paths = Paths.from_environment()
    if undo is not None:
        if file is not None:
            raise typer.BadParameter("it takes no FILE", param_hint="--undo")
        for each in command.undo(undo, paths, force):
            _say(f"  {each}")
        _say(
            f"✓ {undo} is no longer in the project. Published figures keep it until the next run.",
            style="green",
        )
        _next("vitals run", "build and publish without it")
        return OK
    if file is None:
        raise typer.BadParameter("name a file, or a platform to --undo", param_hint="FILE")
    wanted = command.Wanted(
        platform,
        stream,
        table,
        tuple(mapped or ()),
        tuple(fixed or ()),
        zone,
        times_zone,
        date_order,
        decimal_mark,
        tuple(unit or ()),
        tuple(includes or ()),
        tuple(word or ()),
        encoding,
    )
    console = _err()
    adopted = command.adopt(file, wanted, paths, console, yes, force)
    if adopted is None:
        _say("Nothing was written.")
        return OK
    if not run_it:
        _next("vitals run", "land, build, audit and publish it")
        return OK
    from vitals import pipeline
    from vitals import scorecard as cards

    if not paths.published_db.exists():
        _say("Now everything is landed, built and checked: a minute or two the first time.")
    with _steps() as tell:
        report = pipeline.run(paths, command.as_of(adopted, paths), on_progress=tell, to=_publish_to())
    _print_landing(report.landing, paths)
    _print_build(report.build, paths)
    _print_publication(report.publication, paths)
    try:
        card = command.latest_card(paths, adopted)
    except VitalsError as error:
        _say(f"⚠ {error.message} {error.remedy}", style="yellow")
    else:
        if reached := command.reach(paths, adopted, card):
            _say(reached)
        cards.print_scorecard(_out(), card)
        if adopted.unmeasured:
            lacks = [f"{what}: {', '.join(kpis)}" for what, kpis in adopted.unmeasured.items()]
            _say(
                f"Left out of this card, for the file does not tell {'; '.join(lacks)}. Elsewhere they read"
                " 0 % or 100 %: do not take them for figures."
            )
    as_of = command.as_of(adopted, paths)
    if as_of:
        _next(
            f"vitals run --as-of {as_of:%Y-%m-%dT%H:%M:%S}",
            "build again after an edit; without --as-of it looks back from the last moment in any file",
        )
    _next(f"vitals adopt --undo {adopted.platform}", "take it out again")
    if report.landing.with_status("refused"):
        return REFUSED
    return ALERTS if report.publication.alerts else OK


@app.command(
    epilog=_examples(
        "vitals fetch zendesk",
        "vitals fetch twilio --stream calls --stream messages",
        "vitals fetch amazon_connect --since 2026-10-01 --until 2026-11-01",
    )
)
@_reported
def fetch(
    platform: Annotated[Platform, typer.Argument(help="Whose data.")],
    stream: Annotated[
        list[str] | None, typer.Option("--stream", metavar="NAME", help="Only this stream; may be repeated.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="ISO", help="Fetch from this day or moment on, again if need be."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="ISO", help="Not beyond this day's beginning, or moment.")
    ] = None,
) -> None:
    """Fetch what is new from a platform into landing/.

    Goes on where the last fetch ended; the first one looks back 30 days, in S3 at everything. Credentials
    come from the environment alone: docs/platforms names the variables and the permissions.
    """
    first, last = _moment(since, "--since"), _moment(until, "--until")
    from vitals import fetch as fetching
    from vitals.fetch.job import utc

    window = fetching.Window(first and utc(first), last and utc(last))
    if window.since and window.until and window.since >= window.until:
        raise typer.BadParameter("it is not after --since", param_hint="--until")
    paths = Paths.from_environment()
    try:
        with _steps() as tell:
            outcomes = fetching.fetch(paths, platform.value, stream or [], window, tell)
    except fetching.FetchFailed as error:
        _print_fetched(error.outcomes)
        raise
    _print_fetched(outcomes)
    if any(one.files for one in outcomes):
        _next("vitals run", "land, build, audit and publish")


@app.command(
    epilog=_examples(
        "vitals forget +359888123456",
        "vitals forget ann@example.org '+359 888 123 456' 0888123456   # one person, every spelling",
        "vitals forget ann@example.org --remove-files",
    )
)
@_reported
def forget(
    identifiers: Annotated[
        list[str], typer.Argument(metavar="IDENTIFIER…", help="Number, address or id, as exports have it.")
    ],
    remove_files: Annotated[
        bool, typer.Option("--remove-files", help="Remove landed files that hold the person from landing/.")
    ] = False,
) -> int:
    """Erase a person; the figures stay as they are.

    In raw data, quarantine and ledger a random token takes the place of the person's hash, and [forgotten]
    that of the plain text; then everything is built and published anew. Identifiers that records join with
    those given are the same customer's, and go with them. Files of landing/ that hold the
    person are named, and removed when asked: while one is there, the person is not forgotten, and the exit
    code is 3.
    """
    from vitals.forget import LINKED, SHORTEST_TEXT
    from vitals.forget import forget as forget_person

    paths = Paths.from_environment()
    with _steps() as tell:
        report = forget_person(paths, identifiers, remove_files, tell, _publish_to())
    for spelling, rows in report.rows.items():
        _say(f"{one_line(spelling)}: {rows:,} row{'' if rows == 1 else 's'} made anonymous.")
        if spelling == LINKED:
            _say(
                "  found by their hashes: give them, too, where free texts may have them",
                style="yellow",
            )
        elif len(spelling.strip()) < SHORTEST_TEXT:
            _say("  too short to be looked for in free texts: only its hash was", style="yellow")
    for name in report.removed:
        _say(f"Removed from landing: {one_line(name)}")
    if not report.left:
        return OK
    _say("✗ Not finished: these files of landing hold the person or cannot be searched:", style="bold red")
    for left in report.left:
        _say(f"  {one_line(left.source_file)}: {one_line(left.reason)}")
    _say(
        "  What to do: run it again with --remove-files, which removes what was landed; see to the others"
        " yourself, then run it once more."
    )
    return REFUSED


@app.command(
    epilog=_examples(
        "vitals simulate --contacts 20000 --days 31 --seed 7",
        "vitals simulate --out exports --truth known",
        "vitals simulate --platform five9 --out five9_exports --truth known",
        "vitals simulate --surveys-by qualtrics --out exports --truth known",
        "vitals simulate --bulk --contacts 1000000 --days 365",
        "vitals simulate --bulk --contacts 1000000 --days 365 --further 2740",
    )
)
@_reported
def simulate(
    contacts: Annotated[int, typer.Option(min=1, help="How many contacts, about.")] = 20_000,
    days: Annotated[int, typer.Option(min=1, help="Over how many whole days; a running day follows.")] = 31,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 7,
    start: Annotated[
        str | None, typer.Option(metavar="DATE", help=f"First day. Default: {FIRST_DAY}.")
    ] = None,
    platform: Annotated[
        str | None,
        typer.Option(
            help="Only the telephone queues of Amazon Connect, told by this platform. Default: all."
        ),
    ] = None,
    surveys_by: Annotated[
        str, typer.Option(help="Who tells the surveys: template or qualtrics.")
    ] = "template",
    out: Annotated[
        Path | None, typer.Option(help="Where the exports go. Default: the landing folder.")
    ] = None,
    truth: Annotated[Path | None, typer.Option(help="Where the known figures go. Default: truth/.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write although there are files already.")] = False,
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Do nothing when there are files already.")
    ] = False,
    bulk: Annotated[
        bool, typer.Option("--bulk", help="Millions of contacts as Parquet, without dirty rows and truth.")
    ] = False,
    further: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="With --bulk: only so many contacts, of the day after those days, beside what is there.",
        ),
    ] = None,
) -> None:
    """Write a simulated centre's raw exports.

    Every platform in its own raw format, dirty rows included, and the figures that must come out (truth/).
    Same seed, same bytes.
    """
    first_day = _day(start)
    if further and not bulk:
        raise typer.BadParameter("it needs --bulk", param_hint="--further")
    for given, option in ((platform, "--platform"), (surveys_by != "template", "--surveys-by")):
        if given and bulk:
            raise typer.BadParameter("it goes without --bulk", param_hint=option)
    from vitals import simulate as simulation

    paths = Paths.from_environment()
    target = out or paths.landing
    if _holds_files(target) and not force and not further:
        if if_empty:
            _say(f"{_shown(target)} holds files already: nothing was simulated.")
            return
        raise VitalsError(
            f"{_shown(target)} holds files already: simulated ones would be mixed with them.",
            "Name another folder with --out, or write into this one with --force.",
        )
    from vitals.landing import make_salt

    if target == paths.landing:
        # The demo needs no secret of the user's own.
        make_salt(paths.salt_file)
    if bulk:
        from vitals.simulate.bulk import simulate_bulk

        with _steps() as tell:
            written = simulate_bulk(
                target,
                paths.project / "seeds",
                contacts,
                days,
                seed,
                first_day or FIRST_DAY,
                further,
                lambda step, done, total: tell(_SIMULATION_STEPS[step], done, total, ""),
            )
        _say(
            f"Wrote {written.contacts:,} contacts of {written.agents:,} agents: "
            f"{sum(written.rows.values()):,} rows in {written.files} files of {_shown(target)}."
        )
        _next("vitals run", "land, build, audit and publish them")
        return
    with _steps() as tell:
        tell(_SIMULATION_STEPS["simulate"], 0, 0, "")
        report = simulation.simulate(
            out=target,
            truth=truth or paths.project / "truth",
            seeds=paths.project / "seeds",
            contacts=contacts,
            days=days,
            seed=seed,
            start=first_day or FIRST_DAY,
            platform=platform,
            surveys_by=surveys_by,
            on_progress=lambda step, done, total: tell(_SIMULATION_STEPS[step], done, total, ""),
        )
    _print_simulation(report, target)
    _next("vitals run", "land, build, audit and publish them")


@app.command(epilog=_examples("vitals salt"))
@_reported
def salt() -> None:
    """Make the secret that customer identifiers are hashed with.

    Once per installation, before the first landing. Where VITALS_SALT or the key file holds one, nothing is
    done.
    """
    from vitals.landing import make_salt

    paths = Paths.from_environment()
    if not make_salt(paths.salt_file):
        where = "VITALS_SALT" if os.environ.get("VITALS_SALT") else _shown(paths.salt_file)
        _say(f"There is a salt already, in {where}: nothing was changed.")
        return
    _say(f"✓ A new salt is in {_shown(paths.salt_file)}, for you alone.", style="green")
    _say("  Keep a copy where your passwords are: without it, new files cannot join what was landed.")


@app.command(
    epilog=_examples(
        "vitals scorecard",
        "vitals scorecard --period month --client aurora_energy",
        "vitals scorecard --format markdown > scorecard.md",
    )
)
@_reported
def scorecard(
    client: Annotated[str, typer.Option(help="A client's slug, or `all`.")] = "all",
    period: Annotated[
        Period,
        typer.Option(
            help="day (yesterday), week (last 7 days), month (last 28 days), today so far, "
            "this_week or this_month so far, last_week or last_month as a whole."
        ),
    ] = Period.week,
    form: Annotated[Form, typer.Option("--format", help="How to print it.")] = Form.table,
) -> None:
    """Show the published vital signs.

    Value, target, status, change against the days before, trend and guard of each; channel mix and top
    contact types.
    """
    from vitals import scorecard as cards

    paths = Paths.from_environment()
    card = cards.read_scorecard(paths.published_db, period.value, client)
    if form is Form.markdown:
        typer.echo(cards.to_markdown(card), nl=False)
    elif form is Form.json:
        typer.echo(cards.to_json(card), nl=False)
    else:
        cards.print_scorecard(_out(), card)


@app.command(
    epilog=_examples(
        "vitals dashboard",
        "vitals dashboard --port 8600 --language bg --no-open",
        "vitals dashboard --level managers   # aggregates only, whoever looks",
    )
)
@_reported
def dashboard(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 8501,
    language: Annotated[Language, typer.Option(help="Shown first; readers choose theirs.")] = Language.en,
    level: Annotated[
        DashboardLevel | None,
        typer.Option(help="Which published file to show. Default: the fullest that you may read."),
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = True,
) -> None:
    """Show the published database in the browser.

    Served on 127.0.0.1 only, offline; a publication shows within seconds. Ctrl-C ends it.
    """
    from vitals.dashboard import serve

    paths = Paths.from_environment()
    server = serve.prepare(paths, port, language.value, level.value if level else None, open_browser)
    _say(f"Vitals is at {server.address}  (Ctrl-C ends it)", style="bold")
    server.run()
    _say("The dashboard has ended.")


@app.command(
    epilog=_examples(
        "vitals kpis                   the whole catalogue",
        "vitals kpis DMT               by acronym, in English, French or Bulgarian",
        "vitals kpis taux d abandon    by name; accents and case do not matter",
    )
)
@_reported
def kpis(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="WORDS", help="A name, an acronym, or words of either.")
    ] = None,
) -> int:
    """List the KPIs, or find one by name, acronym or meaning.

    In English, French or Bulgarian. Exit code 1 when nothing is called so.
    """
    from vitals import catalogue

    known = catalogue.read_catalogue(Paths.from_environment().project)
    wanted = " ".join(words or ())
    found = catalogue.find(known, wanted)
    if not found:
        _say(f"✗ No KPI is called {wanted!r}.", style="bold red", console=_err())
        for one in catalogue.near(known, wanted):
            _say(f"  Near: {one.names['en'].title} · {one.kpi_id}", console=_err())
        _say(f"  What to do: {_runnable('vitals kpis')} lists them all.", console=_err())
        return FAILED
    if len(found) > 1:
        _print_kpis(found)
        _next("vitals kpis <kpi_id>", "what one of them says, and how it is computed")
        return OK
    _print_kpi(found[0], known)
    return OK


@app.command(
    epilog=_examples(
        "vitals ask                                              the questions",
        "vitals ask why_did_the_service_level_fall_yesterday     an answer",
        "vitals ask why_did --set day=2026-10-30                 about another day",
        "vitals ask which_types_cause_repeats --csv > types.csv  every row, for a spreadsheet",
    )
)
@_reported
def ask(
    question: Annotated[
        str | None, typer.Argument(metavar="QUESTION", help="Its name, or how its name begins.")
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Change what the question names as changeable."),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="All rows as CSV, figures as they are.")] = False,
    as_sql: Annotated[bool, typer.Option("--sql", help="The SQL instead of the answer.")] = False,
    rows: Annotated[int, typer.Option(min=1, help="How many rows the table shows.")] = 25,
) -> None:
    """Put a question of analyses/ to the published database.

    Without a name: the questions there are.
    """
    from vitals import ask as asking

    paths = Paths.from_environment()
    known = asking.questions(paths.project)
    if question is None:
        for each in known:
            _say(each.name, style="bold", console=_out())
            _say(f"  {each.question}", console=_out())
        _next("vitals ask <name>", "the answer, and how to read it")
        return
    one = asking.find(known, question)
    settings = asking.read_settings(one, setting or ())
    if not as_sql:
        # Compiling takes seconds.
        asking.check_published(paths)
    with _steps() as tell:
        tell("Compiling the question", 0, 0, "")
        sql = asking.compile_questions(paths, [one], settings)[one.name]
    if as_sql:
        typer.echo(sql)
        return
    answer = asking.put(paths, sql)
    if as_csv:
        typer.echo(asking.to_csv(answer), nl=False)
    else:
        _print_answer(one, answer, rows)


@app.command(
    epilog=_examples(
        "vitals docs", "vitals docs --check   # write nothing; exit code 1 when a page is not current"
    )
)
@_reported
def docs(
    check: Annotated[bool, typer.Option("--check", help="Only say which pages are not current.")] = False,
) -> int:
    """Write what the KPI catalogue and the models say: pages, contract, metrics for MetricFlow and Superset.

    Made from the catalogue, the models, their unit tests and docs/decisions.md; needs no data.
    """
    from vitals import contract_docs, dbt_build, generated, kpi_docs, metrics, superset_datasets

    paths = Paths.from_environment()
    with _steps() as tell:
        tell("Reading the models", 0, 0, "")
        dbt_build.parse(paths)
        manifest = dbt_build.read_manifest(paths)
        pages = (
            kpi_docs.render(paths.project, manifest)
            | contract_docs.render(paths.project, manifest)
            | metrics.render(paths.project)
            | superset_datasets.render(paths.project, manifest)
        )
    stale = generated.differing(paths.project, pages)
    if check:
        for page in stale:
            _say(f"{page} is not current.")
        if stale:
            _say(f"  What to do: {_runnable('vitals docs')}")
            return FAILED
    else:
        generated.write(paths.project, pages)
        for page in stale:
            _say(f"{'Wrote' if page in pages else 'Removed'} {page}", console=_out())
    _say(f"{len(pages)} files are current.", console=_out())
    return OK


@app.command(epilog=_examples("vitals alerts", "vitals alerts > /dev/null || echo 'look at it'"))
@_reported
def alerts() -> int:
    """Show the alerts of the published database.

    Streams that are silent for longer than their rule, and days whose volume is off by more than their
    weekday's usual; the rules are in seeds/reference/stream_rules.csv. Exit code 4 when there are any.
    """
    from vitals import alerts as alerting

    found = alerting.alerts(Paths.from_environment().published_db)
    if not found:
        _say("No alert: every stream delivers, and as much as is usual.", console=_out())
        return OK
    _print_alerts(found, _out())
    return ALERTS


@app.command(
    "unmapped",
    epilog=_examples("vitals unmapped", "vitals unmapped --write   # into seeds/maps, to be filled in"),
)
@_reported
def show_unmapped(
    write: Annotated[
        bool, typer.Option("--write", help="Add a row without a slug to the map seeds, for each word.")
    ] = False,
) -> None:
    """Show the platforms' own words that no map knows.

    Queues, channels, contact types, clients, sites, states, activities, and the questions and answers of
    surveys, with the rows that carry them: they count as unmapped (a contact type as unclassified), and
    answers nowhere, until a row of seeds/maps says what they mean.
    """
    from vitals import unmapped as maps

    paths = Paths.from_environment()
    words = maps.unmapped(paths.published_db)
    if not words:
        _say("Every word of every platform is mapped.", console=_out())
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("platform", "field", "word", "rows"):
        table.add_column(heading, justify="right" if heading == "rows" else "left", overflow="fold")
    for word in words:
        table.add_row(word.platform, word.field, escape(word.native_value), f"{word.rows_count:,}")
    _out().print(table)
    for field in dict.fromkeys(word.field for word in words):
        _say(f"Slugs of {field}: {', '.join(maps.slugs(paths.project, field))}", console=_out())
    if not write:
        _next("vitals unmapped --write", "add them to seeds/maps, to be filled in")
        return
    for seed, count in maps.add_to_maps(paths.project, words).items():
        _say(f"Added {count} to {_shown(seed)}", console=_out())
    _say("Fill in the column slug, one of those above.", console=_out())
    _next("vitals run", "count them where they belong")


@app.command("runs", epilog=_examples("vitals runs", "vitals runs --last 100"))
@_reported
def show_runs(
    last: Annotated[int, typer.Option(min=1, help="How many of the last runs.")] = 20,
) -> None:
    """Show the last runs of the pipeline.

    When, what, how long, how much, with what result; the newest last. Also those that failed or were killed.
    """
    known = runs.history(Paths.from_environment())
    if not known:
        _say("Nothing ran yet.", console=_out())
        _next("vitals run", "land, build, audit and publish")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    headings = ("started (UTC)", "command", "seconds", "files", "rows", "tests", "tables", "result", "run")
    for heading in headings:
        is_figure = heading in ("seconds", "files", "rows", "tests", "tables")
        table.add_column(heading, justify="right" if is_figure else "left", no_wrap=True)
    counts = ("files_landed_count", "rows_landed_count", "tests_count", "tables_count")
    for row in known[-last:]:
        seconds = "" if row["seconds"] is None else f"{row['seconds']:.1f}"
        figures = ["" if row[name] is None else f"{row[name]:,}" for name in counts]
        started = f"{row['started_at']:%Y-%m-%d %H:%M:%S}"
        table.add_row(started, row["command"], seconds, *figures, row["result"], row["run_id"])
    _out().print(table)
    worst = known[-1]
    if worst["error"]:
        _say(f"The last one: {worst['error']}", console=_out())
        _say(f"  What to do: {worst['remedy']}", console=_out())


@app.command(epilog=_examples("vitals doctor", "vitals doctor --format json"))
@_reported
def doctor(
    form: Annotated[DoctorForm, typer.Option("--format", help="How to print it.")] = DoctorForm.table,
) -> int:
    """Find what is wrong with this installation, and the remedy.

    Lock, disk, landing, clock, versions, salt, raw files, leftovers, forgetting, databases, last run,
    project. Changes nothing. Exit code 1 when something is ✗.
    """
    from dataclasses import asdict

    from vitals import doctor as doctors

    findings = doctors.examine(Paths.from_environment())
    if form is DoctorForm.json:
        words = {doctors.GOOD: "good", doctors.WARNING: "warning", doctors.BAD: "bad"}
        told = [asdict(one) | {"verdict": words[one.verdict]} for one in findings]
        typer.echo(json.dumps(told, indent=1, ensure_ascii=False))
    else:
        for one in findings:
            _say(f"{one.verdict} {one.check}: {one.found}", console=_out())
            if one.remedy:
                _say(f"    do:  {one.remedy}", console=_out())
    return FAILED if any(one.verdict == doctors.BAD for one in findings) else OK


@app.command(epilog=_examples("vitals lint"))
@_reported
def lint() -> int:
    """Check layers, documentation and portable SQL.

    Who reads whom, names, descriptions, contracts, keys; and SQL that would mean something else on Spark.
    """
    from vitals.lint import lint_project

    paths = Paths.from_environment()
    with _steps() as tell:
        tell("Reading the models", 0, 0, "")
        findings = lint_project(paths)
    console = _out()
    for one in findings:
        _say(f"{one.file}:{one.line}  {one.rule}", style="bold")
        _say(f"  {one.message}. {one.remedy}")
    if findings:
        _err().print(f"{len(findings)} finding{'s' if len(findings) > 1 else ''}.", style="red")
        return FAILED
    console.print("No finding: layers, documentation and portability are as they should be.")
    return OK


# --- what people see ---------------------------------------------------------------------------


class _Console(Console):
    """A console on which no name or value from an export can move the cursor, or hide."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Every plain text passes here, be it a line or a table's cell."""
        return super().render_str(visible(text), **options)


def _out() -> Console:
    console = _Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        # A file or a build log: nothing has to be left out.
        console.width = 140
    return console


def _err() -> Console:
    return _Console(stderr=True, quiet=_settings.json is not None)


def _say(text: str, style: str = "", console: Console | None = None) -> None:
    """A line as it is: nothing in it is markup, and a path or a command is not broken."""
    (console or _err()).print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _next(command: str, purpose: str) -> None:
    _err().print(f"Next: [bold]{_runnable(command)}[/bold]  {purpose}", highlight=False)


def _runnable(command: str) -> str:
    """The command as it can be pasted here: where `vitals` is not on the path, with the path of this one."""
    called = Path(sys.argv[0])
    if shutil.which("vitals") or called.name != "vitals":
        return command
    return command.replace("vitals", _shown(called.absolute()), 1)


class _Steps:
    """Spinner, elapsed time and, where there is one, a bar: one line per step, kept when the step is done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[count]}", style="cyan"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}", style="dim", markup=False),
            console=console,
            transient=True,
            # In a log file, the line at each step's end is enough.
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None
        self._step = ""
        self._count = ""
        self._started = time.monotonic()

    def tell(self, step: str, done: int, total: int, detail: str) -> None:
        """Show where the work is; a new step ends the one before."""
        if step != self._step:
            self.end(True)
            self._step, self._count, self._started = step, "", time.monotonic()
            self._task = self._progress.add_task(step, total=None, count="", detail="")
        if self._task is not None:
            if total:
                # Files are counted in bytes, nodes in numbers: a share says it for bytes.
                self._count = f"{done:,}/{total:,}" if total < 10_000 else f"{done / total:.0%}"
            self._progress.update(
                self._task,
                completed=done,
                total=total or None,
                count=self._count,
                detail=one_line(detail)[-48:],
            )

    def end(self, succeeded: bool) -> None:
        """Close the running step."""
        if self._task is None:
            return
        self._progress.remove_task(self._task)
        self._task = None
        mark = "[green]✓[/green]" if succeeded else "[red]✗[/red]"
        self._console.print(
            f"{mark} {self._step}  [dim]{time.monotonic() - self._started:.1f} s[/dim]", highlight=False
        )
        self._step = ""

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show progress for the time of the block."""
        with self._progress:
            try:
                yield
            except BaseException:
                self.end(False)
                raise
            self.end(True)


@contextmanager
def _steps(
    note: Callable[[Mapping[str, Any]], None] | None = None,
) -> Iterator[Callable[[str, int, int, str], None]]:
    """Show the steps that are told; facts go to the JSON log, or, for people, to who asks for them."""
    if _settings.json:
        lines = logs.JsonSteps(_settings.json)
        token = runs.LISTENER.set(lines.note)
        try:
            with lines.shown():
                yield lines.tell
        finally:
            runs.LISTENER.reset(token)
        return
    steps = _Steps(_err())
    token = runs.LISTENER.set(note)
    try:
        with steps.shown():
            yield steps.tell
    finally:
        runs.LISTENER.reset(token)


def _print_landing(report: LandingReport, paths: Paths) -> None:
    from vitals.landing.records import listed

    landed = report.with_status("landed")
    others = {
        "known before": report.with_status("known"),
        "the same content as another file": report.with_status("duplicate"),
    }
    counts = [f"{len(landed):,} new file{'' if len(landed) == 1 else 's'}, {report.rows_landed:,} rows"]
    counts += [f"{len(files):,} {what}" for what, files in others.items() if files]
    _say(f"Landed: {'; '.join(counts)}.")
    if not report.files:
        _say(
            f"  {_shown(paths.landing)} holds no files. Drop exports into <platform>/<stream>/ there.",
            style="yellow",
        )
    if report.rows_expired:
        _say(
            f"  {report.rows_expired:,} row{'s' if report.rows_expired > 1 else ''} erased: older than "
            "`keep_days` of their stream. Remove their files from landing, too."
        )
    dirty = [one for one in landed if one.rows_quarantined]
    if dirty:
        _say(
            f"  {report.rows_quarantined:,} unreadable line{'s' if report.rows_quarantined > 1 else ''} of "
            f"{len(dirty)} file{'s' if len(dirty) > 1 else ''} went to quarantine, with line and reason:",
            style="yellow",
        )
        files = f"{_shown(paths.quarantine_dir)}/*.parquet"
        _say(f'  {_python()} -c "import duckdb; duckdb.sql(\\"from \'{files}\'\\").show(max_rows=1000)"')
    for one in report.with_status("being_written"):
        _say(f"  {one_line(one.source_file)}: {one.reason}", style="yellow")
    for one in [each for each in landed if each.new_columns][:SHOWN]:
        _say(
            f"  {one_line(one.source_file)}: new column{'s' if len(one.new_columns) > 1 else ''} "
            f"{listed(one.new_columns)}, kept in `extra_columns`",
            style="yellow",
        )
    for one in report.with_status("refused")[:SHOWN]:
        _say(f"✗ refused: {one_line(one.source_file)}", style="red")
        _say(f"    why: {one_line(one.reason)}")
        _say(f"    do:  {one_line(one.remedy)}")
    hidden = len(report.with_status("refused")) - SHOWN
    if hidden > 0:
        _say(f"  … and {hidden} more refused; the ledger names each.")
    for folder in report.unknown:
        hint = f" Did you mean {folder.hint}?" if folder.hint else ""
        files = f"{folder.files} file{'s' * (folder.files > 1)}"
        _say(
            f"  {one_line(folder.folder)}: {files} of no known stream.{hint}",
            style="yellow",
        )


def _print_fetched(outcomes: Sequence[Outcome]) -> None:
    for one in outcomes:
        if one.left_out:
            _say(f"{one.stream}: left out, {one.left_out}", style="dim")
        elif one.files:
            files = f"{one.files:,} file{'' if one.files == 1 else 's'}"
            _say(f"{one.stream}: {files}, {one.rows:,} row{'' if one.rows == 1 else 's'}")
        else:
            _say(f"{one.stream}: nothing new")


def _print_build(report: BuildReport, paths: Paths) -> None:
    as_of = f", as of {report.as_of:%Y-%m-%d %H:%M} UTC" if report.as_of else ""
    _say(
        f"Built {report.dbt.models:,} models; {report.dbt.tests:,} tests "
        f"and {len(report.gate.results):,} raw checks passed{as_of}."
    )
    for one in report.dbt.warnings[:SHOWN]:
        where = f"  see: from {one.relation}" if one.relation else ""
        _say(f"  warning: {one.title}: {one.rows or 0:,} rows{where}", style="yellow")


def _print_rule_breakers(broken: Sequence[RuleBreakers], database: Path) -> None:
    if not broken:
        return
    rows = sum(one.rows for one in broken)
    what = "rows break a rule and wait" if rows > 1 else "row breaks a rule and waits"
    _say(f"  {rows:,} {what} in quarantine:", style="yellow")
    for one in broken[:SHOWN]:
        _say(f"    {one.rows:,} of {one.stream}: {one.reason} (as in {one.example})", style="yellow")
    _say(
        f"  {_python()} -c \"import duckdb; duckdb.connect('{_shown(database)}', read_only=True)"
        ".sql('from quality.rpt_quality_quarantine').show(max_rows=1000)\""
    )


def _python() -> str:
    return _shown(Path(sys.executable))


def _print_publication(report: PublishReport, paths: Paths) -> None:
    from vitals import alerts as alerting
    from vitals.publish import rule_breakers

    rows = sum(one.rows for one in report.tables)
    _say(
        f"Published {_shown(report.path)}: {len(report.tables)} tables, {rows:,} rows; "
        f"{len(report.gate.results)} checks passed."
    )
    if there := report.postgres:
        _say(
            f"Published {there.target}: {there.tables_changed} of {there.tables} tables changed, "
            f"{there.rows:,} rows sent, {there.seconds:.1f} s."
        )
    broken = rule_breakers(report.path)
    if _settings.json:
        _settings.json.lines(logs.of_publication(broken, report.restated))
    _print_rule_breakers(broken, report.path)
    if report.restated:
        figures = sum(each.figures for each in report.restated)
        _say(f"  {figures:,} final figures that were published before have changed:", style="yellow")
        for each in report.restated[:SHOWN]:
            days = " to ".join(map(str, sorted({each.first_day, each.last_day})))
            why = each.reason.replace("_", " ")
            _say(f"    {each.figures:,} of {each.kpi_id}, {days} ({why})", style="yellow")
        _say("  Old and new values: quality.rpt_quality_restatements")
    if _settings.json:
        _settings.json.lines(alerting.lines(report.alerts))
    _print_alerts(report.alerts, _err())
    _say(f"  What was checked: {_shown(paths.docs / 'index.html')}", style="dim")


def _print_alerts(found: Sequence[Alert], console: Console) -> None:
    for one in found:
        _say(f"⚠ {one.message}", style="yellow", console=console)
        _say(f"    do:  {one.remedy}", console=console)


def _print_simulation(report: SimulationReport, target: Path) -> None:
    _say(
        f"Simulated {report.contacts:,} contacts with {report.agents:,} agents: "
        f"{sum(report.rows.values()):,} rows in {report.files:,} files below {_shown(target)}/."
    )


def _print_answer(question: Question, answer: Answer, limit: int) -> None:
    from vitals.ask import show

    console = _out()
    _say(question.question, style="bold", console=console)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for index, column in enumerate(answer.columns):
        is_figure = any(isinstance(row[index], int | float | Decimal) for row in answer.rows)
        # A word per line, so that figures stand close.
        heading = "\n".join(column.split("_"))
        table.add_column(escape(heading), justify="right" if is_figure else "left", no_wrap=True)
    for row in answer.rows[:limit]:
        table.add_row(
            *(escape(show(column, value)) for column, value in zip(answer.columns, row, strict=True))
        )
    # Rather a line that the screen breaks than a figure that is cut off.
    screen = _out()
    screen.width = max(
        console.width, Measurement.get(screen, screen.options.update(width=10_000), table).maximum
    )
    screen.print(table)
    hidden = len(answer.rows) - limit
    if hidden > 0:
        _say(f"… and {hidden:,} rows more: --rows {len(answer.rows)}, or --csv.", console=console)
    for paragraph in question.guide:
        console.print()
        console.print(escape(paragraph), highlight=False)


def _print_kpis(found: Sequence[Kpi]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("kpi_id", "English", "Français", "Български"):
        table.add_column(heading, overflow="fold")
    for family in dict.fromkeys(one.family for one in found):
        table.add_row(f"[dim]{escape(family)}[/dim]")
        for one in found:
            if one.family == family:
                table.add_row(one.kpi_id, *(escape(named.title) for named in one.names.values()))
    _out().print(table)


def _print_kpi(one: Kpi, known: Sequence[Kpi]) -> None:
    names = {other.kpi_id: other.name for other in known}
    guards = [f"{names.get(guard, guard)} ({guard})" for guard in one.guards]
    facts = [
        ("formula", one.names["en"].numerator),
        ("", f"÷ {one.names['en'].denominator}"),
        ("unit", f"{one.unit_in_words}; {one.better_in_words}"),
        ("guard", ", ".join(guards) or "none"),
        ("model", f"{one.model}, {one.model_file.as_posix()}"),
        ("query", f"from marts.kpi_values where kpi_id = '{one.kpi_id}'"),
        ("page", one.page.as_posix()),
    ]
    for language, named in one.names.items():
        _say(named.title, style="bold", console=_out())
        _say(f"  {named.meaning}", console=_out())
        if language == "en":
            _out().print()
    _out().print()
    for label, text in facts:
        _say(f"  {label:<8} {text}", console=_out())


def _print_error(error: VitalsError) -> None:
    from vitals.gates import GateFailed
    from vitals.pipeline import AuditFailed

    _say(f"✗ {error.message}", style="bold red")
    if isinstance(error, GateFailed):
        _print_gate_failures(error)
    elif isinstance(error, AuditFailed):
        _print_audit_failures(error)
    if error.remedy:
        _say(f"  What to do: {error.remedy}")


def _print_gate_failures(error: GateFailed) -> None:
    for one in error.report.failures[:SHOWN]:
        _say(f"  {one.check.table}: {one.check.says}", style="bold")
        _say(f"    found: {one.observed}")
        _print_sample(one.sample)
    _say(f"  All results: {_shown(error.docs)}")


def _print_audit_failures(error: AuditFailed) -> None:
    failures = error.report.failures
    for one in failures[:SHOWN]:
        _say(f"  {one.kind} {one.name}", style="bold")
        _say(f"    file: {one.file}")
        if one.rows is not None:
            _say(f"    rows: {one.rows:,}")
        else:
            _say(f"    said: {one.message}")
        for rule, rows in one.rules:
            _say(f"    broken: {rule} ({rows:,})")
        _print_sample(one.sample)
        commands = error.commands(one)
        if commands:
            _say("    to see them all:")
            for command in commands:
                _say(f"      {command}")
    if len(failures) > SHOWN:
        _say(f"  … and {len(failures) - SHOWN} more")
    if error.report.skipped:
        _say(f"  {error.report.skipped} nodes that depend on them were skipped.")
    _say(f"  Log: {_shown(error.log)}")


def _print_sample(sample: Sequence[dict[str, str | None]]) -> None:
    """The first offending rows; a row too wide for the screen stands as one column per line."""
    if not sample:
        return
    names = list(sample[0])
    if len(names) <= 6:
        table = Table(*[escape(name) for name in names], box=None, pad_edge=True, header_style="dim")
        for row in sample:
            table.add_row(*("null" if row[name] is None else escape(_cut(str(row[name]))) for name in names))
        _err().print(table)
        return
    for row in sample:
        told = ", ".join(f"{name}={_cut(value)}" for name, value in row.items() if value is not None)
        _say(f"    · {told}")


def _print_unexpected(error: Exception) -> None:
    where = "no log could be written"
    try:
        folder = Paths.from_environment().warehouse / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / "vitals.log"
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC).isoformat()} vitals {__version__}\n{traceback.format_exc()}\n")
        where = f"the traceback is in {_shown(log)}"
    except (VitalsError, OSError):
        pass
    told = str(error).strip().splitlines()
    _say(f"✗ Something unexpected: {type(error).__name__}{': ' + told[0] if told else ''}", style="bold red")
    _say(f"  What to do: {where}; `vitals --debug …` shows it. What was published before stays.")


# --- arguments ---------------------------------------------------------------------------------


def _moment(text: str | None, option: str = "--as-of") -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no ISO moment, such as 2026-10-31T23:59:59 or 2026-10-31T23:59:59+02:00",
            param_hint=option,
        ) from None


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date, such as 2026-10-05", param_hint="--start") from None


def _holds_files(folder: Path) -> bool:
    return folder.is_dir() and any(
        one.is_file() and not one.name.startswith(".") for one in folder.rglob("*")
    )


def _publish_to() -> str | None:
    """The database that every publication goes to, too."""
    return os.environ.get("VITALS_PUBLISH_TO") or None


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _cut(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
