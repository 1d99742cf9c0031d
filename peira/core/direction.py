"""Whether more or less of a metric is better."""

from __future__ import annotations

import re
from typing import Literal

Direction = Literal["max", "min"]

_HIGHER = {"acc", "accuracy", "auc", "auroc", "f1", "score", "precision", "recall", "map", "iou"}
_LOWER = {"loss", "error", "err", "mse", "rmse", "mae", "perplexity", "ppl", "nll", "wer", "cer"}


def guess_direction(metric: str) -> Direction | None:
    """Guess from the last part of a metric's name whether more or less is better.

    >>> guess_direction("val/top1_acc"), guess_direction("train_loss"), guess_direction("lr")
    ('max', 'min', None)
    """
    words = re.split(r"[^a-z0-9]+", metric.rpartition("/")[2].lower())
    if _LOWER.intersection(words):
        return "min"
    return "max" if _HIGHER.intersection(words) else None
