"""Reading what the simulator knows, and comparing it with what was published."""

import csv
from decimal import Decimal
from typing import Any

from centre import Centre

# Each share of a month's costs is rounded to 6 decimals as running totals are, a few times on the way.
CENT = Decimal("0.005")


def truth(centre: Centre, name: str) -> list[dict[str, str]]:
    with (centre.truth / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def differences(expected: dict[Any, Any], actual: dict[Any, Any]) -> list[str]:
    """The first cells that differ, as a reader wants to see them."""
    return [
        f"{key}: expected {expected.get(key)}, got {actual.get(key)}"
        for key in sorted(set(expected) | set(actual), key=str)
        if expected.get(key) != actual.get(key)
    ][:10]


def plain(value: object) -> str:
    """A value as both sides write it: numbers without trailing zeros, true and false in lower case, null as
    nothing."""
    text = "" if value is None else str(value)
    if text in ("True", "False"):
        return text.lower()
    is_number = text.lstrip("-").replace(".", "", 1).isdigit()
    return f"{Decimal(text).normalize() + 0:f}" if is_number else text


def compare(
    centre: Centre, mart: str, keys: tuple[str, ...], measures: dict[str, str], amounts: tuple[str, ...] = ()
) -> list[dict[str, str]]:
    """Demands that a mart has the truth's rows and no others, and returns the truth.

    measures: the truth's columns and the SQL expression of each over the mart. amounts: those of them that
    are money allocated to contacts, compared to the cent.
    """
    expected = truth(centre, f"{mart}.csv")
    found = centre.published(f"select {', '.join([*keys, *measures.values()])} from marts.{mart}")
    assert expected, "the truth has no row for this mart"
    names = [*keys, *measures]
    by_key = {tuple(plain(row[key]) for key in keys): row for row in expected}
    actual = {
        tuple(plain(value) for value in row[: len(keys)]): dict(zip(names, row, strict=True)) for row in found
    }
    assert (len(by_key), len(actual)) == (len(expected), len(found)), "a key occurs twice"
    wrong: list[str] = []
    for key in sorted(set(by_key) | set(actual)):
        known, row = by_key.get(key), actual.get(key)
        if known is None or row is None:
            wrong.append(f"{key}: expected {known}, got {row}")
            continue
        wrong += [
            f"{key} {name}: expected {known[name]}, got {row[name]}"
            for name in measures
            if not (is_near(known[name], row[name]) if name in amounts else known[name] == plain(row[name]))
            and plain(known[name]) != plain(row[name])
        ]
    assert not wrong, "\n".join(wrong[:10])
    return expected


def is_near(expected: str, actual: Any) -> bool:
    """Equal to the cent; unknown only where the other is."""
    if expected == "" or actual is None:
        return expected == "" and actual is None
    return abs(Decimal(expected) - Decimal(str(actual))) < CENT
