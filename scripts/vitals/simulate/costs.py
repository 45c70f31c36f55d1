"""What the centre costs: pay, licences, premises, telecom, per month and site, in the site's currency."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from vitals.simulate.entities import Agent, Contact
from vitals.simulate.reference import Reference
from vitals.simulate.sampling import Sampler
from vitals.simulate.world import CURRENCIES, HOURLY_PAY

_CENT = Decimal("0.01")
_OVERHEAD_ON_PAY = Decimal("1.34")
# Euros: a licence and a desk per agent and month, a minute on the line.
_LICENCE, _DESK, _MINUTE = Decimal("95"), Decimal("140"), Decimal("0.021")
_DEDICATED_PAY_SHARE = Decimal("0.35")
_CREDIT_SHARE = Decimal("-0.08")
# Share of costs that are booked too low first and corrected a day later.
_CORRECTED_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Cost:
    """A booked cost; `first_amount` is what was booked first, where it was corrected later."""

    cost_id: str
    month: date
    site: str
    client: str
    channel: str
    category: str
    amount: Decimal
    currency: str
    booked_at: int
    first_amount: Decimal | None = None


def operating_costs(
    contacts: list[Contact],
    agents: list[Agent],
    reference: Reference,
    sampler: Sampler,
    until: int,
    start: date,
) -> list[Cost]:
    """The costs of every month and site in which agents worked.

    Amounts are whole cents. A cost names a client or a channel only where that client or channel had contacts
    handled in the month at the site.

    Args:
        contacts: in-scope contacts decide what costs may name; talk time on the line makes telecom.
        until: UTC second after which nothing is booked; of the running day costs only what has passed of it.
        start: first local day at each site.
    """
    hours: dict[tuple[date, str], int] = defaultdict(int)
    heads: dict[tuple[date, str], set[int]] = defaultdict(set)
    for agent in agents:
        for shift in agent.shifts:
            if shift.start >= until:
                continue
            key = (_month(reference.local_day(agent.site, shift.start)), agent.site)
            hours[key] += min(shift.end, until) - shift.start
            heads[key].add(agent.number)
    talked: dict[tuple[date, str], int] = defaultdict(int)
    voiced: dict[tuple[date, str], int] = defaultdict(int)
    handled: dict[tuple[date, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for contact in contacts:
        if contact.direction != "inbound" or contact.is_test or contact.answered_at is None:
            continue
        key = (_month(reference.local_day(contact.site, contact.arrived_at)), contact.site)
        seconds = sum(leg.talk or 0 for leg in contact.legs)
        if seconds:
            handled[key][contact.client] += 1
            if contact.channel == "voice" and contact.outcome == "answered":
                voiced[key] += 1
                talked[key] += seconds
    costs: list[Cost] = []
    for month, site in sorted(hours):
        country = reference.countries[site]
        currency = CURRENCIES.get(country, "EUR")
        rate = reference.rate(currency, month)
        next_month = (month + timedelta(days=32)).replace(day=1)
        first, last = reference.midnight(site, month), reference.midnight(site, next_month)
        passed = min(last, until) - max(first, reference.midnight(site, start))
        share = Decimal(passed) / Decimal(last - first)
        booked_at = min(until - 7200, last + 3 * 86400)
        staff = len(heads[month, site])
        pay = Decimal(hours[month, site]) / 3600 * Decimal(HOURLY_PAY.get(country, "15")) * _OVERHEAD_ON_PAY
        clients = sorted(handled[month, site])
        bookings: list[tuple[str, Decimal, str, str]] = []

        if clients:
            dedicated = clients[int(sampler.uniform() * len(clients))]
            bookings.append(("pay", pay * (1 - _DEDICATED_PAY_SHARE), "", ""))
            bookings.append(("pay", pay * _DEDICATED_PAY_SHARE, dedicated, ""))
        else:
            bookings.append(("pay", pay, "", ""))
        noise = Decimal(1000 + sampler.between(-60, 60)) / 1000
        bookings.append(("licences", _LICENCE * staff * share / rate * noise, "", ""))
        bookings.append(("premises", _DESK * staff * share / rate, "", ""))
        if voiced[month, site]:
            telecom = _MINUTE * Decimal(talked[month, site]) / 60 / rate
            bookings.append(("telecom", telecom, "", "voice"))
            bookings.append(("telecom", telecom * _CREDIT_SHARE, "", "voice"))
        for category, amount, client, channel in bookings:
            cents = amount.quantize(_CENT)
            first_amount = (
                (cents * Decimal("0.9")).quantize(_CENT) if sampler.chance(_CORRECTED_SHARE) else None
            )
            cost_id = f"C-{len(costs) + 1:05d}"
            costs.append(
                Cost(
                    cost_id, month, site, client, channel, category, cents, currency, booked_at, first_amount
                )
            )
    return costs


def _month(day: date) -> date:
    return day.replace(day=1)
