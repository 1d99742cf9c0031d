"""Optuna studies of a user's own, in a lab.

    study = optuna.create_study(storage=peira.optuna_storage(), study_name="…")

The study lives in `.peira/optuna/studies.jsonl` (`optuna_journal.py`); a trial that ends becomes a
run, and the study a sweep. `import_study` does the same for a study that lives elsewhere.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit
from weakref import WeakSet

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.storages import BaseStorage, JournalStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from peira.core import ids
from peira.core.errors import NotFoundError, PeiraError, UsageError
from peira.core.text import printable
from peira.lab.place import find
from peira.record.folder import RunFolder
from peira.sweeps.definition import Direction, Objective
from peira.sweeps.domain import Choice, Constant, Domain, domain_of, spell
from peira.sweeps.folder import SweepFolder
from peira.sweeps.foreign import (
    ForeignRecord,
    ForeignSweep,
    ForeignTrial,
    foreign_sweep,
    joined,
    plain_value,
)
from peira.sweeps.optuna_journal import LabJournal
from peira.sweeps.records import EndState
from peira.sweeps.space import Param, Space

RUN_ATTR = "peira_run"
"""User attribute of a trial that names its run, when the objective recorded one itself."""
_METRIC_NAMES = "study:metric_names"  # where Optuna keeps what `set_metric_names` was given
_STATES: dict[TrialState, EndState] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}


_storages: WeakSet[LabStorage] = WeakSet()


class LabStorage(JournalStorage):
    """Optuna's journal storage over a lab; trials that end become runs."""

    def __init__(self, lab: Path) -> None:
        self._lab = lab
        self._records: dict[int, ForeignRecord] = {}
        self._recording = threading.Lock()
        self._has_warned = False
        super().__init__(LabJournal(lab / "optuna" / "studies.jsonl"))
        _storages.add(self)

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        del state["_recording"]
        return {**state, "_records": {}}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        super().__setstate__(state)
        self._recording = threading.Lock()
        _storages.add(self)

    def become_child(self) -> None:
        """Go on as another worker, in a process that was forked off: Optuna tells workers apart by
        a name that is drawn when the storage is made, and locks may be held by threads that are
        not here.
        """
        self._recording = threading.Lock()
        self._records = {}
        self.__setstate__(self.__getstate__())
        self._backend = LabJournal(self._lab / "optuna" / "studies.jsonl")

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        trial_id = super().create_new_trial(study_id, template_trial)
        if template_trial is not None and template_trial.state.is_finished():
            self._record(trial_id, study_id)
        return trial_id

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        is_set = super().set_trial_state_values(trial_id, state, values)
        if is_set and state.is_finished():
            self._record(trial_id, None)
        return is_set

    def _record(self, trial_id: int, study_id: int | None) -> None:
        """Make the trial a run. The study goes on when that fails: it is told, once."""
        try:
            with self._recording:
                if study_id is None:
                    study_id = self._study_of(trial_id)
                trial = self.get_trial(trial_id)
                self._record_of(study_id, trial).add(
                    _foreign(trial, run=_own_run(self._lab, trial))
                )
        except (PeiraError, OSError) as error:
            if not self._has_warned:
                self._has_warned = True
                warnings.warn(f"peira: trials are not recorded as runs: {error}", stacklevel=4)

    def _study_of(self, trial_id: int) -> int:
        for study_id in list(self._records):
            if any(t._trial_id == trial_id for t in self.get_all_trials(study_id, deepcopy=False)):
                return study_id
        for study in self.get_all_studies():
            found = self.get_all_trials(study._study_id, deepcopy=False)
            if any(t._trial_id == trial_id for t in found):
                return study._study_id
        raise NotFoundError(f"Trial {trial_id} is in no study.")

    def _record_of(self, study_id: int, trial: FrozenTrial) -> ForeignRecord:
        known = self._records.get(study_id)
        if known is None:
            told = _told(
                self,
                study_id,
                [t for t in self.get_all_trials(study_id) if t.state.is_finished()] or [trial],
                key=f"optuna/studies.jsonl#{study_id}",
            )
            known = self._records[study_id] = ForeignRecord(foreign_sweep(self._lab, told))
        return known


def _after_fork_in_child() -> None:
    for storage in list(_storages):
        storage.become_child()


os.register_at_fork(after_in_child=_after_fork_in_child)


def optuna_storage(lab: str | os.PathLike[str] | None = None) -> LabStorage:
    """Return a storage for Optuna studies in a lab. Safe for many processes and for machines that
    share the folder.

    Each trial that ends becomes a run, and the study a sweep (`peira sweep show`). When the
    objective itself calls `peira.init()`, that run is the trial's.

    Args:
        lab: this lab when None, as for `peira.Lab`.

    >>> import tempfile, optuna, peira
    >>> storage = peira.optuna_storage(tempfile.mkdtemp())
    >>> study = optuna.create_study(storage=storage, study_name="example")
    >>> study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2, n_trials=3)
    >>> len(study.trials)
    3
    """
    return LabStorage(find(lab))


class Imported(NamedTuple):
    """What an import has brought."""

    folder: SweepFolder
    study: str
    trials: int
    """So many are recorded now,"""
    new: int
    """and so many of them were not before."""
    unfinished: int
    """So many have not ended, and were left out."""


def import_study(
    place: str | os.PathLike[str] | optuna.Study,
    study: str | None = None,
    *,
    lab: str | os.PathLike[str] | None = None,
    project: str | None = None,
    on_trial: Callable[[int, int], None] = lambda done, of: None,
) -> list[Imported]:
    """Record the finished trials of a study of Optuna as runs; again adds what is new.

    Args:
        place: the URL of a database (`sqlite:///study.db`), the file of an SQLite database or of a
            journal, or a study.
        study: the name of one study; all of them when None.
        on_trial: told (done, of) after each trial.

    Raises:
        NotFoundError: there is no such file or study.
        UsageError: it holds no finished trial, or cannot be read as a storage of Optuna.

    >>> import tempfile, optuna
    >>> study = optuna.create_study()
    >>> study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2, n_trials=3)
    >>> import_study(study, lab=tempfile.mkdtemp())[0].trials
    3
    """
    root = find(lab)
    if isinstance(place, optuna.Study):
        storage, where = place._storage, "memory"
        studies = [(place._study_id, place.study_name)]
    else:
        storage, where = _open(os.fspath(place))
        studies = [(s._study_id, s.study_name) for s in storage.get_all_studies()]
        if study is not None:
            named = [found for found in studies if found[1] == study]
            if not named:
                names = ", ".join(name for _, name in studies) or "none"
                raise NotFoundError(
                    f"There is no study {printable(study)!r:.80} in {where}.",
                    suggestions=tuple(name for _, name in studies),
                    hint=f"Studies there: {names}.",
                )
            studies = named
    found = [_import_one(root, storage, one, project=project, on_trial=on_trial) for one in studies]
    imported = [one for one in found if one is not None]
    if not imported:
        raise UsageError(f"{where} holds no trial that has ended.")
    return imported


def _import_one(
    root: Path,
    storage: BaseStorage,
    study: tuple[int, str],
    *,
    project: str | None,
    on_trial: Callable[[int, int], None],
) -> Imported | None:
    study_id, name = study
    trials = storage.get_all_trials(study_id, deepcopy=False)
    ended = [trial for trial in trials if trial.state.is_finished()]
    if not any(trial.params for trial in ended):
        return None
    began = min((t.datetime_start.timestamp() for t in ended if t.datetime_start), default=0.0)
    told = _told(storage, study_id, ended, key=f"optuna {name} {began}", project=project, name=name)
    record = ForeignRecord(foreign_sweep(root, told))
    new = 0
    for done, trial in enumerate(ended, 1):
        if record.run_of(trial.number) is None:
            record.add(_foreign(trial, run=_named_run(root, trial)))
            new += 1
        on_trial(done, len(ended))
    return Imported(record.folder, name, len(ended), new, len(trials) - len(ended))


def _open(place: str) -> tuple[BaseStorage, str]:
    """Open a storage; return it, and how it is called, without a password."""
    if "://" in place:
        parts = urlsplit(place)
        host = parts.netloc.rpartition("@")[2]
        where = urlunsplit(parts._replace(netloc=host, query=""))
        if parts.scheme.startswith("sqlite"):
            _check_file(Path(place.partition(":///")[2].partition("?")[0]))
        return _database(place, where), where
    path = Path(place).expanduser()
    _check_file(path)
    with path.open("rb") as stream:
        is_sqlite = stream.read(16) == b"SQLite format 3\0"
    where = str(path.absolute())
    if is_sqlite:
        return _database(f"sqlite:///{path.absolute()}", where), where
    from optuna.storages.journal import JournalFileBackend

    try:
        storage = JournalStorage(JournalFileBackend(str(path)))
        if not storage.get_all_studies():
            raise ValueError("there is no study in it")
        return storage, where
    except (ValueError, KeyError, AssertionError, TypeError) as error:
        raise UsageError(
            f"{where} is no journal of Optuna: {error!s:.100}",
            hint="Name an SQLite file, a journal file, or a URL such as sqlite:///study.db.",
        ) from error


def _check_file(path: Path) -> None:
    if not path.is_file():  # Optuna would make an empty one
        raise NotFoundError(f"There is no file {path}.", hint="Name the file of the study.")


def _database(url: str, where: str) -> BaseStorage:
    from optuna.storages import RDBStorage
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return RDBStorage(url)
    except (SQLAlchemyError, RuntimeError, ValueError, ImportError) as error:
        raise UsageError(f"{where} is no storage of Optuna: {error!s:.200}") from error


def _told(
    storage: BaseStorage,
    study_id: int,
    trials: Sequence[FrozenTrial],
    *,
    key: str,
    project: str | None = None,
    name: str | None = None,
) -> ForeignSweep:
    """Return the study as a sweep."""
    directions: list[Direction] = [
        "maximize" if direction == StudyDirection.MAXIMIZE else "minimize"
        for direction in storage.get_study_directions(study_id)
    ]
    names = storage.get_study_system_attrs(study_id).get(_METRIC_NAMES) or [
        "value" if len(directions) == 1 else f"value{i}" for i in range(len(directions))
    ]
    domains: dict[str, list[Domain]] = {}
    for trial in trials:
        for param, distribution in trial.distributions.items():
            kept = domains.setdefault(param, [])
            if (domain := _domain_of(distribution)) not in kept:
                kept.append(domain)
    starts = [trial.datetime_start.timestamp() for trial in trials if trial.datetime_start]
    why = storage.get_study_user_attrs(study_id).get("why")
    return ForeignSweep(
        key=key,
        objectives=tuple(
            Objective(metric=metric, direction=direction)
            for metric, direction in zip(names, directions, strict=True)
        ),
        space=Space(params=tuple(Param(name=n, domain=joined(d)) for n, d in domains.items())),
        what="optuna",
        sampler="tpe",
        name=name or storage.get_study_name_from_id(study_id),
        project=project,
        why=why if isinstance(why, str) else None,
        created=min(starts, default=None),
    )


def _domain_of(distribution: BaseDistribution) -> Domain:
    """Return what a distribution searches; Optuna takes what a space of Peira's own refuses: a
    range of one value, and any objects in a list.
    """
    if isinstance(distribution, CategoricalDistribution):
        values = {spell(v): v for v in map(plain_value, distribution.choices)}
        return Choice(values=tuple(values.values()))
    if distribution.single():
        return Constant(value=distribution.low)  # type: ignore[attr-defined]
    return domain_of(distribution)


def _foreign(trial: FrozenTrial, run: str | None) -> ForeignTrial:
    attrs = {k: v for k, v in trial.user_attrs.items() if k != RUN_ATTR}
    state = _STATES[trial.state]
    values = tuple(trial.values or ())
    steps = {step: float(v) for step, v in trial.intermediate_values.items()}
    if state == "pruned" and not values and steps:
        values = (steps[max(steps)],)
    return ForeignTrial(
        number=trial.number,
        params=trial.params,
        values=values if state != "failed" else (),
        state=state,
        started=trial.datetime_start.timestamp() if trial.datetime_start else None,
        ended=trial.datetime_complete.timestamp() if trial.datetime_complete else None,
        run=run,
        steps=steps,
        facts={"user_attrs": attrs} if attrs else {},
        reason=str(trial.system_attrs.get("fail_reason", "")),
    )


def _named_run(lab: Path, trial: FrozenTrial) -> str | None:
    """Return the run that a trial names, when the lab has it."""
    named = trial.user_attrs.get(RUN_ATTR)
    if isinstance(named, str) and ids.is_run_id(named) and (lab / "runs" / named).is_dir():
        return named
    return None


def _own_run(lab: Path, trial: FrozenTrial) -> str | None:
    """Return the run that the objective recorded itself: the one that the trial names, else the
    only run that this process began while the trial ran.
    """
    named = _named_run(lab, trial)
    if named is not None or trial.datetime_start is None:
        return named
    first = ids.new_run_id(trial.datetime_start.timestamp())[:8]  # ids are ordered by time
    try:
        names = os.listdir(lab / "runs")  # noqa: PTH208 - may be many
    except OSError:
        return None
    found = []
    for name in names:
        if name >= first and ids.is_run_id(name):
            try:
                birth = RunFolder(lab / "runs" / name).read_birth()
            except (PeiraError, OSError):
                continue
            if birth.pid == os.getpid() and birth.sweep is None:
                found.append(name)
    return found[0] if len(found) == 1 else None
