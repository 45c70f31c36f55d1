"""Parquet and XLSX: files that bring their own structure."""

import zipfile
from collections.abc import Iterator
from typing import BinaryIO

import openpyxl
import pyarrow.parquet as pq

from vitals.landing.records import Bad, RefusedError, Row, as_text, check_required, snake_names
from vitals.streams import Stream

_BATCH_ROWS = 2_000


def read_parquet(file: BinaryIO, stream: Stream) -> Iterator[Row]:
    """Every record of a Parquet file; its line is its number, from 1."""
    parquet = pq.ParquetFile(file)
    names = snake_names(parquet.schema_arrow.names)
    check_required(stream, names)
    number = 1
    for batch in parquet.iter_batches(_BATCH_ROWS):
        columns = [[as_text(value) for value in column.to_pylist()] for column in batch.columns]
        for line, values in enumerate(zip(*columns, strict=True), number):
            yield Row(line, names, values)
        number += batch.num_rows


def read_xlsx(file: BinaryIO, stream: Stream) -> Iterator[Row | Bad]:
    """Every record of the first sheet that has data; its first row that is not empty is the header.

    A sheet is a table of its own: each further one that has data is a bad line, so that it is not passed over
    in silence.
    """
    with zipfile.ZipFile(file) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            raise RefusedError(
                "the file is a zip archive, but no workbook", "Unpack it, and drop the files that it holds."
            )
    workbook = openpyxl.load_workbook(file, read_only=True, data_only=True)
    names: tuple[str, ...] = ()
    taken = ""
    for sheet in workbook.worksheets:
        sheet.reset_dimensions()
        for line, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            values = [as_text(cell) or None for cell in cells]
            while values and values[-1] is None and len(values) > len(names):
                values.pop()
            if not any(values):
                continue
            if not names:
                names, taken = snake_names(value or "" for value in values), sheet.title
                check_required(stream, names)
            elif sheet.title != taken:
                text = "\t".join(value or "" for value in values)
                reason = f"sheet {sheet.title!r} is not read, {taken!r} is: drop one workbook for each sheet"
                yield Bad(line, text, reason)
                break
            elif len(values) > len(names):
                text = "\t".join(value or "" for value in values)
                yield Bad(line, text, f"expected {len(names)} cells, found {len(values)}")
            else:
                yield Row(line, names, [*values, *[None] * (len(names) - len(values))])
    if not names:
        raise RefusedError("no sheet of the workbook has data", "Export it again, or remove it.")
