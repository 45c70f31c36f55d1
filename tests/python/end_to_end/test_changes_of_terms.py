"""A target or threshold that changes from one day on leaves the days before as they were."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from centre import PROJECT, Centre, copy_project
from vitals import dbt_build
from vitals.paths import Paths

# What has a day, and what it is known by.
DAILY = (
    "marts.kpi_values",
    "marts.kpi_service_level_variants",
    "marts.kpi_sla_cells",
    "marts.kpi_service_values",
    "marts.fct_targets_in_force",
    "marts.agg_contacts_daily",
)
REPORTS = ("marts.rpt_scorecard", "marts.rpt_sla_report")
MIDDLE = date(2026, 10, 26)
# seed, scope, new value: each far from the old one, so that a day which it reaches shows it.
CHANGES = (
    ("thresholds.csv", {"threshold": "service_level_seconds"}, "1"),
    ("thresholds.csv", {"threshold": "short_abandon_seconds", "client": "halcyon_bank"}, "60"),
    ("thresholds.csv", {"threshold": "repeat_window_days"}, "1"),
    ("targets.csv", {"kpi_id": "service_level"}, "0.99"),
    ("targets.csv", {"kpi_id": "speed_of_answer"}, "1"),
    ("contract_targets.csv", {"client": "meridian_travel", "kpi_id": "service_level"}, "0.99"),
    ("call_performance_weights.csv", {"kpi_id": "abandonment_rate"}, "500"),
)


class Terms:
    """A copy of a built centre whose reference rows may change."""

    def __init__(self, centre: Centre, home: Path) -> None:
        project = copy_project(home / "project")
        self.paths = Paths(project, project / "landing", project / "warehouse")
        shutil.copytree(centre.paths.raw, self.paths.raw)
        shutil.copy(centre.paths.work_db, self.paths.work_db)
        # dbt then need not read the whole project again.
        shutil.copytree(dbt_build.target_dir(centre.paths), dbt_build.target_dir(self.paths))
        self.reference = project / "seeds" / "reference"
        self.daily_before = {relation: self.days(relation) for relation in DAILY}
        self.reports_before = {relation: self.all_rows(relation) for relation in REPORTS}

    def restore(self) -> None:
        """The reference rows as they are in the project."""
        shutil.copytree(PROJECT / "seeds" / "reference", self.reference, dirs_exist_ok=True)

    def change(self, seed: str, scope: dict[str, str], day: date, value: str) -> None:
        """Close the row in force for a scope, and give it a new value from a day on."""
        file = self.reference / seed
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        columns = list(rows[0])
        names = [name for name in columns[:-1] if name not in ("valid_from", "valid_to")]
        open_ones = [
            row
            for row in rows
            if not row["valid_to"] and all(row[name] == scope.get(name, "") for name in names)
        ]
        assert len(open_ones) == 1, (seed, scope)
        new = dict(open_ones[0])
        open_ones[0]["valid_to"] = new["valid_from"] = day.isoformat()
        new[columns[-1]] = value
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows([*rows, new])

    def rebuild(self) -> None:
        """The changed seeds and what is made of them, without the tests."""
        seeds = ("thresholds", "targets", "contract_targets", "call_performance_weights")
        done = subprocess.run(
            [
                str(Path(sys.executable).parent / "dbt"),
                "build",
                *("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"),
                *("--select", *(f"{seed}+" for seed in seeds)),
                *("--project-dir", str(self.paths.project), "--profiles-dir", str(self.paths.project)),
                *("--target-path", str(dbt_build.target_dir(self.paths))),
                *("--log-path", str(dbt_build.log_dir(self.paths))),
            ],
            env={**os.environ, "VITALS_WAREHOUSE": str(self.paths.warehouse), "DO_NOT_TRACK": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:]

    def days(self, relation: str) -> dict[date, str]:
        """A checksum of the rows of each day."""
        rows = self._query(
            f"select day, count(*) || ':' || bit_xor(hash(t)) from {relation} as t group by day"
        )
        return {day: str(checksum) for day, checksum in rows}

    def all_rows(self, relation: str) -> str:
        """A checksum of all rows."""
        return str(self._query(f"select count(*), bit_xor(hash(t)) from {relation} as t"))

    def as_of(self) -> date:
        """The day as of which everything is reported."""
        found: date = self._query("select cast(as_of as date) from intermediate.int_runs__resolved")[0][0]
        return found

    def _query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.paths.work_db), read_only=True) as connection:
            return connection.sql(sql).fetchall()


@pytest.fixture(scope="module")
def terms(centre: Centre, tmp_path_factory: pytest.TempPathFactory) -> Terms:
    """The session's centre, in a place where its terms may change."""
    return Terms(centre, tmp_path_factory.mktemp("terms"))


def test_terms_that_change_tomorrow_leave_every_figure_of_today_and_before_as_it_was(terms: Terms) -> None:
    terms.restore()
    for seed, scope, value in CHANGES:
        terms.change(seed, scope, terms.as_of() + timedelta(days=1), value)
    terms.rebuild()
    assert {relation: terms.days(relation) for relation in DAILY} == terms.daily_before
    assert {relation: terms.all_rows(relation) for relation in REPORTS} == terms.reports_before


def test_terms_that_change_in_between_change_only_the_days_from_then_on(terms: Terms) -> None:
    terms.restore()
    for seed, scope, value in CHANGES:
        terms.change(seed, scope, MIDDLE, value)
    terms.rebuild()
    for relation in DAILY:
        before, after = terms.daily_before[relation], terms.days(relation)
        assert before.keys() == after.keys(), relation
        changed = {day for day in before if before[day] != after[day]}
        assert changed, relation
        assert min(changed) == MIDDLE, (relation, sorted(changed))
    assert terms.all_rows("marts.rpt_scorecard") != terms.reports_before["marts.rpt_scorecard"]
