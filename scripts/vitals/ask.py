"""`vitals ask`: the questions of analyses/, put to the published database.

A question is a dbt analysis that reads only what is published (schemas marts and quality). dbt compiles it;
its relations name the work database, so the published file is attached read-only under that name.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from vitals import dbt_build
from vitals.errors import VitalsError
from vitals.paths import Paths
from vitals.scorecard import format_change, format_value
from vitals.shown import spreadsheet_cell

FOLDER = "analyses"
_GUIDE = re.compile(r"\A\{#-?\s*(?P<guide>.*?)\s*-?#\}", re.DOTALL)
_SETTING = re.compile(r"\bvar\('(?P<name>\w+)', *(?P<default>\d+|'[^']*')\)")
# What a column's last word says about its figures.
_UNITS = {"rate": "percent", "level": "percent", "share": "percent", "seconds": "seconds", "points": "points"}


@dataclass(frozen=True)
class Question:
    """A file of analyses/.

    Args:
        name: what it is asked by; the file's stem.
        question: the question itself, the first paragraph of its leading comment.
        guide: the paragraphs after it: how to read the answer, what to change.
        settings: what `--set` may change, and what holds when it does not.
    """

    name: str
    question: str
    guide: tuple[str, ...]
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """A question's rows, as the database gave them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def questions(project: Path) -> tuple[Question, ...]:
    """Every question there is, by name.

    Args:
        project: the dbt project's folder.

    Raises:
        VitalsError: a file does not begin with its question.
    """
    return tuple(_question(file) for file in sorted((project / FOLDER).glob("*.sql")))


def _question(file: Path) -> Question:
    text = file.read_text(encoding="utf-8")
    comment = _GUIDE.match(text)
    if comment is None:
        raise VitalsError(
            f"{FOLDER}/{file.name} does not begin with its question",
            "Begin it with a comment {#- … -#}: the question, how to read the answer, what to change.",
        )
    question, *guide = (" ".join(part.split()) for part in comment["guide"].split("\n\n"))
    return Question(file.stem, question, tuple(guide), dict(sorted(_SETTING.findall(text))))


def find(known: Sequence[Question], name: str) -> Question:
    """The question of this name, or the only one that it begins.

    Raises:
        VitalsError: there is none, or there are several.
    """
    name = Path(name).stem.replace("-", "_").lower()
    found = [one for one in known if one.name == name] or [
        one for one in known if one.name.startswith(name.rstrip("…._ "))
    ]
    if len(found) == 1:
        return found[0]
    names = [one.name for one in found or known]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    raise VitalsError(
        f"{name!r} begins {len(found)} questions" if found else f"No question is called {name!r}",
        f"Did you mean {near[0]}? `vitals ask` lists them." if near else "`vitals ask` lists them.",
    )


def read_settings(question: Question, given: Sequence[str]) -> dict[str, str]:
    """`--set name=value` as a mapping.

    Raises:
        VitalsError: no such setting, or a value that cannot be one.
    """
    settings: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or name not in question.settings:
            raise VitalsError(
                f"{question.name} knows no setting {one!r}",
                f"It knows: {', '.join(f'{known}=…' for known in question.settings) or 'none'}.",
            )
        # Numbers, dates and slugs: nothing that could be SQL.
        if not re.fullmatch(r"[\w-]+", value):
            raise VitalsError(
                f"{value!r} is no value for {name}",
                "Give a number, an ISO date or a slug, such as 2026-10-30.",
            )
        if question.settings[name].isdigit():
            if not value.isdigit() or int(value) < 1:
                raise VitalsError(f"{value!r} is no value for {name}", "Give a whole number from 1 on.")
        elif name.rpartition("_")[2] == "day":
            _check_day(name, value)
        settings[name] = value
    return settings


def _check_day(name: str, value: str) -> None:
    try:
        date.fromisoformat(value)
    except ValueError:
        raise VitalsError(
            f"{value!r} is no value for {name}", "Give an ISO date, such as 2026-10-30."
        ) from None


def compile_questions(paths: Paths, asked: Sequence[Question], settings: Mapping[str, str]) -> dict[str, str]:
    """Questions as SQL, by name. Compiled in a folder of its own: a running build is not disturbed.

    Raises:
        VitalsError: dbt cannot compile them.
    """
    return dbt_build.compile_analyses(_desk(paths), [one.name for one in asked], settings)


def put(paths: Paths, sql: str) -> Answer:
    """Run compiled SQL on the published database, read-only.

    Raises:
        VitalsError: nothing is published, or what is published is older than the question.
    """
    with _published(paths) as connection:
        try:
            result = connection.execute(sql)
        except duckdb.CatalogException as error:
            raise VitalsError(
                f"The published database lacks what the question reads: {str(error).splitlines()[0]}",
                "Run `vitals run`: it was published before the question was written.",
            ) from error
        columns = tuple(str(column[0]) for column in result.description or ())
        return Answer(columns, tuple(result.fetchall()))


def check_published(paths: Paths) -> None:
    """Raises VitalsError where nothing is published."""
    if not paths.published_db.exists():
        raise VitalsError(
            f"{paths.published_db} does not exist: nothing is published", "Run `vitals run` first."
        )


@contextmanager
def _published(paths: Paths) -> Iterator[duckdb.DuckDBPyConnection]:
    check_published(paths)
    quoted = str(paths.published_db).replace("'", "''")
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach '{quoted}' as {_desk(paths).work_db.stem} (read_only)")
        yield connection


def _desk(paths: Paths) -> Paths:
    return Paths(paths.project, paths.landing, paths.warehouse / "ask")


# --- how it is shown ---------------------------------------------------------------------------


def to_csv(answer: Answer) -> str:
    """All rows, figures as they are; text that looks like a formula has a `'` before it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(
        [
            str(value).lower() if isinstance(value, bool) else _one_cell(spreadsheet_cell(value))
            for value in row
        ]
        for row in answer.rows
    )
    return text.getvalue()


def _one_cell(value: Any) -> Any:
    """A value that stays in its cell: Python's csv quotes line feeds, but not carriage returns."""
    return re.sub(r"\r\n?", "\n", value) if isinstance(value, str) else value


def show(column: str, value: Any) -> str:
    """A figure for people, in the unit that its column's name says: `81.3 %`, `−1.2 pt`, `4:05`."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if not isinstance(value, int | float | Decimal):
        return str(value)
    words = column.split("_")
    if words[-1] == "year":
        return f"{value:.0f}"
    unit = _UNITS.get(words[-1]) or ("percent" if "share" in words else "")
    if unit == "points":
        change = format_change(float(value), "percent")
        return change.replace("+", "± ") if column.startswith("standard_error") else change
    if unit == "seconds":
        sign = "−" if value < 0 else ""
        return sign + format_value(abs(float(value)), unit)
    if unit:
        return format_value(float(value), unit)
    is_whole = isinstance(value, int) or words[-1] == "count"
    return (f"{value:,.0f}" if is_whole else f"{value:,.1f}").replace("-", "−")
