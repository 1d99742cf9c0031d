"""Makes the sample of the plain checkpoint, format 1, in this folder. Made once; never made again.

python tests/data/formats/checkpoint-1/make.py
"""

from __future__ import annotations

import math
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from peira.objects import states
from peira.objects.folder import FolderObjects

HERE = Path(__file__).resolve().parent


def state() -> dict[str, Any]:
    """Return what the sample holds."""
    return {
        "step": 40, "lr": 0.1, "nan": math.nan, "big": 2**70, "done": False, "none": None,
        "name": "é", "raw": b"\x00\xff", "pair": (1, [2.5]), "complex": 1 - 2j,
        "by layer": {0: np.arange(3, dtype="<f4"), 1: np.asfortranarray(np.eye(2))},
        "scalar": np.float32(0.1), "large": np.arange(5_000, dtype="<f4"),
    }  # fmt: skip


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        objects = FolderObjects(folder)
        for member in states.put(objects, state()).files:
            shutil.copyfile(objects.path(member.digest), HERE / member.path)
