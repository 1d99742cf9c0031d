"""The overview of a metric: the picture that a chart over many runs draws without reading points.

Up to 1,024 points of a writer are kept as they are. Above that they are folded into buckets, each
of the same number of points (a power of two); when 1,024 buckets are full, neighbours are joined
and the width doubles. So there are always 512 to 1,024 of them, whatever the length.

An overview is a function of the sequence of points alone: appending in any portions gives the same
bytes as building it at once. Sums are therefore taken from left to right inside a bucket, and never
by a routine whose result depends on how the input was cut. Each writer of a run has its own
section, for two writers have no common order. The bytes: `overview_codec`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

POINTS_MAX: Final = 1_024
BUCKETS_MAX: Final = 1_024

INT_ARRAYS: Final = ("step_min", "step_max", "nonfinite")
TIME_ARRAYS: Final = ("time_min", "time_max")
VALUE_ARRAYS: Final = ("first", "last", "min", "max", "sum")


@dataclass(slots=True)
class Buckets:
    """Neighbouring points folded together; every array has one entry a bucket, shape (n,)."""

    width: int
    """Points in each bucket; the last one may hold fewer."""
    step_min: Ints
    step_max: Ints
    time_min: Floats
    time_max: Floats
    first: Floats
    last: Floats
    min: Floats
    """Least finite value; NaN where there is none."""
    max: Floats
    sum: Floats
    """Sum of the finite values."""
    nonfinite: Ints
    """Number of values that are NaN or infinite."""

    def counts(self, total: int) -> Ints:
        """Points in each bucket, given the number in all."""
        counts = np.full(len(self.first), self.width, np.int64)
        if len(counts):
            counts[-1] = total - self.width * (len(counts) - 1)
        return counts

    def means(self, total: int) -> Floats:
        """Mean of the finite values of each bucket; NaN where there is none."""
        finite = self.counts(total) - self.nonfinite
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(finite > 0, self.sum / finite, np.nan)


@dataclass(slots=True)
class Totals:
    """What is known of all points of a section, exactly."""

    count: int = 0
    nonfinite: int = 0
    first: float = math.nan
    first_step: int = 0
    first_time: float = 0.0
    last: float = math.nan
    last_step: int = 0
    last_time: float = 0.0
    min: float | None = None
    min_step: int | None = None
    max: float | None = None
    max_step: int | None = None
    sum: float = 0.0


Span = tuple["Ints", "Ints", "Floats", "Floats"]
Spans = dict[tuple[int, int, tuple[int, int]], Span]
"""Spans of buckets by the memory of steps and times: good while these arrays live."""

_NO_INTS: Final = np.empty(0, np.int64)
_NO_FLOATS: Final = np.empty(0, np.float64)


@dataclass(slots=True)
class Section:
    """The points of one writer. Either `buckets` is None and the arrays hold every point, in the
    writer's order, or they are empty.
    """

    writer: str = ""
    steps: Ints = field(default_factory=lambda: _NO_INTS)
    times: Floats = field(default_factory=lambda: _NO_FLOATS)
    """Seconds since the epoch."""
    values: Floats = field(default_factory=lambda: _NO_FLOATS)
    buckets: Buckets | None = None
    known: Totals | None = None
    """The totals; None when they are still to be computed from the points."""

    @property
    def totals(self) -> Totals:
        """What is known of all points, exactly."""
        if self.known is None:
            self.known = Totals()
            if len(self.values):
                self._total(self.known, self.steps, self.times, self.values)
                self.known.sum = _sum(self.values)
        return self.known

    @property
    def count(self) -> int:
        """Points in all."""
        return len(self.values) if self.known is None else self.known.count

    @property
    def is_exact(self) -> bool:
        """Whether every point is here."""
        return self.buckets is None

    def append(
        self, steps: Ints, times: Floats, values: Floats, spans: Spans | None = None
    ) -> None:
        """Add points behind those that are here; shapes (n,).

        Args:
            spans: give the same dictionary for metrics that share `steps` and `times` (the columns
                of one piece of a file): what depends on these alone is then computed once.
        """
        spans = {} if spans is None else spans
        count = len(values)
        if count == 0:
            return
        before = self.count
        totals = self.totals
        self._total(totals, steps, times, values)
        if self.buckets is None:
            if before + count <= POINTS_MAX:
                if before == 0:
                    self.steps, self.times, self.values = steps, times, values
                else:
                    self.steps = np.concatenate((self.steps, steps))
                    self.times = np.concatenate((self.times, times))
                    self.values = np.concatenate((self.values, values))
                totals.sum = _sum(self.values)
                return
            room = POINTS_MAX - before
            self.buckets = _fold(
                np.concatenate((self.steps, steps[:room])),
                np.concatenate((self.times, times[:room])),
                np.concatenate((self.values, values[:room])),
                2,
                {},
            )
            self.steps, self.times, self.values = _NO_INTS, _NO_FLOATS, _NO_FLOATS
            steps, times, values = steps[room:], times[room:], values[room:]
            before = POINTS_MAX
        self.buckets = _extend(self.buckets, before, (steps, times, values), spans)
        with np.errstate(over="ignore", invalid="ignore"):
            totals.sum = float(np.add.reduce(self.buckets.sum))

    @staticmethod
    def _total(totals: Totals, steps: Ints, times: Floats, values: Floats) -> None:
        """Bring all totals but the sum up to date."""
        if totals.count == 0:
            totals.first, totals.first_step = float(values[0]), int(steps[0])
            totals.first_time = float(times[0])
        totals.count += len(values)
        totals.last, totals.last_step = float(values[-1]), int(steps[-1])
        totals.last_time = float(times[-1])
        lowest, highest = int(values.argmin()), int(values.argmax())
        least, most = float(values[lowest]), float(values[highest])
        if not math.isfinite(least) or not math.isfinite(most):  # NaN wins both searches
            finite = np.flatnonzero(np.isfinite(values))
            totals.nonfinite += len(values) - len(finite)
            if len(finite) == 0:
                return
            lowest = int(finite[values[finite].argmin()])
            highest = int(finite[values[finite].argmax()])
            least, most = float(values[lowest]), float(values[highest])
        if totals.min is None or least < totals.min:
            totals.min, totals.min_step = least, int(steps[lowest])
        if totals.max is None or most > totals.max:
            totals.max, totals.max_step = most, int(steps[highest])


def _sum(values: Floats) -> float:
    """Sum of the finite values of a whole section."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = float(np.add.reduce(values))
        if not math.isfinite(total):
            total = float(np.add.reduce(values[np.isfinite(values)]))
    return total


def _extend(
    buckets: Buckets, count: int, columns: tuple[Ints, Floats, Floats], spans: Spans
) -> Buckets:
    """Add points (steps, times, values) to buckets that hold `count` already."""
    steps, times, values = columns
    while len(values):
        if count == BUCKETS_MAX * buckets.width:
            buckets = _join(buckets)
        room = BUCKETS_MAX * buckets.width - count
        open_points = count % buckets.width
        if open_points:
            take = min(buckets.width - open_points, len(values))
            _top_up(buckets, steps[:take], times[:take], values[:take])
        else:
            take = min(room, len(values))
            new = _fold(steps[:take], times[:take], values[:take], buckets.width, spans)
            buckets = _concatenate(buckets, new)
        count += take
        steps, times, values = steps[take:], times[take:], values[take:]
    return buckets


def _fold(steps: Ints, times: Floats, values: Floats, width: int, spans: Spans) -> Buckets:
    """Fold points into buckets of `width`, the last one perhaps not full."""
    full = len(values) // width * width
    whole = _fold_full(steps[:full], times[:full], values[:full], width, spans)
    if full == len(values):
        return whole
    count = len(values) - full
    rest = _fold_full(steps[full:], times[full:], values[full:], count, spans)
    rest.width = width
    return _concatenate(whole, rest)


def _fold_full(steps: Ints, times: Floats, values: Floats, width: int, spans: Spans) -> Buckets:
    shape = (len(values) // width, width)  # (buckets, points of one)
    values = values.reshape(shape)
    finite = np.isfinite(values)
    if finite.all():
        least, most, terms = values, values, values
        nonfinite = np.zeros(shape[0], np.int64)
    else:
        least = np.where(finite, values, np.inf)
        most = np.where(finite, values, -np.inf)
        terms = np.where(finite, values, 0.0)
        nonfinite = width - np.count_nonzero(finite, axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        # accumulate, not sum: strictly from left to right, so that it can be gone on with later.
        # One kind of zero: what is added later may be nothing (no finite value) or 0.0.
        sums = np.add.accumulate(terms, axis=1)[:, -1] + 0.0
    return Buckets(
        width,
        *_span(steps, times, shape, spans),
        values[:, 0].copy(),
        values[:, -1].copy(),
        _told(least.min(axis=1, initial=np.inf)),
        _told(most.max(axis=1, initial=-np.inf)),
        sums,
        nonfinite,
    )


def _span(steps: Ints, times: Floats, shape: tuple[int, int], spans: Spans) -> Span:
    """Return least and greatest step and time of each bucket; nobody changes these arrays."""
    place = (steps.__array_interface__["data"][0], times.__array_interface__["data"][0], shape)
    found = spans.get(place)
    if found is None:
        steps, times = steps.reshape(shape), times.reshape(shape)  # (buckets, points of one)
        found = spans[place] = (
            steps.min(axis=1, initial=_INT_MAX),
            steps.max(axis=1, initial=_INT_MIN),
            times.min(axis=1, initial=np.inf),
            times.max(axis=1, initial=-np.inf),
        )
    return found


_INT_MAX: Final = np.iinfo(np.int64).max
_INT_MIN: Final = np.iinfo(np.int64).min


def _told(extreme: Floats) -> Floats:
    """Extremes with NaN where no value was finite, and one kind of zero."""
    extreme = extreme + 0.0  # which of -0.0 and 0.0 is the lesser depends on the processor
    extreme[np.isinf(extreme)] = np.nan
    return extreme


def _top_up(buckets: Buckets, steps: Ints, times: Floats, values: Floats) -> None:
    """Add points to the last bucket, in place."""
    finite = values[np.isfinite(values)]
    buckets.step_min[-1] = min(int(buckets.step_min[-1]), int(steps.min()))
    buckets.step_max[-1] = max(int(buckets.step_max[-1]), int(steps.max()))
    buckets.time_min[-1] = min(float(buckets.time_min[-1]), float(times.min()))
    buckets.time_max[-1] = max(float(buckets.time_max[-1]), float(times.max()))
    buckets.last[-1] = values[-1]
    buckets.nonfinite[-1] += len(values) - len(finite)
    if len(finite) == 0:
        return
    terms = np.concatenate((buckets.sum[-1:], np.where(np.isfinite(values), values, 0.0)))
    with np.errstate(over="ignore", invalid="ignore"):
        buckets.sum[-1] = np.add.accumulate(terms)[-1]
    buckets.min[-1] = np.fmin(buckets.min[-1], finite.min() + 0.0)
    buckets.max[-1] = np.fmax(buckets.max[-1], finite.max() + 0.0)


def _join(buckets: Buckets) -> Buckets:
    """Join neighbours: half as many buckets, twice as wide. All of them are full."""
    with np.errstate(over="ignore", invalid="ignore"):
        sums = buckets.sum[::2] + buckets.sum[1::2]
    return Buckets(
        buckets.width * 2,
        np.minimum(buckets.step_min[::2], buckets.step_min[1::2]),
        np.maximum(buckets.step_max[::2], buckets.step_max[1::2]),
        np.minimum(buckets.time_min[::2], buckets.time_min[1::2]),
        np.maximum(buckets.time_max[::2], buckets.time_max[1::2]),
        buckets.first[::2].copy(),
        buckets.last[1::2].copy(),
        np.fmin(buckets.min[::2], buckets.min[1::2]),
        np.fmax(buckets.max[::2], buckets.max[1::2]),
        sums,
        buckets.nonfinite[::2] + buckets.nonfinite[1::2],
    )


def _concatenate(one: Buckets, two: Buckets) -> Buckets:
    assert one.width == two.width
    return Buckets(
        one.width,
        **{
            name: np.concatenate((getattr(one, name), getattr(two, name)))
            for name in INT_ARRAYS + TIME_ARRAYS + VALUE_ARRAYS
        },
    )


@dataclass(slots=True)
class Overview:
    """The overview of one metric of one run: a section for each writer that logged it."""

    sections: list[Section] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Points in all."""
        return sum(section.count for section in self.sections)

    @property
    def is_exact(self) -> bool:
        """Whether every point is here."""
        return all(section.is_exact for section in self.sections)

    def section(self, writer: str) -> Section:
        """Return the section of a writer, a new empty one when there is none."""
        for section in self.sections:
            if section.writer == writer:
                return section
        section = Section(writer)
        self.sections.append(section)
        return section

    def totals(self) -> Totals:
        """Return the totals over all writers; `last` is what was logged latest."""
        self.sort()
        if len(self.sections) == 1:
            return self.sections[0].totals
        all_totals = [section.totals for section in self.sections]
        first, last = all_totals[0], max(all_totals, key=lambda totals: totals.last_time)
        lows = [totals for totals in all_totals if totals.min is not None]
        low = min(lows, key=lambda totals: totals.min or 0.0, default=first)
        high = max(lows, key=lambda totals: totals.max or 0.0, default=first)
        return Totals(
            sum(totals.count for totals in all_totals),
            sum(totals.nonfinite for totals in all_totals),
            first.first, first.first_step, first.first_time,
            last.last, last.last_step, last.last_time,
            low.min, low.min_step, high.max, high.max_step,
            sum(totals.sum for totals in all_totals),
        )  # fmt: skip

    def sort(self) -> None:
        """Bring the sections into their one order: by their first point's time, then writer."""
        if len(self.sections) > 1:
            self.sections.sort(key=lambda section: (section.totals.first_time, section.writer))
