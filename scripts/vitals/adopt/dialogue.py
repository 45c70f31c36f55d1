"""The dialogue of `vitals adopt`: what is seen, what is proposed, what is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vitals.adopt.contract import GRAINS, HANDLE, ContractTable
from vitals.adopt.look import Seen, SeenColumn
from vitals.adopt.plan import Plan
from vitals.adopt.propose import Answers, Proposal, Question, check_answers, propose, questions
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
    left = [each.name for each in seen.columns if each.name not in proposal.columns()]
    if left:
        _line(console, f"Left in raw data, for no field says it: {', '.join(left)}", "dim")


def show_plan(console: Console, plan: Plan, changed: Sequence[str]) -> None:
    """What is written, and what to know of it."""
    for each in changed:
        _line(console, f"  writes {each}")
    for path, rows in plan.added.items():
        _line(console, f"    {path}: {len(rows)} row{'s' if len(rows) > 1 else ''} more")
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
    if open_ones := questions(seen, proposal, answers):
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
    while True:
        show_proposal(console, seen, proposal, answers)
        told = _ask(
            console,
            "Enter accepts. COLUMN=FIELD changes it (COLUMN=none leaves it out, A+B=FIELD joins two);"
            " `table NAME` takes another table; ? lists the fields:",
        )
        if not told:
            break
        try:
            proposal = _changed(console, seen, answers, tables, told)
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


def _changed(
    console: Console, seen: Seen, answers: Answers, tables: Mapping[str, ContractTable], told: str
) -> Proposal:
    before = replace(answers, maps=dict(answers.maps), left=set(answers.left))
    proposal = propose(seen, answers, tables)
    if told == "?":
        for each in proposal.table.fields:
            _line(console, f"  {each.name} ({each.kind}): {each.meaning}")
        if proposal.table.field(HANDLE):
            _line(console, f"  {HANDLE} (seconds): talk with hold, after-contact work or both in it")
        return proposal
    try:
        if told.startswith("table "):
            answers.table = told.removeprefix("table ").strip()
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
        if not told or (question.choices and told not in question.choices):
            _line(
                console,
                f"✗ Answer one of: {', '.join(question.choices)}"
                if question.choices
                else "✗ It cannot stay open.",
                "red",
            )
            continue
        undo = _take(answers, proposal, question.key, told)
        try:
            check_answers(seen, proposal, answers)
        except VitalsError as error:
            undo()
            _line(console, f"✗ {error.message} {error.remedy}", "red")
            continue
        return


def _take(answers: Answers, proposal: Proposal, key: str, told: str) -> Callable[[], None]:
    """Put an answer where it belongs; returns what takes it back."""
    kind, _, name = key.partition(":")
    if kind == "fixed":
        answers.fixed[name] = told
        return lambda: answers.fixed.__delitem__(name)
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
