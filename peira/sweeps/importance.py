"""Which params decided who is among the best: PED-ANOVA, through Optuna, with error bars.

The importance of a param is how far the distribution of its values among the best runs is from
that among all runs, as a share of all params. It says what mattered *within what was tried*: a
param that was varied a little only, or by a sampler that had made up its mind, looks unimportant.

Two numbers stand beside each share, so that it is not taken for more than it is:

    low, high   the share give or take 1.64 standard errors, by the delete-d jackknife: the runs are
                thinned again and again, and the spread of the answers is scaled to the full number
    is_clear    the divergence is greater than in each of 19 shufflings of the values among the
                runs: a param that has no effect is called clear in 5 % of cases

Sources: Watanabe, Bansal and Hutter 2023, "PED-ANOVA" (arXiv:2304.10255); for params that are only
in some runs its conditional form (arXiv:2601.20800); Shao and Wu 1989 for the jackknife.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.sweeps.observations import Aside, Direction, Observations
from peira.sweeps.space import Space

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

RUNS_MIN = 10
"""Fewer runs say nothing about importance."""
REPLICATES = 30
_SHUFFLES = 19
_SAMPLE_MAX = 1_000
"""Runs that are shuffled, at most."""
_THINNED_MAX = 500
"""Runs that a thinning keeps, at most."""
_BEST_MIN = 5
"""The best runs that are looked at, at least: below, PED-ANOVA is unstable."""


class ParamImportance(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one param."""

    name: str
    importance: float
    """Its share of the importance of all params, 0 to 1."""
    low: float
    high: float
    is_clear: bool
    """Whether it is more than shuffled values bring about."""
    missing: int
    """Runs that do not have the param: it is judged among the others."""


class Importance(msgspec.Struct, frozen=True, kw_only=True):
    """Which params decided, the most important first."""

    params: list[ParamImportance]
    runs: int
    best: int
    """So many of the runs count as the best."""
    left_out: int
    """Runs that were not looked at: they have no finite value."""
    aside: list[Aside]
    remark: str = ""
    """Why nothing is said, when nothing is."""


def importance_of(
    params: Sequence[Mapping[str, Any]],
    values: Sequence[float | None],
    direction: Direction,
    *,
    space: Space | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Importance:
    """Return which params decided who is among the best.

    Args:
        params: a mapping a run.
        values: the metric of each run; None and non-finite ones are counted and left out.
        space: where the params came from, when that is known.
        replicates: thinnings for the error bars; 0 for none (then `low` and `high` are the share).

    >>> import random
    >>> draw = random.Random(0).random
    >>> tried = [{"lr": draw(), "width": draw()} for _ in range(100)]
    >>> found = importance_of(tried, [(p["lr"] - 0.3) ** 2 for p in tried], "min", replicates=5)
    >>> [(p.name, p.is_clear) for p in found.params]
    [('lr', True), ('width', False)]
    """
    table = Observations.of(params, values, direction, space=space)
    return judge_importance(table, replicates=replicates, seed=seed)


def judge_importance(
    table: Observations, *, replicates: int = REPLICATES, seed: int = 0
) -> Importance:
    """Return which params of a table decided who is among the best."""
    n = len(table)
    remark = ""
    if n < RUNS_MIN:
        remark = f"{n} runs with a value are too few: {RUNS_MIN} at least."
    elif not table.columns:
        remark = "No param varies."
    elif np.ptp(table.values) == 0:
        remark = f"All {n:,} runs have the same value."
    if remark:
        return Importance(
            params=[], runs=n, best=0, left_out=table.left_out, aside=table.aside, remark=remark
        )
    judge = _Judge(table)
    full = judge.divergences(np.arange(n), table.losses)
    rng = np.random.default_rng(seed)
    errors = judge.errors(replicates, rng)
    chance = judge.chance(rng) if replicates else None
    shares = _shares(full)
    found = [
        ParamImportance(
            name=column.name,
            importance=float(shares[j]),
            low=max(0.0, float(shares[j] - 1.64 * errors[j])),
            high=min(1.0, float(shares[j] + 1.64 * errors[j])),
            is_clear=bool(chance[j]) if chance is not None else False,
            missing=column.missing,
        )
        for j, column in enumerate(table.columns)
    ]
    found.sort(key=lambda p: (-p.importance, p.name))
    return Importance(
        params=found,
        runs=n,
        best=judge.best(n),
        left_out=table.left_out,
        aside=table.aside,
    )


class _Judge:
    """Runs Optuna's evaluator on parts of a table."""

    def __init__(self, table: Observations) -> None:
        self.table = table
        self.names = [column.name for column in table.columns]
        self.trials = _trials(table)

    @staticmethod
    def quantile(n: int) -> float:
        """Return the share of runs that count as the best: a tenth, and 5 runs at least."""
        return min(0.5, max(0.1, _BEST_MIN / n))

    @classmethod
    def best(cls, n: int) -> int:
        return math.ceil(cls.quantile(n) * n)

    def divergences(
        self, rows: NDArray[np.int64], losses: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the divergence of each param, shape (params,).

        Args:
            rows: which runs, shape (runs,).
            losses: their values, less is better, shape (runs,).
        """
        import optuna
        from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
        from optuna.study import StudyDirection

        from peira.sweeps.memory import MemoryStorage

        trials = [self.trials[i] for i in rows]
        for trial, loss in zip(trials, losses, strict=True):
            trial.values = [float(loss)]
        storage = MemoryStorage("importance", [StudyDirection.MINIMIZE])
        for trial in trials:
            storage.put(trial)
        study = optuna.load_study(study_name="importance", storage=storage)
        names = [name for name in self.names if any(name in t.params for t in trials)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # few runs in a regime: the error bars say it
            found = get_param_importances(
                study,
                evaluator=PedAnovaImportanceEvaluator(target_quantile=self.quantile(len(rows))),
                params=names,
                normalize=False,
            )
        return np.array([found.get(name, 0.0) for name in self.names])

    def errors(self, replicates: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return the standard error of each share, shape (params,)."""
        n = len(self.table)
        if not replicates:
            return np.zeros(len(self.names))
        kept = min(max(n // 2, RUNS_MIN - 2), _THINNED_MAX)
        shares = []
        for _ in range(replicates):
            rows = rng.choice(n, kept, replace=False)
            shares.append(_shares(self.divergences(rows, self.table.losses[rows])))
        return np.asarray(np.std(shares, axis=0) * math.sqrt(kept / (n - kept)))

    def chance(self, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Return whether the divergence of each param is above all of those of shuffled values."""
        n = len(self.table)
        rows = np.arange(n) if n <= _SAMPLE_MAX else rng.choice(n, _SAMPLE_MAX, replace=False)
        losses = self.table.losses[rows]
        real = self.divergences(rows, losses)
        shuffled = [self.divergences(rows, rng.permutation(losses)) for _ in range(_SHUFFLES)]
        return np.asarray(real > np.max(shuffled, axis=0))


def _shares(divergences: NDArray[np.float64]) -> NDArray[np.float64]:
    total = divergences.sum()
    if total == 0:
        return np.full(len(divergences), 1 / len(divergences))
    return np.asarray(divergences / total)


def _trials(table: Observations) -> list[FrozenTrial]:
    from optuna.trial import FrozenTrial, TrialState

    distributions = {
        column.name: _quickly_hashed(column.domain.distribution()) for column in table.columns
    }
    return [
        FrozenTrial(
            number=i,
            state=TrialState.COMPLETE,
            value=float(table.losses[i]),
            datetime_start=None,
            datetime_complete=None,
            params=(row := {c.name: c.values[i] for c in table.columns if c.values[i] is not None}),
            distributions={name: distributions[name] for name in row},
            user_attrs={},
            system_attrs={},
            intermediate_values={},
            trial_id=i,
        )
        for i in range(len(table))
    ]


def _quickly_hashed(distribution: BaseDistribution) -> BaseDistribution:
    """Return the distribution with its hash computed once: Optuna groups the trials by their
    distributions, and would compute it for each trial and param anew.
    """
    base = type(distribution)
    value = hash(distribution)
    distribution.__class__ = type(base.__name__, (base,), {"__hash__": lambda self: value})
    return distribution
