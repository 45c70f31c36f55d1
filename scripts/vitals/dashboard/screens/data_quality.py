"""Data quality: how fresh, what is in quarantine, what was restated, which words no map knows, what ran."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vitals.dashboard import theme
from vitals.dashboard.data import SQL, Reader, Row
from vitals.dashboard.page import Page, heading, html, listing, not_at_this_level, now, section
from vitals.dashboard.theme import Column

FILTERS: tuple[str, ...] = ()
READS = ("data_quality",)
# Shown of each list; the CSV has all.
MOST_ROWS = 15


@dataclass(frozen=True)
class Found:
    """The rows of the schema `quality`; none in the managers' file."""

    rows: dict[str, list[Row]] | None


def read(reader: Reader, page: Page) -> Found:
    """Every statement of the page, where the file holds the schema."""
    if not reader.holds("quality.rpt_quality_freshness"):
        return Found(None)
    return Found({name: reader.put("data_quality", name) for name in SQL["data_quality"]})


def show(found: Found, page: Page) -> None:
    """The page."""
    words = page.words
    heading(page, words("page.data_quality"), words("about.data_quality"), FILTERS)
    html(f'<div class="grid">{"".join(_tiles(found, page))}</div>')
    if found.rows is None:
        not_at_this_level(page, words("page.data_quality"))
        return
    _alerts(found.rows["alerts"], page)
    _freshness(found.rows["freshness"], page)
    _quarantine(found.rows, page)
    _restatements(found.rows["restatements"], page)
    _unmapped(found.rows["unmapped"], page)
    _runs(found.rows["runs"], page)


def _tiles(found: Found, page: Page) -> list[str]:
    words, version = page.words, page.version
    published = version.published_at.replace(tzinfo=None)
    tiles = [
        theme.tile(
            words("quality.age"),
            _age(published, now(), page),
            third=words("quality.published_at", moment=words.moment(published)),
        ),
        theme.tile(
            words("quality.data_age"),
            _age(version.as_of, published, page),
            third=words("quality.as_of", moment=words.moment(version.as_of)),
        ),
    ]
    if found.rows is None:
        return tiles
    files, alerts = found.rows["files"][0], found.rows["alerts"]
    waiting = sum(row["uncorrected_count"] for row in found.rows["quarantine"])
    rows_read = files["rows_read_count"] or 0
    restated = sum(row["figures_count"] for row in found.rows["restatements"])
    return [
        *tiles,
        theme.tile(
            words("quality.alerts"),
            words.count(len(alerts)),
            status=theme.chip("bad", "✗", words("quality.look"))
            if alerts
            else theme.chip("ok", "✓", words("quality.quiet")),
            data={"figure": "alerts", "value": len(alerts)},
        ),
        theme.tile(
            words("quality.quarantine"),
            words.count(waiting),
            third=words("quality.of_rows", rows=words.count(rows_read)),
            data={"figure": "quarantine", "value": waiting},
        ),
        theme.tile(
            words("quality.refused"),
            words.count(files["refused_count"]),
            third=words("quality.of_files", files=words.count(files["files_count"])),
            data={"figure": "refused", "value": files["refused_count"]},
        ),
        theme.tile(
            words("quality.restated"),
            words.count(restated),
            third=words("quality.restated_note"),
            data={"figure": "restated", "value": restated},
        ),
    ]


def _age(since: datetime | None, until: datetime, page: Page) -> str:
    """How long ago, in the largest unit that says something."""
    if since is None:
        return "–"
    seconds = max((until - since).total_seconds(), 0)
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return page.words(f"age.{unit}", count=page.words.count(seconds // size))
    return page.words("age.minutes", count=page.words.count(seconds // 60))


def _alerts(rows: list[Row], page: Page) -> None:
    words = page.words
    section(words("quality.alerts"), words("quality.alerts_note"))
    if not rows:
        html(f"<p>{theme.chip('ok', '✓', words('quality.no_alert'))}</p>")
        return
    listing(
        page,
        "alerts",
        (
            Column("stream_name", words("quality.stream")),
            Column("message", words("quality.message")),
            Column("remedy", words("quality.remedy")),
        ),
        [{"stream_name": f"{row['platform']}/{row['stream']}", **row} for row in rows],
        source="quality.rpt_quality_alerts",
    )


def _freshness(rows: list[Row], page: Page) -> None:
    words = page.words
    section(words("quality.freshness"), words("quality.freshness_note"))
    listing(
        page,
        "freshness",
        (
            Column("stream_name", words("quality.stream")),
            Column("last_updated_at", words("quality.newest"), "moment"),
            Column("behind", words("quality.behind")),
            Column("last_landed_at", words("quality.landed"), "moment"),
            Column("files_count", words("quality.files"), "count"),
            Column("current_count", words("quality.records"), "count"),
        ),
        rows,
        shown=[
            {
                "stream_name": f"{row['platform']}/{row['stream']}",
                "behind": _age(row["last_updated_at"], page.version.as_of, page)
                if page.version.as_of
                else None,
                **row,
            }
            for row in rows
        ],
        source="quality.rpt_quality_freshness",
    )


def _quarantine(found: dict[str, list[Row]], page: Page) -> None:
    words, rows = page.words, found["quarantine"]
    section(words("quality.quarantine"), words("quality.quarantine_note"))
    if not rows and not found["refused"]:
        html(f"<p>{theme.chip('ok', '✓', words('quality.no_quarantine'))}</p>")
        return
    if found["refused"]:
        listing(
            page,
            "refused_files",
            (
                Column("source_file", words("quality.file")),
                Column("reason", words("quality.reason")),
                Column("landed_at", words("quality.landed"), "moment"),
            ),
            found["refused"],
            caption=words("quality.refused"),
            shown=found["refused"][:MOST_ROWS],
        )
    listing(
        page,
        "quarantine",
        (
            Column("stream_name", words("quality.stream")),
            Column("reason", words("quality.reason")),
            Column("rows_count", words("quality.rows"), "count"),
            Column("uncorrected_count", words("quality.uncorrected"), "count"),
            Column("example", words("quality.example")),
        ),
        rows,
        shown=[{"stream_name": f"{row['platform']}/{row['stream']}", **row} for row in rows[:MOST_ROWS]],
        source="quality.rpt_quality_quarantine",
    )


def _restatements(rows: list[Row], page: Page) -> None:
    words = page.words
    section(words("quality.restated"), words("quality.restated_long"))
    if not rows:
        html(f"<p>{theme.chip('ok', '✓', words('quality.none_restated'))}</p>")
        return
    listing(
        page,
        "restatements",
        (
            Column("restated_at", words("quality.when"), "moment"),
            Column("name", words("label.kpi")),
            Column("figures_count", words("quality.figures"), "count"),
            Column("first_day", words("quality.from"), "day"),
            Column("last_day", words("quality.to"), "day"),
            Column("why", words("quality.reason")),
        ),
        rows,
        shown=[
            {"name": page.kpi(row["kpi_id"]), "why": words.named("restated", row["reason"]), **row}
            for row in rows[:MOST_ROWS]
        ],
        source="quality.rpt_quality_restatements",
    )


def _unmapped(rows: list[Row], page: Page) -> None:
    words = page.words
    section(words("quality.unmapped"), words("quality.unmapped_note"))
    if not rows:
        html(f"<p>{theme.chip('ok', '✓', words('quality.all_mapped'))}</p>")
        return
    listing(
        page,
        "unmapped",
        (
            Column("platform", words("quality.platform")),
            Column("field_name", words("quality.field")),
            Column("native_value", words("quality.word")),
            Column("rows_count", words("quality.rows"), "count"),
        ),
        rows,
        shown=[{"field_name": words.named("label", row["field"]), **row} for row in rows[:MOST_ROWS]],
        source="quality.rpt_quality_unmapped",
    )


def _runs(rows: list[Row], page: Page) -> None:
    words = page.words
    section(words("quality.runs"), words("quality.runs_note"))
    if not rows:
        html(f'<p class="note">{theme.text(words("quality.no_runs"))}</p>')
        return
    listing(
        page,
        "runs",
        (
            Column("started_at", words("quality.when"), "moment"),
            Column("command", words("quality.command")),
            Column("told", words("quality.result")),
            Column("seconds", words("quality.seconds"), "seconds"),
            Column("files_landed_count", words("quality.files"), "count"),
            Column("tests_count", words("quality.tests"), "count"),
            Column("restated_count", words("quality.restated"), "count"),
            Column("alerts_count", words("quality.alerts"), "count"),
        ),
        rows,
        shown=[
            {
                "told": words.named("result", row["result"]) + (f": {row['error']}" if row["error"] else ""),
                **row,
            }
            for row in rows[:MOST_ROWS]
        ],
        source="quality.rpt_quality_runs",
    )
