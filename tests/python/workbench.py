"""Builds the figures of some exports quickly: the models that they need, with one dbt parse for all."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from centre import PROJECT
from vitals import dbt_build, history, pipeline
from vitals.landing import write_run
from vitals.paths import Paths


@dataclass(frozen=True)
class Built:
    """The work database of one build."""

    database: Path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query gives."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.sql(sql).fetchall()


class Workbench:
    """A warehouse in one place, emptied for each set of exports, so that dbt reads the project once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.warehouse = root / "warehouse"
        self._manifest: Any = None

    def build(
        self,
        name: str,
        landing: Path,
        select: Sequence[str],
        tests: Sequence[str],
        as_of: datetime | None = None,
    ) -> Built:
        """Lands a folder, builds the selected models and what they read, and runs the data tests of `tests`.

        Args:
            name: of the copy of the work database that is kept.
            landing: the exports.
            select, tests: dbt selectors.
            as_of: UTC; None = as far as the data reaches.
        """
        shutil.rmtree(self.warehouse, ignore_errors=True)
        paths = Paths(PROJECT, landing, self.warehouse)
        pipeline.land(paths)
        write_run(paths, as_of, datetime.now(UTC))
        if self._manifest is None:
            self._manifest = dbt_build.parse(Paths(PROJECT, landing, self.warehouse))
        history.write_sources(paths, {"nodes": {}, "macros": {}, "metadata": {"project_name": "vitals"}})
        self._dbt("build", "--select", *select, "--exclude-resource-type", "test", "unit_test")
        self._dbt(
            "test",
            "--select",
            *tests,
            "--exclude-resource-type",
            "unit_test",
            "--indirect-selection",
            "buildable",
        )
        # Views name the database that they are in, which is called after its file.
        kept = self.root / name / paths.work_db.name
        kept.parent.mkdir(exist_ok=True)
        shutil.copy(paths.work_db, kept)
        return Built(kept)

    def _dbt(self, *arguments: str) -> None:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        places = [
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
            *("--target-path", str(self.root / "target"), "--log-path", str(self.root / "logs")),
        ]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("VITALS_WAREHOUSE", str(self.warehouse))
            patch.setenv("DO_NOT_TRACK", "1")
            folder = Path.cwd()
            try:
                done = dbtRunner(manifest=self._manifest).invoke(["--quiet", *arguments, *places])
            finally:
                os.chdir(folder)
                DuckDBConnectionManager.close_all_connections()
        failed = [
            f"{one.node.name}: {one.message}"
            for one in (done.result.results if done.result else [])
            if one.status not in ("success", "pass", "warn")
        ]
        assert not failed, failed
        assert done.success, done.exception
