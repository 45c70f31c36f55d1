"""Agents needed against agents staffed, how busy they are, and who could use coaching."""

from __future__ import annotations

from dataclasses import dataclass

from vitals.dashboard import charts, theme
from vitals.dashboard.data import Reader, Row
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
from vitals.dashboard.signs import Signs, read_signs, show_tiles
from vitals.dashboard.theme import Column

FILTERS = ("period", "site")
READS = ("signs", "agents")
KPIS = (
    "occupancy",
    "agent_utilisation",
    "schedule_adherence",
    "conformance",
    "contacts_per_hour",
    "time_to_next_contact",
    "esat",
    "quality_score",
)
COACHED = ("handle_time", "transfer_rate", "first_contact_resolution", "csat")
# Points on one chart; the table and the CSV have all.
MOST_AGENTS = 24
MOST_HOURS = 12


@dataclass(frozen=True)
class Found:
    """What the page shows; coaching None where the file does not hold it."""

    signs: Signs | None
    day_curve: list[Row]
    sites: list[Row]
    short_hours: list[Row]
    coached_kpi: str
    coaching: list[Row] | None


def read(reader: Reader, page: Page) -> Found:
    """Signs, need and staff, coaching."""
    view = page.view
    kpi_id = page.choice("coach", COACHED, COACHED[0])
    return Found(
        signs=read_signs(reader, page),
        day_curve=reader.put("agents", "day_curve", view),
        sites=reader.put("agents", "sites", view),
        short_hours=reader.put("agents", "short_hours", view),
        coached_kpi=kpi_id,
        coaching=reader.put("agents", "coaching", view, kpi=kpi_id)
        if reader.holds("marts.rpt_agent_coaching")
        else None,
    )


def show(found: Found, page: Page) -> None:
    """The page."""
    words = page.words
    heading(page, words("page.agents"), words("about.agents"), FILTERS)
    if found.signs is None or (found.signs.is_empty and not found.sites):
        nothing(page)
        return
    show_tiles(found.signs, page, KPIS)
    section(words("agents.curve"), words("agents.curve_note"))
    if found.day_curve:
        chart(
            charts.lines(
                found.day_curve,
                "local_time",
                {"needed_agents": words("agents.needed"), "staffed_agents": words("agents.staffed")},
                "count",
                words,
                x_type="text",
                dashed=("needed_agents",),
            ),
            "curve",
            words("agents.curve_note"),
        )
        csv_button(page, "staffing_curve", found.day_curve)
    section(words("agents.sites"), words("agents.sites_note"))
    listing(
        page,
        "staffing_sites",
        (
            Column("name", words("label.site")),
            Column("needed_hours", words("agents.needed_hours"), "count"),
            Column("staffed_hours", words("agents.staffed_hours"), "count"),
            Column("gap_hours", words("agents.gap_hours"), "count"),
            Column("understaffed_share", words("agents.under"), "percent"),
            Column("overstaffed_share", words("agents.over"), "percent"),
            Column("paid_beyond_need_amount", words("agents.beyond"), "money"),
            page.column("service_level", "service_level"),
        ),
        found.sites,
        shown=[{"name": page.name("site", row["site"]), **row} for row in found.sites],
        source="marts.rpt_staffing_intervals",
    )
    _short(found.short_hours, page)
    _coaching(found, page)


def _short(rows: list[Row], page: Page) -> None:
    words = page.words
    section(words("agents.short"), words("agents.short_note"))
    if not rows:
        html(f'<p class="note">{theme.text(words("agents.never_short"))}</p>')
        return
    listing(
        page,
        "short_hours",
        (
            Column("name", words("label.site")),
            Column("when", words("agents.when"), "line"),
            Column("needed_hours", words("agents.needed_hours"), "decimal"),
            Column("staffed_hours", words("agents.staffed_hours"), "decimal"),
            Column("gap_hours", words("agents.gap_hours"), "decimal"),
            Column("understaffed_share", words("agents.under"), "percent"),
            page.column("service_level", "service_level"),
        ),
        rows,
        shown=[
            {
                **row,
                "name": page.name("site", row["site"]),
                "when": f"{words.weekday(row['weekday'])} {row['hour']}",
            }
            for row in rows[:MOST_HOURS]
        ],
        source="marts.rpt_staffing_intervals",
    )


def _coaching(found: Found, page: Page) -> None:
    words, kpi_id = page.words, found.coached_kpi
    section(words("agents.coaching"), words("agents.coaching_note"))
    if found.coaching is None:
        not_at_this_level(page, words("agents.coaching"))
        return
    pick("coach", words("label.kpi"), {one: page.kpi(one) for one in COACHED}, COACHED[0], width=320)
    judged = [row for row in found.coaching if row["difference"] is not None and row["verdict"] != "too_few"]
    if not judged:
        html(f'<p class="note">{theme.text(words("agents.nobody"))}</p>')
        return
    first = found.coaching[0]
    unit = first["unit"]
    counts = {
        verdict: sum(row["verdict"] == verdict for row in found.coaching)
        for verdict in ("worse", "as_expected", "better", "too_few")
    }
    signs = {"worse": "▶", "as_expected": "●", "better": "◆", "too_few": "·"}
    chips = [
        theme.chip(
            {"as_expected": "no_data", "too_few": "no_data"}.get(verdict, verdict),
            signs[verdict],
            f"{count} {words('verdict.' + verdict)}",
        )
        for verdict, count in counts.items()
        if count
    ]
    html(
        f'<div class="summary">{"".join(chips)}</div>',
        f'<p class="note">{words.span(first["window_start_date"], first["window_end_date"])}</p>',
    )
    # those who differ first, as far as they fit: the rest is as expected
    points = sorted(
        (row for row in judged if row["verdict"] != "as_expected"), key=lambda row: row["difference"]
    ) or sorted(judged, key=lambda row: row["difference"])
    ends = len(points) > MOST_AGENTS
    points = points[: MOST_AGENTS // 2] + points[-MOST_AGENTS // 2 :] if ends else points
    chart(
        charts.ranges(
            [
                {
                    "label": row["agent_id"],
                    "value": row["difference"],
                    "low": row["difference_low"],
                    "high": row["difference_high"],
                    "verdict": words(f"verdict.{row['verdict']}"),
                    "kind": row["verdict"],
                }
                for row in points
            ],
            unit,
            words,
        ),
        "coaching",
        words("agents.coaching_note"),
    )
    listing(
        page,
        f"coaching_{kpi_id}",
        (
            Column("agent_id", words("agents.agent"), "id"),
            Column("team", words("agents.team")),
            Column("contacts_count", words("label.contacts"), "count"),
            Column("observed_value", words("agents.observed"), unit),
            Column("expected_value", words("agents.expected"), unit),
            Column("difference", words("agents.difference"), f"change_{unit}"),
            Column("interval", words("agents.interval")),
            Column("told", words("label.status")),
        ),
        found.coaching,
        shown=[
            {
                **row,
                "interval": f"{words.change(row['difference_low'], unit)} … "
                f"{words.change(row['difference_high'], unit)}",
                "told": f"{signs[row['verdict']]} {words('verdict.' + row['verdict'])}",
            }
            for row in judged[:15]
        ],
        source="marts.rpt_agent_coaching",
    )
