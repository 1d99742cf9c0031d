"""Curves in text: dots of braille characters, 2 by 4 to a character, with an axis on the left.

Thinning keeps extremes: each column of dots is drawn from its lowest to its highest value, so a
one-step spike stays visible however long the curve is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from peira.cli.format import number
from peira.cli.terminal import Terminal

COLOURS = ("cyan", "yellow", "magenta", "green", "blue", "red")

_BLANK = 0x2800
# Bit of a dot by (column, row from the top) inside one braille character (Unicode 3.0, U+2800).
_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


@dataclass(frozen=True)
class Curve:
    """One line of a chart: steps and, for each, the lowest and highest value there.

    For exact points `low` and `high` are the same numbers. Values that are not finite are gaps.
    """

    steps: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def draw(curves: Sequence[Curve], out: Terminal, *, width: int, height: int) -> list[str]:
    """Return a chart of `height` lines and at most `width` columns, the curves in `COLOURS`.

    Args:
        curves: at least one point in all of them, or the chart says that there is none.
        out: where it is printed; decides on colours.
        width: columns, the axis included; at least 20.
        height: lines, the axis of steps included; at least 3.
    """
    steps = [s for curve in curves for s in curve.steps]
    values = [v for c in curves for v in (*c.low, *c.high) if math.isfinite(v)]
    if not steps or not values:
        return ["no points yet"]
    bottom, top = min(values), max(values)
    labels = {0: number(top), height - 2: number(bottom)}
    margin = max(len(text) for text in labels.values())
    canvas = _Canvas(max(width - margin - 2, 4), height - 1)
    first, last = min(steps), max(steps)
    for position, curve in enumerate(curves):
        canvas.trace(curve, position, first, last, (bottom, top))
    lines = []
    for line, text in enumerate(canvas.lines(out)):
        lines.append(f"{labels.get(line, ''):>{margin}} {out.paint('│', 'dim')}{text}")
    ends = number(last)
    gap = " " * max(1, canvas.columns - len(number(first)) - len(ends))
    lines.append(" " * (margin + 2) + out.paint(f"{number(first)}{gap}{ends}", "dim"))
    return lines


class _Canvas:
    """A field of dots, each character painted in the colour of the last curve that touched it."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns = columns
        self.rows = rows
        self._bits = [[0] * columns for _ in range(rows)]
        self._owner = [[0] * columns for _ in range(rows)]

    def trace(
        self, curve: Curve, owner: int, first: float, last: float, span: tuple[float, float]
    ) -> None:
        """Draw one curve as the range of values of each column, joined to the column before."""
        dots = 2 * self.columns
        scale = (dots - 1) / (last - first) if last > first else 0.0
        ranges: dict[int, tuple[int, int]] = {}
        for step, low, high in zip(curve.steps, curve.low, curve.high, strict=True):
            if not (math.isfinite(low) and math.isfinite(high)):
                continue
            x = round((step - first) * scale)
            lowest, highest = self._dot_row(high, span), self._dot_row(low, span)
            if x in ranges:
                lowest, highest = min(lowest, ranges[x][0]), max(highest, ranges[x][1])
            ranges[x] = lowest, highest
        before: tuple[int, int, int] | None = None
        for x in sorted(ranges):
            upper, lower = ranges[x]
            if before is not None:
                self._join(before, (x, upper, lower), owner)
            for y in range(upper, lower + 1):
                self._set(x, y, owner)
            before = (x, upper, lower)

    def lines(self, out: Terminal) -> list[str]:
        """Return the characters, line by line."""
        found = []
        for bits, owners in zip(self._bits, self._owner, strict=True):
            text = ""
            for bit, owner in zip(bits, owners, strict=True):
                character = chr(_BLANK + bit) if bit else " "
                text += out.paint(character, COLOURS[owner % len(COLOURS)]) if bit else character
            found.append(text.rstrip())
        return found

    def _dot_row(self, value: float, span: tuple[float, float]) -> int:
        bottom, top = span
        dots = 4 * self.rows - 1
        # Halves keep the difference finite at the edges of float64.
        half = top / 2 - bottom / 2
        share = (value / 2 - bottom / 2) / half if half > 0 else 0.5
        return dots - round(share * dots)

    def _join(self, left: tuple[int, int, int], right: tuple[int, int, int], owner: int) -> None:
        (x0, up0, low0), (x1, up1, low1) = left, right
        y0, y1 = (up0 + low0) / 2, (up1 + low1) / 2
        for x in range(x0 + 1, x1):
            self._set(x, round(y0 + (y1 - y0) * (x - x0) / (x1 - x0)), owner)
        if x1 == x0 + 1:  # close the vertical gap between neighbours
            for y in range(min(low0, low1) + 1, max(up0, up1)):
                self._set(x1, y, owner)

    def _set(self, x: int, y: int, owner: int) -> None:
        row, column = y // 4, x // 2
        self._bits[row][column] |= _BITS[x % 2][y % 4]
        self._owner[row][column] = owner
