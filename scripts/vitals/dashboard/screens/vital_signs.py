"""The scorecard as tiles: what to look at first, then each vital sign with target, change, trend, guard."""

from __future__ import annotations

from vitals.dashboard import theme
from vitals.dashboard.data import Reader, Row
from vitals.dashboard.page import FILTERS as ALL_FILTERS
from vitals.dashboard.page import Page, csv_button, heading, html, nothing
from vitals.dashboard.signs import Signs, read_signs, show_tiles
from vitals.scorecard import STATUS, Scorecard, shown_value

FILTERS = ALL_FILTERS
READS = ("signs",)
# Named in the summary; the tiles show all.
MOST_NAMED = 6


def read(reader: Reader, page: Page) -> Signs | None:
    """The scorecard; None where the period holds none."""
    return read_signs(reader, page)


def show(found: Signs | None, page: Page) -> None:
    """The page."""
    words = page.words
    heading(page, words("page.vital_signs"), words("about.vital_signs"), FILTERS)
    if found is None or found.is_empty:
        nothing(page)
        return
    if found.slice is None:
        _summary(found.card, page)
    else:
        html(f'<p class="note">{theme.text(words("slice.note"))}</p>')
    show_tiles(found, page, families=True)
    html(*(f'<p class="note">{theme.text(one)}</p>' for one in _notes(found, page)))
    csv_button(page, "vital_signs", _rows(found, page))


def _summary(card: Scorecard, page: Page) -> None:
    """How many are where, and what to look at first."""
    words = page.words
    counts = {
        status: sum(one.status == status for one in card.signs)
        for status in ("off_target", "near", "on_target")
    }
    chips = [
        theme.chip(status, STATUS[status][0], f"{count} {words('status.' + status)}")
        for status, count in counts.items()
        if count
    ]
    lines = []
    off = [one for one in card.signs if one.status == "off_target"]
    if off:
        named = ", ".join(
            f"{page.figure_link(one.kpi_id, page.kpi(one.kpi_id))} "
            f"<b>{words.localised(shown_value(one, words.currency))}</b>"
            for one in off[:MOST_NAMED]
        )
        more = " …" if len(off) > MOST_NAMED else ""
        lines.append(f"<li>✗ {words('status.off_target')} · {named}{more}</li>")
    for one in (one for one in card.signs if one.is_bought_at_guards_expense):
        guards = ", ".join(page.kpi(each) for each in card.worse_guards(one))
        bought = words("note.bought", kpi=page.kpi(one.kpi_id), guard=guards)
        lines.append(f"<li>⚠ {theme.text(bought)}</li>")
    html(f'<div class="summary">{"".join(chips)}</div>')
    if lines:
        html(f'<div class="first"><b>{words("label.look_first")}</b><ul>{"".join(lines)}</ul></div>')


def _notes(found: Signs, page: Page) -> list[str]:
    words, card = page.words, found.card
    notes = []
    if found.slice is None:
        notes.append(words("label.compared", with_=words(f"compared.{card.period}")))
        if any(one.better == "target" and one.target is not None for one in card.signs):
            notes.append(f"± {words('note.both_sides')}")
    if any(not one.is_final for one in card.signs):
        notes.append(f"~ {words('note.provisional')}")
    return notes


def _rows(found: Signs, page: Page) -> list[Row]:
    shared = [
        {"kpi_id": one.kpi_id, "kpi_name": page.kpi(one.kpi_id), "unit": one.unit} for one in found.card.signs
    ]
    if found.slice is not None:
        return [row | found.slice[row["kpi_id"]] for row in shared if row["kpi_id"] in found.slice]
    columns = (
        "numerator",
        "denominator",
        "value",
        "target",
        "status",
        "previous_value",
        "change",
        "is_final",
    )
    return [
        row | {name: getattr(one, name) for name in columns}
        for row, one in zip(shared, found.card.signs, strict=True)
    ]
