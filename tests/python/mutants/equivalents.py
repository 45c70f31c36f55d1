"""Mutants that answer as the original does, whatever the data: reviewed, each with the reason why."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mutants.find import Mutant

FILE = Path(__file__).with_name("equivalents.toml")


class EquivalentsError(Exception):
    """The list of equivalent mutants does not fit the models any more."""


def read_equivalents(file: Path, mutants: Iterable[Mutant]) -> dict[Mutant, str]:
    """Each listed mutant with its reason.

    Args:
        file: TOML, tables `equivalent`: `source`, `code` (the line as written, or several), `change` (or
            several), `reason`, and `nth` where a line can be changed so more than once.
        mutants: all mutants that there are.

    Raises:
        EquivalentsError: an entry without a reason, one that fits no mutant or more than one, or the same
            twice.
    """
    by_key: dict[tuple[str, str, str], list[Mutant]] = {}
    for mutant in mutants:
        by_key.setdefault((mutant.source, mutant.code, mutant.change), []).append(mutant)
    found: dict[Mutant, str] = {}
    wrong: list[str] = []
    for entry in tomllib.loads(file.read_text(encoding="utf-8")).get("equivalent", []):
        reason = " ".join(str(entry.get("reason", "")).split())
        for key in _keys(entry):
            fitting = [one for one in by_key.get(key, []) if entry.get("nth", one.nth) == one.nth]
            said = f"  {key[0]}: {key[1]}  [{key[2]}]"
            if not fitting:
                wrong.append(f"{said} fits no mutant: the line has changed")
            elif len(fitting) > 1:
                wrong.append(f"{said} fits {len(fitting)} mutants: add `nth`")
            elif not reason:
                wrong.append(f"{said} has no reason")
            elif fitting[0] in found:
                wrong.append(f"{said} stands there twice")
            else:
                found[fitting[0]] = reason
    if wrong:
        raise EquivalentsError("\n".join([f"{file.name}:", *wrong]))
    return found


def _keys(entry: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    codes, changes = (
        [entry[name]] if isinstance(entry[name], str) else entry[name] for name in ("code", "change")
    )
    for code in codes:
        for change in changes:
            yield entry["source"], code, change
