"""What adopting a file writes into the project: worked out whole before anything is written."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.core import get_global
from babel.numbers import NumberFormatError, parse_decimal
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

from vitals.adopt.contract import ALL_OF_THEM, GRAINS, HANDLE, MAPPED, TOTALS, ContractTable
from vitals.adopt.look import Seen, SeenColumn, rows_of
from vitals.adopt.propose import (
    Answers,
    Proposal,
    check_platform,
    day_of,
    duration_columns,
    is_rate,
    ours,
    slug,
    unit_told,
)
from vitals.adopt.sql import (
    Names,
    intermediate_model,
    intermediate_path,
    intermediate_yaml,
    staging_model,
    staging_yaml,
)
from vitals.errors import VitalsError
from vitals.paths import PROJECT_FILE, Paths
from vitals.unmapped import map_seed

_ANONYMOUS = ["anonymous", "unknown", "unavailable", "restricted", "private", "withheld"]
_PERSONAL = re.compile(
    r"(^|_)(phone|telephone|mobile|msisdn|ani|caller|email|e_mail|customer_name|requester|first_name|last_name"
    r"|full_name)(_|$)"
)
_STAYS = "{} stays as it is; for this file alone it would be written otherwise (--force)."
# Points by which a rounded rate may differ from its counts.
_TENTH = 0.1
_WAITS = ("queued_at", "answered_at", "wait_seconds")
# A report that comes by the day, week or month is silent when it is this late (hours).
_SILENT_AFTER = {"day": "72", "week": "336", "month": "1080"}


@dataclass(frozen=True)
class Plan:
    """Everything that adopting one file changes.

    Args:
        platform: its name in the project.
        stream: name of this kind of file.
        table: contract table that it fills.
        client: slug of the client that its contacts count for; None when a column says it, or none has one.
        files: text of whole files, by path relative to the project.
        added: rows added at the end of seeds of `seeds/reference/`, by path.
        landed: where the file goes, relative to the landing folder.
        record: what `--undo` and the next adoption read; also one of `files`.
        left: columns that fill no field.
        notes: what a reader should know of the choices made.
        last_day_ends_at: end of the last day on which something arrived, UTC; None when nothing says it.
        unmeasured: what the file does not tell → KPIs that read 0 % or 100 % without it.
    """

    platform: str
    stream: str
    table: str
    client: str | None
    files: Mapping[str, str]
    added: Mapping[str, list[list[str]]]
    landed: str
    record: Mapping[str, Any]
    left: tuple[str, ...]
    notes: tuple[str, ...]
    last_day_ends_at: datetime | None
    unmeasured: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def changes(self, project: Path) -> list[str]:
        """Files of the project that it would make or change."""
        return [path for path, text in self.files.items() if _text(project / path) != text]


@dataclass
class _Seeds:
    """Words → slugs, and the rows that reference seeds need for them."""

    project: Path
    maps: list[list[str]] = field(default_factory=list)
    added: dict[str, list[list[str]]] = field(default_factory=dict)

    def path(self, seed: str) -> str:
        return f"seeds/reference/{seed}.csv"

    def known(self, seed: str) -> dict[str, list[str]]:
        with (self.project / self.path(seed)).open(encoding="utf-8", newline="") as file:
            rows = [*csv.reader(file)][1:]
        return {row[0]: row for row in [*rows, *self.added.get(self.path(seed), [])]}

    def add(self, seed: str, row: list[str], key: int = 1) -> None:
        """Add a row, unless one with the same first columns (`key` of them) is there."""
        with (self.project / self.path(seed)).open(encoding="utf-8", newline="") as file:
            rows = [*csv.reader(file), *self.added.get(self.path(seed), [])]
        if row[:key] not in [each[:key] for each in rows]:
            self.added.setdefault(self.path(seed), []).append(row)


def map_path(platform: str) -> str:
    """Where a platform's words and their slugs stand, relative to the project."""
    return map_seed(Path(), platform).as_posix()


def record_path(platform: str) -> str:
    """Where it stands what was adopted as a platform, relative to the project."""
    return f"models/staging/{platform}/_{platform}__adopted.json"


def read_record(project: Path, platform: str) -> dict[str, Any] | None:
    """What was adopted as this platform; None when nothing was.

    Raises:
        VitalsError: the record is damaged.
    """
    path = project / record_path(platform)
    if not path.exists():
        return None
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise VitalsError(f"{path} is no JSON: {error}.", "Restore it from git.") from error


def answers_of(record: Mapping[str, Any], stream: str) -> Answers:
    """The answers that a stream was adopted with."""
    told = record["streams"][stream]["answers"]
    return Answers(
        **{
            **told,
            "maps": {name: tuple(columns) for name, columns in told["maps"].items()},
            "left": set(told["left"]),
            "includes": {name: tuple(parts) for name, parts in told["includes"].items()},
        }
    )


def make_plan(
    seen: Seen, proposal: Proposal, answers: Answers, platform: str, paths: Paths, is_further: bool = False
) -> Plan:
    """Everything that is to be written, for a file whose questions are answered.

    Args:
        seen: the file.
        proposal: which column fills which field.
        answers: what its owner said.
        platform: its name in the project.
        paths: where everything is.
        is_further: whether it is one more file of a stream that was adopted before: its models stay as they
            are, and only words that are new are added.

    Raises:
        VitalsError: the platform is one that was not adopted, or the table cannot be filled by this file.
    """
    project, table = paths.project, proposal.table
    record = read_record(project, platform)
    check_platform(project, platform)
    streams = dict(record["streams"]) if record else {}
    stream = answers.stream or table.name
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", stream):
        raise VitalsError(
            f"A stream cannot be called {stream!r}.", "Use lower-case letters, digits and single _."
        )
    for name, each in streams.items():
        if each["table"] == table.name and name != stream:
            raise VitalsError(
                f"{platform} has {table.name} already, from its stream {name}.",
                f"Adopt this file as a platform of its own (--platform), or as that stream: --stream {name}",
            )
    names = Names(
        platform, stream, {**{each["table"]: name for name, each in streams.items()}, table.name: stream}
    )
    if table.name == "contact_legs" and "contacts" not in names.streams:
        raise VitalsError(
            f"{seen.path}: legs belong to contacts, and {platform} has none yet.",
            f"Adopt its contacts first: vitals adopt FILE --platform {platform} --table contacts",
        )
    answers = _with_home(proposal, replace(answers, stream=stream), platform)
    seeds = _seeds(seen, proposal, answers, platform, project)
    files = _models(seen, proposal, answers, names, project)
    unlike = [path for path in files if path.endswith(".sql") and _text(project / path) != files[path]]
    if is_further:
        files = {}
    words_path = map_path(platform)
    files[words_path] = _with_words(_text(project / words_path), seeds.maps)
    for path, rows in seeds.added.items():
        files[path] = (_text(project / path) or "") + _csv(rows)
    files[PROJECT_FILE] = _with_platform(
        (project / PROJECT_FILE).read_text(encoding="utf-8"), names, table.name
    )
    landed = f"{platform}/{stream}/{seen.path.name}"
    record = _record(record, seen, proposal, answers, stream, landed, files, seeds.added)
    files[record_path(platform)] = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    left = tuple(each.name for each in seen.columns if each.name not in proposal.columns())
    return Plan(
        platform,
        stream,
        table.name,
        _client_of(answers, seeds),
        files,
        seeds.added,
        landed,
        record,
        left,
        (*_notes(seen, proposal, answers, seeds), *(_STAYS.format(path) for path in unlike if is_further)),
        _last_day_ends_at(seen, proposal, answers),
        _unmeasured(seen, proposal, answers, seeds) if "contact_legs" not in names.streams else {},
    )


def differing(record: Mapping[str, Any], project: Path) -> list[str]:
    """Files of an adopted platform that were edited, or removed, since."""
    return [path for path, digest in record["files"].items() if _digest(_text(project / path)) != digest]


def without_platform(text: str, platform: str) -> str:
    """The text of dbt_project.yml without a platform in its variables."""
    document = _yaml().load(text)
    for platforms in document["vars"]["platforms"].values():
        if platform in platforms:
            platforms.remove(platform)
    document["vars"]["streams"].pop(platform, None)
    return _dumped(document)


# --- parts ---------------------------------------------------------------------------------------


def _with_home(proposal: Proposal, answers: Answers, platform: str) -> Answers:
    """Contacts of which no column says the client or site are those of the platform's own."""
    fixed = {**proposal.proven, **answers.fixed}
    if proposal.table.name in ("contacts", TOTALS):
        for name in ("client", "site"):
            if name not in proposal.mapping and name not in fixed:
                fixed[name] = platform
    return replace(answers, fixed=fixed)


def _models(seen: Seen, proposal: Proposal, answers: Answers, names: Names, project: Path) -> dict[str, str]:
    table, folder = proposal.table, f"models/staging/{names.platform}"
    source = {
        "name": names.platform,
        "description": f"Exports adopted as {names.platform}, beginning with {seen.path.name}.",
    }
    sources_path = f"{folder}/_{names.platform}__sources.yml"
    models_path = f"{folder}/_{names.platform}__models.yml"
    sources = _loaded(project / sources_path) or {"version": 2, "sources": [{**source, "tables": []}]}
    _put(sources["sources"][0]["tables"], _source_table(seen, proposal, answers, names))
    models = _loaded(project / models_path) or {"version": 2, "models": []}
    declared = staging_yaml(project, table.name, names)
    declared["name"] = f"stg_{names.platform}__{names.stream}"
    _put(models["models"], declared)
    files = {
        sources_path: _dumped(sources),
        models_path: _dumped(models),
        f"{folder}/stg_{names.platform}__{names.stream}.sql": staging_model(seen, proposal, answers, names),
    }
    # Legs that come later change how their contacts are folded.
    tables = {table.name, *({"contacts"} if table.name == "contact_legs" else set())}
    for each in sorted(tables):
        files[intermediate_path(each, names.platform, "sql")] = intermediate_model(project, each, names)
        files[intermediate_path(each, names.platform, "yml")] = _dumped(
            intermediate_yaml(project, each, names)
        )
    return files


def _source_table(seen: Seen, proposal: Proposal, answers: Answers, names: Names) -> dict[str, Any]:
    table = proposal.table
    filled: dict[str, list[str]] = {}
    for name, columns in proposal.mapping.items():
        for column in columns:
            filled.setdefault(column, []).append(name)
    kinds = {name: one.kind for name in proposal.mapping if (one := table.field(name))}
    customers = [
        each.name
        for each in seen.columns
        if any(kinds.get(name) == "customer" for name in filled.get(each.name, ()))
        or (each.name not in filled and _is_personal(each))
    ]
    agents = [column for column, fields in filled.items() if any(_is_agent(table, name) for name in fields)]
    meta: dict[str, Any] = {"format": seen.format}
    if seen.encoding not in ("", "utf-8", "utf-8-sig", "utf-16", "ascii"):
        meta["encoding"] = seen.encoding
    if not seen.has_header:
        meta["has_header"] = False
    if seen.records:
        meta["records"] = seen.records
    for name, told in (("date_order", answers.date_order), ("decimal_mark", answers.decimal_mark)):
        if told:
            meta[name] = told
    if agents:
        meta["agents"] = agents
    if customers:
        meta["identifiers"] = customers
        meta["anonymous"] = _ANONYMOUS
    needed = {
        column
        for name in proposal.mapping
        if (one := table.field(name)) and one.is_required
        for column in proposal.mapping[name]
    }
    declared: list[dict[str, Any]] = []
    for each in seen.columns:
        entry: dict[str, Any] = {
            "name": each.name,
            "description": _description(
                each, filled.get(each.name, []), proposal, answers, each.name in customers
            ),
            "data_type": "string",
        }
        if each.name in needed:
            entry["config"] = {"meta": {"required": True}}
        elif each.name not in filled and seen.has_header:
            entry["config"] = {"meta": {"optional": True}}
        declared.append(entry)
    fixed = "".join(f" All rows: {name} = {value}." for name, value in sorted(answers.fixed.items()))
    return {
        "name": names.stream,
        "description": f"{GRAINS[table.name].capitalize()}; {seen.shown_format}.{fixed}",
        "config": {"meta": meta},
        "columns": declared,
    }


def _description(
    column: SeenColumn, fields: Sequence[str], proposal: Proposal, answers: Answers, is_hashed: bool
) -> str:
    hashed = " Becomes a salted hash on landing." if is_hashed else ""
    if not fields:
        return f"Fills no field of the contract; kept in raw data.{hashed}"
    told = [f"Fills {' and '.join(fields)}."]
    for name in fields:
        one = proposal.table.field(name)
        if one and one.kind in ("time", "month"):
            told.append(_of_time(column, answers))
            break
        if one and one.kind == "day":
            told.append(f"Local to the centre.{_order_of(column, answers)}")
            break
        if one and one.kind == "seconds":
            unit = (
                "h:mm:ss"
                if column.kind == "duration"
                else answers.units.get(column.name) or unit_told(column.name)
            )
            told.append(f"Unit: {unit or 's'}.")
            if column.name in answers.includes:
                parts = answers.includes[column.name]
                told.append(f"Includes beside talk: {' and '.join(parts) or 'nothing'}.")
            break
        if one and one.name == "score":
            told.append(
                f"Scale: {answers.fixed.get('scale_min', '?')} to {answers.fixed.get('scale_max', '?')}."
            )
    return " ".join(told) + hashed


def _of_time(column: SeenColumn, answers: Answers) -> str:
    if column.kind in ("epoch_s", "epoch_ms"):
        return f"{'Seconds' if column.kind == 'epoch_s' else 'Milliseconds'} since 1970, UTC."
    order = _order_of(column, answers)
    if column.zoned == 1:
        return f"With its offset from UTC.{order}"
    return f"Local time of {answers.times_zone or answers.zone}, where it carries no offset.{order}"


def _order_of(column: SeenColumn, answers: Answers) -> str:
    """Which of day and month comes first, and what proves it."""
    if not column.order:
        return ""
    proof = f", as {column.proof[0]} in row {column.proof[1]} proves" if column.proof else ", as was stated"
    shown = (
        column.order
        if column.proof
        else answers.date_order or "in the order that the file's other dates prove"
    )
    return f" {shown.replace('_', ' ').capitalize()}{proof}."


def _is_personal(column: SeenColumn) -> bool:
    return column.kind in ("email", "phone") or _PERSONAL.search(column.name) is not None


def _is_agent(table: ContractTable, name: str) -> bool:
    one = table.field(name)
    return one is not None and one.kind == "agent"


def _seeds(seen: Seen, proposal: Proposal, answers: Answers, platform: str, project: Path) -> _Seeds:
    seeds = _Seeds(project)
    words: dict[str, dict[str, str]] = {}
    before = {
        (row[0], row[1].strip().lower()): row[2]
        for row in csv.reader(io.StringIO(_text(project / map_path(platform)) or ""))
    }
    for name, seed in MAPPED.items():
        one = proposal.table.field(name)
        if one is None or one.kind != "word":
            continue
        known, words[name] = set(seeds.known(seed)), {}
        for word in _words(seen, proposal, answers, name):
            found = before.get((name, word.lower()))
            if found is None:
                found = _slug_of(name, word, known, platform, len(words[name]) + 1, answers)
            words[name].setdefault(word.lower(), found)
            if [name, word.lower()] not in [[row[0], row[1].lower()] for row in seeds.maps]:
                seeds.maps.append([name, word, found])
    # Days of sums need no zone; what is said of the site may be corrected before its contacts come.
    zone = answers.zone or "UTC"
    country = str(get_global("zone_territories").get(zone) or "").replace("ZZ", "").replace("001", "")
    for word, found in words.get("client", {}).items():
        seeds.add("clients", [found, _title(_native(seeds, "client", word))])
    for word, found in words.get("site", {}).items():
        seeds.add("sites", [found, _title(_native(seeds, "site", word)), country, zone, "onshore"])
    for word, found in words.get("contact_type", {}).items():
        seeds.add("contact_types", [found, _native(seeds, "contact_type", word), "other"])
    for word, found in words.get("channel", {}).items():
        # Nobody waits on the line in what is no call or chat; edit the seed where it is otherwise.
        seeds.add("channels", [found, _native(seeds, "channel", word), "false"])
    if proposal.table.name == TOTALS:
        _rules_of_totals(seeds, answers, platform)
    if "queue" in words and proposal.table.name in ("contacts", TOTALS):
        homes = _homes(seen, proposal, answers, words)
        for word, found in words["queue"].items():
            client, site = homes[word]
            seeds.add("queues", [found, _native(seeds, "queue", word), client, site, "customer_care"])
    return seeds


def _rules_of_totals(seeds: _Seeds, answers: Answers, platform: str) -> None:
    """When the report is late, and the threshold that a new client's answers in time are counted by."""
    hours = _SILENT_AFTER.get(answers.fixed.get("grain", ""))
    if hours:
        seeds.add("stream_rules", [platform, answers.stream or TOTALS, hours, "", "", ""], key=2)
    threshold = answers.fixed.get("target_seconds")
    for client, *_ in seeds.added.get(seeds.path("clients"), []) if threshold else []:
        row = ["service_level_seconds", client, "", "", "1995-01-01", "", str(threshold)]
        seeds.add("thresholds", row, key=5)


def _client_of(answers: Answers, seeds: _Seeds) -> str | None:
    """Slug of the client of all rows; None when a column says it."""
    told = answers.fixed.get("client")
    return next((row[2] for row in seeds.maps if told and row[:2] == ["client", told]), told)


def _native(seeds: _Seeds, name: str, word: str) -> str:
    return next(row[1] for row in seeds.maps if row[0] == name and row[1].lower() == word)


def _title(text: str) -> str:
    return text.replace("_", " ").title() if text.islower() else text


def _words(seen: Seen, proposal: Proposal, answers: Answers, name: str) -> Iterator[str]:
    if name in answers.fixed:
        yield answers.fixed[name]
    for each in proposal.mapping.get(name, ()):
        column = seen.column(each)
        if column:
            if not column.has_all_words:
                raise VitalsError(
                    f"{seen.path}, column {each}: too many different values for a {name}.",
                    f"Map another column, or none: --map {each}=none",
                )
            yield from dict.fromkeys(
                word.strip()
                for word in sorted(column.words)
                # Of sums, the row that sums up all queues has none.
                if not (name == "queue" and proposal.table.name == TOTALS and slug(word) in ALL_OF_THEM)
            )


def _slug_of(name: str, word: str, known: set[str], platform: str, number: int, answers: Answers) -> str:
    """Our slug of a word: one of ours where its meaning is known, else the word itself as a slug."""
    own = slug(word) or f"{name}_{number}"
    if name in ("state", "activity"):
        # What an agent does decides his occupancy: nothing is guessed.
        found = own if own in known else ours(answers, name, word)
        return found if found in known else ""
    if name == "channel":
        found = ours(answers, name, word)
        is_told = word.lower() in answers.words.get(name, {})
        return found if found and (is_told or found in known) else own
    if name in ("queue", "site") and own in known and word != own:
        return f"{platform}_{own}"
    return own


def _homes(
    seen: Seen, proposal: Proposal, answers: Answers, words: Mapping[str, Mapping[str, str]]
) -> dict[str, tuple[str, str]]:
    """Each queue's client and site: of the first row that has the queue."""
    columns = {name: proposal.mapping.get(name, (None,))[0] for name in ("queue", "client", "site")}
    fixed = {name: words[name].get(answers.fixed.get(name, "").lower(), "") for name in ("client", "site")}
    found: dict[str, tuple[str, str]] = {}
    for _, row in rows_of(seen):
        queue = (row.get(columns["queue"] or "") or answers.fixed.get("queue") or "").strip().lower()
        if queue and queue not in found:
            home = [
                words[name].get((row.get(columns[name] or "") or "").strip().lower(), "") or fixed[name]
                for name in ("client", "site")
            ]
            if all(home):
                found[queue] = (home[0], home[1])
    missing = [word for word in words["queue"] if word not in found]
    if missing:
        raise VitalsError(
            f"{seen.path}: no row of the queue {missing[0]!r} says its client and site.",
            "State them for all rows, --set client=NAME --set site=NAME, and leave their columns out.",
        )
    return found


def _with_words(text: str | None, rows: Iterable[list[str]]) -> str:
    """A map's text with the words that it does not know yet."""
    existing = [*csv.reader(io.StringIO(text or "field,native_value,slug\n"))]
    known = {(row[0], row[1].strip().lower()) for row in existing[1:]}
    fresh = [row for row in rows if (row[0], row[1].strip().lower()) not in known]
    return (text or _csv([["field", "native_value", "slug"]])) + _csv(fresh)


def _with_platform(text: str, names: Names, table: str) -> str:
    document = _yaml().load(text)
    platforms, streams = document["vars"]["platforms"], document["vars"]["streams"]
    if names.platform not in platforms[table]:
        platforms[table].append(names.platform)
    if names.platform not in streams:
        listed = CommentedSeq()
        listed.fa.set_flow_style()
        streams[names.platform] = listed
    if names.stream not in streams[names.platform]:
        streams[names.platform].append(names.stream)
    return _dumped(document)


def _record(
    before: Mapping[str, Any] | None,
    seen: Seen,
    proposal: Proposal,
    answers: Answers,
    stream: str,
    landed: str,
    files: Mapping[str, str],
    added: Mapping[str, list[list[str]]],
) -> dict[str, Any]:
    """What `--undo` takes back, and what the next file of the stream begins with."""
    own = {path: _digest(text) for path, text in files.items() if path != PROJECT_FILE and path not in added}
    told = asdict(answers)
    told.update(
        stream=stream,
        left=sorted(answers.left),
        maps={name: list(columns) for name, columns in proposal.mapping.items()},
    )
    rows: dict[str, list[list[str]]] = {
        path: list(each) for path, each in (before or {}).get("added", {}).items()
    }
    for path, more in added.items():
        rows[path] = [*rows.get(path, []), *more]
    entry = {
        "table": proposal.table.name,
        "columns": [each.name for each in seen.columns],
        "answers": told,
    }
    return {
        "streams": {**(before or {}).get("streams", {}), stream: entry},
        "landed": {**(before or {}).get("landed", {}), landed: seen.digest},
        "added": rows,
        "files": {**(before or {}).get("files", {}), **own},
    }


def _unmeasured(seen: Seen, proposal: Proposal, answers: Answers, seeds: _Seeds) -> dict[str, Sequence[str]]:
    """KPIs of contacts that nothing in the file measures, though a formula would give a figure."""
    if proposal.table.name != "contacts":
        return {}
    told = {*proposal.mapping, *answers.fixed}
    outcomes = {
        ours(answers, "outcome", word)
        for name in proposal.mapping.get("outcome", ())
        if (column := seen.column(name))
        for word in column.words
    }
    lacks: dict[str, tuple[bool, Sequence[str]]] = {
        "how long anybody waited": (
            not told & set(_WAITS),
            ("service_level", "call_performance_index"),
        ),
        "who gave up": (
            bool(outcomes) and not outcomes & {"abandoned", "callback_requested", "diverted"},
            ("abandonment_rate",),
        ),
        "transfers": ("transfers_count" not in told, ("transfer_rate",)),
        "how many agents a customer met": ("agents_count" not in told, ("retelling_rate",)),
        "what the site costs": (seeds.path("sites") in seeds.added, ("cost_per_contact",)),
    }
    return {what: kpis for what, (is_lacking, kpis) in lacks.items() if is_lacking}


def _notes(seen: Seen, proposal: Proposal, answers: Answers, seeds: _Seeds) -> Iterator[str]:
    mapping, table = proposal.mapping, proposal.table
    key = {"contacts": "contact_id", "survey_responses": "response_id"}.get(table.name, "")
    for column in (seen.column(each) for each in mapping.get(key, ())):
        if column and column.has_all_words and len(mapping[key]) == 1 and len(column.words) < column.filled:
            again, rows = column.filled - len(column.words), table.name.replace("_", " ")
            yield (
                f"{again:,} row{'s repeat' if again > 1 else ' repeats'} the {column.name} of another: each"
                f" counts once, as its latest row says; {len(column.words):,} {rows} remain."
            )
    if table.name == "contacts" and not any(name in mapping for name in _WAITS):
        yield (
            "No column tells how long anybody waited (queued_at, answered_at, wait_seconds). Speed of answer"
            " stays empty, and service level reads 0 %, for nothing shows that anybody was answered in time."
        )
    if table.name == "contacts" and "customer" not in mapping:
        yield "No column tells who the customer is: repeats and first-contact resolution stay empty."
    if table.name == "contacts" and not {"talk_seconds", HANDLE} & set(mapping):
        yield "No column tells the time that agents spent: handle time stays empty."
    if table.name == TOTALS:
        yield from _notes_on_totals(seen, proposal, answers, seeds)
    for name in ("outcome", "direction", "instrument"):
        for each in mapping.get(name, ()):
            column = seen.column(each)
            unknown = (
                sorted({w.strip() for w in column.words if not ours(answers, name, w)}) if column else []
            )
            if unknown:
                yield (
                    f"{each} has words that say no {name}: {', '.join(unknown[:8])}. What the row's other"
                    f" columns tell counts for them, until you say it: {name}:WORD=OURS, or in the `case` of"
                    " the staging model."
                )
    empty = sorted({row[1] for row in seeds.maps if not row[2]})
    if empty:
        yield f"Words without a slug, counted as unmapped until you fill it in: {', '.join(empty[:8])}."
    fresh = [row[0] for row in seeds.added.get(seeds.path("channels"), [])]
    if fresh:
        yield (
            f"New channels: {', '.join(fresh)}. Nobody holds the line on them, as with e-mail; where"
            " customers do, write true as is_synchronous in seeds/reference/channels.csv."
        )
    for row in seeds.added.get(seeds.path("sites"), []):
        country = f" in {row[2]}" if row[2] else ""
        by_zone = ", by its zone" if country else ""
        yield (
            f"The site {row[1]} stands in seeds/reference/sites.csv as {row[4]}{country}{by_zone}: correct it"
            " if it is outsourced or elsewhere."
        )
    strays = [
        (each, *each.strays[0]) for each in seen.columns if each.name in proposal.columns() and each.strays
    ]
    for column, text, line in strays:
        yield f"{column.name}: {text[:40]!r} in row {line} is no {column.kind}; such rows wait in quarantine."
    for name in duration_columns(proposal):
        if name in answers.includes and "hold" in answers.includes[name] and "hold_seconds" not in mapping:
            yield f"{name} includes hold, which no column tells apart: talk time has it in it."


def _notes_on_totals(seen: Seen, proposal: Proposal, answers: Answers, seeds: _Seeds) -> Iterator[str]:
    mapping = proposal.mapping
    if "answered_count" not in mapping:
        yield (
            "No column counts the answered: they are what was offered less who gave up, asked for a call-back"
            " or was diverted, as far as that is counted."
        )
    if "abandoned_count" in mapping and "short_abandon_count" not in mapping:
        counted = (
            "all who gave up"
            if answers.fixed.get("abandons_counted") == "all"
            else "those it calls abandoned"
        )
        yield (
            f"Its abandonment rate is that of {counted}; of single contacts, abandons within"
            " short_abandon_seconds (seeds/reference/thresholds.csv) are left out. Compare with care."
        )
    rates = [each.name for each in seen.columns if each.name not in proposal.columns() and is_rate(each.name)]
    if rates:
        yield f"Published rates are not used, they are computed from the counts: {', '.join(rates)}."
        yield from _contradicted(seen, mapping, answers, rates)
    if answers.fixed.get("measured_over") == "offered" and {"total_wait_seconds", "average_wait_seconds"} & {
        *mapping
    }:
        yield "A wait over all offered is no speed of answer: it stays out."
    if "target_seconds" in answers.fixed and seeds.path("clients") not in seeds.added:
        yield (
            f"Answers within {answers.fixed['target_seconds']} s are the service level where thresholds.csv"
            " has these seconds in force for the client; elsewhere they stay out of it."
        )
    if answers.zone is None and seeds.path("sites") in seeds.added:
        yield (
            "A day of a report needs no time zone: the site's stands as UTC in seeds/reference/sites.csv."
            " Correct it before single contacts of the site come."
        )
    if answers.fixed.get("grain") in ("week", "month"):
        yield (
            f"Figures of a whole {answers.fixed['grain']} are in marts.kpi_period_values; kpi_values, by day,"
            " has none of them. All months and years: vitals ask how_were_the_months_and_years"
        )


def _contradicted(
    seen: Seen, mapping: Mapping[str, Sequence[str]], answers: Answers, rates: Sequence[str]
) -> Iterator[str]:
    """Published abandonment rates that are not what the counts beside them give."""
    counts = [mapping.get(name, (None,))[0] for name in ("abandoned_count", "offered_count")]
    for rate in (each for each in rates if "aband" in each and all(counts)):
        apart: list[tuple[float, str]] = []
        rows = 0
        for line, row in rows_of(seen):
            given, abandoned, offered = (_number(row.get(str(each)), answers) for each in (rate, *counts))
            if given is None or abandoned is None or not offered:
                continue
            rows += 1
            # A rate is written in percent or as a share: the nearer of the two is meant.
            counted = 100 * abandoned / offered
            told = min((given, 100 * given), key=lambda one: abs(one - counted))
            if abs(told - counted) > _TENTH:
                apart.append(
                    (abs(told - counted), f"row {line} says {told:.1f} %, its counts {counted:.1f} %")
                )
        if apart:
            yield (
                f"{rate} differs from its own counts by more than {_TENTH} points in {len(apart):,} of"
                f" {rows:,} rows; most in one: {max(apart)[1]}."
            )


def _number(text: str | None, answers: Answers) -> float | None:
    try:
        plain = (text or "").strip().removesuffix("%").strip()
        return float(parse_decimal(plain, locale="de" if answers.decimal_mark == "comma" else "en"))
    except NumberFormatError:
        return None


def _last_day_ends_at(seen: Seen, proposal: Proposal, answers: Answers) -> datetime | None:
    """Midnight after the last arrival, in the centre's zone, as UTC without a zone.

    Of sums it is the day after the last period, without a zone: theirs is the centre's own calendar.
    """
    is_total = proposal.table.name == TOTALS
    names = ("period_start", "period_end") if is_total else ("arrived_at",)
    columns = next((proposal.mapping[name] for name in names if name in proposal.mapping), ())
    column = seen.column(columns[0]) if columns else None
    if proposal.table.name not in ("contacts", TOTALS) or column is None:
        return None
    order = column.order if column.proof else answers.date_order
    days = [day for word in column.words if (day := day_of(word.strip(), column.kind, order))]
    if not days:
        return None
    if is_total:
        last = _last_of(max(days), answers.fixed.get("grain"), "period_start" in proposal.mapping)
        return datetime.combine(last + timedelta(days=1), datetime.min.time())
    if answers.zone is None:
        return None
    midnight = datetime.combine(max(days) + timedelta(days=1), datetime.min.time(), ZoneInfo(answers.zone))
    return midnight.astimezone(UTC).replace(tzinfo=None)


def _last_of(day: date, grain: str | None, is_start: bool) -> date:
    """The last day of the period that a day begins, or ends."""
    if grain == "month":
        return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return day + timedelta(days=6) if grain == "week" and is_start else day


# --- text ----------------------------------------------------------------------------------------


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _digest(text: str | None) -> str:
    return hashlib.sha256((text or "").encode()).hexdigest()


def _csv(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _yaml() -> YAML:
    # As the project's YAML is written, so that what was there stays as it is.
    found = YAML()
    found.width, found.preserve_quotes = 140, True
    found.indent(mapping=2, sequence=4, offset=2)
    return found


def _loaded(path: Path) -> Any:
    text = _text(path)
    return _yaml().load(text) if text else None


def _dumped(document: Any) -> str:
    out = io.StringIO()
    _yaml().dump(document, out)
    return out.getvalue()


def _put(entries: list[Any], entry: Mapping[str, Any]) -> None:
    """Put an entry in the place of the one with its name, else at the end."""
    for place, each in enumerate(entries):
        if each["name"] == entry["name"]:
            entries[place] = entry
            return
    entries.append(entry)
