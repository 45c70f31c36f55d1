"""The simulator at volume: millions of contacts as Parquet, drawn a day of a lane at a time.

It knows the same queues, words and durations as the simulator proper, and no truth: what comes out of the
warehouse is compared with other ways to compute the same. Contacts come from fresh needs and from customers
who come back within a week; agents take them in turn, one at a time on the telephone: their time adds up.
Everything about a day depends on the seed and the day alone: days can be added to a year written before.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vitals.errors import VitalsError
from vitals.simulate.bulk_sql import STREAMS, TABLES
from vitals.simulate.reference import Reference
from vitals.simulate.world import (
    ANONYMOUS_SHARE,
    CURRENCIES,
    FIRST_NAMES,
    FLAGGED_SHARE,
    HOURLY_PAY,
    LANGUAGES,
    LAST_NAMES,
    RESOLVED_SHARE,
    TEST_SHARE,
    TYPE_ABSENT_SHARE,
    Lane,
    lanes_of,
)

Numbers = npt.NDArray[Any]
Columns = dict[str, Numbers]

_DAY = 86400
_WEEK = 7
# Customers of a client, as a share of its contacts in the whole span.
_CUSTOMERS_SHARE = 0.45
# Contacts of customers who had one in the days before, and how many days before (from one on).
_RETURN_SHARE = 0.17
_RETURN_DAYS = (0.34, 0.22, 0.16, 0.12, 0.09, 0.07)
# Ends of contacts that reach a queue and no agent, on a day like any other.
_ABANDONED_SHARE, _CALLBACK_SHARE, _DIVERTED_SHARE = 0.045, 0.008, 0.008
_LONGEST_BLOCK_HOURS = 9
_LUNCH_SECONDS = 1800
# Of fewer agents none leaves the line to eat.
_LEAST_FOR_LUNCH = 3
# Time on contacts that agents are planned for, and how far a day's plan may be off.
_PLANNED_OCCUPANCY, _PLAN_RANGE = 0.62, (0.9, 1.3)
# Agents on the roster for each one that a busy day takes.
_ROSTER_FACTOR = 1.5
# The team that takes what others pass on, as a share of the agents.
_SECOND_LINE_SHARE = 0.25
_MOODS_SHARE = 0.3
_LONGEST_REPLY_SECONDS = 10 * 3600
ANSWERED, ABANDONED, SELF_SERVED, HUNG_UP, CALLBACK, DIVERTED = range(6)
# A day's contacts in a lane have numbers of their own.
_MOST_A_DAY = 1_000_000


@dataclass(frozen=True, slots=True)
class BulkReport:
    """What a run wrote: contacts, agents on the roster, files, rows by platform/stream."""

    contacts: int
    agents: int
    files: int
    rows: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Block:
    """A shift of a lane, in hours of the local day; its agents stand from `first` on in the roster."""

    opens: float
    closes: float
    first: int
    pool: int
    second_line: int


@dataclass(slots=True)
class _Desk:
    """A lane with what never changes about it."""

    lane: Lane
    index: int
    site: str
    client: str
    share: float
    hours: Numbers
    types: Numbers
    slots: int
    blocks: list[_Block] = field(default_factory=list)

    @property
    def handle_seconds(self) -> float:
        lane = self.lane
        return lane.talk + lane.acw + lane.hold * lane.hold_share + 3


class _Centre:
    """Draws the days of a centre.

    Args:
        contacts, days: about so many contacts in so many whole local days.
        seed: of all randomness.
        start: first local day at each site.
    """

    def __init__(self, reference: Reference, contacts: int, days: int, seed: int, start: date) -> None:
        self.reference, self.seed, self.start = reference, seed, start
        self.daily = contacts / days
        # Calls to a help desk have no bulk format: their lane is left out.
        lanes = [
            lane for lane in lanes_of(reference) if (lane.platform, lane.channel) != ("zendesk", "voice")
        ]
        if not lanes:
            raise VitalsError(
                f"{reference.seeds} knows none of the simulator's queues.",
                "Restore seeds/reference/queues.csv.",
            )
        total = sum(lane.weight for lane in lanes)
        self.desks: list[_Desk] = []
        self.roster: list[tuple[int, str]] = []
        for index, lane in enumerate(lanes):
            queue = reference.queues[lane.queue]
            hours = np.array(lane.hours)
            if not lane.is_deferred:
                hours[: lane.opens] = 0
                hours[lane.closes :] = 0
            types = np.array([weight for _, weight in lane.types])
            # Only the template tells several contacts of an agent at once.
            slots = lane.concurrency if lane.platform == "template" else 1
            desk = _Desk(
                lane,
                index,
                queue.site,
                queue.client,
                lane.weight / total,
                hours / hours.sum(),
                np.cumsum(types / types.sum()),
                slots,
            )
            self._staff(desk)
            self.desks.append(desk)
        self._customers = {
            client: max(50, round(contacts * share * _CUSTOMERS_SHARE))
            for client, share in _summed((desk.client, desk.share) for desk in self.desks).items()
        }
        self.fresh = lru_cache(len(self.desks) * (len(_RETURN_DAYS) + 2))(self._fresh)

    def _staff(self, desk: _Desk) -> None:
        lane = desk.lane
        count = -(-(lane.closes - lane.opens) // _LONGEST_BLOCK_HOURS)
        bounds = np.linspace(lane.opens, lane.closes, count + 1)
        for opens, closes in pairwise(bounds):
            block = _Block(float(opens), float(closes), len(self.roster), 0, 0)
            expected = self.daily * desk.share * max(lane.days) * _share_between(desk.hours, block)
            pool = max(2, int(self._needed(desk, block, expected, _PLAN_RANGE[1]) * _ROSTER_FACTOR))
            second = max(1, int(pool * _SECOND_LINE_SHARE))
            block = _Block(block.opens, block.closes, block.first, pool, second)
            self.roster += [(desk.index, "first line")] * pool + [(desk.index, "second line")] * second
            desk.blocks.append(block)

    @staticmethod
    def _needed(desk: _Desk, block: _Block, expected: float, factor: float) -> int:
        seconds = (block.closes - block.opens) * 3600 - _LUNCH_SECONDS
        load = expected * desk.handle_seconds / desk.slots
        return max(1, int(np.ceil(load / seconds / _PLANNED_OCCUPANCY * factor)))

    def _rng(self, *keys: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *keys])

    def _expected(self, desk: _Desk, day: int) -> float:
        lane = desk.lane
        weekday = (self.start + timedelta(days=day)).weekday()
        return self.daily * desk.share * lane.days[weekday] * 7 / sum(lane.days)

    def _fresh(self, index: int, day: int) -> tuple[Numbers, Numbers]:
        """Customer and type of the contacts of a lane's day that nothing came before."""
        desk = self.desks[index]
        rng = self._rng(1, index, day)
        count = int(rng.poisson(self._expected(desk, day) * (1 - _RETURN_SHARE)))
        return self._needs(desk, rng, count)

    def _needs(self, desk: _Desk, rng: np.random.Generator, count: int) -> tuple[Numbers, Numbers]:
        customers = rng.integers(0, self._customers[desk.client], count)
        customers[rng.random(count) < ANONYMOUS_SHARE] = -1
        types = np.minimum(np.searchsorted(desk.types, rng.random(count)), len(desk.types) - 1)
        types[rng.random(count) < TYPE_ABSENT_SHARE] = -1
        return customers, types

    def _who(
        self, desk: _Desk, day: int, count: int | None, rng: np.random.Generator
    ) -> tuple[Numbers, Numbers]:
        """Customer and type of a lane's day: fresh needs, and those of the days before who come back."""
        if count is None:
            customers, types = self.fresh(desk.index, day)
            returns = int(rng.poisson(self._expected(desk, day) * _RETURN_SHARE))
        else:
            returns = round(count * _RETURN_SHARE)
            customers, types = self._needs(desk, rng, count - returns)
        before = rng.choice(np.arange(1, len(_RETURN_DAYS) + 1), returns, p=_RETURN_DAYS)
        found = [(customers, types)]
        for ago in range(1, len(_RETURN_DAYS) + 1):
            many = int((before == ago).sum())
            if many and day >= ago and len(self.fresh(desk.index, day - ago)[0]):
                earlier, matters = self.fresh(desk.index, day - ago)
                chosen = rng.integers(0, len(earlier), many)
                found.append((earlier[chosen], matters[chosen]))
        return np.concatenate([each[0] for each in found]), np.concatenate([each[1] for each in found])

    def day(self, desk: _Desk, day: int, count: int | None) -> tuple[Columns, Columns]:
        """A lane's contacts of a local day, and its agents' sessions.

        Args:
            day: from 0 on.
            count: how many; None is as many as such a day has.
        """
        rng = self._rng(2, desk.index, day)
        lane = desk.lane
        customers, types = self._who(desk, day, count, rng)
        n = len(customers)
        midnight = self.reference.midnight(desk.site, self.start + timedelta(days=day))
        seconds = np.sort(rng.choice(24, n, p=desk.hours) * 3600 + rng.integers(0, 3600, n))
        shuffled = rng.permutation(n)
        found: Columns = {
            "number": (day * 64 + desk.index) * _MOST_A_DAY + np.arange(n),
            "lane": np.full(n, desk.index),
            "customer": customers[shuffled],
            "type": types[shuffled],
            "arrived": midnight + seconds,
            "is_test": rng.random(n) < TEST_SHARE,
            "resolved": np.where(
                rng.random(n) < FLAGGED_SHARE, (rng.random(n) < RESOLVED_SHARE).astype(int), -1
            ),
            "sentiment": np.where(
                rng.random(n) < _MOODS_SHARE, np.round(np.clip(rng.normal(0.15, 0.4, n), -1, 1), 2), np.nan
            ),
            "luck": rng.random(n),
        }
        hard = rng.uniform(0.4, 2.2)
        shares = np.cumsum(
            [
                lane.self_service_share,
                lane.hang_up_share,
                _ABANDONED_SHARE * hard if lane.patience else 0,
                _CALLBACK_SHARE if lane.callback_share or lane.key_exit_share else 0,
                _DIVERTED_SHARE if lane.timeout else 0,
            ]
        )
        kinds = np.array([SELF_SERVED, HUNG_UP, ABANDONED, CALLBACK, DIVERTED, ANSWERED])
        outcome = kinds[np.searchsorted(shares, rng.random(n), side="right")]
        found["outcome"] = outcome
        ivr = np.where(lane.ivr > 0, _seconds(rng, max(lane.ivr, 1), n), 0)
        ivr[outcome == SELF_SERVED] *= 3
        is_queued = (outcome != SELF_SERVED) & (outcome != HUNG_UP)
        queued = found["arrived"] + ivr
        found["ivr"], found["queued"] = ivr, np.where(is_queued, queued, -1)
        found["talk"] = _seconds(rng, lane.talk, n)
        is_held = rng.random(n) < lane.hold_share
        found["hold"] = np.where(is_held, _seconds(rng, max(lane.hold, 1), n), 0)
        found["acw"] = _seconds(rng, lane.acw, n) if lane.acw else np.zeros(n, int)
        ring = np.minimum(rng.integers(2, 2 * lane.ring + 1, n), 30)
        gave_up = 1 + (rng.exponential(max(lane.patience, 60) * 0.6, n)).astype(int)
        gave_up[outcome == DIVERTED] = lane.timeout or 300
        is_answered = outcome == ANSWERED
        is_passed_on = is_answered & (rng.random(n) < lane.transfer_share) & (lane.channel != "email")
        found["is_passed_on"] = is_passed_on
        found["talk2"], found["acw2"] = _seconds(rng, lane.talk * 0.8, n), found["acw"]
        for name in ("agent", "answered", "ended", "agent2", "answered2", "ended2"):
            found[name] = np.full(n, -1)
        found["ended"] = np.where(is_queued, queued + gave_up, queued)
        sessions: list[Columns] = []
        if lane.channel == "email":
            reply = np.minimum((rng.lognormal(8.1, 1.0, n)).astype(int) + 60, _LONGEST_REPLY_SECONDS)
            pool = desk.blocks[0].pool
            found["agent"] = desk.blocks[0].first + rng.integers(0, pool, n)
            found["answered"] = queued + reply
            found["ended"] = found["answered"] + _seconds(rng, 1200, n)
        for block in desk.blocks:
            inside = (seconds >= block.opens * 3600) & (seconds < block.closes * 3600)
            plan = rng.uniform(*_PLAN_RANGE)
            expected = (inside & is_answered).sum() if count is not None else self._expected(desk, day)
            if count is None:
                expected = expected * _share_between(desk.hours, block)
            agents = min(block.pool, self._needed(desk, block, float(expected), plan))
            opens, closes = midnight + int(block.opens * 3600), midnight + int(block.closes * 3600)
            first = np.flatnonzero(inside & is_answered) if lane.channel != "email" else np.empty(0, int)
            busy = found["talk"] + found["hold"] + found["acw"] + 2
            rank = np.arange(agents)
            on_duty = block.first + (rank + 3 * day) % block.pool
            slot, at, lunch = _serve(
                queued[first] + ring[first], busy[first], agents, desk.slots, opens, closes
            )
            found["agent"][first], found["answered"][first] = on_duty[slot], at
            found["ended"][first] = at + found["talk"][first] + found["hold"][first]
            sessions.append(_sessions(desk, on_duty, slot, at + busy[first], lunch, opens, closes))
            second = first[is_passed_on[first]]
            if len(second):
                begun = found["ended"][second] + 3 + rng.integers(1, 25, len(second))
                order = np.argsort(begun, kind="stable")
                second, begun = second[order], begun[order]
                pool = block.second_line
                line = block.first + block.pool + np.arange(pool)
                busy = found["talk2"] + found["acw2"] + 2
                slot, at, lunch = _serve(begun, busy[second], pool, desk.slots, opens, closes)
                found["agent2"][second], found["answered2"][second] = line[slot], at
                found["ended2"][second] = at + found["talk2"][second]
                sessions.append(_sessions(desk, line, slot, at + busy[second], lunch, opens, closes))
        return found, _concatenated(sessions)


def _summed(pairs: Iterator[tuple[str, float]]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for key, value in pairs:
        sums[key] = sums.get(key, 0) + value
    return sums


def _share_between(hours: Numbers, block: _Block) -> float:
    place = np.arange(24)
    covered = np.clip(np.minimum(place + 1, block.closes) - np.maximum(place, block.opens), 0, 1)
    return float((hours * covered).sum())


def _seconds(rng: np.random.Generator, mean: float, n: int, sigma: float = 0.5) -> Numbers:
    drawn = rng.lognormal(np.log(mean) - sigma * sigma / 2, sigma, n)
    return np.clip(np.rint(drawn), 1, 7200).astype(int)


def _serve(
    ready: Numbers, busy: Numbers, agents: int, slots: int, opens: int, closes: int
) -> tuple[Numbers, Numbers, Numbers]:
    """Who takes each contact and when: in turn, each agent's next one when the one before is done.

    Args:
        ready: when each could be taken at best, UTC seconds, ascending.
        busy: how long each takes.
        slots: contacts at once of an agent.
        opens, closes: the block; each agent has a lunch in its midst.

    Returns:
        The agent's place and the start of each contact, and when each agent's lunch begins.
    """
    n, rows = len(ready), agents * slots
    width = -(-n // rows) + 1
    far = closes + 10 * _DAY
    begin = np.full((rows, width), far)
    length = np.zeros((rows, width), int)
    place = np.arange(n)
    row, column = place % rows, place // rows
    begin[row, column], length[row, column] = ready, busy
    # A meal is one more thing to be taken in turn; at one of several desks of an agent it is none.
    middle = (opens + closes) // 2 - agents // 2 % 12 * 300
    begin[:, -1] = middle + np.arange(rows) // slots % 24 * 300
    length[:, -1] = _LUNCH_SECONDS if slots == 1 and agents >= _LEAST_FOR_LUNCH else 0
    order = np.argsort(begin, axis=1, kind="stable")
    begin, length = np.take_along_axis(begin, order, 1), np.take_along_axis(length, order, 1)
    before = np.cumsum(length, axis=1) - length
    start = np.maximum.accumulate(begin - before, axis=1) + before
    unsorted = np.empty_like(start)
    np.put_along_axis(unsorted, order, start, 1)
    return row // slots, unsorted[row, column], unsorted[::slots, -1]


def _sessions(
    desk: _Desk, agents: Numbers, slot: Numbers, free: Numbers, lunch: Numbers, opens: int, closes: int
) -> Columns:
    last = np.full(len(agents), closes)
    np.maximum.at(last, slot, free + 1)
    has_lunch = desk.slots == 1 and desk.lane.channel != "email" and len(agents) >= _LEAST_FOR_LUNCH
    return {
        "agent": agents,
        "lane": np.full(len(agents), desk.index),
        "opens": np.full(len(agents), opens),
        "closes": np.full(len(agents), closes),
        "login": np.full(len(agents), opens - 5),
        "logout": np.maximum(last, lunch + _LUNCH_SECONDS + 1) if has_lunch else last,
        "lunch": lunch if has_lunch else np.full(len(agents), -1),
    }


def _concatenated(parts: Sequence[Columns]) -> Columns:
    filled = [part for part in parts if part and len(next(iter(part.values())))] or list(parts[:1])
    return {name: np.concatenate([part[name] for part in filled]) for name in filled[0]} if filled else {}


def simulate_bulk(
    out: Path,
    seeds: Path,
    contacts: int,
    days: int,
    seed: int,
    start: date,
    further: int | None = None,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> BulkReport:
    """Writes exports of about so many contacts as Parquet, a file a stream and week.

    Same arguments, same bytes. Nothing is kept in memory but a week.

    Args:
        out: folder for the exports (out/<platform>/<stream>/).
        seeds: the project's seeds folder.
        contacts, days: about so many contacts in so many whole local days.
        seed: of all randomness.
        start: first local day at each site.
        further: so many contacts of the day after those days, alone: what the next day brings. The other
            arguments are those of the days before.
        on_progress: called as (step, done, total), where step is `write`.

    Raises:
        VitalsError: contacts, days or further are below 1, or a seed is missing.
    """
    if contacts < 1 or days < 1 or (further is not None and further < 1):
        raise VitalsError(
            f"Cannot simulate {contacts} contacts in {days} days, and {further} further.",
            "Ask for at least one contact and one day.",
        )
    reference = Reference(seeds)
    centre = _Centre(reference, contacts, days, seed, start)
    books = _Books(centre)
    writer = _Writer(out, centre)
    weeks = [range(first, min(first + _WEEK, days)) for first in range(0, days, _WEEK)]
    if further is None:
        writer.write_roster()
    else:
        weeks = [range(days, days + 1)]
    for number, week in enumerate(weeks, 1):
        drawn = [centre.day(desk, day, _part(centre, desk, further)) for day in week for desk in centre.desks]
        frame = _concatenated([each for each, _ in drawn])
        sessions = _concatenated([each for _, each in drawn])
        name = _name(start, week, further)
        writer.write_week(name, frame, sessions)
        # Costs are booked by whole months: one more day books nothing yet.
        if further is None:
            books.enter(frame, sessions)
            writer.write_costs(name, books.close(start + timedelta(days=week[-1] + 1), week[-1] + 1 >= days))
        if on_progress:
            on_progress("write", number, len(weeks))
    return BulkReport(writer.contacts, len(centre.roster), writer.files, writer.rows)


def _part(centre: _Centre, desk: _Desk, further: int | None) -> int | None:
    if further is None:
        return None
    # Whole numbers that add up to what was asked for.
    bounds = np.cumsum([0.0, *(each.share for each in centre.desks)])
    return int(round(bounds[desk.index + 1] * further) - round(bounds[desk.index] * further))


def _name(start: date, days: range, further: int | None) -> str:
    first, last = start + timedelta(days=days[0]), start + timedelta(days=days[-1])
    return f"{first}-{further}-contacts" if further is not None else f"{first}-to-{last}"


class _Books:
    """Adds up what months cost: pay by paid hours, desks and licences by agents, telephony by minutes."""

    def __init__(self, centre: _Centre) -> None:
        self._centre = centre
        self._hours: dict[tuple[date, str], float] = {}
        self._minutes: dict[tuple[date, str], float] = {}
        self._agents: dict[tuple[date, str], set[int]] = {}

    def enter(self, frame: Columns, sessions: Columns) -> None:
        """Takes in a week."""
        for desk in self._centre.desks:
            own = sessions["lane"] == desk.index
            days = self._days(desk.site, sessions["opens"][own])
            for day in np.unique(days):
                key = self._key(desk.site, int(day))
                at = days == day
                paid = (sessions["closes"][own][at] - sessions["opens"][own][at]).sum() / 3600
                self._hours[key] = self._hours.get(key, 0) + float(paid)
                self._agents.setdefault(key, set()).update(sessions["agent"][own][at].tolist())
            if desk.lane.channel == "voice":
                spoken = (frame["lane"] == desk.index) & (frame["outcome"] == ANSWERED)
                days = self._days(desk.site, frame["arrived"][spoken])
                for day in np.unique(days):
                    key = self._key(desk.site, int(day))
                    minutes = float(frame["talk"][spoken][days == day].sum()) / 60
                    self._minutes[key] = self._minutes.get(key, 0) + minutes

    def close(self, until: date, is_end: bool) -> list[dict[str, object]]:
        """The costs of the months that are over on a day, or of all when it is the end."""
        this_month = until.replace(day=1)
        due = sorted(key for key in self._hours if is_end or key[0] < this_month)
        rows: list[dict[str, object]] = []
        for key in due:
            month, site = key
            country = self._centre.reference.countries[site]
            currency = CURRENCIES.get(country, "EUR")
            rate = float(self._centre.reference.rate(currency, month))
            hours, agents = self._hours.pop(key), len(self._agents.pop(key))
            costs = {
                ("pay", None): hours * float(HOURLY_PAY.get(country, "15")) * 1.34,
                ("licences", None): agents * 95 / rate,
                ("premises", None): agents * 140 / rate,
                ("telecom", "voice"): self._minutes.pop(key, 0.0) * 0.021 / rate,
            }
            for (category, channel), amount in costs.items():
                if amount >= 0.01:
                    rows.append(
                        {
                            "cost_id": f"B-{month:%Y%m}-{site}-{category}",
                            "month": month,
                            "site": site,
                            "client": None,
                            "channel": channel,
                            "category": category,
                            "amount": round(amount, 2),
                            "currency": currency,
                            "updated_at": datetime(until.year, until.month, until.day, tzinfo=UTC),
                        }
                    )
        return rows

    def _days(self, site: str, at: Numbers) -> Numbers:
        # One offset will do for books: days of a clock change are an hour off.
        offset = self._centre.reference.offset(site, int(at[0])) if len(at) else 0
        return (at + offset) // _DAY

    @staticmethod
    def _key(site: str, day: int) -> tuple[date, str]:
        return (date(1970, 1, 1) + timedelta(days=day)).replace(day=1), site


class _Writer:
    """Renders weeks in the platforms' formats, by SQL, and writes them."""

    def __init__(self, out: Path, centre: _Centre) -> None:
        self._out = out
        self.files = 0
        self.contacts = 0
        self.rows: dict[str, int] = {}
        self._connection = duckdb.connect(config={"threads": 2})
        # Times are told in UTC, wherever this runs.
        self._connection.execute("set TimeZone = 'UTC'")
        self._register("lanes", pa.Table.from_pylist([_lane_row(centre, desk) for desk in centre.desks]))
        self._register("types", pa.Table.from_pylist(_type_rows(centre)))
        self._register("agents", pa.Table.from_pylist(_agent_rows(centre)))

    def write_roster(self) -> None:
        """The agents of all platforms."""
        self._copy("template", "agents", "roster")

    def write_week(self, name: str, frame: Columns, sessions: Columns) -> None:
        """All streams of a week but the costs."""
        self._register("drawn", pa.table(frame))
        self._register("sessions", pa.table(sessions))
        self.contacts += len(frame["number"])
        for table, sql in TABLES.items():
            self._connection.execute(f"create or replace temp table {table} as {sql}")
        for platform, stream in STREAMS:
            if stream not in ("agents", "operating_costs"):
                self._copy(platform, stream, name)

    def write_costs(self, name: str, rows: list[dict[str, object]]) -> None:
        """Costs, where any are booked."""
        if rows:
            self._register("booked", pa.Table.from_pylist(rows))
            self._copy("template", "operating_costs", name)

    def _register(self, name: str, table: pa.Table) -> None:
        self._connection.register(f"given_{name}", table)
        self._connection.execute(f"create or replace temp table {name} as from given_{name}")
        self._connection.unregister(f"given_{name}")

    def _copy(self, platform: str, stream: str, name: str) -> None:
        folder = self._out / platform / stream
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{stream}-{name}.parquet"
        # Unseen by a landing that runs meanwhile, until it is whole.
        partial = target.with_name(f".{target.name}.tmp")
        found = self._connection.execute(
            f"copy ({STREAMS[platform, stream]}) to '{str(partial).replace(chr(39), chr(39) * 2)}'"
            " (format parquet, compression zstd)"
        ).fetchone()
        rows = int(found[0]) if found else 0
        if not rows:
            partial.unlink()
            return
        partial.replace(target)
        self.files += 1
        key = f"{platform}/{stream}"
        self.rows[key] = self.rows.get(key, 0) + rows


def _lane_row(centre: _Centre, desk: _Desk) -> dict[str, object]:
    lane, words = desk.lane, centre.reference.words[desk.lane.platform]
    return {
        "lane": desk.index,
        "platform": lane.platform,
        "channel": lane.channel,
        "queue": words.native("queue", lane.queue),
        "next_queue": words.native("queue", lane.transfer_to[0] if lane.transfer_to else lane.queue),
        "client": words.native("client", desk.client),
        "client_slug": desk.client,
        "site": words.native("site", desk.site),
        "languages": list(LANGUAGES.get(desk.client, ("en",))),
        "slots": desk.slots,
        "measures_acw": lane.measures_acw,
    }


def _type_rows(centre: _Centre) -> list[dict[str, object]]:
    return [
        {
            "lane": desk.index,
            "type": place,
            "word": centre.reference.words[desk.lane.platform].native("contact_type", slug),
        }
        for desk in centre.desks
        for place, (slug, _) in enumerate(desk.lane.types)
    ]


def _agent_rows(centre: _Centre) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for number, (index, line) in enumerate(centre.roster):
        desk = centre.desks[index]
        first = FIRST_NAMES[number % len(FIRST_NAMES)]
        last = LAST_NAMES[number // len(FIRST_NAMES) % len(LAST_NAMES)]
        native = {
            "amazon_connect": f"{first.lower()}.{number}",
            "asterisk": str(20_000 + number),
            "zendesk": str(390_000_000_000 + number),
            "template": f"m{number}",
        }[desk.lane.platform]
        rows.append(
            {
                "agent": number,
                "platform": desk.lane.platform,
                "native_id": native,
                "template_id": native
                if desk.lane.platform == "template"
                else f"{desk.lane.platform}:{native}",
                "first_name": first,
                "last_name": last,
                "team": f"{desk.lane.queue} {line}",
                "supervisor": f"{desk.lane.queue} lead {number % 7}",
                "site": desk.site,
                "since": datetime(centre.start.year, centre.start.month, centre.start.day, tzinfo=UTC),
            }
        )
    return rows
