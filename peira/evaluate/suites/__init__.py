"""The metrics of each task: what every evaluation computes, always under the same names.

A suite is a list of `Metric`; what it computes, with which options and by which versions of the
libraries, is the evaluator, and its digest tells numbers of two kinds apart.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

import msgspec

from peira.core.errors import UnsupportedError
from peira.evaluate.answers import Answers, Task, is_probability
from peira.evaluate.suites._base import Metric

_LIBRARIES = {
    "text": (),
    "ranking": ("numpy",),
    "detection": ("numpy",),
    "segmentation": ("numpy",),
}


def suite(task: Task) -> tuple[Metric, ...]:
    """Return the metrics of a task.

    Raises:
        UnsupportedError: scikit-learn, which computes them, is not installed.
    """
    name = "classification" if task in ("binary", "multiclass") else task
    try:
        found: tuple[Metric, ...] = import_module(f"peira.evaluate.suites.{name}").suite(task)
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("sklearn", "scipy"):
            raise
        raise UnsupportedError(
            f"The metrics of the task {task} are computed by scikit-learn, which is not installed.",
            hint="pip install 'peira[evaluate]'",
        ) from error
    return found


def compute(answers: Answers) -> dict[str, float]:
    """Return the metrics of answers by name; one that these answers do not define is NaN, and one
    that wants scores, or probabilities, is left out where there are none.
    """
    if answers.task == "detection":  # one matching serves all, and each class has its own number
        from peira.evaluate.suites import detection

        return detection.compute(answers)
    found = {}
    has_scores = answers.scores is not None
    has_probabilities = answers.scores is not None and is_probability(answers.scores)
    for metric in suite(answers.task):
        if metric.needs_scores and not has_scores:
            continue
        if metric.needs_probabilities and not has_probabilities:
            continue
        if len(answers.classes) < metric.classes_min:
            continue
        found[metric.name] = metric.compute(answers)
    if answers.task == "segmentation":
        from peira.evaluate.suites import segmentation

        found |= segmentation.of_each_class(answers)
    return found


def evaluator(task: Task) -> str:
    """Return the digest of what computes the metrics of a task: names, options, versions."""
    from blake3 import blake3

    libraries = {name: _version(name) for name in _LIBRARIES.get(task, ("scikit-learn",))}
    metrics = sorted((metric.name, metric.definition) for metric in suite(task))
    return blake3(
        msgspec.json.encode([task, metrics, libraries], order="deterministic")
    ).hexdigest()


def _version(library: str) -> str:
    """Return the major and minor version: a bug-fix release computes the same."""
    try:
        return ".".join(version(library).split(".")[:2])
    except PackageNotFoundError:
        return ""
