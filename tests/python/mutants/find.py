"""Faults that a slip of the hand makes, put into a model's text one at a time.

The text is SQL with Jinja. Its SQL is read token by token, and so is the SQL in string literals of Jinja
(arguments of macros); numbers in Jinja count as well. Comments, types and names are left alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

# A change of the text: from, to, the new text, and what to call it.
Edit = tuple[int, int, str, str]


@dataclass(frozen=True)
class Mutant:
    """A model or macro with one fault.

    Args:
        source: the name of the model or macro.
        file: its file, relative to the project.
        line: the line of the fault in that file.
        code: that line as it was, without its indentation.
        change: what was done to it.
        nth: 1 for the first of those with the same line and change in this source, and so on.
        text: the whole text of the model or macro, with the fault.
    """

    source: str
    file: str
    line: int
    code: str
    change: str
    nth: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}  {self.code}  [{self.change}]"


@dataclass(frozen=True)
class Token:
    """A piece of SQL and where it stands. kind: word, number, string, jinja, statement, mark."""

    kind: str
    text: str
    start: int
    end: int


_TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|/\*.*?\*/|\{\#.*?\#\})
  | (?P<statement>\{%.*?%\})
  | (?P<string>'(?:[^']|'')*')
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<mark_distinct>is\s+(?:not\s+)?distinct\s+from\b)
  | (?P<word>(?:[^\W\d]|\{\{.*?\}\})(?:\w|\{\{.*?\}\})*)
  | (?P<mark>::|\|\||<>|<=|>=|!=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_JINJA_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_TRACKING = re.compile(
    r"""
    \{\{\s*tracked\w*\(.*?\)\s*\}\}
  | \b(?:and|where)\s+\{\{\s*only_touched\(.*?\)\s*\}\}(?!\s+and\b)
  | \{\{\s*only_touched\(.*?\)\s*\}\}\s+and\b
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(r"\{#.*?#\}|--[^\n]*", re.DOTALL)


def tokenize(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """The SQL between two offsets as tokens, words in lower case; comments and space are left out."""
    tokens = []
    for match in _TOKEN.finditer(text, start, len(text) if end is None else end):
        kind, content = str(match.lastgroup), match.group()
        if kind == "word":
            kind = "jinja" if "{{" in content else "word"
            # What a loop writes between its rounds ends a clause.
            kind = "statement" if re.match(r"\{\{-?\s*'union", content) else kind
        elif kind == "mark_distinct":
            kind, content = "mark", _squeezed(content)
        if kind != "space":
            tokens.append(
                Token(kind, content.lower() if kind == "word" else content, match.start(), match.end())
            )
    return tokens


def find_mutants(source: str, file: str, text: str, first_line: int = 1) -> list[Mutant]:
    """Every fault that this text can be given, in the order of its lines.

    Args:
        source: the name of the model or macro.
        file: its file, for messages.
        text: SQL with Jinja.
        first_line: the line of the file on which the text begins.
    """
    lines = text.split("\n")
    found: list[Mutant] = []
    seen: set[str] = {_squeezed(text)}
    count: Counter[tuple[str, str]] = Counter()
    edits = _edits(_without_tracking(text))
    for start, end, new, change in sorted(edits, key=lambda one: (one[0], one[1], one[2])):
        mutated = text[:start] + new + text[end:]
        if (squeezed := _squeezed(mutated)) in seen:
            continue
        seen.add(squeezed)
        line = text.count("\n", 0, start)
        key = (lines[line].strip(), change)
        count[key] += 1
        found.append(Mutant(source, file, first_line + line, *key, count[key], mutated))
    return found


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _without_tracking(text: str) -> str:
    """The text with blanks instead of what tells the rows of an increment: in a whole build it does nothing.

    That an increment computes enough is what tests/python/end_to_end/test_increments.py is for.
    """
    return _TRACKING.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def _edits(text: str) -> Iterator[Edit]:
    yield from _edits_of_sql(Sql(text, tokenize(text)))
    blanked = _COMMENT.sub(lambda match: " " * len(match.group()), text)
    for jinja in _JINJA.finditer(blanked):
        code = jinja.group()
        for literal in _JINJA_STRING.finditer(code):
            group = 1 if literal.group(1) is not None else 2
            start, end = jinja.start() + literal.start(group), jinja.start() + literal.end(group)
            yield from _edits_of_sql(Sql(text, tokenize(text, start, end)))
            if re.search(r"\bwhere\s*=\s*$", code[: literal.start()]):
                yield start, end, "true", f"without {text[start:end]}"
        yield from _edits_of_arguments(text, jinja.start(), code)
        without_strings = _JINJA_STRING.sub(lambda match: " " * len(match.group()), code)
        for number in re.finditer(r"(?<![\w.])\d+(?![\w.])", without_strings):
            start, end = jinja.start() + number.start(), jinja.start() + number.end()
            yield _counted(start, end, text[start:end], 1)
        for zone in re.finditer(r"utc_to_local\([^,]+,\s*((['\"]).*?\2)\s*\)", code):
            start, end = jinja.start() + zone.start(1), jinja.start() + zone.end(1)
            yield start, end, "\"'UTC'\"", f"{text[start:end]} → UTC"


def _edits_of_arguments(text: str, offset: int, code: str) -> Iterator[Edit]:
    """A KPI turned upside down, final too early, or shared out by another dimension."""
    sides = [
        (match.start(1), match.end(1))
        for match in re.finditer(r"\b(?:numerator|denominator)=('[^']*')", code)
    ]
    if len(sides) == 2 and sides[0][1] < sides[1][0]:
        (first, first_end), (second, second_end) = sides
        swapped = code[second:second_end] + code[first_end:second] + code[first:first_end]
        yield offset + first, offset + second_end, swapped, "numerator ↔ denominator"
    for final in re.finditer(r"\bis_final=('[^']*')", code):
        start, end = offset + final.start(1), offset + final.end(1)
        yield start, end, "'true'", f"{text[start:end]} → true"
    for mix in re.finditer(r"\bkpi_mix\('\w+', '(\w+)'[,)]", code):
        start, end = offset + mix.start(1), offset + mix.end(1)
        new = "contact_type" if mix[1] == "channel" else "channel"
        yield start, end, new, f"{mix[1]} → {new}"


@dataclass(frozen=True)
class Sql:
    """A stretch of SQL: the text that it stands in and its tokens."""

    text: str
    tokens: Sequence[Token]

    def word(self, index: int) -> str:
        """The text of a token; nothing before the first and after the last."""
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def is_key(self, index: int) -> bool:
        """Whether a token stands in a key of `partition by`, where a condition and its contrary are alike."""
        first = self.left(index, _BEFORE_KEY)
        while first > 1 and self.word(first - 1) in ("(", "case"):
            first = self.left(first - 1, _BEFORE_KEY)
        return self.word(first - 1) == "by" and self.word(first - 2) == "partition"

    def is_value(self, index: int) -> bool:
        """Whether an operand ends here, so that a sign after it joins two."""
        if not 0 <= index < len(self.tokens):
            return False
        token = self.tokens[index]
        return (
            token.kind in ("number", "string", "jinja")
            or (token.kind == "word" and token.text not in _KEYWORDS)
            or token.text in (")", "end")
        )

    def closing(self, opening: int) -> int:
        """Index of the parenthesis that closes the one at `opening`; the end when there is none."""
        depth = 0
        for index in range(opening, len(self.tokens)):
            depth += {"(": 1, ")": -1}.get(self.word(index), 0)
            if depth == 0:
                return index
        return len(self.tokens)

    def right(self, index: int, stops: frozenset[str]) -> int:
        """Index of the first token from here on that is on this level and stops what began here."""
        depth = 0
        while index < len(self.tokens):
            token = self.tokens[index]
            if depth == 0 and (
                token.text in stops or token.text in (")", "end") or token.kind == "statement"
            ):
                return index
            depth += _NESTS.get(token.text, 0)
            index += 1
        return index

    def left(self, index: int, stops: frozenset[str]) -> int:
        """Index of the first token of what ends before here."""
        depth = 0
        while index > 0:
            token = self.tokens[index - 1]
            if depth == 0 and (
                token.text in stops or token.text in ("(", "case") or token.kind == "statement"
            ):
                return index
            depth -= _NESTS.get(token.text, 0)
            index -= 1
        return index

    def arguments(self, opening: int) -> list[tuple[int, int]]:
        """First and last-but-one index of each argument between parentheses."""
        return self.items(opening + 1, frozenset())

    def items(self, first: int, stops: frozenset[str]) -> list[tuple[int, int]]:
        """First and last-but-one index of each item of a list that begins here."""
        found = []
        while True:
            end = self.right(first, stops | {","})
            if end > first:
                found.append((first, end))
            if self.word(end) != ",":
                return found
            first = end + 1

    def cut(self, first: int, end: int) -> tuple[int, int]:
        """Offsets of the tokens from first to before end."""
        return self.tokens[first].start, self.tokens[end - 1].end

    def said(self, first: int, end: int) -> str:
        """These tokens as written, on one line."""
        start, stop = self.cut(first, end)
        return _squeezed(_COMMENT.sub("", self.text[start:stop])).strip()

    def without(self, first: int, end: int) -> Edit:
        """The edit that leaves these tokens out."""
        return *self.cut(first, end), "", f"without {self.said(first, end)}"

    def instead(self, index: int, new: str) -> Edit:
        """The edit that puts something else in a token's place."""
        token = self.tokens[index]
        return token.start, token.end, new, f"{token.text} → {new}".strip()


_NESTS = {"(": 1, "case": 1, ")": -1, "end": -1}
_KEYWORDS = frozenset(
    re.findall(
        r"\S+",
        (
            "select distinct from where and or not in is null as case when then else over partition by"
            " order asc desc nulls rows range between unbounded preceding following filter join left inner"
            " cross on union all group having interval like qualify window limit with"
        ),
    )
)
_BEFORE_KEY = frozenset(["by", "select", "from", "order"])
_BEFORE_OPERAND = frozenset(
    re.findall(r"\S+", "where on when having qualify select then else by , and or filter")
)
_AFTER_OPERAND = frozenset(
    re.findall(
        r"\S+",
        (
            "and or then else group order left inner cross full join union window qualify"
            " limit as from where having ,"
        ),
    )
)
_AFTER_CLAUSE = _AFTER_OPERAND - {"and", "or", ",", "as", "from", "then", "else"}
_SWAPS = {
    "greatest": "least",
    "min": "max",
    "min_by": "max_by",
    "bool_and": "bool_or",
    "lag": "lead",
    "first_value": "last_value",
    "floor": "ceil",
}
_SWAPPED = {**_SWAPS, **{new: old for old, new in _SWAPS.items()}, "sum": "avg"}
_COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}

Rule = Callable[[Sql], Iterator[Edit]]
_RULES: list[Rule] = []


def _rule(rule: Rule) -> Rule:
    _RULES.append(rule)
    return rule


def _edits_of_sql(sql: Sql) -> Iterator[Edit]:
    for rule in _RULES:
        yield from rule(sql)


def _counted(start: int, end: int, digits: str, by: int) -> Edit:
    new = str(int(digits) + by)
    return start, end, new, f"{digits} → {new}"


def _called(edit: Edit, change: str) -> Edit:
    return edit[0], edit[1], edit[2], change


@_rule
def _comparisons(sql: Sql) -> Iterator[Edit]:
    is_joining = False
    for index, token in enumerate(sql.tokens):
        if token.text in ("on", "where", "select", "when", "then", "filter"):
            is_joining = token.text == "on"
        if token.text in _COMPARISONS:
            yield sql.instead(index, _COMPARISONS[token.text])
        elif token.text == "=" and not is_joining:
            yield sql.instead(index, "<>")
        elif token.text == "<>":
            yield sql.instead(index, "=")


@_rule
def _nulls(sql: Sql) -> Iterator[Edit]:
    for index, token in enumerate(sql.tokens):
        if token.text.endswith("distinct from"):
            yield sql.instead(index, "=" if "not" in token.text else "<>")
        if token.text != "is" or sql.is_key(index):
            continue
        negated = sql.word(index + 1) == "not"
        after = index + 1 + negated
        if sql.word(after) == "null":
            yield (
                *sql.cut(index, after + 1),
                "is null" if negated else "is not null",
                f"{sql.said(index, after + 1)} → {'is null' if negated else 'is not null'}",
            )


@_rule
def _conditions(sql: Sql) -> Iterator[Edit]:
    ranges = _ands_of_between(sql)
    for index, token in enumerate(sql.tokens):
        if token.text == "not" and sql.word(index + 1) != "null" and sql.word(index - 1) != "is":
            yield sql.without(index, index + 1)
        if token.text in ("true", "false"):
            yield sql.instead(index, "false" if token.text == "true" else "true")
        if token.text not in ("and", "or") or index in ranges:
            continue
        yield sql.instead(index, "or" if token.text == "and" else "and")
        first = _operand_start(sql, index, ranges)
        end = _operand_end(sql, index + 1, ranges)
        if first < index:
            start, _ = sql.cut(first, index)
            yield start, token.end, "", f"without {sql.said(first, index)}"
        if end > index + 1:
            yield token.start, sql.cut(index + 1, end)[1], "", f"without {sql.said(index + 1, end)}"


def _ands_of_between(sql: Sql) -> set[int]:
    found = set()
    for index, token in enumerate(sql.tokens):
        if token.text == "between":
            end = sql.right(index + 1, frozenset(["and"]))
            if sql.word(end) == "and":
                found.add(end)
    return found


def _operand_start(sql: Sql, index: int, ranges: set[int]) -> int:
    first = sql.left(index, _BEFORE_OPERAND)
    while first - 1 in ranges:
        first = sql.left(first - 1, _BEFORE_OPERAND)
    return first


def _operand_end(sql: Sql, index: int, ranges: set[int]) -> int:
    end = sql.right(index, _AFTER_OPERAND)
    while end in ranges:
        end = sql.right(end + 1, _AFTER_OPERAND)
    return end


@_rule
def _clauses(sql: Sql) -> Iterator[Edit]:
    for index, token in enumerate(sql.tokens):
        if token.text not in ("where", "having", "qualify"):
            continue
        end = sql.right(index + 1, _AFTER_CLAUSE)
        if end == index + 1:
            continue
        if sql.word(index - 2) == "filter" and sql.word(index - 1) == "(":
            yield *sql.cut(index - 2, end + 1), "", f"without {sql.said(index - 2, end + 1)}"
        else:
            yield sql.without(index, end)


@_rule
def _joins(sql: Sql) -> Iterator[Edit]:
    for index, token in enumerate(sql.tokens):
        if sql.word(index + 1) == "join" and token.text in ("left", "inner"):
            new = "inner" if token.text == "left" else "left"
            yield _called(sql.instead(index, new), f"{token.text} join → {new} join")


@_rule
def _functions(sql: Sql) -> Iterator[Edit]:
    for index, token in enumerate(sql.tokens):
        if token.kind != "word" or sql.word(index + 1) != "(":
            continue
        if token.text in _SWAPPED:
            yield sql.instead(index, _SWAPPED[token.text])
        arguments = sql.arguments(index + 1)
        if token.text in ("abs", "lower", "trim"):
            yield _called(sql.instead(index, ""), f"without {token.text}")
        if token.text in ("coalesce", "nullif") and len(arguments) > 1:
            first, end = arguments[-1]
            change = f"without {sql.said(first, end)} of {token.text}"
            kept = sql.text[sql.tokens[index + 1].start : sql.cut(*arguments[-2])[1]]
            name = "" if len(arguments) == 2 else token.text
            yield token.start, sql.tokens[min(end, len(sql.tokens) - 1)].end, f"{name}{kept})", change
        if token.text == "count" and sql.word(index + 2) not in ("*", "distinct"):
            opening = sql.tokens[index + 1]
            yield opening.start, opening.end, "(distinct ", "count → count distinct"


@_rule
def _distinct(sql: Sql) -> Iterator[Edit]:
    for index, token in enumerate(sql.tokens):
        if token.text == "distinct":
            yield sql.without(index, index + 1)
        if token.text == "union" and sql.word(index + 1) != "all":
            yield sql.instead(index, "union all")


@_rule
def _orders(sql: Sql) -> Iterator[Edit]:
    ends = frozenset(["rows", "range", "limit", "union", "window"])
    for index, token in enumerate(sql.tokens):
        if token.text == "by" and sql.word(index - 1) == "partition":
            keys = sql.items(index + 1, ends | {"order"})
            for place, (first, end) in enumerate(keys):
                if len(keys) == 1:
                    yield _called(sql.without(index - 1, end), f"without partition by {sql.said(first, end)}")
                elif place:
                    yield _called(sql.without(first - 1, end), f"without key {sql.said(first, end)}")
                else:
                    yield _called(sql.without(first, end + 1), f"without key {sql.said(first, end)}")
        if token.text == "by" and sql.word(index - 1) == "order":
            for first, end in sql.items(index + 1, ends):
                yield _turned(sql, first, end)


def _turned(sql: Sql, first: int, end: int) -> Edit:
    words = [sql.word(index) for index in range(first, end)]
    for place, word in enumerate(words):
        if word in ("asc", "desc"):
            return sql.instead(first + place, "desc" if word == "asc" else "asc")
    last = first + words.index("nulls") if "nulls" in words else end
    at = sql.tokens[last - 1].end
    return at, at, " desc", f"{sql.said(first, last)} → desc"


@_rule
def _branches(sql: Sql) -> Iterator[Edit]:
    stops = frozenset(["when", "else"])
    for index, token in enumerate(sql.tokens):
        if token.text != "case":
            continue
        position = sql.right(index + 1, stops)
        branches = []
        while sql.word(position) in stops:
            end = sql.right(position + 1, stops)
            branches.append((position, end))
            position = end
        whens = [one for one in branches if sql.word(one[0]) == "when"]
        for first, end in branches:
            if sql.word(first) == "else" or len(whens) > 1:
                yield sql.without(first, end)


@_rule
def _lists(sql: Sql) -> Iterator[Edit]:
    for index, token in enumerate(sql.tokens):
        if token.text != "in" or sql.word(index + 1) != "(" or sql.word(index + 2) == "select":
            continue
        items = sql.arguments(index + 1)
        for place, (first, end) in enumerate(items if len(items) > 1 else []):
            cut = sql.without(first - 1, end) if place else sql.without(first, end + 1)
            yield _called(cut, f"without {sql.said(first, end)}")


@_rule
def _arithmetic(sql: Sql) -> Iterator[Edit]:
    swaps = {"+": "-", "-": "+", "*": "/", "/": "*"}
    for index, token in enumerate(sql.tokens):
        if token.text in swaps and sql.is_value(index - 1) and sql.word(index + 1) not in ("", ")", ","):
            yield sql.instead(index, swaps[token.text])


@_rule
def _numbers(sql: Sql) -> Iterator[Edit]:
    types = ("decimal", "numeric", "varchar")
    for index, token in enumerate(sql.tokens):
        before = sql.word(index - 1)
        if token.kind == "string" and before == "interval" and token.text.strip("'").isdigit():
            digits = token.text.strip("'")
            yield _counted(token.start + 1, token.end - 1, digits, 1)
        if token.kind != "number":
            continue
        if before == "(" and sql.word(index - 2) in types:
            continue
        if before == "," and sql.word(index - 3) == "(" and sql.word(index - 4) in types:
            continue
        if "." in token.text:
            whole, part = token.text.split(".")
            new = f"{whole}.{int(part) + 1:0{len(part)}d}" if part.strip("9") else f"{int(whole) + 1}.{part}"
            yield sql.instead(index, new)
        elif token.text == "1" and (before in ("then", "else") or sql.word(index + 1) == "as"):
            yield sql.instead(index, "0")
        else:
            yield _counted(token.start, token.end, token.text, 1)
            if before == "between" or index - 1 in _ands_of_between(sql):
                yield sql.instead(index, str(int(token.text) - 1))
