"""The marts about customers equal what the simulator knows: counts exactly, allocated money to the cent."""

from decimal import Decimal

from centre import Centre
from truths import CENT, compare


def test_every_journey_equals_the_truth(centre: Centre) -> None:
    columns = (
        "client",
        "site",
        "contact_type",
        "day",
        "channel_path",
        "contacts_count",
        "channels_count",
        "agents_count",
        "transfers_count",
        "is_resolved",
        "is_resolved_first_contact",
        "reporting_amount",
        "csat_numerator",
        "csat_denominator",
        "is_final",
    )
    measures = {name: name for name in columns}
    measures["seconds_to_resolution"] = "round(days_to_resolution * 86400)::bigint"
    rows = compare(centre, "rpt_customer_journeys", ("issue_id",), measures, ("reporting_amount",))
    assert any(row["channel_path"].count("›") >= 3 for row in rows), "no issue took four contacts"
    assert any(int(row["channels_count"]) >= 2 for row in rows), "no issue changed its channel"
    openers, settled = centre.published(
        "select sum(denominator), sum(numerator) from marts.kpi_first_contact_resolution"
    )[0]
    assert (len(rows), sum(row["is_resolved_first_contact"] == "true" for row in rows)) == (openers, settled)


def test_every_site_month_equals_the_truth(centre: Centre) -> None:
    amounts = (
        "pay_amount",
        "licences_amount",
        "premises_amount",
        "telecom_amount",
        "other_amount",
        "reporting_amount",
    )
    counts = (
        "handled_count",
        "fcr_numerator",
        "fcr_denominator",
        "csat_numerator",
        "csat_denominator",
        "is_final",
    )
    measures = {name: name for name in (*amounts, *counts)}
    rows = compare(centre, "rpt_site_costs", ("month", "site"), measures, amounts)
    assert any(Decimal(row["telecom_amount"]) > 0 for row in rows)
    sourcing = dict(centre.published("select sourcing, count(*) from marts.rpt_site_costs group by 1"))
    assert {"onshore", "offshore", "outsourced"} <= set(sourcing)
    divided = centre.published(
        "select count(*) from marts.rpt_site_costs where"
        " cost_per_contact is distinct from reporting_amount::double / nullif(handled_count, 0)"
        " or fcr is distinct from fcr_numerator::double / nullif(fcr_denominator, 0)"
        " or csat is distinct from csat_numerator::double / nullif(csat_denominator, 0)"
    )
    assert divided == [(0,)]


def test_every_customer_segment_equals_the_truth(centre: Centre) -> None:
    keys = ("month", "client", "frequency_segment", "preferred_channel", "satisfaction_segment")
    names = (
        "customers_count",
        "contacts_count",
        "repeat_count",
        "reporting_amount",
        "csat_numerator",
        "csat_denominator",
        "is_final",
    )
    rows = compare(
        centre, "rpt_customer_segments", keys, {name: name for name in names}, ("reporting_amount",)
    )
    assert {row["frequency_segment"] for row in rows} == {"once", "two_or_three_times", "often"}
    assert {row["satisfaction_segment"] for row in rows} == {
        "satisfied",
        "neutral",
        "dissatisfied",
        "unknown",
    }


def test_every_self_service_opportunity_equals_the_truth(centre: Centre) -> None:
    names = (
        "handled_count",
        "reporting_amount",
        "handle_measured_count",
        "handle_seconds",
        "simple_count",
        "movable_count",
        "containment_source",
        "containment_base_count",
        "saving_amount",
        "is_final",
    )
    rows = compare(
        centre,
        "rpt_self_service_opportunities",
        ("client", "contact_type"),
        {name: name for name in names},
        ("reporting_amount", "saving_amount"),
    )
    by_saving = sorted((Decimal(row["saving_amount"]) for row in rows), reverse=True)
    ranked = centre.published(
        "select saving_amount from marts.rpt_self_service_opportunities order by saving_rank"
    )
    assert all(
        abs(saving - Decimal(str(row[0]))) < CENT for saving, row in zip(by_saving, ranked, strict=True)
    )
    assert by_saving[0] > 100, "self-service should be worth something"
