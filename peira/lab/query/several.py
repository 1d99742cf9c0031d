"""Any number of values as one bound parameter; SQLite allows 32,766 of them in a statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import BindParameter, ColumnElement, bindparam, func, select


def among(column: ColumnElement[Any], values: Sequence[int] | Sequence[str]) -> ColumnElement[bool]:
    """Whether a column is one of the values."""
    bound: BindParameter[str] = bindparam(None, msgspec.json.encode(values).decode(), unique=True)
    return column.in_(select(func.json_each(bound).table_valued("value").c.value))
