"""How far a sweep is, in a line that is written anew on a terminal, and in lines for what is worth
one: a better value, a failure.
"""

from __future__ import annotations

import time
from typing import TextIO

from peira.core.text import printable
from peira.core.wording import number as number_text
from peira.sweeps.definition import Definition
from peira.sweeps.domain import Value, spell
from peira.sweeps.ledger import Ledger
from peira.sweeps.reading import SweepRow, best_trials, read_row

PERIOD_S = 0.5
LINES_MAX = 20
"""Failures that are told one by one."""
_CLEAR = "\r\x1b[K"


class Progress:
    """Tells how far a sweep is.

    Args:
        stream: where to; a terminal gets the line that moves.
        width: columns of the terminal.
    """

    def __init__(self, stream: TextIO, *, width: int = 80, is_quiet: bool = False) -> None:
        self._stream = stream
        self._width = width
        self._is_quiet = is_quiet
        self._is_moving = not is_quiet and stream.isatty()
        self._told: set[int] | None = None
        self._failures = 0
        self._best: tuple[int, tuple[float, ...]] | None = None
        self._next_look = 0.0

    def look(self, ledger: Ledger) -> None:
        """Tell what is new; cheap when called often."""
        if self._is_quiet or time.monotonic() < self._next_look:
            return
        started = time.monotonic()
        self._tell_ended(ledger)
        if self._is_moving:
            line = progress_text(read_row(ledger))
            self._stream.write(f"{_CLEAR}{line[: self._width - 1]}")
            self._stream.flush()
        # Of a sweep of many trials a look takes long: it gets a twentieth of the time.
        self._next_look = time.monotonic() + max(PERIOD_S, 20 * (time.monotonic() - started))

    def tell(self, text: str) -> None:
        """Write a line."""
        if not self._is_quiet:
            self._stream.write(f"{_CLEAR if self._is_moving else ''}{printable(text)}\n")
            self._stream.flush()

    def finish(self, ledger: Ledger) -> None:
        """Tell the rest, and take the moving line away."""
        self._next_look = 0.0
        self.look(ledger)
        if self._is_moving:
            self._stream.write(_CLEAR)
            self._stream.flush()

    def _tell_ended(self, ledger: Ledger) -> None:
        ended = {n for n, entry in ledger.trials.items() if entry.last.end is not None}
        before, self._told = self._told, ended
        best = next(iter(best_trials(ledger)), None)
        for number in sorted(ended - (before or set())) if before is not None else ():
            last = ledger.trials[number].last
            end = last.end
            if end is not None and end.state in ("failed", "nan", "killed"):
                self._failures += 1
                if self._failures <= LINES_MAX:
                    self.tell(f"trial {number} {end.state}: {end.reason}")
        if best is None or (self._best is not None and self._best[0] == best.trial):
            return
        is_first, self._best = self._best is None, (best.trial, best.values)
        if not (is_first and before is None):
            told = value_text(ledger.definition, best.values)
            self.tell(f"trial {best.trial}: {told}   {params_text(best.params)}")


def progress_text(row: SweepRow) -> str:
    """Return a sweep's state in one line.

    `12 of 40 · 2 running · 1 pruned · best val/loss 0.031 · 3 m 12 s, about 7 m left`
    """
    counts = row.counts
    asked = f" of {row.trials}" if row.trials is not None else ""
    parts = [f"{row.name}  {row.done}{asked}"]
    for state in ("running", "pruned", "failed", "nan", "killed", "reused"):
        if counts[state]:
            parts.append(f"{counts[state]} {state}")
    if row.front:
        parts.append(f"front of {len(row.front)}")
    elif row.best is not None:
        told = [
            f"{o.metric} {number_text(v)}"
            for o, v in zip(row.objectives, row.best.values, strict=True)
        ]
        parts.append(f"best {', '.join(told)}")
    parts.append(_time_text(row))
    return " · ".join(parts)


def _time_text(row: SweepRow) -> str:
    told = duration_text(row.worked_s)
    lefts: list[float] = []
    if row.trials is not None and row.done:
        lefts.append(row.worked_s / row.done * max(0, row.trials - row.done))
    if row.budget_s is not None:
        lefts.append(max(0.0, row.budget_s - row.worked_s))
    left = min(lefts, default=0.0)
    return f"{told}, about {duration_text(left)} left" if left else told


def value_text(definition: Definition, values: tuple[float, ...]) -> str:
    """Return the values of a trial by metric: `val/loss 0.031`."""
    pairs = zip(definition.objectives, values, strict=False)
    return ", ".join(f"{objective.metric} {number_text(value)}" for objective, value in pairs)


def params_text(params: dict[str, Value]) -> str:
    """Return params in one line: `lr=0.01 opt=sgd`."""
    return " ".join(
        f"{name}={number_text(v) if isinstance(v, float) else spell(v)}"
        for name, v in params.items()
    )


def duration_text(seconds: float) -> str:
    """Return a length of time: `12 s`, `3 m 12 s`, `2 h 05 m`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} m {whole % 60:02d} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60:02d} m"
