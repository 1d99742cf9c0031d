"""Curves for drawing: nothing is lost by thinning, everything says what it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sqlalchemy import Connection

from peira.core.errors import NotFoundError, UsageError
from peira.lab.bands import read_bands
from peira.lab.index import schema
from peira.lab.lab import Lab
from peira.lab.overview import Overview
from peira.lab.overview_codec import encode
from peira.lab.points import Series
from peira.lab.smoothing import Smoothing
from peira.lab.thinning import keep_extremes
from peira.lab.traces import Traces, View, read_traces
from tests.query.small_index import NOW, SmallRun, row_of

T = TypeVar("T")
Floats = NDArray[np.float64]


@dataclass
class Memory:
    """A lab in memory: overviews in an index, exact points in a dictionary."""

    connection: Connection
    points: dict[tuple[str, str], Series] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    root: Path = Path()
    reads: int = 0

    def add(self, key: str, values: Floats, steps: Floats | None = None, run: int = 0) -> str:
        """Log values of one metric in run number `run`, one a second."""
        while len(self.ids) <= run:
            small = SmallRun(f"run-{len(self.ids)}")
            row = row_of(len(self.ids) + 1, small)
            self.connection.execute(schema.run.insert().values(**row))
            self.ids.append(small.id)
        at = np.arange(len(values)) if steps is None else steps
        at = at.astype(np.int64)
        times = NOW - 100.0 + np.arange(len(values), dtype=np.float64)
        overview = Overview()
        overview.section("").append(at, times, values)
        number = self._key(key)
        self.connection.execute(
            schema.overview.insert().values(key=number, run=run + 1, data=encode(overview))
        )
        self.points[self.ids[run], key] = Series(
            self.ids[run], key, at, times, values, (("", len(values)),)
        )
        return self.ids[run]

    def _key(self, name: str) -> int:
        key = schema.key
        known = self.connection.execute(key.select().where(key.c.name == name)).first()
        if known is None:
            inserted = self.connection.execute(key.insert().values(kind="metric", name=name))
            return int(inserted.inserted_primary_key[0])  # type: ignore[index]
        return int(known.n)

    def ask(self, question: Callable[[Connection], T]) -> T:
        return question(self.connection)

    def series(self, run: str, key: str) -> Series:
        self.reads += 1
        if (run, key) not in self.points:
            raise NotFoundError("gone")
        return self.points[run, key]

    def problems(self, run: str | None = None) -> list[object]:
        return []


@pytest.fixture
def memory(connection: Connection) -> Memory:
    return Memory(connection)


def _draw(memory: Memory, keys: list[str], **view: object) -> Traces:
    return read_traces(memory, keys, memory.ids, View(**view))  # type: ignore[arg-type]


def test_few_points_are_drawn_as_they_are(memory: Memory) -> None:
    """Up to two points a pixel every point is there, exact, whatever the steps."""
    memory.add("loss", np.array([3.0, 1.0, 2.0]), np.array([5, 2, 2]))

    traces = _draw(memory, ["loss"])

    x, y = traces.points(traces[0])
    assert x.tolist() == [2.0, 2.0, 5.0] and y.tolist() == [1.0, 2.0, 3.0]
    assert traces[0].exact and traces[0].n == 3 == traces.total_points


def test_spikes_survive(memory: Memory) -> None:
    """Of a million points with 100 one-step spikes, every pixel column that has one shows it."""
    random = np.random.default_rng(1)
    values = random.normal(0, 0.1, 1_000_000)
    spikes = random.choice(len(values), 100, replace=False)
    values[spikes] = 50.0 + np.arange(100)
    memory.add("loss", values)

    traces = _draw(memory, ["loss"], pixels=1_200)

    x, y = traces.points(traces[0])
    expected = {int(at * 1_200 / 999_999.0) for at in spikes}
    assert expected == {int(at * 1_200 / 999_999.0) for at in x[y >= 50.0]}
    assert traces[0].exact and traces[0].n == 1_000_000
    assert len(x) <= 4 * 1_200


def test_buckets_are_told_and_keep_extremes(memory: Memory) -> None:
    """Many long curves come from overviews: not exact, but with true extremes and counts."""
    for run in range(6):
        values = np.zeros(5_000)
        values[1_234 + run] = 7.0 + run
        memory.add("loss", values, run=run)

    traces = _draw(memory, ["loss"])

    assert memory.reads == 0
    for run, trace in enumerate(traces):
        _, y = traces.points(trace)
        assert not trace.exact and trace.n == 5_000
        assert np.nanmax(y) == 7.0 + run


def test_a_zoom_reads_exact_points(memory: Memory) -> None:
    """The part in view is exact, with one neighbour on each side so that the line goes on."""
    for run in range(6):
        memory.add("loss", np.arange(5_000.0), run=run)

    traces = _draw(memory, ["loss"], x_min=100, x_max=110)

    x, _ = traces.points(traces[0])
    assert x.tolist() == [99.0, *range(100, 111), 111.0]
    assert traces[0].exact and traces[0].n == 11


def test_points_that_are_gone_fall_back_to_the_overview(memory: Memory) -> None:
    """A run folder removed from the disk is still drawn, and said to be inexact."""
    memory.add("loss", np.arange(5_000.0))
    memory.points.clear()

    traces = _draw(memory, ["loss"])

    assert not traces[0].exact and traces[0].n == 5_000


def test_gaps_stay_gaps_and_are_marked(memory: Memory) -> None:
    """NaN and infinities are gaps in y, counted, and marked with their kind."""
    memory.add("loss", np.array([1.0, math.nan, 3.0, math.inf, -math.inf]))

    traces = _draw(memory, ["loss"])

    _, y = traces.points(traces[0])
    assert np.isnan(y).tolist() == [False, True, False, True, True]
    assert traces[0].nonfinite == 3
    assert traces[0].marks == [(1.0, "NaN"), (3.0, "Infinity"), (4.0, "-Infinity")]


def test_x_can_be_time_or_another_metric(memory: Memory) -> None:
    """Relative time counts from the run's begin; another metric is joined on the step."""
    memory.add("loss", np.array([1.0, 2.0, 3.0]), np.array([0, 10, 20]))
    memory.add("epoch", np.array([0.5, 1.5]), np.array([10, 20]))

    relative = _draw(memory, ["loss"], x="relative")
    wall = _draw(memory, ["loss"], x="time")
    joined = _draw(memory, ["loss"], x="epoch")

    assert relative.points(relative[0])[0].tolist() == [0.0, 1.0, 2.0]
    assert wall[0].x0 == NOW - 100.0 and wall.x.tolist() == [0.0, 1.0, 2.0]
    x, y = joined.points(joined[0])
    assert (x.tolist(), y.tolist()) == ([0.5, 1.5], [2.0, 3.0])
    assert list(_draw(memory, ["loss"], x="nothing")) == []


def test_large_steps_keep_their_differences(memory: Memory) -> None:
    """Steps beyond float32 have an origin, so offsets are exact."""
    start = 10**12
    memory.add("loss", np.array([1.0, 2.0]), np.array([start, start + 1]))

    traces = _draw(memory, ["loss"])

    assert traces[0].x0 == float(start) and traces.x.tolist() == [0.0, 1.0]


def test_the_smoothed_curve_comes_beside_the_raw_one(memory: Memory) -> None:
    """The main range stays raw; the smoothed one has a range of its own and flattens noise."""
    values = np.random.default_rng(3).normal(5.0, 1.0, 800)
    memory.add("loss", values)
    memory.add("loss", values[:10], run=1)

    traces = _draw(memory, ["loss"], smooth=Smoothing("ema", 50))

    _, raw = traces.points(traces[0])
    _, smoothed = traces.points(traces[0], smoothed=True)
    assert raw.tolist() == values.tolist()
    assert smoothed[100:].std() < 0.2 * raw.std()
    assert [trace.smooth for trace in traces] == [(810, 800), (1_610, 10)]


def test_curves_come_in_the_order_asked(memory: Memory) -> None:
    """By key, then by run; a run without the metric has no curve."""
    memory.add("a", np.ones(2))
    memory.add("b", np.ones(3), run=1)
    memory.add("a", np.ones(4), run=1)

    traces = _draw(memory, ["b", "a", "none"])

    assert [(t.key, t.run, t.first, t.count) for t in traces] == [
        ("b", memory.ids[1], 0, 3),
        ("a", memory.ids[0], 3, 2),
        ("a", memory.ids[1], 5, 4),
    ]


@pytest.mark.parametrize(
    "view",
    [{"pixels": 0}, {"pixels": 10**9}, {"x_min": math.nan}, {"x_min": 2.0, "x_max": 1.0}],
)
def test_absurd_views_are_refused(view: dict[str, float]) -> None:
    """A view that cannot be drawn is a UsageError."""
    with pytest.raises(UsageError):
        View(**view)  # type: ignore[arg-type]


def test_too_many_curves_are_refused(memory: Memory) -> None:
    """The limit on curves is told."""
    with pytest.raises(UsageError, match="20,000"):
        read_traces(memory, [str(i) for i in range(201)], [str(i) for i in range(100)], View())


def test_a_real_lab_draws(lab: Lab) -> None:
    """Traces, bands and overviews of generated runs fit each other."""
    runs = [run.id for run in lab.runs("", project="digits")]
    traces = lab.traces(["val/loss"], runs, pixels=20)
    overviews = lab.overviews("val/loss", runs)
    bands = lab.bands(["val/loss"], [({"all": 1}, runs)], spread="range")

    assert [trace.n for trace in traces] == [overviews[run].count for run in runs]
    assert bands[0].runs == len(runs) and bands.low is not None and bands.high is not None
    assert bool(np.all(bands.low <= bands.high))


CURVES = st.lists(
    st.one_of(st.floats(-1e6, 1e6), st.just(math.nan), st.just(math.inf)), min_size=1, max_size=200
)


@settings(max_examples=200, deadline=None)
@given(values=CURVES, pixels=st.integers(1, 20))
def test_every_column_keeps_its_four_points(values: list[float], pixels: int) -> None:
    """First, lowest, highest and last finite point of each column are kept, and each gap breaks."""
    y = np.array(values)
    x = np.arange(len(y), dtype=np.float64)
    keep = keep_extremes(x, y, np.zeros(len(y), np.int64), pixels=pixels, low=0.0, high=x[-1])
    width = x[-1] / pixels if x[-1] > 0 else 1.0
    column = np.clip(x / width, 0, pixels - 1).astype(int)

    for number in np.unique(column):
        inside = (column == number) & np.isfinite(y)
        kept = y[inside & keep]
        if inside.any():
            whole = y[inside]
            assert kept[0] == whole[0] and kept[-1] == whole[-1]
            assert kept.min() == whole.min() and kept.max() == whole.max()
            assert len(kept) <= 4
        gaps = (column == number) & ~np.isfinite(y)
        assert bool((gaps & keep).any()) == bool(gaps.any())


def test_bands_are_over_every_run(memory: Memory) -> None:
    """Mean, Student interval and count at each step, runs of any length."""
    memory.add("acc", np.array([1.0, 2.0, 3.0]))
    memory.add("acc", np.array([3.0, 4.0]), run=1)
    memory.add("acc", np.array([math.nan, 6.0]), run=2)
    groups = [({"lr": 0.1}, memory.ids)]

    found = read_bands(memory, ["acc"], groups, View())
    spread = read_bands(memory, ["acc"], groups, View(), "range")
    deviation = read_bands(memory, ["acc"], groups, View(), "std")

    assert found.counts is not None and found.low is not None and deviation.high is not None
    assert spread.low is not None and spread.high is not None
    assert found.x.tolist() == [0.0, 1.0, 2.0] and found.y.tolist() == [2.0, 4.0, 3.0]
    assert found.counts.tolist() == [2, 3, 1]
    assert found.low[1] == pytest.approx(4.0 - 4.302652729749 * 2.0 / math.sqrt(3), rel=1e-9)
    assert math.isnan(found.low[2])
    assert (spread.low[:2].tolist(), spread.high[:2].tolist()) == ([1.0, 2.0], [3.0, 6.0])
    assert deviation.high[1] == pytest.approx(6.0)
    assert (found[0].runs, found[0].n, found[0].group) == (3, 7, {"lr": 0.1})


def test_long_curves_are_binned_with_one_vote_a_run(memory: Memory) -> None:
    """A run that logs ten times as often counts no more than another."""
    memory.add("acc", np.ones(9_000))
    memory.add("acc", np.zeros(900), np.arange(0, 9_000, 10), run=1)

    found = read_bands(memory, ["acc"], [({}, memory.ids)], View(pixels=100))

    assert found.y == pytest.approx(np.full(100, 0.5)) and not found[0].exact
    assert found.counts is not None and set(found.counts.tolist()) == {2}


def test_an_unknown_spread_is_refused(memory: Memory) -> None:
    """The kinds of bands are listed in the error."""
    with pytest.raises(UsageError, match="band"):
        read_bands(memory, ["acc"], [], View(), "guess")
