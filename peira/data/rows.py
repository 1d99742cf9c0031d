"""Rows as columns, and their ids by content.

A row's id is a digest of its values, so it survives another order of the rows and is the same on
every machine. Of equal rows the second, third, … differ by their number. Ids are what splits and
evaluations name rows by.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UsageError
from peira.data import cells
from peira.data.manifest import Column

if TYPE_CHECKING:
    from blake3 import blake3

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
    for name, values in columns.items():
        if values.ndim == 0:
            raise UsageError(f"The column {name!r:.60} is a single value, not one a row.")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) != 1:
        told = ", ".join(f"{name} has {rows}" for name, rows in list(lengths.items())[:5])
        raise UsageError(f"Columns must have the same number of rows: {told}.")
    return [_column(str(name), values) for name, values in columns.items()]


def _column(name: str, values: NDArray[Any]) -> Column:
    if values.dtype.char in "gG" and values.dtype.itemsize > 8:
        raise UsageError(
            f"The column {name!r:.60} is of {values.dtype}, which other machines do not have.",
            hint="Convert it to float64 (or complex128).",
        )
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
    seen: dict[bytes, int] = {}
    found = np.empty(len(next(iter(columns.values()))), dtype=f"S{2 * ID_BYTES}")
    for index, row in enumerate(_hashers(columns)):
        digest = row.digest(length=ID_BYTES)
        times = seen.get(digest, 0)
        seen[digest] = times + 1
        if times:
            row.update(b"#%d" % times)
            digest = row.digest(length=ID_BYTES)
        found[index] = digest.hex().encode()
    return found


def row_digests(columns: Columns) -> list[bytes]:
    """Return what rows hold by content: equal ones have the same digest."""
    return [row.digest(length=ID_BYTES) for row in _hashers(columns)]


def _hashers(columns: Columns) -> Iterator[blake3]:
    from blake3 import blake3

    schema = sorted(describe(columns), key=lambda column: column.name)
    count = len(next(iter(columns.values())))
    numbers = [c.name for c in schema if c.dtype not in (TEXT, JSON)]
    others = [columns[c.name] for c in schema if c.dtype in (TEXT, JSON)]
    table = _bytes_of(columns, numbers, count)  # (rows, bytes)
    hasher = blake3(msgspec.json.encode(schema))
    for index in range(count):
        row = hasher.copy()
        row.update(table[index].tobytes())
        if others:
            row.update(cells.encode([values[index] for values in others]))
        yield row


def _bytes_of(columns: Columns, names: list[str], count: int) -> NDArray[np.uint8]:
    """Return the values of numeric columns as bytes, shape (rows, bytes). NaN has many bit
    patterns, and which of them comes out of 0/0 depends on the machine: here it has one.
    """
    parts = []
    for name in names if count else []:
        values = columns[name]
        little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
        if little.dtype.kind in "fc" and np.isnan(little).any():
            little = np.where(np.isnan(little), little.dtype.type(np.nan), little)
        parts.append(little.reshape(count, -1).view(np.uint8).reshape(count, -1))
    return np.hstack(parts) if parts else np.empty((count, 0), dtype=np.uint8)


def pack_ids(ids: Ids) -> bytes:
    """Return ids as 16 bytes each, as they are stored."""
    return bytes.fromhex(ids.tobytes().decode("ascii"))


def unpack_ids(data: bytes) -> Ids:
    """Return ids from their 16 bytes each."""
    return np.frombuffer(data.hex().encode("ascii"), dtype=f"S{2 * ID_BYTES}")
