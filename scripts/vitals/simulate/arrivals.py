"""When customers first contact the centre, and why: day and hour profiles in each site's local time."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from vitals.simulate.entities import Customer
from vitals.simulate.reference import Reference
from vitals.simulate.sampling import Choice, Sampler
from vitals.simulate.world import (
    CONTACTS_PER_CUSTOMER,
    FIRST_NEED_SHARE,
    OFFICE_EVERY,
    OFFICE_SIZE,
    PHONE_PREFIXES,
    SHARED_NUMBER_EVERY,
    Lane,
    type_factors,
)

_HOUR = 3600
_DAY_NOISE_SIGMA = 0.10
# Now and then something happens: a storm, an outage of the booking site.
_RUSHES_PER_LANE_WEEK = 0.6
_RUSH_FACTOR = 2.1
_RUSH_HOURS = 3
# The platforms that tell of a contact before it is over, and who comes there at the last: how many, and how
# many seconds before the exports are drawn.
_TELLING_LIVE = ("asterisk", "template")
_LAST_ARRIVALS = 3
_LATEST_SECONDS, _LAST_SECONDS = 15, 180
# Few try when they know that nobody is there.
_CLOSED_FACTOR = 0.12


@dataclass(slots=True)
class Demand:
    """Expected and drawn load of one lane by UTC hour."""

    lane: Lane
    first_hour: int
    expected: np.ndarray
    drawn: np.ndarray


@dataclass(slots=True)
class Arrival:
    """A customer who starts a contact."""

    at: int
    lane_index: int
    customer: Customer
    contact_type: str
    is_return: bool = False


@dataclass(slots=True)
class Clientele:
    """The customers of one client, made when they are first needed."""

    number: int
    prefix: str
    size: int
    known: dict[int, Customer] = field(default_factory=dict)

    def customer(self, index: int) -> Customer:
        """The customer at a place.

        Every 200th shares the telephone of the one before; every 100th begins an office of four with one.
        """
        if index not in self.known:
            line = index - 1 if index % SHARED_NUMBER_EVERY == SHARED_NUMBER_EVERY - 1 else index
            if index % OFFICE_EVERY < OFFICE_SIZE:
                line = index - index % OFFICE_EVERY
            # A multiplier without common factors spreads the numbers and keeps them apart.
            phone = f"{self.prefix}{line * 9_973_001 % 10_000_000:07d}{self.number}"
            self.known[index] = Customer(phone, 360_100_000_000 + self.number * 10_000_000 + index * 7)
        return self.known[index]


def demand(
    lanes: list[Lane],
    reference: Reference,
    start: date,
    days: int,
    contacts: int,
    sampler: Sampler,
    until: int,
) -> list[Demand]:
    """Each lane's contacts by UTC hour: what planners expect to the end of the running day, and what comes.

    Business events surprise the planners.

    Args:
        days: whole local days; the running day, of which a part has passed at `until`, follows them.
        contacts: how many contacts the customers shall make in all, returns included, about.
        until: UTC second from which on nothing comes any more.
    """
    shapes: list[np.ndarray] = []
    noisy: list[np.ndarray] = []
    coming: list[float] = []
    firsts: list[int] = []
    for lane in lanes:
        site = reference.queues[lane.queue].site
        first = reference.midnight(site, start) // _HOUR
        whole = reference.midnight(site, start + timedelta(days=days)) // _HOUR - first
        last = reference.midnight(site, start + timedelta(days=days + 1)) // _HOUR
        shape = np.empty(last - first)
        noise = np.empty(last - first)
        day_noise = np.exp(sampler.rng.normal(0.0, _DAY_NOISE_SIGMA, days + 2))
        for hour in range(first, last):
            local = hour * _HOUR + reference.offset(site, hour * _HOUR)
            day = local // 86400
            clock = local % 86400 // _HOUR
            is_open = lane.is_deferred or lane.opens <= clock < lane.closes
            shape[hour - first] = (
                lane.hours[clock] * lane.days[(day + 3) % 7] * (1.0 if is_open else _CLOSED_FACTOR)
            )
            noise[hour - first] = day_noise[(hour - first) // 24] * _surge(
                lane, type_factors(lane, date(1970, 1, 1) + timedelta(days=day), reference)
            )
        for _ in range(int(sampler.rng.poisson(_RUSHES_PER_LANE_WEEK * days / 7))):
            begin = int(sampler.rng.integers(0, len(noise)))
            noise[begin : begin + _RUSH_HOURS] *= _RUSH_FACTOR
        # Only whole days weigh the lanes against each other: a part of one is night here and noon there.
        shape *= lane.weight / max(shape[:whole].mean(), 1e-9)
        passed = np.clip((until - np.arange(first, last) * _HOUR) / _HOUR, 0.0, 1.0)
        shapes.append(shape)
        coming.append(float((shape * passed).sum()))
        noisy.append(shape * noise * passed)
        firsts.append(first)
    weights = np.concatenate(noisy)
    drawn = sampler.rng.multinomial(round(contacts * FIRST_NEED_SHARE), weights / weights.sum())
    scale = contacts / sum(coming)
    found: list[Demand] = []
    position = 0
    for lane, shape, first in zip(lanes, shapes, firsts, strict=True):
        found.append(Demand(lane, first, shape * scale, drawn[position : position + len(shape)].copy()))
        position += len(shape)
    _fill_doubled_hours(found, reference, until)
    return found


def _surge(lane: Lane, factors: dict[str, float]) -> float:
    """How many times as many contacts come when some types come more often."""
    if not factors:
        return 1.0
    weights = dict(lane.types)
    return sum(weight * factors.get(slug, 1.0) for slug, weight in weights.items()) / sum(weights.values())


def _fill_doubled_hours(found: list[Demand], reference: Reference, until: int) -> None:
    """Where the clock goes back, somebody calls in both of the hours that the wall clock shows alike."""
    for site in reference.zones:
        own = [each for each in found if reference.queues[each.lane.queue].site == site]
        if not own:
            continue
        busiest = max(own, key=lambda each: (each.lane.opens == 0, each.lane.hours[2] * each.lane.weight))
        for index in range(len(busiest.drawn) - 1):
            here, there = ((busiest.first_hour + index + step) * _HOUR for step in (0, 1))
            is_past = there + _HOUR <= until
            if is_past and reference.offset(site, there) == reference.offset(site, here) - _HOUR:
                busiest.drawn[index] = max(1, busiest.drawn[index])
                busiest.drawn[index + 1] = max(1, busiest.drawn[index + 1])


def _types(lane: Lane, day: date, reference: Reference) -> Choice[str]:
    factors = type_factors(lane, day, reference)
    return Choice(
        (slug, weight * factors.get(slug, 1.0))
        for slug, weight in lane.types
        if slug in reference.contact_types
    )


def first_arrivals(
    found: list[Demand], reference: Reference, sampler: Sampler, until: int
) -> tuple[list[Arrival], dict[str, Clientele]]:
    """The contacts that start a need before `until`, in order of time, and each client's customers."""
    totals: dict[str, int] = {}
    homes: dict[str, str] = {}
    for each in found:
        queue = reference.queues[each.lane.queue]
        totals[queue.client] = totals.get(queue.client, 0) + int(each.drawn.sum())
        homes.setdefault(queue.client, queue.site)
    clienteles = {
        client: Clientele(
            number,
            PHONE_PREFIXES.get(reference.countries[homes[client]], "+4930"),
            max(20, round(totals[client] / CONTACTS_PER_CUSTOMER)),
        )
        for number, client in enumerate(sorted(totals), 1)
    }
    arrivals: list[Arrival] = []
    for index, each in enumerate(found):
        clientele = clienteles[reference.queues[each.lane.queue].client]
        site = reference.queues[each.lane.queue].site
        types: dict[date, Choice[str]] = {}
        hours = np.repeat(np.arange(len(each.drawn)), each.drawn)
        begins = (each.first_hour + hours) * _HOUR
        seconds = begins + sampler.rng.integers(0, np.minimum(_HOUR, until - begins), len(hours))
        seconds = np.concatenate([seconds, _last_minutes(each, reference, sampler, until)])
        customers = sampler.rng.integers(0, clientele.size, len(seconds))
        for at, customer in zip(seconds.tolist(), customers.tolist(), strict=True):
            day = reference.local_day(site, at)
            if day not in types:
                types[day] = _types(each.lane, day, reference)
            slug = types[day].at(sampler.uniform())
            arrivals.append(Arrival(at, index, clientele.customer(customer), slug))
    arrivals.sort(key=lambda arrival: arrival.at)
    return arrivals, clienteles


def _last_minutes(each: Demand, reference: Reference, sampler: Sampler, until: int) -> np.ndarray:
    """Who comes just before the exports are drawn where the platform tells of contacts that go on: some more.

    Without them a small centre would hardly ever be caught with somebody waiting.
    """
    lane = each.lane
    site = reference.queues[lane.queue].site
    clock = (until + reference.offset(site, until)) % 86400 // _HOUR
    if lane.platform not in _TELLING_LIVE or not lane.opens <= clock < lane.closes:
        return np.empty(0, dtype=np.int64)
    return until - sampler.rng.integers(_LATEST_SECONDS, _LAST_SECONDS, _LAST_ARRIVALS)
