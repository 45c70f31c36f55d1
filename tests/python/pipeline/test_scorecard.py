"""How figures are written for people, and the three forms of the scorecard."""

from __future__ import annotations

import io
import json
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from vitals.errors import VitalsError
from vitals.scorecard import (
    VitalSign,
    format_change,
    format_value,
    judge_change,
    print_scorecard,
    read_scorecard,
    shown_value,
    to_json,
    to_markdown,
)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.8163, "percent", "81.6 %"),
        (None, "percent", "–"),
        (8.24, "seconds", "8.2 s"),
        (12.4, "seconds", "12 s"),
        (59.4, "seconds", "59 s"),
        (59.6, "seconds", "1:00"),
        (402, "seconds", "6:42"),
        (3725, "seconds", "1:02:05"),
        (1234.5, "money", "1,234.50 EUR"),
        (78.125, "score", "78.12"),
        (-0.256, "score", "−0.26"),
        (-0.001, "score", "0.00"),
        (20, "points", "+20.0"),
        (-7.25, "points", "−7.2"),
        (0, "points", "0.0"),
    ],
)
def test_a_value_stands_in_its_unit(value: float | None, unit: str, text: str) -> None:
    assert format_value(value, unit, "EUR") == text


@pytest.mark.parametrize(
    ("change", "unit", "text"),
    [
        (0.0123, "percent", "+1.2 pt"),
        (-0.0123, "percent", "−1.2 pt"),
        (0.0001, "percent", "="),
        (-75, "seconds", "−1:15"),
        (0.2, "money", "+0.20 EUR"),
        (-0.125, "score", "−0.12"),
        (12.5, "points", "+12.5"),
        (None, "money", "–"),
    ],
)
def test_a_change_is_signed_and_rates_differ_by_points(change: float | None, unit: str, text: str) -> None:
    assert format_change(change, unit, "EUR") == text


def sign(change: float, is_improved: bool | None) -> VitalSign:
    """A vital sign of which only the change matters."""
    nothing = dict.fromkeys((field.name for field in fields(VitalSign)), None)
    return VitalSign(**{**nothing, "unit": "percent", "change": change, "is_improved": is_improved})  # type: ignore[arg-type]


def test_a_change_is_judged_as_the_mart_says_and_not_at_all_where_nothing_shows() -> None:
    assert judge_change(sign(-0.1, True)) == "better"
    assert judge_change(sign(0.1, False)) == "worse"
    assert judge_change(sign(0.1, None)) == ""
    assert judge_change(sign(0.00001, True)) == ""


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A published file with two vital signs and two mixes."""
    file = tmp_path / "vitals.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            """
            create schema marts;
            create schema quality;
            create table quality.published_version as select
                timestamp '2026-03-09 06:00:00' as published_at, '1.0' as vitals_version,
                timestamp '2026-03-09 00:00:00' as as_of, 'abc' as dbt_invocation_id,
                'EUR' as reporting_currency;
            create table marts.dim_kpi as select * from (values
                ('channel_mix', 'Channel mix', null, 'demand', 'percent', 'all'),
                ('contact_type_mix', 'Contact type mix', null, 'demand', 'percent', 'all'),
                ('handle_time', 'Average handle time', 'AHT', 'efficiency', 'seconds', 'all'),
                ('csat', 'Customer satisfaction', 'CSAT', 'satisfaction', 'percent', 'all'),
                ('first_contact_resolution', 'First-contact resolution', 'FCR, FTR', 'effectiveness',
                    'percent', 'all'),
                ('speed_of_answer', 'Average speed of answer', 'ASA', 'accessibility', 'seconds',
                    'synchronous')
            ) as t(kpi_id, name_en, acronyms_en, family, unit, scorecard_channels);
            create table marts.dim_channel as select * from (values
                ('voice', true), ('chat', true), ('email', false), ('unmapped', null)
            ) as t(channel, is_synchronous);
            create table marts.agg_contacts_daily as select * from (values
                (date '2026-03-08', 'aurora', 'lyon', 'care', 'voice', 4, 3, 3),
                (date '2026-03-09', 'aurora', 'lyon', 'care', 'voice', 0, 0, 0)
            ) as t(day, client, site, queue, channel, contacts_count, answered_count, wait_measured_count);
            create table marts.rpt_scorecard as
            select
                'last_7_days' as period, date '2026-03-02' as period_start_date,
                date '2026-03-08' as period_end_date, t.* replace (value::double as value,
                target::double as target, previous_value::double as previous_value, change::double as change,
                guard_value::double as guard_value, guard_change::double as guard_change),
                if(t.kpi_id = 'handle_time' and t.client = 'all', 'csat', null) as second_guard_kpi_id,
                if(t.kpi_id = 'handle_time' and t.client = 'all', 0.8, null)::double as second_guard_value,
                if(t.kpi_id = 'handle_time' and t.client = 'all', 0.01, null)::double as second_guard_change,
                k.name_en as kpi_name, k.unit, 0.01::double as same_weekdays_value,
                1.0::decimal(28, 6) as numerator, 2.0::decimal(28, 6) as denominator
            from (values
                ('all', 'handle_time', 'all', 'target', 300.0, 330.0, 'on_target', 360.0, -60.0, true,
                    'first_contact_resolution', 0.7, -0.02, true, true, '▁▄█'),
                ('all', 'first_contact_resolution', 'all', 'up', 0.7, 0.75, 'near', 0.72, -0.02, false,
                    'handle_time', 300.0, -60.0, false, false, null),
                ('all', 'speed_of_answer', 'all', 'down', 30.2, 30.0, 'near', 30.2, 0.0, false,
                    null, null, null, false, true, null),
                ('all', 'channel_mix', 'voice', 'none', 0.75, null, 'no_target', 0.7, 0.05, null,
                    null, null, null, false, true, null),
                ('all', 'channel_mix', 'chat', 'none', 0.25, null, 'no_target', 0.3, -0.05, null,
                    null, null, null, false, true, null),
                ('all', 'contact_type_mix', 'unclassified', 'none', 0.0004, null, 'no_target', null, null,
                    null, null, null, null, false, true, null),
                ('aurora', 'handle_time', 'all', 'target', null, 330.0, 'no_data', null, null, null,
                    null, null, null, false, true, null)
            ) as t(client, kpi_id, member, better, value, target, status, previous_value, change, is_improved,
                guard_kpi_id, guard_value, guard_change, is_bought_at_guards_expense, is_final, sparkline)
            inner join marts.dim_kpi as k using (kpi_id);
            """
        )
    return file


def cells(line: str) -> list[str]:
    """What stands in a table's row after the name."""
    return [cell.strip() for cell in line.split("│")[2:-1]]


def shown(file: Path, width: int, client: str = "all") -> str:
    """The scorecard as a terminal of this width shows it, without colour."""
    console = Console(file=io.StringIO(), width=width, color_system=None)
    print_scorecard(console, read_scorecard(file, "week", client))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_terminal_shows_all_of_a_vital_sign_without_needing_colour(
    published: Path,
) -> None:
    text = shown(published, 140)
    lines = text.splitlines()
    fcr = next(line for line in lines if "First-contact resolution" in line)
    aht = next(line for line in lines if "Average handle time" in line)
    assert lines.index(fcr) < lines.index(aht)
    assert cells(fcr) == ["70.0 % ~", "75.0 %", "≈ near", "−2.0 pt worse", "", "AHT 5:00 (−1:00)"]
    assert cells(aht) == ["5:00", "5:30 ±", "✓ on target", "−1:00 better", "▁▄█", "FCR 70.0 % (−2.0 pt)"]
    assert cells(lines[lines.index(aht) + 1])[-1] == "CSAT 80.0 % (+1.0 pt) ⚠"
    assert "2026-03-02 to 2026-03-08" in text
    assert "~ provisional" in text
    # the other guard, customer satisfaction, improved
    assert (
        "⚠ Average handle time improved while its guard, First-contact resolution, got worse: look at both."
        in text
    )
    assert "± best met exactly: within 10 % of the target on either side is on target" in text
    assert "Change: against the 7 days before." in text
    assert "Not shown" not in text
    assert "unclassified" in text


def test_a_narrow_terminal_loses_trend_and_guard_but_not_the_warning(published: Path) -> None:
    text = shown(published, 80)
    assert "▁▄█" not in text
    assert "⚠ Average handle time improved while its guard" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    assert "Not shown at this width: 14 days and Guard." in text


def test_a_middling_terminal_says_that_it_leaves_out_the_guard(published: Path) -> None:
    text = shown(published, 120)
    assert "▁▄█" in text
    assert "Not shown at this width: Guard." in text


@pytest.mark.parametrize("width", [80, 140])
def test_a_figure_of_some_channels_names_them(published: Path, width: int) -> None:
    lines = shown(published, width).splitlines()
    asa = next(number for number, line in enumerate(lines) if "Average speed of answer" in line)
    assert lines[asa + 1].strip("│ ").split("│")[0].strip() == "voice, chat"
    assert "Average speed of answer (ASA; voice, chat)" in to_markdown(read_scorecard(published))


def test_a_figure_that_missed_its_target_does_not_read_like_it(published: Path) -> None:
    asa = next(line for line in shown(published, 140).splitlines() if "Average speed of answer" in line)
    assert cells(asa)[:3] == ["30.2 s", "30 s", "≈ near"]


@pytest.mark.parametrize(
    ("value", "target", "unit", "status", "text"),
    [
        (0.7996, 0.8, "percent", "near", "79.96 %"),
        (0.8, 0.8, "percent", "on_target", "80.0 %"),
        (0.80004, 0.8, "percent", "on_target", "80.0 %"),
        (0.79, 0.8, "percent", "near", "79.0 %"),
        (30.04, 30, "seconds", "near", "30.04 s"),
        (59.96, 59.9, "seconds", "near", "1:00.0"),
        (90.3, 90, "seconds", "near", "1:30.3"),
        (3690.04, 3690, "seconds", "off_target", "1:01:30.04"),
        (8.5004, 8.5, "money", "near", "8.5004 EUR"),
        (3.004, 3, "score", "near", "3.004"),
        (9.98, 10, "points", "near", "+9.98"),
        (2.46, 2.5, "per_hour", "near", "2.46 /h"),
        (0.8 - 1e-12, 0.8, "percent", "near", "80.00000 %"),
        (None, 0.8, "percent", "no_data", "–"),
    ],
)
def test_as_many_digits_are_shown_as_it_takes_to_tell_a_miss_from_its_target(
    value: float | None, target: float, unit: str, status: str, text: str
) -> None:
    nothing = dict.fromkeys((field.name for field in fields(VitalSign)), None)
    one = VitalSign(**{**nothing, "value": value, "target": target, "unit": unit, "status": status})  # type: ignore[arg-type]
    assert shown_value(one, "EUR") == text


@pytest.mark.parametrize(
    ("period", "compared"),
    [
        ("today", "the whole of yesterday"),
        ("this_month", "as many days of the month before"),
        ("last_week", "the week before"),
    ],
)
def test_each_period_says_what_it_is_compared_with(published: Path, period: str, compared: str) -> None:
    with duckdb.connect(str(published)) as connection:
        connection.execute("update marts.rpt_scorecard set period = ?", [period])
    assert f"change against {compared}." in to_markdown(read_scorecard(published, period))
    today = "Today is not over" in to_markdown(read_scorecard(published, period))
    assert today == (period == "today")


def test_an_empty_today_is_not_told_to_look_at_today(published: Path) -> None:
    with duckdb.connect(str(published)) as connection:
        connection.execute("update marts.rpt_scorecard set value = null")
    hint = to_markdown(read_scorecard(published))
    assert "try --period today, or another --period." in hint
    with duckdb.connect(str(published)) as connection:
        connection.execute("update marts.rpt_scorecard set period = 'today'")
    hint = to_markdown(read_scorecard(published, "today"))
    assert "try another --period." in hint
    assert "--period today" not in hint


def test_an_empty_period_says_when_the_last_contact_came_and_how_to_look_back_from_there(
    published: Path,
) -> None:
    with duckdb.connect(str(published)) as connection:
        connection.execute("update marts.rpt_scorecard set value = null")
        connection.execute(
            "update marts.agg_contacts_daily set day = date '2026-01-31' where contacts_count > 0"
        )
    for client in ("all", "aurora"):
        assert (
            "No contact in this period; the last came on 2026-01-31. To look back from there:"
            " vitals run --as-of 2026-02-01T00:00:00"
        ) in to_markdown(read_scorecard(published, client=client))


def test_no_data_is_told_as_such(published: Path) -> None:
    assert "? no data" in shown(published, 140, "aurora")


def test_what_was_not_measured_is_not_shown_as_zero(published: Path) -> None:
    def told(measured: int, numerator: int) -> dict[str, tuple[float | None, str, float | None]]:
        with duckdb.connect(str(published)) as connection:
            connection.execute("update marts.agg_contacts_daily set wait_measured_count = ?", [measured])
            connection.execute("delete from marts.rpt_scorecard where kpi_id in ('service_level')")
            connection.execute(
                """
                insert into marts.rpt_scorecard by name
                select * replace ('service_level' as kpi_id, ? as value, 'off_target' as status,
                    ?::decimal(28, 6) as numerator)
                from marts.rpt_scorecard where kpi_id = 'speed_of_answer'
                """,
                [numerator / 2, numerator],
            )
            connection.execute(
                "update marts.rpt_scorecard set guard_kpi_id = 'service_level',"
                " guard_value = ? where kpi_id = 'speed_of_answer'",
                [numerator / 2],
            )
        return {
            one.kpi_id: (one.value, one.status, one.guard_value) for one in read_scorecard(published).signs
        }

    with duckdb.connect(str(published)) as connection:
        connection.execute(
            "insert into marts.dim_kpi"
            " select * replace ('service_level' as kpi_id, 'Service level' as name_en) from marts.dim_kpi"
            " where kpi_id = 'speed_of_answer'"
        )
    assert told(0, 0)["service_level"][:2] == (None, "no_data")
    assert told(0, 0)["speed_of_answer"][2] is None
    assert told(3, 0)["service_level"][:2] == (0.0, "off_target"), "measured, and none in time"
    assert told(3, 0)["speed_of_answer"][2] == 0.0
    assert told(0, 1)["service_level"][:2] == (0.5, "off_target"), "counted by a report of sums"


def test_markdown_is_a_table_and_json_keeps_figures_unrounded(published: Path) -> None:
    card = read_scorecard(published)
    markdown = to_markdown(card).splitlines()
    assert markdown[0].startswith("## Vital signs · whole centre · last 7 days")
    assert "| voice | 75.0 % | +5.0 pt |" in markdown
    assert len({line.count("|") for line in markdown if line.startswith("|")}) == 2
    data = json.loads(to_json(card))
    assert data["signs"][0]["value"] == 30.2
    assert data["clients"] == ["aurora"]
    assert (card.period_start_date, card.as_of) == (date(2026, 3, 2), datetime(2026, 3, 9))


@pytest.mark.parametrize(
    ("period", "client", "remedy"),
    [
        (
            "decade",
            "all",
            "Choose one of: day, week, month, today, yesterday, last_7_days, last_28_days, this_week,"
            " last_week, this_month, last_month.",
        ),
        ("week", "nobody", "Choose one of: all, aurora."),
    ],
)
def test_an_unknown_period_or_client_is_answered_with_those_there_are(
    published: Path, period: str, client: str, remedy: str
) -> None:
    with pytest.raises(VitalsError) as caught:
        read_scorecard(published, period, client)
    assert caught.value.remedy == remedy


def test_a_period_without_data_and_a_missing_file_say_what_to_do(published: Path, tmp_path: Path) -> None:
    with pytest.raises(VitalsError, match="no scorecard for last 28 days"):
        read_scorecard(published, "month")
    with pytest.raises(VitalsError, match="no scorecard for this month so far") as caught:
        read_scorecard(published, "this_month")
    assert "try last_week or last_month" in str(caught.value.remedy)
    with pytest.raises(VitalsError, match="nothing was published yet"):
        read_scorecard(tmp_path / "none.duckdb")
