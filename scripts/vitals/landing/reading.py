"""Opens a dropped file by what it contains, whatever its name, and yields its rows and bad lines."""

import codecs
import gzip
import io
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from vitals.landing.read_delimited import has_declared_header, read_delimited
from vitals.landing.read_json import read_json
from vitals.landing.read_tables import read_parquet, read_xlsx
from vitals.landing.records import Bad, RefusedError, Row
from vitals.streams import Stream

_HEAD_BYTES = 1 << 16
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_PARQUET, _ZIP, _GZIP = b"PAR1", b"PK\x03\x04", b"\x1f\x8b"
_AGAIN = "Export or copy the file again."


def read_file(raw: BinaryIO, stream: Stream) -> Iterator[Row | Bad]:
    """Every row and bad line of an open file, in the file's order, in bounded memory.

    Args:
        raw: the file, opened for reading and seekable.
        stream: the declaration of its stream.

    Raises:
        RefusedError: the file cannot be read as a whole; some rows may have been yielded before.
    """
    try:
        yield from _rows(raw, stream)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RefusedError(f"the compressed content is cut off or damaged: {error}", _AGAIN) from error
    except (zipfile.BadZipFile, pa.ArrowException, OSError) as error:
        raise RefusedError(f"the file is cut off or damaged: {str(error).splitlines()[0]}", _AGAIN) from error
    except UnicodeError as error:
        raise RefusedError(
            f"the text cannot be decoded: {error}", "Declare its `encoding` in the stream's meta."
        ) from error


def _rows(file: BinaryIO, stream: Stream) -> Iterator[Row | Bad]:
    head = _head(file)
    if not head:
        raise RefusedError("the file is empty", "Export it again, or remove it.")
    if head.startswith(_GZIP):
        with gzip.GzipFile(fileobj=file) as inner:
            if _head(inner).startswith((_PARQUET, _ZIP)):
                # Both need to be read from their end.
                with tempfile.TemporaryFile() as unpacked:
                    shutil.copyfileobj(inner, unpacked)
                    yield from _rows(unpacked, stream)
            else:
                yield from _rows(cast(BinaryIO, inner), stream)
    elif head.startswith(_PARQUET):
        yield from read_parquet(file, stream)
    elif head.startswith(_ZIP):
        try:
            yield from read_xlsx(file, stream)
        except (KeyError, ValueError, SyntaxError, TypeError, IndexError) as error:
            # What openpyxl raises on a damaged workbook; a parse error of XML is a SyntaxError.
            remedy = "Save it again as .xlsx, or export it as CSV."
            raise RefusedError(f"the workbook cannot be read: {error!r}", remedy) from error
    else:
        yield from _text_rows(file, head, stream)


def _text_rows(file: BinaryIO, head: bytes, stream: Stream) -> Iterator[Row | Bad]:
    encoding = _encoding(head, stream)
    beginning = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head)
    lines = [line for line in beginning.split("\n") if line.strip()]
    if "\0" in beginning and 2 * sum(bool(_CONTROL.search(line)) for line in lines) > len(lines):
        raise RefusedError(
            "the content is binary",
            "Export it as CSV, JSON, Parquet or XLSX; declare `encoding` if it is text.",
        )
    shown = encoding.removesuffix("-sig")
    first = beginning.lstrip()[:1]
    if stream.format == "json":
        is_json = first in ("{", "[") or not has_declared_header(beginning, stream)
    else:
        is_json = stream.format == "delimited" and stream.has_header and first in ("{", "[")
    # Universal line ends for JSON only: fields of delimited text may hold line breaks.
    text = io.TextIOWrapper(file, encoding, errors="surrogateescape", newline=None if is_json else "")
    try:
        if is_json:
            if not first:
                raise RefusedError("the file holds only blank lines", "Export it again, or remove it.")
            yield from read_json(text, shown, stream.records)
        else:
            yield from read_delimited(text, shown, stream)
    finally:
        text.detach()


def _encoding(head: bytes, stream: Stream) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return stream.encoding or "utf-8"


def _head(file: BinaryIO | gzip.GzipFile) -> bytes:
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    return head


def open_regular(path: Path) -> BinaryIO:
    """Opens a file for reading. Raises RefusedError when the system does not let us."""
    try:
        return path.open("rb")
    except OSError as error:
        raise RefusedError(
            f"the file cannot be opened: {error.strerror}", f"Make it readable: chmod u+r {path}"
        ) from error
