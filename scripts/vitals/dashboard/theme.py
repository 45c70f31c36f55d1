"""How the dashboard looks: one type scale, few colours that colour-blind eyes tell apart, and the HTML of its
parts. Status is always told by sign and word; colour only helps."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from vitals.dashboard.data import Row
from vitals.dashboard.words import Words
from vitals.scorecard import STATUS
from vitals.shown import one_line

INK, SOFT, LINE, PAPER, WASH = "#16222e", "#51606e", "#dde3e8", "#ffffff", "#f5f7f9"
BLUE, ORANGE, GREY = "#0b5cad", "#c2570c", "#8b98a5"
# Apart for protan, deutan and tritan eyes, and in a grey print by their order.
SERIES = ("#0b5cad", "#e08214", "#35978f", "#8073ac", "#b8a36b", "#8b98a5", "#5a3d2b")
_BLOCKS = " ▁▂▃▄▅▆▇█"

# Set for Streamlit's own widgets; everything else is in CSS.
STREAMLIT = {
    "theme_base": "light",
    "theme_primaryColor": BLUE,
    "theme_backgroundColor": PAPER,
    "theme_secondaryBackgroundColor": WASH,
    "theme_textColor": INK,
    "theme_borderColor": LINE,
    "theme_baseRadius": "6px",
    "theme_baseFontSize": 15,
    "theme_showWidgetBorder": True,
}

STYLES = Path(__file__).with_suffix(".css")
# A file: Streamlit fetches the icons that it knows by name from elsewhere.
ICON = Path(__file__).with_name("icon.svg")


def icon(size: int) -> str:
    """The icon within the page."""
    data = b64encode(ICON.read_bytes()).decode()
    return f'<img src="data:image/svg+xml;base64,{data}" width="{size}" height="{size}" alt="">'


def text(value: Any) -> str:
    """Any value as HTML text: nothing in it is markup or hides itself."""
    return escape(one_line(str(value)))


def block(*parts: str) -> str:
    """Parts of a page, in the page's own styles."""
    return f'<div class="v">{"".join(parts)}</div>'


def chip(kind: str, sign: str, word: str) -> str:
    """A status: sign, word, and a colour that only repeats them."""
    return f'<span class="chip {kind}">{sign} {text(word)}</span>'


def status_chip(status: str, words: Words) -> str:
    """The status of a figure against its target."""
    return chip(status, STATUS[status][0], words(f"status.{status}"))


def spark(levels: Sequence[float | None], label: str) -> str:
    """A small column chart of a run of days; a day without a value leaves a gap."""
    known = [one for one in levels if one is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    bars = "".join(
        f'<i style="height:{0 if one is None else 4 + 22 * _part(one, low, high):.0f}px"></i>'
        for one in levels
    )
    return f'<span class="spark" role="img" aria-label="{text(label)}">{bars}</span>'


def _part(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5


def tile(
    name: str,
    value: str,
    beside: str = "",
    over: str = "",
    mark: str = "",
    spark: str = "",
    status: str = "",
    second: str = "",
    third: str = "",
    guard: str = "",
    data: Mapping[str, Any] | None = None,
) -> str:
    """One figure with what it takes to read it. name, spark, status, second, third and guard are HTML.

    Args:
        name: what it is, often a link to its definition.
        value: as people read it.
        beside: after the name, in grey.
        over: above the name, in small type.
        mark: why the value is provisional; empty where it is final.
        spark: its trend.
        status: chip.
        second: beside the chip.
        third: the line below.
        guard: the last line.
        data: of the element, unrounded, for whoever reads the page by program.
    """
    told = f'<span class="beside">{text(beside)}</span>' if beside else ""
    above = f'<div class="over">{text(over)}</div>' if over else ""
    provisional = f' <i title="{text(mark)}">~</i>' if mark else ""
    attributes = "".join(f' data-{key}="{text(one)}"' for key, one in (data or {}).items())
    judged = f'<div class="small judged">{status}<span>{second}</span></div>' if status or second else ""
    moved = f'<div class="small">{third}</div>' if third else ""
    guarded = f'<div class="small guard">{guard}</div>' if guard else ""
    return (
        f'<article class="tile"{attributes}>{above}<div class="name">{name}{told}</div>'
        f'<div class="row"><span class="value">{text(value)}{provisional}</span>{spark}</div>'
        f"{judged}{moved}{guarded}</article>"
    )


def blocks(sparkline: str | None) -> list[float | None]:
    """The levels of a sparkline of marts.rpt_scorecard."""
    return [float(_BLOCKS.index(one)) or None if one in _BLOCKS else None for one in sparkline or ""]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    kind: text, line (text that stays on one), id, count, number, decimal, percent, seconds, money, score,
    points, per_hour, change_<unit>, day, month, moment, share (a percentage with a bar), growth (a signed
    percentage), or HTML of this module: html, and right for figures.
    href: where the heading leads.
    """

    key: str
    heading: str
    kind: str = "text"
    href: str = ""


def cell(value: Any, kind: str, words: Words) -> str:
    """A value as people read it."""
    if value is None or value == "":
        return "–"
    if kind in ("html", "right"):
        return str(value)
    if kind == "id":
        return f'<span class="id">{text(value)}</span>'
    if kind == "count":
        return words.count(value)
    if kind == "number":
        return words.number(value)
    if kind == "decimal":
        return words.decimal(value)
    if kind == "day":
        return words.day(value)
    if kind == "month":
        return words.month(value)
    if kind == "moment":
        return words.moment(value)
    if kind == "share":
        bar = f'<span class="track"><i style="width:{100 * value:.0f}%"></i></span>'
        return words.value(value, "percent") + bar
    if kind == "growth":
        return words.localised(f"{value * 100:+,.0f} %").replace("-", "−")
    if kind.startswith("change_"):
        return words.change(value, kind.removeprefix("change_"))
    if kind in ("text", "line"):
        return text(value)
    return words.value(value, kind)


# Left, and whether it may break; figures stand right.
_LEFT = {"text": "t", "line": "w", "html": "t", "id": "w", "day": "w", "month": "w", "moment": "w"}


def table(columns: Sequence[Column], rows: Sequence[Row], words: Words, caption: str = "") -> str:
    """A table: text left, figures right, units shown."""
    head = "".join(
        f'<th scope="col" class="{_LEFT.get(one.kind, "n")}">'
        + (f'<a href="{text(one.href)}">{text(one.heading)}</a>' if one.href else text(one.heading))
        + "</th>"
        for one in columns
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="{_LEFT.get(one.kind, "n")}">{cell(row.get(one.key), one.kind, words)}</td>'
            for one in columns
        )
        + "</tr>"
        for row in rows
    )
    told = f"<caption>{text(caption)}</caption>" if caption else ""
    return f'<div class="wide"><table>{told}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def facts(pairs: Mapping[str, str]) -> str:
    """A list of terms and what is said of them, as HTML."""
    return "<dl>" + "".join(f"<dt>{text(term)}</dt><dd>{said}</dd>" for term, said in pairs.items()) + "</dl>"


def details(summary: str, body: str) -> str:
    """What opens on demand."""
    return f"<details><summary>{text(summary)}</summary>{body}</details>"


def message(title: str, said: str, command: str = "") -> str:
    """What a page says where it has nothing to show, and the command to run."""
    run = f"<p><code>{text(command)}</code></p>" if command else ""
    return f'<div class="message" role="status"><h2>{text(title)}</h2><p>{text(said)}</p>{run}</div>'
