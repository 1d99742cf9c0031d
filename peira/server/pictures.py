"""Samples as small pictures, sounds and texts: a PNG or WAV that is made here, never stored bytes
as they are.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Literal

import numpy as np

from peira.core.errors import NotFoundError
from peira.data import look, pixels
from peira.data.add import IMAGES
from peira.data.catalog import Catalog
from peira.data.dataset import Dataset
from peira.data.look import Look
from peira.data.manifest import Manifest
from peira.evaluate import beside
from peira.evaluate.opened import Opened
from peira.lab.lab import Lab
from peira.media.audio import encode_audio
from peira.media.encoded import pillow
from peira.media.image import encode_image, image_header

SIDE_PX = 256
"""Larger pictures are made smaller: a grid shows many."""
TEXT_MAX = 2_000
PIXELS_MAX = 100_000_000


Kind = Literal["picture", "sound", "text"]


def kind_of(evaluation: Opened) -> Kind | None:
    """Return how samples of an evaluation can be shown; None when nothing of them is here."""
    inputs = evaluation.evaluation.inputs
    if inputs is not None:
        return _kind(look.read_manifest(evaluation.objects.root, inputs))
    if pictured(evaluation.dataset) is not None:
        return "picture"
    dataset = evaluation.dataset
    if dataset is None or dataset.manifest.ids is None:
        return None
    return _kind(dataset.manifest)


def _kind(opened: Manifest) -> Kind | None:
    if look.has_pictures(opened):
        return "picture"
    if look.sound_column(opened) is not None:
        return "sound"
    return "text" if look.text_column(opened) is not None else None


def texts_of(evaluation: Opened, rows: Sequence[int]) -> list[str | None]:
    """Return the texts that were shown to the model, by positions in the results."""
    inputs = evaluation.evaluation.inputs
    if inputs is not None:
        column = look.text_column(look.read_manifest(evaluation.objects.root, inputs))
        assert column is not None
        found = [look.value_at(evaluation.objects, inputs, row, column.name) for row in rows]
    else:
        dataset = evaluation.dataset
        column = None if dataset is None else look.text_column(dataset.manifest)
        assert dataset is not None and column is not None
        found = beside.values(dataset, column.name, evaluation.results["id"][list(rows)]).tolist()
    return [None if text is None else str(text)[:TEXT_MAX] for text in found]


def sound_of(evaluation: Opened, id: str) -> bytes:
    """Return the sound of a sample as a WAV file.

    Raises:
        NotFoundError: there is no such sample, or it is no sound.
    """
    inputs, row = evaluation.evaluation.inputs, evaluation.row_of(id)
    if inputs is None:
        dataset = evaluation.dataset
        if dataset is None or dataset.manifest.kind != "table":
            raise NotFoundError("What was shown to the model was not kept.")
        inputs, row = dataset.version.manifest, look.row_of(dataset, id)
    column = look.sound_column(look.read_manifest(evaluation.objects.root, inputs))
    if column is None:
        raise NotFoundError("These samples are no sounds.")
    wave = look.value_at(evaluation.objects, inputs, row, column.name)
    rate = look.value_at(evaluation.objects, inputs, row, look.SAMPLE_RATE)
    data = encode_audio(wave, int(rate)).data
    assert isinstance(data, bytes)
    return data


def picture_of(lab: Lab, evaluation: Opened, id: str) -> bytes:
    """Return the picture of a sample: from what was logged with the evaluation, else from the data
    version.

    Raises:
        NotFoundError: there is no such sample, or it is no picture.
    """
    event = evaluation.evaluation
    if event.inputs is not None:
        return _png(look.look_at(lab.objects, event.inputs, evaluation.row_of(id)))
    dataset = pictured(evaluation.dataset)
    if dataset is None:
        raise NotFoundError("What was shown to the model was not kept.")
    return picture_of_row(dataset, look.row_of(dataset, id))


def picture_of_row(dataset: Dataset, row: int) -> bytes:
    """Return the picture in a row of a data version.

    Raises:
        NotFoundError: it is no picture, or cannot be read as one.
    """
    opened = dataset.manifest
    if opened.type != IMAGES and not look.names_files(opened):
        return _png(pixels.look_at_row(dataset, row))
    return _small(look.file_at(dataset, row))


def pictured(dataset: Dataset | None) -> Dataset | None:
    """Return the version that shows the rows of one as pictures: itself, else the nearest one that
    it was made from.
    """
    while dataset is not None and not pixels.shows_pictures(dataset):
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
    low = np.asarray(seen.range.low, dtype=float)
    span = seen.range.high - low
    values = np.asarray(seen.value, dtype=float)
    grey = np.clip((values - low) / np.where(span > 0, span, np.inf), 0, 1)
    data = encode_image(np.nan_to_num(grey)).data
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
