"""The simulator's parts, each by figures that are known from elsewhere."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from vitals.simulate.agent_time import agent_days, agent_kpi_rows
from vitals.simulate.costs import Cost
from vitals.simulate.customer_file import entries, identify
from vitals.simulate.entities import (
    Agent,
    AgentContact,
    AgentEvent,
    Contact,
    Customer,
    Leg,
    Pause,
    Shift,
)
from vitals.simulate.known import known_at
from vitals.simulate.output import cut_off, iso, local_iso
from vitals.simulate.reference import Reference
from vitals.simulate.sampling import Choice, Sampler
from vitals.simulate.staffing import agents_needed, erlang_c
from vitals.simulate.truth import Figures, fold, match_matters
from vitals.simulate.truth_customers import chains, contact_amounts
from vitals.simulate.world import EVENT_FACTORS, LANES, type_factors

SEEDS = Path(__file__).parents[3] / "seeds"
DAY = 86400
START = 1_790_000_000


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference(SEEDS)


def contact(number: int, days: float, **changes: object) -> Contact:
    made = Contact(
        platform="amazon_connect",
        native_id=f"c{number}",
        client="aurora_energy",
        site="lyon",
        queue="aurora_billing",
        channel="voice",
        contact_type="payment",
        type_word="Payment",
        customer=None,
        customer_key="+33600000001",
        language="fr",
        arrived_at=START + round(days * DAY),
        lane_index=0,
    )
    made.outcome = "answered"
    made.legs = [Leg("aurora_billing", made.arrived_at, answered_at=made.arrived_at + 10, wait=10, talk=60)]
    for name, value in changes.items():
        setattr(made, name, value)
    made.known_as = made.customer_key
    return made


def matched(reference: Reference, *contacts: Contact) -> list[Figures]:
    # A client's first contact, of nobody in particular, opens the coverage.
    first = contact(0, -8, customer_key=None)
    figures = [fold(each, reference, START + 90 * DAY) for each in (first, *contacts)]
    match_matters(figures)
    return figures[1:]


def test_erlang_c_gives_the_published_example() -> None:
    assert erlang_c(48, 55) == pytest.approx(0.239, abs=0.0005)
    assert agents_needed(48, 240, 15, 0.845) == 55
    assert agents_needed(0, 240, 20, 0.8) == 0


def test_a_contact_exactly_at_the_end_of_the_window_is_a_repeat(reference: Reference) -> None:
    assert [each.is_repeat for each in matched(reference, contact(1, 0), contact(2, 7))] == [False, True]
    just_past = contact(2, 7, arrived_at=START + 7 * DAY + 1)
    assert [each.is_repeat for each in matched(reference, contact(1, 0), just_past)] == [False, False]


def test_an_unclassified_contact_matches_any_type_of_its_customer(reference: Reference) -> None:
    other = contact(2, 1, contact_type="complaint")
    unclassified = contact(3, 2, contact_type="unclassified")
    first, second, third = matched(reference, contact(1, 0), other, unclassified)
    assert (first.is_repeat, second.is_repeat, third.is_repeat) == (False, False, True)
    assert (first.is_resolved_first, second.is_resolved_first) == (False, False)


def test_a_contact_flagged_unresolved_is_no_resolution(reference: Reference) -> None:
    assert matched(reference, contact(1, 0))[0].is_resolved_first
    assert not matched(reference, contact(1, 0, resolved_flag=False))[0].is_resolved_first


def test_the_anonymous_and_the_uncovered_open_no_issue(reference: Reference) -> None:
    assert not matched(reference, contact(1, 0, customer_key=None))[0].is_opener
    assert not matched(reference, contact(1, -7.5))[0].is_opener
    assert matched(reference, contact(1, -1))[0].is_opener


def test_outbound_contacts_and_tests_match_nothing(reference: Reference) -> None:
    out, test, own = matched(
        reference, contact(1, 0, direction="outbound"), contact(2, 1, is_test=True), contact(3, 2)
    )
    assert not own.is_repeat
    assert own.is_opener
    assert not out.is_opener
    assert not test.is_opener


def test_a_transfer_counts_when_somebody_answered_or_it_left_the_centre() -> None:
    anna, boris = (
        Agent(name, "amazon_connect", name, "X", "lyon", "aurora_billing", "T", "S", number)
        for number, name in enumerate(("anna", "boris"))
    )
    moved = contact(1, 0)
    moved.legs = [
        Leg("aurora_billing", START, agent=anna, answered_at=START + 1, exit="transferred"),
        Leg("aurora_outages", START + 60, agent=boris, answered_at=START + 70, exit="completed"),
    ]
    assert moved.completed_transfers == 1
    moved.legs[1] = Leg("aurora_outages", START + 60, exit="abandoned")
    assert moved.completed_transfers == 0
    moved.legs = moved.legs[:1]
    moved.legs[0].is_external = True
    assert moved.completed_transfers == 1


def test_a_callback_keeps_the_wait_until_it_was_asked_for(reference: Reference) -> None:
    asked = contact(1, 0, outcome="callback_requested")
    asked.legs = [
        Leg("aurora_billing", START, ended_at=START + 70, wait=70, exit="callback_requested"),
        Leg("aurora_billing", START + 71, answered_at=START + 900, wait=829, talk=100, is_callback=True),
    ]
    figures = fold(asked, reference, START + DAY)
    assert (figures.wait, figures.talk, figures.answered_at) == (70, 100, START + 900)


def test_the_most_specific_threshold_in_force_holds(reference: Reference) -> None:
    def seconds(client: str, queue: str, channel: str, day: date) -> int:
        return reference.threshold("service_level_seconds", client, queue, channel, day)

    assert seconds("aurora_energy", "aurora_billing", "voice", date(2026, 10, 5)) == 20
    assert seconds("aurora_energy", "aurora_billing", "chat", date(2026, 10, 5)) == 60
    assert seconds("meridian_travel", "meridian_changes", "voice", date(2026, 10, 5)) == 30
    assert seconds("aurora_energy", "aurora_outages", "voice", date(2026, 10, 18)) == 15
    assert seconds("aurora_energy", "aurora_outages", "voice", date(2026, 10, 19)) == 30


def test_an_agents_day_adds_up_by_hand(reference: Reference) -> None:
    """Anna in Lyon, 26 October: scheduled 9:00 to 12:00 with a break at 10:00, paid throughout."""
    nine = reference.midnight("lyon", date(2026, 10, 26)) + 9 * 3600
    anna = Agent("anna", "template", "Anna", "X", "lyon", "aurora_billing", "T", "S", 1)
    anna.shifts = [Shift(nine, nine + 10800, [Pause(nine + 3600, nine + 4500, "break")])]

    def event(minute: float, status: str, *contact_ids: str) -> AgentEvent:
        own: list[AgentContact] = [(each, "chat", "CONNECTED", 0, 0, 0, "q", each) for each in contact_ids]
        return AgentEvent(nine + round(minute * 60), anna, "STATE_CHANGE", status, 0, tuple(own))

    events = [
        event(0, "Available"),
        event(10, "Available", "a"),
        event(15, "Available", "a", "b"),
        event(20, "Available", "b"),
        event(30, "Available"),
        event(32, "Available", "c"),
        event(65, "Available"),
        event(65, "Break"),  # of one second the last counts
        event(80, "Available"),
        event(170, "Available", "d"),
        event(185, "Offline"),
    ]
    evening = nine + 12 * 3600
    days = agent_days([anna], events, [], reference, evening)
    (day,) = days.values()
    assert (day.on_contact, day.concurrent, day.available) == (68 * 60, 73 * 60, 102 * 60)
    assert day.away == {"break": 15 * 60}
    assert (day.scheduled, day.scheduled_productive, day.paid) == (180 * 60, 165 * 60, 180 * 60)
    # on contacts into the break, then on break after it; the last five minutes are nobody's schedule
    assert day.adherent == (60 + 10 + 100) * 60
    assert day.on_contact_paid == 63 * 60
    assert (day.gaps, day.gap_seconds, day.open_gaps) == (1, 120, 0)
    rows = {row[0]: row[7:] for row in agent_kpi_rows(days, reference, evening)}
    assert rows["occupancy"] == (68 * 60, 170 * 60, False)
    assert rows["conformance"] == (170 * 60, 165 * 60, False)


def test_an_agents_time_is_cut_at_the_sites_midnight_and_at_as_of(reference: Reference) -> None:
    midnight = reference.midnight("manila", date(2026, 10, 26))
    anna = Agent("anna", "template", "Anna", "X", "manila", "q", "T", "S", 1)
    anna.shifts = [Shift(midnight - 600, midnight + 36000)]
    events = [AgentEvent(midnight - 300, anna, "LOGIN", "Available", 0)]
    days = agent_days([anna], events, [], reference, midnight + 900)
    assert [(day, own.available, own.scheduled, own.adherent) for (_, day), own in sorted(
        days.items(), key=lambda item: item[0][1]
    )] == [(date(2026, 10, 25), 300, 600, 300), (date(2026, 10, 26), 900, 900, 900)]  # fmt: skip


def test_the_doubled_hour_has_two_offsets(reference: Reference) -> None:
    before = 1_792_886_400  # 2026-10-25T00:00:00Z
    assert local_iso(reference, "lyon", before + 1800) == "2026-10-25T02:30:00+02:00"
    assert local_iso(reference, "lyon", before + 5400) == "2026-10-25T02:30:00+01:00"
    assert local_iso(reference, "montreal", before) == "2026-10-24T20:00:00-04:00"
    assert local_iso(reference, "lyon", None) == ""
    assert iso(before) == "2026-10-25T00:00:00Z"


def test_words_are_read_both_ways(reference: Reference) -> None:
    assert reference.words["amazon_connect"].native("queue", "aurora_billing") == "Aurora Billing"
    assert reference.slug("amazon_connect", "contact_type", "Refund") == "refund"
    assert reference.slug("template", "contact_type", "balance_enquiry") == "balance_enquiry"
    assert reference.slug("template", "contact_type", "nobody knows") is None


def test_a_choice_covers_its_weights() -> None:
    choice = Choice((("a", 1.0), ("b", 3.0), ("never", 0.0)))
    assert [choice.at(place) for place in (0.0, 0.24, 0.26, 0.999)] == ["a", "a", "b", "b"]


def test_draws_repeat_with_the_seed_and_stay_in_their_bounds() -> None:
    first, again = Sampler(5), Sampler(5)
    assert [first.seconds(100) for _ in range(50)] == [again.seconds(100) for _ in range(50)]
    assert all(3 <= first.between(3, 9) <= 9 for _ in range(1000))
    assert all(10 <= first.seconds(40, 2.0, low=10, high=60) <= 60 for _ in range(1000))
    assert len({first.uuid() for _ in range(5000)}) == 5000


def test_a_line_that_is_cut_off_has_no_end() -> None:
    assert not cut_off('{"a":"bcdefgh"}').endswith("}")


def test_a_chain_goes_on_while_each_contact_is_within_the_window_of_the_one_before(
    reference: Reference,
) -> None:
    unclassified = contact(3, 12, contact_type="unclassified")
    complaint = contact(4, 13, contact_type="complaint")
    found = chains(
        matched(reference, contact(1, 0), contact(2, 6), unclassified, complaint, contact(5, 20.5))
    )
    assert [[each.contact.native_id for each in chain] for chain in found] == [
        ["c1", "c2", "c3", "c4"],
        ["c5"],
    ]


def test_a_cost_is_shared_by_handle_time_among_those_whom_it_names(reference: Reference) -> None:
    short, long, other = contact(1, 0), contact(2, 0.001), contact(3, 0.002, channel="chat")
    long.legs[0].talk = 180
    figures = matched(reference, short, long, other)
    month = figures[0].day.replace(day=1)
    costs = [
        Cost("all", month, "lyon", "", "", "pay", Decimal("300"), "EUR", START),
        Cost("voice", month, "lyon", "", "voice", "telecom", Decimal("4"), "EUR", START),
    ]
    amounts = contact_amounts(figures, costs, reference)
    assert amounts == {
        "amazon_connect:c1": Fraction(61),
        "amazon_connect:c2": Fraction(183),
        "amazon_connect:c3": Fraction(60),
    }


def test_an_event_raises_its_type_in_its_queues_on_its_days_only(reference: Reference) -> None:
    outages, billing = LANES[2], LANES[0]
    storm = next(event for event in reference.events if event.slug == "aurora_autumn_storm")
    assert type_factors(outages, storm.first_day, reference) == {"outage_report": EVENT_FACTORS[storm.slug]}
    assert type_factors(outages, storm.last_day, reference) != {}
    assert type_factors(outages, date(2026, 10, 29), reference) == {}
    assert type_factors(billing, storm.first_day, reference) == {}
    assert set(EVENT_FACTORS) <= {event.slug for event in reference.events}


def told(contact: Contact, until: int) -> Contact | None:
    return next(iter(known_at([contact], until)), None)


def test_a_record_is_written_once_its_contact_is_over_and_without_the_work_that_goes_on() -> None:
    def call() -> Contact:
        made = contact(1, 0, ended_at=START + 70, resolved_flag=True)
        (leg,) = made.legs
        leg.ended_at, leg.wrapped_at, leg.acw, leg.exit = START + 70, START + 100, 30, "completed"
        return made

    assert told(call(), START + 72) is None
    early = told(call(), START + 73)
    assert early is not None
    assert (early.outcome, early.legs[0].talk, early.legs[0].acw) == ("answered", 60, None)
    assert told(call(), START + 101).legs[0].acw is None  # type: ignore[union-attr]
    whole = told(call(), START + 102)
    assert whole is not None
    assert (whole.legs[0].acw, whole.resolved_flag) == (30, True)


def test_a_chain_of_records_is_known_up_to_the_one_that_goes_on() -> None:
    moved = contact(1, 0, ended_at=None, resolved_flag=True)
    moved.legs[0].ended_at, moved.legs[0].exit = START + 70, "transferred"
    moved.legs.append(Leg("aurora_outages", START + 72, "next-record"))
    known = told(moved, START + 90)
    assert known is not None
    assert (len(known.legs), known.next_native_id, known.resolved_flag) == (1, "next-record", None)
    assert known.completed_transfers == 1, "as far as anybody knows it has left the centre"
    asked = contact(2, 0, outcome="open")
    asked.legs = [
        Leg("aurora_billing", START, ended_at=START + 70, wait=70, exit="callback_requested"),
        Leg("aurora_billing", START + 71, native_id="later", is_callback=True),
    ]
    known = told(asked, START + 90)
    assert known is not None
    assert known.outcome == "callback_requested"


def test_the_exchange_and_the_template_tell_of_who_waits_and_the_help_desk_only_of_calls_that_are_over() -> (
    None
):
    waiting = [Leg("halcyon_cards", START)]
    for platform, channel, is_known in (
        ("asterisk", "voice", True),
        ("template", "sms", True),
        ("zendesk", "voice", False),
        ("zendesk", "email", True),
        ("amazon_connect", "chat", False),
    ):
        found = told(contact(1, 0, platform=platform, channel=channel, legs=list(waiting)), START + 60)
        assert (found is not None) == is_known, platform
        assert found is None or found.outcome == "open"
    assert told(contact(1, 0, platform="asterisk", legs=[], outcome="open"), START + 60) is None
    over = contact(1, 0, platform="zendesk", ended_at=START + 70)
    assert told(over, START + 90) is None
    assert told(over, START + 91) is not None


def known_as(reference: Reference, *contacts: Contact) -> list[str | None]:
    identify(list(contacts), entries(contacts), reference, date(2026, 10, 5))
    return [each.known_as for each in contacts]


def customer(place: int, phone: str) -> Customer:
    """One of ten places; those at 6 and 7 are not in the customer file."""
    return Customer(phone, 360_100_000_000 + place * 7)


def mail_of(one: Customer) -> Contact:
    """A ticket."""
    return contact(
        9, 9, customer=one, customer_key=str(one.requester_id), platform="zendesk", channel="email"
    )


def test_the_customer_file_joins_calls_and_e_mails_of_those_who_are_in_it(reference: Reference) -> None:
    found = []
    for place in (5, 6):
        one = customer(place, f"+33600000{place}")
        call = contact(1, 0, customer=one, customer_key=one.phone)
        found.append(known_as(reference, call, mail_of(one)))
    assert found[0][0] == found[0][1]
    assert found[1] == ["+336000006", "360100000042"]


def test_a_call_of_the_help_desk_joins_number_and_requester_by_itself(reference: Reference) -> None:
    one = customer(6, "+336000006")
    call = contact(1, 0, customer=one, customer_key=one.phone, platform="zendesk")
    other = contact(2, 1, customer=one, customer_key=one.phone)
    assert len(set(known_as(reference, call, other))) == 1


def test_a_telephone_of_two_customers_makes_them_one_and_of_three_is_nobody_s(reference: Reference) -> None:
    def calls(count: int) -> list[str | None]:
        office = [customer(place, "+33600000100") for place in range(count)]
        made = [contact(each, each, customer=one, customer_key=one.phone) for each, one in enumerate(office)]
        return known_as(reference, *made, mail_of(office[0]))

    assert len(set(calls(2))) == 1
    first, second, third, mail = calls(3)
    assert first is second is third is None
    assert mail is not None
