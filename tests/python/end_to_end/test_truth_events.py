"""What events did equals what the simulator knows; and what the simulator put in stands out."""

import math
from datetime import date, timedelta

from centre import Centre
from truths import compare


def test_every_event_impact_equals_the_truth(centre: Centre) -> None:
    amounts = (
        "numerator",
        "denominator",
        "baseline_numerator",
        "baseline_denominator",
        "extra_contacts",
        "extra_cost_amount",
    )
    counts = ("days_count", "baseline_days_count", "comparison", "is_final")
    keys = ("event_id", "client", "measure", "member")
    rows = compare(centre, "rpt_event_impacts", keys, {name: name for name in (*amounts, *counts)}, amounts)
    # What is counted is exact: only costs and the means of weekdays are rounded.
    counted = [row for row in rows if not row["measure"].startswith("cost_per")]
    found = {
        tuple(row[:4]): tuple(row[4:])
        for row in centre.published(
            f"select {', '.join(keys)}, numerator, denominator from marts.rpt_event_impacts"
        )
    }
    assert {tuple(row[key] for key in keys): (row["numerator"], row["denominator"]) for row in counted} == {
        key: tuple(map(str, figures)) for key, figures in found.items() if not key[2].startswith("cost_per")
    }
    assert {row["comparison"] for row in rows} >= {"compared", "no_event_days"}


def test_the_storm_and_the_release_stand_out_from_the_weekdays_before(centre: Centre) -> None:
    found = {
        (event, measure, member): (float(baseline or 0), float(extra or 0), change)
        for event, measure, member, baseline, extra, change in centre.published(
            "select event_id, measure, member, baseline_numerator, extra_contacts, change_share"
            " from marts.rpt_event_impacts where comparison = 'compared'"
        )
    }
    # The simulator's factors are 6, 1.9 and 1.25; chance alone stays within a few square roots.
    for event, member, least in (
        ("aurora_autumn_storm", "outage_report", 1.0),
        ("aurora_invoice_release", "billing_question", 0.3),
        ("meridian_autumn_break", "all", 0.05),
    ):
        baseline, extra, change = found[event, "contacts_per_day", member]
        assert change > least, event
        assert extra > 2 * math.sqrt(baseline), event
    baseline, extra, _ = found["aurora_autumn_storm", "contacts_per_day", "outage_report"]
    assert extra > 6 * math.sqrt(baseline), "the storm is lost in chance"
    assert found["aurora_invoice_release", "contact_type_share", "billing_question"][2] > 0.1


def test_a_day_is_compared_with_none_of_another_event_and_no_holiday(centre: Centre) -> None:
    days = dict(
        centre.published("select distinct event_id, baseline_days_count from marts.rpt_event_impacts")
    )
    # Tuesdays and Wednesdays since 12 October, without the two of the release; and the break's weekdays
    # since the client's first contact, without the Canadian Thanksgiving.
    assert days["aurora_autumn_storm"] == 2
    ((covered_from,),) = centre.published(
        "select min(arrived_date) from marts.fct_contacts where client = 'meridian_travel' and is_in_scope"
    )
    since = {covered_from + timedelta(days=more) for more in range((date(2026, 10, 24) - covered_from).days)}
    assert days["meridian_autumn_break"] == len(since - {date(2026, 10, 12)})
