"""Twilio: calls of the REST API, and TaskRouter events, one page of each a day."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from vitals.simulate.entities import Agent, AgentEvent, Contact, Leg
from vitals.simulate.output import LATE_RATE, Export, compact, cut_off, day_text, iso, json_lines, pages
from vitals.simulate.reference import Reference
from vitals.simulate.sampling import Sampler

_ACCOUNT = "AC00000000000000000000000000000001"
_CENTRE = "+80000000"
_PRICED_AFTER_SECONDS = 3600


def twilio_exports(
    contacts: list[Contact], events: list[AgentEvent], reference: Reference, sampler: Sampler, until: int
) -> list[Export]:
    """Calls, and what TaskRouter says of their tasks and of the workers.

    Args:
        contacts: those of Twilio.
        events: what agents of all platforms did.
        until: UTC second at which the exports are drawn.
    """
    return [
        _calls(contacts, reference, sampler, until),
        _taskrouter(contacts, events, reference, sampler, until),
    ]


def _calls(contacts: list[Contact], reference: Reference, sampler: Sampler, until: int) -> Export:
    as_page = pages("calls")
    export = Export(
        "twilio",
        "calls",
        name=lambda day, _: f"calls-{day_text(day)}.json",
        render=as_page,
        last_day=(until - 1) // 86400,
        has_lines=lambda _: False,
    )
    for contact in contacts:
        for call, ended_at in _call_records(contact, reference, sampler):
            if ended_at is None:
                export.add(contact.arrived_at, compact(call))
                continue
            # The price comes later, and changes the call.
            priced = call | {
                "price": "-0.00850",
                "date_updated": _rfc(min(until, ended_at + _PRICED_AFTER_SECONDS)),
            }
            if sampler.chance(LATE_RATE) and ended_at + _PRICED_AFTER_SECONDS < until:
                export.add(ended_at, compact(call), is_superseded=True)
            export.add(ended_at, compact(priced))
    export.spoil(sampler, [_thirtieth_of_february, _negative_duration], None)
    return export


def _call_records(
    contact: Contact, reference: Reference, sampler: Sampler
) -> list[tuple[dict[str, Any], int | None]]:
    """The customer's call and the calls to agents that are its children, each with its end."""
    number = contact.customer_key or sampler.pick(("anonymous", "+266696687"))
    is_outbound = contact.direction == "outbound"
    ended_at = contact.ended_at
    if any(leg.is_callback for leg in contact.legs):
        ended_at = contact.legs[0].ended_at
    records = [
        (
            _call(
                contact.native_id,
                None,
                (_CENTRE, number) if is_outbound else (number, _CENTRE),
                "outbound-api" if is_outbound else "inbound",
                contact.arrived_at,
                ended_at,
            )
            | {"phone_number_sid": _number_sid(contact, reference)},
            ended_at,
        )
    ]
    for leg in contact.legs:
        if (
            leg.agent is None
            or leg.answered_at is None
            or leg.is_callback
            or is_outbound
            or leg.ended_at is None
        ):
            continue
        parties = (_CENTRE, f"client:{leg.agent.native_id}")
        sid = f"CA{sampler.uuid().replace('-', '')}"
        records.append(
            (
                _call(sid, contact.native_id, parties, "outbound-dial", leg.answered_at, leg.ended_at),
                leg.ended_at,
            )
        )
    return records


def _call(
    sid: str, parent: str | None, parties: tuple[str, str], direction: str, begin: int, end: int | None
) -> dict[str, Any]:
    return {
        "sid": sid,
        "account_sid": _ACCOUNT,
        "parent_call_sid": parent,
        "date_created": _rfc(begin),
        "date_updated": _rfc(begin if end is None else end),
        "start_time": _rfc(begin),
        "end_time": None if end is None else _rfc(end),
        "duration": None if end is None else str(end - begin),
        "from": parties[0],
        "to": parties[1],
        "direction": direction,
        "status": "in-progress" if end is None else "completed",
        "queue_time": "120" if direction != "inbound" else "0",
        "price": None,
        "price_unit": "USD",
    }


def _number_sid(contact: Contact, reference: Reference) -> str:
    """The centre's number that stands for both the client and the site."""
    words = reference.words["twilio"]
    of_site = words.all_native("site", contact.site)
    return next(
        name for name in words.all_native("client", contact.client) if name in of_site and name[:2] == "PN"
    )


def _taskrouter(
    contacts: list[Contact], events: list[AgentEvent], reference: Reference, sampler: Sampler, until: int
) -> Export:
    export = Export(
        "twilio",
        "taskrouter_events",
        name=lambda day, _: f"taskrouter-{day_text(day)}.jsonl",
        render=json_lines,
        last_day=(until - 1) // 86400,
    )
    # When each agent's telephone began to ring for each leg, the last time.
    rung: dict[str, dict[Agent, int]] = {}
    statuses: dict[Agent, str] = {}
    for event in events:
        if event.agent.platform != "twilio" or event.at >= until:
            continue
        for held in event.contacts:
            if held[2] == "CONNECTING":
                rung.setdefault(held[0], {})[event.agent] = held[3]
        if statuses.get(event.agent) != event.status:
            statuses[event.agent] = event.status
            data = {"worker_name": event.agent.native_id, "worker_activity_name": event.status}
            export.add(event.at, _event(sampler, "worker.activity.update", event.at, data))
    for contact in contacts:
        if contact.direction == "outbound":
            continue
        for leg in contact.legs:
            for at, kind, data in _task(contact, leg, rung.get(leg.native_id, {}), reference, sampler):
                export.add(at, _event(sampler, kind, at, data))
    export.spoil(sampler, [_bad_event], cut_off)
    return export


def _task(
    contact: Contact, leg: Leg, rung: dict[Agent, int], reference: Reference, sampler: Sampler
) -> list[tuple[int, str, dict[str, Any]]]:
    """The events of a leg's task in order: each queue that the call is passed to gets a task of its own."""
    queue = reference.words["twilio"].native("queue", leg.queue)
    task = {
        "task_sid": f"WT{leg.native_id.replace('-', '')}",
        "task_channel_unique_name": "voice",
        "task_queue_name": queue,
        "task_attributes": compact(_attributes(contact, leg, reference)),
    }
    found: list[tuple[int, str, dict[str, Any]]] = [
        (leg.queued_at, "task.created", task),
        (leg.queued_at, "task-queue.entered", task),
    ]

    def reserve(agent: Agent) -> dict[str, Any]:
        sid = f"WR{sampler.uuid().replace('-', '')}"
        return task | {"reservation_sid": sid, "worker_name": agent.native_id}

    missed = {miss.agent for miss in leg.misses}
    for miss in leg.misses:
        reservation = reserve(miss.agent)
        found.append((miss.at, "reservation.created", reservation))
        found.append((miss.at + miss.seconds, "reservation.timeout", reservation))
    for agent, at in rung.items():
        if agent is not leg.agent and agent not in missed and leg.ended_at is not None:
            # The caller hung up while the agent's telephone rang.
            reservation = reserve(agent)
            found += [
                (at, "reservation.created", reservation),
                (leg.ended_at, "reservation.canceled", reservation),
            ]
    if leg.agent is not None and leg.answered_at is not None:
        reservation = reserve(leg.agent)
        begun_at = rung.get(leg.agent, leg.answered_at)
        found.append((begun_at, "reservation.created", reservation))
        found.append((leg.answered_at, "reservation.accepted", reservation))
        if leg.ended_at is not None:
            found.append((leg.ended_at, "reservation.wrapup", reservation))
            if leg.acw is not None:
                found.append((leg.ended_at + leg.acw, "reservation.completed", reservation))
                found.append((leg.ended_at + leg.acw, "task.completed", task))
    elif leg.ended_at is not None:
        reason = {"abandoned": "hangup", "no_answer": "no answer"}.get(leg.exit, "redirected")
        found.append((leg.ended_at, "task.canceled", task | {"task_canceled_reason": reason}))
    return found


def _attributes(contact: Contact, leg: Leg, reference: Reference) -> dict[str, str]:
    words = reference.words["twilio"]
    attributes = {
        "call_sid": contact.native_id,
        "direction": "inbound",
        "client": words.native("client", contact.client),
        "site": words.native("site", contact.site),
        "language": contact.language,
    }
    optional = {
        "from": contact.customer_key,
        "contact_type": contact.type_word,
        "is_test": "true" if contact.is_test else None,
        "taskType": "callback" if leg.is_callback else None,
        "resolved": None if contact.resolved_flag is None else str(contact.resolved_flag).lower(),
        "sentiment": contact.sentiment,
    }
    return attributes | {key: value for key, value in optional.items() if value is not None}


def _event(sampler: Sampler, kind: str, at: int, data: dict[str, Any]) -> str:
    return compact(
        {
            "sid": f"EV{sampler.uuid().replace('-', '')}",
            "account_sid": _ACCOUNT,
            "event_type": kind,
            "event_date": iso(at),
            "event_date_ms": at * 1000,
            "event_data": data,
            "resource_type": kind.partition(".")[0],
        }
    )


def _rfc(at: int) -> str:
    return format_datetime(datetime.fromtimestamp(at, UTC))


def _garbage(number: int, at: int) -> dict[str, Any]:
    return _call(f"CA{number:032d}", None, ("+1", _CENTRE), "inbound", at - 60, at)


def _thirtieth_of_february(number: int, at: int) -> str:
    return compact(_garbage(number, at) | {"date_created": "Mon, 30 Feb 2026 10:00:00 +0000"})


def _negative_duration(number: int, at: int) -> str:
    return compact(_garbage(number, at) | {"duration": "-5"})


def _bad_event(number: int, at: int) -> str:
    return compact(
        {
            "sid": f"EV{number:032d}",
            "event_type": "task.created",
            "event_date": "2026-02-30T10:00:00Z",
            "event_data": {},
        }
    )
