"""`peira.sweep`: a search over the params of a Python function.

result = peira.sweep(train, {"lr": "log(1e-4, 1e-1)"}, minimize="val/loss", trials=20)
result.best_params, result.best_value
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial, update_wrapper
from typing import Any, TypedDict, Unpack, overload

from peira.core.errors import UsageError
from peira.core.settings import read_settings
from peira.objective import LOADING, FunctionExecution, Loaded, Objective, call_of, place_of
from peira.record.folder import find_lab
from peira.record.inputs import tag_list
from peira.sweeps.definition import Function, Method, read_duration, read_method
from peira.sweeps.definition import Objective as Metric
from peira.sweeps.domain import Value, python_value
from peira.sweeps.folder import SweepFolder, find_sweep
from peira.sweeps.ledger import Ledger
from peira.sweeps.plan import Plan, begin
from peira.sweeps.progress import Progress, params_text, value_text
from peira.sweeps.reading import Best, SweepReading, TrialColumns, reading_of
from peira.sweeps.space import Space
from peira.sweeps.worker import Worker, stay


class SweepOptions(TypedDict, total=False):
    """Options of `sweep` besides what it searches."""

    sampler: str
    prune: str
    budget: float | str
    where: str | Sequence[str]
    first: Iterable[Mapping[str, Value]]
    warm: str
    seed: int
    reuse: bool
    name: str
    project: str
    why: str
    group: str
    tags: str | Iterable[str]
    lab: str | os.PathLike[str]
    resume: str


class SweepResult:
    """What a sweep has found.

    >>> result.best_params                                                    # doctest: +SKIP
    {'lr': 0.012, 'kernel_size': 5}
    """

    def __init__(self, reading: SweepReading, folder: SweepFolder) -> None:
        self.reading = reading
        self.folder = folder.path
        self.id, self.name = reading.definition.id, reading.definition.name

    @property
    def trials(self) -> TrialColumns:
        """The trials in columns; `.rows()` gives a document each."""
        return self.reading.trials

    @property
    def best(self) -> Best:
        """The best trial: its `trial` number, `values`, `params` and `run`.

        Raises:
            UsageError: no trial has a value, or several objectives have no single best.
        """
        if self.reading.definition.is_several:
            metrics = ", ".join(o.metric for o in self.reading.definition.objectives)
            raise UsageError(
                f"{self.name} has several objectives ({metrics}), so no single trial is the best.",
                hint="result.front has the trials that no other beats in all of them.",
            )
        best = self.reading.row.best
        if best is None:
            raise UsageError(
                f"No trial of {self.name} has a value.", hint=f"peira sweep show {self.name}"
            )
        return best

    @property
    def front(self) -> list[Best]:
        """With several objectives: the trials that no other beats in all of them, by the first
        objective; none while no trial has values. With one objective: the best trial.
        """
        return self.reading.row.front if self.reading.definition.is_several else [self.best]

    @property
    def best_params(self) -> dict[str, Value]:
        """The params of the best trial."""
        return self.best.params

    @property
    def best_value(self) -> float:
        """The value of the best trial."""
        return self.best.values[0]

    def __len__(self) -> int:
        return len(self.trials)

    def to_pandas(self) -> Any:
        """Return the trials as a pandas frame: number, state, values, params, times.

        Raises:
            UnsupportedError: pandas is not installed.
        """
        from peira.lab.frames import to_pandas

        columns = self.trials
        objectives = self.reading.definition.objectives
        data: dict[str, Any] = {"trial": columns.number, "state": columns.state}
        data |= {o.text: v for o, v in zip(objectives, columns.values, strict=True)}
        data |= {f"params.{name}": values for name, values in columns.params.items()}
        data |= {"run": columns.run, "objective_s": columns.objective_s}
        return to_pandas(data)

    def __repr__(self) -> str:
        row = self.reading.row
        best = ""
        if row.front:
            best = f", {len(row.front)} on the front"
        elif row.best is not None:
            told = value_text(self.reading.definition, row.best.values)
            best = f", best {told} at {params_text(row.best.params)}"
        return f"<Sweep {self.name}: {row.done} trials{best}>"


class SweptFunction:
    """A function with a sweep over its params, made by `@peira.sweep(...)`. Calling it calls the
    function; `sweep()` searches.
    """

    is_swept = True

    def __init__(self, objective: Objective, asked: dict[str, Any]) -> None:
        self.objective = objective
        self._asked = asked
        update_wrapper(self, objective)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.objective(*args, **kwargs)

    def sweep(self, **other: Any) -> SweepResult:
        """Search, with other options where given; see `peira.sweep`."""
        return sweep(self.objective, **{**self._asked, **other})


@overload
def sweep(
    objective: Objective,
    space: Mapping[str, Any] | Sequence[str] | Space | None = None,
    *,
    minimize: str | Sequence[str] = (),
    maximize: str | Sequence[str] = (),
    trials: int | None = None,
    jobs: int = 1,
    **options: Unpack[SweepOptions],
) -> SweepResult:
    """Search."""


@overload
def sweep(
    objective: None = None,
    space: Mapping[str, Any] | Sequence[str] | Space | None = None,
    *,
    minimize: str | Sequence[str] = (),
    maximize: str | Sequence[str] = (),
    trials: int | None = None,
    jobs: int = 1,
    **options: Unpack[SweepOptions],
) -> partial[SweptFunction]:
    """Return a decorator."""


def sweep(
    objective: Objective | None = None,
    space: Mapping[str, Any] | Sequence[str] | Space | None = None,
    *,
    minimize: str | Sequence[str] = (),
    maximize: str | Sequence[str] = (),
    trials: int | None = None,
    jobs: int = 1,
    **options: Unpack[SweepOptions],
) -> SweepResult | partial[SweptFunction]:
    """Search the params with which a function does best; each trial is a run.

    With `jobs=1` trials run here, one after the other. With more each worker is a process: one
    that finds the function by its module or file, else a fork of this one. A sweep that was
    interrupted goes on with `resume`, or by `peira sweep resume`. Without `objective` it returns a
    decorator.

    Args:
        objective: called with a trial, or with params by their names (see `peira.objective`). What
            it returns is the value; else what it logs of the metric.
        space: name -> `"log(1e-4, 1e-1)"`, a list of choices, a constant, or one of Optuna's
            distributions; or the words of a command line.
        minimize, maximize: the metric; several are several objectives.
        trials: how many; may be left out with a `budget`, or with a grid.
        options: `sampler` (tpe, random, grid, qmc, gp, cmaes, nsga2; `"tpe:multivariate=true"`),
            `prune` (asha, hyperband, median), `budget` (seconds, or "30m"), `where` (constraints),
            `first` (params of the first trials), `warm` (a query: earlier runs to start from),
            `seed`, `reuse` (take the results of earlier trials of the same), `name`, `project`,
            `why`, `group`, `tags`, `lab`, `resume` (a sweep to go on with).

    Raises:
        UsageError: it is not clear what to search, or it cannot be searched.

    >>> import peira
    >>> result = peira.sweep(lambda trial: trial["x"] ** 2, {"x": "float(-1, 1)"},
    ...                      minimize="y", trials=20)                         # doctest: +SKIP
    """
    if LOADING:
        raise Loaded
    _refuse_unknown(options)
    if objective is None:
        asked = {
            "space": space, "minimize": minimize, "maximize": maximize, "trials": trials,
            "jobs": jobs, **options,
        }  # fmt: skip
        return partial(SweptFunction, asked=asked)
    if not callable(objective):
        raise UsageError(
            f"The objective is no function but {type(objective).__name__}.",
            hint="peira.sweep(train, {'lr': 'log(1e-4,1e-1)'}, minimize='loss', trials=20)",
        )
    if jobs < 1:
        raise UsageError(f"{jobs} jobs cannot work.", hint="jobs=1 runs the trials here.")
    settings = read_settings()
    lab = find_lab(None, os.fspath(options.get("lab") or "") or settings.lab)
    place = place_of(objective)
    resumed = options.get("resume")
    if resumed:
        folder = find_sweep(lab, resumed)
        _go_on(folder)
    else:
        plan = _plan(space, place, minimize, maximize, {**options, "trials": trials})
        call_of(objective, plan.space)
        folder = begin(lab, plan)
    progress = Progress(sys.stderr, is_quiet=settings.quiet)
    definition = folder.read()
    progress.tell(f"peira: sweep {definition.name} of {place.name}")
    execution = partial(FunctionExecution, objective, definition)
    ledger = _work(folder, execution, place, jobs, progress)
    reading = reading_of(ledger)
    result = SweepResult(reading, folder)
    progress.tell(f"peira: {repr(result)[1:-1]}. See it: peira sweep show {result.name}")
    return result


def _refuse_unknown(options: Mapping[str, object]) -> None:
    known = [*SweepOptions.__annotations__, "minimize", "maximize", "trials", "jobs", "space"]
    for name in options:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise UsageError(
                f"{name!r:.60} is no option of a sweep.",
                hint=f"Did you mean {near[0]}?" if near else f"Options: {', '.join(known)}.",
            )


def _work(
    folder: SweepFolder,
    execution: partial[FunctionExecution],
    place: Function,
    jobs: int,
    progress: Progress,
) -> Ledger:
    if jobs == 1:
        worker = Worker(folder, execution(), leave=stay)
        worker.on_end = lambda ended: progress.look(worker.ledger)
        worker.work()
        worker.ledger.catch_up()
        progress.finish(worker.ledger)
        return worker.ledger
    from peira.launch.worker import Slot
    from peira.sweeps.forks import ForkLauncher
    from peira.sweeps.launcher import Controller, LocalLauncher

    launcher = LocalLauncher() if place.place else ForkLauncher(execution)
    controller = Controller(
        folder, [Slot()] * jobs, look=progress.look, tell=progress.tell, launcher=launcher
    )
    ledger = controller.run()
    progress.finish(ledger)
    if controller.is_interrupted:
        raise KeyboardInterrupt
    return ledger


def _plan(
    space: Mapping[str, Any] | Sequence[str] | Space | None,
    place: Function,
    minimize: str | Sequence[str],
    maximize: str | Sequence[str],
    options: Mapping[str, Any],
) -> Plan:
    where = options.get("where", ())
    constraints = (where,) if isinstance(where, str) else tuple(where)
    budget = options.get("budget")
    return Plan(
        space=read_space(space, constraints),
        objectives=read_objectives(minimize, maximize),
        function=place,
        project=options.get("project"),
        name=options.get("name"),
        why=options.get("why"),
        group=options.get("group"),
        tags=tuple(tag_list(options.get("tags", ()))),
        sampler=read_method(options.get("sampler", "tpe")),
        pruner=read_method(options["prune"]) if options.get("prune") else Method(name="none"),
        seed=options.get("seed"),
        reuse=bool(options.get("reuse")),
        trials=options.get("trials"),
        budget_s=read_duration(budget) if isinstance(budget, str) else budget,
        first=tuple(
            {name: python_value(value) for name, value in given.items()}
            for given in options.get("first", ())
        ),
        warm=options.get("warm"),
    )


def read_space(
    space: Mapping[str, Any] | Sequence[str] | Space | None, where: tuple[str, ...]
) -> Space:
    """Return the space that was given in one of its forms."""
    if isinstance(space, Space):
        return Space(params=space.params, where=(*space.where, *where))
    if isinstance(space, Mapping):
        return Space.of(space, where)
    words = [space] if isinstance(space, str) else list(space or ())
    return Space.parse(words, where)


def read_objectives(
    minimize: str | Sequence[str], maximize: str | Sequence[str]
) -> tuple[Metric, ...]:
    """Return the objectives: those to minimise first."""
    less = [minimize] if isinstance(minimize, str) else list(minimize)
    more = [maximize] if isinstance(maximize, str) else list(maximize)
    return (
        *(Metric.of(text, "minimize") for text in less if text),
        *(Metric.of(text, "maximize") for text in more if text),
    )


def _go_on(folder: SweepFolder) -> None:
    from peira.sweeps.decisions import go_on

    ledger = Ledger(folder)
    ledger.catch_up()
    go_on(ledger)
