"""Words of the platforms that no map knows, and their rows in the map seeds, to be filled in."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from vitals.errors import VitalsError

_COLUMNS = ("field", "native_value", "slug")
# Which reference seed holds the slugs of a field; each is its first column.
_SLUGS = {
    "queue": "queues",
    "channel": "channels",
    "contact_type": "contact_types",
    "client": "clients",
    "site": "sites",
    "state": "agent_states",
    "activity": "activities",
    "question": "survey_scales",
}

_MEANINGS = {
    "direction": ("inbound", "outbound"),
    "answer": ("a number of the scale before the colon",),
}


@dataclass(frozen=True)
class UnmappedWord:
    """One row of `quality.rpt_quality_unmapped`.

    Args:
        platform: whose word it is.
        field: queue, channel, contact_type, client, site, state, activity, direction, question or answer.
        native_value: the word.
        rows_count: rows of the contract's tables that carry it.
    """

    platform: str
    field: str
    native_value: str
    rows_count: int


def unmapped(published: Path) -> tuple[UnmappedWord, ...]:
    """The words of the published database that no map knows, the most frequent first.

    Raises:
        VitalsError: nothing is published, or the file cannot be read.
    """
    if not published.exists():
        raise VitalsError(f"{published} does not exist: nothing is published yet.", "Run `vitals run`.")
    try:
        with duckdb.connect(str(published), read_only=True) as connection:
            rows = connection.execute(
                "select platform, field, native_value, rows_count from quality.rpt_quality_unmapped"
                " order by rows_count desc, platform, field, native_value"
            ).fetchall()
    except duckdb.Error as error:
        raise VitalsError(
            f"{published} cannot be read: {str(error).splitlines()[0]}",
            "Run `vitals run`: it publishes anew.",
        ) from error
    return tuple(UnmappedWord(*row) for row in rows)


def map_seed(project: Path, platform: str) -> Path:
    """The seed that maps a platform's words."""
    return project / "seeds" / "maps" / platform / f"map_{platform}.csv"


def slugs(project: Path, field: str) -> tuple[str, ...]:
    """The slugs that a word of a field can mean, from the reference seeds where they are rows of one."""
    if field in _MEANINGS:
        return _MEANINGS[field]
    with (project / "seeds" / "reference" / f"{_SLUGS[field]}.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        return tuple(row[0] for row in list(csv.reader(file))[1:] if row)


def add_to_maps(project: Path, words: Sequence[UnmappedWord]) -> dict[Path, int]:
    """Add a row without a slug to the map seed of each word's platform, where it has none yet.

    Until its slug is filled in, a word stays unmapped.

    Returns:
        By seed, how many rows were added.

    Raises:
        VitalsError: a map seed does not exist or has other columns.
    """
    by_seed: dict[Path, list[UnmappedWord]] = defaultdict(list)
    for word in words:
        by_seed[map_seed(project, word.platform)].append(word)
    known = {seed: _known(seed) for seed in by_seed}
    added = {}
    for seed, members in by_seed.items():
        new = [
            (word.field, word.native_value, "")
            for word in members
            if (word.field, word.native_value.strip().lower()) not in known[seed]
        ]
        if new:
            ends_line = seed.read_bytes().endswith(b"\n")
            with seed.open("a", encoding="utf-8", newline="") as file:
                file.write("" if ends_line else "\n")
                csv.writer(file, lineterminator="\n").writerows(new)
            added[seed] = len(new)
    return added


def _known(seed: Path) -> set[tuple[str, str]]:
    if not seed.exists():
        raise VitalsError(
            f"{seed} does not exist", f"Make it, with one line: {','.join(_COLUMNS)}. Then run this again."
        )
    with seed.open(encoding="utf-8", newline="") as file:
        head, *rows = list(csv.reader(file)) or [[]]
    if tuple(head) != _COLUMNS:
        raise VitalsError(
            f"{seed}, line 1: its columns are {','.join(head) or 'missing'}",
            f"Make its first line: {','.join(_COLUMNS)}.",
        )
    return {(row[0], row[1].strip().lower()) for row in rows if row}
