"""Bad files: a fixed corpus, by name, and mutations of true exports."""

import gzip
import io
import os
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

HEADER = b"contact_id,channel,arrived_at,talk_seconds,language\n"
LINE = b"1,voice,2026-10-05T09:00:00Z,30,%s\n"
MIB = 1 << 20
PROBES = (
    "'; create table pwned (x int); --",
    "\"); copy (select 1) to '{outside}/pwned.csv'; --",
    "$$; attach '{outside}/pwned.db' as pwned; --",
    "{{{{ run_query('create table pwned (x int)') }}}}",
    "=cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "=HYPERLINK(\"file://{outside}/pwned\",\"x\")",
    "<script>fetch('//127.0.0.1/pwned')</script>",
    "[bold red]x[/bold red][/nothing]",
    "`touch {outside}/pwned`",
    "$(touch {outside}/pwned)",
    "../../../../etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "{outside}/pwned.parquet",
    "read_csv('/etc/passwd')",
    "\x1b[2J\x1b]0;pwned\x07",
    "\u202egnp.exe\u2066\u200b\ufeff",
    "مرحبا שלום",
    "\x01\x02\x08\x0b\x0c\x1c\x7f\x85\u2028",
    "%s%n%x",
    "null",
    "1e999",
    "9" * 400,
)
NAMES: tuple[str | bytes, ...] = (
    "..%2f..%2fpwned.csv",
    "..\\..\\pwned.csv",
    "C:\\pwned.csv",
    "-rf.csv",
    "~root.csv",
    "$(touch pwned).csv",
    "`touch pwned`.csv",
    "; touch pwned;.csv",
    "'; drop table contacts; --.csv",
    "two\nlines.csv",
    "\x1b[2J\x1b[31m.csv",
    "\u202evsc.exe",
    "=cmd|' C calc'!A0.csv",
    "<script>alert(1)<.csv",
    "[bold][.csv",
    "{{ 1 }}.csv",
    "*.csv",
    "?[a-z]{1}.csv",
    "_empty.parquet",
    "contacts.parquet",
    "COM1.csv",
    "n" * 240 + ".csv",
    b"\xff\xfe.csv",
)

Build = Callable[[Path], object]


def _write(content: bytes) -> Build:
    return lambda path: path.write_bytes(content)


def _lazy(content: Callable[[], bytes]) -> Build:
    return lambda path: path.write_bytes(content())


def _csv(value: str) -> bytes:
    quoted = '"' + value.replace('"', '""') + '"'
    return HEADER + LINE % quoted.encode("utf-8", "surrogatepass")


def _large(*parts: tuple[bytes, int]) -> Build:
    def build(path: Path) -> None:
        with path.open("wb") as file:
            for content, times in parts:
                for _ in range(times):
                    file.write(content)

    return build


def _bomb(beginning: bytes, filling: bytes, times: int) -> Build:
    def build(path: Path) -> None:
        with gzip.open(path, "wb", compresslevel=1) as file:
            file.write(beginning)
            for _ in range(times):
                file.write(filling)

    return build


def _workbook(**parts: bytes) -> bytes:
    """A workbook of which some parts are replaced."""
    book, sink, made = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    book.active.append(["contact_id", "channel", "arrived_at"])
    book.active.append(["1", "voice", "2026-10-05T09:00:00Z"])
    book.save(sink)
    with zipfile.ZipFile(sink) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts.get(Path(name).stem, old.read(name)))
    return made.getvalue()


def _sheet(rows: str, before: str = "") -> bytes:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    text = f'<?xml version="1.0"?>{before}<worksheet xmlns="{space}"><sheetData>{rows}</sheetData></worksheet>'
    return text.encode()


def _parquet(columns: dict[str, object]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


_CELL = '<c r="{0}" t="inlineStr"><is><t>{1}</t></is></c>'
_HEAD = '<row r="1">' + "".join(
    _CELL.format(f"{letter}1", name) for letter, name in zip("ABC", ("contact_id", "channel", "arrived_at"), strict=True)
) + "</row>"
_LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {after} "{f"&{one};" * 10}">' for one, after in zip("abcdefghi", "bcdefghij", strict=True)
) + "]>"
_RECORD = b'{"id": 1, "subject": %s}'


def corpus(outside: Path) -> dict[str, tuple[str, Build]]:
    """Every fixed bad file: name → (folder in landing, function that puts it at a path)."""
    contacts, tickets, log = "template/contacts", "zendesk/tickets", "asterisk/queue_log"
    files: dict[str, tuple[str, Build]] = {
        "empty": (contacts, _write(b"")),
        "blank": (contacts, _write(b"\n \n\t\n")),
        "mark_only": (contacts, _write(b"\xef\xbb\xbf")),
        "utf_32": (contacts, _write((HEADER + LINE % b"fr").decode().encode("utf-32"))),
        "utf_16_cut": (contacts, _write((HEADER + LINE % b"fr").decode().encode("utf-16")[:-3])),
        "utf_7": (contacts, _write("contact_id,+AGMAaA-\n".encode("utf-7"))),
        "all_nul": (contacts, _write(bytes(100_000))),
        "nul_in_a_field": (contacts, _write(HEADER + LINE % b"f\0r" + LINE % b"fr")),
        "nul_in_the_header": (contacts, _write(HEADER.replace(b"channel", b"chan\0nel") + LINE % b"fr")),
        "nul_in_json": (tickets, _write(_RECORD % b'"a\0b"')),
        "nul_escaped_in_json": (tickets, _write(_RECORD % rb'"a\u0000b\ud800"')),
        "nul_in_a_log": (log, _write(b"1759654800|1|QUEUE\0START|NONE|NONE\n1759654800|NONE|NONE|NONE|QUEUESTART|\n")),
        "line_of_100_mb": (contacts, _large((HEADER, 1), (LINE % b"fr", 1), (b"x" * MIB, 100), (b"\n" + LINE % b"fr", 1))),
        "header_of_100_mb": (contacts, _large((b"x" * MIB, 100))),
        "quoted_field_of_100_mb": (contacts, _large((HEADER, 1), (b'"', 1), (b"x" * MIB, 100))),
        "open_quote_over_100_mb_of_lines": (
            contacts,
            _large((HEADER, 1), (b'"', 1), (LINE % b"fr", 3), (b"x" * MIB + b"\n", 100)),
        ),
        "commas_of_20_mb": (contacts, _large((HEADER, 1), (b"," * MIB, 20))),
        "log_line_of_100_mb": (log, _large((b"1759654800|1|", 1), (b"x" * MIB, 100), (b"\n", 1))),
        "json_string_of_100_mb": (tickets, _large((b'{"id": 1, "subject": "', 1), (b"x" * MIB, 100), (b'"}', 1))),
        "json_lists_of_100_mb": (tickets, _large((b'{"id": 1, "x": [0', 1), (b",[]" * (MIB // 3), 100), (b"]}", 1))),
        "json_open_brackets_of_100_mb": (tickets, _large((b"[" * MIB, 100))),
        "gzip_bomb": (contacts, _bomb(HEADER, bytes(MIB), 200)),
        "gzip_bomb_of_one_line": (contacts, _bomb(HEADER, b"x" * MIB, 100)),
        "gzip_bomb_of_good_lines": (contacts, _bomb(HEADER, (LINE % b"fr") * 25_000, 40)),
        "gzip_bomb_of_json": (tickets, _bomb(b"[", (b'{"id":1,"subject":"' + b"x" * 400 + b'"},') * 2_000, 50)),
        "gzip_in_gzip_in_gzip": (contacts, _write(gzip.compress(gzip.compress(gzip.compress(HEADER + LINE % b"fr"))))),
        "gzip_cut": (contacts, _write(gzip.compress((HEADER + LINE % b"fr") * 1000)[:-20])),
        "gzip_with_waste": (contacts, _write(gzip.compress(HEADER + LINE % b"fr") + b"waste")),
        "columns_10000": (contacts, _write(b",".join([HEADER.strip(), *(b"c%d" % n for n in range(10_000))]) + b"\n" + (b"1,voice,2026-10-05T09:00:00Z,3,fr" + b",1" * 10_000 + b"\n") * 20)),
        "columns_10000_of_one_name": (contacts, _write(HEADER.strip() + b",x" * 10_000 + b"\n" + LINE.strip() % b"fr" + b",1" * 10_000 + b"\n")),
        "columns_10000_without_name": (contacts, _write(HEADER.strip() + b"," * 10_000 + b"\n" + LINE.strip() % b"fr" + b"," * 10_000 + b"\n")),
        "columns_10000_of_json": (tickets, _write(b'{"id":1,' + b",".join(b'"k%d":1' % n for n in range(10_000)) + b"}")),
        "columns_10000_of_a_workbook": (contacts, _lazy(lambda: _sheet_of_columns(10_000))),
        "columns_of_ours": (contacts, _write(HEADER.strip() + b",source_file,source_row,file_hash,landed_at,extra_columns\n" + LINE.strip() % b"fr" + b",/etc/passwd,-1,x,y,{}\n")),
        "columns_twice": (contacts, _write(HEADER.strip() + b",channel,channel\n" + LINE.strip() % b"fr" + b",chat,email\n")),
        "columns_of_sql": (contacts, _write(HEADER.strip() + b",\"'; drop table pwned; --\",../../x,=1+1,\x1b[2J\n" + LINE.strip() % b"fr" + b",1,2,3,4\n")),
        "header_again_and_again": (contacts, _write((HEADER + LINE % b"fr") * 50)),
        "header_only": (contacts, _write(HEADER)),
        "no_header": (contacts, _write(LINE % b"fr" * 3)),
        "separators_mixed": (contacts, _write(HEADER + (LINE % b"fr").replace(b",", b";") + (LINE % b"fr").replace(b",", b"\t"))),
        "carriage_returns_only": (contacts, _write((HEADER + LINE % b"fr").replace(b"\n", b"\r"))),
        "quotes_only": (contacts, _write(HEADER + b'"' * 99_999)),
        "quotes_odd": (contacts, _write(HEADER + b'"a\n' * 5_000)),
        "json_deep": (tickets, _write(b'{"id":1,"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")),
        "json_deep_objects": (tickets, _write(b'{"a":' * 100_000)),
        "json_huge_numbers": (tickets, _write(b'{"id": ' + b"9" * 100_000 + b', "x": 1e999999, "y": -Infinity, "z": NaN}')),
        "json_keys_twice": (tickets, _write(b'{"id": 1, "id": 2, "ID": 3, "Id ": 4}')),
        "json_key_of_1_mb": (tickets, _write(b'{"id": 1, "' + b"k" * MIB + b'": 1}')),
        "json_scalars": (tickets, _write(b'1 "x" null [true, [], [[1]]] {"id": []}')),
        "json_cut": (tickets, _write(b'{"tickets": [{"id": 1}, {"id": 2')),
        "json_commas": (tickets, _write(b"," * 100_000)),
        "html": (contacts, _write(b"<!DOCTYPE html><html><body>502 Bad Gateway<script>alert(1)</script></body></html>")),
        "xml": (contacts, _write(b'<?xml version="1.0"?>' + _LAUGHS.encode() + b"<x>&i;</x>")),
        "elf": (contacts, _write(b"\x7fELF\x02\x01\x01\0" + bytes(range(256)) * 20)),
        "png": (contacts, _write(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)),
        "duckdb": (contacts, _write(bytes(8) + b"DUCK" + bytes(4096))),
        "parquet_cut": (contacts, _write(_parquet({"contact_id": ["1"]})[:-9])),
        "parquet_magic_only": (contacts, _write(b"PAR1PAR1")),
        "parquet_of_sql_names": (contacts, _write(_parquet({"contact_id": ["1"], "channel": ["'; --"], "arrived_at": ["x"], "'; drop table x; --": [1]}))),
        "parquet_of_nested_things": (contacts, _write(_parquet({"contact_id": [[{"a": [1]}]], "channel": [None], "arrived_at": [b"\xff\0"]}))),
        "zip_of_paths": (contacts, _zip_of_paths),
        "workbook_part_bomb": (contacts, _lazy(lambda: _workbook(sheet1=_sheet(_HEAD + " " * (50 * MIB))))),
        "workbook_of_laughs": (contacts, _lazy(lambda: _workbook(sheet1=_sheet(_HEAD + '<row r="2">' + _CELL.format("A2", "&i;") + "</row>", _LAUGHS)))),
        "workbook_of_the_last_row": (contacts, _lazy(lambda: _workbook(sheet1=_sheet(_HEAD + '<row r="2000000000">' + _CELL.format("A2000000000", "1") + "</row>")))),
        "workbook_of_the_last_column": (contacts, _lazy(lambda: _workbook(sheet1=_sheet(_HEAD + '<row r="2">' + _CELL.format("ZZZZZZ2", "1") + "</row>")))),
        "workbook_of_an_outer_file": (contacts, _lazy(lambda: _workbook(sheet1=_sheet(_HEAD + '<row r="2">' + _CELL.format("A2", "&x;") + "</row>", '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>')))),
        "workbook_without_sheets": (contacts, _write(_workbook(workbook=b"<workbook/>"))),
        "link_out": (contacts, lambda path: path.symlink_to("/etc/passwd")),
        "link_out_relative": (contacts, lambda path: path.symlink_to(os.path.relpath(outside / "canary", path.parent))),
        "link_to_a_folder_outside": (contacts, lambda path: path.symlink_to(outside)),
        "link_to_nothing": (contacts, lambda path: path.symlink_to("nothing")),
        "link_to_itself": (contacts, lambda path: path.symlink_to(path)),
        "link_to_a_device": (contacts, lambda path: path.symlink_to("/dev/zero")),
        "pipe": (contacts, os.mkfifo),
        "socket": (contacts, _socket),
    }  # fmt: skip
    for number, probe in enumerate(PROBES):
        text = probe.format(outside=outside)
        files[f"probe_{number:02}.csv"] = (contacts, _write(_csv(text)))
    everything = "".join(PROBES).format(outside=outside)
    escaped = "".join(f"\\u{ord(each):04x}" for each in everything).encode()
    files["probes.json"] = (tickets, _write(b'{"id": "%b", "%b": 1, "subject": "%b"}' % (escaped, escaped, escaped)))
    files["probes_in_a_log"] = (
        log,
        _write("".join(f"1759654800|{probe}|{probe}|{probe}|ENTERQUEUE|{probe}\n" for probe in PROBES).encode()),
    )
    return files


def _sheet_of_columns(count: int) -> bytes:
    book, sink = openpyxl.Workbook(), io.BytesIO()
    names = ["contact_id", "channel", "arrived_at"]
    book.active.append([*names, *(f"c{number}" for number in range(count))])
    book.active.append(["1", "voice", "2026-10-05T09:00:00Z", *range(count)])
    book.save(sink)
    return sink.getvalue()


def _zip_of_paths(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("../../pwned", "/tmp/pwned", "xl/../../pwned"):
            archive.writestr(name, "x")


def _socket(path: Path) -> None:
    # A path to a socket has at most 108 bytes, so that it is bound from its own folder.
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(path.parent)
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.fchdir(here)
        os.close(here)


_INJECTED = [probe.encode("utf-8", "surrogatepass") for probe in PROBES]
_INJECTED += [b"\0", b"\r", b"\n", b'"', b"\x1a", b"\xff", b"\xed\xa0\x80", b"\xc3", b"\xef\xbb\xbf", b"9" * 500, b"-1"]


@st.composite
def mutated(draw: st.DrawFn, exports: list[tuple[str, bytes]]) -> tuple[str, bytes]:
    """A true export with one to four faults: its path in landing, and its content."""
    name, content = draw(st.sampled_from(exports))
    packed = content.startswith(b"\x1f\x8b") and draw(st.booleans())
    if packed:
        content = gzip.decompress(content)
    for _ in range(draw(st.integers(1, 4))):
        content = _with_fault(draw, content)
    return name, gzip.compress(content) if packed else content


def _with_fault(draw: st.DrawFn, content: bytes) -> bytes:
    place = draw(st.integers(0, max(len(content) - 1, 0)))
    lines = content.split(b"\n")
    row = draw(st.integers(0, len(lines) - 1))
    match draw(st.integers(0, 10)):
        case 0:
            return content[:place]
        case 1:
            return content[:place] + bytes([draw(st.integers(0, 255))]) + content[place + 1 :]
        case 2:
            return content[:place] + draw(st.sampled_from(_INJECTED)) + content[place:]
        case 3:
            old, new = draw(st.permutations([b",", b";", b"\t", b"|", b":", b'"']))[:2]
            return content.replace(old, new)
        case 4:
            return b"\n".join([*lines[:row], lines[0], *lines[row:]])
        case 5:
            return b"\n".join([*lines[:row], *lines[row + 1 :]])
        case 6:
            return content.replace(draw(st.sampled_from([b"0", b"1", b"2026", b"id", b"_"])), draw(st.sampled_from(_INJECTED)))
        case 7:
            return b"\n".join([*lines[:row], draw(st.binary(max_size=60)), *lines[row:]])
        case 8:
            return content[place:] + content[:place]
        case 9:
            return content.decode("latin-1").encode(draw(st.sampled_from(["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp037"])))
        case _:
            return content + content[place:]
