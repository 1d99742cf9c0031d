"""From the text of a query to its records. Nothing is evaluated; every mistake is told with its
place.

The grammar is `grammar.lark`. The parser is loaded at first use (about 20 ms) and shared by all
threads; reading a usual query then takes less than 1 ms. An empty query does not need it.
"""

from __future__ import annotations

import difflib
import math
import re
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from peira.core.errors import QueryError
from peira.core.text import printable
from peira.lab.query import ast, moments
from peira.lab.query.names import KEYWORDS, read_name
from peira.lab.query.table import load_parser

if TYPE_CHECKING:
    from lark import Lark, Token

LENGTH_MAX = 10_000
NESTING_MAX = 100
CONDITIONS_MAX = 256
SORT_KEYS_MAX = 8
VALUES_MAX = 500

_lock = threading.Lock()
_parser: Lark | None = None

_VALUE_WORDS = frozenset({"true", "false", "null", "none", "nan"})
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")
_SORT_ALONE = re.compile(r"(sort|order)(\s+by)?\s*(,.*)?$", re.IGNORECASE | re.DOTALL)

_EXPECTED = {
    "WORD": "a name or word",
    "QUOTED_NAME": "a `name`",
    "TEXT": "a quoted text",
    "NUMBER": "a number",
    "DATE": "a date",
    "DURATION": "a duration such as 3d",
    "OPERATOR": "a comparison such as > or =",
    "_AND": "and",
    "_OR": "or",
    "_NOT": "not",
    "_IN": "in",
    "_IS": "is",
    "_MISSING": "missing",
    "_GROUP_BY": "group by",
    "_SORT": "sort",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "__ANON_0": "..",
    "$END": "the end",
}
_EXPECTED_ORDER = tuple(_EXPECTED)


def parse(text: str) -> ast.Query:
    """Read a query: an optional filter, then `group by` and `sort` clauses.

    Raises:
        QueryError: the text is not a query, or is longer or deeper than the limits; it knows the
            position.

    >>> parse("lr > 0.1 sort -val/acc").sort[0].descending
    True
    """
    _check_text(text)
    if not text.strip():
        return ast.Query(text)
    return _Reader(text).read()


def parse_sort(text: str) -> tuple[ast.SortKey, ...]:
    """Read what stands after the word `sort`: `val/acc desc, lr` or `-val/acc`."""
    return _parse_clause("sort ", text).sort if text.strip() else ()


def parse_group(text: str) -> ast.GroupBy:
    """Read what stands after the words `group by`: `lr, kernel` or `all except seed`."""
    group = _parse_clause("group by ", text).group
    if group is None:
        raise QueryError("Nothing to group by.", position=0)
    return group


def _parse_clause(prefix: str, text: str) -> ast.Query:
    try:
        query = parse(prefix + text.strip())
    except QueryError as error:
        position = max(0, error.position - len(prefix))
        raise QueryError(
            error.message,
            position=position,
            length=error.length,
            suggestions=error.suggestions,
            hint=error.hint,
        ) from None
    if query.filter is not None or (query.group is not None and query.sort):
        raise QueryError(f"`{prefix.strip()}` expects names.", position=0, length=max(1, len(text)))
    return query


def _check_text(text: str) -> None:
    if len(text) > LENGTH_MAX:
        raise QueryError(
            f"The query has {len(text):,} characters; {LENGTH_MAX:,} are allowed.",
            position=LENGTH_MAX,
            hint="Use a regular expression or a tag instead of a long list.",
        )
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        raise QueryError(
            "The query holds a character that no text can hold (NUL or half a surrogate pair).",
            position=forbidden.start(),
        )


def _shared_parser() -> Lark:
    global _parser
    with _lock:
        if _parser is None:
            _parser = load_parser(_Builder(), _NestingLimit())
        return _parser


class _NestingLimit:
    """Stops reading at the first parenthesis or `not` that is nested too deep."""

    always_accept = ()

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        depth = nots = 0
        outer: list[int] = []  # `not`s in front of each open parenthesis
        for token in stream:
            if token.type == "_NOT":
                nots += 1
                depth += 1
            elif token.type == "LPAR":
                outer.append(nots)
                nots = 0
                depth += 1
            else:
                depth -= nots
                nots = 0
                if token.type == "RPAR" and outer:
                    depth -= 1 + outer.pop()
            if depth > NESTING_MAX:
                raise QueryError(
                    f"The query is nested more than {NESTING_MAX} levels deep.",
                    position=token.start_pos or 0,
                    length=len(token),
                    hint="Leave out parentheses and `not`s that do nothing.",
                )
            yield token


class _Reader:
    """Reads one text and turns the parser's errors into ours."""

    def __init__(self, text: str) -> None:
        self.text = text

    def read(self) -> ast.Query:
        from lark.exceptions import UnexpectedCharacters, UnexpectedToken

        try:
            node, clauses = cast(Any, _shared_parser().parse(self.text))
        except UnexpectedCharacters as error:
            raise self._unexpected_character(error.pos_in_stream or 0) from None
        except UnexpectedToken as error:
            token = error.token
            accepts = getattr(error, "accepts", None) or error.expected
            raise self._unexpected_token(token, set(accepts)) from None
        return self._assemble(node, clauses)

    def _assemble(self, node: ast.Node | None, clauses: list[Any]) -> ast.Query:
        group: ast.GroupBy | None = None
        sort: tuple[ast.SortKey, ...] = ()
        for clause in clauses:
            if isinstance(clause, ast.GroupBy):
                if group is not None:
                    raise QueryError(
                        "`group by` stands twice.", position=self._last("group", clause.names)
                    )
                group = clause
            else:
                if sort:
                    raise QueryError(
                        "`sort` stands twice.", position=self._last("sort", [clause[0].name])
                    )
                sort = clause
        if len(sort) > SORT_KEYS_MAX:
            raise QueryError(
                f"A query sorts by {SORT_KEYS_MAX} names at most.",
                position=sort[SORT_KEYS_MAX].name.position,
                length=sort[SORT_KEYS_MAX].name.length,
            )
        if node is not None and (number := count_conditions(node)) > CONDITIONS_MAX:
            raise QueryError(
                f"The query has {number:,} conditions; {CONDITIONS_MAX} are allowed.",
                position=0,
                length=len(self.text),
                hint="Use `in (…)` for many values of one name.",
            )
        return ast.Query(self.text, node, group, sort)

    def _last(self, word: str, names: Any) -> int:
        end = names[0].position if names else len(self.text)
        return max(0, self.text.lower().rfind(word, 0, end))

    def _unexpected_character(self, position: int) -> QueryError:
        character = self.text[position]
        if character in "\"'`":
            return QueryError(
                f"The text that begins with {character} has no end.",
                position=position,
                length=len(self.text) - position,
                hint=f"Close it with {character}.",
            )
        hint = (
            "Put it in quotes when it belongs to a text, in backquotes when it belongs to a name."
        )
        return QueryError(
            f"`{printable(character)}` has no meaning in a query.", position=position, hint=hint
        )

    def _unexpected_token(self, token: Token, accepts: set[str]) -> QueryError:
        expected = ", ".join(_EXPECTED[name] for name in _EXPECTED_ORDER if name in accepts)
        if token.type == "$END":
            return QueryError(
                "The query ends too early.",
                position=max(0, len(self.text.rstrip()) - 1),
                hint=f"Expected {expected}.",
            )
        position = token.start_pos or 0
        text = str(token)
        if _SORT_ALONE.match(self.text, position):
            return QueryError(
                f"A name is missing after `{printable(text)}`.",
                position=position,
                length=len(text),
                hint=f"For example `{printable(text)} created desc`.",
            )
        suggestions: tuple[str, ...] = ()
        hint = f"Expected {expected}." if expected else ""
        if "_AND" in accepts and (token.type in {"WORD", "TEXT", "OPERATOR"} or text == "("):
            suggestions = ("and",)
            hint = "Write `and` or `or` between two conditions."
        return QueryError(
            f"`{printable(text[:40])}` is not expected here.",
            position=position,
            length=len(text),
            suggestions=suggestions,
            hint=hint,
        )


def count_conditions(node: ast.Node) -> int:
    """Return the number of conditions (leaves) of a filter."""
    if isinstance(node, ast.All | ast.Any):
        return sum(count_conditions(part) for part in node.parts)
    return count_conditions(node.part) if isinstance(node, ast.Not) else 1


def _flat(kind: type[ast.All] | type[ast.Any], parts: list[Any]) -> ast.Node:
    """Join parts; `(a and b) and c` becomes one record of three parts."""
    if len(parts) == 1:
        return cast(ast.Node, parts[0])
    joined: list[ast.Node] = []
    for part in parts:
        joined.extend(part.parts if isinstance(part, kind) else (part,))
    return kind(tuple(joined))


class _Builder:
    """Builds the records while the parser reads: one method a grammar rule, children as a list."""

    def start(self, parts: list[Any]) -> tuple[ast.Node | None, list[Any]]:
        clauses = [p for p in parts if isinstance(p, ast.GroupBy | tuple)]
        nodes = [p for p in parts if not isinstance(p, ast.GroupBy | tuple)]
        return (nodes[0] if nodes else None), clauses

    def any_of(self, parts: list[Any]) -> ast.Node:
        return _flat(ast.Any, parts)

    def all_of(self, parts: list[Any]) -> ast.Node:
        return _flat(ast.All, parts)

    def negation(self, parts: list[Any]) -> ast.Node:
        part = parts[0]
        return part.part if isinstance(part, ast.Not) else ast.Not(part)

    def compare(self, parts: list[Any]) -> ast.Node:
        name, operator, value = parts
        symbol = "=" if operator == "==" else str(operator)
        if name.kind is None and not name.quoted and name.key == "tags":
            if symbol == "=":
                return ast.Tagged(value.spelled, value.position, value.length)
            if symbol == "!=":
                return ast.Not(ast.Tagged(value.spelled, value.position, value.length))
        return ast.Compare(name, cast(ast.Operator, symbol), value)

    def one_of(self, parts: list[Any]) -> ast.Node:
        name, *values = parts
        if len(values) > VALUES_MAX:
            raise QueryError(
                f"`in (…)` lists {len(values):,} values; {VALUES_MAX} are allowed.",
                position=values[VALUES_MAX].position,
                length=values[VALUES_MAX].length,
                hint="Tag the runs and ask for the tag, or use a range or a regular expression.",
            )
        if name.kind is None and not name.quoted and name.key == "tags":
            tags = [ast.Tagged(v.spelled, v.position, v.length) for v in values]
            return _flat(ast.Any, cast("list[Any]", tags))
        return ast.OneOf(name, tuple(values))

    def none_of(self, parts: list[Any]) -> ast.Node:
        return ast.Not(self.one_of(parts))

    def within(self, parts: list[Any]) -> ast.Node:
        return ast.Within(*parts)

    def not_within(self, parts: list[Any]) -> ast.Node:
        return ast.Not(ast.Within(*parts))

    def member(self, parts: list[Any]) -> ast.Node:
        name, word = parts
        if str(word) != "tags":
            raise QueryError(
                f"`in {printable(str(word))}` is not known.",
                position=word.start_pos,
                length=len(word),
                suggestions=("tags",),
                hint='Write `in (a, b)`, `in 1..9` or `"word" in tags`.',
            )
        return ast.Tagged(name.key if name.quoted else name.text, name.position, name.length)

    def no_member(self, parts: list[Any]) -> ast.Node:
        return ast.Not(self.member(parts))

    def member_text(self, parts: list[Any]) -> ast.Node:
        text, name = parts
        if name.text != "tags":
            raise QueryError(
                f"A text can be `in tags`, not in `{printable(name.text)}`.",
                position=name.position,
                length=name.length,
                suggestions=("tags",),
                hint=f"For a part of a text write `{printable(name.text)} ~ …`.",
            )
        return ast.Tagged(_unquote(text), text.start_pos, len(text))

    def no_member_text(self, parts: list[Any]) -> ast.Node:
        return ast.Not(self.member_text(parts))

    def missing(self, parts: list[Any]) -> ast.Node:
        return ast.Missing(parts[0])

    def present(self, parts: list[Any]) -> ast.Node:
        return ast.Not(ast.Missing(parts[0]))

    def bare_name(self, parts: list[Any]) -> ast.Node:
        token = parts[0]
        return _bare(read_name(str(token), token.start_pos))

    def plain_word(self, parts: list[Any]) -> ast.Node:
        token = parts[0]
        text, position = str(token), token.start_pos
        _refuse_keyword(text, position)
        name = read_name(text, position)
        if name.kind is not None:
            return _bare(name)
        if text.lower() in _VALUE_WORDS or "__" in text:
            raise QueryError(
                f"`{printable(text[:40])}` alone is not a condition.",
                position=position,
                length=len(text),
                hint=f'To search names for it, write `name ~ "{printable(text[:40])}"`.',
            )
        return ast.PlainWord(text, position)

    def alive(self, parts: list[Any]) -> ast.Node:
        return ast.Alive()

    def since(self, parts: list[Any]) -> ast.Node:
        return ast.Since(parts[1])

    def field(self, parts: list[Any]) -> ast.Name:
        token = parts[0]
        _refuse_keyword(str(token), token.start_pos)
        return read_name(str(token), token.start_pos)

    name = field

    def value(self, parts: list[Any]) -> ast.Literal:
        token = parts[0]
        text, position = str(token), token.start_pos
        if token.type == "NUMBER":
            return ast.Literal("number", _number(text, position), text, position)
        if token.type == "TEXT":
            return ast.Literal("text", _unquote(token), text, position)
        if token.type == "DURATION":
            return ast.Literal("duration", moments.duration_s(text), text, position)
        if token.type == "DATE":
            return ast.Literal("date", text, text, position)
        _refuse_keyword(text, position)
        if text.lower() == "nan":
            return ast.Literal("number", math.nan, text, position)
        return ast.Literal("word", text, text, position)

    def group_by(self, parts: list[Any]) -> ast.GroupBy:
        return ast.GroupBy(tuple(parts))

    def group_by_all(self, parts: list[Any]) -> ast.GroupBy:
        return ast.GroupBy((), all_except=True)

    def group_by_all_except(self, parts: list[Any]) -> ast.GroupBy:
        return ast.GroupBy(tuple(parts), all_except=True)

    def sort_by(self, parts: list[Any]) -> tuple[ast.SortKey, ...]:
        return tuple(parts)

    def ascending(self, parts: list[Any]) -> ast.SortKey:
        return ast.SortKey(parts[0])

    def descending(self, parts: list[Any]) -> ast.SortKey:
        return ast.SortKey(parts[0], descending=True)


def _bare(name: ast.Name) -> ast.Node:
    if name.kind == "tags":
        return ast.Tagged(name.key, name.position, name.length)
    raise QueryError(
        f"`{printable(name.text[:40])}` needs a comparison.",
        position=name.position,
        length=name.length,
        hint=f"For example `{printable(name.text[:40])} > 1` or `… is not missing`.",
    )


def _refuse_keyword(text: str, position: int) -> None:
    if text.lower() in KEYWORDS:
        raise QueryError(
            f"`{text}` is not expected here.",
            position=position,
            length=len(text),
            hint="A field of this name is written in backquotes, a value in quotes.",
        )


def _number(text: str, position: int) -> float:
    number = float(text)
    if math.isinf(number) and "n" not in text.lower():
        raise QueryError(
            f"{text[:40]} is larger than any stored number can be.",
            position=position,
            length=len(text),
            hint="Numbers are float64, up to about 1.8e308; infinity is written inf.",
        )
    return number


def _unquote(token: Token) -> str:
    r"""Text between quotes. `\"`, `\'` and `\\` lose the backslash; any other backslash stays
    (regular expressions).
    """
    return re.sub(r"\\([\"'\\])", r"\1", str(token)[1:-1])


def near(word: str, names: list[str], limit: int = 5) -> tuple[str, ...]:
    """Return the names most like `word`, best first: for suggestions in errors."""
    lowered = {name.lower(): name for name in reversed(names)}
    close = difflib.get_close_matches(word.lower(), lowered, n=limit, cutoff=0.6)
    holding = [low for low in lowered if word.lower() in low and low not in close]
    return tuple(lowered[low] for low in (*close, *sorted(holding, key=len)))[:limit]
