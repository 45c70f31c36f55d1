"""Behind a figure: what it means, how and from what it was computed, its parts, and the rows that make it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from vitals.dashboard import charts, theme
from vitals.dashboard.data import MOST_CSV_ROWS, SOURCES, Reader, Row, behind, by_hour
from vitals.dashboard.page import FILTERS as ALL_FILTERS
from vitals.dashboard.page import (
    Page,
    chart,
    csv_button,
    heading,
    html,
    listing,
    not_at_this_level,
    nothing,
    pick,
    section,
)
from vitals.dashboard.theme import Column

FILTERS = ALL_FILTERS
READS = ("figure",)
PARTS = ("client", "site", "queue", "channel", "contact_type")
# The reading of the service level that the KPI is (docs/decisions.md).
DEFAULT_VARIANT = "short_abandons_excluded"
MOST_ROWS = 25


@dataclass(frozen=True)
class Found:
    """What the page shows; rows None where the file does not hold them, or no single rows make the figure."""

    kpi_id: str
    total: Row
    daily: list[Row]
    parts: Mapping[str, list[Row]]
    variants: list[Row]
    scorecard: Row | None
    rows: list[Row] | None
    is_single: bool


def read(reader: Reader, page: Page) -> Found:
    """The figure of the slice, its days and parts, its readings, its rows."""
    view = page.view
    kpi_id = page.choice("kpi", sorted(page.kpis), "service_level")
    total = reader.put("figure", "total", view, kpi=kpi_id)[0]
    parts = {dimension: _read_parts(reader, page, kpi_id, dimension) for dimension in PARTS}
    card = reader.put("figure", "scorecard", view, kpi=kpi_id)
    source = SOURCES.get(kpi_id)
    rows = None
    if source and reader.holds(source.relation) and _reaches(source.relation, page):
        synchronous = page.kpis[kpi_id]["scorecard_channels"] == "synchronous" and view.channel == "all"
        rows = reader.rows(behind(kpi_id, page.kpis[kpi_id]["better"], synchronous), view, most=MOST_CSV_ROWS)
        if source.relation == "marts.fct_contacts":
            sql = by_hour(kpi_id, synchronous)
            parts["hour"] = _with_change(reader.rows(sql, view), reader.rows(sql, view.before))
    daily = reader.put("figure", "daily", view.trend, kpi=kpi_id)
    if kpi_id in reader.not_measured(view) and total["numerator"] == 0:
        total, daily, parts = {**total, "value": None}, [], {}
    target = card[0]["target"] if card else None
    parts = {
        dimension: _worst_first(found, total, page.kpis[kpi_id]["better"], target)
        for dimension, found in parts.items()
        if len(found) > 1
    }
    return Found(
        kpi_id=kpi_id,
        total=total,
        daily=daily,
        parts=parts,
        variants=reader.put("figure", "variants", view) if kpi_id == "service_level" else [],
        scorecard=card[0] if card and not view.is_slice else None,
        rows=rows,
        is_single=source is not None and _reaches(source.relation, page),
    )


def _read_parts(reader: Reader, page: Page, kpi_id: str, dimension: str) -> list[Row]:
    now, before = (
        reader.put("figure", f"by_{dimension}", view, kpi=kpi_id) for view in (page.view, page.view.before)
    )
    return _with_change(now, before)


def _with_change(rows: list[Row], before: list[Row]) -> list[Row]:
    """The parts that there are, each with what it was in as many days before."""
    was = {row["member"]: row["value"] for row in before}
    told = []
    for row in rows:
        if row["member"] and row["denominator"]:
            previous = was.get(row["member"])
            change = None if previous is None or row["value"] is None else row["value"] - previous
            told.append({**row, "previous_value": previous, "change": change})
    return told


def _worst_first(rows: list[Row], total: Row, better: str, target: float | None) -> list[Row]:
    """The parts with the figure as it would be without each; first the one without which it would be best."""
    told = []
    for row in rows:
        rest = (total["denominator"] or 0.0) - row["denominator"]
        without = ((total["numerator"] or 0.0) - (row["numerator"] or 0.0)) / rest if rest > 0 else None
        told.append({**row, "without": without})

    def rank(row: Row) -> float:
        if row["without"] is None:
            return float("inf")
        if better == "target":
            return abs(row["without"] - target) if target is not None else 0.0
        return {"up": -1, "down": 1}.get(better, 0) * float(row["without"])

    return sorted(told, key=rank)


def _reaches(relation: str, page: Page) -> bool:
    """Agents' time is not split by client, queue or channel: behind such a slice there are no rows of it."""
    view = page.view
    return relation != "marts.agg_agents_daily" or (view.client, view.queue, view.channel) == ("all",) * 3


def show(found: Found, page: Page) -> None:
    """The page."""
    words = page.words
    kpi = page.kpis[found.kpi_id]
    heading(page, page.kpi(found.kpi_id), words.kpi_meaning(kpi), FILTERS)
    pick(
        "kpi",
        words("label.kpi"),
        {one: page.kpi(one) for one in sorted(page.kpis, key=page.kpi)},
        "service_level",
        width=320,
    )
    left, right = st.columns((5, 7), gap="medium")
    with left:
        _figure(found, page)
    with right:
        _definition(found, page)
    if found.variants:
        _variants(found.variants, page)
    daily = [row for row in found.daily if row["value"] is not None]
    if daily:
        section(words("label.by_day", kpi=page.kpi(found.kpi_id)))
        chart(
            charts.lines(
                daily,
                "day",
                {"value": page.kpi(found.kpi_id)},
                kpi["unit"],
                words,
                target=found.scorecard["target"] if found.scorecard else None,
            ),
            "daily",
            words("label.by_day", kpi=page.kpi(found.kpi_id)),
        )
        csv_button(page, f"{found.kpi_id}_by_day", found.daily)
    _parts(found, page)
    _rows(found, page)


def _figure(found: Found, page: Page) -> None:
    words, total, unit = page.words, found.total, page.unit(found.kpi_id)
    if total["value"] is None:
        nothing(page)
        return
    card = found.scorecard
    html(
        theme.tile(
            name=theme.text(page.kpi(found.kpi_id)),
            value=words.value(total["value"], unit),
            mark="" if total["is_final"] else words("note.provisional"),
            status=theme.status_chip(card["status"], words) if card else "",
            second=f"{words('label.target')} <b>{words.value(card['target'], unit)}</b>"
            if card and card["target"] is not None
            else "",
            third=f"{words.number(total['numerator'])} ÷ {words.number(total['denominator'])}",
            data={"kpi": found.kpi_id, "value": total["value"]},
        )
    )


def _definition(found: Found, page: Page) -> None:
    words, kpi, version = page.words, page.kpis[found.kpi_id], page.version
    guards = [
        page.figure_link(kpi[each], page.kpi(kpi[each]))
        for each in ("guard_kpi_id", "second_guard_kpi_id")
        if kpi[each]
    ]
    unit = words.named("unit_name", kpi["unit"])
    pairs = {
        words("figure.formula"): f"{theme.text(kpi['numerator'])} ÷ {theme.text(kpi['denominator'])}",
        words("figure.unit"): f"{theme.text(unit)}; {theme.text(words.named('better', kpi['better']))}",
        words("figure.source"): f"<code>marts.kpi_{theme.text(found.kpi_id)}</code> · "
        f"<code>docs/kpis/{theme.text(found.kpi_id)}.md</code>",
    }
    acronyms = kpi[f"acronyms_{words.language}"]
    if acronyms:
        pairs[words("figure.acronyms")] = theme.text(acronyms)
    if found.variants:
        pairs[words("figure.variant")] = theme.text(words.named("variant", DEFAULT_VARIANT))
    if guards:
        pairs[words("label.guard")] = ", ".join(guards)
    if kpi["scorecard_channels"] == "synchronous" and page.view.channel == "all":
        pairs[words("filter.channel")] = theme.text(words("figure.synchronous"))
    pairs[words("figure.build")] = (
        f"{words('label.as_of')} {words.moment(version.as_of)} UTC, "
        f"{words('label.published').lower()} {words.moment(version.published_at)} UTC, "
        f"Vitals {theme.text(version.vitals_version)}, "
        f"dbt <code>{theme.text(version.dbt_invocation_id)}</code>"
    )
    html(theme.facts(pairs))


def _variants(rows: list[Row], page: Page) -> None:
    words = page.words
    section(words("figure.variants"), words("figure.variants_note"))
    listing(
        page,
        "service_level_variants",
        (
            Column("name", words("figure.variant")),
            Column("numerator", words("label.numerator"), "count"),
            Column("denominator", words("label.denominator"), "count"),
            Column("value", words("label.value"), "share"),
        ),
        rows,
        shown=[
            {
                **row,
                "name": words.named("variant", row["variant"])
                + (f" · {words('figure.this_one')}" if row["variant"] == DEFAULT_VARIANT else ""),
            }
            for row in rows
        ],
        source="marts.kpi_service_level_variants",
    )


def _parts(found: Found, page: Page) -> None:
    words, unit = page.words, page.unit(found.kpi_id)
    if not found.parts:
        return
    before = page.view.before
    note = words("figure.parts_note", span=words.span(before.first_day, before.last_day))
    is_ranked = page.kpis[found.kpi_id]["better"] in ("up", "down") or (found.scorecard or {}).get("target")
    section(words("figure.parts"), f"{note} {words('figure.parts_order')}" if is_ranked else note)
    for position, (dimension, rows) in enumerate(found.parts.items()):
        if position % 2 == 0:
            places = st.columns(2, gap="medium")
        named = [{**row, "name": page.name(dimension, row["member"])} for row in rows]
        with places[position % 2]:
            listing(
                page,
                f"{found.kpi_id}_by_{dimension}",
                (
                    Column("name", words(f"label.{dimension}")),
                    Column("numerator", words("label.numerator"), "count"),
                    Column("denominator", words("label.denominator"), "count"),
                    Column("value", words("label.value"), unit),
                    Column("change", words("label.change"), f"change_{unit}"),
                    Column("without", words("figure.without"), unit),
                ),
                named,
                shown=named[:12],
            )


def _rows(found: Found, page: Page) -> None:
    words = page.words
    section(words("figure.rows"))
    if not found.is_single:
        html(f'<p class="note">{theme.text(words("figure.no_rows"))}</p>')
        return
    if found.rows is None:
        not_at_this_level(page, words("figure.rows"))
        return
    if not found.rows:
        html(f'<p class="note">{theme.text(words("nothing.slice"))}</p>')
        return
    count = words.count(found.rows[0]["rows_count"])
    shown = min(MOST_ROWS, len(found.rows))
    told = words("figure.rows_note", shown=shown, rows=count, most=words.count(MOST_CSV_ROWS))
    html(f'<p class="note">{theme.text(told)}</p>')
    plain = all(row["denominator"] == 1 for row in found.rows)
    left_out = {"rows_count", "denominator"} if plain else {"rows_count"}
    rows = [{key: value for key, value in row.items() if key not in left_out} for row in found.rows]
    named = [{key: _named(key, value, page) for key, value in row.items()} for row in rows[:MOST_ROWS]]
    columns = [
        Column(key, words.named("column", key), _kind(key, rows))
        for key in sorted(rows[0], key=lambda key: key.endswith("_id"))  # long: at the end
    ]
    listing(page, f"{found.kpi_id}_rows", columns, rows, shown=named, source=SOURCES[found.kpi_id].relation)


def _named(key: str, value: Any, page: Page) -> Any:
    if key in PARTS:
        return page.name(key, value)
    return page.words.named(key, value) if key == "outcome" else value


def _kind(key: str, rows: list[Row]) -> str:
    if key.endswith("_id"):
        return "id"
    if key.endswith("_at"):
        return "moment"
    if key in ("day", "arrived_date"):
        return "day"
    if key.endswith("_seconds"):
        return "seconds"
    if any(isinstance(row[key], int | float) for row in rows):
        return "number"
    return "text"
