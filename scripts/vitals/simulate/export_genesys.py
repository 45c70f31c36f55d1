"""Genesys Cloud: conversation details, one page of the API a day."""

from collections import defaultdict
from typing import Any

from vitals.simulate.entities import Contact, Leg
from vitals.simulate.output import LATE_RATE, Export, compact, cut_off, day_text, iso, json_lines, pages
from vitals.simulate.reference import Reference
from vitals.simulate.sampling import Sampler

_DIVISION = "1b6b98a6-3d70-47be-9406-61a5aa8cc570"
_CENTRE = "tel:+80000000"
_ANONYMOUS = "sip:anonymous@anonymous.invalid"
# Every third day comes as lines of conversations, the others as pages of the API.
_LINES = 2


def conversations(contacts: list[Contact], reference: Reference, sampler: Sampler, until: int) -> Export:
    """One conversation per contact. Late ones come first as if they went on, without their last wrap-up.

    Args:
        contacts: those of Genesys Cloud; monitoring becomes a session of what it listened to.
        until: UTC second at which the exports are drawn.
    """
    as_page = pages("conversations")
    export = Export(
        "genesys_cloud",
        "conversations",
        name=lambda day, _: f"conversations-{day_text(day)}.{'jsonl' if day % 3 == _LINES else 'json'}",
        render=lambda texts, day: json_lines(texts, day) if day % 3 == _LINES else as_page(texts, day),
        last_day=(until - 1) // 86400,
        has_lines=lambda day: day % 3 == _LINES,
    )
    listeners: dict[Contact, list[Contact]] = defaultdict(list)
    for contact in contacts:
        if contact.related is not None:
            listeners[contact.related].append(contact)
    for contact in contacts:
        if contact.related is not None:
            continue
        told = _Conversation(contact, listeners[contact], reference, sampler)
        whole = told.record()
        last = told.wrap_up_until
        if last is not None and contact.legs and contact.legs[-1].acw and sampler.chance(LATE_RATE):
            export.add(contact.last_at, compact(told.record(is_early=True)), is_superseded=True)
            export.add(min(until, last + sampler.between(3600, 48 * 3600)), compact(whole))
        else:
            export.add(contact.last_at, compact(whole))
    export.spoil(sampler, [_ends_before_start, _thirtieth_of_february, _negative_talk], cut_off)
    return export


class _Conversation:
    """A contact as a conversation: its participants, their sessions, segments and metrics."""

    def __init__(
        self, contact: Contact, listeners: list[Contact], reference: Reference, sampler: Sampler
    ) -> None:
        self.contact = contact
        self.listeners = listeners
        self.words = reference.words["genesys_cloud"]
        self.queues = {slug: self.words.native("queue", slug) for slug in reference.queues}
        self.sampler = sampler
        self.media = "chat" if contact.channel == "chat" else "voice"
        ends = [leg.wrapped_at for leg in contact.legs if leg.answered_at is not None]
        is_over = contact.ended_at is not None and None not in ends
        assert contact.ended_at is not None or not is_over
        self.wrap_up_until = (
            max([contact.ended_at or 0, *(end for end in ends if end is not None)]) if is_over else None
        )
        # Drawn once, so that both versions of a conversation tell of the same sessions.
        self._ids = [sampler.uuid() for _ in range(12 + 8 * len(contact.legs))]
        self.anonymous = contact.customer_key is None and sampler.chance(0.6)

    def record(self, is_early: bool = False) -> dict[str, Any]:
        """The conversation; early, it lacks the last wrap-up and its end."""
        contact = self.contact
        self.ids = iter(self._ids)
        found = {
            "conversationId": contact.native_id,
            "conversationStart": _at(contact.arrived_at),
            "originatingDirection": "outbound" if contact.direction == "outbound" else "inbound",
            "divisionIds": [_DIVISION],
        }
        if self.wrap_up_until is not None and not is_early:
            found["conversationEnd"] = _at(self.wrap_up_until)
        participants = [self._customer()]
        if contact.ivr:
            participants.append(self._menu())
        for number, leg in enumerate(contact.legs):
            is_last = number == len(contact.legs) - 1
            participants += self._leg(leg, has_wrap_up=not (is_early and is_last))
        participants += [self._listener(each) for each in self.listeners]
        return {**found, "participants": participants}

    def _session(self, media: str, direction: str, segments: list[Any], metrics: list[Any]) -> dict[str, Any]:
        number = f"tel:{self.contact.customer_key}" if self.contact.customer_key else None
        if number is None and self.anonymous:
            number = _ANONYMOUS
        ani, dnis = (_CENTRE, number) if direction == "outbound" else (number, _CENTRE)
        session = {
            "sessionId": next(self.ids),
            "mediaType": media,
            "direction": direction,
            "provider": "Edge",
            "segments": segments,
            "metrics": metrics,
        }
        if media == "chat":
            # A chat has no number: the widget gives the customer's.
            session |= {"addressFrom": number} if number and number != _ANONYMOUS else {}
        else:
            session |= {key: value for key, value in (("ani", ani), ("dnis", dnis)) if value}
        return session

    def _participant(self, purpose: str, sessions: list[Any], user: str = "") -> dict[str, Any]:
        named = {"userId": user} if user else {}
        return {"participantId": next(self.ids), "purpose": purpose, **named, "sessions": sessions}

    def _customer(self) -> dict[str, Any]:
        contact = self.contact
        held = next((leg for leg in contact.legs if leg.is_callback), None)
        ended_at = contact.ended_at if held is None else contact.legs[0].ended_at
        direction = "outbound" if contact.direction == "outbound" else "inbound"
        disconnect = "peer" if contact.outcome == "answered" else "client"
        segments = [_segment("interact", contact.arrived_at, ended_at, disconnectType=disconnect)]
        sessions = [
            self._session(self.media, direction, segments, [_metric("nConnected", 1, contact.arrived_at)])
        ]
        if held is not None:
            segments = [_segment("callback", held.queued_at, contact.ended_at, disconnectType="peer")]
            sessions.append(self._session("callback", "inbound", segments, []))
        customer = self._participant("customer", sessions)
        customer["participantName"] = "Customer"
        customer["attributes"] = self._attributes()
        return customer

    def _attributes(self) -> dict[str, str]:
        contact = self.contact
        attributes = {
            "client": self.words.native("client", contact.client),
            "site": self.words.native("site", contact.site),
            "language": contact.language,
        }
        if (code := self._type_code()) is not None:
            attributes["contact_type"] = code
        if contact.is_test:
            attributes["is_test"] = "true"
        if contact.outcome == "self_served":
            attributes["self_served"] = "true"
        if contact.resolved_flag is not None:
            attributes["resolved"] = "true" if contact.resolved_flag else "false"
        if contact.sentiment is not None:
            attributes["sentiment"] = contact.sentiment
        return attributes

    def _type_code(self) -> str | None:
        """The wrap-up code of the contact's type; a word that no map knows is a code that no map knows."""
        contact = self.contact
        if (
            contact.type_word is None
            or self.words.natives.get(("contact_type", contact.contact_type)) is None
        ):
            return contact.type_word
        return self.words.native("contact_type", contact.contact_type)

    def _menu(self) -> dict[str, Any]:
        contact = self.contact
        ended_at = contact.arrived_at + contact.ivr
        segments = [
            _segment("system", contact.arrived_at, contact.arrived_at),
            _segment(
                "ivr", contact.arrived_at, ended_at, disconnectType="transfer" if contact.legs else "peer"
            ),
        ]
        metrics = [_metric("tIvr", contact.ivr * 1000, ended_at), _metric("nFlow", 1, contact.arrived_at)]
        return self._participant("ivr", [self._session(self.media, "inbound", segments, metrics)])

    def _leg(self, leg: Leg, has_wrap_up: bool) -> list[dict[str, Any]]:
        participants = []
        is_queued = self.contact.direction != "outbound"
        queue = {"queueId": self.queues[leg.queue]} if is_queued else {}
        if is_queued:
            participants.append(self._visit(leg, queue))
        for miss in leg.misses:
            ended_at = miss.at + miss.seconds
            segments = [_segment("alert", miss.at, ended_at, disconnectType="system", **queue)]
            metrics = [
                _metric("tAlert", miss.seconds * 1000, ended_at),
                _metric("tNotResponding", miss.seconds * 1000, ended_at),
            ]
            session = self._session(self._media_of(leg), "inbound", segments, metrics)
            participants.append(self._participant("agent", [session], miss.agent.native_id))
        if leg.agent is not None and leg.answered_at is not None:
            participants.append(self._agent(leg, queue, has_wrap_up))
        elif leg.is_callback and leg.wait is not None and leg.exit == "no_answer":
            participants.append(self._unheld(leg, queue))
        return participants

    def _media_of(self, leg: Leg) -> str:
        return "callback" if leg.is_callback else self.media

    def _visit(self, leg: Leg, queue: dict[str, str]) -> dict[str, Any]:
        left_at = None if leg.wait is None else leg.queued_at + leg.wait
        reason = {"abandoned": "peer", "callback_requested": "system"}.get(leg.exit, "transfer")
        metrics = [_metric("nOffered", 1, leg.queued_at)]
        if left_at is not None and leg.wait is not None:
            waited = leg.wait * 1000
            metrics.append(_metric("tAcd", waited, left_at))
            if leg.exit == "abandoned":
                metrics.append(_metric("tAbandon", waited, left_at))
            elif leg.exit in ("diverted", "callback_requested"):
                metrics.append(_metric("tFlowOut", waited, left_at))
        segments = [_segment("interact", leg.queued_at, left_at, disconnectType=reason, **queue)]
        return self._participant("acd", [self._session(self._media_of(leg), "inbound", segments, metrics)])

    def _agent(self, leg: Leg, queue: dict[str, str], has_wrap_up: bool) -> dict[str, Any]:
        assert leg.agent is not None
        assert leg.answered_at is not None
        answered_at, ended_at = leg.answered_at, leg.ended_at
        rung_at = max(leg.queued_at, answered_at - 4)
        segments = [_segment("alert", rung_at, answered_at, **queue)]
        metrics = [_metric("tAlert", (answered_at - rung_at) * 1000, answered_at)]
        if self.contact.direction != "outbound":
            metrics.append(_metric("tAnswered", (answered_at - leg.queued_at) * 1000, answered_at))
        disconnect = "transfer" if leg.exit == "transferred" else "peer"
        if ended_at is None or leg.talk is None:
            segments.append(_segment("interact", answered_at, None, **queue))
        else:
            hold = leg.hold or 0
            # Talk comes in two portions around a hold, and once more as their sum.
            first = leg.talk // 2 if hold else leg.talk
            segments.append(_segment("interact", answered_at, answered_at + first, **queue))
            metrics.append(_metric("tTalk", first * 1000, answered_at + first))
            if hold:
                back_at = answered_at + first + hold
                segments.append(_segment("hold", answered_at + first, back_at, **queue))
                segments.append(_segment("interact", back_at, ended_at, **queue))
                metrics.append(_metric("tHeld", hold * 1000, back_at))
                metrics.append(_metric("tHeldComplete", hold * 1000, ended_at))
                metrics.append(_metric("tTalk", (leg.talk - first) * 1000, ended_at))
            segments[-1]["disconnectType"] = disconnect
            metrics.append(_metric("tTalkComplete", leg.talk * 1000, ended_at))
            if leg.exit == "transferred":
                metrics += [_metric("nTransferred", 1, ended_at), _metric("nBlindTransferred", 1, ended_at)]
            if leg.acw is not None and has_wrap_up:
                wrapped_at = ended_at + leg.acw
                code = self._type_code()
                wrap_up = _segment("wrapup", ended_at, wrapped_at, **queue)
                segments.append(
                    wrap_up | ({"wrapUpCode": code} if code else {"wrapUpCode": "ININ-WRAP-UP-TIMEOUT"})
                )
                metrics.append(_metric("tAcw", leg.acw * 1000, wrapped_at))
                metrics.append(_metric("tHandle", (leg.talk + hold + leg.acw) * 1000, wrapped_at))
        sessions = []
        direction = "outbound" if leg.is_callback or self.contact.direction == "outbound" else "inbound"
        if leg.is_callback:
            offered = [
                _segment("alert", rung_at, answered_at, **queue),
                _segment("interact", answered_at, ended_at),
            ]
            sessions.append(self._session("callback", "inbound", offered, []))
        sessions.append(self._session(self.media, direction, segments, metrics))
        return self._participant("agent", sessions, leg.agent.native_id)

    def _unheld(self, leg: Leg, queue: dict[str, str]) -> dict[str, Any]:
        """A call-back that was dialled, and nobody picked up."""
        begun_at = leg.queued_at + (leg.wait or 0)
        offered = [_segment("interact", begun_at, leg.ended_at, disconnectType="client", **queue)]
        dialled = [_segment("dialing", begun_at, leg.ended_at, disconnectType="timeout", **queue)]
        sessions = [
            self._session("callback", "inbound", offered, []),
            self._session("voice", "outbound", dialled, []),
        ]
        return self._participant("agent", sessions, "00000000-0000-4000-8000-000000000000")

    def _listener(self, listening: Contact) -> dict[str, Any]:
        assert listening.agent is not None
        segments = [_segment("interact", listening.arrived_at, listening.ended_at, disconnectType="client")]
        metrics = [
            _metric(
                "tMonitoring", 1000 * ((listening.ended_at or 0) - listening.arrived_at), listening.arrived_at
            )
        ]
        session = self._session(self.media, "inbound", segments, metrics)
        session["monitoredParticipantId"] = self._ids[0]
        return self._participant("user", [session], listening.agent.native_id)


def _at(at: int) -> str:
    return f"{iso(at)[:-1]}.000Z"


def _segment(kind: str, begin: int, end: int | None, **more: str) -> dict[str, Any]:
    """A segment; what its end brings (why it ended) is not there while it goes on."""
    if end is None:
        more.pop("disconnectType", None)
        return {"segmentStart": _at(begin), **more, "segmentType": kind, "conference": False}
    return {
        "segmentStart": _at(begin),
        "segmentEnd": _at(end),
        **more,
        "segmentType": kind,
        "conference": False,
    }


def _metric(name: str, value: int, at: int) -> dict[str, Any]:
    return {"name": name, "value": value, "emitDate": _at(at)}


def _garbage(number: int, at: int) -> dict[str, Any]:
    return {
        "conversationId": f"00000000-0000-4000-a000-{number:012d}",
        "conversationStart": _at(at - 60),
        "conversationEnd": _at(at),
        "originatingDirection": "inbound",
        "participants": [],
    }


def _ends_before_start(number: int, at: int) -> str:
    return compact(_garbage(number, at) | {"conversationEnd": _at(at - 3600)})


def _thirtieth_of_february(number: int, at: int) -> str:
    segment = {"segmentStart": "2026-02-30T10:00:00.000Z", "segmentType": "interact"}
    sessions = [{"sessionId": "s", "mediaType": "voice", "segments": [segment], "metrics": []}]
    participants = [{"participantId": "p", "purpose": "customer", "sessions": sessions}]
    return compact(_garbage(number, at) | {"participants": participants})


def _negative_talk(number: int, at: int) -> str:
    sessions = [
        {"sessionId": "s", "mediaType": "voice", "segments": [], "metrics": [_metric("tTalk", -5, at)]}
    ]
    participants = [{"participantId": "p", "purpose": "agent", "sessions": sessions}]
    return compact(_garbage(number, at) | {"participants": participants})
