"""What every page is given, and what pages share: heading, choices that stay in the URL, tables, charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from vitals.ask import Answer, to_csv
from vitals.dashboard import theme
from vitals.dashboard.charts import Drawn
from vitals.dashboard.data import ALL, Reader, Row, View
from vitals.dashboard.theme import Column
from vitals.dashboard.words import Words
from vitals.publish import Version

# In the order in which they narrow.
FILTERS = ("period", "client", "site", "queue", "channel")
# What of the address goes along to another page.
KEPT = (*FILTERS, "lang")


@dataclass(frozen=True)
class Page:
    """One page at one moment: the language, what is asked for, and what names stand for."""

    words: Words
    view: View
    version: Version
    level: str
    kpis: Mapping[str, Row]
    names: Mapping[str, Mapping[str, str]]
    comments: Mapping[str, Mapping[str, str]]
    asked: Mapping[str, str] = field(default_factory=dict)

    def name(self, dimension: str, slug: str | None) -> str:
        """What a client, site, queue or channel is called; `all` is the whole of them."""
        if not slug:
            return self.words("label.none")
        if slug == ALL:
            return self.words(f"all.{dimension}")
        if dimension == "channel":
            known = self.names["channel"].get(slug, slug)
            return self.words.named("channel", slug) if f"channel.{slug}" in self.words else known
        return self.names.get(dimension, {}).get(slug, slug.replace("_", " "))

    def kpi(self, kpi_id: str) -> str:
        """A KPI's name in the page's language."""
        return self.words.kpi_name(self.kpis[kpi_id]) if kpi_id in self.kpis else kpi_id

    def short(self, kpi_id: str) -> str:
        """Its acronym, else its name."""
        return self.words.kpi_acronym(self.kpis[kpi_id]) or self.kpi(kpi_id)

    def unit(self, kpi_id: str) -> str:
        """Its unit, as in the catalogue."""
        return str(self.kpis[kpi_id]["unit"])

    def link(self, page: str, **changed: str) -> str:
        """The address of a page with this one's filters."""
        kept = {key: value for key, value in self.asked.items() if key in KEPT}
        query = {key: value for key, value in {**kept, **changed}.items() if value}
        return f"{page}?{urlencode(query)}" if query else page

    def figure_link(self, kpi_id: str, shown: str, **changed: str) -> str:
        """A figure or name that leads to its definition and the rows behind it."""
        return f'<a href="{theme.text(self.link("figure", kpi=kpi_id, **changed))}">{theme.text(shown)}</a>'

    def column(self, kpi_id: str, key: str, kind: str | None = None) -> Column:
        """A table's column of a KPI; its heading leads to the definition."""
        return Column(key, self.short(kpi_id), kind or self.unit(kpi_id), self.link("figure", kpi=kpi_id))

    def choice(self, name: str, options: Sequence[str], default: str) -> str:
        """What the address asks for; the default where it asks for what is not there."""
        wanted = self.asked.get(name, default)
        return wanted if wanted in options else default


class Module(Protocol):
    """What a module of `screens` is."""

    FILTERS: tuple[str, ...]
    READS: tuple[str, ...]

    @staticmethod
    def read(reader: Reader, page: Page) -> Any:
        """Everything that it shows, read over one connection."""

    @staticmethod
    def show(found: Any, page: Page) -> None:
        """The page itself."""


def html(*parts: str) -> None:
    """Put HTML of the theme on the page."""
    st.html(theme.block(*parts))


def heading(page: Page, title: str, subtitle: str, filters: Sequence[str]) -> None:
    """Title, what it answers, and what is looked at: a print or a screenshot says of itself what it is."""
    words, view = page.words, page.view
    told = []
    if "period" in filters:
        told.append(
            f"<b>{theme.text(words('period.' + view.period))}</b> {words.span(view.first_day, view.last_day)}"
        )
    for name in FILTERS[1:]:
        chosen = getattr(view, name)
        if name in filters and (name == "client" or chosen != ALL):
            told.append(f"<b>{theme.text(page.name(name, chosen))}</b>")
    if page.version.as_of:
        told.append(f"{words('label.as_of')} <b>{words.moment(page.version.as_of)}</b> UTC")
    told.append(f"{words('label.published')} {words.moment(page.version.published_at)} UTC")
    html(
        f"<h1>{theme.text(title)}</h1>",
        f'<p class="sub">{theme.text(subtitle)}</p>',
        f'<div class="context">{"".join(f"<span>{one}</span>" for one in told)}</div>',
    )


def pick(
    name: str,
    label: str,
    options: Mapping[str, str],
    default: str,
    where: Any = st,
    width: Any = "stretch",
) -> str:
    """A choice that lives in the URL; an address that asks for what is not there gets the default."""
    held = address()
    asked = held.get(name, default)
    if asked not in options:
        asked = default
        _ask(name, None)
    key = f"pick_{name}"
    st.session_state[key] = asked

    def changed() -> None:
        chosen = st.session_state[key]
        _ask(name, None if chosen == default else chosen)

    where.selectbox(
        label,
        list(options),
        format_func=lambda one: options.get(one, one),
        key=key,
        on_change=changed,
        width=width,
    )
    return asked


def address() -> dict[str, str]:
    """What the reader asks for: the query of the URL, which it keeps up to date.

    It is held here and not read from each message of the browser: the timer that looks for publications sends
    the URL as it was, when a choice of the same moment has not come back to the browser yet.
    """
    context = get_script_run_ctx()
    came_back = context is not None and context.is_history_navigation
    if came_back or "address" not in st.session_state:
        st.session_state["address"] = st.query_params.to_dict()
    held: dict[str, str] = st.session_state["address"]
    return held


def turn_to(page: str) -> None:
    """What only the page before knew leaves the address, and the URL says the address again."""
    held = address()
    if st.session_state.setdefault("page", page) != page:
        st.session_state["page"] = page
        for name in set(held) - {*KEPT, *st.query_params}:
            del held[name]
    if st.query_params.to_dict() != held:
        st.query_params.from_dict(held)


def _ask(name: str, value: str | None) -> None:
    held = address()
    if value is None:
        held.pop(name, None)
        st.query_params.pop(name, None)
    else:
        held[name] = value
        st.query_params[name] = value


def listing(
    page: Page,
    name: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    caption: str = "",
    shown: Sequence[Row] | None = None,
    source: str = "",
) -> None:
    """A table and its rows as CSV, which no spreadsheet takes for formulas.

    Args:
        page: the page.
        name: of the file.
        columns: what the table shows.
        rows: what the CSV holds, unrounded, in the warehouse's units.
        caption: said above the table.
        shown: the rows of the table where these are others than the CSV's.
        source: the table of the warehouse that it comes from; what its columns mean is told on demand.
    """
    told = rows if shown is None else shown
    html(
        theme.table(columns, told, page.words, caption),
        definitions(page, source, [one.key for one in columns]) if source else "",
    )
    csv_button(page, name, rows)


def definitions(page: Page, source: str, columns: Sequence[str]) -> str:
    """What a table of the warehouse and some of its columns mean, as the published file itself says it."""
    known = page.comments.get(source, {})
    pairs = {
        source: theme.text(known.get("", "")),
        **{key: theme.text(known[key]) for key in columns if key in known},
    }
    return theme.details(page.words("label.definitions", source=source), theme.facts(pairs))


def csv_button(page: Page, name: str, rows: Sequence[Row]) -> None:
    """The rows as CSV."""
    if not rows:
        return
    st.download_button(
        page.words("label.csv" if len(rows) > 1 else "label.csv_one", rows=page.words.count(len(rows))),
        csv_of(rows),
        file_name=f"vitals_{name}.csv",
        mime="text/csv",
        key=f"csv_{name}",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )


def csv_of(rows: Sequence[Row]) -> bytes:
    """Rows as a CSV file: text that looks like a formula has a `'` before it."""
    answer = Answer(tuple(rows[0]), tuple(tuple(row.values()) for row in rows))
    # with a byte-order mark, so that spreadsheets read é and ж
    return to_csv(answer).encode("utf-8-sig")


def chart(drawn: Drawn, name: str, said: str) -> None:
    """A chart, with what it shows in words for those who do not see it."""
    st.altair_chart(drawn, theme=None, key=f"chart_{name}", alt=said, width="stretch")


def section(title: str, note: str = "") -> None:
    """A heading within a page."""
    html(f"<h2>{theme.text(title)}</h2>", f'<p class="note">{theme.text(note)}</p>' if note else "")


def nothing(page: Page, key: str = "nothing.period") -> None:
    """Say that there is nothing to show, and why."""
    html(theme.message(page.words("nothing.title"), page.words(key)))


def not_at_this_level(page: Page, what: str) -> None:
    """Say that the opened file, by its level, does not hold it."""
    words = page.words
    html(
        theme.message(
            words("level.title"), words("level.said", what=what), "vitals dashboard --level analysts"
        )
    )


def now() -> datetime:
    """The present moment, UTC without a zone, as the warehouse's moments are."""
    return datetime.now(UTC).replace(tzinfo=None)
