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
        """The customer at a place; every 200th shares the telephone of the one before."""
        if index not in self.known:
            line = index - 1 if index % SHARED_NUMBER_EVERY == SHARED_NUMBER_EVERY - 1 else index
            # A multiplier without common factors spreads the numbers and keeps them apart.
            phone = f"{self.prefix}{line * 9_973_001 % 10_000_000:07d}{self.number}"
            self.known[index] = Customer(phone, 360_100_000_000 + self.number * 10_000_000 + index * 7)
        return self.known[index]


def demand(
    lanes: list[Lane], reference: Reference, start: date, days: int, contacts: int, sampler: Sampler
) -> list[Demand]:
    """Each lane's contacts by UTC hour: what planners expect, and what comes; business events surprise them.

    Args:
        contacts: how many contacts the customers shall make in all, returns included, about.
    """
    shapes: list[np.ndarray] = []
    noisy: list[np.ndarray] = []
    firsts: list[int] = []
    for lane in lanes:
        site = reference.queues[lane.queue].site
        first = reference.midnight(site, start) // _HOUR
        last = reference.midnight(site, start + timedelta(days=days)) // _HOUR
        shape = np.empty(last - first)
        noise = np.empty(last - first)
        day_noise = np.exp(sampler.rng.normal(0.0, _DAY_NOISE_SIGMA, days + 1))
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
        shape *= lane.weight / max(shape.mean(), 1e-9)
        shapes.append(shape)
        noisy.append(shape * noise)
        firsts.append(first)
    weights = np.concatenate(noisy)
    drawn = sampler.rng.multinomial(round(contacts * FIRST_NEED_SHARE), weights / weights.sum())
    scale = contacts / sum(float(shape.sum()) for shape in shapes)
    found: list[Demand] = []
    position = 0
    for lane, shape, first in zip(lanes, shapes, firsts, strict=True):
        found.append(Demand(lane, first, shape * scale, drawn[position : position + len(shape)].copy()))
        position += len(shape)
    _fill_doubled_hours(found, reference)
    return found


def _surge(lane: Lane, factors: dict[str, float]) -> float:
    """How many times as many contacts come when some types come more often."""
    if not factors:
        return 1.0
    weights = dict(lane.types)
    return sum(weight * factors.get(slug, 1.0) for slug, weight in weights.items()) / sum(weights.values())


def _fill_doubled_hours(found: list[Demand], reference: Reference) -> None:
    """Where the clock goes back, somebody calls in both of the hours that the wall clock shows alike."""
    for site in reference.zones:
        own = [each for each in found if reference.queues[each.lane.queue].site == site]
        if not own:
            continue
        busiest = max(own, key=lambda each: (each.lane.opens == 0, each.lane.hours[2] * each.lane.weight))
        for index in range(len(busiest.drawn) - 1):
            here, there = ((busiest.first_hour + index + step) * _HOUR for step in (0, 1))
            if reference.offset(site, there) == reference.offset(site, here) - _HOUR:
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
    found: list[Demand], reference: Reference, sampler: Sampler
) -> tuple[list[Arrival], dict[str, Clientele]]:
    """The contacts that start a need, in order of time, and each client's customers."""
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
        seconds = (each.first_hour + hours) * _HOUR + sampler.rng.integers(0, _HOUR, len(hours))
        customers = sampler.rng.integers(0, clientele.size, len(hours))
        for at, customer in zip(seconds.tolist(), customers.tolist(), strict=True):
            day = reference.local_day(site, at)
            if day not in types:
                types[day] = _types(each.lane, day, reference)
            slug = types[day].at(sampler.uniform())
            arrivals.append(Arrival(at, index, clientele.customer(customer), slug))
    arrivals.sort(key=lambda arrival: arrival.at)
    return arrivals, clienteles
