"""Samples as small pictures: always a PNG that is made here, never stored bytes as they are."""

from __future__ import annotations

import io

import numpy as np

from peira.core.errors import NotFoundError
from peira.data import look
from peira.data.catalog import Catalog
from peira.data.dataset import Dataset
from peira.data.look import Look
from peira.evaluate.opened import Opened
from peira.lab.lab import Lab
from peira.media.encoded import pillow
from peira.media.image import encode_image, image_header

SIDE_PX = 256
"""Larger pictures are made smaller: a grid shows many."""
PIXELS_MAX = 100_000_000


def has_pictures(lab: Lab, evaluation: Opened) -> bool:
    """Whether samples of an evaluation can be shown as pictures."""
    event = evaluation.evaluation
    if event.inputs is not None:
        return look.has_pictures(look.read_manifest(lab.objects.root, event.inputs))
    return _pictured(evaluation) is not None


def picture_of(lab: Lab, evaluation: Opened, id: str) -> bytes:
    """Return the picture of a sample: from what was logged with the evaluation, else from the data
    version.

    Raises:
        NotFoundError: there is no such sample, or it is no picture.
    """
    event = evaluation.evaluation
    if event.inputs is not None:
        return _png(look.look_at(lab.objects, event.inputs, evaluation.row_of(id)))
    dataset = _pictured(evaluation)
    if dataset is None:
        raise NotFoundError("What was shown to the model was not kept.")
    return picture_of_row(dataset, look.row_of(dataset, id))


def picture_of_row(dataset: Dataset, row: int) -> bytes:
    """Return the picture in a row of a data version.

    Raises:
        NotFoundError: it is no picture, or cannot be read as one.
    """
    if dataset.manifest.kind == "table" and not look.names_files(dataset.manifest):
        return _png(look.look_at(dataset.objects, dataset.version.manifest, row))
    return _small(look.file_at(dataset, row))


def _pictured(evaluation: Opened) -> Dataset | None:
    """Return the version that shows what was evaluated: the one that was used, else the nearest one
    that it was made from and whose rows it keeps.
    """
    dataset = evaluation.dataset
    while dataset is not None and not look.has_pictures(dataset.manifest):
        parent = dataset.version.parent
        if parent is None or dataset.manifest.ids is None:
            return None
        ref = ":".join(parent.split(":")[:2])
        try:
            dataset = Dataset(dataset.root, Catalog(dataset.root).find(ref))
        except NotFoundError:  # removed since
            return None
    return dataset


def _png(seen: Look) -> bytes:
    span = seen.high - seen.low
    values = np.asarray(seen.value, dtype=float)
    grey = np.clip((values - seen.low) / span, 0, 1) if span > 0 else np.zeros_like(values)
    data = encode_image(grey).data
    assert isinstance(data, bytes)
    return data


def _small(data: bytes) -> bytes:
    """Return a stored picture as a small PNG."""
    header = image_header(data)
    if header is None or header[1] * header[2] > PIXELS_MAX:
        raise NotFoundError("This file is no PNG, JPEG, GIF or WebP, or is too large to be shown.")
    module = pillow("Pictures of files")
    try:
        with module.open(io.BytesIO(data)) as opened:
            opened.thumbnail((SIDE_PX, SIDE_PX))
            small = opened.convert("RGBA" if "A" in opened.getbands() else "RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise NotFoundError("This picture cannot be read.") from error
    buffer = io.BytesIO()
    small.save(buffer, "PNG")
    return buffer.getvalue()
