"""The dashboard's language: its texts from one catalogue file per language, figures and dates as people there
write them."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from babel.dates import format_date, format_datetime, format_skeleton, get_day_names, get_month_names

from vitals.catalogue import LANGUAGES
from vitals.dashboard.data import Row
from vitals.scorecard import format_change, format_value

FOLDER = Path(__file__).with_name("words")
# Own names of the languages, for those who cannot read the one that is shown.
OWN_NAMES: Mapping[str, str] = {"en": "English", "fr": "Français", "bg": "Български"}
# For dates: English ones in British order.
_LOCALES = {"en": "en_GB", "fr": "fr", "bg": "bg"}
_SEPARATORS = {
    "en": str.maketrans({}),
    "fr": str.maketrans({",": "\u202f", ".": ","}),
    "bg": str.maketrans({",": "\u202f", ".": ","}),
}


@functools.cache
def catalogue(language: str) -> Mapping[str, str]:
    """Every text of a language, by `section.key`."""
    texts = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return {f"{section}.{key}": text for section, keys in texts.items() for key, text in keys.items()}


class Words:
    """The texts and forms of one language."""

    def __init__(self, language: str, currency: str = "") -> None:
        self.language = language if language in LANGUAGES else "en"
        self.currency = currency
        self._texts = catalogue(self.language)
        self._locale = _LOCALES[self.language]

    def __call__(self, key: str, **values: Any) -> str:
        """A text; values fill its braces."""
        return self._texts[key].format(**values) if values else self._texts[key]

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def named(self, section: str, slug: str) -> str:
        """A word for a slug of the warehouse; one that the catalogue does not know stays as it is."""
        return self._texts.get(f"{section}.{slug}", slug.replace("_", " "))

    def value(self, value: float | None, unit: str, more_digits: int = 0) -> str:
        """A figure as on the terminal's scorecard, with this language's separators and units."""
        return self.localised(format_value(value, unit, self.currency, more_digits))

    def change(self, change: float | None, unit: str) -> str:
        """A difference, always signed."""
        return self.localised(format_change(change, unit, self.currency))

    def count(self, count: float | None) -> str:
        """A whole number."""
        return "–" if count is None else self.localised(f"{count:,.0f}").replace("-", "−")

    def decimal(self, value: float | None, digits: int = 1) -> str:
        """A number without a unit."""
        return "–" if value is None else self.localised(f"{value:,.{digits}f}").replace("-", "−")

    def number(self, value: float | None) -> str:
        """Any number, whole where it is whole."""
        if value is None:
            return "–"
        return self.count(value) if float(value).is_integer() else self.decimal(value, 2)

    def localised(self, figure: str) -> str:
        """A figure in English writing, in this language's: `1,234.5 /h` → `1 234,5 /ч`."""
        number, _, unit = figure.partition(" ")
        number = number.translate(_SEPARATORS[self.language])
        return f"{number}\u00a0{self._texts.get('unit.' + unit.strip('/'), unit)}" if unit else number

    def day(self, day: date | None) -> str:
        """`4 Nov 2026`."""
        return "–" if day is None else str(format_date(day, "d MMM y", locale=self._locale))

    def short_day(self, day: date) -> str:
        """`Wed 4 Nov`."""
        return str(format_skeleton("MMMEd", day, locale=self._locale))

    def weekday(self, number: int) -> str:
        """`Wednesday`, of 3: Monday is 1."""
        return str(get_day_names("wide", locale=self._locale)[number - 1])

    def month(self, month: date) -> str:
        """`November 2026`."""
        return str(format_date(month, "LLLL y", locale=self._locale))

    def moment(self, moment: datetime | None) -> str:
        """`4 Nov 2026, 13:07`."""
        return "–" if moment is None else str(format_datetime(moment, "d MMM y, HH:mm", locale=self._locale))

    def span(self, first: date, last: date) -> str:
        """`29 Oct – 4 Nov 2026`."""
        if first == last:
            return self.day(last)
        form = "d MMM y" if first.year != last.year else "d MMM" if first.month != last.month else "d"
        return f"{format_date(first, form, locale=self._locale)} – {self.day(last)}"

    @property
    def vega_locale(self) -> dict[str, dict[str, Any]]:
        """How charts write numbers and dates."""
        comma = self.language != "en"
        days = {
            # Vega's week begins on Sunday, babel's on Monday
            "days": get_day_names("wide", locale=self._locale),
            "shortDays": get_day_names("abbreviated", locale=self._locale),
        }
        months = {
            "months": get_month_names("wide", locale=self._locale),
            "shortMonths": get_month_names("abbreviated", locale=self._locale),
        }
        return {
            "number": {
                "decimal": "," if comma else ".",
                "thousands": "\u202f" if comma else ",",
                "grouping": [3],
                "currency": ["", ""],
            },
            "time": {
                "dateTime": "%-d %b %Y, %H:%M",
                "date": "%-d %b %Y",
                "time": "%H:%M",
                "periods": ["AM", "PM"],
                **{width: [names[(day + 6) % 7] for day in range(7)] for width, names in days.items()},
                **{width: list(names.values()) for width, names in months.items()},
            },
        }

    def kpi_name(self, kpi: Row) -> str:
        """What a row of marts.dim_kpi is called."""
        return str(kpi[f"name_{self.language}"] or kpi["name_en"])

    def kpi_acronym(self, kpi: Row) -> str:
        """Its shortest acronym, empty when it has none or only repeats a word of the name."""
        listed = kpi[f"acronyms_{self.language}"] or ""
        short = min((one.strip() for one in listed.split(",")), key=len, default="")
        return "" if short.lower() in self.kpi_name(kpi).lower().split() else short

    def kpi_meaning(self, kpi: Row) -> str:
        """What it says, in one sentence."""
        return str(kpi[f"meaning_{self.language}"] or kpi["meaning_en"])
