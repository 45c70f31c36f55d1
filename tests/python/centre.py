"""What a test of the whole pipeline needs: a simulated centre, and a copy of the project."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from vitals.paths import Paths

PROJECT = Path(__file__).parents[2]
PARTS = (
    "dbt_project.yml",
    "profiles.yml",
    "models",
    "seeds",
    "macros",
    "analyses",
    "examples",
    "docs",
    "CONTRIBUTING.md",
)


@dataclass(frozen=True)
class Centre:
    """A simulated centre, taken through the pipeline."""

    paths: Paths
    truth: Path

    def published(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows that a reader of the published database gets."""
        with duckdb.connect(str(self.paths.published_db), read_only=True) as connection:
            return connection.sql(sql).fetchall()

    def copied(self, target: Path) -> "Centre":
        """The same centre in a folder of its own, to change at will."""
        shutil.copytree(self.paths.landing, target / "landing")
        shutil.copytree(self.paths.warehouse, target / "warehouse")
        return Centre(Paths(self.paths.project, target / "landing", target / "warehouse"), self.truth)


def copy_project(target: Path) -> Path:
    """The project's own files, without what is computed; the way a user's clone looks."""
    target.mkdir(parents=True)
    for part in PARTS:
        source = PROJECT / part
        if source.is_dir():
            shutil.copytree(source, target / part)
        elif source.exists():
            shutil.copy(source, target / part)
    (target / "tests").mkdir()
    shutil.copytree(PROJECT / "tests" / "generic", target / "tests" / "generic")
    for test in (PROJECT / "tests").glob("assert_*.sql"):
        shutil.copy(test, target / "tests")
    return target
