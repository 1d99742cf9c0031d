"""The samplers and pruners by name. All of them are Optuna's.

Every draw of a trial gets a sampler of its own, seeded by the sweep's seed and the trial's number:
what is drawn depends on these and on what is known of the other trials, not on which worker draws,
nor on how often a sweep was stopped and resumed.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    SuccessiveHalvingPruner,
)
from optuna.samplers import (
    BaseSampler,
    BruteForceSampler,
    CmaEsSampler,
    GPSampler,
    NSGAIISampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)
from optuna.study import Study
from optuna.trial import FrozenTrial

from peira.core.errors import UnsupportedError, UsageError
from peira.sweeps.definition import Definition, Method

PROPOSALS_MAX = 20
"""So many draws of a trial a constraint may refuse; after them it is drawn at random."""
_SAMPLERS: dict[str, type[BaseSampler]] = {
    "tpe": TPESampler,
    "gp": GPSampler,
    "random": RandomSampler,
    "grid": RandomSampler,  # never asked: a grid has its own order
    "qmc": QMCSampler,
    "cmaes": CmaEsSampler,
    "nsga2": NSGAIISampler,
    "brute": BruteForceSampler,
}
_PRUNERS: dict[str, type[BasePruner]] = {
    "none": NopPruner,
    "asha": SuccessiveHalvingPruner,
    "hyperband": HyperbandPruner,
    "median": MedianPruner,
}
_NEEDS = {"gp": ("torch", "scipy"), "cmaes": ("cmaes",), "qmc": ("scipy",)}


class _QmcByNumber(QMCSampler):
    """Takes the point of the trial's number, and searches all of the space from the first trial."""

    def __init__(self, number: int, space: dict[str, BaseDistribution], **options: Any) -> None:
        super().__init__(**options)
        self._number = number
        self._space = space

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._space

    def _find_sample_id(self, study: Study, search_space: dict[str, BaseDistribution]) -> int:
        return self._number


def seed_of(seed: int, number: int, redraw: int = 0) -> int:
    """Return the seed of a draw: 32 bits that the sweep's seed and the trial's number determine."""
    text = f"{seed}/{number}/{redraw}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), "big")


def make_sampler(definition: Definition, number: int, redraw: int = 0) -> BaseSampler:
    """Return the sampler that draws a trial.

    Args:
        redraw: how many draws of this trial were refused by a constraint.

    Raises:
        UnsupportedError: a library that it needs is missing.
        UsageError: it has no such option.
    """
    method = definition.sampler
    kind: Callable[..., BaseSampler] = _SAMPLERS[method.name]
    options = dict(method.options)
    seed = seed_of(definition.seed, number, redraw)
    # The point of a number is one; and what a sampler has learnt may lie where a constraint
    # forbids. Then it is a random one.
    if redraw >= (1 if method.name == "qmc" else PROPOSALS_MAX):
        return RandomSampler(seed=seed)
    if method.name == "tpe":
        options.setdefault("constant_liar", True)  # others run at the same time
    if kind is QMCSampler:
        options = {"seed": seed_of(definition.seed, -1), "scramble": True} | options
        options["warn_independent_sampling"] = False
        # Params with conditions are no part of the sequence, whose seed is the same in all trials.
        options.setdefault("independent_sampler", RandomSampler(seed=seed))
        space = definition.space.distributions({})
        by_number = partial(_QmcByNumber, number, space)
        made: BaseSampler = _made(method, partial(by_number, **options))
        return made
    if kind is CmaEsSampler:
        options.setdefault("warn_independent_sampling", False)
    sampler: BaseSampler = _made(method, lambda: kind(seed=seed, **options))
    return sampler


def make_pruner(method: Method) -> BasePruner:
    """Return the pruner of a sweep.

    Raises:
        UsageError: it has no such option.
    """
    made: BasePruner = _made(method, lambda: _PRUNERS[method.name](**method.options))
    return made


def check_methods(definition: Definition) -> None:
    """Raise what stands against the sampler and the pruner of a sweep, before it begins."""
    missing = [name for name in _NEEDS.get(definition.sampler.name, ()) if not _is_there(name)]
    if missing:
        raise UnsupportedError(
            f"The sampler {definition.sampler.name} needs {' and '.join(missing)}.",
            hint=f"pip install {' '.join(missing)}",
        )
    make_sampler(definition, 0)
    make_pruner(definition.pruner)


def _is_there(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None


def _made(method: Method, make: Callable[[], Any]) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            warnings.simplefilter("ignore", FutureWarning)  # options that are on their way out
            return make()
    except ImportError as error:
        raise UnsupportedError(f"{method.name} cannot be used: {error!s:.300}") from error
    except (TypeError, ValueError) as error:
        raise UsageError(f"{method.text} cannot be used: {error!s:.300}") from error
