"""Pictures in a folder as the checks see them: small and grey, with the digest of the file beside.

Names and folders of files are no inputs: they would tell every copy from its twin.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from peira.data.checks._base import SEED
from peira.data.dataset import Dataset

SIDE = 32
COUNT_MAX = 50_000
BYTES_MAX = 1 << 30
"""More are not opened: it would take minutes."""


class Pictures(NamedTuple):
    """The pictures of a version, a row each."""

    contents: NDArray[np.object_]
    """Digests of the files."""
    pixels: NDArray[np.uint8] | None
    """(pictures, side * side), grey; noise where one cannot be opened; None when none was."""
    unseen: str
    """Which were not opened and why, a sentence without a full stop; empty when all were."""


def open_pictures(whole: Dataset) -> Pictures:
    """Open all pictures of a version of a folder of pictures.

    Raises:
        NotFoundError, DamagedError: the version's bytes are not here, or are others.
    """
    members = list(whole.files())
    contents = np.array([member.object for member in members], dtype=object)
    if len(members) > COUNT_MAX or whole.manifest.size > BYTES_MAX:
        return Pictures(contents, None, "There are too many pictures to open them all")
    try:
        from PIL import Image
    except ImportError:
        return Pictures(contents, None, "Pillow, which opens pictures, is not installed")
    pixels = np.empty((len(members), SIDE * SIDE), dtype=np.uint8)
    folder = whole.path()
    broken = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
    failed: dict[int, str] = {}
    for row, member in enumerate(members):
        try:
            with Image.open(Path(folder, member.path)) as picture:
                picture.draft("L", (4 * SIDE, 4 * SIDE))
                small = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
        except broken as error:
            failed[row] = f"{member.path}: {error}"
            continue
        pixels[row] = np.asarray(small).ravel()
    if not failed:
        return Pictures(contents, pixels, "")
    noise = np.random.default_rng(SEED).integers(0, 256, (len(failed), SIDE * SIDE))
    pixels[list(failed)] = noise  # like no other picture
    count = f"{len(failed):,} of {len(members):,} pictures cannot be opened"
    unseen = f"{count} ({next(iter(failed.values())):.200}) and were not compared"
    return Pictures(contents, None if len(failed) == len(members) else pixels, unseen)
