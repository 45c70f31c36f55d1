"""What agents were needed and who was there, per quarter of an hour, from the simulated centre alone.

Erlang C by the recursive loss formula, contact by contact and agent by agent in whole seconds.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, TypeAlias

from vitals.simulate.agent_time import Days, moments_of
from vitals.simulate.costs import Cost
from vitals.simulate.entities import Agent, AgentEvent
from vitals.simulate.output import iso, words_of
from vitals.simulate.reference import Reference
from vitals.simulate.staffing import erlang_c

if TYPE_CHECKING:
    from vitals.simulate.truth import Figures

_QUARTER = 900
_LIVE = ("voice", "chat")
_OFFERED = ("answered", "abandoned", "callback_requested", "diverted", "open")
_PRODUCTIVE = ("available",)

STAFFING_COLUMNS = words_of(
    "interval_start_at site day local_time offered_count unplanned_offered_count load_erlangs "
    "needed_live_agents needed_deferred_agents needed_with_shrinkage_agents staffed_seen_agents "
    "staffed_scheduled_agents status gap_cost_amount expected_service_level answered_in_target_count "
    "service_level_base_count is_final"
)

# client, site, queue, channel
Place: TypeAlias = tuple[str, str, str, str]


@dataclass(slots=True)
class _Quarter:
    """One queue's quarter of an hour."""

    offered: int = 0
    unplanned: int = 0
    met: int = 0
    base: int = 0
    work: float = 0.0


@dataclass(slots=True)
class _Site:
    """One site's quarter of an hour."""

    places: dict[Place, _Quarter] = field(default_factory=dict)
    seen: int = 0
    scheduled: int = 0


def staffing_rows(
    figures: list[Figures],
    agents: list[Agent],
    events: list[AgentEvent],
    days: Days,
    costs: list[Cost],
    reference: Reference,
    as_of: int,
) -> list[tuple[object, ...]]:
    """A row per quarter of an hour that is over x site with contacts, work due, or agents.

    Args:
        events: of the agents whose platform tells what they do.
        days: every agent's days.
        as_of: UTC second up to which time counts.
    """
    offered = [each for each in figures if each.is_in_scope and each.contact.outcome in _OFFERED]
    needs = _Needs(offered, reference, as_of)
    sites: dict[tuple[int, str], _Site] = defaultdict(_Site)
    for at, place, quarter in needs.quarters():
        sites[at, place[1]].places[place] = quarter
    _add_seen(sites, events, as_of)
    telling = {(agent.platform, day) for (agent, day), own in days.items() if own.has_states}
    for agent in agents:
        for begin, end in _planned(agent, as_of):
            for at, seconds in _by_quarter(begin, end):
                if (agent.platform, reference.local_day(agent.site, at)) not in telling:
                    sites[at, agent.site].scheduled += seconds
    pay = _pay(costs, days, reference)
    return [
        _row(at, site, own, needs, pay, reference, as_of)
        for (at, site), own in sorted(sites.items())
        if at + _QUARTER <= as_of and (own.places or own.seen or own.scheduled)
    ]


class _Needs:
    """Contacts and work by quarter and queue, and the handle times behind them."""

    def __init__(self, offered: list[Figures], reference: Reference, as_of: int) -> None:
        self.reference = reference
        self.as_of = as_of
        self.arrivals: dict[Place, list[Figures]] = defaultdict(list)
        for each in offered:
            contact = each.contact
            self.arrivals[contact.client, contact.site, each.queue, contact.channel].append(each)
        self._handled: dict[tuple[Place, date], list[int]] = defaultdict(list)
        self._seconds: dict[tuple[Place, date], float | None] = {}
        for place, own in self.arrivals.items():
            for each in own:
                if each.answered_at is not None and each.talk is not None:
                    spent = each.talk + (each.hold or 0) + (each.acw or 0)
                    self._handled[place, each.day].append(spent)

    def agent_seconds(self, place: Place, day: date) -> float | None:
        """How long a contact of the day keeps an agent; None when nobody knows."""
        if (place, day) not in self._seconds:
            self._seconds[place, day] = self._mean(place, day)
        return self._seconds[place, day]

    def _mean(self, place: Place, day: date) -> float | None:
        own = self._handled.get((place, day), [])
        if not own or len(own) < self.threshold("handle_time_sample_count", place, day):
            own = [
                spent
                for (other, past), spents in self._handled.items()
                if other == place and past <= day
                for spent in spents
            ]
        if own:
            mean = sum(own) / len(own)
        else:
            planned = self.reference.optional_setting("planned_handle_seconds", day, *_scope(place))
            if planned is None:
                return None
            mean = float(planned)
        return mean / self.threshold("concurrent_contacts", place, day)

    def threshold(self, name: str, place: Place, day: date) -> float:
        """A threshold in force."""
        return float(self.reference.setting(name, day, *_scope(place)))

    def target(self, kpi_id: str, place: Place, day: date) -> float:
        """A target in force."""
        found = self.reference.target(kpi_id, *_scope(place), day)
        assert found is not None
        return float(found)

    def quarters(self) -> Iterator[tuple[int, Place, _Quarter]]:
        """Every quarter of every queue in which it had contacts, work due or a minimum of agents."""
        for place, own in self.arrivals.items():
            found: dict[int, _Quarter] = defaultdict(_Quarter)
            for each in own:
                first = each.contact.arrived_at // _QUARTER * _QUARTER
                found[first].offered += 1
                found[first].base += not each.is_short_abandon
                found[first].met += each.is_in_target
                spread = 1
                if place[3] not in _LIVE:
                    limit = self.threshold("service_level_seconds", place, each.day)
                    spread = max(1, math.ceil(limit / _QUARTER))
                seconds = self.agent_seconds(place, each.day)
                found[first].unplanned += seconds is None
                if seconds is not None:
                    for step in range(spread):
                        found[first + step * _QUARTER].work += seconds / spread
            if place[3] in _LIVE:
                day, last = min(each.day for each in own), self.reference.local_day(place[1], self.as_of)
                while day <= last:
                    if self.threshold("minimum_agents", place, day):
                        begin, end = (
                            self.reference.midnight(place[1], day + timedelta(days=more)) for more in (0, 1)
                        )
                        for at in range(begin, end, _QUARTER):
                            found[at].offered += 0
                    day += timedelta(days=1)
            for at, quarter in found.items():
                yield at, place, quarter


def _scope(place: Place) -> tuple[str, str, str]:
    return place[0], place[2], place[3]


def _late(load: float, agents: int, seconds: float, within: float) -> float:
    """Share answered after the target."""
    if load <= 0:
        return 0.0
    if agents <= load:
        return 1.0
    return erlang_c(load, agents) * math.exp(-(agents - load) * within / seconds)


def _row(
    at: int,
    site: str,
    own: _Site,
    needs: _Needs,
    pay: dict[tuple[date, str], float],
    reference: Reference,
    as_of: int,
) -> tuple[object, ...]:
    day = reference.local_day(site, at)
    live = deferred = shrunk = load = 0.0
    need: float
    for place, quarter in own.places.items():
        erlangs = quarter.work / _QUARTER
        load += erlangs
        if quarter.unplanned:
            continue
        if place[3] in _LIVE:
            need = _whole_need(place, erlangs, needs, day)
            live += need
        else:
            need = erlangs / needs.target("occupancy", place, day) if erlangs else 0.0
            deferred += need
        shrunk += need / (1 - needs.threshold("shrinkage", place, day))
    staffed = (own.seen + own.scheduled) / _QUARTER
    gap = staffed - live - deferred
    anywhere = ("", site, "", "")
    tolerance = max(
        needs.threshold("staffing_tolerance_agents", anywhere, day),
        needs.threshold("staffing_tolerance_share", anywhere, day) * (live + deferred),
    )
    unplanned = sum(quarter.offered for quarter in own.places.values() if quarter.unplanned)
    status = "balanced" if abs(gap) <= tolerance + 1e-9 else "understaffed" if gap < 0 else "overstaffed"
    booked = [month for month, other in pay if other == site and month <= day]
    hourly = pay[max(booked), site] if booked else None
    lives = {place: quarter for place, quarter in own.places.items() if place[3] in _LIVE}
    clock = (at + reference.offset(site, at)) % 86400
    return (
        iso(at),
        site,
        day,
        f"{clock // 3600:02d}:{clock % 3600 // 60:02d}",
        sum(quarter.offered for quarter in own.places.values()),
        unplanned,
        load,
        live,
        deferred,
        shrunk,
        own.seen / _QUARTER,
        own.scheduled / _QUARTER,
        "unknown" if unplanned else status,
        None if hourly is None else gap * hourly / 4,
        _expected(lives, staffed, needs, day),
        sum(quarter.met for quarter in lives.values()),
        sum(quarter.base for quarter in lives.values()),
        day < reference.local_day(site, as_of),
    )


def _whole_need(place: Place, load: float, needs: _Needs, day: date) -> int:
    least = int(needs.threshold("minimum_agents", place, day))
    if load == 0:
        return least
    busiest = needs.threshold("maximum_occupancy", place, day)
    within = needs.threshold("service_level_seconds", place, day)
    share = needs.target("service_level", place, day)
    agents = 1
    while (
        agents <= load
        or load / agents > busiest
        or 1 - _late(load, agents, needs.agent_seconds(place, day) or 0.0, within) < share
    ):
        agents += 1
    return max(agents, least)


def _expected(lives: dict[Place, _Quarter], staffed: float, needs: _Needs, day: date) -> float | None:
    """Everybody there takes any live contact; a part of an agent counts in proportion."""
    lives = {place: quarter for place, quarter in lives.items() if not quarter.unplanned}
    contacts = sum(quarter.offered for quarter in lives.values())
    if not contacts:
        return None
    work = sum(quarter.work for quarter in lives.values())
    in_time = 0.0
    for place, quarter in lives.items():
        within = needs.threshold("service_level_seconds", place, day)
        below = int(staffed)
        lower, upper = (1 - _late(work / _QUARTER, below + more, work / contacts, within) for more in (0, 1))
        in_time += quarter.offered * (lower + (staffed - below) * (upper - lower))
    return in_time / contacts


def _add_seen(sites: dict[tuple[int, str], _Site], events: Iterable[AgentEvent], as_of: int) -> None:
    for agent, moments in moments_of(events, as_of).items():
        ends = [moment[0] for moment in moments[1:]] + [as_of]
        for (begin, status, contact_ids), end in zip(moments, ends, strict=True):
            if contact_ids or status in _PRODUCTIVE:
                for at, seconds in _by_quarter(begin, end):
                    sites[at, agent.site].seen += seconds


def _planned(agent: Agent, as_of: int) -> Iterator[tuple[int, int]]:
    """When the agent was to take contacts, up to `as_of`."""
    for shift in agent.shifts:
        edges = [
            shift.start,
            *(edge for pause in shift.pauses for edge in (pause.start, pause.end)),
            shift.end,
        ]
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            if begin < min(end, as_of):
                yield begin, min(end, as_of)


def _by_quarter(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """A span cut at the quarters of an hour: their start, and the seconds in them."""
    while begin < end:
        at = begin // _QUARTER * _QUARTER
        cut = min(end, at + _QUARTER)
        yield at, cut - begin
        begin = cut


def _pay(costs: list[Cost], days: Days, reference: Reference) -> dict[tuple[date, str], float]:
    """Euros per paid hour by month and site, where pay is booked."""
    paid: dict[tuple[date, str], int] = defaultdict(int)
    for (agent, day), own in days.items():
        paid[day.replace(day=1), agent.site] += own.paid
    rates: dict[tuple[date, str], float] = {}
    for month, site in sorted(paid):
        booked = sum(
            cost.amount * reference.rate(cost.currency, month)
            for cost in costs
            if (cost.month, cost.site, cost.category) == (month, site, "pay")
        )
        if booked and paid[month, site]:
            rates[month, site] = float(booked) * 3600 / paid[month, site]
    return rates
