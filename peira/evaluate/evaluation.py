"""One evaluation: from answers to the event that records it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from peira.core.clock import now_s
from peira.core.errors import UsageError
from peira.core.values import param_value
from peira.evaluate import samples, suites
from peira.evaluate.answers import Answers
from peira.objects.folder import FolderObjects
from peira.record.events import Evaluation

CLASSES_MAX = 1_000


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Which examples were evaluated, and when."""

    name: str
    step: int | None = None
    dataset: str | None = None
    content: str | None = None
    split: str | None = None
    inputs: str | None = None


def evaluate(
    objects: FolderObjects,
    place: Place,
    ids: Sequence[str],
    answers: Answers,
    slices: Mapping[str, Sequence[Any]] | None = None,
) -> Evaluation:
    """Compute the metrics of answers, store the results of every example, and return the event.

    Args:
        ids: of the examples, each once, in the order of the answers.

    Raises:
        UsageError: ids are not one for each example, or not unique.
        UnsupportedError: the library that computes the metrics is not installed.
    """
    if len(ids) != len(answers):
        raise UsageError(f"There are {len(ids)} ids for {len(answers)} examples.")
    if len(set(ids)) != len(ids):
        raise UsageError("Ids of examples must be unique.", hint="Number equal ones.")
    metrics = suites.compute(answers)
    same = digests(ids, answers)
    return Evaluation(
        time=now_s(),
        task=answers.task,
        rows=len(answers),
        metrics={name: param_value(value) for name, value in metrics.items()},
        evaluator=suites.evaluator(answers.task),
        classes=[str(label) for label in answers.classes[:CLASSES_MAX]],
        samples=samples.write(objects, ids, answers, slices),
        scores=None
        if answers.scores is None or answers.task == "ranking"
        else samples.write_scores(objects, answers.scores),
        ids=same.ids,
        labels=same.labels,
        **msgspec.structs.asdict(place),
    )


class Digests(NamedTuple):
    """What tells whether two evaluations are of the same examples."""

    ids: str
    labels: str


def digests(ids: Sequence[str], answers: Answers) -> Digests:
    """Return the digests of the examples and of their true values, whatever their order."""
    from blake3 import blake3

    named = "\n".join(sorted(ids))
    return Digests(blake3(named.encode()).hexdigest(), digest_of(ids, answers.true))


def digest_of(ids: Sequence[str], values: Any) -> str:
    """Return the digest of a value for each example, in the order of the ids."""
    from blake3 import blake3

    found = blake3()
    for index in sorted(range(len(ids)), key=lambda index: ids[index]):
        value = values[index]
        if isinstance(value, np.ndarray) and value.ndim == 2:  # a mask: its JSON would take long
            found.update(f"{value.shape}".encode() + value.astype("<i8").tobytes() + b"\n")
            continue
        plain = value.tolist() if hasattr(value, "tolist") else value
        found.update(msgspec.json.encode(plain, enc_hook=str) + b"\n")
    return found.hexdigest()
