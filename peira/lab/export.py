"""Runs and points as files for other programs: CSV, JSON, Parquet.

Numbers are exact everywhere. In CSV and JSON, NaN and infinity are the words of the run folder; in
Parquet they are themselves, and only what is missing is null. A file appears whole or not at all.
"""

from __future__ import annotations

import csv
import io
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

import msgspec

from peira.core.errors import LabError
from peira.core.text import printable
from peira.lab.duck_table import create_table
from peira.lab.frames import RUN_COLUMNS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from peira.lab.lab import Lab
    from peira.lab.points import Series
    from peira.lab.runs import RunTable

Kind = Literal["csv", "json", "parquet"]

BATCH_POINTS = 1_000_000
POINTS_TABLE = "run VARCHAR, key VARCHAR, step BIGINT, time TIMESTAMP, value DOUBLE, writer VARCHAR"
FACTS = ("ended", "note", "commit", "why")

# Tab and CR too: some programs strip them and then see the sign. Fullwidth forms are folded by
# some spreadsheets.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_SKIPPED = " \u00a0\ufeff\x00\x0b\x0c"


def export_runs(table: RunTable, kind: Kind, target: Path | None) -> None:
    """Write one row a run: its facts, then the columns of the table.

    When the columns were not chosen: every param, and the last value of every metric that is not
    of the machine.

    Args:
        target: the file to write or replace; None writes to standard output.
    """
    given = table.to_dict()
    columns = {name: given.pop(name) for name in RUN_COLUMNS}
    columns |= {name: [getattr(record, name) for record in table] for name in FACTS}
    columns["tags"] = [", ".join(tags) for tags in given.pop("tags")]
    columns |= {name: cells for name, cells in given.items() if name not in columns}
    export_columns(columns, kind, target)


def export_columns(
    columns: dict[str, list[Any]],
    kind: Kind,
    target: Path | None,
    *,
    types: Mapping[str, str] | None = None,
) -> None:
    """Write columns of the same length as a table of that kind.

    Args:
        target: the file to write or replace; None writes to standard output.
        types: SQL types of columns of Parquet; see `create_table`.
    """
    with output(target) as out:
        if kind == "json":
            rows = [
                {name: _plain(cell) for name, cell in zip(columns, row, strict=True)}
                for row in zip(*columns.values(), strict=True)
            ]
            out.write(msgspec.json.encode(rows) + b"\n")
        else:
            write_table(out, columns, kind, types)


def write_table(
    out: IO[bytes],
    columns: dict[str, list[Any]],
    kind: Literal["csv", "parquet"],
    types: Mapping[str, str] | None = None,
) -> None:
    """Write columns of the same length as CSV (RFC 4180, formulas disarmed) or Parquet."""
    if kind == "csv":
        _write_csv(out, columns)
    else:
        _write_parquet(out, columns, types)


def export_points(
    lab: Lab,
    runs: Sequence[str],
    kind: Kind,
    target: Path | None,
    *,
    keys: Sequence[str] | None = None,
) -> int:
    """Write every point of runs, one row a point: `run, key, step, time, value, writer`.

    JSON is a list of series, each `{"run", "key", "steps", "times", "values"}`.

    Args:
        runs: full ids.
        target: the file to write or replace; None writes to standard output.
        keys: only these metrics; all when None.

    Returns:
        the number of points.
    """
    found = _all_series(lab, runs, keys)
    with output(target) as out:
        if kind == "csv":
            return _points_csv(out, found)
        if kind == "json":
            return _points_json(out, found)
        return _points_parquet(out, found)


def formula_safe(value: Any) -> Any:
    """Return a CSV cell that no spreadsheet runs; only texts are ever changed.

    >>> formula_safe("=1+1"), formula_safe(-1.5), formula_safe("ok")
    ("'=1+1", -1.5, 'ok')
    """
    # Leading spaces and controls are skipped by some programs before they look for the sign.
    if isinstance(value, str) and value.lstrip(_SKIPPED).startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


def _all_series(lab: Lab, runs: Sequence[str], keys: Sequence[str] | None) -> Iterator[Series]:
    wanted = None if keys is None else set(keys)
    for run in runs:
        for key in lab.points.keys(run):
            if wanted is None or key in wanted:
                yield lab.series(run, key)


@contextmanager
def output(target: Path | None) -> Iterator[IO[bytes]]:
    """Give a stream whose bytes become the file when all went well."""
    if target is None:
        with tempfile.TemporaryFile() as out:
            yield out
            out.seek(0)
            _to_standard_output(out)
        return
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise LabError(f"Cannot write {target}: {error.strerror}.") from error
    try:
        with os.fdopen(handle, "w+b") as out:
            yield out
        mode = 0o666 & ~_umask()
        Path(name).chmod(mode)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


def _to_standard_output(found: IO[bytes]) -> None:
    """Copy bytes as they are to a pipe; on a terminal no control character of the data may act."""
    sys.stdout.flush()
    if sys.stdout.isatty():
        for line in io.TextIOWrapper(found, "utf-8", errors="replace"):
            sys.stdout.write(printable(line.rstrip("\n")) + "\n")
    else:
        shutil.copyfileobj(found, sys.stdout.buffer)
    sys.stdout.flush()


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _csv_cell(value: Any) -> Any:
    if isinstance(value, float):
        return _plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return formula_safe(msgspec.json.encode(value).decode())
    return formula_safe(value)


def _write_csv(out: IO[bytes], columns: dict[str, list[Any]]) -> None:
    with _text(out) as lines:
        writer = csv.writer(lines)
        writer.writerow([formula_safe(name) for name in columns])
        for row in zip(*columns.values(), strict=True):
            writer.writerow([_csv_cell(value) for value in row])


@contextmanager
def _text(out: IO[bytes]) -> Iterator[IO[str]]:
    """Give `out` as UTF-8 text with the line ends of RFC 4180; it stays open afterwards."""
    lines = io.TextIOWrapper(out, "utf-8", errors="replace", newline="")
    try:
        yield lines
    finally:
        lines.detach()


def _write_parquet(
    out: IO[bytes], columns: dict[str, list[Any]], types: Mapping[str, str] | None
) -> None:
    """Write columns with DuckDB; a column of more than one type becomes text."""
    with _duckdb() as (database, folder):
        create_table(database, "runs", columns, types)
        _copy(database, "SELECT * FROM runs", folder, out)


@contextmanager
def _duckdb() -> Iterator[tuple[DuckDBPyConnection, Path]]:
    """Give a database of its own, on disk, and the folder that it lives in for a moment."""
    import duckdb

    with (
        tempfile.TemporaryDirectory(prefix="peira-export-") as folder,
        duckdb.connect(str(Path(folder) / "points.duckdb")) as database,
    ):
        database.execute("SET memory_limit = '1GB'")
        yield database, Path(folder)


def _copy(database: DuckDBPyConnection, select: str, folder: Path, out: IO[bytes]) -> None:
    path = folder / "out.parquet"
    # The path is our own temporary one; COPY takes no parameter there.
    quoted = str(path).replace("'", "''")
    database.execute(f"COPY ({select}) TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)")
    with path.open("rb") as written:
        shutil.copyfileobj(written, out)


def _points_csv(out: IO[bytes], found: Iterator[Series]) -> int:
    count = 0
    with _text(out) as lines:
        writer = csv.writer(lines)
        writer.writerow(["run", "key", "step", "time", "value", "writer"])
        for series in found:
            key = formula_safe(series.key)
            rows = zip(
                series.steps.tolist(),
                series.times.tolist(),
                series.values.tolist(),
                series.writers.tolist(),
                strict=True,
            )
            for step, time, value, who in rows:
                writer.writerow([series.run, key, step, time, _plain(value), who])
            count += len(series)
    return count


def _points_json(out: IO[bytes], found: Iterator[Series]) -> int:
    count, separator = 0, b"[\n"
    for series in found:
        record = {
            "run": series.run,
            "key": series.key,
            "steps": series.steps.tolist(),
            "times": series.times.tolist(),
            "values": [_plain(value) for value in series.values.tolist()],
        }
        out.write(separator + msgspec.json.encode(record))
        separator = b",\n"
        count += len(series)
    out.write((b"[" if separator == b"[\n" else b"\n") + b"]\n")
    return count


def _points_parquet(out: IO[bytes], found: Iterator[Series]) -> int:
    with _duckdb() as (database, folder):
        database.execute(f"CREATE TABLE points ({POINTS_TABLE})")
        count = _insert(database, "points", found)
        _copy(database, "SELECT * FROM points", folder, out)
    return count


def insert_points(database: DuckDBPyConnection, table: str, lab: Lab, runs: Sequence[str]) -> int:
    """Insert all points of runs into a table of DuckDB with the columns of `POINTS_TABLE`.

    Returns:
        the number of points.
    """
    return _insert(database, table, _all_series(lab, runs, None))


def _insert(database: DuckDBPyConnection, table: str, found: Iterator[Series]) -> int:
    count, held, held_points = 0, [], 0
    for series in found:
        held.append(series)
        held_points += len(series)
        if held_points >= BATCH_POINTS:
            count += _insert_batch(database, table, held)
            held, held_points = [], 0
    return count + (_insert_batch(database, table, held) if held else 0)


def _insert_batch(database: DuckDBPyConnection, table: str, held: list[Series]) -> int:
    import numpy as np

    lengths = [len(series) for series in held]
    values = np.concatenate([series.values for series in held])
    batch = {
        "run": np.repeat(np.array([s.run for s in held], dtype=object), lengths),
        "key": np.repeat(np.array([s.key for s in held], dtype=object), lengths),
        "step": np.concatenate([s.steps for s in held]),
        # Microseconds, as in the sealed files: a time has six decimals.
        "time": np.round(np.concatenate([s.times for s in held]) * 1e6).astype(np.int64),
        "value": values,
        "is_nan": np.isnan(values),  # DuckDB takes NaN of an array for null
        "writer": np.concatenate([s.writers.astype(object) for s in held]),
    }
    database.register("batch", batch)
    database.execute(
        f"INSERT INTO {table} SELECT run, key, step, make_timestamp(time),"
        " CASE WHEN is_nan THEN 'NaN'::DOUBLE ELSE value END, writer FROM batch"
    )
    database.unregister("batch")
    return len(values)
