"""Overviews: what a chart draws without reading points."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peira.core.errors import DamagedError
from peira.lab.overview import BUCKETS_MAX, POINTS_MAX, Overview
from peira.lab.overview_codec import decode, encode

VALUES = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True, width=64),
    st.floats(allow_nan=True, width=32),
    st.sampled_from([0.0, -0.0, 1e308, -1e308, float("nan"), float("inf")]),
)


def columns(values: list[float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    count = len(values)
    times = 1.76e9 + np.round(np.arange(count) * 0.37, 6)
    return np.arange(count) * 5, np.round(times, 6), np.array(values)


def built(values: list[float], cuts: list[int], *, stored: bool) -> Overview:
    overview, start = Overview(), 0
    steps, times, numbers = columns(values)
    for stop in [*sorted(cuts), len(values)]:
        overview.section("").append(steps[start:stop], times[start:stop], numbers[start:stop])
        start = stop
        if stored:
            overview = decode(encode(overview))
    return overview


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_appending_in_portions_is_building_at_once(data: st.DataObject) -> None:
    """The bytes of an overview depend on the points alone, not on how they came."""
    seed = data.draw(st.lists(VALUES, min_size=1, max_size=40))
    count = data.draw(st.sampled_from([1, 7, 1023, 1024, 1025, 2047, 2048, 2049, 4097, 9000]))
    values = (seed * (count // len(seed) + 1))[:count]
    cuts = data.draw(st.lists(st.integers(0, count), max_size=12))
    whole = encode(built(values, [], stored=False))
    assert encode(built(values, cuts, stored=False)) == whole
    assert encode(built(values, cuts, stored=True)) == whole


def test_a_negative_zero_before_an_infinity_sums_alike() -> None:
    """A bucket that is gone on with is the bucket that was made at once, its zero too."""
    values = ([0.0] * 1304 + [-0.0, math.inf] + [0.0] * 741)[:2047]
    whole = encode(built(values, [], stored=False))
    for cut in (1304, 1305, 1306):
        assert encode(built(values, [cut], stored=False)) == whole


@given(st.lists(VALUES, min_size=1, max_size=200))
@settings(max_examples=60, deadline=None)
def test_few_points_come_back_bit_for_bit(values: list[float]) -> None:
    """Up to the budget an overview holds the points themselves."""
    section = decode(encode(built(values, [], stored=False))).sections[0]
    given_bits = np.where(np.isnan(values), np.nan, values).view(np.int64)
    assert (
        np.where(np.isnan(section.values), np.nan, section.values).view(np.int64) == given_bits
    ).all()
    assert (section.steps == columns(values)[0]).all()
    assert (section.times == columns(values)[1]).all()


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=50))
def test_any_steps_come_back(steps: list[int]) -> None:
    """Steps may repeat, go back, be negative or as large as 64 bits hold."""
    overview = Overview()
    count = len(steps)
    overview.section("").append(np.array(steps), np.zeros(count), np.zeros(count))
    assert decode(encode(overview)).sections[0].steps.tolist() == steps


def test_totals_are_exact_however_many_points() -> None:
    """Count, first, last and extremes with their steps are those of all points."""
    random = np.random.default_rng(1)
    values = random.normal(size=50_000)
    values[[10, 20_000, 49_000]] = np.nan, np.inf, -np.inf
    steps, times, numbers = columns(values.tolist())
    overview = Overview()
    overview.section("").append(steps, times, numbers)
    totals = decode(encode(overview)).totals()
    finite = np.where(np.isfinite(numbers), numbers, np.nan)
    assert (totals.count, totals.nonfinite) == (50_000, 3)
    assert (totals.first, totals.last) == (numbers[0], numbers[-1])
    assert (totals.min, totals.min_step) == (np.nanmin(finite), steps[np.nanargmin(finite)])
    assert (totals.max, totals.max_step) == (np.nanmax(finite), steps[np.nanargmax(finite)])
    assert totals.sum == pytest.approx(np.nansum(finite), rel=1e-9)


@pytest.mark.parametrize("count", [1025, 2048, 2049, 5000, 100_001])
def test_buckets_hold_the_extremes_of_their_points(count: int) -> None:
    """Every bucket tells least, greatest, first, last and mean of just its points."""
    values = np.random.default_rng(2).normal(size=count)
    steps, times, numbers = columns(values.tolist())
    overview = Overview()
    overview.section("").append(steps, times, numbers)
    section = decode(encode(overview)).sections[0]
    buckets = section.buckets
    assert buckets is not None and BUCKETS_MAX // 2 <= len(buckets.first) <= BUCKETS_MAX
    for number, size in enumerate(buckets.counts(count)):
        start = number * buckets.width
        part = numbers[start : start + size]
        assert (buckets.min[number], buckets.max[number]) == (part.min(), part.max())
        assert (buckets.first[number], buckets.last[number]) == (part[0], part[-1])
        assert buckets.means(count)[number] == pytest.approx(part.mean())
        assert buckets.step_min[number] == steps[start]
        assert buckets.time_max[number] == times[start + size - 1]


def test_writers_keep_sections_of_their_own() -> None:
    """Two writers have no common order; totals are over both, `last` is what came latest."""
    overview = Overview()
    overview.section("b").append(np.array([5]), np.array([20.0]), np.array([5.0]))
    overview.section("").append(np.array([9]), np.array([10.0]), np.array([-1.0]))
    found = decode(encode(overview))
    assert [section.writer for section in found.sections] == ["", "b"]
    totals = found.totals()
    assert (totals.count, totals.first, totals.last, totals.min, totals.max) == (2, -1, 5, -1, 5)


def test_a_flipped_bit_is_noticed() -> None:
    """An overview whose bytes changed on disk is refused, never drawn."""
    data = encode(built([1.0, 2.0, 4.5], [], stored=False))
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 0x10
        with pytest.raises(DamagedError):
            decode(bytes(damaged))
    with pytest.raises(DamagedError):
        decode(data[:3])


def test_usual_curves_are_small() -> None:
    """A thousand float32-born values at even steps take about eight bytes a point."""
    values = np.random.default_rng(3).normal(size=POINTS_MAX).astype("f4").astype("f8")
    assert len(encode(built(values.tolist(), [], stored=False))) < 8.2 * POINTS_MAX
