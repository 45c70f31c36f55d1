"""Whatever the order and size of the steps in which exports come, the tables equal those of one full build.

A story is a few builds with files, late and corrected rows, erasures, changed seeds, another moment and an
interrupted build between them; hypothesis looks for one that ends otherwise. `VITALS_STORIES=20` tells more.
"""

import os
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from all_exports import every_platform
from centre import copy_project
from increments import TRACKED, build_tracked, differences
from vitals import dbt_build, pipeline
from vitals.landing import store
from vitals.paths import Paths

STORIES = int(os.environ.get("VITALS_STORIES", "2"))
# Nine days, in whose midst the US Pacific clock goes back.
FIRST_DAY = date(2026, 10, 27)
BUILT_AT = datetime(2026, 11, 11)
# What makes a row that comes again the later version: a later time, or a longer duration where none is told.
LATER = {
    **dict.fromkeys(("updated_at", "date_updated", "LastUpdateTimestamp"), "2026-11-05T11:00:00Z"),
    **dict.fromkeys(("after_call_work_time", "agent_state_time"), "9:00:00"),
}
EVENTS = st.sampled_from(
    [
        "nothing",
        "corrected row",
        "rows twice",
        "rows erased",
        "threshold",
        "word",
        "moment",
        "stopped half-way",
        "live round",
    ]
)


@dataclass
class Step:
    """What happens before a build: the share of the remaining files that come, and an event."""

    share: float
    event: str
    seed: int


STEPS = st.lists(st.builds(Step, st.floats(0.05, 0.9), EVENTS, st.integers(0, 2**16)), min_size=2, max_size=4)


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine days of a small centre, in every platform's format."""
    return every_platform(tmp_path_factory.mktemp("exports"), (350, 120), 8, FIRST_DAY)


class Teller:
    """A project of its own, to which one step after the other happens."""

    def __init__(self, home: Path, exports: Path, order: int) -> None:
        project = copy_project(home / "project")
        self.paths = Paths(project, home / "landing", home / "warehouse")
        self.exports = exports
        self.waiting = sorted(file for file in exports.rglob("*") if file.is_file())
        random.Random(order).shuffle(self.waiting)
        self.as_of: datetime | None = None

    def bring(self, share: float) -> None:
        """A share of the files that have not come yet is landed, at least one."""
        count = max(1, round(share * len(self.waiting)))
        for file in self.waiting[:count]:
            target = self.paths.landing / file.relative_to(self.exports)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
        self.waiting = self.waiting[count:]
        pipeline.land(self.paths)

    def happens(self, event: str, chance: random.Random) -> None:
        """One event of `EVENTS`."""
        if event in ("corrected row", "rows twice"):
            self.repeat_rows(chance, later=event == "corrected row")
        elif event == "rows erased":
            raw = chance.choice(self.raw_files())
            self.rewrite(raw, [chance.random() < 0.7 for _ in store.source_rows(raw)])
        elif event == "threshold":
            self.change_line(self.paths.project / "seeds/reference/thresholds.csv", chance)
        elif event == "word":
            self.drop_line(chance.choice(sorted((self.paths.project / "seeds/maps").rglob("*.csv"))), chance)
        elif event == "moment":
            hours = timedelta(days=chance.randint(1, 11), hours=chance.randint(0, 23))
            self.as_of = datetime.combine(FIRST_DAY, datetime.min.time()) + hours
        elif event == "live round":
            # what the next build of everything goes on from
            self.build(self.paths, live=True)
        elif event == "stopped half-way":
            self.build(
                self.paths, select=chance.choice([["staging"], ["+int_contacts__unioned"], ["+fct_contacts"]])
            )

    def raw_files(self) -> list[Path]:
        """The raw files that hold rows of exports."""
        return sorted(
            file
            for file in self.paths.raw.glob("*/*/*.parquet")
            if file.parts[-3] != "vitals" and not file.name.startswith("_")
        )

    def rewrite(self, raw: Path, kept: list[bool]) -> None:
        """A raw file with some of its rows alone, as after an erasure."""
        table = pq.ParquetFile(raw).read().filter(pa.array(kept))
        with store.ParquetFile(raw, table.schema) as new:
            new.add(table.combine_chunks().columns)
            new.commit()

    def repeat_rows(self, chance: random.Random, later: bool) -> None:
        """A few rows of a file once more in a new one, landed later; as they were, or of a later version."""
        raw = chance.choice(self.raw_files())
        rows = pq.ParquetFile(raw).read().to_pylist()
        again = [dict(row) for row in chance.sample(rows, min(5, len(rows)))]
        name = f"{chance.getrandbits(64):016x}"
        for row in again:
            row["file_hash"], row["source_file"] = name, f"again/{name}"
            row["landed_at"] = datetime(2026, 12, 1)
            row.update({column: value for column, value in LATER.items() if later and row.get(column)})
        store.write_rows(raw.with_name(f"{name}.parquet"), pq.read_schema(raw), again)

    def change_line(self, seed: Path, chance: random.Random) -> None:
        """A threshold one second, day or hour longer."""
        head, *lines = seed.read_text(encoding="utf-8").splitlines()
        place = head.split(",").index("value")
        number = chance.randrange(len(lines))
        cells = lines[number].split(",")
        cells[place] = str(float(cells[place]) + 1)
        lines[number] = ",".join(cells)
        seed.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")

    def drop_line(self, seed: Path, chance: random.Random) -> None:
        """A word that the map does not know any more."""
        lines = seed.read_text(encoding="utf-8").splitlines()
        if len(lines) > 2:
            lines.pop(chance.randrange(1, len(lines)))
            seed.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def build(
        self, paths: Paths, select: Sequence[str] = TRACKED, full: bool = False, live: bool = False
    ) -> None:
        """Models and seeds, without data tests: an erasure by a story leaves the ledger as it was, say."""
        is_done = select == TRACKED
        build_tracked(paths, BUILT_AT, self.as_of, select, full, is_done=is_done, is_live=live)

    def compare(self) -> None:
        """Every table with that of a full build of the same raw files."""
        whole = Paths(self.paths.project, self.paths.landing, self.paths.warehouse.with_name("whole"))
        shutil.copytree(self.paths.raw, whole.raw)
        shutil.copytree(dbt_build.target_dir(self.paths), dbt_build.target_dir(whole))
        self.build(whole, full=True)
        assert differences(self.paths.work_db, whole.work_db) == {}


@pytest.mark.slow
@settings(
    max_examples=STORIES,
    deadline=None,
    derandomize=STORIES == 2,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(order=st.integers(0, 2**16), steps=STEPS)
def test_any_sequence_of_increments_equals_one_full_build(
    exports: Path, tmp_path_factory: pytest.TempPathFactory, order: int, steps: list[Step]
) -> None:
    home = tmp_path_factory.mktemp("story")
    teller = Teller(home, exports, order)
    teller.bring(0.4)
    teller.build(teller.paths)
    for step in steps:
        note(str(step))
        if teller.waiting:
            teller.bring(step.share)
        teller.happens(step.event, random.Random(step.seed))
        teller.build(teller.paths)
    teller.compare()
    shutil.rmtree(home)
