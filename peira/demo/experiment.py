"""One run of the demo: train, record, test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from peira.demo import boosting, neighbours, network, svm
from peira.demo.digits import CLASSES, DATASET, TEST, Array, Digits, load
from peira.demo.pictures import confusion_picture, enlarged, sheet
from peira.demo.plan import DIVERGING, PROJECT, Trial
from peira.demo.step import Step, scores
from peira.run import Run, init

_MISTAKES_SHOWN_MAX = 12
_WEIGHTS_EVERY = 10  # epochs between two pictures of the weights
_EVALUATED_EVERY = 40  # epochs between two evaluations down to the sample


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of a trial; the accuracy is None when it diverged."""

    run: str
    trial: Trial
    val_accuracy: float | None = None
    diverged_at: int | None = None


def run_trial(lab: Path, trial: Trial, on_step: Callable[[str, float], None]) -> Result:
    """Train and record one trial in the lab.

    Args:
        on_step: called with the run's id and the part that is done, 0 to 1.
    """
    os.environ["PEIRA_USER"] = trial.person  # the documented way to say who runs
    params = params_of(trial)
    run = init(
        PROJECT,
        name=trial.name,
        group=trial.family,
        why=trial.why,
        lab=lab,
        tags=[trial.version, "first-look"],
        params={"model": trial.model, "dataset": trial.version, "seed": trial.seed, **params},
    )
    step: Step | None = None
    try:
        with run:
            data = load(run, trial.version, trial.seed)
            print(f"{trial.name}: {data.x_train.shape[1]} pixels, {len(data.y_train)} samples")
            for step in learn(trial, data, params):
                _record(run, trial, data, step)
                on_step(run.id, step.number / step.total)
            assert step is not None
            return _test(run, trial, data, step)
    except ValueError:
        # The diverging network ends like this: the run is marked as failed, with the exception.
        if trial.model != DIVERGING:
            raise
        return Result(run=run.id, trial=trial, diverged_at=step.number if step else None)


def params_of(trial: Trial) -> dict[str, Any]:
    """Return the hyper-parameters of a trial."""
    families: dict[str, dict[str, Any]] = {
        "network": network.PARAMS,
        DIVERGING: network.DIVERGING_PARAMS,
        "boosting": boosting.PARAMS,
        "svm": svm.PARAMS,
        "neighbours": neighbours.PARAMS,
    }
    return families[trial.model]


def learn(trial: Trial, data: Digits, params: dict[str, Any]) -> Iterator[Step]:
    """Return the steps of a trial's model."""
    family = {
        "network": network.train,
        "boosting": boosting.train,
        "svm": svm.train,
        "neighbours": neighbours.train,
    }[trial.family]
    return family(data, trial.seed, params)


def _record(run: Run, trial: Trial, data: Digits, step: Step) -> None:
    metrics = step.metrics
    is_worth_it = step.number == step.total or (
        trial.family == "network" and (step.number == 1 or step.number % _EVALUATED_EVERY == 0)
    )
    if is_worth_it:
        metrics = {key: value for key, value in metrics.items() if key != "val/accuracy"}
        run.evaluate("val", scores=scores(step.model, data.x_val), step=step.number)
    run.log(metrics, step=step.number)
    if step.number % _WEIGHTS_EVERY == 0 or step.number == 1:
        shown = "  ".join(f"{k} {v:.4g}" for k, v in step.metrics.items())
        print(f"step {step.number:3d} of {step.total}  {shown}")
        if trial.family == "network":
            _record_weights(run, data, step)
    if not np.isfinite(step.metrics.get("train/loss", 0.0)):
        text = f"The training loss is {step.metrics['train/loss']} at epoch {step.number}."
        run.alert("Training diverged", text, level="error")


def _record_weights(run: Run, data: Digits, step: Step) -> None:
    weights = step.model.coefs_[0]  # (pixels, units)
    run.log_histogram("weights/first-layer", weights, step=step.number)
    images = np.zeros((weights.shape[1], 64))
    images[:, data.pixels] = weights.T  # pixels that were removed stay 0
    picture = sheet(images.reshape(-1, 8, 8), columns=16)
    run.log_image("weights/units", picture, step=step.number, caption="weights of each unit")


def _test(run: Run, trial: Trial, data: Digits, step: Step) -> Result:
    """Draw what went wrong in validation, keep the model, and deposit its answers on the hold-out:
    nobody sees them before somebody claims something (`holdout.py`).
    """
    said = scores(step.model, data.x_val).argmax(axis=1)
    matrix = np.zeros((len(CLASSES), len(CLASSES)), dtype=np.int64)
    np.add.at(matrix, (data.y_val, said), 1)
    wrong = np.flatnonzero(said != data.y_val)
    caption = "rows: what it is; columns: what the model said"
    run.log_image("val/confusion", confusion_picture(matrix), step=step.number, caption=caption)
    _record_mistakes(run, data, said, wrong, step.number)
    run.save_model(step.model, trial.family)
    run.evaluate(TEST, scores=scores(step.model, data.x_test))
    print(f"validation: {len(wrong)} of {len(said)} wrong; the answers on {DATASET}:{TEST} wait")
    return Result(run=run.id, trial=trial, val_accuracy=step.metrics["val/accuracy"])


def _record_mistakes(run: Run, data: Digits, said: Array, wrong: Array, step: int) -> None:
    for index in wrong[:_MISTAKES_SHOWN_MAX]:
        caption = f"a {data.y_val[index]}, taken for a {said[index]}"
        picture = enlarged(data.val_images[index])
        run.log_image("val/mistakes", picture, step=step, caption=caption)
