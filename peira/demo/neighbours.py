"""The k nearest neighbours among growing training sets, one size a step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from peira.demo.digits import Digits
from peira.demo.step import Step, brier, learning_sizes

PARAMS: dict[str, Any] = {"k": 3, "weights": "distance", "sizes": 60}


def train(data: Digits, seed: int, params: dict[str, Any]) -> Iterator[Step]:
    """Yield the model for each size; the last one has all training samples. The loss is the Brier
    score. The seed decides only which samples come first.
    """
    from sklearn.neighbors import KNeighborsClassifier

    sizes = learning_sizes(data, params["sizes"])
    for number, size in enumerate(sizes, 1):
        model = KNeighborsClassifier(params["k"], weights=params["weights"])
        model.fit(data.x_train[:size], data.y_train[:size])
        on_val = model.predict_proba(data.x_val)
        metrics = {
            "train/samples": size,
            "val/loss": brier(on_val, data.y_val),
            "val/accuracy": float((on_val.argmax(axis=1) == data.y_val).mean()),
        }
        yield Step(number=number, total=len(sizes), metrics=metrics, model=model)
