"""Metrics of a program in any language: from lines that it prints, or from a file that it writes.

    stdout, stderr   ──► ConsoleMetrics   lines that fit a pattern
    $PEIRA_METRICS   ──► MetricsFile      lines of JSON: {"step": 1, "loss": 0.3}

A number named `step` (or `global_step`, `iteration`, `iter`, `epoch`; the first of these that the
program uses) is the step of its line and of those after it. Without one, the points of each name
are counted from 0. A program that logs through the SDK in the same run is not read by the default
pattern: what it prints would be there twice.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from peira.launch.patterns import Found, Pattern, key_number
from peira.record.folder import RunFolder

STEP_NAMES = ("step", "global_step", "iteration", "iter", "epoch")
_LINE_CHARACTERS_MAX = 10_000
_LINE_BYTES_MAX = 1 << 20
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_ENDS = re.compile(r"[\r\n]")

Log = Callable[[Mapping[str, Any], int | None], None]
"""Records values at a step; `Recorder.log`."""


class ConsoleMetrics:
    """Finds metrics in what the streams of a program print. Safe from several threads.

    Args:
        patterns: what to look for; the default pattern when there are none.
        folder: the run, in which others may write.
    """

    def __init__(self, log: Log, patterns: Sequence[Pattern], folder: RunFolder) -> None:
        self._log = log
        self._patterns = tuple(patterns)
        self._others = _Others(folder)
        self._streams: list[_Lines] = []
        self._lock = Lock()
        self._step: int | None = None
        self._step_rank = len(STEP_NAMES)
        self._counts: dict[str, int] = {}

    def stream(self) -> Callable[[str], None]:
        """Return what takes the text of one stream, in pieces."""
        lines = _Lines(self._take)
        self._streams.append(lines)
        return lines.feed

    def finish(self) -> None:
        """The program has ended: a last line without its end counts, too."""
        for lines in self._streams:
            lines.feed("\n")

    def _take(self, line: str) -> None:
        if len(line) > _LINE_CHARACTERS_MAX:
            return
        found: Found = {}
        for pattern in self._patterns or (key_number,):
            found |= pattern(line)
        if not found or (not self._patterns and self._others.are_there()):
            return
        with self._lock:
            self._set_step(found)
            for step, values in self._rows(found).items():
                self._log(values, step)

    def _set_step(self, found: Found) -> None:
        """Take the best step out of `found`; a worse one stays a metric."""
        for rank, name in enumerate(STEP_NAMES):
            own = next((key for key in found if key.lower() == name), None)
            if own is None or rank > self._step_rank or not isinstance(found[own], int):
                continue
            self._step, self._step_rank = int(found.pop(own)), rank
            return

    def _rows(self, found: Found) -> dict[int, Found]:
        rows: dict[int, Found] = {}
        for key, value in found.items():
            count = self._counts.get(key, 0)
            self._counts[key] = count + 1
            rows.setdefault(count if self._step is None else self._step, {})[key] = value
        return rows


class _Lines:
    """The lines of one stream, as its text arrives; a carriage return ends one, too."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._rest = ""

    def feed(self, text: str) -> None:
        *lines, rest = _ENDS.split(self._rest + text)
        self._rest = rest[-_LINE_CHARACTERS_MAX:]
        for line in lines:
            if line:
                self._take(_CONTROL.sub("", line) if "\x1b" in line else line)


class _Others:
    """Whether another process records into the run. Asked for each line: costs one `stat`."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._changed_ns = 0
        self._found = False

    def are_there(self) -> bool:
        if self._found:
            return True
        try:
            changed_ns = self._folder.path.stat().st_mtime_ns
        except OSError:
            return False
        if changed_ns != self._changed_ns:
            self._changed_ns = changed_ns
            files = {*self._folder.events_files(), *self._folder.points_files()}
            self._found = bool(files - {self._folder.events(), self._folder.points()})
        return self._found


class MetricsFile:
    """Reads the JSON lines that a program appends to a file.

    Args:
        on_damage: told about a line that is no JSON object.
    """

    def __init__(self, path: Path, log: Log, on_damage: Callable[[str], object]) -> None:
        self._path = path
        self._log = log
        self._on_damage = on_damage
        self._offset = 0
        self._lines = 0

    def catch_up(self, *, is_last: bool = False) -> None:
        """Record the lines that were added since the last call; the last line of all may lack its
        line feed.

        Raises:
            OSError: the file cannot be read.
        """
        try:
            stream = self._path.open("rb")
        except FileNotFoundError:
            return
        with stream:
            if os.fstat(stream.fileno()).st_size < self._offset:  # the program began it anew
                self._offset = self._lines = 0
            stream.seek(self._offset)
            while line := stream.readline(_LINE_BYTES_MAX):
                if not line.endswith(b"\n") and len(line) < _LINE_BYTES_MAX and not is_last:
                    return
                self._offset += len(line)
                self._lines += 1
                if line.strip():
                    self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            self._on_damage(f"line {self._lines} of $PEIRA_METRICS is not a JSON object.")
            return
        step = values.pop("step", None)
        if values:
            self._log(values, step)
