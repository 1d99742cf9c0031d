"""Video: files as they are, frames as an animated GIF."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from peira.core.errors import UsageError
from peira.media.encoded import Encoded, describe, existing_file, pillow
from peira.media.image import PIXELS_MAX, image_header, to_pixels

FRAMES_MAX = 10_000
_EXPECTED = (
    "Expected a path to an MP4, WebM or GIF file, or frames: a list of images, or an array "
    "(frames, height, width) or (frames, height, width, channels)."
)


def encode_video(value: Any, fps: float = 10.0) -> Encoded:
    """Return a video ready to store.

    Args:
        value: a path of an MP4, WebM or GIF file (stored as it is), or frames: a list of arrays or
            an array (frames, height, width[, channels]), which become an animated GIF. Values are
            read as `encode_image` reads them, each frame by itself.
        fps: frames a second of the GIF, above 0 to 100; stored in whole hundredths of a second.

    Raises:
        UsageError: the value is none of these. UnsupportedError: frames without Pillow.
    """
    if isinstance(value, str | os.PathLike):
        return _from_path(existing_file(value, "video"))
    if not 0 < fps <= 100:
        raise UsageError(f"{fps!r} frames a second cannot be shown.", hint="Give fps in (0, 100].")
    frames = _frames(value)
    image = pillow("A video of frames")
    detail: dict[str, Any] = {}
    pictures = []
    pixels = 0
    for frame in frames:
        array = to_pixels(frame, detail)
        pixels += array.shape[0] * array.shape[1]
        if pixels > PIXELS_MAX:
            raise UsageError(f"The frames have more than {PIXELS_MAX:,} pixels together.")
        grey = array.shape[2] <= 2
        pictures.append(image.fromarray(array[:, :, 0] if grey else array[:, :, :3]))
    if any(p.size != pictures[0].size for p in pictures):
        raise UsageError("The frames of a video differ in size.", hint=_EXPECTED)
    buffer = io.BytesIO()
    pictures[0].save(
        buffer, "GIF", save_all=True, append_images=pictures[1:], duration=1000 / fps, loop=0
    )
    width, height = pictures[0].size
    detail = {"width": width, "height": height, "frames": len(pictures), "fps": fps, **detail}
    return Encoded(buffer.getvalue(), "image/gif", detail)


def _frames(value: Any) -> list[Any]:
    try:
        count = len(value)
    except TypeError as error:
        raise UsageError(f"{describe(value)} is no video.", hint=_EXPECTED) from error
    if not 1 <= count <= FRAMES_MAX:
        raise UsageError(
            f"A video of {count:,} frames cannot be; 1 to {FRAMES_MAX:,} are possible."
        )
    if isinstance(value, dict | set | bytes):
        raise UsageError(f"{describe(value)} is no video.", hint=_EXPECTED)
    return [value[i] for i in range(count)]


def _from_path(path: Path) -> Encoded:
    with path.open("rb") as file:
        head = file.read(64)
    if head[4:8] == b"ftyp":
        return Encoded(path, "video/mp4")
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return Encoded(path, "video/webm")
    header = image_header(head)
    if header is not None and header[0] == "image/gif":
        return Encoded(path, "image/gif", {"width": header[1], "height": header[2]})
    raise UsageError(f"{str(path)!r} is no MP4, WebM or GIF file.", hint=_EXPECTED)
