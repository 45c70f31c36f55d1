"""dbt reads the project with the adapters of other engines, where they are installed.

`make test-spark` runs it; its name keeps it out of `make test`. No engine is asked.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from engines import dbt

# A profile that names nobody's account: parsing connects to nothing.
PROFILES = {
    "bigquery": "{type: bigquery, method: oauth, project: p, dataset: main, threads: 1}",
    "databricks": "{type: databricks, host: h, http_path: /p, token: t, catalog: c, schema: main}",
    "snowflake": "{type: snowflake, account: a, user: u, password: p, database: d, warehouse: w, schema: s}",
    "trino": "{type: trino, method: none, user: u, host: h, port: 8080, database: d, schema: main}",
}


@pytest.mark.parametrize("adapter", PROFILES)
def test_dbt_reads_the_project_with_another_adapter(adapter: str, tmp_path: Path) -> None:
    if find_spec(f"dbt.adapters.{adapter}") is None:
        pytest.skip(f"dbt-{adapter} is not installed in this environment")
    profile = f"vitals:\n  target: {adapter}\n  outputs:\n    {adapter}: {PROFILES[adapter]}\n"
    (tmp_path / "profiles.yml").write_text(profile, encoding="utf-8")
    done = dbt(tmp_path, "parse", env={"VITALS_WAREHOUSE": str(tmp_path)}, profiles=tmp_path)
    assert done.returncode == 0, done.stdout[-3000:]
    assert (tmp_path / "target" / "manifest.json").exists()
