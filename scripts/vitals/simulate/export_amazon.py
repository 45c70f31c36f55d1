"""Amazon Connect: contact records (one file a day: lines, concatenated, or gzipped) and agent events."""

from typing import Any

from vitals.simulate.entities import Agent, AgentEvent, Contact, Leg
from vitals.simulate.output import LATE_RATE, Export, compact, cut_off, day_text, iso, json_lines
from vitals.simulate.reference import Reference
from vitals.simulate.sampling import Sampler

_ACCOUNT = "123456789012"
_INSTANCE = "arn:aws:connect:eu-central-1:123456789012:instance/5f1c0d6e-1a2b-4c3d-8e9f-aa0011223344"
_SYSTEM_NUMBERS = {"aurora_energy": "+33800100200", "meridian_travel": "+18005550100"}
_HEART_BEAT_SECONDS = 900
_HEART_BEATS_AFTER_LOGOUT = 3
# Every fourth day's file is concatenated without line ends, every fourth is gzipped.
_CONCATENATED, _GZIPPED = 2, 3
_STATUS_TYPES = {"Available": "ROUTABLE", "Offline": "OFFLINE"}


def contact_records(contacts: list[Contact], reference: Reference, sampler: Sampler, until: int) -> Export:
    """Contact records, one per leg. The last late one is updated at `until`, the newest moment of all."""
    export = Export(
        "amazon_connect",
        "contact_records",
        name=lambda day, _: f"{day_text(day)}{_suffix(day)}",
        render=lambda texts, day: "".join(texts) if day % 4 == _CONCATENATED else json_lines(texts, day),
        last_day=(until - 1) // 86400,
        has_lines=lambda day: day % 4 != _CONCATENATED,
    )
    late: list[tuple[int, dict[str, Any]]] = []
    for contact in contacts:
        for record, updated_at, has_acw in _records(contact, reference, sampler):
            if has_acw and sampler.chance(LATE_RATE):
                late.append((updated_at, record))
                continue
            export.add(updated_at, compact(record | {"LastUpdateTimestamp": iso(updated_at)}))
    for number, (updated_at, record) in enumerate(late, 1):
        agent = {
            key: value for key, value in record["Agent"].items() if not key.startswith("AfterContactWork")
        }
        ended_at = updated_at - record["Agent"]["AfterContactWorkDuration"] - 1
        export.add(
            ended_at,
            compact(record | {"Agent": agent, "LastUpdateTimestamp": iso(ended_at)}),
            is_superseded=True,
        )
        final = (
            until if number == len(late) else min(until - 1, updated_at + sampler.between(3600, 48 * 3600))
        )
        export.add(final, compact(record | {"LastUpdateTimestamp": iso(final)}))
    export.spoil(sampler, [_thirtieth_of_february, _ends_before_start, _negative_talk], cut_off)
    return export


def _suffix(day: int) -> str:
    return {_CONCATENATED: ".json", _GZIPPED: ".jsonl.gz"}.get(day % 4, ".jsonl")


def _records(
    contact: Contact, reference: Reference, sampler: Sampler
) -> list[tuple[dict[str, Any], int, bool]]:
    words = reference.words["amazon_connect"]
    attributes = {
        "client": words.native("client", contact.client),
        "site": words.native("site", contact.site),
    }
    if contact.type_word is not None:
        attributes["contact_type"] = contact.type_word
    attributes["language"] = contact.language
    if contact.is_test:
        attributes["is_test"] = "true"
    if contact.outcome == "self_served":
        attributes["self_served"] = "true"
    if contact.resolved_flag is not None:
        attributes["resolved"] = "true" if contact.resolved_flag else "false"
    if contact.sentiment is not None:
        attributes["sentiment"] = contact.sentiment
    base: dict[str, Any] = {
        "AWSAccountId": _ACCOUNT,
        "InstanceARN": _INSTANCE,
        "Channel": words.native("channel", contact.channel),
    }
    endpoint = {"Address": contact.customer_key, "Type": "TELEPHONE_NUMBER"} if contact.customer_key else None
    if endpoint is None and contact.method != "MONITOR" and sampler.chance(0.6):
        endpoint = {"Address": "anonymous", "Type": "TELEPHONE_NUMBER"}
    first_method = contact.method or ("API" if contact.channel == "chat" else "INBOUND")
    if not contact.legs:
        ended_at = contact.ended_at or contact.arrived_at
        record = base | {
            "ContactId": contact.native_id,
            "InitiationMethod": first_method,
            "InitiationTimestamp": iso(contact.arrived_at),
            "ConnectedToSystemTimestamp": iso(contact.arrived_at),
            "DisconnectTimestamp": iso(ended_at),
            "DisconnectReason": "CUSTOMER_DISCONNECT",
            "Attributes": attributes,
        }
        if contact.related is not None and contact.agent is not None:
            record["RelatedContactId"] = contact.related.native_id
            record["Agent"] = {
                "ARN": _agent_arn(contact.agent),
                "Username": contact.agent.native_id,
                "ConnectedToAgentTimestamp": iso(contact.arrived_at),
                "AgentInteractionDuration": ended_at - contact.arrived_at,
            }
        else:
            record["SystemEndpoint"] = {
                "Address": _SYSTEM_NUMBERS.get(contact.client, "+80000000"),
                "Type": "TELEPHONE_NUMBER",
            }
        if endpoint:
            record["CustomerEndpoint"] = endpoint
        return [(record, ended_at + 2, False)]
    found = []
    for number, leg in enumerate(contact.legs):
        following = contact.legs[number + 1] if number + 1 < len(contact.legs) else None
        started_at = leg.queued_at if number else contact.arrived_at
        assert leg.ended_at is not None
        own = dict(attributes)
        if leg.exit == "callback_requested":
            own["callback_requested"] = "true"
        if leg.exit == "diverted":
            own["diverted_to"] = "voicemail"
        record = base | {
            "ContactId": leg.native_id,
            "InitiationMethod": first_method if not number else "CALLBACK" if leg.is_callback else "TRANSFER",
            "InitiationTimestamp": iso(started_at),
            "ConnectedToSystemTimestamp": iso(started_at),
            "DisconnectTimestamp": iso(leg.ended_at),
            "DisconnectReason": "CONTACT_FLOW_DISCONNECT"
            if leg.exit in ("diverted", "callback_requested")
            else "CUSTOMER_DISCONNECT",
            "SystemEndpoint": {
                "Address": _SYSTEM_NUMBERS.get(contact.client, "+80000000"),
                "Type": "TELEPHONE_NUMBER",
            },
            "Attributes": own,
        }
        if endpoint:
            record["CustomerEndpoint"] = endpoint
        if number:
            record["InitialContactId"] = contact.native_id
            record["PreviousContactId"] = contact.legs[number - 1].native_id
        if next_id := following.native_id if following is not None else contact.next_native_id:
            record["NextContactId"] = next_id
        if leg.exit == "transferred":
            record["TransferCompletedTimestamp"] = iso(leg.ended_at)
        if contact.direction == "inbound":
            dequeued_at = leg.queued_at + (leg.wait or 0)
            record["Queue"] = {
                "ARN": f"{_INSTANCE}/queue/{leg.queue}",
                "Name": words.native("queue", leg.queue),
                "EnqueueTimestamp": iso(leg.queued_at),
                "DequeueTimestamp": iso(dequeued_at),
                "Duration": dequeued_at - leg.queued_at,
            }
        updated_at = leg.ended_at + 2
        if leg.agent is not None and leg.answered_at is not None:
            record["Agent"] = _agent(leg, leg.agent, leg.answered_at, leg.ended_at)
            updated_at = leg.ended_at + (leg.acw or 0) + 1
        found.append((record, updated_at, leg.agent is not None and bool(leg.acw)))
    return found


def _agent(leg: Leg, agent: Agent, answered_at: int, ended_at: int) -> dict[str, Any]:
    hold = leg.hold or 0
    after_work = {} if leg.acw is None else _after_work(ended_at, leg.acw)
    return {
        "ARN": _agent_arn(agent),
        "Username": agent.native_id,
        "ConnectedToAgentTimestamp": iso(answered_at),
        "AgentInteractionDuration": leg.talk,
        "CustomerHoldDuration": hold,
        "LongestHoldDuration": hold if leg.holds < 2 else hold - hold // 3,
        "NumberOfHolds": leg.holds,
        **after_work,
        "RoutingProfile": {"Name": agent.team},
    }


def _after_work(ended_at: int, seconds: int) -> dict[str, Any]:
    return {
        "AfterContactWorkDuration": seconds,
        "AfterContactWorkStartTimestamp": iso(ended_at),
        "AfterContactWorkEndTimestamp": iso(ended_at + seconds),
    }


def _agent_arn(agent: Agent) -> str:
    return f"{_INSTANCE}/agent/{agent.native_id}"


def _garbage(number: int, at: int) -> dict[str, Any]:
    return {
        "ContactId": f"00000000-0000-4000-a000-{number:012d}",
        "Channel": "VOICE",
        "InitiationMethod": "INBOUND",
        "InitiationTimestamp": iso(at - 60),
        "DisconnectTimestamp": iso(at - 30),
        "LastUpdateTimestamp": iso(at),
        "Attributes": {"client": "AUR", "site": "LYS"},
    }


def _thirtieth_of_february(number: int, at: int) -> str:
    return compact(_garbage(number, at) | {"InitiationTimestamp": "2026-02-30T10:00:00Z"})


def _ends_before_start(number: int, at: int) -> str:
    return compact(_garbage(number, at) | {"DisconnectTimestamp": iso(at - 3600)})


def _negative_talk(number: int, at: int) -> str:
    agent = {"Username": "nobody", "ConnectedToAgentTimestamp": iso(at - 50), "AgentInteractionDuration": -5}
    return compact(_garbage(number, at) | {"Agent": agent})


def agent_events(events: list[AgentEvent], reference: Reference, sampler: Sampler, until: int) -> Export:
    """Events with the snapshots before and after; heart-beats in quiet times, and a while after log-off."""
    export = Export(
        "amazon_connect",
        "agent_events",
        name=lambda day, _: f"agent-events-{day_text(day)}.jsonl.gz",
        render=json_lines,
        last_day=(until - 1) // 86400,
    )
    # Times are whole seconds; of one second's events of an agent the ids ascend, so that their order is told.
    snapshots: dict[Agent, tuple[int, str, str, str]] = {}
    queue_names = {slug: reference.words["amazon_connect"].native("queue", slug) for slug in reference.queues}
    for event in events:
        agent = event.agent
        if agent.platform != "amazon_connect":
            continue
        previous = snapshots.get(agent)
        event_id = sampler.uuid()
        if previous is None:
            before = _snapshot(AgentEvent(event.at, agent, "", "Offline", event.at - 3600), queue_names)
        else:
            at, last_id, before, status = previous
            if at == event.at:
                event_id = _following(last_id)
            _heart_beats(export, agent, at, event.at, status, before, sampler)
        after = _snapshot(event, queue_names)
        export.add(event.at, _event(agent, event.at, event.kind, after, before, event_id))
        snapshots[agent] = (event.at, event_id, after, event.status)
    for agent, (at, _, snapshot, status) in snapshots.items():
        _heart_beats(export, agent, at, until, status, snapshot, sampler)
    export.spoil(sampler, [_bad_event], cut_off)
    return export


def _heart_beats(
    export: Export, agent: Agent, begin: int, end: int, status: str, snapshot: str, sampler: Sampler
) -> None:
    last = (
        min(end, begin + _HEART_BEATS_AFTER_LOGOUT * _HEART_BEAT_SECONDS + 1) if status == "Offline" else end
    )
    for at in range(begin + _HEART_BEAT_SECONDS, last, _HEART_BEAT_SECONDS):
        export.add(at, _event(agent, at, "HEART_BEAT", snapshot, snapshot, sampler.uuid()))


def _following(event_id: str) -> str:
    """The id that sorts next."""
    digits = f"{int(event_id.replace('-', ''), 16) + 1:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _event(agent: Agent, at: int, kind: str, after: str, before: str, event_id: str) -> str:
    return (
        f'{{"AWSAccountId":"{_ACCOUNT}","AgentARN":"{_agent_arn(agent)}","CurrentAgentSnapshot":{after},"EventId":"{event_id}",'
        f'"EventTimestamp":"{_millis(at)}","EventType":"{kind}","InstanceARN":"{_INSTANCE}",'
        f'"PreviousAgentSnapshot":{before},"Version":"2017-10-01"}}'
    )


def _millis(at: int) -> str:
    return f"{iso(at)[:-1]}.000Z"


def _snapshot(event: AgentEvent, queue_names: dict[str, str]) -> str:
    agent = event.agent
    contacts = ",".join(
        f'{{"ContactId":"{contact_id}","InitialContactId":null,"Channel":"{channel.upper()}","InitiationMethod":"INBOUND",'
        f'"State":"{state}","StateStartTimestamp":"{_millis(since)}","QueueTimestamp":"{_millis(queued_at)}",'
        f'"ConnectedToAgentTimestamp":{_quoted(answered_at)},"Queue":{{"Name":"{queue_names[queue]}"}}}}'
        for contact_id, channel, state, since, queued_at, answered_at, queue, _ in event.contacts
    )
    return (
        f'{{"AgentStatus":{{"ARN":"{_INSTANCE}/agent-state/{event.status.lower()}","Name":"{event.status}",'
        f'"StartTimestamp":"{_millis(event.since)}","Type":"{_STATUS_TYPES.get(event.status, "CUSTOM")}"}},'
        f'"Configuration":{{"Username":"{agent.native_id}","FirstName":"{agent.first_name}","LastName":"{agent.last_name}",'
        f'"RoutingProfile":{{"Name":"{agent.team}"}},"AgentHierarchyGroups":null}},"Contacts":[{contacts}]}}'
    )


def _quoted(at: int | None) -> str:
    return "null" if at is None else f'"{_millis(at)}"'


def _bad_event(number: int, at: int) -> str:
    return compact(
        {
            "AWSAccountId": _ACCOUNT,
            "EventId": f"00000000-0000-4000-b000-{number:012d}",
            "EventTimestamp": "2026-02-30T25:00:00.000Z",
            "EventType": "HEART_BEAT",
            "AgentARN": f"{_INSTANCE}/agent/nobody",
        }
    )
