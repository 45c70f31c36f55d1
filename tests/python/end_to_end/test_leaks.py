"""Nobody who stands in the exports stands in anything that is published, logged or documented."""

from pathlib import Path

import duckdb
import pytest

from centre import Centre
from exports import agent_names, customers
from vitals.search import Find, finder, search

READ_BY_OTHERS = ("vitals*.duckdb", "logs/**/*", "docs/**/*", "target/**/*")


def shown(centre: Centre) -> list[Path]:
    """All that others than the owner of the raw files may come to see."""
    found = {file for pattern in READ_BY_OTHERS for file in centre.paths.warehouse.glob(pattern)}
    return sorted(file for file in found if file.is_file())


def test_no_customer_of_the_exports_is_in_what_is_published_logged_or_documented(centre: Centre) -> None:
    people = customers(centre.paths.landing)
    assert any("@" in person for person in people) or len(people) > 100
    assert search(shown(centre), finder(people)) == []


def test_agents_names_are_in_dim_agent_only(centre: Centre) -> None:
    names = agent_names(centre.paths.landing)
    assert len(names) > 10
    found = search(shown(centre), finder(names))
    tables = {find.where.rsplit(".", 1)[0] for find in found if find.where != "bytes"}
    assert {table.split(".")[-1] for table in tables} == {"dim_agent"}
    holders = {find.file for find in found if find.where != "bytes"}
    assert {find.file for find in found} == holders, "a name in the bytes of a file without dim_agent"


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    """A database with a person planted in a text, a list, a JSON text, a comment and a binary value."""
    file = tmp_path / "vitals.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create table plain as select 'call +44123456 back' as note")
        connection.execute("create table lists as select ['x', 'Ann@X.org'] as many")
        connection.execute("create table nested as select {'a': {'b': '+44123456'}} as tree")
        connection.execute("create table bytes as select 'ann@x.org'::blob as raw")
        connection.execute("create schema other; create table other.sound as select 'joann@x.org' as note")
        connection.execute("create view seen as select 'ann@x.org' as note")
        connection.execute("comment on table other.sound is 'asked for by ann@x.org'")
    return file


def test_the_search_finds_every_planted_value(leaky: Path) -> None:
    found = search([leaky], finder(["+44123456", "ann@x.org"]))
    assert {find.where for find in found} - {"bytes"} == {
        "main.plain.note",
        "main.lists.many",
        "main.nested.tree",
        "main.bytes.raw",
        "main.seen.note",
        "comments",
    }


def test_the_search_reads_any_other_file_by_its_bytes_whatever_the_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vitals.search._CHUNK_BYTES", 7)
    log = tmp_path / "dbt.log"
    log.write_bytes(b"\xff could not cast ANN@X.org to a number; joann@x.org neither")
    assert search([log], finder(["ann@x.org"])) == [Find(str(log), "bytes", "ann@x.org")]
    log.write_bytes(b"joann@x.org, ann@x.organic, +441234567")
    assert search([log], finder(["ann@x.org", "+44123456"])) == []
