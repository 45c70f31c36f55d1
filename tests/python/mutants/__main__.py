"""`python -m mutants`: put faults into the SQL, one at a time, and see whether any check notices.

Exit code 0: every mutant was noticed; 1: some survived, or the list of equivalents is wrong; 2: the checks
fail without any mutant.
"""

from __future__ import annotations

import argparse
import difflib
import functools
import multiprocessing
import random
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from centre import PROJECT, copy_project
from mutants import worker
from mutants.equivalents import FILE, EquivalentsError, read_equivalents
from mutants.find import Mutant
from mutants.kill import Killer, NotGreenError, Source, Verdict
from mutants.truth import first_difference
from vitals import pipeline
from vitals.errors import VitalsError
from vitals.landing.identifiers import make_salt
from vitals.paths import Paths
from vitals.simulate import simulate
from vitals.streams import load_streams

# How many mutants of a source a worker takes at once.
PIECE = 25
COLUMNS = ("unit tests", "truth", "data tests", "build", "invalid")


@dataclass(frozen=True)
class Arguments:
    """What is asked for.

    Args:
        scope: kpis, platforms or all.
        models: only these models and macros; empty = all in scope.
        sample: so many mutants at random; None = all.
        seed: which ones.
        workers: processes.
        home: the folder to work in; it is emptied.
    """

    scope: str
    models: tuple[str, ...]
    sample: int | None
    seed: int
    workers: int
    home: Path


def main(argv: Sequence[str] | None = None) -> int:
    """Run the mutants that the command line asks for; returns the exit code."""
    arguments = _parsed(argv)
    started = time.monotonic()
    try:
        _tell("Building a simulated centre")
        build_centre(arguments.home)
        killer = Killer(arguments.home / "project", arguments.home / "warehouse")
        killer.start()
        everything = killer.sources(in_scope("all"))
        equivalents = read_equivalents(FILE, [one for source in everything for one in source.mutants()])
        chosen = choose(killer.sources(in_scope(arguments.scope)), arguments)
        _tell("Checking that everything passes without a mutant")
        killer.truth = functools.partial(first_difference, arguments.home / "truth")
        killer.check_green(sorted({model for source in chosen for model in source.models}))
    except EquivalentsError as error:
        print(error, file=sys.stderr)
        return 1
    except (NotGreenError, VitalsError) as error:
        print(f"No mutant was run: {error}", file=sys.stderr)
        return 2
    total = sum(map(len, chosen.values()))
    if not total:
        print("No mutant was run: there is none of that name.", file=sys.stderr)
        return 2
    _tell(f"Running {total} mutants of {len(chosen)} models and macros")
    prepared = time.monotonic()
    verdicts = list(run(chosen, arguments))
    print(table(verdicts, equivalents))
    spent = time.monotonic() - prepared
    print(
        f"\n{total} mutants in {spent:.0f} s, {spent / total:.1f} s each;"
        f" {prepared - started:.0f} s to get ready."
    )
    texts = {source.name: source.text for source in chosen}
    wrong = list(complaints(verdicts, equivalents, texts))
    for complaint in wrong:
        print(f"\n{complaint}")
    if wrong:
        print(
            "\nAdd a unit test that says what is meant, simplify SQL that makes no difference, or, where no"
            f" data can tell the two apart, give the reason in {FILE.relative_to(PROJECT)}."
        )
    return 1 if wrong else 0


def _parsed(argv: Sequence[str] | None) -> Arguments:
    parser = argparse.ArgumentParser(
        prog="mutants", description="Put faults into the SQL and see who notices."
    )
    parser.add_argument(
        "--scope",
        choices=["kpis", "platforms", "all"],
        default="kpis",
        help="kpis: marts, and what the platforms have in common before them; platforms: their folding",
    )
    parser.add_argument(
        "--model", action="append", default=[], help="only this model or macro; may be given again"
    )
    parser.add_argument("--sample", type=int, help="only so many mutants, at random")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument(
        "--home", type=Path, default=PROJECT / "target" / "mutants", help="the folder to work in"
    )
    given = parser.parse_args(argv)
    home = given.home.absolute()
    return Arguments(given.scope, tuple(given.model), given.sample, given.seed, given.workers, home)


def _tell(text: str) -> None:
    print(f"{text} …", flush=True)


def build_centre(home: Path) -> None:
    """A copy of the project and a small simulated centre, landed and built, with its truth.

    Raises:
        VitalsError: it cannot be built, or a data test fails.
    """
    shutil.rmtree(home, ignore_errors=True)
    project = copy_project(home / "project")
    paths = Paths(project, home / "landing", home / "warehouse")
    simulate(
        paths.landing,
        home / "truth",
        project / "seeds",
        contacts=4000,
        days=21,
        seed=11,
        start=date(2026, 10, 12),
    )
    make_salt(paths.salt_file)
    pipeline.land(paths)
    pipeline.build(paths)


def in_scope(scope: str) -> Callable[[str], bool]:
    """Whether a model's file is in this scope. What folds one platform's exports ends in its name."""
    platforms = "|".join(re.escape(one.platform) for one in load_streams(PROJECT))

    def is_in(file: str) -> bool:
        of_platform = re.search(rf"__({platforms})[.]sql$", file) is not None
        of_kpis = file.startswith("models/marts/") or file.startswith("models/intermediate/")
        return of_kpis and (scope == "all" or of_platform == (scope == "platforms"))

    return is_in


def choose(sources: Sequence[Source], arguments: Arguments) -> dict[Source, list[Mutant]]:
    """The mutants to run, by source."""
    mutants = [
        (source, mutant)
        for source in sources
        if not arguments.models or source.name in arguments.models
        for mutant in source.mutants()
    ]
    if arguments.sample is not None and arguments.sample < len(mutants):
        mutants = random.Random(arguments.seed).sample(mutants, arguments.sample)
    chosen: dict[Source, list[Mutant]] = {}
    for source, mutant in mutants:
        chosen.setdefault(source, []).append(mutant)
    return chosen


def run(chosen: dict[Source, list[Mutant]], arguments: Arguments) -> Iterator[Verdict]:
    """Judge all mutants, several processes at once, and tell how far it is."""
    total, done, survived = sum(map(len, chosen.values())), 0, 0
    with ProcessPoolExecutor(
        arguments.workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=worker.start,
        initargs=(arguments.home,),
    ) as pool:
        futures: list[Future[list[Verdict]]] = [
            pool.submit(worker.judge, source, mutants[first : first + PIECE])
            for source, mutants in chosen.items()
            for first in range(0, len(mutants), PIECE)
        ]
        for future in as_completed(futures):
            verdicts = future.result()
            yield from verdicts
            done += len(verdicts)
            survived += sum(one.by is None for one in verdicts)
            print(f"{done:5} of {total}, {survived} not noticed   {verdicts[0].mutant.source}", flush=True)


def table(verdicts: Sequence[Verdict], equivalents: dict[Mutant, str]) -> str:
    """What became of the mutants, one line per model or macro."""
    rows: dict[str, Counter[str]] = {}
    for one in verdicts:
        became = one.by or ("equivalent" if one.mutant in equivalents else "survived")
        rows.setdefault(f"{one.mutant.file.rsplit('/', 2)[-2]}/{one.mutant.source}", Counter())[became] += 1
    names = [*COLUMNS, "equivalent", "survived"]
    lines = [f"{'':44}{'mutants':>9}" + "".join(f"{name:>12}" for name in names)]
    for source, counts in [*sorted(rows.items()), ("all", sum(rows.values(), Counter()))]:
        lines.append(
            f"{source:44}{counts.total():9}" + "".join(f"{counts[name] or '·':>12}" for name in names)
        )
    return "\n" + "\n".join(lines)


def complaints(
    verdicts: Sequence[Verdict], equivalents: dict[Mutant, str], texts: dict[str, str]
) -> Iterator[str]:
    """Survivors with what was changed, and equivalents that are none."""
    for one in sorted(verdicts, key=lambda verdict: (verdict.mutant.file, verdict.mutant.line)):
        listed = one.mutant in equivalents
        if one.by is None and not listed:
            yield f"SURVIVED  {one.mutant}\n{one.detail}\n{difference(texts[one.mutant.source], one.mutant)}"
        elif one.by is not None and listed:
            yield f"NO EQUIVALENT  {one.mutant}\nlisted as one, but {one.by} notice: {one.detail}"


def difference(text: str, mutant: Mutant) -> str:
    """The mutant's change as a unified diff."""
    lines = difflib.unified_diff(text.splitlines(), mutant.text.splitlines(), lineterm="", n=1)
    return "\n".join(list(lines)[3:])


if __name__ == "__main__":
    sys.exit(main())
