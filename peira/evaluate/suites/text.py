"""Generated text against reference texts: exact match, and what is near it.

Source: normalisation and token F1 of SQuAD, Rajpurkar et al. 2016, arXiv:1606.05250.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Callable

from peira.evaluate.answers import Answers, Task
from peira.evaluate.suites._base import Metric

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def suite(task: Task) -> tuple[Metric, ...]:
    """Return the metrics of `text`."""
    return _SUITE


def normalised(text: str) -> str:
    """Return text in lower case without punctuation, articles and doubled blanks.

    >>> normalised("The  Cat, sat.")
    'cat sat'
    """
    bare = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", bare).split())


def token_f1(true: str, predicted: str) -> float:
    """Return the harmonic mean of precision and recall of the words of normalised texts."""
    wanted, given = normalised(true).split(), normalised(predicted).split()
    if not wanted or not given:
        return float(wanted == given)
    shared = sum((Counter(wanted) & Counter(given)).values())
    return 2 * shared / (len(wanted) + len(given))


def _mean(one: Callable[[str, str], float]) -> Callable[[Answers], float]:
    def compute(answers: Answers) -> float:
        if not len(answers):
            return math.nan
        pairs = zip(answers.true, answers.predicted, strict=True)
        return sum(one(str(true), str(predicted)) for true, predicted in pairs) / len(answers)

    return compute


_SUITE = (
    Metric("exact_match", "equal but for blanks at the ends", "max",
           _mean(lambda true, given: float(true.strip() == given.strip()))),
    Metric("normalised_match", "equal after SQuAD's normalisation", "max",
           _mean(lambda true, given: float(normalised(true) == normalised(given)))),
    Metric("token_f1", "SQuAD's F1 of words", "max", _mean(token_f1)),
)  # fmt: skip
