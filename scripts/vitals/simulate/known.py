"""What the platforms tell of contacts at a moment: some tell of those that go on, some only what is over.

Asterisk logs each event as it happens, the help desk each ticket, the template's tool each thread from its
queue on; what has no end yet has none. Amazon Connect writes a record when its contact has ended, without
after-contact work that goes on; the help desk writes a call once it is wrapped up. Who is still in a menu
is seen nowhere.
"""

from itertools import takewhile

from vitals.simulate.entities import Contact, Leg
from vitals.simulate.matters import outcome_of

# Seconds from the end of a contact or a call to its record.
RECORD_DELAY_SECONDS = 2
CALL_DELAY_SECONDS = 20


def known_at(contacts: list[Contact], until: int) -> list[Contact]:
    """The contacts that their platforms tell at `until`, cut back to what is known of them then.

    Args:
        contacts: as they were simulated up to `until`; they are changed.
        until: UTC second at which the exports are drawn.
    """
    known: list[Contact] = []
    for contact in contacts:
        if not contact.legs and contact.outcome == "open":
            continue
        if contact.platform == "amazon_connect" and not _has_record(contact, until):
            continue
        is_call = contact.platform == "zendesk" and contact.channel == "voice"
        if is_call and (contact.ended_at is None or contact.last_at + CALL_DELAY_SECONDS >= until):
            continue
        for leg in contact.legs:
            if leg.acw is not None and leg.wrapped_at is not None and leg.wrapped_at + 1 >= until:
                leg.acw = leg.wrapped_at = None
        if contact.legs:
            contact.outcome = outcome_of(contact)
        known.append(contact)
    return known


def _has_record(contact: Contact, until: int) -> bool:
    """Cuts a chain of records back to those that are written; false when none is."""

    def is_written(leg: Leg) -> bool:
        return leg.ended_at is not None and leg.ended_at + RECORD_DELAY_SECONDS < until

    if not contact.legs:
        return contact.ended_at is not None and contact.ended_at + RECORD_DELAY_SECONDS < until
    written = list(takewhile(is_written, contact.legs))
    if len(written) < len(contact.legs):
        # What the agent notes, and how the customer felt, comes with the last record.
        contact.ended_at = contact.resolved_flag = contact.sentiment = None
        if written:
            contact.next_native_id = contact.legs[len(written)].native_id
        contact.legs = written
    return bool(written)
