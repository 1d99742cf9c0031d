"""The outcome of every encoder, and what encoders share: opening paths and arrays."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from peira.core.errors import UnsupportedError, UsageError

if TYPE_CHECKING:
    import numpy as np

BYTES_MAX = 256 * 1024 * 1024
"""The largest file that is taken as media; bigger things are artifacts."""


class Encoded(msgspec.Struct, frozen=True):
    """Bytes to store, or the path of a file that holds them, their type, and facts for drawing."""

    data: bytes | Path
    mime: str
    detail: dict[str, Any] = msgspec.field(default_factory=dict)


def existing_file(value: str | os.PathLike[str], kind: str) -> Path:
    """Return the path of a file to log.

    Raises:
        UsageError: there is no such file, or it is larger than `BYTES_MAX`.
    """
    path = Path(value)
    if not path.is_file():
        raise UsageError(
            f"The {kind} file {str(path)!r} is not there.",
            hint=f"Give the path of an existing file, or the {kind} itself as an array.",
        )
    size = path.stat().st_size
    if size > BYTES_MAX:
        raise UsageError(
            f"The {kind} file {str(path)!r} has {size:,} bytes; media may have {BYTES_MAX:,}.",
            hint="Log it as an artifact.",
        )
    return path


def as_array(value: Any, kind: str) -> np.ndarray[Any, Any]:
    """Return a NumPy array of what NumPy, PyTorch, JAX, TensorFlow or a nested list gives.

    Raises:
        UsageError: the value is no array of numbers.
    """
    import numpy as np

    if is_torch(value):
        value = value.detach().cpu()
        if "bfloat16" in str(value.dtype):  # NumPy has none
            value = value.float()
        value = value.numpy()
    elif hasattr(value, "numpy") and not isinstance(value, np.ndarray):
        value = value.numpy()  # TensorFlow
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{describe(value)} is no {kind}: {error}.") from error
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    if array.dtype.kind not in "buif":
        raise UsageError(
            f"{describe(value)} is no {kind}.",
            hint="Expected an array of numbers or booleans.",
        )
    return array


def is_torch(value: Any) -> bool:
    """Whether `value` is a PyTorch tensor, told by name so that torch is not imported."""
    return any(
        t.__module__.partition(".")[0] == "torch" and t.__name__ == "Tensor"
        for t in type(value).__mro__
    )


def describe(value: Any) -> str:
    """Return in a few words what `value` is, for messages."""
    name = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    shape = getattr(value, "shape", None)
    dtype = getattr(value, "dtype", None)
    facts = [f"shape {tuple(shape)}"] if isinstance(shape, tuple) else []
    facts += [f"dtype {dtype}"] if dtype is not None else []
    return f"{name} ({', '.join(facts)})" if facts else name


def pillow(purpose: str) -> Any:
    """Return Pillow's `Image` module.

    Raises:
        UnsupportedError: Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise UnsupportedError(
            f"{purpose} needs Pillow, which is not installed.", hint="Run: pip install pillow"
        ) from error
    return Image
