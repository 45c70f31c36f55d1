"""Vital signs as tiles, wherever any are shown: the client's scorecard, or a slice of it beside the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vitals.dashboard import charts, theme
from vitals.dashboard.data import Reader, Row
from vitals.dashboard.page import Page, chart, csv_button, html
from vitals.errors import VitalsError
from vitals.scorecard import Scorecard, VitalSign, judge_change, scorecard_of, shown_value


@dataclass(frozen=True)
class Signs:
    """A client's scorecard, and the same KPIs in the slice where one is chosen."""

    card: Scorecard
    slice: dict[str, Row] | None

    def of(self, kpi_id: str) -> VitalSign | None:
        """A KPI's row of the scorecard."""
        return next((one for one in self.card.signs if one.kpi_id == kpi_id), None)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was measured."""
        return all(one.value is None for one in self.card.signs)


def read_signs(reader: Reader, page: Page) -> Signs | None:
    """The scorecard of the page's period and client; None where there is none."""
    view = page.view
    try:
        card = scorecard_of(reader.connection, view.period, view.client)
    except VitalsError:
        return None
    if not view.is_slice:
        return Signs(card, None)
    unmeasured = reader.not_measured(view)
    rows = [
        {**row, "value": None} if row["kpi_id"] in unmeasured and row["numerator"] == 0 else row
        for row in reader.put("signs", "slice", view)
    ]
    return Signs(card, {row["kpi_id"]: row for row in rows})


def show_tiles(
    signs: Signs, page: Page, kpi_ids: Iterable[str] | None = None, families: bool = False
) -> None:
    """The tiles of some KPIs, or of all.

    Args:
        signs: what was read.
        page: the page.
        kpi_ids: which, in this order; None = all, in the scorecard's.
        families: say above each which question it answers.
    """
    chosen = signs.card.signs if kpi_ids is None else [one for each in kpi_ids if (one := signs.of(each))]
    tiles = [
        _sign_tile(one, page, families)
        if signs.slice is None
        else _slice_tile(one, signs.slice.get(one.kpi_id), page, families)
        for one in chosen
    ]
    html(f'<div class="grid">{"".join(tiles)}</div>')


def show_trend(signs: Signs | None, page: Page, kpi_id: str, rows: Sequence[Row]) -> None:
    """A KPI's chart by day, with its target where the page shows a client or the whole; under its name.

    Args:
        signs: what was read, for the target.
        page: the page.
        kpi_id: which KPI.
        rows: `day` and `value`, a day each; value None where there is none.
    """
    words = page.words
    html(f"<h3>{page.figure_link(kpi_id, page.kpi(kpi_id))}</h3>")
    rows = [row for row in rows if row["value"] is not None]
    if not rows:
        html(f'<p class="note">{theme.text(words("nothing.slice"))}</p>')
        return
    sign = signs.of(kpi_id) if signs and not page.view.is_slice else None
    chart(
        charts.lines(
            rows,
            "day",
            {"value": page.kpi(kpi_id)},
            page.unit(kpi_id),
            words,
            target=sign.target if sign else None,
        ),
        f"trend_{kpi_id}",
        words("label.by_day", kpi=page.kpi(kpi_id)),
    )
    csv_button(page, f"trend_{kpi_id}", rows)


def _sign_tile(sign: VitalSign, page: Page, families: bool) -> str:
    words = page.words
    verdict = judge_change(sign)
    moved = f"<b>{words.change(sign.change, sign.unit)}</b>" if sign.change is not None else ""
    if verdict:
        moved += f' <span class="{verdict}">{words("change." + verdict)}</span>'
    target = ""
    if sign.target is not None:
        about = " ±" if sign.better == "target" else ""
        target = f"{words('label.target')} <b>{words.value(sign.target, sign.unit)}{about}</b>"
    return _tile(
        sign,
        page,
        families,
        sign.value,
        words.localised(shown_value(sign, words.currency)),
        sign.is_final,
        status=theme.status_chip(sign.status, words),
        second=target,
        third=moved,
        spark=theme.spark(theme.blocks(sign.sparkline), words("label.trend", kpi=page.kpi(sign.kpi_id))),
        guard=_guards(sign, page),
    )


def _slice_tile(sign: VitalSign, row: Row | None, page: Page, families: bool) -> str:
    words = page.words
    whole = f"{words('slice.whole')} <b>{words.value(sign.value, sign.unit)}</b>"
    if row is None or row["value"] is None:
        # a KPI that no filter splits has no row; one without contacts, or without anything measured, no value
        status = (
            theme.chip("no_data", "·", words("slice.not_split"))
            if row is None
            else theme.status_chip("no_data", words)
        )
        return _tile(sign, page, families, None, "–", True, status=status, third=whole)
    difference = words.change(row["value"] - sign.value, sign.unit) if sign.value is not None else "–"
    return _tile(
        sign,
        page,
        families,
        row["value"],
        words.value(row["value"], sign.unit),
        row["is_final"],
        second=whole,
        third=f"{words('slice.difference')} <b>{difference}</b>",
    )


def _tile(
    sign: VitalSign,
    page: Page,
    families: bool,
    value: float | None,
    shown: str,
    is_final: bool,
    status: str = "",
    second: str = "",
    third: str = "",
    spark: str = "",
    guard: str = "",
) -> str:
    acronym = page.words.kpi_acronym(page.kpis[sign.kpi_id])
    return theme.tile(
        name=page.figure_link(sign.kpi_id, page.kpi(sign.kpi_id)),
        beside=" · ".join(one for one in (acronym, _channels(sign, page)) if one),
        over=page.words.named("family", sign.family) if families else "",
        value=shown,
        mark="" if is_final else page.words("note.provisional"),
        spark=spark,
        status=status,
        second=second,
        third=third,
        guard=guard,
        data={"kpi": sign.kpi_id, "value": "" if value is None else value},
    )


def _channels(sign: VitalSign, page: Page) -> str:
    if not sign.channels or page.view.channel != "all":
        return ""
    return ", ".join(page.name("channel", one.replace(" ", "_")) for one in sign.channels.split(", "))


def _guards(sign: VitalSign, page: Page) -> str:
    words = page.words
    told = []
    for kpi_id, unit, value, change in (
        (sign.guard_kpi_id, sign.guard_unit, sign.guard_value, sign.guard_change),
        (sign.second_guard_kpi_id, sign.second_guard_unit, sign.second_guard_value, sign.second_guard_change),
    ):
        if kpi_id and unit:
            moved = f" ({words.change(change, unit)})" if change is not None else ""
            told.append(f"{theme.text(page.short(kpi_id))} <b>{words.value(value, unit)}</b>{moved}")
    if not told:
        return ""
    warning = theme.chip("warning", "⚠", words("label.worse_guard"))
    flag = f" {warning}" if sign.is_bought_at_guards_expense else ""
    return f"{words('label.guard')} · {', '.join(told)}{flag}"
