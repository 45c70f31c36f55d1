"""`vitals adopt` as one function: look, propose, ask, plan, write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb
from rich.console import Console

from vitals import scorecard
from vitals.adopt import apply, dialogue
from vitals.adopt.contract import contract_tables
from vitals.adopt.look import Seen, look_at
from vitals.adopt.plan import Plan, answers_of, differing, make_plan, map_path, read_record
from vitals.adopt.propose import Answers, platform_name, read_word, zone_named
from vitals.errors import VitalsError
from vitals.paths import PROJECT_FILE, Paths

undo = apply.undo


@dataclass(frozen=True)
class Wanted:
    """What the flags of the command say; lists hold `NAME=VALUE`."""

    platform: str | None = None
    stream: str | None = None
    table: str | None = None
    maps: Sequence[str] = ()
    fixed: Sequence[str] = ()
    zone: str | None = None
    times_zone: str | None = None
    date_order: str | None = None
    decimal_mark: str | None = None
    units: Sequence[str] = ()
    includes: Sequence[str] = ()
    words: Sequence[str] = ()
    encoding: str | None = None


def adopt(
    file: Path, wanted: Wanted, paths: Paths, console: Console, yes: bool = False, force: bool = False
) -> Plan | None:
    """Bring a file into the project, and a copy of it into the landing folder.

    Args:
        file: the export.
        wanted: what the flags say.
        paths: where everything is.
        console: what people read, and answer.
        yes: ask nothing; what has no answer is refused.
        force: overwrite files that were edited, or adopted with other answers.

    Returns what was written; None when the user did not want it.

    Raises:
        VitalsError: the file cannot be read or mapped, an answer is wrong or missing, or files would be
            overwritten; the message says what to do.
    """
    seen = look_at(file, wanted.encoding)
    dialogue.show_seen(console, seen)
    if not seen.is_encoding_proven:
        example = next((word for each in seen.columns for word in each.words if not word.isascii()), "")
        if yes:
            raise VitalsError(
                f"{file}: its encoding is a guess, {seen.encoding}, which reads {example[:40]!r}.",
                f"Say it: --encoding {seen.encoding}",
            )
        if not dialogue.confirm(console, f"Read as {seen.encoding}, it has {example[:40]!r}. Is that right?"):
            raise VitalsError(f"{file}: its encoding is not known.", "Say it, as --encoding cp1251.")
    answers = _answers(seen, wanted)
    if not (yes or answers.platform or read_record(paths.project, platform_name(seen, answers))):
        known = _known_as(seen, answers, paths.project)
        if known and dialogue.confirm(
            console, f"It has the columns that files of {known} have. Is it the next file of {known}?"
        ):
            answers.platform = known
        else:
            dialogue.ask_platform(console, seen, answers, paths.project)
    platform = platform_name(seen, answers)
    record = read_record(paths.project, platform)
    before = _adopted_as(record, seen, answers)
    is_further = bool(record and before and not _says_more(wanted) and not force)
    if record and before and not _says_more(wanted):
        # The same kind of file once more: what was answered then holds.
        answers = replace(answers_of(record, before), platform=platform, stream=before)
        yes = True
    tables = contract_tables(paths.project)
    proposal = (
        dialogue.settle(seen, answers, tables, yes)
        if yes
        else dialogue.converse(console, seen, answers, tables)
    )
    if yes:
        dialogue.show_proposal(console, seen, proposal, answers)
    plan = make_plan(seen, proposal, answers, platform, paths, is_further)
    changed = plan.changes(paths.project)
    _check_overwriting(plan, changed, paths, force)
    dialogue.show_plan(console, plan, answers, changed)
    if changed and not yes and not dialogue.confirm(console, f"Write this into the project, as {platform}?"):
        return None
    written = apply.write(plan, seen, paths)
    if written:
        files = "1 file" if len(changed) == 1 else f"{len(changed)} files"
        console.print(
            f"✓ {platform} is in the project: {files} written, and {file.name} lies in"
            f" {paths.landing.name}/{plan.landed.rpartition('/')[0]}/.",
            style="green",
            markup=False,
            soft_wrap=True,
        )
    else:
        console.print(f"{platform} is as this file asks: nothing was changed.", markup=False)
    return plan


def as_of(plan: Plan, paths: Paths) -> datetime | None:
    """The moment to report as of, so that the scorecard shows the adopted days; None: as far as data goes.

    It is the end of the last day on which something arrived, as long as no other platform has files: cases
    may be closed months later, and a scorecard looks back on the days before.
    """
    others = [
        each for each in paths.landing.glob("*/*/*") if each.is_file() and _platform(each) != plan.platform
    ]
    return None if others else plan.last_day_ends_at


def latest_card(paths: Paths, plan: Plan) -> scorecard.Scorecard:
    """The scorecard of an adopted platform's client over the latest period that has something of it.

    Raises:
        VitalsError: it has nothing in the periods that scorecards look back on.
    """
    wanted = plan.client or "all"
    for period in ("last_28_days", "this_month", "last_month"):
        try:
            card = scorecard.read_scorecard(paths.published_db, period, wanted)
        except VitalsError:
            continue
        if any(one.value is not None for one in (*card.signs, *card.channels)):
            hidden = {kpi_id for kpis in plan.unmeasured.values() for kpi_id in kpis}
            return replace(card, signs=tuple(one for one in card.signs if one.kpi_id not in hidden))
    day = f" --as-of {plan.last_day_ends_at:%Y-%m-%dT%H:%M:%S}" if plan.last_day_ends_at else ""
    raise VitalsError(
        f"{wanted} has no contact in the days that scorecards look back on: they end with the newest data of"
        " all platforms.",
        f"Look back from its own last day: vitals run{day}, then vitals scorecard --client {wanted}; or empty"
        " landing/ of the other exports first.",
    )


def reach(paths: Paths, plan: Plan, card: scorecard.Scorecard) -> str:
    """How many contacts of an adopted platform there are, and how many lie in the days of a scorecard."""
    with duckdb.connect(str(paths.published_db), read_only=True) as connection:
        row = connection.execute(
            "select count(*), min(arrived_date), max(arrived_date),"
            " count(*) filter (where arrived_date between ? and ?)"
            " from marts.fct_contacts where platform = ?",
            [card.period_start_date, card.period_end_date, plan.platform],
        ).fetchone()
    if row is None or not row[0]:
        return ""
    return (
        f"{row[0]:,} contacts of {plan.platform}, {row[1]} to {row[2]}; {row[3]:,} of them in the days below."
        f" All days: vitals dashboard, or marts.fct_contacts in {paths.published_db.name}."
    )


def _platform(file: Path) -> str:
    return file.parts[-3]


def _answers(seen: Seen, wanted: Wanted) -> Answers:
    answers = Answers(
        wanted.platform,
        wanted.stream,
        wanted.table,
        zone=wanted.zone and zone_named(wanted.zone),
        times_zone=wanted.times_zone and zone_named(wanted.times_zone),
        date_order=_one_of("--date-order", wanted.date_order, ("day_first", "month_first")),
        decimal_mark=_one_of("--decimal-mark", wanted.decimal_mark, ("comma", "point")),
    )
    for told in wanted.maps:
        dialogue.read_map(answers, seen, told)
    for told in wanted.fixed:
        name, value = _pair("--set", told)
        answers.fixed[name] = value
    for told in wanted.units:
        name, value = _pair("--unit", told)
        answers.units[_name(seen, name)] = value
    for told in wanted.includes:
        name, value = _pair("--includes", told)
        answers.includes[_name(seen, name)] = () if value == "none" else tuple(value.split("+"))
    for told in wanted.words:
        read_word(answers, told)
    return answers


def _one_of(flag: str, told: str | None, choices: Sequence[str]) -> str | None:
    if told is not None and told not in choices:
        raise VitalsError(f"{flag} cannot be {told!r}.", f"Choose one of: {', '.join(choices)}.")
    return told


def _pair(flag: str, told: str) -> tuple[str, str]:
    name, equals, value = (each.strip() for each in told.partition("="))
    if not equals or not name or not value:
        raise VitalsError(f"{flag} {told!r} says nothing.", f"Write NAME=VALUE after {flag}.")
    return name, value


def _name(seen: Seen, name: str) -> str:
    column = seen.column(name)
    return column.name if column else name


def _says_more(wanted: Wanted) -> bool:
    """Whether the flags say more than which file, platform and stream it is."""
    return replace(wanted, platform=None, stream=None, encoding=None) != Wanted()


def _adopted_as(record: dict[str, object] | None, seen: Seen, answers: Answers) -> str | None:
    """The stream of a platform that files with these columns were adopted as."""
    streams = record["streams"] if record else {}
    if not isinstance(streams, dict):
        return None
    columns = [each.name for each in seen.columns]
    for name, each in streams.items():
        if answers.stream in (None, name) and set(columns) == set(each["columns"]):
            return str(name)
    return None


def _known_as(seen: Seen, answers: Answers, project: Path) -> str | None:
    """The adopted platform whose files have these columns; None when none's have, or several."""
    found = [
        file.parent.name
        for file in sorted((project / "models" / "staging").glob("*/_*__adopted.json"))
        if _adopted_as(read_record(project, file.parent.name), seen, answers)
    ]
    return found[0] if len(found) == 1 else None


def _check_overwriting(plan: Plan, changed: Sequence[str], paths: Paths, force: bool) -> None:
    """Refuses to write over what somebody wrote, unless told to."""
    if force:
        return
    record = read_record(paths.project, plan.platform)
    # These are added to; nothing in them is lost.
    grows = {PROJECT_FILE, *plan.added, map_path(plan.platform)}
    edited = set(differing(record, paths.project)) if record else set()
    lost = sorted(
        path
        for path in changed
        if path not in grows and (paths.project / path).exists() and (path in edited or not record)
    )
    if lost:
        raise VitalsError(
            f"{plan.platform}: adopting {plan.landed.rpartition('/')[2]} would overwrite {', '.join(lost)}.",
            "Keep what you edited in them; then run it again with --force. Or name another --platform.",
        )
    if record and plan.stream in record["streams"]:
        models = [path for path in changed if path.endswith((".sql", ".yml")) and path not in grows]
        if models:
            raise VitalsError(
                f"{plan.platform}/{plan.stream} was adopted with other answers: it would change"
                f" {', '.join(models)}.",
                "Overwrite them with --force; name no flags to leave them; or name another --platform.",
            )
