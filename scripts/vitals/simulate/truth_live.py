"""What the running day must show: who came, who waits, what agents do, at the moment of the exports.

Computed contact by contact from the simulated centre: clocks by Python's zones, states by the agents' last
events.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from vitals.simulate.agent_time import ACTIVITIES, moments_of
from vitals.simulate.entities import AgentEvent, Contact
from vitals.simulate.output import iso, words_of
from vitals.simulate.reference import Reference

if TYPE_CHECKING:
    from vitals.simulate.truth import Figures

REALTIME_COLUMNS = words_of(
    "interval_start_at client site queue channel contact_type is_carried_over day contacts_count "
    "offered_count answered_count abandoned_count short_abandon_count diverted_count "
    "callback_requested_count lost_sight_of_count answered_in_target_count service_level_base_count "
    "answered_wait_seconds waiting_count longest_wait_seconds in_progress_count "
    "previous_day_contacts_count previous_day_answered_in_target_count "
    "previous_day_service_level_base_count"
)
REALTIME_AGENT_COLUMNS = words_of("site team state agents_count longest_seconds")
_QUARTER = 900

_Key: TypeAlias = tuple[str, str, str, str, str, str, bool, date]


@dataclass(slots=True)
class _Quarter:
    """What one quarter of an hour brought; the names are those of the mart."""

    contacts: int = 0
    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    short: int = 0
    diverted: int = 0
    called_back: int = 0
    lost: int = 0
    in_target: int = 0
    base: int = 0
    wait: int = 0
    waiting: int = 0
    longest: int | None = None
    in_progress: int = 0
    previous: int = 0
    previous_in_target: int = 0
    previous_base: int = 0


def realtime_rows(figures: list["Figures"], reference: Reference, as_of: int) -> list[tuple[object, ...]]:
    """The running day by 15 minutes, what is carried over into it, and the day before up to the same time."""
    quarters: dict[_Key, _Quarter] = defaultdict(_Quarter)
    for each in figures:
        if not each.is_in_scope:
            continue
        contact = each.contact
        today = reference.local_day(contact.site, as_of)
        age = (today - each.day).days

        def quarter(at: int, is_carried: bool, each: "Figures" = each, today: date = today) -> _Quarter:
            own = each.contact
            return quarters[
                iso(at // _QUARTER * _QUARTER),
                own.client,
                own.site,
                each.queue,
                own.channel,
                own.contact_type,
                is_carried,
                today,
            ]

        is_believed = contact.arrived_at + each.open_seconds >= as_of
        is_open = contact.outcome == "open"
        is_waiting = is_open and is_believed
        is_in_progress = contact.answered_at is not None and is_believed and not _is_over(contact, as_of)
        if age == 0:
            _count_today(quarter(contact.arrived_at, False), each, is_open and not is_believed)
        if is_waiting or is_in_progress:
            own = quarter(contact.arrived_at, age > 0)
            own.waiting += is_waiting
            own.in_progress += is_in_progress
            if is_waiting:
                own.longest = max(own.longest or 0, as_of - contact.legs[0].queued_at)
        if age == 1 and (at := _a_day_later(contact, reference, as_of)) is not None:
            own = quarter(at, False)
            own.previous += 1
            if _is_offered(each):
                own.previous_base += not each.is_short_abandon
                own.previous_in_target += each.is_in_target
    return [
        (
            *key,
            own.contacts,
            own.offered,
            own.answered,
            own.abandoned,
            own.short,
            own.diverted,
            own.called_back,
            own.lost,
            own.in_target,
            own.base,
            own.wait,
            own.waiting,
            own.longest,
            own.in_progress,
            own.previous,
            own.previous_in_target,
            own.previous_base,
        )
        for key, own in sorted(quarters.items())
    ]


def _is_offered(each: "Figures") -> bool:
    return each.contact.outcome in ("answered", "abandoned", "callback_requested", "diverted", "open")


def _count_today(own: _Quarter, each: "Figures", is_lost: bool) -> None:
    outcome = each.contact.outcome
    own.contacts += 1
    if not _is_offered(each):
        return
    own.offered += 1
    own.answered += outcome == "answered"
    own.abandoned += outcome == "abandoned"
    own.short += each.is_short_abandon
    own.diverted += outcome == "diverted"
    own.called_back += outcome == "callback_requested"
    own.lost += is_lost
    own.in_target += each.is_in_target
    own.base += not each.is_short_abandon
    own.wait += (each.wait or 0) if outcome == "answered" else 0


def _is_over(contact: Contact, as_of: int) -> bool:
    """True when the platform tells an end: of a ticket that it is solved, of anything else the last leg's."""
    if contact.channel == "email":
        assert contact.ticket is not None
        past = [event for event in contact.ticket.events if event.at <= as_of]
        return max(past, key=lambda event: event.at).status == "solved"
    return contact.legs[-1].ended_at is not None


def _a_day_later(contact: Contact, reference: Reference, as_of: int) -> int | None:
    """The same time of the local clock a day later as a UTC second, None when that is after `as_of`."""
    zone = reference.zones.get(contact.site, UTC)
    later = datetime.fromtimestamp(contact.arrived_at, zone).replace(tzinfo=None) + timedelta(days=1)
    if later > datetime.fromtimestamp(as_of, zone).replace(tzinfo=None):
        return None
    return int(later.replace(tzinfo=zone).timestamp())


def realtime_agent_rows(events: Iterable[AgentEvent], as_of: int) -> list[tuple[object, ...]]:
    """Agents by site, team and state at `as_of`, and the longest time in it.

    Args:
        events: of the agents whose platform tells what they do.
    """
    found: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for agent, moments in moments_of(events, as_of).items():
        told = [
            (at, "on_contact" if contact_ids else ACTIVITIES.get(status, status))
            for at, status, contact_ids in moments
        ]
        state = told[-1][1]
        if state == "offline":
            continue
        since = as_of
        for at, doing in reversed(told):
            if doing != state:
                break
            since = at
        found[agent.site, agent.moved_to or agent.team, state].append(as_of - since)
    return [(*key, len(times), max(times)) for key, times in sorted(found.items())]
