"""The picture of `peira watch`: a legend of runs, and a chart for each metric, side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from peira.cli.columns import SYSTEM
from peira.cli.curve import COLOURS, Curve, draw
from peira.cli.format import duration, number
from peira.cli.table import display_width, shorten
from peira.cli.terminal import STATE_STYLE, Terminal
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.lab.lab import Lab
    from peira.lab.overview import Overview
    from peira.lab.runs import RunRecord

PANEL_WIDTH_MIN = 50
PANEL_HEIGHT_MIN = 7
PANEL_HEIGHT_MAX = 16
GAP = 2

_PAINT = re.compile(r"\x1b\[[0-9;]*m")


def keys_of(runs: Sequence[RunRecord], wanted: Sequence[str] | None) -> list[str]:
    """Return the metrics to draw: those wanted, else all but the machine's, the commonest first."""
    counts: dict[str, int] = {}
    for run in runs:
        for key in run.metrics:
            counts[key] = counts.get(key, 0) + 1
    if wanted:
        return [key for key in wanted if key in counts]
    own = [key for key in counts if not key.startswith(SYSTEM)] or list(counts)
    return sorted(own, key=lambda key: -counts[key])


def picture(
    lab: Lab, runs: Sequence[RunRecord], keys: Sequence[str], out: Terminal, *, height: int
) -> tuple[list[str], int]:
    """Return the lines, at most `height`, and how many of `keys` they show."""
    lines = [*_legend(runs, out), ""]
    width = out.columns
    across = max(1, min(width // PANEL_WIDTH_MIN, len(keys)))
    room = height - len(lines)
    down = max(1, min(-(-len(keys) // across), room // PANEL_HEIGHT_MIN))
    panel_width = (width - GAP * (across - 1)) // across
    panel_height = max(3, min(PANEL_HEIGHT_MAX, room // down - 1))
    shown = keys[: across * down]
    panels = [_panel(lab, runs, key, out, width=panel_width, height=panel_height) for key in shown]
    for first in range(0, len(panels), across):
        lines += _beside(panels[first : first + across], panel_width)
    return lines[:height], len(shown)


def _legend(runs: Sequence[RunRecord], out: Terminal) -> list[str]:
    lines = []
    for i, run in enumerate(runs):
        mark = out.paint("━━", COLOURS[i % len(COLOURS)])
        name = shorten(printable(run.name), 40)
        state = out.paint(run.state, STATE_STYLE.get(run.state, ""))
        lines.append(f"{mark} {name}  {state}  {duration(run.duration)}")
    return lines


def _panel(
    lab: Lab, runs: Sequence[RunRecord], key: str, out: Terminal, *, width: int, height: int
) -> list[str]:
    """Return a title with the last values, and the chart; a line for each run's section."""
    found = lab.overviews(key, [run.id for run in runs])
    lasts = []
    for i, run in enumerate(runs):
        summary = run.metrics.get(key)
        if summary is not None:
            lasts.append(out.paint(number(summary.last), COLOURS[i % len(COLOURS)]))
    title = out.paint(shorten(printable(key), width // 2), "bold") + "  " + " ".join(lasts)
    curves = [_curve(found[run.id]) if run.id in found else Curve([], [], []) for run in runs]
    return [_cut(title, width), *draw(curves, out, width=width, height=height - 1), ""]


def _curve(overview: Overview) -> Curve:
    """Return all sections of an overview as one curve: exact points, or buckets' extremes."""
    steps: list[float] = []
    low: list[float] = []
    high: list[float] = []
    for section in overview.sections:
        if section.buckets is None:
            values = section.values.tolist()
            steps += section.steps.tolist()
            low += values
            high += values
        else:
            buckets = section.buckets
            # The last bucket at both of its ends: the curve reaches to its last step.
            steps += [*buckets.step_min.tolist(), *buckets.step_max[-1:].tolist()]
            low += [*buckets.min.tolist(), *buckets.min[-1:].tolist()]
            high += [*buckets.max.tolist(), *buckets.max[-1:].tolist()]
    return Curve(steps, low, high)


def _beside(panels: Sequence[Sequence[str]], width: int) -> list[str]:
    lines = []
    for parts in zip_longest(*panels, fillvalue=""):
        padded = [part + " " * (width + GAP - _visible(part)) for part in parts]
        lines.append("".join(padded).rstrip())
    return lines


def _visible(text: str) -> int:
    return display_width(_PAINT.sub("", text))


def _cut(text: str, width: int) -> str:
    """Leave out the last words of a painted text until it fits."""
    words = text.split(" ")
    while len(words) > 1 and _visible(" ".join(words)) > width:
        words.pop()
    return " ".join(words)
