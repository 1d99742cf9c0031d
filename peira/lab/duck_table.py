"""Tables of DuckDB from columns of Python values, exact: NaN stays NaN, missing becomes null."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_INT64 = 1 << 63


def create_table(
    database: DuckDBPyConnection,
    name: str,
    columns: Mapping[str, Sequence[Any]],
    types: Mapping[str, str] | None = None,
) -> None:
    """Create the table `name` from columns of the same length.

    A column's type is that of its values: BOOLEAN, BIGINT, DOUBLE, and VARCHAR for texts, for lists
    (as JSON) and for a mixture. One without any value is VARCHAR.

    Args:
        name: a plain word of ours, never a user's text.
        types: SQL types of columns, where the values may not show them (there are none).
    """
    import numpy as np

    arrays: dict[str, Any] = {}
    parts = []
    for i, (column, cells) in enumerate(columns.items()):
        wanted = (types or {}).get(column)
        missing = np.array([cell is None for cell in cells], dtype=bool)
        arrays[f"v{i}"] = _array(cells, missing)
        source = f"v{i}"
        if arrays[f"v{i}"].dtype == np.float64:
            # DuckDB takes NaN of an array for null, so both are told beside it.
            arrays[f"n{i}"], arrays[f"m{i}"] = np.isnan(arrays[f"v{i}"]), missing
            source = f"CASE WHEN m{i} THEN NULL WHEN n{i} THEN 'NaN'::DOUBLE ELSE v{i} END"
        elif arrays[f"v{i}"].dtype == object and wanted is None:
            wanted = "VARCHAR"
        cast = f"({source})::{wanted}" if wanted else source
        parts.append(f"{cast} AS {quoted(column)}")
    database.register("given", arrays)
    database.execute(f"CREATE TABLE {name} AS SELECT {', '.join(parts)} FROM given")
    database.unregister("given")


def quoted(name: str) -> str:
    """Return an identifier of SQL for any text."""
    return '"' + name.replace('"', '""').replace("\x00", "") + '"'


def _array(cells: Sequence[Any], missing: Any) -> Any:
    import numpy as np

    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {bool}:
        return np.ma.masked_array([bool(cell) for cell in cells], missing)
    if kinds == {int} and all(-_INT64 <= (cell or 0) < _INT64 for cell in cells):
        return np.ma.masked_array(np.array([cell or 0 for cell in cells], np.int64), missing)
    if kinds and kinds <= {int, float}:
        return np.array([0.0 if cell is None else float(cell) for cell in cells])
    return np.array([None if cell is None else _as_text(cell) for cell in cells], dtype=object)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return msgspec.json.encode(value).decode()
