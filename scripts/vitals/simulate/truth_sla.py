"""What service-level agreements and the call performance index must come to, from the simulated figures and
the seeds alone: day by day, with fractions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from vitals.simulate.output import words_of
from vitals.simulate.reference import UNMAPPED, Reference, seed_rows
from vitals.simulate.tally import Cell, Tally

REPORT_COLUMNS = words_of(
    "month client service_type kpi_id period_start_date period_end_date numerator denominator target "
    "is_attained days_with_data_count days_met_count worst_day is_final"
)
TARGET_COLUMNS = words_of("day kpi_id client queue channel target")
_ONE_DAY = timedelta(days=1)
_WEIGHED = ("handle_time", "speed_of_answer", "service_level", "abandonment_rate")


@dataclass(frozen=True, slots=True)
class _Promise:
    """A row of seeds/reference/contract_targets.csv; service_type None = all of the client's contacts."""

    client: str
    service_type: str | None
    kpi_id: str
    valid_from: date
    valid_to: date | None
    target: Fraction

    def holds_on(self, day: date) -> bool:
        """Whether it is in force; valid_to is excluded."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(slots=True)
class _Sum:
    """A day's figure under one promise."""

    numerator: Fraction = Fraction()
    denominator: Fraction = Fraction()
    is_final: bool = True

    @property
    def value(self) -> Fraction | None:
        """None without data."""
        return self.numerator / self.denominator if self.denominator else None


class SlaTruth:
    """What was promised, and what became of it.

    Args:
        tally: every KPI of contacts, surveys and forms at its grain.
        reference: the project's seeds; its folder also holds the contracts, targets and weights.
        as_of: UTC second as of which everything is reported.

    Raises:
        VitalsError: a seed is missing.
    """

    def __init__(self, tally: Tally, reference: Reference, as_of: int) -> None:
        seeds = reference.seeds
        self.reference = reference
        self.as_of = as_of
        catalogue = seed_rows(seeds, "reference/kpi_catalogue.csv")
        self.better = {row["kpi_id"]: row["better"] for row in catalogue}
        self.targets = seed_rows(seeds, "reference/targets.csv")
        self.weights = seed_rows(seeds, "reference/call_performance_weights.csv")
        self.promises = [
            _Promise(
                client=row["client"],
                service_type=row["service_type"] or None,
                kpi_id=row["kpi_id"],
                valid_from=date.fromisoformat(row["valid_from"]),
                valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
                target=Fraction(row["target"]),
            )
            for row in seed_rows(seeds, "reference/contract_targets.csv")
        ]
        self.calls: dict[Cell, dict[str, _Sum]] = defaultdict(lambda: defaultdict(_Sum))
        # By promise and day; a promise has a day once anything of that day belongs to it.
        self.cells: dict[_Promise, dict[date, _Sum]] = {promise: {} for promise in self.promises}
        self._about: dict[tuple[str, str | None], list[_Promise]] = defaultdict(list)
        for promise in self.promises:
            self._about[promise.kpi_id, promise.client].append(promise)
        at_once = {
            row["channel"]
            for row in seed_rows(seeds, "reference/channels.csv")
            if row["is_synchronous"] == "true"
        }
        synchronous = {row["kpi_id"] for row in catalogue if row["scorecard_channels"] == "synchronous"}
        for kpi_id, cell, numerator, denominator, is_final in tally.cells():
            if cell[3] is None:
                continue
            if kpi_id in _WEIGHED and cell[4] == "voice":
                _add(self.calls[(*cell[:5], None)][kpi_id], numerator, denominator, is_final)
            if kpi_id not in synchronous or cell[4] in at_once:
                self._count(kpi_id, cell, numerator, denominator, is_final)

    def _count(
        self, kpi_id: str, cell: Cell, numerator: Decimal, denominator: Decimal, is_final: bool
    ) -> None:
        day, client, _, slug, _, _ = cell
        queue = self.reference.queues.get(slug or "")
        for promise in self._about.get((kpi_id, client), ()):
            if promise.holds_on(day) and (
                promise.service_type is None or (queue and queue.service_type == promise.service_type)
            ):
                total = self.cells[promise].setdefault(day, _Sum())
                _add(total, numerator, denominator, is_final)

    def _is_met(self, promise: _Promise, total: _Sum) -> bool | None:
        if total.value is None:
            return None
        if self.better[promise.kpi_id] == "up":
            return total.value >= promise.target
        return total.value <= promise.target

    def attainment_rows(self) -> Iterator[tuple[object, ...]]:
        """The KPI rows of sla_attainment; only those with a denominator."""
        judged: dict[tuple[date, str], list[tuple[bool | None, bool]]] = defaultdict(list)
        for promise, days in self.cells.items():
            for day, total in days.items():
                judged[day, promise.client].append((self._is_met(promise, total), total.is_final))
        for (day, client), verdicts in sorted(judged.items()):
            met = [verdict for verdict, _ in verdicts if verdict is not None]
            if met:
                is_final = all(final for _, final in verdicts)
                yield ("sla_attainment", day, client, *[None] * 4, sum(met), len(met), is_final)

    def report_rows(self) -> Iterator[tuple[object, ...]]:
        """One row per promise and month in which it was in force, from the client's first figure to as_of."""
        today = datetime.fromtimestamp(self.as_of, UTC).date()
        first: dict[str, date] = {}
        for promise, days in self.cells.items():
            for day in days:
                first[promise.client] = min(first.get(promise.client, day), day)
        for promise, figures in self.cells.items():
            if promise.client not in first:
                continue
            months: dict[date, list[date]] = defaultdict(list)
            day = first[promise.client].replace(day=1)
            while day <= today:
                if promise.holds_on(day):
                    months[day.replace(day=1)].append(day)
                day += _ONE_DAY
            for month, held in months.items():
                yield self._report_row(promise, month, held, figures, today)

    def _report_row(
        self, promise: _Promise, month: date, held: list[date], figures: dict[date, _Sum], today: date
    ) -> tuple[object, ...]:
        total = _Sum()
        met = 0
        values: list[tuple[Fraction, date]] = []
        sign = 1 if self.better[promise.kpi_id] == "up" else -1
        for day in held:
            own = figures.get(day)
            if own is None:
                continue
            total.numerator += own.numerator
            total.denominator += own.denominator
            total.is_final &= own.is_final
            if own.value is not None:
                values.append((sign * own.value, day))
                met += bool(self._is_met(promise, own))
        return (
            month,
            promise.client,
            promise.service_type or "all",
            promise.kpi_id,
            held[0],
            held[-1],
            _micro(total.numerator),
            _micro(total.denominator),
            _micro(promise.target),
            self._is_met(promise, total),
            len(values),
            met,
            min(values)[1] if values else None,
            total.is_final and held[-1] < today,
        )

    def index_rows(self, offered: Iterable[Cell]) -> Iterator[tuple[object, ...]]:
        """The KPI rows of call_performance_index; only those with a denominator.

        Args:
            offered: the cell of every contact in scope that was offered.
        """
        calls = Counter((*cell[:5], None) for cell in offered if cell[4] == "voice")
        for cell, count in sorted(calls.items(), key=str):
            day, client, site, queue, _, _ = cell
            points, weights = Decimal(), Decimal()
            for kpi_id, total in self.calls[cell].items():
                target = self._target(kpi_id, client or "", queue or "", "voice", day)
                weight = self._weight(kpi_id, client or "", day)
                if total.value is not None and target is not None and weight is not None:
                    points += weight * _micro(self._attainment(kpi_id, total.value, target))
                    weights += weight
            if weights:
                is_final = day < self.reference.local_day(site, self.as_of)
                yield ("call_performance_index", *cell, count * points, count * weights, is_final)

    def _attainment(self, kpi_id: str, value: Fraction, target: Fraction) -> Fraction:
        """How much of the target is reached, 0 to 100."""
        if self.better[kpi_id] == "target":
            return 100 * max(Fraction(), 1 - abs(value / target - 1))
        if self.better[kpi_id] == "up":
            return 100 * min(Fraction(1), value / target)
        return 100 * min(Fraction(1), target / value) if value else Fraction(100)

    def target_rows(self, contacts: Iterable[Cell]) -> Iterator[tuple[object, ...]]:
        """The targets in force: whole centre and clients on every day from the first contact to the last, a
        queue's channel on the days that it had contacts.

        Args:
            contacts: the cell of every contact in scope.
        """
        places = {(cell[0], cell[1] or "", cell[3] or "", cell[4] or "") for cell in contacts}
        if not places:
            return
        clients = [row["client"] for row in seed_rows(self.reference.seeds, "reference/clients.csv")]
        day, last = min(places)[0], max(places)[0]
        while day <= last:
            places |= {(day, client, "all", "all") for client in (*clients, "all", UNMAPPED)}
            day += _ONE_DAY
        kpis = sorted({row["kpi_id"] for row in self.targets})
        for day, client, queue, channel in sorted(places):
            for kpi_id in kpis:
                target = self._target(kpi_id, client, queue, channel, day)
                if target is not None:
                    yield (day, kpi_id, client, queue, channel, _micro(target))

    def _target(self, kpi_id: str, client: str, queue: str, channel: str, day: date) -> Fraction | None:
        """Of the rows in force the most specific: queue, then client, then channel."""
        best: tuple[tuple[bool, bool, bool], Fraction] | None = None
        for row in self.targets:
            asked = ((row["queue"], queue), (row["client"], client), (row["channel"], channel))
            if row["kpi_id"] != kpi_id or any(own and own != wanted for own, wanted in asked):
                continue
            if _is_in_force(row, day):
                rank = (bool(row["queue"]), bool(row["client"]), bool(row["channel"]))
                if best is None or rank > best[0]:
                    best = (rank, Fraction(row["target"]))
        return best[1] if best else None

    def _weight(self, kpi_id: str, client: str, day: date) -> Decimal | None:
        """A client's own weight, or else the one for any."""
        rows = [row for row in self.weights if row["kpi_id"] == kpi_id and _is_in_force(row, day)]
        for wanted in (client, ""):
            for row in rows:
                if row["client"] == wanted:
                    return Decimal(row["weight"])
        return None


def _is_in_force(row: dict[str, str], day: date) -> bool:
    """Whether a seed's row counts on a day; ISO dates are ordered as text."""
    return row["valid_from"] <= day.isoformat() and (not row["valid_to"] or day.isoformat() < row["valid_to"])


def _add(total: _Sum, numerator: Decimal, denominator: Decimal, is_final: bool) -> None:
    total.numerator += Fraction(numerator)
    total.denominator += Fraction(denominator)
    total.is_final &= is_final


def _micro(value: Fraction) -> Decimal:
    """The millionth that the warehouse keeps, a half rounded up."""
    return Decimal((value * 1_000_000 + Fraction(1, 2)).__floor__()).scaleb(-6)
