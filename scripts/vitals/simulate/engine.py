"""The discrete-event centre: simpy keeps the clock, the routing on top (desks) is ours.

Every contact is one process. While it waits it waits for one event, which an agent's pick-up, the customer's
patience, a time-out or a call-back request triggers, whichever comes first.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import simpy

from vitals.simulate.arrivals import Arrival
from vitals.simulate.desks import Desk, Floor, LaneState, Steps, Waiting
from vitals.simulate.entities import Agent, Contact, Leg, TicketEvent
from vitals.simulate.intake import Intake
from vitals.simulate.known import known_at
from vitals.simulate.matters import live_on, outcome_of, settle
from vitals.simulate.reference import UNCLASSIFIED, UNMAPPED, Reference
from vitals.simulate.sampling import Choice, Sampler
from vitals.simulate.world import (
    CALLBACK_ASKED_AFTER_SECONDS,
    CALLBACK_GIVEN_UP_SECONDS,
    CALLBACK_HELD_SHARE,
    EXTERNAL_SHARE_OF_TRANSFERS,
    RETURN_DELAY_SECONDS,
    RETURN_SHARE_ABANDONED,
    RETURN_SHARE_UNRESOLVED,
    SAME_LANE_SHARE,
    TRANSFER_PATIENCE_SECONDS,
    Lane,
)

Progress: TypeAlias = Callable[[str, int, int], None]

_DAY = 86400
# Calls that the exchange lost sight of: no end in the log. Every so many calls, from the first place on.
_LOST_EVERY, _LOST_FROM = 700, 40
_UNFINISHED_EVERY, _UNFINISHED_FROM = 900, 60
_CLOSED_UNANSWERED_SHARE = 0.02


class Engine:
    """Runs the centre and keeps what happened.

    Args:
        lanes: the work, in the order of the arrivals' lane_index.
        agents: the roster with shifts.
        arrivals: first contacts in order of time.
        until: UTC second at which the exports are drawn; nothing later is known.
    """

    def __init__(
        self,
        lanes: list[Lane],
        agents: list[Agent],
        arrivals: list[Arrival],
        reference: Reference,
        sampler: Sampler,
        until: int,
    ) -> None:
        self.lanes = lanes
        self.reference = reference
        self.sampler = sampler
        self.arrivals = arrivals
        self.until = until
        self.contacts: list[Contact] = []
        self.intake = Intake(lanes, reference, sampler)
        starts = [shift.start for agent in agents for shift in agent.shifts]
        self.env = simpy.Environment(initial_time=min([*starts, arrivals[0].at if arrivals else until]))
        self.floor = Floor(self.env, lanes, agents, reference, sampler)
        self._siblings = [self._sibling_choice(lane) for lane in lanes]

    def run(self, on_progress: Progress | None = None) -> None:
        """Runs to the end; calls on_progress("simulate", done, total) every simulated day."""
        begin = self._now()
        self.env.process(self._open_doors())
        for stop in range(begin + _DAY, self.until + _DAY, _DAY):
            self.env.run(until=min(stop, self.until))
            if on_progress:
                on_progress("simulate", min(stop, self.until) - begin, self.until - begin)
        # What is still going on as the exports are drawn is told as far as it has come, by some platforms.
        self.contacts = known_at(self.contacts, self.until)

    def _now(self) -> int:
        return self.floor.now()

    def _open_doors(self) -> Steps:
        for arrival in self.arrivals:
            if (gap := arrival.at - self._now()) > 0:
                yield self.env.timeout(gap)
            self._begin(arrival)

    def _begin(self, arrival: Arrival) -> None:
        contact = self.intake.new_contact(
            arrival.lane_index, arrival.customer, arrival.contact_type, self._now()
        )
        self.contacts.append(contact)
        lane = self.lanes[arrival.lane_index]
        steps = self._mail(contact, lane) if lane.channel == "email" else self._conversation(contact, lane)
        self.env.process(steps)

    def _conversation(self, contact: Contact, lane: Lane) -> Steps:
        """A call, a chat or a message thread from the first ring to the end."""
        sampler = self.sampler
        roll = sampler.uniform()
        if lane.ivr or lane.self_service_share:
            contact.ivr = sampler.seconds(lane.ivr or 20, 0.4)
            yield self.env.timeout(contact.ivr)
            if roll < lane.self_service_share + lane.hang_up_share:
                is_served = roll < lane.self_service_share
                if is_served:
                    more = sampler.seconds(60)
                    contact.ivr += more
                    yield self.env.timeout(more)
                self._leave_before_queue(contact, lane, is_served)
                return
        contact.queue = lane.queue
        yield from self._first_queue(contact, self.floor.states[contact.lane_index])
        self._finish(contact)

    def _leave_before_queue(self, contact: Contact, lane: Lane, is_served: bool) -> None:
        contact.outcome = "self_served" if is_served else "abandoned_before_queue"
        contact.ended_at = self._now()
        if contact.ticket is not None:
            # The help desk knows the brand of a call that ended in the menu, but no group, hence no site.
            contact.site = UNMAPPED
            contact.ticket.events.append(TicketEvent(contact.arrived_at, "new"))
        self._finish(contact)

    def _first_queue(self, contact: Contact, state: LaneState) -> Steps:
        lane = state.lane
        leg = self._new_leg(contact, state)
        if lane.platform == "asterisk" and _call_number(contact) % _LOST_EVERY == _LOST_FROM:
            return
        refusal = self.floor.refusal(state)
        if refusal:
            self._divert(contact, leg, refusal)
            if leg.reason in ("CLOSED", "FULL", "JOINEMPTY"):
                # The log tells the caller's number only of calls that enter the queue.
                contact.customer_key = None
            return
        waiting = self.floor.enqueue(contact, leg, state)
        self._set_limits(waiting, lane)
        desk = yield waiting.event
        now = self._now()
        leg.wait = now - leg.queued_at
        if isinstance(desk, Desk):
            yield from self._talk(contact, leg, desk, state)
            return
        leg.ended_at = now
        if desk == "callback":
            leg.exit = "callback_requested"
            yield from self._call_back(contact, state)
        elif desk == "abandon":
            leg.exit = "abandoned"
        else:
            self._divert(contact, leg, desk)
        contact.ended_at = self._now()

    def _new_leg(self, contact: Contact, state: LaneState) -> Leg:
        native_id = ""
        if contact.platform == "amazon_connect":
            native_id = self.sampler.uuid() if contact.legs else contact.native_id
        leg = Leg(state.lane.queue, self._now(), native_id, contact_id=contact.contact_id)
        leg.position = state.depth + 1
        contact.legs.append(leg)
        return leg

    def _divert(self, contact: Contact, leg: Leg, reason: str) -> None:
        leg.exit = "diverted"
        leg.reason = reason
        leg.wait = self._now() - leg.queued_at
        leg.ended_at = contact.ended_at = self._now()

    def _set_limits(self, waiting: Waiting, lane: Lane) -> None:
        """Patience, the queue's time-out, the offer of a call-back: the earliest ends the wait."""
        sampler = self.sampler
        limits: list[tuple[int, str]] = []
        if lane.patience:
            patience = sampler.exponential(lane.patience)
            if sampler.chance(lane.impatient_share):
                patience = sampler.between(1, 9)
            limits.append((max(1, round(patience)), "abandon"))
        if lane.timeout:
            limits.append((lane.timeout, "timeout"))
        if lane.callback_share and sampler.chance(lane.callback_share):
            limits.append((CALLBACK_ASKED_AFTER_SECONDS + sampler.between(5, 25), "callback"))
        if lane.key_exit_share and sampler.chance(lane.key_exit_share):
            limits.append((sampler.between(40, 240), "key"))
        if limits:
            seconds, reason = min(limits)
            self.floor.later(seconds, partial(self.floor.give_up, waiting, reason))

    def _talk(self, contact: Contact, leg: Leg, desk: Desk, state: LaneState) -> Steps:
        """The conversation with the agent who picked up, and what follows: an end, or a transfer."""
        lane, sampler = state.lane, self.sampler
        while True:
            leg.agent, leg.answered_at = desk.agent, self._now()
            talk = sampler.seconds(lane.talk * desk.agent.pace, 0.6, low=8)
            hold = 0
            if lane.hold_share and sampler.chance(lane.hold_share):
                hold = sampler.seconds(lane.hold, 0.6, low=3)
                leg.holds = 1 + (hold > 60)
            target = self._transfer_target(contact, lane)
            self.floor.show(desk, leg, lane, "CONNECTED")
            yield self.env.timeout(talk + hold)
            leg.ended_at = self._now()
            acw = sampler.seconds(lane.acw, 0.7) if lane.acw else 0
            leg.talk = talk + (0 if lane.measures_hold else hold)
            leg.hold = hold if lane.measures_hold else None
            leg.acw = acw if lane.measures_acw else None
            leg.wrapped_at = leg.ended_at + acw
            self.floor.wrap_up(desk, leg, lane, acw)
            leg.exit = "completed"
            if _is_unfinished(contact, leg):
                leg.exit, leg.talk, leg.ended_at = "open", None, None
                return
            if target is None:
                contact.ended_at = self._now()
                return
            leg.exit = "transferred"
            if target == "external":
                leg.is_external = True
                contact.ended_at = self._now()
                return
            yield self.env.timeout(sampler.between(1, 3))
            following = self.floor.state_of(target, lane.channel)
            assert following is not None
            state, lane = following, following.lane
            leg = self._new_leg(contact, state)
            waiting = self.floor.enqueue(contact, leg, state, leaving=desk.agent)
            if not lane.is_deferred:
                patience = max(4, round(sampler.exponential(TRANSFER_PATIENCE_SECONDS)))
                self.floor.later(patience, partial(self.floor.give_up, waiting, "abandon"))
            picked = yield waiting.event
            leg.wait = self._now() - leg.queued_at
            if not isinstance(picked, Desk):
                leg.exit = "abandoned"
                leg.ended_at = contact.ended_at = self._now()
                return
            desk = picked

    def _transfer_target(self, contact: Contact, lane: Lane) -> str | None:
        """Another queue, `external`, or None; a call-back ends where it began."""
        sampler = self.sampler
        if (
            not lane.transfer_share
            or contact.legs[-1].is_callback
            or not sampler.chance(lane.transfer_share / len(contact.legs))
        ):
            return None
        if lane.platform != "zendesk" and sampler.chance(EXTERNAL_SHARE_OF_TRANSFERS):
            return "external"
        lines = {queue: self.floor.state_of(queue, lane.channel) for queue in lane.transfer_to}
        # Within a queue somebody else must be there.
        open_ones = [
            queue
            for queue, line in lines.items()
            if line is not None and len(line.desks) > (queue == lane.queue)
        ]
        return sampler.pick(open_ones) if open_ones else None

    def _call_back(self, contact: Contact, state: LaneState) -> Steps:
        """The call-back: queued like a call, dialled when an agent is free, held or not."""
        yield self.env.timeout(1)
        leg = self._new_leg(contact, state)
        leg.is_callback = True
        waiting = self.floor.enqueue(contact, leg, state)
        self.floor.later(CALLBACK_GIVEN_UP_SECONDS, partial(self.floor.give_up, waiting, "not_held"))
        desk = yield waiting.event
        leg.wait = self._now() - leg.queued_at
        if isinstance(desk, Desk) and self.sampler.chance(CALLBACK_HELD_SHARE):
            yield from self._talk(contact, leg, desk, state)
            return
        leg.exit = "no_answer"
        if isinstance(desk, Desk):
            yield self.env.timeout(self.sampler.between(12, 30))
            self.floor.release(desk, leg)
        leg.ended_at = self._now()

    def _mail(self, contact: Contact, lane: Lane) -> Steps:
        """A ticket: it waits for an agent, is answered when the agent has written, solved then or later."""
        ticket = contact.ticket
        assert ticket is not None
        sampler = self.sampler
        state = self.floor.states[contact.lane_index]
        contact.queue = lane.queue
        leg = self._new_leg(contact, state)
        ticket.events.append(TicketEvent(self._now(), "new", "requester"))
        waiting = self.floor.enqueue(contact, leg, state)
        desk = yield waiting.event
        assert isinstance(desk, Desk)
        is_closed_unanswered = sampler.chance(_CLOSED_UNANSWERED_SHARE)
        if sampler.chance(0.1):
            colleague = sampler.pick([each.agent for each in state.desks])
            ticket.events.append(
                TicketEvent(self._now() + 1, "open", "colleague", colleague, is_public=False)
            )
        yield self.env.timeout(25 if is_closed_unanswered else sampler.seconds(lane.talk, 0.6, low=40))
        now = self._now()
        self.floor.release(desk, leg)
        leg.agent = desk.agent
        if is_closed_unanswered:
            ticket.events.append(TicketEvent(now, "solved", "", desk.agent))
            leg.agent, leg.exit, leg.wait, leg.ended_at = None, "diverted", now - leg.queued_at, now
            contact.ended_at = now
            self._finish(contact)
            return
        leg.answered_at, leg.wait, leg.exit = now, now - leg.queued_at, "completed"
        live_on(contact, ticket, desk.agent, now, sampler)
        self._finish(contact)

    def _finish(self, contact: Contact) -> None:
        """Settles the matter, and decides whether the customer comes back about it."""
        contact.outcome = outcome_of(contact)
        settle(contact, self.sampler)
        if contact.is_settled or contact.customer is None or contact.outcome == "open":
            return
        came_through = contact.answered_at is not None or contact.outcome == "self_served"
        if self.sampler.chance(RETURN_SHARE_UNRESOLVED if came_through else RETURN_SHARE_ABANDONED):
            self.env.process(self._return(contact, came_through))

    def _sibling_choice(self, lane: Lane) -> Choice[int] | None:
        client = self.reference.queues[lane.queue].client
        others = [
            (index, other.weight)
            for index, other in enumerate(self.lanes)
            if other is not lane and self.reference.queues[other.queue].client == client
        ]
        return Choice(others) if others else None

    def _return(self, contact: Contact, came_through: bool) -> Steps:
        """The same customer about the same matter, hours or days later, maybe elsewhere."""
        sampler = self.sampler
        lane_index = contact.lane_index
        siblings = self._siblings[lane_index]
        if siblings is not None and not sampler.chance(SAME_LANE_SHARE):
            lane_index = siblings.at(sampler.uniform())
        if came_through:
            delay = sampler.seconds(RETURN_DELAY_SECONDS, 1.1, low=900, high=10 * _DAY)
        else:
            delay = sampler.seconds(5_000, 1.0, low=120, high=2 * _DAY)
        at = self._now() + delay
        site = self.reference.queues[self.lanes[lane_index].queue].site
        local = (at + self.reference.offset(site, at)) % _DAY
        # People who can wait come back in waking hours.
        if came_through and local < 8 * 3600:
            at += 8 * 3600 - local + sampler.between(0, 6 * 3600)
        if at >= self.until:
            return
        yield self.env.timeout(at - self._now())
        assert contact.customer is not None
        slug = contact.contact_type
        if slug == UNCLASSIFIED:
            slug = sampler.pick(self.lanes[lane_index].types)[0]
        self._begin(Arrival(at, lane_index, contact.customer, slug, is_return=True))


def _is_unfinished(contact: Contact, leg: Leg) -> bool:
    is_first_call = contact.platform == "asterisk" and leg is contact.legs[0]
    return is_first_call and _call_number(contact) % _UNFINISHED_EVERY == _UNFINISHED_FROM


def _call_number(contact: Contact) -> int:
    return int(contact.native_id.partition(".")[2])
