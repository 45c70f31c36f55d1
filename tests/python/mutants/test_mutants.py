"""Mutants are found where faults can be made, noticed where a test looks, and survive where none does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from centre import PROJECT
from mutants.equivalents import FILE, EquivalentsError, read_equivalents
from mutants.find import find_mutants
from mutants.kill import Killer, NotGreenError


def changes(sql: str) -> list[str]:
    return [one.change for one in find_mutants("m", "m.sql", sql)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select a <= b as is_in", ["<= → <"]),
        ("select a as b, 'x < y' as c, cast(d as decimal(18, 3)) as e -- f < g", []),
        (
            "select 1 from t where a and b or not c",
            [
                "without where a and b or not c",
                "without a",
                "and → or",
                "without b",
                "or → and",
                "without b",
                "without not c",
                "without not",
                "1 → 2",
            ],
        ),
        (
            "select count(*) filter (where a = 'x') as n",
            ["without filter (where a = 'x')", "= → <>"],
        ),
        ("from a left join b on a.x = b.x", ["left join → inner join"]),
        (
            "select coalesce(greatest(a, b), 0)",
            ["without 0 of coalesce", "greatest → least", "0 → 1"],
        ),
        ("select sum(a) / nullif(b, 0)", ["sum → avg", "/ → *", "without 0 of nullif", "0 → 1"]),
        ("select x is distinct from y, z is not null", ["is distinct from → <>", "is not null → is null"]),
        ("select count(distinct a)", ["without distinct"]),
        (
            "lag(a) over (partition by b, c is null order by d nulls last, e desc nulls last)",
            ["lag → lead", "without key b", "without key c is null", "d → desc", "desc → asc"],
        ),
        ("a between 1 and 28", ["1 → 0", "1 → 2", "28 → 27", "28 → 29"]),
        ("a in ('x', 'y')", ["without 'x'", "without 'y'"]),
        (
            "case when a then 1 when b then 0 else c end",
            ["without when a then 1", "1 → 0", "without when b then 0", "0 → 1", "without else c"],
        ),
        ("{# a < b #}{{ ref('a') }}{{ f('a < b') }}", ["< → <="]),
        ("{{ utc_to_local('a', 'z') }}", ["'z' → UTC"]),
        ("{%- set days = 14 -%}", ["14 → 15"]),
        ("from t where a < b {{ 'union all' if not loop.last }}", ["without where a < b", "< → <="]),
        (
            "{{ kpi(kpi_id='k', numerator='a', denominator='b - c', where=\"d = 'x'\") }}",
            ["numerator ↔ denominator", "- → +", "without d = 'x'", "= → <>"],
        ),
    ],
)
def test_the_faults_of_a_line(sql: str, expected: list[str]) -> None:
    assert sorted(changes(sql)) == sorted(expected)


def test_a_mutant_knows_its_line_and_changes_nothing_else() -> None:
    sql = "select\n    a,\n    b\nfrom t\nwhere\n    a < b\n    and c < d\n"
    found = [one for one in find_mutants("m", "m.sql", sql, first_line=3) if one.change == "< → <="]
    assert [(one.line, one.code, one.nth) for one in found] == [(8, "a < b", 1), (9, "and c < d", 1)]
    assert found[1].text == sql.replace("c < d", "c <= d")


def test_every_kpi_has_mutants() -> None:
    without = [
        file.stem
        for file in (PROJECT / "models" / "marts" / "kpis").glob("kpi_*.sql")
        if file.stem != "kpi_values"
        and not find_mutants(file.stem, file.name, file.read_text(encoding="utf-8"))
    ]
    assert without == []


def test_every_listed_equivalent_fits_one_line_of_today(tmp_path: Path) -> None:
    mutants = [
        mutant
        for file in [*(PROJECT / "models").rglob("*.sql"), *(PROJECT / "macros").rglob("*.sql")]
        for mutant in find_mutants(file.stem, file.name, file.read_text(encoding="utf-8"))
    ]
    assert read_equivalents(FILE, mutants)
    entry = 'source = "m"\ncode = "a < b"\nchange = "< → <="\n'
    for text, said in (
        (entry + 'reason = "x"', "fits no mutant"),
        (entry.replace('"m"', '"n"') + 'reason = " "', "no reason"),
        (
            entry.replace('"m"', '"n"')
            + 'reason = "x"\n[[equivalent]]\n'
            + entry.replace('"m"', '"n"')
            + 'reason = "x"',
            "twice",
        ),
        (entry.replace('"m"', '"o"') + 'reason = "x"', "add `nth`"),
    ):
        listed = tmp_path / "equivalents.toml"
        listed.write_text(f"[[equivalent]]\n{text}\n", encoding="utf-8")
        known = [*find_mutants("n", "n.sql", "a < b"), *find_mutants("o", "o.sql", "a < b\n\na < b")]
        with pytest.raises(EquivalentsError, match=said):
            read_equivalents(listed, known)


PARTS = {
    "dbt_project.yml": """
        name: small
        profile: small
        macro-paths: [macros]
        """,
    "profiles.yml": """
        small:
          target: here
          outputs:
            here: {type: duckdb, path: "{{ env_var('VITALS_WAREHOUSE') }}/work.duckdb", schema: main}
        """,
    "macros/halved.sql": "{% macro halved(a) %}({{ a }} / 2){% endmacro %}\n",
    "models/base.sql": "select 1 as a, 5 as b\nunion all\nselect 3 as a, 5 as b\n",
    "models/told.sql": (
        "with\n\nbase as (\n\n    select * from {{ ref('base') }}\n\n)\n\n"
        "select a, {{ halved('b') }} as half from base where a <= 3\n"
    ),
    "models/untold.sql": "select count(*) as n from {{ ref('base') }} where a < 3\n",
    "models/loose.sql": "select count(*) as n from {{ ref('base') }} where a < 3\n",
    "models/tests.yml": """
        unit_tests:
          - name: three_is_in_and_four_is_not
            model: told
            given:
              - input: ref('base')
                rows: [{a: 3, b: 4}, {a: 4, b: 4}]
            expect:
              rows: [{a: 3, half: 2}]
        models:
          - name: untold
            columns: [{name: n, data_tests: [{accepted_values: {arguments: {values: [1], quote: false}}}]}]
        """,
}


@pytest.fixture(scope="module")
def killer(tmp_path_factory: pytest.TempPathFactory) -> Killer:
    home = tmp_path_factory.mktemp("small")
    for name, text in PARTS.items():
        file = home / "project" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = text.splitlines()
        indented = name.endswith(".yml")
        file.write_text("\n".join(line[8:] if indented else line for line in lines) + "\n", encoding="utf-8")
    (home / "warehouse").mkdir()
    subprocess.run(
        [
            *(str(Path(sys.executable).parent / "dbt"), "run", "--quiet"),
            *("--project-dir", str(home / "project"), "--profiles-dir", str(home / "project")),
            *("--target-path", str(home / "target"), "--log-path", str(home)),
        ],
        env={"VITALS_WAREHOUSE": str(home / "warehouse"), "DO_NOT_TRACK": "1", "PATH": ""},
        check=True,
    )
    killer = Killer(home / "project", home / "warehouse")
    killer.start()
    return killer


def verdicts(killer: Killer, name: str) -> dict[str, str | None]:
    source = next(one for one in killer.sources(lambda _: True) if one.name == name)
    return {one.mutant.change: one.by for one in killer.judge(source, source.mutants())}


def test_a_unit_test_notices_the_mutants_of_its_model(killer: Killer) -> None:
    assert verdicts(killer, "told") == {
        "without where a <= 3": "unit tests",
        "<= → <": "unit tests",
        "3 → 4": "unit tests",
    }


def test_a_unit_test_notices_the_mutants_of_a_macro_that_its_model_uses(killer: Killer) -> None:
    assert verdicts(killer, "halved") == {"/ → *": "unit tests", "2 → 3": "unit tests"}


def test_a_data_test_notices_what_the_rebuilt_rows_show_and_nobody_what_they_do_not(killer: Killer) -> None:
    found = verdicts(killer, "untold")
    assert found["without where a < 3"] == "data tests"
    assert found["< → <="] == "data tests"
    assert found["3 → 4"] == "data tests"


def test_mutants_of_a_model_without_tests_survive(killer: Killer) -> None:
    assert set(verdicts(killer, "loose").values()) == {None}


def test_the_truth_is_asked_once_the_rows_differ(killer: Killer) -> None:
    killer.truth = lambda _: "not what the simulator says"
    try:
        assert set(verdicts(killer, "loose").values()) == {"truth"}
    finally:
        killer.truth = None


def test_a_mutant_that_is_no_sql_is_invalid(killer: Killer) -> None:
    source = next(one for one in killer.sources(lambda _: True) if one.name == "loose")
    broken = [
        one
        for one in find_mutants(source.name, source.file, source.text.replace("a < 3", "no_column < 3"))
        if "no_column" in one.text
    ]
    assert {one.by for one in killer.judge(source, broken)} == {"invalid"}


def test_nothing_is_run_when_a_test_fails_without_any_mutant(killer: Killer) -> None:
    node = killer.manifest.nodes["model.small.told"]
    before = node.raw_code
    node.raw_code = before.replace("<=", "<")
    killer.replays.clear()
    try:
        with pytest.raises(NotGreenError, match="three_is_in_and_four_is_not"):
            killer.check_green(["model.small.told"])
    finally:
        node.raw_code = before
        killer.replays.clear()
