"""Parquet and XLSX: files that bring their own structure."""

import io
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

import openpyxl
import pyarrow.parquet as pq

from vitals.landing.columns import texts
from vitals.landing.records import (
    Bad,
    Columns,
    OnHeader,
    RefusedError,
    Row,
    as_text,
    check_expansion,
    check_required,
    header_columns,
    snake_names,
)
from vitals.streams import Stream

_BATCH_ROWS = 20_000
_EXCEL_ROWS = 1 << 20
# Rows that repeat one value take next to no room: beyond these bounds a file is a trap.
_PARQUET_ROWS, _ROWS_A_BYTE = 10_000_000, 100


def read_parquet(file: BinaryIO, stream: Stream, on_header: OnHeader) -> Iterator[Columns]:
    """Every record of a Parquet file, as text; its line is its number, from 1."""
    parquet = pq.ParquetFile(file)
    bound = max(_PARQUET_ROWS, _ROWS_A_BYTE * file.seek(0, io.SEEK_END))
    if parquet.metadata.num_rows > bound:
        raise RefusedError(
            f"{parquet.metadata.num_rows:,} rows in so few bytes: it would unpack without end",
            "Export it again.",
            "expands_too_far",
        )
    names = snake_names(parquet.schema_arrow.names)
    check_required(stream, names)
    on_header(names)
    number = 1
    for batch in parquet.iter_batches(_BATCH_ROWS):
        yield Columns(number, names, [texts(column) for column in batch.columns])
        number += batch.num_rows


def read_xlsx(file: BinaryIO, stream: Stream, on_header: OnHeader) -> Iterator[Row | Bad]:
    """Every record of the first sheet that has data; its first rows that are not empty are the header.

    A sheet is a table of its own: each further one that has data is a bad line, so that it is not passed over
    in silence.
    """
    with zipfile.ZipFile(file) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            raise RefusedError(
                "the file is a zip archive, but no workbook",
                "Unpack it, and drop the files that it holds.",
                "no_workbook",
            )
        for entry in archive.infolist():
            check_expansion(entry.file_size, entry.compress_size, f"its part {entry.filename!r}")
    workbook = openpyxl.load_workbook(file, read_only=True, data_only=True)
    names: tuple[str, ...] = ()
    further: list[list[str | None]] = []
    told: tuple[tuple[str, ...], list[str]] = ((), [])
    taken = ""
    for sheet in workbook.worksheets:
        sheet.reset_dimensions()
        for line, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            if line > _EXCEL_ROWS:
                raise RefusedError(
                    f"sheet {sheet.title!r} has a row beyond {_EXCEL_ROWS:,}, the last one that there can be",
                    "Save it again as .xlsx, or export it as CSV.",
                )
            values = [as_text(cell) or None for cell in cells]
            while values and values[-1] is None and len(values) > len(names):
                values.pop()
            if not any(values):
                continue
            if not names:
                names, taken = snake_names(value or "" for value in values), sheet.title
                check_required(stream, names)
                on_header(names)
            elif sheet.title != taken:
                text = "\t".join(value or "" for value in values)
                reason = f"sheet {sheet.title!r} is not read, {taken!r} is: drop one workbook for each sheet"
                yield Bad(line, text, reason, "further_sheet")
                break
            elif len(values) > len(names):
                text = "\t".join(value or "" for value in values)
                reason = f"expected {len(names)} cells, found {len(values)}"
                yield Bad(line, text, reason, "wrong_field_count")
            elif len(further) < stream.header_rows - 1:
                further.append([*values, *[None] * (len(names) - len(values))])
                told = header_columns(stream, names, further) if len(further) == stream.header_rows - 1 else told
            else:
                yield Row(line, names + told[0], [*values, *[None] * (len(names) - len(values)), *told[1]])
    if names and len(further) < stream.header_rows - 1:
        header_columns(stream, names, further)
    if not names:
        raise RefusedError("no sheet of the workbook has data", "Export it again, or remove it.", "empty")
