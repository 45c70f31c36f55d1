"""Forecasts and their back-tests as tables, queue by queue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from vitals.decisions import forecast as model

KEY = ["client", "site", "queue", "channel"]
TOO_SHORT = "too_short"
COUNTS = (
    "expected_count",
    "lower_count",
    "upper_count",
    "day_expected_count",
    "day_lower_count",
    "day_upper_count",
)


@dataclass(frozen=True)
class QueueHistory:
    """The contacts of one queue and channel by local day and quarter of an hour.

    Args:
        key: client, site, queue, channel.
        zone: IANA zone of the site.
        first_day: of the first contact.
        counts: one row a day from then on to the site's last whole day, one column a quarter.
    """

    key: tuple[str, ...]
    zone: str
    first_day: date
    counts: model.Floats

    @property
    def is_long_enough(self) -> bool:
        """Whether anything can be learned from it."""
        return len(self.counts) >= model.SHORTEST_DAYS

    def days(self, first: int, last: int) -> list[date]:
        """Local days by their place: 0 is the first of the history."""
        return [self.first_day + timedelta(days=place) for place in range(first, last)]


def histories(counted: pd.DataFrame) -> Iterator[QueueHistory]:
    """Each queue's history, in order of their keys.

    Args:
        counted: rows of calc_volume_history__counted: key, zone, day, local_quarter, offered_count, and
            history_end_date, the site's last whole day (null when none).
    """
    for key, own in counted.groupby(KEY, sort=True):
        days = pd.to_datetime(own["day"])
        first, end = days.min(), pd.to_datetime(own["history_end_date"]).max()
        length = 0 if pd.isna(end) else max(0, (end - first).days + 1)
        counts = np.zeros((length, model.QUARTERS))
        places = (days - first).dt.days.to_numpy()
        known = places < length
        np.add.at(
            counts,
            (places[known], own["local_quarter"].to_numpy()[known]),
            own["offered_count"].to_numpy(dtype=np.float64)[known],
        )
        yield QueueHistory(tuple(key), str(own["zone"].iloc[0]), first.date(), counts)


def forecasts(counted: pd.DataFrame) -> pd.DataFrame:
    """Expected contacts of the 28 local days after each queue's history.

    Returns:
        The key with interval_start_at (UTC), day and COUNTS, of the interval and of its day; nothing for
        a queue whose history is too short.
    """
    parts = []
    for history in histories(counted):
        if not history.is_long_enough:
            continue
        length = len(history.counts)
        days = history.days(length, length + model.HORIZON_DAYS)
        found = model.forecast(history.counts, history.first_day, model.occurrences_of(history.zone, days))
        rows = [
            (start, day, place, quarter)
            for place, day in enumerate(days)
            for start, quarter in model.intervals_of(history.zone, day)
        ]
        starts, local_days, places, quarters = zip(*rows, strict=True)
        cells = (list(places), list(quarters))
        parts.append(
            pd.DataFrame(
                {
                    **dict(zip(KEY, history.key, strict=True)),
                    "interval_start_at": pd.to_datetime(list(starts)),
                    "day": list(local_days),
                    "expected_count": found.means[cells],
                    "lower_count": found.lower[cells],
                    "upper_count": found.upper[cells],
                    "day_expected_count": found.daily.means[cells[0]],
                    "day_lower_count": found.day_lower[cells[0]],
                    "day_upper_count": found.day_upper[cells[0]],
                }
            )
        )
    if parts:
        return pd.concat(parts, ignore_index=True)
    texts = {name: pd.Series(dtype="str") for name in KEY}
    moments = {name: pd.Series(dtype="datetime64[us]") for name in ("interval_start_at", "day")}
    counts = {name: pd.Series(dtype="float64") for name in COUNTS}
    return pd.DataFrame({**texts, **moments, **counts})


def backtests(counted: pd.DataFrame) -> pd.DataFrame:
    """Which model forecasts each queue, why no fuller one, and how far off it and the week before were.

    Returns:
        One row per queue: the key, model (`too_short` when there is none), model_reason, history_days_count
        and the sums of `forecast.Backtest`.
    """
    rows = []
    for history in histories(counted):
        days = len(history.counts)
        name, reason = TOO_SHORT, f"history shorter than {model.SHORTEST_DAYS} days"
        tested = model.Backtest(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0)
        if history.is_long_enough:
            occurrences = model.occurrences_of(history.zone, history.days(0, days + 1))
            tested = model.backtest(history.counts, history.first_day, occurrences[:days])
            daily = model.forecast(history.counts, history.first_day, occurrences[days:]).daily
            name, reason = daily.name, daily.reason or ""
        rows.append(
            {
                **dict(zip(KEY, history.key, strict=True)),
                "model": name,
                "model_reason": reason,
                "history_days_count": days,
                "heldout_days_count": tested.heldout_days,
                "heldout_contacts_count": tested.contacts,
                "interval_error_count": tested.interval_error,
                "day_error_count": tested.day_error,
                "naive_interval_error_count": tested.naive_interval_error,
                "naive_day_error_count": tested.naive_day_error,
                "covered_intervals_count": tested.covered,
                "heldout_intervals_count": tested.quarters,
            }
        )
    columns = {
        **dict.fromkeys([*KEY, "model", "model_reason"], "str"),
        **dict.fromkeys(["history_days_count", "heldout_days_count"], "int64"),
        **dict.fromkeys(
            [
                "heldout_contacts_count",
                "interval_error_count",
                "day_error_count",
                "naive_interval_error_count",
                "naive_day_error_count",
            ],
            "float64",
        ),
        **dict.fromkeys(["covered_intervals_count", "heldout_intervals_count"], "int64"),
    }
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)
