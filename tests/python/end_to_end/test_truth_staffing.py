"""Agents needed and staffed equal what the simulator knows, every quarter of an hour of every site."""

import csv
from pathlib import Path

import pytest

from centre import Centre

WORDS = (
    "day",
    "local_time",
    "offered_count",
    "unplanned_offered_count",
    "status",
    "answered_in_target_count",
    "service_level_base_count",
)
# The mart keeps six decimals a queue, and money six of a rate.
NUMBERS = (
    "staffed_seen_agents",
    "staffed_scheduled_agents",
    "load_erlangs",
    "needed_live_agents",
    "needed_deferred_agents",
    "needed_with_shrinkage_agents",
    "gap_cost_amount",
    "expected_service_level",
)


def rows_of(file: Path) -> dict[tuple[str, str], dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return {(row["interval_start_at"], row["site"]): row for row in csv.DictReader(lines)}


def test_every_quarter_of_an_hour_of_every_site_equals_the_truth(centre: Centre) -> None:
    expected = rows_of(centre.truth / "rpt_staffing_intervals.csv")
    words, numbers = ", ".join(WORDS), ", ".join(NUMBERS)
    published = {
        (start, site): figures
        for start, site, *figures in centre.published(
            f"select strftime(interval_start_at, '%Y-%m-%dT%H:%M:%SZ'), site, {words}, is_final,"
            f" {numbers} from marts.rpt_staffing_intervals"
        )
    }
    assert set(published) == set(expected)
    wrong = []
    for key, figures in published.items():
        row = expected[key]
        told = [str(value) for value in figures[: len(WORDS)]]
        is_final, *quantities = figures[len(WORDS) :]
        known = [float(row[name]) if row[name] else None for name in NUMBERS]
        is_equal = (
            told == [row[name] for name in WORDS]
            and is_final == (row["is_final"] == "true")
            and all(
                (value is None) == (truth is None)
                and (truth is None or float(value) == pytest.approx(truth, rel=1e-6, abs=2e-5))
                for value, truth in zip(quantities, known, strict=True)
            )
        )
        if not is_equal:
            wrong.append(f"{key}: expected {row}, got {figures}")
    assert wrong[:5] == []


def test_the_truth_shows_what_staffing_is_about(centre: Centre) -> None:
    rows = rows_of(centre.truth / "rpt_staffing_intervals.csv").values()
    assert {row["status"] for row in rows} >= {"understaffed", "balanced", "overstaffed"}
    assert any(float(row["needed_deferred_agents"]) > 0 for row in rows), "no mail"
    assert any(float(row["needed_live_agents"]) > 2 for row in rows), "no rush"
    assert any(float(row["staffed_scheduled_agents"]) > 0 for row in rows), "everybody was seen"
    assert any(row["expected_service_level"] for row in rows)
    doubled = [row for row in rows if (row["site"], row["day"]) == ("sofia", "2026-10-25")]
    assert len(doubled) == 100


def test_no_contact_is_lost_between_intervals_and_staffing(centre: Centre) -> None:
    ((offered, staffed),) = centre.published(
        # the quarter of an hour in which the exports were drawn is not over
        "select (select sum(offered_count) from marts.agg_queue_intervals"
        " where interval_start_at + interval 15 minute <= (select max(as_of) from marts.rpt_realtime)),"
        " (select sum(offered_count) from marts.rpt_staffing_intervals)"
    )
    assert offered == staffed > 0


def test_too_few_agents_answer_fewer_in_time(centre: Centre) -> None:
    levels = dict(
        centre.published(
            "select status, sum(answered_in_target_count) / sum(service_level_base_count)"
            " from marts.rpt_staffing_intervals group by status"
        )
    )
    assert levels["understaffed"] < levels["balanced"]
    assert levels["understaffed"] < levels["overstaffed"]
