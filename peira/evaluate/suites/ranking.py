"""Ranking: items of a query in the order of their scores, by relevance. Means over queries."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, ndcg_score

from peira.evaluate.answers import Answers, Task
from peira.evaluate.suites._base import Metric

DEPTH = 10


def suite(task: Task) -> tuple[Metric, ...]:
    """Return the metrics of `ranking`."""
    return _SUITE


def _queries(answers: Answers) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Yield (relevance, scores) of each query that has something relevant."""
    assert answers.groups is not None
    for query in np.unique(answers.groups):
        rows = answers.groups == query
        if (answers.true[rows] > 0).any():
            yield answers.true[rows], answers.predicted[rows]


def _mean(one: Callable[[NDArray[Any], NDArray[Any]], float]) -> Callable[[Answers], float]:
    def compute(answers: Answers) -> float:
        values = [one(relevance, scores) for relevance, scores in _queries(answers)]
        return float(np.mean(values)) if values else math.nan

    return compute


def _ndcg(relevance: NDArray[Any], scores: NDArray[Any]) -> float:
    if len(relevance) == 1:
        return 1.0
    return float(ndcg_score(relevance[None], scores[None], k=DEPTH))


def _precision(relevance: NDArray[Any], scores: NDArray[Any]) -> float:
    return float(average_precision_score(relevance > 0, scores))


def _reciprocal(relevance: NDArray[Any], scores: NDArray[Any]) -> float:
    ordered = relevance[np.argsort(-scores, kind="stable")]
    return 1.0 / (1 + int(np.flatnonzero(ordered > 0)[0]))


def _recall(relevance: NDArray[Any], scores: NDArray[Any]) -> float:
    first = np.argsort(-scores, kind="stable")[:DEPTH]
    return float((relevance[first] > 0).sum() / (relevance > 0).sum())


_SUITE = (
    Metric(f"ndcg_{DEPTH}", f"sklearn ndcg_score, k={DEPTH}, mean over queries", "max",
           _mean(_ndcg)),
    Metric("map", "sklearn average_precision_score, mean over queries", "max", _mean(_precision)),
    Metric("mrr", "reciprocal rank of the first relevant item, mean over queries", "max",
           _mean(_reciprocal)),
    Metric(f"recall_{DEPTH}", f"relevant items among the first {DEPTH}, mean over queries", "max",
           _mean(_recall)),
)  # fmt: skip
