"""Every rule of `vitals lint`, on a text that breaks it and on one that does not."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from vitals.lint import lint_layers, lint_project, lint_sql
from vitals.paths import Paths

BROKEN_AND_SOUND = [
    ("division", "select a / b from t", "select a / nullif(b, 0) from t"),
    ("division", "select a / 0 from t", "select a / 60.0 from t"),
    ("division", "select a / case when x then 0 else 1 end", "select a / case when x then 1000 else 1 end"),
    ("division", "select a / (b - c)", "-- a / b\nselect 'a / b' as text, /* a / b */ {{ a }} / {{ b }}"),
    ("null-order", "select * from t order by a", "select * from t order by a nulls last, b desc nulls last"),
    (
        "null-order",
        "select max(a) over (order by a, b nulls last)",
        "select max(a) over (order by a nulls last)",
    ),
    (
        "null-order",
        "select row_number() over (order by coalesce(a, b) desc rows between 1 preceding and current row)",
        "select percentile_cont(0.5) within group (order by a)",
    ),
    ("quoted-identifier", 'select "Name" from t', "select 'Name' as name from t"),
    (
        "timestamp-cast",
        "select cast('2026-03-01T10:00:00+02:00' as timestamp)",
        "select {{ iso_to_utc('x') }}",
    ),
    ("timestamp-cast", "select try_cast(x as timestamp)", "select cast(day as timestamp)"),
    ("timestamp-cast", "select cast(x as timestamptz)", "select cast(null as timestamp)"),
    ("integer-cast", "select cast(a / 2 as bigint)", "select cast(round(a / 2) as bigint)"),
    ("integer-cast", "select cast(1.7 as int)", "select cast(1 + floor(1.7) as integer), cast(a as bigint)"),
    ("concat", "select concat(a, b)", "select coalesce(a, '') || b, concat_ws(',', a, b)"),
    ("backslash", r"select regexp_matches(a, '\d+')", "select regexp_matches(a, '[0-9]+')"),
    ("regexp-replace", "select regexp_replace(a, 'x', '')", "select {{ regexp_replace_all('a', 'x', '') }}"),
    ("weekday", "select dayofweek(day)", "select {{ iso_weekday('day') }}"),
    ("weekday", "select extract(dow from day)", "select extract(month from day)"),
    ("date-difference", "select datediff('day', a, b)", "select {{ days_between('a', 'b') }}"),
    ("date-difference", "select t.end_date - t.start_date from t", "select end_count - start_count"),
    (
        "date-difference",
        "select cast(a as date) - cast(b as date)",
        "select cast(a as bigint) - cast(b as bigint)",
    ),
    ("average-type", "select avg(wait_seconds)", "select cast(avg(wait_seconds) as double)"),
    ("hash", "select hash(a)", "select md5(a), file_hash from t"),
    ("approximate", "select approx_quantile(a, 0.5)", "select median(a)"),
    ("wall-clock", "select current_date", "select as_of from {{ ref('int_runs__resolved') }}"),
    ("wall-clock", "select now()", "select now from t"),
    ("dbt-macro", "select {{ dbt.datediff('a', 'b', 'hour') }}", "select {{ dbt.date_trunc('month', 'a') }}"),
    ("dbt-macro", "select {{ dbt.safe_cast('a', 'int') }}", "select {{ dbt.type_string() }}"),
    ("one-engine", "select a::date", "select cast(a as date)"),
    ("one-engine", "select a // 2", "select floor(a / 2)"),
    ("one-engine", "select a at time zone 'UTC'", "select {{ utc_to_local('a', 'zone') }}"),
    ("one-engine", "select * exclude (a) from t", "select a, count(*) from t"),
    ("one-engine", "select strftime(a, '%Y')", "select extract(year from a)"),
    ("one-engine", "select a ->> 'b'", "select {{ json_text('a', 'b[0].c') }}"),
    ("one-engine", "select arg_max(a, b)", "select max_by(a, b)"),
    (
        "one-engine",
        "select count(distinct a) over (partition by b)",
        "select count(distinct a), sum(a) over ()",
    ),
    ("one-engine", "select cast(a as varchar)", "select text, cast(a as {{ dbt.type_string() }}) as text"),
    ("one-engine", "select [1, 2]", "select 1 in (1, 2)"),
    (
        "one-engine",
        "select a from t union all by name select b from u",
        "select a from t union all select b from u",
    ),
]


@pytest.mark.parametrize(("rule", "broken", "sound"), BROKEN_AND_SOUND)
def test_a_rule_finds_what_breaks_it_and_nothing_else(rule: str, broken: str, sound: str) -> None:
    assert rule in [one.rule for one in lint_sql(broken, "m.sql")]
    assert lint_sql(sound, "m.sql") == []


def test_a_finding_names_file_and_line_also_below_jinja_and_inside_of_it() -> None:
    text = (
        "{#-\n  a / b\n-#}\nwith a as (\n    {{ kpi(\n        numerator='x',\n        denominator='x::int',\n"
    )
    text += "    ) }}\n)\nselect now()"
    assert [(one.file, one.line, one.rule) for one in lint_sql(text, "models/m.sql")] == [
        ("models/m.sql", 7, "one-engine"),
        ("models/m.sql", 10, "wall-clock"),
    ]


def test_a_sentence_in_an_argument_is_no_sql() -> None:
    assert (
        lint_sql("select {{ quarantine_reason([('a is null', 'first / last name now() missing')]) }}", "m")
        == []
    )


def test_what_one_engine_alone_speaks_stands_in_its_own_macro() -> None:
    body = "{% macro {}(ts) %}time_bucket(interval '15 minutes', {{ ts }}){% endmacro %}"
    assert lint_sql(body.replace("{}", "default__floor"), "macros/m.sql") == []
    assert [one.rule for one in lint_sql(body.replace("{}", "floor"), "macros/m.sql")] == ["one-engine"]


def model(path: str, *reads: str, **more: Any) -> dict[str, Any]:
    """A model as dbt's manifest has it; sound unless told otherwise."""
    name = Path(path).stem
    return {
        "resource_type": "model",
        "name": name,
        "path": path,
        "original_file_path": f"models/{path}",
        "raw_code": "\n".join(f"select * from {{{{ ref('{one.split('.')[-1]}') }}}}" for one in reads),
        "patch_path": f"tiny://models/{Path(path).parent}/_models.yml",
        "description": "One row per thing.",
        "columns": {"thing_id": {"name": "thing_id", "description": "Its id."}},
        "schema": "marts",
        "config": {"materialized": "table", "meta": {"level": "analysts"}},
        "contract": {"enforced": True},
        "depends_on": {"nodes": list(reads)},
        **more,
    }


def seed(path: str) -> dict[str, Any]:
    """A seed as dbt's manifest has it."""
    return {"resource_type": "seed", "name": Path(path).stem, "path": path}


def sound_manifest() -> dict[str, Any]:
    """One model per layer, nothing to find."""
    nodes = {
        "seed.v.targets": seed("reference/targets.csv"),
        "seed.v.map_desk": seed("maps/desk/map_desk.csv"),
        "model.v.stg_desk__calls": model("staging/desk/stg_desk__calls.sql", "source.v.desk.calls"),
        "model.v.int_contacts__desk": model(
            "intermediate/contacts/int_contacts__desk.sql", "model.v.stg_desk__calls", "seed.v.map_desk"
        ),
        "model.v.int_runs__resolved": model(
            "intermediate/runs/int_runs__resolved.sql", "source.v.vitals.runs"
        ),
        "model.v.fct_contacts": model("marts/core/fct_contacts.sql", "model.v.int_contacts__desk"),
        "model.v.kpi_values": model("marts/kpis/kpi_values.sql", "model.v.fct_contacts", "seed.v.targets"),
        "model.v.calc_needs__computed": model(
            "computed/staffing/calc_needs__computed.py",
            "model.v.fct_contacts",
            "seed.v.targets",
            contract={"enforced": False},
        ),
        "model.v.rpt_scorecard": model(
            "marts/decisions/rpt_scorecard.sql", "model.v.kpi_values", "model.v.calc_needs__computed"
        ),
        "model.v.rpt_quality_landing": model(
            "quality/rpt_quality_landing.sql",
            "source.v.desk.calls",
            "model.v.stg_desk__calls",
            "model.v.fct_contacts",
        ),
    }
    tests = {
        f"test.{key}": {
            "resource_type": "test",
            "name": f"unique_{key}",
            "path": "x.sql",
            "attached_node": key,
            "test_metadata": {"name": "unique_combination"},
        }
        for key in nodes
    }
    return {
        "nodes": nodes | tests,
        "sources": {
            "source.v.desk.calls": {"source_name": "desk", "name": "calls"},
            "source.v.vitals.runs": {"source_name": "vitals", "name": "runs"},
        },
    }


def test_a_sound_manifest_has_no_finding() -> None:
    assert lint_layers(sound_manifest()) == []


@pytest.mark.parametrize(
    ("key", "change", "rule"),
    [
        ("fct_contacts", {"depends_on": {"nodes": ["model.v.stg_desk__calls"]}}, "layer-read"),
        ("fct_contacts", {"depends_on": {"nodes": ["source.v.desk.calls"]}}, "layer-read"),
        ("fct_contacts", {"depends_on": {"nodes": ["source.v.vitals.runs"]}}, "layer-read"),
        ("fct_contacts", {"depends_on": {"nodes": ["seed.v.map_desk"]}}, "layer-read"),
        ("kpi_values", {"depends_on": {"nodes": ["model.v.int_contacts__desk"]}}, "layer-read"),
        ("stg_desk__calls", {"depends_on": {"nodes": ["seed.v.targets"]}}, "layer-read"),
        ("int_contacts__desk", {"depends_on": {"nodes": ["source.v.desk.calls"]}}, "layer-read"),
        ("int_contacts__desk", {"depends_on": {"nodes": ["model.v.fct_contacts"]}}, "layer-read"),
        ("kpi_values", {"depends_on": {"nodes": ["model.v.calc_needs__computed"]}}, "layer-read"),
        ("calc_needs__computed", {"depends_on": {"nodes": ["model.v.stg_desk__calls"]}}, "layer-read"),
        ("calc_needs__computed", {"depends_on": {"nodes": ["model.v.rpt_scorecard"]}}, "layer-read"),
        ("calc_needs__computed", {"name": "needs"}, "model-name"),
        ("stg_desk__calls", {"name": "stg_other__calls"}, "model-name"),
        ("fct_contacts", {"name": "contacts"}, "model-name"),
        ("rpt_scorecard", {"path": "marts/misc/rpt_scorecard.sql"}, "layer-folder"),
        ("int_contacts__desk", {"description": " "}, "model-description"),
        ("int_contacts__desk", {"description": "All contacts."}, "model-grain"),
        ("fct_contacts", {"contract": {"enforced": False}}, "mart-contract"),
        ("fct_contacts", {"columns": {}}, "column-description"),
        ("fct_contacts", {"columns": {"a": {"name": "a", "description": ""}}}, "column-description"),
    ],
)
def test_a_layer_rule_finds_what_breaks_it(key: str, change: dict[str, Any], rule: str) -> None:
    manifest = copy.deepcopy(sound_manifest())
    manifest["nodes"][f"model.v.{key}"].update(change)
    assert [one.rule for one in lint_layers(manifest)] == [rule]


def tracked(head: str, read: dict[str, Any]) -> list[str]:
    """The rules that a tracked `fct_contacts` breaks whose text begins so; read: config of what it reads."""
    manifest = copy.deepcopy(sound_manifest())
    manifest["nodes"]["model.v.int_contacts__desk"]["config"] = read
    own = manifest["nodes"]["model.v.fct_contacts"]
    own["config"] = {**own["config"], "materialized": "tracked"}
    own["raw_code"] = f"{head}\nwith\n\n{own['raw_code']}"
    return [one.rule for one in lint_layers(manifest)]


def test_a_tracked_model_hears_of_every_change_of_what_it_reads() -> None:
    told = "{{ tracked('contact_id', by={'int_contacts__desk': 'contact_id'}) }}"
    whole = {"materialized": "tracked", "incremental_strategy": "whole"}
    assert tracked(told, whole) == []
    assert tracked("{{ tracked_union('contacts', 'contact_id') }}", whole) == []
    assert tracked("{{ tracked('contact_id') }}", whole) == ["tracked-changes"]
    assert tracked(told, {"materialized": "table"}) == ["tracked-read"]


def test_a_model_without_a_test_of_its_key_is_found() -> None:
    manifest = sound_manifest()
    del manifest["nodes"]["test.model.v.fct_contacts"]
    assert [(one.rule, one.file) for one in lint_layers(manifest)] == [
        ("key-test", "models/marts/core/_models.yml")
    ]


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("not_null", "not_null_fct_contacts_day", "not_null of fct_contacts.day is a test of its own"),
        ("accepted_values", "accepted_values_fct_contacts_day__a", "accepted_values of fct_contacts.day is"),
        ("valid_rows", "valid_rows_fct_contacts_", None),
        ("valid_rows", "valid_rows_day__a__b", "name that does not say so: valid_rows_day__a__b"),
        ("relationships", "relationships_fct_contacts_day", None),
    ],
)
def test_a_row_rule_stands_with_the_others_of_its_model_under_a_name_that_says_which(
    kind: str, name: str, said: str | None
) -> None:
    manifest = sound_manifest()
    manifest["nodes"]["test.more"] = {
        "resource_type": "test",
        "name": name,
        "column_name": "day",
        "path": "x.sql",
        "original_file_path": "models/marts/core/_models.yml",
        "attached_node": "model.v.fct_contacts",
        "test_metadata": {"name": kind},
    }
    findings = lint_layers(manifest)
    assert [(one.rule, one.file) for one in findings] == [("row-rules", "models/marts/core/_models.yml")] * (
        said is not None
    )
    assert all(str(said) in one.message for one in findings)


def test_a_forbidden_read_is_shown_on_the_line_where_it_stands() -> None:
    manifest = sound_manifest()
    manifest["nodes"]["model.v.fct_contacts"] = model(
        "marts/core/fct_contacts.sql", "model.v.int_contacts__desk", "model.v.stg_desk__calls"
    )
    (finding,) = lint_layers(manifest)
    assert (finding.file, finding.line) == ("models/marts/core/fct_contacts.sql", 2)


def test_a_question_reads_only_what_is_published() -> None:
    manifest = sound_manifest()
    asked = model("analysis/who_calls.sql", "model.v.fct_contacts", "model.v.rpt_quality_landing")
    asked |= {"resource_type": "analysis", "original_file_path": "analyses/who_calls.sql"}
    manifest["nodes"]["analysis.v.who_calls"] = asked
    assert lint_layers(manifest) == []
    asked["depends_on"]["nodes"] += ["seed.v.targets", "model.v.int_contacts__desk"]
    findings = lint_layers(manifest)
    assert [(one.file, one.rule) for one in findings] == [("analyses/who_calls.sql", "layer-read")] * 2
    assert "who_calls (analyses) reads targets (seed reference)" in {one.message for one in findings}


def test_a_project_is_linted_whole_from_its_own_parse(centre: Paths) -> None:
    rules = {one.rule for one in lint_project(centre)}
    assert {"mart-contract", "model-description", "key-test"} <= rules
    assert "layer-read" in rules
