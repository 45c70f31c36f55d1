"""Asterisk: the queue log and the call detail records, one file of each a UTC day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from vitals.simulate.entities import AgentEvent, Contact, Leg
from vitals.simulate.output import Export, day_text
from vitals.simulate.reference import Reference
from vitals.simulate.sampling import Sampler

# Share of answered first legs whose CONNECT is dated a second before its ENTERQUEUE.
JITTER_SHARE = 0.004
_DID_SHARE = 0.2
_TRANSFER_CONTEXT = "internal-queues"
_OUTSIDE = "0033140000000"
# The exchange's own clock, which the call detail records show.
_ZONE = ZoneInfo("Europe/Sofia")


def queue_log(
    contacts: list[Contact], events: list[AgentEvent], reference: Reference, sampler: Sampler, until: int
) -> Export:
    """The queue log: calls that met a queue, and what members and the exchange itself did."""
    contacts = [each for each in contacts if each.legs and each.direction == "inbound"]
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
                    _OUTSIDE,
                    "outgoing",
                    leg.wait,
                    leg.talk,
                    position,
                )
            elif leg.is_external or sampler.chance(0.7):
                extension = _OUTSIDE if leg.is_external else "7001"
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


def call_records(contacts: list[Contact], reference: Reference, sampler: Sampler, until: int) -> Export:
    """The call detail records of calls that are over: Master.csv as cdr_csv writes it, with all columns."""
    export = Export(
        "asterisk",
        "cdr",
        name=lambda day, _: f"Master.csv-{day_text(day).replace('-', '')}",
        render=lambda texts, _: "".join(f"{text}\n" for text in texts),
        last_day=(until - 1) // 86400,
    )
    sequence = 0
    for contact in contacts:
        if contact.ended_at is None:
            continue
        for record in _records(contact, reference, sampler):
            sequence += 1
            export.add(record.ended_at, record.line(contact, _account(contact, reference), sequence))
    export.spoil(
        sampler,
        # Without loguniqueid the line would end before its number; without a second in it, it says no time.
        [
            lambda number, at: _quoted(
                [*_NOBODY, _clock(at), "", _clock(at), 0, 0, "NO ANSWER", "D", f"x-{number}"]
            )
        ],
        lambda text: f"{text},x,x",
    )
    return export


_NOBODY = ("", "anonymous", "s", "from-trunk", "", "PJSIP/trunk-00000001", "", "Playback", "sorry")


@dataclass(frozen=True, slots=True)
class _Record:
    """A call detail record: its ends, the channels and what the dial plan did."""

    started_at: int
    ended_at: int
    answered_at: int | None
    dst: str
    context: str
    channel: str
    called: str
    application: str
    data: str
    word: str = ""

    def line(self, contact: Contact, account: str, sequence: int) -> str:
        """Its line; all records of a call have the call's number."""
        is_outbound = contact.direction == "outbound"
        src = "2001" if is_outbound else contact.customer_key or "anonymous"
        return _quoted(
            (
                account,
                src,
                self.dst,
                self.context,
                f'"Caller" <{src}>',
                self.channel,
                self.called,
                self.application,
                self.data,
                _clock(self.started_at),
                "" if self.answered_at is None else _clock(self.answered_at),
                _clock(self.ended_at),
                self.ended_at - self.started_at,
                0 if self.answered_at is None else self.ended_at - self.answered_at,
                "NO ANSWER" if self.answered_at is None else "ANSWERED",
                "DOCUMENTATION",
                contact.native_id,
                self.word,
                "",
                contact.native_id,
                sequence,
            )
        )


def _quoted(values: Sequence[object]) -> str:
    """A line as cdr_csv writes it: texts in quotes, numbers bare."""
    return ",".join(
        '"' + each.replace('"', '""') + '"' if isinstance(each, str) else str(each) for each in values
    )


def _records(contact: Contact, reference: Reference, sampler: Sampler) -> list[_Record]:
    trunk = f"PJSIP/trunk-{sampler.between(0, 0xFFFFFF):08x}"
    begun_at, ended_at = contact.arrived_at, contact.ended_at or contact.arrived_at
    if contact.direction == "outbound":
        (leg,) = contact.legs
        own, dst = f"{_member_name(leg)}-0000002a", contact.customer_key or "112"
        dial = ("from-internal", own, trunk, "Dial", f"PJSIP/{dst}@trunk")
        return [_Record(begun_at, leg.ended_at or ended_at, leg.answered_at, dst, *dial)]
    if not contact.legs:
        word = "self_served" if contact.outcome == "self_served" else ""
        return [_Record(begun_at, ended_at, begun_at, "s", "from-trunk", trunk, "", "Playback", "menu", word)]
    found = []
    for leg in contact.legs:
        queue = f"{reference.words['asterisk'].native('queue', leg.queue)},t,,,60"

        def queued(start: int, end: int, answer: int | None, called: str, queue: str = queue) -> _Record:
            return _Record(start, end, answer, "7001", "ext-queues", trunk, called, "Queue", queue)

        for miss in leg.misses:
            missed = f"{_interface(miss.agent.native_id)}-0000002b"
            found.append(queued(miss.at, miss.at + miss.seconds, None, missed))
        member = f"{_member_name(leg)}-0000002c" if leg.answered_at is not None else ""
        leg_ended_at = leg.ended_at or ended_at
        found.append(queued(begun_at, leg_ended_at, leg.answered_at, member))
        begun_at = leg_ended_at
        if leg.is_external:
            dial = ("from-internal", trunk, "PJSIP/trunk-00ffffff", "Dial", _OUTSIDE)
            found.append(_Record(begun_at, begun_at + 60, begun_at + 5, _OUTSIDE, *dial))
    return found


def _account(contact: Contact, reference: Reference) -> str:
    """The account code that stands for both the client and the site."""
    words = reference.words["asterisk"]
    of_site = words.all_native("site", contact.site)
    return next(name for name in words.all_native("client", contact.client) if name in of_site)


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at, _ZONE).strftime("%Y-%m-%d %H:%M:%S")
