"""A Python function as the objective of a sweep: found by its name, called with the params of a
trial, recorded as a run.

    def train(trial):                 one argument: the trial itself, trial["lr"], trial.report(…)
    def train(lr, kernel_size):       the params by their names; `trial` and `run` by these names
    def train(params):                `params` or `config`: all of them in a dict

It returns the value of the objective (a number; several in a tuple or by metric), or logs it.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from peira.capture import Surroundings
from peira.core.clock import now_s
from peira.core.errors import UsageError
from peira.core.values import flatten, metric_value, param_value
from peira.record import events
from peira.run import Run, begin_run
from peira.session import Request
from peira.sweeps.definition import Definition, Function
from peira.sweeps.domain import Value
from peira.sweeps.measured import judged, summed_up
from peira.sweeps.space import Space
from peira.sweeps.task import Outcome, Task

if TYPE_CHECKING:
    from peira.sweeps.earlier import EarlierTrials

Objective = Callable[..., Any]
PRUNED = "pruned"


class Pruned(Exception):  # noqa: N818 - it is no error: what an objective raises to end early
    """Raise it in an objective to give a trial up, when `trial.should_prune()` says so."""


class Loaded(BaseException):
    """Ends the loading of a file at the call of `peira.sweep` in it: what stands above is there."""


class Trial(Mapping[str, Value]):
    """A trial, as an objective sees it: its params by name, its run, and the pruner.

    >>> def train(trial):
    ...     for step in range(10):
    ...         trial.report(loss := trial["lr"] ** 2, step)
    ...     return loss
    """

    def __init__(self, task: Task, run: Run) -> None:
        self._task = task
        self.number = task.number
        self.params = dict(task.params)
        self.user_attrs: dict[str, Any] = {}
        self.run = run

    def __getitem__(self, name: str) -> Value:
        return self.params[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.params)

    def __len__(self) -> int:
        return len(self.params)

    def __repr__(self) -> str:
        return f"<Trial {self.number} {self.params}>"

    def report(self, value: float, step: int) -> None:
        """Tell the value of the objective at a step, for the pruner; it is logged, too."""
        self.run.log({self._task.definition.objective.metric: value}, step)

    def should_prune(self) -> bool:
        """Whether to give the trial up: then raise `peira.Pruned`."""
        return self._task.should_prune()

    # As Optuna's trial, so that its objectives run unchanged. What is searched says the sweep.

    def suggest_float(self, name: str, *_range: Any, **_options: Any) -> float:
        """Return the param; its range is the sweep's."""
        return float(self._drawn(name))

    def suggest_int(self, name: str, *_range: Any, **_options: Any) -> int:
        """Return the param; its range is the sweep's."""
        return int(self._drawn(name))

    def suggest_categorical(self, name: str, choices: Sequence[Any] = ()) -> Value:
        """Return the param; its choices are the sweep's."""
        value: Value = self._drawn(name)
        return value

    def set_user_attr(self, key: str, value: Any) -> None:
        """Keep a fact with the trial's run, where those of imported trials are."""
        self.user_attrs[key] = value
        told = param_value({"user_attrs": self.user_attrs})
        self.run._record(events.Captured(time=now_s(), aspect="search", value=told))

    def _drawn(self, name: str) -> Any:
        if name not in self.params:
            raise UsageError(
                f"The trial has no param {name!r:.60}.",
                hint=f"The space of the sweep has {', '.join(self.params)}.",
            )
        return self.params[name]


class FunctionExecution:
    """Runs the trials of a sweep in this process."""

    def __init__(self, objective: Objective, definition: Definition) -> None:
        self._objective = objective
        self._surroundings: Surroundings | None = None
        self._earlier: EarlierTrials | None = None
        self._call = call_of(objective, definition.space)

    def run(self, task: Task) -> Outcome:
        """Run a trial to its end."""
        definition = task.definition
        reused = self._find_earlier(task) if definition.reuse else None
        if reused is not None:
            return reused
        run = begin_run(
            Request(
                project=definition.project,
                name=task.run_name,
                why=definition.why,
                group=definition.group or definition.name,
                lab=task.folder.lab,
                sweep=definition.id,
                trial=task.number,
                is_quiet=True,
                is_waited=False,
                surroundings=self._surroundings,
            ),
            task.params,
            definition.tags,
            is_strict=False,
        )
        run.is_trial = True
        self._share(run)
        if run.id:
            task.begun(run.id)
        seen = _Seen(task, run, is_pruning=task.is_pruning and not self._call.takes_trial)
        started = time.perf_counter()
        try:
            with run:
                try:
                    value = self._call(Trial(task, run))
                except Exception as error:
                    if not _is_pruned(error):
                        raise
                    run.tags.add(PRUNED)
                    run.finish("killed")
                    took_s = time.perf_counter() - started
                    return Outcome(
                        state="pruned", run=run.id or None, objective_s=took_s, reason="the pruner"
                    )
                took_s = time.perf_counter() - started
                outcome = seen.outcome(value, took_s)
                task.valued(outcome.values)
                return outcome
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a trial does not end its sweep
            return Outcome(
                state="failed",
                run=run.id or None,
                objective_s=time.perf_counter() - started,
                reason=f"{type(error).__name__}: {error}"[:300],
            )

    def close(self) -> None:
        """Nothing has to be let go."""

    def _find_earlier(self, task: Task) -> Outcome | None:
        if self._earlier is None:
            from peira.sweeps.earlier import EarlierTrials

            self._earlier = EarlierTrials(task.folder.lab, task.definition)
        return self._earlier.find(task.params)

    def _share(self, run: Run) -> None:
        """Collect what surrounds this process once for all its trials."""
        if self._surroundings is None and run.surroundings is not None:
            self._surroundings = run.surroundings.share()


def call_of(objective: Objective, space: Space) -> calling:
    """Return what calls an objective with the params of a trial.

    Raises:
        UsageError: it asks for what no trial has, or not each.
    """
    call = calling(objective, space.names)
    for param in space.params:
        if param.when and param.name in call.needed:
            name = _name(objective)
            raise UsageError(
                f"{name} asks for {param.name}, which a trial has only if {param.when}.",
                hint=f"Give it a default: def {name}({param.name}=None).",
            )
    return call


class calling:  # noqa: N801 - reads as a function, and is one that knows how it calls
    """Calls an objective with what its parameters ask for.

    Raises:
        UsageError: it asks for what no trial has.
    """

    def __init__(self, objective: Objective, names: Sequence[str]) -> None:
        self._objective = objective
        try:
            parameters = list(inspect.signature(objective).parameters.values())
        except (TypeError, ValueError):  # a function of C: it gets the trial
            parameters = []
        kinds = inspect.Parameter
        named = [p for p in parameters if p.kind not in (kinds.VAR_KEYWORD, kinds.VAR_POSITIONAL)]
        self._takes_all = any(p.kind is kinds.VAR_KEYWORD for p in parameters)
        needed = [p.name for p in named if p.default is kinds.empty]
        known = {*names, "trial", "run", "params", "config"}
        unknown = [name for name in needed if name not in known]
        self._is_lone = (bool(unknown) and len(needed) == 1) or not parameters
        if unknown and not self._is_lone:
            raise UsageError(
                f"{_name(objective)} asks for {', '.join(unknown)}, which no trial has.",
                hint=f"A trial has {', '.join(names)}; `trial` is the trial itself.",
            )
        self.needed = set() if self._is_lone else set(needed)
        self._wanted = {p.name for p in named}
        self.takes_trial = self._is_lone or "trial" in self._wanted

    def __call__(self, trial: Trial) -> Any:
        if self._is_lone:
            return self._objective(trial)
        offered: dict[str, Any] = {
            "trial": trial, "run": trial.run, "params": dict(trial.params),
            "config": dict(trial.params), **trial.params,
        }  # fmt: skip
        if self._takes_all:
            return self._objective(
                **trial.params, **{n: offered[n] for n in self._wanted - trial.params.keys()
                                   if n in offered}
            )  # fmt: skip
        return self._objective(**{n: offered[n] for n in self._wanted if n in offered})


class _Seen:
    """What an objective logs of its metrics, seen on the way into the run."""

    def __init__(self, task: Task, run: Run, *, is_pruning: bool) -> None:
        self._task, self._run = task, run
        self._is_pruning = is_pruning
        """Whether the objective cannot ask itself, so that a log ends it."""
        self._values: dict[str, list[float]] = {o.metric: [] for o in task.definition.objectives}
        self._log = run.log
        run.log = self.log  # type: ignore[method-assign]

    def log(self, values: Mapping[str, Any], step: int | None = None) -> None:
        """Stands in for `Run.log`."""
        self._log(values, step)
        known = self._values
        for key, value in flatten(values, lambda _key, _reason: None):
            if key not in known:
                continue
            try:
                number = metric_value(value)[0]
            except (TypeError, ValueError):
                continue
            known[key].append(number)
            if key == self._task.definition.objective.metric and self._task.is_pruning:
                self._task.report(len(known[key]) - 1 if step is None else int(step), number)
                if self._is_pruning and self._task.should_prune():
                    raise Pruned

    def outcome(self, returned: Any, took_s: float) -> Outcome:
        """Return the outcome of an objective that has returned."""
        objectives = self._task.definition.objectives
        run = self._run.id or None
        told = self._returned(returned)
        found: list[float | None] = []
        for objective in objectives:
            metric = objective.metric
            if metric in told and not self._values[metric]:
                self._log({metric: told[metric]})
            found.append(
                told[metric] if metric in told else summed_up(self._values[metric], objective)
            )
        missing = [o.metric for o, v in zip(objectives, found, strict=True) if v is None]
        if missing:
            reason = f"it neither returned nor logged {' and '.join(missing)}"
            if isinstance(returned, Mapping):
                reason += (
                    f"; it returned {', '.join(map(str, list(returned)[:8])) or 'an empty dict'}"
                )
            raise UsageError(reason)
        return judged([value for value in found if value is not None], run, took_s)

    def _returned(self, returned: Any) -> dict[str, float]:
        names = list(dict.fromkeys(o.metric for o in self._task.definition.objectives))
        if returned is None:
            return {}
        if isinstance(returned, Mapping):
            told = dict(flatten(returned, lambda _key, _reason: None))
            return {n: metric_value(told[n])[0] for n in names if n in told}
        values = returned if isinstance(returned, tuple | list) else [returned]
        if len(values) != len(names):
            raise UsageError(
                f"it returned {len(values)} values; the sweep has {len(names)} objectives"
            )
        return {n: metric_value(value)[0] for n, value in zip(names, values, strict=True)}


def _is_pruned(error: Exception) -> bool:
    if isinstance(error, Pruned):
        return True
    optuna = sys.modules.get("optuna")
    return optuna is not None and isinstance(error, optuna.TrialPruned)


# Finding a function again, in another process.

LOADING: set[str] = set()
"""The sweep whose objective this process loads, if it is a worker."""


def place_of(objective: Objective) -> Function:
    """Return where a function is found again. `place` is empty when it is not: a closure, a method
    of an object, a function of a notebook.
    """
    directory = os.getcwd()  # noqa: PTH109 - as it is, links not followed
    path = tuple(p or directory for p in sys.path if not p or Path(p).is_dir())
    name = _name(objective)
    own = getattr(objective, "__qualname__", "")
    module = getattr(objective, "__module__", "")
    place = ""
    if own and "<" not in own and module:
        main = sys.modules.get("__main__")
        file = getattr(main, "__file__", None)
        if module == "__main__" and file and Path(file).is_file():
            place = f"{Path(file).resolve()}:{own}"
        elif module != "__main__":
            place = f"{module}:{own}"
    return Function(place=place, directory=directory, path=path, name=name)


def load(function: Function) -> Objective:
    """Return the function of a sweep.

    Raises:
        UsageError: it is not found.
    """
    module_name, _, name = function.place.rpartition(":")
    for entry in reversed((function.directory, *function.path)):
        if entry not in sys.path:
            sys.path.insert(0, entry)
    module = _load_file(Path(module_name)) if module_name.endswith(".py") else _import(module_name)
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if getattr(found, "is_swept", False):
        found = found.objective
    if not callable(found):
        raise UsageError(f"There is no function {name} in {module_name}.")
    objective: Objective = found
    return objective


def read_place(text: str, directory: Path) -> Function | None:
    """Return the function that a word of a command line names (`train.py:objective`,
    `pkg.train:objective`); None when it names none.
    """
    module, colon, name = text.rpartition(":")
    if not colon or not all(part.isidentifier() for part in name.split(".")):
        return None
    if module.endswith(".py"):
        path = (directory / module).resolve()
        if not path.is_file():
            raise UsageError(f"There is no file {module!r} in {directory}.")
        place = f"{path}:{name}"
        return Function(place=place, directory=str(directory), path=(str(path.parent),), name=name)
    if not module or not all(part.isidentifier() for part in module.split(".")):
        return None
    return Function(place=text, directory=str(directory), path=(str(directory),), name=name)


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UsageError(f"The module {name} cannot be imported: {error}") from error
    except Loaded:
        return sys.modules[name]


def _load_file(path: Path) -> ModuleType:
    """Run a file as a module that is not the main program, up to a call of `peira.sweep` in it."""
    spec = importlib.util.spec_from_file_location("__peira_objective__", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise UsageError(f"There is no file {path}.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    except Loaded:
        pass
    return module


def _name(objective: Objective) -> str:
    return getattr(objective, "__name__", type(objective).__name__)
