"""Data tests: each rule tells who breaks it, and nothing is kept of a test that passes."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from centre import PROJECT
from vitals import dbt_build
from vitals.dbt_build import DbtReport, NodeResult
from vitals.paths import Paths

GENERIC = Path("tests/generic")
PARTS = {
    "dbt_project.yml": """
name: things
profile: things
flags: {send_anonymous_usage_stats: false}
data_tests: {things: {+store_failures: true, +schema: audit}}
""",
    "profiles.yml": """
things:
  target: here
  outputs:
    here: {type: duckdb, path: "{{ env_var('VITALS_WAREHOUSE') }}/work.duckdb", schema: main, threads: 1}
""",
    "macros/generate_schema_name.sql": """
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name is not none else target.schema }}
{%- endmacro %}
""",
    "models/kinds.sql": "select 'big' as kind union all select 'small' as kind",
    "models/things.yml": """
version: 2
models:
  - name: things
    data_tests:
      - valid_rows:
          name: valid_rows_things
          arguments:
            not_null: [thing_id, weight]
            not_negative: [weight]
            accepted_values:
              colour: [red, it's blue]
              size: [1, 2]
              is_new: [true]
            expressions:
              - weight < 100 or colour = 'red'
              - valid_to > valid_from
      - valid_rows:
          name: valid_rows_things_suspicious
          config: {where: "colour = 'red'", severity: warn}
          arguments: {accepted_values: {size: [1]}}
      - unique_combination: {arguments: {columns: [kind, colour]}}
      - no_overlap: {arguments: {scope: [kind]}}
    columns:
      - {name: thing_id, data_tests: [unique]}
      - {name: kind, data_tests: [{relationships: {arguments: {to: ref('kinds'), field: kind}}}]}
""",
}
COLUMNS = "thing_id, kind, colour, weight, size, is_new, valid_from, valid_to"
FIRST = "('a', 'big', 'red', 150, 1, true, date '2026-01-01', date '2026-02-01')"
SECOND = "('b', 'small', 'it''s blue', 0, 2, true, date '2026-01-01', null)"
# What is unknown breaks nothing but not_null.
UNKNOWN = "('c', null, null, 100, null, null, null, date '2026-01-01')"
SOUND = (FIRST, SECOND, UNKNOWN)


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A project of one small table and every kind of test that the project has."""
    project = tmp_path_factory.mktemp("things")
    real = [*(PROJECT / GENERIC).glob("*.sql"), PROJECT / "macros/data_test.sql"]
    for name, text in PARTS.items() | {
        (str(file.relative_to(PROJECT)), file.read_text(encoding="utf-8")) for file in real
    }:
        file = project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return Paths(project=project, landing=project / "landing", warehouse=project / "warehouse")


def built(paths: Paths, *rows: str, select: tuple[str, ...] = ()) -> DbtReport:
    """The report of a build in which the table has these rows."""
    values = ",\n    ".join(rows)
    (paths.project / "models" / "things.sql").write_text(
        f"select *\nfrom (\n    values\n    {values}\n) as rows_of_it ({COLUMNS})\n", encoding="utf-8"
    )
    return dbt_build.build(paths, dbt_build.parse(paths), select)


def kept(paths: Paths) -> set[str]:
    """The tables in `audit`."""
    with duckdb.connect(str(paths.work_db), read_only=True) as connection:
        return {
            str(name)
            for (name,) in connection.execute(
                "select table_name from information_schema.tables where table_schema = 'audit'"
            ).fetchall()
        }


def by_name(results: tuple[NodeResult, ...]) -> dict[str, NodeResult]:
    """Each failure by its name."""
    return {one.name: one for one in results}


def test_a_build_that_passes_keeps_no_table(things: Paths) -> None:
    report = built(things, *SOUND)
    assert report.passed, report.failures
    assert (report.tests, report.warnings) == (6, ())
    assert kept(things) == set()


@pytest.mark.parametrize(
    ("row", "rules"),
    [
        ("(null, 'big', null, 1, 1, true, null, null)", ["thing_id is null"]),
        ("('x', 'big', null, -1, 1, true, null, null)", ["weight is negative"]),
        ("('x', 'big', 'blue', 1, 1, true, null, null)", ["colour is none of red, it's blue"]),
        ("('x', 'big', null, 1, 3, true, null, null)", ["size is none of 1, 2"]),
        ("('x', 'big', null, 1, 1, false, null, null)", ["is_new is none of true"]),
        (
            "('x', 'big', 'it''s blue', 100, 1, true, null, null)",
            ["weight < 100 or colour = 'red' does not hold"],
        ),
        (
            "('x', 'big', null, 1, 1, true, date '2026-01-01', date '2026-01-01')",
            ["valid_to > valid_from does not hold"],
        ),
        (
            "(null, 'big', 'blue', null, 1, true, null, null)",
            ["thing_id is null", "weight is null", "colour is none of red, it's blue"],
        ),
    ],
)
def test_each_rule_of_a_row_names_itself_and_the_row_that_breaks_it(
    things: Paths, row: str, rules: list[str]
) -> None:
    report = built(things, *SOUND, row, select=("things",))
    (failure,) = report.failures
    assert (failure.name, failure.file, failure.rows) == ("valid_rows_things", "models/things.yml", 1)
    assert failure.rules == tuple((rule, 1) for rule in rules)
    assert failure.title == f"valid_rows_things ({'; '.join(rules)})"
    (shown,) = failure.sample
    assert shown["broken_rules"] == "; ".join(rules)
    assert failure.relation == "audit.valid_rows_things"
    assert kept(things) == {"valid_rows_things"}


def test_rows_are_counted_by_the_rule_that_they_break(things: Paths) -> None:
    report = built(
        things,
        *SOUND,
        "('x', 'big', null, -1, 1, true, null, null)",
        "('y', 'small', 'blue', -2, 1, true, null, null)",
    )
    failure = by_name(report.failures)["valid_rows_things"]
    assert failure.rows == 2
    assert failure.rules == (("weight is negative", 2), ("colour is none of red, it's blue", 1))


def test_rules_between_rows_and_tables_name_themselves_and_keep_their_rows(things: Paths) -> None:
    twin = "('b', 'small', 'it''s blue', 0, 2, true, date '2026-03-01', null)"
    stranger = "('x', 'huge', 'red', 1, 2, true, null, null)"
    report = built(things, *SOUND, twin, stranger)
    failures = by_name(report.failures)
    assert {name: one.rows for name, one in failures.items()} == {
        "unique_things_thing_id": 1,
        "unique_combination_things_kind__colour": 1,
        "no_overlap_things_kind": 1,
        "relationships_things_kind__kind__ref_kinds_": 1,
    }
    assert failures["unique_things_thing_id"].sample == ({"unique_field": "b", "n_records": "2"},)
    assert failures["relationships_things_kind__kind__ref_kinds_"].sample == ({"from_field": "huge"},)
    (warning,) = report.warnings
    assert warning.title == "valid_rows_things_suspicious (size is none of 1)"
    assert {row["thing_id"] for row in warning.sample} == {"x"}
    everything = [*report.failures, *report.warnings]
    assert kept(things) == {str(one.relation).removeprefix("audit.") for one in everything}


def test_rows_of_an_earlier_failure_go_once_the_test_passes_or_is_gone(things: Paths) -> None:
    heavy = "('x', 'big', 'it''s blue', 100, 1, true, null, null)"
    assert not built(things, *SOUND, heavy).passed
    assert kept(things) == {"valid_rows_things"}
    # in a part of the build too
    assert built(things, *SOUND, select=("things",)).passed
    assert kept(things) == set()
    with duckdb.connect(str(things.work_db)) as connection:
        connection.execute("create table audit.of_a_test_that_is_gone as select 1 as n")
    assert built(things, *SOUND).passed
    assert kept(things) == set()
