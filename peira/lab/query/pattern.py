"""Regular expressions in linear time: RE2, as DuckDB carries it.

Python's `re` can take exponential time on a hostile pattern, and an extra dependency is not
needed: the distinct texts that a condition is about go to DuckDB in one call (100,000 texts: about
0.1 s) and the matching ones come back. A pattern is searched anywhere in the text; `^` and `$`
bind it to the ends, `(?i)` ignores case. Syntax: https://github.com/google/re2/wiki/Syntax. DuckDB
is loaded at the first pattern only.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from peira.core.errors import QueryError
from peira.lab.query.ast import Literal

if TYPE_CHECKING:
    import duckdb

_lock = threading.Lock()
_shared: duckdb.DuckDBPyConnection | None = None


def matching(pattern: Literal, texts: Sequence[str]) -> list[str]:
    """Return the texts in which the pattern is found.

    Raises:
        QueryError: the pattern is not RE2 syntax, or would need too much memory.
    """
    import duckdb

    try:
        with _connection().cursor() as cursor:
            # The pattern is tried on its own first: an error in it must be told even when there is
            # no text to match.
            cursor.execute("SELECT regexp_matches('', $1)", [pattern.spelled]).fetchall()
            if not texts:
                return []
            rows = cursor.execute(
                "SELECT t FROM (SELECT unnest($1::VARCHAR[]) AS t) WHERE regexp_matches(t, $2)",
                [list(texts), pattern.spelled],
            ).fetchall()
    except duckdb.Error as error:
        reason = str(error).partition(": ")[2] or str(error)
        raise QueryError(
            f"This regular expression cannot be read: {reason.strip()[:200]}.",
            position=pattern.position,
            length=pattern.length,
            hint="RE2 syntax: no look-around, no back-references; a backslash takes meaning away.",
        ) from None
    return [row[0] for row in rows]


def _connection() -> duckdb.DuckDBPyConnection:
    global _shared
    with _lock:
        if _shared is None:
            import duckdb

            _shared = duckdb.connect(
                ":memory:", config={"threads": 1, "enable_external_access": False}
            )
        return _shared
