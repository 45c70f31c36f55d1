"""`vitals publish --to`, and what follows from VITALS_PUBLISH_TO: the files first, then the database."""

from __future__ import annotations

import json
import queue
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from urllib.parse import quote

import pytest
from typer.testing import CliRunner, Result

from postgres_server import PASSWORD, Server
from vitals import pipeline, runs
from vitals.cli import app
from vitals.errors import PostgresError, VitalsError
from vitals.paths import Paths

HEAD = "call_id,day,wait_seconds\n"
CALLS = "select contact_id, wait_seconds::int from marts.fct_contacts order by 1"
SECONDS = 120


@pytest.fixture
def vitals(centre: Paths, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call `vitals …` in the tiny centre."""
    monkeypatch.chdir(centre.project)
    monkeypatch.delenv("VITALS_LANDING", raising=False)
    monkeypatch.delenv("VITALS_WAREHOUSE", raising=False)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


@pytest.fixture
def database(server: Server) -> str:
    """An empty one."""
    return server.new_database()


@pytest.fixture
def address(server: Server, database: str) -> str:
    """Of the empty database, with the password."""
    return server.url(database, "publisher", PASSWORD)


def _texts(folder: Path) -> str:
    """All that was written about a run."""
    return "".join(file.read_bytes().decode(errors="replace") for file in folder.rglob("*") if file.is_file())


def _is_told(text: str) -> bool:
    return PASSWORD in text or quote(PASSWORD, safe="") in text


def test_publish_to_brings_the_files_to_the_database_and_tells_no_password(
    vitals: Callable[..., Result], centre: Paths, server: Server, database: str, address: str
) -> None:
    result = vitals("--log", "json", "publish", "--to", address)
    assert result.exit_code == 0, result.output
    assert server.rows(CALLS, database) == [("a", 10), ("b", 30), ("c", 5)]
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    step = next(line for line in lines if line.get("step") == "Publishing to PostgreSQL")
    assert (step["status"], step["tables_changed"], step["rows_sent"]) == ("finished", 4, 3 + 1 + 2 + 1)
    again = vitals("publish", "--to", address)
    assert f"/{database}: 1 of 4 tables changed, 1 rows sent" in again.output
    assert not _is_told(result.output + result.stderr + again.output + _texts(centre.warehouse))


def test_run_publishes_to_the_database_of_the_environment(
    vitals: Callable[..., Result],
    drop_calls: Callable[[str, str], None],
    server: Server,
    database: str,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VITALS_PUBLISH_TO", address)
    drop_calls("two.csv", f"{HEAD}d,2026-03-03,7\n")
    result = vitals("run")
    assert result.exit_code == 0, result.output
    assert server.rows(CALLS, database) == [("a", 10), ("b", 30), ("c", 5), ("d", 7)]
    assert not _is_told(result.output)


def test_a_database_that_cannot_be_reached_fails_the_command_and_keeps_the_files(
    vitals: Callable[..., Result], centre: Paths, drop_calls: Callable[[str, str], None], server: Server
) -> None:
    drop_calls("two.csv", f"{HEAD}d,2026-03-03,7\n")
    address = server.url("elsewhere", "publisher", PASSWORD)
    assert vitals("run").exit_code == 0
    result = vitals("publish", "--to", address)
    assert result.exit_code == 1
    assert 'database "elsewhere" does not exist' in " ".join(result.output.split())
    assert "What to do: Correct the database, or have it made" in " ".join(result.output.split())
    assert runs.history(centre)[-1]["result"] == "failed"
    assert not _is_told(result.output + _texts(centre.warehouse))
    import duckdb

    with duckdb.connect(str(centre.published_db), read_only=True) as connection:
        assert connection.sql("select count(*) from marts.fct_contacts").fetchall() == [(4,)]


def test_what_the_database_refuses_is_not_told_as_a_refusal_of_this_machine(
    centre: Paths, server: Server, database: str, address: str
) -> None:
    server.rows(f"alter database {database} owner to postgres")
    with pytest.raises(PostgresError, match="failed at the schema marts: permission denied for database"):
        pipeline.publish(centre, to=address)


def test_an_address_that_is_none_publishes_nothing(
    vitals: Callable[..., Result], centre: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = centre.published_db.stat().st_mtime_ns
    monkeypatch.setenv("VITALS_PUBLISH_TO", f"postgres:/publisher:{PASSWORD}@db/vitals")
    result = vitals("publish")
    assert result.exit_code == 1
    assert "does not begin with postgresql://" in result.output
    assert not _is_told(result.output)
    assert centre.published_db.stat().st_mtime_ns == before


def test_a_rebuild_of_everything_goes_to_the_database(
    centre: Paths, server: Server, database: str, address: str
) -> None:
    report = pipeline.rebuild(centre, pipeline.silent, address)
    assert report.postgres is not None
    assert server.rows(CALLS, database) == [("a", 10), ("b", 30), ("c", 5)]


def test_a_round_of_watch_that_the_database_missed_is_made_up_for(
    centre: Paths,
    drop_calls: Callable[[str, str], None],
    server: Server,
    database: str,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "_TRY_AGAIN_SECONDS", 1)
    stop, rounds, failures = Event(), queue.Queue[object](), queue.Queue[VitalsError]()
    watching = Thread(target=lambda: pipeline.watch(centre, rounds.put, failures.put, stop=stop, to=address))
    watching.start()
    try:
        rounds.get(timeout=SECONDS)
        server.rows(f"alter database {database} allow_connections false")
        drop_calls("two.csv", f"{HEAD}d,2026-03-03,7\n")
        assert "is not currently accepting connections" in str(failures.get(timeout=SECONDS))
        server.rows(f"alter database {database} allow_connections true")
        # No other file comes.
        rounds.get(timeout=SECONDS)
        assert server.rows(CALLS, database) == [("a", 10), ("b", 30), ("c", 5), ("d", 7)]
    finally:
        stop.set()
        watching.join(SECONDS)
