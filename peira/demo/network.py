"""A feed-forward network, one epoch a step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from peira.demo.digits import CLASSES, Digits
from peira.demo.step import Step, accuracy, cross_entropy

PARAMS: dict[str, Any] = {
    "solver": "adam",
    "lr": 1e-3,
    "hidden": 64,
    "activation": "relu",
    "batch_size": 64,
    "epochs": 120,
    "alpha": 1e-4,
}
DIVERGING_PARAMS = PARAMS | {"solver": "sgd", "lr": 0.05, "activation": "identity", "epochs": 40}


def train(data: Digits, seed: int, params: dict[str, Any]) -> Iterator[Step]:
    """Yield the network after each epoch.

    Raises:
        ValueError: the weights are not finite any more; a step with the loss (NaN) comes first.
    """
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        hidden_layer_sizes=(params["hidden"],),
        solver=params["solver"],
        learning_rate_init=params["lr"],
        activation=params["activation"],
        batch_size=params["batch_size"],
        alpha=params["alpha"],
        random_state=seed,
    )
    for epoch in range(1, params["epochs"] + 1):
        try:
            model.partial_fit(data.x_train, data.y_train, classes=CLASSES)
        except ValueError:
            metrics = {"train/loss": float(model.loss_)}
            yield Step(number=epoch, total=params["epochs"], metrics=metrics, model=model)
            raise
        metrics = {
            "train/loss": float(model.loss_),
            "train/accuracy": accuracy(model, data.x_train, data.y_train),
            "train/samples": epoch * len(data.y_train),
            "val/loss": cross_entropy(model.predict_proba(data.x_val), data.y_val),
            "val/accuracy": accuracy(model, data.x_val, data.y_val),
        }
        yield Step(number=epoch, total=params["epochs"], metrics=metrics, model=model)
