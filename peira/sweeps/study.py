"""An Optuna study in memory, kept up with the files of a sweep: what draws and what prunes."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler
from optuna.study import Study as OptunaStudy
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from peira.core.errors import UsageError
from peira.sweeps.domain import Constant, Value
from peira.sweeps.ledger import Attempt, Ledger
from peira.sweeps.memory import MemoryStorage
from peira.sweeps.methods import make_pruner, make_sampler
from peira.sweeps.records import Source

REDRAWS_MAX = 1_000
_STATES = {
    "running": TrialState.RUNNING,
    "complete": TrialState.COMPLETE,
    "reused": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
    "nan": TrialState.FAIL,
    "killed": TrialState.FAIL,
}


class Draw(NamedTuple):
    """The params of a trial, and how they came about."""

    params: dict[str, Value]
    source: Source
    attrs: dict[str, Any]
    """What the sampler keeps of the trial."""
    ask_s: float


class SweepStudy:
    """What one worker knows of a sweep, as Optuna sees it.

    Earlier runs that the sweep starts from come first: Optuna's number of a trial is the sweep's
    and theirs.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.definition = definition = ledger.definition
        kinds = {"minimize": StudyDirection.MINIMIZE, "maximize": StudyDirection.MAXIMIZE}
        directions = [kinds[objective.direction] for objective in definition.objectives]
        self._storage = MemoryStorage(str(definition.seed), directions)
        self._before = len(definition.warm)
        self._pruner = make_pruner(definition.pruner)
        self._study = self._study_with(make_sampler(definition, 0))
        self._distributions = {
            param.name: param.domain.distribution()
            for param in definition.space.params
            if not isinstance(param.domain, Constant)
        }
        for place, known in enumerate(definition.warm):
            self._storage.put(
                self._frozen(place, known.params, TrialState.COMPLETE, list(known.values))
            )
        self.keep_up(ledger.trials)

    def _study_with(self, sampler: BaseSampler) -> OptunaStudy:
        """Return a new study over the trials. Each draw takes one: Optuna's samplers look at the
        trials that a study found when it was first asked, until `Study.ask` is called, which counts
        the trials itself.
        """
        return OptunaStudy(
            study_name=str(self.definition.seed),  # by it Hyperband deals trials to brackets
            storage=self._storage,
            sampler=sampler,
            pruner=self._pruner,
        )

    def keep_up(self, changed: Iterable[int]) -> None:
        """Take in what the ledger has learnt of some trials."""
        for number in changed:
            self._storage.put(self._trial(number))

    def draw(self, number: int) -> Draw:
        """Return the params of a trial that is to be run.

        Raises:
            UsageError: no draw satisfies the constraints.
        """
        started = time.perf_counter()
        definition = self.definition
        if definition.sampler.name == "grid":
            given = definition.first
            if number < len(given):
                raise UsageError("A grid has an order of its own: leave the first trials out.")
            params = definition.space.grid(number)
            return Draw(params, "grid", {}, time.perf_counter() - started)
        fixed = definition.first[number] if number < len(definition.first) else {}
        for redraw in range(REDRAWS_MAX):
            kept = self._storage.get_study_system_attrs(0)
            params, attrs = self._ask(number, fixed, redraw)
            if self._storage.get_study_system_attrs(0) != kept:
                # NSGA-II chose the parents of a generation, and takes them in another order from
                # now on, as after a stop: what is drawn may not depend on who draws first.
                params, attrs = self._ask(number, fixed, redraw)
            if definition.space.allows(params):
                source: Source = "given" if fixed else "sampler"
                return Draw(params, source, attrs, time.perf_counter() - started)
        raise UsageError(
            f"{REDRAWS_MAX:,} draws of trial {number} were refused by "
            f"{' and '.join(definition.space.where)}.",
            hint="Perhaps no params satisfy it: change --where, or the ranges, so that more of the"
            " space is allowed.",
        )

    def _ask(
        self, number: int, fixed: dict[str, Value], redraw: int
    ) -> tuple[dict[str, Value], dict[str, Any]]:
        place = self._before + number
        self._storage.next_number = place
        study = self._study_with(make_sampler(self.definition, number, redraw))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            trial_id = self._storage.create_new_trial(0)
            if fixed:
                self._storage.set_trial_system_attr(trial_id, "fixed_params", fixed)
            from optuna.trial import Trial

            trial = Trial(study, trial_id)
            params = self.definition.space.suggest(trial)
        attrs = dict(self._storage.get_trial(place).system_attrs)
        attrs.pop("fixed_params", None)
        self._storage.drop(place)
        return params, attrs

    def report(self, number: int, step: int, value: float) -> None:
        """Tell a value of a running trial; the first one of a step stands."""
        place = self._before + number
        if place not in self._storage:
            self._storage.put(self._trial(number))
        values = self._storage.get_trial(place).intermediate_values
        values.setdefault(step, value)

    def should_prune(self, number: int) -> tuple[bool, dict[str, Any]]:
        """Return whether a running trial is to be given up, and what the pruner has newly kept of
        it.
        """
        place = self._before + number
        if place not in self._storage:
            return False, {}
        trial = self._storage.get_trial(place)
        before = dict(trial.system_attrs)
        is_pruned = self._pruner.prune(self._study, trial)
        return is_pruned, {k: v for k, v in trial.system_attrs.items() if before.get(k) != v}

    def _trial(self, number: int) -> FrozenTrial:
        last = self.ledger.trials[number].last
        state = _STATES[self.ledger.state(number)]
        values = list(last.values) if state is TrialState.COMPLETE else None
        if values is not None and len(values) != len(self.definition.objectives):
            state, values = TrialState.FAIL, None
        if state is TrialState.PRUNED:
            values = _last_report(last)
        return self._frozen(self._before + number, last.params, state, values, last)

    def _frozen(
        self,
        place: int,
        params: dict[str, Value],
        state: TrialState,
        values: list[float] | None,
        last: Attempt | None = None,
    ) -> FrozenTrial:
        begun = datetime.fromtimestamp(last.started if last else self.definition.created)
        searched = {name: value for name, value in params.items() if name in self._distributions}
        return FrozenTrial(
            number=place,
            state=state,
            value=None,
            values=values,
            datetime_start=begun,
            datetime_complete=begun if state.is_finished() else None,
            params=searched,
            distributions={name: self._distributions[name] for name in searched},
            user_attrs={},
            system_attrs=dict(last.attrs) if last else {},
            intermediate_values=dict(last.reports) if last else {},
            trial_id=place,
        )


def _last_report(last: Attempt) -> list[float] | None:
    """Return the value that a pruned trial had last, as Optuna counts it."""
    if not last.reports:
        return None
    value = last.reports[max(last.reports)]
    return None if math.isnan(value) else [value]
