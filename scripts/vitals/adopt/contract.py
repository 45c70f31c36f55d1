"""The contract's tables as the template fills them, and the words by which exports call their fields.

The template's own models say which fields a table has and of which kind they are: what is written for an
adopted export is made of them, so that one set of rules holds for both.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from vitals.errors import VitalsError

TEMPLATE = "template"
# The table of reports that hold sums instead of single records.
TOTALS = "reported_totals"
# Fields whose words a map turns into slugs, and the reference seed that holds the slugs.
MAPPED = {
    "client": "clients",
    "site": "sites",
    "queue": "queues",
    "channel": "channels",
    "contact_type": "contact_types",
    "state": "agent_states",
    "activity": "activities",
}
# A duration that holds others: no field of the contract, but talk can be told from it.
HANDLE = "handle_seconds"
OUTCOMES = (
    "answered",
    "abandoned",
    "abandoned_before_queue",
    "self_served",
    "callback_requested",
    "diverted",
    "open",
)
INSTRUMENTS = ("csat", "ces", "nps", "fcr", "esat")
# Fields whose words are ours and no slugs: the staging model turns the export's words into them.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "outcome": OUTCOMES,
    "direction": ("inbound", "outbound", "internal"),
    "instrument": INSTRUMENTS,
    "grain": ("day", "week", "month"),
    "abandons_counted": ("all", "longer"),
    "measured_over": ("answered", "offered"),
}
# What one row of a table is, for people.
GRAINS = {
    "contacts": "one row per contact (call, chat, ticket, case)",
    "contact_legs": "one row per leg of a contact",
    "survey_responses": "one row per survey",
    "agent_states": "one row per state of an agent",
    "agent_shifts": "one row per scheduled activity of an agent",
    "quality_evaluations": "one row per form and item",
    "operating_costs": "one row per booked cost",
    "agents": "one row per agent",
    TOTALS: "one row per day, week or month, with counts",
}


@dataclass(frozen=True)
class Field:
    """A field of a contract table.

    Args:
        name: as in the template.
        kind: text, word, customer, agent, time, day, month, seconds, number, count or boolean.
        meaning: what it says, in one sentence.
        is_required: whether a row without it is quarantined.
    """

    name: str
    kind: str
    meaning: str
    is_required: bool


@dataclass(frozen=True)
class ContractTable:
    """A contract table that an export can fill.

    Args:
        name: as in `dbt_project.yml`.
        fields: in the template's order.
        staging: text of the template's staging model.
    """

    name: str
    fields: tuple[Field, ...]
    staging: str

    def field(self, name: str) -> Field | None:
        """The field of that name, `handle_seconds` among them where there is a talk time."""
        if name == HANDLE and any(each.name == "talk_seconds" for each in self.fields):
            return Field(HANDLE, "seconds", "Talk with hold, after-contact work or both in it.", False)
        return next((each for each in self.fields if each.name == name), None)


def contract_tables(project: Path) -> dict[str, ContractTable]:
    """The tables that the project's template fills, by name.

    Raises:
        VitalsError: the template's models are not there, or not as they are read here.
    """
    folder = project / "models" / "staging" / TEMPLATE
    try:
        document = yaml.safe_load((folder / f"_{TEMPLATE}__sources.yml").read_text(encoding="utf-8"))
        tables = document["sources"][0]["tables"]
        return {
            each["name"]: _table(each, (folder / f"stg_{TEMPLATE}__{each['name']}.sql").read_text("utf-8"))
            for each in tables
            # A list of customers or of shared numbers holds no events: it is dropped as the template's.
            if each["name"] in GRAINS
        }
    except (OSError, KeyError, yaml.YAMLError) as error:
        raise VitalsError(
            f"{folder} does not hold the template's models: {error}.",
            "Restore them: git checkout models/staging/template",
        ) from error


def _table(source: Mapping[str, Any], staging: str) -> ContractTable:
    meta = source["config"]["meta"]
    listed = {
        name: set(re.findall(r"'(\w+)'", found[1]))
        for name in ("times", "numbers", "durations")
        if (found := re.search(rf"set {name} = \[(.*?)\]", staging, re.DOTALL))
    }

    def kind(name: str) -> str:
        if name in meta.get("identifiers", ()):
            return "customer"
        if name in meta.get("agents", ()):
            return "agent"
        if f"month_from('plain_{name}')" in staging:
            return "month"
        if f"day_from('plain_{name}')" in staging:
            return "day"
        if name in listed.get("times", ()):
            return "time"
        if name in listed.get("durations", ()):
            return "seconds"
        if name in listed.get("numbers", ()):
            return "count" if f"count_from('plain_{name}')" in staging else "number"
        if f"boolean_from('{name}')" in staging:
            return "boolean"
        return "word" if name in MAPPED else "text"

    return ContractTable(
        source["name"],
        tuple(
            Field(
                each["name"],
                kind(each["name"]),
                _meaning(each["description"]),
                bool(((each.get("config") or {}).get("meta") or {}).get("required")),
            )
            for each in source["columns"]
        ),
        staging,
    )


def _meaning(description: str) -> str:
    """A column's description without what only the template says of how it is written."""
    text = " ".join(description.split())
    for end in (
        " Empty:",
        " ISO 8601",
        " true or false.",
        " Whole number.",
        ": our slug",
        ", or a word in map_template",
    ):
        text = text.split(end)[0]
    return f"{text.rstrip('.')}."


# --- how exports call things ---------------------------------------------------------------------

_FILE = resources.files("vitals") / "adopt" / "words.toml"
_WORDS: Mapping[str, Any] = tomllib.loads(_FILE.read_text(encoding="utf-8"))
# By table and field: names of columns, as landing writes them, best first.
NAMES: Mapping[str, Mapping[str, list[str]]] = {
    table: {name: words.split() for name, words in fields.items()}
    for table, fields in _WORDS["names"].items()
}
# By field and our word: the words that mean it.
MEANS: Mapping[str, Mapping[str, list[str]]] = {
    name: {ours: theirs.split() for ours, theirs in words.items()} for name, words in _WORDS["means"].items()
}
# `true` and `false`: the words that say so of a matter's being settled.
SETTLED: Mapping[str, list[str]] = {answer: words.split() for answer, words in _WORDS["settled"].items()}
# Slugs of what a queue is called in a row that sums up all queues.
ALL_OF_THEM: frozenset[str] = frozenset(_WORDS["all_of_them"]["queue"].split())
# Why each question is asked, by its key or the key's beginning.
WHY: Mapping[str, str] = _WORDS["why"]
# Seconds in one of a unit, and how a column's name ends that says it.
UNITS = {"ms": "0.001", "s": "1", "min": "60", "h": "3600", "days": "86400"}
UNIT_NAMES: Mapping[str, list[str]] = {unit: words.split() for unit, words in _WORDS["units"].items()}
# Without these a file is hardly of the table: they tell tables apart.
TELLING: Mapping[str, tuple[str, ...]] = {
    "contacts": ("contact_id", "arrived_at"),
    "contact_legs": ("leg_id", "contact_id", "leg_number"),
    "survey_responses": ("response_id", "score"),
    "agent_states": ("agent_id", "state", "started_at", "ended_at"),
    "agent_shifts": ("agent_id", "activity", "started_at", "ended_at"),
    "quality_evaluations": ("evaluation_id", "item", "points_earned"),
    "operating_costs": ("month", "category", "amount", "currency"),
    "agents": ("agent_id", "name", "team", "supervisor"),
    TOTALS: ("period_start", "offered_count", "answered_count", "abandoned_count"),
}
