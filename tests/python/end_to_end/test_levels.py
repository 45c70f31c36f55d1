"""Who may read what: the three published files."""

import json
import re

import duckdb

from centre import Centre

LEVELS = {"managers": 0o644, "analysts": 0o640, "owners": 0o600}


def test_managers_see_no_contact_customer_or_person(centre: Centre) -> None:
    with duckdb.connect(str(centre.paths.published_for("managers")), read_only=True) as connection:
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns() where not internal"
        ).fetchall()
    assert {"kpi_values", "agg_contacts_daily"} <= {table for table, _ in columns}
    personal = re.compile(r"(^|_)contact_id|customer_key|source_file|issue_id|agent_id|agent_name|supervisor")
    assert not [each for each in columns if personal.search(each[1]) or each[0] == "dim_agent"]


def test_each_level_has_its_mode_and_the_same_version(centre: Centre) -> None:
    versions = set()
    for level, mode in LEVELS.items():
        file = centre.paths.published_for(level)
        assert file.stat().st_mode & 0o777 == mode
        with duckdb.connect(str(file), read_only=True) as connection:
            versions.add(connection.sql("from quality.published_version").fetchall()[0])
    assert len(versions) == 1
    for name in ("raw", "logs", "target", "docs", "work.duckdb"):
        assert (centre.paths.warehouse / name).stat().st_mode & 0o077 == 0


def test_the_manifest_and_the_files_agree_on_levels(centre: Centre) -> None:
    manifest = json.loads((centre.paths.warehouse / "target" / "manifest.json").read_text(encoding="utf-8"))
    by_level = {"managers": set(), "analysts": set(), "owners": set()}  # type: dict[str, set[str]]
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["schema"] in ("marts", "quality", "people"):
            by_level[node["config"]["meta"]["level"]].add(node["name"])
    assert by_level["owners"] == {"dim_agent"}
    with duckdb.connect(str(centre.paths.published_for("managers")), read_only=True) as connection:
        held = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
    assert held == by_level["managers"] | {"published_version"}
