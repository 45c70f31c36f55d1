"""`docs/kpis/`: one page per KPI and language, made from the catalogue, dbt's manifest and docs/decisions.md.

Nothing on a page is written by hand: names, meanings and caveats are the catalogue's, the formula is the
model's own text, edge cases are the names of dbt unit tests, the worked number is a unit test's rows, the
lineage is the manifest's. Pages in other languages than English have what the catalogue and the dashboard say
in them, and lead to the English page for the rest.
"""

from __future__ import annotations

import ast
import csv
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vitals.catalogue import LANGUAGES, PAGES, SEED, Kpi, read_catalogue
from vitals.dashboard.words import OWN_NAMES, Words
from vitals.errors import VitalsError
from vitals.generated import environment
from vitals.scorecard import format_value

INDEX = PAGES / "README.md"
DECISIONS = Path("docs", "decisions.md")
THRESHOLDS = Path("seeds", "reference", "thresholds.csv")
WORDS = Path(__file__).with_name("templates") / "kpi_words.toml"
DIMENSIONS = ("day", "client", "site", "queue", "channel", "contact_type")
# Columns that say which row it is, not what was measured.
_KEYS = frozenset(
    [
        *(*DIMENSIONS, "kpi_id", "agent_id", "contact_id", "interval_start_at", "arrived_date"),
        *("grain", "period_start_date", "period_end_date", "is_counted", "is_final", "zone"),
    ]
)
# In `cast(x as decimal)` the word names a type, not a column.
_TYPES = frozenset(["bigint", "boolean", "date", "decimal", "double", "integer", "string", "timestamp"])
_WORD = re.compile(r"[a-z_][a-z0-9_]*")
_COMMENT = re.compile(r"\{#.*?#\}|--[^\n]*", re.DOTALL)
_STATEMENT = re.compile(r"\{%.*?%\}", re.DOTALL)
_ABOUT = re.compile(r"\s*<!-- kpis: (?P<ids>[^>]*?) -->")


def render(project: Path, manifest: Mapping[str, Any]) -> dict[Path, str]:
    """Every page's text by its path below the project, in the order of the catalogue.

    Args:
        project: the dbt project's folder.
        manifest: dbt's manifest of it.

    Raises:
        VitalsError: a KPI has no model or lacks a text, or a decision names a KPI that the catalogue lacks.
    """
    kpis = read_catalogue(project)
    lacking = [f"{kpi.kpi_id}: {', '.join(kpi.untranslated())}" for kpi in kpis if kpi.untranslated()]
    if lacking:
        raise VitalsError(
            f"{SEED} lacks texts: {'; '.join(lacking)}",
            "Write them in the KPI's row, in the columns of that language.",
        )
    names = {kpi.kpi_id: kpi.name for kpi in kpis}
    decisions = read_decisions(project, names)
    templates = environment()
    templates.filters["cell"] = _cell
    page, index, translated_page, translated_index = (
        templates.get_template(f"{name}.md.jinja")
        for name in ("kpi", "kpis", "kpi_translated", "kpis_translated")
    )
    graph = _Graph(manifest)
    families = {
        family: [kpi for kpi in kpis if kpi.family == family]
        for family in dict.fromkeys(kpi.family for kpi in kpis)
    }
    thresholds = {kpi.kpi_id: _thresholds(project, graph, kpi) for kpi in kpis}
    pages = {INDEX: index.render(families=families, switch=_switch(INDEX.name, "en"))}
    for kpi in kpis:
        pages[kpi.page] = page.render(
            kpi=kpi,
            languages=LANGUAGES,
            names=names,
            switch=_switch(kpi.page.name, "en"),
            model=_formula(graph, kpi, thresholds[kpi.kpi_id]),
            variants=_variants(graph, kpi),
            worked=_worked(graph, kpi),
            edges=_edges(graph, kpi),
            decisions=[one for one in decisions if kpi.kpi_id in one.kpi_ids],
            lineage=_lineage(graph, kpi),
            query=_query(graph, kpi),
        )
    for language, text in translated_words().items():
        words = Words(language)
        shared = {"language": language, "text": text, "words": words, "own_names": OWN_NAMES}
        pages[page_in(INDEX, language)] = translated_index.render(
            **shared, families=families, switch=_switch(INDEX.name, language)
        )
        tongue = _Tongue(text, words)
        for kpi in kpis:
            pages[page_in(kpi.page, language)] = translated_page.render(
                **shared,
                kpi=kpi,
                own=kpi.names[language],
                names={one.kpi_id: one.names[language].name for one in kpis},
                switch=_switch(kpi.page.name, language),
                model=_formula(graph, kpi, thresholds[kpi.kpi_id]),
                variants=_variants(graph, kpi, tongue),
                worked=_worked(graph, kpi, tongue),
                query=_query(graph, kpi),
            )
    return pages


def translated_words() -> dict[str, dict[str, str]]:
    """What the pages say in each language but English beside the catalogue, by language and key."""
    return tomllib.loads(WORDS.read_text(encoding="utf-8"))


def page_in(page: Path, language: str) -> Path:
    """An English page's counterpart in a language: `docs/kpis/fr/csat.md`."""
    return page if language == "en" else page.parent / language / page.name


def _switch(name: str, language: str) -> str:
    """The line that leads to the same page in the other languages."""
    up = "" if language == "en" else "../"
    return " · ".join(
        own if code == language else f"[{own}]({up}{name if code == 'en' else f'{code}/{name}'})"
        for code, own in OWN_NAMES.items()
    )


# --- decisions ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Decision:
    """A paragraph of docs/decisions.md, as Markdown, and the KPIs that it is about."""

    text: str
    kpi_ids: frozenset[str]


def read_decisions(project: Path, known: Iterable[str]) -> list[Decision]:
    """The paragraphs that name KPIs: in a comment `<!-- kpis: a, b -->` below the text, else in backticks.

    Args:
        project: the dbt project's folder.
        known: every kpi_id of the catalogue.

    Raises:
        VitalsError: a comment names what the catalogue does not know.
    """
    ids = frozenset(known)
    file = project / DECISIONS
    decisions = []
    for block in file.read_text(encoding="utf-8").split("\n\n"):
        about = _ABOUT.search(block)
        if about:
            named = frozenset(one.strip() for one in about["ids"].split(","))
            if named - ids:
                raise VitalsError(
                    f"{DECISIONS}: `{about.group().strip()}` names no KPI of the catalogue: "
                    f"{', '.join(sorted(named - ids))}",
                    "Correct the comment, or add the KPI to seeds/reference/kpi_catalogue.csv.",
                )
        else:
            named = frozenset(re.findall(r"`(\w+)`", block)) & ids
        text = _ABOUT.sub("", block).strip()
        if named and text.startswith("**"):
            decisions.append(Decision(text, named))
    return decisions


# --- the manifest ------------------------------------------------------------------------------


class _Graph:
    """dbt's manifest by model name, and what is upstream of what."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        self.nodes: Mapping[str, Any] = {**manifest["nodes"], **manifest["sources"]}
        self.macros: Mapping[str, Any] = manifest["macros"]
        self.by_name: dict[str, str] = {
            node["name"]: key
            for key, node in manifest["nodes"].items()
            if node["resource_type"] in ("model", "seed")
        }
        self.tests: dict[str, list[Any]] = {}
        for test in sorted(
            manifest["unit_tests"].values(), key=lambda one: (one["original_file_path"], one["name"])
        ):
            self.tests.setdefault(test["model"], []).append(test)
        self.platforms = {
            source["source_name"]
            for source in manifest["sources"].values()
            if source["source_name"] != "vitals"
        }

    def model(self, kpi: Kpi) -> str:
        """The key of a KPI's model."""
        if kpi.model not in self.by_name:
            raise VitalsError(
                f"{kpi.kpi_id} is in the catalogue and has no model", f"Write {kpi.model_file.as_posix()}."
            )
        return self.by_name[kpi.model]

    def parents(self, key: str) -> list[str]:
        """The keys that a node reads, by name."""
        read = (self.nodes[key].get("depends_on") or {}).get("nodes") or []
        return sorted({one for one in read if one in self.nodes}, key=self.name)

    def upstream(self, key: str) -> list[str]:
        """A node and all that it is made of, nearest first."""
        found = [key]
        for one in found:
            found += [parent for parent in self.parents(one) if parent not in found]
        return found

    def name(self, key: str) -> str:
        """What people call it."""
        node = self.nodes[key]
        if node["resource_type"] == "source":
            return f"{node['source_name']}.{node['name']}"
        return str(node["name"])

    def platform(self, key: str) -> str | None:
        """The platform that a node is about, None when it is about all."""
        node = self.nodes[key]
        if node["resource_type"] == "source":
            return str(node["source_name"]) if node["source_name"] in self.platforms else None
        parts = Path(node["path"]).parts
        if parts[0] in ("staging", "maps"):
            return str(parts[1])
        suffix = str(node["name"]).rpartition("__")[2]
        return suffix if suffix in self.platforms else None

    def is_in(self, key: str, *folders: str) -> bool:
        """Whether a node is a model in one of these folders of models/."""
        node = self.nodes[key]
        return bool(node["resource_type"] == "model" and node["path"].startswith(folders))

    def is_reference(self, key: str) -> bool:
        """Whether a node is made of nothing but seeds, maps of platforms among them."""
        if self.nodes[key]["resource_type"] == "seed":
            return True
        parents = self.parents(key)
        return bool(parents) and all(self.is_reference(parent) for parent in parents)

    def used_macros(self, key: str) -> list[Any]:
        """The project's own macros that a model calls."""
        return [
            self.macros[one]
            for one in sorted(self.nodes[key]["depends_on"]["macros"])
            if self.macros[one]["package_name"] == self.nodes[key]["package_name"]
        ]

    def text(self, key: str) -> str:
        """A model's text with that of the macros it calls, comments left out."""
        texts = [self.nodes[key]["raw_code"], *(one["macro_sql"] for one in self.used_macros(key))]
        # A statement of Jinja ends what stands before it, as a comma does.
        return _STATEMENT.sub(" , ", _COMMENT.sub("", "\n".join(texts)))

    def measures(self, key: str) -> dict[str, dict[str, str]]:
        """The columns that a KPI model reads, with their descriptions, by the model that they are of."""
        found: dict[str, dict[str, str]] = {}
        for text in (self.nodes[key]["raw_code"], self.text(key)):
            words = set(_WORD.findall(_COMMENT.sub("", text)))
            for parent in self.parents(key):
                columns = {
                    name: " ".join(column["description"].split())
                    for name, column in self.nodes[parent]["columns"].items()
                    if name in words and name not in _KEYS
                }
                if columns:
                    found[self.name(parent)] = columns
            # Only a model that is nothing but a macro's call leaves its columns to the macro.
            if found:
                break
        return found


# --- parts of a page ---------------------------------------------------------------------------


class _Tongue:
    """How figures and small words are written; without words as in English."""

    def __init__(self, text: Mapping[str, str] | None = None, words: Words | None = None) -> None:
        self.text = text or {"yes": "yes", "no": "no", "no_value": "no value", "provisional": "provisional"}
        self.words = words

    def figure(self, value: Any, kpi: Kpi) -> str:
        """A KPI's value with its unit."""
        if self.words:
            return self.words.value(float(value), kpi.unit)
        return format_value(float(value), kpi.unit)

    def shown(self, value: Any) -> str:
        """A value of a unit test's row."""
        if value is None:
            return "–"
        if isinstance(value, bool):
            return self.text["yes"] if value else self.text["no"]
        if isinstance(value, int | float):
            number = f"{value:,}".replace("-", "−")
            return self.words.localised(number) if self.words else number
        return str(value)


_ENGLISH = _Tongue()


@dataclass(frozen=True)
class _Formula:
    sql: str
    file: str
    macros: tuple[tuple[str, str], ...]
    measures: Mapping[str, Mapping[str, str]]
    thresholds: tuple[str, ...]


def _formula(graph: _Graph, kpi: Kpi, thresholds: tuple[str, ...]) -> _Formula:
    key = graph.model(kpi)
    return _Formula(
        sql=graph.nodes[key]["raw_code"].strip(),
        file=graph.nodes[key]["original_file_path"],
        macros=tuple((one["name"], one["original_file_path"]) for one in graph.used_macros(key)),
        measures=graph.measures(key),
        thresholds=thresholds,
    )


@dataclass(frozen=True)
class _Variant:
    name: str
    met: str
    base: str
    is_default: bool
    values: tuple[str, ...]


@dataclass(frozen=True)
class _Variants:
    model: str
    examples: tuple[str, ...]
    rows: tuple[_Variant, ...]


def _variants(graph: _Graph, kpi: Kpi, tongue: _Tongue = _ENGLISH) -> _Variants | None:
    """The other readings of a KPI, as its model `kpi_<kpi_id>_variants` lists them: (name, met, base)."""
    model = f"{kpi.model}_variants"
    if model not in graph.by_name:
        return None
    code = graph.nodes[graph.by_name[model]]["raw_code"]
    listed = re.search(r"set variants = (\[.*?\])\s*-?%\}", code, re.DOTALL)
    if listed is None:
        raise VitalsError(
            f"{model} does not list its variants",
            "Write them as `set variants = [(name, numerator, denominator), …]`.",
        )
    own = graph.nodes[graph.model(kpi)]["raw_code"]
    tests = graph.tests.get(model, [])
    rows = []
    for name, met, base in ast.literal_eval(listed[1]):
        values = [
            tongue.figure(row["value"], kpi)
            for test in tests
            for row in test["expect"]["rows"]
            if row.get("variant") == name
        ]
        rows.append(_Variant(name, met, base, f"'{met}'" in own and f"'{base}'" in own, tuple(values)))
    return _Variants(model, tuple(_sentence(test["name"]) for test in tests), tuple(rows))


@dataclass(frozen=True)
class _Table:
    """Rows of a unit test, as a reader sees them."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class _Worked:
    sentence: str
    file: str
    given: tuple[_Table, ...]
    results: tuple[str, ...]


def _worked(graph: _Graph, kpi: Kpi, tongue: _Tongue = _ENGLISH) -> _Worked | None:
    """A unit test that gives numerator, denominator and value; one kept for this purpose goes first."""
    for test in sorted(
        graph.tests.get(kpi.model, []), key=lambda one: "_worked_" not in one["original_file_path"]
    ):
        expected = test["expect"]["rows"] or []
        told = [row for row in expected if {"numerator", "denominator", "value"} <= set(row)]
        if not any(row["value"] is not None for row in told):
            continue
        return _Worked(
            sentence=_sentence(test["name"]),
            file=test["original_file_path"],
            given=tuple(
                _table(re.sub(r"^.*?\(|['\"\s)]", "", given["input"]), given["rows"], tongue)
                for given in test["given"]
                if given["rows"]
            ),
            results=tuple(_result(row, kpi, tongue) for row in told),
        )
    return None


def _table(name: str, rows: Sequence[Mapping[str, Any]], tongue: _Tongue) -> _Table:
    columns = tuple(dict.fromkeys(column for row in rows for column in row))
    return _Table(
        name, columns, tuple(tuple(tongue.shown(row.get(column)) for column in columns) for row in rows)
    )


def _result(row: Mapping[str, Any], kpi: Kpi, tongue: _Tongue) -> str:
    place = ", ".join(tongue.shown(row[one]) for one in DIMENSIONS if row.get(one) is not None)
    value = tongue.text["no_value"] if row["value"] is None else f"**{tongue.figure(row['value'], kpi)}**"
    result = f"{tongue.shown(row['numerator'])} / {tongue.shown(row['denominator'])} = {value}"
    provisional = f", {tongue.text['provisional']}" if row.get("is_final") is False else ""
    return (f"{place}: " if place else "") + result + provisional


def _sentence(name: str) -> str:
    """The name of a test as the sentence that it is."""
    words = name.replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}."


def _columns_behind(graph: _Graph, kpi: Kpi) -> dict[str, set[str]]:
    """By model upstream of the KPI, nearest first, the columns there that its own are made of.

    From the KPI's model upwards through the expressions of the select lists. How a platform's export is read
    is left out: that is the platform's own matter.
    """
    top = graph.model(kpi)
    wanted: dict[str, set[str]] = {top: set()}
    for model, columns in graph.measures(top).items():
        wanted[graph.by_name[model]] = set(columns)
    behind: dict[str, set[str]] = {}
    for key in graph.upstream(top):
        if key not in wanted or graph.platform(key) or not graph.is_in(key, "marts", "intermediate"):
            continue
        behind[key] = wanted[key]
        if key != top:
            made_of = _made_of(graph.text(key), wanted[key]) - _KEYS
            for parent in graph.parents(key):
                wanted.setdefault(parent, set()).update(made_of)
    return behind


def _edges(graph: _Graph, kpi: Kpi) -> dict[str, list[str]]:
    """Unit tests of the KPI, and those upstream that expect a column which it is made of, by model."""
    found: dict[str, list[str]] = {}
    for key, columns in _columns_behind(graph, kpi).items():
        sentences = [
            _sentence(test["name"])
            for test in graph.tests.get(graph.name(key), [])
            if key == graph.model(kpi) or _expects(test, columns)
        ]
        if sentences:
            found[graph.name(key)] = sentences
    return found


def _thresholds(project: Path, graph: _Graph, kpi: Kpi) -> tuple[str, ...]:
    """The thresholds that the KPI depends on: columns of that name are among those that it is made of."""
    with (project / THRESHOLDS).open(encoding="utf-8", newline="") as lines:
        known = {row["threshold"] for row in csv.DictReader(lines)}
    return tuple(sorted(known & set().union(*_columns_behind(graph, kpi).values())))


def _expects(test: Mapping[str, Any], columns: set[str]) -> bool:
    return any(columns & set(row) for row in test["expect"]["rows"] or [])


def _made_of(text: str, columns: set[str]) -> set[str]:
    """The columns and all words of the expressions that they name, down to what the text itself reads."""
    made = set(columns)
    pending = list(columns)
    while pending:
        column = pending.pop()
        for expression in _expressions(text, column):
            words = set(_WORD.findall(re.sub(r"'[^']*'", "", expression))) - made - _TYPES
            made |= words
            pending += words
    return made


def _expressions(text: str, column: str) -> Iterator[str]:
    """What stands before `as column` in the select lists of a text."""
    for match in re.finditer(rf"\bas\s+{column}\b", text):
        depth = 0
        start = match.start()
        while start > 0:
            before = text[start - 1]
            depth += (before == ")") - (before == "(")
            if depth < 0 or (depth == 0 and (before == "," or text[:start].endswith("select\n"))):
                break
            start -= 1
        yield text[start : match.start()]


def _lineage(graph: _Graph, kpi: Kpi) -> list[str]:
    """Lines of a Mermaid flow chart from the raw streams to `kpi_values`.

    One box per platform and one for all reference data; an arrow that a longer way makes needless is left
    out.
    """
    boxes: dict[str, str] = {}
    labels: dict[str, set[str]] = {}
    for key in graph.upstream(graph.model(kpi)):
        node = graph.nodes[key]
        platform = graph.platform(key)
        if platform is not None:
            boxes[key] = f"raw_{platform}"
            if node["resource_type"] == "source":
                labels.setdefault(platform, set()).add(node["name"])
        elif graph.is_reference(key):
            boxes[key] = "raw_reference"
            if node["resource_type"] == "seed":
                labels.setdefault("reference", set()).add(node["name"])
        else:
            boxes[key] = graph.name(key).replace(".", "_")
    # A map of words is its platform's business.
    made = {
        (boxes[parent], boxes[key])
        for key in boxes
        for parent in graph.parents(key)
        if boxes[parent] != boxes[key] and not boxes[key].startswith("raw_")
    }
    made.add((kpi.model, "kpi_values"))
    lines = [
        f'    raw_{label}[("{label}: {", ".join(sorted(names))}")]' for label, names in sorted(labels.items())
    ]
    return [
        *lines,
        *(f"    {one} --> {other}" for one, other in sorted(made) if not _detour(made, one, other)),
    ]


def _detour(arrows: set[tuple[str, str]], start: str, end: str) -> bool:
    """Whether another way than the arrow itself leads from start to end."""
    reached = {other for one, other in arrows if one == start and other != end}
    pending = list(reached)
    while pending:
        found = {other for one, other in arrows if one == pending[-1]} - reached
        pending.pop()
        reached |= found
        pending += found
    return end in reached


@dataclass(frozen=True)
class _Query:
    by: str
    dimensions: tuple[str, ...]
    below: tuple[tuple[str, ...], ...]


def _query(graph: _Graph, kpi: Kpi) -> _Query:
    """By which dimensions the KPI can be asked for: its grain, which its description begins with."""
    key = graph.model(kpi)
    grain = re.split(
        r"[.;:]", graph.nodes[key]["description"].replace("contact type", "contact_type"), maxsplit=1
    )[0]
    words = {part.split()[0] for part in grain.lower().removeprefix("one row per").split("×") if part.split()}
    dimensions = tuple(one for one in DIMENSIONS if one in words)
    preferred = ("contact_type", "channel", "site", "client", "day")
    by = "queue" if "queue" in dimensions else next((one for one in preferred if one in dimensions), "day")
    below = [_marts_under(graph, [key])]
    below.append([one for one in _marts_under(graph, below[0]) if one not in below[0]])
    return _Query(by, dimensions, tuple(tuple(graph.name(one) for one in step) for step in below if step))


def _marts_under(graph: _Graph, keys: Iterable[str]) -> list[str]:
    """The marts that these models read, dimensions left out."""
    return sorted(
        {
            parent
            for key in keys
            for parent in graph.parents(key)
            if graph.is_in(parent, "marts") and not graph.name(parent).startswith("dim_")
        }
    )


def _cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")
