"""Curves of resumed runs with the points they go on from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from peira.core.errors import NotFoundError
from peira.lab.lab import Lab
from peira.lab.points import Series
from peira.lab.smoothing import Smoothing
from peira.lab.traces import Trace, Traces
from peira.record import events
from peira.record.events import Origin
from tests.lab.writing import START, RunFiles

DAY_S = 86_400.0


class Family:
    """Three generations: steps 0-9; from 5: 6-11, a day later; from 8: 9-12, another day later.

    Each logs its own number plus the step, ten steps a second.
    """

    def __init__(self, root: Path) -> None:
        self.first = self.run(root, "first", 0, range(10))
        self.second = self.run(root, "second", 1, range(6, 12), (self.first, 5))
        self.third = self.run(root, "third", 2, range(9, 13), (self.second, 8))

    def run(
        self,
        root: Path,
        name: str,
        day: int,
        steps: range,
        origin: tuple[RunFiles, int] | None = None,
    ) -> RunFiles:
        began = START + day * DAY_S
        told = None if origin is None else Origin(how="resume", run=origin[0].id, step=origin[1])
        run = RunFiles(root, name, created=began, origin=told)
        for n, step in enumerate(steps):
            at = began + (n + 1) / 10
            run.log({"a": 100.0 * day + step, "b": float(-step)}, step, time_s=at)
            run.event(events.Checkpoint(time=at, step=step, files=[]))
        run.end()
        return run


@pytest.fixture
def family(tmp_path: Path) -> Family:
    return Family(tmp_path / ".peira")


VALUES = [0, 1, 2, 3, 4, 5, 106, 107, 108, 209, 210, 211, 212]


def series(run: RunFiles, **options: Any) -> Series:
    with Lab(run.root) as lab:
        return lab.series(run.id, "a", inherited=True, **options)


def traces(runs: list[RunFiles], *, keys: tuple[str, ...] = ("a",), **options: Any) -> Traces:
    with Lab(runs[0].root) as lab:
        return lab.traces(list(keys), [run.id for run in runs], inherited=True, **options)


def test_exact_points_over_generations(family: Family) -> None:
    """Every point up to each fork, then the run's own; whose they are is told."""
    found = series(family.third)
    assert found.steps.tolist() == list(range(13)) and found.values.tolist() == VALUES
    assert found.runs == ((family.first.id, 6), (family.second.id, 3), (family.third.id, 4))
    assert sum(count for _, count in found.parts) == 13
    own = series(family.first)
    assert own.runs == () and len(own) == 10
    with Lab(family.first.root) as lab:
        assert len(lab.series(family.third.id, "a")) == 4
        record = lab.run(family.third.id)
        assert len(record.metric("a", inherited=True)) == 13 and len(record.metric("a")) == 4


def test_a_chart_over_generations(family: Family) -> None:
    """The same points as a curve, with a mark where each run begins; others are as they were."""
    found = traces([family.third, family.first])
    (joined, own) = found
    x, y = found.points(joined)
    assert x.tolist() == list(range(13)) and y.tolist() == VALUES
    assert joined.parts == [
        (family.first.id, 0.0), (family.second.id, 6.0), (family.third.id, 9.0),
    ]  # fmt: skip
    assert (joined.run, joined.n, joined.exact) == (family.third.id, 13, True)
    assert own.parts == [] and own.n == 10


def test_time_spent_in_training(family: Family) -> None:
    """On the relative axis the days between the runs do not count, and nothing runs backwards."""
    found = traces([family.third], x="relative")
    x, _ = found.points(found[0])
    # 0.6 s until the first fork, then 0.3 s until the second one.
    expected = [n / 10 for n in range(1, 7)] + [0.7, 0.8, 0.9] + [1.0, 1.1, 1.2, 1.3]
    assert np.allclose(x, expected, atol=1e-5)
    assert [round(at, 5) for _, at in found[0].parts] == [0.1, 0.7, 1.0]
    found = traces([family.third], x="time")
    x, _ = found.points(found[0])
    assert x[6] - x[5] > DAY_S / 2


def test_another_metric_as_x(family: Family) -> None:
    """Both metrics are joined before one is put over the other."""
    found = traces([family.third], x="b")
    x, y = found.points(found[0])
    assert x.tolist() == sorted(-float(step) for step in range(13))
    assert y.tolist() == VALUES[::-1]
    assert dict(found[0].parts)[family.third.id] == -12.0


def test_smoothing_runs_over_the_fork(family: Family) -> None:
    """A joined curve is smoothed as one."""
    found = traces([family.third], smooth=Smoothing("ema", 2.0))
    x, y = found.points(found[0], smoothed=True)
    assert len(x) == 13 and y[6] < 106


def test_own_points_stand_above_inherited_ones(tmp_path: Path) -> None:
    """A child that logs a step again, or counts from 0 again, is believed for these steps."""
    root = tmp_path / ".peira"
    first = RunFiles(root, "first")
    for step in range(10):
        first.log({"a": float(step), "b": 0.0}, step)
    child = RunFiles(root, "child", origin=Origin(how="resume", run=first.id, step=7))
    for step in range(4, 9):
        child.log({"a": 100.0 + step}, step)
    found = series(child)
    assert found.steps.tolist() == list(range(9))
    assert found.values.tolist() == [0, 1, 2, 3, 104, 105, 106, 107, 108]
    again = RunFiles(root, "again", origin=Origin(how="resume", run=first.id, step=7))
    again.log({"a": 1.0}, 0)
    assert series(again).runs == ((again.id, 1),)
    curve = traces([child], keys=("b",))
    assert curve[0].n == 8 and curve[0].parts == [(first.id, 0.0)]  # the child never logged it


def test_nothing_to_inherit(tmp_path: Path) -> None:
    """A re-run inherits nothing; a resumed run whose parent is gone has its own points."""
    root = tmp_path / ".peira"
    first = RunFiles(root, "first")
    first.log({"a": 1.0}, 0)
    rerun = RunFiles(root, "rerun", origin=Origin(how="rerun", run=first.id))
    rerun.log({"a": 2.0}, 5)
    assert series(rerun).values.tolist() == [2.0]
    lost = RunFiles(root, "lost", origin=Origin(how="resume", run="0" * 12, step=3))
    lost.log({"a": 3.0}, 4)
    assert series(lost).values.tolist() == [3.0]
    assert traces([lost])[0].parts == []
    empty = RunFiles(root, "empty", origin=Origin(how="resume", run=first.id, step=-1))
    with pytest.raises(NotFoundError, match="inherits no point"):
        series(empty)


def test_a_circle_of_origins_ends(tmp_path: Path) -> None:
    """Only damage can make one; it is followed once."""
    root = tmp_path / ".peira"
    one, two = "000000000001", "000000000002"
    for run_id, other in ((one, two), (two, one)):
        run = RunFiles(root, run_id=run_id, origin=Origin(how="resume", run=other, step=3))
        run.log({"a": 1.0}, int(run_id))
    assert len(series(run)) == 2


def test_long_curves_are_cut_at_the_fork(tmp_path: Path) -> None:
    """A parent above the budget of the overview is read exactly, so the fork is where it was."""
    root = tmp_path / ".peira"
    first = RunFiles(root, "first")
    first.log_many("a", np.arange(5_000.0).tolist())
    child = RunFiles(root, "child", origin=Origin(how="resume", run=first.id, step=3_333))
    child.log({"a": -1.0}, 3_334)
    found = traces([child], pixels=16_000)
    trace: Trace = found[0]
    x, y = found.points(trace)
    assert (trace.n, trace.exact, trace.parts) == (
        3_335, True, [(first.id, 0.0), (child.id, 3_334.0)],
    )  # fmt: skip
    assert x.tolist() == list(range(3_335)) and y[-2:].tolist() == [3_333.0, -1.0]
    view = traces([child], x_min=3_300.0, x_max=3_340.0)
    assert view[0].n == 35 and view.points(view[0])[1][-1] == -1.0
