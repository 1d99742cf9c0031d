"""Whether runs are one recipe: the same program, code, params and data, each with a seed of its
own. Three families of models, or one seed three times, are not. Source: SCIENCE 1.1, 1.9.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import msgspec

from peira.capture.param_roles import role
from peira.core.errors import UsageError
from peira.data import splits
from peira.data.splits import Split
from peira.lab.lab import Lab
from peira.lab.replicates import Parts, read_parts
from peira.lab.runs import RunRecord

_HINT = "Name runs of one recipe that differ in their seeds, or claim something of one model."


def refuse_others(lab: Lab, runs: Sequence[RunRecord], split: Split, part: str) -> None:
    """Raise unless runs are one recipe, as far as is on record.

    Params that name a split of the data may differ: training rows may be drawn anew for each seed.

    Raises:
        UsageError: they are runs of several programs, params, codes or data versions, or two of
            them have the same seed.
    """
    if len(runs) < 2:
        return
    ids = [run.id for run in runs]
    known = lab.ask(lambda connection: read_parts(connection, ids))
    first = runs[0]
    names = splits.names(lab.root, split.dataset)
    for other in runs[1:]:
        both = f"{first.name} and {other.name}"
        mine, theirs = known.get(first.id), known.get(other.id)
        if _differ(mine, theirs, "entry"):
            raise UsageError(f"{both} are runs of two programs, so no recipe.", hint=_HINT)
        told = _differing(_chosen(first, names), _chosen(other, names))
        if told:
            raise UsageError(f"{both} differ in {told}, so they are no recipe.", hint=_HINT)
        is_drawn = _chosen(first, []) != _chosen(other, [])
        if _differ(mine, theirs, "config") and not is_drawn:
            raise UsageError(
                f"{both} differ in their arguments or variables, so they are no recipe.",
                hint=f"{_HINT} See: peira diff {first.name} {other.name}.",
            )
        if _differ(mine, theirs, "tree"):
            raise UsageError(
                f"The code of {both} differs, so they are no recipe.",
                hint=f"{_HINT} See: peira diff {first.name} {other.name}.",
            )
        if _contents(first, split, part) != _contents(other, split, part):
            raise UsageError(
                f"{both} were evaluated on two versions of the data, so they are no recipe.",
                hint=_HINT,
            )
    for one, other in itertools.combinations(runs, 2):
        seeds = [known[run.id].seed if run.id in known else "" for run in (one, other)]
        if seeds[0] and seeds[0] == seeds[1]:
            raise UsageError(
                f"{one.name} and {other.name} have the same seed: they are one piece of evidence.",
                hint=_HINT,
            )


def _differ(mine: Parts | None, theirs: Parts | None, name: str) -> bool:
    left, right = getattr(mine, name, ""), getattr(theirs, name, "")
    return bool(left and right and left != right)


def _chosen(run: RunRecord, names: Sequence[str]) -> dict[str, bytes]:
    """Return the params that decide, but for those that name one of these splits."""
    return {
        name: msgspec.json.encode(value)
        for name, value in run.params.items()
        if role(name, value) not in ("seed", "output", "log") and not _is_split(value, names)
    }


def _is_split(value: Any, names: Sequence[str]) -> bool:
    if not isinstance(value, str):
        return False
    return value.rpartition(":")[2].partition("/")[0] in names


def _differing(mine: dict[str, bytes], theirs: dict[str, bytes]) -> str:
    every = dict.fromkeys([*mine, *theirs])
    told = [name for name in every if mine.get(name) != theirs.get(name)]
    return ", ".join(f"the param {name}" for name in told[:3]) + (", …" if len(told) > 3 else "")


def _contents(run: RunRecord, split: Split, part: str) -> str | None:
    """Return the content of the version that a run was last evaluated on."""
    found = [
        one.content for one in run.evaluations() if one.split == f"{split.name}/{part}"
    ]  # fmt: skip
    return found[-1] if found else None
