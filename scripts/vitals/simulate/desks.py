"""Agents at their desks and the lines in front of them: who takes whom, and what agents do between contacts.

Agents are taken longest idle first. A free agent takes the longest waiting contact among their skills, live
ones before messages, mail last; while in chats or messages, more of the same up to the lane's concurrency.
"""

from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, TypeAlias

import simpy

from vitals.simulate.entities import Agent, AgentContact, AgentEvent, Contact, Leg, Miss, Shift
from vitals.simulate.reference import Reference
from vitals.simulate.sampling import Sampler
from vitals.simulate.world import (
    BLOCKED_AFTER_NO_ANSWER_SECONDS,
    NO_ANSWER_RING_SECONDS,
    NO_ANSWER_SHARE,
    Lane,
)

Steps: TypeAlias = Generator[simpy.Event, Any, None]

_DAY = 86400
# The platforms that tell what their agents do minute by minute.
TELLING = ("amazon_connect", "five9", "template", "twilio")


class Waiting:
    """A leg that waits for an agent."""

    __slots__ = ("agent", "contact", "event", "leaving", "leg", "since", "state")

    def __init__(
        self,
        event: simpy.Event,
        contact: Contact,
        leg: Leg,
        state: "LaneState",
        since: int,
        leaving: Agent | None,
    ) -> None:
        self.event = event
        self.contact = contact
        self.leg = leg
        self.state = state
        self.since = since
        self.leaving = leaving
        self.agent: Desk | None = None


class LaneState:
    """The waiting line of a lane and the agents who are logged in for it."""

    __slots__ = ("depth", "desks", "index", "lane", "line", "priority")

    def __init__(self, lane: Lane, index: int) -> None:
        self.lane = lane
        self.index = index
        self.line: deque[Waiting] = deque()
        self.depth = 0
        self.desks: list[Desk] = []
        self.priority = 2 if lane.channel == "email" else 1 if lane.is_deferred else 0

    def first_for(self, agent: Agent) -> Waiting | None:
        """Who has waited longest, without those who left and those whom this agent passes on."""
        while self.line and self.line[0].event.triggered:
            self.line.popleft()
        return next(
            (each for each in self.line if each.leaving is not agent and not each.event.triggered), None
        )


class Desk:
    """An agent at work."""

    __slots__ = (
        "accepting",
        "agent",
        "blocked_until",
        "busy_with",
        "contacts",
        "idle",
        "idle_since",
        "load",
        "states",
        "status",
        "status_at",
    )

    def __init__(self, agent: Agent, states: list[LaneState]) -> None:
        self.agent = agent
        self.states = states
        self.load = 0
        self.busy_with = ""
        self.accepting = False
        self.idle_since = 0
        self.blocked_until = 0
        self.idle: simpy.Event | None = None
        self.status = "Offline"
        self.status_at = 0
        self.contacts: dict[Leg, AgentContact] = {}

    def can_take(self, lane: Lane, now: int) -> bool:
        """True when the agent is free for one more contact of the lane."""
        if not self.accepting or now < self.blocked_until:
            return False
        return self.load == 0 or (
            lane.concurrency > self.load and self.busy_with == lane.queue + lane.channel
        )


class Floor:
    """All lines and desks of the centre.

    Args:
        env: the clock, in UTC seconds.
        lanes: the work; a lane's place is its index everywhere.
        agents: the roster with shifts.
    """

    def __init__(
        self,
        env: simpy.Environment,
        lanes: list[Lane],
        agents: list[Agent],
        reference: Reference,
        sampler: Sampler,
    ) -> None:
        self.env = env
        self.reference = reference
        self.sampler = sampler
        self.agent_events: list[AgentEvent] = []
        self.states = [LaneState(lane, index) for index, lane in enumerate(lanes)]
        self._by_name = {state.lane.queue + state.lane.channel: state for state in self.states}
        for agent in agents:
            skills = [state for queue in agent.skills for state in self.states if state.lane.queue == queue]
            env.process(self._work(Desk(agent, skills)))

    def state_of(self, queue: str, channel: str) -> LaneState | None:
        """The line of a queue in a channel, None when the queue has no such channel."""
        return self._by_name.get(queue + channel)

    def now(self) -> int:
        """The UTC second."""
        return int(self.env.now)

    def refusal(self, state: LaneState) -> str:
        """Why the queue takes no one in now, in the platform's word; empty when it does."""
        lane = state.lane
        if lane.is_deferred:
            return ""
        site = self.reference.queues[lane.queue].site
        hour = (self.now() + self.reference.offset(site, self.now())) % _DAY // 3600
        is_pbx = lane.platform == "asterisk"
        if not lane.opens <= hour < lane.closes:
            return "CLOSED" if is_pbx else "outside_hours"
        if not state.desks:
            return "JOINEMPTY" if is_pbx else "outside_hours"
        if lane.full_at and state.depth >= min(lane.full_at, 3 + 2 * len(state.desks)):
            return "FULL"
        return ""

    def enqueue(self, contact: Contact, leg: Leg, state: LaneState, leaving: Agent | None = None) -> Waiting:
        """Puts a leg in line, or rings the agent who has been idle longest; never the one whom it leaves."""
        now = self.now()
        waiting = Waiting(self.env.event(), contact, leg, state, now, leaving)
        state.depth += 1
        best: Desk | None = None
        for desk in state.desks:
            is_free = desk.agent is not leaving and desk.can_take(state.lane, now)
            if is_free and (
                best is None
                or (desk.load, desk.idle_since, desk.agent.number)
                < (best.load, best.idle_since, best.agent.number)
            ):
                best = desk
        if best is None:
            state.line.append(waiting)
        else:
            self._ring(waiting, best)
        return waiting

    def later(self, seconds: int, act: Callable[[simpy.Event], None]) -> None:
        """Does something in so many seconds."""
        timer = self.env.timeout(seconds)
        assert timer.callbacks is not None
        timer.callbacks.append(act)

    def give_up(self, waiting: Waiting, reason: str, _: simpy.Event) -> None:
        """Ends a wait for a reason, unless an agent was faster."""
        if waiting.event.triggered:
            return
        waiting.state.depth -= 1
        waiting.event.succeed(reason)
        if waiting.agent is not None:
            self.release(waiting.agent, waiting.leg)

    def _ring(self, waiting: Waiting, desk: Desk) -> None:
        """Offers a waiting contact to an agent; mail and messages are simply taken."""
        lane = waiting.state.lane
        desk.load += 1
        desk.busy_with = lane.queue + lane.channel
        waiting.agent = desk
        if lane.is_deferred:
            self.show(desk, waiting.leg, lane, "CONNECTED")
            self._answered(waiting, desk)
            return
        self.show(desk, waiting.leg, lane, "CONNECTING")
        if self.sampler.chance(NO_ANSWER_SHARE) and len(waiting.state.desks) > 1:
            self.later(NO_ANSWER_RING_SECONDS, partial(self._missed, waiting, desk))
        else:
            self.later(self.sampler.between(1, 2 * lane.ring - 1), partial(self._picked_up, waiting, desk))

    def _picked_up(self, waiting: Waiting, desk: Desk, _: simpy.Event) -> None:
        if not waiting.event.triggered:
            self._answered(waiting, desk)

    def _answered(self, waiting: Waiting, desk: Desk) -> None:
        waiting.state.depth -= 1
        waiting.event.succeed(desk)

    def _missed(self, waiting: Waiting, desk: Desk, _: simpy.Event) -> None:
        """Nobody picked up: the contact heads the line again, the agent gets none for a while."""
        if waiting.event.triggered:
            return
        waiting.leg.misses.append(
            Miss(desk.agent, self.now() - NO_ANSWER_RING_SECONDS, NO_ANSWER_RING_SECONDS)
        )
        waiting.agent = None
        waiting.state.line.appendleft(waiting)
        desk.blocked_until = self.now() + BLOCKED_AFTER_NO_ANSWER_SECONDS
        self.show(desk, waiting.leg, waiting.state.lane, "MISSED")
        self.release(desk, waiting.leg)
        self.later(BLOCKED_AFTER_NO_ANSWER_SECONDS, lambda _: self._serve(desk))
        for other in waiting.state.desks:
            if other.agent is not waiting.leaving and other.can_take(waiting.state.lane, self.now()):
                self._serve(other)
                break

    def wrap_up(self, desk: Desk, leg: Leg, lane: Lane, seconds: int) -> None:
        """After-contact work, then the agent is free again."""
        if seconds == 0:
            self.release(desk, leg)
            return
        self.show(desk, leg, lane, "ENDED")
        self.later(seconds, lambda _: self.release(desk, leg))

    def release(self, desk: Desk, leg: Leg) -> None:
        """The agent is done with a contact and takes the next."""
        desk.load -= 1
        desk.idle_since = self.now()
        desk.contacts.pop(leg, None)
        if desk.agent.platform in TELLING:
            self._note(desk, "STATE_CHANGE")
        if desk.load == 0 and desk.idle is not None and not desk.idle.triggered:
            desk.idle.succeed()
        self._serve(desk)

    def _serve(self, desk: Desk) -> None:
        """Gives a free agent the next contacts of their skills, as many as they can take."""
        now = self.now()
        while True:
            best: tuple[int, int, int] | None = None
            chosen: Waiting | None = None
            for state in desk.states:
                if (
                    state.line
                    and desk.can_take(state.lane, now)
                    and (head := state.first_for(desk.agent)) is not None
                ):
                    rank = (state.priority, head.since, state.index)
                    if best is None or rank < best:
                        best, chosen = rank, head
            if chosen is None:
                return
            chosen.state.line.remove(chosen)
            self._ring(chosen, desk)

    def show(self, desk: Desk, leg: Leg, lane: Lane, state: str) -> None:
        """Tells the agent event stream how a contact stands with its agent."""
        if desk.agent.platform not in TELLING:
            return
        desk.contacts[leg] = (
            leg.native_id,
            lane.channel,
            state,
            self.now(),
            leg.queued_at,
            leg.answered_at,
            leg.queue,
            leg.contact_id,
        )
        self._note(desk, "STATE_CHANGE")

    def _note(self, desk: Desk, kind: str) -> None:
        self.agent_events.append(
            AgentEvent(
                self.now(), desk.agent, kind, desk.status, desk.status_at, tuple(desk.contacts.values())
            )
        )

    def _set_status(self, desk: Desk, status: str, kind: str) -> None:
        desk.status, desk.status_at = status, self.now()
        self._note(desk, kind)

    def _work(self, desk: Desk) -> Steps:
        """An agent's shifts, one after another."""
        for shift in desk.agent.shifts:
            if (gap := shift.start - self.now()) > 0:
                yield self.env.timeout(gap)
            yield from self._work_shift(desk, shift)

    def _work_shift(self, desk: Desk, shift: Shift) -> Steps:
        self._set_status(desk, "Available", "LOGIN")
        for state in desk.states:
            state.desks.append(desk)
        desk.accepting = True
        desk.idle_since = self.now()
        self._serve(desk)
        for pause in shift.pauses:
            if (gap := pause.start - self.now()) > 0:
                yield self.env.timeout(gap)
            yield from self._become_idle(desk)
            self._set_status(desk, pause.activity.capitalize(), "STATE_CHANGE")
            yield self.env.timeout(pause.end - pause.start)
            self._set_status(desk, "Available", "STATE_CHANGE")
            desk.accepting = True
            self._serve(desk)
        if (gap := shift.end - self.now()) > 0:
            yield self.env.timeout(gap)
        yield from self._become_idle(desk)
        for state in desk.states:
            state.desks.remove(desk)
            if not state.desks:
                self._empty(state)
        self._set_status(desk, "Offline", "LOGOUT")

    def _become_idle(self, desk: Desk) -> Steps:
        desk.accepting = False
        if desk.load:
            desk.idle = self.env.event()
            yield desk.idle
            desk.idle = None

    def _empty(self, state: LaneState) -> None:
        """The last agent has left: an exchange sends the first-time callers who wait elsewhere."""
        if state.lane.platform != "asterisk":
            return
        for waiting in list(state.line):
            if not waiting.event.triggered and waiting.leg is waiting.contact.legs[0]:
                self.give_up(waiting, "empty", waiting.event)
