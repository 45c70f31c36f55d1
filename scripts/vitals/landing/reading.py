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
from vitals.landing.records import Bad, Columns, OnHeader, RefusedError, Row, bounded_lines, check_expansion
from vitals.streams import Stream

_HEAD_BYTES = 1 << 16
_PROOF_BYTES = 512
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_PARQUET, _ZIP, _GZIP = b"PAR1", b"PK\x03\x04", b"\x1f\x8b"
_AGAIN = "Export or copy the file again."


def read_file(
    raw: BinaryIO, stream: Stream, on_header: OnHeader = lambda names: None
) -> Iterator[Row | Columns | Bad]:
    """Every row and bad line of an open file, in the file's order, in bounded memory.

    Args:
        raw: the file, opened for reading and seekable.
        stream: the declaration of its stream.
        on_header: called with the column names of a file that has a header, before its first row.

    Raises:
        RefusedError: the file cannot be read as a whole; some rows may have been yielded before.
    """
    try:
        yield from _rows(raw, stream, on_header)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RefusedError(f"the compressed content is cut off or damaged: {error}", _AGAIN) from error
    except (zipfile.BadZipFile, pa.ArrowException, OSError) as error:
        raise RefusedError(f"the file is cut off or damaged: {str(error).splitlines()[0]}", _AGAIN) from error
    except UnicodeError as error:
        raise RefusedError(
            f"the text cannot be decoded: {error}", "Declare its `encoding` in the stream's meta.", "undecodable"
        ) from error


class _Unpacked(gzip.GzipFile):
    """A gzip file that refuses to unpack to far more than real exports do."""

    def __init__(self, file: BinaryIO) -> None:
        self._packed = file.seek(0, io.SEEK_END)
        file.seek(0)
        super().__init__(fileobj=file)

    def read(self, size: int | None = -1) -> bytes:
        """Reads on, as of any file."""
        data = super().read(size)
        check_expansion(self.tell(), self._packed, "the file")
        return data

    def read1(self, size: int = -1) -> bytes:
        """Reads on, as of any file."""
        data = super().read1(size)
        check_expansion(self.tell(), self._packed, "the file")
        return data


def _rows(file: BinaryIO, stream: Stream, on_header: OnHeader) -> Iterator[Row | Columns | Bad]:
    head = _head(file)
    if not head:
        raise RefusedError("the file is empty", "Export it again, or remove it.", "empty")
    if head.startswith(_GZIP):
        if isinstance(cast(object, file), _Unpacked):
            # A file can be made that holds itself, for ever.
            raise RefusedError("it is compressed twice", "Unpack it once.", "compressed_twice")
        with _Unpacked(file) as inner:
            if _head(inner).startswith((_PARQUET, _ZIP)):
                # Both need to be read from their end.
                with tempfile.TemporaryFile() as unpacked:
                    shutil.copyfileobj(inner, unpacked)
                    yield from _rows(unpacked, stream, on_header)
            else:
                yield from _rows(cast(BinaryIO, inner), stream, on_header)
    elif head.startswith(_PARQUET):
        yield from read_parquet(file, stream, on_header)
    elif head.startswith(_ZIP):
        try:
            yield from read_xlsx(file, stream, on_header)
        except (KeyError, ValueError, SyntaxError, TypeError, IndexError) as error:
            # What openpyxl raises on a damaged workbook; a parse error of XML is a SyntaxError.
            remedy = "Save it again as .xlsx, or export it as CSV."
            raise RefusedError(f"the workbook cannot be read: {error!r}", remedy) from error
    else:
        yield from _text_rows(file, head, stream, on_header)


def _text_rows(file: BinaryIO, head: bytes, stream: Stream, on_header: OnHeader) -> Iterator[Row | Bad]:
    encoding = _encoding(file, head, stream)
    beginning = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head)
    lines = [line for line in beginning.split("\n") if line.strip()]
    if "\0" in beginning and 2 * sum(bool(_CONTROL.search(line)) for line in lines) > len(lines):
        raise RefusedError(
            "the content is binary",
            "Export it as CSV, JSON, Parquet or XLSX; declare `encoding` if it is text.",
            "binary",
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
                raise RefusedError("the file holds only blank lines", "Export it again, or remove it.", "empty")
            yield from read_json(text, shown, stream.records)
        else:
            yield from read_delimited(bounded_lines(text), shown, stream, on_header)
    finally:
        text.detach()


def _encoding(file: BinaryIO, head: bytes, stream: Stream) -> str:
    """UTF-8 and UTF-16 prove themselves; the declared encoding, which may decode anything, is for other files."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if found := _utf16_without_mark(head):
        return found
    return "utf-8" if not stream.encoding or _is_utf8(file) else stream.encoding


def _utf16_without_mark(head: bytes) -> str | None:
    """UTF-16 by its NULs: every ASCII character of the beginning has one, always on the same side."""
    begin = head[:_PROOF_BYTES]
    first, second = begin[0::2].count(0), begin[1::2].count(0)
    least = len(begin) // 4
    if first and second or len(begin) < 2 or first + second < least:
        return None
    return "utf-16-be" if first else "utf-16-le" if second else None


def _is_utf8(file: BinaryIO) -> bool:
    """Whether all of the file is UTF-8 text."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while chunk := file.read(1 << 20):
            if b"\0" in chunk:
                return False
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        file.seek(0)
    return True


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
            f"the file cannot be opened: {error.strerror}", f"Make it readable: chmod u+r {path}", "not_readable"
        ) from error
