"""Whether the checks of the project notice a mutant: unit tests, then a rebuild against truth and data tests.

dbt runs in this process on one manifest: a mutant replaces a model's or macro's text in it, nothing is
parsed again, and nothing is written to the project.
"""

from __future__ import annotations

import copy
import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from mutants.find import Mutant, find_mutants

# Told the work database with the mutant's marts; says what differs from the truth, or nothing.
TruthCheck = Callable[[Path], str | None]


@dataclass(frozen=True)
class Source:
    """A model or macro that can be mutated.

    Args:
        key: dbt's unique id.
        name: its name.
        file: its file, relative to the project.
        first_line: the line of the file on which its text begins.
        text: its text.
        models: ids of the models in scope that are made with it.
    """

    key: str
    name: str
    file: str
    first_line: int
    text: str
    models: tuple[str, ...]

    def mutants(self) -> list[Mutant]:
        """Every mutant of this source."""
        return find_mutants(self.name, self.file, self.text, self.first_line)


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant.

    Args:
        mutant: the mutant.
        by: `unit tests`, `truth`, `data tests`; `build` when a model downstream could not be built from it;
            `invalid` when it could not be built itself; None when it survived.
        detail: which check noticed, or what was compared in vain.
        seconds: how long it took to find out.
    """

    mutant: Mutant
    by: str | None
    detail: str
    seconds: float


class NotGreenError(Exception):
    """The project without any mutant does not pass its own checks: nothing would be learnt from mutants."""


@dataclass(frozen=True)
class Replay:
    """A unit test as one query, in which another text of the model can be put.

    dbt takes a fifth of a second to prepare a unit test; the query that it arrives at takes a fiftieth.

    Args:
        key: dbt's unique id.
        name: its name.
        model: the id of the model that it tests.
        before: the query up to the model's own first CTE: the fixtures; None when the model's text does not
            stand in it as written (sources that are files, overridden macros): dbt has to run it.
        after: what follows the model: the expected rows.
        inputs: relations that the model reads, and the fixture in the place of each.
    """

    key: str
    name: str
    model: str
    before: str | None
    after: str
    inputs: tuple[tuple[str, str], ...]

    def with_model(self, compiled: str) -> str:
        """The query for another text of the model.

        Args:
            compiled: the text without Jinja, reading the real relations.
        """
        return str(self.before) + _headless(compiled, self.inputs) + self.after


def _headless(compiled: str, inputs: Sequence[tuple[str, str]]) -> str:
    """A model that reads fixtures, without its `with`: theirs comes before."""
    for relation, fixture in inputs:
        compiled = compiled.replace(relation, fixture)
    return re.sub(r"^\s*(--[^\n]*\s+)*with\s+", "", compiled).rstrip()


@dataclass
class Killer:
    """The project's checks, ready to be run on one mutant after the other.

    Args:
        project: a dbt project; it is only read.
        warehouse: VITALS_WAREHOUSE of this killer alone: the built work database, changed here and restored.
        truth: compares the rebuilt marts; None leaves this check out.
    """

    project: Path
    warehouse: Path
    truth: TruthCheck | None = None
    manifest: Any = None
    replays: dict[str, list[Replay]] = field(default_factory=dict)
    _connection: duckdb.DuckDBPyConnection | None = None

    @property
    def work(self) -> Path:
        """The database that mutants are built in."""
        return self.warehouse / "work.duckdb"

    @property
    def pristine(self) -> Path:
        """The same without any mutant."""
        return self.warehouse / "pristine.duckdb"

    def start(self) -> None:
        """Read the project and keep a copy of the database as it should be.

        Raises:
            NotGreenError: dbt cannot read the project.
        """
        result = self._dbt(None, ["parse"])
        if not result.success:
            raise NotGreenError(f"dbt cannot read {self.project}: {result.exception}")
        self.manifest = result.result
        shutil.copy(self.work, self.pristine)

    def check_green(self, models: Iterable[str]) -> None:
        """Run the unit tests of these models (ids) and compare the marts with the truth, without any mutant.
        The data tests passed when the database was built.

        Raises:
            NotGreenError: something fails.
        """
        self.prepare(models)
        difference = self.truth(self.work) if self.truth else None
        if difference:
            raise NotGreenError(f"without any mutant: {difference}")

    def prepare(self, models: Iterable[str]) -> None:
        """Have dbt run the unit tests of these models (ids) once, and keep the queries that it made.

        Raises:
            NotGreenError: one fails, or its query cannot be taken apart.
        """
        wanted = set(models) - set(self.replays)
        tests = {
            key: test for key, test in self.manifest.unit_tests.items() if wanted & set(test.depends_on.nodes)
        }
        self.replays.update({model: [] for model in wanted})
        if not tests:
            return
        # With the hooks on run start: fixtures of sources read their columns from what these declare.
        slim = self._slim(("model", "seed", "operation"), unit_tests=tests)
        result = self._dbt(slim, ["test", "--select", "test_type:unit"])
        if _failed(result):
            raise NotGreenError(f"without any mutant: {_said(result)}")
        compiled = self._compiled(sorted(wanted))
        for one in result.result.results:
            if _kind(one.node) == "operation":
                continue
            replay = self._replay(one.node, compiled)
            self.replays[replay.model].append(replay)
            if replay.before is not None and self._notices(replay, str(compiled[replay.model])):
                raise NotGreenError(f"{replay.name} fails when its query is run by itself")

    def _replay(self, test: Any, compiled: Mapping[str, str | None]) -> Replay:
        model = test.tested_node_unique_id
        parents = [
            self.manifest.nodes.get(key) or self.manifest.sources[key]
            for key in self.manifest.nodes[model].depends_on.nodes
        ]
        inputs = tuple((str(one.relation_name), f"__dbt__cte__{one.name}") for one in parents)
        query = (self.project / test.build_path).read_text(encoding="utf-8")
        body = _headless(str(compiled[model]), inputs)
        before, found, after = query.partition(body)
        return Replay(test.unique_id, test.name, model, before if found else None, after, inputs)

    def sources(self, is_in_scope: Callable[[str], bool]) -> list[Source]:
        """What can be mutated: the models whose file is in scope, and the project's macros that they use."""
        models = {
            key: node
            for key, node in self.manifest.nodes.items()
            if _kind(node) == "model" and node.language == "sql" and is_in_scope(node.original_file_path)
        }
        package = next(iter(models.values())).package_name if models else ""
        users: dict[str, set[str]] = {}
        for key, node in models.items():
            for macro in self._macros_of(node, package):
                users.setdefault(macro, set()).add(key)
        found = [
            Source(
                key,
                node.name,
                node.original_file_path,
                self._line(node, node.raw_code),
                node.raw_code,
                (key,),
            )
            for key, node in models.items()
        ]
        for key, made in users.items():
            macro = self.manifest.macros[key]
            first = self._line(macro, macro.macro_sql)
            found.append(
                Source(key, macro.name, macro.original_file_path, first, macro.macro_sql, tuple(sorted(made)))
            )
        return sorted(found, key=lambda one: (one.file, one.first_line))

    def _macros_of(self, node: Any, package: str) -> set[str]:
        """The project's own macros that a model uses, and what those use, in the dialect that runs here."""
        found: set[str] = set()
        waiting = list(node.depends_on.macros)
        while waiting:
            key = waiting.pop()
            macro = self.manifest.macros.get(key)
            if macro is None or key in found or macro.package_name != package:
                continue
            # what computes increments does nothing in the whole builds of mutants
            if macro.name.startswith("spark__") or macro.original_file_path == "macros/tracked.sql":
                continue
            found.add(key)
            waiting += [*macro.depends_on.macros, f"macro.{package}.default__{macro.name}"]
        return found

    def _line(self, node: Any, text: str) -> int:
        written: str = (self.project / node.original_file_path).read_text(encoding="utf-8")
        before = max(written.find(text), 0)
        return written[:before].count("\n") + 1

    def judge(self, source: Source, mutants: Sequence[Mutant]) -> Iterator[Verdict]:
        """Run the checks on each of these mutants, the cheapest first, until one notices."""
        started = time.monotonic()
        self.prepare(source.models)
        # A macro has to be replaced for each of its mutants; mutants of a model stand side by side.
        together = [] if source.key.startswith("macro.") else self._compiled_side_by_side(source, mutants)
        for position, mutant in enumerate(mutants):
            with self._mutated(source, mutant.text):
                compiled = {source.key: together[position]} if together else self._compiled(source.models)
                by, detail = self._unit_tests(source, compiled) or self._rebuilt(source, compiled)
            ended = time.monotonic()
            yield Verdict(mutant, by, detail, ended - started)
            started = ended

    @contextmanager
    def _mutated(self, source: Source, text: str) -> Iterator[None]:
        from dbt_common.clients.jinja import template_cache

        node = self.manifest.nodes.get(source.key) or self.manifest.macros[source.key]
        name = "macro_sql" if source.key.startswith("macro.") else "raw_code"
        setattr(node, name, text)
        # Macros are kept compiled.
        template_cache.clear()
        try:
            yield
        finally:
            setattr(node, name, source.text)
            template_cache.clear()

    def _slim(
        self,
        kinds: Sequence[str] = ("model", "seed"),
        nodes: Mapping[str, Any] | None = None,
        unit_tests: Mapping[str, Any] | None = None,
    ) -> Any:
        """The manifest with nodes of these kinds, further ones, and only these unit tests."""
        # copy.copy mixes up the lookups that dbt keeps in it.
        slim = object.__new__(type(self.manifest))
        vars(slim).update(vars(self.manifest))
        slim.nodes = {key: node for key, node in self.manifest.nodes.items() if _kind(node) in kinds}
        slim.nodes.update(nodes or {})
        slim.unit_tests = dict(unit_tests or {})
        return slim

    def _compiled(self, models: Sequence[str]) -> dict[str, str | None]:
        """The text of models without Jinja, as things stand; None when it cannot be rendered."""
        names = [self.manifest.nodes[key].name for key in models]
        return self._compile(self._slim(), names, models)

    def _compiled_side_by_side(self, source: Source, mutants: Sequence[Mutant]) -> list[str | None]:
        """The text of every mutant of a model without Jinja; None for those that cannot be rendered."""
        node = self.manifest.nodes[source.key]
        twins = {}
        for position, mutant in enumerate(mutants):
            twin = copy.deepcopy(node)
            twin.name = twin.alias = f"{node.name}__mutant_{position}"
            twin.unique_id = f"{node.unique_id}__mutant_{position}"
            twin.fqn = [*node.fqn[:-1], twin.name]
            twin.raw_code = mutant.text
            twins[twin.unique_id] = twin
        compiled = self._compile(self._slim(nodes=twins), [one.name for one in twins.values()], list(twins))
        return [compiled[key] for key in twins]

    def _compile(self, manifest: Any, names: Sequence[str], keys: Sequence[str]) -> dict[str, str | None]:
        result = self._dbt(manifest, ["compile", "--select", *names])
        if result.result is None:
            return dict.fromkeys(keys)
        compiled = {
            one.node.unique_id: one.node.compiled_code
            for one in result.result.results
            if str(one.status) == "success"
        }
        return {key: compiled.get(key) for key in keys}

    def _unit_tests(
        self, source: Source, compiled: Mapping[str, str | None]
    ) -> tuple[str | None, str] | None:
        """Who of the unit tests noticed; None when nobody did."""
        if None in compiled.values():
            return "invalid", "cannot be rendered"
        for model in source.models:
            for replay in self.replays[model]:
                try:
                    noticed = self._notices(replay, str(compiled[model]))
                except duckdb.Error as error:
                    # It is no SQL, or it meets rows that it cannot work on: the real ones tell which.
                    wrong = self._error(compiled)
                    return ("invalid", wrong) if wrong else ("unit tests", f"{replay.name}: {error}")
                if noticed:
                    # Whoever noticed this mutant is likely to notice the next one.
                    self.replays[model].remove(replay)
                    self.replays[model].insert(0, replay)
                    return "unit tests", replay.name
        return None

    def _notices(self, replay: Replay, compiled: str) -> bool:
        if replay.before is None:
            slim = self._slim(unit_tests={replay.key: self.manifest.unit_tests[replay.key]})
            return bool(_failed(self._dbt(slim, ["test", "--select", "test_type:unit"])))
        rows = self._query(replay.with_model(compiled))
        sides: dict[str, Counter[Any]] = {"actual": Counter(), "expected": Counter()}
        for *row, side in rows:
            sides[side][tuple(row)] += 1
        return sides["actual"] != sides["expected"]

    def _error(self, compiled: Mapping[str, str | None]) -> str | None:
        for text in compiled.values():
            try:
                self._query(f"select count(*) from (\n{text}\n) as mutant")
            except duckdb.Error as error:
                return str(error).splitlines()[0]
        return None

    def _query(self, sql: str) -> list[tuple[Any, ...]]:
        if self._connection is None:
            self._connection = duckdb.connect(str(self.work), read_only=True)
            self._connection.execute("set TimeZone = 'UTC'")
        return self._connection.execute(sql).fetchall()

    def _rebuilt(self, source: Source, compiled: Mapping[str, str | None]) -> tuple[str | None, str]:
        """Who notices once the mutant is built into the marts."""
        wrong = self._error(compiled)
        if wrong:
            return "invalid", wrong
        changed = self._changed(compiled)
        names = [self.manifest.nodes[key].name for key in (changed or source.models)]
        below = [f"{name}+" for name in names]
        try:
            if failed := _failed(self._dbt(self._slim(), ["run", "--select", *names])):
                return "invalid", f"does not build: {next(iter(failed))}"
            if not changed:
                return None, "the simulated centre's rows are the same"
            if failed := _failed(self._dbt(self._slim(), ["run", "--select", *below, "--exclude", *names])):
                return "build", next(iter(failed))
            difference = self.truth(self.work) if self.truth else None
            if difference:
                return "truth", difference
            tests = ["test", "--select", *below, "--exclude", "test_type:unit", "--fail-fast"]
            if failed := _failed(self._dbt(self._slim(("model", "seed", "test")), tests)):
                return "data tests", next(iter(failed))
            return None, f"rows of {', '.join(names)} differ, and no test says so"
        finally:
            self._restore()

    def _changed(self, compiled: Mapping[str, str | None]) -> list[str]:
        """Ids of the models whose rows are others than without the mutant."""
        changed = []
        for key, text in compiled.items():
            table = self.manifest.nodes[key].relation_name
            mutant = f"select * from (\n{text}\n) as mutant"
            rows = self._query(
                f"select 1 from (({mutant} except all select * from {table}) union all"
                f" (select * from {table} except all {mutant})) as differing limit 1"
            )
            if rows:
                changed.append(key)
        return changed

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _restore(self) -> None:
        self._close()
        shutil.copy(self.pristine, self.work)
        self.work.with_name("work.duckdb.wal").unlink(missing_ok=True)

    def _dbt(self, manifest: Any, arguments: Sequence[str]) -> Any:
        # Seconds to import: only those who run mutants pay for it.
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        quiet = [
            *("--log-level", "none", "--log-level-file", "none", "--no-print"),
            *("--no-send-anonymous-usage-stats", "--no-use-colors"),
        ]
        places = [
            *("--project-dir", str(self.project), "--profiles-dir", str(self.project)),
            *("--target-path", str(self.warehouse / "target")),
        ]
        fast = [] if arguments[0] == "parse" else ["--no-populate-cache", "--no-write-json"]
        os.environ["VITALS_WAREHOUSE"] = str(self.warehouse)
        os.environ["DO_NOT_TRACK"] = "1"
        folder = Path.cwd()
        # dbt wants the database for itself.
        self._close()
        try:
            return dbtRunner(manifest=manifest).invoke([*quiet, *arguments, *fast, *places])
        finally:
            os.chdir(folder)
            # Otherwise this process keeps the database locked.
            DuckDBConnectionManager.close_all_connections()


def _kind(node: Any) -> str:
    return str(node.resource_type.value)


def _said(result: Any) -> str:
    """What dbt says of the nodes that did not pass."""
    if result.result is None or not hasattr(result.result, "results"):
        return str(result.exception)
    return "; ".join(
        f"{one.node.name}: {one.message}" for one in result.result.results if one.node.name in _failed(result)
    )


def _failed(result: Any) -> dict[str, str]:
    """Names of the nodes that did not pass, with how: `fail` or `error`."""
    if result.result is None or not hasattr(result.result, "results"):
        return {} if result.success else {str(result.exception).splitlines()[0]: "error"}
    return {
        one.node.name: str(one.status)
        for one in result.result.results
        if str(one.status) in ("fail", "error")
    }
