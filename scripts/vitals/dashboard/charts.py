"""The charts: Altair specifications that carry their data, drawn in the browser by what Streamlit ships."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import altair as alt

from vitals.dashboard import theme
from vitals.dashboard.data import Row
from vitals.dashboard.words import Words

# How Vega writes what words.value writes: figures of an axis carry the unit.
_FORMATS = {"money": ",.2f", "per_hour": ",.1f", "score": ",.2f", "points": "+.0f"}
_LABELS = {
    "percent": "format(datum.value * 100, '.3~g') + ' %'",
    # minutes and seconds, as in the tiles
    "seconds": "datum.value < 60 ? format(datum.value, '.0f') + ' s'"
    " : floor(datum.value / 60) + ':' + format(datum.value % 60, '02.0f')",
}
HEIGHT = 210
_DAY = "%-d %b"
Drawn = alt.Chart | alt.LayerChart | alt.FacetChart


def values(rows: Sequence[Row]) -> alt.InlineData:
    """Rows as inline data, moments as ISO text."""
    return alt.InlineData(values=[{key: _json(value) for key, value in row.items()} for row in rows])


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def axis(unit: str) -> alt.Axis:
    """The vertical axis of a KPI's unit."""
    if unit in _LABELS:
        return alt.Axis(title=None, labelExpr=_LABELS[unit], tickCount=4)
    return alt.Axis(title=None, format=_FORMATS.get(unit, ",.0f"), tickCount=4)


def days() -> alt.Axis:
    """The horizontal axis of days."""
    return alt.Axis(title=None, format=_DAY, tickCount=8, grid=False, labelFlush=False)


def finished(chart: Drawn, words: Words, height: int = HEIGHT) -> Drawn:
    """The chart in the dashboard's type, lines and number format."""
    looks: Drawn = (
        chart.properties(height=height, padding={"left": 0, "right": 8, "top": 6, "bottom": 0})
        .configure(font="Source Sans, sans-serif", locale=words.vega_locale, background="transparent")
        .configure_view(strokeWidth=0)
        .configure_axis(
            labelColor=theme.SOFT,
            labelFontSize=12,
            gridColor="#e8ecf0",
            domainColor="#b9c4ce",
            tickColor="#b9c4ce",
            titleColor=theme.SOFT,
            titleFontSize=12,
            titleFontWeight="normal",
        )
        .configure_legend(
            orient="top", title=None, labelFontSize=12.5, labelColor=theme.INK, symbolStrokeWidth=3, offset=4
        )
    )
    return looks


def lines(
    rows: Sequence[Row],
    x: str,
    series: Mapping[str, str],
    unit: str,
    words: Words,
    target: float | None = None,
    x_type: str = "day",
    dashed: Sequence[str] = (),
) -> Drawn:
    """One line per column of the rows; a dashed rule for the target.

    Args:
        rows: one per x.
        x: the column of the horizontal axis.
        series: column → its name in the legend.
        unit: of all of them.
        words: the language.
        target: drawn as a rule.
        x_type: day, or time for moments within a day, or text.
        dashed: columns drawn dashed, so that a grey print tells them apart.
    """
    long = [
        {"x": row[x], "y": row[column], "series": name, "shown": words.value(row[column], unit)}
        for column, name in series.items()
        for row in rows
        if row[column] is not None
    ]
    colours = list(theme.SERIES[: len(series)])
    dashes = [[5, 4] if column in dashed else [1, 0] for column in series]
    horizontal = _x(x_type, words)
    scale = alt.Scale(zero=False, nice=True, domainMin=0) if unit in ("count",) else alt.Scale(zero=False)
    base = alt.Chart(values(long)).encode(
        x=horizontal,
        y=alt.Y("y:Q", axis=axis(unit), scale=scale),
        color=alt.Color(
            "series:N",
            scale=alt.Scale(domain=list(series.values()), range=colours),
            legend=alt.Legend(symbolType="stroke") if len(series) > 1 else None,
        ),
        tooltip=[
            alt.Tooltip("series:N", title=" "),
            alt.Tooltip("shown:N", title=" "),
            _tip(x_type, words),
        ],
    )
    drawn: list[alt.Chart] = [
        base.mark_line(strokeWidth=2.2).encode(
            strokeDash=alt.StrokeDash(
                "series:N",
                scale=alt.Scale(domain=list(series.values()), range=dashes),
                legend=alt.Legend(symbolType="stroke") if len(series) > 1 else None,
            )
        ),
        base.mark_circle(size=26, opacity=1),
    ]
    if target is not None:
        drawn.append(
            alt.Chart(values([{"y": target}]))
            .mark_rule(color=theme.INK, strokeDash=[2, 3], strokeWidth=1.2)
            .encode(y="y:Q")
        )
        label = f"{words('label.target')} {words.value(target, unit)}"
        named = alt.Chart(values([{"y": target, "label": label}])).encode(
            y="y:Q", text="label:N", x=alt.value(4)
        )
        # over a halo, so that it reads where lines cross it
        drawn.append(
            named.mark_text(align="left", dy=-8, fontSize=12, stroke="#ffffff", strokeWidth=3, opacity=0.75)
        )
        drawn.append(named.mark_text(align="left", dy=-8, fontSize=12, color=theme.INK))
    return finished(alt.layer(*drawn), words)


def _x(x_type: str, words: Words) -> alt.X:
    if x_type == "day":
        return alt.X("x:T", axis=days())
    if x_type == "time":
        return alt.X("x:T", axis=alt.Axis(title=None, format="%H:%M", tickCount=8, grid=False))
    return alt.X(
        "x:O",
        axis=alt.Axis(
            title=None,
            grid=False,
            labelAngle=0,
            labelExpr="slice(datum.value, 3) == '00' ? datum.value : ''",
            labelOverlap="greedy",
            labelSeparation=6,
            ticks=False,
        ),
    )


def _tip(x_type: str, words: Words) -> alt.Tooltip:
    if x_type == "text":
        return alt.Tooltip("x:N", title=" ")
    return alt.Tooltip("x:T", title=" ", format="%-d %b %Y" if x_type == "day" else "%H:%M")


def columns_with_line(
    rows: Sequence[Row], x: str, column: str, line: str, names: tuple[str, str], words: Words
) -> Drawn:
    """Columns for what is, a line for what it is compared with; both counts."""
    shown = [
        {
            "x": row[x],
            "column": row[column],
            "line": row[line],
            "column_name": names[0],
            "line_name": names[1],
        }
        for row in rows
    ]
    horizontal = _x("time", words)
    tips = [
        _tip("time", words),
        alt.Tooltip("column:Q", title=names[0], format=",.0f"),
        alt.Tooltip("line:Q", title=names[1], format=",.0f"),
    ]
    scale = alt.Scale(domain=list(names), range=["#8fb8de", theme.ORANGE])
    base = alt.Chart(values(shown)).encode(x=horizontal, tooltip=tips)
    bars = base.mark_bar(width=6).encode(
        y=alt.Y("column:Q", axis=axis("count")), color=alt.Color("column_name:N", scale=scale)
    )
    drawn = base.mark_line(strokeWidth=1.8, interpolate="step").encode(
        y="line:Q", color=alt.Color("line_name:N", scale=scale)
    )
    return finished(alt.layer(bars, drawn), words)


def stacked_days(
    rows: Sequence[Row], member_names: Mapping[str, str], words: Words, normalised: bool = True
) -> Drawn:
    """Shares of members by day; rows have day, member and contacts_count."""
    order = list(member_names)
    shown = [
        {
            "x": row["day"],
            "y": row["contacts_count"],
            "member": member_names[row["member"]],
            "order": order.index(row["member"]),
        }
        for row in rows
    ]
    chart = (
        alt.Chart(values(shown))
        .mark_bar()
        .encode(
            x=alt.X("yearmonthdate(x):O", axis=_ordinal_days()),
            y=alt.Y(
                "y:Q",
                stack="normalize" if normalised else True,
                axis=axis("percent" if normalised else "count"),
            ),
            color=alt.Color(
                "member:N",
                scale=alt.Scale(
                    domain=list(member_names.values()), range=list(theme.SERIES[: len(member_names)])
                ),
            ),
            order="order:Q",
            tooltip=[
                _tip("day", words),
                alt.Tooltip("member:N", title=" "),
                alt.Tooltip("y:Q", title=words("label.contacts"), format=",.0f"),
            ],
        )
    )
    return finished(chart, words)


def _ordinal_days() -> alt.Axis:
    return alt.Axis(
        title=None,
        format=_DAY,
        grid=False,
        labelAngle=0,
        labelOverlap="greedy",
        labelSeparation=8,
        ticks=False,
    )


def ranges(rows: Sequence[Row], unit: str, words: Words) -> Drawn:
    """A point with its interval per row (label, value, low, high, verdict in words), and a rule at zero."""
    shown = [
        {**row, "shown": words.change(row["value"], unit), "order": position}
        for position, row in enumerate(rows)
    ]
    vertical = alt.Y(
        "label:N", sort=alt.EncodingSortField("order"), axis=alt.Axis(title=None, labelLimit=230, grid=False)
    )
    verdicts = list(dict.fromkeys(row["verdict"] for row in rows))
    palette = {"worse": theme.ORANGE, "as_expected": theme.GREY, "better": theme.BLUE}
    kinds = {row["verdict"]: row["kind"] for row in rows}
    colour = alt.Color(
        "verdict:N",
        scale=alt.Scale(domain=verdicts, range=[palette.get(kinds[one], theme.GREY) for one in verdicts]),
    )
    shapes = {"worse": "triangle-right", "as_expected": "circle", "better": "diamond"}
    base = alt.Chart(values(shown)).encode(y=vertical, color=colour)
    horizontal = axis(unit)
    if unit == "seconds":
        horizontal = alt.Axis(title=None, labelExpr="format(datum.value, '+.0f') + ' s'", tickCount=6)
    elif unit == "percent":
        horizontal = alt.Axis(title=None, labelExpr="format(datum.value * 100, '+.0f') + ' pt'", tickCount=6)
    return finished(
        alt.layer(
            alt.Chart(values([{"x": 0}])).mark_rule(color=theme.INK, strokeWidth=1).encode(x="x:Q"),
            base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", axis=horizontal), x2="high:Q"),
            base.mark_point(filled=True, size=80, opacity=1).encode(
                x="value:Q",
                shape=alt.Shape(
                    "verdict:N",
                    scale=alt.Scale(
                        domain=verdicts, range=[shapes.get(kinds[one], "circle") for one in verdicts]
                    ),
                ),
                tooltip=[
                    alt.Tooltip("label:N", title=" "),
                    alt.Tooltip("shown:N", title=" "),
                    alt.Tooltip("verdict:N", title=" "),
                ],
            ),
        ),
        words,
        height=max(90, 21 * len(rows)),
    )
