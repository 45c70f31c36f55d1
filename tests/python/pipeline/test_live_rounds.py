"""Live rounds: the running day is published first, and of what changed nothing escapes its tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from centre import PROJECT
from desk_calls import HEAD, rewrite, track
from published import differences_from_whole
from vitals import pipeline
from vitals.paths import Paths
from vitals.pipeline import AuditFailed, LiveReport
from vitals.publish import published_version

# A report that a live round leaves for later, and tests of every kind that it narrows to what changed.
MORE = {
    "models/marts/decisions/rpt_days.sql": """
{{ config(meta={'live': 'later'}) }}
select day, count(*) as contacts_count from {{ ref('fct_contacts') }} group by day
""",
    "tests/assert_no_day_is_crowded.sql": """
{{ config(meta={'live': 'later'}) }}
select day from {{ ref('fct_contacts') }} group by day having count(*) > 50
""",
    "models/marts/days.sql": """
{{ tracked('day', by={'stg_desk__calls': 'day'}) }}
select distinct day from {{ ref('stg_desk__calls') }} where wait_seconds < 60 and {{ only_touched('day') }}
""",
    "models/marts/_models.yml": """
version: 2
models:
  - name: fct_contacts
    data_tests:
      - unique_combination: {arguments: {columns: [contact_id, day]}}
      - valid_rows:
          name: valid_rows_fct_contacts
          arguments: {not_null: [contact_id, day], not_negative: [wait_seconds]}
    columns:
      - {name: contact_id, data_tests: [unique]}
      - {name: day, data_tests: [{relationships: {arguments: {to: ref('days'), field: day}}}]}
""",
    "tests/generic/unique_combination.sql": (PROJECT / "tests/generic/unique_combination.sql").read_text(
        encoding="utf-8"
    ),
}


class Live:
    """A warm process whose rounds the test begins."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self._project = pipeline._Project(paths)
        self._keeper = pipeline._gatekeeper(paths)
        self.round(only=None, is_first=False)

    def round(self, only: set[Any] | None, is_first: bool) -> LiveReport:
        """One round of `watch`."""
        return pipeline._round(
            self.paths, self._project, only, self._keeper, pipeline.silent, None, is_first, is_again=False
        )

    def brings(self, rows: str) -> LiveReport:
        """A file comes: the first half of what is done for it."""
        file = self.paths.landing / f"desk/calls/{abs(hash(rows))}.csv"
        file.write_text(HEAD + rows, encoding="utf-8")
        return self.round({file}, is_first=True)

    def rests(self) -> LiveReport:
        """No further file waits: the second half."""
        return self.round(set(), is_first=False)

    def published(self, query: str) -> list[tuple[Any, ...]]:
        """What a reader sees."""
        with duckdb.connect(str(self.paths.published_db), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def is_whole(self) -> bool:
        """Whether the published reports are those of the published facts, as the file says."""
        version = published_version(self.paths.published_db)
        assert version is not None
        return version.is_whole


@pytest.fixture
def live(centre: Paths, drop_calls: Callable[[str, str], None]) -> Live:
    """The tiny centre with tracked models, more calls and a report that may wait, after the first round."""
    track(centre, MORE)
    drop_calls("many.csv", HEAD + "".join(f"m{call},2026-02-01,{call}\n" for call in range(50)))
    drop_calls("alone.csv", HEAD + "short,2026-02-09,10\nlong,2026-02-09,90\n")
    return Live(centre)


DAY = "select contacts_count from marts.rpt_days where day = '2026-03-02'"


def test_the_running_day_is_published_first_and_the_reports_follow(live: Live) -> None:
    assert live.is_whole()
    assert live.published(DAY) == [(1,)]
    first = live.brings("d,2026-03-02,7\n")
    assert first.build is not None
    assert (first.build.is_first, first.build.dbt.models) == (True, 3)
    assert live.published("select day from marts.fct_contacts where contact_id = 'd'")
    assert live.published(DAY) == [(1,)]
    assert not live.is_whole()
    live.brings("e,2026-03-02,8\n")
    second = live.rests()
    assert second.build is not None
    assert (second.build.is_first, second.build.dbt.models) == (False, 1)
    assert live.published(DAY) == [(3,)]
    assert live.is_whole()
    assert differences_from_whole(live.paths) == {}
    assert live.rests().build is None


def test_a_run_makes_up_for_reports_that_no_round_built(live: Live) -> None:
    live.brings("d,2026-03-02,7\n")
    pipeline.run(live.paths)
    assert live.published(DAY) == [(2,)]
    assert live.is_whole()
    assert differences_from_whole(live.paths) == {}


def a_rule_of_the_row(live: Live) -> LiveReport:
    return live.brings("d,2026-03-02,-7\n")


def a_second_row_of_a_contact(live: Live) -> LiveReport:
    return live.brings("m1,2026-03-02,7\n")


def a_row_without_its_parent(live: Live) -> LiveReport:
    return live.brings("d,2026-04-01,70\n")


def a_parent_that_went(live: Live) -> LiveReport:
    rewrite(live.paths, "short", None)
    return live.brings("d,2026-03-02,7\n")


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (a_rule_of_the_row, "valid_rows_fct_contacts"),
        (a_second_row_of_a_contact, "unique_fct_contacts_contact_id"),
        (a_row_without_its_parent, "relationships_fct_contacts_day__day__ref_days_"),
        (a_parent_that_went, "relationships_fct_contacts_day__day__ref_days_"),
    ],
)
def test_what_changed_is_tested(live: Live, broken: Callable[[Live], LiveReport], test: str) -> None:
    before = live.published("from marts.fct_contacts order by all")
    with pytest.raises(AuditFailed) as failed:
        broken(live)
    assert [one.name for one in failed.value.report.failures] == [test]
    assert live.published("from marts.fct_contacts order by all") == before


def test_a_combination_is_looked_for_among_all_rows(live: Live) -> None:
    with pytest.raises(AuditFailed) as failed:
        live.brings("m1,2026-02-01,57\n")
    assert {one.name for one in failed.value.report.failures} == {
        "unique_fct_contacts_contact_id",
        "unique_combination_fct_contacts_contact_id__day",
    }


def test_an_assertion_over_history_waits_for_the_second_half(live: Live) -> None:
    assert live.brings("crowd,2026-02-01,7\n").publication is not None
    with pytest.raises(AuditFailed) as failed:
        live.rests()
    assert [one.name for one in failed.value.report.failures] == ["assert_no_day_is_crowded"]
    assert not live.is_whole()


def test_rows_that_did_not_change_are_tested_by_the_next_run(live: Live) -> None:
    with duckdb.connect(str(live.paths.work_db)) as connection:
        connection.execute("update marts.fct_contacts set wait_seconds = -1 where contact_id = 'm3'")
    state = pipeline._state_file(live.paths)
    told = json.loads(state.read_text(encoding="utf-8"))
    told["fingerprint"] = pipeline._fingerprint(live.paths.work_db)
    state.write_text(json.dumps(told), encoding="utf-8")
    assert live.brings("d,2026-03-02,7\n").publication is not None
    with pytest.raises(AuditFailed, match="wait_seconds is negative"):
        pipeline.run(live.paths)
