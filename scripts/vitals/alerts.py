"""Alerts of the published database: streams that are silent, and days with an unusual volume."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from vitals.errors import VitalsError


@dataclass(frozen=True)
class Alert:
    """One row of `quality.rpt_quality_alerts`.

    Args:
        kind: silent_stream or unusual_volume.
        platform, stream: whose.
        since_at: UTC; the newest record or the last landing of a silent stream.
        day: UTC day of an unusual volume.
        observed_value, expected_value: hours or records, as `unit` says.
        message, remedy: in words.
    """

    kind: str
    platform: str
    stream: str
    since_at: datetime | None
    day: date | None
    observed_value: float
    expected_value: float
    unit: str
    message: str
    remedy: str

    def facts(self) -> dict[str, Any]:
        """What is known, for a log or a webhook."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def alerts(published: Path) -> tuple[Alert, ...]:
    """The alerts of the published database; none where its version has no such report.

    Raises:
        VitalsError: nothing is published, or the file cannot be read.
    """
    if not published.exists():
        raise VitalsError(f"{published} does not exist: nothing is published yet.", "Run `vitals run`.")
    columns = ", ".join(Alert.__dataclass_fields__)
    try:
        with duckdb.connect(str(published), read_only=True) as connection:
            if not connection.execute(
                "select 1 from duckdb_tables() where schema_name || '.' || table_name = ?",
                ["quality.rpt_quality_alerts"],
            ).fetchone():
                return ()
            rows = connection.execute(
                f"select {columns} from quality.rpt_quality_alerts order by kind, platform, stream"
            ).fetchall()
    except duckdb.IOException as error:
        raise VitalsError(
            f"{published} cannot be read: {str(error).splitlines()[0]}", "Run `vitals doctor`."
        ) from error
    return tuple(Alert(*row) for row in rows)


def lines(found: tuple[Alert, ...]) -> Iterator[dict[str, Any]]:
    """A line of the log for each."""
    for one in found:
        yield {"event": "alert", **one.facts()}
