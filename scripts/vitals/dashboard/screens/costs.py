"""What a contact costs, where the money goes, and what self-service would save."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import streamlit as st

from vitals.dashboard import theme
from vitals.dashboard.data import Reader, Row
from vitals.dashboard.page import FILTERS as ALL_FILTERS
from vitals.dashboard.page import Page, heading, html, listing, nothing, section
from vitals.dashboard.signs import Signs, read_signs, show_tiles
from vitals.dashboard.theme import Column

FILTERS = ALL_FILTERS
READS = ("signs", "costs")
# The cost and what it must not be saved on.
KPIS = ("cost_per_contact", "first_contact_resolution", "csat", "self_service_containment")
CATEGORIES = ("pay", "licences", "premises", "telecom", "other")
MOST_ROWS = 12


@dataclass(frozen=True)
class Found:
    """What the page shows."""

    signs: Signs | None
    by_site: list[Row]
    by_channel: list[Row]
    by_contact_type: list[Row]
    sites: list[Row]
    opportunities: list[Row]


def read(reader: Reader, page: Page) -> Found:
    """Signs, costs by part, sites by month, opportunities."""
    parts = {
        name: reader.put("costs", name, page.view)
        for name in ("by_site", "by_channel", "by_contact_type", "sites", "opportunities")
    }
    return Found(signs=read_signs(reader, page), **parts)


def show(found: Found, page: Page) -> None:
    """The page."""
    words = page.words
    heading(page, words("page.costs"), words("about.costs"), FILTERS)
    if found.signs is None or not (found.by_site or found.sites):
        nothing(page)
        return
    show_tiles(found.signs, page, KPIS)
    left, right = st.columns(2, gap="medium")
    with left:
        section(words("costs.by_site"), words("costs.parts_note"))
        _parts("by_site", [{"name": page.name("site", row["member"]), **row} for row in found.by_site], page)
        section(words("costs.by_channel"))
        rows = [{"name": page.name("channel", row["member"]), **row} for row in found.by_channel]
        _parts("by_channel", rows, page)
    with right:
        section(words("costs.by_contact_type"), words("costs.parts_note"))
        _parts("by_contact_type", found.by_contact_type, page)
    _opportunities(found.opportunities, page)
    _sites(found.sites, page)


def _parts(name: str, rows: list[Row], page: Page) -> None:
    words = page.words
    listing(
        page,
        f"costs_{name}",
        (
            Column("name", words("label." + name.removeprefix("by_"))),
            Column("numerator", words("costs.amount"), "money"),
            Column("denominator", words("costs.handled"), "count"),
            page.column("cost_per_contact", "value"),
        ),
        rows,
        shown=rows[:MOST_ROWS],
    )


def _opportunities(rows: list[Row], page: Page) -> None:
    words = page.words
    section(words("costs.self_service"), words("costs.self_service_note"))
    if not rows:
        nothing(page, "nothing.slice")
        return
    together = words(
        "costs.together",
        saving=words.value(sum(row["saving_amount"] or 0.0 for row in rows), "money"),
        contacts=words.count(sum(row["movable_count"] or 0 for row in rows)),
    )
    html(f"<p><b>{theme.text(together)}</b></p>")
    listing(
        page,
        "self_service_opportunities",
        (
            Column("name", words("label.contact_type")),
            Column("client_name", words("label.client")),
            Column("saving_amount", words("costs.saving"), "money"),
            Column("handled_count", words("costs.handled"), "count"),
            page.column("cost_per_contact", "cost_per_contact"),
            Column("simplicity", words("costs.simple"), "share"),
            Column("movable_count", words("costs.movable"), "count"),
            Column("containment", words("costs.containment"), "percent"),
            Column("source", words("costs.containment_source")),
        ),
        rows,
        shown=[
            {
                **row,
                "client_name": page.name("client", row["client"]),
                "source": words.named("containment", row["containment_source"]),
            }
            for row in rows[:MOST_ROWS]
        ],
        source="marts.rpt_self_service_opportunities",
    )


def _sites(rows: list[Row], page: Page) -> None:
    words = page.words
    if not rows:
        return
    section(words("costs.sites"), words("costs.sites_note"))
    columns = (
        Column("site_name", words("label.site")),
        Column("sourced", words("costs.sourcing")),
        *(Column(f"{one}_amount", words(f"costs.{one}"), "money") for one in CATEGORIES),
        Column("reporting_amount", words("costs.amount"), "money"),
        page.column("cost_per_contact", "cost_per_contact"),
        page.column("first_contact_resolution", "fcr"),
        page.column("csat", "csat"),
    )
    for month, group in groupby(rows, key=lambda row: row["month"]):
        of_month = list(group)
        told = [{**row, "sourced": words.named("sourcing", row["sourcing"] or "unknown")} for row in of_month]
        mark = "" if all(row["is_final"] for row in of_month) else f" · {words('label.provisional')}"
        listing(
            page,
            f"site_costs_{month:%Y_%m}",
            columns,
            of_month,
            caption=words.month(month) + mark,
            shown=told,
        )
