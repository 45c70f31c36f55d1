"""Adding up numerators and denominators, cell by cell."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import TypeAlias

# day, client, site, queue, channel, contact_type; None where a dimension does not apply.
Cell: TypeAlias = tuple[date, str | None, str, str | None, str | None, str | None]


class Tally:
    """The KPI rows of a run as they grow."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, Cell], list[Decimal]] = defaultdict(lambda: [Decimal(), Decimal()])
        self._provisional: set[tuple[str, Cell]] = set()

    def count(
        self,
        kpi_id: str,
        cell: Cell,
        numerator: int | Decimal,
        denominator: int = 1,
        is_final: bool = True,
    ) -> None:
        """Adds to both sides. One part not final leaves the row provisional, even if it adds nothing."""
        pair = self._pairs[kpi_id, cell]
        pair[0] += numerator
        pair[1] += denominator
        if not is_final:
            self._provisional.add((kpi_id, cell))

    def cells(self) -> Iterator[tuple[str, Cell, Decimal, Decimal, bool]]:
        """kpi_id, the cell, numerator, denominator, is_final, in order, also of those that count nothing."""
        for kpi_id, cell in sorted(self._pairs, key=str):
            numerator, denominator = self._pairs[kpi_id, cell]
            yield kpi_id, cell, numerator, denominator, (kpi_id, cell) not in self._provisional

    def rows(self) -> Iterator[tuple[object, ...]]:
        """kpi_id, the cell, numerator, denominator, is_final: rows with a denominator, in order."""
        for kpi_id, cell, numerator, denominator, is_final in self.cells():
            if denominator:
                yield (kpi_id, *cell, numerator, denominator, is_final)
