"""The marts of a simulated centre equal what the simulator knows, exactly."""

import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from centre import PROJECT, Centre
from truths import differences, plain, truth
from vitals import pipeline

DIMENSIONS = ("day", "client", "site", "queue", "channel", "contact_type")
KPIS = [row["kpi_id"] for row in csv.DictReader((PROJECT / "seeds/reference/kpi_catalogue.csv").open())]


@pytest.mark.parametrize("kpi_id", [kpi for kpi in KPIS if kpi != "cost_per_contact"])
def test_every_cell_of_a_kpi_equals_the_truth(centre: Centre, kpi_id: str) -> None:
    expected = {
        tuple(row[dimension] for dimension in DIMENSIONS): (
            Decimal(row["numerator"]),
            Decimal(row["denominator"]),
            row["is_final"].lower() == "true",
        )
        for row in truth(centre, "kpi_values.csv")
        if row["kpi_id"] == kpi_id and Decimal(row["denominator"])
    }
    actual = {
        tuple("" if value is None else str(value) for value in row[:6]): row[6:]
        for row in centre.published(
            f"select {', '.join(DIMENSIONS)}, numerator, denominator, is_final"
            f" from marts.kpi_{kpi_id} where denominator <> 0"
        )
    }
    assert expected, "the truth has no row for this KPI"
    assert differences(expected, actual) == []


def test_kpi_values_holds_every_kpi_model_and_nothing_else(centre: Centre) -> None:
    united = dict(centre.published("select kpi_id, count(*) from marts.kpi_values group by kpi_id"))
    single = {kpi: centre.published(f"select count(*) from marts.kpi_{kpi}")[0][0] for kpi in KPIS}
    assert united == single


def test_the_seven_readings_of_service_level_equal_the_truth(centre: Centre) -> None:
    expected = {
        (row["day"], row["queue"], row["channel"], row["variant"]): (
            Decimal(row["met"]),
            Decimal(row["base"]),
        )
        for row in truth(centre, "service_level_variants.csv")
        if Decimal(row["base"])
    }
    actual = {
        tuple(map(str, row[:4])): row[4:]
        for row in centre.published(
            "select day, queue, channel, variant, sum(numerator), sum(denominator)"
            " from marts.kpi_service_level_variants group by all having sum(denominator) <> 0"
        )
    }
    assert len({key[3] for key in expected}) == 7
    assert differences(expected, actual) == []


def test_every_agents_day_equals_the_truth(centre: Centre) -> None:
    rows = truth(centre, "agent_days.csv")
    columns = [name for name in rows[0] if name not in ("agent_id", "day")]
    expected = {(row["agent_id"], row["day"]): tuple(plain(row[name]) for name in columns) for row in rows}
    actual = {
        (agent, str(day)): tuple(map(plain, figures))
        for agent, day, *figures in centre.published(
            f"select agent_id, day, {', '.join(columns)} from marts.agg_agents_daily where has_states"
        )
    }
    assert differences(expected, actual) == []
    assert any(row["concurrent_handle_seconds"] != row["on_contact_seconds"] for row in rows), (
        "no two at once"
    )
    assert any(row["on_contact_paid_seconds"] != row["on_contact_seconds"] for row in rows), "no overtime"
    days = centre.published(
        "select day, count(*) from marts.agg_agent_intervals where site = 'sofia' and on_contact_seconds > 0"
        " group by 1"
    )
    assert any(str(day) == "2026-10-25" for day, _ in days), "nobody worked on the day of 25 hours"


def test_costs_per_month_and_site_equal_the_truth_to_the_cent(centre: Centre) -> None:
    expected = {
        (row["month"], row["site"]): (round(Decimal(row["numerator"]), 2), Decimal(row["denominator"]))
        for row in truth(centre, "cost_per_contact.csv")
    }
    actual = {
        (str(month), site): (round(numerator, 2), denominator)
        for month, site, numerator, denominator in centre.published(
            "select cast(date_trunc('month', day) as date), site, sum(numerator), sum(denominator)"
            " from marts.kpi_cost_per_contact group by all"
        )
    }
    assert differences(expected, actual) == []


def test_every_contact_in_scope_equals_the_truth(centre: Centre) -> None:
    names = [
        "outcome",
        "client",
        "site",
        "queue",
        "channel",
        "contact_type",
        "arrived_at",
        "wait_seconds",
        "talk_seconds",
        "hold_seconds",
        "acw_seconds",
        "agents_count",
        "transfers_count",
        "is_repeat",
        "is_issue_opener",
        "is_resolved_first_contact",
    ]
    columns = ", ".join(names).replace("arrived_at", "strftime(arrived_at, '%Y-%m-%dT%H:%M:%SZ')")
    expected = {
        row["contact_id"]: tuple(plain(row[name]).lower() for name in names)
        for row in truth(centre, "contacts.csv")
        if row["direction"] == "inbound" and row["is_test"] == "false"
    }
    actual = {
        row[0]: tuple(plain(value).lower() for value in row[1:])
        for row in centre.published(f"select contact_id, {columns} from marts.fct_contacts where is_in_scope")
    }
    assert differences(expected, actual) == []


def test_no_contact_out_of_scope_is_lost_or_taken_for_one_in_scope(centre: Centre) -> None:
    expected = {
        row["contact_id"]: (row["direction"], row["is_test"] == "true")
        for row in truth(centre, "contacts.csv")
    }
    actual = {
        contact: (direction, is_test)
        for contact, direction, is_test in centre.published(
            "select contact_id, direction, is_test from marts.fct_contacts"
        )
    }
    assert differences(expected, actual) == []
    assert {direction for direction, _ in expected.values()} == {"inbound", "outbound", "internal"}


def test_every_row_written_is_accounted_for_as_the_simulator_says(centre: Centre) -> None:
    expected = {
        (row["platform"], row["stream"]): tuple(
            int(row[name]) for name in ("rows_written", "unparseable", "invalid", "duplicates", "superseded")
        )
        for row in truth(centre, "rows.csv")
    }
    actual = {
        (str(platform), str(stream)): tuple(counts)
        for platform, stream, *counts in centre.published(
            "select platform, stream, sum(rows_read_count)::bigint, sum(landing_quarantined_count)::bigint,"
            " sum(staging_quarantined_count)::bigint, sum(duplicate_count)::bigint,"
            " sum(superseded_count)::bigint"
            " from quality.rpt_quality_landing group by all"
        )
    }
    assert differences(expected, actual) == []
    assert sum(row[1] for row in expected.values()) > 0, "the exports should hold lines that cannot be read"
    assert sum(row[2] for row in expected.values()) > 0, "the exports should hold rows that break a rule"


def test_the_centre_shows_what_real_centres_show(centre: Centre) -> None:
    outcomes = dict(
        centre.published("select outcome, count(*) from marts.fct_contacts where is_in_scope group by all")
    )
    assert set(outcomes) == {
        "answered",
        "abandoned",
        "abandoned_before_queue",
        "self_served",
        "callback_requested",
        "diverted",
        "open",
    }
    doubled = centre.published(
        "select arrived_local_at::date, count(distinct interval_start_at) from marts.fct_contacts"
        " where site = 'lyon' and arrived_local_at between '2026-10-25 02:00' and '2026-10-25 02:59:59'"
        " group by 1"
    )
    assert doubled, "nobody called in the doubled hour"
    unmapped = centre.published("select field, sum(rows_count) from quality.rpt_quality_unmapped group by 1")
    assert Counter(dict(unmapped))["contact_type"] > 0


def marts_of(published: Path) -> dict[str, str]:
    """A checksum of every published mart."""
    with duckdb.connect(str(published), read_only=True) as connection:
        tables = connection.sql(
            "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
        ).fetchall()
        return {
            str(table): str(
                connection.sql(f"select count(*), bit_xor(hash(t)) from marts.{table} as t").fetchone()
            )
            for (table,) in tables
        }


def test_a_second_run_changes_nothing(centre: Centre, tmp_path: Path) -> None:
    again = centre.copied(tmp_path).paths
    report = pipeline.run(again)
    assert report.landing.rows_landed == 0
    assert marts_of(again.published_db) == marts_of(centre.paths.published_db)
