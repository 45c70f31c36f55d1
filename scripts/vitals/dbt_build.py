"""dbt, called in this process: parse, build, and what became of every node."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from vitals.errors import VitalsError
from vitals.gates import sample_rows
from vitals.paths import Paths

# Where dbt keeps the offending rows of tests (dbt_project.yml), and the column in which `valid_rows` names
# the rules that a row breaks.
_AUDIT = "audit"
_BROKEN_RULES = "broken_rules"
# The target of profiles.yml that is meant where none is named.
DUCKDB = "duckdb"
# Called with the nodes done, the nodes there are, and the name of the one that just ended.
OnNode = Callable[[int, int, str], None]
# What DuckDB says of a file that a crash left half-written.
_DAMAGED = (
    "not a valid duckdb database",
    "could not read enough bytes",
    "replaying wal",
    "checksum",
    "corrupt",
)


@dataclass(frozen=True)
class NodeResult:
    """A dbt node that did not simply pass.

    Args:
        name: its name, for people.
        kind: model, test, seed …
        file: its file, relative to the project.
        message: what dbt or the database said.
        rows: offending rows of a test; None for what is no test.
        relation: `schema.table` in the work database that keeps the offending rows.
        sample: the first of them.
        rules: what is broken and in how many rows, most first, of a test that checks several rules at once.
    """

    name: str
    kind: str
    file: str
    message: str
    rows: int | None = None
    relation: str | None = None
    sample: tuple[dict[str, str | None], ...] = ()
    rules: tuple[tuple[str, int], ...] = ()

    @property
    def title(self) -> str:
        """Its name, and the rules that are broken where the name does not say them."""
        rules = "; ".join(rule for rule, _ in self.rules)
        return f"{self.name} ({_short(rules)})" if rules else self.name


@dataclass(frozen=True)
class DbtReport:
    """What one `dbt build` did."""

    invocation_id: str
    models: int
    tests: int
    skipped: int
    seconds: float
    failures: tuple[NodeResult, ...] = ()
    warnings: tuple[NodeResult, ...] = ()
    slowest: tuple[tuple[str, float], ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether no node failed."""
        return not self.failures

    def and_then(self, other: DbtReport) -> DbtReport:
        """Both, as one build that has the other's id."""
        return replace(
            other,
            models=self.models + other.models,
            tests=self.tests + other.tests,
            skipped=self.skipped + other.skipped,
            seconds=self.seconds + other.seconds,
            failures=self.failures + other.failures,
            warnings=self.warnings + other.warnings,
            slowest=tuple(sorted(self.slowest + other.slowest, key=lambda one: -one[1])[:5]),
        )


def target_dir(paths: Paths, engine: str = DUCKDB) -> Path:
    """Where dbt writes its artefacts of a target of profiles.yml."""
    return paths.warehouse / "target" / ("" if engine == DUCKDB else engine)


def log_dir(paths: Paths) -> Path:
    """Where every log goes."""
    return paths.warehouse / "logs"


def read_manifest(paths: Paths) -> dict[str, Any]:
    """dbt's manifest of the last parse.

    Raises:
        VitalsError: when there is none.
    """
    file = target_dir(paths) / "manifest.json"
    if not file.exists():
        raise VitalsError(f"{file} does not exist", "Run `vitals build` first.")
    manifest: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return manifest


def parse(paths: Paths, engine: str = DUCKDB) -> Any:
    """Parse the project; writes `manifest.json` and returns dbt's own manifest object for `build`.

    Args:
        paths: the installation.
        engine: the target of profiles.yml.

    Raises:
        VitalsError: when dbt cannot read the project.
    """
    return _invoke(paths, None, ["parse"], [], engine=engine).result


def write_docs(paths: Paths, manifest: Any) -> Path:
    """dbt's own documentation of the models as one HTML file; no database is read.

    Args:
        paths: the project, and as its warehouse a folder that no build uses.
        manifest: what `parse` returned for these paths.

    Raises:
        VitalsError: when dbt cannot write it.
    """
    _invoke(paths, manifest, ["docs", "generate", "--static", "--empty-catalog", "--no-compile"], [])
    return target_dir(paths) / "static_index.html"


def build(
    paths: Paths,
    manifest: Any,
    select: Sequence[str] = (),
    full_refresh: bool = False,
    on_node: OnNode | None = None,
    exclude: Sequence[str] = (),
    is_live: bool = False,
    is_large: bool = False,
    engine: str = DUCKDB,
    is_complement: bool = False,
) -> DbtReport:
    """Build every seed, model and data test into the work database, or on another engine. Failed tests are
    reported, not raised.

    Args:
        paths: the project and its warehouse.
        manifest: what `parse` returned.
        select: dbt selectors; empty = everything.
        full_refresh: rebuild incremental models and seeds from nothing.
        on_node: told after every node.
        exclude: dbt selectors of what is left out.
        is_live: test only what changed since the last build of everything (macros/data_test.sql); log less.
        is_large: one model at a time, so that none has to share the memory.
        engine: the target of profiles.yml.
        is_complement: what is excluded, or selected, is built by another call: a test goes with all that it
            reads, to the call that has the later part.

    Raises:
        VitalsError: when dbt stopped before it built anything.
    """
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    if select:
        # A test that also reads what is not built in this part would fail for want of a table.
        arguments += ["--select", *select, "--indirect-selection", "buildable"]
    if exclude:
        arguments += ["--exclude", *exclude]
        if not select:
            # Of what is left out the tests are named as well: others that also read it are wanted.
            arguments += ["--indirect-selection", "empty"]
    if is_complement:
        arguments[arguments.index("--indirect-selection") + 1] = "eager"
    if full_refresh:
        arguments.append("--full-refresh")
    if is_live:
        arguments += ["--vars", json.dumps({"is_live": True})]
    if is_large:
        arguments += ["--threads", "1"]
    if not select and engine == DUCKDB:
        _drop_offending_rows(paths.work_db)
    started = time.monotonic()
    result = _invoke(
        paths,
        manifest,
        arguments,
        [_progress(on_node)] if on_node else [],
        "info" if is_live else "debug",
        engine,
    )
    return _report(paths, result, time.monotonic() - started, engine)


def compile_analyses(paths: Paths, names: Sequence[str], variables: Mapping[str, str]) -> dict[str, str]:
    """The SQL of analyses as dbt compiles it, by name; no database is opened.

    Args:
        paths: the project, and as its warehouse a folder that no build uses.
        names: the analyses.
        variables: values for their `var(…)`.

    Raises:
        VitalsError: when dbt cannot compile them.
    """
    arguments = ["compile", "--select", *names, "--no-populate-cache", "--no-introspect"]
    if variables:
        arguments += ["--vars", json.dumps(dict(variables))]
    result = _invoke(paths, None, arguments, [])
    return {one.node.name: str(one.node.compiled_code) for one in result.result.results}


def _invoke(
    paths: Paths,
    manifest: Any,
    arguments: Sequence[str],
    callbacks: list[Callable[[Any], None]],
    log_level: str = "debug",
    engine: str = DUCKDB,
) -> Any:
    # Seconds to import: only those who build pay for it.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    for folder in (paths.warehouse, target_dir(paths, engine), log_dir(paths)):
        folder.mkdir(parents=True, exist_ok=True)
    # Its own console output stays away: the log file has everything that is asked for.
    settings = [
        "--log-level", "none",
        "--log-level-file", log_level,
        "--log-path", str(log_dir(paths)),
        "--no-send-anonymous-usage-stats",
        "--no-use-colors",
        "--no-use-colors-file",
        "--no-print",
    ]  # fmt: skip
    places = [
        "--project-dir", str(paths.project),
        "--profiles-dir", str(paths.project),
        "--target-path", str(target_dir(paths, engine)),
        # What is meant where none is named stands in profiles.yml.
        *(() if engine == DUCKDB else ("--target", engine)),
    ]  # fmt: skip
    with _surroundings(paths):
        try:
            result = dbtRunner(manifest=manifest, callbacks=callbacks).invoke(
                [*settings, *arguments, *places]
            )
        finally:
            # Otherwise this process keeps the database locked.
            DuckDBConnectionManager.close_all_connections()
    if isinstance(result.exception, KeyboardInterrupt):
        raise result.exception
    if result.exception is not None:
        told = str(result.exception) or type(result.exception).__name__
        raise VitalsError(
            f"dbt could not {arguments[0]} the project: {_short(told)}",
            f"Correct what it names; the whole log is {log_dir(paths) / 'dbt.log'}.",
        )
    return result


def ensure_usable(paths: Paths) -> bool:
    """Find out before any work whether dbt can write to the work database; one that a crash damaged goes.

    Everything in it comes from the raw files, so that it is rebuilt and nothing is lost.

    Returns:
        False when it was damaged and is gone.

    Raises:
        VitalsError: when another program has it open.
        duckdb.Error: when the system refuses it: permissions, space.
    """
    if not paths.work_db.exists():
        # The log of a database that is gone belongs to none.
        _wal(paths.work_db).unlink(missing_ok=True)
        return True
    try:
        duckdb.connect(str(paths.work_db)).close()
    except duckdb.Error as error:
        said = str(error).lower()
        if "lock on file" in said:
            raise VitalsError(
                f"{paths.work_db} is open in another program: {_short(str(error))}",
                "Close it there. To look at data while Vitals builds, open the published "
                f"{paths.published_db.name} instead.",
            ) from error
        if not any(words in said for words in _DAMAGED):
            raise
        for damaged in (paths.work_db, _wal(paths.work_db)):
            damaged.unlink(missing_ok=True)
        return False
    return True


def _wal(database: Path) -> Path:
    return database.with_name(database.name + ".wal")


@contextmanager
def _surroundings(paths: Paths) -> Iterator[None]:
    """What dbt reads from the environment, for the time of one call."""
    wanted = {"VITALS_WAREHOUSE": str(paths.warehouse), "DO_NOT_TRACK": "1"}
    before = {name: os.environ.get(name) for name in wanted}
    folder = Path.cwd()
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.chdir(folder)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _progress(on_node: OnNode) -> Callable[[Any], None]:
    done = 0
    total = 0

    def listen(event: Any) -> None:
        nonlocal done, total
        if event.info.name in ("LogStartLine", "LogStartNode"):
            total = max(total, int(getattr(event.data, "total", 0)))
        elif event.info.name == "NodeFinished":
            done += 1
            on_node(done, max(total, done), event.data.node_info.node_name)

    return listen


def _report(paths: Paths, result: Any, seconds: float, engine: str) -> DbtReport:
    failures: list[NodeResult] = []
    warnings: list[NodeResult] = []
    models = tests = skipped = 0
    slowest: list[tuple[str, float]] = []
    for one in result.result.results:
        kind = str(one.node.resource_type.value)
        models += kind == "model"
        tests += kind == "test"
        skipped += str(one.status) == "skipped"
        slowest.append((one.node.name, float(one.execution_time)))
        match str(one.status):
            case "error" | "fail":
                failures.append(_node_result(one, kind))
            case "warn":
                warnings.append(_node_result(one, kind))
    found = [*failures, *warnings]
    with_rows = _with_samples(paths.work_db, found) if engine == DUCKDB else _counted_alone(found)
    slowest.sort(key=lambda item: -item[1])
    return DbtReport(
        invocation_id=str(result.result.args.get("invocation_id") or _invocation_id(paths, engine)),
        models=models,
        tests=tests,
        skipped=skipped,
        seconds=seconds,
        failures=tuple(with_rows[: len(failures)]),
        warnings=tuple(with_rows[len(failures) :]),
        slowest=tuple(slowest[:5]),
    )


def _invocation_id(paths: Paths, engine: str) -> str:
    file = target_dir(paths, engine) / "run_results.json"
    return str(json.loads(file.read_text(encoding="utf-8"))["metadata"]["invocation_id"])


def _node_result(one: Any, kind: str) -> NodeResult:
    node = one.node
    is_test = kind == "test" and str(one.status) != "error"
    return NodeResult(
        name=node.name,
        kind=kind,
        file=node.original_file_path,
        message=_short(str(one.message or ""), 600),
        rows=int(one.failures or 0) if is_test else None,
        relation=f"{node.schema}.{node.alias}" if is_test and getattr(node, "relation_name", None) else None,
    )


def _drop_offending_rows(work: Path) -> None:
    """Of earlier builds: else those of a test that is skipped or gone by now would pass for this build's."""
    if work.exists():
        with duckdb.connect(str(work)) as connection:
            connection.execute(f"drop schema if exists {_AUDIT} cascade")


def _counted_alone(results: Sequence[NodeResult]) -> list[NodeResult]:
    """Where the rows are on another engine, in the table that the message names."""
    return [
        replace(
            one, relation=None, message=f"{one.message} ({one.relation})" if one.relation else one.message
        )
        for one in results
    ]


def _with_samples(work: Path, results: Sequence[NodeResult]) -> list[NodeResult]:
    if not any(one.relation for one in results):
        return list(results)
    with duckdb.connect(str(work), read_only=True) as connection:
        return [_with_sample(connection, one) for one in results]


def _with_sample(connection: duckdb.DuckDBPyConnection, one: NodeResult) -> NodeResult:
    if one.relation is None:
        return one
    schema, name = one.relation.split(".", 1)
    table = f'"{schema}"."{name}"'
    try:
        sample = sample_rows(connection, f"select * from {table}")
    except duckdb.CatalogException:
        # The test does not store its failures: its count has to do.
        return replace(one, relation=None)
    rules: Counter[str] = Counter()
    if sample and _BROKEN_RULES in sample[0]:
        for broken, rows in connection.execute(
            f"select {_BROKEN_RULES}, count(*) from {table} group by {_BROKEN_RULES} order by all"
        ).fetchall():
            rules.update(dict.fromkeys(broken.split("; "), rows))
    return replace(one, sample=sample, rules=tuple(rules.most_common()))


def _short(text: str, limit: int = 400) -> str:
    joined = " ".join(line.strip() for line in text.strip().splitlines() if line.strip())
    return joined if len(joined) <= limit else joined[: limit - 1] + "…"
