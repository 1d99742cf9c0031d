"""Columns as a file for other programs: npz, Parquet, CSV."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from peira.core.errors import UsageError
from peira.data.rows import Columns
from peira.lab import export

KINDS = (".npz", ".parquet", ".csv")


def write_columns(columns: Columns, path: Path) -> None:
    """Write columns to a file of the kind that its name tells. Cells of a CSV file that a
    spreadsheet would take for a formula are quoted.

    Raises:
        UsageError: a column cannot be in such a file.
        OSError: it cannot be written.
    """
    if path.suffix == ".npz":
        texts = [name for name, values in columns.items() if values.dtype.kind == "O"]
        plain = {
            name: np.array(["" if v is None else str(v) for v in values.tolist()])
            if name in texts
            else values
            for name, values in columns.items()
        }
        with path.open("wb") as stream:
            np.savez_compressed(stream, **plain)  # type: ignore[arg-type]
        return
    wide = [name for name, values in columns.items() if values.ndim > 1]
    if wide:
        raise UsageError(
            f"The column {wide[0]!r:.60} holds more than one value a row.", hint="Write .npz."
        )
    plain_columns = {name: values.tolist() for name, values in columns.items()}
    export.export_columns(plain_columns, "parquet" if path.suffix == ".parquet" else "csv", path)
