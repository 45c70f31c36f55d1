"""What all files of our own template have in common."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from vitals.simulate.entities import Agent, Contact
from vitals.simulate.output import Export, csv_line, day_text, local_iso, with_header
from vitals.simulate.reference import Reference
from vitals.simulate.sampling import Sampler

FEBRUARY = "2026-02-30T10:00:00+01:00"
# Where a contact has no site, times are told as this one's.
_HOME = "sofia"

BadRow: TypeAlias = Callable[[int, int], str]


class TemplateFiles:
    """Opens the template's streams: CSV with a header, a file a UTC day, times as a site's wall clock.

    Args:
        until: UTC second after which nothing is exported.
    """

    def __init__(self, reference: Reference, sampler: Sampler, until: int) -> None:
        self.reference = reference
        self.sampler = sampler
        self.until = until
        self.words = reference.words["template"]
        self.exports: list[Export] = []

    def open(self, stream: str, columns: Sequence[str]) -> Export:
        """A new stream with its header."""
        export = Export(
            "template",
            stream,
            name=lambda day, _: f"{stream}-{day_text(day)}.csv",
            render=with_header(columns),
            last_day=(self.until - 1) // 86400,
        )
        self.exports.append(export)
        return export

    def spoil(self, export: Export, invalid: list[BadRow]) -> None:
        """The usual imperfections; unreadable lines have too many fields."""
        export.spoil(self.sampler, invalid, lambda text: f"{text},surplus,surplus,surplus")

    def time(self, site: str, at: int | None) -> str:
        """A UTC second on the site's wall clock with its offset; empty for None."""
        return local_iso(self.reference, site if site in self.reference.zones else _HOME, at)


def template_id(agent: Agent) -> str:
    """The agent's id as the template names it: prefixed when another platform knows the agent."""
    return agent.native_id if agent.platform == "template" else agent.agent_id


def template_contact_id(contact: Contact) -> str:
    """The contact's id, likewise."""
    return contact.native_id if contact.platform == "template" else contact.contact_id


def row(columns: Sequence[str], **values: object) -> str:
    """A CSV line from named values; the rest is empty."""
    return csv_line([values.get(column) for column in columns])
