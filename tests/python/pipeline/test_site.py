"""The documentation site: each page has its place, each link leads somewhere, none fetches from elsewhere."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from centre import PROJECT
from vitals import site
from vitals.catalogue import LANGUAGES, read_catalogue
from vitals.dashboard import app

# mkdocs.yml has no tag of its own: what MkDocs reads, YAML reads.
SETTINGS = yaml.safe_load((PROJECT / "mkdocs.yml").read_text(encoding="utf-8"))


def leaves(nav: list[Any]) -> Iterator[str]:
    for entry in nav:
        if isinstance(entry, str):
            yield entry
        else:
            for below in entry.values():
                yield from leaves(below if isinstance(below, list) else [below])


NAMED = list(leaves(site.navigation(PROJECT, SETTINGS["nav"])))
PAGES = site.pages(PROJECT)


def test_every_page_is_in_the_navigation_once_and_no_other_is() -> None:
    assert sorted(NAMED) == sorted(PAGES)


def test_every_kpi_is_in_the_navigation_in_every_language() -> None:
    for kpi in read_catalogue(PROJECT):
        for language in LANGUAGES:
            folder = "" if language == "en" else f"{language}/"
            assert f"kpis/{folder}{kpi.kpi_id}.md" in NAMED


@pytest.mark.parametrize("there", [True, False])
def test_a_page_that_does_not_exist_yet_is_left_out(tmp_path: Path, there: bool) -> None:
    (tmp_path / "seeds" / "reference").mkdir(parents=True)
    seed = "seeds/reference/kpi_catalogue.csv"
    (tmp_path / seed).write_bytes((PROJECT / seed).read_bytes())
    (tmp_path / "docs" / "platforms").mkdir(parents=True)
    if there:
        (tmp_path / "docs" / "scale.md").touch()
    nav = site.navigation(tmp_path, [{"Run it": ["operations.md", "scale.md"]}])
    assert nav == [{"Run it": ["operations.md", *["scale.md"] * there]}]


@pytest.mark.parametrize("uri", PAGES)
def test_every_link_of_a_page_leads_to_a_file(uri: str) -> None:
    missing = [
        target
        for target, path in site.links(PROJECT, uri, PAGES[uri])
        if not (PROJECT / path).is_file() and target != site.DBT_PAGE
    ]
    assert missing == []


def test_every_page_of_the_dashboard_is_an_exposure_and_on_the_page_of_lineage() -> None:
    exposures = yaml.safe_load((PROJECT / "models" / "exposures.yml").read_text(encoding="utf-8"))[
        "exposures"
    ]
    ours = {one["name"] for one in exposures if one["name"].startswith("dashboard_")}
    assert ours == {f"dashboard_{page}" for page in app.PAGES}
    listed = re.findall(r"exposure\.vitals\.(\w+)\)", PAGES[site.LINEAGE])
    assert listed == [one["name"] for one in exposures]
    assert "| `agg_contacts_daily`, `dim_channel`," in PAGES[site.LINEAGE]


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("README.md", "index.md"),
        ("docs/kpis/fr/csat.md", "kpis/fr/csat.md"),
        ("macros/kpi.sql", "files/macros/kpi.sql.md"),
        ("benchmarks/RESULTS.md", "benchmarks.md"),
    ],
)
def test_a_file_of_the_project_has_one_place_on_the_site(path: str, uri: str) -> None:
    assert site.site_uri(path) == uri


class _Page:
    def __init__(self, uri: str) -> None:
        self.file = self
        self.src_uri = uri


class _Files:
    def get_file_from_path(self, uri: str) -> str | None:
        return uri


class _Config:
    config_file_path = str(PROJECT / "mkdocs.yml")


def shown(uri: str, markdown: str) -> str:
    return site.on_page_markdown(markdown, _Page(uri), _Config(), _Files())


def test_links_lists_and_diagrams_become_the_site_s() -> None:
    text = shown(
        "kpis/fr/README.md",
        "See [a](../../../macros/kpi.sql), [b](csat.md#x), [c](../../../README.md) and [d](https://a.b/c.md).\n"
        "- one\n- two\n\n```md\n[e](../../../macros/kpi.sql)\n- three\n```\n\n"
        "```mermaid\nflowchart LR\n    a --> b\n```\n",
    )
    assert (
        "[a](../../files/macros/kpi.sql.md), [b](csat.md#x), [c](../../index.md) and [d](https://a.b/c.md)"
        in text
    )
    assert ".\n\n- one\n- two\n" in text
    assert "```md\n[e](../../../macros/kpi.sql)\n- three\n```" in text
    assert re.search(r'<div class="lineage"><svg [^\n]*</svg></div>', text)


def test_a_kpi_s_page_leads_to_its_model_in_dbt_s_documentation() -> None:
    assert "(../../dbt/index.html#!/model/model.vitals.kpi_csat)" in shown("kpis/bg/csat.md", "# CSAT\n")
    assert "dbt/index.html" not in shown("kpis/bg/README.md", "# KPI\n")


def test_what_would_be_fetched_from_elsewhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<a href="https://example.org">link</a><img src="a.png">'
        '<link rel="stylesheet" href="//cdn.example.org/x.css">'
        '<script src="https://example.org/x.js"></script><img src="data:image/png;base64,AA">',
        encoding="utf-8",
    )
    (tmp_path / "a.css").write_text("@import 'https://fonts.example.org/a.css'; a {background: url(b.png)}")
    assert site.outside(tmp_path) == [
        "a.css: https://fonts.example.org/a.css",
        "a.html: //cdn.example.org/x.css",
        "a.html: https://example.org/x.js",
    ]
