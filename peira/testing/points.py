"""The suite that every `Points` passes. Subclass it and give the fixture `points_of`, which stores
rows of one run and returns the store and the run's id.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pytest

from peira.core.errors import NotFoundError
from peira.lab.points import Points


class Logged(NamedTuple):
    """One `log()` call: a writer, a step, a time in seconds, and values."""

    writer: str
    step: int
    time_s: float
    values: dict[str, float]


PointsOf = Callable[[Sequence[Logged]], tuple[Points, str]]

ODD_VALUES = (
    0.1, -0.0, 0.0, 5e-324, 1.7976931348623157e308, 2.0**53 + 2, math.nan, math.inf, -math.inf,
    float(np.float32(0.1)), 1 / 3,
)  # fmt: skip


class PointsSuite:
    """Behaviour that exact reading relies on."""

    def test_numbers_come_back_bit_for_bit(self, points_of: PointsOf) -> None:
        """NaN, infinities, signed zeros, subnormal and huge numbers are read as logged."""
        rows = [Logged("", n, 1e9 + n, {"x": value}) for n, value in enumerate(ODD_VALUES)]
        points, run = points_of(rows)
        found = points.series(run, "x")
        assert found.values.dtype == np.float64
        told = np.where(np.isnan(found.values), np.nan, found.values)
        meant = np.array(ODD_VALUES)
        meant = np.where(np.isnan(meant), np.nan, meant)
        assert told.view(np.int64).tolist() == meant.view(np.int64).tolist()

    def test_order_is_the_writers(self, points_of: PointsOf) -> None:
        """Steps may repeat and go back, clocks may jump: order is that of the calls."""
        steps = [5, 5, 3, -(2**63), 2**63 - 1, 4]
        times = [1e9 + 3, 1e9, 1e9 + 7, 5.000001, 1e9 + 1, 2e9]
        rows = [
            Logged("", step, time_s, {"x": float(n)})
            for n, (step, time_s) in enumerate(zip(steps, times, strict=True))
        ]
        points, run = points_of(rows)
        found = points.series(run, "x")
        assert found.steps.tolist() == steps
        assert found.times.tolist() == times
        assert found.values.tolist() == [0, 1, 2, 3, 4, 5]

    def test_key_sets_may_change(self, points_of: PointsOf) -> None:
        """A metric is one series, whatever it was logged together with."""
        rows = [
            Logged("", 0, 1e9, {"a": 1.0}),
            Logged("", 1, 1e9, {"b": 9.0, "a": 2.0}),
            Logged("", 2, 1e9, {"a": 3.0}),
            Logged("", 3, 1e9, {"a": 4.0, "b": 8.0}),
        ]
        points, run = points_of(rows)
        assert points.series(run, "a").values.tolist() == [1, 2, 3, 4]
        assert points.series(run, "b").steps.tolist() == [1, 3]
        assert points.keys(run) == ["a", "b"]

    def test_writers_are_told_apart(self, points_of: PointsOf) -> None:
        """Points of several writers are all there, each with its writer, none mixed."""
        rows = [
            Logged(writer, n, 1e9 + n + (writer != ""), {"x": n + offset})
            for n in range(10)
            for writer, offset in (("", 0.0), ("abc123", 100.0))
        ]
        points, run = points_of(rows)
        found = points.series(run, "x")
        assert len(found) == 20 and found.parts == (("", 10), ("abc123", 10))
        assert found.values[found.writers == "abc123"].tolist() == [100 + n for n in range(10)]

    def test_names_are_taken_literally(self, points_of: PointsOf) -> None:
        """Quotes, slashes, stars and other alphabets are parts of names."""
        names = ["a'b", 'a"b', "val/acc", "*", "потеря", "a\\b", "%"]
        points, run = points_of([Logged("", 0, 1e9, dict.fromkeys(names, 1.0))])
        assert points.keys(run) == sorted(names)
        for name in names:
            assert points.series(run, name).values.tolist() == [1.0]

    def test_what_is_not_there_is_said(self, points_of: PointsOf) -> None:
        """An unknown run or metric is an error with a name, not an empty curve."""
        points, run = points_of([Logged("", 0, 1e9, {"x": 1.0})])
        with pytest.raises(NotFoundError, match="no metric 'y'"):
            points.series(run, "y")
        with pytest.raises(NotFoundError):
            points.series("000000000000", "x")
        with pytest.raises(NotFoundError):
            points.keys("000000000000")
