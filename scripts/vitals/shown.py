"""Text from exports, shown to people: no name or value may act on the screen, sheet or page that shows it."""

import re
import unicodedata
from html import escape
from typing import Any

# Controls, text direction and other invisible formats, line and paragraph separators, half surrogates.
_INVISIBLE = frozenset(["Cc", "Cf", "Cs", "Zl", "Zp"])
_KEPT = "\n\t"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?[0-9][0-9 ,.]*%?")
_MARKDOWN = re.compile(r"([\\`*\[\]|~])")


def visible(text: str, kept: str = _KEPT) -> str:
    r"""The text with what would steer a terminal or hide itself written out: `\x1b`, `\u202e`.

    Args:
        text: any text.
        kept: control characters that stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        each if each in kept or unicodedata.category(each) not in _INVISIBLE else _written_out(each)
        for each in text
    )


def one_line(text: str) -> str:
    """Visible text that cannot begin a line of its own: for names within a line."""
    return visible(text, kept="")


def spreadsheet_cell(value: Any) -> Any:
    """A value of a CSV file that no spreadsheet takes for a formula: such a text gets a `'` before it.

    Numbers stay, also those that are text; so do all other types.
    """
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def markdown_text(text: str) -> str:
    """A text within a line or table cell of Markdown: no markup, no HTML, no cell or line of its own."""
    return _MARKDOWN.sub(r"\\\1", escape(one_line(text), quote=False))


def _written_out(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
