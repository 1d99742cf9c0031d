"""Is it a fair comparison? How two runs came to the numbers of one evaluation.

`comparable.py` says whether two numbers measure the same; this says whether the runs behind them
had the same chances. What blocks makes a comparison worthless; what is noted goes with the verdict.
Source: SCIENCE 1.10, the table of unfair comparisons.
"""

from __future__ import annotations

from collections.abc import Iterable

from peira.core.errors import PeiraError
from peira.data import openers
from peira.data.catalog import Catalog
from peira.data.reference import find_part
from peira.evaluate.comparable import Effect, Mismatch
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.record.events import Evaluation

BUDGET_SHARE = 0.10
"""Budgets that differ by more than this are told."""
TIME_S_MIN = 10.0
"""Of shorter runs the start decides how long they took."""
SYSTEM = "system/"


def unfair(lab: Lab, left: RunRecord, right: RunRecord, name: str) -> list[Mismatch]:
    """Return how two runs had other chances in an evaluation of both, blocking ways first."""
    found = [*_learned_from(left, right), *_opened(lab, left, right, name)]
    found += [*_budget(left, right), *_looked(left, right, name), *_surroundings(left, right)]
    return sorted(found, key=lambda mismatch: mismatch.effect != "block")


def learned_from(record: RunRecord) -> dict[str, str]:
    """Return the data that a run used and was not evaluated on: name and part, with the version."""
    evaluated = {f"{one.dataset}:{one.split}" for one in record.evaluations()}
    found = {}
    for artifact in record.artifacts():
        if artifact.type != "dataset" or artifact.role != "used" or artifact.name in evaluated:
            continue
        name, _, rest = artifact.name.partition(":")
        version, _, part = rest.partition(":")
        found[f"{name}:{part}" if part else name] = version
    return found


def _learned_from(left: RunRecord, right: RunRecord) -> Iterable[Mismatch]:
    a, b = learned_from(left), learned_from(right)
    if not a or not b or a == b:
        return
    if a.keys() != b.keys():
        older, newer = (left, right) if left.created < right.created else (right, left)
        yield Mismatch(
            "block",
            "training data",
            f"{left.name} learned from {', '.join(a)}, {right.name} from {', '.join(b)};"
            f" run the older one again on what {newer.name} had: peira rerun {older.name}",
        )
        return
    pairs = [f"{part} {a[part]} against {b[part]}" for part in a if a[part] != b[part]]
    yield Mismatch(
        "note",
        "training data",
        f"they learned from the same rows in other versions ({'; '.join(pairs)}): fair only if the"
        " data are what is compared",
    )


def _opened(lab: Lab, left: RunRecord, right: RunRecord, name: str) -> Iterable[Mismatch]:
    evaluation = next((one for one in left.evaluations() if one.name == name), None)
    if evaluation is None or evaluation.dataset is None or evaluation.split is None:
        return
    try:
        version = Catalog(lab.root).find(evaluation.dataset)
        split, _ = find_part(lab.root, version, evaluation.split)
        opened = openers.opened_by(lab, openers.source_of(lab, split))
    except PeiraError:  # the version was removed, or its objects are not here
        return
    sure = {one.run for one in opened if one.is_sure}
    doubtful = {one.run for one in opened} - sure
    ways: tuple[tuple[Effect, set[str], str], ...] = (
        ("block", sure, "had"),
        ("note", doubtful, "may have had"),
    )
    for effect, runs, had in ways:
        guilty = [run.name for run in (left, right) if run.id in runs]
        if guilty:
            told = f"{' and '.join(guilty)} {had} the sealed examples with their labels"
            yield Mismatch(effect, "hold-out", told)


def _budget(left: RunRecord, right: RunRecord) -> Iterable[Mismatch]:
    for what, a, b in (
        ("steps", _steps(left), _steps(right)),
        ("time on the same processor", *_times(left, right)),
    ):
        if not a or not b or max(a, b) <= (1 + BUDGET_SHARE) * min(a, b):
            continue
        more = left if a > b else right
        ratio = max(a, b) / min(a, b)
        yield Mismatch("note", "budget", f"{more.name} had {ratio:.3g} times the {what}")


def _steps(record: RunRecord) -> float | None:
    steps = [
        summary.last_step
        for key, summary in record.metrics.items()
        if not key.startswith(SYSTEM) and summary.last_step is not None
    ]
    return max(steps, default=None)


def _times(left: RunRecord, right: RunRecord) -> tuple[float | None, float | None]:
    a, b = left.duration, right.duration
    is_short = a is None or b is None or max(a, b) < TIME_S_MIN
    if is_short or _processor(left) is None or _processor(left) != _processor(right):
        return None, None
    return a, b


def _looked(left: RunRecord, right: RunRecord, name: str) -> Iterable[Mismatch]:
    """Looking at the evaluation while learning is how early stopping and checkpoints are chosen."""
    chosen = [run for run in (left, right) if _is_chosen_by(run, name)]
    if len(chosen) == 1:
        yield Mismatch(
            "block", "choice", f"{chosen[0].name} kept its checkpoints by {name}, the other did not"
        )
    a, b = (len(_of(run, name)) for run in (left, right))
    if (a > 1) != (b > 1):
        often = left if a > 1 else right
        yield Mismatch(
            "note",
            "choice",
            f"{often.name} was evaluated on {name} at {max(a, b)} steps, the other once: unfair if"
            " that chose when to stop or which checkpoint to keep",
        )


def _is_chosen_by(record: RunRecord, name: str) -> bool:
    """Whether the policy of the run's checkpoints read metrics of an evaluation."""
    return any(
        key.startswith(f"{name}/") for saved in record.checkpoints() for key in saved.metrics
    )


def _surroundings(left: RunRecord, right: RunRecord) -> Iterable[Mismatch]:
    if _processor(left) != _processor(right):
        yield Mismatch("note", "hardware", "they ran on other processors")
    a, b = (run.captured("packages") for run in (left, right))
    used = set(a.get("imported", [])) & set(b.get("imported", []))
    names = [n for n in used if a["installed"].get(n) != b["installed"].get(n)]
    if names:
        yield Mismatch("note", "packages", f"other versions of {', '.join(sorted(names)[:5])}")


def _processor(record: RunRecord) -> str | None:
    return record.captured("host").get("cpu_model")


def _of(record: RunRecord, name: str) -> list[Evaluation]:
    return [one for one in record.evaluations() if one.name == name]
