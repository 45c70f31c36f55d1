"""Files into landing, whole or not at all: written as `.part`, which landing passes over, then renamed."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from vitals.landing.reading import read_file
from vitals.landing.records import Bad, Columns, RefusedError
from vitals.streams import Stream

# Ours alone: another sender's transfer in progress must stay.
_UNFINISHED = ".fetch.part"


class Drop:
    """The folder of one stream in landing, and how many files and rows came into it.

    Args:
        landing: the landing folder.
        stream: the stream's declaration.
    """

    def __init__(self, landing: Path, stream: Stream) -> None:
        self._stream = stream
        self._folder = landing / stream.platform / stream.name
        self.files = self.rows = 0
        # They hold customers' data in the clear.
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in self._folder.glob(f"*{_UNFINISHED}"):
            left.unlink()

    def rows_of(self, label: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Put rows into a file, under the key that the stream declares; no file when there are none.

        The name has the label and the content's hash: the same content has one file, and none is overwritten.
        """
        texts = [json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows]
        if not texts:
            return
        body = f'{{"{self._stream.records}":[\n' + ",\n".join(texts) + "\n]}\n"
        # Half a surrogate pair, which JSON may hold, stays the escape that it came as.
        content = body.encode("utf-8", "backslashreplace")
        name = f"{self._stream.name}-{label}-{sha256(content).hexdigest()[:12]}.json"
        if self.has(name):
            return
        self._write(name, lambda file: file.write(content))
        self.rows += len(texts)

    def has(self, name: str) -> bool:
        """Whether a file stands there already."""
        return (self._folder / name).exists()

    def copy(self, name: str, fill: Callable[[BinaryIO], object]) -> None:
        """Put a file in as it comes, and count its rows.

        Args:
            name: its name in landing.
            fill: writes the content into an open file.
        """
        path = self._write(name, fill)
        self.rows += _rows_in(path, self._stream)

    def _write(self, name: str, fill: Callable[[BinaryIO], object]) -> Path:
        part, path = self._folder / f"{name}{_UNFINISHED}", self._folder / name
        try:
            with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        self.files += 1
        return path


def _rows_in(path: Path, stream: Stream) -> int:
    """How many rows landing will find; what it will refuse is told there, with its remedy."""
    count = 0
    with path.open("rb") as file:
        try:
            for each in read_file(file, stream):
                if isinstance(each, Columns):
                    count += len(each)
                elif not isinstance(each, Bad):
                    count += 1
        except RefusedError:
            return count
    return count
