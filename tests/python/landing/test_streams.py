"""Declarations: what the source YAML says, and what is wrong with it."""

from pathlib import Path

import pytest

from vitals.errors import VitalsError
from vitals.paths import Paths
from vitals.streams import load_streams

GOOD = """
version: 2
sources:
  - name: acme
    description: a telephone system
    tables:
      - name: calls
        description: one row per call
        config:
          meta:
            format: json
            identifiers: [caller.Number]
            identifiers_where: {kind: [IN]}
            anonymous: [Nobody]
            records: calls
            encoding: latin-1
        columns:
          - {name: id, description: the id, data_type: string, config: {meta: {required: true}}}
          - {name: kind, data_type: string}
          - {name: caller, data_type: string}
"""


def declare(project: Path, text: str, platform: str = "acme", folder: str = "acme") -> Path:
    path = project / "models" / "staging" / folder / f"_{platform}__sources.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_declaration_becomes_a_stream(tmp_path: Path) -> None:
    declare(tmp_path, GOOD)
    (stream,) = load_streams(tmp_path)
    assert (stream.key, stream.format, stream.columns) == ("acme/calls", "json", ("id", "kind", "caller"))
    assert (stream.required, stream.identifiers, stream.records) == (("id",), ("caller.Number",), "calls")
    assert (stream.identifiers_where, stream.anonymous) == ({"kind": ("IN",)}, ("nobody",))
    assert (stream.encoding, stream.has_header) == ("latin-1", True)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("format: json", "format: xml", "format is 'xml'"),
        ("format: json", "formt: json", "unknown meta key `formt`"),
        ("format: json", "has_header: true", "format is None"),
        ("records: calls", "records: [calls]", "`records` is not of type str"),
        ("anonymous: [Nobody]", "anonymous: Nobody", "`anonymous` is not of type list"),
        ("format: json", "format: delimited", "`records` has no meaning"),
        ("encoding: latin-1", "has_header: false", "`has_header` has no meaning"),
        ("format: json", "format: json\n            date_order: d/m", "date_order is 'd/m'"),
        ("format: json", "format: json\n            keep_days: 0", "keep_days is 0"),
        ("format: json", "format: json\n            keep_days: long", "`keep_days` is not of type int"),
        ("format: json", "format: json\n            keep_days: yes", "`keep_days` is not of type int"),
        ("format: json", "format: json\n            identifiers_from: -1", "identifiers_from is -1"),
        ("latin-1", "klingon", "unknown encoding `klingon`"),
        ("format: json", "format: json\n            header_rows: 3", "`header_rows` has no meaning"),
        ("format: json", "format: json\n            header_rows: 0", "header_rows is 0"),
        ("format: json", "format: json\n            header_key: id", "`header_key` has no meaning"),
        ("{required: true}", "{header_row: 2}", "header_row of column `id` is 2"),
        ("format: json", "format: json\n            phones: [kind]", "`phones` names `kind`"),
        (
            "format: json",
            "format: json\n            phones: [caller.Number]\n            phone_region: Bulgaria",
            "phone_region is 'Bulgaria'",
        ),
        ("format: json", "format: json\n            phone_region: BG", "no meaning without `phones`"),
        ("[caller.Number]", "[phone]", "identifier column `phone`"),
        ("{kind: [IN]}", "{sort: [IN]}", "identifier column `sort`"),
        ("required: true", "requird: true", "unknown meta key `requird` on a column"),
        ("name: kind", "name: id", "column `id` is declared twice"),
        ("name: kind", "name: Kind", "'Kind' is not snake case"),
        ("name: kind", "name: source_file", "`source_file` is one that landing adds"),
        ("name: acme", "name: vitals", "the warehouse's own source"),
        ("sources:", "source:", "has no list `sources`"),
        ("version: 2", "version: [", "is not valid YAML"),
        ("            format: json", "            - format", "is not valid YAML"),
    ],
)
def test_a_wrong_declaration_is_named(tmp_path: Path, before: str, after: str, message: str) -> None:
    declare(tmp_path, GOOD.replace(before, after))
    with pytest.raises(VitalsError) as caught:
        load_streams(tmp_path)
    assert message in caught.value.message
    assert "models/staging/acme/_acme__sources.yml" in caught.value.message
    assert caught.value.remedy


def test_a_stream_declared_twice_is_an_error(tmp_path: Path) -> None:
    declare(tmp_path, GOOD)
    declare(tmp_path, GOOD, folder="acme_too")
    with pytest.raises(VitalsError, match="acme/calls is declared twice"):
        load_streams(tmp_path)


def test_paths_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dbt_project.yml").touch()
    (tmp_path / "models" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "models" / "deep")
    monkeypatch.delenv("VITALS_WAREHOUSE", raising=False)
    monkeypatch.setenv("VITALS_LANDING", "drops")
    paths = Paths.from_environment()
    assert paths == Paths(tmp_path, tmp_path / "drops", tmp_path / "warehouse")
    assert paths == Paths.from_environment(tmp_path)


def test_outside_a_project_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(VitalsError, match=r"No dbt_project\.yml"):
        Paths.from_environment()
    with pytest.raises(VitalsError, match=r"holds no dbt_project\.yml"):
        Paths.from_environment(tmp_path)
