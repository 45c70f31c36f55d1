"""Agents needed from loads, thresholds and targets."""

from typing import Any

import pandas as pd
import pytest

from vitals.decisions.staffing import needs

QUARTER = pd.Timestamp("2026-10-19 09:00:00")


def computed(**changes: Any) -> tuple[object, object]:
    """Need and expected service level of one queue: 6 calls of 300 s in a quarter of an hour, 2 erlang."""
    row: dict[str, Any] = {
        "interval_start_at": QUARTER,
        "client": "c",
        "site": "s",
        "queue": "q",
        "channel": "voice",
        "is_synchronous": True,
        "offered_count": 6,
        "unplanned_offered_count": 0,
        "agent_seconds": 300.0,
        "work_seconds": 1800.0,
        "service_level_seconds": 20.0,
        "service_level_target": 0.8,
        "occupancy_target": 0.8,
        "maximum_occupancy": 0.88,
        "minimum_agents": 0.0,
        "live_work_seconds": 1800.0,
        "live_offered_count": 6,
        "staffed_seconds": 3600.0,
    }
    found = needs(pd.DataFrame([row | changes]))
    assert list(found[["interval_start_at", "client", "site", "queue", "channel"]].iloc[0]) == [
        QUARTER, "c", "s", "q", "voice",
    ]  # fmt: skip
    need, expected = found["needed_agents"][0], found["expected_service_level"][0]
    return (None if need is pd.NA else need), (None if expected is pd.NA else expected)


def test_a_live_queue_takes_whole_agents() -> None:
    # C(4, 2 erlang) = 4/23, so 1 − 4/23 · e^(−2 · 20 / 300) are answered in time; with 3 agents 58 %.
    need, expected = computed()
    assert need == 4
    assert expected == pytest.approx(1 - 4 / 23 * 2.718281828459045 ** (-2 / 15))


def test_deferred_work_takes_the_agents_that_it_keeps_busy() -> None:
    assert computed(is_synchronous=False) == (2.5, None)


def test_a_live_queue_is_never_left_below_its_minimum() -> None:
    assert computed(minimum_agents=5.0)[0] == 5
    assert computed(offered_count=0, work_seconds=0.0, minimum_agents=1.0)[0] == 1
    assert computed(is_synchronous=False, minimum_agents=5.0)[0] == 2.5


def test_without_contacts_neither_handle_time_nor_target_is_missing() -> None:
    idle = {"offered_count": 0, "work_seconds": 0.0, "agent_seconds": None, "service_level_target": None}
    assert computed(**idle) == (0, None)
    assert computed(**idle, is_synchronous=False, occupancy_target=None) == (0, None)


def test_contacts_of_unknown_length_need_an_unknown_number_of_agents() -> None:
    unknown = {"unplanned_offered_count": 6, "work_seconds": 0.0, "agent_seconds": None}
    assert computed(**unknown) == (None, None)
    assert computed(**unknown, is_synchronous=False) == (None, None)


def test_without_a_target_the_need_is_unknown() -> None:
    need, expected = computed(service_level_target=None)
    assert need is None
    assert expected is not None


def test_too_few_agents_for_the_work_of_the_site_answer_nobody_in_time() -> None:
    assert computed(staffed_seconds=1800.0)[1] == 0
    assert computed(staffed_seconds=0.0)[1] == 0


def test_no_rows_give_no_rows() -> None:
    columns = [
        *("interval_start_at", "client", "site", "queue", "channel", "is_synchronous", "offered_count"),
        *("unplanned_offered_count", "agent_seconds", "work_seconds", "service_level_seconds"),
        *("service_level_target", "occupancy_target", "maximum_occupancy", "minimum_agents"),
        *("live_work_seconds", "live_offered_count", "staffed_seconds"),
    ]
    assert needs(pd.DataFrame(columns=columns)).empty
