"""Gradient boosting, one more tree of each class a step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from peira.demo.digits import Digits
from peira.demo.step import Step, cross_entropy

PARAMS: dict[str, Any] = {"lr": 0.15, "leaves": 15, "trees": 60, "l2": 0.0}


def train(data: Digits, seed: int, params: dict[str, Any]) -> Iterator[Step]:
    """Yield the model after each round of trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        learning_rate=params["lr"],
        max_leaf_nodes=params["leaves"],
        l2_regularization=params["l2"],
        max_iter=1,
        warm_start=True,
        early_stopping=False,
        random_state=seed,
    )
    for number in range(1, params["trees"] + 1):
        model.set_params(max_iter=number)
        model.fit(data.x_train, data.y_train)
        on_train, on_val = model.predict_proba(data.x_train), model.predict_proba(data.x_val)
        metrics = {
            "train/loss": cross_entropy(on_train, data.y_train),
            "train/accuracy": float((on_train.argmax(axis=1) == data.y_train).mean()),
            "train/samples": number * len(data.y_train),
            "val/loss": cross_entropy(on_val, data.y_val),
            "val/accuracy": float((on_val.argmax(axis=1) == data.y_val).mean()),
        }
        yield Step(number=number, total=params["trees"], metrics=metrics, model=model)
