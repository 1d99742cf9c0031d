"""The trials of a sweep as Optuna sees them: a storage in memory, filled from the sweep's files.

It differs from Optuna's own in one thing: the number of a trial is given, not counted. A pruner
like Hyperband decides by the number, so it must be the same in every worker.
"""

from __future__ import annotations

import copy
from collections.abc import Container, Sequence
from datetime import datetime
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState

_STUDY = 0


class MemoryStorage(BaseStorage):
    """One study. The id of a trial is its number."""

    def __init__(self, name: str, directions: Sequence[StudyDirection]) -> None:
        self._name = name
        self._directions = list(directions)
        self._trials: dict[int, FrozenTrial] = {}
        self._listed: list[FrozenTrial] | None = None
        self._attrs: dict[str, Any] = {}
        self.next_number = 0
        """What the next trial is called."""

    def put(self, trial: FrozenTrial) -> None:
        """Add a trial, or replace the one of its number."""
        self._trials[trial.number] = trial
        self._listed = None

    def drop(self, number: int) -> None:
        """Forget a trial."""
        self._trials.pop(number, None)
        self._listed = None

    def __contains__(self, number: int) -> bool:
        return number in self._trials

    # What Optuna asks for.

    def create_new_study(
        self, directions: Sequence[StudyDirection], study_name: str | None = None
    ) -> int:
        raise NotImplementedError("the study of a sweep is there from the beginning")

    def delete_study(self, study_id: int) -> None:
        raise NotImplementedError("a sweep is not deleted through its study")

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        self._attrs[f"user:{key}"] = value

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        self._attrs[f"system:{key}"] = value

    def get_study_id_from_name(self, study_name: str) -> int:
        return _STUDY

    def get_study_name_from_id(self, study_id: int) -> str:
        return self._name

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        return self._directions

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        return self._of("user:")

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        return self._of("system:")

    def _of(self, prefix: str) -> dict[str, Any]:
        size = len(prefix)
        return {key[size:]: v for key, v in self._attrs.items() if key.startswith(prefix)}

    def get_all_studies(self) -> list[FrozenStudy]:
        return [
            FrozenStudy(
                study_name=self._name,
                direction=None,
                directions=self._directions,
                user_attrs=self._of("user:"),
                system_attrs=self._of("system:"),
                study_id=_STUDY,
            )
        ]

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        trial = FrozenTrial(
            number=self.next_number,
            state=TrialState.RUNNING,
            value=None,
            datetime_start=datetime.now(),
            datetime_complete=None,
            params={},
            distributions={},
            user_attrs={},
            system_attrs={},
            intermediate_values={},
            trial_id=self.next_number,
        )
        if template_trial is not None:
            trial.system_attrs.update(template_trial.system_attrs)
        self.put(trial)
        return trial.number

    def set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
    ) -> None:
        trial = self._trials[trial_id]
        trial.params[param_name] = distribution.to_external_repr(param_value_internal)
        trial.distributions[param_name] = distribution

    def get_trial_id_from_study_id_trial_number(self, study_id: int, trial_number: int) -> int:
        return trial_number

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        trial = self._trials[trial_id]
        trial.state = state
        if values is not None:
            trial.values = list(values)
        return True

    def set_trial_intermediate_value(
        self, trial_id: int, step: int, intermediate_value: float
    ) -> None:
        self._trials[trial_id].intermediate_values[step] = intermediate_value

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._trials[trial_id].user_attrs[key] = value

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._trials[trial_id].system_attrs[key] = value

    def get_trial(self, trial_id: int) -> FrozenTrial:
        return self._trials[trial_id]

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        if self._listed is None:
            self._listed = [self._trials[number] for number in sorted(self._trials)]
        found = self._listed
        if states is not None:
            found = [trial for trial in found if trial.state in states]
        return copy.deepcopy(found) if deepcopy else list(found)
