"""Tables: columns and rows as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from peira.core.errors import UsageError
from peira.core.values import well_formed
from peira.media.encoded import Encoded, describe

CELLS_MAX = 1_000_000
COLUMNS_MAX = 1_000
TEXT_CHARACTERS_MAX = 10_000
_EXPECTED = (
    "Expected columns and rows, a list of dicts, a dict of columns, a two-dimensional array, or a "
    "pandas or Polars table."
)


def encode_table(
    data: Any = None,
    *,
    columns: Sequence[str] | None = None,
    rows: Any = None,
) -> Encoded:
    """Return a table as JSON `{"columns": [...], "rows": [[...], ...]}`.

    Cells are numbers, booleans, text or null; NaN and the infinities are the texts `"NaN"`,
    `"Infinity"` and `"-Infinity"`; anything else is its `str()`. At most one million cells and
    1,000 columns are stored: rows beyond that are left out and `detail["rows_total"]` tells how
    many there were. Text is cut at 10,000 characters.

    Args:
        data: a list of dicts, a dict of columns, a two-dimensional array or a pandas or Polars
            table.
        columns: names of the columns, for `rows` or an array.
        rows: rows of cells, instead of `data`.

    Raises:
        UsageError: the value is none of these, or a row has another length than `columns`.
    """
    names, cells = _columns_and_rows(data, columns, rows)
    names = [well_formed(str(n)) for n in names]
    if len(names) > COLUMNS_MAX:
        raise UsageError(f"A table of {len(names):,} columns; {COLUMNS_MAX:,} are the limit.")
    for index, row in enumerate(cells):
        if len(row) != len(names):
            raise UsageError(
                f"Row {index} of the table has {len(row)} cells; there are {len(names)} columns."
            )
    kept = cells[: CELLS_MAX // max(1, len(names))]
    stored = [[_cell(value) for value in row] for row in kept]
    detail: dict[str, Any] = {"columns": len(names), "rows": len(stored)}
    if len(stored) < len(cells):
        detail["rows_total"] = len(cells)
    return Encoded(
        msgspec.json.encode({"columns": names, "rows": stored}), "application/json", detail
    )


def _columns_and_rows(
    data: Any, columns: Sequence[str] | None, rows: Any
) -> tuple[list[Any], list[Any]]:
    if (data is None) == (rows is None):
        raise UsageError("A table needs either data or rows.", hint=_EXPECTED)
    if rows is not None:
        data = rows
    elif hasattr(data, "columns") and (hasattr(data, "itertuples") or hasattr(data, "iter_rows")):
        return _from_frame(data)
    elif isinstance(data, Mapping):
        return _from_columns(data)
    if hasattr(data, "tolist") and getattr(data, "ndim", 0) == 2:
        data = data.tolist()
    if not isinstance(data, Sequence) or isinstance(data, str | bytes):
        raise UsageError(f"{describe(data)} is no table.", hint=_EXPECTED)
    listed = list(data)
    if listed and all(isinstance(row, Mapping) for row in listed):
        names = list(columns) if columns else list(dict.fromkeys(k for row in listed for k in row))
        return names, [[row.get(name) for name in names] for row in listed]
    if not all(isinstance(row, Sequence) and not isinstance(row, str | bytes) for row in listed):
        listed = [_row(row) for row in listed]
    width = len(listed[0]) if listed else 0
    return list(columns) if columns is not None else [str(i) for i in range(width)], listed


def _row(row: Any) -> list[Any]:
    if hasattr(row, "tolist") and getattr(row, "ndim", 0) == 1:
        return list(row.tolist())
    if isinstance(row, Sequence) and not isinstance(row, str | bytes):
        return list(row)
    raise UsageError(f"{describe(row)} is no row of a table.", hint=_EXPECTED)


def _from_frame(frame: Any) -> tuple[list[Any], list[Any]]:
    names = list(frame.columns)
    if hasattr(frame, "iter_rows"):  # Polars
        return names, [list(row) for row in frame.iter_rows()]
    return names, [list(row) for row in frame.itertuples(index=False, name=None)]


def _from_columns(data: Mapping[Any, Any]) -> tuple[list[Any], list[Any]]:
    lists = [_row(column) for column in data.values()]
    if len({len(column) for column in lists}) > 1:
        raise UsageError("The columns of the table differ in length.", hint=_EXPECTED)
    return list(data), [list(row) for row in zip(*lists, strict=True)]


def _cell(value: Any) -> Any:
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:  # a scalar of NumPy or PyTorch
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else str(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    text = well_formed(str(value))
    return text if len(text) <= TEXT_CHARACTERS_MAX else text[:TEXT_CHARACTERS_MAX] + "…"
