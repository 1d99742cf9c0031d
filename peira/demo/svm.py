"""A support vector machine on growing training sets, one size a step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from peira.demo.digits import CLASSES, Digits
from peira.demo.step import Step, learning_sizes

PARAMS: dict[str, Any] = {"kernel": "rbf", "C": 5.0, "gamma": "scale", "sizes": 60}


def train(data: Digits, seed: int, params: dict[str, Any]) -> Iterator[Step]:
    """Yield the machine fitted to each size; the last one has all training samples. The loss is the
    multi-class hinge loss.
    """
    from sklearn.metrics import hinge_loss
    from sklearn.svm import SVC

    sizes = learning_sizes(data, params["sizes"])
    for number, size in enumerate(sizes, 1):
        x, y = data.x_train[:size], data.y_train[:size]
        model = SVC(
            kernel=params["kernel"], C=params["C"], gamma=params["gamma"], random_state=seed
        )
        model.fit(x, y)
        on_train, on_val = model.decision_function(x), model.decision_function(data.x_val)
        metrics = {
            "train/loss": float(hinge_loss(y, on_train, labels=CLASSES)),
            "train/accuracy": float((on_train.argmax(axis=1) == y).mean()),
            "train/samples": size,
            "val/loss": float(hinge_loss(data.y_val, on_val, labels=CLASSES)),
            "val/accuracy": float((on_val.argmax(axis=1) == data.y_val).mean()),
            "support_vectors": int(model.n_support_.sum()),
        }
        yield Step(number=number, total=len(sizes), metrics=metrics, model=model)
