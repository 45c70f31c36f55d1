"""`vitals watch`: a file that comes is published without anybody's doing, and nothing stops the next one."""

from __future__ import annotations

import queue
import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import datetime
from threading import Event, Thread

import duckdb
import pytest

from vitals import pipeline, runs
from vitals.errors import VitalsError
from vitals.paths import Paths
from vitals.pipeline import LiveReport

HEAD = "call_id,day,wait_seconds\n"
SECONDS = 120


class Watcher:
    """`watch` in a thread, and what it told."""

    def __init__(self, paths: Paths) -> None:
        self.rounds: queue.Queue[LiveReport] = queue.Queue()
        self.failures: queue.Queue[VitalsError] = queue.Queue()
        self._stop = Event()
        self._thread = Thread(
            target=lambda: pipeline.watch(paths, self.rounds.put, self.failures.put, stop=self._stop)
        )
        self._thread.start()

    def end(self) -> None:
        """Stop, as Ctrl-C does."""
        self._stop.set()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()


@pytest.fixture
def watcher(centre: Paths) -> Iterator[Watcher]:
    """Watching a centre, whose first round is done."""
    watching = Watcher(centre)
    assert watching.rounds.get(timeout=SECONDS).publication is not None
    yield watching
    watching.end()


def waits(paths: Paths) -> list[tuple[str, int]]:
    """What a new reader sees of the contacts."""
    with duckdb.connect(str(paths.published_db), read_only=True) as connection:
        return connection.sql(
            "select contact_id, cast(wait_seconds as integer) from marts.fct_contacts order by all"
        ).fetchall()


def test_a_file_that_comes_is_published_and_only_what_it_reaches_is_built(
    watcher: Watcher, centre: Paths, drop_calls: Callable[[str, str], None]
) -> None:
    drop_calls("two.csv", HEAD + "d,2026-03-02,7\n")
    report = watcher.rounds.get(timeout=SECONDS)
    assert ("d", 7) in waits(centre)
    assert report.build is not None
    # not dim_kpi, which reads no calls, and not the view
    assert report.build.dbt.models == 2
    assert report.build.dbt.tests == 2
    assert [row["command"] for row in runs.history(centre)[-2:]] == ["watch", "watch"]
    assert len({row["run_id"] for row in runs.history(centre)}) == len(runs.history(centre))


def test_a_refused_file_is_told_and_publishes_nothing(
    watcher: Watcher, centre: Paths, drop_calls: Callable[[str, str], None]
) -> None:
    drop_calls("two.csv", "")
    report = watcher.rounds.get(timeout=SECONDS)
    assert [one.source_file for one in report.landing.files] == ["desk/calls/two.csv"]
    assert report.landing.with_status("refused")
    assert report.publication is None
    drop_calls("three.csv", HEAD + "d,2026-03-02,7\n")
    assert watcher.rounds.get(timeout=SECONDS).publication is not None
    # the refusal stands in the ledger, though nobody looked at that file again
    with duckdb.connect() as connection:
        refused = connection.execute(
            "select source_file from read_parquet(?) where status = 'refused'", [str(centre.ledger_file)]
        ).fetchall()
    assert refused == [("desk/calls/two.csv",)]


def test_after_a_round_that_failed_the_next_makes_up_for_it(
    watcher: Watcher, centre: Paths, drop_calls: Callable[[str, str], None]
) -> None:
    before = waits(centre)
    drop_calls("two.csv", HEAD + "d,2026-03-02,-7\n")
    assert "wait_seconds is negative" in watcher.failures.get(timeout=SECONDS).message
    assert waits(centre) == before
    # the model is corrected, so that what the file broke is left out
    model = centre.project / "models/staging/desk/stg_desk__calls.sql"
    model.write_text(
        model.read_text(encoding="utf-8") + "\nwhere cast(wait_seconds as double) >= 0\n", encoding="utf-8"
    )
    drop_calls("three.csv", HEAD + "e,2026-03-02,8\n")
    assert watcher.rounds.get(timeout=SECONDS).publication is not None
    assert waits(centre) == [*before, ("e", 8)]


def test_a_file_that_is_moved_in_is_seen(watcher: Watcher, centre: Paths) -> None:
    aside = centre.project / "aside.csv"
    aside.write_text(HEAD + "f,2026-03-02,9\n", encoding="utf-8")
    shutil.move(aside, centre.landing / "desk/calls/four.csv")
    assert watcher.rounds.get(timeout=SECONDS).publication is not None
    assert ("f", 9) in waits(centre)


def test_a_file_that_comes_in_the_first_round_is_seen_and_a_refused_one_told_once(
    centre: Paths, drop_calls: Callable[[str, str], None]
) -> None:
    drop_calls("empty.csv", "")
    rounds: queue.Queue[LiveReport] = queue.Queue()
    failures: queue.Queue[VitalsError] = queue.Queue()
    stop = Event()

    def tell(step: str, done: int, total: int, what: str) -> None:
        if step == "Publishing" and not (centre.landing / "desk/calls/two.csv").exists():
            drop_calls("two.csv", HEAD + "d,2026-03-02,7\n")

    watching = Thread(
        target=lambda: pipeline.watch(centre, rounds.put, failures.put, lambda: nullcontext(tell), stop)
    )
    watching.start()
    try:
        first, second = (rounds.get(timeout=SECONDS) for _ in range(2))
    finally:
        stop.set()
        watching.join(SECONDS)
    assert [one.source_file for one in first.landing.with_status("refused")] == ["desk/calls/empty.csv"]
    assert [(one.source_file, one.status) for one in second.landing.files] == [
        ("desk/calls/two.csv", "landed")
    ]
    assert ("d", 7) in waits(centre)
    assert failures.empty()


def an_edited_report(centre: Paths) -> None:
    report = centre.project / "models/marts/core/dim_kpi.sql"
    report.write_text(report.read_text(encoding="utf-8") + " -- edited", encoding="utf-8")


def a_run_as_of_another_moment(centre: Paths) -> None:
    pipeline.run(centre, as_of=datetime(2026, 3, 2))


@pytest.mark.parametrize("change", [an_edited_report, a_run_as_of_another_moment])
def test_a_round_builds_everything_when_more_than_files_changed(
    watcher: Watcher,
    centre: Paths,
    drop_calls: Callable[[str, str], None],
    change: Callable[[Paths], None],
) -> None:
    change(centre)
    drop_calls("two.csv", HEAD + "d,2026-03-02,7\n")
    report = watcher.rounds.get(timeout=SECONDS)
    assert report.build is not None
    assert report.build.dbt.models == 4
