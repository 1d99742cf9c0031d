"""Pictures of the demo, drawn from its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from peira.demo.digits import Array

_CELL = 34
_MARGIN = 26


def enlarged(image: Array, factor: int = 10) -> Array:
    """Return a digit (8, 8) of values 0 to 16 as uint8, dark on light, each pixel a square."""
    grey = (255 - image / 16.0 * 255.0).astype(np.uint8)
    return np.kron(grey, np.ones((factor, factor), dtype=np.uint8))


def sheet(images: Array, columns: int, factor: int = 5) -> Array:
    """Return images (n, height, width) of any values as one picture, float (rows, columns) in
    [0, 1], each stretched by the largest magnitude of all; 0 is mid-grey.
    """
    count, height, width = images.shape
    rows = -(-count // columns)
    largest = float(np.abs(images).max()) or 1.0
    tiles = np.zeros((rows * columns, height + 1, width + 1))  # a line of one pixel in between
    tiles[:count, :height, :width] = images / largest
    # (rows, columns, height, width) -> (rows, height, columns, width)
    grid = tiles.reshape(rows, columns, height + 1, width + 1).transpose(0, 2, 1, 3)
    flat = grid.reshape(rows * (height + 1), columns * (width + 1))[:-1, :-1]
    return np.kron(flat * 0.5 + 0.5, np.ones((factor, factor)))


def confusion_picture(matrix: Array) -> Any:
    """Return a confusion matrix (true, said) as a picture: right ones blue, mistakes orange."""
    from PIL import Image, ImageDraw, ImageFont

    size = _MARGIN + len(matrix) * _CELL
    picture = Image.new("RGB", (size + 8, size + 8), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(13)
    largest = float(matrix.max())
    mistakes = matrix - np.diag(np.diag(matrix))
    most_mistaken = max(1.0, float(mistakes.max()))
    for true, row in enumerate(matrix):
        middle = _MARGIN + true * _CELL + _CELL / 2
        draw.text((_MARGIN / 2, middle), str(true), "#555", font, anchor="mm")
        draw.text((middle, _MARGIN / 2), str(true), "#555", font, anchor="mm")
        for said, count in enumerate(row):
            part = count / (largest if true == said else most_mistaken)
            ink = (31, 95, 191) if true == said else (214, 94, 0)
            colour = tuple(round(255 + (c - 255) * part * 0.9) for c in ink)
            left, top = _MARGIN + said * _CELL, _MARGIN + true * _CELL
            draw.rectangle((left, top, left + _CELL - 2, top + _CELL - 2), colour)
            if count:
                text = "white" if part > 0.6 else "#222"
                at = (left + _CELL / 2 - 1, top + _CELL / 2 - 1)
                draw.text(at, str(count), text, font, anchor="mm")
    return picture
