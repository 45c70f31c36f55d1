"""Asterisk: the queue log, one file a UTC day, fields separated by bars."""

from vitals.simulate.entities import AgentEvent, Contact, Leg
from vitals.simulate.output import Export, day_text
from vitals.simulate.reference import Reference
from vitals.simulate.sampling import Sampler

# Share of answered first legs whose CONNECT is dated a second before its ENTERQUEUE.
JITTER_SHARE = 0.004
_DID_SHARE = 0.2
_TRANSFER_CONTEXT = "internal-queues"


def queue_log(
    contacts: list[Contact], events: list[AgentEvent], reference: Reference, sampler: Sampler, until: int
) -> Export:
    """The queue log: calls, and what members and the exchange itself did."""
    export = Export(
        "asterisk",
        "queue_log",
        name=lambda day, _: f"queue_log-{day_text(day).replace('-', '')}",
        render=lambda texts, _: "".join(f"{text}\n" for text in texts),
        last_day=(until - 1) // 86400,
    )
    names = {slug: reference.words["asterisk"].native("queue", slug) for slug in reference.queues}
    days = sorted({contact.arrived_at // 86400 for contact in contacts})
    for day in days:
        export.add(day * 86400, f"{day * 86400}|NONE|NONE|NONE|QUEUESTART|")
    if days:
        export.add(days[0] * 86400 + 3600, f"{days[0] * 86400 + 3600}|NONE|NONE|NONE|CONFIGRELOAD|")
    jitters = 0
    for contact in contacts:
        first = contact.legs[0]
        wants_jitter = (
            len(contact.legs) == 1
            and first.answered_at is not None
            and (sampler.chance(JITTER_SHARE) or jitters == 0)
        )
        # Only a call that was answered at once can seem answered before it came.
        is_jittered = wants_jitter and first.wait is not None and first.wait <= 1 and not first.misses
        jitters += is_jittered
        for at, text in _call(contact, names, sampler, is_jittered):
            export.add(at, text)
    for event in events:
        if event.agent.platform == "asterisk":
            for text in _member(event, names):
                export.add(event.at, text)
    export.spoil(sampler, [_bad_epoch], lambda text: f"{text}|x|x|x|x|x|x|x|x")
    return export


def _member_name(leg: Leg) -> str:
    assert leg.agent is not None
    return _interface(leg.agent.native_id)


def _interface(native_id: str) -> str:
    return f"Agent/{native_id}" if native_id.isdigit() else f"PJSIP/{native_id}"


def _call(
    contact: Contact, names: dict[str, str], sampler: Sampler, is_jittered: bool
) -> list[tuple[int, str]]:
    call = contact.native_id
    rows: list[tuple[int, str]] = []

    def log(at: int, queue: str, agent: str, event: str, *data: object) -> None:
        rows.append((at, "|".join([str(at), call, queue, agent, event, *map(str, data)])))

    if sampler.chance(_DID_SHARE):
        log(contact.arrived_at, "NONE", "NONE", "DID", "+35924000100")
    for number, leg in enumerate(contact.legs):
        queue = names[leg.queue]
        position = leg.position
        if leg.reason in ("CLOSED", "FULL", "JOINEMPTY"):
            log(leg.queued_at, queue, "NONE", leg.reason)
            continue
        caller = contact.customer_key or sampler.pick(("anonymous", "", "unknown"))
        log(leg.queued_at, queue, "NONE", "ENTERQUEUE", "", caller, position)
        for miss in leg.misses:
            log(
                miss.at + miss.seconds,
                queue,
                _interface(miss.agent.native_id),
                "RINGNOANSWER",
                miss.seconds * 1000,
            )
        if leg.answered_at is not None:
            member = _member_name(leg)
            connected_at = leg.queued_at - 1 if is_jittered else leg.answered_at
            ring = min(leg.wait or 0, 4)
            log(connected_at, queue, member, "CONNECT", leg.wait, f"{call}{number}", ring)
            if leg.ended_at is None:
                continue
            if leg.exit == "completed":
                ending = "COMPLETECALLER" if sampler.chance(0.7) else "COMPLETEAGENT"
                log(leg.ended_at, queue, member, ending, leg.wait, leg.talk, position)
            elif leg.is_external and sampler.chance(0.3):
                log(
                    leg.ended_at,
                    queue,
                    member,
                    "TRANSFER",
                    "0033140000000",
                    "outgoing",
                    leg.wait,
                    leg.talk,
                    position,
                )
            elif leg.is_external or sampler.chance(0.7):
                extension = "0033140000000" if leg.is_external else "7001"
                log(
                    leg.ended_at,
                    queue,
                    member,
                    "BLINDTRANSFER",
                    extension,
                    _TRANSFER_CONTEXT,
                    leg.wait,
                    leg.talk,
                    position,
                )
            else:
                log(
                    leg.ended_at,
                    queue,
                    member,
                    "ATTENDEDTRANSFER",
                    "BRIDGE",
                    f"b{call}",
                    leg.wait,
                    leg.talk,
                    position,
                )
            if leg.wrapped_at is not None and leg.wrapped_at > leg.ended_at:
                log(leg.ended_at, queue, member, "WRAPUPSTART")
        elif leg.ended_at is not None:
            if leg.exit == "abandoned":
                log(leg.ended_at, queue, "NONE", "ABANDON", 1, position, leg.wait)
            elif leg.reason == "timeout":
                log(leg.ended_at, queue, "NONE", "EXITWITHTIMEOUT", 1, position, leg.wait)
            elif leg.reason == "key":
                log(leg.ended_at, queue, "NONE", "EXITWITHKEY", 1, 1, position, leg.wait)
            else:
                log(leg.ended_at, queue, "NONE", "EXITEMPTY", 1, position, leg.wait)
    return rows


def _member(event: AgentEvent, names: dict[str, str]) -> list[str]:
    interface = _interface(event.agent.native_id)
    at = event.at
    queues = [names[queue] for queue in event.agent.skills]
    if event.kind == "LOGIN":
        added = [f"{at}|NONE|{queue}|{interface}|ADDMEMBER|" for queue in queues]
        return [f"{at}|NONE|NONE|{interface}|AGENTLOGIN|SIP/{event.agent.native_id}-0001", *added]
    if event.kind == "LOGOUT":
        removed = [f"{at}|NONE|{queue}|{interface}|REMOVEMEMBER|" for queue in queues]
        return [
            *removed,
            f"{at}|NONE|NONE|{interface}|AGENTLOGOFF|SIP/{event.agent.native_id}-0001|{at - event.since}",
        ]
    if event.status == "Available":
        return [f"{at}|NONE|NONE|{interface}|UNPAUSEALL|"]
    return [f"{at}|NONE|NONE|{interface}|PAUSEALL|{event.status}"]


def _bad_epoch(number: int, at: int) -> str:
    return f"17x{at}|bad-{number}.1|cards|NONE|ENTERQUEUE||+35980000000|1"
