"""Rows in the object store: content-defined chunks, so that a version that adds a few rows costs a
few chunks.

A chunk is a ZIP archive with one member a column: `<n>.npy` for numbers, `<n>.json` for texts and
other values, in the order of the manifest's columns. Where a chunk ends depends on the ids of the
rows alone. Bytes of chunks are no identity (compressors differ); the manifest's `content` is.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.errors import DamagedError
from peira.data import cells
from peira.data.manifest import Column, Manifest, Piece
from peira.data.rows import JSON, TEXT, Columns, Ids
from peira.objects._base import Objects

CHUNK_BYTES = 32 << 20
"""Rows of one chunk are about as many as have so many bytes, at most 4,096: one row is looked at by
reading its chunk.
"""
_ROWS = {3: 4_096, 2: 256, 1: 16, 0: 1}
"""How many rows a chunk has on average, by how many zeros the id of its last row begins with."""
_LEVEL = 1  # of zlib: digits shrink to a third, at 100 MB/s


def write(objects: Objects, columns: Columns, schema: list[Column], ids: Ids) -> list[Piece]:
    """Store rows; return their chunks in order."""
    chunks = []
    for start, end in _bounds(ids, _zeros(columns, schema)):
        data = _encode([columns[column.name][start:end] for column in schema], schema)
        chunks.append(Piece(objects.put_bytes(data).digest, end - start))
    return chunks


def _zeros(columns: Columns, schema: list[Column]) -> int:
    """Return with how many zeros the id of the last row of a chunk begins: fewer where rows are
    large.
    """
    size = 0.0
    for column in schema:
        values = columns[column.name]
        if column.dtype not in (TEXT, JSON):
            size += values.nbytes / max(1, len(values))
        elif len(values):  # as long as some of them are
            some = values[:: max(1, len(values) // 1_000)].tolist()
            size += len(cells.encode(some)) / len(some)
    return next(zeros for zeros, rows in _ROWS.items() if zeros == 0 or rows * size <= CHUNK_BYTES)


def _bounds(ids: Ids, zeros: int) -> Iterator[tuple[int, int]]:
    start, end, rows_max = 0, b"0" * zeros, 4 * _ROWS[zeros]
    for index, id in enumerate(ids):
        is_last = index + 1 == len(ids)
        # The id is a digest, so its first digits are a fair draw.
        if is_last or id[:zeros] == end or index + 1 - start == rows_max:
            yield start, index + 1
            start = index + 1


def _encode(values: list[NDArray[Any]], schema: list[Column]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for number, (column, part) in enumerate(zip(schema, values, strict=True)):
            if column.dtype in (TEXT, JSON):
                info = zipfile.ZipInfo(f"{number}.json")
                archive.writestr(info, cells.encode(part.tolist()), zipfile.ZIP_DEFLATED)
                continue
            member = io.BytesIO()
            np.save(member, np.ascontiguousarray(part, dtype=column.dtype), allow_pickle=False)
            info = zipfile.ZipInfo(f"{number}.npy")
            archive.writestr(info, member.getvalue(), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def read(objects: Objects, manifest: Manifest, names: list[str] | None = None) -> Columns:
    """Return columns of a version, all of them when `names` is None.

    Raises:
        NotFoundError, DamagedError: a chunk is not here, or its bytes are others.
    """
    wanted = [
        (number, column)
        for number, column in enumerate(manifest.columns)
        if names is None or column.name in names
    ]
    parts: list[list[NDArray[Any]]] = [[] for _ in wanted]
    for chunk in manifest.chunks:
        with zipfile.ZipFile(io.BytesIO(objects.read(chunk.object))) as archive:
            for place, (number, column) in enumerate(wanted):
                part = _decode(archive, number, column)
                if len(part) != chunk.count:
                    raise DamagedError(
                        f"The chunk {chunk.object} does not hold {chunk.count} rows."
                    )
                parts[place].append(part)
    return {column.name: _joined(parts[place], column) for place, (_, column) in enumerate(wanted)}


def read_rows(
    objects: Objects, manifest: Manifest, rows: NDArray[np.intp], names: list[str] | None = None
) -> Columns:
    """Return columns of some rows, by their positions; only the chunks that hold them are read.

    Raises:
        NotFoundError, DamagedError: as `read`.
    """
    ends = np.cumsum([piece.count for piece in manifest.chunks])
    of_row = np.searchsorted(ends, rows, side="right")
    pieces = np.unique(of_row)
    counts = np.array([manifest.chunks[piece].count for piece in pieces], dtype=np.intp)
    only = msgspec.structs.replace(manifest, chunks=[manifest.chunks[piece] for piece in pieces])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.intp)
    before = (ends - [piece.count for piece in manifest.chunks])[of_row] if len(rows) else rows
    places = starts[np.searchsorted(pieces, of_row)] + (rows - before) if len(rows) else rows
    return {name: values[places] for name, values in read(objects, only, names).items()}


def _joined(parts: list[NDArray[Any]], column: Column) -> NDArray[Any]:
    if parts:
        return np.concatenate(parts)
    return np.empty(
        (0, *column.shape), dtype=object if column.dtype in (TEXT, JSON) else column.dtype
    )


def _decode(archive: zipfile.ZipFile, number: int, column: Column) -> NDArray[Any]:
    if column.dtype not in (TEXT, JSON):
        member = io.BytesIO(archive.read(f"{number}.npy"))
        loaded: NDArray[Any] = np.load(member, allow_pickle=False)
        return loaded
    values = cells.decode(archive.read(f"{number}.json"))
    found = np.empty((len(values), *column.shape), dtype=object)
    for index, value in enumerate(values):
        found[index] = value
    return found
