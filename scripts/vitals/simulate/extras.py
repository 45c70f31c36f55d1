"""Contacts that are no customer's own: outbound, tests, monitoring, internal. Supervisors take them."""

from vitals.simulate.engine import Engine
from vitals.simulate.entities import Agent, Contact, Customer, Leg, TicketEvent
from vitals.simulate.reference import UNCLASSIFIED
from vitals.simulate.sampling import Sampler
from vitals.simulate.world import INTERNAL_SHARE, MONITOR_SHARE, OUTBOUND_SHARE, TEST_SHARE

_TESTER = Customer("+3227000000", 360_100_000_001)


def add_extras(engine: Engine, leads: dict[str, Agent], sampler: Sampler, latest: int) -> list[Contact]:
    """The extra contacts of a finished run, at random moments before `latest`.

    Args:
        leads: the supervisor of each queue.
        latest: UTC second before which they end.
    """
    own = [contact for contact in engine.contacts if contact.arrived_at < latest - 4000]
    answered = [
        contact
        for contact in own
        if contact.platform == "amazon_connect"
        and contact.answered_at is not None
        and contact.answered_at < latest - 4000
    ]
    extras: list[Contact] = []
    lanes = engine.lanes
    if not own:
        return extras
    for index in range(max(len(lanes), round(len(own) * OUTBOUND_SHARE))):
        extras.append(_outbound(engine, index % len(lanes), sampler.pick(own), leads, sampler))
    for index in range(max(len(lanes), round(len(own) * TEST_SHARE))):
        if not (
            lanes[index % len(lanes)].platform == "zendesk" and lanes[index % len(lanes)].channel == "voice"
        ):
            extras.append(_test(engine, index % len(lanes), sampler.pick(own).arrived_at + 1, leads, sampler))
    for _ in range(max(3, round(len(own) * MONITOR_SHARE)) if answered else 0):
        extras.append(_monitor(engine, sampler.pick(answered), leads, sampler))
    messages = [index for index, lane in enumerate(lanes) if lane.platform == "template"]
    for _ in range(max(3, round(len(own) * INTERNAL_SHARE)) if messages else 0):
        extras.append(
            _internal(engine, sampler.pick(messages), sampler.pick(own).arrived_at + 2, leads, sampler)
        )
    return extras


def _plain(engine: Engine, lane_index: int, customer: Customer | None, at: int) -> Contact:
    """A contact without a type: only customers' contacts are asked for one."""
    contact = engine.intake.new_contact(lane_index, customer, UNCLASSIFIED, at)
    if contact.platform != "asterisk":
        contact.contact_type, contact.type_word = UNCLASSIFIED, None
    return contact


def _answered_leg(contact: Contact, agent: Agent, wait: int, talk: int, queue: str) -> Leg:
    leg = Leg(queue, contact.arrived_at + contact.ivr, contact.native_id, agent)
    leg.wait, leg.talk, leg.exit = wait, talk, "completed"
    leg.answered_at = leg.queued_at + wait
    leg.ended_at = contact.ended_at = leg.answered_at + talk
    leg.wrapped_at = leg.ended_at + 10
    if contact.platform != "asterisk":
        leg.hold, leg.acw = (0 if contact.platform != "template" else None), 10
    contact.legs.append(leg)
    contact.outcome = "answered"
    return leg


def _outbound(
    engine: Engine, lane_index: int, near: Contact, leads: dict[str, Agent], sampler: Sampler
) -> Contact:
    lane = engine.lanes[lane_index]
    if lane.platform == "asterisk":
        # The exchange's queue log knows no outbound calls: the colleagues make them on another platform.
        lane_index = next(
            (index for index, each in enumerate(engine.lanes) if each.platform != "asterisk"), lane_index
        )
        lane = engine.lanes[lane_index]
    customer = near.customer if near.client == engine.reference.queues[lane.queue].client else _TESTER
    contact = _plain(engine, lane_index, customer, near.arrived_at + 7)
    contact.direction = "outbound"
    contact.method = "OUTBOUND"
    contact.agent = leads[lane.queue]
    leg = _answered_leg(
        contact,
        leads[lane.queue],
        sampler.between(0, 12),
        sampler.seconds(150, 0.7, low=10, high=2000),
        lane.queue,
    )
    contact.queue = lane.queue if lane.platform != "amazon_connect" else None
    if lane.channel == "email":
        leg.talk = leg.hold = leg.acw = None
        leg.answered_at = leg.ended_at = contact.arrived_at + (leg.wait or 0)
    if contact.ticket is not None:
        contact.ticket.events.append(TicketEvent(contact.arrived_at, "pending", "agent", contact.agent))
    return contact


def _test(engine: Engine, lane_index: int, at: int, leads: dict[str, Agent], sampler: Sampler) -> Contact:
    lane = engine.lanes[lane_index]
    contact = _plain(engine, lane_index, _TESTER, at)
    contact.is_test = True
    contact.queue = lane.queue
    if lane.platform == "asterisk":
        contact.native_id = f"test-{contact.native_id}"
    leg = _answered_leg(
        contact, leads[lane.queue], sampler.between(1, 90), sampler.between(5, 40), lane.queue
    )
    if lane.channel == "email":
        leg.talk = leg.hold = leg.acw = None
        assert contact.ticket is not None
        assert leg.answered_at is not None
        leg.ended_at = leg.answered_at
        contact.ticket.tags = ("vitals_test",)
        contact.ticket.events.append(TicketEvent(contact.arrived_at, "new", "requester"))
        contact.ticket.events.append(TicketEvent(leg.answered_at, "solved", "agent", leg.agent))
    return contact


def _monitor(engine: Engine, watched: Contact, leads: dict[str, Agent], sampler: Sampler) -> Contact:
    leg = next(leg for leg in watched.legs if leg.answered_at is not None)
    assert leg.answered_at is not None
    contact = _plain(engine, watched.lane_index, None, leg.answered_at + sampler.between(1, 30))
    contact.direction, contact.method, contact.related = "internal", "MONITOR", watched
    contact.agent = leads[leg.queue]
    contact.outcome = "answered"
    contact.ended_at = contact.arrived_at + sampler.between(20, 240)
    return contact


def _internal(engine: Engine, lane_index: int, at: int, leads: dict[str, Agent], sampler: Sampler) -> Contact:
    contact = _plain(engine, lane_index, None, at)
    contact.native_id = f"INT-{contact.native_id[4:]}"
    contact.direction, contact.channel, contact.outcome = "internal", "voice", "answered"
    contact.agent = leads[engine.lanes[lane_index].queue]
    contact.ended_at = at + sampler.between(20, 400)
    return contact
