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
    """Expected over the orders of equal scores: the order of the input says nothing."""
    before, relevant, tied = _first_tie(relevance, scores)
    found, is_later = 0.0, 1.0  # the probability that no earlier one of the tied is relevant
    for place in range(tied - relevant + 1):
        is_here = relevant / (tied - place)
        found += is_later * is_here / (before + place + 1)
        is_later *= 1 - is_here
    return found


def _first_tie(relevance: NDArray[Any], scores: NDArray[Any]) -> tuple[int, int, int]:
    """Return, of the items with the best score that a relevant one has, how many have a better
    one, how many of them are relevant, and how many they are.
    """
    best = scores[relevance > 0].max()
    tied = scores == best
    return int((scores > best).sum()), int((relevance[tied] > 0).sum()), int(tied.sum())


def _recall(relevance: NDArray[Any], scores: NDArray[Any]) -> float:
    """Expected over the orders of equal scores, too."""
    if len(scores) <= DEPTH:
        return 1.0
    last = np.sort(scores)[-DEPTH]
    above, tied = scores > last, scores == last
    share = (DEPTH - above.sum()) / tied.sum()
    found = (relevance[above] > 0).sum() + share * (relevance[tied] > 0).sum()
    return float(found / (relevance > 0).sum())


_SUITE = (
    Metric(f"ndcg_{DEPTH}", f"sklearn ndcg_score, k={DEPTH}, mean over queries", "max",
           _mean(_ndcg)),
    Metric("map", "sklearn average_precision_score, mean over queries", "max", _mean(_precision)),
    Metric("mrr", "reciprocal rank of the first relevant item, expected over the orders of equal"
           " scores, mean over queries", "max",
           _mean(_reciprocal)),
    Metric(f"recall_{DEPTH}", f"relevant items among the first {DEPTH}, expected over the orders of"
           " equal scores, mean over queries", "max",
           _mean(_recall)),
)  # fmt: skip
