"""The pages of docs/kpis/: as the project makes them, complete, and true of the published marts."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from centre import PROJECT, Centre, copy_project
from vitals import kpi_docs
from vitals.catalogue import PAGES, SEED, read_catalogue
from vitals.dbt_build import read_manifest
from vitals.errors import VitalsError
from vitals.scorecard import format_value

KPIS = {kpi.kpi_id: kpi for kpi in read_catalogue(PROJECT)}


@pytest.fixture(scope="module")
def manifest(centre: Centre) -> Mapping[str, Any]:
    return read_manifest(centre.paths)


@pytest.fixture(scope="module")
def pages(manifest: Mapping[str, Any]) -> dict[str, str]:
    return {path.stem: text for path, text in kpi_docs.render(PROJECT, manifest).items()}


def section(page: str, heading: str) -> str:
    return page.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_the_committed_pages_are_current(manifest: Mapping[str, Any]) -> None:
    stale = kpi_docs.differing(PROJECT, kpi_docs.render(PROJECT, manifest))
    assert [str(page) for page in stale] == [], "Run `vitals docs` and commit docs/kpis/."


def test_pages_are_the_same_whenever_and_wherever_they_are_made(
    manifest: Mapping[str, Any], pages: dict[str, str]
) -> None:
    shuffled = {
        kind: dict(reversed(entries.items())) if isinstance(entries, dict) else entries
        for kind, entries in manifest.items()
    }
    assert {path.stem: text for path, text in kpi_docs.render(PROJECT, shuffled).items()} == pages
    text = "\n".join(pages.values())
    assert str(PROJECT) not in text
    assert not re.search(r"(?<![\w.`])/(?:home|root|tmp|usr|Users)/", text)
    assert manifest["metadata"]["generated_at"][:10] not in text


@pytest.mark.parametrize("kpi_id", KPIS)
def test_a_page_has_a_worked_number_that_divides_as_it_says(pages: dict[str, str], kpi_id: str) -> None:
    worked = section(pages[kpi_id], "A worked number")
    assert "Given in `" in worked
    results = re.findall(r"([−\d,.]+) / ([−\d,.]+) = \*\*(.+?)\*\*", worked)
    assert results, "write a unit test that expects numerator, denominator and value"
    for numerator, denominator, value in results:
        above, below = (float(one.replace("−", "-").replace(",", "")) for one in (numerator, denominator))
        assert format_value(above / below, KPIS[kpi_id].unit) == value


@pytest.mark.parametrize("kpi_id", KPIS)
def test_the_query_of_a_page_answers(centre: Centre, pages: dict[str, str], kpi_id: str) -> None:
    asked = re.search(r"```sql\n(.*?)```", section(pages[kpi_id], "Ask for it"), re.DOTALL)
    assert asked is not None
    rows = centre.published(asked[1])
    whole = centre.published(
        f"select sum(numerator) / nullif(sum(denominator), 0) from marts.kpi_{kpi_id}"
        f" where day > (select max(day) from marts.kpi_values) - 28"
    )[0][0]
    values = [float(value) for _, value, _ in rows if value is not None]
    assert all(member is not None for member, _, _ in rows)
    # A roll-up lies between its parts; the members of a mix add up to one instead.
    if kpi_id.endswith("_mix"):
        assert sum(values) == pytest.approx(1)
    else:
        assert min(values) - 1e-9 <= float(whole) <= max(values) + 1e-9


def test_a_page_tells_names_guard_edges_decisions_thresholds_and_lineage(pages: dict[str, str]) -> None:
    page = pages["service_level"]
    for told in (
        "| French | Niveau de service | TSF, taux de service |",
        "| Guard | [Abandonment rate](abandonment_rate.md) |",
        "| Thresholds | `service_level_seconds`, `short_abandon_seconds`:",
        "denominator='offered_count - short_abandon_count'",
        "- An answer exactly at the threshold is in target.",
        "**Short means at most.**",
        "fct_contacts --> agg_contacts_daily",
        'raw_asterisk[("asterisk: cdr, queue_log")]',
    ):
        assert told in page
    assert "Self service contains" not in page
    assert "**Costs follow work.**" not in page
    assert "<!--" not in page
    assert "| Guard | none |" in pages["nps"]


def test_the_seven_readings_of_service_level_stand_on_its_page_alone(pages: dict[str, str]) -> None:
    readings = re.findall(r"^\| `(\w+)`( \(the KPI\))? \|.*\d %", pages["service_level"], re.MULTILINE)
    assert len(readings) == 7
    assert [name for name, is_default in readings if is_default] == ["short_abandons_excluded"]
    assert [kpi for kpi in KPIS if "read in one way" not in pages[kpi]] == ["service_level"]


def test_the_index_lists_every_kpi_in_three_languages(pages: dict[str, str]) -> None:
    for kpi in KPIS.values():
        assert f"]({kpi.kpi_id}.md) | {kpi.names['fr'].title} | {kpi.names['bg'].title} |" in pages["README"]


def test_every_link_of_a_page_leads_to_a_file(pages: dict[str, str]) -> None:
    links = {link for page in pages.values() for link in re.findall(r"\]\(([^)#]+)(?:#\w+)?\)", page)}
    missing = [
        link for link in links if not (PROJECT / PAGES / link).exists() and Path(link).stem not in pages
    ]
    assert missing == []


def test_what_differs_is_named_and_written(manifest: Mapping[str, Any], tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    pages = kpi_docs.render(project, manifest)
    kpi_docs.write(project, pages)
    folder = project / PAGES
    (folder / "nps.md").write_text("# By hand\n", encoding="utf-8")
    (folder / "csat.md").unlink()
    (folder / "no_longer.md").write_text("# A KPI that is no more\n", encoding="utf-8")
    changed = [folder.relative_to(project) / f"{name}.md" for name in ("csat", "no_longer", "nps")]
    assert kpi_docs.differing(project, pages) == changed
    assert kpi_docs.write(project, pages) == changed
    assert kpi_docs.differing(project, pages) == []
    assert not (folder / "no_longer.md").exists()


def test_a_kpi_without_model_and_a_decision_on_no_kpi_are_told(
    manifest: Mapping[str, Any], tmp_path: Path
) -> None:
    project = copy_project(tmp_path / "project")
    decisions = project / kpi_docs.DECISIONS
    before = decisions.read_text(encoding="utf-8")
    decisions.write_text(before + "\n**So.** It is so.\n<!-- kpis: nps, npz -->\n", encoding="utf-8")
    with pytest.raises(VitalsError, match=r"names no KPI of the catalogue: npz"):
        kpi_docs.render(project, manifest)
    decisions.write_text(before, encoding="utf-8")
    seed = project / SEED
    rows = seed.read_text(encoding="utf-8")
    seed.write_text(rows + "new_one," + rows.splitlines()[-1].partition(",")[2] + "\n")
    with pytest.raises(VitalsError, match="new_one is in the catalogue and has no model"):
        kpi_docs.render(project, manifest)
