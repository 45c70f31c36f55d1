"""Looking for a person's texts in all that a warehouse keeps: databases, Parquet and plain files, as decoded
values and as bytes."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

# Given a text, the needles that stand in it.
Finder = Callable[[str], set[str]]
_CHUNK_BYTES, _OVERLAP_BYTES = 8 << 20, 4 << 10
_CHUNK_VALUES = 20_000
# So many are each looked for directly; of more, the words of the text are looked up instead.
_FEW_NEEDLES = 200


@dataclass(frozen=True, order=True)
class Find:
    """A needle, and where it stands: a file, and within a database or Parquet file the column."""

    file: str
    where: str
    needle: str


def finder(needles: Iterable[str]) -> Finder:
    """A function that finds any of many needles, in any case, where no letter or digit touches them.

    Args:
        needles: texts of three characters or more.
    """
    folded = {needle.casefold(): needle for needle in needles}
    size = min(map(len, folded), default=1)
    by_beginning: dict[str, list[str]] = {}
    for each in folded:
        by_beginning.setdefault(each[:size], []).append(each)

    # A word, or a sign with one behind it: only there can a bounded needle begin.
    starts = re.compile(r"[0-9]+|[^\W\d_]+|[^\s\w]|_")

    def find(text: str) -> set[str]:
        text = text.casefold()
        if len(folded) <= _FEW_NEEDLES:
            return {folded[each] for each in folded if each in text and bounded(each).search(text)}
        begun = {text[at.start() : at.start() + size] for at in starts.finditer(text)}
        likely = (each for beginning in begun & by_beginning.keys() for each in by_beginning[beginning])
        return {folded[each] for each in likely if each in text and bounded(each).search(text)}

    return find


def bounded(needle: str) -> re.Pattern[str]:
    """A pattern of a text in any case, no digit beside a digit at its edge and no letter or digit beside a
    letter."""

    def guard(look: str, edge: str) -> str:
        kind = "[0-9]" if edge.isdigit() else r"[^\W_]" if edge.isalpha() else ""
        return f"({look}{kind})" if kind else ""

    pattern = guard("?<!", needle[0]) + re.escape(needle) + guard("?!", needle[-1])
    return re.compile(pattern, re.IGNORECASE)


def search(files: Iterable[Path], find: Finder) -> list[Find]:
    """Every needle in these files, each place once: in their bytes as UTF-8, and in the values of databases
    and Parquet files.

    Args:
        files: of any kind.
        find: from `finder`, or one like it.
    """
    found: set[Find] = set()
    for file in files:
        found |= {Find(str(file), "bytes", needle) for text in _bytes(file) for needle in find(text)}
        if file.suffix == ".duckdb":
            values = database_texts(file)
        elif file.suffix == ".parquet":
            values = _parquet_texts(file)
        else:
            continue
        found |= {Find(str(file), where, needle) for where, text in values for needle in find(text)}
    return sorted(found)


def database_texts(database: Path) -> Iterator[tuple[str, str]]:
    """All that can be read as text in a database: `schema.table.column`, and distinct values, a line each.

    Comments on tables and columns are among it.
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() where not internal"
            " and regexp_matches(data_type, 'VARCHAR|JSON|BLOB|ENUM|UUID') order by all"
        ).fetchall()
        for schema, table, column in columns:
            query = (
                f'select distinct cast("{column}" as varchar) from "{schema}"."{table}"'
                f' where "{column}" is not null'
            )
            rows = connection.execute(query)
            while chunk := rows.fetchmany(_CHUNK_VALUES):
                yield f"{schema}.{table}.{column}", "\n".join(value for (value,) in chunk)
        for catalogue in ("duckdb_tables()", "duckdb_columns()"):
            comments = connection.execute(
                f"select comment from {catalogue} where comment is not null"
            ).fetchall()
            yield "comments", "\n".join(str(comment) for (comment,) in comments)


def _parquet_texts(file: Path) -> Iterator[tuple[str, str]]:
    with pq.ParquetFile(file) as parquet:
        texts = [field.name for field in parquet.schema_arrow if pa.types.is_string(field.type)]
        for batch in parquet.iter_batches(_CHUNK_VALUES, columns=texts):
            for name in texts:
                yield name, "\n".join(filter(None, pc.unique(batch[name]).to_pylist()))


def _bytes(file: Path) -> Iterator[str]:
    with file.open("rb") as opened:
        tail = b""
        while chunk := opened.read(_CHUNK_BYTES):
            yield (tail + chunk).decode("utf-8", "replace")
            tail = chunk[-_OVERLAP_BYTES:]
