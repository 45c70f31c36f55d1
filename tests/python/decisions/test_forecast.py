"""Forecasts of series whose answer is known."""

import warnings
from datetime import date, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from statsmodels.genmod.generalized_linear_model import GLM

from vitals.decisions import forecast as model
from vitals.decisions.volumes import COUNTS, KEY, backtests, forecasts

MONDAY = date(2026, 6, 1)


def spread_evenly(days: list[float]) -> model.Floats:
    """A history with so many contacts in every quarter of an hour of each day."""
    return np.repeat(np.array(days, dtype=np.float64)[:, None], model.QUARTERS, axis=1)


def ahead(history: model.Floats, first_day: date = MONDAY, days: int = model.HORIZON_DAYS) -> model.Forecast:
    start = first_day + timedelta(days=len(history))
    occurrences = model.occurrences_of("UTC", [start + timedelta(days=step) for step in range(days)])
    return model.forecast(history, first_day, occurrences)


def backtest_of(history: model.Floats, first_day: date = MONDAY) -> model.Backtest:
    days = [first_day + timedelta(days=step) for step in range(len(history))]
    return model.backtest(history, first_day, model.occurrences_of("UTC", days))


def test_a_week_that_repeats_goes_on_repeating() -> None:
    week = [960.0, 960.0, 960.0, 960.0, 960.0, 192.0, 96.0]
    found = ahead(spread_evenly([day / 96 for day in week * 3]))
    assert found.daily.name == "poisson_day_class"
    assert found.daily.reason is None
    assert found.daily.means == pytest.approx(week * 4)
    assert found.means == pytest.approx(spread_evenly([day / 96 for day in week * 4]))
    assert backtest_of(spread_evenly(week * 3)).day_error == pytest.approx(0, abs=1e-6)


def test_a_busy_monday_is_told_from_the_other_days() -> None:
    week = [20.0, 10, 10, 10, 10, 10, 10]
    found = ahead(spread_evenly(week * 3), days=7)
    assert found.daily.name == "poisson_weekday"
    assert found.daily.means == pytest.approx([day * 96 for day in week])


def test_chance_is_not_taken_for_a_weekday_or_a_trend() -> None:
    counts = np.random.default_rng(5).poisson(30, (42, 1)).astype(float)
    history = np.hstack([counts, np.zeros((42, model.QUARTERS - 1))])
    assert ahead(history).daily.name == "poisson_day_class"


def test_a_trend_goes_on_a_little_less_each_day() -> None:
    growth = 1.01 ** np.arange(56)
    found = ahead(spread_evenly(list(20 * growth)))
    assert found.daily.name == "poisson_day_class_trend"
    means = found.daily.means / 96
    assert (np.diff(means) > 0).all()
    assert means[0] == pytest.approx(20 * 1.01**55 * 1.01**0.95, rel=1e-3)
    assert means[27] < 20 * 1.01**82
    # The sum of 0.95 + 0.95² + … is 19 days of growth, and no day gets beyond it.
    assert means[27] < 20 * 1.01 ** (55 + 19)


def test_a_weekday_on_which_nobody_comes_stays_empty() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = ahead(spread_evenly([5.0, 5, 0, 5, 5, 5, 0] * 3), days=7)
    assert found.daily.means == pytest.approx([480, 480, 0, 480, 480, 480, 0])
    assert found.upper[2].max() == found.upper[6].max() == found.day_upper[6] == 0


def test_a_queue_that_has_gone_silent_is_forecast_silent() -> None:
    found = ahead(spread_evenly([0.0] * 30))
    assert (found.daily.name, found.daily.reason) == ("day_class_mean", "no contacts")
    assert found.means.sum() == found.upper.sum() == 0


def test_a_short_history_takes_means_and_says_why() -> None:
    found = ahead(spread_evenly([6.0, 4, 6, 4, 5, 3, 1, 5]), days=7)
    assert found.daily.name == "day_class_mean"
    assert found.daily.reason == "history shorter than 14 days"
    assert found.daily.means == pytest.approx(np.array([5, 5, 5, 5, 3, 1, 5]) * 96.0)
    assert backtest_of(spread_evenly([5.0] * 8)).heldout_days == 0


def test_a_week_alone_is_no_history() -> None:
    with pytest.raises(ValueError, match="7 days are no history"):
        ahead(spread_evenly([5.0] * 7))


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (
            SimpleNamespace(converged=False, params=np.ones(3), mu=np.ones(21)),
            "the regression did not converge",
        ),
        (SimpleNamespace(converged=True, params=np.full(3, np.nan), mu=np.ones(21)), "did not converge"),
        (np.linalg.LinAlgError("singular"), "the regression failed: singular"),
    ],
)
def test_a_failed_fit_falls_back_by_name(
    monkeypatch: pytest.MonkeyPatch, outcome: object, reason: str
) -> None:
    def fit(self: object) -> object:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(GLM, "fit", fit)
    found = ahead(spread_evenly([10.0, 10, 10, 10, 10, 4, 2] * 3), days=7)
    assert found.daily.name == "day_class_mean"
    assert reason in str(found.daily.reason)
    assert found.daily.means == pytest.approx(np.array([10, 10, 10, 10, 10, 4, 2]) * 96.0)


def test_what_is_older_than_twelve_weeks_is_forgotten() -> None:
    found = ahead(spread_evenly([500.0] * 100 + [5.0] * 84))
    assert found.daily.means == pytest.approx([480.0] * 28)


def test_the_back_test_holds_out_what_the_forecast_must_not_know() -> None:
    # Weeks of 10, 20 and 10 a quarter: the third is forecast as 15 from two weeks, and as 20 from the last.
    found = backtest_of(spread_evenly([10.0] * 7 + [20.0] * 7 + [10.0] * 7))
    quarters = 7 * 96
    assert (found.heldout_days, found.contacts) == (7, 10 * quarters)
    assert found.interval_error == pytest.approx(5 * quarters)
    assert found.day_error == pytest.approx(5 * quarters)
    assert found.naive_interval_error == found.naive_day_error == 10 * quarters
    assert (found.quarters, found.covered) == (quarters, quarters)


def test_errors_of_quarters_do_not_cancel_and_those_of_a_day_do() -> None:
    history = spread_evenly([10.0] * 14)
    held_out = spread_evenly([10.0] * 7)
    held_out[:, 0::2] += 3
    held_out[:, 1::2] -= 3
    found = backtest_of(np.vstack([history, held_out]))
    assert found.interval_error == pytest.approx(3 * 7 * 96)
    assert found.day_error == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("days", "heldout"), [(8, 0), (9, 1), (14, 6), (15, 7), (20, 7), (21, 7), (27, 7), (28, 14), (60, 28)]
)
def test_as_many_days_are_held_out_as_leave_enough_to_learn_from(days: int, heldout: int) -> None:
    assert backtest_of(spread_evenly([3.0] * days)).heldout_days == heldout


def test_four_of_five_days_and_quarters_lie_within_the_bounds() -> None:
    random = np.random.default_rng(3)
    days = random.gamma(50, 1 / 50, (364, 1))
    history = random.poisson(np.full((364, model.QUARTERS), 40.0) * days).astype(float)
    inside_day = inside = 0
    for begin in range(84, 364, 28):
        found = ahead(history[:begin])
        came = history[begin : begin + 28]
        inside += int(((came >= found.lower) & (came <= found.upper)).sum())
        inside_day += int(((came.sum(1) >= found.day_lower) & (came.sum(1) <= found.day_upper)).sum())
    assert 0.75 < inside / (280 * 96) < 0.88
    assert 0.70 < inside_day / 280 < 0.90


def test_a_day_keeps_its_contacts_when_the_clock_changes() -> None:
    days = [date(2026, 3, 29), date(2026, 10, 25), date(2026, 10, 26)]
    occurrences = model.occurrences_of("Europe/Paris", days)
    assert occurrences.sum(axis=1).tolist() == [92, 100, 96]
    assert occurrences[0, 8:12].tolist() == [0, 0, 0, 0]
    assert occurrences[1, 8:12].tolist() == [2, 2, 2, 2]
    found = model.forecast(spread_evenly([5.0] * 21), date(2026, 10, 4), occurrences)
    assert (found.means * occurrences).sum(axis=1) == pytest.approx(found.daily.means)


def test_the_same_history_gives_the_same_forecast_to_the_last_digit() -> None:
    history = np.random.default_rng(1).poisson(0.3, (30, model.QUARTERS)).astype(float)
    first, second = ahead(history), ahead(history)
    assert (first.means == second.means).all()
    assert (first.upper == second.upper).all()


def counted(queue: str, first: date, days: int, end: date | None, each: int = 4) -> pd.DataFrame:
    """Rows as dbt counts them: so many contacts at 9:00 on each day."""
    return pd.DataFrame(
        [
            {
                "client": "c",
                "site": "s",
                "queue": queue,
                "channel": "voice",
                "zone": "Europe/Paris",
                "day": pd.Timestamp(first + timedelta(days=step)),
                "local_quarter": 36,
                "history_end_date": pd.Timestamp(end) if end else pd.NaT,
                "offered_count": each,
            }
            for step in range(days)
        ]
    )


def test_a_queue_without_enough_days_has_no_forecast_and_says_so() -> None:
    last = MONDAY + timedelta(days=20)
    frame = pd.concat([counted("new", last - timedelta(days=6), 7, last), counted("old", MONDAY, 21, last)])
    assert set(forecasts(frame)["queue"]) == {"old"}
    rows = backtests(frame).set_index("queue")
    assert rows.loc["new", "model"] == "too_short"
    assert rows.loc["new", "model_reason"] == "history shorter than 8 days"
    assert rows["history_days_count"].to_dict() == {"new": 7, "old": 21}


def test_the_running_day_is_no_history() -> None:
    last = MONDAY + timedelta(days=20)
    frame = pd.concat([counted("q", MONDAY, 21, last), counted("q", last + timedelta(days=1), 1, last, 4000)])
    found = forecasts(frame)
    assert found["day"].min() == last + timedelta(days=1)
    assert found["day"].nunique() == 28
    assert found.groupby("day")["expected_count"].sum().to_numpy() == pytest.approx([4.0] * 28)
    assert backtests(frame)["history_days_count"].tolist() == [21]


def test_a_queue_that_only_the_running_day_knows_has_no_history() -> None:
    assert backtests(counted("q", MONDAY, 1, None))["history_days_count"].tolist() == [0]
    assert forecasts(counted("q", MONDAY, 1, None)).empty


def test_intervals_are_keyed_by_utc_on_the_day_of_25_hours() -> None:
    first = date(2026, 10, 4)
    found = forecasts(counted("q", first, 21, first + timedelta(days=20)))
    changed = found[found["day"] == date(2026, 10, 25)]
    assert len(changed) == 100
    assert changed["interval_start_at"].is_unique
    assert changed["interval_start_at"].min() == datetime(2026, 10, 24, 22)


def test_nothing_counted_forecasts_nothing() -> None:
    empty = counted("q", MONDAY, 0, None).reindex(
        columns=[*KEY, "zone", "day", "local_quarter", "history_end_date", "offered_count"]
    )
    assert list(forecasts(empty).columns) == [*KEY, "interval_start_at", "day", *COUNTS]
    assert backtests(empty).empty
