"""Curves of braille dots."""

from __future__ import annotations

import math

from peira.cli.curve import Curve, draw
from peira.cli.terminal import Terminal

PLAIN = Terminal(is_terminal=False, colour=False, width=80)
COLOURED = Terminal(is_terminal=True, colour=True, width=80)


def exact(values: list[float]) -> Curve:
    return Curve(range(len(values)), values, values)


def test_a_chart_keeps_its_size() -> None:
    """A chart has the asked number of lines, and none is too wide."""
    lines = draw([exact([math.sin(i / 9) for i in range(500)])], PLAIN, width=60, height=9)
    assert len(lines) == 9
    assert max(map(len, lines)) <= 60


def test_a_spike_of_one_step_stays_visible() -> None:
    """Thinning 100,000 points to 100 columns of dots loses no extreme."""
    values = [0.0] * 100_000
    values[54_321] = 1.0
    lines = draw([exact(values)], PLAIN, width=60, height=8)
    assert lines[0].startswith("1 │")
    assert lines[0].rstrip() != "1 │"


def test_a_rising_line_rises() -> None:
    """Low values are at the bottom left, high ones at the top right."""
    lines = draw([exact([float(i) for i in range(100)])], PLAIN, width=40, height=6)
    top, bottom = lines[0], lines[4]
    assert top.rstrip()[-1] not in "│ "
    assert bottom[bottom.index("│") + 1] != " "


def test_values_that_are_not_finite_are_gaps() -> None:
    """NaN and infinity draw nothing and do not stretch the axis."""
    lines = draw([exact([1.0, math.nan, math.inf, 2.0])], PLAIN, width=40, height=4)
    assert lines[0].startswith("2 │")
    assert draw([exact([math.nan])], PLAIN, width=40, height=4) == ["no points yet"]
    assert draw([], PLAIN, width=40, height=4) == ["no points yet"]


def test_the_largest_numbers_do_not_overflow() -> None:
    """The span of an axis may be wider than float64 can hold."""
    lines = draw([exact([-1.7e308, 1.7e308])], PLAIN, width=40, height=5)
    assert "1.7e308" in lines[0]


def test_a_single_point_and_equal_values_are_drawn() -> None:
    """A span of zero is no division by zero."""
    assert any(c > "⠀" for c in "".join(draw([exact([3.0])], PLAIN, width=40, height=4)))
    draw([Curve([5, 5, 5], [1, 2, 3], [1, 2, 3])], PLAIN, width=40, height=4)


def test_curves_have_different_colours() -> None:
    """Two curves are painted in two colours on a terminal, and in none elsewhere."""
    curves = [exact([0.0, 1.0]), exact([1.0, 0.0])]
    assert "\x1b" not in "".join(draw(curves, PLAIN, width=40, height=5))
    painted = "".join(draw(curves, COLOURED, width=40, height=5))
    assert "\x1b[36m" in painted and "\x1b[33m" in painted
