"""What the same recipe scores on two versions: the same program with equal params on both."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np

from peira.capture.param_roles import role
from peira.data.catalog import Catalog
from peira.data.dataset import Dataset
from peira.evaluate.guard import Guard, marks, read_guard
from peira.lab.lab import Lab
from peira.lab.links import users
from peira.lab.replicates import Parts, read_parts
from peira.lab.runs import RunRecord


class ScoreChange(msgspec.Struct, frozen=True, kw_only=True):
    """The same recipe on both versions: means of the last values. It is the same program with equal
    params, apart from seeds, places, and which of the two versions is named.
    """

    params: dict[str, Any]
    metric: str
    before: float
    after: float
    runs_before: list[str]
    runs_after: list[str]
    code_differs: bool = False
    """Whether the runs on one had other code than those on the other: then it is not the data alone
    that changed.
    """
    incomparable: str = ""
    """What the numbers measure, when they do not all measure the same: other examples, other true
    values."""


class Scores(msgspec.Struct, frozen=True):
    """What changed, and how many finished runs used the one version only and the other only."""

    changes: list[ScoreChange] = []
    runs: tuple[int, int] = (0, 0)


def scores_on(lab: Lab, left: Dataset, right: Dataset) -> Scores:
    """Return what each recipe that ran on both versions scores on them."""
    sides = [_runs_with(lab, dataset) for dataset in (left, right)]
    both = {run.id for run in sides[0]} & {run.id for run in sides[1]}
    sides = [[r for r in runs if r.id not in both and r.state == "finished"] for runs in sides]
    if not all(sides):
        return Scores(runs=(len(sides[0]), len(sides[1])))
    ids = [run.id for side in sides for run in side]
    codes = lab.ask(lambda connection: read_parts(connection, ids))
    naming = _naming((left, right), sides)
    before, after = (_by_recipe(runs, codes, naming) for runs in sides)
    changes = []
    for recipe, first in before.items():
        second = after.get(recipe, [])
        metrics = _shared_metrics(first, second)
        trees = [
            {codes[run.id].tree for run in runs if run.id in codes} - {""}
            for runs in (first, second)
        ]
        numbers = [run.row.n for run in (*first, *second)]
        guard = read_guard(lab, numbers, metrics)
        for metric in metrics:
            changes.append(
                ScoreChange(
                    params=msgspec.json.decode(recipe.params),
                    metric=metric,
                    before=_mean(first, metric),
                    after=_mean(second, metric),
                    runs_before=[run.id for run in first],
                    runs_after=[run.id for run in second],
                    code_differs=all(trees) and trees[0] != trees[1],
                    incomparable=_incomparable(guard, metric, numbers),
                )
            )
    return Scores(changes, (len(sides[0]), len(sides[1])))


def _incomparable(guard: Guard, metric: str, runs: list[int]) -> str:
    mark = marks(guard, {metric: runs}).get(metric)
    return "; ".join(mark.notes) if mark is not None and len(mark.letters) > 1 else ""


class _Recipe(NamedTuple):
    entry: str
    params: bytes


def _naming(versions: tuple[Dataset, Dataset], sides: list[list[RunRecord]]) -> set[str]:
    """Return the params that say which of the two versions is used: in each run of the one a name
    of the one, in each of the other a name of the other, as `version=baseline`.
    """
    aliases = [_aliases(dataset) for dataset in versions]
    told = [{name for run in runs for name in run.params} for runs in sides]
    return {
        name
        for name in told[0] & told[1]
        if all(
            _names(dataset, own, name, run.params[name])
            for dataset, own, runs in zip(versions, aliases, sides, strict=True)
            for run in runs
            if name in run.params
        )
    }


def _aliases(dataset: Dataset) -> set[str]:
    version = dataset.version
    known = Catalog(dataset.root).aliases(version.name)
    return {alias for alias, number in known.items() if number == version.number}


def _names(dataset: Dataset, aliases: set[str], param: str, value: Any) -> bool:
    """Whether a param says a version: by the name of its data set, an alias, or, where it is a
    param of data or of a version by its own name, a number.
    """
    version, text = dataset.version, str(value)
    if text in aliases or text.partition(":")[0] == version.name:
        return True
    is_told = any(word in param.lower() for word in ("data", "version"))
    return is_told and text in (f"v{version.number}", str(version.number))


def _by_recipe(
    runs: list[RunRecord], codes: dict[str, Parts], naming: set[str]
) -> dict[_Recipe, list[RunRecord]]:
    """Return runs by what they have in common with others of their recipe.

    Args:
        naming: params that say which version is used: they are what is compared.
    """
    found: dict[_Recipe, list[RunRecord]] = {}
    for run in runs:
        params = {
            name: value
            for name, value in run.params.items()
            if name not in naming and role(name, value) not in ("seed", "output", "log")
        }
        entry = codes[run.id].entry if run.id in codes else ""
        recipe = _Recipe(entry, msgspec.json.encode(params, order="sorted"))
        found.setdefault(recipe, []).append(run)
    return found


def _runs_with(lab: Lab, dataset: Dataset) -> list[RunRecord]:
    found = users(lab, [dataset.version.manifest, dataset.version.content], ["used", "evaluation"])
    return [lab.run(id) for id in dict.fromkeys(one.id for one in found)]


def _shared_metrics(before: list[RunRecord], after: list[RunRecord]) -> list[str]:
    if not after:
        return []
    sets = [{m for m in run.metrics if not m.startswith("system/")} for run in (*before, *after)]
    return sorted(set.intersection(*sets))


def _mean(runs: list[RunRecord], metric: str) -> float:
    return float(np.mean([run.metrics[metric].last for run in runs]))
