"""Mutants that answer as the original does, whatever the data: reviewed, each with the reason why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from mutants.find import Mutant

FILE = Path(__file__).with_name("equivalents.yml")


class EquivalentsError(Exception):
    """The list of equivalent mutants does not fit the models any more."""


def read_equivalents(file: Path, mutants: Iterable[Mutant]) -> dict[Mutant, str]:
    """Each listed mutant with its reason.

    Args:
        file: YAML, a list of entries: `source`, `code` (the line as written), `change`, `reason`, and `nth`
            where the same change of the same line is possible more than once.
        mutants: all mutants that there are.

    Raises:
        EquivalentsError: an entry without a reason, one that fits no mutant or more than one, or the same
            twice.
    """
    entries = yaml.safe_load(file.read_text(encoding="utf-8")) or []
    by_key: dict[tuple[str, str, str], list[Mutant]] = {}
    for mutant in mutants:
        by_key.setdefault((mutant.source, mutant.code, mutant.change), []).append(mutant)
    found: dict[Mutant, str] = {}
    wrong: list[str] = []
    for entry in entries:
        fitting = [
            mutant
            for mutant in by_key.get((entry["source"], entry["code"], entry["change"]), [])
            if entry.get("nth", mutant.nth) == mutant.nth
        ]
        if len(fitting) != 1:
            what = "fits no mutant: the line has changed" if not fitting else "fits several: add `nth`"
            wrong.append(f"{_said(entry)} {what}")
        elif not str(entry.get("reason") or "").strip():
            wrong.append(f"{_said(entry)} has no reason")
        elif fitting[0] in found:
            wrong.append(f"{_said(entry)} stands there twice")
        else:
            found[fitting[0]] = " ".join(str(entry["reason"]).split())
    if wrong:
        raise EquivalentsError("\n".join([f"{file.name}:", *wrong]))
    return found


def _said(entry: Mapping[str, Any]) -> str:
    return f"  {entry.get('source')}: {entry.get('code')} [{entry.get('change')}]"


