"""Erlang C: published figures, a second way of computing, and the edges."""

import math

import numpy as np
import pytest

from vitals.decisions.erlang import (
    agents_needed,
    load_erlangs,
    occupancy,
    service_level,
    speed_of_answer,
    wait_probability,
)


def recursive_wait_probability(load: float, agents: int) -> float:
    """Erlang C from Erlang's recursion of B: B(0) = 1, B(n) = A B(n−1) / (n + A B(n−1))."""
    blocked = 1.0
    for servers in range(1, agents + 1):
        blocked = load * blocked / (servers + load * blocked)
    return agents * blocked / (agents - load * (1 - blocked))


def test_the_published_example_holds() -> None:
    load = load_erlangs(360, 240, 1800)
    assert load == 48
    assert occupancy(load, 55) == pytest.approx(0.873, abs=0.0005)
    assert wait_probability(load, 55) == pytest.approx(0.239, abs=0.0005)
    assert service_level(load, 55, 240, 15) == pytest.approx(0.846, abs=0.0005)
    assert speed_of_answer(load, 55, 240) == pytest.approx(8.2, abs=0.05)
    assert agents_needed(load, 240, 15, 0.845) == 55
    assert agents_needed(load, 240, 15, 0.846) == 56


@pytest.mark.parametrize("load", [0.01, 0.5, 1.0, 7.3, 48.0, 400.0, 1500.0])
@pytest.mark.parametrize("spare", [1, 2, 5, 40])
def test_it_equals_the_recursion(load: float, spare: int) -> None:
    agents = math.floor(load) + spare
    assert wait_probability(load, agents) == pytest.approx(recursive_wait_probability(load, agents), rel=1e-9)


def test_one_agent_makes_wait_as_many_as_he_is_busy() -> None:
    assert wait_probability(0.7, 1) == pytest.approx(0.7)


def test_no_contacts_need_nobody_and_nobody_waits() -> None:
    assert load_erlangs(0, 240, 900) == 0
    assert agents_needed(0, 240, 20, 0.8) == 0
    assert wait_probability(0, 0) == 0
    assert service_level(0, 0, 240, 20) == 1
    assert speed_of_answer(0, 0, 240) == 0


def test_contacts_that_take_no_time_are_no_load() -> None:
    assert load_erlangs(50, 0, 900) == 0
    assert agents_needed(load_erlangs(50, 0, 900), 0, 20, 0.8) == 0


@pytest.mark.parametrize("agents", [0, 9, 10])
def test_at_or_above_its_agents_a_load_makes_everybody_wait_for_ever(agents: int) -> None:
    assert wait_probability(10, agents) == 1
    assert service_level(10, agents, 240, 20) == 0
    assert speed_of_answer(10, agents, 240) == math.inf


def test_a_whole_load_takes_at_least_one_agent_more() -> None:
    assert agents_needed(10, 240, 20, 0.0) == 11


def test_thousands_of_agents_neither_overflow_nor_lose_digits() -> None:
    needed = float(agents_needed(5000, 240, 20, 0.8))
    assert 5000 < needed < 5050
    assert service_level(5000, needed, 240, 20) >= 0.8 > service_level(5000, needed - 1, 240, 20)
    assert wait_probability(1200, 1300) == pytest.approx(recursive_wait_probability(1200, 1300), rel=1e-9)


def test_part_of_a_contact_is_part_of_a_load() -> None:
    assert load_erlangs(2.5, 360, 900) == 1.0
    assert load_erlangs(2.5, 360, 900, concurrency=2) == 0.5


def test_an_agent_for_half_of_the_time_is_half_way_between() -> None:
    lower, between, upper = service_level(3.2, np.array([4.0, 4.5, 5.0]), 240, 20)
    assert between == pytest.approx((lower + upper) / 2)


def test_everything_grows_the_right_way() -> None:
    loads = np.linspace(0.1, 60, 200)
    assert (np.diff(agents_needed(loads, 240, 20, 0.8)) >= 0).all()
    assert (np.diff(agents_needed(30, 240, 20, np.linspace(0, 1, 50))) >= 0).all()
    assert (np.diff(agents_needed(30, 240, np.arange(0, 300, 10), 0.8)) <= 0).all()
    assert (np.diff(service_level(30, np.arange(31, 80), 240, 20)) > 0).all()
    assert (np.diff(wait_probability(30, np.arange(31, 80))) < 0).all()


def test_nobody_is_to_be_busier_than_allowed() -> None:
    assert agents_needed(88, 240, 3600, 0.5, maximum_occupancy=0.88) == 100
    assert agents_needed(88.01, 240, 3600, 0.5, maximum_occupancy=0.88) == 101
    assert agents_needed(88, 240, 3600, 0.5) == 89


def test_answering_everybody_at_once_has_an_end() -> None:
    needed = float(agents_needed(3, 100, 0, 1.0))
    assert service_level(3, needed, 100, 0) == 1


def test_the_unknown_stays_unknown_and_leaves_its_neighbours_alone() -> None:
    needed = agents_needed([48, np.nan, 48, 48], [240, 240, np.nan, 240], 15, [0.845, 0.8, 0.8, np.nan])
    assert needed[0] == 55
    assert np.isnan(needed[1:]).all()
    assert math.isnan(float(wait_probability(np.nan, 5)))
    assert math.isnan(float(service_level(1, 5, np.nan, 20)))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: load_erlangs(-1, 240, 900),
        lambda: load_erlangs(1, 240, 0),
        lambda: load_erlangs(1, 240, 900, concurrency=0),
        lambda: wait_probability(1, 1.5),
        lambda: agents_needed(1, 240, 20, 1.1),
        lambda: agents_needed(1, 240, 20, 0.8, maximum_occupancy=0),
        lambda: agents_needed(1, 240, 20, 0.8, maximum_occupancy=1.01),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(ValueError, match=r"must|at most"):
        wrong()
