"""The published files of the levels, written and put in place without a build."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from vitals.errors import VitalsError
from vitals.publish import LEVELS, Version, export_candidate, swap

VERSION = Version(datetime(2026, 3, 3, tzinfo=UTC), "1", None, "build", None)


def model(schema: str, name: str, level: str | None) -> dict[str, Any]:
    """A model as the manifest tells it."""
    config = {"materialized": "table", "meta": {"level": level} if level else {}}
    return {"resource_type": "model", "schema": schema, "alias": name, "name": name, "config": config} | {
        "columns": {},
        "description": "",
    }


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A work database with one relation per level."""
    with duckdb.connect(str(tmp_path / "work.duckdb")) as connection:
        connection.execute(
            "create schema marts; create schema people; create table marts.fct as select 'x' as contact_id;"
            "create view marts.kpi as select count(*) as n from marts.fct;"
            "create table people.dim_agent as select 'Ann' as name"
        )
    return tmp_path / "work.duckdb"


def manifest(level: str | None = "analysts") -> dict[str, Any]:
    """The three models; the facts have the given level."""
    nodes = [
        model("marts", "fct", level),
        model("marts", "kpi", "managers"),
        model("people", "dim_agent", "owners"),
    ]
    return {"nodes": dict(enumerate(nodes))}


def tables(file: Path) -> set[str]:
    """What a reader of a file finds in it."""
    with duckdb.connect(str(file), read_only=True) as connection:
        return {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}


def test_each_level_gets_its_own_file_with_its_mode_again_and_again(work: Path) -> None:
    for _ in range(2):
        candidate = export_candidate(work, work.with_name(".new.duckdb"), manifest(), VERSION)
        for level, (_levels, mode) in LEVELS.items():
            assert candidate.of(level).stat().st_mode & 0o777 == 0o600
            swap(candidate.of(level), work.with_name(f"{level}.duckdb"), mode)
    assert tables(work.with_name("managers.duckdb")) == {"kpi", "published_version"}
    assert tables(work.with_name("analysts.duckdb")) == {"fct", "kpi", "published_version"}
    assert tables(work.with_name("owners.duckdb")) == {"dim_agent", "published_version"}
    modes = {level: work.with_name(f"{level}.duckdb").stat().st_mode & 0o777 for level in LEVELS}
    assert modes == {"managers": 0o644, "analysts": 0o640, "owners": 0o600}
    assert not list(work.parent.glob(".new*"))


@pytest.mark.parametrize("level", [None, "everyone"])
def test_a_model_without_a_level_is_not_published(work: Path, level: str | None) -> None:
    with pytest.raises(VitalsError, match=r"The model fct says .* for who may read it"):
        export_candidate(work, work.with_name(".new.duckdb"), manifest(level), VERSION)
    assert not list(work.parent.glob(".new*"))
