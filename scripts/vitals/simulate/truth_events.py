"""What business events did, day by day against the weekdays before, from the simulated contacts alone."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from vitals.simulate.feedback import Survey
from vitals.simulate.output import words_of
from vitals.simulate.reference import BusinessEvent, Reference
from vitals.simulate.truth_customers import is_awaited, is_handled, is_top_box, money

if TYPE_CHECKING:
    from vitals.simulate.truth import Figures

_DAY = timedelta(days=1)
_OFFERED = ("answered", "abandoned", "callback_requested", "diverted", "open")

EVENT_COLUMNS = words_of(
    "event_id client measure member numerator denominator baseline_numerator baseline_denominator days_count "
    "baseline_days_count extra_contacts extra_cost_amount comparison is_final"
)


@dataclass(slots=True)
class Day:
    """What the contacts of one client's day add up to, in one queue or in all."""

    contacts: Counter[str] = field(default_factory=Counter)
    in_target: int = 0
    targeted: int = 0
    content: int = 0
    asked: int = 0
    is_awaited: bool = False
    amount: Fraction = Fraction()
    handled: int = 0


def event_rows(
    figures: list["Figures"],
    surveys: Iterable[Survey],
    amounts: dict[str, Fraction],
    reference: Reference,
    as_of: int,
) -> list[tuple[object, ...]]:
    """Each event's measures and what was to be expected.

    What to expect of a day is the mean of the days of its weekday in the weeks before; days of other events
    of the client and holidays at its sites say nothing about that.

    Args:
        amounts: euros by contact_id.
        as_of: UTC second as of which everything is reported.
    """
    in_scope = [each for each in figures if each.is_in_scope]
    clients = sorted({each.contact.client for each in in_scope})
    asked: dict[str, list[Survey]] = defaultdict(list)
    for survey in surveys:
        if survey.instrument == "csat" and survey.contact is not None:
            asked[survey.contact.contact_id].append(survey)
    rows: list[tuple[object, ...]] = []
    for event in reference.events:
        for client in clients:
            if event.client in (None, client):
                own = [each for each in in_scope if each.contact.client == client]
                covered_from = min(each.day for each in own)
                days: dict[date, Day] = defaultdict(Day)
                for each in own:
                    if event.queue in (None, each.queue):
                        _add(days[each.day], each, asked, amounts, reference, as_of)
                rows += _rows_of(event, client, covered_from, days, reference, as_of)
    return rows


def _add(
    day: Day,
    each: "Figures",
    asked: dict[str, list[Survey]],
    amounts: dict[str, Fraction],
    reference: Reference,
    as_of: int,
) -> None:
    day.contacts[each.contact.contact_type] += 1
    day.in_target += each.is_in_target
    day.targeted += each.contact.outcome in _OFFERED and not each.is_short_abandon
    day.handled += is_handled(each)
    day.amount += amounts.get(each.contact_id, Fraction())
    for survey in asked.get(each.contact_id, []):
        day.content += is_top_box(survey)
        day.asked += survey.score is not None
        day.is_awaited |= is_awaited(survey, each.day, reference, as_of)


def _rows_of(
    event: BusinessEvent,
    client: str,
    covered_from: date,
    days: dict[date, Day],
    reference: Reference,
    as_of: int,
) -> list[tuple[object, ...]]:
    sites = {
        queue.site
        for queue in reference.queues.values()
        if queue.client == client and event.queue in (None, queue.slug)
    }
    today = min(reference.local_day(site, as_of) for site in sites)
    month_end = date(1970, 1, 1) + timedelta(seconds=as_of)
    weeks = int(reference.setting("event_baseline_weeks", event.first_day, client))
    others = [
        other for other in reference.events if other.slug != event.slug and other.client in (None, client)
    ]

    def is_plain(day: date) -> bool:
        return not any(other.first_day <= day <= other.last_day for other in others) and not any(
            (reference.countries[site], day) in reference.holidays for site in sites
        )

    length = (event.last_day - event.first_day).days + 1
    past = [event.first_day + number * _DAY for number in range(length)]
    past = [day for day in past if covered_from <= day < today]
    peers = {
        day: [
            other
            for back in range(1, weeks * 7 + length)
            if event.first_day - weeks * 7 * _DAY <= (other := day - back * _DAY) < event.first_day
            and back % 7 == 0
            and covered_from <= other < today
            and is_plain(other)
        ]
        for day in past
    }
    has_baseline = any(peers.values())
    counted = [day for day in past if peers[day] or not has_baseline]
    compared = sorted({other for own in peers.values() for other in own})

    def totals(measure: Callable[[Day], Fraction | int]) -> tuple[Fraction, Fraction | None]:
        """The event's sum, and the sum of the means that were to be expected."""
        found = sum((Fraction(measure(days.get(day, Day()))) for day in counted), Fraction())
        if not has_baseline:
            return found, None
        return found, sum(
            (
                sum((Fraction(measure(days.get(other, Day()))) for other in peers[day]), Fraction())
                / len(peers[day])
                for day in counted
            ),
            Fraction(),
        )

    everyday = (Fraction(len(counted)), Fraction(len(counted)) if has_baseline else None)
    all_contacts = totals(lambda day: day.contacts.total())
    cost, handled = totals(lambda day: day.amount), totals(lambda day: day.handled)
    pairs = {
        ("contacts_per_day", "all"): (all_contacts, everyday),
        ("service_level", "all"): (totals(lambda day: day.in_target), totals(lambda day: day.targeted)),
        ("csat", "all"): (totals(lambda day: day.content), totals(lambda day: day.asked)),
        ("cost_per_contact", "all"): (cost, handled),
        ("cost_per_day", "all"): (cost, everyday),
    }
    seen = {slug for day in [*counted, *compared] for slug in days.get(day, Day()).contacts}
    for slug in sorted(seen):
        of_type = totals(lambda day, slug=slug: day.contacts[slug])  # type: ignore[misc]
        pairs["contacts_per_day", slug] = (of_type, everyday)
        pairs["contact_type_share", slug] = (of_type, all_contacts)
    rows: list[tuple[object, ...]] = []
    is_over = event.last_day < today
    for (measure, member), (numerator, denominator) in pairs.items():
        extra = None
        if measure == "contacts_per_day" and numerator[1] is not None:
            extra = numerator[0] - numerator[1]
        extra_cost = extra * cost[0] / handled[0] if extra is not None and handled[0] else None
        used = [days[day] for day in [*counted, *compared] if day in days]
        is_settled = True
        if measure == "csat":
            is_settled = not any(day.is_awaited for day in used)
        elif measure.startswith("cost"):
            is_settled = all(
                (day + 32 * _DAY - timedelta(days=day.day - 1)).replace(day=1) <= month_end
                for day in [*counted, *compared]
                if day in days and days[day].handled
            )
        rows.append(
            (
                event.slug,
                client,
                measure,
                member,
                *(
                    "" if side is None else money(side)
                    for side in (numerator[0], denominator[0], numerator[1], denominator[1])
                ),
                len(counted),
                len(compared),
                "" if extra is None else money(extra),
                "" if extra_cost is None else money(extra_cost),
                "no_event_days" if not counted else "compared" if has_baseline else "no_baseline_days",
                is_over and is_settled,
            )
        )
    return rows
