"""Whether it was settled the first time: resolution, repeats and their causes, journeys, customers."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from vitals.dashboard.data import Reader, Row
from vitals.dashboard.page import FILTERS as ALL_FILTERS
from vitals.dashboard.page import (
    Page,
    heading,
    listing,
    not_at_this_level,
    nothing,
    section,
)
from vitals.dashboard.signs import Signs, read_signs, show_tiles, show_trend
from vitals.dashboard.theme import Column

FILTERS = ALL_FILTERS
READS = ("signs", "first_contact")
KPIS = (
    "first_contact_resolution",
    "repeat_contact_rate",
    "resolution_rate",
    "transfer_rate",
    "retelling_rate",
    "self_service_containment",
)
TRENDS = ("first_contact_resolution", "repeat_contact_rate")
MOST_ROWS = 12


@dataclass(frozen=True)
class Found:
    """What the page shows; journeys None where the file does not hold them."""

    signs: Signs | None
    daily: list[Row]
    causes: list[Row]
    journeys: list[Row] | None
    segments: list[Row]


def read(reader: Reader, page: Page) -> Found:
    """Signs, trends, causes, journeys and customers."""
    view = page.view
    return Found(
        signs=read_signs(reader, page),
        daily=reader.put("first_contact", "daily", view.trend, kpis=list(TRENDS)),
        causes=_causes(reader, page),
        journeys=reader.put("first_contact", "journeys", view)
        if reader.holds("marts.rpt_customer_journeys")
        else None,
        segments=reader.put("first_contact", "segments", view),
    )


def _causes(reader: Reader, page: Page) -> list[Row]:
    """The contact types, and how their rates moved against as many days before."""
    now, before = (reader.put("first_contact", "causes", view) for view in (page.view, page.view.before))
    was = {row["member"]: row for row in before}
    told = []
    for row in now:
        moved: Row = {}
        for rate in TRENDS:
            previous = was.get(row["member"], {}).get(rate)
            known = previous is not None and row[rate] is not None
            moved[f"{rate}_change"] = row[rate] - previous if known else None
        told.append({**row, **moved})
    return told


def show(found: Found, page: Page) -> None:
    """The page."""
    words = page.words
    heading(page, words("page.first_contact"), words("about.first_contact"), FILTERS)
    if found.signs is None or (found.signs.is_empty and not found.causes):
        nothing(page)
        return
    show_tiles(found.signs, page, KPIS)
    for place, kpi_id in zip(st.columns(2, gap="medium"), TRENDS, strict=True):
        with place:
            show_trend(found.signs, page, kpi_id, [row for row in found.daily if row["kpi_id"] == kpi_id])
    before = page.view.before
    span = words.span(before.first_day, before.last_day)
    section(words("first.causes"), words("first.causes_note", span=span))
    rows = found.causes
    listing(
        page,
        "repeat_causes",
        (
            Column("name", words("label.contact_type")),
            Column("repeats_count", words("first.repeats"), "count"),
            Column("contacts_count", words("first.identified"), "count"),
            page.column("repeat_contact_rate", "repeat_contact_rate", "share"),
            Column("repeat_contact_rate_change", words("label.change"), "change_percent"),
            page.column("first_contact_resolution", "first_contact_resolution"),
            Column("first_contact_resolution_change", words("label.change"), "change_percent"),
            page.column("transfer_rate", "transfer_rate"),
        ),
        rows,
        shown=rows[:MOST_ROWS],
    )
    _journeys(found, page)
    _segments(found.segments, page)


def _journeys(found: Found, page: Page) -> None:
    words = page.words
    section(words("first.journeys"), words("first.journeys_note"))
    if found.journeys is None:
        not_at_this_level(page, words("first.journeys"))
        return
    rows = found.journeys
    listing(
        page,
        "journeys",
        (
            Column("path", words("first.path")),
            Column("issues_count", words("first.issues"), "count"),
            page.column("first_contact_resolution", "first_contact_resolution"),
            Column("contacts_per_issue", words("first.contacts_per_issue"), "decimal"),
            Column("agents_per_issue", words("first.agents_per_issue"), "decimal"),
            Column("days_to_resolution", words("first.days"), "decimal"),
            Column("cost_per_issue", words("first.cost_per_issue"), "money"),
        ),
        rows,
        shown=[{"path": _path(row["channel_path"], page), **row} for row in rows[:MOST_ROWS]],
        source="marts.rpt_customer_journeys",
    )


def _path(channels: str, page: Page) -> str:
    return " › ".join(page.name("channel", one.strip()) for one in channels.split("›"))


def _segments(rows: list[Row], page: Page) -> None:
    words = page.words
    if not rows:
        return
    section(words("first.customers"), words("first.customers_note"))
    listing(
        page,
        "customers",
        (
            Column("name", words("first.frequency")),
            Column("customers_count", words("first.customers"), "count"),
            Column("contacts_count", words("label.contacts"), "count"),
            Column("contacts_share", words("label.share"), "share"),
            page.column("csat", "csat"),
            Column("cost_per_customer", words("first.cost_per_customer"), "money"),
        ),
        rows,
        shown=[{"name": words.named("segment", row["frequency_segment"]), **row} for row in rows],
        source="marts.rpt_customer_segments",
    )
