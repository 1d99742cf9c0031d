"""The seam `Points`: the exact points of runs. Nothing here is thinned or rounded.

`peira/testing/points.py` holds the suite that every backend passes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from peira.core.errors import LabError, NotFoundError
from peira.lab import pointlines, sealed
from peira.lab.ingest_points import columns_by_key
from peira.record.folder import RunFolder, run_folder, writer_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T")

ATTEMPTS_MAX = 5


@dataclass(frozen=True, eq=False)
class Series:
    """All points of one metric of one run.

    Order is the writers' own: the points of a writer stand in the order it logged them, and the
    writers one after the other, by the time of their first point of this metric. Clocks only label.
    """

    run: str
    key: str
    steps: NDArray[np.int64]
    """(n,)"""
    times: NDArray[np.float64]
    """(n,) seconds since the epoch"""
    values: NDArray[np.float64]
    """(n,)"""
    parts: tuple[tuple[str, int], ...]
    """Writer and number of points of each part; the main writer is the empty text."""
    runs: tuple[tuple[str, int], ...] = ()
    """With inherited points: run and number of points of each generation, the eldest first."""

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        steps = f", steps {self.steps[0]} to {self.steps[-1]}" if len(self) else ""
        return f"<Series {self.key!r} of {self.run}: {len(self):,} points{steps}>"

    @property
    def writers(self) -> NDArray[np.str_]:
        """(n,) writer of each point"""
        names = np.array([writer for writer, _ in self.parts], dtype=np.str_)
        return np.repeat(names, [count for _, count in self.parts])


class Points(ABC):
    """The exact points of all runs of a lab. Safe to use from any thread."""

    @abstractmethod
    def series(self, run: str, key: str) -> Series:
        """Return all points of one metric of one run, bit for bit as they were logged.

        Raises:
            NotFoundError: there is no such run, or it never logged this metric.
            DamagedError: sealed points cannot be read.
        """

    @abstractmethod
    def keys(self, run: str) -> list[str]:
        """Return the names of all metrics of a run, sorted.

        Raises:
            NotFoundError: there is no such run.
        """

    def close(self) -> None:  # noqa: B027 - a backend may have nothing open
        """Let go of what is open."""


class FolderPoints(Points):
    """Points in run folders: sealed in Parquet, and lines above what Parquet covers."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def series(self, run: str, key: str) -> Series:
        folder = self._folder(run)
        by_writer = _stable(folder, lambda: _parts(folder, key))
        if not by_writer:
            raise NotFoundError(f"Run {run} has no metric {key!r}.")
        parts = sorted(by_writer.items(), key=lambda item: (item[1][0].times[0], item[0]))
        pieces = [piece for _, part in parts for piece in part]
        if len(pieces) == 1:
            steps, times, values = pieces[0].steps, pieces[0].times, pieces[0].values
        else:
            steps = np.concatenate([piece.steps for piece in pieces])
            times = np.concatenate([piece.times for piece in pieces])
            values = np.concatenate([piece.values for piece in pieces])
        told = tuple((writer, sum(len(p.values) for p in part)) for writer, part in parts)
        return Series(run, key, steps, times, values, told)

    def keys(self, run: str) -> list[str]:
        folder = self._folder(run)
        return sorted(_stable(folder, lambda: _keys(folder)))

    def _folder(self, run: str) -> RunFolder:
        folder = run_folder(self.root, run)
        if not folder.path.is_dir():
            raise NotFoundError(f"There is no run {run} in {self.root}.")
        return folder


def read_seal(folder: RunFolder) -> sealed.Seal | None:
    """Return what the sealed file of a run tells; None when there is none."""
    try:
        return sealed.read_seal(folder.sealed)
    except FileNotFoundError:
        return None


def _stable(folder: RunFolder, read: Callable[[], T]) -> T:
    """Return what `read` finds while the run is not being sealed.

    The lines go only after the sealed file has come: when that is the same before and after, no
    point was missed or read twice.
    """
    for _ in range(ATTEMPTS_MAX):
        before = _identity(folder.sealed)
        try:
            found = read()
        except FileNotFoundError:
            continue
        if _identity(folder.sealed) == before:
            return found
    raise LabError(f"Run {folder.id} is being sealed again and again.", hint="Try again.")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _parts(folder: RunFolder, key: str) -> dict[str, list[sealed.Piece]]:
    """Return the pieces of one metric by writer, each in its order."""
    found: dict[str, list[sealed.Piece]] = defaultdict(list)
    seal = read_seal(folder)
    if seal is not None:
        for piece in sealed.series(folder.sealed, seal, key):
            found[piece.writer].append(piece)
    for path in folder.points_files():
        writer = writer_of(path.name) or ""
        for portion in pointlines.portions(path, sealed.covers(seal, path), is_final=True):
            blocks = [block for block in portion.decoded.blocks if key in block.keys]
            columns = columns_by_key(blocks, {key}).get(key)
            if columns is not None:
                found[writer].append(sealed.Piece(writer, key, *columns))
    return found


def _keys(folder: RunFolder) -> set[str]:
    seal = read_seal(folder)
    found = set() if seal is None else {key for _, key, _ in seal.sections}
    for path in folder.points_files():
        for portion in pointlines.portions(path, sealed.covers(seal, path), is_final=True):
            found.update(key for block in portion.decoded.blocks for key in block.keys)
    return found
