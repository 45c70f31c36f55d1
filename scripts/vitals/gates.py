"""The two gates: Great Expectations on raw data before a build, and on the candidate before it is published.

Great Expectations takes seconds to import, so it lives in a process of its own: `Gatekeeper` starts it early,
asks it, and ends it. Each request is answered in a fork, which takes all handles on the file with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import duckdb

from vitals.errors import VitalsError
from vitals.streams import Stream

SAMPLE_ROWS = 5
# A required column may be empty in a few rows (staging quarantines those), but not in many: then the
# export changed.
REQUIRED_SHARE = 0.95
PROVENANCE = ("source_file", "source_row", "file_hash", "landed_at")


@dataclass(frozen=True)
class Check:
    """One expectation on one table.

    Args:
        table: `schema.table` in the database that is checked.
        says: what must hold, as a sentence for people.
        expectation: name of a Great Expectations class.
        arguments: its arguments.
        offenders: a query that gives the rows which break it, for people; None when no row can be named.
    """

    table: str
    says: str
    expectation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    offenders: str | None = None


@dataclass(frozen=True)
class CheckResult:
    """What became of one check."""

    check: Check
    passed: bool
    observed: str
    sample: tuple[dict[str, str | None], ...] = ()


@dataclass(frozen=True)
class GateReport:
    """All results of one gate."""

    name: str
    subject: str
    checked_at: datetime
    seconds: float
    results: tuple[CheckResult, ...]

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """The checks that did not pass."""
        return tuple(one for one in self.results if not one.passed)

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return not self.failures


class GateFailed(VitalsError):  # noqa: N818 - it reads as what happened, like AuditFailed
    """A gate said no. Nothing was built on it, nothing was published."""

    def __init__(self, report: GateReport, docs: Path, remedy: str) -> None:
        self.report = report
        first = report.failures[0]
        more = f" and {len(report.failures) - 1} more" if len(report.failures) > 1 else ""
        super().__init__(
            f"The {report.name} gate failed: {first.check.table}: {first.check.says}{more}", remedy
        )
        self.docs = docs


# --- what is checked ---------------------------------------------------------------------------


def rows_at_least(table: str, minimum: int) -> Check:
    """The table holds so many rows or more."""
    return Check(
        table,
        f"holds at least {minimum} row{'s' if minimum != 1 else ''}",
        "ExpectTableRowCountToBeBetween",
        {"min_value": minimum},
    )


def any_rows(table: str, instead: str) -> Check:
    """The table holds rows, or another one does."""
    return no_rows(
        table,
        f"holds at least 1 row, or {instead} does",
        "select 'no row' as found where not exists (select 1 from {batch})"
        f" and not exists (select 1 from {instead})",
    )


def columns_exist(table: str, columns: Sequence[str]) -> Check:
    """The table has these columns, and may have more."""
    return Check(
        table,
        f"has the columns {', '.join(columns)}",
        "ExpectTableColumnsToMatchSet",
        {"column_set": list(columns), "exact_match": False},
    )


def filled(table: str, column: str, share: float = 1.0) -> Check:
    """The column is null in at most 1 − share of the rows."""
    return Check(
        table,
        f"{column} is never empty"
        if share == 1
        else f"{column} is filled in at least {share:.0%} of the rows",
        "ExpectColumnValuesToNotBeNull",
        {"column": column, "mostly": share},
        f"select * from {table} where {column} is null",
    )


def no_rows(table: str, says: str, query: str) -> Check:
    """The query finds nothing; `{batch}` in it stands for the table."""
    return Check(
        table,
        says,
        "UnexpectedRowsExpectation",
        {"unexpected_rows_query": query},
        query.replace("{batch}", table),
    )


def raw_checks(streams: Iterable[Stream]) -> list[Check]:
    """What must hold of raw data before anything is built on it."""
    checks = [
        no_rows(
            "vitals.ledger",
            "every row read was landed or quarantined",
            "select * from {batch} where rows_read <> rows_landed + rows_quarantined",
        ),
        no_rows(
            "vitals.ledger",
            "a file's content is landed once per stream",
            "select platform, stream, file_hash, count(*) as times_landed from {batch}"
            " where status = 'landed' group by platform, stream, file_hash having count(*) > 1",
        ),
        no_rows(
            "vitals.quarantine",
            "every quarantined line is counted in the ledger, and the reverse",
            "select coalesce(l.source_file, q.source_file) as source_file, l.rows_quarantined as in_ledger,"
            " q.lines as in_quarantine"
            " from (select platform, stream, file_hash, source_file, rows_quarantined from vitals.ledger"
            " where status = 'landed') as l"
            " full outer join (select platform, stream, file_hash, max(source_file) as source_file,"
            " count(*) as lines from {batch} group by platform, stream, file_hash) as q"
            " on l.platform = q.platform and l.stream = q.stream and l.file_hash = q.file_hash"
            " where coalesce(l.rows_quarantined, 0) <> coalesce(q.lines, 0)",
        ),
    ]
    for one in streams:
        table = f"{one.platform}.{one.name}"
        checks.append(columns_exist(table, [*one.columns, *PROVENANCE]))
        checks.extend(filled(table, column) for column in PROVENANCE)
        checks.extend(filled(table, column, REQUIRED_SHARE) for column in one.required)
        if one.format != "json":
            # Several JSON records may start on one line; of a table's rows none share one.
            checks.append(
                no_rows(
                    table,
                    "a line of a file is landed once",
                    "select file_hash, source_row, count(*) as times_landed from {batch}"
                    " group by file_hash, source_row having count(*) > 1",
                )
            )
        checks.append(
            no_rows(
                table,
                "holds exactly the rows that the ledger counts, file by file",
                "select coalesce(l.file_hash, r.file_hash) as file_hash, l.source_file,"
                " l.rows_kept as in_ledger, r.rows_found as in_raw"
                " from (select file_hash, source_file, rows_landed - coalesce(rows_expired, 0) as rows_kept"
                " from vitals.ledger where status = 'landed'"
                f" and platform = '{one.platform}' and stream = '{one.name}') as l"
                " full outer join (select file_hash, count(*) as rows_found from {batch}"
                " group by file_hash) as r"
                " on l.file_hash = r.file_hash"
                " where coalesce(l.rows_kept, 0) <> coalesce(r.rows_found, 0)",
            )
        )
    return checks


# Elsewhere a row need not be about a contact.
CONTACT_TABLES = ("marts.fct_contacts", "marts.fct_contact_legs")
# Where a centre has nothing but reported sums, these hold them.
REPORTED_INSTEAD = {
    "marts.fct_contacts": "marts.fct_reported_totals",
    "marts.kpi_values": "marts.kpi_period_values",
}
# It says by how much more than scheduled was worked: no share of a whole.
OPEN_ENDED = "conformance"


def candidate_checks(candidate: Path, unchanged: Collection[str] = ()) -> list[Check]:
    """What must hold of the candidate before readers see it; follows the tables that it has.

    Args:
        candidate: the analysts' file.
        unchanged: tables, without their schema, that are passed over.
    """
    with duckdb.connect(str(candidate), read_only=True) as connection:
        columns: dict[str, dict[str, str]] = {}
        for table, column, kind in connection.execute(
            "select table_schema || '.' || table_name, column_name, data_type from information_schema.columns"
            " where table_schema = 'marts' and not list_contains(?, table_name) order by 1, ordinal_position",
            [list(unchanged)],
        ).fetchall():
            columns.setdefault(table, {})[column] = kind
    # Its rows are those of the single KPIs' tables.
    every_kpi = columns.get("marts.kpi_values")
    if every_kpi:
        columns = {
            table: held
            for table, held in columns.items()
            if table == "marts.kpi_values" or held != every_kpi or not table.startswith("marts.kpi_")
        }
    checks = []
    for table in ("marts.dim_kpi", "marts.rpt_scorecard"):
        if table in columns:
            checks.append(rows_at_least(table, 1))
    for table, instead in REPORTED_INSTEAD.items():
        if table in columns:
            checks.append(any_rows(table, instead) if instead in columns else rows_at_least(table, 1))
    for table, held in columns.items():
        checks.extend(_mart_checks(table, held))
    if {"marts.kpi_values", "marts.dim_kpi"} <= columns.keys():
        checks.extend(_kpi_checks(columns["marts.kpi_values"]))
    return checks


def _mart_checks(table: str, columns: Mapping[str, str]) -> list[Check]:
    # What a report sums up by week or month has a period and no day.
    days = ("period_start_date", "period_end_date") if "period_start_date" in columns else ("day",)
    needed = (*days, "kpi_id", "is_final", *(("contact_id",) if table in CONTACT_TABLES else ()))
    checks = [filled(table, column) for column in needed if column in columns]
    floats = [column for column, kind in columns.items() if kind in ("DOUBLE", "FLOAT")]
    if floats:
        wrong = " or ".join(f"isinf({column}) or isnan({column})" for column in floats)
        checks.append(
            no_rows(
                table,
                f"{', '.join(floats)}: neither infinite nor not-a-number",
                f"select * from {{batch}} where {wrong}",
            )
        )
    if {"numerator", "denominator", "value"} <= columns.keys():
        checks.append(
            no_rows(
                table,
                "value is numerator ÷ denominator, and null where the denominator is 0",
                "select * from {batch}"
                " where (value is null) <> (coalesce(denominator, 0) = 0 or numerator is null)"
                " or abs(value * cast(denominator as double) - cast(numerator as double))"
                " > 0.000001 * greatest(1, abs(cast(numerator as double)))",
            )
        )
        checks.append(
            no_rows(table, "denominator is never negative", "select * from {batch} where denominator < 0")
        )
    return checks


def _kpi_checks(columns: Mapping[str, str]) -> list[Check]:
    table = "marts.kpi_values"
    grain = [column for column in columns if column not in ("numerator", "denominator", "value", "is_final")]
    return [
        no_rows(
            table,
            f"one row per {', '.join(grain)}",
            f"select {', '.join(grain)}, count(*) as times from {{batch}} group by {', '.join(grain)}"
            " having count(*) > 1",
        ),
        no_rows(
            table,
            "every KPI is in the catalogue",
            "select distinct v.kpi_id from {batch} as v left join marts.dim_kpi as c on v.kpi_id = c.kpi_id"
            " where c.kpi_id is null",
        ),
        no_rows(
            table,
            "a rate lies between 0 and 1",
            "select v.* from {batch} as v inner join marts.dim_kpi as c on v.kpi_id = c.kpi_id"
            f" where c.unit = 'percent' and v.kpi_id <> '{OPEN_ENDED}' and (v.value < 0 or v.value > 1)",
        ),
        no_rows(
            table,
            "a rate counts no more than there is: 0 ≤ numerator ≤ denominator",
            "select v.* from {batch} as v inner join marts.dim_kpi as c on v.kpi_id = c.kpi_id"
            f" where c.unit = 'percent' and v.kpi_id <> '{OPEN_ENDED}'"
            " and (v.numerator < 0 or v.numerator > v.denominator)",
        ),
        no_rows(
            table,
            "points lie between -100 and 100",
            "select v.* from {batch} as v inner join marts.dim_kpi as c on v.kpi_id = c.kpi_id"
            " where c.unit = 'points' and abs(v.numerator) > 100 * v.denominator",
        ),
        no_rows(
            table,
            "no time is negative",
            "select v.* from {batch} as v inner join marts.dim_kpi as c on v.kpi_id = c.kpi_id"
            " where c.unit = 'seconds' and v.numerator < 0",
        ),
    ]


# --- asking ------------------------------------------------------------------------------------


class Gatekeeper:
    """A process that holds Great Expectations. Start it early: it warms up while other work goes on.

    Use as a context manager; leaving it ends the process.
    """

    def __init__(self, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log_path = log
        self._log: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Gatekeeper:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the process; does not wait for it."""
        if self._process is not None:
            return
        package_root = str(Path(__file__).resolve().parents[1])
        search_path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))
        self._log = self._log_path.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vitals.gates"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, "PYTHONPATH": search_path, "GX_ANALYTICS_ENABLED": "false"},
        )

    def ask(self, database: Path, checks: Sequence[Check]) -> tuple[CheckResult, ...]:
        """Run the checks on a DuckDB file, read-only.

        Raises:
            VitalsError: when the process died or Great Expectations gave no result.
        """
        self.start()
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"database": str(database), "checks": [asdict(one) for one in checks]}
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        answer = json.loads(line) if line else {"error": "its process ended"}
        if "error" in answer:
            raise VitalsError(
                f"Great Expectations could not check {database.name}: {answer['error']}",
                f"See {self._log_path}. Nothing was published.",
            )
        results = tuple(
            CheckResult(check, one["passed"], one["observed"])
            for check, one in zip(checks, answer["results"], strict=True)
        )
        return _with_samples(database, results)

    def close(self) -> None:
        """End the process and wait for it."""
        if self._process is not None:
            if self._process.stdin is not None:
                with suppress(BrokenPipeError):
                    self._process.stdin.close()
            try:
                self._process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None
        if self._log is not None:
            self._log.close()
            self._log = None


def check_raw(keeper: Gatekeeper, raw: Path, streams: Sequence[Stream]) -> GateReport:
    """Check the raw Parquet files against the declaration of their streams and against the ledger."""
    started = time.monotonic()
    held = [one for one in streams if any((raw / one.platform / one.name).glob("*.parquet"))]
    with tempfile.TemporaryDirectory(prefix="vitals-gate-") as folder:
        database = Path(folder) / "raw_gate.duckdb"
        with duckdb.connect(str(database)) as connection:
            sources = {f"{one.platform}.{one.name}": raw / one.platform / one.name for one in held}
            sources |= {f"vitals.{name}": raw / "vitals" / name for name in ("ledger", "quarantine")}
            for table, directory in sources.items():
                pattern = str(directory / "*.parquet").replace("'", "''")
                connection.execute(f"create schema if not exists {table.split('.')[0]}")
                connection.execute(
                    f"create view {table} as select * from read_parquet('{pattern}', union_by_name = true)"
                )
        results = keeper.ask(database, raw_checks(held))
    return GateReport("raw", str(raw), datetime.now(UTC), time.monotonic() - started, results)


def check_candidate(keeper: Gatekeeper, candidate: Path, unchanged: Collection[str] = ()) -> GateReport:
    """Check the candidate as a reader would see it, but for tables that were published as they are."""
    started = time.monotonic()
    results = keeper.ask(candidate, candidate_checks(candidate, unchanged))
    return GateReport("marts", str(candidate), datetime.now(UTC), time.monotonic() - started, results)


# --- inside the process ------------------------------------------------------------------------


class _DuckDBDialect:
    """Equal to "duckdb", and hashing like it, the way a member of Great Expectations' dialect enum is."""

    value = "duckdb"

    def __eq__(self, other: object) -> bool:
        return getattr(other, "value", other) == "duckdb"

    def __hash__(self) -> int:
        return hash("duckdb")


def keep_duckdb_connections() -> None:
    """Make Great Expectations keep its DuckDB connection while it fetches.

    Out of the box it closes the connection first; DuckDB's cursors die with it, and results come back empty.
    """
    from great_expectations.execution_engine import sqlalchemy_execution_engine as engine

    known = engine._PERSISTED_CONNECTION_DIALECTS
    if not any(getattr(one, "value", one) == "duckdb" for one in known):
        engine._PERSISTED_CONNECTION_DIALECTS = (*known, _DuckDBDialect())


def run_checks(database: Path, checks: Sequence[Check]) -> list[CheckResult]:
    """Run the checks with Great Expectations in this process (imports it: seconds).

    Raises:
        VitalsError: when Great Expectations gives no result for a check that it says it made.
    """
    import great_expectations as gx
    import great_expectations.expectations as catalogue
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sql(
        "duckdb",
        connection_string=f"duckdb:///{database}",
        create_temp_table=False,
        kwargs={"connect_args": {"read_only": True}},
    )
    by_table: dict[str, list[tuple[int, Check]]] = {}
    for number, check in enumerate(checks):
        by_table.setdefault(check.table, []).append((number, check))
    definitions = []
    for table, members in by_table.items():
        schema, name = table.split(".")
        asset = source.add_table_asset(table, table_name=name, schema_name=schema)
        suite = gx.ExpectationSuite(
            name=table,
            expectations=[
                getattr(catalogue, check.expectation)(**check.arguments, meta={"number": number})
                for number, check in members
            ],
        )
        definitions.append(
            context.validation_definitions.add(
                gx.ValidationDefinition(
                    name=table,
                    data=asset.add_batch_definition_whole_table("all"),
                    suite=context.suites.add(suite),
                )
            )
        )
    checkpoint = gx.Checkpoint(
        name="gate", validation_definitions=definitions, result_format={"result_format": "SUMMARY"}
    )
    outcome = context.checkpoints.add(checkpoint).run()
    found: dict[int, CheckResult] = {}
    for suite_result in outcome.run_results.values():
        for one in suite_result.results:
            number = int(one.expectation_config.meta["number"])
            found[number] = _read_result(checks[number], one.to_json_dict())
    if len(found) != len(checks):
        raise VitalsError(
            f"Great Expectations answered {len(found)} of {len(checks)} checks",
            "Its version may have changed: install the pinned one (make build).",
        )
    return [found[number] for number in range(len(checks))]


def _read_result(check: Check, answer: Mapping[str, Any]) -> CheckResult:
    result: Mapping[str, Any] = answer["result"]
    passed = bool(answer["success"])
    if not result:
        error = _exception_message(answer["exception_info"])
        if passed or "list index out of range" in error:
            raise VitalsError(
                "Great Expectations came back with an empty result: its DuckDB workaround no longer holds",
                "Install the pinned version (make build); see keep_duckdb_connections in vitals/gates.py.",
            )
        return CheckResult(check, False, error)
    return CheckResult(check, passed, _observed(check, result))


def _exception_message(info: Mapping[str, Any]) -> str:
    for one in (info, *(value for value in info.values() if isinstance(value, dict))):
        if one.get("exception_message"):
            return str(one["exception_message"])
    return "no reason given"


def _observed(check: Check, result: Mapping[str, Any]) -> str:
    if check.expectation == "UnexpectedRowsExpectation":
        return f"{int(result['observed_value'] or 0):,} offending rows"
    if "unexpected_count" in result:
        # Of an empty table the count is null.
        return (
            f"{int(result['unexpected_count'] or 0):,} of {int(result['element_count'] or 0):,} rows offend"
        )
    observed = result.get("observed_value")
    if isinstance(observed, int):
        return f"{observed:,} rows"
    missing = (result.get("details") or {}).get("mismatched", {}).get("missing")
    if missing:
        return f"missing: {', '.join(missing)}"
    return f"{len(observed)} columns" if isinstance(observed, list) else str(observed)


def _with_samples(database: Path, results: Sequence[CheckResult]) -> tuple[CheckResult, ...]:
    """The results, and with every failed one the first rows that break it."""
    if all(one.passed for one in results):
        return tuple(results)
    with duckdb.connect(str(database), read_only=True) as connection:
        return tuple(
            one
            if one.passed or not one.check.offenders
            else replace(one, sample=_try_sample(connection, one.check.offenders))
            for one in results
        )


def _try_sample(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[dict[str, str | None], ...]:
    try:
        return sample_rows(connection, query)
    except duckdb.Error:
        # What the check names is not there: the result says so already.
        return ()


def sample_rows(
    connection: duckdb.DuckDBPyConnection, query: str, limit: int = SAMPLE_ROWS
) -> tuple[dict[str, str | None], ...]:
    """The first rows of a query, every value as text."""
    cursor = connection.execute(f"select * from ({query}) as offenders limit {limit}")
    names = [column[0] for column in cursor.description or []]
    return tuple(
        {name: None if value is None else str(value) for name, value in zip(names, row, strict=True)}
        for row in cursor.fetchall()
    )


def _serve(read: Callable[[], bytes], write: Callable[[bytes], object]) -> None:
    """Answer one request per line until there are no more, each in a fork: its end frees all handles."""
    import great_expectations.expectations  # noqa: F401 - the forks inherit what is imported here

    keep_duckdb_connections()
    while line := read():
        child = os.fork()
        if child == 0:
            write(json.dumps(_answer(json.loads(line))).encode() + b"\n")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            write(json.dumps({"error": f"its fork ended with status {status}"}).encode() + b"\n")


def _answer(request: Mapping[str, Any]) -> dict[str, Any]:
    try:
        results = run_checks(Path(request["database"]), [Check(**one) for one in request["checks"]])
    except Exception as error:
        # The other side reports it; the details go to the log.
        traceback.print_exc()
        return {"error": str(error).splitlines()[0] if str(error) else type(error).__name__}
    return {"results": [{"passed": one.passed, "observed": one.observed} for one in results]}


def _main() -> None:
    # Great Expectations prints: only our answers may reach the pipe.
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    _serve(sys.stdin.buffer.readline, pipe.write)
    # Its libraries keep threads: leave without waiting for them.
    os._exit(0)


if __name__ == "__main__":
    _main()
