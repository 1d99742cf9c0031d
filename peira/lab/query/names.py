"""Names of fields: how one is written, and how the text of a field is made from its parts."""

from __future__ import annotations

import re
from typing import cast

from peira.core.errors import QueryError
from peira.lab.query.ast import Kind, Name

AGGREGATES = (
    "last",
    "best",
    "max",
    "min",
    "mean",
    "first",
    "count",
    "nonfinite",
    "last_step",
    "first_step",
    "max_step",
    "min_step",
)
"""What can stand after a metric's name: `val/acc.max`. Without one, `last` is meant."""

KINDS: tuple[Kind, ...] = ("params", "metrics", "tags", "run")
KEYWORDS = frozenset({"and", "or", "not", "in", "is"})

_QUALIFIED = re.compile(r"(params|metrics|tags|run)\.(.+)", re.DOTALL)
_QUOTED = re.compile(r"(?:(params|metrics|tags|run)\.)?`([^`]+)`(?:\.(\w+))?", re.DOTALL)
_PLAIN = re.compile(r"[^\W\d](?:[\w/-]|\.(?!\.))*")


def read_name(text: str, position: int = 0) -> Name:
    """Return the name that `text` writes; text that is no plain name is taken as the key itself.

    Raises:
        QueryError: a backquoted name carries an aggregate that does not exist.
    """
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        kind, key, aggregate = quoted.groups()
        if aggregate is not None and aggregate not in AGGREGATES:
            raise QueryError(
                f"`{aggregate}` is not a summary of a metric.",
                position=position + len(text) - len(aggregate),
                length=len(aggregate),
                suggestions=AGGREGATES[:6],
                hint="Use one of " + ", ".join(AGGREGATES) + ".",
            )
        return Name(key, text, position, cast("Kind | None", kind), aggregate, quoted=True)
    qualified = _QUALIFIED.fullmatch(text)
    if qualified:
        return Name(qualified[2], text, position, cast(Kind, qualified[1]))
    return Name(text, text, position)


def split_aggregate(key: str) -> tuple[str, str | None]:
    """Split `val/acc.max` into the metric's key and its aggregate; None when there is none.

    >>> split_aggregate("val/acc.max"), split_aggregate("layer.0")
    (('val/acc', 'max'), ('layer.0', None))
    """
    head, dot, tail = key.rpartition(".")
    return (head, tail) if dot and head and tail in AGGREGATES else (key, None)


def write_name(key: str, kind: Kind | None = None, aggregate: str | None = None) -> str:
    """Return how a query writes a field: backquoted only when the key needs it.

    >>> write_name("val/acc", aggregate="max"), write_name("odd name", "params")
    ('val/acc.max', 'params.`odd name`')
    """
    plain = _PLAIN.fullmatch(key) and not key.endswith(".") and key.lower() not in KEYWORDS
    body = key if plain else f"`{key}`"
    return (f"{kind}." if kind else "") + body + (f".{aggregate}" if aggregate else "")
