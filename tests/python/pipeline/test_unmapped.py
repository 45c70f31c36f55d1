"""`vitals unmapped`: what no map knows is shown, and written to the maps to be filled in."""

import shutil
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner, Result

from centre import PROJECT
from vitals import unmapped
from vitals.cli import app
from vitals.errors import VitalsError

WORDS = [
    ("zendesk", "queue", "Fax, old", 3),
    ("template", "contact_type", "LOST CARD ", 9),
    ("template", "state", "Außer Haus", 40),
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of seeds alone, with a published database that names three words."""
    home = tmp_path / "project"
    shutil.copytree(PROJECT / "seeds", home / "seeds")
    warehouse = home / "warehouse"
    warehouse.mkdir()
    with duckdb.connect(str(warehouse / "vitals.duckdb")) as connection:
        connection.execute("create schema quality")
        connection.execute(
            "create table quality.rpt_quality_unmapped"
            " (platform text, field text, native_value text, rows_count bigint)"
        )
        connection.executemany("insert into quality.rpt_quality_unmapped values (?, ?, ?, ?)", WORDS)
    shutil.copy(PROJECT / "dbt_project.yml", home)
    monkeypatch.chdir(home)
    monkeypatch.delenv("VITALS_WAREHOUSE", raising=False)
    return home


def asked(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["unmapped", *arguments], env={"COLUMNS": "160"})


def test_words_are_shown_with_their_rows_and_what_they_can_mean(project: Path) -> None:
    before = {file: file.read_bytes() for file in (project / "seeds").rglob("*.csv")}
    shown = asked()
    assert shown.exit_code == 0, shown.output
    lines = [line.split() for line in shown.output.splitlines()]
    assert lines[1:4] == [
        ["template", "state", "Außer", "Haus", "40"],
        ["template", "contact_type", "LOST", "CARD", "9"],
        ["zendesk", "queue", "Fax,", "old", "3"],
    ]
    states = ", ".join(unmapped.slugs(project, "state"))
    assert "on_contact" in states
    assert states in " ".join(shown.output.split())
    assert {file: file.read_bytes() for file in (project / "seeds").rglob("*.csv")} == before


def test_words_are_added_once_without_a_slug_after_what_is_there(project: Path) -> None:
    seed = unmapped.map_seed(project, "zendesk")
    before = seed.read_text(encoding="utf-8").rstrip("\n")
    # Somebody's editor left the last line open.
    seed.write_text(before, encoding="utf-8")
    added = asked("--write")
    assert added.exit_code == 0, added.output
    assert "Added 1 to " in added.output
    assert seed.read_text(encoding="utf-8") == before + '\nqueue,"Fax, old",\n'
    # This one is in the map since the last publication.
    template = unmapped.map_seed(project, "template").read_text(encoding="utf-8")
    assert template.endswith("state,Außer Haus,\n")
    assert template.casefold().count("lost card") == 1
    again = asked("--write")
    assert "Added" not in again.output
    assert unmapped.map_seed(project, "template").read_text(encoding="utf-8") == template


def test_what_is_missing_is_told_and_nothing_is_written(project: Path) -> None:
    seed = unmapped.map_seed(project, "template")
    seed.write_text("field;native_value;slug\n", encoding="utf-8")
    before = unmapped.map_seed(project, "zendesk").read_bytes()
    refused = asked("--write")
    assert refused.exit_code == 1
    assert "map_template.csv, line 1: its columns are field;native_value;slug" in " ".join(
        refused.output.split()
    )
    assert unmapped.map_seed(project, "zendesk").read_bytes() == before
    with pytest.raises(VitalsError, match="nothing is published yet"):
        unmapped.unmapped(project / "warehouse" / "none.duckdb")


def test_questions_and_answers_of_surveys_are_words_too(project: Path) -> None:
    with duckdb.connect(str(project / "warehouse" / "vitals.duckdb")) as connection:
        connection.executemany(
            "insert into quality.rpt_quality_unmapped values (?, ?, ?, ?)",
            [("qualtrics", "question", "pulse:q1", 5), ("qualtrics", "answer", "esat_1_5:Very good", 2)],
        )
    shown = asked("--write")
    assert shown.exit_code == 0, shown.output
    told = " ".join(shown.output.split())
    assert "Slugs of question: csat_0_1, csat_1_5" in told
    assert "Slugs of answer: a number of the scale" in told
    seed = (project / "seeds" / "maps" / "qualtrics" / "map_qualtrics.csv").read_text(encoding="utf-8")
    assert seed.endswith("question,pulse:q1,\nanswer,esat_1_5:Very good,\n")
