"""docs/bi.md names tables and columns that are published, for whom it says, and its SQL runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import duckdb
import pytest

from centre import PROJECT, Centre

GUIDE = (PROJECT / "docs" / "bi.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", GUIDE, re.DOTALL)
# What only analysts may read.
CONTACTS = "fct_contacts"


@pytest.fixture(scope="module")
def published(centre: Centre) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(centre.paths.published_db), read_only=True) as connection:
        yield connection


def columns_of(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    """Of each table of the marts."""
    return {
        table: set(columns)
        for table, columns in connection.execute(
            "select table_name, list(column_name) from duckdb_columns()"
            " where schema_name = 'marts' group by all"
        ).fetchall()
    }


def test_every_column_that_it_names_is_there(published: duckdb.DuckDBPyConnection, centre: Centre) -> None:
    there = columns_of(published)
    named = re.findall(r"\b((?:fct|dim|agg|kpi|rpt)_\w+)(?:\[|\.)(\w+)", GUIDE)
    assert len(named) > 60
    assert [one for one in named if one[1] not in there.get(one[0], ())] == []
    with duckdb.connect(str(centre.paths.published_for("managers")), read_only=True) as connection:
        shared = columns_of(connection)
    tables = set(re.findall(r"\b(?:fct|dim|agg|kpi|rpt)_\w+[a-z]\b", GUIDE)) & set(there)
    assert tables - set(shared) == {CONTACTS}


def test_a_fact_finds_each_dimension_row_once(published: duckdb.DuckDBPyConnection) -> None:
    (relations,) = (text for _, text in BLOCKS if "→" in text)
    checked = 0
    for line in relations.strip().splitlines():
        one, many = line.split("→")
        dimension, key = one.strip().split(".")
        for fact, column in (name.strip().split(".") for name in many.split(",")):
            twice, lost = published.execute(
                f"select (select count(*) - count(distinct {key}) from marts.{dimension}),"
                f" (select count(*) from marts.{fact} where {column} is not null"
                f" and {column} not in (select {key} from marts.{dimension}))"
            ).fetchone() or (None, None)
            assert (twice, lost) == (0, 0), (line, fact)
            checked += 1
    assert checked > 20


def test_its_fields_for_tableau_and_metabase_are_columns(published: duckdb.DuckDBPyConnection) -> None:
    there = {name for columns in columns_of(published).values() for name in columns}
    fields = {
        name
        for kind, text in BLOCKS
        if kind == "" and "→" not in text
        for name in re.findall(r"\[([A-Z][\w ]+)\]", text)
    }
    assert {"Numerator", "Denominator", "Handle Seconds"} <= fields
    assert {name.lower().replace(" ", "_") for name in fields} <= there


def test_its_sql_gives_the_quotient_of_sums(published: duckdb.DuckDBPyConnection) -> None:
    statements = [text for kind, text in BLOCKS if kind == "sql"]
    assert statements
    for sql in statements:
        found = dict(published.execute(sql).fetchall())
        expected = published.execute(
            "select any_value(d.name), sum(answered_in_target_count)"
            " / nullif(sum(offered_count - short_abandon_count), 0)"
            " from marts.agg_contacts_daily as a join marts.dim_queue as d using (queue) group by queue"
        ).fetchall()
        assert {name: value for name, value in found.items() if value is not None} == pytest.approx(
            {name: value for name, value in expected if value is not None}
        )


def test_the_kpis_that_it_names_are_in_the_catalogue(published: duckdb.DuckDBPyConnection) -> None:
    known = {one for (one,) in published.execute("select kpi_id from marts.dim_kpi").fetchall()}
    named = set(re.findall(r'kpi_?id\]? = [\'"](\w+)[\'"]', GUIDE, re.IGNORECASE))
    named |= set(re.findall(r'\[Kpi I[dD]\] = "(\w+)"', GUIDE))
    assert {"service_level", "speed_of_answer"} <= named <= known
