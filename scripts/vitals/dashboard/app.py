"""The Streamlit entry: which page, which filters, which published version; words where there is nothing."""

from __future__ import annotations

import functools
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import streamlit as st

from vitals.dashboard import data, theme
from vitals.dashboard.data import ALL, Reader, Row, UnreadableError, View
from vitals.dashboard.page import FILTERS, KEPT, Page, address, html, pick, turn_to
from vitals.dashboard.screens import (
    agents,
    costs,
    data_quality,
    figure,
    first_contact,
    mix_and_trends,
    running_day,
    sla_report,
    vital_signs,
)
from vitals.dashboard.words import OWN_NAMES, Words
from vitals.paths import Paths
from vitals.scorecard import PERIOD_NAMES

# In the order of the menu; the first is where one arrives. `figure` is reached from figures.
PAGES: dict[str, ModuleType] = {
    "vital_signs": vital_signs,
    "running_day": running_day,
    "mix_and_trends": mix_and_trends,
    "first_contact": first_contact,
    "costs": costs,
    "agents": agents,
    "sla_report": sla_report,
    "data_quality": data_quality,
    "figure": figure,
}
ICONS = {
    "vital_signs": ":material/monitor_heart:",
    "running_day": ":material/schedule:",
    "mix_and_trends": ":material/trending_up:",
    "first_contact": ":material/task_alt:",
    "costs": ":material/payments:",
    "agents": ":material/groups:",
    "sla_report": ":material/contract:",
    "data_quality": ":material/fact_check:",
}
HIDDEN = ("figure",)
# How often an open page looks whether there is a new publication, s.
LOOK_EVERY = 2.0
DEFAULT_PERIOD = "last_7_days"


def main(project: Path, language: str, level: str | None) -> None:
    """One run of the page that the browser asks for.

    Args:
        project: the dbt project's folder; landing and warehouse are found as every command finds them.
        language: shown until the reader chooses another.
        level: of the file to open; None = the fullest that may be read.
    """
    paths = Paths.from_environment(project)
    st.set_page_config(page_title="Vitals", page_icon=str(theme.ICON), layout="wide")
    st.html(f"<style>{theme.STYLES.read_text(encoding='utf-8')}</style>")
    chosen = address().get("lang", language)
    words = Words(chosen if chosen in OWN_NAMES else language)
    pages = {
        name: st.Page(
            functools.partial(_page, name, paths, words, level),
            title=words(f"page.{name}"),
            url_path="" if position == 0 else name,
            default=position == 0,
        )
        for position, name in enumerate(PAGES)
    }
    current = st.navigation(list(pages.values()), position="hidden")
    turn_to(current.url_path)
    kept = {name: value for name, value in address().items() if name in KEPT}
    with st.sidebar:
        html(
            f'<div class="v-brand">{theme.icon(28)}'
            f"<span>Vitals<small>{theme.text(words('label.tagline'))}</small></span></div>"
        )
        for name, each in pages.items():
            if name not in HIDDEN:
                st.page_link(each, label=words(f"page.{name}"), icon=ICONS[name], query_params=kept)
    _watch(paths, data.state(paths))
    current.run()
    with st.sidebar:
        pick("lang", "Language · Langue · Език", dict(OWN_NAMES), language)


@st.fragment(run_every=LOOK_EVERY)
def _watch(paths: Paths, seen: tuple[Any, ...]) -> None:
    """Show a publication without a reload."""
    with st.container(key="watch"):
        if data.state(paths) != seen:
            st.rerun()


def _page(name: str, paths: Paths, words: Words, level: str | None) -> None:
    """Read all that a page shows from one version, close it, then show it."""
    module = PAGES[name]
    try:
        with data.reading(paths, level) as reader:
            page = _asked(reader, words, module.FILTERS)
            found = module.read(reader, page)
    except UnreadableError as error:
        html(
            theme.message(
                words(f"error.{error.reason}_title"),
                words(f"error.{error.reason}", detail=error.detail),
                error.command,
            )
        )
        return
    module.show(found, page)


def _asked(reader: Reader, words: Words, filters: tuple[str, ...]) -> Page:
    """The page as the address asks for it; the filters are drawn on the way."""
    shell = {name: reader.put("shell", name) for name in data.SQL["shell"]}
    version = reader.version
    words = Words(words.language, version.reporting_currency or "")
    names = {
        "client": data.names(shell["clients"]),
        "site": data.names(shell["sites"]),
        "queue": data.names(shell["queues"]),
        "channel": data.names(shell["channels"]),
        "contact_type": data.names(shell["contact_types"]),
    }
    comments: dict[str, dict[str, str]] = {}
    for row in shell["comments"]:
        comments.setdefault(row["relation"], {})[row["column_name"]] = row["comment"]
    page = Page(
        words=words,
        view=View(DEFAULT_PERIOD, date.min, date.min),
        version=version,
        level=reader.level,
        kpis={row["kpi_id"]: row for row in shell["kpis"]},
        names=names,
        comments=comments,
        asked=dict(address()),
    )
    return replace(page, view=_view(page, shell, filters), asked=dict(address()))


def _view(page: Page, shell: dict[str, list[Row]], filters: tuple[str, ...]) -> View:
    words = page.words
    periods = {row["period"]: row for row in shell["periods"]}
    if not periods:
        raise UnreadableError("empty", "vitals run", "")
    known = [name for name in PERIOD_NAMES if name in periods]
    default = DEFAULT_PERIOD if DEFAULT_PERIOD in known else known[0]
    chosen: dict[str, str] = {}
    with st.sidebar:
        for name in FILTERS:
            if name not in filters:
                continue
            if name == "period":
                options = {one: words(f"period.{one}") for one in known}
                chosen[name] = pick(name, words("filter.period"), options, default)
                continue
            members = [row for row in shell[f"{name}s"] if _fits(row, chosen)]
            options = {
                ALL: page.name(name, ALL),
                **{row["id"]: page.name(name, row["id"]) for row in members},
            }
            chosen[name] = pick(name, words(f"filter.{name}"), options, ALL)
    period = periods[chosen.pop("period", default)]
    return View(
        period=period["period"],
        first_day=period["period_start_date"],
        last_day=period["period_end_date"],
        **chosen,
    )


def _fits(row: Row, chosen: dict[str, str]) -> bool:
    """Whether a queue is one of the chosen client and site; the other dimensions stand on their own."""
    return all(
        chosen.get(name, ALL) in (ALL, row[name]) or row[name] is None
        for name in ("client", "site")
        if name in row
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
