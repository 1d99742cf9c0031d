"""From sort keys to `ORDER BY`. Runs without the value come last in both directions; the newest
run breaks ties.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_

from peira.core.errors import QueryError
from peira.lab.index import schema
from peira.lab.query import ast, value
from peira.lab.query.catalog import Catalog


def apply_sort(
    statement: Select[Any], keys: Sequence[ast.SortKey], catalog: Catalog
) -> Select[Any]:
    """Return `statement` (which selects from `run`) ordered by `keys`, then newest first.

    Params sort numbers before texts; a NaN comes after every number.

    Raises:
        QueryError: a name is not known, or is a tag.
    """
    catalog.numbers(key.name.key for key in keys)
    run = schema.run
    order: list[ColumnElement[Any]] = []
    source: Any = run
    for index, key in enumerate(keys):
        field = catalog.resolve(key.name)
        if field.kind == "run":
            order += _directed(run.c[field.key], key.descending)
        elif field.kind == "tag":
            raise QueryError(
                "Runs carry many tags: there is no order by tag.",
                position=key.name.position,
                length=key.name.length,
            )
        elif field.kind == "param":
            row = schema.attribute.alias(f"sort{index}")
            source = source.outerjoin(row, and_(row.c.key == field.n, row.c.run == run.c.n))
            order.append(row.c.text.is_(None))
            order += _directed(value.stored_number(row.c), key.descending)
            order += _directed(row.c.text, key.descending)
        elif field.kind == "metric":
            aggregate = value.aggregate_of(field, catalog, key.name)
            summary = schema.metric.alias(f"sort{index}")
            source = source.outerjoin(
                summary, and_(summary.c.key == field.n, summary.c.run == run.c.n)
            )
            order += _directed(value.Summary(summary, aggregate).value, key.descending)
            order.append(summary.c.count.is_(None))
    statement = statement.select_from(source)
    return statement.order_by(*order, run.c.created.desc(), run.c.n.desc())


def _directed(column: ColumnElement[Any], descending: bool) -> list[ColumnElement[Any]]:
    return [column.is_(None), column.desc() if descending else column.asc()]
