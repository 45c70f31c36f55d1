"""`python -m chaos`: kill, starve and lock out the pipeline, and see whether anything is lost.

Exit code 0: nothing was; 1: something was, with the seed and the step that show it again.
"""

from __future__ import annotations

import argparse
import itertools
import os
import queue
import random
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import date
from pathlib import Path

from centre import PROJECT, copy_project
from chaos.stage import PHASES, Score, Stage, may_mount, unmount
from vitals.simulate import simulate

CHAIN = 4
# Folder or file, and its mode for the time of a run; those of the published state need what is there.
FRESH_PLACES = (("warehouse", 0o555), ("landing", 0o000))
OLDER_PLACES = (
    ("warehouse/raw", 0o555),
    ("warehouse/raw/vitals/ledger", 0o555),
    ("warehouse/raw/vitals/ledger/ledger.parquet", 0o000),
    ("warehouse/logs", 0o555),
    ("warehouse/.lock", 0o000),
    ("warehouse/work.duckdb", 0o444),
    ("warehouse/target", 0o555),
    ("warehouse/docs", 0o555),
    ("warehouse/vitals.duckdb", 0o000),
    ("warehouse", 0o555),
)
# How far into a phase the disk fills.
DISKS = (
    ("landing", 0.2),
    ("landing", 0.7),
    ("building", 0.05),
    ("building", 0.5),
    ("publishing", 0.05),
    ("publishing", 0.7),
)
Blow = Callable[[Stage], Score]


def main(argv: Sequence[str] | None = None) -> int:
    """Strike the blows that the command line asks for; returns the exit code."""
    parser = argparse.ArgumentParser(prog="chaos", description="Kill the pipeline and see what is lost.")
    parser.add_argument("--kills", type=int, default=100, help="over landing, building and publishing")
    parser.add_argument("--pairs", type=int, default=4, help="how often two pipelines start at once")
    parser.add_argument("--seed", type=int, default=0, help="which moments")
    parser.add_argument("--workers", type=int, default=2, help="stages at once")
    parser.add_argument("--home", type=Path, default=PROJECT / "target" / "chaos", help="emptied; to work in")
    given = parser.parse_args(argv)
    started = time.monotonic()
    home = given.home.absolute()
    stages = raise_stages(home, given.workers)
    prepared = time.monotonic()
    print(f"{len(stages)} stages stand after {prepared - started:.0f} s.", flush=True)
    blows = [*kills(given.kills, given.seed), *pairs(given.pairs, given.seed), *permissions()]
    if may_mount():
        blows += disks()
    else:
        print("No full disks: they need root, to mount a tmpfs.")
    score = strike(stages, blows)
    print(table(score))
    print(f"\n{time.monotonic() - prepared:.0f} s, and {prepared - started:.0f} s to get ready.")
    for fault in score.faults:
        print(f"\nFAULT  {fault}")
    if score.faults:
        print(f"\nTo see it again: python -m chaos --seed {given.seed} --kills {given.kills}")
    return 1 if score.faults else 0


def raise_stages(home: Path, count: int) -> list[Stage]:
    """Several stages of one small centre. Their projects have all models, seeds and gates, no data tests."""
    # Before the first child: they inherit it.
    os.environ["VITALS_SALT"] = "the harness keeps no secret"
    unmount(home)
    shutil.rmtree(home, ignore_errors=True)
    project = copy_project(home / "project")
    settings = project / "dbt_project.yml"
    text = settings.read_text(encoding="utf-8")
    without = text.replace("    +store_failures: true\n", "    +store_failures: true\n    +enabled: false\n")
    if text == without:
        raise RuntimeError("dbt_project.yml has no place to turn data tests off")
    settings.write_text(without, encoding="utf-8")
    landing = home / "exports"
    simulate(
        landing,
        home / "truth",
        project / "seeds",
        contacts=300,
        days=8,
        seed=7,
        start=date(2026, 10, 12),
    )
    last = [
        str(max(stream.iterdir()).relative_to(landing))
        for stream in (landing / "template" / "contacts", landing / "asterisk" / "queue_log")
    ]
    with ThreadPoolExecutor(count) as pool:
        return list(
            pool.map(lambda n: Stage(home / f"stage_{n}", project, landing, last), range(1, count + 1))
        )


def kills(count: int, seed: int) -> list[Blow]:
    """Chains of kills over the three phases; after each chain a plain run. Some chains go through all."""
    left = list(itertools.islice(itertools.cycle(PHASES), count))
    mixed = [tuple(PHASES)] * (count // 20)
    for phase in itertools.chain(*mixed):
        left.remove(phase)
    chains: list[tuple[str, ...]] = list(mixed)
    for phase in PHASES:
        same = [one for one in left if one == phase]
        chains += [tuple(same[first : first + CHAIN]) for first in range(0, len(same), CHAIN)]
    return [_chain(phases, number, seed) for number, phases in enumerate(chains)]


def _chain(phases: Sequence[str], number: int, seed: int) -> Blow:
    state = "fresh" if number % 2 else "older"
    # A kill in publishing needs something to publish: only a chain through all phases builds it first.
    state += "_built" if set(phases) == {"publishing"} else ""
    return lambda stage: stage.chain(stage.states[state], phases, random.Random(f"{seed}/{number}"))


def pairs(count: int, seed: int) -> list[Blow]:
    """Two at once, the second at the same moment or within the first seconds."""
    chance = random.Random(f"{seed}/pairs")
    offsets = [0.0 if number % 2 else chance.uniform(0, 10) for number in range(count)]
    return [_pair(("fresh", "older")[number // 2 % 2], offset) for number, offset in enumerate(offsets)]


def _pair(state: str, offset: float) -> Blow:
    return lambda stage: stage.two_at_once(stage.states[state], offset)


def disks() -> list[Blow]:
    """Disks that are full in each of the phases."""
    return [_disk(phase, share) for phase, share in DISKS]


def _disk(phase: str, share: float) -> Blow:
    return lambda stage: stage.full_disk(phase, share)


def permissions() -> list[Blow]:
    """Places that the pipeline may not write to or read from."""
    return [
        lambda stage: stage.locked_out(stage.states["fresh"], FRESH_PLACES),
        lambda stage: stage.locked_out(stage.states["older"], OLDER_PLACES),
    ]


def strike(stages: Sequence[Stage], blows: Sequence[Blow]) -> Score:
    """Strike all blows, on every stage one at a time, and tell how far it is."""
    free: queue.SimpleQueue[Stage] = queue.SimpleQueue()
    for stage in stages:
        free.put(stage)

    def on_a_stage(blow: Blow) -> Score:
        stage = free.get()
        try:
            return blow(stage)
        finally:
            free.put(stage)

    total, started = Score(), time.monotonic()
    with ThreadPoolExecutor(len(stages)) as pool:
        for done, future in enumerate(as_completed([pool.submit(on_a_stage, one) for one in blows]), 1):
            total.add(future.result())
            for fault in future.result().faults:
                print(f"      {fault}", flush=True)
            print(
                f"{done:4} of {len(blows)}, {len(total.faults)} faults, {time.monotonic() - started:.0f} s",
                flush=True,
            )
    return total


def table(score: Score) -> str:
    """The score, one line per kind of blow."""
    counts = score.counts
    lines = [(f"kills in {phase}", f"kills in {phase}", f"survived in {phase}") for phase in PHASES]
    lines += [
        ("plain re-runs, equal to an undisturbed run", "re-runs", "re-runs equal"),
        ("full disks", "disk-full cases", "disk-full cases survived"),
        ("permissions taken away", "permission cases", "permission cases survived"),
        ("two pipelines at once", "pairs", "pairs clean"),
    ]
    rows = [f"{title:46}{counts[passed]:5} of {counts[all_]:4}" for title, all_, passed in lines]
    rows.append(f"{'looks of readers, each at a whole version':46}{counts['polls']:5}")
    rows.append("Data tests are off; all models, seeds, gates and the publication are the real ones.")
    return "\n" + "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
