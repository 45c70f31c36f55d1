"""How customers come and why, how the figures move, what to expect, and what events did."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from vitals.dashboard import charts, theme
from vitals.dashboard.data import Reader, Row
from vitals.dashboard.page import FILTERS as ALL_FILTERS
from vitals.dashboard.page import Page, chart, csv_button, heading, html, listing, nothing, section
from vitals.dashboard.signs import Signs, read_signs, show_trend
from vitals.dashboard.theme import Column

FILTERS = ALL_FILTERS
READS = ("signs", "mix_and_trends")
TRENDS = (
    "service_level",
    "speed_of_answer",
    "abandonment_rate",
    "handle_time",
    "first_contact_resolution",
    "csat",
)


@dataclass(frozen=True)
class Found:
    """What the page shows; the trends by KPI."""

    signs: Signs | None
    trends: dict[str, list[Row]]
    channels: list[Row]
    contact_types: list[Row]
    offered: list[Row]
    forecast: list[Row]
    backtest: Row
    events: list[Row]


def read(reader: Reader, page: Page) -> Found:
    """Trends over four weeks at least, the mix of the period, the forecast and the events."""
    view = page.view
    daily = reader.put("mix_and_trends", "daily", view.trend, kpis=list(TRENDS))
    return Found(
        signs=read_signs(reader, page),
        trends={each: [row for row in daily if row["kpi_id"] == each] for each in TRENDS},
        channels=reader.put("mix_and_trends", "channels", view.trend),
        contact_types=reader.put("mix_and_trends", "contact_types", view),
        offered=reader.put("mix_and_trends", "offered", view.trend),
        forecast=reader.put("mix_and_trends", "forecast", view),
        backtest=reader.put("mix_and_trends", "backtest", view)[0],
        events=reader.put("mix_and_trends", "events", view),
    )


def show(found: Found, page: Page) -> None:
    """The page."""
    words = page.words
    heading(page, words("page.mix_and_trends"), words("about.mix_and_trends"), FILTERS)
    if not found.offered and not found.contact_types:
        nothing(page)
        return
    trend = page.view.trend
    span = words.span(trend.first_day, trend.last_day)
    section(words("trends.kpis"), words("trends.kpis_note", span=span))
    for pair in zip(TRENDS[::2], TRENDS[1::2], strict=True):
        for place, kpi_id in zip(st.columns(2, gap="medium"), pair, strict=True):
            with place:
                show_trend(found.signs, page, kpi_id, found.trends[kpi_id])

    left, right = st.columns(2, gap="medium")
    with left:
        section(words("trends.channels"), words("trends.channels_note", span=span))
        members = {
            row["member"]: page.name("channel", row["member"])
            for row in sorted(found.channels, key=lambda row: -row["contacts_count"])
        }
        chart(charts.stacked_days(found.channels, members, words), "channels", words("trends.channels"))
        csv_button(page, "channel_mix", found.channels)
    with right:
        section(
            words("trends.types"),
            words("trends.types_note", span=words.span(page.view.first_day, page.view.last_day)),
        )
        rows = [
            {
                **row,
                "change": None if row["previous_value"] is None else row["value"] - row["previous_value"],
                "growth": row["numerator"] / row["previous_numerator"] - 1
                if row["previous_numerator"]
                else None,
            }
            for row in found.contact_types
        ]
        html(_growing(rows, page))
        listing(
            page,
            "contact_types",
            (
                Column("name", words("label.contact_type")),
                Column("numerator", words("label.contacts"), "count"),
                Column("growth", words("label.change"), "growth"),
                Column("value", words("label.share"), "share"),
                Column("change", words("trends.share_change"), "change_percent"),
            ),
            rows,
            shown=rows[:12],
        )
    _expected(found, page)
    _events(found.events, page)


def _growing(rows: list[Row], page: Page) -> str:
    """The contact types that brought most contacts more than in as many days before."""
    more = {row["name"]: row["numerator"] - row["previous_numerator"] for row in rows}
    most = [name for name in sorted(more, key=lambda one: -more[one]) if more[name] > 0][:3]
    if not most or not any(row["previous_numerator"] for row in rows):
        return ""
    named = ", ".join(f"{theme.text(name)} <b>+{page.words.count(more[name])}</b>" for name in most)
    return f"<p>{theme.text(page.words('trends.growing'))}: {named}</p>"


def _expected(found: Found, page: Page) -> None:
    words, test = page.words, found.backtest
    error = (
        words(
            "trends.backtest",
            error=words.value(test["day_wape"], "percent"),
            naive=words.value(test["naive_day_wape"], "percent"),
        )
        if test["day_wape"] is not None
        else ""
    )
    section(words("trends.forecast"), f"{words('trends.forecast_note')} {error}")
    if not found.forecast:
        html(f'<p class="note">{theme.text(words("trends.no_forecast"))}</p>')
        return
    first = found.forecast[0]["day"]
    rows = [
        {"day": row["day"], "offered_count": row["offered_count"], "expected_count": None}
        for row in found.offered
        if row["day"] < first
    ] + [
        {"day": row["day"], "offered_count": None, "expected_count": row["expected_count"]}
        for row in found.forecast
    ]
    chart(
        charts.lines(
            rows,
            "day",
            {"offered_count": words("trends.offered"), "expected_count": words("trends.expected")},
            "count",
            words,
            dashed=("expected_count",),
        ),
        "forecast",
        words("trends.forecast_note"),
    )
    csv_button(page, "forecast", found.forecast)


def _events(rows: list[Row], page: Page) -> None:
    words = page.words
    if not rows:
        return
    section(words("trends.events"), words("trends.events_note"))
    listing(
        page,
        "events",
        (
            Column("name", words("trends.event")),
            Column("client_name", words("label.client")),
            Column("days", words("trends.days")),
            Column("value", words("trends.per_day"), "count"),
            Column("baseline_value", words("trends.usual"), "count"),
            Column("change_share", words("label.change"), "growth"),
            Column("extra_contacts", words("trends.extra"), "count"),
            Column("extra_cost_amount", words("trends.extra_cost"), "money"),
        ),
        rows,
        shown=[
            {
                **row,
                "client_name": page.name("client", row["client"]),
                "days": words.span(row["first_day"], row["last_day"]),
            }
            for row in rows
        ],
        source="marts.rpt_event_impacts",
    )
