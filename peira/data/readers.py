"""Files of tables, read as columns: CSV, Parquet, JSON lines, npz, Arrow, text."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UnsupportedError, UsageError
from peira.data.rows import Columns
from peira.data.tables import to_columns
from peira.lab import duck

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_GLOB = str.maketrans({"*": "[*]", "?": "[?]", "[": "[[]"})
"""DuckDB takes a path for a pattern."""


def read_table(path: Path, type: str, name: str | None = None) -> Columns:
    """Return the columns of a file. Its bytes tell whether it is packed by gzip.

    Args:
        name: what messages call it, when it lies under another name.

    Raises:
        UsageError: it is not of that type, or broken.
        UnsupportedError: the library that reads it is not installed.
    """
    name = name or str(path)
    try:
        return READERS[type](path)
    except (ValueError, EOFError, KeyError, OSError, BadZipFile, zlib.error) as error:
        told = str(error).replace(str(path), name)
        raise UsageError(f"{name} cannot be read as {type}: {told:.300}") from error


def type_of(path: Path) -> str | None:
    """Return the type that the name of a file tells, or None."""
    name = path.name.lower()
    packed = _TYPES.get(Path(name.removesuffix(".gz")).suffix)
    return packed if packed in _PACKED or not name.endswith(".gz") else None


_TYPES = {
    ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl",
    ".ndjson": "jsonl", ".npz": "npz", ".arrow": "arrow", ".feather": "arrow", ".txt": "text",
}  # fmt: skip
_PACKED = ("csv", "jsonl", "text")
"""Types that are also read when they are packed by gzip."""


def _is_packed(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == _GZIP


def _read(path: Path) -> bytes:
    with gzip.open(path) if _is_packed(path) else path.open("rb") as stream:
        return stream.read()


def _csv(path: Path) -> Columns:
    """Types of columns are those of all their values. Nothing is passed over: rows that do not have
    as many values as the first one are a mistake in the file.
    """
    if not path.stat().st_size:
        raise ValueError("it is empty")
    packing = "gzip" if _is_packed(path) else "none"
    options = f"compression = '{packing}', sample_size = -1, skip = 0"
    found = _select(f"read_csv(?, {options})", path)
    head = next(iter(found))
    delimiter = next((mark for mark in _DELIMITERS if mark in head), None)
    columns = to_columns(found)
    # Where rows are of different lengths, DuckDB looks for a reading in which they are not: whole
    # lines in one column, or quotes that quote nothing.
    if len(found) == 1 and delimiter is not None:
        _look_for_uneven(path, delimiter)
    elif any(_begins_quoted(values) for values in columns.values()):
        with gzip.open(path, "rb") if _is_packed(path) else path.open("rb") as stream:
            first = stream.readline().decode("utf-8-sig")
        _look_for_uneven(path, next((mark for mark in _DELIMITERS if mark in first), ","))
    return columns


def _begins_quoted(values: NDArray[Any]) -> bool:
    return values.dtype.kind == "O" and any(
        isinstance(value, str) and value.startswith('"') for value in values
    )


def _look_for_uneven(path: Path, delimiter: str) -> None:
    """Raise ValueError for a row that has more or fewer values than the first one."""
    text = _read(path).decode("utf-8-sig")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    limit = csv.field_size_limit(max(len(text), csv.field_size_limit()))
    try:
        count = len(next(rows))
        for row in rows:
            if row and len(row) != count:
                raise ValueError(
                    f"the row that ends in line {rows.line_num} has {len(row)} values,"
                    f" the first {count}"
                )
    except csv.Error as error:
        raise ValueError(f"line {rows.line_num}: {error}") from error
    finally:
        csv.field_size_limit(limit)


_DELIMITERS = ",;\t|"


def _parquet(path: Path) -> Columns:
    return to_columns(_select("read_parquet(?)", path))


def _select(call: str, path: Path) -> dict[str, Any]:
    import duckdb

    cursor = duck.cursor()
    try:
        found: dict[str, Any] = cursor.execute(
            f"SELECT * FROM {call}", [str(path).translate(_GLOB)]
        ).fetchnumpy()
    except duckdb.Error as error:
        told = str(error).partition("\n\n")[0].partition("Possible Solution")[0]
        raise ValueError(" ".join(told.split())) from error
    finally:
        cursor.close()
    return found


def _jsonl(path: Path) -> Columns:
    """An object a line, or one list of objects. Values stay what they are."""
    data = _read(path).removeprefix(_BOM)
    if data.lstrip()[:1] == b"[":
        rows = _json(data)
    else:
        rows = []
        for number, line in enumerate(data.split(b"\n"), 1):
            if line.strip():
                rows.append(_json(line, f"line {number}: "))
    names = dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise ValueError(f"row {number} is no object")
    return to_columns({name: [row.get(name) for row in rows] for name in names})


def _json(data: bytes, place: str = "") -> Any:
    try:
        return msgspec.json.decode(data)
    except msgspec.MsgspecError as error:
        try:
            return json.loads(data)  # knows NaN and Infinity, which Python writes
        except ValueError:
            raise ValueError(f"{place}{error}") from error


def _npz(path: Path) -> Columns:
    with path.open("rb") as stream:
        if stream.read(6)[:2] not in (b"PK", b"\x93N"):
            raise ValueError("it is no archive of numpy.savez")
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        if not hasattr(arrays, "files"):
            raise ValueError("it is one array; save arrays by name: numpy.savez")
        return to_columns({name: arrays[name] for name in arrays.files})


def _arrow(path: Path) -> Columns:
    try:
        from pyarrow import OSFile, feather, ipc
    except ImportError:
        raise UnsupportedError(
            f"{path} is an Arrow file, which pyarrow reads.", hint="pip install pyarrow"
        ) from None
    with path.open("rb") as stream:
        head = stream.read(6)
    if head[:4] == b"FEA1" or head == b"ARROW1":
        return to_columns(feather.read_table(path))
    with OSFile(str(path)) as source:  # a stream, as Hugging Face keeps its data sets
        return to_columns(ipc.open_stream(source).read_all())


def _text(path: Path) -> Columns:
    """A row a line. A line ends where a text editor ends it; other separators are part of it."""
    text = _read(path).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    lines: list[Any] = text.split("\n")
    return to_columns({"text": lines if lines[-1] else lines[:-1]})


READERS: dict[str, Callable[[Path], Columns]] = {
    "csv": _csv,
    "parquet": _parquet,
    "jsonl": _jsonl,
    "npz": _npz,
    "arrow": _arrow,
    "text": _text,
}
