"""The dialogue of `vitals adopt`: what is seen, what is proposed, what is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vitals.adopt.contract import CHOICES, GRAINS, HANDLE, MEANS, WHY, ContractTable
from vitals.adopt.look import Seen, SeenColumn
from vitals.adopt.plan import Plan
from vitals.adopt.propose import (
    Answers,
    Proposal,
    Question,
    able_words,
    check_answers,
    check_platform,
    ours,
    platform_name,
    propose,
    questions,
    read_word,
    slug,
    zone_named,
)
from vitals.errors import VitalsError
from vitals.shown import one_line

_KINDS = {
    "time": "time",
    "date": "date",
    "epoch_s": "seconds since 1970",
    "epoch_ms": "milliseconds since 1970",
    "clock": "clock",
    "duration": "h:mm:ss",
    "count": "whole number",
    "number": "number",
    "boolean": "yes or no",
    "email": "e-mail address",
    "phone": "telephone",
    "nested": "nested",
    "text": "text",
    "empty": "empty",
}


_SHOWN_WORDS = 10


def show_seen(console: Console, seen: Seen) -> None:
    """What the file is, and a line for each of its columns."""
    coded = (
        f", {seen.encoding}{'' if seen.is_encoding_proven else ' by its letters'}" if seen.encoding else ""
    )
    header = "" if seen.has_header else ", no header"
    _line(
        console,
        f"{seen.path.name}: {seen.shown_format}{coded}{header};"
        f" {seen.rows:,} rows, {len(seen.columns)} columns",
    )
    for bad in seen.bad:
        _line(console, f"  row {bad.line} cannot be read, and will go to quarantine: {bad.reason}", "yellow")
    if seen.bad_count > len(seen.bad):
        _line(console, f"  … and {seen.bad_count - len(seen.bad):,} more rows that cannot", "yellow")
    table = Table(box=None, pad_edge=False, header_style="dim")
    widest = max(len(each.name) for each in seen.columns)
    table.add_column("column", no_wrap=True, min_width=min(widest, 30), max_width=30)
    table.add_column("kind", no_wrap=True, min_width=max(len(_KINDS[each.kind]) for each in seen.columns))
    table.add_column("filled", no_wrap=True, justify="right", min_width=6)
    table.add_column("different", no_wrap=True, justify="right", min_width=9)
    table.add_column("such as", no_wrap=True, overflow="ellipsis")
    for each in seen.columns:
        different = f"{len(each.words):,}{'' if each.has_all_words else '+'}"
        filled = f"{each.filled / seen.rows:.0%}"
        table.add_row(
            *map(_cell, (each.name, _KINDS[each.kind], filled, different, " · ".join(each.examples(2))))
        )
    console.print(table)
    for each in seen.columns:
        if each.is_time:
            _line(console, f"  {each.name}: {_timing(each)}", "dim")


def show_proposal(console: Console, seen: Seen, proposal: Proposal, answers: Answers) -> None:
    """Which column fills which field, and which none."""
    _line(console, f"\nAs {proposal.table.name}: {GRAINS[proposal.table.name]}", "bold")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("field", "from", "which says"):
        table.add_column(heading, overflow="fold")
    for name, columns in proposal.mapping.items():
        one = proposal.table.field(name)
        table.add_row(*map(_cell, (name, " + ".join(columns), one.meaning if one else "")))
    for name, value in proposal.proven.items():
        table.add_row(*map(_cell, (name, f"always {value}", "As the periods of the rows prove.")))
    for name, value in answers.fixed.items():
        table.add_row(*map(_cell, (name, f"always {value}", "")))
    console.print(table)
    for each in _words_shown(seen, proposal, answers):
        _line(console, f"  {each}")
    left = [each.name for each in seen.columns if each.name not in proposal.columns()]
    if left:
        _line(console, f"Kept in raw data alone, for no field takes them: {', '.join(left)}", "dim")


def show_plan(console: Console, plan: Plan, answers: Answers, changed: Sequence[str]) -> None:
    """What was answered, what is written, and what to know of it."""
    told = {
        **answers.fixed,
        **({"zone": answers.zone} if answers.zone else {}),
        **({"times written in": answers.times_zone} if answers.times_zone else {}),
        **{f"{name} {word}": one for name, words in answers.words.items() for word, one in words.items()},
        **answers.units,
        **{f"{name} includes": "+".join(parts) or "none" for name, parts in answers.includes.items()},
    }
    if changed and told:
        _line(console, f"As answered: {' · '.join(f'{name}: {one}' for name, one in told.items())}")
    for each in changed:
        rows = len(plan.added.get(each, ()))
        _line(console, f"  writes {each}{f' ({rows} more row' + 's' * (rows > 1) + ')' if rows else ''}")
    for note in plan.notes:
        _line(console, f"⚠ {note}", "yellow")


def settle(seen: Seen, answers: Answers, tables: Mapping[str, ContractTable], yes: bool) -> Proposal:
    """The proposal whose questions are all answered, by the flags or, when nobody answers, not at all.

    Raises:
        VitalsError: with `yes`, something has no answer; the message lists the flags.
    """
    if yes and answers.zone and not answers.times_zone:
        answers.times_zone = answers.zone
    proposal = propose(seen, answers, tables)
    check_answers(seen, proposal, answers)
    if open_ones := [each for each in questions(seen, proposal, answers) if not each.can_be_left]:
        raise VitalsError(
            f"{seen.path}: nothing in it says the following.\n"
            + "\n".join(f"- {each.text}" for each in open_ones),
            f"Say it: {' '.join(each.flag for each in open_ones)}",
        )
    return proposal


def converse(console: Console, seen: Seen, answers: Answers, tables: Mapping[str, ContractTable]) -> Proposal:
    """Show the proposal until it is accepted, then ask what the file cannot tell. Changes the answers.

    Raises:
        VitalsError: the answers end before the questions do.
    """
    proposal = propose(seen, answers, tables)
    is_shown = False
    while True:
        if not is_shown:
            show_proposal(console, seen, proposal, answers)
            is_shown = True
        told = _ask(
            console,
            "Enter accepts. COLUMN=FIELD changes it (COLUMN=none leaves it out, A+B=FIELD joins two);"
            " FIELD:WORD=OURS says what a word means; `table NAME` takes another table; ? lists the fields:",
        )
        if not told:
            break
        if told == "?":
            _show_fields(console, proposal)
            continue
        try:
            proposal, is_shown = _changed(seen, answers, tables, told), False
        except VitalsError as error:
            _line(console, f"✗ {error.message} {error.remedy}", "red")
    while open_ones := questions(seen, proposal, answers):
        _answered(console, seen, proposal, answers, open_ones[0])
        proposal = propose(seen, answers, tables)
    check_answers(seen, proposal, answers)
    return proposal


def confirm(console: Console, text: str) -> bool:
    """Whether a yes-or-no question gets a yes; Enter is one."""
    while True:
        told = _ask(console, f"{text} [Y/n]").lower()
        if told in ("", "y", "yes"):
            return True
        if told in ("n", "no"):
            return False
        _line(console, "✗ y or Enter says yes; n stops, and leaves everything as it is.", "red")


def ask_platform(console: Console, seen: Seen, answers: Answers, project: Path) -> None:
    """Ask what the source of the file is called in the project. Changes the answers."""
    default = platform_name(seen, answers)
    while True:
        told = _ask(
            console,
            "What is the system called that wrote this file? A short name in lower case, as desk or city_311;"
            f" its folder in landing/ and its models are named so. [{default}]",
        )
        try:
            if told == "?":
                _line(
                    console,
                    "  The next files of the same system go under the same name. Script: --platform NAME",
                )
                continue
            answers.platform = platform_name(seen, replace(answers, platform=told or default))
            check_platform(project, answers.platform)
            return
        except VitalsError as error:
            answers.platform = None
            _line(console, f"✗ {error.message} {error.remedy}", "red")


def read_map(answers: Answers, seen: Seen, told: str) -> None:
    """Take `COLUMN=FIELD`, `A+B=FIELD` or `COLUMN=none` into the answers.

    Raises:
        VitalsError: it is none of these.
    """
    columns, equals, name = (each.strip() for each in told.rpartition("="))
    if not equals or not columns or not name:
        raise VitalsError(f"{told!r} maps nothing.", "Write COLUMN=FIELD, A+B=FIELD, or COLUMN=none.")
    found = (columns,) if seen.column(columns) else tuple(each.strip() for each in columns.split("+"))
    if name == "none":
        answers.left |= set(found)
        answers.maps = {one: each for one, each in answers.maps.items() if not set(each) & set(found)}
    else:
        answers.maps[name] = found


def _show_fields(console: Console, proposal: Proposal) -> None:
    """Every field that a column can fill, and what words can mean in those of few."""
    for each in proposal.table.fields:
        _line(console, f"  {each.name} ({each.kind}): {each.meaning}")
    if proposal.table.field(HANDLE):
        _line(console, f"  {HANDLE} (seconds): Talk with hold, after-contact work or both in it.")
    for name in (*CHOICES, "is_resolved"):
        if name in proposal.mapping:
            _line(console, f"  {name}:WORD= takes one of: {', '.join(able_words(name))}")


def _changed(seen: Seen, answers: Answers, tables: Mapping[str, ContractTable], told: str) -> Proposal:
    before = replace(answers, maps=dict(answers.maps), left=set(answers.left), words=dict(answers.words))
    proposal = propose(seen, answers, tables)
    try:
        if told.startswith("table "):
            answers.table = told.removeprefix("table ").strip()
        elif ":" in told.rpartition("=")[0]:
            name = read_word(answers, told)
            if name in MEANS and name not in proposal.mapping:
                raise VitalsError(f"No column fills {name}.", f"Map one first: COLUMN={name}")
        else:
            read_map(answers, seen, told)
        proposal = propose(seen, answers, tables)
        check_answers(seen, proposal, answers)
    except VitalsError:
        answers.__dict__.update(before.__dict__)
        raise
    return proposal


def _answered(console: Console, seen: Seen, proposal: Proposal, answers: Answers, question: Question) -> None:
    """Ask until the answer can be one."""
    choices = f" ({' / '.join(question.choices)})" if question.choices else ""
    default = f" [{question.default}]" if question.default else ""
    while True:
        told = _ask(console, f"{question.text}{choices}{default}") or question.default or ""
        if told == "?":
            _line(
                console,
                f"  {_why(question)}{f' Enter takes {question.default}.' if question.default else ''}"
                f" A script says it with {question.flag}. Nothing is written before you say so at the end.",
            )
            continue
        is_free = question.key.startswith("word:channel:")
        if not told or (question.choices and told.lower() not in question.choices and not is_free):
            _line(
                console,
                f"✗ Answer one of: {', '.join(question.choices)}"
                if question.choices
                else "✗ It cannot stay open.",
                "red",
            )
            continue
        taken = _meant(question, told)
        if taken != told:
            _line(console, f"  Taken as {taken}.")
        undo = _take(answers, proposal, question.key, taken)
        try:
            check_answers(seen, proposal, answers)
        except VitalsError as error:
            undo()
            _line(console, f"✗ {error.message} {error.remedy}", "red")
            continue
        return


def _meant(question: Question, told: str) -> str:
    """An answer as it is kept: an IANA zone, a choice in lower case, a channel by a name of ours."""
    if question.key in ("zone", "times_zone"):
        return zone_named(told)
    if question.key.startswith("word:channel:"):
        return slug(told)
    return told.lower() if question.choices else told


def _why(question: Question) -> str:
    return WHY.get(question.key) or WHY[question.key.partition(":")[0]]


def _take(answers: Answers, proposal: Proposal, key: str, told: str) -> Callable[[], None]:
    """Put an answer where it belongs; returns what takes it back."""
    kind, _, name = key.partition(":")
    if kind == "fixed":
        answers.fixed[name] = told
        return lambda: answers.fixed.__delitem__(name)
    if kind == "word":
        one, _, word = name.partition(":")
        answers.words.setdefault(one, {})[word.lower()] = told
        return lambda: answers.words[one].__delitem__(word.lower())
    if kind == "summed":
        part = next(one for one, columns in proposal.mapping.items() if columns[0] == name).split("_")[1]
        answers.maps[f"{told}_{part}_seconds"] = (name,)
        return lambda: answers.maps.__delitem__(f"{told}_{part}_seconds")
    if kind == "unit":
        answers.units[name] = told
        return lambda: answers.units.__delitem__(name)
    if kind == "includes":
        answers.includes[name] = () if told == "none" else tuple(told.split("+"))
        return lambda: answers.includes.__delitem__(name)
    setattr(answers, kind, told)
    return lambda: setattr(answers, kind, None)


def _words_shown(seen: Seen, proposal: Proposal, answers: Answers) -> Iterator[str]:
    """How the words of fields of few are read: `outcome: Closed → answered · Open → open`."""
    for name in (*MEANS, "is_resolved"):
        for column in (seen.column(each) for each in proposal.mapping.get(name, ())):
            if (
                column is None
                or column.kind == "boolean"
                or (name == "is_resolved" and column.kind != "text")
            ):
                continue
            left = "a channel of its own" if name == "channel" else "says nothing"
            words = sorted({each.strip() for each in column.words})
            shown = [f"{each} → {ours(answers, name, each) or left}" for each in words[:_SHOWN_WORDS]]
            more = f" · … {len(words) - _SHOWN_WORDS} more" if len(words) > _SHOWN_WORDS else ""
            yield f"{name}: {' · '.join(shown)}{more}"


def _ask(console: Console, text: str) -> str:
    _line(console, text, "bold")
    try:
        return console.input("> ").strip()
    except EOFError:
        raise VitalsError(
            "The answers ended before the questions did.",
            "Answer them in a terminal, or by flags: vitals adopt --help",
        ) from None


def _timing(column: SeenColumn) -> str:
    """What is known of a time's zone and order of day and month, and what proves it."""
    if column.kind in ("epoch_s", "epoch_ms"):
        return "counted from 1970, UTC"
    told = ["with its offset from UTC" if column.zoned == 1 else "zone unknown"]
    if column.proof:
        text, line = column.proof
        told.append(f"{column.order.replace('_', ' ')}, as {text} in row {line} proves")
    elif column.order:
        told.append(
            "day and month mixed"
            if column.order == "contradicted"
            else "day or month first? nothing proves it"
        )
    if column.short_year:
        told.append("years of two digits, which nothing reads")
    return "; ".join(told)


def _cell(text: str) -> Text:
    # A name from an export is no markup, and cannot steer the terminal.
    return Text(one_line(text))


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
