"""Images: files as they are, arrays as PNG."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peira.core.errors import UsageError
from peira.media.encoded import Encoded, as_array, describe, existing_file, is_torch
from peira.media.png import write_png

if TYPE_CHECKING:
    import numpy as np

PIXELS_MAX = 100_000_000
_CHANNELS = (1, 2, 3, 4)
_EXPECTED = (
    "Expected a path, the bytes of a PNG, JPEG, GIF or WebP file, an array (height, width) or "
    "(height, width, 1 to 4 channels), a PyTorch tensor (channels, height, width), a Pillow image "
    "or a matplotlib figure."
)


def encode_image(value: Any) -> Encoded:
    """Return an image ready to store.

    Args:
        value: a path, or bytes, of a PNG, JPEG, GIF or WebP file (stored as it is); a Pillow image;
            a matplotlib figure; an array (height, width) or (height, width, channels) with 1 to 4
            channels; a PyTorch tensor (channels, height, width). Booleans are black and white;
            uint8 is as it is; floats in [0, 1] are grey or colour values; any other number is
            stretched from its minimum to its maximum, and `detail["scaled_from"]` says so.

    The detail holds `width`, `height`, and where it applies `channels`, `scaled_from`, `nonfinite`
    (pixels that were NaN or infinite, drawn black) and `layout` ("CHW" when the array came so).

    Raises:
        UsageError: the value is none of these, or has more than 100 million pixels.
    """
    if isinstance(value, str | os.PathLike):
        path = existing_file(value, "image")
        with path.open("rb") as file:
            return _from_bytes(file.read(1024 * 1024), path, str(path))
    if isinstance(value, bytes | bytearray | memoryview):
        return _from_bytes(bytes(value), bytes(value), "the bytes")
    if hasattr(value, "savefig"):
        from peira.media.figure import encode_figure

        return encode_figure(value)
    if type(value).__module__.partition(".")[0] == "PIL" and hasattr(value, "getbands"):
        return _from_pillow(value)
    if isinstance(value, dict | set) or value is None:
        raise UsageError(f"{describe(value)} is no image.", hint=_EXPECTED)
    return _from_array(value)


def image_header(data: bytes) -> tuple[str, int, int] | None:
    """Return (type, width, height) from the first bytes of a file, without decoding it; None when
    it is no PNG, JPEG, GIF or WebP.
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return "image/png", width, height
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
        return "image/gif", width, height
    if data[:2] == b"\xff\xd8":
        return _jpeg_header(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and len(data) >= 30:
        return _webp_header(data)
    return None


def _jpeg_header(data: bytes) -> tuple[str, int, int] | None:
    position = 2
    while position + 9 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return "image/jpeg", width, height
        position += 2 + int(struct.unpack(">H", data[position + 2 : position + 4])[0])
    return None


def _webp_header(data: bytes) -> tuple[str, int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        width = 1 + int.from_bytes(data[24:27], "little")
        height = 1 + int.from_bytes(data[27:30], "little")
    elif kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif kind == b"VP8 ":
        width, height = (v & 0x3FFF for v in struct.unpack("<HH", data[26:30]))
    else:
        return None
    return "image/webp", width, height


def _from_bytes(head: bytes, data: bytes | Path, name: str) -> Encoded:
    header = image_header(head)
    if header is None:
        raise UsageError(f"{name} is no PNG, JPEG, GIF or WebP image.", hint=_EXPECTED)
    mime, width, height = header
    return Encoded(data, mime, {"width": width, "height": height})


def _from_pillow(image: Any) -> Encoded:
    _check_size(image.width, image.height)
    if image.mode not in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        image = image.convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return Encoded(buffer.getvalue(), "image/png", {"width": image.width, "height": image.height})


def _from_array(value: Any) -> Encoded:
    detail: dict[str, Any] = {}
    pixels = to_pixels(value, detail)
    height, width, channels = pixels.shape
    detail = {"width": width, "height": height, "channels": channels, **detail}
    return Encoded(write_png(pixels), "image/png", detail)


def to_pixels(value: Any, detail: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Return uint8 (height, width, channels) of one image; put what was changed into `detail`.

    Raises:
        UsageError: the shape is none of an image, or there are too many pixels.
    """
    array = as_array(value, "image")
    if array.ndim == 2:
        array = array[:, :, None]
    elif array.ndim == 3 and (
        (is_torch(value) and array.shape[0] in _CHANNELS)
        or (array.shape[2] not in _CHANNELS and array.shape[0] in _CHANNELS)
    ):
        array = array.transpose(1, 2, 0)  # (channels, height, width) -> (height, width, channels)
        detail["layout"] = "CHW"
    if array.ndim != 3 or array.shape[2] not in _CHANNELS or 0 in array.shape:
        hint = "Log each image of a batch by itself. " if array.ndim == 4 else ""
        raise UsageError(f"{describe(value)} is no image.", hint=hint + _EXPECTED)
    _check_size(array.shape[1], array.shape[0])
    return _to_uint8(array, detail)


def _check_size(width: int, height: int) -> None:
    if width * height > PIXELS_MAX:
        raise UsageError(
            f"An image of {width} x {height} pixels is too large; the limit is {PIXELS_MAX:,}.",
            hint="Log a smaller copy, or the file as an artifact.",
        )


def _to_uint8(array: np.ndarray[Any, Any], detail: dict[str, Any]) -> np.ndarray[Any, Any]:
    import numpy as np

    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind in "iu" and array.min() >= 0 and array.max() <= 255:
        return array.astype(np.uint8)
    values = array.astype(np.float64)
    finite = np.isfinite(values)
    if not finite.all():
        detail["nonfinite"] = int(values.size - np.count_nonzero(finite))
        values = np.where(finite, values, 0.0 if not finite.any() else values[finite].min())
    low, high = float(values.min()), float(values.max())
    if array.dtype.kind == "f" and low >= 0.0 and high <= 1.0:
        scaled = values
    else:
        detail["scaled_from"] = [low, high]
        # Halves first: the span of two large floats of opposite sign is not a float.
        span = high / 2 - low / 2
        scaled = (values / 2 - low / 2) / span if span > 0 else np.zeros_like(values)
    pixels: np.ndarray[Any, Any] = np.rint(scaled * 255.0).astype(np.uint8)
    pixels[~finite] = 0
    return pixels
