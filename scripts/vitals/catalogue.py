"""The KPI catalogue as people search it: by name, acronym or meaning, in English, French or Bulgarian.

Read from the seed `kpi_catalogue`, so that it answers before anything is built.
"""

from __future__ import annotations

import csv
import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vitals.errors import VitalsError

SEED = Path("seeds", "reference", "kpi_catalogue.csv")
MODELS = Path("models", "marts", "kpis")
PAGES = Path("docs", "kpis")
LANGUAGES: Mapping[str, str] = {"en": "English", "fr": "French", "bg": "Bulgarian"}

UNITS: Mapping[str, str] = {
    "percent": "percent",
    "seconds": "seconds",
    "money": "reporting currency",
    "per_hour": "per hour",
    "score": "score on its own scale",
    "points": "points from −100 to 100",
}
BETTER: Mapping[str, str] = {
    "up": "more is better",
    "down": "less is better",
    "target": "near its target is better",
    "none": "neither way is better in itself",
}


@dataclass(frozen=True)
class Named:
    """What a KPI is called in one language, what it says there in one sentence, its formula in words, and
    what to keep in mind when reading it."""

    name: str
    acronyms: tuple[str, ...]
    meaning: str
    numerator: str
    denominator: str
    caveat: str

    @property
    def title(self) -> str:
        """Name with its acronyms: `Average handle time (AHT)`."""
        return f"{self.name} ({', '.join(self.acronyms)})" if self.acronyms else self.name


@dataclass(frozen=True)
class Kpi:
    """One row of the catalogue."""

    kpi_id: str
    names: Mapping[str, Named] = field(hash=False)
    family: str
    nature: str
    unit: str
    better: str
    guards: tuple[str, ...]
    # Those that its one figure covers: all, or synchronous (where the customer waits for the answer).
    scorecard_channels: str

    @property
    def name(self) -> str:
        """Its English name."""
        return self.names["en"].name

    @property
    def unit_in_words(self) -> str:
        """`seconds`, `percent`, …"""
        return UNITS.get(self.unit, self.unit)

    @property
    def better_in_words(self) -> str:
        """`less is better`, …"""
        return BETTER.get(self.better, self.better)

    @property
    def model(self) -> str:
        """Its dbt model, and its table in the schema `marts`."""
        return f"kpi_{self.kpi_id}"

    @property
    def model_file(self) -> Path:
        """The model's file, below the project."""
        return MODELS / f"{self.model}.sql"

    @property
    def page(self) -> Path:
        """Its page in English, below the project."""
        return PAGES / f"{self.kpi_id}.md"

    def untranslated(self) -> list[str]:
        """The texts that a language lacks, as `caveat in French`."""
        return [
            f"{text} in {LANGUAGES[language]}"
            for language, named in self.names.items()
            for text in ("name", "meaning", "numerator", "denominator", "caveat")
            if not getattr(named, text).strip()
        ]


def read_catalogue(project: Path) -> tuple[Kpi, ...]:
    """Every KPI, in the order of the seed.

    Args:
        project: the dbt project's folder.

    Raises:
        VitalsError: when the seed is missing or lacks a column.
    """
    file = project / SEED
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            return tuple(_kpi(row) for row in csv.DictReader(lines, restval=""))
    except FileNotFoundError:
        raise VitalsError(f"{file} does not exist", "Restore it: it is the list of KPIs.") from None
    except KeyError as missing:
        raise VitalsError(f"{file} has no column {missing}", "Add it, with a value on every row.") from None


def _kpi(row: Mapping[str, str]) -> Kpi:
    return Kpi(
        kpi_id=row["kpi_id"],
        names={
            language: Named(
                row[f"name_{language}"],
                _listed(row[f"acronyms_{language}"]),
                row[f"meaning_{language}"],
                row["numerator" if language == "en" else f"numerator_{language}"],
                row["denominator" if language == "en" else f"denominator_{language}"],
                row[f"caveat_{language}"],
            )
            for language in LANGUAGES
        },
        family=row["family"],
        nature=row["nature"],
        unit=row["unit"],
        better=row["better"],
        guards=tuple(value for column, value in row.items() if column.endswith("guard_kpi_id") and value),
        scorecard_channels=row["scorecard_channels"],
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",") if one.strip())


# --- search ------------------------------------------------------------------------------------


def find(kpis: Iterable[Kpi], words: str) -> tuple[Kpi, ...]:
    """The KPIs that the words mean, accents and case ignored.

    A whole id, acronym or name wins; else every word has to begin a word of what a KPI is called in one of
    the languages; else of what it says.

    Args:
        kpis: the catalogue.
        words: what the user typed.
    """
    catalogue = tuple(kpis)
    wanted = fold(words)
    if not wanted:
        return catalogue
    whole = tuple(kpi for kpi in catalogue if wanted in {fold(one) for one in _called(kpi)})
    return (
        whole
        or tuple(kpi for kpi in catalogue if _begun(wanted, _called(kpi)))
        or tuple(kpi for kpi in catalogue if _begun(wanted, [one.meaning for one in kpi.names.values()]))
    )


def near(kpis: Iterable[Kpi], words: str, count: int = 5) -> tuple[Kpi, ...]:
    """The KPIs that are called most nearly so, nearest first; none when nothing is near.

    Args:
        kpis: the catalogue.
        words: what the user typed.
        count: at most so many.
    """
    called: dict[str, list[Kpi]] = {}
    for kpi in kpis:
        for name in _called(kpi):
            for text in {fold(name), *fold(name).split()}:
                called.setdefault(text, []).append(kpi)
    matches = difflib.get_close_matches(fold(words), called, n=3 * count, cutoff=0.6)
    return tuple(dict.fromkeys(kpi for match in matches for kpi in called[match]))[:count]


def fold(text: str) -> str:
    """Text as it is compared: no accents, no case, words apart by one space."""
    letters = (one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return " ".join(re.findall(r"[^\W_]+", "".join(letters).casefold()))


def _called(kpi: Kpi) -> list[str]:
    return [kpi.kpi_id, *(text for one in kpi.names.values() for text in (one.name, *one.acronyms))]


def _begun(wanted: str, texts: Sequence[str]) -> bool:
    """Whether one of the texts has, for each wanted word, a word that begins so."""
    return any(
        all(any(have.startswith(word) for have in fold(text).split()) for word in wanted.split())
        for text in texts
    )
