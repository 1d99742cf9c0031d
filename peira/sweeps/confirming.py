"""The winner of a sweep once more, on fresh seeds: a small sweep of its own, linked to it."""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping
from pathlib import Path

from peira.core.errors import NotFoundError, UsageError
from peira.sweeps.arguments import Arguments
from peira.sweeps.definition import Confirms, Definition, Function, Method
from peira.sweeps.domain import Choice, Constant, Value
from peira.sweeps.plan import Plan
from peira.sweeps.reading import SweepReading
from peira.sweeps.space import Param, Space

SEED_NAMES = ("seed", "random_seed", "random_state")


def confirming_plan(
    reading: SweepReading, runs: int, *, trial: int | None = None, seed_name: str | None = None
) -> Plan:
    """Return the sweep that runs a trial's params `runs` times, each with a fresh seed.

    Args:
        trial: the best one when None.
        seed_name: the param that is the seed; found when None, by the names of `SEED_NAMES`. Where
            there is none, the program draws its randomness itself.

    Raises:
        UsageError, NotFoundError: there is no such trial, or nothing that could be run.
    """
    definition = reading.definition
    if definition.is_external:
        raise UsageError(
            f"The sweep {definition.name} was run elsewhere; Peira cannot run its trials.",
            hint="Run the best params yourself, with other seeds.",
        )
    number, params = _candidate(reading, trial)
    name = seed_name or found_seed(definition, params)
    taken = {params.get(name)} if name else set()
    taken |= {v for v in reading.trials.params.get(name or "", []) if v is not None}
    chosen = [Param(name=n, domain=Constant(value=v)) for n, v in params.items() if n != name]
    if name:
        seeds = _fresh_seeds(runs, taken)
        is_one = len(seeds) == 1
        domain = Constant(value=seeds[0]) if is_one else Choice(values=tuple(seeds))
        chosen.append(Param(name=name, domain=domain))
    staged = definition.program
    return Plan(
        space=Space(params=tuple(chosen)),
        objectives=definition.objectives,
        program=None if staged is None else staged.request(Path(), {}),
        function=definition.function,
        project=definition.project,
        name=f"{definition.name}-confirm",
        why=f"trial {number} of {definition.name} on fresh seeds",
        group=definition.group,
        tags=definition.tags,
        sampler=Method(name="grid" if name and runs > 1 else "random"),
        trials=runs,
        confirms=Confirms(sweep=definition.id, trial=number),
    )


def has_fresh_seeds(reading: SweepReading, plan: Plan) -> bool:
    """Whether a confirmation sets the seed: it has a param with another value than any trial."""
    trials = reading.trials.params
    return any(
        value not in trials.get(param.name, [])
        for param in plan.space.params
        for value in param.domain.grid(param.name)
    )


def found_seed(definition: Definition, params: Mapping[str, Value]) -> str | None:
    """Return the param that is the seed of a trial, or nothing."""
    for name in SEED_NAMES:
        if name in params:
            return name
    staged = definition.program
    if staged is None:
        taken = _arguments(definition.function)
        return next((name for name in SEED_NAMES if name in taken), None)
    for name in SEED_NAMES:
        try:
            if Arguments(staged.command, Path(staged.directory), [name]).takes(name):
                return name
        except UsageError:
            continue
    return None


def _arguments(function: Function | None) -> set[str]:
    """Return the names of a Python function's arguments, as far as its file tells; it is read, not
    run.
    """
    place, _, name = (function.place if function is not None else "").rpartition(":")
    if function is None or not place:
        return set()
    path = Path(place) if place.endswith(".py") else Path(place.replace(".", "/") + ".py")
    try:
        tree = ast.parse((Path(function.directory) / path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
    return set()


def _candidate(reading: SweepReading, trial: int | None) -> tuple[int, dict[str, Value]]:
    if trial is None:
        best = reading.row.best
        if best is None:
            raise NotFoundError(f"No trial of {reading.row.name} has a value yet.")
        return best.trial, dict(best.params)
    trials = reading.trials
    if trial not in trials.number:
        raise NotFoundError(f"The sweep {reading.row.name} has no trial {trial}.")
    return trial, trials.params_at([trials.number.index(trial)])[0]


def _fresh_seeds(count: int, taken: set[Value]) -> list[Value]:
    found: list[Value] = []
    while len(found) < count:
        seed = int.from_bytes(os.urandom(4), "big") >> 1  # fits in 32 bits with a sign
        if seed not in taken and seed not in found:
            found.append(seed)
    return found
