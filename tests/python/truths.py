"""Reading what the simulator knows, and comparing it with what was published."""

import csv
from decimal import Decimal
from typing import Any

from centre import Centre


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
    """A value as both sides write it: numbers without trailing zeros, null as nothing."""
    text = "" if value is None else str(value)
    return str(Decimal(text).normalize() + 0) if text.replace(".", "", 1).isdigit() else text
