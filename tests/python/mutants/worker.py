"""One process that judges mutants, in a warehouse of its own."""

from __future__ import annotations

import functools
import multiprocessing
import shutil
from collections.abc import Sequence
from pathlib import Path

from mutants.find import Mutant
from mutants.kill import Killer, Source, Verdict
from mutants.truth import first_difference

_killer: Killer | None = None


def start(home: Path) -> None:
    """Make ready for `judge`: a copy of the built centre, and the project read.

    Args:
        home: the folder with `project`, `warehouse` and `truth`.
    """
    global _killer
    warehouse = home / f"worker_{multiprocessing.current_process().name.rsplit('-', 1)[-1]}"
    shutil.copytree(home / "warehouse" / "raw", warehouse / "raw")
    shutil.copy(home / "warehouse" / "work.duckdb", warehouse)
    _killer = Killer(home / "project", warehouse, functools.partial(first_difference, home / "truth"))
    _killer.start()


def judge(source: Source, mutants: Sequence[Mutant]) -> list[Verdict]:
    """What becomes of these mutants of a source."""
    if _killer is None:
        raise RuntimeError("the worker has not started")
    return list(_killer.judge(source, mutants))
