"""The candidate is the published file with what changed; where that is not certain, all is written anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from desk_calls import HEAD, rewrite, track
from published import differences_from_whole, differences_of
from vitals import pipeline
from vitals.errors import VitalsError
from vitals.gates import GateFailed
from vitals.paths import Paths
from vitals.publish import LEVELS, Candidate, Version, export_candidate, swap, version_of

FIRST = Version(datetime(2026, 3, 3, 9, tzinfo=UTC), "1", None, "first build", None)
SECOND = replace(FIRST, published_at=datetime(2026, 3, 3, 10, tzinfo=UTC), dbt_invocation_id="second build")
CALLS = 1000


def model(schema: str, name: str, level: str, unit: list[str] | None = None) -> dict[str, Any]:
    """A model as the manifest tells it: tracked when it has a unit."""
    config = {
        "materialized": "tracked" if unit else "table",
        "meta": {"level": level},
        "unique_key": unit,
    }
    return {"resource_type": "model", "schema": schema, "alias": name, "name": name, "config": config} | {
        "columns": {"note": {"description": f"Said of {name}."}},
        "description": f"What {name} holds.",
    }


class Warehouse:
    """A work database whose first build is published, and in whose second one little changed."""

    def __init__(self, home: Path) -> None:
        self.work = home / "work.duckdb"
        self.published = {level: home / f"{level}.duckdb" for level in LEVELS}
        self.nodes = {
            "fct": model("marts", "fct", "analysts", ["contact_id", "lower(leg)"]),
            "agg": model("marts", "agg", "managers", ["day"]),
            "kpi": model("marts", "kpi", "managers"),
            "dim_agent": model("people", "dim_agent", "owners"),
        }

    def make(self) -> None:
        """Build, publish and build again."""
        self.build(
            "create schema marts; create schema people; create schema changes;"
            f"create table marts.fct as select 'c' || n as contact_id, 'A' as leg, 'first' as note"
            f" from range({CALLS}) as calls (n);"
            "create table marts.agg as select day, 1 as contacts, 'first' as note"
            " from range(date '2026-01-01', date '2026-03-01', interval 1 day) as days (day);"
            "create view marts.kpi as select count(*) as n, max(note) as note from marts.fct;"
            "create table people.dim_agent as select 'Ann' as name, 'first' as note"
        )
        first = self.export(FIRST)
        for level, (_, mode) in LEVELS.items():
            swap(first.of(level), self.published[level], mode)
        self.build(
            "create table changes.base as select 'first build' as invocation_id;"
            "create table changes.anew (model varchar);"
            "create table changes.rounds (invocation_id varchar);"
            "create table changes.fct as select *, true as has_come from marts.fct limit 0;"
            "create table changes.agg as select *, true as has_come from marts.agg limit 0;"
            # corrected, erased, late
            "insert into changes.fct values ('c1', 'A', 'first', false), ('c1', 'A', 'second', true),"
            " ('c2', 'A', 'first', false), ('late', 'B', 'second', true);"
            "update marts.fct set note = 'second' where contact_id = 'c1';"
            "delete from marts.fct where contact_id = 'c2';"
            "insert into marts.fct values ('late', 'B', 'second');"
            "insert into changes.agg values ('2026-01-05', 1, 'first', false);"
            "delete from marts.agg where day = '2026-01-05';"
            "insert into people.dim_agent values ('Bob', 'second')"
        )

    def build(self, sql: str) -> None:
        """Statements in the work database."""
        with duckdb.connect(str(self.work)) as connection:
            connection.execute(sql)

    def in_file(self, level: str, sql: str) -> None:
        """Statements in a published file."""
        with duckdb.connect(str(self.published[level])) as connection:
            connection.execute(sql)

    def export(
        self, version: Version = SECOND, anew: bool = False, unbuilt: tuple[str, ...] = ()
    ) -> Candidate:
        """The candidate: from what is published, or anew."""
        return export_candidate(
            self.work,
            self.work.with_name(".new.duckdb"),
            {"nodes": self.nodes},
            version,
            None if anew else self.published,
            unbuilt,
        )

    def differences(self, candidate: Candidate) -> dict[str, list[Any]]:
        """By level, where a candidate differs from one that is written whole."""
        kept = {level: candidate.of(level).rename(self.work.with_name(f"kept_{level}")) for level in LEVELS}
        whole = self.export(anew=True)
        assert whole.is_whole
        assert whole.tables == candidate.tables
        found = {level: differences_of(kept[level], whole.of(level)) for level in LEVELS}
        return {level: differing for level, differing in found.items() if differing}

    def published_note(self, candidate: Candidate, contact_id: str) -> Any:
        """What the candidate says of a contact."""
        with duckdb.connect(str(candidate.path), read_only=True) as connection:
            row = connection.execute(
                "select note from marts.fct where contact_id = ?", [contact_id]
            ).fetchone()
        return row and row[0]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Published, and built once more. Copy it, do not change it."""
    home = tmp_path_factory.mktemp("made")
    Warehouse(home).make()
    return home


@pytest.fixture
def warehouse(made: Path, tmp_path: Path) -> Warehouse:
    """One to change at will."""
    shutil.copytree(made, tmp_path / "warehouse")
    return Warehouse(tmp_path / "warehouse")


def test_what_changed_is_brought_into_a_copy_of_what_is_published(warehouse: Warehouse) -> None:
    candidate = warehouse.export()
    assert not candidate.is_whole
    assert warehouse.published_note(candidate, "c1") == "second"
    assert warehouse.published_note(candidate, "c2") is None
    assert {candidate.of(level).stat().st_mode & 0o777 for level in LEVELS} == {0o600}
    assert warehouse.differences(candidate) == {}


def test_rows_of_no_changed_unit_are_those_that_were_published(warehouse: Warehouse) -> None:
    warehouse.in_file("analysts", "update marts.fct set note = 'in the file' where contact_id = 'c3'")
    assert warehouse.published_note(warehouse.export(), "c3") == "in the file"


def test_what_a_live_round_left_as_it_was_is_kept(warehouse: Warehouse) -> None:
    warehouse.in_file("managers", "update marts.kpi set note = 'in the file'")
    warehouse.in_file("analysts", "update marts.kpi set note = 'in the file'")
    version = replace(SECOND, is_whole=False)
    candidate = warehouse.export(version, unbuilt=("kpi",))
    assert not candidate.is_whole
    for level in ("managers", "analysts"):
        with duckdb.connect(str(candidate.of(level)), read_only=True) as connection:
            assert connection.execute("select note from marts.kpi").fetchall() == [("in the file",)]
            assert version_of(connection) == version
    assert warehouse.published_note(candidate, "c1") == "second"


def test_what_a_live_round_published_is_brought_up_to_date(warehouse: Warehouse) -> None:
    warehouse.build("insert into changes.rounds values ('a live round')")
    for level in LEVELS:
        warehouse.in_file(level, "update quality.published_version set dbt_invocation_id = 'a live round'")
    candidate = warehouse.export()
    assert not candidate.is_whole
    assert warehouse.differences(candidate) == {}


def test_a_union_is_written_from_the_tables_of_its_members(warehouse: Warehouse) -> None:
    warehouse.build("create table marts.a_union as select 'another' as note, date '2026-01-01' as day")
    warehouse.nodes["a_union"] = model("marts", "a_union", "managers")
    warehouse.nodes["a_union"]["config"]["meta"]["union_where"] = "day < '2026-01-03'"
    warehouse.nodes["a_union"]["depends_on"] = {"nodes": ["agg"]}
    candidate = warehouse.export(anew=True)
    for level in ("managers", "analysts"):
        with duckdb.connect(str(candidate.of(level)), read_only=True) as connection:
            held = connection.execute("from marts.a_union order by day").fetchall()
        assert held == [("first", datetime(2026, 1, 1)), ("first", datetime(2026, 1, 2))]


def test_changed_descriptions_are_told(warehouse: Warehouse) -> None:
    warehouse.nodes["fct"]["columns"] = {"CONTACT_ID": {"description": "Its id."}}
    warehouse.nodes["agg"]["description"] = "Another word; it's new."
    candidate = warehouse.export()
    assert not candidate.is_whole
    assert warehouse.differences(candidate) == {}


def built_anew(warehouse: Warehouse) -> None:
    warehouse.build("insert into changes.anew values ('fct')")


def much_changed(warehouse: Warehouse) -> None:
    changed = "from marts.fct where contact_id < 'c4'"
    warehouse.build(f"insert into changes.fct select *, true {changed}")


def other_rows_than_noted(warehouse: Warehouse) -> None:
    warehouse.build("delete from marts.fct where contact_id = 'c9'")


@pytest.mark.parametrize("event", [built_anew, much_changed, other_rows_than_noted])
def test_a_table_that_cannot_be_brought_up_to_date_is_written_whole(
    warehouse: Warehouse, event: Callable[[Warehouse], None]
) -> None:
    event(warehouse)
    warehouse.in_file("analysts", "update marts.fct set note = 'in the file' where contact_id = 'c8'")
    candidate = warehouse.export()
    assert not candidate.is_whole
    assert warehouse.published_note(candidate, "c8") == "first"
    assert warehouse.differences(candidate) == {}


def another_base(warehouse: Warehouse) -> None:
    warehouse.build("update changes.base set invocation_id = 'a build that was never published'")


def an_unknown_base(warehouse: Warehouse) -> None:
    warehouse.build("delete from changes.base")


def no_changes_noted(warehouse: Warehouse) -> None:
    warehouse.build("drop schema changes cascade")


def a_file_that_is_missing(warehouse: Warehouse) -> None:
    warehouse.published["owners"].unlink()


def a_file_of_an_earlier_publication(warehouse: Warehouse) -> None:
    warehouse.in_file("managers", "update quality.published_version set dbt_invocation_id = 'build 0'")


def a_file_without_a_version(warehouse: Warehouse) -> None:
    warehouse.in_file("managers", "delete from quality.published_version")


def a_file_of_another_version_of_vitals(warehouse: Warehouse) -> None:
    warehouse.in_file("owners", "update quality.published_version set vitals_version = '0'")


def a_file_of_yesterday(warehouse: Warehouse) -> None:
    yesterday = FIRST.published_at - timedelta(days=1)
    warehouse.in_file("analysts", f"update quality.published_version set published_at = '{yesterday}'")


def a_damaged_head(warehouse: Warehouse) -> None:
    warehouse.published["managers"].write_bytes(b"nothing that DuckDB knows")


def a_damaged_block(warehouse: Warehouse) -> None:
    file = warehouse.published["analysts"]
    content = bytearray(file.read_bytes())
    place = content.index(b"c100")
    content[place : place + 4] = b"????"
    file.write_bytes(content)


def somebodys_log(warehouse: Warehouse) -> None:
    warehouse.published["analysts"].with_name("analysts.duckdb.wal").write_bytes(b"left by a crash")


def another_storage_version(warehouse: Warehouse) -> None:
    file = warehouse.published["analysts"]
    old = file.rename(file.with_name("old.duckdb"))
    with duckdb.connect() as connection:
        connection.execute(f"attach '{old}' as old; attach '{file}' as new (storage_version 'v1.0.0')")
        connection.execute("copy from database old to new")


def a_model_that_is_gone(warehouse: Warehouse) -> None:
    del warehouse.nodes["kpi"]


def a_model_of_another_level(warehouse: Warehouse) -> None:
    warehouse.nodes["agg"]["config"]["meta"] = {"level": "analysts"}


def a_column_of_another_type(warehouse: Warehouse) -> None:
    warehouse.build("alter table marts.agg alter contacts type bigint")


def columns_in_another_order(warehouse: Warehouse) -> None:
    warehouse.build("create or replace table marts.fct as select note, leg, contact_id from marts.fct")


def a_column_more(warehouse: Warehouse) -> None:
    warehouse.build("alter table people.dim_agent add column team varchar")


@pytest.mark.parametrize(
    "event",
    [
        another_base,
        an_unknown_base,
        no_changes_noted,
        a_file_that_is_missing,
        a_file_of_an_earlier_publication,
        a_file_without_a_version,
        a_file_of_another_version_of_vitals,
        a_file_of_yesterday,
        a_damaged_head,
        a_damaged_block,
        somebodys_log,
        another_storage_version,
        a_model_that_is_gone,
        a_model_of_another_level,
        a_column_of_another_type,
        columns_in_another_order,
        a_column_more,
    ],
)
def test_everything_is_written_anew_where_the_file_is_not_surely_what_changed(
    warehouse: Warehouse, event: Callable[[Warehouse], None]
) -> None:
    event(warehouse)
    candidate = warehouse.export()
    assert candidate.is_whole
    assert warehouse.differences(candidate) == {}


# --- with builds --------------------------------------------------------------------------------------------


@pytest.fixture
def candidates(monkeypatch: pytest.MonkeyPatch) -> list[Candidate]:
    """Every candidate that the pipeline writes."""
    written: list[Candidate] = []

    def export(*arguments: Any) -> Candidate:
        written.append(export_candidate(*arguments))
        return written[-1]

    monkeypatch.setattr(pipeline, "export_candidate", export)
    return written


@pytest.fixture
def tracked(centre: Paths, candidates: list[Candidate]) -> Paths:
    """The tiny centre with tracked models and more calls, published."""
    # Run here: a copy reads its sources from elsewhere, which is changed code.
    track(centre)
    rows = "".join(f"m{call},2026-02-01,{call}\n" for call in range(50))
    (centre.landing / "desk/calls/many.csv").write_text(HEAD + rows, encoding="utf-8")
    pipeline.run(centre)
    assert candidates[-1].is_whole
    candidates.clear()
    return centre


def test_after_several_runs_the_files_equal_a_whole_export(
    tracked: Paths, candidates: list[Candidate], drop_calls: Callable[[str, str], None]
) -> None:
    drop_calls("late.csv", HEAD + "late,2026-01-30,3\n")
    pipeline.run(tracked)
    drop_calls("new.csv", HEAD + "new,2026-03-03,4\n")
    rewrite(tracked, "m7", "19")
    rewrite(tracked, "m8", None)
    pipeline.run(tracked)
    pipeline.run(tracked)
    assert [one.is_whole for one in candidates] == [False, False, False]
    assert differences_from_whole(tracked) == {}
    with duckdb.connect(str(tracked.published_db), read_only=True) as connection:
        found = connection.execute(
            "select contact_id, cast(wait_seconds as integer) from marts.fct_contacts"
            " where contact_id in ('late', 'new', 'm7', 'm8') order by all"
        ).fetchall()
    assert found == [("late", 3), ("m7", 19), ("new", 4)]


def a_build_that_nobody_published(paths: Paths) -> None:
    pipeline.build(paths)


def a_part_that_was_published(paths: Paths) -> None:
    pipeline.build(paths, select=["fct_contacts"])
    pipeline.publish(paths)


def a_full_build(paths: Paths) -> None:
    pipeline.build(paths, full=True)
    pipeline.publish(paths)


def a_changed_model(paths: Paths) -> None:
    file = paths.project / "models/marts/core/fct_contacts.sql"
    file.write_text(file.read_text(encoding="utf-8") + " and wait_seconds < 40\n", encoding="utf-8")


def a_lost_work_database(paths: Paths) -> None:
    paths.work_db.unlink()


def a_candidate_that_failed(paths: Paths) -> None:
    file = paths.project / "models/marts/kpis/kpi_values.sql"
    right = file.read_text(encoding="utf-8")
    file.write_text(right.replace("count(*) as denominator", "0 as denominator"), encoding="utf-8")
    with pytest.raises(GateFailed):
        pipeline.run(paths)
    file.write_text(right, encoding="utf-8")


@pytest.mark.parametrize(
    ("event", "is_whole"),
    [
        (a_build_that_nobody_published, [True]),
        (a_part_that_was_published, [False, True]),
        (a_full_build, [True, False]),
        (a_changed_model, [True]),
        (a_lost_work_database, [True]),
        (a_candidate_that_failed, [True, True]),
    ],
)
def test_what_is_written_whole_after_an_event(
    tracked: Paths,
    candidates: list[Candidate],
    drop_calls: Callable[[str, str], None],
    event: Callable[[Paths], None],
    is_whole: list[bool],
) -> None:
    drop_calls("late.csv", HEAD + "late,2026-01-30,3\n")
    pipeline.land(tracked)
    event(tracked)
    drop_calls("new.csv", HEAD + "new,2026-03-03,4\n")
    pipeline.run(tracked)
    assert [one.is_whole for one in candidates] == is_whole
    assert differences_from_whole(tracked) == {}


def test_what_a_failed_build_noted_is_published_by_the_next(
    tracked: Paths, candidates: list[Candidate], drop_calls: Callable[[str, str], None]
) -> None:
    drop_calls("bad.csv", HEAD + "bad,2026-01-30,-3\n")
    rewrite(tracked, "m7", "19")
    with pytest.raises(VitalsError):
        pipeline.run(tracked)
    rewrite(tracked, "bad", "3")
    pipeline.run(tracked)
    assert not candidates[-1].is_whole
    assert differences_from_whole(tracked) == {}


def test_to_publish_the_same_build_again_writes_everything(
    tracked: Paths, candidates: list[Candidate], drop_calls: Callable[[str, str], None]
) -> None:
    drop_calls("late.csv", HEAD + "late,2026-01-30,3\n")
    pipeline.run(tracked)
    pipeline.publish(tracked)
    assert [one.is_whole for one in candidates[-2:]] == [False, True]
