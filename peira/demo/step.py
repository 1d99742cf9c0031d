"""What every family of models yields while it learns."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from peira.demo.digits import Array, Digits


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A model after one more piece of learning: `number` of `total`, from 1, its metrics."""

    number: int
    total: int
    metrics: dict[str, float]
    model: Any


def cross_entropy(probabilities: Array, labels: Array) -> float:
    """Return the mean of -log p of the true class; NaN when a probability is NaN."""
    chosen = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chosen, 1e-15)).mean())


def brier(probabilities: Array, labels: Array) -> float:
    """Return the mean squared distance of the probabilities from the truth, 0 to 2."""
    truth = np.eye(probabilities.shape[1])[labels]
    return float(((probabilities - truth) ** 2).sum(axis=1).mean())


def scores(model: Any, x: Array) -> Array:
    """Return the score of each class, (samples, 10): probabilities, or decision values of a model
    that has none.
    """
    told = model.predict_proba if hasattr(model, "predict_proba") else model.decision_function
    values: Array = told(x)
    return values


def accuracy(model: Any, x: Array, y: Array) -> float:
    """Return the part of `x` that the model names right."""
    return float((model.predict(x) == y).mean())


def learning_sizes(data: Digits, count: int) -> list[int]:
    """Return `count` sizes of training sets, from 60 samples to all."""
    return [int(n) for n in np.linspace(60, len(data.y_train), count)]
