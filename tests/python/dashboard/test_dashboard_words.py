"""The dashboard's texts: every key in every language, and a word for all that the warehouse can say."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import pytest

from vitals.catalogue import BETTER, LANGUAGES, UNITS
from vitals.dashboard import app
from vitals.dashboard.data import SOURCES
from vitals.dashboard.words import FOLDER, OWN_NAMES, Words, catalogue
from vitals.scorecard import COMPARED_WITH, FAMILIES, PERIOD_NAMES, STATUS

CODE = "\n".join(file.read_text(encoding="utf-8") for file in sorted(FOLDER.parent.rglob("*.py")))


def test_every_language_has_a_catalogue() -> None:
    assert {file.stem for file in FOLDER.glob("*.toml")} == set(LANGUAGES) == set(OWN_NAMES)


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_every_text_exists_in_every_language_with_the_same_values(language: str) -> None:
    english, other = catalogue("en"), catalogue(language)
    assert set(other) == set(english)
    for key, text in english.items():
        assert other[key].strip(), key
        assert sorted(re.findall(r"\{\w+\}", other[key])) == sorted(re.findall(r"\{\w+\}", text)), key


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_texts_are_translated(language: str) -> None:
    english, other = catalogue("en"), catalogue(language)
    same = [key for key, text in english.items() if other[key] == text and len(text.split()) > 2]
    assert same == []


def test_every_key_that_the_code_names_exists_and_none_is_left_over() -> None:
    known = catalogue("en")
    named = set(re.findall(r"""words\(\s*f?["']([a-z_]+\.[a-z_]+)["'],?""", CODE))
    named |= set(re.findall(r"""nothing\(page, "([a-z_.]+)"\)""", CODE)) | {"nothing.period"}
    assert named <= set(known)
    # sections whose keys are slugs of the warehouse
    made = set(re.findall(r"""words\(\s*f?["']([a-z_]+)\.["'{]""", CODE))
    made |= set(re.findall(r"""named\(\s*["']([a-z_]+)["'],""", CODE)) | {"unit", "outcome", "channel"}
    assert [key for key in known if key not in named and key.split(".")[0] not in made] == []


def _keys(section: str, slugs: Iterable[str]) -> set[str]:
    return {f"{section}.{slug}" for slug in slugs}


def test_all_that_the_warehouse_can_say_has_a_word() -> None:
    columns = {column for source in SOURCES.values() for column in source.columns}
    assert set(catalogue("en")) >= (
        _keys("page", app.PAGES)
        | _keys("period", PERIOD_NAMES)
        | _keys("compared", COMPARED_WITH)
        | _keys("status", STATUS)
        | _keys("family", FAMILIES)
        | _keys("unit_name", UNITS)
        | _keys("better", BETTER)
        | _keys("column", columns)
    )


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        (
            "en",
            ("81.3 %", "−1,234", "12 s", "6:34", "1,234.50 EUR", "+3.9 pt", "2.6 /h", "4 Nov 2026, 13:07"),
        ),
        (
            "fr",
            ("81,3 %", "−1\u202f234", "12 s", "6:34", "1\u202f234,50 EUR", "+3,9 pt", "2,6 /h",
             "4 nov. 2026, 13:07"),
        ),
        (
            "bg",
            ("81,3 %", "−1\u202f234", "12 с", "6:34", "1\u202f234,50 EUR", "+3,9 п.п.", "2,6 /ч",
             "4 ное 2026, 13:07"),
        ),
    ],
)  # fmt: skip
def test_figures_and_dates_are_written_as_people_there_do(language: str, shown: tuple[str, ...]) -> None:
    words = Words(language, "EUR")
    written = (
        words.value(0.8129, "percent"),
        words.count(-1234.0),
        words.value(12.0, "seconds"),
        words.value(394.0, "seconds"),
        words.value(1234.5, "money"),
        words.change(0.039, "percent"),
        words.value(2.6, "per_hour"),
        words.moment(datetime(2026, 11, 4, 13, 7)),
    )
    assert tuple(each.replace("\u00a0", " ") for each in written) == shown


def test_a_span_of_days_repeats_nothing() -> None:
    words = Words("en")
    assert words.span(date(2026, 10, 1), date(2026, 10, 31)) == "1 – 31 Oct 2026"
    assert words.span(date(2026, 10, 29), date(2026, 11, 4)) == "29 Oct – 4 Nov 2026"
    assert words.span(date(2026, 11, 4), date(2026, 11, 4)) == "4 Nov 2026"


def test_charts_know_the_language_and_the_week_of_vega_begins_on_sunday() -> None:
    time = Words("fr").vega_locale["time"]
    assert (time["days"][0], time["days"][1], time["months"][0]) == ("dimanche", "lundi", "janvier")
    assert Words("bg").vega_locale["number"]["decimal"] == ","


def test_an_unknown_language_is_english() -> None:
    assert Words("xx").language == "en"


def test_the_styles_hold_no_address() -> None:
    for file in (*Path(FOLDER.parent).glob("*.css"), *Path(FOLDER.parent).glob("*.svg")):
        found = set(re.findall(r"https?://[^\s\"')]+", file.read_text(encoding="utf-8")))
        assert found <= {"http://www.w3.org/2000/svg"}
