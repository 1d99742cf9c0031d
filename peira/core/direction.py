"""What a metric's name says: whether more or less is better, and whether it is of the clock."""

from __future__ import annotations

import re
from typing import Literal

Direction = Literal["max", "min"]

_HIGHER = {
    "acc", "accuracy", "auc", "auroc", "f1", "score", "precision", "recall", "map", "iou", "ap",
    "dice", "kappa", "mcc", "mrr", "ndcg", "r2",
}  # fmt: skip
_LOWER = {
    "loss", "error", "err", "mse", "rmse", "mae", "perplexity", "ppl", "nll", "wer", "cer", "brier",
}  # fmt: skip
_HIGHER_NAMES = {"exact_match", "normalised_match", "explained_variance"}
_OF_CLASSES = {"iou", "ap"}
"""What has a number for each class, whatever the class is called: `dev/iou/road`."""
_CLOCK = re.compile(
    r"(times?|timings?|timer|timestamp|durations?|elapsed|runtime|walltime|clock|latency"
    r"|throughput|eta|fps|secs?|seconds?|minutes?|hours?|millis|ms|us|ns)\Z"
)
_UNIT = re.compile(r"(s|h|ms|us|ns|sec|secs|min)\Z")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def guess_direction(metric: str) -> Direction | None:
    """Guess from the last part of a metric's name whether more or less is better.

    >>> guess_direction("val/top1_acc"), guess_direction("train_loss"), guess_direction("lr")
    ('max', 'min', None)
    """
    *above, last = metric.lower().split("/")
    if last in _HIGHER_NAMES or _OF_CLASSES.intersection(above[-1:]):
        return "max"
    words = re.split(r"[^a-z0-9]+", last)
    if _LOWER.intersection(words):
        return "min"
    return "max" if _HIGHER.intersection(words) else None


def is_clock(key: str) -> bool:
    """Whether a metric is of the clock or the machine, and differs between two runs of the same.

    Known by name: below `system/`; below a part that is a clock (`time/forward`); the last part
    ends with a clock (`epoch_time`, `train_seconds`, `fps`), also with a unit (`time_s`); or it is
    a rate (`samples_per_second`, `time_per_step`).

    >>> [is_clock(k) for k in ("time/epoch", "fit_time_s", "it_per_sec", "val/time_to_event_mae")]
    [True, True, True, False]
    """
    *above, last = key.split("/")
    if "system" in above[:1] or any(_CLOCK.match(part.lower()) for part in above):
        return True
    words = [word.lower() for word in _WORD.findall(last)]
    if not words:
        return False
    clocks = [_CLOCK.match(word) is not None for word in words]
    has_unit = _UNIT.match(words[-1]) is not None and any(clocks[:-1])
    return clocks[-1] or has_unit or ("per" in words and any(clocks))
