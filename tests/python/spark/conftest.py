"""The centre that every engine builds."""

import os
from datetime import date

import pytest
from engines import ran, vitals

from all_exports import every_platform
from centre import PROJECT
from vitals.paths import Paths

# Of the simulated centre, as `make test-spark` sets it: CI takes a smaller one.
CONTACTS = int(os.environ.get("VITALS_SPARK_CONTACTS", "3000"))


@pytest.fixture(scope="session")
def centre_on_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """Two weeks of every platform over a clock change, as DuckDB builds them."""
    home = tmp_path_factory.mktemp("duckdb")
    every_platform(home, (CONTACTS, CONTACTS // 10), 14, date(2026, 10, 18))
    paths = Paths(PROJECT, home / "landing", home / "warehouse")
    ran(vitals(paths, "run"))
    return paths
