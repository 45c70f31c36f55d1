"""The back-test of the forecast equals a run on the eve of the held-out days, held against what then came."""

import csv
import shutil
from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import duckdb
import pytest

from centre import PROJECT, Centre
from vitals import pipeline
from vitals.paths import Paths

OFFERED = ("answered", "abandoned", "callback_requested", "diverted", "open")
FIRST_HELD_OUT, LAST_HELD_OUT = date(2026, 10, 26), date(2026, 11, 1)

# queue and channel; local day and quarter of an hour
Queue: TypeAlias = tuple[str, str]
Counts: TypeAlias = dict[Queue, dict[tuple[date, int], float]]


@pytest.fixture(scope="module")
def zones() -> dict[str, ZoneInfo]:
    with (PROJECT / "seeds/reference/sites.csv").open(encoding="utf-8") as sites:
        return {row["site"]: ZoneInfo(row["zone"]) for row in csv.DictReader(sites)}


@pytest.fixture(scope="module")
def came(centre: Centre, zones: dict[str, ZoneInfo]) -> Counts:
    """Contacts offered, as the simulator knows them."""
    found: Counts = defaultdict(lambda: defaultdict(float))
    with (centre.truth / "contacts.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            is_counted = row["direction"] == "inbound" and row["is_test"] == "false"
            if is_counted and row["outcome"] in OFFERED and row["queue"] != "no_queue":
                local = datetime.fromisoformat(row["arrived_at"]).astimezone(zones[row["site"]])
                found[row["queue"], row["channel"]][local.date(), local.hour * 4 + local.minute // 15] += 1
    return found


@pytest.fixture(scope="module")
def foreseen(centre: Centre, zones: dict[str, ZoneInfo], tmp_path_factory: pytest.TempPathFactory) -> Counts:
    """What the pipeline forecasts as of noon of the first held-out day, which is that day at every site.

    Montréal's day of 25 hours is among the days held out.
    """
    home = tmp_path_factory.mktemp("eve")
    shutil.copytree(centre.paths.raw, home / "warehouse" / "raw")
    shutil.copy(centre.paths.work_db, home / "warehouse" / "work.duckdb")
    eve = Paths(PROJECT, home / "landing", home / "warehouse")
    models = ["int_runs__resolved", "calc_volume_history__counted", "calc_volume_forecasts__computed"]
    pipeline.build(eve, as_of=datetime(2026, 10, 26, 12), select=models)
    found: Counts = defaultdict(lambda: defaultdict(float))
    with duckdb.connect(str(eve.work_db), read_only=True) as connection:
        for site, queue, channel, start, expected in connection.sql(
            "select site, queue, channel, interval_start_at, expected_count"
            " from computed.calc_volume_forecasts__computed"
        ).fetchall():
            local = start.replace(tzinfo=ZoneInfo("UTC")).astimezone(zones[site])
            found[queue, channel][local.date(), local.hour * 4 + local.minute // 15] += expected
    return found


def errors(came: Counts, expected: Counts, queue: Queue, back: int = 0) -> tuple[float, float]:
    """Σ |contacts − expected| by quarter of an hour and by day, expected `back` days before."""
    by_quarter = by_day = 0.0
    day = FIRST_HELD_OUT
    while day <= LAST_HELD_OUT:
        before = day - timedelta(days=back)
        actual = [came[queue].get((day, quarter), 0.0) for quarter in range(96)]
        other = [expected[queue].get((before, quarter), 0.0) for quarter in range(96)]
        by_quarter += sum(abs(one - two) for one, two in zip(actual, other, strict=True))
        by_day += abs(sum(actual) - sum(other))
        day += timedelta(days=1)
    return by_quarter, by_day


def test_the_errors_on_the_screen_are_those_of_a_forecast_made_before(
    centre: Centre, came: Counts, foreseen: Counts
) -> None:
    rows = centre.published(
        "select queue, channel, heldout_days_count, heldout_contacts_count, interval_error_count,"
        " day_error_count, naive_interval_error_count, naive_day_error_count"
        " from marts.rpt_forecast_backtests"
    )
    assert {row[:2] for row in rows} == set(came)
    for queue, channel, days, contacts, *told in rows:
        key = (queue, channel)
        known = sum(count for (day, _), count in came[key].items() if FIRST_HELD_OUT <= day <= LAST_HELD_OUT)
        assert (days, contacts) == (7, known)
        expected = [*errors(came, foreseen, key), *errors(came, came, key, back=7)]
        assert [float(value) for value in told] == pytest.approx(expected, abs=1e-5), key


def test_it_beats_the_week_before(centre: Centre) -> None:
    ((interval, naive_interval, day, naive_day, coverage),) = centre.published(
        "select sum(interval_error_count), sum(naive_interval_error_count), sum(day_error_count),"
        " sum(naive_day_error_count), sum(covered_intervals_count) / sum(heldout_intervals_count)"
        " from marts.rpt_forecast_backtests"
    )
    assert interval < naive_interval
    assert day < float(naive_day) * 0.9
    assert coverage >= 0.8


def test_the_published_forecast_covers_28_whole_local_days_of_every_queue(
    centre: Centre, came: Counts
) -> None:
    rows = centre.published(
        "select queue, channel, day, count(*), count(distinct interval_start_at), sum(expected_count),"
        " min(day_expected_count), max(day_expected_count), min(day_lower_count), max(day_upper_count)"
        " from marts.rpt_volume_forecast group by queue, channel, day"
    )
    assert len(rows) == 28 * len(came)
    assert {row[2] for row in rows} == {LAST_HELD_OUT + timedelta(days=step) for step in range(1, 29)}
    for _, _, _, count, starts, total, least, most, lower, upper in rows:
        assert count == starts == 96
        assert least == most
        assert float(total) == pytest.approx(float(least), abs=1e-4)
        assert lower <= total <= upper
