"""The same centre on DuckDB and on Spark: in this process, on a cluster, and on one that loses a worker.

`make test-spark` runs it, in minutes; its name keeps it out of `make test`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from engines import PUBLISHED, dbt, differences, environment, landed_again, ran, vitals

from centre import PROJECT
from vitals.engines import PYTHON_MODELS
from vitals.paths import Paths

CLUSTER = PROJECT / "scripts" / "spark_cluster.sh"


@pytest.fixture(scope="module")
def on_spark(centre_on_duckdb: Paths, tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """The centre as Spark in one process builds it."""
    paths = landed_again(centre_on_duckdb, tmp_path_factory.mktemp("spark"))
    ran(vitals(paths, "run", "--target", "spark"))
    return paths


def test_both_engines_publish_the_same_marts(centre_on_duckdb: Paths, on_spark: Paths) -> None:
    assert differences(centre_on_duckdb, on_spark) == []


def test_every_dbt_unit_test_passes_on_spark(on_spark: Paths, tmp_path: Path) -> None:
    done = dbt(
        tmp_path,
        *("test", "--select", "test_type:unit", "--target", "spark", "--exclude", *PYTHON_MODELS),
        env=environment(on_spark),
    )
    results = json.loads((tmp_path / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    units = [one for one in results if one["unique_id"].startswith("unit_test.")]
    assert [one["unique_id"] for one in units if one["status"] != "pass"] == []
    assert done.returncode == 0, done.stdout[-3000:]
    assert len(units) > 100


def test_duckdb_builds_where_spark_did(centre_on_duckdb: Paths, on_spark: Paths, tmp_path: Path) -> None:
    back = Paths(PROJECT, tmp_path / "landing", tmp_path / "warehouse")
    shutil.copytree(on_spark.landing, back.landing)
    shutil.copytree(on_spark.warehouse, back.warehouse)
    ran(vitals(back, "run"))
    assert differences(centre_on_duckdb, back) == []


def test_a_part_is_refused_before_any_work(on_spark: Paths) -> None:
    process = vitals(on_spark, "build", "--target", "spark", "--select", "kpi_service_level")
    said, _ = process.communicate()
    assert process.returncode == 1
    assert "--select has no meaning there" in said


# --- a cluster -------------------------------------------------------------------------------------


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


@contextmanager
def cluster(paths: Paths) -> Iterator[dict[str, str]]:
    """A master, two workers and a Thrift server, for an installation; gives the environment that names it."""
    env = {
        **environment(paths),
        "VITALS_SPARK_PORT": str(free_port()),
        "VITALS_SPARK_MASTER_PORT": str(free_port()),
        "VITALS_SPARK_PYTHON": sys.executable,
        "VITALS_SPARK_LIFETIME": "1h",
    }
    subprocess.run([str(CLUSTER), "start"], env={**os.environ, **env}, check=True)
    try:
        yield env
    finally:
        subprocess.run([str(CLUSTER), "stop"], env={**os.environ, **env}, check=True)


def pids(paths: Paths) -> dict[str, int]:
    """The cluster's processes, by name."""
    lines = (paths.spark / "cluster" / "pids").read_text(encoding="utf-8").splitlines()
    return {name: int(pid) for pid, name in (line.split() for line in lines)}


@pytest.fixture(scope="module")
def on_cluster(centre_on_duckdb: Paths, tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """The same, where a cluster of two workers builds it."""
    return landed_again(centre_on_duckdb, tmp_path_factory.mktemp("cluster"))


def test_a_cluster_of_two_workers_publishes_the_same_marts(
    centre_on_duckdb: Paths, on_cluster: Paths
) -> None:
    with cluster(on_cluster) as env:
        ran(vitals(on_cluster, "run", "--target", "spark_cluster", env=env))
        work = on_cluster.spark / "cluster" / "work"
        # Each worker was given work: it has an executor of its own.
        executors = [one for one in work.glob("app-*/*") if (one / "stderr").stat().st_size]
        assert len(executors) == 2
    assert differences(centre_on_duckdb, on_cluster) == []


def test_a_worker_killed_in_mid_build_does_no_harm(centre_on_duckdb: Paths, on_cluster: Paths) -> None:
    with cluster(on_cluster) as env:
        build = vitals(on_cluster, "run", "--target", "spark_cluster", env=env)
        _await_models(on_cluster, build, 60)
        os.kill(pids(on_cluster)["worker-1"], signal.SIGKILL)
        said, _ = build.communicate()
        # It ends right, or fails and says so; what was published before is there all the while.
        if build.returncode not in PUBLISHED:
            assert build.returncode == 1, said[-4000:]
            assert differences(centre_on_duckdb, on_cluster) == []
            ran(vitals(on_cluster, "run", "--target", "spark_cluster", env=env))
    assert differences(centre_on_duckdb, on_cluster) == []


def _await_models(paths: Paths, build: subprocess.Popen[str], count: int) -> None:
    """Waits until a build has made so many models since it began, by its log."""
    log = paths.warehouse / "logs" / "dbt.log"
    before = log.read_text(encoding="utf-8").count("OK created sql") if log.exists() else 0
    deadline = time.monotonic() + 1800
    while log.read_text(encoding="utf-8").count("OK created sql") < before + count:
        assert build.poll() is None, "it ended before the worker was killed"
        assert time.monotonic() < deadline
        time.sleep(1)
