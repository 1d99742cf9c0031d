"""Rows as columns, and their ids by content.

A row's id is a digest of its values, so it survives another order of the rows and is the same on
every machine. Of equal rows the second, third, … differ by their number. Ids are what splits and
evaluations name rows by.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UnsupportedError, UsageError
from peira.data.manifest import Column

ID_BYTES = 16
TEXT = "text"
JSON = "json"

Columns = dict[str, NDArray[Any]]
"""Columns by name, each with the rows along its first axis. Columns of texts and of other values
are arrays of objects; a missing text is None.
"""
Ids = NDArray[np.bytes_]
"""Ids of rows as 32 hex digits each, dtype `S32`, shape (rows,)."""


def describe(columns: Columns) -> list[Column]:
    """Return the schema of columns.

    Raises:
        UsageError: columns have different numbers of rows, or there are none.
    """
    if not columns:
        raise UsageError("There are no columns.", hint="Give arrays by name, or a DataFrame.")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) != 1:
        told = ", ".join(f"{name} has {rows}" for name, rows in list(lengths.items())[:5])
        raise UsageError(f"Columns must have the same number of rows: {told}.")
    return [_column(str(name), values) for name, values in columns.items()]


def _column(name: str, values: NDArray[Any]) -> Column:
    if values.dtype.kind in "biufcmM":
        return Column(name, values.dtype.newbyteorder("<").str, list(values.shape[1:]))
    is_text = values.ndim == 1 and all(v is None or isinstance(v, str) for v in values)
    return Column(name, TEXT if is_text else JSON, list(values.shape[1:]))


def is_nested(values: NDArray[Any]) -> bool:
    """Whether a column holds lists or objects: boxes, several labels; as labels they are no
    classes.
    """
    return values.dtype.kind == "O" and any(isinstance(v, dict | list) for v in values.flat)


def as_text(value: Any) -> str:
    """Return a label as text: lists and objects as JSON."""
    if isinstance(value, dict | list):
        return msgspec.json.encode(value, enc_hook=str).decode()
    return str(value)


def row_ids(columns: Columns) -> Ids:
    """Return the ids of rows. Takes about 2 µs a row of numbers, more with texts."""
    from blake3 import blake3

    schema = sorted(describe(columns), key=lambda column: column.name)
    start = msgspec.json.encode(schema)
    count = len(next(iter(columns.values())))
    numbers = [c.name for c in schema if c.dtype not in (TEXT, JSON)]
    others = [c.name for c in schema if c.dtype in (TEXT, JSON)]
    table = _bytes_of(columns, numbers, count)  # (rows, bytes)
    hasher = blake3(start)
    seen: dict[bytes, int] = {}
    found = np.empty(count, dtype=f"S{2 * ID_BYTES}")
    encode = msgspec.json.Encoder(enc_hook=str).encode
    for index in range(count):
        row = hasher.copy()
        row.update(table[index].tobytes())
        if others:
            row.update(encode([_plain(columns[name][index]) for name in others]))
        digest = row.digest(length=ID_BYTES)
        times = seen.get(digest, 0)
        seen[digest] = times + 1
        if times:
            row.update(b"#%d" % times)
            digest = row.digest(length=ID_BYTES)
        found[index] = digest.hex().encode()
    return found


def _bytes_of(columns: Columns, names: list[str], count: int) -> NDArray[np.uint8]:
    """Return the values of numeric columns as bytes, shape (rows, bytes)."""
    parts = []
    for name in names:
        values = columns[name]
        little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
        parts.append(little.reshape(count, -1).view(np.uint8).reshape(count, -1))
    return np.hstack(parts) if parts else np.empty((count, 0), dtype=np.uint8)


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def pack_ids(ids: Ids) -> bytes:
    """Return ids as 16 bytes each, as they are stored."""
    return bytes.fromhex(ids.tobytes().decode("ascii"))


def unpack_ids(data: bytes) -> Ids:
    """Return ids from their 16 bytes each."""
    return np.frombuffer(data.hex().encode("ascii"), dtype=f"S{2 * ID_BYTES}")


def to_columns(data: Any) -> Columns:
    """Return tables of all kinds as columns.

    Args:
        data: arrays by name (or a scikit-learn Bunch), one array (it becomes `X`), a pair (`X`,
            `y`), a pandas or Polars DataFrame, an Arrow table, or a Hugging Face dataset.

    Raises:
        UsageError: it is none of these.
    """
    if isinstance(data, np.ndarray):
        return {"X": data}
    if isinstance(data, tuple | list) and len(data) == 2 and all(map(_is_array, data)):
        return {"X": np.asarray(data[0]), "y": _array(data[1])}
    if isinstance(data, Mapping):
        return _of_mapping(data)
    if _is_hugging_face(data):
        return _of_hugging_face(data)
    if hasattr(data, "collect") and hasattr(data, "collect_schema"):  # a lazy frame of Polars
        data = data.collect()
    if hasattr(data, "column_names") and hasattr(data, "column"):  # Arrow
        names = [str(name) for name in data.column_names]
        return {name: _array(data.column(i).to_pylist()) for i, name in enumerate(names)}
    if hasattr(data, "columns") and hasattr(data, "__getitem__"):  # pandas, Polars
        return {str(name): _array(data[name].to_numpy()) for name in data.columns}
    raise UsageError(
        f"A {type(data).__name__} cannot be added as data.",
        hint="Give arrays by name, (X, y), a DataFrame, an Arrow table or a folder of files.",
    )


def _is_hugging_face(data: Any) -> bool:
    return hasattr(data, "column_names") and hasattr(data, "with_format")


def _of_hugging_face(data: Any) -> Columns:
    """Pictures of one size become arrays of pixels; others stay as they are stored."""
    columns = to_columns(data.with_format("arrow")[:])
    for name, feature in data.features.items():
        if type(feature).__name__ == "Image":
            columns[name] = _pixels(columns[name])
    return columns


def _pixels(stored: NDArray[Any]) -> NDArray[Any]:
    try:
        from PIL import Image
    except ImportError:
        raise UnsupportedError(
            "The data set holds pictures, which Pillow reads.", hint="pip install pillow"
        ) from None
    arrays = []
    for one in stored.tolist():
        if one is None:
            return stored
        source = io.BytesIO(one["bytes"]) if one.get("bytes") else one["path"]
        with Image.open(source) as picture:
            arrays.append(np.asarray(picture))
    same = len({(array.shape, array.dtype) for array in arrays}) == 1
    return np.stack(arrays) if same else stored


def _of_mapping(data: Mapping[Any, Any]) -> Columns:
    if data and all(map(_is_hugging_face, data.values())):
        raise UsageError(
            f"These are several data sets: {', '.join(map(str, data))}.",
            hint="Add one of them, or concatenate them with a column that names the part:"
            " `peira data split … --column` makes a split of it.",
        )
    if "data" in data and "target" in data and hasattr(data, "DESCR"):  # scikit-learn
        return {"X": np.asarray(data["data"]), "y": _array(data["target"])}
    return {str(name): _array(values) for name, values in data.items()}


def _is_array(value: Any) -> bool:
    return (
        hasattr(value, "__len__") and hasattr(value, "__getitem__") and not isinstance(value, str)
    )


def _array(values: Any) -> NDArray[Any]:
    """Return values as an array of numbers, or of objects (texts; missing ones are None)."""
    if hasattr(values, "filled") and hasattr(values, "mask"):  # NumPy's masked arrays, of DuckDB
        values = _unmasked(values)
    found = values if isinstance(values, np.ndarray) else _as_array(values)
    if found.dtype.kind in "US":
        texts = np.char.decode(found) if found.dtype.kind == "S" else found
        return texts.astype(object)
    if found.dtype.kind == "O":
        return _of_objects(found)
    return found


def _as_array(values: Any) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError:  # rows of different lengths
        found = np.empty(len(values), dtype=object)
        found[:] = list(values)
        return found


def _of_objects(found: NDArray[Any]) -> NDArray[Any]:
    """Numbers with missing ones become float64 with NaN; other objects stay, NaN is None."""
    flat = list(found.ravel())
    is_number = all(
        v is None or (isinstance(v, int | float | np.number) and not isinstance(v, bool))
        for v in flat
    )
    if flat and is_number:
        whole = all(isinstance(v, int | np.integer) for v in flat)
        numbers = [np.nan if v is None else v for v in flat]
        return np.array(numbers, dtype=np.int64 if whole else np.float64).reshape(found.shape)
    cleaned = np.empty(found.shape, dtype=object)
    plain = [_plain(v) for v in flat]  # rows of Polars and Parquet may be arrays themselves
    for place, value in enumerate(plain):
        cleaned.ravel()[place] = None if isinstance(value, float) and value != value else value
    return cleaned


def _unmasked(values: Any) -> NDArray[Any]:
    mask = np.ma.getmaskarray(values)
    if not mask.any():
        return np.asarray(values.data)
    if values.dtype.kind in "biuf":
        plain = np.asarray(values.data, dtype=np.float64).copy()
        plain[mask] = np.nan
        return plain
    plain = np.asarray(values.data, dtype=object).copy()
    plain[mask] = None
    return plain
