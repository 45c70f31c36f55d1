"""Five9: the reports Call Log and Agent State Details, one file of each a day of the US Pacific clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from vitals.simulate.entities import Agent, AgentEvent, Contact, Leg
from vitals.simulate.output import LATE_RATE, Export, csv_line, day_text, with_header
from vitals.simulate.reference import Reference
from vitals.simulate.sampling import Sampler

_ZONE = ZoneInfo("America/Los_Angeles")
_CALL_LOG = (
    "CALL ID",
    "TIMESTAMP",
    "CAMPAIGN",
    "CALL TYPE",
    "SKILL",
    "AGENT",
    "AGENT NAME",
    "DISPOSITION",
    "ANI",
    "CUSTOMER NAME",
    "DNIS",
    "IVR TIME",
    "QUEUE WAIT TIME",
    "RING TIME",
    "TALK TIME",
    "HOLD TIME",
    "PARK TIME",
    "AFTER CALL WORK TIME",
    "TRANSFERS",
    "HOLDS",
    "ABANDONED",
    "COST",
)
_STATES = ("TIMESTAMP", "AGENT", "STATE", "REASON CODE", "AGENT STATE TIME", "CALL ID")
_CENTRE = "8005550100"
_CONTACT_STATES = {
    "CONNECTING": "Ringing",
    "INCOMING": "Ringing",
    "CONNECTED": "On Call",
    "ENDED": "After Call Work",
    "MISSED": "After Call Work",
}


def five9_exports(
    contacts: list[Contact], events: list[AgentEvent], reference: Reference, sampler: Sampler, until: int
) -> list[Export]:
    """Both reports.

    Args:
        contacts: those of Five9, numbered in order of arrival.
        events: what agents of all platforms did.
        until: UTC second at which the reports are drawn.
    """
    return [_call_log(contacts, reference, sampler, until), _agent_states(events, sampler, until)]


def _call_log(contacts: list[Contact], reference: Reference, sampler: Sampler, until: int) -> Export:
    export = Export(
        "five9",
        "call_log",
        name=lambda day, _: f"call-log-{day_text(day)}.csv",
        render=with_header(_CALL_LOG),
        last_day=_local_day(until - 1),
    )
    for contact in contacts:
        for at, early, line in _rows(contact, reference, sampler):
            if early and sampler.chance(LATE_RATE):
                export.add(at, early, _local_day(at), is_superseded=True)
                later = min(until - 1, at + sampler.between(3600, 48 * 3600))
                export.add(at, line, min(export.last_day, _local_day(later)))
            else:
                export.add(at, line, _local_day(at))
    export.spoil(sampler, [_thirtieth_of_february, _negative_talk], lambda text: text + ",x,x")
    return export


def _rows(contact: Contact, reference: Reference, sampler: Sampler) -> list[tuple[int, str, str]]:
    """Each part of the call: when it ended, its line before after-call work ('' without any), its line."""
    words = reference.words["five9"]
    campaign = _campaign(contact, reference)
    number = contact.customer_key or sampler.pick(("", "anonymous"))
    ani, dnis = (_CENTRE, number) if contact.direction == "outbound" else (number, _CENTRE)

    def line(leg: Leg | None, begin: int, ivr: int, has_after_work: bool = True) -> str:
        agent = leg.agent if leg is not None and leg.answered_at is not None else None
        wait = (leg.wait or 0) if leg is not None else 0
        ring = min(wait, 4) if agent is not None else 0
        kind = "Outbound" if contact.direction == "outbound" else "Inbound"
        if leg is not None and leg.is_callback:
            kind = "Queue Callback"
        after = leg.acw if leg is not None and has_after_work else None
        return csv_line(
            (
                contact.native_id,
                _clock(begin),
                campaign,
                kind,
                words.native("queue", leg.queue) if leg is not None and kind != "Outbound" else None,
                agent.native_id if agent is not None else "[None]",
                f"{agent.first_name} {agent.last_name}" if agent is not None else None,
                _disposition(contact, leg, agent),
                ani,
                None,
                dnis,
                _duration(ivr),
                _duration(wait - ring),
                _duration(ring),
                _duration((leg.talk or 0) + (leg.hold or 0) if agent is not None and leg is not None else 0),
                _duration((leg.hold or 0) if agent is not None and leg is not None else 0),
                _duration(0),
                _duration(after) if after is not None else ("0:00:00" if agent is None else None),
                int(leg is not None and leg.exit == "transferred"),
                leg.holds if leg is not None else 0,
                int(leg is not None and leg.exit == "abandoned"),
                "0.0450",
            )
        )

    if not contact.legs:
        return [(contact.ended_at or contact.arrived_at, "", line(None, contact.arrived_at, contact.ivr))]
    found = []
    for place, leg in enumerate(contact.legs):
        begin = leg.queued_at if place else contact.arrived_at
        ivr = 0 if place else leg.queued_at - contact.arrived_at
        early = line(leg, begin, ivr, has_after_work=False) if leg.acw else ""
        found.append((leg.ended_at or leg.queued_at, early, line(leg, begin, ivr)))
    return found


def _campaign(contact: Contact, reference: Reference) -> str:
    """The campaign that stands for both the client and the site."""
    words = reference.words["five9"]
    of_site = words.all_native("site", contact.site)
    return next(
        (name for name in words.all_native("client", contact.client) if name in of_site), contact.client
    )


def _disposition(contact: Contact, leg: Leg | None, agent: Agent | None) -> str | None:
    """What the agent chose, or what the system says where there was none."""
    if contact.is_test:
        return "Test Call"
    if agent is not None:
        return contact.type_word or "No Disposition"
    if leg is None:
        return "Served in IVR" if contact.outcome == "self_served" else "Caller Disconnected"
    return {"abandoned": "Abandon", "callback_requested": "Queue Callback Assigned"}.get(
        leg.exit, "No Answer" if leg.is_callback else "Sent To Voicemail"
    )


def _agent_states(events: list[AgentEvent], sampler: Sampler, until: int) -> Export:
    export = Export(
        "five9",
        "agent_states",
        name=lambda day, _: f"agent-states-{day_text(day)}.csv",
        render=with_header(_STATES),
        last_day=_local_day(until - 1),
        # The report is in the order of time.
        is_swappable=False,
    )
    states: dict[Agent, list[tuple[int, str, str, str]]] = {}
    for event in events:
        if event.agent.platform == "five9" and event.at < until:
            own = states.setdefault(event.agent, [])
            entry = (event.at, *_state(event))
            if own and own[-1][0] == event.at:
                own[-1] = entry
            elif not own or own[-1][1:] != entry[1:]:
                own.append(entry)
    for agent, own in states.items():
        for (at, state, reason, call), following in zip(own, [*own[1:], None], strict=True):
            seconds = None if following is None else following[0] - at
            values = (
                _clock(at),
                agent.native_id,
                state,
                reason,
                None if seconds is None else _duration(seconds),
                call,
            )
            export.add(at, csv_line(values), _local_day(at))
    export.spoil(sampler, [_bad_state], lambda text: text + ",x,x")
    return export


def _state(event: AgentEvent) -> tuple[str, str, str]:
    """State, reason and call of an agent after an event."""
    for contact in event.contacts:
        return _CONTACT_STATES[contact[2]], "", contact[-1].partition(":")[2]
    if event.status == "Available":
        return "Ready", "", ""
    return ("Logout", "", "") if event.status == "Offline" else ("Not Ready", event.status, "")


def _local_day(at: int) -> int:
    """Days since 1970 on the US Pacific clock."""
    return (datetime.fromtimestamp(at, _ZONE).date() - datetime.fromtimestamp(0, UTC).date()).days


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at, _ZONE).strftime("%a, %d %b %Y %H:%M:%S")


def _duration(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _garbage(number: int, timestamp: str, talk: str) -> str:
    return csv_line(
        (
            number,
            timestamp,
            "Aurora Lyon",
            "Inbound",
            "Aurora Billing",
            "nobody@agents.example",
            None,
            None,
            None,
            None,
            _CENTRE,
            "0:00:10",
            "0:00:10",
            "0:00:04",
            talk,
            *("0:00:00",) * 3,
            0,
            0,
            0,
            "0.0450",
        )
    )


def _thirtieth_of_february(number: int, at: int) -> str:
    return _garbage(number, "Mon, 30 Feb 2026 10:00:00", "0:01:00")


def _negative_talk(number: int, at: int) -> str:
    return _garbage(number, _clock(at), "-0:00:05")


def _bad_state(number: int, at: int) -> str:
    return csv_line(
        ("Mon, 30 Feb 2026 10:00:00", f"nobody{number}@agents.example", "Ready", "", "0:01:00", "")
    )
