"""The stored table of the parser is that of the grammar, and only a short cut."""

from __future__ import annotations

from importlib import resources

import lark
import msgspec
import pytest

from peira.core.errors import QueryError
from peira.lab.query import parse, table

QUERIES = (
    "val/acc.max > 0.97 and lr in 1e-4..1e-2 sort -val/acc, lr",
    'not (a = 1 or b != "x") and "baseline" in tags since 3d',
    "mlp alive group by all except seed",
    "`odd name` is not missing and name ~ 'a.*' and created > 2026-01-01",
    "a and",
    "a = = 1",
    "(" * 200,
)


def told(query: str) -> object:
    """Return what a query means, or how its mistake is told."""
    try:
        return parse.parse(query)
    except QueryError as error:
        return error.message, error.position, error.hint


def test_the_stored_table_is_of_this_grammar() -> None:
    """Whoever changes the grammar also writes the table: tools/query_table.py."""
    folder = resources.files(table.FOLDER)
    grammar = folder.joinpath(table.GRAMMAR).read_text("utf-8")
    stored = msgspec.json.decode(folder.joinpath(table.TABLE).read_bytes(), type=table.Table)
    assert stored.grammar == table.mark(grammar)


def test_the_table_is_only_a_short_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """With another Lark than the table's, the grammar itself is read, with the same answers."""
    monkeypatch.setattr(parse, "_parser", None)
    from_table = [told(query) for query in QUERIES]
    monkeypatch.setattr(parse, "_parser", None)
    monkeypatch.setattr(lark, "__version__", "0")
    assert [told(query) for query in QUERIES] == from_table
