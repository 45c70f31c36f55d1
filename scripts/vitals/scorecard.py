"""The scorecard for people: vital signs, mixes and what to make of them, as a terminal table, Markdown or
JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
from rich import box
from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from vitals.errors import VitalsError
from vitals.publish import version_of
from vitals.shown import markdown_text

PERIOD_NAMES = {
    "today": "today so far",
    "yesterday": "yesterday",
    "last_7_days": "last 7 days",
    "last_28_days": "last 28 days",
    "this_week": "this week so far",
    "last_week": "last week",
    "this_month": "this month so far",
    "last_month": "last month",
}
# What the mart compares each with.
COMPARED_WITH = {
    "today": "the whole of yesterday",
    "yesterday": "the day before",
    "last_7_days": "the 7 days before",
    "last_28_days": "the 28 days before",
    "this_week": "the same weekdays of the week before",
    "last_week": "the week before",
    "this_month": "as many days of the month before",
    "last_month": "the month before",
}
# What people ask for, and how the mart calls it; its own names will do as well.
PERIODS = {"day": "yesterday", "week": "last_7_days", "month": "last_28_days"} | {
    name: name for name in PERIOD_NAMES
}
MIXES = ("channel_mix", "contact_type_mix")
# The order in which a manager reads: do we keep our word, can they reach us, do we solve it, are they
# content, do we do it well, how long does it take, how do the agents fare and feel, what does it cost.
FAMILIES = (
    "overall",
    "accessibility",
    "effectiveness",
    "satisfaction",
    "quality",
    "efficiency",
    "agents",
    "employees",
    "cost",
)
TOP_TYPES = 6
# How far from a target that is best met exactly `marts.rpt_scorecard` calls a figure on target, and near.
ON_TARGET_WITHIN, NEAR_WITHIN = "10 %", "20 %"
# Beyond these digits a figure that reads like its target is one.
MOST_DIGITS = 4
# Columns of a terminal: below the first, borders and acronyms go; from the others on, trend and guard come.
NARROW, WIDE, WIDEST = 94, 112, 140
EXTRA_COLUMNS = ("14 days", "Guard")
# Shown among the top types whatever their share: they tell how far the rest can be trusted.
ALWAYS_SHOWN = ("unclassified", "unmapped")

STATUS = {
    "on_target": ("✓", "on target", "green"),
    "near": ("≈", "near", "yellow"),
    "off_target": ("✗", "off target", "red"),
    "no_target": ("·", "no target", "dim"),
    "no_data": ("?", "no data", "dim"),
}


@dataclass(frozen=True)
class VitalSign:
    """One row of `marts.rpt_scorecard`: rates are fractions of 1, times are seconds, money is in the
    reporting currency, scores stand on their KPI's own scale, points run from -100 to 100. channels names
    those that the figure covers; None = all."""

    kpi_id: str
    kpi_name: str
    acronym: str | None
    family: str
    unit: str
    better: str
    member: str
    value: float | None
    target: float | None
    status: str
    previous_value: float | None
    change: float | None
    is_improved: bool | None
    same_weekdays_value: float | None
    guard_kpi_id: str | None
    guard_name: str | None
    guard_acronym: str | None
    guard_unit: str | None
    guard_value: float | None
    guard_change: float | None
    second_guard_kpi_id: str | None
    second_guard_name: str | None
    second_guard_acronym: str | None
    second_guard_unit: str | None
    second_guard_value: float | None
    second_guard_change: float | None
    is_bought_at_guards_expense: bool
    is_final: bool
    sparkline: str | None
    numerator: float | None
    denominator: float | None
    channels: str | None


@dataclass(frozen=True)
class Scorecard:
    """The scorecard of one client (or `all`) in one period; last_contact_date: when its last contact came."""

    period: str
    period_start_date: date
    period_end_date: date
    client: str
    clients: tuple[str, ...]
    as_of: datetime | None
    currency: str
    signs: tuple[VitalSign, ...]
    channels: tuple[VitalSign, ...]
    contact_types: tuple[VitalSign, ...]
    last_contact_date: date | None

    def worse_guards(self, sign: VitalSign) -> list[str]:
        """The guards at whose expense a KPI improved, by id: of two, the other may have improved with it."""
        guards = [one for one in (sign.guard_kpi_id, sign.second_guard_kpi_id) if one]
        worse = {one.kpi_id for one in self.signs if one.is_improved is False}
        return [one for one in guards if one in worse] or guards


def read_scorecard(published: Path, period: str = "week", client: str = "all") -> Scorecard:
    """Read the published scorecard.

    Args:
        published: the published database; opened read-only.
        period: day (yesterday), week (the last 7 days), month (the last 28 days), or as the mart calls it
            (this_week, last_month, …).
        client: a client's slug, or `all`.

    Raises:
        VitalsError: nothing is published, or there is no such period or client.
    """
    if not published.exists():
        raise VitalsError(
            f"{published} does not exist: nothing was published yet.", "Run `vitals run`, or `make build`."
        )
    with duckdb.connect(str(published), read_only=True) as connection:
        return scorecard_of(connection, period, client)


def scorecard_of(
    connection: duckdb.DuckDBPyConnection, period: str = "week", client: str = "all"
) -> Scorecard:
    """The scorecard of an open published database; see read_scorecard.

    Raises:
        VitalsError: there is no such period or client, or nothing in it.
    """
    if period not in PERIODS:
        raise VitalsError(f"There is no period `{period}`.", f"Choose one of: {', '.join(PERIODS)}.")
    version = version_of(connection)
    clients = tuple(
        str(row[0])
        for row in connection.execute(
            "select distinct client from marts.rpt_scorecard where client <> 'all' order by client"
        ).fetchall()
    )
    if client != "all" and client not in clients:
        raise VitalsError(f"There is no client `{client}`.", f"Choose one of: all, {', '.join(clients)}.")
    rows = connection.execute(
        """
        select
            s.period_start_date, s.period_end_date,
            s.kpi_id, s.kpi_name, k.acronyms_en, k.family, s.unit,
            s.better,
            s.member, s.value, s.target, s.status, s.previous_value, s.change, s.is_improved,
            s.same_weekdays_value,
            s.guard_kpi_id, g.name_en, g.acronyms_en, g.unit, s.guard_value, s.guard_change,
            s.second_guard_kpi_id, h.name_en, h.acronyms_en, h.unit, s.second_guard_value,
            s.second_guard_change,
            s.is_bought_at_guards_expense,
            s.is_final, s.sparkline, cast(s.numerator as double), cast(s.denominator as double),
            case when k.scorecard_channels = 'synchronous' then (
                select string_agg(replace(c.channel, '_', ' '), ', ') from marts.dim_channel as c
                where c.is_synchronous
            ) end
        from marts.rpt_scorecard as s
        inner join marts.dim_kpi as k on s.kpi_id = k.kpi_id
        left join marts.dim_kpi as g on s.guard_kpi_id = g.kpi_id
        left join marts.dim_kpi as h on s.second_guard_kpi_id = h.kpi_id
        where s.period = ? and s.client = ?
        order by s.kpi_id, s.value desc nulls last, s.member
        """,
        [PERIODS[period], client],
    ).fetchall()
    catalogue = [row[0] for row in connection.execute("select kpi_id from marts.dim_kpi").fetchall()]
    ((last_contact_date,),) = connection.execute(
        "select max(day) from marts.agg_contacts_daily where contacts_count > 0 and ? in ('all', client)",
        [client],
    ).fetchall()
    if not rows:
        raise VitalsError(
            f"The published warehouse holds no scorecard for {PERIOD_NAMES[PERIODS[period]]}.",
            "On the first day of a week or month none of its days is over: try last_week or last_month."
            if PERIODS[period] in ("this_week", "this_month")
            else "Try another --period, or look whether landing/ holds recent exports.",
        )
    unmeasured = not_measured(connection, rows[0][0], rows[0][1], client)
    signs = [
        replace(
            sign,
            # one that only repeats a word of the name tells nothing
            acronym=None if (short or "").lower() in sign.kpi_name.lower().split() else short,
            guard_acronym=_shortest(sign.guard_acronym),
            second_guard_acronym=_shortest(sign.second_guard_acronym),
        )
        for sign in (_measured(VitalSign(*row[2:]), unmeasured) for row in rows)
        for short in (_shortest(sign.acronym),)
    ]
    order = {kpi_id: position for position, kpi_id in enumerate(catalogue)}
    return Scorecard(
        period=PERIODS[period],
        period_start_date=rows[0][0],
        period_end_date=rows[0][1],
        client=client,
        clients=clients,
        as_of=version.as_of if version else None,
        currency=(version.reporting_currency if version else None) or "",
        signs=tuple(
            sorted(
                (one for one in signs if one.kpi_id not in MIXES),
                key=lambda one: (_family(one), order[one.kpi_id]),
            )
        ),
        channels=tuple(one for one in signs if one.kpi_id == "channel_mix" and one.value),
        contact_types=tuple(_top(one for one in signs if one.kpi_id == "contact_type_mix" and one.value)),
        last_contact_date=last_contact_date,
    )


def not_measured(
    connection: duckdb.DuckDBPyConnection,
    first_day: date,
    last_day: date,
    client: str = "all",
    site: str = "all",
    queue: str = "all",
    channel: str = "all",
) -> frozenset[str]:
    """The KPIs whose numerator of 0 says that nothing was measured, not that nothing was reached.

    Contacts were answered, but no export tells how long they waited: none can count as answered in time. A
    contact that costs nothing at all has no row of costs.
    """
    ((waits,),) = connection.execute(
        """
        select coalesce(sum(answered_count), 0) > 0 and coalesce(sum(wait_measured_count), 0) = 0
        from marts.agg_contacts_daily
        where
            day between $first_day and $last_day
            and $client in ('all', client) and $site in ('all', site)
            and $queue in ('all', queue) and $channel in ('all', channel)
        """,
        {
            "first_day": first_day,
            "last_day": last_day,
            "client": client,
            "site": site,
            "queue": queue,
            "channel": channel,
        },
    ).fetchall()
    return frozenset({"cost_per_contact"} | ({"service_level"} if waits else set()))


def _measured(sign: VitalSign, unmeasured: frozenset[str]) -> VitalSign:
    """The sign, without a 0 that stands for what was not measured."""
    if sign.kpi_id in unmeasured and sign.numerator == 0:
        sign = replace(
            sign,
            value=None,
            status="no_data",
            change=None,
            is_improved=None,
            is_bought_at_guards_expense=False,
            sparkline=None,
        )
    if sign.guard_kpi_id in unmeasured and sign.guard_value == 0:
        sign = replace(sign, guard_value=None, guard_change=None)
    if sign.second_guard_kpi_id in unmeasured and sign.second_guard_value == 0:
        sign = replace(sign, second_guard_value=None, second_guard_change=None)
    return sign


# --- one figure --------------------------------------------------------------------------------


def format_value(value: float | None, unit: str, currency: str = "", more_digits: int = 0) -> str:
    """A figure as people write it: `81.3 %`, `0:42`, `12 s`, `3.85 EUR`, a score `2.41`, points `+20.0`.

    Args:
        value: in the warehouse's unit; None is shown as a dash.
        unit: as in the catalogue.
        currency: of money.
        more_digits: how many digits to show beyond the usual ones.
    """
    if value is None:
        return "–"
    if unit == "percent":
        return f"{value * 100:.{1 + more_digits}f} %"
    if unit == "seconds":
        return _duration(value, more_digits)
    if unit == "money":
        return f"{value:,.{2 + more_digits}f} {currency}".strip()
    if unit == "per_hour":
        return f"{value:,.{1 + more_digits}f} /h"
    if unit == "score":
        return _signed(f"{value:.{2 + more_digits}f}")
    if unit == "points":
        return _signed(f"{value:+.{1 + more_digits}f}")
    return _signed(f"{value:,.{1 + more_digits}f}")


def shown_value(sign: VitalSign, currency: str = "") -> str:
    """A vital sign's figure, with as many digits as it takes to see that it missed its target."""
    shown = format_value(sign.value, sign.unit, currency)
    if sign.status not in ("near", "off_target"):
        return shown
    for more_digits in range(MOST_DIGITS + 1):
        shown = format_value(sign.value, sign.unit, currency, more_digits)
        if shown != format_value(sign.target, sign.unit, currency, more_digits):
            break
    return shown


def shown_target(sign: VitalSign, currency: str = "") -> str:
    """A vital sign's target; ± marks one that is missed on either side."""
    if sign.target is None:
        return ""
    target = format_value(sign.target, sign.unit, currency)
    return f"{target} ±" if sign.better == "target" else target


def format_change(change: float | None, unit: str, currency: str = "") -> str:
    """A difference, always signed; rates differ by points, not by per cent."""
    if change is None:
        return "–"
    sign = "−" if change < 0 else "+"
    size = abs(change)
    if unit == "percent":
        shown = f"{size * 100:.1f} pt"
    elif unit == "seconds":
        shown = _duration(size)
    elif unit == "money":
        shown = f"{size:,.2f} {currency}".strip()
    elif unit == "score":
        shown = f"{size:.2f}"
    elif unit == "per_hour":
        shown = f"{size:,.1f} /h"
    else:
        shown = f"{size:,.1f}"
    if not any(digit in shown for digit in "123456789"):
        return "="
    return f"{sign}{shown}"


def judge_change(sign: VitalSign) -> str:
    """better, worse, or nothing when the direction says nothing."""
    if sign.is_improved is None or format_change(sign.change, sign.unit) == "=":
        return ""
    return "better" if sign.is_improved else "worse"


def _signed(figure: str) -> str:
    """With a real minus sign, and without any sign where only zeros are shown."""
    if not any(digit in figure for digit in "123456789"):
        return figure.lstrip("+-")
    return figure.replace("-", "−")


def _duration(seconds: float, more_digits: int = 0) -> str:
    if round(seconds, more_digits) < 60:
        return f"{seconds:.{max(more_digits, 1 if seconds < 10 else 0)}f} s"
    minutes, rest = divmod(round(seconds, more_digits) if more_digits else round(seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    width = 3 + more_digits if more_digits else 2
    seconds_shown = f"{rest:0{width}.{more_digits}f}"
    return f"{hours}:{minutes:02}:{seconds_shown}" if hours else f"{minutes}:{seconds_shown}"


def _shortest(acronyms: str | None) -> str | None:
    """The one for a narrow column, of a comma-separated list."""
    return min((one.strip() for one in acronyms.split(",")), key=len) if acronyms else None


def _family(sign: VitalSign) -> int:
    return FAMILIES.index(sign.family) if sign.family in FAMILIES else len(FAMILIES)


def _top(types: Iterable[VitalSign]) -> Sequence[VitalSign]:
    ranked = list(types)
    shown = ranked[:TOP_TYPES]
    return [*shown, *(one for one in ranked[TOP_TYPES:] if one.member in ALWAYS_SHOWN)]


def _title(card: Scorecard) -> str:
    who = "whole centre" if card.client == "all" else card.client
    span = _span(card.period_start_date, card.period_end_date)
    return f"Vital signs · {who} · {PERIOD_NAMES[card.period]} ({span})"


def _span(start: date, end: date) -> str:
    return f"{start:%Y-%m-%d}" if start == end else f"{start:%Y-%m-%d} to {end:%Y-%m-%d}"


def _guards(sign: VitalSign, currency: str) -> list[str]:
    """What guards a vital sign: value and change of each, as far as there are any."""
    guards = (
        (sign.guard_acronym or sign.guard_name, sign.guard_unit, sign.guard_value, sign.guard_change),
        (
            sign.second_guard_acronym or sign.second_guard_name,
            sign.second_guard_unit,
            sign.second_guard_value,
            sign.second_guard_change,
        ),
    )
    told = []
    for name, unit, value, moved in guards:
        if name:
            change = format_change(moved, unit or "", currency)
            shown = f"{name} {format_value(value, unit or '', currency)}"
            told.append(f"{shown} ({change})" if change not in ("–", "=") else shown)
    return told


def _notes(card: Scorecard) -> list[str]:
    if all(one.value is None for one in (*card.signs, *card.channels)):
        last = card.last_contact_date
        if last is None or last >= card.period_start_date:
            others = "another --period" if card.period == "today" else "--period today, or another --period"
            return [f"No contact in this period. The data reaches to the time below: try {others}."]
        return [
            f"No contact in this period; the last came on {last}. To look back from there:"
            f" vitals run --as-of {last + timedelta(days=1)}T00:00:00"
        ]
    notes = []
    if card.period == "today":
        notes.append("Today is not over: its rates so far stand beside those of the whole of yesterday.")
    if any(not one.is_final for one in card.signs):
        notes.append("~ provisional: a window that this figure looks ahead into is still open.")
    if any(one.better == "target" and one.target is not None for one in card.signs):
        notes.append(
            f"± best met exactly: within {ON_TARGET_WITHIN} of the target on either side is on target, "
            f"within {NEAR_WITHIN} near."
        )
    for one in card.signs:
        if one.is_bought_at_guards_expense:
            names = {one.guard_kpi_id: one.guard_name, one.second_guard_kpi_id: one.second_guard_name}
            worse = [str(names[kpi_id]) for kpi_id in card.worse_guards(one)]
            guards, at = ("guard", "both") if len(worse) == 1 else ("guards", "them together")
            named = " and ".join(worse)
            notes.append(f"⚠ {one.kpi_name} improved while its {guards}, {named}, got worse: look at {at}.")
    return notes


# --- the three forms ---------------------------------------------------------------------------


def print_scorecard(console: Console, card: Scorecard) -> None:
    """The scorecard on a terminal. Status is told by sign and word; colour only helps."""
    is_narrow = console.width < NARROW
    table = Table(
        title=_title(card),
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=box.SIMPLE_HEAD if is_narrow else box.ROUNDED,
        padding=(0, 1, 0, 0) if is_narrow else (0, 1),
        pad_edge=not is_narrow,
    )
    table.add_column("Vital sign", no_wrap=True)
    table.add_column("Value", justify="right", no_wrap=True)
    table.add_column("Target", justify="right", no_wrap=True)
    table.add_column("Status", no_wrap=True)
    table.add_column("Change", no_wrap=True)
    extra = (console.width >= WIDE) + (console.width >= WIDEST)
    for heading in EXTRA_COLUMNS[:extra]:
        table.add_column(heading, no_wrap=True)
    family = None
    for one in card.signs:
        if family is not None and one.family != family:
            table.add_section()
        family = one.family
        mark, word, style = STATUS[one.status]
        name = Text(one.kpi_name)
        if one.acronym and not is_narrow:
            name.append(f" {one.acronym}", style="dim")
        if one.channels:
            name.append(f"\n  {one.channels}", style="dim")
        guard = Text(
            "\n".join(_guards(one, card.currency)), style="" if one.is_bought_at_guards_expense else "dim"
        )
        if one.is_bought_at_guards_expense:
            guard.append(" ⚠", style="bold yellow")
        table.add_row(
            name,
            shown_value(one, card.currency) + ("  " if one.is_final else " ~"),
            shown_target(one, card.currency),
            Text(f"{mark} {word}", style=style),
            _change_text(one, card.currency),
            *(one.sparkline or "", guard)[:extra],
        )
    console.print(table)
    mixes = _mix_panels(card)
    if is_narrow:
        console.print(*mixes, sep="\n")
    else:
        grid = Table.grid(padding=(0, 2))
        grid.add_row(*mixes)
        console.print(grid)
    for note in _notes(card):
        console.print(note, style="yellow" if note.startswith("⚠") else "dim", highlight=False)
    left_out = EXTRA_COLUMNS[extra:]
    if left_out:
        console.print(
            f"Not shown at this width: {' and '.join(left_out)}. "
            f"A terminal of {WIDEST} columns shows all, and so does --format markdown.",
            style="dim",
            highlight=False,
        )
    before = f"Change: against {COMPARED_WITH[card.period]}."
    others = (
        f" One client: --client {'|'.join(card.clients)}." if card.client == "all" and card.clients else ""
    )
    as_of = f" As of {card.as_of:%Y-%m-%d %H:%M} UTC." if card.as_of else ""
    console.print(before + as_of + others, style="dim", highlight=False)


def _change_text(sign: VitalSign, currency: str) -> Text:
    verdict = judge_change(sign)
    style = {"better": "green", "worse": "red"}.get(verdict, "dim")
    return Text(f"{format_change(sign.change, sign.unit, currency)} {verdict}".rstrip(), style=style)


def _mix_panels(card: Scorecard) -> list[Panel]:
    return [
        Panel(_mix(rows, card.currency), title=title, title_align="left", border_style="dim", expand=False)
        for title, rows in (("Channel mix", card.channels), ("Top contact types", card.contact_types))
        if rows
    ]


def _mix(rows: Sequence[VitalSign], currency: str) -> Group:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    table.add_column(justify="right", style="dim")
    longest = max(one.value or 0 for one in rows)
    for one in rows:
        bar = "█" * max(1, round(16 * (one.value or 0) / longest)) if longest else ""
        table.add_row(
            escape(one.member.replace("_", " ")),
            format_value(one.value, one.unit, currency),
            Text(bar, style="cyan"),
            format_change(one.change, one.unit, currency),
        )
    return Group(table)


def to_markdown(card: Scorecard) -> str:
    """The scorecard as Markdown, for a mail or a wiki."""
    lines = [
        f"## {markdown_text(_title(card))}",
        "",
        "| Vital sign | Value | Target | Status | Change | 14 days | Guard |",
        "|---|---:|---:|---|---:|---|---|",
    ]
    for one in card.signs:
        mark, word, _ = STATUS[one.status]
        flag = " ⚠" if one.is_bought_at_guards_expense else ""
        remark = "; ".join(part for part in (one.acronym, one.channels) if part)
        cells = [
            markdown_text(one.kpi_name + (f" ({remark})" if remark else "")),
            shown_value(one, card.currency) + ("" if one.is_final else " ~"),
            shown_target(one, card.currency),
            f"{mark} {word}",
            f"{format_change(one.change, one.unit, card.currency)} {judge_change(one)}".rstrip(),
            one.sparkline or "",
            ", ".join(_guards(one, card.currency)) + flag,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    for title, rows in (("Channel mix", card.channels), ("Top contact types", card.contact_types)):
        if rows:
            lines += ["", f"| {title} | Share | Change |", "|---|---:|---:|"]
            lines += [
                f"| {markdown_text(one.member.replace('_', ' '))} | {format_value(one.value, one.unit)} "
                f"| {format_change(one.change, one.unit)} |"
                for one in rows
            ]
    notes = _notes(card)
    if notes:
        lines += ["", *(f"{note}  " for note in notes)]
    if card.as_of:
        lines += [
            "",
            f"As of {card.as_of:%Y-%m-%d %H:%M} UTC; change against {COMPARED_WITH[card.period]}.",
        ]
    return "\n".join(lines) + "\n"


def to_json(card: Scorecard) -> str:
    """The scorecard as JSON: figures unrounded, in the warehouse's units."""
    return json.dumps(asdict(card), default=str, ensure_ascii=False, indent=2) + "\n"
