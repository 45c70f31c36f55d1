"""The questions of analyses/: each answers on the published centre, and its parts add up to the marts."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from centre import PROJECT, Centre
from vitals import ask
from vitals.cli import app
from vitals.errors import VitalsError

QUESTIONS = {one.name: one for one in ask.questions(PROJECT)}
# Columns that a reader is promised, by question.
PROMISED = {
    "does_hold_time_hurt_satisfaction": "band hold answers_count csat_rate expected_rate difference_points",
    "how_do_the_seven_readings_differ": "client channel variant is_ours service_level difference_points",
    "how_were_the_months_and_years": "client year month contacts_count abandonment_rate answer_seconds",
    "is_handle_time_bought_with_repeats": "agent_id contacts_count repeat_difference_points reading",
    "where_do_transfers_come_from_and_go": "from_queue to_queue transferred_count extra_handle_seconds",
    "which_hours_are_out_of_balance": "site weekday local_hour work_hours agent_hours spare_hours",
    "which_queue_breaks_its_target_at_which_hour": "queue local_hour service_level target_level is_broken",
    "which_types_cause_repeats": "client contact_type repeats_count repeat_rate excess_count",
    "who_calls_back_after_an_abandon": "queue waited abandoned_count lost_count back_rate",
    "why_did_the_service_level_fall_yesterday": "queue local_hour contribution_points driver",
}


@pytest.fixture(scope="module")
def compiled(centre: Centre) -> dict[str, str]:
    return ask.compile_questions(centre.paths, list(QUESTIONS.values()), {})


@pytest.fixture(scope="module")
def answers(centre: Centre, compiled: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    told = {}
    for name, sql in compiled.items():
        answer = ask.put(centre.paths, sql)
        told[name] = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    return told


@pytest.fixture
def vitals(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call `vitals …` on the centre."""
    monkeypatch.chdir(PROJECT)
    monkeypatch.setenv("VITALS_WAREHOUSE", str(centre.paths.warehouse))
    monkeypatch.setenv("COLUMNS", "250")
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def total(rows: list[dict[str, Any]], column: str) -> float:
    return float(sum(row[column] or 0 for row in rows))


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_says_how_to_read_it_and_what_to_change(name: str) -> None:
    question = QUESTIONS[name]
    assert re.fullmatch(r"[A-Z].*\?", question.question)
    assert question.guide[0].startswith("How to read it: ")
    assert question.guide[-1].startswith("What to change: ")
    assert all(setting in question.guide[-1] for setting in question.settings)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_has_an_answer_with_named_columns(
    answers: dict[str, list[dict[str, Any]]], name: str
) -> None:
    rows = answers[name]
    assert rows
    assert all(re.fullmatch(r"[a-z][a-z_]*", column) for column in rows[0])
    assert set(PROMISED.get(name, "").split()) <= set(rows[0])
    guide = " ".join(QUESTIONS[name].guide)
    # What the guide calls a column is one.
    promised = set(re.findall(r"\b\w+_(?:points|count|rate|hours|share|level|answers)\b", guide))
    assert promised <= set(rows[0])


@pytest.mark.parametrize("name", PROMISED)
def test_every_question_that_is_promised_is_there(name: str) -> None:
    assert name in QUESTIONS


def test_contributions_add_up_to_the_change_of_the_service_level(
    centre: Centre, answers: dict[str, list[dict[str, Any]]]
) -> None:
    rows = answers["why_did_the_service_level_fall_yesterday"]
    levels = dict(
        centre.published(
            "select day, sum(numerator)::double / sum(denominator) from marts.kpi_service_level"
            " where channel is not null group by day having bool_and(is_final) order by day"
        )
    )
    last = max(levels)
    before = last.fromordinal(last.toordinal() - 7)
    change = levels[last] - levels[before]
    assert change != 0
    assert total(rows, "contribution_points") == pytest.approx(change)
    assert all(row["total_points"] == pytest.approx(change) for row in rows)
    offered = dict(
        centre.published("select day, sum(offered_count) from marts.agg_queue_intervals group by day")
    )
    assert total(rows, "now_count") == offered[last]
    assert total(rows, "before_count") == offered[before]
    assert any(row["driver"] for row in rows)
    assert all(row["driver"] is None for row in rows if row["service_points"] >= 0)


def test_another_day_and_another_distance_can_be_asked_for(centre: Centre) -> None:
    question = QUESTIONS["why_did_the_service_level_fall_yesterday"]
    settings = ask.read_settings(question, ["day=2026-10-28", "days_before=2"])
    sql = ask.compile_questions(centre.paths, [question], settings)[question.name]
    answer = ask.put(centre.paths, sql)
    now, before = (
        centre.published(
            "select sum(numerator)::double / sum(denominator) from marts.kpi_service_level"
            f" where day = '{day}'"
        )[0][0]
        for day in ("2026-10-28", "2026-10-26")
    )
    place = answer.columns.index("contribution_points")
    assert sum(row[place] for row in answer.rows) == pytest.approx(now - before)


def test_months_and_years_hold_every_contact_once_and_divide_sums(
    centre: Centre, answers: dict[str, list[dict[str, Any]]]
) -> None:
    rows = answers["how_were_the_months_and_years"]
    contacts = dict(
        centre.published("select client, sum(contacts_count) from marts.agg_contacts_daily group by client")
    )
    for part in (
        [row for row in rows if row["month"] is not None],
        [row for row in rows if row["month"] is None],
    ):
        assert {
            client: total([row for row in part if row["client"] == client], "contacts_count")
            for client in contacts
        } == contacts
    months = {
        (client, year, month): (abandoned, rate)
        for client, year, month, abandoned, rate in centre.published(
            "select client, year(day), month(day), sum(numerator),"
            " sum(numerator)::double / sum(denominator) from marts.kpi_abandonment_rate group by all"
        )
    }
    found = {
        (row["client"], row["year"], row["month"]): (row["abandoned_count"], row["abandonment_rate"])
        for row in rows
        if row["month"] is not None and row["abandonment_rate"] is not None
    }
    assert found.keys() == months.keys()
    assert all(found[key] == pytest.approx(months[key]) for key in months)


def test_repeats_by_type_are_the_kpis_and_excess_balances(
    centre: Centre, answers: dict[str, list[dict[str, Any]]]
) -> None:
    rows = answers["which_types_cause_repeats"]
    repeats, known = centre.published(
        "select sum(numerator), sum(denominator) from marts.kpi_repeat_contact_rate where is_final"
    )[0]
    assert (total(rows, "repeats_count"), total(rows, "known_count")) == (repeats, known)
    assert total(rows, "excess_count") == pytest.approx(0, abs=1e-6)
    assert total(rows, "repeat_hours") > 0


def test_broken_hours_are_all_hours_and_miss_what_the_target_lacks(
    centre: Centre, answers: dict[str, list[dict[str, Any]]]
) -> None:
    rows = answers["which_queue_breaks_its_target_at_which_hour"]
    met, base = centre.published(
        "select sum(numerator), sum(denominator) from marts.kpi_service_level where is_final"
    )[0]
    assert (total(rows, "answered_in_target_count"), total(rows, "base_count")) == (met, base)
    for row in rows:
        if row["is_broken"]:
            enough = row["answered_in_target_count"] + row["missing_answers"]
            assert enough >= row["target_level"] * float(row["base_count"]) - 1e-9
            assert enough - 1 < row["target_level"] * float(row["base_count"])
        else:
            assert row["missing_answers"] in (0, None)


def test_every_abandon_came_back_or_is_lost_or_unidentified(
    centre: Centre, answers: dict[str, list[dict[str, Any]]]
) -> None:
    rows = answers["who_calls_back_after_an_abandon"]
    ways = ("back_within_an_hour_count", "back_within_a_day_count", "back_later_count", "lost_count")
    for row in rows:
        assert row["abandoned_count"] == row["unidentified_count"] + sum(row[way] for way in ways)
        assert row["provisional_count"] <= row["lost_count"]
    assert (
        total(rows, "abandoned_count")
        == centre.published("select sum(abandoned_count) from marts.agg_contacts_daily where is_final")[0][0]
    )
    # Counted another way: the next contact of the customer and client, of a matching type, within the window.
    followed = centre.published(
        """
        select count(*) from marts.fct_contacts as a
        where a.is_abandoned and a.is_in_scope and a.is_final and exists (
            select 1 from marts.fct_contacts as b
            where
                b.customer_key = a.customer_key and b.client = a.client and b.is_in_scope
                and (b.arrived_at, b.contact_id) > (a.arrived_at, a.contact_id)
                and b.arrived_at <= a.arrived_at + to_seconds(a.repeat_window_days * 86400)
                and (b.contact_type = a.contact_type or 'unclassified' in (b.contact_type, a.contact_type))
        )
        """
    )[0][0]
    assert sum(total(rows, way) for way in ways[:3]) == followed > 0


def test_bands_of_hold_hold_every_answer_and_differences_balance(
    centre: Centre, answers: dict[str, list[dict[str, Any]]]
) -> None:
    rows = answers["does_hold_time_hurt_satisfaction"]
    counted, content = centre.published(
        "select count(*), count(*) filter (s.is_top_box) from marts.fct_survey_responses as s"
        " join marts.fct_contacts as c using (contact_id) where s.instrument = 'csat' and s.is_answered"
        " and c.is_in_scope and c.is_answered and c.is_final and c.hold_seconds is not null"
    )[0]
    assert (total(rows, "answers_count"), total(rows, "top_box_count")) == (counted, content)
    assert sum(row["answers_count"] * row["difference_points"] for row in rows) == pytest.approx(0, abs=1e-9)
    assert [row["band"] for row in rows] == sorted(row["band"] for row in rows)
    assert {row["hold_seconds"] for row in rows if row["band"] == 1} == {0}


def test_transfers_by_way_are_the_transferred_contacts(
    centre: Centre, answers: dict[str, list[dict[str, Any]]]
) -> None:
    rows = answers["where_do_transfers_come_from_and_go"]
    transferred = centre.published("select sum(numerator) from marts.kpi_transfer_rate where is_final")[0][0]
    assert total(rows, "transferred_count") == transferred
    ways = {(row["from_queue"], row["to_queue"]) for row in rows}
    assert any(start != end != "outside_or_unknown" for start, end in ways)


def test_seven_readings_each_and_ours_is_the_kpi(
    centre: Centre, answers: dict[str, list[dict[str, Any]]]
) -> None:
    rows = answers["how_do_the_seven_readings_differ"]
    places = {(row["client"], row["channel"]) for row in rows}
    assert len(rows) == 7 * len(places)
    ours = [row for row in rows if row["is_ours"]]
    assert len(ours) == len(places)
    assert {row["difference_points"] for row in ours} == {0}
    met, base = centre.published(
        "select sum(numerator), sum(denominator) from marts.kpi_service_level where is_final"
    )[0]
    assert (total(ours, "met_count"), total(ours, "base_count")) == (met, base)


def test_what_agents_differ_from_their_mix_balances(
    centre: Centre, answers: dict[str, list[dict[str, Any]]]
) -> None:
    rows = answers["is_handle_time_bought_with_repeats"]
    counted, handled, followed = centre.published(
        "select count(*), sum(handle_seconds)::double, count(*) filter ("
        "   next_on_matter_at <= arrived_at + to_seconds(repeat_window_days * 86400))"
        " from marts.fct_contacts where is_in_scope and is_answered and is_final and is_resolution_final"
        " and customer_key is not null and first_agent_id is not null and handle_seconds is not null"
    )[0]
    weights = [row["contacts_count"] for row in rows]
    assert sum(weights) == counted
    for column, expected in (
        ("handle_time_seconds", handled),
        ("repeat_rate", followed),
        ("handle_time_difference_seconds", 0),
        ("repeat_difference_points", 0),
    ):
        weighted = sum(weight * row[column] for weight, row in zip(weights, rows, strict=True))
        assert weighted == pytest.approx(expected, abs=1e-6)


def test_hours_of_work_and_of_agents_are_the_occupancys(
    centre: Centre, answers: dict[str, list[dict[str, Any]]]
) -> None:
    rows = answers["which_hours_are_out_of_balance"]
    for site in {row["site"] for row in rows}:
        of_site = [row for row in rows if row["site"] == site]
        worked, productive = centre.published(
            "select sum(numerator)::double / 3600, sum(denominator)::double / 3600"
            f" from marts.kpi_occupancy where site = '{site}'"
            " and day <= (select max(day) from marts.agg_queue_intervals where is_final)"
        )[0]
        assert total(of_site, "work_hours") == pytest.approx(worked)
        assert total(of_site, "agent_hours") == pytest.approx(productive)
        assert total(of_site, "spare_hours") == pytest.approx(0, abs=1e-6)
        assert all(row["site_load_rate"] == pytest.approx(worked / productive) for row in of_site)


# --- the command -------------------------------------------------------------------------------


def test_the_questions_are_listed_without_a_name(vitals: Callable[..., Result]) -> None:
    result = vitals("ask")
    assert result.exit_code == 0
    for question in QUESTIONS.values():
        assert f"{question.name}\n  {question.question}\n" in result.stdout


def test_an_answer_is_a_table_with_its_guide_or_csv_with_every_figure(
    vitals: Callable[..., Result],
    answers: dict[str, list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = vitals("ask", "which_types", "--rows", "3")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("Which contact types make customers come back")
    assert "card_dispute" in shown.stdout
    assert re.search(r"\d\.\d %", shown.stdout)
    assert "rows more: --rows" in shown.stdout
    assert "What to change: weeks" in shown.stdout
    told = list(csv.DictReader(io.StringIO(vitals("ask", "which_types", "--csv").stdout)))
    expected = answers["which_types_cause_repeats"]
    assert [float(row["repeat_rate"] or "nan") for row in told] == pytest.approx(
        [row["repeat_rate"] if row["repeat_rate"] is not None else float("nan") for row in expected],
        nan_ok=True,
    )
    # However narrow the screen: a figure that is cut off is another figure.
    monkeypatch.setenv("COLUMNS", "40")
    assert vitals("ask", "which_types", "--rows", "3").stdout.count("…") == 1
    weekly = list(
        csv.DictReader(io.StringIO(vitals("ask", "which_types", "--csv", "--set", "weeks=1").stdout))
    )
    assert 0 < sum(int(row["contacts_count"]) for row in weekly) < total(expected, "contacts_count")


def test_sql_can_be_taken_along(vitals: Callable[..., Result]) -> None:
    result = vitals("ask", "how_do", "--sql")
    assert result.exit_code == 0
    assert '"marts"."kpi_service_level_variants"' in result.stdout
    assert "{{" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["why_is_it"], "No question is called 'why_is_it'"),
        (["wh"], "'wh' begins"),
        (["which_types", "--set", "months=1"], "knows no setting 'months=1'"),
        (["which_types", "--set", "weeks=0"], "'0' is no value for weeks"),
        (["why_did", "--set", "day=yesterday"], "'yesterday' is no value for day"),
        (["why_did", "--set", "day='; drop"], "is no value for day"),
    ],
)
def test_wrong_questions_and_settings_are_told(
    vitals: Callable[..., Result], arguments: list[str], message: str
) -> None:
    result = vitals("ask", *arguments)
    assert result.exit_code == 1
    assert message in result.output
    assert "What to do: " in result.output


def test_nothing_published_and_no_question_in_a_file_are_told(tmp_path: Path, centre: Centre) -> None:
    empty = type(centre.paths)(PROJECT, tmp_path, tmp_path)
    with pytest.raises(VitalsError, match="nothing is published"):
        ask.put(empty, "select 1")
    with pytest.raises(VitalsError, match="lacks what the question reads"):
        ask.put(centre.paths, 'select * from "work"."marts"."not_yet"')
    (tmp_path / "analyses").mkdir()
    (tmp_path / "analyses" / "what.sql").write_text("select 1\n", encoding="utf-8")
    with pytest.raises(VitalsError, match=r"analyses/what\.sql does not begin with its question"):
        ask.questions(tmp_path)


def test_what_is_published_cannot_be_changed_by_a_question(centre: Centre) -> None:
    with pytest.raises(Exception, match="read-only"):
        ask.put(centre.paths, "delete from work.marts.dim_kpi")


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("repeat_rate", 0.1234, "12.3 %"),
        ("share_of_repeats", 0.5, "50.0 %"),
        ("difference_points", -0.0123, "−1.2 pt"),
        ("standard_error_points", 0.05, "± 5.0 pt"),
        ("handle_seconds", -75.0, "−1:15"),
        ("contacts_count", -1200, "−1,200"),
        ("spare_hours", -1.25, "−1.2"),
        ("is_ours", True, "yes"),
        ("reading", None, "–"),
        ("queue", "aurora", "aurora"),
    ],
)
def test_a_figure_is_shown_in_the_unit_that_its_column_says(column: str, value: Any, shown: str) -> None:
    assert ask.show(column, value) == shown
