"""Reading `metrics.parquet`, the points of a sealed run. See `docs/formats/metrics-parquet.md`.

Rows stand section by section: all points of one metric of one writer, in the writer's order. The
file itself tells its sections and which bytes of which lines it covers. The one rule that makes
sealing safe follows from that: lines below the covered offset of their file are read from the
Parquet file, lines above it from the lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from peira.core.errors import DamagedError, UnsupportedError
from peira.lab import duck, pointlines
from peira.record.reader import Damage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT: Final = 1
SEAL_KEY: Final = "peira.seal"
ROWS_PER_READ: Final = 4_000_000

_READ: Final = "SELECT step, epoch_us(time) AS time, value FROM read_parquet(?"


class Cover(msgspec.Struct, frozen=True):
    """A part of a points file whose points are in the sealed file."""

    until: int
    """Bytes from the start of the file."""
    mark: int
    """Checksum of its beginning, see `pointlines.mark`."""


class Seal(msgspec.Struct, frozen=True):
    """What a sealed file tells about itself, in its key-value metadata."""

    format: int
    run: str
    covers: dict[str, Cover]
    """The points files whose points are here."""
    sections: list[tuple[str, str, int]]
    """Writer, metric and number of points of each section, in file order."""
    damages: list[Damage] = msgspec.field(default_factory=list)
    """What could not be read of the lines; they are gone, the note stays."""

    @property
    def count(self) -> int:
        """Points in all."""
        return sum(count for _, _, count in self.sections)


def covers(seal: Seal | None, path: Path) -> int:
    """Return up to which offset the points of a points file are sealed; 0 when they are not."""
    cover = None if seal is None else seal.covers.get(path.name)
    return 0 if cover is None or pointlines.mark(path) != cover.mark else cover.until


class Piece(msgspec.Struct, frozen=True):
    """Points of one section, or a part of them; arrays have shape (n,)."""

    writer: str
    key: str
    steps: NDArray[np.int64]
    times: NDArray[np.float64]
    values: NDArray[np.float64]


def read_seal(path: Path) -> Seal:
    """Return what the file tells about itself.

    Raises:
        FileNotFoundError: there is none.
        DamagedError: it cannot be read, or was not written by Peira.
        UnsupportedError: a newer Peira wrote it.
    """
    rows = _query(
        path,
        "SELECT decode(value) FROM parquet_kv_metadata(?) WHERE decode(key) = ?",
        SEAL_KEY,
    )
    if len(rows) != 1:
        raise DamagedError(f"{path} does not tell which points it holds.")
    try:
        seal = msgspec.json.decode(rows[0][0], type=Seal)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise DamagedError(f"{path} does not tell which points it holds: {error!s:.200}") from error
    if seal.format > FORMAT:
        raise UnsupportedError(
            f"{path} has format {seal.format}; this Peira reads up to {FORMAT}.",
            hint="Upgrade: pip install -U peira.",
        )
    return seal


def pieces(path: Path, seal: Seal, *, rows_max: int = ROWS_PER_READ) -> Iterator[Piece]:
    """Yield all points in file order; at most `rows_max` are in memory.

    Raises:
        DamagedError: the file cannot be read, or holds another number of points than it tells.
    """
    done = 0
    columns: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]] | None = None
    start = stop = 0  # what `columns` spans
    for writer, key, count in seal.sections:
        end = done + count
        while done < end:
            if columns is None or done >= stop:
                start, stop = done, min(done + rows_max, seal.count)
                columns = _range(path, start, stop, whole=stop - start == seal.count)
            take = min(end, stop)
            part = slice(done - start, take - start)
            yield Piece(writer, key, columns[0][part], columns[1][part], columns[2][part])
            done = take


def series(path: Path, seal: Seal, key: str) -> list[Piece]:
    """Return all points of one metric, a piece for each writer.

    Raises:
        DamagedError: as `pieces`.
    """
    wanted = [(writer, count) for writer, name, count in seal.sections if name == key]
    if not wanted:
        return []
    steps, times, values = _columns(path, f"{_READ}) WHERE key = ?", key)
    if len(values) != sum(count for _, count in wanted):
        raise DamagedError(f"{path} holds {len(values)} points of {key!r}, but tells otherwise.")
    found, done = [], 0
    for writer, count in wanted:
        part = slice(done, done + count)
        found.append(Piece(writer, key, steps[part], times[part], values[part]))
        done += count
    return found


def _range(
    path: Path, start: int, stop: int, *, whole: bool
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    if whole:
        columns = _columns(path, f"{_READ})")
    else:
        columns = _columns(
            path,
            f"{_READ}, file_row_number = true) WHERE file_row_number >= ? AND file_row_number < ?",
            start,
            stop,
        )
    if len(columns[0]) != stop - start:
        raise DamagedError(f"{path} holds another number of points than it tells.")
    return columns


def _columns(
    path: Path, text: str, *more: object
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    import duckdb

    with duck.cursor() as cursor:
        try:
            found = cursor.execute(text, [_literal(path), *more]).fetchnumpy()
        except duckdb.Error as error:
            raise _failure(path, error) from error
    return found["step"], found["time"] / 1e6, found["value"]


def _query(path: Path, text: str, *more: object) -> list[tuple[str]]:
    import duckdb

    with duck.cursor() as cursor:
        try:
            return cursor.execute(text, [_literal(path), *more]).fetchall()
        except duckdb.Error as error:
            raise _failure(path, error) from error


def _literal(path: Path) -> str:
    """Return the path for DuckDB, which takes `*?[` for patterns."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))


def _failure(path: Path, error: Exception) -> Exception:
    if not path.exists():
        return FileNotFoundError(2, "No such file", str(path))
    return DamagedError(f"{path} cannot be read: {str(error).splitlines()[0]:.200}")
