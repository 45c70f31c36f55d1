"""Bad files by the hundred: none stops a run, reaches out of landing, is executed, or goes without its reason."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from desk import Desk
from hostile import NAMES, corpus, mutated
from hypothesis import HealthCheck, Phase, given, settings

from all_exports import every_platform
from centre import PROJECT, copy_project
from vitals import dbt_build, history
from vitals.landing import LandingReport, land, write_run
from vitals.paths import Paths
from vitals.streams import load_streams

FUZZED = 320
HEAVY = (
    "line_of_100_mb",
    "header_of_100_mb",
    "quoted_field_of_100_mb",
    "open_quote_over_100_mb_of_lines",
    "commas_of_20_mb",
    "log_line_of_100_mb",
    "json_string_of_100_mb",
    "json_lists_of_100_mb",
    "json_open_brackets_of_100_mb",
    "gzip_bomb",
    "gzip_bomb_of_one_line",
    "gzip_bomb_of_good_lines",
    "gzip_bomb_of_json",
    "workbook_part_bomb",
    "columns_10000",
)


@dataclass(frozen=True)
class Siege:
    """A landing full of bad files, landed once."""

    paths: Paths
    outside: Path
    report: LandingReport
    before: dict[str, tuple[Any, ...]]
    seconds: float

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query in which {raw} stands for the folder of raw files."""
        return duckdb.sql(query.format(raw=self.paths.raw)).fetchall()


def tree(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Everything below a folder, and whatever a write to it would change."""
    found = {}
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        found[os.fsencode(path).hex()] = (info.st_mode, info.st_size, info.st_mtime_ns, info.st_ino)
    return found


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory) -> Siege:
    """The corpus, the names and the fuzzed files, landed in one run."""
    root = tmp_path_factory.mktemp("siege")
    outside = root / "outside"
    outside.mkdir()
    (outside / "canary").write_text("id\n1\n")
    paths = Paths(copy_project(root / "project"), root / "landing", root / "warehouse")
    for name, (folder, build) in corpus(outside).items():
        if name in HEAVY:
            # Each has a test of its own, which measures it.
            continue
        place = paths.landing / folder
        place.mkdir(parents=True, exist_ok=True)
        build(place / name)
    for number, odd in enumerate(NAMES):
        content = f"contact_id,channel,arrived_at\nname{number},chat,2026-10-05T09:00:00Z\n"
        contacts = os.fsencode(paths.landing / "template" / "contacts")
        with open(os.path.join(contacts, os.fsencode(odd)), "w", encoding="ascii") as file:
            file.write(content)
    _fuzz(root, paths.landing)
    before, started = tree(paths.landing), time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITALS_SALT", "pepper")
        report = land(paths, load_streams(PROJECT))
    return Siege(paths, outside, report, before, time.monotonic() - started)


def _fuzz(root: Path, landing: Path) -> None:
    """Mutations of exports of every declared stream; the same ones in every run."""
    true = every_platform(root / "true", (60, 30), 2, date(2026, 10, 5))
    found = sorted(path for path in true.rglob("*") if path.is_file())
    exports: list[tuple[str, bytes]] = [
        (path.relative_to(true).parent.as_posix(), path.read_bytes()) for path in found
    ]
    examples = sorted((PROJECT / "docs" / "template").glob("*.csv"))
    exports += [(f"template/{path.stem}", path.read_bytes()) for path in examples]
    assert {folder for folder, _ in exports} == {stream.key for stream in load_streams(PROJECT)}
    count = 0

    @settings(
        max_examples=FUZZED,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(mutated(exports))
    def drop(one: tuple[str, bytes]) -> None:
        nonlocal count
        count += 1
        path = landing / one[0] / f"fuzzed_{count:04}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one[1])

    drop()


def test_every_bad_file_is_in_the_report_and_the_ledger_with_its_reason(siege: Siege) -> None:
    assert len(siege.report.files) >= 200
    assert len(siege.report.files) == sum(not stat_is_folder(each[0]) for each in siege.before.values())
    ledger = pq.ParquetFile(siege.paths.ledger_file).read().to_pylist()
    known = {row["source_file"]: row for row in ledger}
    for one in siege.report.files:
        if one.status == "passed_over":
            continue
        row = known[one.source_file]
        assert row["status"] == one.status
        assert one.status in ("landed", "refused", "duplicate")
        if one.status == "refused":
            assert one.reason and one.remedy
            assert row["reason"] == one.reason
            assert row["reason_code"]


def stat_is_folder(mode: int) -> bool:
    """Whether a mode is that of a folder."""
    return mode & 0o170000 == 0o040000


def test_every_row_read_landed_or_is_in_quarantine_with_its_reason(siege: Siege) -> None:
    counts = siege.sql(
        "with landed as (select file_hash, platform, stream, rows_read, rows_landed, rows_quarantined"
        " from '{raw}/vitals/ledger/*.parquet' where status = 'landed'),"
        " quarantined as (select platform, stream, file_hash, count(*) as lines,"
        " count(*) filter (where reason <> '' and reason_code <> '') as told"
        " from '{raw}/vitals/quarantine/*.parquet' group by all)"
        " select rows_read, rows_landed, rows_quarantined, coalesce(lines, 0), coalesce(told, 0), file_hash,"
        " platform, stream from landed left join quarantined using (platform, stream, file_hash)"
    )
    assert counts
    for read, landed, quarantined, lines, told, digest, platform, stream in counts:
        assert read == landed + quarantined
        assert quarantined == lines == told
        assert (
            pq.ParquetFile(siege.paths.raw / platform / stream / f"{digest}.parquet").metadata.num_rows
            == landed
        )
    orphans = siege.sql(
        "select distinct file_hash from '{raw}/vitals/quarantine/*.parquet'"
        " where file_hash not in (select file_hash from '{raw}/vitals/ledger/*.parquet' where status = 'landed')"
    )
    assert orphans == []


def test_landing_is_as_it_was_and_nothing_is_written_outside_the_warehouse(siege: Siege) -> None:
    assert tree(siege.paths.landing) == siege.before
    assert [path.name for path in siege.outside.iterdir()] == ["canary"]
    assert sorted(path.name for path in siege.outside.parent.iterdir()) == [
        "landing", "outside", "project", "true", "warehouse",
    ]  # fmt: skip
    written = [path for path in siege.paths.warehouse.rglob("*") if path.is_file()]
    assert all(path.resolve().is_relative_to(siege.paths.warehouse.resolve()) for path in written)
    assert not any(b"root:x:0" in path.read_bytes() for path in written)


def test_landing_them_again_lands_nothing(siege: Siege) -> None:
    def again() -> dict[str, tuple[Any, ...]]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("VITALS_SALT", "pepper")
            assert not land(siege.paths, load_streams(PROJECT)).with_status("landed")
        return {key: each for key, each in tree(siege.paths.raw).items() if not stat_is_folder(each[0])}

    ledger = os.fsencode(siege.paths.ledger_file).hex()
    first = {key: each for key, each in tree(siege.paths.raw).items() if not stat_is_folder(each[0])}
    second = again()
    # A refusal names what all earlier files had, and by now there are more of them.
    assert {key for key in first | second if first.get(key) != second.get(key)} <= {ledger}
    assert again() == second


def test_staging_and_quality_build_on_them_and_account_for_every_row(
    siege: Siege, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = siege.paths
    write_run(paths, None)
    manifest = dbt_build.parse(paths)
    history.write_sources(paths, dbt_build.read_manifest(paths))
    report = dbt_build.build(
        paths,
        manifest,
        ["path:models/staging", "path:models/intermediate/staged_rows", "rpt_quality_landing", "rpt_quality_quarantine"],
    )
    assert report.passed, [(one.name, one.message) for one in report.failures]
    with duckdb.connect(str(paths.work_db), read_only=True) as database:
        assert database.sql("select * from duckdb_tables() where table_name = 'pwned'").fetchall() == []
        counted = database.sql(
            "select sum(rows_read_count), sum(landing_quarantined_count + current_count + superseded_count"
            " + duplicate_count + staging_quarantined_count) from quality.rpt_quality_landing"
        ).fetchone()
    assert counted
    assert counted[0] == counted[1]
    assert [path.name for path in siege.outside.iterdir()] == ["canary"]
    files = len(siege.report.files)
    refused = len(siege.report.with_status("refused"))
    with capsys.disabled():
        print(
            f"\nhostile: {files} bad files ({refused} refused whole), {counted[0]:,} rows read, "
            f"{counted[1]:,} accounted for, landed in {siege.seconds:.0f} s"
        )


LAND_AND_TELL_PEAK = """
import atexit, pathlib, sys
from vitals.cli import main
atexit.register(lambda: print(pathlib.Path("/proc/self/status").read_text(), file=sys.stderr))
sys.argv = ["vitals", "land"]
main()
"""


@pytest.mark.parametrize("name", HEAVY)
def test_a_heavy_file_lands_in_bounded_memory(name: str, tmp_path: Path) -> None:
    folder, build = corpus(tmp_path)[name]
    desk = Desk(tmp_path)
    (desk.paths.landing / folder).mkdir(parents=True)
    build(desk.paths.landing / folder / name)
    environment = os.environ | {"VITALS_LANDING": str(desk.paths.landing), "VITALS_SALT": "pepper"}
    environment["VITALS_WAREHOUSE"] = str(desk.paths.warehouse)
    # What a child inherits at its fork counts as its greatest resident size: it reads its own from the system.
    command = [sys.executable, "-c", LAND_AND_TELL_PEAK]
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stderr=subprocess.PIPE) as child:
        assert child.stderr
        told = child.stderr.read().decode()
    assert child.returncode in (0, 3), told
    mebibytes = int(told.rsplit("VmHWM:", 1)[1].split()[0]) / 1024
    print(f"{name}: {mebibytes:.0f} MiB")
    assert mebibytes < 700
