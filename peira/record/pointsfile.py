"""The writing side of `points.jsonl`, made for speed: `append_row` is the hot path of every
training loop.

A row whose values are all finite Python floats and whose key set is declared takes one dictionary
look-up, one encoding, one checksum and one `write(2)`. Everything else (other kinds of numbers,
nested names, NaN, a new key set, a disk that failed) takes the slow path, which is correct first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from time import time_ns
from typing import Any
from zlib import crc32

import msgspec

from peira.core.errors import UsageError
from peira.core.values import flatten, metric_value, step_value
from peira.record import lines, points
from peira.record.append import AppendFile
from peira.record.losses import Losses, reason_of

REDECLARE_BYTES = 32 << 10
"""A key set is declared again when so much was written since its last declaration."""

KEY_SETS_MAX = 10_000
"""So many key sets are kept in memory."""

_STEP_MAX = points.STEP_MAX
_encode = msgspec.json.Encoder().encode


class KeySet:
    """A key set that this file has declared."""

    __slots__ = ("declared_at", "number", "rows")

    def __init__(self, number: int) -> None:
        self.number = number
        self.declared_at = 0
        """Value of `AppendFile.size` at the last declaration."""
        self.rows = 0


class PointsFile(AppendFile):
    """Metric rows of one writer.

    Args:
        losses: counts what could not be written.
        on_inexact: called with key, step and the value as given when a value had to be rounded.
        on_rejected: called with key and reason when a value is not a number; may raise to refuse
            the row.
        clock: nanoseconds since the Unix epoch.
    """

    def __init__(
        self,
        path: Path,
        *,
        losses: Losses,
        on_inexact: Callable[[str, int, str], None],
        on_rejected: Callable[[str, str], None],
        on_open: Callable[[], None] = lambda: None,
        clock: Callable[[], int] = time_ns,
    ) -> None:
        super().__init__(path, on_open)
        self.next_step = 0
        """The step of a row that names none: one more than that of the row before."""
        self.losses = losses
        self._on_inexact = on_inexact
        self._on_rejected = on_rejected
        self._clock = clock
        self._points_of_forgotten = 0
        self._sets: dict[tuple[str, ...], KeySet] = {}
        self._count = 0

    @property
    def points(self) -> int:
        """Number of points written to the current file."""
        known = sum(len(keys) * known.rows for keys, known in self._sets.items())
        return self._points_of_forgotten + known

    def append_row(self, values: Mapping[str, Any], step: Any = None) -> None:
        """Write one row. What cannot be written is counted, not raised.

        Raises:
            UsageError: `values` or `step` is of the wrong form, or `on_rejected` refuses.
        """
        try:
            if type(values) is dict:
                values = dict(values)  # in one step: another thread may be changing it
            with self.lock:
                known = self._sets.get(tuple(values))
                if (
                    known is None
                    or self.is_torn
                    or self.fd < 0
                    or self.size - known.declared_at > REDECLARE_BYTES
                ):
                    return self._append_slowly(values, step)
                if step is None:
                    step = self.next_step
                numbers = values.values()
                for kind in map(type, numbers):
                    if kind is not float:
                        return self._append_slowly(values, step)
                if type(step) is not int or not -_STEP_MAX <= step < _STEP_MAX:
                    return self._append_slowly(values, step)
                body = _encode([known.number, step, self._clock() // 1000 / 1e6, *numbers])
                if b"u" in body:  # "null": JSON has no NaN and no infinity
                    return self._append_slowly(values, step)
                line = b"%b\t%08x\n" % (body, crc32(body))
                written = os.write(self.fd, line)
                if written != len(line):
                    self.write_rest(line[written:])
                self.size += len(line)
                self.next_step = step + 1
                known.rows += 1
        except OSError as error:
            if type(step) is int:
                self.next_step = step + 1
            self._lost(values, error)
        except TypeError:  # keys that cannot be looked up: the slow path finds the words
            self._append_slowly(values, step)

    def append_aside(self, values: Mapping[str, float], step: int) -> None:
        """Write a row of the run's own (system metrics) without moving the steps of the program."""
        with self.lock:
            step_kept = self.next_step
            self.append_row(values, step)
            self.next_step = step_kept

    def _lost(self, values: Mapping[str, Any], error: OSError) -> None:
        self.is_torn = True
        self.losses.add(points=len(values), reason=reason_of(error))
        self.losses.outage(error, "points")

    def _append_slowly(self, values: Mapping[str, Any], step: Any) -> None:
        if not isinstance(values, Mapping):
            raise UsageError(
                f"log() got a {type(values).__name__}.", hint='Give a dict: log({"loss": 0.1}).'
            )
        row: dict[str, float] = {}
        rounded: list[tuple[str, str]] = []
        for key, given in flatten(values, self._reject):
            try:
                row[key], inexact = metric_value(given)
            except TypeError as error:
                self._reject(key, str(error))
                continue
            if inexact is not None:
                rounded.append((key, inexact))
        with self.lock:
            step = self.next_step if step is None else step_value(step)
            if row and self._write_row(row, step):
                for key, text in rounded:
                    self._on_inexact(key, step, text)
            self.next_step = min(step + 1, _STEP_MAX)

    def _reject(self, key: str, reason: str) -> None:
        self._on_rejected(key, reason)
        self.losses.add(points=1, reason="not a metric")

    def _write_row(self, row: dict[str, float], step: int) -> bool:
        """Write one row of plain floats, declaring its key set when that is due; return whether it
        is in the file.
        """
        keys = tuple(row)
        known = self._sets.get(keys)
        if known is None:
            known = KeySet(self._count)
            self._count += 1  # also when the write fails: part of it may be in the file
        body = points.row(known.number, step, self._clock() // 1000 / 1e6, row.values())
        line = lines.frame(body)
        is_new = keys not in self._sets
        if is_new or self.fd < 0 or self.size - known.declared_at > REDECLARE_BYTES:
            declaration = lines.frame(points.declaration(known.number, keys))
            if len(declaration) > lines.BYTES_MAX:
                raise UsageError(f"The names of one row have {len(declaration)} bytes.")
            line = declaration + line
            known.declared_at = self.size
        try:
            self.append(line)
        except OSError as error:
            known.declared_at = (
                -REDECLARE_BYTES - 1
            )  # whether it is there is not known: say it again
            self._lost(row, error)
            return False
        if is_new and len(self._sets) >= KEY_SETS_MAX:
            self._forget_sets()
        self._sets[keys] = known
        known.rows += 1
        if self.losses.is_outage:
            self.losses.recovered()
        return True

    def _forget_sets(self) -> None:
        """Bound the memory of a program that makes up a new name for every call; what comes again
        is declared again.
        """
        self._points_of_forgotten = self.points
        self._sets = {}

    def _begin(self) -> None:
        self._points_of_forgotten = 0
        self._sets = {}

    def start_over(self, path: Path) -> None:
        super().start_over(path)
        self._begin()
        self._count = 0
