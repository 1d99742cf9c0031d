"""Whether a re-run gave the same result: curves in, a verdict out.

    identical to the last bit ──────────────────────────────────────────▶ exact
    every point within 1e-6, predictions equal in 99.9 % ───────────────▶ rounding
    else two more re-runs: do they agree among themselves?
        yes: the run is deterministic, and it is another ───────────────▶ different
        no:  a t prediction interval from five runs or more, each metric
             inside ───▶ noise (weak)              one outside ─────────▶ different

Nothing here reads a lab or starts a run: `judge` says how many more re-runs it needs.

Source: SCIENCE.md 6.4. One re-run cannot confirm a reproduction statistically: a recipe that is
really 0.7 to 1.1 points different lies inside the interval in 93-98 % of cases, so `noise` is
called weak evidence. The interval is that of one future observation, Hahn and Meeker, Statistical
Intervals (1991), 4.7; with several metrics each is held at 5 %/m (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from peira.core.direction import is_clock
from peira.lab.student import quantile
from peira.lab.verifications import MetricCheck, Outcome, Verdict
from peira.rerun.difference import (
    RELATIVE_MAX,
    Curve,
    equal_share,
    is_same_bits,
    relative_difference,
)

PREDICTIONS_EQUAL_MIN = 0.999
REPLICATES_MIN = 5
RERUNS_TO_TELL = 3
"""So many re-runs tell whether a run is deterministic."""
ERROR_RATE = 0.05
DIFFERING_MAX = 50


@dataclass(frozen=True)
class Result:
    """What one run gave."""

    metrics: Mapping[str, Curve] = field(default_factory=dict)
    predictions: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """By the name of the evaluation or artifact; one for each sample, in the order of the samples.
    """
    files: Mapping[str, str] = field(default_factory=dict)
    """Digests of what it wrote, by name; decides only where there is no metric."""

    @property
    def is_comparable(self) -> bool:
        """Whether there is anything to compare with another run; times are nothing."""
        has_metric = any(len(c.values) for k, c in self.metrics.items() if not is_clock(k))
        return has_metric or bool(self.files or self.predictions)


class Interval(NamedTuple):
    """Where one more run of the same recipe is expected."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value lies in it, rounding forgiven."""
        slack = RELATIVE_MAX * max(abs(self.low), abs(self.high))
        return self.low - slack <= value <= self.high + slack


def prediction_interval(values: Sequence[float], error_rate: float = ERROR_RATE) -> Interval:
    """Return the interval that holds the next run of a recipe with probability 1 - `error_rate`,
    runs taken as normal: mean ± t·s·√(1 + 1/k).

    Source: SCIENCE.md 6.4, step 3; Hahn and Meeker (1991), 4.7.

    >>> low, high = prediction_interval([0.97, 0.98, 0.96, 0.975, 0.965])
    >>> round(low, 3), round(high, 3)
    (0.946, 0.994)
    """
    k = len(values)
    assert k >= 2
    mean = math.fsum(values) / k
    s = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (k - 1))
    half = quantile(1.0 - error_rate / 2, k - 1) * s * math.sqrt(1.0 + 1.0 / k)
    return Interval(mean - half, mean + half)


class More(NamedTuple):
    """More re-runs are needed before a verdict."""

    reruns: int
    because: str


def judge(
    original: Result, reruns: Sequence[Result], replicates: Sequence[Result] = ()
) -> Verdict | More:
    """Return whether `reruns` reproduce `original`, or how many more of them are needed.

    Args:
        reruns: at least one; all with the original's seed.
        replicates: earlier runs of the same recipe with other seeds; they widen what the seed
            interval of a run that is not deterministic rests on.

    Source: SCIENCE.md 6.4, for the steps and their limits.
    """
    assert reruns
    pair = compare(original, reruns[0])
    if pair.outcome in ("exact", "rounding"):
        return pair
    missing = _missing(original, reruns)
    if missing:
        return _as_different(pair, f"`{missing[0]}` was logged by the original only")
    if len(reruns) < RERUNS_TO_TELL:
        return More(
            RERUNS_TO_TELL - len(reruns), "the first differs; do re-runs agree among themselves?"
        )
    if are_alike(reruns):
        because = f"{what_differs(pair)}, in all of {len(reruns)} re-runs alike"
        return _as_different(pair, because, is_deterministic=True)
    k = len(reruns) + len(replicates)
    if k < REPLICATES_MIN:
        return More(
            REPLICATES_MIN - k,
            f"the run is not deterministic, and a seed interval needs {REPLICATES_MIN} runs",
        )
    return _judge_by_noise(original, [*reruns, *replicates], pair)


def compare(original: Result, rerun: Result) -> Verdict:
    """Return `exact`, `rounding` or `different` for two runs, point by point.

    Metrics of clocks and machines are left out, and named. Where no metric is left to compare the
    bytes of the files that both wrote decide.

    Source: SCIENCE.md 6.4, steps 1 and 2.
    """
    keys = [k for k in sorted(original.metrics) if k in rerun.metrics]
    compared = [key for key in keys if not is_clock(key)]
    checks, points = [], 0
    for key in compared:
        a, b = original.metrics[key], rerun.metrics[key]
        points += len(a.values)
        if not is_same_bits(a, b):
            checks.append(_check(key, a, b))
    checks.sort(key=lambda c: -_size(c))
    shares = [
        equal_share(values, rerun.predictions[name])
        for name, values in original.predictions.items()
        if name in rerun.predictions
    ]
    share = min(shares, default=None)
    relative = max((_size(c) for c in checks), default=0.0)
    is_whole = not _missing(original, [rerun])
    outcome, because = _outcome(len(compared), checks, share, is_whole=is_whole)
    if not compared and share is None:
        outcome, because = _judge_by_files(original.files, rerun.files)
    return Verdict(
        outcome=outcome,
        because=because or f"{_count(len(compared), 'metric')}, {_count(points, 'point')}",
        metrics=len(compared),
        points=points,
        relative=_finite(relative) if compared else None,
        worst=checks[0].key if checks else None,
        differing=checks[:DIFFERING_MAX],
        predictions_equal=share,
        left_out=[key for key in keys if is_clock(key)],
    )


def are_alike(results: Sequence[Result]) -> bool:
    """Whether runs agree among themselves, up to rounding."""
    return all(compare(results[0], other).outcome != "different" for other in results[1:])


def _outcome(
    compared: int, checks: Sequence[MetricCheck], share: float | None, *, is_whole: bool
) -> tuple[Outcome, str]:
    if not is_whole:
        return "different", ""
    if share is not None and share < PREDICTIONS_EQUAL_MIN:
        return "different", f"{share:.2%} of the predictions are equal"
    if not checks and share in (None, 1.0):
        return "exact", ""
    worst = max((_size(c) for c in checks), default=0.0)
    if worst > RELATIVE_MAX:
        return "different", ""
    parts = [f"the largest relative difference is {worst:.1e}"] if worst else []
    parts += [f"{share:.3%} of the predictions are equal"] if share not in (None, 1.0) else []
    return "rounding", ", ".join(parts) or f"only signs of zero differ in {compared} metrics"


def _judge_by_files(a: Mapping[str, str], b: Mapping[str, str]) -> tuple[Outcome, str]:
    both = [name for name in a if name in b]
    other = sorted([name for name in both if a[name] != b[name]] + [n for n in a if n not in b])
    if other:
        return "different", f"no metric was logged, and {other[0]} has other bytes"
    if both:
        return "exact", f"no metric was logged, and {_count(len(both), 'file')} have the same bytes"
    return "different", "neither metrics nor files can be compared"


def _judge_by_noise(original: Result, pool: Sequence[Result], pair: Verdict) -> Verdict:
    """Hold each metric's last value against the interval of the pool's."""
    keys = [key for key in sorted(original.metrics) if not is_clock(key)]
    keys = [key for key in keys if all(key in one.metrics for one in pool)]
    if not keys:
        because = f"{pair.because}; without a metric there is no seed interval"
        return replace(pair, because=because, is_deterministic=False)
    known = {check.key: check.relative for check in pair.differing}
    judged = []
    for key in keys:
        values = [_last(one, key) for one in pool]
        check = _held(key, _last(original, key), values, ERROR_RATE / len(keys))
        judged.append(replace(check, relative=known.get(key, 0.0)))
    outside = [check for check in judged if not check.is_inside]
    inside = [check for check in judged if check.is_inside and check.key in known]
    k = len(pool)
    outcome: Outcome = "different" if outside else "noise"
    because = f"{_count(len(keys), 'metric')} inside the interval of {k} runs"
    if outside:
        first = outside[0]
        because = (
            f"{first.key} {_short(first.original)} is outside of {_short(first.low)} to "
            f"{_short(first.high)}, where {k} runs expect it"
        )
    return replace(
        pair,
        outcome=outcome,
        because=because,
        differing=[*outside, *inside][:DIFFERING_MAX],
        is_deterministic=False,
        replicates=k,
    )


def _held(key: str, x: float | None, values: Sequence[float | None], rate: float) -> MetricCheck:
    """Hold one value against the interval of others; one that is not finite is expected where
    others are not finite either.
    """
    finite = [v for v in values if v is not None]
    interval = prediction_interval(finite, rate) if len(finite) >= 2 else None
    if x is None:
        is_inside = len(finite) < len(values)
    else:
        is_inside = interval is not None and interval.holds(x)
    return MetricCheck(
        key=key,
        original=x,
        rerun=values[0],
        relative=None,
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        is_inside=is_inside,
    )


def _missing(original: Result, reruns: Sequence[Result]) -> list[str]:
    """Metrics that the original logged and a re-run did not."""
    return [
        key
        for key in sorted(original.metrics)
        if not is_clock(key) and any(key not in one.metrics for one in reruns)
    ]


def _check(key: str, a: Curve, b: Curve) -> MetricCheck:
    same_steps = np.array_equal(a.steps, b.steps)
    relative = relative_difference(a.values, b.values) if same_steps else math.inf
    return MetricCheck(
        key=key,
        original=_finite(float(a.values[-1])) if len(a.values) else None,
        rerun=_finite(float(b.values[-1])) if len(b.values) else None,
        relative=_finite(relative),
    )


def _size(check: MetricCheck) -> float:
    return math.inf if check.relative is None else check.relative


def what_differs(pair: Verdict) -> str:
    """Return the metric that differs most and its two values, as a phrase."""
    if not pair.differing:
        return pair.because
    first = pair.differing[0]
    return f"{first.key} was {_short(first.original)} and is {_short(first.rerun)}"


def _as_different(pair: Verdict, because: str, *, is_deterministic: bool | None = None) -> Verdict:
    return replace(pair, outcome="different", because=because, is_deterministic=is_deterministic)


def _last(result: Result, key: str) -> float | None:
    values = result.metrics[key].values
    return _finite(float(values[-1])) if len(values) else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _short(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.6g}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' if number != 1 else ''}"
