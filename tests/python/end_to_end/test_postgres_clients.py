"""The published marts in PostgreSQL, as psql, ODBC and JDBC find them: browsed, with the same figures, and
read-only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from centre import Centre
from postgres_server import PASSWORD, Server
from vitals import dbt_build
from vitals.postgres import PostgresReport, Target, publish_to_postgres
from vitals.publish import LEVELS

# A client rounds nothing when it is given text.
FIGURES = (
    "select kpi_id, cast(sum(numerator) as varchar) as numerator,"
    " cast(sum(denominator) as varchar) as denominator, cast(count(*) as varchar) as row_count"
    " from marts.kpi_values group by kpi_id order by kpi_id"
)
WRITING = "update marts.kpi_values set numerator = 0"
ODBC_DRIVERS = ("/usr/lib/*/odbc/psqlodbcw.so", "/usr/lib/*/psqlodbcw.so")
JDBC_DRIVER = Path("/usr/share/java/postgresql.jar")


class Published:
    """A centre in a database, and a manager who may read there."""

    def __init__(self, centre: Centre, server: Server) -> None:
        self.centre, self.server = centre, server
        self.database = server.new_database()
        self.first = self.publish()
        self.manager = f"manager_of_{self.database}"
        server.rows(f"create role {self.manager} login; grant vitals_managers to {self.manager}")

    def publish(self) -> PostgresReport:
        """As `vitals publish --to` does, once the files are there."""
        files = {level: self.centre.paths.published_for(level) for level in LEVELS}
        target = Target.of(self.server.url(self.database, "publisher", PASSWORD))
        return publish_to_postgres(files, dbt_build.read_manifest(self.centre.paths), target)

    def catalogue(self) -> dict[str, str]:
        """The tables of marts in the published file, with what each is said to be."""
        return dict(
            self.centre.published(
                "select table_name, comment from duckdb_tables() where schema_name = 'marts'"
            )
        )


@pytest.fixture(scope="module")
def published(centre: Centre, server: Server) -> Published:
    """The simulated centre in a database of its own."""
    return Published(centre, server)


def test_every_table_of_every_level_has_the_same_columns_and_rows(published: Published) -> None:
    tables = 0
    for level in ("analysts", "owners"):
        with duckdb.connect(str(published.centre.paths.published_for(level)), read_only=True) as connection:
            for schema, table, columns in connection.execute(
                "select schema_name, table_name, list(column_name order by column_index)"
                " from duckdb_columns() where not internal group by all"
            ).fetchall():
                listed = ", ".join(columns)
                expected = connection.execute(f"select {listed} from {schema}.{table}").fetchall()
                found = published.server.rows(f"select {listed} from {schema}.{table}", published.database)
                assert Counter(found) == Counter(expected), f"{schema}.{table}"
                tables += 1
    # the version stands in both files
    assert published.first.tables == tables - 1


def test_every_model_has_its_key_its_comment_and_the_references_that_its_tests_prove(
    published: Published,
) -> None:
    nodes = dbt_build.read_manifest(published.centre.paths)["nodes"]
    keyed, referring = set(), set()
    for node in nodes.values():
        model = nodes.get(node.get("attached_node") or "", {}).get("name")
        test = (node.get("test_metadata") or {}).get("name")
        if node["resource_type"] == "test" and not node["config"].get("where"):
            if test in ("unique", "unique_combination"):
                keyed.add(model)
            if test == "relationships":
                referring.add((model, node["column_name"]))
    names = {
        one
        for (one,) in published.server.rows(
            "select relname from pg_class where relkind = 'r'"
            " and relnamespace::regnamespace::text in ('marts', 'quality', 'people')",
            published.database,
        )
    }
    held_keys = {
        one
        for (one,) in published.server.rows(
            "select distinct c.relname from pg_constraint as k join pg_class as c on c.oid = k.conrelid"
            " where k.contype in ('p', 'u')"
            " and c.relnamespace::regnamespace::text in ('marts', 'quality', 'people')",
            published.database,
        )
    }
    assert held_keys == keyed & names
    held = set(
        published.server.rows(
            "select c.relname, a.attname from pg_constraint as k join pg_class as c on c.oid = k.conrelid"
            " join pg_attribute as a on a.attrelid = c.oid and a.attnum = k.conkey[1] where k.contype = 'f'",
            published.database,
        )
    )
    # a seed is not published
    assert held == {one for one in referring if one[0] in names} - {("rpt_event_impacts", "event_id")}
    assert len(held) > 30
    said = dict(
        published.server.rows(
            "select relname, obj_description(oid) from pg_class where relkind = 'r'"
            " and relnamespace = 'marts'::regnamespace",
            published.database,
        )
    )
    assert said == published.catalogue()


def test_publishing_the_same_again_changes_nothing(published: Published) -> None:
    again = published.publish()
    assert (again.tables_changed, again.rows) == (0, 0)


def test_psql_browses_reads_the_same_figures_and_writes_nothing(published: Published) -> None:
    def psql(*arguments: str) -> subprocess.CompletedProcess[str]:
        return published.server.psql(published.database, published.manager, *arguments)

    listed = psql("-At", "-F", "\t", "-c", r"\dt marts.*").stdout
    assert {line.split("\t")[1] for line in listed.splitlines()} == set(published.catalogue())
    described = psql("-c", r"\d+ marts.kpi_values").stdout
    assert "numeric(28,6)" in described
    assert "REFERENCES marts.dim_kpi(kpi_id)" in described
    found = psql("-At", "-F", "\t", "-c", FIGURES).stdout
    assert [tuple(line.split("\t")) for line in found.splitlines()] == published.centre.published(FIGURES)
    refused = psql("-v", "VERBOSITY=sqlstate", "-c", WRITING)
    assert (refused.returncode, refused.stderr.strip()) == (1, "ERROR:  42501")
    # as docs/operations.md has it for a login
    careful = f"careful_{published.manager}"
    published.server.rows(
        f"create role {careful} login in role vitals_managers;"
        f"alter role {careful} set default_transaction_read_only = on"
    )
    refused = published.server.psql(
        published.database, careful, "-v", "VERBOSITY=sqlstate", "-c", "create table mine (n int)"
    )
    assert (refused.returncode, refused.stderr.strip()) == (1, "ERROR:  25006")


def test_odbc_browses_reads_the_same_figures_and_writes_nothing(published: Published) -> None:
    pyodbc = pytest.importorskip("pyodbc", exc_type=ImportError)
    drivers = [file for pattern in ODBC_DRIVERS for file in Path("/").glob(pattern.lstrip("/"))]
    if not drivers:
        pytest.skip("the ODBC driver is not installed: apt-get install odbc-postgresql")
    connection = pyodbc.connect(
        f"Driver={drivers[0]};Server=127.0.0.1;Port={published.server.port};Database={published.database};"
        f"Uid={published.manager}"
    )
    try:
        cursor = connection.cursor()
        # Debian's driver tells no comments.
        tables = {row.table_name for row in cursor.tables(schema="marts", tableType="TABLE")}
        assert tables == set(published.catalogue())
        columns = {row.column_name: row.type_name for row in cursor.columns("kpi_values", schema="marts")}
        assert columns == {
            "kpi_id": "text",
            "day": "date",
            **dict.fromkeys(("client", "site", "queue", "channel", "contact_type"), "text"),
            **dict.fromkeys(("numerator", "denominator"), "numeric"),
            "value": "float8",
            "is_final": "bool",
        }
        assert [row.column_name for row in cursor.primaryKeys("fct_contacts", schema="marts")] == [
            "contact_id"
        ]
        references = {
            (row.fkcolumn_name, row.pktable_name)
            for row in cursor.foreignKeys(foreignTable="fct_contacts", foreignSchema="marts")
        }
        assert references == REFERENCES
        assert [tuple(row) for row in cursor.execute(FIGURES)] == published.centre.published(FIGURES)
        sums = "select sum(numerator), sum(denominator) from marts.kpi_values"
        expected: Any = published.centre.published(sums)[0]
        assert tuple(cursor.execute(sums).fetchone()) == expected
        assert all(isinstance(each, Decimal) for each in expected)
        with pytest.raises(pyodbc.Error) as caught:
            cursor.execute(WRITING)
        assert caught.value.args[0] == "42501"
    finally:
        connection.close()


def test_jdbc_browses_reads_the_same_figures_and_writes_nothing(published: Published) -> None:
    if shutil.which("javac") is None or not JDBC_DRIVER.exists():
        pytest.skip("no JDK, or no JDBC driver: apt-get install default-jdk-headless libpostgresql-jdbc-java")
    done = subprocess.run(
        [
            *("java", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-cp", str(JDBC_DRIVER)),
            str(Path(__file__).with_name("PostgresReader.java")),
            f"jdbc:postgresql://127.0.0.1:{published.server.port}/{published.database}",
            *(published.manager, FIGURES, WRITING),
        ],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[tuple[str, ...]]] = {}
    for line in done.stdout.splitlines():
        what, *values = line.split("\t")
        found.setdefault(what, []).append(tuple(values))
    assert set(found["table"]) == {
        (name, said.replace("\n", " ")) for name, said in published.catalogue().items()
    }
    types = {name: kind for name, kind, _ in found["column"]}
    assert (types["day"], types["numerator"], types["value"], types["is_final"]) == (
        "date",
        "numeric",
        "float8",
        "bool",
    )
    assert found["key"] == [("contact_id",)]
    assert set(found["reference"]) == REFERENCES
    assert found["figure"] == published.centre.published(FIGURES)
    assert found["refused"] == [("42501",)]
    assert "written" not in found


REFERENCES = {
    ("client", "dim_client"),
    ("site", "dim_site"),
    ("queue", "dim_queue"),
    ("channel", "dim_channel"),
    ("contact_type", "dim_contact_type"),
}
