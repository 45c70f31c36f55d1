"""dbt's unit tests: every rule's edges, and the published worked examples."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from centre import PROJECT, Centre


def test_every_dbt_unit_test_passes(centre: Centre, tmp_path: Path) -> None:
    # In a copy: the tests' fixtures need built tables to read types from, and must not touch the centre's.
    shutil.copytree(centre.paths.raw, tmp_path / "warehouse" / "raw")
    shutil.copy(centre.paths.work_db, tmp_path / "warehouse" / "work.duckdb")
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "dbt"),
            "test",
            *("--select", "test_type:unit"),
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
            *("--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path / "logs")),
        ],
        env={**os.environ, "VITALS_WAREHOUSE": str(tmp_path / "warehouse"), "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    results = json.loads((tmp_path / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    units = [result for result in results if result["unique_id"].startswith("unit_test.")]
    failed = [result["unique_id"] for result in units if result["status"] != "pass"]
    assert done.returncode == 0, done.stdout
    assert failed == []
    assert len(units) > 100
