"""A file adopted into a copy of the project: what is written, what is refused, the way back, the figures."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import yaml
from typer.testing import CliRunner, Result

from centre import PROJECT, copy_project
from vitals import pipeline
from vitals.adopt.contract import contract_tables
from vitals.cli import app
from vitals.landing import store
from vitals.lint import lint_sql
from vitals.paths import Paths
from vitals.streams import load_streams

BOSTON = PROJECT.parent / "shared" / "data" / "boston_311"
CALLS = """\
Call ID,Call Date,Call Time,Caller Number,Skill,Reason,Result,Queue Time,Handle Time,Hold Time,Agent
c1,13/10/2026,9:02:10,+359 888 123 456,Billing,Refund,Answered,12,0:05:30,30,anna
c2,13/10/2026,9:05:00,+359 888 123 457,Billing,Refund,Abandoned,40,,,
c3,14/10/2026,9:05:00,+359 888 123 456,Sales,Order,Voicemail,65,,,
c4,14/10/2026,10:00:00,+359 888 123 459,Sales,Order,Answered,20,0:01:40,0,boris
"""
FLAGS = [
    *(
        "--platform",
        "desk",
        "--zone",
        "Europe/Sofia",
        "--set",
        "channel=voice",
        "--includes",
        "handle_time=hold",
    ),
    *("--unit", "queue_time=s", "--unit", "hold_time=s", "--yes", "--no-run"),
]


@pytest.fixture
def vitals(project_copy: Path) -> Callable[..., Result]:
    """Call `vitals …` in a copy of the project."""
    del project_copy
    return lambda *arguments, **options: CliRunner().invoke(app, list(arguments), **options)


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    file = tmp_path / "calls.csv"
    file.write_text(CALLS, encoding="utf-8")
    return file


def tree(project: Path) -> dict[str, bytes]:
    return {
        each.relative_to(project).as_posix(): each.read_bytes()
        for each in project.rglob("*")
        if each.is_file() and "warehouse" not in each.parts
    }


def test_what_is_written_is_a_platform_like_any_other(
    vitals: Callable[..., Result], project_copy: Path, calls: Path
) -> None:
    result = vitals("adopt", str(calls), *FLAGS)
    assert result.exit_code == 0, result.output
    streams = {each.key: each for each in load_streams(project_copy)}
    assert streams["desk/contacts"].identifiers == ("caller_number",)
    assert streams["desk/contacts"].agents == ("agent",)
    assert set(streams["desk/contacts"].required) == {"call_id", "call_date", "call_time"}
    document = yaml.safe_load((project_copy / "dbt_project.yml").read_text(encoding="utf-8"))
    assert document["vars"]["platforms"]["contacts"][-1] == "desk"
    assert document["vars"]["streams"]["desk"] == ["contacts"]
    staging = project_copy / "models" / "staging" / "desk"
    sql = (staging / "stg_desk__contacts.sql").read_text(encoding="utf-8")
    assert "substr(plain_call_date, 1, 10) || ' ' || trim(call_time) as plain_arrived_at" in sql
    assert "when 'voicemail' then 'diverted'" in sql
    assert "set zone = \"'Europe/Sofia'\"" in sql
    for each in [*staging.glob("*.sql"), *project_copy.glob("models/intermediate/*/*__desk.sql")]:
        assert lint_sql(each.read_text(encoding="utf-8"), each.name) == []
        assert "template" not in each.read_text(encoding="utf-8")
    sources = (staging / "_desk__sources.yml").read_text(encoding="utf-8")
    told = " ".join(sources.split())
    assert "Day first, as 13/10/2026 in row 2 proves" in told
    assert "Includes beside talk: hold" in told
    with (project_copy / "seeds" / "maps" / "desk" / "map_desk.csv").open(encoding="utf-8") as file:
        words = {(row["field"], row["native_value"]): row["slug"] for row in csv.DictReader(file)}
    assert words["queue", "Billing"] == "billing"
    assert words["contact_type", "Refund"] == "refund"
    assert (project_copy / "landing" / "desk" / "contacts" / "calls.csv").read_bytes() == calls.read_bytes()


def test_adopting_it_again_changes_nothing_and_undoing_it_leaves_nothing(
    vitals: Callable[..., Result], project_copy: Path, calls: Path
) -> None:
    before = tree(project_copy)
    assert vitals("adopt", str(calls), *FLAGS).exit_code == 0
    adopted = tree(project_copy)
    again = vitals("adopt", str(calls), "--platform", "desk", "--no-run")
    assert again.exit_code == 0, again.output
    assert "nothing was changed" in again.output
    assert tree(project_copy) == adopted
    paths = Paths(project_copy, project_copy / "landing", project_copy / "warehouse")
    assert pipeline.land(paths).rows_landed == 4
    undone = vitals("adopt", "--undo", "desk")
    assert undone.exit_code == 0, undone.output
    assert tree(project_copy) == before
    assert store.read_ledger(paths) == []
    assert not (paths.raw / "desk").exists()


def test_a_further_file_brings_its_new_words_and_leaves_the_models(
    vitals: Callable[..., Result], project_copy: Path, calls: Path, tmp_path: Path
) -> None:
    assert vitals("adopt", str(calls), *FLAGS).exit_code == 0
    words = project_copy / "seeds" / "maps" / "desk" / "map_desk.csv"
    # Whoever gives a word another slug has not edited what a further file would overwrite.
    renamed = words.read_text(encoding="utf-8").replace(",Refund,refund", ",Refund,payment")
    words.write_text(renamed, encoding="utf-8")
    models = {name: text for name, text in tree(project_copy).items() if name.startswith("models/")}
    further = tmp_path / "november.csv"
    further.write_text(CALLS.replace("Sales", "Repairs").replace("/10/", "/11/"), encoding="utf-8")
    result = vitals("adopt", str(further), "--platform", "desk", "--no-run")
    assert result.exit_code == 0, result.output
    after = tree(project_copy)
    record = "models/staging/desk/_desk__adopted.json"
    assert {name: after[name] for name in models if name != record} == {
        name: text for name, text in models.items() if name != record
    }
    assert "contact_type,Refund,payment\n" in after["seeds/maps/desk/map_desk.csv"].decode()
    assert "queue,Repairs,repairs" in after["seeds/maps/desk/map_desk.csv"].decode()
    assert "repairs,Repairs,desk,desk,customer_care" in after["seeds/reference/queues.csv"].decode()
    assert after["landing/desk/contacts/november.csv"] == further.read_bytes()


def test_what_was_edited_is_neither_overwritten_nor_undone_unasked(
    vitals: Callable[..., Result], project_copy: Path, calls: Path
) -> None:
    assert vitals("adopt", str(calls), *FLAGS).exit_code == 0
    model = project_copy / "models" / "staging" / "desk" / "stg_desk__contacts.sql"
    model.write_text(model.read_text(encoding="utf-8").replace("'diverted'", "'abandoned'"), encoding="utf-8")
    edited = tree(project_copy)
    for refused in (vitals("adopt", str(calls), *FLAGS), vitals("adopt", "--undo", "desk")):
        assert refused.exit_code == 1
        assert "stg_desk__contacts.sql" in refused.output
        assert "--force" in refused.output
    assert tree(project_copy) == edited


def test_other_answers_overwrite_nothing_without_force(
    vitals: Callable[..., Result], project_copy: Path, calls: Path
) -> None:
    assert vitals("adopt", str(calls), *FLAGS).exit_code == 0
    other = [each.replace("Sofia", "London") for each in FLAGS]
    refused = vitals("adopt", str(calls), *other)
    assert refused.exit_code == 1
    assert "was adopted with other answers" in refused.output
    assert vitals("adopt", str(calls), *other, "--force").exit_code == 0
    staging = project_copy / "models" / "staging" / "desk" / "stg_desk__contacts.sql"
    assert "Europe/London" in staging.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--yes"], "--zone Europe/Sofia --times-zone UTC --unit queue_time=s"),
        (["--platform", "zendesk", *FLAGS[2:]], "zendesk is a platform of the project that was not adopted"),
        (["--platform", "My Desk", *FLAGS[2:]], "--platform my_desk"),
        (["--map", "nothing", *FLAGS], "Write COLUMN=FIELD"),
        (["--set", "direction=in", *FLAGS], "direction cannot be 'in'"),
        (["--date-order", "dmy", *FLAGS], "--date-order cannot be 'dmy'"),
        (
            [
                *("--platform", "desk", "--table", "contact_legs", "--map", "call_id=contact_id", "--yes"),
                *("--zone", "UTC", "--unit", "queue_time=s", "--unit", "hold_time=s"),
            ],
            "Adopt its contacts first",
        ),
    ],
)
def test_a_refusal_writes_nothing_and_says_the_way_out(
    vitals: Callable[..., Result], project_copy: Path, calls: Path, flags: list[str], told: str
) -> None:
    before = tree(project_copy)
    result = vitals("adopt", str(calls), *flags)
    assert result.exit_code == 1, result.output
    assert told in " ".join(result.output.split())
    assert tree(project_copy) == before


def test_the_dialogue_asks_until_the_answers_can_be(
    vitals: Callable[..., Result], project_copy: Path, calls: Path
) -> None:
    told = [
        "reason=nonsense",
        "reason=none",
        "outcome:Voicemail=pigeon",
        "outcome:Voicemail=abandoned",
        "outcome:Answered=none",
        "",
        "?",
        "Halcyon Bank",
        "",
        "pigeon",
        "voice",
        "Plovdiv",
        "sofia",
        "utc",
        "s",
        "s",
        "hold",
        "y",
    ]
    result = vitals("adopt", str(calls), "--platform", "desk", "--no-run", input="\n".join(told) + "\n")
    assert result.exit_code == 0, result.output
    assert "has no field 'nonsense'" in result.output
    assert "There is no time zone 'Plovdiv'." in result.output
    assert "Taken as Europe/Sofia." in result.output
    assert "outcome cannot be 'pigeon'" in result.output
    assert "A script says it with --set client=NAME" in result.output
    record = json.loads(
        (project_copy / "models" / "staging" / "desk" / "_desk__adopted.json").read_text(encoding="utf-8")
    )
    answers = record["streams"]["contacts"]["answers"]
    assert (answers["zone"], answers["times_zone"]) == ("Europe/Sofia", "UTC")
    assert "contact_type" not in answers["maps"]
    assert answers["words"] == {"outcome": {"voicemail": "abandoned", "answered": "none"}}
    staging = (project_copy / "models" / "staging" / "desk" / "stg_desk__contacts.sql").read_text("utf-8")
    assert "when 'voicemail' then 'abandoned'" in staging
    assert "when 'answered' then null" in staging
    seeds = project_copy / "seeds"
    assert "client,Halcyon Bank,halcyon_bank\n" in (seeds / "maps" / "desk" / "map_desk.csv").read_text(
        "utf-8"
    )
    assert "billing,Billing,halcyon_bank,desk," in (seeds / "reference" / "queues.csv").read_text("utf-8")


def test_the_dialogue_names_the_platform_and_asks_what_new_channels_are(
    vitals: Callable[..., Result], project_copy: Path, tmp_path: Path
) -> None:
    file = tmp_path / "2026 cases.csv"
    file.write_text(
        "case_id,opened,status,source\n1,2026-10-13 09:00:00,Open,Walk-in\n"
        "2,2026-10-13 10:00:00,Closed,Kiosk\n",
        encoding="utf-8",
    )
    # Kiosk, Walk-in: the first stays a channel of its own, the second gets a name.
    told = ["zendesk", "My Desk", "town_hall", "", "", "", "", "At the desk", "PST", "", "maybe", ""]
    result = vitals("adopt", str(file), "--no-run", input="\n".join(told) + "\n")
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    assert "zendesk is a platform of the project" in output
    assert "Use lower-case letters, digits and single _: --platform my_desk" in output
    assert "outcome: Closed → answered · Open → open" in output
    assert "channel: Kiosk → a channel of its own · Walk-in → a channel of its own" in output
    assert "Taken as at_the_desk." in output
    assert "Taken as America/Los_Angeles." in output
    assert "zone: America/Los_Angeles · times written in: America/Los_Angeles" in output
    assert "town_hall is in the project" in output
    seeds = project_copy / "seeds"
    assert "kiosk,Kiosk,false\n" in (seeds / "reference" / "channels.csv").read_text("utf-8")
    words = (seeds / "maps" / "town_hall" / "map_town_hall.csv").read_text("utf-8")
    assert "channel,Kiosk,kiosk\n" in words
    assert "channel,Walk-in,at_the_desk\n" in words
    again = tmp_path / "2027 cases.csv"
    again.write_text(file.read_text("utf-8").replace("Kiosk", "kiosk"), encoding="utf-8")
    result = vitals("adopt", str(again), "--no-run", input="\n")
    assert result.exit_code == 0, result.output
    assert "Is it the next file of town_hall?" in result.output
    assert (project_copy / "landing" / "town_hall" / "contacts" / "2027 cases.csv").exists()


def test_answers_that_end_too_early_write_nothing(
    vitals: Callable[..., Result], project_copy: Path, calls: Path
) -> None:
    before = tree(project_copy)
    result = vitals("adopt", str(calls), "--platform", "desk", "--no-run", input="\n\n\nvoice\n")
    assert result.exit_code == 1
    assert "The answers ended before the questions did" in result.output
    assert tree(project_copy) == before


@pytest.mark.slow
def test_a_file_is_taken_to_a_scorecard(
    vitals: Callable[..., Result], project_copy: Path, calls: Path
) -> None:
    flags = [each for each in FLAGS if each != "--no-run"]
    result = vitals("adopt", str(calls), *flags)
    assert result.exit_code == 0, result.output
    assert "Vital signs · desk" in result.output
    with duckdb.connect(str(project_copy / "warehouse" / "vitals.duckdb"), read_only=True) as connection:
        contacts = connection.sql(
            "select contact_id, arrived_at::text, outcome, queue, channel, client, wait_seconds::integer,"
            " talk_seconds::integer, hold_seconds::integer from marts.fct_contacts order by contact_id"
        ).fetchall()
    assert contacts == [
        ("desk:c1", "2026-10-13 06:02:10", "answered", "billing", "voice", "desk", 12, 300, 30),
        ("desk:c2", "2026-10-13 06:05:00", "abandoned", "billing", "voice", "desk", 40, None, None),
        ("desk:c3", "2026-10-14 06:05:00", "diverted", "sales", "voice", "desk", 65, None, None),
        ("desk:c4", "2026-10-14 07:00:00", "answered", "sales", "voice", "desk", 20, 100, 0),
    ]


@pytest.mark.slow
def test_every_table_is_adopted_and_built(
    vitals: Callable[..., Result], project_copy: Path, tmp_path: Path
) -> None:
    tables = list(contract_tables(PROJECT))
    for table in tables:
        text = (PROJECT / "docs" / "template" / f"{table}.csv").read_text(encoding="utf-8")
        file = tmp_path / f"{table}.csv"
        # Ids that point at another platform's records are the template's own matter.
        file.write_text(re.sub(r"\b(asterisk|template):", "", text), encoding="utf-8")
        flags = ["--platform", "whole", "--table", table, "--zone", "UTC", "--yes", "--no-run"]
        if table == "contacts":
            flags += ["--includes", "talk_seconds=none"]
        if table == "contact_legs":
            flags += ["--includes", "talk_seconds=none"]
        if table == "reported_totals":
            flags += ["--set", "abandons_counted=all", "--set", "measured_over=answered"]
        result = vitals("adopt", str(file), *flags)
        assert result.exit_code == 0, result.output
    paths = Paths(project_copy, project_copy / "landing", project_copy / "warehouse")
    pipeline.land(paths)
    report = pipeline.build(paths, select=["staging.whole", "+path:models/intermediate"])
    assert report.dbt.models
    with duckdb.connect(str(paths.work_db), read_only=True) as connection:
        for table in tables:
            found = connection.sql(
                f"select count(*) filter (where record_status = 'current'),"
                f" string_agg(distinct quarantine_reason, '; ') from staging.stg_whole__{table}"
            ).fetchone()
            assert found is not None
            assert (found[0] > 0, found[1]) == (True, None), table


@pytest.mark.slow
@pytest.mark.skipif(not BOSTON.exists(), reason=f"the reference exports are not here: {BOSTON}")
def test_the_cases_of_boston_are_those_that_were_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = copy_project(tmp_path / "project")
    monkeypatch.chdir(project)
    for name in ("VITALS_LANDING", "VITALS_WAREHOUSE"):
        monkeypatch.delenv(name, raising=False)
    files = {
        "plain": "boston311-100.csv",
        "dmy": "boston311-dmy-100.csv",
        "lines": "boston311-100.jsonl",
        "dupes": "boston311-100-20dupes-random.csv",
    }
    for platform, name in files.items():
        flags = ["--platform", platform, "--zone", "America/New_York", "--yes", "--no-run"]
        result = CliRunner().invoke(app, ["adopt", str(BOSTON / name), *flags])
        assert result.exit_code == 0, result.output
    paths = Paths(project, project / "landing", project / "warehouse")
    pipeline.land(paths)
    pipeline.build(paths, select=["+agg_contacts_daily"])
    expected = json.loads((BOSTON / "expected.json").read_text(encoding="utf-8"))
    with duckdb.connect(str(paths.work_db), read_only=True) as connection:
        counted = {
            (client, channel): (int(cases), int(closed))
            for client, channel, cases, closed in connection.sql(
                "select client, channel, sum(contacts_count), sum(resolved_count)"
                " from marts.agg_contacts_daily group by client, channel"
            ).fetchall()
        }
        queues = dict(
            connection.sql(
                "select native_queue, count(*) from intermediate.int_contacts__unioned"
                " where platform = 'plain' group by native_queue"
            ).fetchall()
        )
        first, last = connection.sql(
            "select min(arrived_at) at time zone 'UTC' at time zone 'America/New_York',"
            " max(arrived_at) at time zone 'UTC' at time zone 'America/New_York'"
            " from intermediate.int_contacts__unioned where platform = 'dmy'"
        ).fetchall()[0]
    slugs = {
        "Citizens Connect App": "citizens_connect_app",
        "City Worker App": "city_worker_app",
        "Constituent Call": "voice",
        "Self Service": "self_service",
    }
    by_source = {slugs[row["source"]]: (row["cases"], row["closed"]) for row in expected["by_source"]}
    for platform in ("plain", "dmy", "lines"):
        of_it = {channel: both for (client, channel), both in counted.items() if client == platform}
        assert of_it == by_source
        assert sum(cases for cases, _ in of_it.values()) == expected["totals"]["cases"]
        assert sum(closed for _, closed in of_it.values()) == expected["totals"]["closed"]
    assert {channel: cases for (client, channel), (cases, _) in counted.items() if client == "dupes"} == {
        slugs[row["source"]]: row["cases"] for row in expected["duplicates_by_source"]
    }
    for row in expected["by_queue_top5"]:
        assert queues[row["queue"]] == row["cases"]
    assert (str(first), str(last)) == (expected["totals"]["first_open"], expected["totals"]["last_open"])
