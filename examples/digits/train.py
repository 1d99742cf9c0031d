"""Trains one of four families of models on one version of the digits.

python train.py svm normalised --seed 1
"""

import argparse

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

import peira

FAMILIES = ("network", "boosting", "svm", "neighbours")
EPOCHS = 40


def network(x, y, seed):
    """Yield the network after each epoch."""
    model = MLPClassifier((64,), batch_size=64, random_state=seed)
    for _ in range(EPOCHS):
        yield model.partial_fit(x, y, classes=range(10))


def boosting(x, y, seed):
    yield HistGradientBoostingClassifier(learning_rate=0.15, random_state=seed).fit(x, y)


def svm(x, y, seed):
    yield SVC(C=5).fit(x, y)


def neighbours(x, y, seed):
    yield KNeighborsClassifier(3, weights="distance").fit(x, y)


def scores(model, x):
    """A column for each class: probabilities, or what a model has in their place."""
    return model.predict_proba(x) if hasattr(model, "predict_proba") else model.decision_function(x)


parser = argparse.ArgumentParser()
parser.add_argument("family", choices=FAMILIES)
parser.add_argument("version", nargs="?", default="baseline")
parser.add_argument("--seed", type=int, default=1)
args = parser.parse_args()

with peira.init("digits", name=f"{args.family}-{args.version}-{args.seed}", params=args) as run:
    train, dev, test = (run.use(f"digits:{args.version}:{p}") for p in ("train", "dev", "test"))
    # Each seed learns from another nine tenths of the training images.
    some = np.random.default_rng(args.seed).permutation(len(train))[: len(train) * 9 // 10]
    learn = globals()[args.family]
    for epoch, model in enumerate(learn(train.X[some].astype(float), train.y[some], args.seed), 1):
        if epoch % 10 == 0 or args.family != "network":
            told = run.evaluate("dev", scores=scores(model, dev.X), step=epoch)
            print(f"epoch {epoch}: {told['accuracy']:.2%} of {len(dev)} images right")
    run.save_model(model, args.family)
    run.evaluate("test", scores=scores(model, test.X))  # sealed: nothing is shown yet
