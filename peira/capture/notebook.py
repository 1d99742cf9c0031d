"""The cells of a notebook, as they are executed, with the text of what they put out.

IPython tells when a cell begins and ends. What it prints is heard at the streams, what it displays
where IPython hands it to the kernel. The cells that ran before the run began are told first: what
follows may need what they did.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from peira.capture.cover import Cover, covers
from peira.capture.redaction import redact_source
from peira.capture.tee import Tee
from peira.core.clock import now_s
from peira.core.values import well_formed
from peira.record.ending import ending_of
from peira.record.events import Cell, Output

OUTPUT_CHARACTERS_MAX = 100_000
OUTPUTS_MAX = 200
SOURCE_CHARACTERS_MAX = 1_000_000


class Notebook:
    """Follows the cells of one shell. To be used from the thread that executes them.

    Args:
        shell: IPython's shell.
        tell: takes each cell, when it begins and when it has ended.
        tee: what keeps the console, beside this; its covers are renewed, too.
    """

    def __init__(self, shell: Any, tell: Callable[[Cell], None], tee: Tee | None = None) -> None:
        self._shell = shell
        self._tell = tell
        self._tee = tee
        self._next = 0
        self._running: list[_Running] = []  # a cell may run another
        self._covers: list[Cover] = []
        self._taps: list[_Tap] = []

    def open(self) -> None:
        """Tell the cells that were executed already, the present one last, and follow on."""
        # IPython puts a cell there before it executes it.
        *earlier, present = enumerate(self._shell.history_manager.input_hist_raw)
        for count, source in earlier:
            if source:
                self._tell(self._begun(source, count, is_earlier=True).cell())
        if present[1]:
            self._begin(present[1], present[0])
        self._shell.events.register("pre_run_cell", self._on_begin)
        self._shell.events.register("post_run_cell", self._on_end)
        self._covers = covers(lambda name: partial(self._print, name))
        if hasattr(self._shell, "kernel"):  # at a terminal what is displayed is printed
            self._taps = [
                _Tap(self._shell.displayhook, "write_format_data", self._show_result),
                _Tap(self._shell.display_pub, "publish", self._show),
                _Tap(self._shell.display_pub, "clear_output", self._clear),
            ]

    def renew(self) -> None:
        """Listen to the streams again, if IPython has given them back without asking."""
        if self._tee is not None:
            self._tee.renew()
        for cover in self._covers:
            cover.renew()

    def close(self) -> None:
        """Follow no more; a cell that runs is told as far as it has come."""
        self._shell.events.unregister("pre_run_cell", self._on_begin)
        self._shell.events.unregister("post_run_cell", self._on_end)
        for cover in self._covers:
            cover.take()
        for tap in self._taps:
            tap.take()
        while self._running:
            self._tell(self._running.pop().cell())

    def _begun(self, source: str, count: int | None, *, is_earlier: bool = False) -> _Running:
        running = _Running(self._next, source, count, is_earlier=is_earlier)
        self._next += 1
        return running

    def _begin(self, source: str, count: int | None) -> None:
        self._running.append(self._begun(source, count))
        self._tell(self._running[-1].cell())

    def _on_begin(self, info: Any) -> None:
        if info.silent or not info.store_history:  # an editor's own question, not a cell
            return
        self.renew()
        self._begin(info.raw_cell, len(self._shell.history_manager.input_hist_raw))

    def _on_end(self, result: Any) -> None:
        info = result.info
        if not self._running or (info is not None and (info.silent or not info.store_history)):
            return
        running = self._running.pop()
        error = result.error_before_exec or result.error_in_exec
        failure = ending_of(error).error if error is not None else None
        if failure is not None:
            running.put("error", failure.traceback)
        elif error is not None:  # an interrupt, or SystemExit
            running.put("error", f"{type(error).__name__}: {error}")
        running.end()
        self._tell(running.cell())

    def _print(self, name: str, text: str) -> None:
        if self._running:
            self._running[-1].print(name, text)

    def _show_result(self, data: Any = None, *_: Any, **__: Any) -> None:
        self._put("result", data)

    def _show(self, data: Any = None, *_: Any, update: bool = False, **__: Any) -> None:
        if not update:
            self._put("display", data)

    def _put(self, kind: str, data: Any) -> None:
        text = data.get("text/plain") if isinstance(data, dict) else None
        if self._running and isinstance(text, str):
            self._running[-1].put(kind, text)

    def _clear(self, *_: Any, **__: Any) -> None:
        if self._running:
            self._running[-1].outputs.clear()


class _Running:
    """A cell on its way."""

    def __init__(self, index: int, source: str, count: int | None, *, is_earlier: bool) -> None:
        self._index = index
        self._source = source
        self._count = count
        self._is_earlier = is_earlier
        self._started_s = time.monotonic()
        self._duration_s: float | None = None
        self.outputs: list[tuple[str, _Text]] = []

    def print(self, name: str, text: str) -> None:
        """Add to the text of a stream, as long as nothing else came in between."""
        if self.outputs and self.outputs[-1][0] == name:
            self.outputs[-1][1].add(text)
        else:
            self.put(name, text)

    def put(self, kind: str, text: str) -> None:
        """Add an output of its own."""
        if len(self.outputs) < OUTPUTS_MAX:
            self.outputs.append((kind, _Text(text)))

    def end(self) -> None:
        """It has ended."""
        self._duration_s = round(time.monotonic() - self._started_s, 6)

    def cell(self) -> Cell:
        """Return the cell as it is now, without secrets that can be told as such."""
        return Cell(
            time=now_s(),
            index=self._index,
            count=self._count,
            source=well_formed(redact_source(self._source[:SOURCE_CHARACTERS_MAX])),
            outputs=[text.output(kind) for kind, text in self.outputs],
            duration_s=self._duration_s,
            is_earlier=self._is_earlier,
        )


class _Text:
    """Text that keeps its start and its end when it grows long."""

    def __init__(self, text: str) -> None:
        self._start = ""
        self._end = ""
        self._omitted = 0
        self.add(text)

    def add(self, text: str) -> None:
        half = OUTPUT_CHARACTERS_MAX // 2
        room = half - len(self._start)
        if room > 0:
            self._start += text[:room]
            text = text[room:]
        self._end += text
        if len(self._end) > 2 * half:  # not each time: a loop prints many short pieces
            self._omitted += len(self._end) - half
            self._end = self._end[-half:]

    def output(self, kind: Any) -> Output:
        text = self._start + (f"\n…\n{self._end}" if self._omitted else self._end)
        if kind in ("stdout", "stderr"):
            text = _settled(text)
        return Output(kind, well_formed(redact_source(text)), self._omitted)


def _settled(text: str) -> str:
    """Text as a terminal would show it in the end: of a line that was written over, the last state.

    >>> _settled("10%\\r20%\\rdone\\n")
    'done\\n'
    """
    if "\r" not in text:
        return text
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return "\n".join(lines)


class _Tap:
    """Over a method of an object: what it is called with is heard first."""

    def __init__(self, owner: Any, name: str, listen: Callable[..., None]) -> None:
        self._owner = owner
        self._name = name
        original = getattr(owner, name)

        def tapped(*args: Any, **kwargs: Any) -> Any:
            listen(*args, **kwargs)
            return original(*args, **kwargs)

        self._tapped = tapped
        self._is_own = name in vars(owner)
        self._original = original
        setattr(owner, name, tapped)

    def take(self) -> None:
        """Take it off, unless somebody has put another on top."""
        if vars(self._owner).get(self._name) is not self._tapped:
            return
        if self._is_own:
            setattr(self._owner, self._name, self._original)
        else:
            delattr(self._owner, self._name)
