"""The same week on another platform: what the queues on Amazon Connect lived, as others would tell of it.

The contacts are simulated once, on Amazon Connect; then they move. What the other platform's export cannot
carry is taken from them here, so that the truth about them is the truth as far as that export can know it:

- Genesys Cloud: nothing that a KPI counts. Monitoring is a session of the conversation that is listened to,
  no record of its own; what agents do between conversations is not told.
- Five9: the type of contacts that no agent met, languages, resolutions, moods, monitoring, and calls that
  go on.
- Twilio: hold (it is talk), transfers out of the centre, monitoring, tests; of calls that met no queue the
  type, the language, and that the menu served them.
- Asterisk: types, hold (it is talk), after-contact work, languages, resolutions, moods, call-backs: who
  asks for one leaves the queue by a key, and is dialled in a call of its own. Of calls that never met a queue
  it tells those that are over, and of calls that go on not when they came to the exchange.
"""

from dataclasses import replace
from uuid import NAMESPACE_URL, uuid5

from vitals.simulate.entities import Agent, AgentEvent, Contact, Leg
from vitals.simulate.matters import outcome_of
from vitals.simulate.reference import UNCLASSIFIED, Reference

MOVES = ("amazon_connect", "asterisk", "five9", "genesys_cloud", "twilio")
_FIRST_FIVE9_CALL = 300_000_000_000_001


def move(
    platform: str,
    contacts: list[Contact],
    agents: list[Agent],
    events: list[AgentEvent],
    reference: Reference,
) -> list[Contact]:
    """Moves what happened on Amazon Connect to a platform of MOVES.

    Args:
        contacts: of a whole run, in order of arrival; they and the agents are changed.
        agents: everybody who took a contact.
        events: what the agents did; their contacts get the new names.

    Returns:
        The contacts that the platform tells of.
    """
    if platform == "amazon_connect":
        return contacts
    for agent in agents:
        agent.native_id = _agent_name(platform, agent)
        agent.platform = platform
    kept = [each for each in contacts if platform == "genesys_cloud" or _is_told(platform, each)]
    calls: list[Contact] = []
    for number, contact in enumerate(kept):
        contact.platform = platform
        if platform == "five9":
            contact.native_id = str(_FIRST_FIVE9_CALL + number)
            _forget_on_five9(contact)
        elif platform == "twilio":
            contact.native_id = f"CA{contact.native_id.replace('-', '')}"
            _forget_on_twilio(contact)
        elif platform == "asterisk":
            prefix = "test-" if contact.is_test else ""
            contact.native_id = f"{prefix}{contact.arrived_at}.{number + 1}"
            calls += _forget_on_asterisk(contact, reference)
        for leg in contact.legs:
            leg.contact_id = contact.contact_id
    if platform == "asterisk":
        # The exchange logs pauses, and not what an agent does with a call.
        events[:] = _changes_of_status(events)
    names = {leg.native_id: contact.contact_id for contact in kept for leg in contact.legs}
    for event in events:
        # Of what goes on and is not told of, agents are as if they did nothing: there is no contact to name.
        told = [each for each in event.contacts if platform != "twilio" or each[0] in names]
        event.contacts = tuple((*each[:-1], names.get(each[0], each[-1])) for each in told)
    for number, call in enumerate(calls):
        call.native_id = f"{call.arrived_at}.{len(kept) + number + 1}"
    return (
        sorted([*kept, *calls], key=lambda contact: (contact.arrived_at, contact.contact_id))
        if calls
        else kept
    )


def _changes_of_status(events: list[AgentEvent]) -> list[AgentEvent]:
    statuses: dict[Agent, str] = {}
    found = []
    for event in events:
        if event.status != statuses.get(event.agent):
            statuses[event.agent] = event.status
            found.append(event)
    return found


def _agent_name(platform: str, agent: Agent) -> str:
    """Genesys Cloud numbers its users, Five9 knows them by an address."""
    if platform == "genesys_cloud":
        return str(uuid5(NAMESPACE_URL, agent.native_id))
    return f"{agent.native_id}@agents.example" if platform == "five9" else agent.native_id


def _is_told(platform: str, contact: Contact) -> bool:
    if contact.related is not None:
        return False
    if platform == "asterisk":
        return contact.ended_at is not None or (bool(contact.legs) and contact.direction == "inbound")
    if platform == "twilio":
        # Supervisors take the test calls, and are no workers of TaskRouter.
        return not contact.is_test
    # The call log has calls when they are over.
    return contact.ended_at is not None


def _forget_on_five9(contact: Contact) -> None:
    contact.language, contact.resolved_flag, contact.sentiment = "", None, None
    if contact.answered_at is None:
        contact.contact_type, contact.type_word = UNCLASSIFIED, None


def _forget_on_twilio(contact: Contact) -> None:
    if not contact.legs:
        contact.language, contact.contact_type, contact.type_word = "", UNCLASSIFIED, None
        contact.outcome = "abandoned_before_queue"
    for leg in contact.legs:
        if leg.talk is not None:
            leg.talk += leg.hold or 0
        leg.hold = None
    if contact.legs and contact.legs[-1].exit == "transferred":
        contact.legs[-1].exit = "completed"


def _forget_on_asterisk(contact: Contact, reference: Reference) -> list[Contact]:
    """Takes away what the exchange does not know; returns the calls in which a call-back was held."""
    contact.language, contact.resolved_flag, contact.sentiment = "", None, None
    first = next((number for number, leg in enumerate(contact.legs) if leg.is_callback), len(contact.legs))
    back, contact.legs = contact.legs[first:], contact.legs[:first]
    for leg in [*contact.legs, *back]:
        if leg.talk is not None:
            leg.talk += leg.hold or 0
        leg.hold = leg.acw = None
    for leg in contact.legs:
        if leg.exit == "callback_requested":
            leg.exit, leg.reason = "diverted", "key"
            contact.ended_at = leg.ended_at
    if contact.ended_at is None:
        contact.arrived_at, contact.ivr = contact.legs[0].queued_at, 0
    if contact.direction == "outbound" or not contact.legs:
        contact.queue, contact.contact_type, contact.type_word = None, UNCLASSIFIED, None
    else:
        contact.outcome = outcome_of(contact)
        contact.type_word = reference.words["asterisk"].native("queue", contact.legs[0].queue)
        contact.contact_type = reference.slug("asterisk", "contact_type", contact.type_word) or UNCLASSIFIED
    return [_call_back(contact, leg) for leg in back if leg.answered_at and leg.ended_at]


def _call_back(contact: Contact, leg: Leg) -> Contact:
    """An outbound call of its own."""
    leg.is_callback = False
    call = replace(
        contact,
        native_id="",
        queue=None,
        contact_type=UNCLASSIFIED,
        type_word=None,
        arrived_at=leg.queued_at,
        direction="outbound",
        ivr=0,
        outcome="answered",
        ended_at=leg.ended_at,
        legs=[leg],
    )
    leg.contact_id = ""
    return call
