"""Erasing a person from what landing keeps: token for hash, [forgotten] for plain text, everything else as it was."""

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from desk import CALLS, LOG, SHEET, Desk

from vitals import forget as forgetting
from vitals import pipeline
from vitals.errors import VitalsError
from vitals.forget import LINKED, NobodyFound, forget
from vitals.landing.identifiers import hasher
from vitals.search import finder, search

HIDDEN = replace(CALLS, identifiers=("caller",))
NESTED = replace(LOG, identifiers=("data2",), identifiers_where={"event": ("ENTERQUEUE",)})
ANN = "Ann@X.org"
HASH = str(hasher(b"pepper")(ANN))


@pytest.fixture
def known(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose streams the command knows."""
    monkeypatch.setattr(forgetting, "load_streams", lambda project: (HIDDEN, NESTED, SHEET))
    return desk


def land(desk: Desk) -> None:
    desk.land(HIDDEN, NESTED, SHEET)


def warehouse(desk: Desk) -> list[Path]:
    return [file for file in desk.paths.warehouse.rglob("*") if file.is_file()]


def calls(*callers: Any, **more: Any) -> str:
    return "\n".join(json.dumps({"id": n, "caller": each, **more}) for n, each in enumerate(callers))


def test_all_rows_of_a_person_get_one_token_and_other_rows_stay(known: Desk) -> None:
    known.drop("acme/calls/a.json", calls(" ann@x.ORG", "bob@x.org", "joann@x.org", ANN))
    known.drop("acme/calls/b.json", calls(ANN))
    land(known)
    before = known.values("caller", HIDDEN)
    report = forget(known.paths, [ANN], remove_files=True)
    after = known.values("caller", HIDDEN)
    assert report.rows == {ANN: 3}
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, True, True, False, False]
    (token,) = {after[0], after[3], after[4]}
    assert len(token) == 32
    assert token != HASH
    assert not search(warehouse(known), finder([ANN, HASH]))


def test_the_plain_text_goes_from_extra_columns_free_texts_quarantine_and_file_names(known: Desk) -> None:
    known.drop(
        "acme/calls/of ann@x.org.json",
        calls("bob@x.org", note=f"call {ANN.upper()}, not joann@x.org", queue="for ann@x.org"),
    )
    known.drop("acme/sheet/a.csv", "id,queue,seconds\n1,q,2\n2,q,ann@x.org,5\n")
    land(known)
    known.drop("acme/sheet/b.csv", "id;ann@x.org\n1;2\n")
    land(known)
    assert search(warehouse(known), finder([ANN]))
    report = forget(known.paths, [ANN], remove_files=True)
    (row,) = known.rows(HIDDEN)
    assert json.loads(row["extra_columns"]) == {"note": "call [forgotten], not joann@x.org"}
    assert row["queue"] == "for [forgotten]"
    assert row["source_file"] == "acme/calls/of [forgotten].json"
    assert known.bad()[0][1] == "2,q,[forgotten],5"
    assert not search(warehouse(known), finder([ANN]))
    # What never landed is the user's to correct: its rows are nowhere else.
    assert [each.source_file for each in report.left] == ["acme/sheet/b.csv"]
    assert sorted(report.removed) == ["acme/calls/of ann@x.org.json", "acme/sheet/a.csv"]


def test_a_hash_inside_json_becomes_the_token(known: Desk) -> None:
    known.drop("acme/calls/a.json", calls({"phones": [ANN, "+44"]}))
    land(known)
    forget(known.paths, [ANN])
    phones = json.loads(str(known.values("caller", HIDDEN)[0]))["phones"]
    assert len(phones[0]) == 32
    assert phones[0] != HASH
    assert phones[1] == hasher(b"pepper")("+44")


def test_a_stray_copy_and_a_log_are_cleaned_and_modes_stay(known: Desk) -> None:
    known.drop("acme/calls/a.json", calls(ANN))
    land(known)
    (raw,) = (each for each in (known.paths.raw / "acme/calls").glob("*.parquet") if each.name[0] != "_")
    raw.chmod(0o640)
    raw.with_name(f".{raw.name}.tmp").write_bytes(HASH.encode())
    log = known.paths.warehouse / "logs" / "dbt.log"
    log.parent.mkdir()
    log.write_text(f"could not cast {ANN} of {HASH}\n")
    log.chmod(0o600)
    forget(known.paths, [ANN])
    assert log.read_text().startswith("could not cast [forgotten] of ")
    assert (raw.stat().st_mode & 0o777, log.stat().st_mode & 0o777) == (0o640, 0o600)
    assert not search(warehouse(known), finder([ANN, HASH]))


def test_files_in_landing_keep_it_unfinished_until_they_go(known: Desk) -> None:
    files = ["acme/calls/a.json", "acme/calls/copy.json"]
    for name in files:
        known.drop(name, calls(ANN))
    known.drop("acme/calls/other.json", calls("bob@x.org"))
    land(known)
    report = forget(known.paths, [ANN])
    assert [each.source_file for each in report.left] == files
    # Nothing stands in raw any more, and yet the command knows that it is not done.
    report = forget(known.paths, [ANN], remove_files=True)
    assert list(report.removed) == files
    assert not report.left
    land(known)
    assert len(known.rows(HIDDEN)) == 2
    assert {row["source_file"] for row in known.ledger()} == {*files, "acme/calls/other.json"}


def test_a_person_in_compressed_or_unreadable_files_of_landing_is_found(known: Desk) -> None:
    known.drop("acme/calls/a.json.gz", gzip.compress(calls(ANN).encode()))
    land(known)
    known.drop("acme/sheet/broken.csv", b"\xff\xfe" + "ann@x.org".encode("utf-16-le"))
    known.drop("elsewhere/notes.txt", "write to ANN@x.org")
    known.drop("acme/calls/cut.json.gz", gzip.compress(calls("x" * 50, *range(500)).encode())[:40])
    left = {each.source_file: each.reason for each in forget(known.paths, [ANN]).left}
    assert set(left) == {
        "acme/calls/a.json.gz",
        "acme/sheet/broken.csv",
        "elsewhere/notes.txt",
        "acme/calls/cut.json.gz",
    }
    assert left["acme/calls/cut.json.gz"].startswith("cannot be searched")
    assert left["elsewhere/notes.txt"].startswith("never landed")


@pytest.mark.parametrize("stop_after", range(3))
def test_after_a_crash_the_second_try_gives_the_same_token(
    known: Desk, monkeypatch: pytest.MonkeyPatch, stop_after: int
) -> None:
    for name in "abc":
        known.drop(f"acme/calls/{name}.json", calls(ANN, f"{name}@y.org"))
    land(known)
    erase, done = forgetting._erase_parquet, []

    def crashing(path: Path, *rest: Any, **named: Any) -> Any:
        counts = erase(path, *rest, **named)
        done.extend([path] if counts else [])
        if len(done) > stop_after:
            raise KeyboardInterrupt
        return counts

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(forgetting, "_erase_parquet", crashing)
        forget(known.paths, [ANN], remove_files=True)
    forget(known.paths, [ANN], remove_files=True)
    assert len({row["caller"] for row in known.rows(HIDDEN) if row["id"] == "0"}) == 1
    assert not search(warehouse(known), finder([ANN, HASH]))
    assert not (known.paths.warehouse / ".forget.key").exists()


def test_a_changed_declaration_keeps_the_token(known: Desk) -> None:
    copied = replace(HIDDEN, columns=(*HIDDEN.columns, "key"), identifiers=(), hash_of={"key": "caller"})
    known.drop("acme/calls/a.json", calls(ANN))
    known.land(copied)
    forget(known.paths, [ANN], remove_files=True)
    (before,) = known.rows(copied)
    assert before["key"] == before["caller"] != HASH
    known.land(replace(copied, columns=(*copied.columns, "more")))
    (after,) = known.rows(copied)
    assert (after["caller"], after["key"]) == (before["caller"], before["key"])


def test_a_token_cannot_be_computed_again(known: Desk) -> None:
    tokens = []
    for name in "ab":
        known.drop(f"acme/calls/{name}.json", calls(ANN, name))
        land(known)
        forget(known.paths, [ANN], remove_files=True)
        tokens.append(known.values("caller", HIDDEN)[-2])
    assert tokens[0] != tokens[1]


def test_several_spellings_each_tell_their_rows(known: Desk) -> None:
    known.drop("acme/calls/a.json", calls("+44 1", "+441234567", "+441234567"))
    land(known)
    report = forget(known.paths, ["+44 1", "+441234567", "0441234567"], remove_files=True)
    assert report.rows == {"+44 1": 1, "+441234567": 2, "0441234567": 0}


def test_a_short_identifier_is_known_by_its_hash_only(known: Desk) -> None:
    known.drop("acme/calls/a.json", calls("12", seconds="12"))
    known.drop("acme/calls/b.json", calls("13", seconds="12"))
    land(known)
    report = forget(known.paths, ["12"], remove_files=True)
    assert known.values("seconds", HIDDEN) == ["12", "12"]
    assert list(report.removed) == ["acme/calls/a.json"]


def test_a_stranger_is_told_and_nothing_changes(known: Desk) -> None:
    known.drop("acme/calls/a.json", calls(ANN))
    land(known)
    before = known.files()
    with pytest.raises(NobodyFound, match="Several spellings"):
        forget(known.paths, ["bob@x.org"])
    after = known.files()
    of_the_run = {".lock", ".runs.lock", "raw/vitals/run_history/run_history.parquet"}
    assert {name for name in before | after if before.get(name) != after.get(name)} <= of_the_run


@pytest.mark.parametrize("word", ["", "  ", "Anonymous", "0"])
def test_a_word_for_nobody_cannot_be_forgotten(known: Desk, word: str) -> None:
    with pytest.raises(VitalsError, match="names nobody"):
        forget(known.paths, [word])
    assert not (known.paths.warehouse / ".forget.key").exists()


def know(desk: Desk, *groups: tuple[str, ...]) -> None:
    """A work database that knows which identifiers belong together; of one alone, that several use it."""
    hashed = hasher(b"pepper")
    with duckdb.connect(str(desk.paths.work_db)) as connection:
        connection.execute("create schema intermediate")
        connection.execute(
            "create table intermediate.int_identifiers__resolved (identifier_key varchar, customer_key varchar)"
        )
        for group in groups:
            for each in group:
                key = hashed(group[0]) if len(group) > 1 else None
                connection.execute(
                    "insert into intermediate.int_identifiers__resolved values (?, ?)", [hashed(each), key]
                )


def test_what_records_join_with_the_person_goes_too_and_what_several_use_stays(
    known: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "rebuild", lambda paths, tell, to: None)
    callers = (ANN, "+359 888 123 456", "crm-1", "switchboard", "bob@x.org", "crm-2")
    known.drop("acme/calls/a.json", calls(*callers))
    land(known)
    know(known, (ANN, "+359888123456", "crm-1"), ("bob@x.org", "crm-2"), ("switchboard",))
    before = known.values("caller", HIDDEN)
    report = forget(known.paths, [ANN], remove_files=True)
    after = known.values("caller", HIDDEN)
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, False, False, True, True, True]
    assert len(set(after)) == 6, "each has a token of its own: nothing is joined that was not"
    assert report.rows == {ANN: 1, LINKED: 2}
    assert report.removed == ("acme/calls/a.json",)


def test_a_second_try_knows_what_was_linked_though_the_build_no_longer_tells(
    known: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "rebuild", lambda paths, tell, to: None)
    known.drop("acme/calls/a.json", calls(ANN))
    copy = known.drop("acme/calls/b.json", calls("crm-1"))
    land(known)
    know(known, (ANN, "crm-1"))
    forget(known.paths, [ANN])
    tokens = known.values("caller", HIDDEN)
    # the files still stand in landing; the work database is gone, as after a crash in the rebuild
    assert not known.paths.work_db.exists()
    report = forget(known.paths, [ANN], remove_files=True)
    assert not copy.exists()
    assert sorted(report.removed) == ["acme/calls/a.json", "acme/calls/b.json"]
    assert known.values("caller", HIDDEN) == tokens
    assert not (known.paths.warehouse / ".forget.key").exists()


def test_without_a_build_nobody_is_forgotten_by_halves(known: Desk) -> None:
    known.drop("acme/calls/a.json", calls(ANN))
    land(known)
    known.paths.published_db.touch()
    with pytest.raises(VitalsError, match="nobody knows which identifiers") as caught:
        forget(known.paths, [ANN])
    assert "vitals run" in caught.value.remedy
    duckdb.connect(str(known.paths.work_db)).close()
    with pytest.raises(VitalsError, match="no build was finished"):
        forget(known.paths, [ANN])
    assert known.values("caller", HIDDEN) == [HASH]


def test_a_number_is_found_in_whatever_way_a_country_writes_it(
    known: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    national = replace(HIDDEN, phones=("caller",), phone_region="BG")
    monkeypatch.setattr(forgetting, "load_streams", lambda project: (national, NESTED, SHEET))
    known.drop("acme/calls/a.json", calls("0888 123 456", "+359 888 123 456", note="call +359888123456 back"))
    known.land(national, NESTED, SHEET)
    (before,) = set(known.values("caller", national))
    forget(known.paths, ["0888123456"], remove_files=True)
    (after,) = set(known.values("caller", national))
    assert after != before
    assert not search(warehouse(known), finder(["+359888123456", str(before)]))
