"""The pages of docs/kpis/: as the project makes them, complete, and true of the published marts."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from centre import PROJECT, Centre, copy_project
from vitals import contract_docs, generated, kpi_docs
from vitals.catalogue import LANGUAGES, PAGES, SEED, read_catalogue
from vitals.dbt_build import read_manifest
from vitals.errors import VitalsError
from vitals.scorecard import format_value

KPIS = {kpi.kpi_id: kpi for kpi in read_catalogue(PROJECT)}


@pytest.fixture(scope="module")
def manifest(centre: Centre) -> Mapping[str, Any]:
    return read_manifest(centre.paths)


@pytest.fixture(scope="module")
def rendered(manifest: Mapping[str, Any]) -> dict[Path, str]:
    return kpi_docs.render(PROJECT, manifest)


@pytest.fixture(scope="module")
def pages(rendered: dict[Path, str]) -> dict[str, str]:
    return {path.stem: text for path, text in rendered.items() if path.parent == PAGES}


def section(page: str, heading: str) -> str:
    return page.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_the_committed_pages_are_current(manifest: Mapping[str, Any], rendered: dict[Path, str]) -> None:
    stale = generated.differing(PROJECT, rendered | contract_docs.render(PROJECT, manifest))
    assert [str(page) for page in stale] == [], "Run `vitals docs` and commit docs/."


def test_pages_are_the_same_whenever_and_wherever_they_are_made(
    manifest: Mapping[str, Any], rendered: dict[Path, str]
) -> None:
    shuffled = {
        kind: dict(reversed(entries.items())) if isinstance(entries, dict) else entries
        for kind, entries in manifest.items()
    }
    assert kpi_docs.render(PROJECT, shuffled) == rendered
    text = "\n".join(rendered.values())
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


def test_every_link_of_a_page_leads_to_a_file(rendered: dict[Path, str]) -> None:
    known = {(PROJECT / path).resolve() for path in rendered}
    missing = [
        (path, link)
        for path, page in rendered.items()
        for link in re.findall(r"\]\(([^)#]+)(?:#\w+)?\)", page)
        if not (there := (PROJECT / path.parent / link).resolve()).exists() and there not in known
    ]
    assert missing == []


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_every_kpi_has_its_page_in_every_language(rendered: dict[Path, str], language: str) -> None:
    for kpi in KPIS.values():
        page = rendered[kpi_docs.page_in(kpi.page, language)]
        own = kpi.names[language]
        assert page.startswith(f"# {own.title}\n")
        for told in (own.meaning, own.numerator, own.denominator, own.caveat):
            assert told.replace("|", "\\|") in page
        assert kpi.names["en"].caveat not in page
        results = re.findall(r"([−\d,\u202f]+) / ([−\d,\u202f]+) = \*\*(.+?)\*\*", page)
        assert results, kpi.kpi_id
    index = rendered[kpi_docs.page_in(kpi_docs.INDEX, language)]
    assert all(f"[{kpi.names[language].title}]({kpi.kpi_id}.md)" in index for kpi in KPIS.values())


def test_the_words_of_the_pages_are_the_same_in_every_language() -> None:
    words = kpi_docs.translated_words()
    assert set(words) == set(LANGUAGES) - {"en"}
    french, bulgarian = words["fr"], words["bg"]
    assert set(french) == set(bulgarian)
    assert all(text.strip() for own in words.values() for text in own.values())
    assert re.findall(r"[а-яА-Я]", "".join(french.values())) == []
    assert [key for key, text in bulgarian.items() if not re.search(r"[а-я]", text) and key != "colon"] == []


def test_a_text_that_a_language_lacks_is_named(project_copy: Path, manifest: Mapping[str, Any]) -> None:
    assert [kpi.kpi_id for kpi in KPIS.values() if kpi.untranslated()] == []
    seed = project_copy / SEED
    caveat = KPIS["csat"].names["bg"].caveat
    text = seed.read_text(encoding="utf-8")
    assert text.count(caveat) == 1
    seed.write_text(text.replace(caveat, ""), encoding="utf-8")
    with pytest.raises(VitalsError, match="csat: caveat in Bulgarian"):
        kpi_docs.render(project_copy, manifest)


def test_the_contract_tells_every_column_that_is_built(centre: Centre, manifest: Mapping[str, Any]) -> None:
    page = contract_docs.render(PROJECT, manifest)[contract_docs.PAGE]
    tables = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["platforms"]
    with duckdb.connect(str(centre.paths.work_db), read_only=True) as connection:
        for table in tables:
            told = re.findall(
                r"^\| `(\w+)` \| ([\w(),]+) \| .* \| .+ \|$", section(page, table), re.MULTILINE
            )
            built = connection.sql(f"describe intermediate.int_{table}__unioned").fetchall()
            assert told == [
                (name, "string" if kind == "VARCHAR" else kind.lower()) for name, kind, *_ in built
            ]


def test_what_differs_is_named_and_written(manifest: Mapping[str, Any], tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    pages = kpi_docs.render(project, manifest)
    generated.write(project, pages)
    folder = project / PAGES
    (folder / "nps.md").write_text("# By hand\n", encoding="utf-8")
    (folder / "csat.md").unlink()
    (folder / "no_longer.md").write_text("# A KPI that is no more\n", encoding="utf-8")
    changed = [folder.relative_to(project) / f"{name}.md" for name in ("csat", "no_longer", "nps")]
    assert generated.differing(project, pages) == changed
    assert generated.write(project, pages) == changed
    assert generated.differing(project, pages) == []
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
