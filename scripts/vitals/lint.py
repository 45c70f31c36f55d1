"""`vitals lint`: what sqlfluff does not know: layers, documentation, SQL that means the same everywhere.

The layer rules read dbt's manifest. The portability rules read the models' own text, not what dbt compiles:
compiled SQL is one engine's dialect on purpose (relations stand in quotes, dispatched macros have become
`time_bucket` or `at time zone`), so every finding there would need an exemption. Jinja is blanked out; SQL in
its string literals (arguments of macros) is read as well, and so are the macros, except `default__…` and
`spark__…`, which hold one engine's dialect by definition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from vitals import dbt_build
from vitals.paths import Paths
from vitals.publish import LEVELS, level_of


@dataclass(frozen=True, order=True)
class Finding:
    """One thing to correct."""

    file: str
    line: int
    rule: str
    message: str
    remedy: str


def lint_project(paths: Paths) -> list[Finding]:
    """Parse the project and return all findings, in the order of files and lines.

    Raises:
        VitalsError: when dbt cannot parse the project.
    """
    dbt_build.parse(paths)
    manifest = dbt_build.read_manifest(paths)
    findings = lint_layers(manifest)
    for folder in ("models", "macros", "analyses"):
        for file in sorted((paths.project / folder).rglob("*.sql")):
            findings += lint_sql(file.read_text(encoding="utf-8"), str(file.relative_to(paths.project)))
    return sorted(set(findings))


# --- layers ------------------------------------------------------------------------------------

# What a model of a layer may read. `source:vitals` is what the landing writes down itself: nobody's
# export, nothing to stage.
_MAY_READ: Mapping[str, tuple[str, ...]] = {
    "staging": ("source",),
    "intermediate": ("staging", "intermediate", "seed", "source:vitals"),
    "marts/core": ("intermediate", "marts/core", "seed:reference"),
    "marts/kpis": ("marts/core", "marts/kpis", "seed:reference"),
    # What SQL is the wrong tool for, in Python, and the SQL that prepares it; only decisions show it.
    "computed": ("intermediate", "marts/core", "computed", "seed:reference"),
    "marts/decisions": (
        "intermediate",
        "marts/core",
        "marts/kpis",
        "marts/decisions",
        "computed",
        "seed:reference",
    ),
    # Quality accounts for every layer.
    "quality": ("source", "staging", "intermediate", "marts", "quality", "seed"),
    # Questions are put to the published database.
    "analyses": ("marts", "quality"),
}
# Columns that name one contact, customer or agent.
_SINGLE_CASES = {"contact_id", "customer_key", "agent_id", "first_agent_id", "leg_id"}
_PREFIXES: Mapping[str, tuple[str, ...]] = {
    "staging": ("stg_",),
    "intermediate": ("int_",),
    "marts/core": ("dim_", "fct_", "agg_"),
    "marts/kpis": ("kpi_",),
    "computed": ("calc_",),
    "marts/decisions": ("rpt_",),
    "quality": ("rpt_quality_",),
}


def lint_layers(manifest: Mapping[str, Any]) -> list[Finding]:
    """Who reads whom, names, descriptions, contracts and keys, over a dbt manifest. There are no
    exemptions."""
    nodes = manifest["nodes"]
    layers = {
        **{key: _layer_of_node(node) for key, node in nodes.items()},
        **{
            key: "source:vitals" if source["source_name"] == "vitals" else "source"
            for key, source in manifest["sources"].items()
        },
    }
    has_key = {
        node.get("attached_node")
        for node in nodes.values()
        if node["resource_type"] == "test"
        and "unique" in ((node.get("test_metadata") or {}).get("name") or "")
    }
    findings: list[Finding] = []
    for key, node in nodes.items():
        if node["resource_type"] == "test":
            findings += _checks_rows_at_once(node, nodes)
        if node["resource_type"] == "analysis":
            findings += _reads(node, "analyses", layers, manifest)
            findings += _asks_for_people(node, manifest)
        if node["resource_type"] != "model":
            continue
        layer = layers[key]
        if layer not in _PREFIXES:
            findings.append(
                Finding(
                    node["original_file_path"],
                    1,
                    "layer-folder",
                    f"{node['name']} lies in no layer's folder",
                    f"Move it under models/ into one of: {', '.join(_PREFIXES)}.",
                )
            )
            continue
        findings += _reads(node, layer, layers, manifest)
        findings += _named(node, layer)
        findings += _documented(node, layer)
        findings += _levelled(node, layer)
        findings += _tracks(node, layer, manifest)
        if key not in has_key:
            findings.append(
                Finding(
                    *_declaration(node),
                    "key-test",
                    f"{node['name']} has no test of its key",
                    "Add `unique` to its key column, or `unique_combination` over the columns of its grain.",
                )
            )
    return findings


def _layer_of_node(node: Mapping[str, Any]) -> str:
    parts = Path(node["path"]).parts
    if node["resource_type"] == "seed":
        return f"seed:{parts[0]}"
    if node["resource_type"] != "model":
        return str(node["resource_type"])
    return "/".join(parts[:2]) if parts[0] == "marts" else parts[0]


def _allowed(parent: str, layer: str) -> bool:
    return any(parent == one or parent.startswith((f"{one}/", f"{one}:")) for one in _MAY_READ[layer])


def _reads(
    node: Mapping[str, Any], layer: str, layers: Mapping[str, str], manifest: Mapping[str, Any]
) -> Iterator[Finding]:
    for parent in node["depends_on"]["nodes"]:
        if parent in layers and not _allowed(layers[parent], layer):
            name = (manifest["nodes"].get(parent) or manifest["sources"].get(parent) or {"name": parent})[
                "name"
            ]
            yield Finding(
                node["original_file_path"],
                _line_of(node["raw_code"], f"'{name}'"),
                "layer-read",
                f"{node['name']} ({layer}) reads {name} ({layers[parent].replace(':', ' ')})",
                f"What lies in {layer} may read only: {', '.join(_MAY_READ[layer]).replace(':', ' ')}.",
            )


def _named(node: Mapping[str, Any], layer: str) -> Iterator[Finding]:
    prefixes = _PREFIXES[layer]
    if layer == "staging":
        prefixes = (f"stg_{Path(node['path']).parts[1]}__",)
    if not node["name"].startswith(prefixes):
        yield Finding(
            node["original_file_path"],
            1,
            "model-name",
            f"{node['name']} lies in {layer} but is not called {' or '.join(prefixes)}…",
            "Rename the file, or move it into the folder that its name says.",
        )


def _documented(node: Mapping[str, Any], layer: str) -> Iterator[Finding]:
    file, line = _declaration(node)
    description = node.get("description") or ""
    if not description.strip():
        yield Finding(
            file,
            line,
            "model-description",
            f"{node['name']} has no description",
            "Say in the folder's YAML what one row is: `description: One row per …`.",
        )
    elif not description.lstrip().lower().startswith("one row"):
        yield Finding(
            file,
            line,
            "model-grain",
            f"{node['name']}: its description does not begin with its grain",
            "Begin with `One row per …`.",
        )
    if not layer.startswith("marts"):
        return
    contract = (node.get("contract") or {}).get("enforced") or (node["config"].get("contract") or {}).get(
        "enforced"
    )
    if not contract:
        yield Finding(
            file,
            line,
            "mart-contract",
            f"{node['name']} is a mart without an enforced contract",
            "Set `contract: {enforced: true}` and declare its columns with their types.",
        )
    if not node["columns"]:
        yield Finding(
            file,
            line,
            "column-description",
            f"{node['name']} declares no columns",
            "Declare every column with description and data_type.",
        )
    for column in node["columns"].values():
        if not (column.get("description") or "").strip():
            yield Finding(
                file,
                line,
                "column-description",
                f"{node['name']}.{column['name']} has no description",
                "Say what it holds, in which unit, and when it is null.",
            )


def _levelled(node: Mapping[str, Any], layer: str) -> Iterator[Finding]:
    """Who may read it: said of every published model, and no single case among the managers' aggregates."""
    if not layer.startswith(("marts", "quality")):
        return
    file, line = _declaration(node)
    level = level_of(node)
    if level not in LEVELS or (level == "owners") != (node["schema"] == "people"):
        yield Finding(
            file,
            line,
            "level",
            f"{node['name']} (schema {node['schema']}) has the level {level}",
            f"Set `meta: {{level: …}}` to one of {', '.join(LEVELS)}; owners is for schema people alone.",
        )
    single = sorted(_SINGLE_CASES & node["columns"].keys())
    if level == "managers" and single:
        yield Finding(
            file,
            line,
            "level-grain",
            f"{node['name']} is for managers but tells of single cases: {', '.join(single)}",
            "Set `config: {meta: {level: analysts}}`, or aggregate it.",
        )


def _tracks(node: Mapping[str, Any], layer: str, manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """A tracked model that computes touched units alone has to hear of every change of what it reads."""
    config = node["config"]
    if config.get("materialized") != "tracked" or config.get("incremental_strategy") == "whole":
        return
    head = node["raw_code"].split("\nwith\n", 1)[0]
    for key in node["depends_on"]["nodes"]:
        parent = manifest["nodes"].get(key)
        if layer == "staging" or parent is None or parent["resource_type"] != "model":
            continue
        line = _line_of(node["raw_code"], f"'{parent['name']}'")
        if parent["config"].get("materialized") != "tracked":
            yield Finding(
                node["original_file_path"],
                line,
                "tracked-read",
                f"{node['name']} is tracked and reads {parent['name']}, whose changes nothing tells",
                f"Declare {parent['name']} with `tracked(…)` or `tracked_whole(…)`.",
            )
        elif f"'{parent['name']}'" not in head and "tracked_union(" not in head:
            yield Finding(
                node["original_file_path"],
                line,
                "tracked-changes",
                f"{node['name']} reads {parent['name']} and does not say what a changed row of it touches",
                f"Add '{parent['name']}' to `by` of its `tracked(…)`, or a query over its changes to `also`.",
            )


def _asks_for_people(node: Mapping[str, Any], manifest: Mapping[str, Any]) -> Iterator[Finding]:
    for parent in node["depends_on"]["nodes"]:
        if parent in manifest["nodes"] and level_of(manifest["nodes"][parent]) == "owners":
            name = manifest["nodes"][parent]["name"]
            yield Finding(
                node["original_file_path"],
                _line_of(node["raw_code"], f"'{name}'"),
                "level-read",
                f"{node['name']} reads {name}, which analysts may not read",
                "Questions are put to vitals.duckdb: use ids instead of names.",
            )


def _checks_rows_at_once(test: Mapping[str, Any], nodes: Mapping[str, Any]) -> Iterator[Finding]:
    kind = (test.get("test_metadata") or {}).get("name")
    attached = nodes.get(test.get("attached_node") or "")
    if attached is None:
        return
    name = attached["name"]
    if kind in ("not_null", "accepted_values"):
        yield Finding(
            *(test["original_file_path"], 1, "row-rules"),
            f"{kind} of {name}.{test.get('column_name')} is a test of its own, and so a scan of its own",
            f"Make it a rule of the model's `valid_rows` under the same name, `{kind}`.",
        )
    # dbt's own name would be all arguments in a row.
    if kind == "valid_rows" and not test["name"].startswith(f"valid_rows_{name}"):
        yield Finding(
            *(test["original_file_path"], 1, "row-rules"),
            f"valid_rows of {name} has a name that does not say so: {test['name'][:60]}",
            f"Give it `name: valid_rows_{name}`.",
        )


def _declaration(node: Mapping[str, Any]) -> tuple[str, int]:
    """Where a model is declared: its YAML file, else the model itself."""
    patch = node.get("patch_path")
    return (patch.split("://", 1)[1], 1) if patch else (node["original_file_path"], 1)


def _line_of(text: str, needle: str) -> int:
    position = max(text.find(needle), text.find(needle.replace("'", '"')))
    return text.count("\n", 0, position) + 1 if position >= 0 else 1


# --- tokens ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Token:
    """A piece of SQL. kind: word, number, string, quoted, jinja, mark."""

    kind: str
    text: str
    line: int


_TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|/\*.*?\*/)
  | (?P<string>'(?:[^']|'')*')
  | (?P<quoted>"[^"]*")
  | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
  | (?P<word>[^\W\d]\w*)
  | (?P<mark>::|->>|->|//|\|\||<>|<=|>=|!=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_JINJA = re.compile(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_JINJA_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_ONE_ENGINE_MACRO = re.compile(
    r"\{%-?\s*macro\s+(?:default|duckdb|spark)__.*?\{%-?\s*endmacro\s*-?%\}", re.DOTALL
)
_PLACEHOLDER = "jinja__"


def tokenize(sql: str, first_line: int = 1) -> list[Token]:
    """SQL without Jinja as tokens; words in lower case, comments and space left out."""
    tokens = []
    line = first_line
    for match in _TOKEN.finditer(sql):
        kind = str(match.lastgroup)
        text = match.group()
        if kind == "word":
            text = text.lower()
            kind = "jinja" if _PLACEHOLDER in text else "word"
        if kind != "space":
            tokens.append(Token(kind, text, line))
        line += text.count("\n")
    return tokens


@dataclass(frozen=True)
class _Source:
    """A model's text taken apart."""

    sql: str
    fragments: tuple[tuple[int, str], ...]
    jinja: tuple[tuple[int, str], ...]


def _take_apart(text: str) -> _Source:
    text = _ONE_ENGINE_MACRO.sub(lambda match: "\n" * match.group().count("\n"), text)
    fragments: list[tuple[int, str]] = []
    jinja: list[tuple[int, str]] = []

    def blank(match: re.Match[str]) -> str:
        code = match.group()
        lines = "\n" * code.count("\n")
        if code.startswith("{#"):
            return lines
        line = text.count("\n", 0, match.start()) + 1
        jinja.append((line, code))
        for literal in _JINJA_STRING.finditer(code):
            content = literal.group(1) if literal.group(1) is not None else literal.group(2)
            fragments.append((line + code.count("\n", 0, literal.start()), content))
        return (_PLACEHOLDER if code.startswith("{{") else " ") + lines

    return _Source(_JINJA.sub(blank, text), tuple(fragments), tuple(jinja))


# --- portability -------------------------------------------------------------------------------

# A rule yields, for each offence, the token where it is and what to write instead.
Offences = Iterator[tuple[Token, str, str]]
_RULES: dict[str, Callable[[Sequence[Token]], Offences]] = {}


def _rule(
    name: str,
) -> Callable[[Callable[[Sequence[Token]], Offences]], Callable[[Sequence[Token]], Offences]]:
    def register(function: Callable[[Sequence[Token]], Offences]) -> Callable[[Sequence[Token]], Offences]:
        _RULES[name] = function
        return function

    return register


def lint_sql(text: str, file: str) -> list[Finding]:
    """Portability findings of one model or macro file, given its text as written (with Jinja)."""
    source = _take_apart(text)
    findings = [
        Finding(file, token.line, rule, message, remedy)
        for rule, check in _RULES.items()
        for token, message, remedy in check(tokenize(source.sql))
    ]
    for line, fragment in source.fragments:
        tokens = tokenize(fragment, line)
        # A bracket makes it a pattern or a JSON path.
        if _is_prose(tokens) or "[" in fragment:
            continue
        for rule, check in _RULES.items():
            # Jinja's own quotes and escapes are none of SQL's.
            if rule in ("quoted-identifier", "backslash"):
                continue
            findings += [Finding(file, line, rule, message, remedy) for _, message, remedy in check(tokens)]
        if re.search(r"\\[^nrt'\"\\]|\\\\", fragment):
            findings.append(Finding(file, line, "backslash", *_BACKSLASH))
    for line, code in source.jinja:
        for match in re.finditer(r"\bdbt\.(datediff|dateadd|listagg|safe_cast|current_timestamp)\b", code):
            found = line + code.count("\n", 0, match.start())
            findings.append(
                Finding(
                    file,
                    found,
                    "dbt-macro",
                    f"dbt.{match[1]} answers differently on Spark",
                    f"Write {_INSTEAD_OF_DBT[match[1]]}.",
                )
            )
    return sorted(set(findings))


_INSTEAD_OF_DBT = {
    "datediff": "the macro seconds_between or days_between",
    "dateadd": "the macro add_seconds or add_days, or `ts + interval '15' minute`",
    "listagg": "a macro that sorts the values before it joins them",
    "safe_cast": "try_cast",
    "current_timestamp": "as_of from int_runs__resolved",
}
_BACKSLASH = (
    "a backslash in a string: text on DuckDB, an escape on Spark",
    "Write the character class out: `[0-9]`, `[.]`.",
)
_KEYWORDS = frozenset(
    [
        "select",
        "distinct",
        "from",
        "where",
        "and",
        "or",
        "not",
        "in",
        "is",
        "null",
        "as",
        "case",
        "when",
        "then",
        "else",
        "end",
        "over",
        "partition",
        "by",
        "order",
        "asc",
        "desc",
        "nulls",
        "first",
        "last",
        "rows",
        "range",
        "between",
        "unbounded",
        "preceding",
        "following",
        "current",
        "row",
        "filter",
        "join",
        "left",
        "inner",
        "cross",
        "on",
        "union",
        "all",
        "group",
        "having",
        "interval",
        "like",
        "true",
        "false",
        "cast",
        "try_cast",
        "date",
        "timestamp",
        "decimal",
        "double",
        "integer",
        "bigint",
        "within",
        "limit",
    ]
)


def _is_prose(tokens: Sequence[Token]) -> bool:
    """Whether a literal is a sentence for people: two words side by side, neither of them SQL's."""
    pairs = pairwise(tokens)
    return any(
        a.kind == b.kind == "word" and a.text not in _KEYWORDS and b.text not in _KEYWORDS for a, b in pairs
    )


def _text(tokens: Sequence[Token], index: int) -> str:
    return tokens[index].text if 0 <= index < len(tokens) else ""


def _calls(tokens: Sequence[Token], names: Iterable[str]) -> Iterator[int]:
    """Indexes where one of these functions is called."""
    wanted = frozenset(names)
    for index, token in enumerate(tokens):
        if token.kind == "word" and token.text in wanted and _text(tokens, index + 1) == "(":
            yield index


def _closing(tokens: Sequence[Token], opening: int) -> int:
    """Index of the parenthesis that closes the one at `opening`; the end when there is none."""
    depth = 0
    for index in range(opening, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[index].text, 0) if tokens[index].kind == "mark" else 0
        if depth == 0:
            return index
    return len(tokens)


def _casts(tokens: Sequence[Token]) -> Iterator[tuple[int, Sequence[Token], list[str]]]:
    """Every cast: where it is, what is cast, and to what."""
    for index in _calls(tokens, ("cast", "try_cast")):
        end = _closing(tokens, index + 1)
        depth = 0
        for position in range(end - 1, index + 1, -1):
            depth += {")": 1, "(": -1}.get(tokens[position].text, 0)
            if depth == 0 and tokens[position].text == "as":
                yield index, tokens[index + 2 : position], [one.text for one in tokens[position + 1 : end]]
                break


@_rule("division")
def _division(tokens: Sequence[Token]) -> Offences:
    for index, token in enumerate(tokens):
        if token.kind == "mark" and token.text == "/" and not _is_never_zero(tokens[index + 1 :]):
            yield token, "a division by 0 gives inf on DuckDB, null on Spark", "Write `x / nullif(y, 0)`."


def _is_never_zero(divisor: Sequence[Token]) -> bool:
    """Whether what follows a `/` begins with nullif, a constant, or a choice among constants. Jinja is
    trusted."""
    if not divisor:
        return False
    first = divisor[0]
    if first.text == "case":
        words = [one.text for one in divisor]
        case = divisor[: words.index("end")] if "end" in words else divisor
        chosen = [case[index + 1] for index, one in enumerate(case[:-1]) if one.text in ("then", "else")]
        return bool(chosen) and all(one.kind == "number" and float(one.text) != 0 for one in chosen)
    return (
        first.text == "nullif" or first.kind == "jinja" or (first.kind == "number" and float(first.text) != 0)
    )


@_rule("null-order")
def _null_order(tokens: Sequence[Token]) -> Offences:
    ends = {"limit", "rows", "range", "groups", "qualify", "window", "union", "offset"}
    for index, token in enumerate(tokens):
        if token.text != "order" or _text(tokens, index + 1) != "by":
            continue
        if [_text(tokens, index - back) for back in (3, 2, 1)] == ["within", "group", "("]:
            # A percentile leaves nulls out.
            continue
        key: list[Token] = []
        depth = 0
        for one in [*tokens[index + 2 :], Token("mark", ";", token.line)]:
            depth += {"(": 1, ")": -1}.get(one.text, 0)
            is_end = depth < 0 or (depth == 0 and (one.text in ends or one.text == ";"))
            if not is_end and not (depth == 0 and one.text == ","):
                key.append(one)
                continue
            is_given_by_jinja = len(key) == 1 and key[0].kind == "jinja"
            if key and not is_given_by_jinja and "nulls" not in [part.text for part in key]:
                yield (
                    key[0],
                    "nulls come last on DuckDB, first on Spark",
                    "Write `nulls last` after every sort key.",
                )
            key = []
            if is_end:
                break


@_rule("quoted-identifier")
def _quoted_identifier(tokens: Sequence[Token]) -> Offences:
    for token in tokens:
        if token.kind == "quoted":
            yield (
                token,
                f"{token.text} is a name on DuckDB, a string on Spark",
                "Use a plain lower snake case name.",
            )


@_rule("timestamp-cast")
def _timestamp_cast(tokens: Sequence[Token]) -> Offences:
    remedy = "Use the macro iso_to_utc: it converts to UTC on both."
    for index, inner, kind in _casts(tokens):
        if kind[:1] == ["timestamptz"] or kind == ["timestamp", "with", "time", "zone"]:
            yield tokens[index], "the warehouse keeps UTC wall-clock timestamps, without a zone", remedy
        elif kind[:1] == ["timestamp"]:
            has_offset = (
                len(inner) == 1
                and inner[0].kind == "string"
                and re.search(r":\d\d.*([+-]\d\d(:?\d\d)?|Z)'$", inner[0].text)
            )
            if has_offset or tokens[index].text == "try_cast":
                yield tokens[index], "the offset is dropped on DuckDB and applied on Spark", remedy


@_rule("integer-cast")
def _integer_cast(tokens: Sequence[Token]) -> Offences:
    integers = {"int", "integer", "bigint", "smallint", "tinyint", "hugeint", "long"}
    for index, inner, kind in _casts(tokens):
        rounded: set[int] = set()
        for start in _calls(inner, ["round", "floor", "ceil", "ceiling"]):
            rounded.update(range(start, _closing(inner, start + 1)))
        has_fraction = any(
            one.text == "/" or (one.kind == "number" and "." in one.text)
            for position, one in enumerate(inner)
            if position not in rounded
        )
        if kind and kind[0] in integers and has_fraction:
            yield (
                tokens[index],
                "1.7 becomes 2 on DuckDB, 1 on Spark",
                "Say which: `cast(round(x) as bigint)` or floor.",
            )


@_rule("concat")
def _concat(tokens: Sequence[Token]) -> Offences:
    for index in _calls(tokens, ["concat"]):
        yield tokens[index], "concat skips nulls on DuckDB, gives null on Spark", "Write `||` with coalesce."


@_rule("backslash")
def _backslash(tokens: Sequence[Token]) -> Offences:
    for token in tokens:
        if token.kind == "string" and "\\" in token.text:
            yield token, *_BACKSLASH


@_rule("regexp-replace")
def _regexp_replace(tokens: Sequence[Token]) -> Offences:
    for index in _calls(tokens, ["regexp_replace"]):
        yield (
            tokens[index],
            "regexp_replace replaces the first match on DuckDB, all on Spark",
            "Use the macro regexp_replace_all.",
        )


@_rule("weekday")
def _weekday(tokens: Sequence[Token]) -> Offences:
    for index in [*_calls(tokens, ["dayofweek", "isodow", "weekday", "dayname"])]:
        yield (
            tokens[index],
            f"{tokens[index].text} counts differently on DuckDB and Spark",
            "Use the macro iso_weekday.",
        )
    for index in _calls(tokens, ["extract", "date_part"]):
        if _text(tokens, index + 2).strip("'") in ("dow", "isodow", "dayofweek", "weekday"):
            yield (
                tokens[index],
                "weekdays are numbered differently on DuckDB and Spark",
                "Use the macro iso_weekday.",
            )


@_rule("date-difference")
def _date_difference(tokens: Sequence[Token]) -> Offences:
    remedy = "Use the macro days_between or seconds_between."
    for index in _calls(tokens, ["datediff", "date_diff", "datesub", "date_sub", "age"]):
        yield tokens[index], f"{tokens[index].text} differs between DuckDB and Spark", remedy
    for index, token in enumerate(tokens):
        if token.text == "-" and _ends_as_date(tokens[:index]) and _begins_as_date(tokens[index + 1 :]):
            yield token, "date − date is a number on DuckDB, an interval on Spark", remedy


def _is_date_name(word: str) -> bool:
    return word == "day" or word.endswith("_date")


def _ends_as_date(before: Sequence[Token]) -> bool:
    last = [one.text for one in before[-3:]]
    return last == ["as", "date", ")"] or (
        bool(before) and before[-1].kind == "word" and _is_date_name(last[-1])
    )


def _begins_as_date(after: Sequence[Token]) -> bool:
    if _text(after, 0) == "cast":
        end = _closing(after, 1)
        return [_text(after, end - 2), _text(after, end - 1)] == ["as", "date"]
    position = 0
    while _text(after, position + 1) == ".":
        position += 2
    return position < len(after) and after[position].kind == "word" and _is_date_name(after[position].text)


@_rule("average-type")
def _average_type(tokens: Sequence[Token]) -> Offences:
    for index in _calls(tokens, ["avg", "mean"]):
        is_cast = _text(tokens, index - 1) == "(" and _text(tokens, index - 2) == "cast"
        if not is_cast:
            yield (
                tokens[index],
                "avg is a double on DuckDB, a decimal on Spark (and averages of ratios mislead)",
                "Keep numerator and denominator; where an average is meant, `cast(avg(x) as double)`.",
            )


@_rule("hash")
def _hash(tokens: Sequence[Token]) -> Offences:
    for index in _calls(tokens, ["hash", "xxhash64", "murmurhash"]):
        yield (
            tokens[index],
            f"{tokens[index].text} differs between engines and versions",
            "Use md5, or surrogate_key.",
        )


@_rule("approximate")
def _approximate(tokens: Sequence[Token]) -> Offences:
    for token in tokens:
        if token.kind == "word" and token.text.startswith("approx_"):
            yield (
                token,
                f"{token.text} gives another answer on every engine",
                "Use an exact one, or a histogram.",
            )


@_rule("wall-clock")
def _wall_clock(tokens: Sequence[Token]) -> Offences:
    remedy = "Use as_of from int_runs__resolved: the same data must give the same figures tomorrow."
    bare = {"current_timestamp", "current_date", "current_time", "localtimestamp", "localtime"}
    for index, token in enumerate(tokens):
        is_call = _text(tokens, index + 1) == "(" and token.text in (
            "now",
            "today",
            "getdate",
            "get_current_timestamp",
        )
        if token.kind == "word" and (token.text in bare or is_call):
            yield token, f"{token.text} reads the wall clock", remedy


# What only one engine knows, and what to write instead.
_ONE_ENGINE_FUNCTIONS = {
    **dict.fromkeys(
        ("epoch", "epoch_ms", "epoch_us", "unix_micros", "unix_seconds"),
        "the macro seconds_between or epoch_to_utc",
    ),
    **dict.fromkeys(
        ("make_timestamp", "timestamp_micros", "timestamp_seconds"), "the macro epoch_to_utc or add_seconds"
    ),
    **dict.fromkeys(("time_bucket",), "the macro floor_minutes"),
    **dict.fromkeys(("strftime", "date_format", "strptime", "to_timestamp"), "a dispatched macro"),
    **dict.fromkeys(
        ("generate_series", "unnest", "explode", "posexplode"), "a dispatched macro, or dbt.date_spine"
    ),
    **dict.fromkeys(
        ("get_json_object", "json_extract", "json_extract_string", "json_value", "json_array_length"),
        "the macro json_text or json_array_length",
    ),
    **dict.fromkeys(
        ("list_filter", "list_transform", "list_value", "list_aggregate", "struct_pack", "list", "array_agg"),
        "a dispatched macro",
    ),
    **dict.fromkeys(("arg_max", "argmax"), "max_by"),
    **dict.fromkeys(("arg_min", "argmin"), "min_by"),
    **dict.fromkeys(
        ("string_agg", "listagg", "group_concat"), "a macro that sorts the values before it joins them"
    ),
}
_ONE_ENGINE_SEQUENCES = {
    ("at", "time", "zone"): "the macro utc_to_local or local_to_utc",
    ("asof", "join"): "a window over both sides",
    ("by", "name"): "the columns, in order",
    ("ignore", "nulls"): "a filter, or max_by",
    ("*", "exclude"): "the columns that you want",
    ("*", "replace"): "the columns that you want",
}
_ONE_ENGINE_MARKS = {
    "::": "cast(x as type)",
    "//": "floor(x / nullif(y, 0))",
    "->>": "the macro json_text",
    "->": "the macro json_text",
    "[": "a dispatched macro",
}


@_rule("one-engine")
def _one_engine(tokens: Sequence[Token]) -> Offences:
    for index in _calls(tokens, _ONE_ENGINE_FUNCTIONS):
        token = tokens[index]
        yield (
            token,
            f"{token.text} is not known to both engines",
            f"Write {_ONE_ENGINE_FUNCTIONS[token.text]}.",
        )
    words = [one.text for one in tokens]
    for index, token in enumerate(tokens):
        for sequence, instead in _ONE_ENGINE_SEQUENCES.items():
            if tuple(words[index : index + len(sequence)]) == sequence:
                yield token, f"`{' '.join(sequence)}` is not known to both engines", f"Write {instead}."
        if token.kind == "mark" and token.text in _ONE_ENGINE_MARKS:
            yield (
                token,
                f"`{token.text}` is not known to both engines",
                f"Write {_ONE_ENGINE_MARKS[token.text]}.",
            )
    for index in _calls(tokens, ["count"]):
        if (
            words[index + 2 : index + 3] == ["distinct"]
            and _text(tokens, _closing(tokens, index + 1) + 1) == "over"
        ):
            yield (
                tokens[index],
                "count(distinct) over is not known to both engines",
                "Count in a CTE, then join.",
            )
    for index, _, kind in _casts(tokens):
        if kind[:1] in (["text"], ["varchar"]):
            yield (
                tokens[index],
                f"the type {kind[0]} is not known to both engines",
                "Write {{ dbt.type_string() }}.",
            )
