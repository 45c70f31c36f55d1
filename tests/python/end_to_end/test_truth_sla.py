"""The SLA report equals what the simulator knows; sla_attainment and the call performance index are compared
with all other KPIs in test_truth.py."""

from __future__ import annotations

import csv
from decimal import Decimal
from fractions import Fraction

from centre import Centre

COLUMNS = (
    "month",
    "client",
    "service_type",
    "kpi_id",
    "period_start_date",
    "period_end_date",
    "numerator",
    "denominator",
    "target",
    "is_attained",
    "days_with_data_count",
    "days_met_count",
    "worst_day",
    "is_final",
)
FIGURES = ("numerator", "denominator", "target")


def plain(name: str, value: object) -> object:
    """A value as both sides mean it: figures as numbers, the rest as text, null as nothing."""
    if name in FIGURES:
        return Decimal(str(value)).normalize()
    return "" if value is None else str(value).lower()


def test_every_row_of_the_sla_report_equals_the_truth(centre: Centre) -> None:
    with (centre.truth / "sla_report.csv").open(encoding="utf-8", newline="") as file:
        expected = {tuple(plain(name, row[name]) for name in COLUMNS) for row in csv.DictReader(file)}
    actual = {
        tuple(plain(name, value) for name, value in zip(COLUMNS, row, strict=True))
        for row in centre.published(f"select {', '.join(COLUMNS)} from marts.rpt_sla_report")
    }
    assert sorted(expected - actual, key=str)[:5] == []
    assert sorted(actual - expected, key=str)[:5] == []
    verdicts = {row[COLUMNS.index("is_attained")] for row in expected}
    assert verdicts >= {"true", "false"}, "some promises should be kept, and some broken"


def test_margin_and_worst_day_follow_from_the_figures(centre: Centre) -> None:
    rows = centre.published(
        "select r.better, r.numerator, r.denominator, r.value, r.target, r.margin, r.is_attained,"
        " r.worst_day_value, min(c.value), max(c.value)"
        " from marts.rpt_sla_report as r left join marts.kpi_sla_cells as c on c.client = r.client"
        " and c.service_type = r.service_type and c.kpi_id = r.kpi_id"
        " and c.day between r.period_start_date and r.period_end_date group by all"
    )
    assert rows
    for better, numerator, denominator, value, target, margin, is_attained, worst, lowest, highest in rows:
        if not denominator:
            assert (value, margin, is_attained, worst) == (None, None, None, None)
            continue
        exact = Fraction(numerator) / Fraction(denominator)
        assert abs(float(exact) - value) <= 1e-9 * abs(value)
        assert abs(margin - (value - target if better == "up" else target - value)) < 1e-9
        assert is_attained == (margin >= -1e-9)
        assert worst == (lowest if better == "up" else highest)


def test_a_target_that_changes_within_a_month_gives_two_rows_that_share_its_days(centre: Centre) -> None:
    rows = centre.published(
        "select period_start_date::text, period_end_date::text, target from marts.rpt_sla_report"
        " where month = date '2026-10-01' and client = 'aurora_energy' and service_type = 'emergency'"
        " and kpi_id = 'service_level' order by 1"
    )
    assert rows == [("2026-10-01", "2026-10-18", 0.85), ("2026-10-19", "2026-10-31", 0.90)]


def test_the_target_of_every_day_and_scope_equals_the_truth(centre: Centre) -> None:
    with (centre.truth / "targets_in_force.csv").open(encoding="utf-8", newline="") as file:
        expected = {tuple(row.values())[:5]: Decimal(row["target"]) for row in csv.DictReader(file)}
    days = sorted({key[0] for key in expected})
    actual = {
        (str(day), *scope): target
        for day, *scope, target in centre.published(
            "select day, kpi_id, client, queue, channel, target from marts.fct_targets_in_force"
            f" where day between date '{days[0]}' and date '{days[-1]}'"
        )
    }
    assert {key: (expected.get(key), actual.get(key)) for key in expected.keys() ^ actual.keys()} == {}
    assert {key for key in expected if expected[key] != actual[key]} == set()
    changed = {expected[day, "service_level", "halcyon_bank", "all", "all"] for day in days}
    assert len(changed) == 2, "one target should change within the simulated days"
