"""Columns as a file for other programs: npz, Parquet, CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UsageError
from peira.data.rows import Columns, as_text
from peira.lab import export

KINDS = (".npz", ".parquet", ".csv")


def write_columns(columns: Columns, path: Path) -> list[str]:
    """Write columns to a file of the kind that its name tells; return, in sentences, what is not in
    it as it was. Cells of a CSV file that a spreadsheet would take for a formula are quoted. The
    file appears whole or not at all.

    Raises:
        UsageError: a column cannot be in such a file.
        LabError: it cannot be written.
    """
    if path.suffix == ".npz":
        return _write_npz(columns, path)
    wide = [name for name, v in columns.items() if v.ndim > 1 or v.dtype.kind == "c"]
    if wide:
        raise UsageError(
            f"The column {wide[0]!r:.60} holds more than one value a row.", hint="Write .npz."
        )
    if path.suffix == ".parquet" and any(not name or "\0" in name for name in columns):
        raise UsageError("A column of Parquet wants a name.", hint="Write .npz or .csv.")
    plain = {name: _cells(values) for name, values in columns.items()}
    if path.suffix == ".parquet":
        types = {
            name: _TYPES[v.dtype.name] for name, v in columns.items() if v.dtype.name in _TYPES
        }
        types |= {
            name: "TIMESTAMP_NS" for name, v in columns.items() if v.dtype.str[1:] == "M8[ns]"
        }
        export.export_columns(plain, "parquet", path, types=types)
        return []
    export.export_columns(plain, "csv", path)
    quoted = sum(
        export.formula_safe(cell) is not cell for cells in plain.values() for cell in cells
    )
    told = "are texts that a spreadsheet would run; they begin with ' now. Parquet keeps them."
    return [f"{quoted} cells {told}"] if quoted else []


_TYPES = {
    "int8": "TINYINT", "int16": "SMALLINT", "int32": "INTEGER", "uint8": "UTINYINT",
    "uint16": "USMALLINT", "uint32": "UINTEGER", "uint64": "UBIGINT", "float32": "FLOAT",
    "datetime64[D]": "DATE", "datetime64[s]": "TIMESTAMP", "datetime64[ms]": "TIMESTAMP",
    "datetime64[us]": "TIMESTAMP",
}  # fmt: skip
"""Types of Parquet's columns, where they are not seen from the values."""


def _cells(values: NDArray[Any]) -> list[Any]:
    if values.dtype.kind not in "mM":
        plain: list[Any] = values.tolist()
        return plain
    texts = values.astype(str).tolist()  # NumPy makes numbers of times to the nanosecond
    return [None if is_missing else text for text, is_missing in
            zip(texts, np.isnat(values).tolist(), strict=True)]  # fmt: skip


def _write_npz(columns: Columns, path: Path) -> list[str]:
    notes, plain = [], {}
    for name, values in columns.items():
        if values.dtype.kind != "O":
            plain[name] = values
            continue
        cells = values.tolist()
        missing = sum(cell is None for cell in cells)
        if missing:
            notes.append(f"{missing} missing values of {name!r:.60} are empty texts now.")
        plain[name] = np.array(["" if cell is None else as_text(cell) for cell in cells])
    with export.output(path) as stream:
        np.savez_compressed(stream, **plain)  # type: ignore[arg-type]
    return notes
