"""The published files in a PostgreSQL database: in one transaction, and of each table only the days that
differ.

Readers keep reading meanwhile: rows are deleted and inserted, tables are dropped only where their definition
changed. What the database holds is known from the schema `vitals_publication` there: per table its
definition, per day a digest of its rows. So it does not matter which publication was the last to get there.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.csv
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from vitals.errors import PostgresError, VitalsError
from vitals.publish import LEVELS, Relation, published_relations

# Of each level's role: the levels whose tables it reads.
ROLES: Mapping[str, tuple[str, ...]] = {
    "vitals_managers": ("managers",),
    "vitals_analysts": ("managers", "analysts"),
    "vitals_owners": tuple(LEVELS),
}
# `unique nulls not distinct`, which keys with unknown parts need, came with it.
LEAST_VERSION = 15
# Told with the table in hand.
OnTable = Callable[[str, int, int, str], None]
STEP = "Publishing to PostgreSQL"
BOOKS = "vitals_publication"
# BI tools ask for these over a span of days.
_ASKED_FOR = ("kpi_id", "client", "queue", "agent_id")
# Number of the lock that a publication holds in its database.
_LOCK = 0x766974616C73
# A publication that never ends is told after that long, a reader that holds what must be replaced after this.
WAIT_FOR_PUBLICATION = "10min"
WAIT_FOR_READERS = "30s"
_ROWS_A_BATCH = 50_000
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}".encode()
_TYPES = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "DOUBLE": "double precision",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
}


@dataclass(frozen=True)
class Target:
    """A PostgreSQL database. It shows itself without its password."""

    parameters: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, address: str) -> Target:
        """The database of an address such as postgresql://vitals@db.example.org/vitals.

        What it leaves out is libpq's: PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD, ~/.pgpass.

        Raises:
            VitalsError: it is no such address.
        """
        remedy = (
            "Write postgresql://user@host:port/database. In a password, @ / : % are %40 %2F %3A %25; better"
            " leave it to ~/.pgpass."
        )
        if not address.startswith(("postgresql://", "postgres://")):
            raise VitalsError("The address to publish to does not begin with postgresql://", remedy)
        try:
            found = conninfo_to_dict(address)
        except psycopg.ProgrammingError:
            # It quotes what it chokes on, which may be the password.
            raise VitalsError("The address to publish to cannot be read.", remedy) from None
        return cls({name: str(value) for name, value in found.items()})

    def __str__(self) -> str:
        user, host = self.parameters.get("user"), self.parameters.get("host", "")
        port, database = self.parameters.get("port"), self.parameters.get("dbname", "")
        return f"postgresql://{f'{user}@' if user else ''}{host}{f':{port}' if port else ''}/{database}"

    def without_secrets(self, text: str) -> str:
        """A text of a library on one line, without what must not be told."""
        for name in ("password", "sslpassword"):
            if secret := self.parameters.get(name):
                text = text.replace(secret, "…")
        return " ".join(text.split())


@dataclass(frozen=True)
class PostgresReport:
    """What was published to PostgreSQL.

    Args:
        target: where, without the password.
        tables: how many there are.
        tables_changed: in how many of them rows changed.
        days: how many days of tables were replaced; a table that is not kept by day is one.
        rows: how many rows were sent.
        seconds: how long it took.
    """

    target: str
    tables: int
    tables_changed: int
    days: int
    rows: int
    seconds: float


# Rows of one day, or of one table that is not kept by day: their digest and number.
_Slices = dict[date | None, tuple[str, int]]


@dataclass(frozen=True)
class _Reference:
    """A column of a table that names a row of another."""

    column: str
    schema: str
    table: str
    field: str
    # Whether the other table is kept by day, so that its rows come and go.
    is_to_days: bool = False


@dataclass(frozen=True)
class _Table:
    """A published table, as PostgreSQL shall have it."""

    schema: str
    name: str
    level: str
    # The attached file that holds it.
    database: str
    columns: Mapping[str, str]
    comments: Mapping[str, str]
    not_null: frozenset[str]
    keys: tuple[tuple[str, ...], ...]
    references: tuple[_Reference, ...]
    # The date or timestamp by whose day it is replaced; None: as a whole.
    kept_by: str | None

    @property
    def title(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def source(self) -> str:
        return f'{self.database}."{self.schema}"."{self.name}"'

    @property
    def day(self) -> str:
        return f'cast("{self.kept_by}" as date)' if self.kept_by else "cast(null as date)"

    @property
    def listed(self) -> str:
        return ", ".join(f'"{name}"' for name in self.columns)

    @property
    def indexes(self) -> list[tuple[str, ...]]:
        """Beside those of its keys."""
        if self.kept_by is None:
            return []
        asked = [(name, self.kept_by) for name in _ASKED_FOR if name in self.columns]
        wanted: list[tuple[str, ...]] = [(self.kept_by,), *asked]
        # A row that goes is looked for where it is named.
        wanted += [(one.column,) for one in self.references if one.is_to_days]
        return [one for one in wanted if not any(key[: len(one)] == one for key in self.keys)]

    @property
    def definition(self) -> str:
        told = [dict(self.columns), sorted(self.not_null), self.keys, self.indexes, self.kept_by]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def publish_to_postgres(
    files: Mapping[str, Path],
    manifest: Mapping[str, Any],
    target: Target,
    on_table: OnTable = lambda step, done, total, table: None,
) -> PostgresReport:
    """Bring what is published in files to a database, in one transaction.

    Readers see what was there before until all is there, and are never kept waiting, but for tables whose
    columns, keys or indexes changed. Roles `vitals_managers`, `vitals_analysts` and `vitals_owners` may read
    what their levels' files hold. A second publication waits for the first.

    Args:
        files: by level, the published file.
        manifest: dbt's, of the build that they hold: it knows keys and references.
        target: the database.
        on_table: told of each table as it comes, and when another publication is waited for.

    Raises:
        PostgresError: it cannot be reached, refuses, or failed; it holds what it held before.
        duckdb.Error: a file cannot be read.
    """
    started = time.monotonic()
    with duckdb.connect() as source:
        for level in ("analysts", "owners"):
            source.execute(f"attach '{_quoted(files[level])}' as {level} (read_only)")
        tables = _tables(source, manifest)
        with _connected(target) as connection:
            hand = _Hand(target)
            with hand.told():
                changed, days, rows = _publish(connection, source, tables, hand, on_table)
                connection.commit()
    return PostgresReport(str(target), len(tables), changed, days, rows, time.monotonic() - started)


# --- what there is to publish ------------------------------------------------------------------


def _tables(source: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]) -> list[_Table]:
    tests = _tests(manifest)
    relations = {one.model: one for one in published_relations(manifest)}
    version = Relation("quality", "published_version", "", {}, "managers", "")
    found: list[_Table] = []
    for one in [*relations.values(), version]:
        database = "owners" if one.level == "owners" else "analysts"
        columns = source.execute(
            "select column_name, data_type, comment from duckdb_columns()"
            " where database_name = ? and schema_name = ? and table_name = ? order by column_index",
            [database, one.schema, one.name],
        ).fetchall()
        comment = source.execute(
            "select comment from duckdb_tables()"
            " where database_name = ? and schema_name = ? and table_name = ?",
            [database, one.schema, one.name],
        ).fetchone()
        mine = tests.get(one.model, [])
        keys = _keys(mine)
        found.append(
            _Table(
                one.schema,
                one.name,
                one.level,
                database,
                {name: _type(one, name, kind) for name, kind, _ in columns},
                {"": (comment and comment[0]) or "", **{name: said or "" for name, _, said in columns}},
                frozenset(
                    name for kind, given in mine if kind == "valid_rows" for name in given.get("not_null", ())
                ),
                keys,
                tuple(
                    _Reference(given["column_name"], to.schema, to.name, given["field"])
                    for kind, given in mine
                    if kind == "relationships" and (to := relations.get(_ref(given["to"]))) is not None
                ),
                _kept_by([(name, kind) for name, kind, _ in columns], keys),
            )
        )
    known = {(one.schema, one.name): one for one in found}
    return [replace(one, references=tuple(_references(one, known))) for one in found]


def _references(table: _Table, known: Mapping[tuple[str, str], _Table]) -> Iterator[_Reference]:
    for one in table.references:
        other = known[one.schema, one.table]
        # What names no single row of the other table cannot be a foreign key.
        if (one.field,) in other.keys:
            yield replace(one, is_to_days=other.kept_by is not None)


def _tests(manifest: Mapping[str, Any]) -> dict[str, list[tuple[str, Mapping[str, Any]]]]:
    """By model, the generic tests without which nothing is published, and what they were given."""
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] != "test" or not node.get("test_metadata"):
            continue
        config = node["config"]
        model = manifest["nodes"].get(node.get("attached_node"))
        if model is not None and str(config.get("severity")).upper() == "ERROR" and not config.get("where"):
            given = node["test_metadata"]["kwargs"]
            found.setdefault(model["name"], []).append(
                (node["test_metadata"]["name"], {**given, **given.get("arguments", {})})
            )
    return found


def _keys(tests: Sequence[tuple[str, Mapping[str, Any]]]) -> tuple[tuple[str, ...], ...]:
    single = {(str(given["column_name"]),) for kind, given in tests if kind == "unique"}
    combined = {tuple(given["columns"]) for kind, given in tests if kind == "unique_combination"}
    return (*sorted(single), *sorted(combined))


def _ref(to: str) -> str:
    """The model that a test's `to` names."""
    found = re.fullmatch(r"""\s*\{?\{?\s*ref\(['"](\w+)['"]\)\s*\}?\}?\s*""", to)
    return found[1] if found else ""


def _kept_by(columns: Sequence[tuple[str, str]], keys: Sequence[tuple[str, ...]]) -> str | None:
    for wanted in ("DATE", "TIMESTAMP"):
        for name, kind in columns:
            # Days of one row each would be no days.
            if kind == wanted and (name,) not in keys:
                return name
    return None


def _type(relation: Relation, column: str, kind: str) -> str:
    decimal = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind)
    if decimal:
        return f"numeric({decimal[1]},{decimal[2]})"
    if kind not in _TYPES:
        raise PostgresError(
            f"{relation.schema}.{relation.name}.{column} is of the type {kind}, which is not published to"
            " PostgreSQL.",
            f"Give the column one of the types {', '.join(_TYPES).lower()} or decimal.",
        )
    return _TYPES[kind]


def _slices(source: duckdb.DuckDBPyConnection, table: _Table) -> _Slices:
    # Another DuckDB may hash otherwise.
    found = source.execute(
        f"select {table.day}, '{duckdb.__version__}:' || sum(hash({table.listed})), count(*)"
        f" from {table.source} group by all"
    ).fetchall()
    return {day: (digest, rows) for day, digest, rows in found}


# --- the database ------------------------------------------------------------------------------


@contextmanager
def _connected(target: Target) -> Iterator[psycopg.Connection]:
    defaults = {"connect_timeout": "10", "application_name": "vitals"}
    try:
        connection = psycopg.connect(
            make_conninfo(**{**defaults, **target.parameters, "client_encoding": "utf8"})
        )
    except psycopg.OperationalError as error:
        raise _not_connected(target, error) from None
    # Whatever is raised within undoes everything.
    with connection:
        yield connection


def _not_connected(target: Target, error: Exception) -> PostgresError:
    said = target.without_secrets(str(error))
    remedies = {
        "password": "Put the password into ~/.pgpass (mode 0600) or PGPASSWORD, or correct it there.",
        "pg_hba.conf": "Ask whoever runs the server to let this user in from here (pg_hba.conf).",
        'role "': "Correct the user, or have the role made: create role … login.",
        'database "': "Correct the database, or have it made: create database … owner ….",
        "SSL": "Correct sslmode and the certificates, as the server asks for them.",
    }
    remedy = next(
        (remedy for word, remedy in remedies.items() if word in said),
        "Correct host and port; see whether the server runs and listens there, or a firewall bars it.",
    )
    return PostgresError(
        f"{target} cannot be reached: {said}",
        f"{remedy} Then `vitals publish`; the files are published.",
    )


@dataclass
class _Hand:
    """What a publication has in hand, for when it fails."""

    target: Target
    what: str = "the database"

    @contextmanager
    def told(self) -> Iterator[None]:
        """What the database says becomes an error with a remedy."""
        try:
            yield
        except psycopg.Error as error:
            raise self._error(error) from None

    def _error(self, error: psycopg.Error) -> PostgresError:
        said = self.target.without_secrets(error.diag.message_primary or str(error))
        remedy = "Correct what it says, then `vitals publish`."
        if isinstance(error, errors.InsufficientPrivilege):
            remedy = "Have the database's owner give the right: docs/operations.md, PostgreSQL, says how."
        elif isinstance(error, errors.LockNotAvailable):
            remedy = (
                "Wait for whoever holds it, or end it (pg_stat_activity shows who), then `vitals publish`."
            )
        elif isinstance(error, errors.DependentObjectsStillExist):
            remedy = (
                "A view or key of yours is made on it: drop that, `vitals publish`, and make it again."
                f" {self.target.without_secrets(error.diag.message_detail or '')}"
            )
        elif isinstance(error, errors.DiskFull | errors.OutOfMemory):
            remedy = "Free some space on the server, then `vitals publish`."
        elif isinstance(error, psycopg.IntegrityError):
            remedy = (
                "`vitals build --full`, then `vitals publish`; if it comes again, it is a fault of Vitals."
            )
        elif isinstance(error, psycopg.DataError):
            # It quotes the value.
            said = type(error).__name__
        elif isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
            remedy = "See whether the server still runs, then `vitals publish`: it may be repeated."
        return PostgresError(
            f"{self.target} failed at {self.what}: {said}. It holds what it held before;"
            " the files are published.",
            remedy,
        )


def _publish(
    connection: psycopg.Connection,
    source: duckdb.DuckDBPyConnection,
    tables: Sequence[_Table],
    hand: _Hand,
    on_table: OnTable,
) -> tuple[int, int, int]:
    """Everything but the commit; in how many tables how many days and rows changed."""
    _begin(connection, hand, on_table)
    kept = _make(connection, tables, hand)
    held = _held_slices(connection)
    changed = days = rows = 0
    for number, table in enumerate(tables):
        hand.what = table.title
        on_table(STEP, number, len(tables), table.title)
        known = held.get(table.title, {})
        wanted = _slices(source, table)
        differing = [day for day in {**known, **wanted} if known.get(day) != wanted.get(day)]
        if not differing and table.title in kept:
            continue
        if table.title in kept:
            differing = _delete(connection, table, differing, known, wanted)
        rows += _copy(connection, source, table, differing, wanted, is_new=table.title not in kept)
        if table.title not in kept:
            _add_keys(connection, table)
        _note(connection, table, differing, wanted)
        changed += 1
        days += len(differing)
    hand.what = "keys, comments and rights"
    on_table(STEP, len(tables), len(tables), hand.what)
    _refer(connection, tables)
    _comment(connection, tables)
    _grant(connection, tables)
    return changed, days, rows


def _begin(connection: psycopg.Connection, hand: _Hand, on_table: OnTable) -> None:
    """Begin the transaction, alone in the database."""
    if _value(connection, "select pg_is_in_recovery()"):
        raise PostgresError(
            f"{hand.target} is a standby: nobody can write to it.",
            "Name the primary server, then `vitals publish`.",
        )
    connection.rollback()
    # Whatever the role's defaults are: after the wait for another publication, what that one left must show.
    connection.execute("set transaction isolation level read committed, read write")
    for name, value in {
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
        "lock_timeout": WAIT_FOR_PUBLICATION,
    }.items():
        connection.execute("select set_config(%s, %s, true)", [name, value])
    if connection.info.server_version < LEAST_VERSION * 10_000:
        raise PostgresError(
            f"{hand.target} is PostgreSQL {connection.info.server_version // 10_000}.",
            f"Publish to PostgreSQL {LEAST_VERSION} or newer.",
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise PostgresError(
            f"{hand.target} keeps its texts in {encoding}, which cannot hold every name.",
            "Publish to a database in UTF8: create database … encoding 'UTF8' template template0.",
        )
    if not _value(connection, "select pg_try_advisory_xact_lock(%s)", _LOCK):
        hand.what = "waiting for another publication"
        on_table("Waiting for another publication to PostgreSQL", 0, 0, "")
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
    connection.execute("select set_config('lock_timeout', %s, true)", [WAIT_FOR_READERS])


def _make(connection: psycopg.Connection, tables: Sequence[_Table], hand: _Hand) -> set[str]:
    """Make roles, schemas and tables that are missing, drop tables that are no longer published or are now
    defined otherwise, and tell which were kept with their rows.
    """
    hand.what = "roles and schemas"
    for (role,) in connection.execute(
        "select name from unnest(%s::text[]) as name where to_regrole(name) is null", [list(ROLES)]
    ).fetchall():
        hand.what = f"the role {role}"
        connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
    for schema in sorted({BOOKS, *(one.schema for one in tables)}):
        if _value(connection, "select to_regnamespace(%s) is null", f'"{schema}"'):
            hand.what = f"the schema {schema}"
            connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
    hand.what = f"the schema {BOOKS}"
    if _value(connection, "select to_regclass(%s) is null", f"{BOOKS}.tables"):
        connection.execute(
            f"create table {BOOKS}.tables (title text primary key, definition text not null);"
            f"create table {BOOKS}.slices (title text not null, day date, digest text not null,"
            " row_count bigint not null, unique nulls not distinct (title, day));"
            f"comment on schema {BOOKS} is 'What Vitals knows of the tables that it published here.'"
        )
    # Of a table that somebody dropped nothing is known any more.
    connection.execute(f"delete from {BOOKS}.tables where to_regclass(title) is null")
    known: dict[str, str] = dict(
        connection.execute(f"select title, definition from {BOOKS}.tables").fetchall()
    )
    wanted = {one.title: one.definition for one in tables}
    kept = {title for title, definition in known.items() if wanted.get(title) == definition}
    gone = sorted(known.keys() - kept)
    _drop_references(connection, tables, gone, hand)
    for title in gone:
        hand.what = title
        connection.execute(sql.SQL("drop table {}").format(sql.Identifier(*title.split("."))))
    connection.execute(f"delete from {BOOKS}.tables where title = any(%s)", [gone])
    connection.execute(f"delete from {BOOKS}.slices where not title = any(%s)", [sorted(kept)])
    for table in tables:
        if table.title in kept:
            continue
        hand.what = table.title
        if not _value(connection, "select to_regclass(%s) is null", table.title):
            raise PostgresError(
                f"{hand.target} has a table {table.title} that Vitals did not make; nothing was changed.",
                "Publish to a database of its own, or rename that table.",
            )
        columns = sql.SQL(", ").join(
            sql.SQL("{} " + kind + (" not null" if name in table.not_null else "")).format(
                sql.Identifier(name)
            )
            for name, kind in table.columns.items()
        )
        connection.execute(sql.SQL("create table {} ({})").format(_identifier(table), columns))
        connection.execute(
            f"insert into {BOOKS}.tables (title, definition) values (%s, %s)", [table.title, table.definition]
        )
    return kept


def _held_slices(connection: psycopg.Connection) -> dict[str, _Slices]:
    held: dict[str, _Slices] = {}
    for title, day, digest, rows in connection.execute(
        f"select title, day, digest, row_count from {BOOKS}.slices"
    ):
        held.setdefault(title, {})[day] = (digest, rows)
    return held


def _delete(
    connection: psycopg.Connection,
    table: _Table,
    differing: list[date | None],
    known: _Slices,
    wanted: _Slices,
) -> list[date | None]:
    """Delete the rows of some days, and tell of which days the rows are missing now."""
    name = _identifier(table)
    if table.kept_by is None:
        gone = connection.execute(sql.SQL("delete from {}").format(name)).rowcount
    else:
        by = sql.Identifier(table.kept_by)
        gone = connection.execute(
            sql.SQL(
                "delete from {} as held using unnest(%s::date[]) as touched (day)"
                " where held.{by} >= touched.day and held.{by} < touched.day + 1"
            ).format(name, by=by),
            [[day for day in differing if day is not None]],
        ).rowcount
        if None in differing:
            gone += connection.execute(sql.SQL("delete from {} where {} is null").format(name, by)).rowcount
    if gone != sum(rows for day in differing for _, rows in [known.get(day, ("", 0))]):
        # Somebody else changed rows there: of no day is it certain that it is what it was.
        connection.execute(sql.SQL("delete from {}").format(name))
        return list({**known, **wanted})
    return differing


def _copy(
    connection: psycopg.Connection,
    source: duckdb.DuckDBPyConnection,
    table: _Table,
    days: Sequence[date | None],
    wanted: _Slices,
    is_new: bool,
) -> int:
    """Send the rows of some days, and tell how many they were."""
    expected = sum(wanted[day][1] for day in days if day in wanted)
    if not expected:
        return 0
    query = f"select {table.listed} from {table.source}"
    parameters: list[Any] = []
    if len(wanted) > len([day for day in days if day in wanted]):
        query += f" where {table.day} in (select unnest(?::date[]))"
        parameters = [[day for day in days if day is not None]]
        query += f" or {table.day} is null" if None in days else ""
    # Frozen rows show to whoever finds the new table, from an older snapshot, too: better than none.
    options = "format csv, freeze" if is_new else "format csv"
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    command = sql.SQL("copy {} ({}) from stdin (" + options + ")").format(_identifier(table), columns)
    # Unquoted and empty is null, quoted and empty a text: in Arrow's CSV as in PostgreSQL's.
    written = pyarrow.csv.WriteOptions(include_header=False, quoting_style="all_valid")
    with connection.cursor() as cursor:
        with cursor.copy(command) as sink:
            for batch in source.execute(query, parameters).to_arrow_reader(_ROWS_A_BATCH):
                buffer = pa.BufferOutputStream()
                pyarrow.csv.write_csv(batch, buffer, written)
                # No text of PostgreSQL can hold it.
                sink.write(buffer.getvalue().to_pybytes().replace(b"\0", _REPLACEMENT))
        sent = cursor.rowcount
    if sent != expected:
        raise PostgresError(
            f"{table.title} took {sent:,} of {expected:,} rows; nothing was changed.",
            "`vitals publish` once more; if it comes again, it is a fault of Vitals.",
        )
    return sent


def _add_keys(connection: psycopg.Connection, table: _Table) -> None:
    name = _identifier(table)
    has_primary = False
    for key in table.keys:
        is_primary = not has_primary and table.not_null.issuperset(key)
        has_primary |= is_primary
        kind = "primary key" if is_primary else "unique nulls not distinct"
        connection.execute(sql.SQL("alter table {} add " + kind + " ({})").format(name, _listed(key)))
    for columns in table.indexes:
        connection.execute(sql.SQL("create index on {} ({})").format(name, _listed(columns)))
    connection.execute(sql.SQL("analyze {}").format(name))


def _note(
    connection: psycopg.Connection, table: _Table, days: Sequence[date | None], wanted: _Slices
) -> None:
    connection.execute(
        f"delete from {BOOKS}.slices where title = %s and (day = any(%s::date[]) or day is null and %s)",
        [table.title, [day for day in days if day is not None], None in days],
    )
    with connection.cursor().copy(f"copy {BOOKS}.slices (title, day, digest, row_count) from stdin") as sink:
        for day in days:
            if day in wanted:
                sink.write_row((table.title, day, *wanted[day]))


_HELD_REFERENCES = """
    select child_schema.nspname, child.relname, attribute.attname,
        parent_schema.nspname, parent.relname, parent_attribute.attname, held.conname
    from pg_constraint as held
    join pg_class as child on child.oid = held.conrelid
    join pg_namespace as child_schema on child_schema.oid = child.relnamespace
    join pg_attribute as attribute
        on attribute.attrelid = child.oid and attribute.attnum = held.conkey[1]
    join pg_class as parent on parent.oid = held.confrelid
    join pg_namespace as parent_schema on parent_schema.oid = parent.relnamespace
    join pg_attribute as parent_attribute
        on parent_attribute.attrelid = parent.oid and parent_attribute.attnum = held.confkey[1]
    where held.contype = 'f' and array_length(held.conkey, 1) = 1
        and child_schema.nspname || '.' || child.relname = any(%s)
"""


def _held_references(connection: psycopg.Connection, titles: Sequence[str]) -> dict[tuple[str, ...], str]:
    """By table, column and what it refers to: the name of each foreign key."""
    found = connection.execute(_HELD_REFERENCES, [titles]).fetchall()
    return {tuple(row[:6]): row[6] for row in found}


def _wanted_references(tables: Sequence[_Table]) -> set[tuple[str, ...]]:
    return {
        (one.schema, one.name, each.column, each.schema, each.table, each.field)
        for one in tables
        for each in one.references
    }


def _drop_references(
    connection: psycopg.Connection, tables: Sequence[_Table], gone: Sequence[str], hand: _Hand
) -> None:
    """Drop foreign keys that are no longer wanted, or refer to a table that will be dropped."""
    titles = [title for (title,) in connection.execute(f"select title from {BOOKS}.tables").fetchall()]
    wanted = _wanted_references(tables)
    for row, name in _held_references(connection, titles).items():
        if row not in wanted or ".".join(row[3:5]) in gone:
            hand.what = f"{row[0]}.{row[1]}, which refers to {row[3]}.{row[4]}"
            connection.execute(
                sql.SQL("alter table {} drop constraint {}").format(
                    sql.Identifier(*row[:2]), sql.Identifier(name)
                )
            )


def _refer(connection: psycopg.Connection, tables: Sequence[_Table]) -> None:
    """Check the foreign keys, and make those that are missing."""
    connection.execute("set constraints all immediate")
    held = _held_references(connection, [one.title for one in tables])
    for row in sorted(_wanted_references(tables) - held.keys()):
        # Deferred: the rows of one table come before those of the other.
        connection.execute(
            sql.SQL(
                "alter table {} add foreign key ({}) references {} ({}) deferrable initially deferred"
            ).format(
                sql.Identifier(*row[:2]),
                sql.Identifier(row[2]),
                sql.Identifier(*row[3:5]),
                sql.Identifier(row[5]),
            )
        )


def _comment(connection: psycopg.Connection, tables: Sequence[_Table]) -> None:
    """Set the comments that differ."""
    said = {
        (title, column): text
        for title, column, text in connection.execute(
            """
            select schemas.nspname || '.' || tables.relname, coalesce(columns.attname, ''), told.description
            from pg_description as told
            join pg_class as tables on tables.oid = told.objoid
            join pg_namespace as schemas on schemas.oid = tables.relnamespace
            left join pg_attribute as columns
                on columns.attrelid = tables.oid and columns.attnum = told.objsubid and told.objsubid > 0
            where told.classoid = 'pg_class'::regclass
                and schemas.nspname || '.' || tables.relname = any(%s)
            """,
            [[one.title for one in tables]],
        ).fetchall()
    }
    statements = [
        sql.SQL("comment on {} {} is {}").format(
            sql.SQL("column" if column else "table"),
            sql.Identifier(one.schema, one.name, *([column] if column else [])),
            sql.Literal(text or None),
        )
        for one in tables
        for column, text in one.comments.items()
        if text != said.get((one.title, column), "")
    ]
    _all(connection, statements)


def _grant(connection: psycopg.Connection, tables: Sequence[_Table]) -> None:
    """Let each level's role read what is its own, and nothing else."""
    held = {
        (role, title)
        for role, title in connection.execute(
            "select role, title from unnest(%s::text[]) as role, unnest(%s::text[]) as title"
            " where has_table_privilege(role, title, 'select')",
            [list(ROLES), [one.title for one in tables]],
        ).fetchall()
    }
    statements = []
    for role, levels in ROLES.items():
        may = {one.title for one in tables if one.level in levels}
        for schema in sorted({title.split(".")[0] for title in may}):
            if not _value(connection, "select has_schema_privilege(%s, %s, 'usage')", role, schema):
                statements.append(
                    sql.SQL("grant usage on schema {} to {}").format(
                        sql.Identifier(schema), sql.Identifier(role)
                    )
                )
        for one in tables:
            if (one.title in may) != ((role, one.title) in held):
                words = ("grant", "to") if one.title in may else ("revoke", "from")
                statements.append(
                    sql.SQL(words[0] + " select on {} " + words[1] + " {}").format(
                        _identifier(one), sql.Identifier(role)
                    )
                )
    _all(connection, statements)


def _all(connection: psycopg.Connection, statements: Sequence[sql.Composable]) -> None:
    """Many statements, in one go."""
    if statements:
        connection.execute(sql.SQL("; ").join(statements))


def _value(connection: psycopg.Connection, query: str, *parameters: Any) -> Any:
    row = connection.execute(query.encode(), parameters).fetchone()
    assert row is not None, "it is one row"
    return row[0]


def _identifier(table: _Table) -> sql.Identifier:
    return sql.Identifier(table.schema, table.name)


def _listed(names: Sequence[str]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
