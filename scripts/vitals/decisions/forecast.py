"""Contacts to expect: a model of daily volumes, spread over the day by what the hours looked like so far.

A queue's history is a matrix of contacts, one row a local day, one column a quarter of an hour of the wall
clock (96). The hour that occurs twice in autumn counts into the same four columns; the one that spring
lacks stays empty. Everything is deterministic, and everything that reads statsmodels imports it when it is
called, since that takes a second.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

QUARTERS = 96
HORIZON_DAYS = 28
# A week to learn from and a day to judge by: what is shorter says nothing about weekdays.
SHORTEST_DAYS = 8
# Two of every weekday, and four, before weekdays and a trend can be told from chance.
WEEKDAY_DAYS = 14
TREND_DAYS = 28
# Older days are another time of the year.
LONGEST_DAYS = 84
FOLD_DAYS = 7
MOST_FOLDS = 4
# A trend goes on a little less each day, and with 5 % of it lost daily stops after two or three weeks' worth.
DAMPING = 0.95
# 1 % points of chi-square by parameters: weekdays, and a trend, have to explain more than chance would.
EVIDENCE = {4: 13.277, 3: 11.345, 2: 9.210, 1: 6.635}
# Contacts that a smoothing window should hold, and those of all days that stand behind a rare kind of day.
WINDOW_CONTACTS = 30
PRIOR_CONTACTS = 50
BOUNDS = (0.1, 0.9)

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.int64]


class FitFailed(ValueError):  # noqa: N818 - it reads as what happened
    """The model of daily volumes found no solution."""


@dataclass(frozen=True)
class DailyModel:
    """Expected contacts by day.

    Args:
        name: day_class_mean; poisson_day_class or poisson_weekday, either of them with `_trend`.
        means: expected contacts on each day of the horizon.
        spread: variance of a day beyond chance, relative to the square of its mean; uncertainty of the mean
            itself included.
        reason: why it is no fuller model; None when it is.
    """

    name: str
    means: Floats
    spread: Floats
    reason: str | None = None


@dataclass(frozen=True)
class Forecast:
    """Expected contacts and the bounds within which four of five should lie, by day and by quarter.

    Args:
        means, lower, upper: of one interval of 15 minutes, by day and quarter; where a quarter occurs twice
        that
            day, of each of the two.
        day_lower, day_upper: of whole days, whose means are the daily model's.
    """

    daily: DailyModel
    means: Floats
    lower: Floats
    upper: Floats
    day_lower: Floats
    day_upper: Floats


@dataclass(frozen=True)
class Backtest:
    """How far forecasts of held-out days were off, beside the same quarter a week before; sums, to be
    divided last.

    Args:
        heldout_days: days held out; 0 when the history is too short for any.
        contacts: contacts that came on them.
        interval_error, day_error: Σ |contacts − forecast| over quarters of an hour, and over days.
        naive_interval_error, naive_day_error: the same of the week before.
        covered: held-out quarters of an hour within the bounds; quarters: all of them.
    """

    heldout_days: int
    contacts: float
    interval_error: float
    day_error: float
    naive_interval_error: float
    naive_day_error: float
    covered: int
    quarters: int


@lru_cache(maxsize=4096)
def intervals_of(zone: str, day: date) -> tuple[tuple[datetime, int], ...]:
    """UTC start (without a zone) and wall-clock quarter of every 15 minutes of a local day, 92 to 100 of
    them."""
    place = ZoneInfo(zone)
    begin, end = (
        datetime(at.year, at.month, at.day, tzinfo=place).astimezone(UTC)
        for at in (day, day + timedelta(days=1))
    )
    found = []
    while begin < end:
        local = begin.astimezone(place)
        found.append((begin.replace(tzinfo=None), local.hour * 4 + local.minute // 15))
        begin += timedelta(minutes=15)
    return tuple(found)


def occurrences_of(zone: str, days: Sequence[date]) -> Floats:
    """How often each quarter of the wall clock occurs on each local day: 1, and 0 or 2 at a clock change."""
    found = np.zeros((len(days), QUARTERS))
    for row, day in enumerate(days):
        for _, quarter in intervals_of(zone, day):
            found[row, quarter] += 1
    return found


def forecast(history: Floats, first_day: date, occurrences: Floats) -> Forecast:
    """Contacts to expect on the days after a history.

    Args:
        history: contacts by day and quarter, from `first_day` on, no day left out; at least SHORTEST_DAYS
            days.
        first_day: local day of its first row.
        occurrences: how often each quarter occurs on each day to forecast, from the day after the history on.

    Raises:
        ValueError: the history is too short.
    """
    if len(history) < SHORTEST_DAYS:
        raise ValueError(f"{len(history)} days are no history: it takes {SHORTEST_DAYS}")
    if len(history) > LONGEST_DAYS:
        first_day += timedelta(days=len(history) - LONGEST_DAYS)
        history = history[-LONGEST_DAYS:]
    weekdays = _weekdays(first_day, len(history) + len(occurrences))
    known, ahead = weekdays[: len(history)], weekdays[len(history) :]
    daily = daily_model(history.sum(axis=1), known, ahead)
    shares = profiles(history, known)
    weights = shares[_classes(ahead)]
    within = (weights * occurrences).sum(axis=1, keepdims=True)
    means = daily.means[:, None] * np.divide(weights, within, out=np.zeros_like(weights), where=within > 0)
    lower, upper = _bounds(means, daily.spread[:, None])
    return Forecast(daily, means, lower, upper, *_bounds(daily.means, daily.spread))


def daily_model(counts: Floats, weekdays: Days, ahead: Days) -> DailyModel:
    """Expected contacts of each day ahead.

    A Poisson regression on working day, Saturday and Sunday; on every weekday instead where that explains
    more than chance would, and from TREND_DAYS on with a trend where that does, damped ahead. A weekday on
    which nobody ever came stays empty. Short histories, and those that the regression cannot solve, take
    the mean of working days, Saturdays and Sundays.

    Args:
        counts: contacts a day. weekdays: Monday 0 … Sunday 6 of each. ahead: of the days to forecast.
    """
    if len(counts) < WEEKDAY_DAYS:
        return _class_means(counts, weekdays, ahead, f"history shorter than {WEEKDAY_DAYS} days")
    try:
        return _poisson(counts, weekdays, ahead)
    except FitFailed as failure:
        return _class_means(counts, weekdays, ahead, str(failure))


def profiles(history: Floats, weekdays: Days) -> Floats:
    """Shares of a day's contacts by quarter, for working days, Saturdays and Sundays; each sums to 1.

    Smoothed over as many neighbours as it takes to have WINDOW_CONTACTS in a window; a kind of day with few
    contacts leans on all days.
    """
    total = history.sum(axis=0)
    overall = _smooth(total, total.sum())
    overall = overall / overall.sum() if overall.sum() > 0 else np.full(QUARTERS, 1 / QUARTERS)
    found = np.empty((3, QUARTERS))
    for kind in range(3):
        own = history[_classes(weekdays) == kind].sum(axis=0)
        found[kind] = _smooth(own, total.sum()) + PRIOR_CONTACTS * overall
    return np.asarray(found / found.sum(axis=1, keepdims=True), dtype=np.float64)


def backtest(history: Floats, first_day: date, occurrences: Floats) -> Backtest:
    """Forecast the last days from those before them, as one would have done then, and compare.

    The last 7 days are held out, and further weeks before them while WEEKDAY_DAYS remain to learn from, up to
    MOST_FOLDS; of a history shorter than that as many days as leave SHORTEST_DAYS.

    Args:
        history, first_day: as for `forecast`. occurrences: of the days of the history.
    """
    days = len(history)
    folds = [
        (days - FOLD_DAYS * number, days - FOLD_DAYS * (number - 1))
        for number in range(1, MOST_FOLDS + 1)
        if days - FOLD_DAYS * number >= WEEKDAY_DAYS
    ]
    if not folds and days > SHORTEST_DAYS:
        folds = [(max(SHORTEST_DAYS, days - FOLD_DAYS), days)]
    actual, expected, naive, covered = [], [], [], 0
    for begin, end in folds:
        found = forecast(history[:begin], first_day, occurrences[begin:end])
        came = history[begin:end]
        actual.append(came)
        expected.append(found.means * occurrences[begin:end])
        naive.append(history[begin - 7 : end - 7])
        once = occurrences[begin:end] == 1
        covered += int(((came >= found.lower) & (came <= found.upper) & once).sum())
    if not folds:
        return Backtest(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0)
    came, model, week = (np.concatenate(parts) for parts in (actual, expected, naive))
    return Backtest(
        heldout_days=len(came),
        contacts=float(came.sum()),
        interval_error=float(np.abs(came - model).sum()),
        day_error=float(np.abs(came.sum(axis=1) - model.sum(axis=1)).sum()),
        naive_interval_error=float(np.abs(came - week).sum()),
        naive_day_error=float(np.abs(came.sum(axis=1) - week.sum(axis=1)).sum()),
        covered=covered,
        quarters=int(sum((occurrences[begin:end] == 1).sum() for begin, end in folds)),
    )


@dataclass(frozen=True)
class _Fit:
    """A Poisson regression, and what each day of the horizon is to it."""

    design: Floats
    future: Floats
    parameters: Floats
    fitted: Floats


def _poisson(counts: Floats, weekdays: Days, ahead: Days) -> DailyModel:
    # Of a weekday that is always empty the logarithm has no end: it is left out, and stays empty.
    open_days = [day for day in range(7) if counts[weekdays == day].sum() > 0]
    used, is_open = np.isin(weekdays, open_days), np.isin(ahead, open_days)
    if not used.any():
        raise FitFailed("no contacts")
    came, known = counts[used], weekdays[used]
    kinds = _classes(known)
    name = "poisson_day_class"
    fit = _regression(came, _indicators(kinds, kinds), _indicators(kinds, _classes(ahead)))
    fuller = _regression(came, _indicators(known, known), _indicators(known, ahead))
    if _explains_more(came, fuller, fit):
        name, fit = "poisson_weekday", fuller
    if len(counts) >= TREND_DAYS:
        weeks = (np.arange(len(counts)) - (len(counts) - 1))[used] / 7.0
        steps = np.cumsum(DAMPING ** np.arange(1, len(ahead) + 1)) / 7.0
        fuller = _regression(came, np.column_stack([fit.design, weeks]), np.column_stack([fit.future, steps]))
        if _explains_more(came, fuller, fit):
            name, fit = f"{name}_trend", fuller
    means = np.where(is_open, np.exp(np.where(is_open, fit.future @ fit.parameters, 0.0)), 0.0)
    alike = known if name.startswith("poisson_weekday") else kinds
    alike_ahead = ahead if name.startswith("poisson_weekday") else _classes(ahead)
    observed = np.array([max(1, int((alike == group).sum())) for group in alike_ahead], dtype=np.float64)
    return DailyModel(name, means, _spread(came, fit.fitted, len(fit.parameters), means, observed))


def _indicators(groups: Days, of: Days) -> Floats:
    """A column for each of the groups: 1 where a day is of it."""
    return np.column_stack([(of == group).astype(np.float64) for group in sorted(set(groups.tolist()))])


def _regression(counts: Floats, design: Floats, future: Floats) -> _Fit:
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    with warnings.catch_warnings():
        # What it would warn of is checked below, and told.
        warnings.simplefilter("ignore")
        try:
            result = GLM(counts, design, family=Poisson()).fit()
        except (ValueError, np.linalg.LinAlgError) as error:
            raise FitFailed(f"the regression failed: {error}") from error
    parameters = np.asarray(result.params, dtype=np.float64)
    fitted = np.asarray(result.mu, dtype=np.float64)
    if not (result.converged and np.isfinite(parameters).all() and np.isfinite(fitted).all()):
        raise FitFailed("the regression did not converge")
    return _Fit(design, future, parameters, fitted)


def _explains_more(counts: Floats, fuller: _Fit, simpler: _Fit) -> bool:
    """Whether the fuller model is closer than chance would make it; days vary more than Poisson counts do."""
    more = len(fuller.parameters) - len(simpler.parameters)
    if more <= 0:
        return False
    freedom = max(1, len(counts) - len(fuller.parameters))
    chance = max(1.0, float(((counts - fuller.fitted) ** 2 / fuller.fitted).sum()) / freedom)
    gain = _deviance(counts, simpler.fitted) - _deviance(counts, fuller.fitted)
    return gain / chance > EVIDENCE[more]


def _deviance(counts: Floats, fitted: Floats) -> float:
    terms = np.where(counts > 0, counts * np.log(np.maximum(counts, 1e-300) / fitted), 0.0)
    return float(2.0 * (terms - (counts - fitted)).sum())


def _class_means(counts: Floats, weekdays: Days, ahead: Days, reason: str) -> DailyModel:
    kinds, kinds_ahead = _classes(weekdays), _classes(ahead)
    by_kind = np.array([counts[kinds == kind].mean() if (kinds == kind).any() else 0.0 for kind in range(3)])
    observed = np.array([max(1, int((kinds == kind).sum())) for kind in kinds_ahead], dtype=np.float64)
    means = by_kind[kinds_ahead]
    return DailyModel(
        "day_class_mean", means, _spread(counts, by_kind[kinds], len(set(kinds)), means, observed), reason
    )


def _spread(counts: Floats, fitted: Floats, parameters: int, means: Floats, observed: Floats) -> Floats:
    """Relative variance beyond chance: of days around their mean, and of a mean learned from so few days."""
    squares = float((fitted**2).sum())
    freedom = max(1, len(counts) - parameters)
    excess = float(((counts - fitted) ** 2).sum()) * len(counts) / freedom - float(fitted.sum())
    days = max(0.0, excess / squares) if squares > 0 else 0.0
    chance = np.divide(1.0, means, out=np.zeros_like(means), where=means > 0)
    return np.asarray(days + (days + chance) / observed, dtype=np.float64)


def _bounds(means: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Whole contacts between which a negative binomial count of this mean and spread lies 4 times of 5."""
    from scipy.stats import nbinom, poisson

    wide = np.broadcast_to(spread, means.shape)
    found = []
    for share in BOUNDS:
        size = 1.0 / np.maximum(wide, 1e-9)
        counts = np.where(
            wide > 1e-9, nbinom.ppf(share, size, size / (size + means)), poisson.ppf(share, means)
        )
        found.append(np.where(means > 0, counts, 0.0))
    return found[0], found[1]


def _smooth(counts: Floats, contacts: float) -> Floats:
    """Triangular weights over neighbours around the clock; the sum stays."""
    reach = next(
        (half for half in (0, 1, 2, 4) if contacts / QUARTERS * (2 * half + 1) >= WINDOW_CONTACTS), 6
    )
    weights = np.array([reach + 1 - abs(step) for step in range(-reach, reach + 1)], dtype=np.float64)
    weights /= weights.sum()
    smoothed = np.zeros(QUARTERS)
    for step, weight in zip(range(-reach, reach + 1), weights, strict=True):
        smoothed += weight * np.roll(counts, step)
    return smoothed


def _weekdays(first_day: date, days: int) -> Days:
    return (first_day.weekday() + np.arange(days, dtype=np.int64)) % 7


def _classes(weekdays: Days) -> Days:
    """0 working day, 1 Saturday, 2 Sunday."""
    return np.maximum(weekdays - 4, 0)
