"""Tables of runs for other libraries, each imported only when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from peira.core.errors import UnsupportedError

if TYPE_CHECKING:
    from peira.lab.runs import RunTable

_INT64 = 1 << 63
RUN_COLUMNS = ("id", "name", "project", "state", "created", "duration", "user", "host", "group")


def table_columns(table: RunTable) -> dict[str, list[Any]]:
    """Return the columns of a table by name, all of the same length."""
    columns: dict[str, list[Any]] = {
        name: [getattr(row, name) for row in table.page.rows] for name in RUN_COLUMNS
    }
    columns["tags"] = [record.tags for record in table]
    for column in table.columns:
        columns.setdefault(column.name, table.column(column.name))
    if table.chosen:
        return columns
    records = list(table)
    params = dict.fromkeys(name for record in records for name in record.params)
    metrics = dict.fromkeys(
        key for record in records for key in record.metrics if not key.startswith("system/")
    )
    for name in params:
        values = [record.params.get(name) for record in records]
        columns.setdefault(f"params.{name}" if name in columns else name, values)
    for key in metrics:
        lasts = [record.metrics[key].last if key in record.metrics else None for record in records]
        columns.setdefault(f"metrics.{key}" if key in columns else key, lasts)
    return columns


def to_pandas(columns: Mapping[str, Any]) -> Any:
    """Return columns as a pandas DataFrame."""
    return library_of("pandas").DataFrame(dict(columns))


def to_polars(columns: dict[str, list[Any]]) -> Any:
    """Return columns as a Polars DataFrame; columns of mixed types become text."""
    library = library_of("polars")
    return library.DataFrame(
        {name: one_type(values) for name, values in columns.items()}, strict=False
    )


def to_arrow(columns: dict[str, list[Any]]) -> Any:
    """Return columns as an Arrow table; columns of mixed types become text."""
    library = library_of("pyarrow")
    return library.table(
        {name: library.array(one_type(values)) for name, values in columns.items()}
    )


def one_type(values: list[Any]) -> list[Any]:
    """Make a column of one type: whole numbers among others become floats; a mixture, and
    whole numbers of more than 64 bits, become text.
    """
    types = {type(value) for value in values if value is not None}
    if types <= {int, float} and len(types) == 2:
        return [None if value is None else float(value) for value in values]
    lists = [value for value in values if isinstance(value, list)]
    if types == {int} and not all(-_INT64 <= (value or 0) < _INT64 for value in values):
        return [None if value is None else str(value) for value in values]
    if len(types) <= 1 and not any(len({type(v) for v in value}) > 1 for value in lists):
        return values
    return [None if value is None else str(value) for value in values]


def library_of(name: str) -> Any:
    """Return a library.

    Raises:
        UnsupportedError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise UnsupportedError(
            f"This needs {name}, which is not installed.", hint=f"Run: pip install {name}"
        ) from error
