"""Typed arrays on the wire: `application/vnd.peira.columns`, see docs/formats/columns.md.

"PCOL" | header length, uint32 LE | header, JSON padded with spaces | arrays, each 8-aligned
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

MEDIA_TYPE = "application/vnd.peira.columns"
MAGIC = b"PCOL"
ALIGNMENT = 8
Array = NDArray[Any]
_DTYPES = {"f64": "<f8", "f32": "<f4", "i64": "<i8", "i32": "<i4", "u8": "|u1"}
_NAMES = {np.dtype(dtype): name for name, dtype in _DTYPES.items()}


def encode(arrays: Mapping[str, Array], header: Mapping[str, Any]) -> bytes:
    """Return the bytes of one-dimensional arrays with a header.

    Args:
        arrays: by name, in the order they are written; float64, float32, int64, int32 or uint8.
        header: further members beside `arrays`; JSON values, finite numbers only.
    """
    listed, parts, offset = [], [], 0
    for name, array in arrays.items():
        assert array.ndim == 1
        dtype = _NAMES[array.dtype.newbyteorder("<")]
        data = np.ascontiguousarray(array, dtype=_DTYPES[dtype]).tobytes()
        padding = -len(data) % ALIGNMENT
        listed.append({"name": name, "dtype": dtype, "offset": offset, "count": len(array)})
        parts += [data, bytes(padding)]
        offset += len(data) + padding
    text = msgspec.json.encode({"arrays": listed, **header})
    text += b" " * (-(len(MAGIC) + 4 + len(text)) % ALIGNMENT)
    return b"".join([MAGIC, struct.pack("<I", len(text)), text, *parts])


def decode(data: bytes) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return (arrays by name, header) of what `encode` made; for programs and tests.

    Raises:
        ValueError: the bytes are not in this format.
    """
    if data[:4] != MAGIC or len(data) < 8:
        raise ValueError("The data does not begin with PCOL.")
    (length,) = struct.unpack_from("<I", data, 4)
    start = 8 + length
    header = msgspec.json.decode(data[8:start])
    arrays = {}
    for listed in header.pop("arrays"):
        arrays[listed["name"]] = np.frombuffer(
            data, _DTYPES[listed["dtype"]], listed["count"], start + listed["offset"]
        )
    return arrays, header


def narrow_x(offsets: Array, *, is_large: bool) -> Array:
    """Return offsets as float32 when that is exact, or when the answer is large; else float64."""
    with np.errstate(over="ignore"):
        small = offsets.astype("<f4")
    if is_large or np.array_equal(small.astype("<f8"), offsets):
        return small
    return offsets
