"""What one stream's fetch works with, and what it leaves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from vitals.fetch.drop import Drop
from vitals.fetch.state import Memory
from vitals.streams import Stream

# How far the first fetch looks back where nobody says how far.
FIRST_DAYS = 30


@dataclass(frozen=True)
class Window:
    """From when to when to fetch: UTC moments with their zone; None is where it ended last, and now."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a stream. left_out: why it was not asked for; empty when it was."""

    stream: str
    files: int = 0
    rows: int = 0
    left_out: str = ""


@dataclass
class Job:
    """One stream's fetch.

    Attributes:
        stream: its declaration.
        drop: its folder in landing.
        memory: what is known of it, to be changed; `keep` puts it on disk.
        window: what was asked for.
        now: the clock's time, UTC with its zone.
        keep: called after the files of a memory stand in landing.
        tell: called with a few words on what is at work.
    """

    stream: Stream
    drop: Drop
    memory: Memory
    window: Window
    now: datetime
    keep: Callable[[Memory], None]
    tell: Callable[[str], None] = field(default=lambda detail: None)

    @property
    def first(self) -> datetime:
        """Where a stream begins of which nothing is known."""
        return self.window.since or self.now - timedelta(days=FIRST_DAYS)

    @property
    def last(self) -> datetime:
        """Where it ends."""
        return min(self.window.until or self.now, self.now)

    def declared(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row with what its stream reads, and no more: what nobody reads is not kept."""
        return {name: row[name] for name in self.stream.columns if name in row}


class Source(Protocol):
    """A platform that can be asked."""

    account: str

    def left_out(self, stream: str) -> str:
        """Why a stream cannot be asked for here; empty when it can."""
        ...

    def pull(self, job: Job) -> None:
        """Bring what is new of a stream into landing, piece by piece, each kept before the next."""
        ...


def utc(moment: datetime) -> datetime:
    """The moment in UTC; one without an offset is UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
