"""A new contact: the identifiers, words and keys that its platform gives it."""

from vitals.simulate.entities import Contact, Customer, Ticket
from vitals.simulate.reference import UNCLASSIFIED, Reference
from vitals.simulate.sampling import Choice, Sampler
from vitals.simulate.world import (
    ANONYMOUS_SHARE,
    LANGUAGES,
    TYPE_ABSENT_SHARE,
    TYPE_UNKNOWN_SHARE,
    UNKNOWN_TYPE_WORDS,
    Lane,
)

_MAIL_WORDS = Choice((("email", 72.0), ("web", 20.0), ("mobile", 5.0), ("api", 3.0)))


class Intake:
    """Makes contacts and numbers them."""

    def __init__(self, lanes: list[Lane], reference: Reference, sampler: Sampler) -> None:
        self.lanes = lanes
        self.reference = reference
        self.sampler = sampler
        self._counts: dict[str, int] = {}

    def _count(self, name: str) -> int:
        """The next number of a series."""
        self._counts[name] = self._counts.get(name, 0) + 1
        return self._counts[name]

    def new_contact(self, lane_index: int, customer: Customer | None, contact_type: str, at: int) -> Contact:
        """A contact of a lane with the identifiers that its platform gives it; it is not yet in any queue."""
        lane = self.lanes[lane_index]
        sampler = self.sampler
        queue = self.reference.queues[lane.queue]
        key = None
        if customer is not None:
            key = str(customer.requester_id) if lane.channel == "email" else customer.phone
            if lane.channel == "voice" and sampler.chance(ANONYMOUS_SHARE):
                key = None
        type_word = self._type_word(lane, contact_type)
        contact = Contact(
            platform=lane.platform,
            native_id=self._native_id(lane, at),
            client=queue.client,
            site=queue.site,
            queue=None,
            channel=lane.channel,
            contact_type=self.reference.slug(lane.platform, "contact_type", type_word) or UNCLASSIFIED,
            type_word=type_word,
            customer=customer,
            customer_key=key,
            language=sampler.pick(LANGUAGES.get(queue.client, ("en",))),
            arrived_at=at,
            lane_index=lane_index,
        )
        if lane.platform == "zendesk":
            contact.ticket = Ticket(
                self._count("ticket") + 1_000_000,
                "voice" if lane.channel == "voice" else _MAIL_WORDS.at(sampler.uniform()),
            )
            if lane.channel == "email":
                contact.native_id = str(contact.ticket.number)
        return contact

    def _native_id(self, lane: Lane, at: int) -> str:
        if lane.platform == "amazon_connect":
            return self.sampler.uuid()
        if lane.platform == "asterisk":
            return f"{at}.{self._count('asterisk')}"
        if lane.platform == "zendesk":
            return str(360_020_000_000 + self._count("call"))
        return f"MSG-{self._count('template'):07d}"

    def _type_word(self, lane: Lane, contact_type: str) -> str | None:
        if lane.platform == "asterisk":
            return self.reference.words["asterisk"].native("queue", lane.queue)
        roll = self.sampler.uniform()
        if roll < TYPE_ABSENT_SHARE:
            return None
        if roll < TYPE_ABSENT_SHARE + TYPE_UNKNOWN_SHARE:
            return self.sampler.pick(UNKNOWN_TYPE_WORDS)
        return self.reference.words[lane.platform].native("contact_type", contact_type)
