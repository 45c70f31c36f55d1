"""Who may read what: the three published files, and nothing in them that went in as a person."""

import csv
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb

from centre import Centre

LEVELS = {"managers": 0o644, "analysts": 0o640, "owners": 0o600}
# What an export calls a person: a customer's number or address, an agent's or supervisor's name.
PLAIN = re.compile(r"\+\d{8,15}|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def _texts(folder: Path) -> Iterator[str]:
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
            yield raw.decode("utf-16", errors="ignore")
        else:
            yield raw.decode("utf-8", errors="ignore")


def _went_in(centre: Centre) -> tuple[set[str], set[str]]:
    """Numbers and addresses, and names, of all exports."""
    plain = {found for text in _texts(centre.paths.landing) for found in PLAIN.findall(text)}
    names: set[str] = set()
    for text in _texts(centre.paths.landing / "template" / "agents"):
        lines = text.lstrip("\ufeff").splitlines()
        for row in csv.DictReader(lines, dialect=csv.Sniffer().sniff(lines[0], ",;\t")):
            names |= {row[column] for column in ("name", "supervisor") if row.get(column)}
    return plain, names


def _cells(database: Path) -> Iterator[tuple[str, str]]:
    """Every distinct text of a database, with the column that holds it."""
    with duckdb.connect(str(database), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns()"
            " where not internal and data_type like 'VARCHAR%'"
        ).fetchall()
        for schema, table, column in columns:
            rows = connection.execute(
                f'select distinct "{column}" from "{schema}"."{table}" where "{column}" is not null'
            )
            for (text,) in rows.fetchall():
                yield f"{schema}.{table}.{column}", str(text)


def leaks(texts: Iterator[tuple[str, str]], persons: set[str]) -> set[tuple[str, str]]:
    """Where a text holds one of the persons as a whole, whatever stands around it."""
    spellings = sorted(map(re.escape, persons), key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(spellings)})(?!\w)", re.IGNORECASE)
    return {(where, found) for where, text in texts for found in pattern.findall(text)}


def test_no_number_address_or_name_that_went_in_is_published_or_logged(centre: Centre) -> None:
    plain, names = _went_in(centre)
    assert len(plain) > 100
    assert len(names) > 10
    for level in LEVELS:
        found = leaks(_cells(centre.paths.published_for(level)), plain | names)
        if level == "owners":
            assert {where for where, _ in found} <= {"people.dim_agent.name", "people.dim_agent.supervisor"}
            assert found, "the search finds names where they may stand"
        else:
            assert not found
    for folder in ("logs", "docs"):
        files = (each for each in (centre.paths.warehouse / folder).rglob("*") if each.is_file())
        texts = ((str(each), each.read_text(encoding="utf-8", errors="ignore")) for each in files)
        assert not leaks(texts, plain | names)


def test_the_search_finds_a_planted_number_and_name() -> None:
    texts = [("a", "call +35988812345 back"), ("b", "ANN LEE rang"), ("c", "+359888123456")]
    assert leaks(iter(texts), {"+35988812345", "Ann Lee"}) == {("a", "+35988812345"), ("b", "ANN LEE")}


def test_managers_see_no_contact_customer_or_person(centre: Centre) -> None:
    with duckdb.connect(str(centre.paths.published_for("managers")), read_only=True) as connection:
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns() where not internal"
        ).fetchall()
    assert {"kpi_values", "agg_contacts_daily"} <= {table for table, _ in columns}
    personal = re.compile(r"(^|_)contact_id|customer_key|source_file|issue_id|agent_name|supervisor")
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
