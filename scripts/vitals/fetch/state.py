"""What was fetched so far: one small JSON file per platform in the warehouse; no secret is in it."""

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

from vitals.errors import VitalsError

_VERSION = 1

Memory = dict[str, Any]


class State:
    """The memory of a platform's streams.

    Args:
        file: where it is kept; its folder is made.
        account: whose data it is about: another account's memory is no memory.

    Raises:
        VitalsError: the file is there and cannot be understood.
    """

    def __init__(self, file: Path, account: str) -> None:
        self._file = file
        self._account = sha256(account.encode()).hexdigest()[:16]
        self._streams: dict[str, Memory] = {}
        if not file.exists():
            return
        try:
            read = json.loads(file.read_text(encoding="utf-8"))
            is_ours = read["version"] == _VERSION and isinstance(read["streams"], dict)
            account_then = read["account"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _unreadable(file) from error
        if not is_ours:
            raise _unreadable(file)
        if account_then == self._account:
            self._streams = read["streams"]

    def of(self, stream: str) -> Memory:
        """What is known of a stream: a copy; empty when nothing was fetched yet."""
        known: Memory = json.loads(json.dumps(self._streams.get(stream, {})))
        return known

    def keep(self, stream: str, memory: Memory) -> None:
        """Put a stream's memory on disk, at once or not at all. Its files must stand in landing before."""
        self._streams[stream] = memory
        told = {"version": _VERSION, "account": self._account, "streams": self._streams}
        aside = self._file.with_name(f".{self._file.name}.tmp")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
            json.dump(told, opened, separators=(",", ":"))
            opened.flush()
            os.fsync(opened.fileno())
        aside.replace(self._file)


class Recent:
    """The rows that came lately, by day and key: in an overlap only those that changed are new.

    Args:
        known: `{day: {key: digest}}`, as it stands in a memory; it is changed in place.
    """

    def __init__(self, known: dict[str, dict[str, str]]) -> None:
        self.known = known

    def news(self, day: str, key: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows that are new or changed; all are known from now on."""
        of_day = self.known.setdefault(day, {})
        fresh = []
        for row in rows:
            digest = sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:12]
            if of_day.get(str(row.get(key))) != digest:
                of_day[str(row.get(key))] = digest
                fresh.append(row)
        return fresh

    def forget_before(self, day: str) -> None:
        """Days that no overlap reaches any more."""
        for old in [each for each in self.known if each < day]:
            del self.known[old]


def _unreadable(file: Path) -> VitalsError:
    return VitalsError(
        f"{file.name}, which says what was fetched so far, cannot be understood.",
        f"Remove {file}, and fetch again: what comes twice lands once.",
    )
