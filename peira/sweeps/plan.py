"""What a person asks for, and the sweep that is begun from it."""

from __future__ import annotations

import math
import os
from pathlib import Path

import msgspec

from peira.capture.birth import user_name
from peira.core.clock import now_s
from peira.core.errors import UsageError
from peira.core.names import new_name
from peira.core.settings import read_settings
from peira.launch.launcher import Request
from peira.launch.queue import Staged
from peira.record.liveness import host
from peira.session import project_name
from peira.sweeps.arguments import Arguments
from peira.sweeps.definition import (
    FORMAT,
    Confirms,
    Definition,
    Function,
    Known,
    Method,
    Objective,
    Retries,
)
from peira.sweeps.domain import Constant, Value, same
from peira.sweeps.folder import NAME, SweepFolder, free_name, make_sweep, new_sweep_id
from peira.sweeps.space import Space

WARM_MAX = 10_000


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A sweep that is asked for."""

    space: Space
    objectives: tuple[Objective, ...]
    program: Request | None = None
    function: Function | None = None
    project: str | None = None
    name: str | None = None
    why: str | None = None
    group: str | None = None
    tags: tuple[str, ...] = ()
    sampler: Method = Method(name="tpe")
    pruner: Method = Method(name="none")
    seed: int | None = None
    """None: drawn, and recorded."""
    trials: int | None = None
    budget_s: float | None = None
    retries: Retries = Retries()
    jobs: int = 1
    reuse: bool = False
    first: tuple[dict[str, Value], ...] = ()
    warm: str | None = None
    """A query: runs of the project from whose results the sampler starts."""
    confirms: Confirms | None = None


def begin(lab: Path, plan: Plan) -> SweepFolder:
    """Write the sweep that is asked for; it waits for workers. A name that another sweep has gets a
    number behind it.

    Raises:
        UsageError, NotStartedError, UnsupportedError: it cannot be carried out.
        LabError, OSError: it cannot be stored.
    """
    staged = None if plan.program is None else Staged.of(plan.program, user_name())
    if staged is not None:
        Arguments(staged.command, Path(staged.directory), plan.space.names)
    directory = staged.directory if staged else plan.function.directory if plan.function else ""
    settings = read_settings()
    asked = plan.project or (staged.project if staged else None)
    project = project_name(asked, settings, directory or os.getcwd())  # noqa: PTH109 - as it is
    if project == Path(directory).name and staged is not None:
        project = _asked_by_script(staged) or project
    definition = Definition(
        format=FORMAT,
        id=new_sweep_id(lab),
        name=free_name(lab, plan.name or new_name()),
        project=project,
        created=now_s(),
        by=user_name(),
        host=host(),
        why=plan.why,
        group=plan.group,
        tags=plan.tags,
        program=staged,
        function=plan.function,
        space=plan.space,
        objectives=plan.objectives,
        sampler=plan.sampler,
        pruner=plan.pruner,
        seed=int.from_bytes(os.urandom(4), "big") >> 1 if plan.seed is None else plan.seed,
        trials=_trials(plan),
        budget_s=plan.budget_s,
        retries=plan.retries,
        jobs=plan.jobs,
        reuse=plan.reuse,
        first=plan.first,
        warm=_known(lab, project, plan) if plan.warm is not None else (),
        confirms=plan.confirms,
    )
    definition.check()
    if _may_be_refused(definition):
        from peira.sweeps.methods import check_methods

        check_methods(definition)
    if definition.space.where and definition.sampler.name != "grid":
        from peira.sweeps.ledger import Ledger
        from peira.sweeps.study import SweepStudy

        # As a worker would draw it: what nothing satisfies leaves no sweep behind.
        SweepStudy(Ledger(SweepFolder(lab / NAME / definition.id), definition)).draw(0)
    return make_sweep(lab, definition)


def _may_be_refused(definition: Definition) -> bool:
    """Whether Optuna has to be asked (and loaded, which takes half a second) if it can do that."""
    if definition.is_external:
        return False
    is_plain = definition.sampler.name in ("tpe", "random", "grid") and not (
        definition.sampler.options or definition.pruner.options
    )
    return not is_plain


def _trials(plan: Plan) -> int | None:
    if plan.sampler.name != "grid":
        return plan.trials
    if plan.first:
        raise UsageError("A grid has an order of its own: leave the first trials out.")
    size = plan.space.grid_size()
    return size if plan.trials is None else min(size, plan.trials)


def _asked_by_script(staged: Staged) -> str | None:
    """Return the project that the script itself asks for."""
    from peira.launch.script import find_script, read_script

    path = find_script(staged.command, Path(staged.directory))
    script = None if path is None else read_script(path)
    return None if script is None else script.asked.get("project")


def _known(lab: Path, project: str, plan: Plan) -> tuple[Known, ...]:
    """Return what earlier runs of the project have found in this space.

    Raises:
        UsageError: none of the runs fits.
        QueryError: the query cannot be understood.
    """
    from peira.lab.lab import Lab

    found, seen = [], 0
    with Lab(lab) as opened:
        for run in opened.runs(plan.warm or "", project=project, limit=WARM_MAX):
            if run.state != "finished":
                continue
            seen += 1
            params = _fitting(plan.space, run.params)
            values = [_value(run.metrics.get(o.metric), o) for o in plan.objectives]
            if params is not None and all(v is not None and math.isfinite(v) for v in values):
                told = tuple(v for v in values if v is not None)
                found.append(Known(run=run.id, params=params, values=told))
    if not found:
        raise UsageError(
            f"None of the {seen} finished runs of {project} that the query finds has all params of"
            f" the space, within it, and {' and '.join(o.metric for o in plan.objectives)}.",
            hint="peira ls shows what they have; widen the space, or leave --warm out.",
        )
    return tuple(reversed(found))  # the oldest first


def _fitting(space: Space, params: dict[str, object]) -> dict[str, Value] | None:
    """Return the searched params of a run, when it lies in the space: with other constants than
    those of the space it does not.
    """
    constants = {p.name: p.domain.value for p in space.params if isinstance(p.domain, Constant)}
    if any(not same(value, params.get(n, value)) for n, value in constants.items()):  # type: ignore[arg-type]
        return None
    own = {
        param.name: params[param.name]
        for param in space.params
        if param.name in params and not isinstance(param.domain, Constant)
    }
    try:
        space.check(own)  # type: ignore[arg-type]
    except UsageError:
        return None
    return own  # type: ignore[return-value]


def _value(summary: object, objective: Objective) -> float | None:
    if summary is None:
        return None
    which: str = objective.summary
    if which == "best":
        which = "min" if objective.direction == "minimize" else "max"
    value: float | None = getattr(summary, which)
    return value
