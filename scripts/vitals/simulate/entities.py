"""What the simulation produces: contacts with legs, agents with shifts. Times are UTC epoch seconds."""

from dataclasses import dataclass, field
from typing import TypeAlias

AgentContact: TypeAlias = tuple[str, str, str, int, int, int | None, str, str]


@dataclass(slots=True)
class Pause:
    """A planned activity inside a shift other than taking contacts."""

    start: int
    end: int
    activity: str


@dataclass(slots=True)
class Shift:
    """A planned working day of one agent."""

    start: int
    end: int
    pauses: list[Pause] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Agent:
    """An agent, or a supervisor when no skills are given."""

    native_id: str
    platform: str
    first_name: str
    last_name: str
    site: str
    queue: str
    team: str
    supervisor: str
    number: int
    # The team that they changed to in the last days.
    moved_to: str | None = None
    # How long they talk, as a factor of the usual.
    pace: float = 1.0
    skills: tuple[str, ...] = ()
    shifts: list[Shift] = field(default_factory=list)

    @property
    def agent_id(self) -> str:
        """The id in the warehouse."""
        return f"{self.platform}:{self.native_id}"


@dataclass(slots=True, eq=False)
class Customer:
    """A customer of one client: a phone number (maybe shared) and an id at the help desk."""

    phone: str
    requester_id: int


@dataclass(slots=True, eq=False)
class Miss:
    """An agent who was rung and did not pick up."""

    agent: Agent
    at: int
    seconds: int


@dataclass(slots=True, eq=False)
class Leg:
    """One visit to one queue, and the agent who answered. Measures that the platform cannot tell are None."""

    queue: str
    queued_at: int
    native_id: str = ""
    agent: Agent | None = None
    answered_at: int | None = None
    ended_at: int | None = None
    wrapped_at: int | None = None
    wait: int | None = None
    talk: int | None = None
    hold: int | None = None
    acw: int | None = None
    holds: int = 0
    exit: str = "open"
    reason: str = ""
    is_callback: bool = False
    is_external: bool = False
    position: int = 1
    contact_id: str = ""
    misses: list[Miss] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class TicketEvent:
    """Something that happens to a ticket: a new status, a comment, or both."""

    at: int
    status: str
    comment_by: str = ""
    agent: Agent | None = None
    is_public: bool = True


@dataclass(slots=True, eq=False)
class Ticket:
    """A help-desk ticket and its history."""

    number: int
    via: str
    events: list[TicketEvent] = field(default_factory=list)
    tags: tuple[str, ...] = ()
    touched_at: int | None = None


@dataclass(slots=True, eq=False)
class Contact:
    """A contact as the customer lived it.

    `customer_key` is the exported identifier, None if anonymous; `known_as` stands for the customer, by all
    identifiers that the exports join.
    """

    platform: str
    native_id: str
    client: str
    site: str
    queue: str | None
    channel: str
    contact_type: str
    type_word: str | None
    customer: Customer | None
    customer_key: str | None
    language: str
    arrived_at: int
    lane_index: int
    direction: str = "inbound"
    method: str = ""
    is_test: bool = False
    ivr: int = 0
    outcome: str = "open"
    ended_at: int | None = None
    legs: list[Leg] = field(default_factory=list)
    is_settled: bool = False
    resolved_flag: bool | None = None
    sentiment: str | None = None
    ticket: Ticket | None = None
    related: "Contact | None" = None
    # The record that follows the last known leg and is not written yet.
    next_native_id: str | None = None
    agent: Agent | None = None
    known_as: str | None = None

    @property
    def contact_id(self) -> str:
        """The id in the warehouse; the help desk numbers calls and tickets apart."""
        kind = "" if self.ticket is None else "call-" if self.channel == "voice" else "ticket-"
        return f"{self.platform}:{kind}{self.native_id}"

    @property
    def answered_at(self) -> int | None:
        """When an agent first answered, on the line or calling back."""
        return next((leg.answered_at for leg in self.legs if leg.answered_at is not None), None)

    @property
    def completed_transfers(self) -> int:
        """Transfers that another agent answered, or that left the centre as far as anybody knows."""
        count = 0
        for number, leg in enumerate(self.legs, 1):
            if leg.exit == "transferred":
                following = self.legs[number] if number < len(self.legs) else None
                count += following is None or following.answered_at is not None
        return count

    @property
    def last_at(self) -> int:
        """The last moment that the contact's legs know."""
        known = [self.arrived_at, self.ended_at or 0]
        for leg in self.legs:
            known += [leg.queued_at, leg.ended_at or 0, leg.wrapped_at or 0, leg.answered_at or 0]
        return max(known)


@dataclass(slots=True, eq=False)
class AgentEvent:
    """An agent's state.

    A contact of it: (leg id, channel, state, since, queued at, answered at, queue, contact id).
    """

    at: int
    agent: Agent
    kind: str
    status: str
    since: int
    contacts: tuple[AgentContact, ...] = ()
