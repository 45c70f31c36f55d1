"""What the figures must be, computed from the simulated centre alone: not from the exports, not by SQL."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from vitals.simulate.agent_time import AGENT_DAY_COLUMNS, agent_day_rows, agent_days, agent_kpi_rows
from vitals.simulate.costs import Cost
from vitals.simulate.desks import TELLING
from vitals.simulate.entities import Agent, AgentEvent, Contact, Leg
from vitals.simulate.feedback import Evaluation, Survey
from vitals.simulate.output import Export, iso, rows_of, words_of
from vitals.simulate.reference import UNCLASSIFIED, Reference
from vitals.simulate.tally import Cell, Tally
from vitals.simulate.truth_coaching import COACHING_COLUMNS, PACE_COLUMNS, coaching_rows, pace_rows
from vitals.simulate.truth_customers import contact_amounts, customer_tables
from vitals.simulate.truth_events import EVENT_COLUMNS, event_rows
from vitals.simulate.truth_feedback import FeedbackTruth
from vitals.simulate.truth_live import (
    REALTIME_AGENT_COLUMNS,
    REALTIME_COLUMNS,
    realtime_agent_rows,
    realtime_rows,
)
from vitals.simulate.truth_sla import REPORT_COLUMNS, TARGET_COLUMNS, SlaTruth
from vitals.simulate.truth_staffing import STAFFING_COLUMNS, staffing_rows

_DAY = 86400
OFFERED = ("answered", "abandoned", "callback_requested", "diverted", "open")

KPI_COLUMNS = words_of("kpi_id day client site queue channel contact_type numerator denominator is_final")
CONTACT_COLUMNS = words_of(
    "contact_id outcome client site queue channel contact_type day direction is_test is_identified "
    "arrived_at answered_at ivr_seconds wait_seconds talk_seconds hold_seconds acw_seconds agents_count "
    "transfers_count service_level_seconds short_abandon_seconds repeat_window_days is_repeat "
    "is_issue_opener is_resolved_first_contact"
)
VARIANTS = words_of(
    "answered_only abandons_count_against short_abandons_excluded early_abandons_excluded "
    "early_abandons_met left_queue answered_of_offered"
)


@dataclass(slots=True, eq=False)
class Figures:
    """A contact folded into the figures that the contract shows. None = unknown or not applicable."""

    contact: Contact
    contact_id: str
    day: date
    queue: str
    is_in_scope: bool
    wait: int | None
    talk: int | None
    hold: int | None
    acw: int | None
    answered_at: int | None
    agents: int
    transfers: int
    is_resolved: bool | None
    target: int
    short: int
    window_days: int
    containment_seconds: int
    open_seconds: int
    is_covered: bool = False
    is_repeat: bool = False
    is_opener: bool = False
    is_resolved_first: bool = False
    is_followed_by_offered: bool = False

    @property
    def cell(self) -> Cell:
        """The dimensions of most KPI rows."""
        contact = self.contact
        return (self.day, contact.client, contact.site, self.queue, contact.channel, contact.contact_type)

    @property
    def is_offered(self) -> bool:
        """Entered a queue for an agent."""
        return self.contact.outcome in OFFERED

    @property
    def is_in_target(self) -> bool:
        """Answered within the threshold."""
        return self.contact.outcome == "answered" and self.wait is not None and self.wait <= self.target

    @property
    def is_short_abandon(self) -> bool:
        """Abandoned so soon that it says nothing about the centre."""
        return self.contact.outcome == "abandoned" and self.wait is not None and self.wait <= self.short


def fold(contact: Contact, reference: Reference, until: int) -> Figures:
    """One contact's figures from its legs."""
    met = [leg for leg in contact.legs if leg.answered_at is not None]
    day = reference.local_day(contact.site, contact.arrived_at)
    queue = contact.queue or "no_queue"

    def threshold(name: str) -> int:
        return reference.threshold(name, contact.client, queue, contact.channel, day)

    return Figures(
        contact=contact,
        contact_id=contact.contact_id,
        day=day,
        queue=queue,
        is_in_scope=contact.direction == "inbound" and not contact.is_test,
        wait=_wait(contact.legs),
        talk=_sum(leg.talk for leg in met),
        hold=_sum(leg.hold for leg in met),
        acw=_sum(leg.acw for leg in met),
        answered_at=contact.answered_at,
        agents=len({leg.agent for leg in met}),
        transfers=contact.completed_transfers,
        is_resolved=_is_resolved(contact, until),
        target=threshold("service_level_seconds"),
        short=threshold("short_abandon_seconds"),
        window_days=threshold("repeat_window_days"),
        containment_seconds=threshold("containment_window_hours") * 3600,
        open_seconds=threshold("open_window_hours") * 3600,
    )


def _wait(legs: Sequence[Leg]) -> int | None:
    """The customer's wait in queues until the first agent; a call-back's own wait is none of it."""
    waits: list[int | None] = []
    for leg in legs:
        if not leg.is_callback:
            waits.append(leg.wait)
        if leg.answered_at is not None:
            break
    return _sum(waits)


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _is_resolved(contact: Contact, until: int) -> bool | None:
    if contact.ticket is None:
        return contact.resolved_flag
    past = sorted((event for event in contact.ticket.events if event.at <= until), key=lambda event: event.at)
    return True if past and past[-1].status == "solved" else None


def match_matters(figures: list[Figures]) -> None:
    """Marks coverage, repeats, openers, those resolved at once, and whose customer sought an agent after.

    The same matter: the same customer of the same client, and the same type of contact, or one of the two is
    unclassified.
    """
    in_scope = [each for each in figures if each.is_in_scope]
    covered_from: dict[str, int] = {}
    for each in in_scope:
        client = each.contact.client
        covered_from[client] = min(covered_from.get(client, each.contact.arrived_at), each.contact.arrived_at)
    by_customer: dict[tuple[str, str], list[Figures]] = defaultdict(list)
    for each in in_scope:
        if each.contact.known_as is not None:
            by_customer[each.contact.client, each.contact.known_as].append(each)
    for (client, _), own in by_customer.items():
        own.sort(key=lambda each: (each.contact.arrived_at, each.contact_id))
        for index, each in enumerate(own):
            arrived_at = each.contact.arrived_at
            window = each.window_days * _DAY
            each.is_covered = arrived_at >= covered_from[client] + window
            each.is_repeat = any(
                _same_type(each, other) and other.contact.arrived_at >= arrived_at - window
                for other in own[:index]
            )
            each.is_opener = each.is_covered and not each.is_repeat
            is_followed = any(
                _same_type(each, other) and other.contact.arrived_at <= arrived_at + window
                for other in own[index + 1 :]
            )
            each.is_followed_by_offered = any(
                other.contact.outcome in OFFERED
                and other.contact.arrived_at <= arrived_at + each.containment_seconds
                for other in own[index + 1 :]
            )
            is_handled = each.answered_at is not None or each.contact.outcome == "self_served"
            each.is_resolved_first = (
                each.is_opener and is_handled and not is_followed and each.is_resolved is not False
            )


def _same_type(one: Figures, other: Figures) -> bool:
    first, second = one.contact.contact_type, other.contact.contact_type
    return first == second or UNCLASSIFIED in (first, second)


def kpi_tally(
    figures: list[Figures],
    surveys: list[Survey],
    evaluations: list[Evaluation],
    reference: Reference,
    as_of: int,
) -> Tally:
    """Numerator and denominator of every KPI of contacts, surveys and forms at its grain."""
    tally = Tally()
    in_scope = [each for each in figures if each.is_in_scope]
    for each in in_scope:
        _count(tally, each, reference, as_of)
    feedback = FeedbackTruth(tally, {each.contact: each.cell for each in in_scope}, reference, as_of)
    for survey in surveys:
        feedback.count_survey(survey)
    for form in evaluations:
        feedback.count_evaluation(form)
    return tally


def is_over(day: date, site: str, reference: Reference, as_of: int) -> bool:
    """True when a site's local day is over at `as_of`; the running day is not."""
    return day < reference.local_day(site, as_of)


def _count(tally: Tally, each: Figures, reference: Reference, as_of: int) -> None:
    """One contact's part in the KPIs of contacts."""
    contact, outcome = each.contact, each.contact.outcome
    is_day_over = is_over(each.day, contact.site, reference, as_of)

    def count(kpi_id: str, numerator: int | Decimal, is_final: bool = is_day_over) -> None:
        tally.count(kpi_id, each.cell, numerator, 1, is_final)

    if outcome in OFFERED and not each.is_short_abandon:
        count("service_level", each.is_in_target)
        count("abandonment_rate", outcome == "abandoned")
    if outcome == "answered":
        assert each.wait is not None
        count("speed_of_answer", each.wait)
        count("transfer_rate", each.transfers >= 1)
        count("retelling_rate", each.agents >= 2)
        if each.talk is not None:
            count("handle_time", each.talk + (each.hold or 0) + (each.acw or 0))
            count("talk_time", each.talk)
        if each.hold is not None:
            count("hold_time", each.hold)
        if each.acw is not None:
            count("after_contact_work", each.acw)
        if each.is_resolved is not None:
            count("resolution_rate", each.is_resolved)
    if contact.sentiment is not None:
        count("sentiment", Decimal(contact.sentiment))
    if contact.known_as is not None and each.is_covered:
        count("repeat_contact_rate", each.is_repeat)
    if each.is_opener:
        is_final = contact.arrived_at + each.window_days * _DAY <= as_of
        count("first_contact_resolution", each.is_resolved_first, is_final=is_final)
    if outcome == "self_served" and contact.known_as is not None:
        is_final = contact.arrived_at + each.containment_seconds <= as_of
        count("self_service_containment", not each.is_followed_by_offered, is_final=is_final)


def _mix_rows(figures: list[Figures], reference: Reference, as_of: int) -> list[tuple[object, ...]]:
    """Every channel and type that occurs anywhere, on every day x client x site that has contacts."""
    in_scope = [each for each in figures if each.is_in_scope]
    places = sorted({(each.day, each.contact.client, each.contact.site) for each in in_scope})
    channels: dict[tuple[date, str, str, str], int] = defaultdict(int)
    types: dict[tuple[date, str, str, str], int] = defaultdict(int)
    totals: dict[tuple[date, str, str], int] = defaultdict(int)
    for each in in_scope:
        place = (each.day, each.contact.client, each.contact.site)
        totals[place] += 1
        channels[*place, each.contact.channel] += 1
        types[*place, each.contact.contact_type] += 1
    rows: list[tuple[object, ...]] = []
    for place in places:
        is_final = is_over(place[0], place[2], reference, as_of)
        for channel in sorted({each.contact.channel for each in in_scope}):
            rows.append(
                (
                    "channel_mix",
                    *place,
                    None,
                    channel,
                    None,
                    channels[*place, channel],
                    totals[place],
                    is_final,
                )
            )
    all_types = sorted({each.contact.contact_type for each in in_scope})
    for place in places:
        is_final = is_over(place[0], place[2], reference, as_of)
        for contact_type in all_types:
            rows.append(
                (
                    "contact_type_mix",
                    *place,
                    None,
                    None,
                    contact_type,
                    types[*place, contact_type],
                    totals[place],
                    is_final,
                )
            )
    return rows


def variant_rows(figures: list[Figures]) -> list[tuple[object, ...]]:
    """The seven readings of service level by day, queue and channel; only rows with a base."""
    cells: dict[tuple[date, str, str], list[Figures]] = defaultdict(list)
    for each in figures:
        if each.is_in_scope and each.contact.outcome in OFFERED:
            cells[each.day, each.queue, each.contact.channel].append(each)
    rows: list[tuple[object, ...]] = []
    for cell in sorted(cells):
        own = cells[cell]

        def count(*outcomes: str, within: bool | None = None, own: list[Figures] = own) -> int:
            return sum(
                each.contact.outcome in outcomes
                and (within is None or (each.wait is not None and (each.wait <= each.target) == within))
                for each in own
            )

        met = count("answered", within=True)
        readings = {
            "answered_only": (met, count("answered")),
            "abandons_count_against": (met, count("answered", "abandoned")),
            "short_abandons_excluded": (met, len(own) - sum(each.is_short_abandon for each in own)),
            "early_abandons_excluded": (met, count("answered") + count("abandoned", within=False)),
            "early_abandons_met": (
                count("answered", "abandoned", within=True),
                count("answered", "abandoned"),
            ),
            "left_queue": (count("answered", "abandoned", "callback_requested", within=True), len(own)),
            "answered_of_offered": (met, len(own)),
        }
        rows += [(*cell, variant, *readings[variant]) for variant in VARIANTS if readings[variant][1]]
    return rows


def cost_rows(figures: list[Figures], costs: list[Cost], reference: Reference) -> list[tuple[object, ...]]:
    """Euros booked and contacts handled by month and site."""
    booked: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    for cost in costs:
        booked[cost.month, cost.site] += cost.amount * reference.rate(cost.currency, cost.month)
    handled: dict[tuple[date, str], int] = defaultdict(int)
    for each in figures:
        if each.is_in_scope and each.answered_at is not None:
            handled[each.day.replace(day=1), each.contact.site] += 1
    return [
        (*key, booked.get(key, Decimal()), handled.get(key, 0))
        for key in sorted(booked.keys() | handled.keys())
    ]


def write_truth(
    truth: Path,
    contacts: list[Contact],
    surveys: list[Survey],
    evaluations: list[Evaluation],
    agents: list[Agent],
    events: list[AgentEvent],
    costs: list[Cost],
    exports: list[Export],
    reference: Reference,
    as_of: int,
) -> list[Figures]:
    """Writes the truth files and returns the contacts' figures."""
    figures = [fold(contact, reference, as_of) for contact in contacts]
    match_matters(figures)
    truth.mkdir(parents=True, exist_ok=True)
    telling = [event for event in events if event.agent.platform in TELLING]
    counted = [each.contact for each in figures if each.is_in_scope]
    days = agent_days(agents, telling, counted, reference, as_of)
    tally = kpi_tally(figures, surveys, evaluations, reference, as_of)
    sla = SlaTruth(tally, reference, as_of)
    _write(
        truth / "kpi_values.csv",
        KPI_COLUMNS,
        [
            *tally.rows(),
            *_mix_rows(figures, reference, as_of),
            *agent_kpi_rows(days, reference, as_of),
            *sla.attainment_rows(),
            *sla.index_rows(each.cell for each in figures if each.is_in_scope and each.is_offered),
        ],
    )
    _write(truth / "sla_report.csv", REPORT_COLUMNS, sla.report_rows())
    _write(
        truth / "targets_in_force.csv",
        TARGET_COLUMNS,
        sla.target_rows(each.cell for each in figures if each.is_in_scope),
    )
    _write(truth / "agent_days.csv", AGENT_DAY_COLUMNS, agent_day_rows(days))
    _write(
        truth / "rpt_staffing_intervals.csv",
        STAFFING_COLUMNS,
        staffing_rows(figures, agents, telling, days, costs, reference, as_of),
    )
    _write(
        truth / "cost_per_contact.csv",
        ("month", "site", "numerator", "denominator"),
        cost_rows(figures, costs, reference),
    )
    _write(
        truth / "service_level_variants.csv",
        ("day", "queue", "channel", "variant", "met", "base"),
        variant_rows(figures),
    )
    _write(truth / "contacts.csv", CONTACT_COLUMNS, (_contact_row(each) for each in figures))
    amounts = contact_amounts(figures, costs, reference)
    for mart, (columns, rows) in customer_tables(figures, surveys, costs, amounts, reference, as_of).items():
        _write(truth / f"{mart}.csv", columns, rows)
    _write(
        truth / "rpt_event_impacts.csv",
        EVENT_COLUMNS,
        event_rows(figures, surveys, amounts, reference, as_of),
    )
    _write(truth / "rpt_realtime.csv", REALTIME_COLUMNS, realtime_rows(figures, reference, as_of))
    _write(
        truth / "rpt_agent_coaching.csv", COACHING_COLUMNS, coaching_rows(figures, surveys, reference, as_of)
    )
    _write(truth / "agent_paces.csv", PACE_COLUMNS, pace_rows(agents))
    _write(truth / "rpt_realtime_agents.csv", REALTIME_AGENT_COLUMNS, realtime_agent_rows(telling, as_of))
    _write(
        truth / "rows.csv",
        ("platform", "stream", "rows_written", "unparseable", "invalid", "duplicates", "superseded"),
        [
            (platform, stream, row.rows_written, row.unparseable, row.invalid, row.duplicates, row.superseded)
            for (platform, stream), row in sorted(rows_of(exports).items())
        ],
    )
    (truth / "as_of.txt").write_text(iso(as_of) + "\n", encoding="utf-8")
    return figures


def _contact_row(each: Figures) -> tuple[object, ...]:
    contact = each.contact
    return (
        each.contact_id,
        contact.outcome,
        contact.client,
        contact.site,
        each.queue,
        contact.channel,
        contact.contact_type,
        each.day,
        contact.direction,
        contact.is_test,
        contact.known_as is not None,
        iso(contact.arrived_at),
        iso(each.answered_at) if each.answered_at is not None else None,
        contact.ivr,
        each.wait,
        each.talk,
        each.hold,
        each.acw,
        each.agents,
        each.transfers,
        each.target,
        each.short,
        each.window_days,
        each.is_covered and each.is_repeat,
        each.is_opener,
        each.is_resolved_first,
    )


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([str(value).lower() if isinstance(value, bool) else value for value in row])


def moment(at: int) -> datetime:
    """A UTC second as an aware time."""
    return datetime.fromtimestamp(at, UTC)
