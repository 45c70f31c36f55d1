"""The comparisons with the simulator's truth, as they stand in the end-to-end tests, on a work database."""

from __future__ import annotations

import functools
import importlib
import inspect
import itertools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from centre import PROJECT, Centre
from vitals.paths import Paths

END_TO_END = PROJECT / "tests" / "python" / "end_to_end"


@dataclass(frozen=True)
class WorkCentre(Centre):
    """A centre whose marts are read in the work database, where nothing is published."""

    connection: duckdb.DuckDBPyConnection = field(compare=False)

    def published(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the work database: its schemas are those of the published one."""
        return self.connection.execute(sql).fetchall()


def checks() -> list[tuple[str, Callable[[Centre], None]]]:
    """Every test of `test_truth*.py` that needs nothing but a centre, with its parameters filled in."""
    if str(END_TO_END) not in sys.path:
        sys.path.insert(0, str(END_TO_END))
    found = []
    for file in sorted(END_TO_END.glob("test_truth*.py")):
        module = importlib.import_module(file.stem)
        # Each test reads the same few files.
        if hasattr(module, "truth"):
            vars(module)["truth"] = _read_once(module.truth)
        for name, test in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_") and test.__module__ == module.__name__:
                found += list(_with_parameters(name, test))
    return found


def _read_once(read: Callable[[Centre, str], Any]) -> Callable[[Centre, str], Any]:
    @functools.cache
    def from_folder(folder: Path, name: str) -> Any:
        return read(Centre(Paths(PROJECT, folder, folder), folder), name)

    return lambda centre, name: from_folder(centre.truth, name)


def _with_parameters(name: str, test: Callable[..., None]) -> Iterator[tuple[str, Callable[[Centre], None]]]:
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    sets = []
    for mark in marks:
        names = [one.strip() for one in mark.args[0].split(",")]
        rows = [row if len(names) > 1 else (row,) for row in mark.args[1]]
        sets.append([dict(zip(names, row, strict=True)) for row in rows])
    for chosen in itertools.product(*sets):
        parameters = {key: value for one in chosen for key, value in one.items()}
        if set(inspect.signature(test).parameters) == {"centre", *parameters}:
            label = name + (f"[{'-'.join(map(str, parameters.values()))}]" if parameters else "")
            yield label, functools.partial(_run, test, parameters)


def _run(test: Callable[..., None], parameters: dict[str, Any], centre: Centre) -> None:
    test(centre=centre, **parameters)


def first_difference(truth: Path, work: Path) -> str | None:
    """The first comparison that fails, or None.

    Args:
        truth: the simulator's truth files.
        work: the work database.
    """
    nowhere = Paths(PROJECT, work.parent / "landing", work.parent / "unpublished")
    with duckdb.connect(str(work), read_only=True) as connection:
        centre = WorkCentre(nowhere, truth, connection)
        for label, check in checks():
            if label in _OF_THE_PIPELINE:
                continue
            try:
                check(centre)
            except (AssertionError, pytest.fail.Exception):
                return label
    return None


# These run the pipeline again: nothing of it is here.
_OF_THE_PIPELINE = ("test_a_second_run_changes_nothing",)
