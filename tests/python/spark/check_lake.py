"""A lake that two machines write to at once: a catalogue in PostgreSQL, data as Parquet.

`make test-spark` runs it; its name keeps it out of `make test`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from engines import PUBLISHED, differences, landed_again, ran, vitals

from postgres_server import postgres_server
from vitals.paths import Paths


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment that names an empty lake."""
    with postgres_server() as server:
        data = tmp_path_factory.mktemp("lake")
        catalogue = f"host=127.0.0.1 port={server.port} user=postgres dbname={server.new_database()}"
        yield {"VITALS_LAKE": catalogue, "VITALS_LAKE_DATA": str(data)}


def test_two_machines_write_to_one_lake_at_once(
    centre_on_duckdb: Paths, lake: dict[str, str], tmp_path: Path
) -> None:
    # The same raw files, as machines that share a folder have them, and a work database of its own each.
    machines = [landed_again(centre_on_duckdb, tmp_path / name) for name in ("one", "other")]
    ran(vitals(machines[0], "run", "--target", "ducklake", env=lake))
    assert differences(centre_on_duckdb, machines[0]) == []
    at_work = [vitals(paths, "run", "--target", "ducklake", env=lake) for paths in machines]
    ended = [(process.communicate()[0], process.returncode) for process in at_work]
    for (said, code), paths in zip(ended, machines, strict=True):
        # Who lost a race for a table says so, and has published nothing that is not whole.
        if code not in PUBLISHED:
            assert code == 1, said[-4000:]
            assert "conflict" in said.lower(), said[-4000:]
            ran(vitals(paths, "run", "--target", "ducklake", env=lake))
        assert differences(centre_on_duckdb, paths) == []


def test_a_lake_that_nobody_named_is_told(centre_on_duckdb: Paths) -> None:
    process = vitals(centre_on_duckdb, "build", "--target", "ducklake", env={"VITALS_LAKE": ""})
    said, _ = process.communicate()
    assert process.returncode == 1
    assert "VITALS_LAKE does not say where the lake's catalogue is." in said
