"""Which contract table a file fills, which column fills which field, and what only its owner can answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from babel.core import get_global
from slugify import slugify

from vitals.adopt.contract import (
    ALL_OF_THEM,
    CHOICES,
    HANDLE,
    INSTRUMENTS,
    MEANS,
    NAMES,
    SETTLED,
    TELLING,
    TOTALS,
    UNIT_NAMES,
    UNITS,
    ContractTable,
    Field,
)
from vitals.adopt.look import Seen, SeenColumn, rows_of
from vitals.errors import VitalsError

# More words than any queue or reason has: a column of free text or ids.
_MOST_SLUGS = 2_000
_WHOLE, _RUN, _WORD = 3.0, 2.0, 1.0
_NUMBERS = ("count", "number")
# Tables with a row per value of their first telling field, which therefore is not the same in most rows.
_SINGLE = ("contacts", "contact_legs", "survey_responses")
_GROUPED = re.compile(r"[-+]?\d{1,3}([., ]\d{3})+|[-+]?\d+([.,]\d{3})")
PARTS = {"hold": "hold_seconds", "acw": "acw_seconds"}
_MONTH = re.compile(r"\d{4}[-/]\d{2}")
_DAY_OR_MONTH = re.compile(r"\d{4}[-/]\d{2}([-/]\d{2})?")
_MIDNIGHT = re.compile(r"[T ]0?0:00(:00([.,]0+)?)?( ?([Zz]|[+-]\d{2}:?\d{2}))?$")
# What a report calls its columns of counts, rates, averages and totals.
_COUNTED = re.compile(
    r"(^|_)(inbound|offered|answered|handled|abandoned|received|calls|contacts|volume|total)(_|$)"
)
_RATE = re.compile(r"(^|_)(rate|pct|percent|percentage|share|ratio|level|sl|sla)(_|$)")
_AVERAGE = re.compile(r"(^|_)(avg|average|mean|asa|aht|att)(_|$)")
_TOTAL = re.compile(r"(^|_)(total|sum|summed|all)(_|$)")
_PROOF = 3
_COUNTS = ("offered_count", "answered_count")
# What tells one reported total from another.
# Words that mean a channel are asked for up to so many; a file with more has other words than channels there.
_MOST_CHANNELS = 8
# What says of a word that it means none of ours.
NEW, NOTHING = "new", "none"
# Zones of the IANA's list that have no summer time, but whose names people use for ones that have.
_FIXED_ZONES = ("EST", "MST", "HST")
_DIMENSIONS = ("period_start", "period_end", "grain", "client", "site", "queue", "channel", "direction")


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
        words: field → word of the export, in lower case → ours, `new` (a channel of its own) or `none`.
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
    words: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """What the file cannot tell.

    Args:
        key: zone, times_zone, date_order, decimal_mark, unit:<column>, includes:<column>, fixed:<field>,
            summed:<column> or word:<field>:<word>.
        text: for people, with why it is asked.
        flag: how a script answers.
        choices: what can be answered; empty for free text.
        default: what is likely, where something is.
        can_be_left: whether the default holds where nobody is asked.
    """

    key: str
    text: str
    flag: str
    choices: tuple[str, ...] = ()
    default: str | None = None
    can_be_left: bool = False


@dataclass(frozen=True)
class Proposal:
    """A table, and the columns that fill its fields.

    Args:
        table: contract table.
        mapping: field → names of the columns that fill it.
        proven: field → the one value for all rows that the file's values prove.
    """

    table: ContractTable
    mapping: Mapping[str, tuple[str, ...]]
    proven: Mapping[str, str] = field(default_factory=dict)

    def columns(self) -> set[str]:
        """Every column that fills a field."""
        return {name for names in self.mapping.values() for name in names}


def propose(seen: Seen, answers: Answers, tables: Mapping[str, ContractTable]) -> Proposal:
    """Map a file's columns by their names and values, and by what was answered.

    Raises:
        VitalsError: an answer names a table, field or column that does not exist; the message says what to
            do.
    """
    if answers.table and answers.table not in tables:
        raise VitalsError(f"There is no table {answers.table!r}.", f"Choose one of: {', '.join(tables)}.")
    table = tables[answers.table] if answers.table else tables[guess_table(seen, answers, tables)]
    mapping = _mapping(seen, table, answers)
    is_open = table.name == TOTALS and "grain" not in {*mapping, *answers.fixed}
    grain = proven_grain(seen, mapping, answers) if is_open else None
    return Proposal(table, mapping, {"grain": grain} if grain else {})


def is_summed(seen: Seen) -> bool:
    """Whether each row of a file sums up contacts: a period of whole days, and counts, and no id."""
    periods = [each for each in seen.columns if _is_period(each)]
    counts = [
        each
        for each in seen.columns
        if each.kind in _NUMBERS and _COUNTED.search(each.name) and not _RATE.search(each.name)
    ]
    is_single = any(
        _strength(each.name, NAMES["contacts"]["contact_id"]) >= _RUN
        and each.has_all_words
        and len(each.words) == each.filled
        for each in seen.columns
        if not _COUNTED.search(each.name)
    )
    has_moments = any(each.is_time and not _is_period(each) for each in seen.columns)
    return bool(periods) and len(counts) > 1 and not is_single and not has_moments


def _is_period(column: SeenColumn) -> bool:
    """Whether a column names days or months: dates, midnights or `2026-10`."""
    if column.kind == "date" or not column.filled:
        return column.kind == "date"
    words = [word.strip() for word in column.words]
    if column.kind == "time":
        return all(_MIDNIGHT.search(word) for word in words)
    return all(_DAY_OR_MONTH.fullmatch(word) for word in words)


def proven_grain(seen: Seen, mapping: Mapping[str, Sequence[str]], answers: Answers) -> str | None:
    """day, week or month, where the periods of a file of sums can be nothing else; None when they may be.

    Two periods that follow each other by a day are days. Of three or more, those that all begin on the first
    of a month are months, and those with seven days between each two are weeks.
    """
    columns = mapping.get("period_start") or mapping.get("period_end") or ()
    column = seen.column(columns[0]) if columns else None
    if column is None:
        return None
    if all(_MONTH.fullmatch(word.strip()) for word in column.words):
        return "month"
    order = column.order if column.proof else answers.date_order
    days = sorted({day for word in column.words if (day := day_of(word.strip(), column.kind, order))})
    gaps = {(after - before).days for before, after in pairwise(days)}
    if 1 in gaps:
        return "day"
    if len(days) < _PROOF:
        return None
    ends = [day + timedelta(days=1) for day in days] if "period_start" not in mapping else days
    if all(day.day == 1 for day in ends):
        return "month"
    return "week" if gaps == {7} else None


def day_of(text: str, kind: str, order: str | None) -> date | None:
    """The day that a date, a time or a month (its first) shows; None when it shows none.

    Args:
        text: as the export writes it.
        kind: of its column.
        order: day_first or month_first, of dates that need it.
    """
    try:
        if kind in ("epoch_s", "epoch_ms"):
            return datetime.fromtimestamp(float(text) / (1000 if kind == "epoch_ms" else 1), UTC).date()
        parts = [int(each) for each in re.split(r"[./-]", re.split(r"[ T,]", text)[0])]
        if len(str(parts[0])) == 4:
            return date(parts[0], parts[1], parts[2] if len(parts) > 2 else 1)
        return date(parts[2], parts[1], parts[0]) if order == "day_first" else date(parts[2], *parts[:2])
    except (ValueError, TypeError, IndexError):
        # What is no date waits in quarantine, and is no day.
        return None


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
    if TOTALS in able and is_summed(seen):
        return TOTALS
    # Without a period of whole days, counts make no sums of a file.
    return max([name for name in able if name != TOTALS] or able or tables, key=fit)


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
    if proposal.table.name == TOTALS:
        _check_totals(seen, proposal, answers)
    return [
        *_of_values(seen, proposal, answers),
        *(_of_totals(seen, proposal, answers) if proposal.table.name == TOTALS else ()),
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
    for name, words in answers.words.items():
        for word, one in words.items():
            check_word(seen, proposal, name, word, one)
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
    dated = _mapped_times(seen, proposal, with_days=True)
    orders = {each.order for each in dated} & {"day_first", "month_first"}
    contradicting = next((each for each in dated if each.order == "contradicted"), None)
    if contradicting or len(orders) > 1:
        where = (
            contradicting.name
            if contradicting
            else " and ".join(
                f"{each.name}, row {each.proof[1]} ({each.proof[0]})" for each in dated if each.proof
            )
        )
        raise VitalsError(
            f"{seen.path}: some dates have the day first and some the month: {where}.",
            "Export all dates in one order, best as 2026-10-05 09:02:10.",
        )


def check_zone(zone: str) -> None:
    """Raises VitalsError for what is no IANA time zone."""
    near = zones_like(zone)
    hint = f" Did you mean {', '.join(near[:-1])}{' or ' if near[1:] else ''}{near[-1]}?" if near else ""
    remedy = "Zones bear the names of big cities: name one on the same clock, as New York or Sofia, or UTC."
    if zone.upper() in _FIXED_ZONES:
        raise VitalsError(f"{zone} has no summer time, which a centre's clock has.{hint}", remedy)
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise VitalsError(f"There is no time zone {zone!r}.{hint}", remedy) from error


def zone_named(text: str) -> str:
    """The IANA zone that a text can only mean: its name in any spelling, its city, the one that is like it.

    The text itself where it is a zone's name, or may mean several or none.
    """
    if text in available_timezones() and text not in _FIXED_ZONES:
        return text
    told = slug(text)
    same = [zone for zone in sorted(available_timezones()) if slug(zone) == told and zone not in _FIXED_ZONES]
    near = same or zones_like(text)
    return near[0] if len(near) == 1 else text


def zones_like(text: str) -> list[str]:
    """IANA zones that a city, a country, an abbreviation or a common name may mean, the likeliest first.

    Common names are those of Windows, countries and their zones those of Unicode's CLDR.
    """
    told = slug(text)
    wanted = re.sub(r"_(standard_|daylight_|summer_)?time$", "", told)
    if not wanted:
        return []
    common = {slug(name): str(zone) for name, zone in get_global("windows_zone_mapping").items()}
    moments = [datetime(2026, month, 1, 12, tzinfo=UTC) for month in (1, 7)]
    shows = {
        zone: {slug(moment.astimezone(ZoneInfo(zone)).tzname() or "") for moment in moments}
        for zone in common.values()
    }
    for alike in (
        # Eastern; EST and EDT, which many places show, and one is named after.
        [zone for name, zone in common.items() if name == f"{wanted}_standard_time"],
        [
            zone
            for name, zone in common.items()
            if told in shows[zone]
            and "".join(word[0] for word in name.split("_")) == re.sub("dt$", "st", told)
        ],
    ):
        if alike:
            return alike
    territories = {slug(name): code for code, name in Locale("en").territories.items()}
    there = [str(zone) for zone in get_global("territory_zones").get(territories.get(told, ""), ())]
    found = [
        *(str(each) for each in get_global("zone_territories") if slug(each.rpartition("/")[2]) == told),
        *([zone for zone in common.values() if zone in there] or there),
        *(zone for name, zone in common.items() if name.startswith(f"{wanted}_")),
        *(zone for zone in common.values() if told in shows[zone]),
    ]
    return list(dict.fromkeys(found))[:9]


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


def check_platform(project: Path, platform: str) -> None:
    """Raises VitalsError for the name of a platform of the project that was not adopted from a file."""
    folder = project / "models" / "staging" / platform
    if platform == "vitals" or (folder.exists() and not (folder / f"_{platform}__adopted.json").exists()):
        raise VitalsError(
            f"{platform} is a platform of the project that was not adopted from a file.",
            f"Choose another name: --platform {platform}_export",
        )


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


def ours(answers: Answers, name: str, word: str) -> str | None:
    """Our word for an export's, as its owner said, else as it is known; None when it means none of ours."""
    told = answers.words.get(name, {}).get(word.strip().lower())
    if told:
        return None if told in (NEW, NOTHING) else told
    return settled(word) if name == "is_resolved" else meaning_of(name, word)


def able_words(name: str) -> tuple[str, ...]:
    """What an export's word can mean, in a field of few."""
    return (*CHOICES.get(name, ("true", "false")), NOTHING)


def read_word(answers: Answers, told: str) -> str:
    """Take `FIELD:WORD=OURS` into the answers; returns the field.

    Raises:
        VitalsError: it is not of that form.
    """
    left, equals, one = (each.strip() for each in told.rpartition("="))
    name, colon, word = (each.strip() for each in left.partition(":"))
    if not (equals and colon and name and word and one):
        raise VitalsError(
            f"{told!r} says nothing of a word.", "Write FIELD:WORD=OURS, as outcome:Closed=answered."
        )
    answers.words[name] = {**answers.words.get(name, {}), word.lower(): one}
    return name


def check_word(seen: Seen, proposal: Proposal, name: str, word: str, one: str) -> None:
    """Raises VitalsError when a field has no such words, or ours is none."""
    if not proposal.table.field(name) or name not in (*MEANS, "is_resolved"):
        able = [each for each in (*MEANS, "is_resolved") if proposal.table.field(each)]
        raise VitalsError(f"What a word means cannot be said of {name}.", f"It can be of {', '.join(able)}.")
    known = {
        each.strip().lower()
        for column in proposal.mapping.get(name, ())
        for each in _known(seen, column).words
    }
    if known and word not in known:
        near = get_close_matches(word, known, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise VitalsError(f"No row has the word {word!r} as {name}.{hint}", "Write it as the file does.")
    if name in CHOICES or name == "is_resolved":
        if one not in able_words(name):
            raise VitalsError(f"{name} cannot be {one!r}.", f"Choose one of: {', '.join(able_words(name))}.")
    elif slug(one) != one:
        raise VitalsError(f"{name} cannot be {one!r}.", f"Use lower-case letters, digits and _: {slug(one)}")


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
        says = any(ours(answers, "is_resolved", word) for word in column.words)
        if column.name not in left and says and column.kind == "text":
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
    if table == TOTALS and not _fits_totals(one, column):
        return False
    if one.name in CHOICES:
        return kind in ("text", "boolean") and any(meaning_of(one.name, word) for word in column.words)
    if one.name == "is_resolved" and kind == "text":
        return any(settled(word) for word in column.words)
    match one.kind:
        case "time":
            return column.is_time and not column.short_year
        case "day":
            return (column.is_time and not column.short_year) or all(
                _DAY_OR_MONTH.fullmatch(word.strip()) for word in column.words
            )
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


def _fits_totals(one: Field, column: SeenColumn) -> bool:
    """Published rates are no counts, an average is no total, and a total no average."""
    if one.kind == "count":
        return not (_AVERAGE.search(column.name) or _RATE.search(_without_target(column.name)))
    if one.name.startswith("total_"):
        return not _AVERAGE.search(column.name)
    if one.name.startswith("average_"):
        return not _TOTAL.search(column.name)
    return True


def is_rate(column: str) -> bool:
    """Whether a column's name says that it is a rate."""
    return _RATE.search(column) is not None


def _without_target(column: str) -> str:
    """A column's name without the words that say in what time contacts were answered."""
    return re.sub(r"(within|in)_(sl|sla|service_level)(?=_|$)", "", column)


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
        if one.kind in ("time", "day") and column.short_year:
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
        # Words can be told apart by who knows them: FIELD:WORD=OURS.
        is_worded = one.name in CHOICES or (one.name == "is_resolved" and column.kind == "text")
        if not _fits(table.name, one, column) and not is_part and column.filled and not is_worded:
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
    given = {*proposal.mapping, *answers.fixed, *proposal.proven}
    yield from _of_home(seen, proposal, answers)
    yield from _of_channels(seen, proposal, answers)
    if "channel" in names - given:
        yield Question(
            "fixed:channel",
            "No column says how customers came. On which channel are these contacts?",
            "--set channel=voice",
            tuple(MEANS["channel"]),
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


def _of_home(seen: Seen, proposal: Proposal, answers: Answers) -> Iterator[Question]:
    """Client and site, which are the platform's own where nobody says another."""
    platform, given = platform_name(seen, answers), {*proposal.mapping, *answers.fixed}
    if proposal.table.name not in ("contacts", TOTALS):
        return
    if "client" not in given:
        yield Question(
            "fixed:client",
            "Whose customers are these? Name the client for whom the contacts are taken; a company's own"
            " centre is its own client.",
            "--set client=NAME",
            default=platform,
            can_be_left=True,
        )
    # Sums of a client that is told: _of_totals asks.
    if "site" not in given and not (proposal.table.name == TOTALS and "client" in given):
        yield Question(
            "fixed:site",
            "Where are they taken? Name the site: its town, say.",
            "--set site=NAME",
            default=platform,
            can_be_left=True,
        )


def _of_channels(seen: Seen, proposal: Proposal, answers: Answers) -> Iterator[Question]:
    """Words of a channel that mean none that is known."""
    words = sorted(
        {word.strip() for name in proposal.mapping.get("channel", ()) for word in _known(seen, name).words}
    )
    told = answers.words.get("channel", {})
    fresh = [word for word in words if word.lower() not in told and meaning_of("channel", word) is None]
    for word in fresh if len(fresh) <= _MOST_CHANNELS else ():
        yield Question(
            f"word:channel:{word}",
            f"Which channel is {word!r}? `new` is one of its own, on which nobody holds the line, as with"
            " e-mail.",
            f"--word 'channel:{word}=voice'",
            (*MEANS["channel"], NEW),
            NEW,
            can_be_left=True,
        )


def _check_totals(seen: Seen, proposal: Proposal, answers: Answers) -> None:
    """Raises VitalsError when nothing says the period or any count, or two rows are of the same contacts."""
    given = {*proposal.mapping, *answers.fixed}
    listed = f"The columns are: {', '.join(one.name for one in seen.columns)}."
    for wanted, flag in ((("period_start", "period_end"), "period_start"), (_COUNTS, _COUNTS[0])):
        if not given & set(wanted):
            raise VitalsError(
                f"{seen.path}: no column says {' or '.join(wanted)}, which every row of"
                f" {proposal.table.name} needs.",
                f"Name its column: --map COLUMN={flag}. {listed}",
            )
    columns = [name for one in _DIMENSIONS for name in proposal.mapping.get(one, ())]
    before: dict[tuple[str, ...], int] = {}
    for line, row in rows_of(seen):
        key = tuple((row.get(name) or "").strip().lower() for name in columns)
        if key in before:
            shown = ", ".join(f"{name} {word}" for name, word in zip(columns, key, strict=True))
            raise VitalsError(
                f"{seen.path}: rows {before[key]} and {line} are both of {shown}. What tells them apart fills"
                " no field, so that one of them would be counted for both.",
                f"Map what does, as --map COLUMN=queue; or export one row per period and queue. {listed}",
            )
        before[key] = line
    for one in ("client", "site", "channel"):
        for name in proposal.mapping.get(one, ()):
            for word, (_, line) in _known(seen, name).words.items():
                if slug(word) in ALL_OF_THEM:
                    raise VitalsError(
                        f"{seen.path}: row {line} sums up other rows ({name} is {word.strip()!r}), and would"
                        " count their contacts twice.",
                        "Take such rows out; or, where no others are, leave the column out:"
                        f" --map {name}=none",
                    )


def _of_totals(seen: Seen, proposal: Proposal, answers: Answers) -> Iterator[Question]:
    """What a report's columns count, where their names leave it open."""
    mapping, given = proposal.mapping, {*proposal.mapping, *answers.fixed, *proposal.proven}
    if "grain" not in given:
        column = _known(seen, (mapping.get("period_start") or mapping["period_end"])[0])
        yield Question(
            "fixed:grain",
            f"How long is the period of a row (as {column.examples(1)[0]})?",
            "--set grain=day",
            CHOICES["grain"],
        )
    if "client" in given and "site" not in given:
        yield Question(
            "fixed:site",
            "Of which site are these sums? (If single contacts of this client, site and channel come later,"
            " they are counted in place of the sums.)",
            "--set site=…",
            default=platform_name(seen, answers),
        )
    if "abandoned_count" in mapping and "abandons_counted" not in given:
        yield Question(
            "fixed:abandons_counted",
            f"Does {mapping['abandoned_count'][0]} count all who gave up in the queue, or only those who"
            " waited longer than some seconds (short abandons left out)?",
            "--set abandons_counted=all",
            CHOICES["abandons_counted"],
            "all",
        )
    if "answered_in_target_count" in mapping and "target_seconds" not in given:
        name = mapping["answered_in_target_count"][0]
        told = re.search(r"\d+", name)
        yield Question(
            "fixed:target_seconds",
            f"Within how many seconds does {name} count an answer?",
            "--set target_seconds=20",
            default=told[0] if told else None,
        )
    timed = duration_columns(proposal, but=("target_seconds",))
    for field_name, columns in mapping.items():
        is_told = _AVERAGE.search(columns[0]) or _TOTAL.search(columns[0]) or field_name in answers.maps
        if columns[0] in timed and not is_told:
            yield Question(
                f"summed:{columns[0]}",
                f"Is {columns[0]} (as {', '.join(_known(seen, columns[0]).examples(2))}) the time of all"
                " contacts of the row together (total), or of one of them on average (average)?",
                f"--map {columns[0]}=average_{field_name.split('_')[1]}_seconds",
                ("total", "average"),
            )
    if timed and "measured_over" not in given:
        yield Question(
            "fixed:measured_over",
            f"Over which contacts are the times ({', '.join(timed)}): over those that were answered, or over"
            " all that were offered?",
            "--set measured_over=answered",
            CHOICES["measured_over"],
            "answered",
        )


def _is_float(text: str) -> bool:
    return re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", text) is not None


def _mapped_times(seen: Seen, proposal: Proposal, with_days: bool = False) -> list[SeenColumn]:
    kinds = ("time", "month", "day") if with_days else ("time", "month")
    return [
        _known(seen, columns[0])
        for name, columns in proposal.mapping.items()
        if (one := proposal.table.field(name)) and one.kind in kinds
    ]


def lacks_offset(seen: Seen, proposal: Proposal) -> bool:
    """Whether some mapped time carries no offset from UTC."""
    return any(each.kind in ("time", "date") and each.zoned < 1 for each in _mapped_times(seen, proposal))


def _of_times(seen: Seen, proposal: Proposal, answers: Answers) -> Iterator[Question]:
    times = _mapped_times(seen, proposal)
    dated = _mapped_times(seen, proposal, with_days=True)
    # A day of a report is a day of the centre, whatever its zone.
    if not answers.zone and (times or proposal.table.name != TOTALS):
        yield Question(
            "zone",
            "In which time zone is the centre? Its days and hours are local to it. A city of the zone, as"
            " Sofia or New York, its IANA name, or UTC.",
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
    orders = {each.order for each in dated}
    if (
        "unproven" in orders
        and not orders & {"day_first", "month_first", "contradicted"}
        and not answers.date_order
    ):
        example = next(each.examples(1)[0] for each in dated if each.order == "unproven")
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


def duration_columns(proposal: Proposal, but: Sequence[str] = ()) -> list[str]:
    """Columns that fill a field of seconds, but for some fields."""
    return [
        columns[0]
        for name, columns in proposal.mapping.items()
        if name not in but and (one := proposal.table.field(name)) and one.kind == "seconds"
    ]


def unit_told(column: str) -> str | None:
    """The unit that stands at the end of a column's name; None when none does."""
    tail = column.rpartition("_")[2]
    return next((unit for unit, names in UNIT_NAMES.items() if tail in names and tail != column), None)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")
