"""The running day: who came, who waits, whether the service level holds, what the agents do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from vitals.dashboard import charts, theme
from vitals.dashboard.data import SQL, Reader, Row
from vitals.dashboard.page import Page, chart, csv_button, heading, html, listing, nothing, section
from vitals.dashboard.theme import Column

FILTERS = ("client", "site", "queue", "channel")
READS = ("running_day",)
MOST_TYPES = 10


@dataclass(frozen=True)
class Found:
    """The day so far; targets and statuses by KPI."""

    so_far: Row
    targets: dict[str, Row]
    rows: dict[str, list[Row]]


def read(reader: Reader, page: Page) -> Found:
    """Every statement of the page."""
    rows = {name: reader.put("running_day", name, page.view) for name in SQL["running_day"]}
    return Found(rows["so_far"][0], {row["kpi_id"]: row for row in rows["targets"]}, rows)


def show(found: Found, page: Page) -> None:
    """The page."""
    words = page.words
    heading(page, words("page.running_day"), words("about.running_day"), FILTERS)
    if found.so_far["as_of"] is None:
        nothing(page, "nothing.running")
        return
    html(f'<div class="grid">{"".join(_tiles(found, page))}</div>')
    left, right = st.columns(2, gap="medium")
    with left:
        section(words("running.volumes"), words("running.volumes_note"))
        chart(
            charts.columns_with_line(
                found.rows["quarters"],
                "interval_local_at",
                "contacts_count",
                "previous_day_contacts_count",
                (words("label.today"), words("label.yesterday")),
                words,
            ),
            "volumes",
            words("running.volumes_note"),
        )
    with right:
        section(words("running.level"), words("running.level_note"))
        chart(
            charts.lines(
                found.rows["hours"],
                "hour_local_at",
                {
                    "service_level": words("label.today"),
                    "previous_day_service_level": words("label.yesterday"),
                },
                "percent",
                words,
                target=found.targets.get("service_level", {}).get("target"),
                x_type="time",
                dashed=("previous_day_service_level",),
            ),
            "level",
            words("running.level_note"),
        )
    section(words("running.queues"), words("running.queues_note"))
    listing(
        page,
        "running_day_queues",
        (
            Column("name", words("label.queue")),
            Column("waiting_count", words("running.waiting"), "count"),
            Column("longest_wait_seconds", words("running.longest"), "seconds"),
            Column("in_progress_count", words("running.in_progress"), "count"),
            Column("contacts_count", words("running.contacts"), "count"),
            page.column("service_level", "service_level"),
        ),
        [{"name": page.name("queue", row["queue"]), **row} for row in found.rows["queues"]],
        source="marts.rpt_realtime",
    )
    left, middle, right = st.columns(3, gap="medium")
    with left:
        section(words("running.channels"))
        _mix(page, [{**row, "name": page.name("channel", row["member"])} for row in found.rows["channels"]])
    with middle:
        section(words("running.types"))
        _mix(page, found.rows["contact_types"][:MOST_TYPES])
    with right:
        section(words("running.agents"))
        if found.rows["agents"]:
            html(
                theme.table(
                    (
                        Column("name", words("running.state")),
                        Column("agents_count", words("running.agents_count"), "count"),
                        Column("longest_seconds", words("running.longest_state"), "seconds"),
                    ),
                    [{"name": words.named("state", row["state"]), **row} for row in found.rows["agents"]],
                    words,
                ),
                f'<p class="note">{theme.text(words("running.agents_note"))}</p>',
            )
        else:
            html(f'<p class="note">{theme.text(words("running.no_agents"))}</p>')
    csv_button(page, "running_day_quarters", found.rows["quarters"])


def _tiles(found: Found, page: Page) -> list[str]:
    words, day = page.words, found.so_far
    level, before = day["service_level"], day["previous_day_service_level"]
    of_offered = words("running.of_offered", count=words.count(day["offered_count"]))
    figures: list[dict[str, Any]] = [
        {
            "name": words("running.contacts"),
            "value": words.count(day["contacts_count"]),
            "third": words("running.by_now", count=words.count(day["previous_day_contacts_count"])),
            "data": {"figure": "contacts_count", "value": day["contacts_count"]},
        },
        {
            "name": words("running.waiting"),
            "value": words.count(day["waiting_count"]),
            "third": words("running.longest_is", time=words.value(day["longest_wait_seconds"], "seconds"))
            if day["longest_wait_seconds"] is not None
            else words("running.nobody"),
            "data": {"figure": "waiting_count", "value": day["waiting_count"]},
        },
        {
            "name": words("running.in_progress"),
            "value": words.count(day["in_progress_count"]),
            "third": words("running.in_progress_note"),
            "data": {"figure": "in_progress_count", "value": day["in_progress_count"]},
        },
        {
            "name": page.figure_link("service_level", page.kpi("service_level"), period="today"),
            "value": words.value(level, "percent"),
            **_judged("service_level", found, page),
            "third": words("running.yesterday_level", value=words.value(before, "percent")),
            "data": {"figure": "service_level", "value": level},
        },
        {
            "name": page.figure_link("speed_of_answer", page.kpi("speed_of_answer"), period="today"),
            "value": words.value(day["speed_of_answer"], "seconds"),
            **_judged("speed_of_answer", found, page),
            "third": words("running.synchronous") if page.view.channel == "all" else "",
            "data": {"figure": "speed_of_answer", "value": day["speed_of_answer"]},
        },
        {
            "name": words("running.answered"),
            "value": words.count(day["answered_count"]),
            "third": of_offered,
            "data": {"figure": "answered_count", "value": day["answered_count"]},
        },
        {
            "name": words("running.abandoned"),
            "value": words.count(day["abandoned_count"]),
            **_abandonment(of_offered, found, page),
            "data": {"figure": "abandoned_count", "value": day["abandoned_count"]},
        },
    ]
    return [theme.tile(**one) for one in figures]


def _judged(kpi_id: str, found: Found, page: Page) -> dict[str, str]:
    """The target, and the scorecard's status where the page shows what the scorecard judges."""
    row = found.targets.get(kpi_id)
    if row is None or row["target"] is None:
        return {}
    words = page.words
    return {
        "second": f"{words('label.target')} <b>{words.value(row['target'], page.unit(kpi_id))}</b>",
        "status": "" if page.view.is_slice else theme.status_chip(row["status"], words),
    }


def _abandonment(of_offered: str, found: Found, page: Page) -> dict[str, str]:
    """The rate below the count: it leaves out who gave up at once, so that it is no share of the count."""
    row = found.targets.get("abandonment_rate")
    if row is None or row["value"] is None or page.view.is_slice:
        return {"third": of_offered}
    rate = page.words.value(row["value"], "percent")
    told = _judged("abandonment_rate", found, page)
    link = page.figure_link("abandonment_rate", page.kpi("abandonment_rate"), period="today")
    return {**told, "third": f"{of_offered}<br>{link} <b>{rate}</b>"}


def _mix(page: Page, rows: list[Row]) -> None:
    words = page.words
    html(
        theme.table(
            (
                Column("name", ""),
                Column("numerator", words("label.contacts"), "count"),
                Column("value", words("label.share"), "share"),
            ),
            rows,
            words,
        )
    )
