"""The catalogue in three languages, and the search in it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from centre import PROJECT
from vitals.catalogue import LANGUAGES, SEED, Kpi, find, fold, near, read_catalogue
from vitals.cli import app
from vitals.errors import VitalsError

KPIS = read_catalogue(PROJECT)


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)


def kpis(*words: str) -> Result:
    return CliRunner().invoke(app, ["kpis", *words], env={"COLUMNS": "200"})


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.kpi_id)
def test_every_kpi_has_its_name_and_one_sentence_in_each_language(kpi: Kpi) -> None:
    assert list(kpi.names) == ["en", "fr", "bg"]
    for named in kpi.names.values():
        assert named.name == named.name.strip() != ""
        assert re.fullmatch(r"[^\s].*[^\s.]\.", named.meaning)
        assert not re.search(r"[.!?]\s", named.meaning)
    assert re.search("[А-я]{4}", kpi.names["bg"].name)
    assert re.search("[А-я]{4}", kpi.names["bg"].meaning)
    assert not re.search("[А-я]", kpi.names["en"].meaning + kpi.names["fr"].meaning)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_names_a_kpi_in_a_language_names_no_other(language: str) -> None:
    called = Counter(
        text
        for kpi in KPIS
        for text in {fold(one) for one in (kpi.names[language].name, *kpi.names[language].acronyms)}
    )
    assert [text for text, count in called.items() if count > 1] == []


def test_an_acronym_means_the_same_kpi_in_every_language() -> None:
    meant: dict[str, set[str]] = {}
    for kpi in KPIS:
        for named in kpi.names.values():
            for acronym in named.acronyms:
                meant.setdefault(fold(acronym), set()).add(kpi.kpi_id)
    assert {acronym: ids for acronym, ids in meant.items() if len(ids) > 1} == {}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("DMT", "handle_time"),
        ("aht", "handle_time"),
        ("TMR", "speed_of_answer"),
        ("TSF", "service_level"),
        ("DSQ", "first_contact_resolution"),
        ("réitération", "repeat_contact_rate"),
        ("REITERATION", "repeat_contact_rate"),
        ("обаждания", "repeat_contact_rate"),
        ("ЗАЕТОСТ", "occupancy"),
        ("taux d'abandon", "abandonment_rate"),
        ("first_contact_resolution", "first_contact_resolution"),
        ("first contact resolution", "first_contact_resolution"),
        ("promoteurs", "nps"),
    ],
)
def test_a_kpi_is_found_by_what_people_call_it(words: str, expected: str) -> None:
    assert [kpi.kpi_id for kpi in find(KPIS, words)] == [expected]


def test_a_name_before_a_mention_and_a_whole_name_before_a_part_of_one() -> None:
    assert [kpi.kpi_id for kpi in find(KPIS, "satisfaction")] == ["csat", "csat_mean", "esat"]
    assert [kpi.kpi_id for kpi in find(KPIS, "customer satisfaction")] == ["csat"]
    assert find(KPIS, " ") == KPIS


def test_what_is_misspelt_is_near_to_what_was_meant() -> None:
    assert near(KPIS, "ocupancy")[0].kpi_id == "occupancy"
    assert near(KPIS, "обаждане")[0].kpi_id == "repeat_contact_rate"
    assert near(KPIS, "zzz") == ()


@pytest.mark.usefixtures("project")
def test_one_kpi_is_shown_with_all_that_is_known_of_it() -> None:
    result = kpis("DMT")
    assert result.exit_code == 0
    for told in (
        "Average handle time (AHT)",
        "Durée moyenne de traitement (DMT)",
        "Средно време за обработка (AHT)",
        "How long an agent works on an answered contact on average, in seconds",
        "Σ talk + hold + after-contact work",
        "÷ answered contacts whose handle time is measured",
        "seconds; near its target is better",
        "First-contact resolution (first_contact_resolution)",
        "models/marts/kpis/kpi_handle_time.sql",
        "docs/kpis/handle_time.md",
    ):
        assert told in result.stdout


@pytest.mark.usefixtures("project")
def test_all_kpis_are_listed_and_several_are_told_apart() -> None:
    listed = kpis().stdout
    assert [kpi.kpi_id for kpi in KPIS if kpi.kpi_id not in listed] == []
    several = kpis("satisfaction")
    assert several.exit_code == 0
    assert "Satisfaction client (CSAT)" in several.stdout
    assert "Next: vitals kpis <kpi_id>" in several.stderr


@pytest.mark.usefixtures("project")
def test_what_no_kpi_is_called_is_exit_code_1_with_near_ones() -> None:
    result = kpis("handel", "time")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "No KPI is called 'handel time'" in result.stderr
    assert "Near: Average handle time (AHT) · handle_time" in result.stderr


def test_a_seed_without_a_language_is_told(tmp_path: Path) -> None:
    with pytest.raises(VitalsError, match="does not exist"):
        read_catalogue(tmp_path)
    seed = tmp_path / SEED
    seed.parent.mkdir(parents=True)
    seed.write_text(
        "kpi_id,name_en,acronyms_en,meaning_en,numerator,denominator,caveat_en\na,A,,Says a.,b,c,d\n",
        encoding="utf-8",
    )
    with pytest.raises(VitalsError, match="'name_fr'"):
        read_catalogue(tmp_path)


def test_every_guard_of_a_kpi_is_told(tmp_path: Path) -> None:
    lines = (PROJECT / SEED).read_text(encoding="utf-8").splitlines()
    header = lines[0].split(",")
    seed = tmp_path / SEED
    seed.parent.mkdir(parents=True)
    named = {"kpi_id": "a", "guard_kpi_id": "b", "second_guard_kpi_id": "c"}
    columns = list(dict.fromkeys([*header, "second_guard_kpi_id"]))
    row = ",".join(named.get(column, "x") for column in columns)
    seed.write_text(f"{','.join(columns)}\n{row}\n", encoding="utf-8")
    assert read_catalogue(tmp_path)[0].guards == ("b", "c")
