"""Code that was written for Hyperopt, run as a sweep: change one import.

    from hyperopt import hp, tpe, STATUS_OK
    from peira.hyperopt import fmin                    # instead of hyperopt's

    best = fmin(train, {"lr": hp.loguniform("lr", -9, -2)}, algo=tpe.suggest, max_evals=50)

The space and the objective stay as they are; the search is Peira's, by Optuna's samplers, and each
evaluation is a run.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from peira.core.errors import UsageError
from peira.current import current_run
from peira.sweeping import SweepOptions, sweep
from peira.sweeps.domain import Value
from peira.sweeps.hyperopt_space import HyperoptSpace

__all__ = ["fmin"]

LOSS = "loss"
_OF_DISPLAY = ("show_progressbar", "verbose", "max_queue_len", "allow_trials_fmin")
"""Options of `hyperopt.fmin` that change nothing of what is found."""
_SAMPLERS = {"tpe": "tpe", "rand": "random", "random": "random"}


class FailedError(Exception):
    """The objective said `STATUS_FAIL`."""


def fmin(
    fn: Callable[[Any], Any],
    space: Any,
    algo: Any = None,
    max_evals: int | None = None,
    timeout: float | None = None,
    *,
    trials: Any = None,
    jobs: int = 1,
    **options: Any,
) -> dict[str, Any]:
    """Minimise `fn` over a space of Hyperopt, as `hyperopt.fmin` does; each evaluation is a run.

    Args:
        fn: returns a loss, or a dictionary with `loss` and `status`; it is logged.
        space: made of `hp.…`.
        algo: `tpe.suggest` or `rand.suggest`; TPE, also where it is another.
        max_evals: how many evaluations.
        timeout: for how many seconds new ones are begun.
        trials: a `hyperopt.Trials` to fill with the results.
        jobs: so many at once; forks of this process when more than one.
        options: those of `peira.sweep`: `name`, `project`, `why`, `seed`, `tags`, …; and of
            Hyperopt's own `rstate` (a generator, or a number), and what is about its display.

    Returns:
        the best point, label -> value, the number of the option for `hp.choice`: what
        `hyperopt.space_eval(space, best)` takes.

    Raises:
        UsageError: the space cannot be searched, or no evaluation gave a loss.

    >>> from hyperopt import hp                                               # doctest: +SKIP
    >>> fmin(lambda x: x ** 2, hp.uniform("x", -1, 1), max_evals=20)          # doctest: +SKIP
    {'x': 0.01}
    """
    read = HyperoptSpace(space)

    def objective(params: dict[str, Value]) -> float:
        return _loss(fn(read.build(params)))

    rstate = options.pop("rstate", None)
    if rstate is not None:
        options.setdefault("seed", _seed(rstate))
    for name in _OF_DISPLAY:
        options.pop(name, None)
    asked: SweepOptions = {"sampler": _sampler(algo), **options}  # type: ignore[typeddict-item]
    if timeout is not None:
        asked["budget"] = timeout
    found = sweep(objective, read.space, minimize=LOSS, trials=max_evals, jobs=jobs, **asked)
    if trials is not None:
        _fill(trials, found, read)
    return read.point(found.best_params)


def _loss(result: Any) -> float:
    if not isinstance(result, dict):
        return float(result)
    status = result.get("status", "ok")
    if status != "ok":
        raise FailedError(str(result.get("error") or f"the objective said {status}"))
    if "loss" not in result:
        raise UsageError("The objective returned a dictionary without `loss`.")
    run = current_run()
    others = {
        name: value
        for name, value in result.items()
        if name != LOSS and isinstance(value, int | float) and not isinstance(value, bool)
    }
    if run is not None and others:
        run.log(others)
    return float(result["loss"])


def _seed(rstate: Any) -> int:
    """Return the seed that a generator of NumPy draws, or the number itself."""
    draw = getattr(rstate, "integers", None) or getattr(rstate, "randint", None)
    return int(rstate if draw is None else draw(2**31 - 1))


def _sampler(algo: Any) -> str:
    if algo is None:
        return "tpe"
    function = getattr(algo, "func", algo)  # functools.partial(tpe.suggest, …)
    module = str(getattr(function, "__module__", "")).rpartition(".")[2]
    if module not in _SAMPLERS:
        warnings.warn(f"peira: {module or algo!r} is not known; TPE searches", stacklevel=3)
    return _SAMPLERS.get(module, "tpe")


def _fill(trials: Any, found: Any, read: HyperoptSpace) -> None:
    """Put the trials of a sweep into a `hyperopt.Trials`."""
    rows = found.trials.rows()
    documents = []
    for tid, row in zip(trials.new_trial_ids(len(rows)), rows, strict=True):
        point = read.point(row["params"])
        value = row["values"][0]
        is_ok = value is not None and math.isfinite(value)
        result = {"loss": value, "status": "ok"} if is_ok else {"status": "fail"}
        misc = {
            "tid": tid,
            "cmd": ("domain_attachment", "FMinIter_Domain"),
            "workdir": None,
            "idxs": {label: [tid] if label in point else [] for label in read.space.names},
            "vals": {label: [point[label]] if label in point else [] for label in read.space.names},
        }
        documents += trials.new_trial_docs([tid], [None], [result], [misc])
        documents[-1]["state"] = 2  # JOB_STATE_DONE
    trials.insert_trial_docs(documents)
    trials.refresh()
