"""Writes a PNG with the standard library alone, so that the small install can log images.

Source: PNG specification (W3C, third edition), sections 5 and 9 to 11. No interlace, filter "up" in
every row.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # channels -> grey, grey with alpha, RGB, RGBA


def write_png(pixels: np.ndarray[Any, Any]) -> bytes:
    """Return the PNG of `pixels`, uint8, shape (height, width, channels) with 1 to 4 channels."""
    import numpy as np

    height, width, channels = pixels.shape
    assert pixels.dtype == np.uint8 and channels in _COLOUR_TYPES
    rows = pixels.reshape(height, width * channels)
    up = rows.copy()
    up[1:] -= rows[:-1]  # modulo 256, as uint8 does
    filtered = np.empty((height, 1 + width * channels), dtype=np.uint8)
    filtered[:, 0] = 2  # filter type "up"
    filtered[:, 1:] = up
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(filtered.tobytes(), 6)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(data, zlib.crc32(kind))
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
