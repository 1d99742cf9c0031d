"""Columns of a version as tables of other libraries: `to_columns` the other way round."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from peira.data.rows import Columns
from peira.lab import frames


def to_pandas(columns: Columns) -> Any:
    """Return columns as a pandas DataFrame; several values a row are an array in each cell."""
    return frames.to_pandas(
        {name: values if values.ndim == 1 else list(values) for name, values in columns.items()}
    )


def to_polars(columns: Columns) -> Any:
    """Return columns as a Polars DataFrame; several values a row are a list."""
    library = frames.library_of("polars")
    return library.DataFrame(
        {name: _values(column) for name, column in columns.items()}, strict=False
    )


def to_arrow(columns: Columns) -> Any:
    """Return columns as an Arrow table; several values a row are a list."""
    library = frames.library_of("pyarrow")

    def made(column: NDArray[Any]) -> Any:
        if column.ndim == 1 or column.dtype.kind == "O" or not column.size:
            return library.array(_values(column))
        found = library.array(column.reshape(-1))
        for size in reversed(column.shape[1:]):
            found = library.FixedSizeListArray.from_arrays(found, size)
        return found

    return library.table({name: made(column) for name, column in columns.items()})


def _values(column: NDArray[Any]) -> Any:
    """Return numbers as they are, lists as lists, and a mixture as texts."""
    is_plain = column.ndim == 1 and column.dtype.kind != "O"
    if is_plain:
        return column
    values: list[Any] = column.tolist()
    return frames.one_type(values) if column.dtype.kind == "O" else values
