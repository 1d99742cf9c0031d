"""Files of tables, read as columns: CSV, Parquet, JSON lines, npz, Arrow, text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from peira.core.errors import UnsupportedError, UsageError
from peira.data.rows import Columns, to_columns
from peira.lab import duck


def read_table(path: Path, type: str) -> Columns:
    """Return the columns of a file.

    Raises:
        UsageError: it is not of that type, or broken.
        UnsupportedError: the library that reads it is not installed.
    """
    try:
        return READERS[type](path)
    except (ValueError, EOFError, KeyError) as error:
        raise UsageError(f"{path} cannot be read as {type}: {error!s:.300}") from error


def type_of(path: Path) -> str | None:
    """Return the type that the name of a file tells, or None."""
    name = path.name.lower().removesuffix(".gz")
    return _TYPES.get(Path(name).suffix)


_TYPES = {
    ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl",
    ".ndjson": "jsonl", ".npz": "npz", ".arrow": "arrow", ".feather": "arrow", ".txt": "text",
}  # fmt: skip


def _by_duckdb(function: str) -> Callable[[Path], Columns]:
    def read(path: Path) -> Columns:
        import duckdb

        cursor = duck.cursor()
        try:
            found = cursor.execute(f"SELECT * FROM {function}(?)", [str(path)]).fetchnumpy()
        except duckdb.Error as error:
            raise ValueError(str(error).partition("\n")[0]) from error
        finally:
            cursor.close()
        return to_columns(found)

    return read


def _npz(path: Path) -> Columns:
    with np.load(path, allow_pickle=False) as arrays:
        return to_columns({name: arrays[name] for name in arrays.files})


def _arrow(path: Path) -> Columns:
    try:
        from pyarrow import feather
    except ImportError:
        raise UnsupportedError(
            f"{path} is an Arrow file, which pyarrow reads.", hint="pip install pyarrow"
        ) from None
    return to_columns(feather.read_table(path))


def _text(path: Path) -> Columns:
    lines: list[Any] = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return to_columns({"text": lines})


READERS: dict[str, Callable[[Path], Columns]] = {
    "csv": _by_duckdb("read_csv"),
    "parquet": _by_duckdb("read_parquet"),
    "jsonl": _by_duckdb("read_json_auto"),
    "npz": _npz,
    "arrow": _arrow,
    "text": _text,
}
