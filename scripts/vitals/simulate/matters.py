"""What becomes of a matter: the outcome, the life of its ticket, whether it is settled."""

from vitals.simulate.entities import Agent, Contact, Ticket, TicketEvent
from vitals.simulate.sampling import Sampler
from vitals.simulate.world import (
    FLAG_RIGHT_SHARE,
    FLAGGED_SHARE,
    RESOLVED_SHARE,
    SELF_SERVICE_RESOLVED_SHARE,
)

_REOPENED_SHARE = 0.05
# Who measures the customer's mood, and of how many contacts.
_SENTIMENT_SHARES = {"amazon_connect": 0.4, "template": 0.5}


def outcome_of(contact: Contact) -> str:
    """The outcome that the legs add up to; without legs, what the contact was already said to be."""
    if not contact.legs:
        return contact.outcome
    if any(leg.answered_at is not None and not leg.is_callback for leg in contact.legs):
        return "answered"
    if any(leg.is_callback for leg in contact.legs):
        return "callback_requested"
    exit_ = contact.legs[-1].exit
    return exit_ if exit_ in ("abandoned", "diverted", "callback_requested") else "open"


def settle(contact: Contact, sampler: Sampler) -> None:
    """Decides whether the customer's matter is settled, and what the platform's records say about that."""
    is_handled = contact.answered_at is not None
    if contact.outcome == "self_served":
        contact.is_settled = sampler.chance(SELF_SERVICE_RESOLVED_SHARE)
    elif is_handled and contact.channel != "email":
        contact.is_settled = sampler.chance(RESOLVED_SHARE)
    if contact.platform in ("amazon_connect", "template") and is_handled and sampler.chance(FLAGGED_SHARE):
        contact.resolved_flag = contact.is_settled == sampler.chance(FLAG_RIGHT_SHARE)
    share = _SENTIMENT_SHARES.get(contact.platform, 0)
    if share and (contact.platform == "template" or is_handled) and sampler.chance(share):
        mood = 0.35 * sampler.normal() + (0.25 if contact.is_settled else -0.3)
        contact.sentiment = f"{max(-1.0, min(1.0, mood)):.3f}"
    if contact.channel == "voice" and contact.queue and contact.ticket is not None:
        _settle_call_ticket(contact, contact.ticket, sampler)


def _settle_call_ticket(contact: Contact, ticket: Ticket, sampler: Sampler) -> None:
    """The ticket that a call opens; it is solved at once, later, or not at all."""
    ticket.events.append(TicketEvent(contact.arrived_at, "new"))
    leg = next((leg for leg in reversed(contact.legs) if leg.answered_at is not None), None)
    if leg is not None and leg.wrapped_at is not None:
        status = "solved" if contact.is_settled and sampler.chance(0.75) else "open"
        ticket.events.append(TicketEvent(leg.wrapped_at + sampler.between(5, 50), status, "", leg.agent))
        if status == "open" and sampler.chance(0.6):
            later = leg.wrapped_at + sampler.seconds(80_000, 0.8, low=600, high=500_000)
            ticket.events.append(TicketEvent(later, "solved", "", leg.agent))


def live_on(contact: Contact, ticket: Ticket, agent: Agent, now: int, sampler: Sampler) -> None:
    """The ticket's later life, drawn at the first reply; what lies beyond the run's end is not exported."""
    is_settled = sampler.chance(RESOLVED_SHARE)
    at = now
    if is_settled and sampler.chance(0.5):
        ticket.events.append(TicketEvent(at, "solved", "agent", agent))
    else:
        ticket.events.append(TicketEvent(at, "pending", "agent", agent))
        if sampler.chance(0.5):
            at += sampler.seconds(30_000, 0.9, low=300, high=400_000)
            ticket.events.append(TicketEvent(at, "open", "requester"))
            at += sampler.seconds(9_000, 0.9, low=300, high=200_000)
            ticket.events.append(TicketEvent(at, "pending", "agent", agent))
        if is_settled:
            at += sampler.seconds(90_000, 0.7, low=600, high=700_000)
            ticket.events.append(TicketEvent(at, "solved", "", agent))
            if sampler.chance(_REOPENED_SHARE):
                at += sampler.seconds(50_000, 0.5, low=600, high=300_000)
                ticket.events.append(TicketEvent(at, "open", "requester"))
                is_settled = False
    contact.is_settled = is_settled
