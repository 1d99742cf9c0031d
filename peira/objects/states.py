"""States of programs as files: what a checkpoint holds.

    a path            its files
    plain values      state.json and an array a file, read again without running anything
    anything else     a file of its library, or a pickle: never loaded by Peira

A large array is an object of its own, so parts that do not change between two checkpoints are
stored once; small ones stand in `state.json`. `docs/formats/checkpoint.md` has every byte.
"""

from __future__ import annotations

import io
import math
import os
import sys
from binascii import a2b_base64, b2a_base64
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from peira.core.errors import DamagedError, UnsupportedError, UsageError
from peira.core.values import plain
from peira.objects import models, tree
from peira.objects._base import Objects
from peira.objects.tree import Member

FORMAT = 1
PLAIN = "plain"
_STATE = "state.json"
_PIECE_BYTES = 1 << 20
INLINE_BYTES_MAX = 16 << 10
"""A larger array is a file. Each file waits for the disk once."""
_STRANGE = (
    ValueError, LookupError, TypeError, AttributeError, RecursionError, EOFError, FileNotFoundError,
)  # fmt: skip
"""What files raise that are not of our making."""


class State(NamedTuple):
    """A stored state: its files, and how they are written."""

    files: list[Member]
    format: str


class _NotPlainError(Exception):
    """A value has no plain form."""


def put(objects: Objects, state: Any) -> State:
    """Store a state and return its files.

    Args:
        state: a path of a file or folder; a mapping of plain values and NumPy arrays, nested; an
            object with `state_dict()`; or anything that can be pickled.

    Raises:
        UsageError: there is no such file, or too many.
        OSError, TypeError, pickle.PicklingError: it cannot be read or written.
    """
    if isinstance(state, str | os.PathLike):
        source = Path(state)
        if not source.exists():
            raise UsageError(f"There is no file {source} to make a checkpoint of.")
        return State(tree.put(objects, source), "files")
    own = getattr(state, "state_dict", None)
    if callable(own) and not isinstance(state, type):
        state = own()
    if isinstance(state, dict):
        try:
            return State(_put_plain(objects, state), PLAIN)
        except (_NotPlainError, RecursionError):
            pass  # what it holds needs its own library
    with models.written(state, "state") as saved:
        return State(tree.put(objects, saved.path), saved.facts["format"].partition("-")[0])


def load(folder: Path) -> Any:
    """Return the state of plain form in a folder. Nothing is executed, whatever the files hold.

    Raises:
        DamagedError: the files are not of that form.
        UnsupportedError: they are of a newer Peira.
    """
    import json

    try:
        told = json.loads((folder / _STATE).read_bytes())
        version = told["format"]
        if version > FORMAT:
            raise UnsupportedError(
                f"The checkpoint in {folder} has format {version}; this Peira reads up to "
                f"{FORMAT}.",
                hint="Upgrade: pip install -U peira.",
            )
        return _decoded(told["state"], folder)
    except _STRANGE as error:
        raise DamagedError(f"The checkpoint in {folder} cannot be read: {error!s:.200}") from error


# Writing


def _put_plain(objects: Objects, state: dict[Any, Any]) -> list[Member]:
    import json

    files: list[list[memoryview]] = []
    told = json.dumps({"format": FORMAT, "state": _encoded(state, files)}, allow_nan=False)
    members = [Member(_STATE, *objects.put_bytes(told.encode()))]
    members += [Member(f"{n}.npy", *objects.put_pieces(file)) for n, file in enumerate(files)]
    return sorted(members)


def _encoded(value: Any, files: list[list[memoryview]]) -> Any:
    """Return the JSON of a value; its large arrays are added to `files`.

    Raises:
        _NotPlainError: it, or something in it, is not plain.
    """
    kind = type(value)
    if value is None or kind in (bool, int):
        return value
    if kind is str:
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise _NotPlainError from error
        return value
    if kind is float:
        return value if math.isfinite(value) else {"$float": plain(value)}
    if kind is list:
        return [_encoded(item, files) for item in value]
    if kind is tuple:
        return {"$tuple": [_encoded(item, files) for item in value]}
    if kind in (dict, OrderedDict):
        if all(type(key) is str and not key.startswith("$") for key in value):
            return {_encoded(key, files): _encoded(item, files) for key, item in value.items()}
        pairs = [[_encoded(key, files), _encoded(item, files)] for key, item in value.items()]
        return {"$pairs": pairs}
    if kind is bytes:
        return {"$bytes": _base64(value)}
    if kind is complex:
        return {"$complex": [_encoded(value.real, files), _encoded(value.imag, files)]}
    return _encoded_array(value, files)


def _encoded_array(value: Any, files: list[list[memoryview]]) -> Any:
    numpy = sys.modules.get("numpy")  # an array of NumPy cannot exist unless it is loaded
    if numpy is None or not isinstance(value, numpy.ndarray | numpy.generic):
        raise _NotPlainError
    if value.dtype.hasobject or value.dtype.itemsize == 0:
        raise _NotPlainError
    if isinstance(value, numpy.generic):
        if value.dtype.fields is not None:
            raise _NotPlainError
        return {"$scalar": [value.dtype.str, _base64(value.tobytes())]}
    if type(value) not in (numpy.ndarray, numpy.memmap):
        raise _NotPlainError  # a masked array is more than its values
    pieces = _pieces(value)
    if value.nbytes <= INLINE_BYTES_MAX:
        return {"$npy": _base64(b"".join(pieces))}
    files.append(pieces)
    return {"$array": f"{len(files) - 1}.npy"}


def _base64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode()


def _pieces(array: Any) -> list[memoryview]:
    """Return the bytes of the NPY file of an array, without a copy of it where it can be."""
    import numpy as np

    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, np.lib.format.header_data_from_array_1_0(array))
    if array.flags.c_contiguous or array.flags.f_contiguous:
        flat = (array if array.flags.c_contiguous else array.T).reshape(-1)
    else:
        flat = np.ascontiguousarray(array).reshape(-1)
    data: Any = memoryview(flat.view(np.uint8))
    parts = [data[start : start + _PIECE_BYTES] for start in range(0, len(data), _PIECE_BYTES)]
    return [head.getbuffer(), *parts]


# Reading


def _decoded(value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_decoded(item, folder) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, inner),) = value.items()
        if name.startswith("$"):
            return _TAGS[name](inner, folder)
    return {name: _decoded(inner, folder) for name, inner in value.items()}


def _array(name: str, folder: Path) -> Any:
    import numpy as np

    if not name.removesuffix(".npy").isdecimal():  # a path is never built from what a file says
        raise ValueError(f"{name!r:.60} is no name of an array")
    return np.load(folder / name, allow_pickle=False)


def _inline(text: str, folder: Path) -> Any:
    import numpy as np

    return np.load(io.BytesIO(a2b_base64(text)), allow_pickle=False)


def _scalar(told: Any, folder: Path) -> Any:
    import numpy as np

    kind, data = told
    return np.frombuffer(a2b_base64(data), np.dtype(kind))[0]


_TAGS: dict[str, Callable[[Any, Path], Any]] = {
    "$array": _array,
    "$npy": _inline,
    "$scalar": _scalar,
    "$float": lambda name, _: float(name),
    "$complex": lambda parts, folder: complex(*_decoded(parts, folder)),
    "$tuple": lambda items, folder: tuple(_decoded(items, folder)),
    "$bytes": lambda text, _: a2b_base64(text),
    "$pairs": lambda pairs, folder: {
        _decoded(key, folder): _decoded(item, folder) for key, item in pairs
    },
}
