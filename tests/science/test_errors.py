"""Mean errors: words, and their rate of error in simulated worlds."""

from __future__ import annotations

import numpy as np
import pytest

from peira.core.errors import UsageError
from peira.science.errors import half_width, judge_error, shared_variance
from peira.science.levels import spent_level

LAWS = {
    "normal": lambda rng, shape: np.abs(rng.normal(0, 1, shape)) / np.sqrt(2 / np.pi),
    "exponential": lambda rng, shape: rng.exponential(1, shape),
    "uniform": lambda rng, shape: rng.uniform(0, 2, shape),
}


def test_words_follow_the_distance() -> None:
    """Far below the threshold it is supported, far above refuted, near it undecided."""
    errors = LAWS["normal"](np.random.default_rng(0), (1, 1_000))
    assert [judge_error(errors, t) for t in (2.0, 0.5, 1.0)] == [
        "supported", "refuted", "undecided",
    ]  # fmt: skip
    for wrong in (errors[0], np.full((1, 9), np.inf), np.repeat(errors, 2, axis=0)):
        with pytest.raises(UsageError):
            judge_error(wrong, 1.0)


def test_what_runs_share_is_not_averaged_away() -> None:
    """Equal runs share everything; independent ones a quarter at least."""
    one = LAWS["exponential"](np.random.default_rng(1), (1, 2_000))
    assert shared_variance(np.repeat(one, 4, axis=0)) == pytest.approx(one.var(ddof=1))
    apart = LAWS["exponential"](np.random.default_rng(2), (4, 2_000))
    means = apart.mean(axis=0).var(ddof=1)
    assert shared_variance(apart) == pytest.approx(means / 4)


@pytest.mark.parametrize("law", LAWS)
def test_one_look_errs_rarely_at_the_truth(law: str) -> None:
    """At a threshold that is exactly the truth, 2,000 times 400 examples: false words in at most
    5 % together and 3.5 % in each direction, for three laws of errors.
    """
    rng = np.random.default_rng(3)
    words = [judge_error(LAWS[law](rng, (1, 400)), 1.0) for _ in range(2_000)]
    shares = [words.count(word) / 2_000 for word in ("supported", "refuted")]
    assert sum(shares) <= 0.05 + 2 * (0.05 * 0.95 / 2_000) ** 0.5
    assert max(shares) <= 0.035 + 2 * (0.035 * 0.965 / 2_000) ** 0.5


def test_many_looks_err_rarely_together() -> None:
    """Ten looks at new candidates that are exactly at the claim: any false "supported" in at most
    5 % of 400 series, with exponential errors.
    """
    rng, false = np.random.default_rng(4), 0
    for _ in range(400):
        shared = rng.exponential(1, 400)
        words = [
            judge_error((0.7 * shared + 0.3 * rng.exponential(1, 400))[None], 1.0,
                        spent_level(number))
            for number in range(1, 11)
        ]  # fmt: skip
        false += "supported" in words
    assert false / 400 <= 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5


def test_a_recipe_at_its_threshold_errs_rarely() -> None:
    """Five runs whose means spread, on shared examples."""
    rng, words = np.random.default_rng(5), []
    for _ in range(600):
        hard = rng.exponential(1, 300)
        runs = 1 + rng.normal(0, 0.02, (5, 1))
        table = runs * (0.6 * hard[None] + 0.4 * rng.exponential(1, (5, 300)))
        words.append(judge_error(table, 1.0))
    assert (len(words) - words.count("undecided")) / 600 <= 0.05 + 2 * (0.05 * 0.95 / 600) ** 0.5


def test_the_half_width_is_that_of_normal_errors() -> None:
    """Known before the look: as many examples again make it half as wide at four times."""
    wide = half_width(1.0, 100, 0.025)
    assert wide == pytest.approx(1.96 * 0.7555 / 10, rel=1e-3)
    assert half_width(1.0, 400, 0.025) == pytest.approx(wide / 2)
