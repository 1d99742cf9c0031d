"""What a query says, as frozen records. Positions are character indexes into the query text, from
0.

`Compare`, `Within`, `OneOf`, `Missing`, `Tagged`, `PlainWord`, `Alive` and `Since` are conditions:
each is true or false for a run, never unknown. A condition on a value that a run does not have is
false; `Not` turns it round, so `not (lr > 1)` also finds the runs without `lr`, and `lr <= 1` does
not.
"""

from __future__ import annotations

from typing import Literal as OneWordOf

import msgspec

Kind = OneWordOf["run", "params", "metrics", "tags"]
Operator = OneWordOf["=", "!=", "<", "<=", ">", ">=", "~", "!~"]
LiteralKind = OneWordOf["number", "text", "word", "date", "duration"]


class Name(msgspec.Struct, frozen=True):
    """A field as written. `kind` and `aggregate` are set only when the text says them beyond
    doubt.
    """

    key: str
    text: str
    position: int = 0
    kind: Kind | None = None
    aggregate: str | None = None
    quoted: bool = False

    @property
    def length(self) -> int:
        return max(1, len(self.text))


class Literal(msgspec.Struct, frozen=True):
    """A value as written. `value` is a float for numbers, seconds for durations, else the text
    without its quotes.
    """

    kind: LiteralKind
    value: float | str
    text: str
    position: int = 0

    @property
    def length(self) -> int:
        return max(1, len(self.text))

    @property
    def spelled(self) -> str:
        """The value as text, without quotes."""
        return self.value if isinstance(self.value, str) else self.text


class All(msgspec.Struct, frozen=True):
    """Every part is true."""

    parts: tuple[Node, ...]


class Any(msgspec.Struct, frozen=True):
    """At least one part is true."""

    parts: tuple[Node, ...]


class Not(msgspec.Struct, frozen=True):
    """The part is false."""

    part: Node


class Compare(msgspec.Struct, frozen=True):
    """A field against one value."""

    name: Name
    operator: Operator
    value: Literal


class Within(msgspec.Struct, frozen=True):
    """`low <= field <= high`."""

    name: Name
    low: Literal
    high: Literal


class OneOf(msgspec.Struct, frozen=True):
    """The field equals one of the values."""

    name: Name
    values: tuple[Literal, ...]


class Missing(msgspec.Struct, frozen=True):
    """The run has no value for the field."""

    name: Name


class Tagged(msgspec.Struct, frozen=True):
    """The run carries the tag."""

    tag: str
    position: int = 0
    length: int = 1


class PlainWord(msgspec.Struct, frozen=True):
    """The run's name holds the word, in any case; or its id is the word."""

    word: str
    position: int = 0


class Alive(msgspec.Struct, frozen=True):
    """The run is running now."""


class Since(msgspec.Struct, frozen=True):
    """The run was created at the moment or later; a duration counts back from now."""

    moment: Literal


Node = All | Any | Not | Compare | Within | OneOf | Missing | Tagged | PlainWord | Alive | Since


class SortKey(msgspec.Struct, frozen=True):
    """One name to sort by. Runs without the value come last in both directions."""

    name: Name
    descending: bool = False


class GroupBy(msgspec.Struct, frozen=True):
    """The names to group by, or, with `all_except`, all params that differ except the names."""

    names: tuple[Name, ...]
    all_except: bool = False


class Query(msgspec.Struct, frozen=True):
    """A whole query. `text` is what was read."""

    text: str
    filter: Node | None = None
    group: GroupBy | None = None
    sort: tuple[SortKey, ...] = ()
