"""Zendesk: pages of incremental exports: tickets, comments, Talk calls, their legs, satisfaction ratings."""

from collections.abc import Callable
from typing import Any

from vitals.simulate.entities import Agent, Contact, Ticket, TicketEvent
from vitals.simulate.feedback import Survey
from vitals.simulate.output import LATE_RATE, Export, compact, day_text, iso, iso_or_none, pages
from vitals.simulate.reference import Reference
from vitals.simulate.sampling import Sampler

_PAGE = 1000
CLOSE_AFTER_SECONDS = 28 * 86400
_NOISE_SHARES = {"merged": 0.012, "deleted": 0.008, "rule": 0.01}
# How long such a ticket lives.
_NOISE_SECONDS = 600
_LINE_NUMBER_ID = 360000777001
_SUBJECTS = ("Question", "Urgent!!", "Votre facture", "Re: your message", "Problème", "Help", "Въпрос")
_RULE_USER = 360_000_000_001


def _export(stream: str, key: str, until: int) -> Export:
    return Export(
        "zendesk",
        stream,
        name=lambda day, page: f"{stream}-{day_text(day)}-{page + 1:03d}.json",
        render=pages(key),
        last_day=(until - 1) // 86400,
        rows_per_file=_PAGE,
    )


class ZendeskExports:
    """Collects what the help desk knows of the contacts, and exports it.

    Args:
        contacts: the platform's contacts; their tickets hold all events, also those after `until`.
        ratings: the satisfaction surveys about them, answered or not.
        until: UTC second after which nothing is exported.
    """

    def __init__(
        self,
        contacts: list[Contact],
        ratings: list[Survey],
        reference: Reference,
        sampler: Sampler,
        until: int,
    ) -> None:
        self.reference = reference
        self.sampler = sampler
        self.until = until
        self.words = reference.words["zendesk"]
        self.tickets = _export("tickets", "tickets", until)
        self.comments = _export("ticket_comments", "comments", until)
        self.calls = _export("talk_calls", "calls", until)
        self.legs = _export("talk_call_legs", "legs", until)
        self.ratings = _export("satisfaction_ratings", "satisfaction_ratings", until)
        self._comment_id = 36_000_000_000
        self._leg_id = 36_500_000_000
        self._rated = {rating.contact: rating for rating in ratings if rating.contact is not None}
        self._noise_number = 9_000_000
        mails = [each for each in contacts if each.channel == "email" and each.outcome != "diverted"]
        if mails and mails[-1].ticket is not None:
            # Somebody tags a ticket as the export is drawn: the newest moment in it.
            mails[-1].ticket.touched_at = until
        for contact in contacts:
            if contact.channel == "voice":
                self._call(contact)
            self._ticket(contact)
            if contact.channel == "email" and contact.direction == "inbound" and not contact.is_test:
                self._noise(contact)

    def exports(self) -> list[Export]:
        """The five streams, imperfections included."""
        sampler = self.sampler
        february = "2026-02-30T10:00:00Z"
        self.tickets.spoil(
            sampler,
            [
                _bad(
                    9_900_000,
                    lambda at: {
                        "created_at": february,
                        "updated_at": iso(at),
                        "via": {"channel": "email"},
                        "status": "new",
                    },
                ),
                _bad(
                    9_950_000,
                    lambda at: {
                        "created_at": iso(at),
                        "updated_at": iso(at - 900),
                        "via": {"channel": "email"},
                        "status": "new",
                    },
                ),
            ],
            None,
        )
        self.comments.spoil(
            sampler,
            [
                _bad(
                    39_900_000_000,
                    lambda _: {
                        "ticket_id": 9_900_001,
                        "author_id": 1,
                        "public": True,
                        "created_at": february,
                    },
                )
            ],
            None,
        )
        self.calls.spoil(
            sampler,
            [
                _bad(
                    369_990_000_000,
                    lambda at: {"created_at": february, "updated_at": iso(at), "direction": "inbound"},
                ),
                _bad(
                    369_995_000_000,
                    lambda at: {
                        "created_at": iso(at),
                        "updated_at": iso(at),
                        "direction": "inbound",
                        "wait_time": -5,
                    },
                ),
            ],
            None,
        )
        self.legs.spoil(
            sampler,
            [
                _bad(
                    39_900_000_000,
                    lambda at: {
                        "call_id": 369_990_000_001,
                        "created_at": iso(at),
                        "type": "agent",
                        "talk_time": -3,
                    },
                )
            ],
            None,
        )
        self.ratings.spoil(
            sampler,
            [
                _bad(
                    39_900_000_000,
                    lambda _: {"created_at": february, "ticket_id": 9_900_001, "score": "good"},
                )
            ],
            None,
        )
        return [self.tickets, self.comments, self.calls, self.legs, self.ratings]

    def _ticket(self, contact: Contact) -> None:
        ticket = contact.ticket
        if ticket is None or not ticket.events:
            return
        events = sorted(
            (event for event in ticket.events if event.at <= self.until), key=lambda event: event.at
        )
        solved_at = next((event.at for event in reversed(events) if event.status == "solved"), None)
        if (
            solved_at is not None
            and contact.outcome != "diverted"
            and events[-1].status == "solved"
            and solved_at + CLOSE_AFTER_SECONDS <= self.until
        ):
            events.append(TicketEvent(solved_at + CLOSE_AFTER_SECONDS, "closed"))
        self._comments(contact, ticket, events)
        versions = [event for event in events if event.comment_by != "colleague"]
        if ticket.touched_at is not None:
            versions.append(TicketEvent(ticket.touched_at, versions[-1].status))
        # A day's export holds the state at the day's end; what came in between is never seen.
        by_day: dict[int, TicketEvent] = {}
        for event in versions:
            by_day[min(self.tickets.last_day, event.at // 86400)] = event
        agent: Agent | None = None
        last = max(by_day)
        for day, event in by_day.items():
            agent = next(
                (
                    each.agent
                    for each in events
                    if each.agent and each.comment_by != "colleague" and each.at <= event.at
                ),
                agent,
            )
            self.tickets.add(
                event.at, self._ticket_text(contact, ticket, event, agent), day, is_superseded=day != last
            )
        if contact in self._rated:
            self._rating(contact, ticket, self._rated[contact], agent)

    def _ticket_text(self, contact: Contact, ticket: Ticket, event: TicketEvent, agent: Agent | None) -> str:
        requester = contact.customer.requester_id if contact.customer else None
        is_ours = contact.direction == "outbound"
        body: dict[str, Any] = {
            "id": ticket.number,
            "created_at": iso(contact.arrived_at),
            "updated_at": iso(event.at),
            "via": {"channel": ticket.via},
            "status": event.status,
            "group_id": int(self.words.native("queue", contact.queue)) if contact.queue else None,
            "brand_id": int(self.words.native("client", contact.client)),
            "assignee_id": int(agent.native_id) if agent else None,
            "requester_id": requester,
            "submitter_id": int(contact.agent.native_id) if is_ours and contact.agent else requester,
            "subject": _SUBJECTS[ticket.number % len(_SUBJECTS)],
            "tags": [*ticket.tags, *(("vip",) if ticket.number % 17 == 0 else ())],
            "type": None,
            "priority": "urgent" if ticket.number % 23 == 0 else "normal",
            "custom_contact_type": contact.type_word,
            "is_public": True,
        }
        return compact(body)

    def _comments(self, contact: Contact, ticket: Ticket, events: list[TicketEvent]) -> None:
        requester = contact.customer.requester_id if contact.customer else None
        for event in events:
            if not event.comment_by:
                continue
            self._comment_id += 1
            author = (
                requester
                if event.comment_by == "requester"
                else int(event.agent.native_id)
                if event.agent
                else None
            )
            body = {
                "requester": "Please see below.",
                "agent": "Thank you for your message.",
                "colleague": "For info.",
            }[event.comment_by]
            text = {
                "id": self._comment_id,
                "ticket_id": ticket.number,
                "author_id": author,
                "public": event.is_public,
                "created_at": iso(event.at),
                "body": body,
            }
            self.comments.add(event.at, compact(text))

    def _noise(self, contact: Contact) -> None:
        """Tickets that look like contacts: merged, deleted, made by a rule. They leave no other trace."""
        if contact.arrived_at + 11 + _NOISE_SECONDS > self.until:
            return
        for kind, share in _NOISE_SHARES.items():
            # The first of each kind is certain.
            if not self.sampler.chance(share) and self._noise_number - 9_000_000 >= len(_NOISE_SHARES):
                continue
            self._noise_number += 1
            at = contact.arrived_at + 11
            text = {
                "id": self._noise_number,
                "created_at": iso(at),
                "updated_at": iso(at + _NOISE_SECONDS),
                "via": {"channel": "rule" if kind == "rule" else "email"},
                "status": {"merged": "closed", "deleted": "deleted", "rule": "new"}[kind],
                "group_id": int(self.words.native("queue", contact.queue or "")),
                "brand_id": int(self.words.native("client", contact.client)),
                "assignee_id": None,
                "requester_id": contact.customer.requester_id if contact.customer else None,
                "submitter_id": _RULE_USER
                if kind == "rule"
                else contact.customer.requester_id
                if contact.customer
                else None,
                "subject": "Copy",
                "tags": ["closed_by_merge"] if kind == "merged" else [],
                "type": None,
                "priority": "normal",
                "custom_contact_type": contact.type_word,
                "is_public": kind != "rule",
            }
            self.tickets.add(at + _NOISE_SECONDS, compact(text))

    def _rating(self, contact: Contact, ticket: Ticket, rating: Survey, agent: Agent | None) -> None:
        versions: list[tuple[int, str, str | None]] = [(rating.sent_at, "offered", None)]
        if rating.responded_at is not None:
            has_comment = self.sampler.chance(0.2)
            score = ("good" if rating.score else "bad") + ("withcomment" if has_comment else "")
            versions.append((rating.responded_at, score, "Merci" if has_comment else None))
        for index, (at, score, comment) in enumerate(versions):
            text = {
                "id": int(rating.response_id),
                "created_at": iso(rating.sent_at),
                "updated_at": iso(at),
                "assignee_id": int(agent.native_id) if agent else None,
                "group_id": int(self.words.native("queue", contact.queue or "")),
                "requester_id": contact.customer.requester_id if contact.customer else None,
                "ticket_id": ticket.number,
                "score": score,
                "comment": comment,
                "reason": None,
            }
            self.ratings.add(at, compact(text), is_superseded=index < len(versions) - 1)

    def _call(self, contact: Contact) -> None:
        first = contact.legs[0] if contact.legs else None
        held = [leg for leg in contact.legs if leg.answered_at is not None]
        is_callback = contact.outcome == "callback_requested"
        talk = sum(leg.talk or 0 for leg in held)
        hold = sum(leg.hold or 0 for leg in held)
        wrap = sum(leg.acw or 0 for leg in held)
        updated_at = contact.last_at + 20
        wait = first.wait if first else None
        reason = first.reason if first else ""
        body: dict[str, Any] = {
            "id": int(contact.native_id),
            "created_at": iso(contact.arrived_at),
            "updated_at": iso(updated_at),
            "direction": contact.direction,
            "completion_status": _completion(contact, bool(held)),
            "agent_id": int(held[0].agent.native_id) if held and held[0].agent else None,
            "customer_id": contact.customer.requester_id
            if contact.customer and contact.customer_key
            else None,
            "phone_number": contact.customer_key or "anonymous",
            "phone_number_id": _LINE_NUMBER_ID,
            "ticket_id": contact.ticket.number if contact.ticket else None,
            "group_id": int(self.words.native("queue", contact.queue)) if contact.queue else None,
            "wait_time": wait,
            "time_to_answer": contact.ivr + wait if wait is not None and held and not is_callback else None,
            "ivr_time_spent": contact.ivr,
            "talk_time": talk,
            "hold_time": hold,
            "wrap_up_time": wrap,
            "consultation_time": 0,
            "duration": max(0, (contact.ended_at or contact.arrived_at) - contact.arrived_at),
            "voicemail": reason in ("timeout", "outside_hours"),
            "callback": is_callback,
            "callback_source": "queue" if is_callback else None,
            "overflowed": False,
            "exceeded_queue_time": reason == "timeout",
            "outside_business_hours": reason == "outside_hours",
            "call_charge": f"{0.018 * (1 + talk // 60):.3f}",
            "line": "phone",
        }
        if held and wrap and self.sampler.chance(LATE_RATE):
            early = body | {"updated_at": iso(updated_at - wrap - 15), "wrap_up_time": None}
            self.calls.add(updated_at - wrap - 15, compact(early), is_superseded=True)
            later = min(self.until - 1, updated_at + self.sampler.between(3600, 40 * 3600))
            self.calls.add(later, compact(body | {"updated_at": iso(later)}))
        else:
            self.calls.add(updated_at, compact(body))
        self._call_legs(contact)

    def _call_legs(self, contact: Contact) -> None:
        call_id = int(contact.native_id)
        ended_at = contact.ended_at or contact.arrived_at
        if contact.customer and contact.customer_key:
            self._leg(
                call_id,
                contact.arrived_at,
                ended_at,
                "customer",
                "completed",
                user_id=contact.customer.requester_id,
            )
        previous: Agent | None = None
        for number, leg in enumerate(contact.legs):
            for miss in leg.misses:
                self._leg(call_id, miss.at, miss.at + miss.seconds, "agent", "agent_missed", agent=miss.agent)
            if leg.agent is None or leg.answered_at is None or leg.ended_at is None:
                continue
            following = (
                contact.legs[number + 1]
                if leg.exit == "transferred" and number + 1 < len(contact.legs)
                else None
            )
            taker = following.agent if following is not None and following.answered_at is not None else None
            self._leg(
                call_id,
                leg.answered_at,
                leg.wrapped_at or leg.ended_at,
                "agent",
                "completed",
                agent=leg.agent,
                talk=leg.talk or 0,
                hold=leg.hold or 0,
                wrap=leg.acw or 0,
                transferred_from=int(previous.native_id) if previous else None,
                transferred_to=int(taker.native_id) if taker else None,
            )
            previous = leg.agent
            if self.sampler.chance(0.015):
                self._leg(
                    call_id, leg.answered_at + 5, leg.ended_at, "supervisor", "completed", agent=leg.agent
                )

    def _leg(
        self,
        call_id: int,
        begin: int,
        end: int,
        kind: str,
        status: str,
        agent: Agent | None = None,
        user_id: int | None = None,
        talk: int = 0,
        hold: int = 0,
        wrap: int = 0,
        transferred_from: int | None = None,
        transferred_to: int | None = None,
    ) -> None:
        self._leg_id += 1
        number = int(agent.native_id) if agent else None
        text = {
            "id": self._leg_id,
            "call_id": call_id,
            "created_at": iso(begin),
            "updated_at": iso_or_none(end),
            "type": kind,
            "agent_id": number,
            "user_id": user_id or number,
            "duration": talk + hold if kind == "agent" and status == "completed" else max(0, end - begin),
            "talk_time": talk,
            "hold_time": hold,
            "wrap_up_time": wrap,
            "consultation_time": 0,
            "completion_status": status,
            "transferred_from": transferred_from,
            "transferred_to": transferred_to,
            "available_via": "browser" if kind != "customer" else None,
            "forwarded_to": None,
            "minutes_billed": (end - begin) // 60 + 1,
            "call_charge": "0.010",
        }
        self.legs.add(end, compact(text))


def _completion(contact: Contact, is_held: bool) -> str:
    if is_held:
        return "completed"
    if contact.outcome == "abandoned_before_queue":
        return "abandoned_in_ivr"
    if contact.outcome == "abandoned":
        return "abandoned_in_queue"
    if contact.outcome == "callback_requested":
        return "not_initiated"
    # Who is sent to voicemail speaks, or hangs up without a word: neither is an abandoned wait.
    return "pending_voicemail" if int(contact.native_id) % 3 else "abandoned_in_voicemail"


def _bad(base: int, fields: Callable[[int], dict[str, Any]]) -> Callable[[int, int], str]:
    def make(number: int, at: int) -> str:
        return compact({"id": base + number} | fields(at))

    return make
