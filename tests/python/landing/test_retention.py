"""Rows older than their stream may keep go, each by its own age, and every row of a file stays accounted for."""

import datetime as dt
from dataclasses import replace

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from desk import CALLS, NOON, SHEET, Desk

from vitals.landing import store
from vitals.retention import expire

KEPT = replace(SHEET, keep_days=30)
DAY = dt.timedelta(days=1)


def stage(desk: Desk, times: dict[str, dt.datetime | None]) -> None:
    """What a build would have made of the sheet: each row's version time, by its id."""
    with duckdb.connect(str(desk.paths.work_db)) as connection:
        connection.execute("create schema if not exists staging")
        connection.execute(
            "create or replace table staging.stg_acme__sheet"
            " (file_hash varchar, source_row bigint, updated_at timestamp, landed_at timestamp)"
        )
        for row in desk.rows(SHEET):
            connection.execute(
                "insert into staging.stg_acme__sheet values (?, ?, ?, ?)",
                [row["file_hash"], row["source_row"], times[row["id"]], row["landed_at"]],
            )


@pytest.fixture
def old(desk: Desk) -> Desk:
    """Two files: of 40, 31, 29 days, and of a row without any time; one line cannot be read."""
    desk.drop("acme/sheet/a.csv", "id,queue,seconds\nforty,q,1\nuntimed,q,2\nbad\ntwentynine,q,3\n")
    desk.drop("acme/sheet/b.csv", "id,queue,seconds\nthirtyone,q,1\n")
    desk.land(KEPT, now=NOON)
    stage(
        desk,
        {
            "forty": NOON - 40 * DAY,
            "thirtyone": NOON - 31 * DAY,
            "twentynine": NOON - 29 * DAY,
            "untimed": None,
        },
    )
    return desk


def ledger(desk: Desk) -> dict[str, tuple[int, int, int, int]]:
    return {
        row["source_file"][-5:]: (
            row["rows_read"],
            row["rows_landed"],
            row["rows_quarantined"],
            row["rows_expired"],
        )
        for row in store.read_ledger(desk.paths)
    }


def test_rows_go_by_their_own_age_and_are_counted(old: Desk) -> None:
    assert expire(old.paths, [KEPT], NOON) == 2
    assert sorted(old.values("id", SHEET)) == ["twentynine", "untimed"]
    assert ledger(old) == {"a.csv": (4, 3, 1, 1), "b.csv": (1, 1, 0, 1)}
    assert old.bad()[0][1] == "bad"
    assert expire(old.paths, [KEPT], NOON) == 0
    assert expire(old.paths, [KEPT], NOON + 30 * DAY) == 1, "a row without a time goes by when it landed"
    assert old.values("id", SHEET) == ["untimed"]


def test_a_line_in_quarantine_that_is_too_old_keeps_its_place_and_loses_its_text(old: Desk) -> None:
    expire(old.paths, [KEPT], NOON + 31 * DAY)
    ((_, text, *_),) = old.bad()
    assert text == "[expired]"
    assert ledger(old)["a.csv"] == (4, 3, 1, 3)


def test_streams_that_keep_everything_and_warehouses_never_built_are_left_alone(old: Desk) -> None:
    before = {file: file.read_bytes() for file in old.paths.raw.rglob("*.parquet")}
    assert expire(old.paths, [SHEET, CALLS], NOON + 4000 * DAY) == 0
    old.paths.work_db.unlink()
    assert expire(old.paths, [KEPT], NOON) == 0
    assert {file: file.read_bytes() for file in old.paths.raw.rglob("*.parquet")} == before


def test_what_expired_does_not_land_again(old: Desk) -> None:
    expire(old.paths, [KEPT], NOON)
    old.land(KEPT)
    assert sorted(old.values("id", SHEET)) == ["twentynine", "untimed"]
    # Under another declaration every file lands anew, while it is there.
    old.land(replace(KEPT, columns=("id", "seconds")))
    assert sorted(old.values("id", SHEET)) == ["twentynine", "untimed"]
    assert "queue" not in old.rows(SHEET)[0]
    assert ledger(old) == {"a.csv": (4, 3, 1, 1), "b.csv": (1, 1, 0, 1)}
    assert old.bad()[0][1] == "[expired]"
    # And one that is gone is brought to its columns.
    for file in old.paths.landing.rglob("*.csv"):
        file.unlink()
    old.land(KEPT)
    assert sorted(old.values("id", SHEET)) == ["twentynine", "untimed"]
    assert ledger(old) == {"a.csv": (4, 3, 1, 1), "b.csv": (1, 1, 0, 1)}


def test_what_expired_of_a_parquet_file_does_not_land_again(desk: Desk) -> None:
    sheet = desk.drop("acme/sheet/a.parquet", b"")
    pq.write_table(pa.table({"id": ["forty", "new"], "seconds": [1, 2]}), sheet)
    desk.land(KEPT, now=NOON)
    stage(desk, {"forty": NOON - 40 * DAY, "new": NOON})
    assert expire(desk.paths, [KEPT], NOON) == 1
    (outcome,) = desk.land(replace(KEPT, columns=("id", "seconds"))).files
    assert (outcome.status, outcome.rows_landed) == ("landed", 1)
    assert [(row["id"], row["seconds"], row["source_row"]) for row in desk.rows(SHEET)] == [("new", "2", 2)]
    assert ledger(desk) == {"rquet": (2, 2, 0, 1)}


def test_how_long_rows_are_kept_does_not_make_files_land_anew(old: Desk) -> None:
    outcomes = {each.status for each in old.land(replace(KEPT, keep_days=7)).files}
    assert outcomes == {"known"}


def test_a_crash_between_ledger_and_file_is_made_good_by_the_next_run(
    old: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("vitals.retention._erase", lambda raw, lines: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            expire(old.paths, [KEPT], NOON)
    assert ledger(old) == {"a.csv": (4, 3, 1, 1), "b.csv": (1, 1, 0, 1)}
    assert len(old.rows(SHEET)) == 4
    expire(old.paths, [KEPT], NOON)
    assert sorted(old.values("id", SHEET)) == ["twentynine", "untimed"]
    assert ledger(old) == {"a.csv": (4, 3, 1, 1), "b.csv": (1, 1, 0, 1)}


def test_an_older_ledger_gets_the_new_column(old: Desk) -> None:
    rows = store.read_ledger(old.paths)
    schema = store.LEDGER.remove(store.LEDGER.get_field_index("rows_expired"))
    store.write_rows(old.paths.ledger_file, schema, rows)
    old.land(KEPT)
    assert pq.read_schema(old.paths.ledger_file).equals(store.LEDGER)
