"""What agents' time must add up to, from what they did at their desks and from their planned shifts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeAlias

from vitals.simulate.entities import Agent, AgentEvent, Contact
from vitals.simulate.reference import Reference

_ON_CONTACT, _OFFLINE = "on_contact", "offline"
_UNPAID = ("lunch",)
# Lunch is a break by another name, in the plan as at the desk.
ACTIVITIES = {"lunch": "break"}

Moment: TypeAlias = tuple[int, str, tuple[str, ...]]
Spans: TypeAlias = list[tuple[int, int]]


@dataclass(slots=True)
class AgentDay:
    """What one agent did and was to do on one local day of their site; seconds, counts."""

    on_contact: int = 0
    concurrent: int = 0
    available: int = 0
    away: dict[str, int] = field(default_factory=dict)
    paid: int = 0
    on_contact_paid: int = 0
    scheduled: int = 0
    adherent: int = 0
    scheduled_productive: int = 0
    contacts: int = 0
    handle: int = 0
    gaps: int = 0
    gap_seconds: int = 0
    open_gaps: int = 0

    @property
    def has_states(self) -> bool:
        """True when the platform saw the agent at work."""
        return self.on_contact + self.available + sum(self.away.values()) > 0

    @property
    def is_planned(self) -> bool:
        """True when the agent was seen and scheduled."""
        return self.has_states and self.scheduled > 0


Days: TypeAlias = dict[tuple[Agent, date], AgentDay]


def moments_of(events: Iterable[AgentEvent], until: int) -> dict[Agent, list[Moment]]:
    """Each agent's changes before `until`: when, the status, the contacts; of one second the last."""
    found: dict[Agent, dict[int, Moment]] = defaultdict(dict)
    for event in events:
        if event.at < until:
            contact_ids = tuple(sorted({contact[-1] for contact in event.contacts}))
            found[event.agent][event.at] = (event.at, event.status.lower(), contact_ids)
    return {agent: [moments[at] for at in sorted(moments)] for agent, moments in found.items()}


def agent_days(
    agents: list[Agent],
    events: list[AgentEvent],
    contacts: Iterable[Contact],
    reference: Reference,
    as_of: int,
) -> Days:
    """Every agent's days.

    Args:
        events: of the agents whose platform tells what they do.
        contacts: those that count.
        as_of: UTC second up to which time counts.
    """
    days: Days = defaultdict(AgentDay)
    for agent, moments in moments_of(events, as_of).items():
        _add_states(days, agent, moments, reference, as_of)
    for agent in agents:
        planned = _plan(agent, as_of)
        for begin, end, activity in planned:
            for day, first, last in _by_day(reference, agent, begin, end):
                own = days[agent, day]
                own.scheduled += last - first
                own.paid += (last - first) * (activity not in _UNPAID)
                own.scheduled_productive += (last - first) * (activity == "work")
    _add_plans(days, agents, events, reference, as_of)
    _add_contacts(days, contacts, reference)
    return days


def _stretches(moments: list[Moment], as_of: int) -> list[tuple[int, int, str, tuple[str, ...]]]:
    """Begin, end, state and contacts of each stretch; a state is `on_contact` or the word of the status."""
    ends = [moment[0] for moment in moments[1:]] + [as_of]
    return [
        (at, end, _ON_CONTACT if contact_ids else status, contact_ids)
        for (at, status, contact_ids), end in zip(moments, ends, strict=True)
    ]


def _add_states(days: Days, agent: Agent, moments: list[Moment], reference: Reference, as_of: int) -> None:
    # Neighbours of one state are one stretch when it comes to gaps: another chat is no new wait.
    merged: list[tuple[int, int, str]] = []
    for begin, end, state, contact_ids in _stretches(moments, as_of):
        if merged and merged[-1][2] == state:
            merged[-1] = (merged[-1][0], end, state)
        else:
            merged.append((begin, end, state))
        for day, first, last in _by_day(reference, agent, begin, end):
            own = days[agent, day]
            if state == _ON_CONTACT:
                own.on_contact += last - first
                own.concurrent += (last - first) * len(contact_ids)
            elif state == "available":
                own.available += last - first
            elif state != _OFFLINE:
                slug = ACTIVITIES.get(state, state)
                own.away[slug] = own.away.get(slug, 0) + last - first
    for number, (begin, end, state) in enumerate(merged):
        if state != "available" or number == 0 or merged[number - 1][2] != _ON_CONTACT:
            continue
        own = days[agent, reference.local_day(agent.site, begin)]
        if number == len(merged) - 1:
            own.open_gaps += 1
        elif merged[number + 1][2] == _ON_CONTACT:
            own.gaps += 1
            own.gap_seconds += end - begin


def _plan(agent: Agent, as_of: int) -> list[tuple[int, int, str]]:
    """The agent's schedule up to `as_of`: begin, end, activity."""
    planned: list[tuple[int, int, str]] = []
    for shift in agent.shifts:
        at = shift.start
        for pause in shift.pauses:
            planned += [(at, pause.start, "work"), (pause.start, pause.end, pause.activity)]
            at = pause.end
        planned.append((at, shift.end, "work"))
    return [(begin, min(end, as_of), activity) for begin, end, activity in planned if begin < min(end, as_of)]


def _add_plans(
    days: Days, agents: list[Agent], events: list[AgentEvent], reference: Reference, as_of: int
) -> None:
    """How the plan and the doing agree."""
    done = {agent: _stretches(moments, as_of) for agent, moments in moments_of(events, as_of).items()}
    for agent in agents:
        planned = _plan(agent, as_of)
        stretches = done.get(agent, [])
        on_contact = [(begin, end) for begin, end, state, _ in stretches if state == _ON_CONTACT]
        paid = [(begin, end) for begin, end, activity in planned if activity not in _UNPAID]
        for begin, end in _common(on_contact, paid):
            for day, first, last in _by_day(reference, agent, begin, end):
                days[agent, day].on_contact_paid += last - first
        activities = {ACTIVITIES.get(activity, activity) for _, _, activity in planned}
        for wanted in sorted(activities):
            states = ("available", _ON_CONTACT) if wanted == "work" else (wanted,)
            due = [span[:2] for span in planned if ACTIVITIES.get(span[2], span[2]) == wanted]
            met = [span[:2] for span in stretches if ACTIVITIES.get(span[2], span[2]) in states]
            for begin, end in _common(due, met):
                for day, first, last in _by_day(reference, agent, begin, end):
                    days[agent, day].adherent += last - first


def _add_contacts(days: Days, contacts: Iterable[Contact], reference: Reference) -> None:
    """A contact counts once for each agent who answered it, on the day of the first answer."""
    for contact in contacts:
        own: dict[Agent, list[tuple[int, int]]] = defaultdict(list)
        for leg in contact.legs:
            if leg.agent is not None and leg.answered_at is not None:
                handled = sum(part or 0 for part in (leg.talk, leg.hold, leg.acw))
                own[leg.agent].append((leg.answered_at, handled))
        for agent, answers in own.items():
            day = days[agent, reference.local_day(agent.site, min(answers)[0])]
            day.contacts += 1
            day.handle += sum(handled for _, handled in answers)


def _common(ours: Spans, theirs: Spans) -> Iterator[tuple[int, int]]:
    """What two sorted lists of spans have in common; neither overlaps itself."""
    position = 0
    for begin, end in ours:
        while position < len(theirs) and theirs[position][1] <= begin:
            position += 1
        ahead = position
        while ahead < len(theirs) and theirs[ahead][0] < end:
            yield max(begin, theirs[ahead][0]), min(end, theirs[ahead][1])
            ahead += 1


def _by_day(reference: Reference, agent: Agent, begin: int, end: int) -> Iterator[tuple[date, int, int]]:
    """A span cut at the midnights of the agent's site."""
    while begin < end:
        day = reference.local_day(agent.site, begin)
        cut = min(end, reference.midnight(agent.site, day + timedelta(days=1)))
        yield day, begin, cut
        begin = cut


def agent_kpi_rows(days: Days, reference: Reference, as_of: int) -> list[tuple[object, ...]]:
    """Numerator and denominator of the KPIs of agents' time by day and site; only rows with a denominator."""
    places: dict[tuple[date, str], list[AgentDay]] = defaultdict(list)
    for (agent, day), own in days.items():
        if own.has_states:
            places[day, agent.site].append(own)
    rows: list[tuple[object, ...]] = []
    for place in sorted(places):
        seen = places[place]
        planned = [each for each in seen if each.is_planned]
        productive = sum(each.on_contact + each.available for each in seen)
        is_final = place[0] < reference.local_day(place[1], as_of)
        has_open_gaps = any(each.open_gaps for each in seen)
        figures: list[tuple[str, int, int | Decimal, bool]] = [
            (
                "agent_utilisation",
                sum(each.on_contact_paid for each in planned),
                sum(each.paid for each in planned),
                is_final,
            ),
            ("occupancy", sum(each.on_contact for each in seen), productive, is_final),
            (
                "schedule_adherence",
                sum(each.adherent for each in planned),
                sum(each.scheduled for each in planned),
                is_final,
            ),
            (
                "conformance",
                sum(each.on_contact + each.available for each in planned),
                sum(each.scheduled_productive for each in planned),
                is_final,
            ),
            (
                "contacts_per_hour",
                sum(each.contacts for each in seen),
                round(Decimal(productive) / 3600, 6),
                is_final,
            ),
            (
                "time_to_next_contact",
                sum(each.gap_seconds for each in seen),
                sum(each.gaps for each in seen),
                is_final and not has_open_gaps,
            ),
        ]
        rows += [
            (kpi_id, place[0], None, place[1], None, None, None, numerator, denominator, final)
            for kpi_id, numerator, denominator, final in figures
            if denominator
        ]
    return sorted(rows, key=lambda row: (str(row[0]), row[1], row[3]))


AGENT_DAY_COLUMNS = (
    "agent_id",
    "day",
    "site",
    "on_contact_seconds",
    "concurrent_handle_seconds",
    "available_seconds",
    "break_seconds",
    "training_seconds",
    "paid_seconds",
    "on_contact_paid_seconds",
    "scheduled_seconds",
    "adherent_seconds",
    "scheduled_productive_seconds",
    "contacts_handled_count",
    "handle_seconds",
    "gaps_count",
    "gap_seconds",
    "open_gaps_count",
)


def agent_day_rows(days: Days) -> list[tuple[object, ...]]:
    """A row for each agent and day that the platform saw."""
    return [
        (
            agent.agent_id,
            day,
            agent.site,
            own.on_contact,
            own.concurrent,
            own.available,
            own.away.get("break", 0),
            own.away.get("training", 0),
            own.paid,
            own.on_contact_paid,
            own.scheduled,
            own.adherent,
            own.scheduled_productive,
            own.contacts,
            own.handle,
            own.gaps,
            own.gap_seconds,
            own.open_gaps,
        )
        for (agent, day), own in sorted(days.items(), key=lambda item: (item[0][0].agent_id, item[0][1]))
        if own.has_states
    ]
