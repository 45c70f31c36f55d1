"""The models of an adopted export, made of the template's: the same rules over the export's columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from vitals.adopt.contract import ALL_OF_THEM, CHOICES, HANDLE, TEMPLATE, TOTALS, UNITS, Field
from vitals.adopt.look import Seen, SeenColumn
from vitals.adopt.propose import (
    PARTS,
    Answers,
    Proposal,
    lacks_offset,
    ours,
    slug,
    unit_told,
)
from vitals.errors import VitalsError

STRING = "{{ dbt.type_string() }}"
_ORIGIN = ("date_order", "decimal_mark", "source_file", "source_row", "file_hash", "landed_at")


@dataclass(frozen=True)
class Names:
    """How an adopted export is called: its platform, this stream, and the platform's stream of each table."""

    platform: str
    stream: str
    streams: Mapping[str, str]


def staging_model(seen: Seen, proposal: Proposal, answers: Answers, names: Names) -> str:
    """The staging model: the template's, after a step that gives the export's columns the contract's names.

    Raises:
        VitalsError: a column that needs typing has a name that SQL reserves.
    """
    table, text = proposal.table, proposal.table.staging
    lists = _column_lists(seen, proposal)

    def columns_of(call: re.Match[str]) -> str:
        # The template's lists name the contract's fields; landed rows have the export's columns.
        arguments = re.sub(r"\b(time|number|duration)s\b", r"\1_columns", call[2])
        return f"{call[1]}('{names.platform}', '{names.stream}', {arguments})"

    text = re.sub(rf"(proven_formats|plain_rows)\('{TEMPLATE}', '{table.name}', ([^)]*)\)", columns_of, text)
    text = text.replace(f"'{TEMPLATE}', '{table.name}'", f"'{names.platform}', '{names.stream}'")
    text = text.replace(f"'{TEMPLATE}'", f"'{names.platform}'").replace(
        f"'{TEMPLATE}:", f"'{names.platform}:"
    )
    zone = answers.times_zone or answers.zone
    is_local = lacks_offset(seen, proposal) and zone not in (None, "UTC")
    if is_local:
        text = re.sub(r"iso_to_utc\('(plain_\w+)'\)", r"local_time_to_utc('\1', zone)", text)
    head = [
        "{#- `named` says which column of the export fills which field of the contract: edit it there. -#}",
        *([f"{{%- set zone = \"'{zone}'\" -%}}"] if is_local else []),
        *(
            f"{{%- set {kind}_columns = {_quoted(columns)} -%}}"
            for kind, columns in lists.items()
            if f"{kind}_columns" in text
        ),
    ]
    named = _named(seen, proposal, answers, lists)
    text = _once(text, "    from plain\n", "    from named\n")
    return "\n".join(head) + "\n" + _once(text, "typed as (\n", named + "typed as (\n")


def intermediate_model(project: Path, table: str, names: Names) -> str:
    """The contract's model of the platform: the template's, without legs where the platform has none."""
    text = (project / _intermediate(table, TEMPLATE, "sql")).read_text(encoding="utf-8")
    if table == "contacts" and "contact_legs" not in names.streams:
        text = _without_legs(text)
    return _renamed(text, names).replace(f"'{TEMPLATE}'", f"'{names.platform}'")


def intermediate_yaml(project: Path, table: str, names: Names) -> dict[str, Any]:
    """Declaration, tests and descriptions of the contract's model."""
    document = yaml.safe_load((project / _intermediate(table, TEMPLATE, "yml")).read_text(encoding="utf-8"))
    return {"version": 2, "models": [_reworded(each, table, names) for each in document["models"]]}


def staging_yaml(project: Path, table: str, names: Names) -> dict[str, Any]:
    """Declaration, tests and descriptions of the staging model."""
    path = project / "models" / "staging" / TEMPLATE / f"_{TEMPLATE}__models.yml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    for each in document["models"]:
        if each["name"] == f"stg_{TEMPLATE}__{table}":
            return dict(_reworded(each, table, names))
    raise VitalsError(
        f"{path} declares no stg_{TEMPLATE}__{table}.", "Restore it: git checkout models/staging"
    )


def intermediate_path(table: str, platform: str, suffix: str) -> str:
    """Where the contract's model of a platform lies, relative to the project."""
    return _intermediate(table, platform, suffix).as_posix()


def _intermediate(table: str, platform: str, suffix: str) -> Path:
    return Path("models", "intermediate", table, f"int_{table}__{platform}.{suffix}")


# --- the step that names -------------------------------------------------------------------------


def _column_lists(seen: Seen, proposal: Proposal) -> dict[str, list[str]]:
    """The export's columns whose format a file proves: times, numbers, durations."""
    lists: dict[str, list[str]] = {"time": [], "number": [], "duration": []}
    kinds = {
        "time": "time",
        "day": "time",
        "month": "time",
        "number": "number",
        "count": "number",
        "seconds": "duration",
    }
    for name, columns in proposal.mapping.items():
        one = proposal.table.field(name)
        kind = kinds.get(one.kind) if one else None
        column = _column(seen, columns[0])
        if not kind or column.kind in ("epoch_s", "epoch_ms") or _is_plain_reserved(column):
            continue
        if all(column.name not in listed for listed in lists.values()):
            lists[kind].append(column.name)
    return lists


def _is_plain_reserved(column: SeenColumn) -> bool:
    """Whether SQL reserves its name: no list of columns can hold it then, and its values must be plain."""
    if column.name not in _reserved():
        return False
    if column.order or any("," in word or (":" in word and not column.is_time) for word in column.words):
        raise VitalsError(
            f"The column {column.native!r} has a name that SQL reserves, and values that need reading.",
            "Rename it in the export's first line.",
        )
    return True


def _reserved() -> set[str]:
    rows = duckdb.sql(
        "select keyword_name from duckdb_keywords() where keyword_category = 'reserved'"
    ).fetchall()
    return {str(row[0]) for row in rows}


def _named(seen: Seen, proposal: Proposal, answers: Answers, lists: Mapping[str, list[str]]) -> str:
    items: list[str] = []
    plain = {name for listed in lists.values() for name in listed}
    for one in proposal.table.fields:
        columns = [_column(seen, name) for name in proposal.mapping.get(one.name, ())]
        raw, typed = _expressions(seen, one, columns, proposal, answers, plain)
        items.append(raw if raw == one.name else f"{raw} as {one.name}")
        if re.search(rf"\bplain_{one.name}\b", proposal.table.staging):
            same = typed == f"plain_{one.name}"
            items.append(typed if same else f"{typed} as plain_{one.name}")
    items += _ORIGIN
    return "named as (\n\n    select\n        " + ",\n        ".join(items) + "\n    from plain\n\n),\n\n"


def _expressions(
    seen: Seen, one: Field, columns: list[SeenColumn], proposal: Proposal, answers: Answers, plain: set[str]
) -> tuple[str, str]:
    """What a field holds as the export wrote it, and in plain form; SQL over the columns of `plain`."""
    nothing = f"cast(null as {STRING})"
    if one.name == "talk_seconds" and HANDLE in proposal.mapping:
        column = _column(seen, proposal.mapping[HANDLE][0])
        return _identifier(column), _duration(seen, column, proposal, answers, plain)
    if not columns:
        fixed = answers.fixed.get(one.name)
        text = nothing if fixed is None else "'" + fixed.replace("'", "''") + "'"
        return text, text
    column = columns[0]
    if one.kind in ("time", "day", "month"):
        return _time(columns, plain)
    if one.kind == "seconds":
        return _identifier(column), _duration(seen, column, proposal, answers, plain)
    if len(columns) > 1:
        joined = " || '-' || ".join(_identifier(each) for each in columns)
        return joined, joined
    if one.name in CHOICES or (one.name == "is_resolved" and column.kind == "text"):
        worded = _worded(one, column, answers)
        return worded, worded
    if one.name == "queue" and proposal.table.name == TOTALS and (sums := _sums(column)):
        queue = f"case when lower(trim({_identifier(column)})) not in ({sums}) then {_identifier(column)} end"
        return queue, queue
    return _identifier(column), _plain(column, plain)


def _sums(column: SeenColumn) -> str:
    """The words of a column of queues that stand for all of them, as SQL."""
    words = sorted({word.strip().lower() for word in column.words if slug(word) in ALL_OF_THEM})
    return ", ".join("'" + word.replace("'", "''") + "'" for word in words)


def _time(columns: list[SeenColumn], plain: set[str]) -> tuple[str, str]:
    column = columns[0]
    raw = _identifier(column)
    if column.kind == "epoch_s":
        return raw, f"cast({{{{ epoch_to_utc('{column.name}') }}}} as {STRING}) || '+00:00'"
    if column.kind == "epoch_ms":
        seconds = (
            f'"cast(try_cast(trim({column.name}) as decimal(28, 6)) / 1000 as " ~ dbt.type_string() ~ ")"'
        )
        return raw, f"cast({{{{ epoch_to_utc({seconds}) }}}} as {STRING}) || '+00:00'"
    if len(columns) > 1:
        clock = _identifier(columns[1])
        return f"{raw} || ' ' || {clock}", f"substr({_plain(column, plain)}, 1, 10) || ' ' || trim({clock})"
    return raw, _plain(column, plain)


def _duration(seen: Seen, column: SeenColumn, proposal: Proposal, answers: Answers, plain: set[str]) -> str:
    """Seconds as text: of the column's unit, less what it includes and other columns tell."""
    factor = UNITS[_unit(column, answers)]
    parts = [
        _column(seen, proposal.mapping[PARTS[part]][0])
        for part in answers.includes.get(column.name, ())
        if PARTS[part] in proposal.mapping
    ]
    if factor == "1" and not parts:
        return _plain(column, plain)

    def number(each: SeenColumn) -> str:
        times = UNITS[_unit(each, answers)]
        cast = f"try_cast({_plain(each, plain)} as decimal(28, 10))"
        return cast if times == "1" else f"{cast} * {times}"

    less = "".join(f" - coalesce({number(each)}, 0)" for each in parts)
    return f"cast({number(column)}{less} as {STRING})"


def _unit(column: SeenColumn, answers: Answers) -> str:
    # H:MM:SS says its unit itself, and comes as seconds.
    return (
        "s" if column.kind == "duration" else answers.units.get(column.name) or unit_told(column.name) or "s"
    )


def _worded(one: Field, column: SeenColumn, answers: Answers) -> str:
    """The export's words for a field of few; one that comes later and is not here waits in quarantine."""
    words = sorted({word.strip().lower() for word in column.words})
    lines = [f"case lower(trim({_identifier(column)}))"]
    for word in words:
        meant = ours(answers, one.name, word)
        if meant or one.name != "is_resolved":
            said = f"'{meant}'" if meant else "null"
            lines.append(f"            when '{word.replace(chr(39), chr(39) * 2)}' then {said}")
    if one.name != "is_resolved":
        lines.append(f"            else {_identifier(column)}")
    return "\n".join([*lines, "        end"])


def _identifier(column: SeenColumn) -> str:
    return f"{{{{ adapter.quote('{column.name}') }}}}" if column.name in _reserved() else column.name


def _plain(column: SeenColumn, plain: set[str]) -> str:
    return f"plain_{column.name}" if column.name in plain else _identifier(column)


def _column(seen: Seen, name: str) -> SeenColumn:
    found = seen.column(name)
    if found is None:
        raise VitalsError(f"{seen.path} has no column {name!r}.", "Name one of its columns.")
    return found


# --- the template's text -------------------------------------------------------------------------


def _once(text: str, old: str, new: str) -> str:
    if old not in text:
        raise VitalsError(
            f"The template's staging model has no {old.strip()!r}, which an adopted one is made of.",
            "Restore it: git checkout models/staging/template",
        )
    return text.replace(old, new, 1)


def _without_legs(text: str) -> str:
    """The template's contacts without what it folds from legs."""
    text = re.sub(
        r"\{\{ tracked\(.*?\) \}\}",
        f"{{{{ tracked('contact_id', by={{'stg_{TEMPLATE}__contacts': 'contact_id'}}) }}}}",
        text,
        count=1,
        flags=re.DOTALL,
    )
    text = re.sub(r"legs as \(.*?(?=-- what the contact's own row)", "", text, count=1, flags=re.DOTALL)
    text = text.replace("-- what the contact's own row says counts before what its legs say\n", "")
    text = re.sub(r"coalesce\(contacts\.(\w+), (?:nullif\()?fitting\.\w+(?:, 0\))?\) as (\w+)", _own, text)
    text = text.replace(
        "greatest(contacts.updated_at, fitting.updated_at) as updated_at", "contacts.updated_at"
    )
    text = re.sub(r"\n    left join fitting\n.*?\n\n", "\n\n", text, count=1, flags=re.DOTALL)
    if "fitting" in text or "legs" in text:
        raise VitalsError(
            "The template's contacts fold legs in a way that is not known here.",
            "Restore it: git checkout models/intermediate/contacts",
        )
    return text


def _own(found: re.Match[str]) -> str:
    return f"contacts.{found[1]}" if found[1] == found[2] else f"contacts.{found[1]} as {found[2]}"


def _renamed(text: str, names: Names) -> str:
    text = re.sub(
        rf"stg_{TEMPLATE}__(\w+)",
        lambda found: f"stg_{names.platform}__{names.streams.get(found[1], found[1])}",
        text,
    )
    return re.sub(rf"(int_\w+?)__{TEMPLATE}\b", rf"\1__{names.platform}", text)


def _reworded(value: Any, table: str, names: Names) -> Any:
    if isinstance(value, dict):
        return {_reworded(key, table, names): _reworded(each, table, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_reworded(each, table, names) for each in value]
    if not isinstance(value, str):
        return value
    text = _renamed(value, names).replace(f"map_{TEMPLATE}", f"map_{names.platform}")
    text = text.replace(f"the {TEMPLATE}'s {table} file", f"{names.platform}'s {names.stream}")
    if "legs" not in names.streams:
        text = text.replace("is folded from its legs or derived", "is derived")
    return text.replace(f"{TEMPLATE}.", f"{names.platform}.") if text == f"{TEMPLATE}." else text


def _quoted(columns: list[str]) -> str:
    return "[" + ", ".join(f"'{each}'" for each in columns) + "]"
