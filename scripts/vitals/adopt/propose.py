"""Which contract table a file fills, which column fills which field, and what only its owner can answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from slugify import slugify

from vitals.adopt.contract import (
    CHOICES,
    HANDLE,
    INSTRUMENTS,
    MEANS,
    NAMES,
    SETTLED,
    TELLING,
    UNIT_NAMES,
    UNITS,
    ContractTable,
    Field,
)
from vitals.adopt.look import Seen, SeenColumn
from vitals.errors import VitalsError

# More words than any queue or reason has: a column of free text or ids.
_MOST_SLUGS = 2_000
_WHOLE, _RUN, _WORD = 3.0, 2.0, 1.0
_NUMBERS = ("count", "number")
# Tables with a row per value of their first telling field, which therefore is not the same in most rows.
_SINGLE = ("contacts", "contact_legs", "survey_responses")
_GROUPED = re.compile(r"[-+]?\d{1,3}([., ]\d{3})+|[-+]?\d+([.,]\d{3})")
PARTS = {"hold": "hold_seconds", "acw": "acw_seconds"}


@dataclass
class Answers:
    """What the owner of the file has said, by flags or in the dialogue.

    Args:
        platform: its name in the project; None for one made of the file's name.
        stream: name of this kind of file.
        table: contract table.
        maps: field → names of the columns that fill it.
        left: columns that fill nothing, whatever they are called.
        fixed: field → one value for all rows.
        zone: IANA zone of the centre.
        times_zone: of times without an offset, when it is another.
        date_order: day_first or month_first, where the file does not prove it.
        decimal_mark: comma or point, where the file does not prove it.
        units: column → ms, s, min, h or days.
        includes: column of a duration → hold, acw, both or none of them.
    """

    platform: str | None = None
    stream: str | None = None
    table: str | None = None
    maps: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    fixed: dict[str, str] = field(default_factory=dict)
    zone: str | None = None
    times_zone: str | None = None
    date_order: str | None = None
    decimal_mark: str | None = None
    units: dict[str, str] = field(default_factory=dict)
    includes: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """What the file cannot tell.

    Args:
        key: zone, times_zone, date_order, decimal_mark, unit:<column>, includes:<column> or fixed:<field>.
        text: for people, with why it is asked.
        flag: how a script answers.
        choices: what can be answered; empty for free text.
        default: what is likely, where something is.
    """

    key: str
    text: str
    flag: str
    choices: tuple[str, ...] = ()
    default: str | None = None


@dataclass(frozen=True)
class Proposal:
    """A table, and the columns that fill its fields."""

    table: ContractTable
    mapping: Mapping[str, tuple[str, ...]]

    def columns(self) -> set[str]:
        """Every column that fills a field."""
        return {name for names in self.mapping.values() for name in names}


def propose(seen: Seen, answers: Answers, tables: Mapping[str, ContractTable]) -> Proposal:
    """Map a file's columns by their names and values, and by what was answered.

    Raises:
        VitalsError: an answer names a table, field or column that does not exist, or the file is no list of
            single contacts, surveys, states …; the message says what to do.
    """
    if answers.table and answers.table not in tables:
        raise VitalsError(f"There is no table {answers.table!r}.", f"Choose one of: {', '.join(tables)}.")
    if not answers.table and (counts := aggregated(seen)):
        raise VitalsError(
            f"{seen.path}: it looks like sums, a row per {counts[0]} with {', '.join(counts[1:])}: the"
            " contract holds single contacts, and none can be told from sums.",
            "Export single contacts (calls, tickets, surveys). If each row is one record all the same, say of"
            " which table: --table contacts",
        )
    table = tables[answers.table] if answers.table else tables[guess_table(seen, answers, tables)]
    mapping = _mapping(seen, table, answers)
    return Proposal(table, mapping)


def aggregated(seen: Seen) -> tuple[str, ...]:
    """The period and the counts of a file of sums; empty when it is none."""
    times = [each for each in seen.columns if each.is_time]
    periods = [each for each in times if each.kind == "date" and len(each.words) == each.filled == seen.rows]
    named = re.compile(
        r"(^|_)(inbound|offered|answered|handled|abandoned|received|calls|contacts|volume|total)(_|$)"
    )
    counts = [each for each in seen.columns if each.kind in _NUMBERS and named.search(each.name)]
    is_single = any(_strength(each.name, NAMES["contacts"]["contact_id"]) >= _RUN for each in seen.columns)
    if len(times) == 1 and periods and len(counts) > 1 and not is_single:
        return (periods[0].name, *(each.name for each in counts))
    return ()


def guess_table(seen: Seen, answers: Answers, tables: Mapping[str, ContractTable]) -> str:
    """The table that has every answered field, and of whose telling fields the file has most."""

    def fit(name: str) -> tuple[float, bool]:
        strengths: dict[str, float] = dict.fromkeys(answers.maps, _WHOLE)
        for strength, one, _ in _candidates(seen, tables[name], set()):
            strengths[one] = max(strength, strengths.get(one, 0.0))
        telling = TELLING[name]
        return sum(strengths.get(one, 0.0) for one in telling) / len(telling), name == "contacts"

    stated = {*answers.maps, *answers.fixed}
    able = [name for name, each in tables.items() if all(each.field(one) for one in stated)]
    return max(able or tables, key=fit)


def questions(seen: Seen, proposal: Proposal, answers: Answers) -> list[Question]:
    """What is still to be answered before anything can be written.

    Raises:
        VitalsError: a field without which nothing can be counted has no column.
    """
    for each in proposal.table.fields:
        if (
            each.is_required
            and not _can_ask(each.name)
            and each.name not in (*proposal.mapping, *answers.fixed)
        ):
            raise VitalsError(
                f"{seen.path}: no column says {each.name} ({_lower(each.meaning)}), which every row of"
                f" {proposal.table.name} needs.",
                f"Name its column: --map COLUMN={each.name}, or several to be joined: --map A+B={each.name}."
                f" The columns are: {', '.join(one.name for one in seen.columns)}.",
            )
    return [
        *_of_values(seen, proposal, answers),
        *_of_times(seen, proposal, answers),
        *_of_durations(seen, proposal, answers),
    ]


def check_answers(seen: Seen, proposal: Proposal, answers: Answers) -> None:
    """Raises VitalsError when an answer cannot be: an unknown zone or unit, a kind that does not fit."""
    for zone in (answers.zone, answers.times_zone):
        if zone:
            check_zone(zone)
    for name, one in answers.fixed.items():
        known = proposal.table.field(name)
        if not known or name == HANDLE:
            raise _no_field(name, proposal.table)
        if name in CHOICES and one not in CHOICES[name]:
            raise VitalsError(f"{name} cannot be {one!r}.", f"Choose one of: {', '.join(CHOICES[name])}.")
        if known.kind in (*_NUMBERS, "seconds") and not re.fullmatch(r"-?\d+(\.\d+)?", one):
            raise VitalsError(f"{name} cannot be {one!r}.", "Give a number, as 5 or 0.5.")
    for column, unit in answers.units.items():
        _known(seen, column)
        if unit not in UNITS:
            raise VitalsError(f"{column}: there is no unit {unit!r}.", f"Choose one of: {', '.join(UNITS)}.")
    for column, parts in answers.includes.items():
        _known(seen, column)
        if set(parts) - set(PARTS):
            raise VitalsError(
                f"{column}: a duration cannot include {'+'.join(parts)!r}.",
                "Give hold, acw, hold+acw or none.",
            )
    for name, columns in proposal.mapping.items():
        _check_kind(seen, proposal.table, name, [_known(seen, column) for column in columns])
    orders = {each.order for each in _mapped_times(seen, proposal)} & {"day_first", "month_first"}
    contradicting = next(
        (each for each in _mapped_times(seen, proposal) if each.order == "contradicted"), None
    )
    if contradicting or len(orders) > 1:
        where = (
            contradicting.name
            if contradicting
            else " and ".join(
                f"{each.name}, row {each.proof[1]} ({each.proof[0]})"
                for each in _mapped_times(seen, proposal)
                if each.proof
            )
        )
        raise VitalsError(
            f"{seen.path}: some dates have the day first and some the month: {where}.",
            "Export all dates in one order, best as 2026-10-05 09:02:10.",
        )


def check_zone(zone: str) -> None:
    """Raises VitalsError for what is no IANA time zone."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise VitalsError(
            f"There is no time zone {zone!r}.", "Name it as Europe/Sofia, America/New_York or UTC."
        ) from error


def platform_name(seen: Seen, answers: Answers) -> str:
    """The platform's name: as answered, else made of the file's.

    Raises:
        VitalsError: the answered name cannot be one.
    """
    if answers.platform and not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", answers.platform):
        raise VitalsError(
            f"A platform cannot be called {answers.platform!r}.",
            f"Use lower-case letters, digits and single _: --platform {slug(answers.platform) or 'my_desk'}",
        )
    found = answers.platform or slug(seen.path.name.split(".")[0])
    return found if found[:1].isalpha() else f"export_{found}"


def slug(text: str) -> str:
    """A word of an export as a slug: lower-case letters and digits with `_`, other scripts transliterated."""
    return str(slugify(text, separator="_"))


def meaning_of(name: str, word: str) -> str | None:
    """Our word for an export's, for a field of few words (channel, outcome …); None when it is not known."""
    tokens = slug(word)
    if tokens in MEANS[name]:
        return tokens
    best: tuple[int, str] | None = None
    for ours, theirs in MEANS[name].items():
        for one in map(slug, theirs):
            if f"_{one}_" in f"_{tokens}_" and (best is None or len(one) > best[0]):
                best = (len(one), ours)
    return best[1] if best else None


def settled(word: str) -> str | None:
    """`true` or `false` for what a word says of being resolved; None when it says nothing."""
    return next((answer for answer, words in SETTLED.items() if slug(word) in words), None)


# --- mapping -------------------------------------------------------------------------------------


def _mapping(seen: Seen, table: ContractTable, answers: Answers) -> dict[str, tuple[str, ...]]:
    mapping: dict[str, tuple[str, ...]] = {}
    for name, columns in answers.maps.items():
        if not table.field(name):
            raise _no_field(name, table)
        mapping[name] = tuple(_known(seen, column).name for column in columns)
    left = {_known(seen, column).name for column in answers.left}
    taken = {name for names in mapping.values() for name in names} | left
    for _, name, column in sorted(_candidates(seen, table, taken), key=lambda each: -each[0]):
        if name not in mapping and name not in answers.fixed and column.name not in taken:
            mapping[name] = (column.name,)
            taken.add(column.name)
    for name, columns in list(mapping.items()):
        if table.field(name) and len(columns) == 1 and name not in answers.maps:
            clock = _clock_of(seen, table, name, columns[0], taken)
            if clock:
                mapping[name] = (columns[0], clock)
                taken.add(clock)
    if "talk_seconds" in mapping and HANDLE not in answers.maps:
        mapping.pop(HANDLE, None)
    # One word often says both what became of it and that it is settled.
    if (
        "outcome" in mapping
        and table.field("is_resolved")
        and not {"is_resolved"} & {*mapping, *answers.fixed}
    ):
        column = _known(seen, mapping["outcome"][0])
        if column.name not in left and any(settled(word) for word in column.words) and column.kind == "text":
            mapping["is_resolved"] = (column.name,)
    return {each: mapping[each] for each in _order(table) if each in mapping}


def _order(table: ContractTable) -> list[str]:
    return [*(each.name for each in table.fields), HANDLE]


def _candidates(seen: Seen, table: ContractTable, taken: set[str]) -> Iterator[tuple[float, str, SeenColumn]]:
    for name, wanted in NAMES[table.name].items():
        one = table.field(name)
        if one is None:
            continue
        for column in seen.columns:
            if column.name in taken or not column.filled or not _fits(table.name, one, column):
                continue
            if strength := _strength(column.name, wanted):
                yield strength, name, column


def _strength(column: str, wanted: Sequence[str]) -> float:
    """How well a column's name fits a field's: whole, or as a run of its words; best names count more."""
    for place, name in enumerate(wanted):
        if column == name:
            return _WHOLE - place / 100
    for place, name in enumerate(wanted):
        if f"_{name}_" in f"_{_without_unit(column)}_":
            return (_RUN if "_" in name else _WORD) - place / 100
    return 0.0


def _without_unit(column: str) -> str:
    head, _, tail = column.rpartition("_")
    return head if head and any(tail in names for names in UNIT_NAMES.values()) else column


def _fits(table: str, one: Field, column: SeenColumn) -> bool:
    kind = column.kind
    if kind == "nested":
        return False
    if one.name in CHOICES:
        return kind in ("text", "boolean") and any(meaning_of(one.name, word) for word in column.words)
    if one.name == "is_resolved" and kind == "text":
        return any(settled(word) for word in column.words)
    match one.kind:
        case "time":
            return column.is_time and not column.short_year
        case "month":
            return (column.is_time and not column.short_year) or all(
                re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", word.strip()) for word in column.words
            )
        case "seconds":
            return kind in (*_NUMBERS, "duration")
        case "number" | "count":
            return kind in _NUMBERS
        case "boolean":
            return kind == "boolean" or (kind == "count" and set(column.words) <= {"0", "1"})
        case "word":
            return (
                not column.is_time
                and kind in ("text", "count", "boolean")
                and len(column.words) <= _MOST_SLUGS
            )
    if one.name == TELLING[table][0] and table in _SINGLE:
        return not column.is_time and 2 * len(column.words) > column.filled
    return not column.is_time and kind not in ("boolean", "duration", "clock")


def _clock_of(seen: Seen, table: ContractTable, name: str, date: str, taken: set[str]) -> str | None:
    """The column of the clock that belongs to a column of dates: `call_time` to `call_date`."""
    one = table.field(name)
    if one is None or one.kind != "time" or _known(seen, date).kind != "date":
        return None
    wanted = (date.replace("date", "time").replace("day", "time"), "time", "call_time", "start_time")
    for each in seen.columns:
        if each.name in wanted and each.name not in taken and each.kind in ("clock", "duration"):
            return each.name
    return None


def _known(seen: Seen, name: str) -> SeenColumn:
    column = seen.column(name)
    if column is None:
        names = [each.name for each in seen.columns]
        near = get_close_matches(name, names, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise VitalsError(
            f"{seen.path} has no column {name!r}.{hint}", f"Its columns are: {', '.join(names)}."
        )
    return column


def _no_field(name: str, table: ContractTable) -> VitalsError:
    names = [each for each in _order(table) if table.field(each)]
    near = get_close_matches(name, names, 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return VitalsError(f"{table.name} has no field {name!r}.{hint}", f"Its fields are: {', '.join(names)}.")


def _check_kind(seen: Seen, table: ContractTable, name: str, columns: Sequence[SeenColumn]) -> None:
    one = table.field(name)
    if one is None:
        raise _no_field(name, table)
    for column in columns:
        if one.kind == "time" and column.short_year:
            raise VitalsError(
                f"{seen.path}, column {column.name}: its dates have years of two digits, as"
                f" {column.examples(1)[0]}, which no proof tells apart.",
                "Export them with four, best as 2026-10-05 09:02:10.",
            )
        if one.kind == "seconds" and column.kind == "clock":
            raise VitalsError(
                f"{seen.path}, column {column.name}: {column.examples(1)[0]} may be minutes and seconds, or"
                " hours and minutes.",
                "Export durations as seconds, or as H:MM:SS.",
            )
        is_part = len(columns) > 1
        if not _fits(table.name, one, column) and not is_part and column.filled and one.name not in CHOICES:
            word, (_, line) = next(iter(column.words.items()))
            raise VitalsError(
                f"{seen.path}, column {column.name}: its values do not fit {name} ({one.kind}); row {line}"
                f" has {word.strip()[:40]!r}.",
                f"Map another column, or leave it out: --map {column.name}=none",
            )


# --- questions -----------------------------------------------------------------------------------

_ASKED = ("channel", "instrument", "scale_min", "scale_max", "category", "currency")


def _can_ask(name: str) -> bool:
    return name in _ASKED


def _of_values(seen: Seen, proposal: Proposal, answers: Answers) -> Iterator[Question]:
    """One value for all rows, where no column says it."""
    names = {each.name for each in proposal.table.fields if each.is_required}
    given = {*proposal.mapping, *answers.fixed}
    if "channel" in names - given:
        yield Question(
            "fixed:channel",
            "No column says how customers came. On which channel are these contacts?",
            "--set channel=voice",
            ("voice", "chat", "email", "sms", "social"),
            "voice",
        )
    tells = {"outcome", "answered_at", "talk_seconds", HANDLE, "first_agent_id"}
    if proposal.table.name == "contacts" and not tells & given and {"ended_at", "wait_seconds"} & given:
        yield Question(
            "fixed:outcome",
            "No column says whether anybody answered (outcome, answered_at, talk time, agent). What became of"
            " the contacts that have ended?",
            "--set outcome=answered",
            CHOICES["outcome"],
        )
    if "instrument" in names - given:
        told = meaning_of("instrument", f"{seen.path.stem} {' '.join(proposal.mapping.get('score', ()))}")
        yield Question(
            "fixed:instrument",
            "No column says what is measured. What did the survey ask: satisfaction (csat), effort (ces),"
            " would you recommend us (nps), was it solved (fcr), or employees (esat)?",
            "--set instrument=csat",
            INSTRUMENTS,
            told,
        )
    if "score" in proposal.mapping:
        values = [float(word) for word in _known(seen, proposal.mapping["score"][0]).words if _is_float(word)]
        low, high = (f"{min(values):g}", f"{max(values):g}") if values else ("1", "5")
        for name, end, default in (("scale_min", "lowest", low), ("scale_max", "highest", high)):
            if name not in given:
                yield Question(
                    f"fixed:{name}",
                    f"The answers run from {low} to {high}, but the scale may be longer. What is the {end}"
                    " answer that could be given?",
                    f"--set {name}={default}",
                    default=default,
                )
    for name in ("category", "currency", "item"):
        if name in names - given and _can_ask(name):
            yield Question(
                f"fixed:{name}", f"No column says the {name}. Which is it, of all rows?", f"--set {name}=…"
            )


def _is_float(text: str) -> bool:
    return re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", text) is not None


def _mapped_times(seen: Seen, proposal: Proposal) -> list[SeenColumn]:
    return [
        _known(seen, columns[0])
        for name, columns in proposal.mapping.items()
        if (one := proposal.table.field(name)) and one.kind in ("time", "month")
    ]


def lacks_offset(seen: Seen, proposal: Proposal) -> bool:
    """Whether some mapped time carries no offset from UTC."""
    return any(each.kind in ("time", "date") and each.zoned < 1 for each in _mapped_times(seen, proposal))


def _of_times(seen: Seen, proposal: Proposal, answers: Answers) -> Iterator[Question]:
    times = _mapped_times(seen, proposal)
    if not answers.zone:
        yield Question(
            "zone",
            "In which time zone is the centre? Its days and hours are local to it. An IANA name, as"
            " Europe/Sofia, America/New_York or UTC.",
            "--zone Europe/Sofia",
        )
    if lacks_offset(seen, proposal) and not answers.times_zone:
        zone = answers.zone or "the centre's zone"
        yield Question(
            "times_zone",
            f"The times say no zone (as {next(one.examples(1)[0] for one in times if one.zoned < 1)}). In"
            f" which one were they written? Often {zone}, or UTC.",
            "--times-zone UTC",
            default=answers.zone,
        )
    orders = {each.order for each in times}
    if (
        "unproven" in orders
        and not orders & {"day_first", "month_first", "contradicted"}
        and not answers.date_order
    ):
        example = next(each.examples(1)[0] for each in times if each.order == "unproven")
        yield Question(
            "date_order",
            f"No date of the file has a day above 12: {example} may be read in two ways. What comes first?",
            "--date-order day_first",
            ("day_first", "month_first"),
        )


def _of_durations(seen: Seen, proposal: Proposal, answers: Answers) -> Iterator[Question]:
    units = {_known(seen, column).name for column in answers.units}
    for name in duration_columns(proposal):
        column = _known(seen, name)
        if column.kind in _NUMBERS and name not in units and unit_told(name) is None:
            yield Question(
                f"unit:{name}",
                f"{name} is a number, as {', '.join(column.examples())}. In which unit?",
                f"--unit {name}=s",
                tuple(UNITS),
                "s",
            )
    numbers = [
        _known(seen, columns[0])
        for each, columns in proposal.mapping.items()
        if (one := proposal.table.field(each)) and one.kind in (*_NUMBERS, "seconds")
    ]
    if not answers.decimal_mark and (example := _ambiguous_number(numbers)):
        yield Question(
            "decimal_mark",
            f"No number of the file shows whether {example} has a decimal comma or thousands. Which is the"
            " decimal mark?",
            "--decimal-mark comma",
            ("comma", "point"),
        )
    included = {_known(seen, column).name for column in answers.includes}
    for name in ("talk_seconds", HANDLE):
        columns = proposal.mapping.get(name, ())
        others = [part for part, one in PARTS.items() if one in proposal.mapping]
        if columns and columns[0] not in included and (name == HANDLE or others):
            what = "hold, after-contact work (acw), both (hold+acw) or none"
            yield Question(
                f"includes:{columns[0]}",
                f"What does {columns[0]} include beside talking: {what}? What it includes and another column"
                " tells is taken out of it, so that nothing counts twice.",
                f"--includes {columns[0]}=hold+acw",
                ("none", "hold", "acw", "hold+acw"),
            )


def _ambiguous_number(columns: Sequence[SeenColumn]) -> str | None:
    words = [word.strip() for each in columns for word in each.words if "," in word]
    if not words or any(not _GROUPED.fullmatch(word) for word in words):
        return None
    return words[0]


def duration_columns(proposal: Proposal) -> list[str]:
    """Columns that fill a field of seconds."""
    return [
        columns[0]
        for name, columns in proposal.mapping.items()
        if (one := proposal.table.field(name)) and one.kind == "seconds"
    ]


def unit_told(column: str) -> str | None:
    """The unit that stands at the end of a column's name; None when none does."""
    tail = column.rpartition("_")[2]
    return next((unit for unit, names in UNIT_NAMES.items() if tail in names and tail != column), None)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")
