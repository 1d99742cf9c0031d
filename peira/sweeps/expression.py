"""Conditions and constraints over params: `opt == sgd`, `batch * width <= 4096`.

    or_      and_ ("or" and_)*
    and_     not_ ("and" not_)*
    not_     "not" not_ | comparison
    comparison   sum ((== | != | < | <= | > | >=) sum)*
                 | sum [not] in (a, b)  | sum [not] in a..b  | sum is [not] missing
    sum      product (("+" | "-") product)*
    product  signed (("*" | "/" | "//" | "%") signed)*
    signed   "-" signed | atom ["**" signed]
    atom     number | 'text' | word | `any name` | ( or_ )

Nothing is evaluated as Python. A word that is a param means its value, another word means itself,
so texts need no quotes. What a param that is not in the trial takes part in is neither true nor
false (three-valued logic): a condition then does not hold, a constraint then does not forbid.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from peira.core.errors import QueryError
from peira.core.text import printable
from peira.sweeps.domain import Choice, Constant, Domain, Value, read_value, same, spell

LENGTH_MAX = 2_000
NESTING_MAX = 40

MISSING: Any = object()
"""The value of a param that is not in the trial, and of what it takes part in."""

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+(?:\.(?!\.)\d*)?|\.(?!\.)\d+)(?:[eE][+-]?\d+)?(?!\w|\.(?!\.)))
    | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<quoted>`[^`]+`)
    | (?P<word>\w(?:\w|\.(?!\.))*)
    | (?P<sign>\*\*|//|<=|>=|==|!=|\.\.|[-=<>+*/%(),])
    )""",
    re.VERBOSE,
)
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": lambda a, b: float(a) ** float(b),
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_KEYWORDS = {"and", "or", "not", "in", "is", "missing"}


class Node(Protocol):
    """A part of an expression."""

    @property
    def parts(self) -> tuple[Node, ...]:
        """What it is made of."""
        ...

    def value(self, params: Mapping[str, Value]) -> Any:
        """Return its value in a trial, or MISSING."""
        ...


@dataclass(frozen=True)
class Literal:
    """A number, a text, or a word that is no param."""

    literal: Value
    position: int
    is_word: bool = False
    parts: tuple[Node, ...] = ()

    def value(self, params: Mapping[str, Value]) -> Any:
        return self.literal


@dataclass(frozen=True)
class Name:
    """A param."""

    name: str
    position: int
    parts: tuple[Node, ...] = ()

    def value(self, params: Mapping[str, Value]) -> Any:
        return params.get(self.name, MISSING)


@dataclass(frozen=True)
class Arithmetic:
    """Two numbers and what is done with them; what cannot be computed is NaN."""

    symbol: str
    parts: tuple[Node, ...]

    def value(self, params: Mapping[str, Value]) -> Any:
        left, right = (part.value(params) for part in self.parts)
        if left is MISSING or right is MISSING:
            return MISSING
        if not (_is_number(left) and _is_number(right)):
            return math.nan
        try:
            result = _ARITHMETIC[self.symbol](left, right)
        except (ZeroDivisionError, OverflowError):
            return math.nan
        return math.nan if isinstance(result, complex) else result


@dataclass(frozen=True)
class Comparison:
    """Two values side by side."""

    symbol: str
    parts: tuple[Node, ...]

    def value(self, params: Mapping[str, Value]) -> Any:
        left, right = (part.value(params) for part in self.parts)
        if left is MISSING or right is MISSING:
            return MISSING
        if self.symbol in ("==", "!="):
            return same(left, right) is (self.symbol == "==")
        return _is_number(left) and _is_number(right) and _ORDER[self.symbol](left, right)


@dataclass(frozen=True)
class OneOf:
    """A value and the list it is looked for in (the first part, and the others)."""

    parts: tuple[Node, ...]

    def value(self, params: Mapping[str, Value]) -> Any:
        found, *listed = (part.value(params) for part in self.parts)
        return MISSING if found is MISSING else any(same(found, own) for own in listed)


@dataclass(frozen=True)
class IsMissing:
    """Whether a param is not in the trial."""

    parts: tuple[Node, ...]

    def value(self, params: Mapping[str, Value]) -> Any:
        return self.parts[0].value(params) is MISSING


@dataclass(frozen=True)
class Logic:
    """`and`, `or` and `not` of what can also be unknown."""

    word: str
    parts: tuple[Node, ...]

    def value(self, params: Mapping[str, Value]) -> Any:
        values = [part.value(params) for part in self.parts]
        if self.word == "not":
            return values[0] if values[0] is MISSING else not values[0]
        decisive = self.word == "or"
        if any(v is not MISSING and bool(v) is decisive for v in values):
            return decisive
        return MISSING if any(v is MISSING for v in values) else not decisive


@dataclass(frozen=True)
class Expression:
    """An expression that was read: its text, its tree, and the params that it speaks of."""

    text: str
    root: Node
    names: frozenset[str]

    def holds(self, params: Mapping[str, Value]) -> bool | None:
        """Return whether it is true of a trial; None when params that it needs are not in it.

        >>> expression = read_expression("batch * width <= 4096", frozenset({"batch", "width"}))
        >>> expression.holds({"batch": 64, "width": 64}), expression.holds({"batch": 64})
        (True, None)
        """
        value = self.root.value(params)
        return None if value is MISSING else bool(value)

    def check(self, domains: Mapping[str, Domain]) -> None:
        """Raise QueryError when it compares what cannot be compared: a typing error."""
        _check(self.root, domains)
        if not self.names:
            raise QueryError(
                f"`{printable(self.text)}` speaks of no param.",
                position=0,
                length=max(1, len(self.text)),
                hint=f"Params are {', '.join(sorted(domains)) or 'missing'}.",
            )


@lru_cache(maxsize=1_024)
def read_expression(text: str, names: frozenset[str]) -> Expression:
    """Read an expression over the params `names`.

    Raises:
        QueryError: it cannot be read; it knows the position.

    >>> read_expression("opt in (sgd, adam)", frozenset({"opt"})).holds({"opt": "sgd"})
    True
    """
    if len(text) > LENGTH_MAX:
        raise QueryError(
            f"The expression has {len(text):,} characters; {LENGTH_MAX:,} are allowed.",
            position=LENGTH_MAX,
        )
    reader = _Reader(text, names)
    root = reader.read()
    return Expression(text, root, frozenset(_names(root)))


class _Reader:
    """Reads one text by recursive descent."""

    def __init__(self, text: str, names: frozenset[str]) -> None:
        self.text = text
        self.names = names
        self.tokens = list(self._split())
        self.index = 0
        self.depth = 0

    def _split(self) -> Any:
        position = 0
        end = len(self.text.rstrip())
        while position < end:
            match = _TOKEN.match(self.text, position)
            if match is None:
                at = position + len(self.text[position:]) - len(self.text[position:].lstrip())
                raise QueryError(
                    f"`{printable(self.text[at])}` has no meaning in an expression.",
                    position=at,
                    hint="Put it in quotes when it belongs to a text, in backquotes when it "
                    "belongs to a name.",
                )
            kind = match.lastgroup
            assert kind is not None
            text = match.group(kind)
            if kind == "word" and text.lower() in _KEYWORDS:
                kind, text = "sign", text.lower()
            yield kind, text, match.start(match.lastgroup or 0)
            position = match.end()

    def read(self) -> Node:
        root = self._either()
        if self.index < len(self.tokens):
            raise self._unexpected("`and`, `or`, an operator or the end")
        return root

    def _peek(self) -> str:
        """Return the next sign or keyword, or nothing."""
        if self.index < len(self.tokens) and self.tokens[self.index][0] == "sign":
            return str(self.tokens[self.index][1])
        return ""

    def _accept(self, *signs: str) -> str:
        sign = self._peek()
        if sign and sign in signs:
            self.index += 1
            return sign
        return ""

    def _expect(self, sign: str) -> None:
        if not self._accept(sign):
            raise self._unexpected(f"`{sign}`")

    def _unexpected(self, expected: str) -> QueryError:
        if self.index >= len(self.tokens):
            end = max(0, len(self.text.rstrip()) - 1)
            message = f"`{printable(self.text)}` ends too early."
            return QueryError(message, position=end, hint=f"Expected {expected}.")
        _, text, position = self.tokens[self.index]
        return QueryError(
            f"`{printable(text)}` is not expected in `{printable(self.text)}`.",
            position=position,
            length=len(text),
            hint=f"Expected {expected}.",
        )

    def _either(self) -> Node:
        self.depth += 1
        if self.depth > NESTING_MAX:
            raise QueryError(
                f"The expression is nested more than {NESTING_MAX} levels deep.", position=0
            )
        parts = [self._both()]
        while self._accept("or"):
            parts.append(self._both())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else Logic("or", tuple(parts))

    def _both(self) -> Node:
        parts = [self._negation()]
        while self._accept("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else Logic("and", tuple(parts))

    def _negation(self) -> Node:
        number = 0
        while self._accept("not"):
            number += 1
        part = self._comparison()
        return Logic("not", (part,)) if number % 2 else part

    def _comparison(self) -> Node:
        left = self._sum()
        if self._accept("is"):
            is_not = bool(self._accept("not"))
            self._expect("missing")
            node: Node = IsMissing((left,))
            return Logic("not", (node,)) if is_not else node
        is_not = bool(self._accept("not"))
        if is_not or self._peek() == "in":
            self._expect("in")
            node = self._members(left)
            return Logic("not", (node,)) if is_not else node
        found: list[Node] = []
        while symbol := self._accept("=", *_ORDER, "==", "!="):
            right = self._sum()
            found.append(Comparison("==" if symbol == "=" else symbol, (left, right)))
            left = right
        if not found:
            return left
        return found[0] if len(found) == 1 else Logic("and", tuple(found))

    def _members(self, left: Node) -> Node:
        if self._accept("("):
            listed = [self._sum()]
            while self._accept(",") and self._peek() != ")":
                listed.append(self._sum())
            self._expect(")")
            return OneOf((left, *listed))
        low = self._sum()
        self._expect("..")
        high = self._sum()
        return Logic("and", (Comparison(">=", (left, low)), Comparison("<=", (left, high))))

    def _sum(self) -> Node:
        left = self._product()
        while symbol := self._accept("+", "-"):
            left = Arithmetic(symbol, (left, self._product()))
        return left

    def _product(self) -> Node:
        left = self._signed()
        while symbol := self._accept("*", "/", "//", "%"):
            left = Arithmetic(symbol, (left, self._signed()))
        return left

    def _signed(self) -> Node:
        signs = 0
        while self._accept("-"):
            signs += 1
        node = self._atom()
        if self._accept("**"):
            self.depth += 1
            if self.depth > NESTING_MAX:
                raise QueryError("The expression is nested too deep.", position=0)
            node = Arithmetic("**", (node, self._signed()))
            self.depth -= 1
        return Arithmetic("-", (Literal(0, 0), node)) if signs % 2 else node

    def _atom(self) -> Node:
        if self._accept("("):
            node = self._either()
            self._expect(")")
            return node
        if self.index >= len(self.tokens) or self.tokens[self.index][0] == "sign":
            raise self._unexpected("a param, a number or a text")
        kind, text, position = self.tokens[self.index]
        self.index += 1
        if kind == "quoted":
            if text[1:-1] not in self.names:
                raise QueryError(
                    f"There is no param `{printable(text[1:-1])}`.",
                    position=position,
                    length=len(text),
                )
            return Name(text[1:-1], position)
        if kind == "word" and text in self.names:
            return Name(text, position)
        return Literal(read_value(text), position, is_word=kind == "word")


def _names(node: Node) -> set[str]:
    if isinstance(node, Name):
        return {node.name}
    return set().union(*(_names(part) for part in node.parts))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _check(node: Node, domains: Mapping[str, Domain]) -> None:
    if isinstance(node, Arithmetic) or (isinstance(node, Comparison) and node.symbol in _ORDER):
        for part in node.parts:
            _check_number(part, domains)
    elif isinstance(node, Comparison | OneOf):
        for one, other in ((node.parts[0], p) for p in node.parts[1:]):
            _check_pair(one, other, domains)
            _check_pair(other, one, domains)
    elif isinstance(node, Literal) and isinstance(node.literal, str):
        raise _no_param(node, domains)
    elif isinstance(node, IsMissing) and not isinstance(node.parts[0], Name):
        raise QueryError(
            "Only a param can be missing.", position=getattr(node.parts[0], "position", 0)
        )
    for part in node.parts:
        if not isinstance(part, Literal) or isinstance(node, Logic):
            _check(part, domains)


def _check_number(node: Node, domains: Mapping[str, Domain]) -> None:
    if isinstance(node, Literal) and not _is_number(node.literal):
        raise _no_param(node, domains)
    if isinstance(node, Name):
        texts = [v for v in _values(domains[node.name]) if isinstance(v, str)]
        if texts:
            raise QueryError(
                f"`{node.name}` can be {spell(texts[0])}, which is no number.",
                position=node.position,
                length=len(node.name),
                hint=f"Write `{node.name} == {spell(texts[0])}` or `{node.name} in (…)`.",
            )


def _check_pair(name: Node, literal: Node, domains: Mapping[str, Domain]) -> None:
    """A text beside a param must be one of its values: `opt == sdg` is a typing error."""
    if not isinstance(literal, Literal):
        return
    if not isinstance(name, Name):
        if literal.is_word and isinstance(literal.literal, str):
            raise _no_param(literal, domains)
        return
    domain = domains[name.name]
    values = _values(domain)
    if isinstance(literal.literal, str) and not any(same(literal.literal, v) for v in values):
        listed = ", ".join(spell(v) for v in values) or domain.text
        raise QueryError(
            f"`{name.name}` is never {spell(literal.literal)}.",
            position=literal.position,
            length=len(literal.literal) or 1,
            suggestions=tuple(str(v) for v in values),
            hint=f"It is one of {listed}." if values else f"It is {listed}.",
        )


def _values(domain: Domain) -> tuple[Value, ...]:
    if isinstance(domain, Choice):
        return domain.values
    return (domain.value,) if isinstance(domain, Constant) else ()


def _no_param(node: Literal, domains: Mapping[str, Domain]) -> QueryError:
    return QueryError(
        f"There is no param `{printable(str(node.literal))}`.",
        position=node.position,
        length=len(str(node.literal)) or 1,
        suggestions=tuple(sorted(domains)),
        hint=f"Params are {', '.join(sorted(domains))}.",
    )
