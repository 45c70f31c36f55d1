"""What the plan of a build knows of what changed: files, seeds, code, and what earlier builds still owe."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pytest

from vitals import dbt_build, tracking
from vitals.paths import Paths

RAW = "desk/calls/{}.parquet"


class Project:
    """An installation with one staging model, a contact model that reads a seed, and a mart."""

    def __init__(self, home: Path) -> None:
        self.paths = Paths(home, home / "landing", home / "warehouse")
        self.nodes: dict[str, Any] = {}
        self.model("stg_desk__calls", [])
        self.model("int_contacts__desk", ["model.v.stg_desk__calls", "seed.v.queues"])
        self.model("fct_contacts", ["model.v.int_contacts__desk"])
        self.seed("line 1")
        self.file("a", "1")

    def model(self, name: str, reads: list[str], code: str = "select 1") -> None:
        """A tracked model in the manifest."""
        self.nodes[f"model.v.{name}"] = {
            "resource_type": "model",
            "name": name,
            "relation_name": name,
            "raw_code": code,
            "columns": {},
            "config": {"materialized": "tracked", "contract": {}},
            "depends_on": {"nodes": reads},
        }
        self.write()

    def seed(self, content: str) -> None:
        """The seed's file."""
        (self.paths.project / "queues.csv").write_text(content, encoding="utf-8")
        self.nodes["seed.v.queues"] = {
            "resource_type": "seed",
            "name": "queues",
            "relation_name": "queues",
            "original_file_path": "queues.csv",
            "config": {"column_types": {}},
        }
        self.write()

    def write(self) -> None:
        """The manifest, as dbt's parse leaves it."""
        sources = {
            f"source.v.{name}": {"source_name": name, "config": {}, "columns": {}} for name in ("desk", "fax")
        }
        manifest = {"metadata": {"project_name": "v"}, "nodes": self.nodes, "macros": {}, "sources": sources}
        target = dbt_build.target_dir(self.paths)
        target.mkdir(parents=True, exist_ok=True)
        (target / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    def file(self, name: str, content: str) -> Path:
        """A raw file."""
        file = self.paths.raw / RAW.format(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        return file

    def build(
        self,
        built: tuple[str, ...] = ("stg_desk__calls", "int_contacts__desk", "fct_contacts"),
        done: bool = True,
        full: bool = False,
        owed: bool = False,
    ) -> tuple[dict[str, str], set[tuple[str, bool]]]:
        """Build these models; the plan, and the changed files with whether they are there."""
        with tracking.planned(self.paths, full), duckdb.connect(str(self.paths.work_db)) as connection:
            plan = dict(connection.execute("from changes.plan").fetchall())
            files = connection.execute(
                "select file_hash, file is not null from changes.changed_files"
            ).fetchall()
            for name in built:
                connection.execute(f"create table if not exists changes.{name} (contact_id varchar)")
                connection.execute(f"insert into changes.{name} values ('1')")
                connection.execute("insert into changes.built values (?)", [name])
        if owed:
            tracking.note_owed(self.paths, f"live round {uuid4()}")
        elif done:
            tracking.note_done(self.paths, str(uuid4()))
        return plan, set(files)

    def noted(self, model: str) -> int:
        """How many changed rows of a model are kept."""
        with duckdb.connect(str(self.paths.work_db)) as connection:
            row = connection.execute(f"select count(*) from changes.{model}").fetchone()
        return int(row[0]) if row else 0


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Built once, from nothing."""
    made = Project(tmp_path)
    plan, files = made.build()
    assert set(plan.values()) == {"new"}
    assert files == {("a", True)}
    return made


def test_without_a_change_every_model_has_nothing_to_do(project: Project) -> None:
    plan, files = project.build()
    assert set(plan.values()) == {"touched"}
    assert files == set()


def test_new_rewritten_and_gone_files_are_told_apart(project: Project) -> None:
    project.file("b", "2")
    assert project.build()[1] == {("b", True)}
    project.file("a", "other content")
    assert project.build()[1] == {("a", True)}
    project.file("b", "2").unlink()
    assert project.build()[1] == {("b", False)}


def test_what_a_stopped_build_owes_is_kept_until_one_passes(project: Project) -> None:
    project.build()
    project.file("b", "2")
    project.build(done=False)
    project.file("c", "3")
    plan, files = project.build(done=False)
    assert files == {("b", True), ("c", True)}
    assert project.noted("stg_desk__calls") == 2
    (project.paths.raw / RAW.format("b")).unlink()
    assert project.build()[1] == {("b", False), ("c", True)}
    project.build()
    assert project.noted("stg_desk__calls") == 1
    assert set(plan.values()) == {"touched"}


def test_the_changes_say_which_build_they_are_relative_to(project: Project) -> None:
    def base() -> tracking.BaseOfChanges | None:
        with duckdb.connect(str(project.paths.work_db), read_only=True) as connection:
            return tracking.base_of_changes(connection, project.paths.work_db.stem)

    def relative_to() -> str | None:
        found = base()
        if found is None:
            return None
        (build,) = found.builds
        return build

    assert relative_to() is None
    project.build(done=False)
    first = relative_to()
    assert first is not None
    project.build(done=False)
    assert relative_to() == first
    tracking.note_done(project.paths, "second")
    assert relative_to() == first
    with duckdb.connect(str(project.paths.work_db)) as connection:
        connection.execute("insert into changes.anew values ('fct_contacts')")
    found = base()
    assert found is not None
    assert "stg_desk__calls" in found.noted
    assert "fct_contacts" not in found.noted
    project.build()
    assert relative_to() == "second"
    found = base()
    assert found is not None
    assert "fct_contacts" in found.noted
    project.build(full=True)
    assert relative_to() is None


def test_a_live_round_leaves_what_it_noted_to_the_next_build(project: Project) -> None:
    project.build()
    project.file("b", "2")
    assert project.build(owed=True)[1] == {("b", True)}
    project.file("c", "3")
    with tracking.planned(project.paths, full=False) as plan:
        # it goes on from the live round: what that read is still told, and what came since
        assert plan.staged == frozenset({"stg_desk__calls"})
        assert plan.is_news
    tracking.note_owed(project.paths, "live round 2")
    with duckdb.connect(str(project.paths.work_db), read_only=True) as connection:
        found = tracking.base_of_changes(connection, project.paths.work_db.stem)
    assert found is not None
    assert len(found.builds) == 3
    assert "live round 2" in found.builds
    with tracking.planned(project.paths, full=False) as plan:
        assert plan.staged == frozenset({"stg_desk__calls"})
        assert not plan.is_news
    tracking.note_done(project.paths, "everything")
    assert project.build()[1] == set()


def test_after_a_live_round_that_failed_everything_is_built(project: Project) -> None:
    project.build()
    project.build(owed=True)
    project.build(done=False)
    with tracking.planned(project.paths, full=False) as plan:
        assert plan.staged is None


def test_a_changed_seed_computes_whole_what_reads_it_and_no_more(project: Project) -> None:
    project.seed("line 2")
    plan, _ = project.build()
    assert plan == {"stg_desk__calls": "touched", "int_contacts__desk": "whole", "fct_contacts": "touched"}
    assert set(project.build()[0].values()) == {"touched"}


def a_changed_model(project: Project) -> None:
    project.model("fct_contacts", ["model.v.int_contacts__desk"], code="select 2")


def a_lost_database(project: Project) -> None:
    project.paths.work_db.unlink()


@pytest.mark.parametrize("change", [a_changed_model, a_lost_database])
def test_what_nothing_is_known_of_is_built_anew(project: Project, change: Callable[[Project], None]) -> None:
    change(project)
    plan, files = project.build()
    assert set(plan.values()) == {"new"}
    assert files == {("a", True)}


def test_a_full_build_is_one(project: Project) -> None:
    assert set(project.build(full=True)[0].values()) == {"new"}


def test_what_was_never_built_is_new_and_what_reads_it_is_compared_whole(project: Project) -> None:
    project.model("fct_contacts", ["model.v.int_contacts__desk"], code="select 2")
    project.build(built=("int_contacts__desk", "fct_contacts"), done=False)
    assert project.build()[0] == {
        "stg_desk__calls": "new",
        "int_contacts__desk": "whole",
        "fct_contacts": "touched",
    }


def test_there_is_a_plan_only_while_its_build_runs(project: Project) -> None:
    with pytest.raises(RuntimeError, match="stopped"), tracking.planned(project.paths, full=False):
        raise RuntimeError("stopped")
    with duckdb.connect(str(project.paths.work_db)) as connection:
        held = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'changes'"
        ).fetchall()
    assert ("plan",) not in held
    assert ("changed_files",) in held


def test_a_platform_without_files_is_idle_with_the_tests_of_it_alone(project: Project) -> None:
    project.model("stg_desk__calls", ["source.v.desk"])
    project.model("stg_fax__sheets", ["source.v.fax"])
    project.model("int_contacts__fax", ["model.v.stg_fax__sheets", "seed.v.queues"])
    project.model("fct_contacts", ["model.v.int_contacts__desk", "model.v.int_contacts__fax"])
    for name, reads in {
        "unique_fax": ["model.v.int_contacts__fax", "model.v.stg_fax__sheets"],
        "unique_desk": ["model.v.stg_desk__calls"],
        "relationships": ["model.v.int_contacts__fax", "model.v.fct_contacts"],
        "of_a_seed": ["seed.v.queues"],
    }.items():
        project.nodes[f"test.v.{name}"] = {
            "resource_type": "test",
            "name": name,
            "depends_on": {"nodes": reads},
        }
    project.write()
    every = ("stg_desk__calls", "stg_fax__sheets", "int_contacts__desk", "int_contacts__fax", "fct_contacts")

    def idle() -> set[str]:
        with tracking.planned(project.paths, full=False) as plan:
            found = set(plan.idle)
        tracking.note_done(project.paths, str(uuid4()))
        return found

    project.build(built=every)
    assert idle() == {"stg_fax__sheets", "int_contacts__fax", "unique_fax"}
    # a changed word is news for everybody
    project.seed("line 2")
    assert idle() == set()
    sheet = project.paths.raw / "fax/sheets/f.parquet"
    sheet.parent.mkdir(parents=True)
    sheet.write_text("1", encoding="utf-8")
    assert idle() == set()
    # its rows have to go before it is idle again
    sheet.unlink()
    assert idle() == set()
    assert idle() == {"stg_fax__sheets", "int_contacts__fax", "unique_fax"}
