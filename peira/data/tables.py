"""Tables of all kinds as columns: arrays by name, DataFrames, Arrow, Hugging Face."""

from __future__ import annotations

import datetime
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UnsupportedError, UsageError
from peira.core.values import EXACT_INT_MAX
from peira.data import cells
from peira.data.rows import Columns

_INT64 = range(-(2**63), 2**63)
_UINT64 = range(2**64)


def to_columns(data: Any) -> Columns:
    """Return tables of all kinds as columns. Numbers keep their type; numbers with missing ones
    become floats, where these hold them exactly.

    Args:
        data: arrays by name (or a scikit-learn Bunch), one array (it becomes `X`, one of records
            its fields), a list of dicts (a row each), a pair (`X`, `y`), a pandas or Polars
            DataFrame, an Arrow table, or a Hugging Face dataset.

    Raises:
        UsageError: it is none of these, or two columns have the same name.
    """
    if isinstance(data, np.ndarray):
        names = data.dtype.names
        return {"X": data} if names is None else {name: _array(data[name]) for name in names}
    if isinstance(data, list) and data and all(isinstance(row, Mapping) for row in data):
        fields = dict.fromkeys(name for row in data for name in row)
        return _of_mapping({name: [row.get(name) for row in data] for name in fields})
    if isinstance(data, tuple | list) and len(data) == 2 and all(map(_is_array, data)):
        return {"X": np.asarray(data[0]), "y": _array(data[1])}
    if isinstance(data, Mapping):
        return _of_mapping(data)
    if _is_hugging_face(data):
        return _of_hugging_face(data)
    if hasattr(data, "collect") and hasattr(data, "collect_schema"):  # a lazy frame of Polars
        data = data.collect()
    if hasattr(data, "column_names") and hasattr(data, "column"):  # Arrow
        names = _names(data.column_names)
        return {name: _of_arrow(data.column(place)) for place, name in enumerate(names)}
    if hasattr(data, "columns") and hasattr(data, "__getitem__"):  # pandas, Polars
        names = _names(data.columns)
        return {
            name: _of_series(data[column]) for name, column in zip(names, data.columns, strict=True)
        }
    raise UsageError(
        f"A {type(data).__name__} cannot be added as data.",
        hint="Give arrays by name, (X, y), a DataFrame, an Arrow table or the path of a folder or"
        " file.",
    )


def _names(given: Iterable[Any]) -> list[str]:
    """Return names of columns as texts.

    Raises:
        UsageError: two are the same.
    """
    names = [str(name) for name in given]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UsageError(
            f"Several columns have the name {twice[0]!r:.60}.", hint="Rename all but one."
        )
    return names


def _of_series(series: Any) -> NDArray[Any]:
    """Return a column of pandas or Polars."""
    count = getattr(series, "null_count", None)
    if count is not None and count() and series.dtype.is_integer():
        return _array(series.to_list())  # Polars would make floats of them, exact or not
    return _array(series.to_numpy())


def _of_arrow(column: Any) -> NDArray[Any]:
    """Return a column of Arrow: numbers of its own type, lists of one length as an array."""
    from pyarrow import types

    kind = column.type
    is_whole = column.null_count == 0
    is_time = types.is_date(kind) or types.is_timestamp(kind) or types.is_duration(kind)
    is_number = types.is_integer(kind) or types.is_boolean(kind) or is_time
    has_zone = types.is_timestamp(kind) and kind.tz is not None
    if types.is_floating(kind) or (is_number and is_whole and not has_zone):
        found: NDArray[Any] = column.to_numpy()
        return found
    is_list = any(
        ask(kind) for ask in (types.is_list, types.is_large_list, types.is_fixed_size_list)
    )
    if is_list and is_whole and len(column):
        flat = _of_arrow(column.combine_chunks().flatten())
        same = len(set(_lengths(column))) == 1
        if same and flat.dtype.kind != "O" and len(flat) % len(column) == 0:
            return flat.reshape(len(column), -1, *flat.shape[1:])
    return _array(column.to_pylist())


def _lengths(column: Any) -> list[int]:
    from pyarrow import compute

    found: list[int] = compute.list_value_length(column).unique().to_pylist()
    return found


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
        with Image.open(source) as opened:
            # Numbers of a palette are no colours.
            has_alpha = "transparency" in opened.info
            is_indexed = opened.mode in ("P", "PA")
            picture = opened.convert("RGBA" if has_alpha else "RGB") if is_indexed else opened
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
    return dict(zip(_names(data), map(_array, data.values()), strict=True))


def _is_array(value: Any) -> bool:
    return (
        hasattr(value, "__len__") and hasattr(value, "__getitem__") and not isinstance(value, str)
    )


def _array(values: Any) -> NDArray[Any]:
    """Return values as an array of numbers, or of objects (texts; missing ones are None)."""
    if hasattr(values, "filled") and hasattr(values, "mask"):  # NumPy's masked arrays, of DuckDB
        values = _unmasked(values)
    found = values if isinstance(values, np.ndarray) else _as_array(values)
    if found.dtype.kind == "S":
        return _decoded(found)
    if found.dtype.kind == "U":
        return found.astype(object)
    if found.dtype.kind == "O":
        return _of_objects(found)
    return found


def _decoded(found: NDArray[Any]) -> NDArray[Any]:
    try:
        return np.char.decode(found, "utf-8").astype(object)
    except UnicodeDecodeError as error:
        raise UsageError(f"Bytes of an array are no text: {error}.") from error


def _as_array(values: Any) -> NDArray[Any]:
    # NumPy makes texts of numbers beside texts, takes as much room for each as the longest wants,
    # and cuts the zeros that bytes end with.
    if isinstance(values, list | tuple) and any(isinstance(v, str | bytes) for v in values):
        return _objects(values)
    try:
        return np.asarray(values)
    except ValueError:  # rows of different lengths
        return _objects(values)


def _objects(values: Any) -> NDArray[Any]:
    found = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        found[place] = value
    return found


def _of_objects(found: NDArray[Any]) -> NDArray[Any]:
    """Numbers become an array of numbers, with NaN where one is missing, unless a float would be
    another number than one of them; dates and times without a zone become an array of these; other
    objects stay, NaN is None.
    """
    flat = [cells.plain(v) for v in found.ravel()]
    if flat and all(v is None or (isinstance(v, int | float) and v is not True and v is not False)
                    for v in flat):  # fmt: skip
        dtype = _number_type(flat)
        if dtype is not None:
            numbers = [np.nan if v is None else v for v in flat]
            return np.array(numbers, dtype=dtype).reshape(found.shape)
    kinds = {type(v) for v in flat if v is not None}
    if kinds in ({datetime.datetime}, {datetime.date}):
        unit = "us" if kinds == {datetime.datetime} else "D"
        if all(getattr(v, "tzinfo", None) is None for v in flat):
            return np.array(flat, dtype=f"datetime64[{unit}]").reshape(found.shape)
    cleaned = np.empty(found.shape, dtype=object)
    for place, value in enumerate(flat):
        cleaned.ravel()[place] = None if isinstance(value, float) and value != value else value
    return cleaned


def _number_type(numbers: list[int | float | None]) -> type[Any] | None:
    """Return the type that holds numbers exactly; None when there is none."""
    whole = [v for v in numbers if isinstance(v, int)]
    if len(whole) == len(numbers):
        if all(v in _INT64 for v in whole):
            return np.int64
        return np.uint64 if all(v in _UINT64 for v in whole) else None
    return np.float64 if all(-EXACT_INT_MAX <= v <= EXACT_INT_MAX for v in whole) else None


def _unmasked(values: Any) -> NDArray[Any]:
    mask = np.ma.getmaskarray(values)
    data = np.asarray(values.data)
    if not mask.any():
        return data
    is_exact = data.dtype.kind not in "iu" or (
        abs(int(values.min() or 0)) <= EXACT_INT_MAX >= abs(int(values.max() or 0))
    )
    if data.dtype.kind in "biuf" and is_exact:
        plain = data.astype(np.float64)
        plain[mask] = np.nan
        return plain
    plain = data.astype(object)
    plain[mask] = None
    return plain
