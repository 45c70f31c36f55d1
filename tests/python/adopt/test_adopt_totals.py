"""`vitals adopt` on reports that hold sums: what is proposed and asked, and figures to the last digit."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner, Result

from centre import PROJECT
from vitals import ask, pipeline
from vitals.adopt.contract import TOTALS, contract_tables
from vitals.adopt.look import Seen, look_at
from vitals.adopt.propose import Answers, check_answers, propose, questions
from vitals.cli import app
from vitals.errors import VitalsError
from vitals.lint import lint_sql
from vitals.paths import Paths

MONTHS = PROJECT.parent / "shared" / "data" / "sf_hss"
TABLES = contract_tables(PROJECT)
# A report of two queues and their sum; talk is a total, the others are averages.
DAYS = """\
Date,Queue,Calls Offered,Calls Handled,Calls Abandoned,Answered within 20s,ASA,Talk Time,AHT (sec),SL %
13/10/2026,Billing,100,90,8,80,0:00:15,18000,310,80
13/10/2026,Sales,50,48,2,45,0:00:10,9600,280,90
13/10/2026,Total,150,138,10,125,0:00:13,27600,299,83
14/10/2026,Billing,110,100,8,85,0:00:16,20000,300,77
14/10/2026,Sales,40,40,0,40,0:00:05,8000,290,100
14/10/2026,Total,150,140,8,125,0:00:13,28000,297,83
"""
ONE_DAY = "day,offered,answered\n2026-10-05,5,5\n"
# The report's threshold is not the one that its column's name says, nor the one in force for any client.
DAY_FLAGS = [
    *("--platform", "desk", "--set", "channel=voice", "--set", "abandons_counted=all"),
    *(
        "--set",
        "target_seconds=30",
        "--set",
        "measured_over=answered",
        "--map",
        "talk_time=total_talk_seconds",
    ),
    *("--unit", "talk_time=s", "--yes"),
]


@pytest.fixture
def vitals(project_copy: Path) -> Callable[..., Result]:
    """Call `vitals …` in a copy of the project."""
    del project_copy
    return lambda *arguments, **options: CliRunner().invoke(app, list(arguments), **options)


@pytest.fixture
def days(tmp_path: Path) -> Path:
    file = tmp_path / "days.csv"
    file.write_text(DAYS, encoding="utf-8")
    return file


def written(tmp_path: Path, text: str) -> Seen:
    file = tmp_path / "report.csv"
    file.write_text(text, encoding="utf-8")
    return look_at(file)


def asked(seen: Seen, answers: Answers | None = None) -> list[str]:
    answers = answers or Answers(fixed={"channel": "voice"})
    found = questions(seen, propose(seen, answers, TABLES), answers)
    return [each.key for each in found if not each.can_be_left]


def settle(seen: Seen, answers: Answers) -> None:
    """As the command does, until something is refused."""
    proposal = propose(seen, answers, TABLES)
    check_answers(seen, proposal, answers)
    questions(seen, proposal, answers)


def tree(project: Path) -> dict[str, bytes]:
    return {
        each.relative_to(project).as_posix(): each.read_bytes()
        for each in project.rglob("*")
        if each.is_file() and "warehouse" not in each.parts
    }


def test_a_report_by_day_and_queue_is_known_and_its_rates_are_left(days: Path) -> None:
    seen = look_at(days)
    proposal = propose(seen, Answers(), TABLES)
    assert proposal.table.name == TOTALS
    assert proposal.mapping == {
        "period_start": ("date",),
        "queue": ("queue",),
        "offered_count": ("calls_offered",),
        "answered_count": ("calls_handled",),
        "abandoned_count": ("calls_abandoned",),
        "answered_in_target_count": ("answered_within_20s",),
        "total_talk_seconds": ("talk_time",),
        "average_wait_seconds": ("asa",),
        "average_handle_seconds": ("aht_sec",),
    }
    assert proposal.proven == {"grain": "day"}
    told = {each.key: each.default for each in questions(seen, proposal, Answers())}
    # No zone: a day of a report is a day of the centre.
    assert told == {
        "fixed:client": "days",
        "fixed:site": "days",
        "fixed:channel": "voice",
        "fixed:abandons_counted": "all",
        "fixed:target_seconds": "20",
        "summed:talk_time": None,
        "fixed:measured_over": "answered",
        "unit:talk_time": "s",
    }


@pytest.mark.parametrize(
    ("periods", "grain"),
    [
        (("2026-08", "2026-10"), "month"),
        (("2026-01-01", "2026-02-01", "2026-05-01"), "month"),
        (("2026-01-05", "2026-01-12", "2026-01-19"), "week"),
        (("2026-01-01", "2026-01-02"), "day"),
        (("01.02.2026", "02.02.2026", "14.02.2026"), "day"),
        (("2026-01-01 00:00:00", "2026-01-02 00:00:00"), "day"),
        # two firsts of months may be two days of a report with gaps, as may these Mondays
        (("2026-01-01", "2026-02-01"), None),
        (("2026-01-05", "2026-01-12"), None),
        (("2026-01-05", "2026-01-12", "2026-01-26"), None),
    ],
)
def test_the_length_of_a_period_is_proven_by_all_of_them_or_asked(
    tmp_path: Path, periods: tuple[str, ...], grain: str | None
) -> None:
    rows = "".join(f"{each},10,8,2\n" for each in periods)
    seen = written(tmp_path, f"period,offered,answered,abandoned\n{rows}")
    proposal = propose(seen, Answers(), TABLES)
    assert proposal.table.name == TOTALS
    assert proposal.proven.get("grain") == grain
    assert ("fixed:grain" in asked(seen)) is (grain is None)


def test_a_published_rate_that_its_own_counts_contradict_is_told(
    vitals: Callable[..., Result], tmp_path: Path
) -> None:
    file = tmp_path / "months.csv"
    file.write_text(
        "month,offered,abandoned,abandonment_rate\n"
        "2026-01-01,1000,20,2.0\n2026-02-01,1000,20,0.02\n2026-03-01,1000,50,1.3\n2026-04-01,1000,21,2.05%\n",
        encoding="utf-8",
    )
    result = vitals("adopt", str(file), "--platform", "desk", "--no-run", input="\n\n\n\n\nn\n")
    output = " ".join(result.output.split())
    assert (
        "abandonment_rate differs from its own counts by more than 0.1 points in 1 of 4 rows; most in one:"
        " row 4 says 1.3 %, its counts 5.0 %."
    ) in output


def test_single_contacts_and_intervals_are_no_sums_of_days(tmp_path: Path) -> None:
    for text in (
        "call_id,date,calls,handled\n1,2026-10-05,1,1\n2,2026-10-06,1,0\n",
        "interval,calls,handled\n2026-10-05 09:00,10,9\n2026-10-05 09:30,12,12\n",
    ):
        assert propose(written(tmp_path, text), Answers(), TABLES).table.name != TOTALS


@pytest.mark.parametrize(
    ("text", "answers", "told"),
    [
        (
            "day,agent,offered,answered\n2026-10-05,anna,5,5\n2026-10-05,boris,6,6\n",
            Answers(),
            "rows 2 and 3 are both of day 2026-10-05",
        ),
        (
            "day,site,offered,answered\n2026-10-05,Lyon,5,5\n2026-10-05,Total,6,6\n",
            Answers(),
            "row 3 sums up other rows (site is 'Total')",
        ),
        (
            "day,offered,answered\n2026-10-05,5,5\n",
            Answers(left={"offered", "answered"}),
            "no column says offered_count",
        ),
        (
            "day,offered,answered\n2026-10-05,5,5\n",
            Answers(table=TOTALS, left={"day"}),
            "no column says period_start",
        ),
        (
            "day,offered,answered\n2026-10-05,5,5\n",
            Answers(fixed={"grain": "hour"}),
            "grain cannot be 'hour'",
        ),
    ],
)
def test_what_would_count_twice_or_not_at_all_is_refused_with_the_way_out(
    tmp_path: Path, text: str, answers: Answers, told: str
) -> None:
    seen = written(tmp_path, text)
    answers.fixed.setdefault("channel", "voice")
    with pytest.raises(VitalsError) as refused:
        settle(seen, answers)
    assert told in refused.value.message
    assert refused.value.remedy


def test_sums_of_a_client_that_is_told_ask_for_the_site(tmp_path: Path) -> None:
    seen = written(tmp_path, "day,offered,answered\n2026-10-05,5,5\n2026-10-06,5,5\n")
    assert asked(seen, Answers(fixed={"channel": "voice", "client": "halcyon_bank"})) == ["fixed:site"]


def test_the_dialogue_takes_a_report_in_and_undo_leaves_nothing(
    vitals: Callable[..., Result], project_copy: Path, days: Path
) -> None:
    before = tree(project_copy)
    told = ["", "", "voice", "", "all", "", "average", "", "s", "y"]
    result = vitals("adopt", str(days), "--platform", "desk", "--no-run", input="\n".join(told) + "\n")
    assert result.exit_code == 0, result.output
    assert "always day" in result.output
    record = json.loads(
        (project_copy / "models" / "staging" / "desk" / "_desk__adopted.json").read_text(encoding="utf-8")
    )
    answers = record["streams"][TOTALS]["answers"]
    assert answers["fixed"]["grain"] == "day"
    assert answers["maps"]["average_talk_seconds"] == ["talk_time"]
    assert "total_talk_seconds" not in answers["maps"]
    seeds = project_copy / "seeds" / "reference"
    assert "service_level_seconds,desk,,,1995-01-01,,20\n" in (seeds / "thresholds.csv").read_text("utf-8")
    assert f"desk,{TOTALS},72,,,\n" in (seeds / "stream_rules.csv").read_text("utf-8")
    queues = (seeds / "queues.csv").read_text("utf-8")
    assert "billing,Billing,desk,desk,customer_care" in queues
    assert "Total" not in queues
    staging = project_copy / "models" / "staging" / "desk" / f"stg_desk__{TOTALS}.sql"
    sql = staging.read_text("utf-8")
    assert "case when lower(trim(queue)) not in ('total') then queue end as queue" in sql
    for each in (staging, project_copy / "models" / "intermediate" / TOTALS / f"int_{TOTALS}__desk.sql"):
        assert lint_sql(each.read_text("utf-8"), each.name) == []
        assert "template" not in each.read_text("utf-8")
    assert vitals("adopt", "--undo", "desk").exit_code == 0
    assert tree(project_copy) == before


def test_what_a_report_leaves_open_is_refused_without_an_answer(
    vitals: Callable[..., Result], project_copy: Path, days: Path
) -> None:
    before = tree(project_copy)
    result = vitals("adopt", str(days), "--platform", "desk", "--yes")
    assert result.exit_code == 1
    told = " ".join(result.output.split())
    for flag in ("--set abandons_counted=all", "--map talk_time=average_talk_seconds", "--set channel=voice"):
        assert flag in told
    assert tree(project_copy) == before


@pytest.mark.slow
def test_days_by_queue_are_counted_once_and_not_where_single_contacts_are(
    vitals: Callable[..., Result], project_copy: Path, days: Path
) -> None:
    result = vitals("adopt", str(days), *DAY_FLAGS, "--no-run")
    assert result.exit_code == 0, result.output
    contacts = project_copy / "landing" / "template" / "contacts" / "one.csv"
    contacts.parent.mkdir(parents=True)
    # Of the same client, site and channel on the second day; and on another channel on the first.
    contacts.write_text(
        "contact_id,channel,arrived_at,client,site,answered_at,ended_at\n"
        "1,voice,2026-10-14T09:00:00Z,desk,desk,2026-10-14T09:00:40Z,2026-10-14T09:05:00Z\n"
        "2,chat,2026-10-13T09:00:00Z,desk,desk,2026-10-13T09:00:10Z,2026-10-13T09:05:00Z\n",
        encoding="utf-8",
    )
    paths = Paths(project_copy, project_copy / "landing", project_copy / "warehouse")
    pipeline.land(paths)
    pipeline.build(paths, as_of=datetime(2026, 10, 16), select=["+kpi_values", "+kpi_period_values"])
    with duckdb.connect(str(paths.work_db), read_only=True) as connection:
        totals = connection.sql(
            "select day(period_start_date), queue, not_counted_reason from marts.fct_reported_totals"
            " order by all"
        ).fetchall()
        figures: dict[tuple[Any, ...], tuple[float, float]] = {
            (kpi, day, channel): (float(numerator), float(denominator))
            for kpi, day, channel, numerator, denominator in connection.sql(
                "select kpi_id, day, channel, sum(numerator), sum(denominator) from marts.kpi_values"
                " where client = 'desk' group by all"
            ).fetchall()
        }
        months = connection.sql("select count(*) from marts.kpi_period_values").fetchall()
    assert totals == [
        (13, "billing", None),
        (13, "sales", None),
        (13, None, "finer_totals"),
        (14, "billing", "single_contacts"),
        (14, "sales", "single_contacts"),
        (14, None, "single_contacts"),
    ]
    first, second = date(2026, 10, 13), date(2026, 10, 14)
    assert figures["abandonment_rate", first, "voice"] == (10, 150)
    # 30 s, the threshold that the report counts by, is in force for the client that it brings.
    assert figures["service_level", first, "voice"] == (125, 150)
    assert figures["speed_of_answer", first, "voice"] == (90 * 15 + 48 * 10, 138)
    assert figures["talk_time", first, "voice"] == (27600, 138)
    assert figures["handle_time", first, "voice"] == (90 * 310 + 48 * 280, 138)
    assert ("hold_time", first, "voice") not in figures or figures["hold_time", first, "voice"][1] == 0
    assert figures["abandonment_rate", second, "voice"] == (0, 1)
    assert figures["speed_of_answer", second, "voice"] == (40, 1)
    assert figures["channel_mix", first, "voice"] == (150, 151)
    assert figures["channel_mix", first, "chat"] == (1, 151)
    assert months == [(0,)]


@pytest.mark.slow
@pytest.mark.skipif(not MONTHS.exists(), reason=f"the reference exports are not here: {MONTHS}")
def test_a_report_of_months_is_taken_to_a_scorecard_and_its_figures_are_those_that_were_counted(
    vitals: Callable[..., Result], project_copy: Path
) -> None:
    result = vitals(
        *("adopt", str(MONTHS / "call_center_metrics_monthly.csv"), "--platform", "sf_hss"),
        *(
            "--set",
            "channel=voice",
            "--set",
            "abandons_counted=all",
            "--set",
            "measured_over=answered",
            "--yes",
        ),
    )
    assert result.exit_code == 0, result.output
    told = " ".join(result.output.split())
    assert "Vital signs · sf_hss · last month (2017-06-01 to 2017-06-30)" in told
    # 65 of 3,425; 32 s
    assert "1.9 %" in told
    assert "32 s" in told
    assert "published_abandonment_rate_pct" in told
    expected = json.loads((MONTHS / "expected.json").read_text(encoding="utf-8"))
    paths = Paths(project_copy, project_copy / "landing", project_copy / "warehouse")
    question = next(
        each for each in ask.questions(project_copy) if each.name.startswith("how_were_the_months")
    )
    compiled = ask.compile_questions(paths, [question], {})
    answer = ask.put(paths, compiled[question.name])
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    years = {row["year"]: row for row in rows if row["month"] is None}
    assert [year["y"] for year in expected["by_year"]] == sorted(years)
    for year in expected["by_year"]:
        row = years[year["y"]]
        assert (int(row["contacts_count"]), int(row["abandoned_count"])) == (
            year["inbound"],
            year["abandoned"],
        )
        assert round(100 * row["abandonment_rate"], 4) == year["abandon_pct"]
        assert round(row["answer_seconds"], 4) == year["asa_weighted"]
        assert row["weeks_cut_count"] == 0
    assert len([row for row in rows if row["month"] is not None]) == expected["totals"]["n_months"]
    worst = {(each["month"]): each for each in expected["worst_month"]}
    with duckdb.connect(str(paths.published_db), read_only=True) as connection:
        figures = {
            kpi: (float(numerator), float(denominator))
            for kpi, numerator, denominator in connection.sql(
                "select kpi_id, sum(numerator), sum(denominator) from marts.kpi_period_values group by kpi_id"
            ).fetchall()
        }
        months = {
            str(month): value
            for month, value in connection.sql(
                "select period_start_date, value from marts.kpi_period_values"
                " where kpi_id = 'abandonment_rate'"
            ).fetchall()
        }
        days = connection.sql("select count(*) from marts.kpi_values").fetchall()
    totals = expected["totals"]
    assert figures["channel_mix"] == (totals["inbound"], totals["inbound"])
    assert figures["abandonment_rate"] == (totals["abandoned"], totals["inbound"])
    assert round(100 * totals["abandoned"] / totals["inbound"], 4) == totals["abandon_pct"]
    waited, answered = figures["speed_of_answer"]
    assert answered == totals["inbound"] - totals["abandoned"]
    assert round(waited / answered, 4) == totals["asa_weighted_by_answered_s"]
    assert {month: round(100 * months[month], 4) for month in worst} == {
        month: each["abandon_pct"] for month, each in worst.items()
    }
    assert set(figures) == {"channel_mix", "abandonment_rate", "speed_of_answer"}
    assert days == [(0,)]
