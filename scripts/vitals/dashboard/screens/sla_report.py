"""What each client was promised and given in a month: to print, or to send as one file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from html import escape
from itertools import groupby

import streamlit as st

from vitals.dashboard import theme
from vitals.dashboard.data import Reader, Row
from vitals.dashboard.page import Page, csv_button, definitions, heading, html, nothing, pick
from vitals.dashboard.theme import Column

FILTERS = ("client",)
READS = ("sla_report",)


@dataclass(frozen=True)
class Found:
    """The months that there are, the one shown, and its promises."""

    months: list[date]
    month: date | None
    promises: list[Row]


def read(reader: Reader, page: Page) -> Found:
    """The month that is asked for: by default the last whole one, as far as there is one."""
    months = [row["month"] for row in reader.put("sla_report", "months")]
    if not months:
        return Found([], None, [])
    default = months[1] if len(months) > 1 else months[0]
    chosen = date.fromisoformat(
        page.choice("month", [f"{one:%Y-%m-%d}" for one in months], f"{default:%Y-%m-%d}")
    )
    return Found(months, chosen, reader.put("sla_report", "promises", page.view, month=chosen))


def show(found: Found, page: Page) -> None:
    """The page."""
    words = page.words
    heading(page, words("page.sla_report"), words("about.sla_report"), FILTERS)
    if found.month is None:
        nothing(page, "nothing.sla")
        return
    default = found.months[1] if len(found.months) > 1 else found.months[0]
    pick(
        "month",
        words("label.month"),
        {f"{one:%Y-%m-%d}": words.month(one) for one in found.months},
        f"{default:%Y-%m-%d}",
        width=260,
    )
    if not found.promises:
        nothing(page, "nothing.sla")
        return
    _files(found, page)
    html(report(found, page, linked=True), definitions(page, "marts.rpt_sla_report", list(found.promises[0])))
    csv_button(page, "sla_report", found.promises)


def _files(found: Found, page: Page) -> None:
    """A file for each client, so that none is sent another's figures, and one of all."""
    words = page.words
    clients = sorted({row["client"] for row in found.promises}, key=lambda one: page.name("client", one))
    labels = {one: f"{page.name('client', one)} · HTML" for one in clients} if len(clients) > 1 else {}
    html(f'<p class="note">{theme.text(words("sla.print_note"))}</p>')
    with st.container(horizontal=True):
        for client, label in {**labels, page.view.client: words("sla.html")}.items():
            part = found
            if client != page.view.client:
                part = replace(found, promises=[row for row in found.promises if row["client"] == client])
            st.download_button(
                label,
                document(report(part, page), part, page, client),
                file_name=f"sla_{client}_{_month(found):%Y_%m}.html",
                mime="text/html",
                key=f"sla_html_{client}",
                on_click="ignore",
                icon=":material/description:",
            )


def report(found: Found, page: Page, linked: bool = False) -> str:
    """The report as HTML: per client a summary and a table; linked leads to the definitions."""
    return "".join(
        _client(client, list(rows), page, linked)
        for client, rows in groupby(found.promises, key=lambda row: row["client"])
    )


def _client(client: str, rows: list[Row], page: Page, linked: bool) -> str:
    words = page.words
    month = rows[0]["month"]
    judged = [row for row in rows if row["is_attained"] is not None]
    kept = sum(row["is_attained"] for row in judged)
    said = words("sla.summary", kept=kept, promises=len(judged))
    status = theme.chip("ok", "✓", said) if kept == len(judged) else theme.chip("bad", "✗", said)
    provisional = "" if all(row["is_final"] for row in rows) else f"~ {words('sla.provisional')}"
    columns = (
        Column("service", words("sla.service")),
        Column("kpi", words("label.kpi"), "html"),
        Column("attained", words("label.status"), "html"),
        Column("given", words("sla.given"), "right"),
        Column("promised", words("sla.promised"), "right"),
        Column("margin_shown", words("sla.margin"), "right"),
        Column("days", words("sla.days"), "right"),
        Column("worst", words("sla.worst"), "line"),
        Column("since", words("sla.stretch"), "line"),
    )
    shown = [
        {
            "service": words("all.service_type")
            if row["service_type"] == "all"
            else words.named("service_type", row["service_type"]),
            "kpi": page.figure_link(row["kpi_id"], page.kpi(row["kpi_id"]), client=client)
            if linked
            else theme.text(page.kpi(row["kpi_id"])),
            "promised": f"{'≥' if row['better'] == 'up' else '≤'} {words.value(row['target'], row['unit'])}",
            "given": words.value(row["value"], row["unit"]) + ("" if row["is_final"] else " ~"),
            "margin_shown": words.change(row["margin"], row["unit"]),
            "attained": _attained(row["is_attained"], page),
            "days": f"{words.count(row['days_met_count'])} / {words.count(row['days_with_data_count'])}",
            "worst": "–"
            if row["worst_day"] is None
            else f"{words.value(row['worst_day_value'], row['unit'])} ({words.short_day(row['worst_day'])})",
            "since": words.span(row["period_start_date"], row["period_end_date"]),
        }
        for row in rows
    ]
    return (
        f"<h2>{theme.text(page.name('client', client))} · {words.month(month)}</h2>"
        f'<p class="summary">{status}</p>'
        f'<p class="note">{theme.text(provisional)}</p>'
        f"{theme.table(columns, shown, words)}"
    )


def _attained(attained: bool | None, page: Page) -> str:
    if attained is None:
        return theme.chip("no_data", "?", page.words("status.no_data"))
    if attained:
        return theme.chip("ok", "✓", page.words("sla.kept"))
    return theme.chip("bad", "✗", page.words("sla.missed"))


def document(body: str, found: Found, page: Page, client: str) -> str:
    """The report as one HTML file that needs nothing else: to mail, or to print as PDF."""
    words = page.words
    title = f"{words('page.sla_report')} · {page.name('client', client)} · {words.month(_month(found))}"
    told = (
        f"{words('label.as_of')} {words.moment(page.version.as_of)} UTC · "
        f"{words('label.published')} {words.moment(page.version.published_at)} UTC"
    )
    return (
        f'<!doctype html><html lang="{words.language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{theme.STYLES.read_text(encoding='utf-8')}"
        "body { font-family: 'Source Sans', system-ui, sans-serif; margin: 28px; max-width: 1100px; }"
        "@page { size: A4 landscape; margin: 14mm; }</style></head><body>"
        + theme.block(f"<h1>{escape(title)}</h1><p class='note'>{escape(told)}</p>", body)
        + "</body></html>"
    )


def _month(found: Found) -> date:
    assert found.month is not None
    return found.month
