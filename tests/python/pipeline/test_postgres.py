"""Publishing to PostgreSQL: what readers of a real server see, before, meanwhile and after."""

from __future__ import annotations

import shutil
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import psycopg
import pytest

from centre import PROJECT
from postgres_server import PASSWORD, Server, postgres_server
from vitals import postgres
from vitals.errors import PostgresError, VitalsError
from vitals.postgres import PostgresReport, Target, publish_to_postgres
from vitals.publish import LEVELS, Version, export_candidate, swap

FIRST = Version(datetime(2026, 3, 3, 9, tzinfo=UTC), "1", None, "first build", None)
SECOND = replace(FIRST, published_at=datetime(2026, 3, 3, 10, tzinfo=UTC), dbt_invocation_id="second build")
CALLS = 400
DAYS = 40

MODELS: dict[str, tuple[str, str]] = {
    "dim_queue": ("marts", "managers"),
    "fct_calls": ("marts", "analysts"),
    "fct_states": ("marts", "analysts"),
    "kpi_waits": ("marts", "managers"),
    "dim_agent": ("people", "owners"),
}
COMMENTS = {"": 'One row per call; "it\'s" what the customer lived — 100 %.', "wait_seconds": "Wait, s."}
# The test, the model, what it is given, more of its config.
TESTS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("unique", "dim_queue", {"column_name": "queue"}, {}),
    ("valid_rows", "dim_queue", {"arguments": {"not_null": ["queue"]}}, {}),
    ("unique", "fct_calls", {"column_name": "contact_id"}, {}),
    ("valid_rows", "fct_calls", {"arguments": {"not_null": ["contact_id", "queue"]}}, {}),
    # a suspicion, and a rule of some rows
    ("valid_rows", "fct_calls", {"arguments": {"not_null": ["note"]}}, {"severity": "warn"}),
    ("unique", "fct_calls", {"column_name": "note"}, {"where": "note is not null"}),
    (
        "relationships",
        "fct_calls",
        {"column_name": "queue", "arguments": {"to": "ref('dim_queue')", "field": "queue"}},
        {},
    ),
    (
        "relationships",
        "fct_calls",
        {"column_name": "agent_id", "arguments": {"to": "ref('dim_agent')", "field": "agent_id"}},
        {},
    ),
    # a seed, and a column that names no single row
    ("relationships", "fct_calls", {"column_name": "note", "to": "ref('events')", "field": "event_id"}, {}),
    ("relationships", "fct_states", {"column_name": "state", "to": "ref('kpi_waits')", "field": "queue"}, {}),
    (
        "relationships",
        "fct_states",
        {"column_name": "call", "to": "ref('fct_calls')", "field": "contact_id"},
        {},
    ),
    ("unique_combination", "kpi_waits", {"arguments": {"columns": ["day", "queue"]}}, {}),
    ("unique", "dim_agent", {"column_name": "agent_id"}, {}),
    ("unique_combination", "fct_states", {"columns": ["agent_id", "started_at"]}, {}),
]  # fmt: skip


class Warehouse:
    """A work database, the files that are published from it, and a database for them."""

    def __init__(self, home: Path, server: Server) -> None:
        self.work = home / "work.duckdb"
        self.files = {level: home / f"{level}.duckdb" for level in LEVELS}
        self.server = server
        self.database = server.new_database()
        self.models = dict(MODELS)
        self.build(
            "create schema marts; create schema people;"
            "create table marts.dim_queue as"
            " from (values ('sales', 'Sales'), ('care', 'Care')) as queues (queue, name);"
            "create table marts.fct_calls as select 'c' || n as contact_id,"
            f" date '2026-01-01' + (n % {DAYS})::int as arrived_date,"
            " if(n % 2 = 0, 'sales', 'care') as queue, if(n % 5 = 0, null, 'anna') as agent_id,"
            " (n / 7)::decimal(18, 3) as wait_seconds, null::varchar as note, n % 3 = 0 as is_short"
            f" from range({CALLS}) as calls (n);"
            "create table marts.fct_states as select 'anna' as agent_id, timestamp '2026-01-01 23:30:00' + "
            "interval (n) hour as started_at, 'talk' as state, 'c' || n as call from range(50) as states (n);"
            "create view marts.kpi_waits as"
            " select arrived_date as day, if(queue = 'care', null, queue) as queue,"
            " sum(wait_seconds)::decimal(28, 6) as numerator, count(*) as denominator,"
            " sum(wait_seconds) / count(*)::double as value from marts.fct_calls group by all;"
            "create table people.dim_agent as from (values ('anna', 'Anna K.')) as agents (agent_id, name)"
        )

    def build(self, sql: str) -> None:
        """Statements in the work database."""
        with duckdb.connect(str(self.work)) as connection:
            connection.execute(sql)

    @property
    def manifest(self) -> dict[str, Any]:
        """The models and their tests as dbt tells them."""
        nodes: dict[str, Any] = {
            name: {
                "resource_type": "model",
                "schema": schema,
                "alias": name,
                "name": name,
                "config": {"materialized": "table", "meta": {"level": level}},
                "description": COMMENTS[""] if name == "fct_calls" else "",
                "columns": {column: {"description": said} for column, said in COMMENTS.items() if column},
            }
            for name, (schema, level) in self.models.items()
        }
        for number, (kind, model, given, config) in enumerate(TESTS):
            nodes[f"test {number}"] = {
                "resource_type": "test",
                "schema": "audit",
                "attached_node": model,
                "test_metadata": {"name": kind, "kwargs": given},
                "config": {"severity": "ERROR", "where": None, **config},
            }
        return {"nodes": nodes}

    def publish_files(self, version: Version) -> None:
        """As `vitals publish` does."""
        candidate = export_candidate(self.work, self.work.with_name(".new.duckdb"), self.manifest, version)
        for level, (_, mode) in LEVELS.items():
            swap(candidate.of(level), self.files[level], mode)

    def send(
        self,
        on_table: postgres.OnTable = lambda step, done, total, table: None,
        database: str | None = None,
        user: str = "publisher",
    ) -> PostgresReport:
        """Bring what is published in files to the database."""
        target = Target.of(self.server.url(database or self.database, user, PASSWORD))
        return publish_to_postgres(self.files, self.manifest, target, on_table)

    def publish(self, version: Version = SECOND, **how: Any) -> PostgresReport:
        """To files and to the database."""
        self.publish_files(version)
        return self.send(**how)

    def rows(self, sql: str, user: str = "postgres") -> list[tuple[Any, ...]]:
        """What a user of the database gets."""
        return self.server.rows(sql, self.database, user)

    def in_files(self, table: str, level: str = "analysts") -> list[tuple[Any, ...]]:
        """All rows of a published table, in order."""
        with duckdb.connect(str(self.files[level]), read_only=True) as connection:
            return connection.execute(f"from {table} order by all nulls first").fetchall()

    def assert_equal(self) -> None:
        """The database holds what the files hold: tables, columns in order, rows."""
        expected, found = {}, {}
        for level in ("analysts", "owners"):
            with duckdb.connect(str(self.files[level]), read_only=True) as connection:
                for schema, table, columns in connection.execute(
                    "select schema_name, table_name, list(column_name order by column_index)"
                    " from duckdb_columns() where not internal group by all"
                ).fetchall():
                    expected[f"{schema}.{table}"] = (
                        columns,
                        _counted(connection.execute(f"from {schema}.{table}").fetchall()),
                    )
        for title, columns in self.rows(
            "select table_schema || '.' || table_name, array_agg(column_name::text order by ordinal_position)"
            " from information_schema.columns where table_schema in ('marts', 'quality', 'people') group by 1"
        ):
            found[title] = (columns, _counted(self.rows(f"select * from {title}")))
        assert found == expected


def _counted(rows: list[tuple[Any, ...]]) -> dict[tuple[Any, ...], int]:
    counts: dict[tuple[Any, ...], int] = {}
    for row in rows:
        counts[row] = counts.get(row, 0) + 1
    return counts


@pytest.fixture
def warehouse(tmp_path: Path, server: Server) -> Warehouse:
    """Published to files; its database is empty."""
    made = Warehouse(tmp_path, server)
    made.publish_files(FIRST)
    return made


@pytest.fixture
def published(warehouse: Warehouse) -> Warehouse:
    """Published to the database, too; then a call was corrected, one erased, and one came late."""
    warehouse.send()
    warehouse.build(
        "update marts.fct_calls set note = 'corrected' where contact_id = 'c41';"
        "delete from marts.fct_calls where contact_id = 'c82';"
        "insert into marts.fct_calls values ('late', '2026-01-04', 'sales', 'anna', 1.5, 'late', false)"
    )
    return warehouse


SECRET = "hunter2"
TOUCHED = ["2026-01-02", "2026-01-03", "2026-01-04"]


# --- what is there -----------------------------------------------------------------------------


def test_all_tables_of_all_levels_are_there_with_the_same_rows(warehouse: Warehouse) -> None:
    report = warehouse.send()
    warehouse.assert_equal()
    assert (report.tables, report.tables_changed) == (6, 6)
    assert report.rows == 2 + CALLS + 50 + DAYS + 1 + 1


def test_types_keys_references_indexes_and_comments_are_those_of_the_models(warehouse: Warehouse) -> None:
    warehouse.send()
    types = dict(
        warehouse.rows(
            "select attname, format_type(atttypid, atttypmod)"
            " || case when attnotnull then ' not null' else '' end"
            " from pg_attribute where attrelid = 'marts.fct_calls'::regclass and attnum > 0"
        )
    )
    assert types == {
        "contact_id": "text not null",
        "arrived_date": "date",
        "queue": "text not null",
        "agent_id": "text",
        "wait_seconds": "numeric(18,3)",
        "note": "text",
        "is_short": "boolean",
    }
    constraints = {
        (table, text)
        for table, text in warehouse.rows(
            "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint"
            " where connamespace::regnamespace::text in ('marts', 'people')"
        )
    }
    ends = "DEFERRABLE INITIALLY DEFERRED"
    assert constraints == {
        ("marts.dim_queue", "PRIMARY KEY (queue)"),
        ("marts.fct_calls", "PRIMARY KEY (contact_id)"),
        ("marts.fct_calls", f"FOREIGN KEY (queue) REFERENCES marts.dim_queue(queue) {ends}"),
        ("marts.fct_calls", f"FOREIGN KEY (agent_id) REFERENCES people.dim_agent(agent_id) {ends}"),
        ("marts.fct_states", f"FOREIGN KEY (call) REFERENCES marts.fct_calls(contact_id) {ends}"),
        ("marts.fct_states", "UNIQUE NULLS NOT DISTINCT (agent_id, started_at)"),
        ("marts.kpi_waits", "UNIQUE NULLS NOT DISTINCT (day, queue)"),
        ("people.dim_agent", "UNIQUE NULLS NOT DISTINCT (agent_id)"),
    }
    indexes = {
        (table, text.split(" USING btree ")[1])
        for table, text in warehouse.rows(
            "select tablename, indexdef from pg_indexes"
            " where schemaname = 'marts' and indexdef not like '%UNIQUE%'"
        )
    }
    assert indexes == {
        ("fct_calls", "(arrived_date)"),
        ("fct_calls", "(queue, arrived_date)"),
        ("fct_calls", "(agent_id, arrived_date)"),
        ("fct_states", "(started_at)"),
        ("fct_states", "(call)"),
        ("kpi_waits", "(queue, day)"),
    }
    assert warehouse.rows(
        "select obj_description('marts.fct_calls'::regclass),"
        " col_description('marts.fct_calls'::regclass, 5),"
        " obj_description('quality.published_version'::regclass)"
    ) == [(COMMENTS[""], COMMENTS["wait_seconds"], "One row: which build this file holds.")]


def test_comments_and_references_follow_what_the_models_say(
    published: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(COMMENTS, "", "Said better.")
    monkeypatch.setitem(COMMENTS, "wait_seconds", "")
    gone = next(test for test in TESTS if test[0] == "relationships" and test[2]["column_name"] == "agent_id")
    monkeypatch.setattr(f"{__name__}.TESTS", [test for test in TESTS if test is not gone])
    before = published.rows("select 'marts.fct_calls'::regclass::oid")
    published.publish()
    # the table is the same one
    assert published.rows("select 'marts.fct_calls'::regclass::oid") == before
    assert published.rows(
        "select obj_description('marts.fct_calls'::regclass), col_description('marts.fct_calls'::regclass, 5)"
    ) == [("Said better.", None)]
    assert published.rows(
        "select count(*) from pg_constraint where contype = 'f' and conrelid = 'marts.fct_calls'::regclass"
    ) == [(1,)]
    published.assert_equal()


def test_every_text_and_number_comes_out_as_it_went_in(warehouse: Warehouse) -> None:
    warehouse.build(
        "create table marts.hard (text varchar, day date, moment timestamp, amount decimal(38, 10),"
        " ratio double, small smallint, number integer, big bigint, yes boolean);"
        "insert into marts.hard values"
        """ ('a "quoted", text', '2026-01-01', '2026-01-01 00:00:00.000001', 0.1, 0.1, -32768, -2147483648,"""
        " -9223372036854775808, true),"
        " ('', null, null, null, null, null, null, null, null),"
        " (null, '0001-01-01', '0001-01-01', -1234567890123456789012345678.0123456789, 1e-300, 1, 1, 1,"
        " false),"
        " ('two\nlines\r\nand\ttab', '9999-12-31', '9999-12-31 23:59:59.999999', 0, 1e300, 0, 0, 0, null),"
        r" ('\.', '1969-12-31', '1969-12-31 23:59:59', 1, 1/3, 0, 0, 9223372036854775807, true),"
        r" ('\N', null, null, 1, 'inf', 0, 0, 0, true), ('NULL', null, null, 1, '-inf', 0, 0, 0, true),"
        " ('Ünïcödé Щ 🎧', null, null, 1, 0.1 + 0.2, 0, 0, 0, true),"
        " (' blanks ', null, null, 1, -0.0, 0, 0, 0, true)"
    )
    warehouse.models["hard"] = ("marts", "analysts")
    warehouse.publish(SECOND)
    warehouse.assert_equal()
    assert warehouse.rows("select amount from marts.hard where day = '0001-01-01'") == [
        (Decimal("-1234567890123456789012345678.0123456789"),)
    ]
    assert warehouse.rows("select count(*) from marts.hard where text = ''") == [(1,)]


def test_what_no_text_of_postgresql_can_hold_is_marked(warehouse: Warehouse) -> None:
    warehouse.build("update marts.fct_calls set note = 'a' || chr(0) || 'b' where contact_id = 'c1'")
    warehouse.publish()
    assert warehouse.rows("select note from marts.fct_calls where contact_id = 'c1'") == [
        ("a\N{REPLACEMENT CHARACTER}b",)
    ]


def test_a_type_that_has_no_counterpart_is_refused_by_name(warehouse: Warehouse) -> None:
    warehouse.build("alter table marts.fct_calls alter note type varchar[] using [note]")
    with pytest.raises(VitalsError, match=r"marts\.fct_calls\.note is of the type VARCHAR\[\]"):
        warehouse.publish()


# --- who may read ------------------------------------------------------------------------------

READABLE = {
    "vitals_managers": {"marts.dim_queue", "marts.kpi_waits", "quality.published_version"},
    "vitals_analysts": {
        "marts.dim_queue",
        "marts.kpi_waits",
        "quality.published_version",
        "marts.fct_calls",
        "marts.fct_states",
    },
}
READABLE["vitals_owners"] = READABLE["vitals_analysts"] | {"people.dim_agent"}


def _login(server: Server, role: str) -> str:
    """A user whom somebody let read as a role."""
    user = f"{role}_reader"
    if not server.rows(f"select 1 from pg_roles where rolname = '{user}'"):
        server.rows(f"create role {user} login; grant {role} to {user}")
    return user


@pytest.mark.parametrize("role", READABLE)
def test_each_role_reads_its_levels_and_writes_nothing(warehouse: Warehouse, role: str) -> None:
    warehouse.send()
    user = _login(warehouse.server, role)
    for title in READABLE["vitals_owners"] | {"vitals_publication.slices"}:
        if title in READABLE[role]:
            assert warehouse.rows(f"select count(*) > 0 from {title}", user) == [(True,)]
            for statement in (
                f"delete from {title}",
                f"insert into {title} select * from {title}",
                f"truncate {title}",
                f"drop table {title}",
                f"alter table {title} add column mine text",
                f"create table {title}_mine ()",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    warehouse.rows(statement, user)
        else:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                warehouse.rows(f"select count(*) from {title}", user)
    warehouse.assert_equal()


def test_a_table_of_another_level_changes_its_readers(published: Warehouse) -> None:
    published.models["kpi_waits"] = ("marts", "analysts")
    published.publish()
    may = "select has_table_privilege('vitals_managers', 'marts.kpi_waits', 'select')"
    assert published.rows(may) == [(False,)]
    published.models["kpi_waits"] = ("marts", "managers")
    published.publish()
    assert published.rows(may) == [(True,)]


def test_roles_that_somebody_else_made_are_enough(tmp_path: Path) -> None:
    with postgres_server() as server:
        for role in postgres.ROLES:
            server.rows(f"create role {role}")
        server.rows("alter role publisher nocreaterole")
        warehouse = Warehouse(tmp_path, server)
        warehouse.publish(FIRST)
        warehouse.assert_equal()


def test_the_statements_of_the_document_are_enough(tmp_path: Path) -> None:
    document = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
    _, _, rest = document.partition("## PostgreSQL")
    statements = rest.partition("```sql\n")[2].partition("```")[0]
    assert "create role vitals_owners" in statements
    with postgres_server() as server:
        (tmp_path / "once.sql").write_text(statements, encoding="utf-8")
        done = server.psql("postgres", "postgres", "-v", "ON_ERROR_STOP=1", "-f", str(tmp_path / "once.sql"))
        assert done.returncode == 0, done.stderr
        warehouse = Warehouse(tmp_path, server)
        warehouse.database = "vitals"
        warehouse.publish(FIRST, user="vitals")
        warehouse.assert_equal()
        assert warehouse.rows("select count(*) from marts.dim_queue", "dashboards") == [(2,)]
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            warehouse.rows("create table mine (n int)", "dashboards")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            warehouse.rows("select count(*) from marts.fct_calls", "dashboards")
        server.rows("create role stranger login")
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            warehouse.rows("select 1", "stranger")


# --- only what changed -------------------------------------------------------------------------


def _versions(warehouse: Warehouse, table: str, day: str) -> dict[str, set[str]]:
    """By day, the transactions that wrote its rows."""
    found: dict[str, set[str]] = {}
    for each, writer in warehouse.rows(f"select {day}::text, xmin::text from {table}"):
        found.setdefault(each, set()).add(writer)
    return found


def test_only_the_days_that_differ_are_written(published: Warehouse) -> None:
    tables = {"marts.fct_calls": "arrived_date", "marts.kpi_waits": "day", "marts.fct_states": "started_at"}
    before = {table: _versions(published, table, day) for table, day in tables.items()}
    report = published.publish()
    written = {}
    for table, day in tables.items():
        after = _versions(published, table, day)
        written[table] = [each for each in sorted(after) if after[each] != before[table].get(each)]
    # The note of a call is no part of its day's sum.
    assert written == {"marts.fct_calls": TOUCHED, "marts.kpi_waits": TOUCHED[1:], "marts.fct_states": []}
    # The version, too.
    assert (report.tables_changed, report.days) == (3, 3 + 2 + 1)
    assert report.rows == (10 + 9 + 11) + (1 + 2) + 1
    published.assert_equal()


def test_the_same_again_writes_nothing(published: Warehouse) -> None:
    published.publish()
    before = published.rows("select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables")
    report = published.send()
    assert (report.tables_changed, report.days, report.rows) == (0, 0, 0)
    published.rows("select pg_stat_force_next_flush()")
    assert published.rows("select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables") == before


def test_it_does_not_matter_how_many_publications_were_missed(published: Warehouse) -> None:
    published.publish_files(SECOND)
    published.build("delete from marts.fct_calls where contact_id = 'c90'")
    published.publish_files(replace(SECOND, dbt_invocation_id="third build"))
    before = _versions(published, "marts.fct_calls", "arrived_date")
    published.send()
    after = _versions(published, "marts.fct_calls", "arrived_date")
    differing = [each for each in sorted(after) if after[each] != before[each]]
    assert differing == [*TOUCHED, "2026-01-11"]
    published.assert_equal()


def test_days_that_begin_end_and_are_unknown_are_brought_too(published: Warehouse) -> None:
    published.build(
        "insert into marts.fct_calls values ('undated', null, 'care', null, 1, null, true);"
        "delete from marts.fct_calls where arrived_date = '2026-01-20';"
        "delete from marts.fct_states where call not in (select contact_id from marts.fct_calls);"
        "update marts.fct_states set started_at = null, agent_id = 'ben' where call = 'c3'"
    )
    published.publish()
    published.assert_equal()
    published.build(
        "update marts.fct_calls set arrived_date = '2026-05-01' where contact_id = 'undated';"
        "update marts.fct_states set state = 'rest' where started_at >= '2026-01-02' or started_at is null"
    )
    published.publish(replace(SECOND, dbt_invocation_id="third build"))
    published.assert_equal()


def test_an_emptied_table_is_empty_and_filled_again(published: Warehouse) -> None:
    published.build("create table kept as from marts.fct_states; delete from marts.fct_states")
    published.publish()
    published.assert_equal()
    published.build("insert into marts.fct_states from kept")
    published.publish(replace(SECOND, dbt_invocation_id="third build"))
    published.assert_equal()


def test_values_that_change_places_are_a_change(published: Warehouse) -> None:
    published.publish()
    # two calls of one day exchange one value: sums and counts stay
    published.build(
        "update marts.fct_calls set wait_seconds = (select wait_seconds from marts.fct_calls as other where"
        " other.contact_id = if(fct_calls.contact_id = 'c5', 'c45', 'c5')) where contact_id in ('c5', 'c45')"
    )
    published.publish(replace(SECOND, dbt_invocation_id="third build"))
    published.assert_equal()


def test_rows_that_somebody_else_changed_are_mended_with_the_next_change(published: Warehouse) -> None:
    published.rows("delete from marts.fct_calls where contact_id in ('c122', 'c160', 'c161')")
    published.publish()
    published.assert_equal()


def test_dropped_tables_are_made_again(published: Warehouse) -> None:
    published.rows("drop table marts.fct_calls cascade; drop table vitals_publication.slices")
    with pytest.raises(PostgresError):
        published.publish()
    published.rows("drop schema vitals_publication cascade; drop schema marts, quality, people cascade")
    published.publish()
    published.assert_equal()
    published.rows("drop table marts.fct_calls cascade")
    published.send()
    published.assert_equal()


# --- another definition ------------------------------------------------------------------------


def test_new_columns_types_tables_and_those_that_are_gone(published: Warehouse) -> None:
    published.build(
        "alter table marts.fct_calls add column channel varchar;"
        "update marts.fct_calls set channel = 'voice';"
        "alter table marts.dim_queue alter name type varchar;"
        "create table marts.fct_new as select 1 as n"
    )
    published.models["fct_new"] = ("marts", "analysts")
    del published.models["fct_states"]
    kept = published.rows("select 'marts.dim_queue'::regclass::oid")
    published.publish()
    published.assert_equal()
    assert published.rows("select 'marts.dim_queue'::regclass::oid") == kept
    # references to and from a table that was made anew are there again
    assert published.rows(
        "select count(*) from pg_constraint where contype = 'f' and connamespace = 'marts'::regnamespace"
    ) == [(2,)]
    user = _login(published.server, "vitals_analysts")
    assert published.rows("select channel from marts.fct_calls limit 1", user) == [("voice",)]


def test_who_is_referred_to_may_be_made_anew(published: Warehouse) -> None:
    published.build("alter table marts.dim_queue add column hours varchar")
    published.publish()
    published.assert_equal()
    assert published.rows(
        "select count(*) from pg_constraint where contype = 'f' and connamespace = 'marts'::regnamespace"
    ) == [(3,)]


def test_a_view_of_somebody_else_is_not_dropped_but_named(published: Warehouse) -> None:
    published.rows("create view public.mine as select contact_id from marts.fct_calls")
    published.publish()
    published.assert_equal()
    published.build("alter table marts.fct_calls add column channel varchar")
    published.publish_files(replace(SECOND, dbt_invocation_id="third build"))
    with pytest.raises(PostgresError, match=r"marts\.fct_calls") as caught:
        published.send()
    assert "view mine depends on" in caught.value.remedy
    assert published.rows("select dbt_invocation_id from quality.published_version") == [("second build",)]


def test_a_table_that_is_not_ours_stays_as_it_is(warehouse: Warehouse) -> None:
    warehouse.rows("create schema marts authorization publisher; create table marts.fct_calls (mine text)")
    with pytest.raises(PostgresError, match=r"has a table marts\.fct_calls that Vitals did not make"):
        warehouse.send()
    assert warehouse.rows("select count(*) from marts.fct_calls") == [(0,)]
    assert warehouse.rows("select to_regclass('marts.dim_queue')") == [(None,)]


# --- readers meanwhile -------------------------------------------------------------------------

FIGURES = """
    select
        (select dbt_invocation_id from quality.published_version),
        (select count(*) from marts.fct_calls),
        (select count(note) from marts.fct_calls),
        (select sum(numerator) from marts.kpi_waits),
        (select sum(denominator) from marts.kpi_waits)
"""


def test_readers_see_all_of_the_old_or_all_of_the_new_and_never_wait(published: Warehouse) -> None:
    old = published.rows(FIGURES)
    seen: list[Any] = []
    url = published.server.url(published.database)
    stop = Event()

    def read_on() -> list[Any]:
        found = []
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("set lock_timeout = '1s'")
            while not stop.is_set():
                found.append(connection.execute(FIGURES).fetchall())
        return found

    with (
        psycopg.connect(url) as before,
        psycopg.connect(url, autocommit=True) as reader,
        ThreadPoolExecutor(1) as pool,
    ):
        before.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        # It has looked at one table only; the others it reads after the publication.
        before.execute("select count(*) from marts.dim_queue")
        reader.execute("set lock_timeout = '1s'")
        reading = pool.submit(read_on)
        try:
            published.publish(on_table=lambda *_: seen.append(reader.execute(FIGURES).fetchall()))
        finally:
            stop.set()
        new = published.rows(FIGURES)
        assert new[0][0] == "second build"
        assert new[0][1:3] == (CALLS, 2)
        # one at each table, and once more at the end
        assert seen == [old] * 7
        assert reading.result()
        assert all(each in (old, new) for each in reading.result())
        assert before.execute(FIGURES).fetchall() == old


def test_a_reader_of_a_table_that_must_be_made_anew_is_waited_for_and_then_named(
    published: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "WAIT_FOR_READERS", "200ms")
    published.build("alter table marts.fct_calls add column channel varchar")
    published.publish_files(SECOND)
    with psycopg.connect(published.server.url(published.database)) as reader:
        reader.execute("select count(*) from marts.fct_calls")
        with pytest.raises(PostgresError, match=r"failed at marts\.fct_states, .*lock timeout") as caught:
            published.send()
        assert "pg_stat_activity" in caught.value.remedy
    published.send()
    published.assert_equal()


def test_a_second_publication_waits_for_the_first(published: Warehouse) -> None:
    published.publish_files(SECOND)
    is_in, may_go_on, waits = Event(), Event(), Event()

    def first(step: str, done: int, total: int, table: str) -> None:
        is_in.set()
        assert may_go_on.wait(30)

    def second(step: str, done: int, total: int, table: str) -> None:
        if step.startswith("Waiting for another publication"):
            waits.set()
            may_go_on.set()

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(published.send, first)
        assert is_in.wait(30)
        other = pool.submit(published.send, second)
        assert waits.wait(30)
        assert one.result().tables_changed == 3
        assert other.result().tables_changed == 0
    published.assert_equal()


def test_a_publication_that_never_ends_is_told(published: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "WAIT_FOR_PUBLICATION", "200ms")
    with psycopg.connect(published.server.url(published.database)) as other:
        other.execute("select pg_advisory_xact_lock(%s)", [postgres._LOCK])
        with pytest.raises(PostgresError, match="failed at waiting for another publication"):
            published.send()


# --- what goes wrong ---------------------------------------------------------------------------


def test_a_failure_in_the_middle_leaves_everything_as_it_was(published: Warehouse) -> None:
    old = published.rows(FIGURES)
    published.rows(
        "create function refuse() returns trigger language plpgsql"
        " as $$ begin raise exception 'no more'; end $$;"
        "create trigger refuse before insert on quality.published_version"
        " for each row execute function refuse()"
    )
    with pytest.raises(PostgresError, match=r"failed at quality\.published_version: no more") as caught:
        published.publish()
    assert "It holds what it held before; the files are published." in caught.value.message
    assert published.rows(FIGURES) == old
    published.rows("drop trigger refuse on quality.published_version")
    assert published.send().tables_changed == 3
    published.assert_equal()


def test_a_connection_that_breaks_leaves_everything_as_it_was(published: Warehouse) -> None:
    old = published.rows(FIGURES)

    def cut(step: str, done: int, total: int, table: str) -> None:
        if table == "people.dim_agent":
            published.rows(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                f" where application_name = 'vitals' and datname = '{published.database}'"
            )

    with pytest.raises(PostgresError, match="It holds what it held before"):
        published.publish(on_table=cut)
    assert published.rows(FIGURES) == old
    published.send()
    published.assert_equal()


def test_whatever_else_fails_undoes_everything(published: Warehouse) -> None:
    old = published.rows(FIGURES)

    def fail(step: str, done: int, total: int, table: str) -> None:
        if table == "quality.published_version":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        published.publish(on_table=fail)
    assert published.rows(FIGURES) == old


def _without_server(server: Server) -> str:
    return f"postgresql://publisher:{_escaped()}@127.0.0.1:1/vitals"


def _escaped() -> str:
    from urllib.parse import quote

    return quote(PASSWORD, safe="")


def _wrong_password(server: Server) -> str:
    return server.url("postgres", "publisher", PASSWORD + "!")


def _no_password(server: Server) -> str:
    return server.url("postgres", "publisher")


def _no_database(server: Server) -> str:
    return server.url("elsewhere", "publisher", PASSWORD)


def _no_user(server: Server) -> str:
    return server.url("postgres", "nobody_here", PASSWORD)


def _no_host(server: Server) -> str:
    return f"postgresql://publisher:{_escaped()}@nowhere.invalid/vitals"


def _no_encryption(server: Server) -> str:
    return server.url("postgres", "publisher", PASSWORD) + "?sslmode=require"


@pytest.mark.parametrize(
    ("address", "cause", "remedy"),
    [
        (_without_server, "Connection refused", "see whether the server runs"),
        (_no_host, "nowhere.invalid", "Correct host and port"),
        (_wrong_password, "password authentication failed", "~/.pgpass"),
        (_no_password, "no password supplied", "~/.pgpass"),
        (_no_database, 'database "elsewhere" does not exist', "create database"),
        (_no_user, 'role "nobody_here" does not exist', "create role"),
        (_no_encryption, "SSL", "sslmode"),
    ],
)
def test_who_cannot_connect_is_told_why_and_what_to_do_without_the_password(
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    address: Callable[[Server], str],
    cause: str,
    remedy: str,
) -> None:
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    monkeypatch.delenv("PGPASSWORD", raising=False)
    target = Target.of(address(warehouse.server))
    with pytest.raises(PostgresError) as caught:
        publish_to_postgres(warehouse.files, warehouse.manifest, target)
    assert cause in caught.value.message
    assert remedy in caught.value.remedy
    told = "".join(traceback.format_exception(caught.value)) + repr(target) + str(target)
    assert PASSWORD not in told
    assert _escaped() not in told


@pytest.mark.parametrize(
    "address",
    [
        "mysql://publisher:{secret}@db/vitals",
        "host=db password={secret}",
        "postgresql://publisher:100%{secret}@db/vitals",
        "postgresql://publisher:{secret}@[db/vitals",
        "postgresql://publisher@db/vitals?sslmod={secret}",
    ],
)
def test_an_address_that_is_none_is_told_without_the_password(address: str) -> None:
    with pytest.raises(VitalsError) as caught:
        Target.of(address.format(secret=SECRET))
    assert "postgresql://user@host:port/database" in caught.value.remedy
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("lacking", ["schema", "role"])
def test_a_right_that_is_missing_is_named(tmp_path: Path, lacking: str) -> None:
    with postgres_server() as server:
        warehouse = Warehouse(tmp_path, server)
        warehouse.publish_files(FIRST)
        if lacking == "role":
            server.rows("alter role publisher nocreaterole")
        else:
            server.rows(f"alter database {warehouse.database} owner to postgres")
        with pytest.raises(PostgresError, match=f"failed at the {lacking} .*: permission denied") as caught:
            warehouse.send()
        assert "docs/operations.md" in caught.value.remedy
        assert server.rows("select count(*) from pg_roles where rolname like 'vitals_%'") == [(0,)]


def test_a_database_of_another_encoding_is_refused(warehouse: Warehouse) -> None:
    other = warehouse.server.new_database("encoding 'LATIN1' template template0 lc_collate 'C' lc_ctype 'C'")
    with pytest.raises(PostgresError, match="keeps its texts in LATIN1"):
        warehouse.send(database=other)


def test_an_old_server_is_refused(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "LEAST_VERSION", 99)
    with pytest.raises(PostgresError, match=r"is PostgreSQL \d+"):
        warehouse.send()


def test_a_standby_is_refused(tmp_path: Path) -> None:
    with postgres_server() as server:
        warehouse = Warehouse(tmp_path, server)
        warehouse.publish_files(FIRST)
        server.become_standby()
        with pytest.raises(PostgresError, match="is a standby") as caught:
            warehouse.send()
        assert "primary" in caught.value.remedy


def test_a_publisher_with_other_defaults_may_still_publish(warehouse: Warehouse) -> None:
    for default in (
        "default_transaction_read_only = on",
        "default_transaction_isolation = 'repeatable read'",
        "datestyle = 'German, DMY'",
        "search_path = ''",
    ):
        warehouse.rows(f"alter role publisher in database {warehouse.database} set {default}")
    warehouse.send()
    warehouse.assert_equal()


def test_data_that_breaks_a_key_is_refused_without_its_values(warehouse: Warehouse) -> None:
    warehouse.build("insert into marts.dim_queue values ('sales', 'twice')")
    with pytest.raises(PostgresError, match=r"failed at marts\.dim_queue") as caught:
        warehouse.publish()
    assert "sales" not in caught.value.message
    assert warehouse.rows("select to_regclass('marts.dim_queue')") == [(None,)]


def test_a_file_that_cannot_be_read_leaves_the_database(published: Warehouse) -> None:
    old = published.rows(FIGURES)
    published.publish_files(SECOND)
    held = published.files["owners"]
    shutil.copy(published.files["managers"], held.with_name("kept.duckdb"))
    held.write_bytes(b"no database")
    with pytest.raises(duckdb.Error):
        published.send()
    assert published.rows(FIGURES) == old
