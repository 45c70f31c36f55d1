"""What a test of fetching reads back: files and rows of landing, and what landing makes of them."""

import json
from datetime import UTC, datetime
from typing import Any

from vitals.fetch import Outcome, Window, fetch
from vitals.landing import LandingReport, land
from vitals.paths import Paths
from vitals.streams import load_streams

NOW = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)


def fetched(
    paths: Paths, platform: str, *streams: str, now: datetime = NOW, window: Window | None = None
) -> dict[str, Outcome]:
    """Fetch, and what came of each stream by its name."""
    outcomes = fetch(paths, platform, streams, window, now=now)
    return {one.stream.split("/")[1]: one for one in outcomes}


def counts(outcomes: dict[str, Outcome]) -> dict[str, int]:
    """The rows that came of each stream."""
    return {name: one.rows for name, one in outcomes.items()}


def files(paths: Paths, platform: str) -> list[str]:
    """What stands in landing, anything half included."""
    folder = paths.landing / platform
    return sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file())


def rows(paths: Paths, platform: str, stream: str, key: str) -> list[dict[str, Any]]:
    """The rows of a stream's files."""
    found = sorted((paths.landing / platform / stream).glob("*.json"))
    return [row for file in found for row in json.loads(file.read_text(encoding="utf-8"))[key]]


def landed(paths: Paths, now: datetime = NOW) -> LandingReport:
    """Land with the project's declarations; nothing may be refused or unreadable."""
    report = land(paths, load_streams(paths.project), now.replace(tzinfo=None))
    assert not report.with_status("refused")
    assert report.rows_quarantined == 0
    assert not report.unknown
    return report
