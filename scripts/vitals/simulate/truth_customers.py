"""Issues, segments, sites' costs and what self-service could take over, from the simulated contacts alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from vitals.simulate.costs import Cost
from vitals.simulate.entities import Contact
from vitals.simulate.export_zendesk import CLOSE_AFTER_SECONDS
from vitals.simulate.feedback import Survey
from vitals.simulate.output import words_of
from vitals.simulate.reference import UNCLASSIFIED, UNMAPPED, Reference

if TYPE_CHECKING:
    from vitals.simulate.truth import Figures

_DAY = 86400

JOURNEY_COLUMNS = words_of(
    "issue_id client site contact_type day channel_path contacts_count channels_count agents_count "
    "transfers_count seconds_to_resolution is_resolved is_resolved_first_contact reporting_amount "
    "csat_numerator csat_denominator is_final"
)


SITE_COLUMNS = words_of(
    "month site pay_amount licences_amount premises_amount telecom_amount other_amount reporting_amount "
    "handled_count fcr_numerator fcr_denominator csat_numerator csat_denominator is_final"
)
SEGMENT_COLUMNS = words_of(
    "month client frequency_segment preferred_channel satisfaction_segment customers_count contacts_count "
    "repeat_count reporting_amount csat_numerator csat_denominator is_final"
)


OPPORTUNITY_COLUMNS = words_of(
    "client contact_type handled_count reporting_amount handle_measured_count handle_seconds simple_count "
    "movable_count containment_source containment_base_count saving_amount is_final"
)


@dataclass(slots=True)
class Shared:
    """A month's booked costs for the same contacts, and the contacts that bear them."""

    amount: Fraction = Fraction()
    bearers: list["Figures"] = field(default_factory=list)


def handle_seconds(each: "Figures") -> int | None:
    """Talk + hold + after-contact work in seconds; None when nobody measured the talk."""
    return None if each.talk is None else each.talk + (each.hold or 0) + (each.acw or 0)


def is_handled(each: "Figures") -> bool:
    """In scope, and an agent spoke or wrote to the customer."""
    return each.is_in_scope and each.answered_at is not None


def contact_amounts(
    figures: Iterable["Figures"], costs: Iterable[Cost], reference: Reference
) -> dict[str, Fraction]:
    """What each handled contact costs, in euros, exactly.

    A cost of a month and site is shared by handle time over the contacts handled there that month, of its
    client and channel only where it names one. Who is not measured weighs as much as the mean of those that
    are. Contacts of one day, client, site, queue, channel and type share alike in what falls on them.

    Returns:
        Euros by contact_id, not rounded.
    """
    pools: dict[tuple[date, str, str, str], Shared] = defaultdict(Shared)
    for cost in costs:
        rate = Fraction(reference.rate(cost.currency, cost.month))
        pools[cost.month, cost.site, cost.client, cost.channel].amount += Fraction(cost.amount) * rate
    cells: dict[tuple[object, ...], list[Figures]] = defaultdict(list)
    for each in figures:
        if not is_handled(each):
            continue
        cells[each.cell].append(each)
        contact = each.contact
        for (month, site, client, channel), pool in pools.items():
            if (
                (month, site) == (each.day.replace(day=1), contact.site)
                and client in ("", contact.client)
                and channel in ("", contact.channel)
            ):
                pool.bearers.append(each)
    borne: dict[tuple[object, ...], Fraction] = defaultdict(Fraction)
    for pool in pools.values():
        weights = _weights(pool.bearers)
        by_cell: dict[tuple[object, ...], Fraction] = defaultdict(Fraction)
        for each, weight in zip(pool.bearers, weights, strict=True):
            by_cell[each.cell] += weight
        total = sum(weights)
        for cell, weight in by_cell.items():
            borne[cell] += pool.amount * weight / total
    amounts: dict[str, Fraction] = {}
    for cell, own in cells.items():
        weights = _weights(own)
        total = sum(weights)
        for each, weight in zip(own, weights, strict=True):
            amounts[each.contact_id] = borne[cell] * weight / total
    return amounts


def _weights(bearers: Sequence["Figures"]) -> list[Fraction]:
    known = [seconds for each in bearers if (seconds := handle_seconds(each)) is not None]
    if not sum(known):
        return [Fraction(1)] * len(bearers)
    mean = Fraction(sum(known), len(known))
    return [mean if (seconds := handle_seconds(each)) is None else Fraction(seconds) for each in bearers]


def chains(figures: Iterable["Figures"]) -> list[list["Figures"]]:
    """Contacts of one customer on one matter, each within the repeat window of the one before it.

    Every contact of an identified customer is in exactly one chain; chains are in order of arrival.
    """
    by_customer: dict[tuple[str, str], list[Figures]] = defaultdict(list)
    for each in figures:
        if each.is_in_scope and each.contact.known_as is not None:
            by_customer[each.contact.client, each.contact.known_as].append(each)
    found: list[list[Figures]] = []
    for own in by_customer.values():
        own.sort(key=lambda each: (each.contact.arrived_at, each.contact_id))
        chain_of: dict[str, list[Figures]] = {}
        for index, each in enumerate(own):
            before = next((other for other in reversed(own[:index]) if _same_matter(each, other)), None)
            gap = each.contact.arrived_at - before.contact.arrived_at if before else 0
            if before is None or gap > each.window_days * _DAY:
                chain: list[Figures] = []
                found.append(chain)
            else:
                chain = chain_of[before.contact_id]
            chain.append(each)
            chain_of[each.contact_id] = chain
    return found


def _same_matter(one: "Figures", other: "Figures") -> bool:
    first, second = one.contact.contact_type, other.contact.contact_type
    return first == second or UNCLASSIFIED in (first, second)


def end_of(contact: Contact, as_of: int) -> int | None:
    """When a contact ended, UTC second; a ticket ends with the last change of it that leaves it solved."""
    if contact.ticket is None or contact.channel == "voice":
        return contact.ended_at
    changes = sorted(
        (event for event in contact.ticket.events if event.at <= as_of and event.comment_by != "colleague"),
        key=lambda event: event.at,
    )
    if not changes or changes[-1].status != "solved":
        return None
    closed_at = changes[-1].at + CLOSE_AFTER_SECONDS
    is_closed = closed_at <= as_of and contact.outcome != "diverted"
    return contact.ticket.touched_at or (closed_at if is_closed else changes[-1].at)


def csat_by_contact(surveys: Iterable[Survey]) -> dict[str, list[Survey]]:
    """The answered CSAT surveys about each contact."""
    answers: dict[str, list[Survey]] = defaultdict(list)
    for survey in surveys:
        if survey.instrument == "csat" and survey.contact is not None and survey.score is not None:
            answers[survey.contact.contact_id].append(survey)
    return answers


def is_top_box(survey: Survey) -> bool:
    """In the top two boxes of its scale; of a scale of two the top one."""
    top = [survey.high] if survey.high - survey.low == 1 else [survey.high, survey.high - 1]
    return survey.score in top


def journey_rows(
    figures: list["Figures"], surveys: list[Survey], amounts: dict[str, Fraction], as_of: int
) -> list[tuple[object, ...]]:
    """Every issue; money is rounded to 6 decimals, resolution in seconds from arrival to the end."""
    own_matters: dict[tuple[str, str | None], list[Figures]] = defaultdict(list)
    for each in figures:
        if each.is_in_scope:
            own_matters[each.contact.client, each.contact.known_as].append(each)
    answers = csat_by_contact(surveys)
    rows: list[tuple[object, ...]] = []
    for chain in chains(figures):
        opener, last = chain[0], chain[-1]
        if not opener.is_opener:
            continue
        closes_at = last.contact.arrived_at + last.window_days * _DAY
        is_followed = any(
            (last.contact.arrived_at, last.contact_id) < (other.contact.arrived_at, other.contact_id)
            and other.contact.arrived_at <= closes_at
            and _same_matter(last, other)
            for other in own_matters[last.contact.client, last.contact.known_as]
        )
        is_served = last.answered_at is not None or last.contact.outcome == "self_served"
        is_resolved = is_served and last.is_resolved is not False and not is_followed
        ended_at = end_of(last.contact, as_of)
        own_answers = [answer for each in chain for answer in answers.get(each.contact_id, [])]
        rows.append(
            (
                opener.contact_id,
                opener.contact.client,
                opener.contact.site,
                opener.contact.contact_type,
                opener.day,
                " › ".join(each.contact.channel for each in chain),
                len(chain),
                len({each.contact.channel for each in chain}),
                len(
                    {
                        leg.agent.agent_id
                        for each in chain
                        for leg in each.contact.legs
                        if leg.agent is not None and leg.answered_at is not None
                    }
                ),
                sum(each.transfers for each in chain),
                ended_at - opener.contact.arrived_at if is_resolved and ended_at is not None else None,
                is_resolved,
                opener.is_resolved_first,
                money(sum((amounts.get(each.contact_id, Fraction()) for each in chain), Fraction())),
                sum(map(is_top_box, own_answers)),
                len(own_answers),
                closes_at <= as_of,
            )
        )
    return sorted(rows, key=lambda row: str(row[0]))


def site_rows(
    figures: list["Figures"], surveys: list[Survey], costs: list[Cost], reference: Reference, as_of: int
) -> list[tuple[object, ...]]:
    """Each month and site in which anything was booked, handled, opened or asked."""
    booked: dict[tuple[date, str], dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    counts: dict[tuple[date, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    provisional: set[tuple[date, str]] = set()
    for cost in costs:
        amount = Fraction(cost.amount) * Fraction(reference.rate(cost.currency, cost.month))
        booked[cost.month, cost.site][cost.category] += amount
    for each in figures:
        if not each.is_in_scope:
            continue
        key = (each.day.replace(day=1), each.contact.site)
        counts[key]["handled"] += is_handled(each)
        counts[key]["fcr_numerator"] += each.is_resolved_first
        counts[key]["fcr_denominator"] += each.is_opener
        if each.is_opener and each.contact.arrived_at + each.window_days * _DAY > as_of:
            provisional.add(key)
    places = {each.contact: (each.day, each.contact.site) for each in figures if each.is_in_scope}
    for survey in surveys:
        if survey.instrument != "csat":
            continue
        if survey.contact is None:
            site = survey.agent.site if survey.agent else UNMAPPED
            place: tuple[date, str] | None = (reference.local_day(site, survey.sent_at), site)
        else:
            place = places.get(survey.contact)
        if place is None:
            continue
        key = (place[0].replace(day=1), place[1])
        counts[key]["csat_numerator"] += is_top_box(survey)
        counts[key]["csat_denominator"] += survey.score is not None
        if place[0] >= reference.local_day(place[1], as_of) or is_awaited(survey, place[0], reference, as_of):
            provisional.add(key)
    today = date(1970, 1, 1) + timedelta(seconds=as_of)
    rows: list[tuple[object, ...]] = []
    for key in sorted(booked.keys() | counts.keys()):
        own, count = booked[key], counts[key]
        known = [own.pop(name, Fraction()) for name in ("pay", "licences", "premises", "telecom")]
        other = sum(own.values(), Fraction())
        is_over = (key[0] + timedelta(days=32)).replace(day=1) <= today
        rows.append(
            (
                *key,
                *map(money, known),
                money(other),
                money(sum(known) + other),
                count["handled"],
                *(
                    count[name]
                    for name in ("fcr_numerator", "fcr_denominator", "csat_numerator", "csat_denominator")
                ),
                is_over and key not in provisional,
            )
        )
    return rows


def is_awaited(survey: Survey, day: date, reference: Reference, as_of: int) -> bool:
    """Not answered, and its answer is still waited for."""
    about = survey.contact
    client, queue, channel = (
        (about.client, about.queue or "no_queue", about.channel)
        if about
        else (UNMAPPED, "no_queue", UNMAPPED)
    )
    window = reference.threshold("survey_window_days", client, queue, channel, day)
    return survey.score is None and survey.sent_at + window * _DAY > as_of


def segment_rows(
    figures: list["Figures"],
    surveys: list[Survey],
    amounts: dict[str, Fraction],
    reference: Reference,
    as_of: int,
) -> list[tuple[object, ...]]:
    """Customers counted by how often, on which channel and how content they were, by month and client."""
    months: dict[tuple[date, str, str], list[Figures]] = defaultdict(list)
    for each in figures:
        if each.is_in_scope and each.contact.known_as is not None:
            months[each.day.replace(day=1), each.contact.client, each.contact.known_as].append(each)
    asked: dict[str, list[Survey]] = defaultdict(list)
    for survey in surveys:
        if survey.instrument == "csat" and survey.contact is not None:
            asked[survey.contact.contact_id].append(survey)
    today = date(1970, 1, 1) + timedelta(seconds=as_of)
    segments: dict[tuple[object, ...], list[Fraction]] = defaultdict(lambda: [Fraction()] * 6)
    provisional: set[tuple[object, ...]] = set()
    for (month, client, _), own in months.items():
        own.sort(key=lambda each: each.contact.arrived_at)
        uses = Counter(each.contact.channel for each in own)
        # The last of those used most, going back in time.
        channel = next(
            each.contact.channel for each in reversed(own) if uses[each.contact.channel] == max(uses.values())
        )
        sent = [(each, survey) for each in own for survey in asked.get(each.contact_id, [])]
        answers = [survey for _, survey in sent if survey.score is not None]
        shares = [
            Fraction(100 * (one.score - one.low), one.high - one.low)
            for one in answers
            if one.score is not None
        ]
        key = (
            month,
            client,
            reference.segment("frequency", Fraction(len(own)), month),
            channel,
            reference.segment("satisfaction", sum(shares, Fraction()) / len(shares), month)
            if shares
            else "unknown",
        )
        additions: tuple[Fraction | int, ...] = (
            1,
            len(own),
            sum(each.is_covered and each.is_repeat for each in own),
            sum((amounts.get(each.contact_id, Fraction()) for each in own), Fraction()),
            sum(map(is_top_box, answers)),
            len(answers),
        )
        segments[key] = [one + other for one, other in zip(segments[key], additions, strict=True)]
        is_over = (month + timedelta(days=32)).replace(day=1) <= today
        if not is_over or any(
            is_awaited(survey, each.day, reference, as_of)
            or each.day >= reference.local_day(each.contact.site, as_of)
            for each, survey in sent
        ):
            provisional.add(key)
    return [
        (*key, *sums[:3], money(sums[3]), *sums[4:], key not in provisional)
        for key, sums in sorted(segments.items(), key=str)
    ]


def opportunity_rows(
    figures: list["Figures"], amounts: dict[str, Fraction], reference: Reference, as_of: int
) -> list[tuple[object, ...]]:
    """What could move to self-service, by client and type, and what that would save."""
    today = date(1970, 1, 1) + timedelta(seconds=as_of)
    alone = {chain[0].contact_id for chain in chains(figures) if len(chain) == 1}

    def setting(name: str, client: str) -> Fraction:
        return Fraction(reference.setting(f"self_service_{name}", today, client))

    recent: list[Figures] = []
    for each in figures:
        past = reference.local_day(each.contact.site, as_of) - each.day
        if each.is_in_scope and 1 <= past.days <= setting("period_days", each.contact.client):
            recent.append(each)
    served: dict[str, list[Figures]] = defaultdict(list)
    types: dict[tuple[str, str], list[Figures]] = defaultdict(list)
    for each in recent:
        if each.contact.outcome == "self_served" and each.contact.known_as is not None:
            served[each.contact.client].append(each)
        if each.answered_at is not None:
            types[each.contact.client, each.contact.contact_type].append(each)
    rows: list[tuple[object, ...]] = []
    for (client, contact_type), own in sorted(types.items()):
        source, base = "client", served[client]
        if not base:
            source, base = "overall", [each for each in recent if each in served[each.contact.client]]
        if base:
            contained = Fraction(sum(not each.is_followed_by_offered for each in base), len(base))
        else:
            source, contained = "assumed", setting("assumed_containment", client)
        simple = [
            each
            for each in own
            if each.contact_id in alone
            and (each.agents, each.transfers) == (1, 0)
            and not each.hold
            and (seconds := handle_seconds(each)) is not None
            and seconds <= setting("simple_seconds", client)
        ]
        known = [seconds for each in own if (seconds := handle_seconds(each)) is not None]
        movable = len(simple) * setting("shift_share", client) * (contact_type != UNCLASSIFIED)
        amount = sum((amounts.get(each.contact_id, Fraction()) for each in own), Fraction())
        saving = movable * contained * (amount / len(own) - setting("contact_cost", client))
        is_final = (
            all((each.day.replace(day=1) + timedelta(days=32)).replace(day=1) <= today for each in own)
            and all(
                each.contact.known_as is None or each.contact.arrived_at + each.window_days * _DAY <= as_of
                for each in own
            )
            and all(each.contact.arrived_at + each.containment_seconds <= as_of for each in base)
        )
        rows.append(
            (
                client,
                contact_type,
                len(own),
                money(amount),
                len(known),
                sum(known),
                len(simple),
                float(movable),
                source,
                len(base),
                money(max(saving, Fraction())),
                is_final,
            )
        )
    return rows


def money(amount: Fraction) -> str:
    """An amount with 6 decimals."""
    return f"{round(amount * 10**6) / 10**6:.6f}"


Table = tuple[Sequence[str], list[tuple[object, ...]]]


def customer_tables(
    figures: list["Figures"],
    surveys: list[Survey],
    costs: list[Cost],
    amounts: dict[str, Fraction],
    reference: Reference,
    as_of: int,
) -> dict[str, Table]:
    """Columns and rows of each mart about customers, by the mart's name.

    Args:
        amounts: euros by contact_id, as contact_amounts gives them.
        as_of: UTC second as of which everything is reported.
    """
    return {
        "rpt_customer_journeys": (JOURNEY_COLUMNS, journey_rows(figures, surveys, amounts, as_of)),
        "rpt_site_costs": (SITE_COLUMNS, site_rows(figures, surveys, costs, reference, as_of)),
        "rpt_customer_segments": (
            SEGMENT_COLUMNS,
            segment_rows(figures, surveys, amounts, reference, as_of),
        ),
        "rpt_self_service_opportunities": (
            OPPORTUNITY_COLUMNS,
            opportunity_rows(figures, amounts, reference, as_of),
        ),
    }
