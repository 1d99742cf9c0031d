"""A network learns handwritten digits. Two lines record it: the one with `init`, the one with
`log`.

    pip install . scikit-learn
    python examples/first_run.py
    peira ui
"""

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import peira

params = {"lr": 1e-3, "hidden": 64, "epochs": 40, "seed": 1}

x, y = load_digits(return_X_y=True)
x_train, x_val, y_train, y_val = train_test_split(x, y, stratify=y, random_state=params["seed"])
model = MLPClassifier(
    (params["hidden"],), learning_rate_init=params["lr"], random_state=params["seed"]
)

run = peira.init("digits", params=params)
for epoch in range(params["epochs"]):
    model.partial_fit(x_train, y_train, classes=range(10))
    run.log({"train/loss": model.loss_, "val/accuracy": model.score(x_val, y_val)}, step=epoch)
