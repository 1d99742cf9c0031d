"""What the demo tries: models x data versions x seeds, who does it, and why."""

from __future__ import annotations

import msgspec

PROJECT = "digits"
METRIC = "val/accuracy"
FAMILIES = ("network", "boosting", "svm", "neighbours")
VERSIONS = ("baseline", "zero-pixels-removed", "normalised")
SEEDS = (1, 2, 3)
DIVERGING = "diverging-network"

PEOPLE = {"network": "ada", "boosting": "grace", "svm": "alan", "neighbours": "alan"}
_WHY = {
    "baseline": "How far does {family} come on the raw pixels?",
    "zero-pixels-removed": "Three pixels are zero in nearly every image: does {family} miss them?",
    "normalised": "Does {family} gain when every pixel has mean 0 and deviation 1?",
}


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the demo, before it runs."""

    model: str
    version: str
    seed: int

    @property
    def name(self) -> str:
        """The run's name."""
        return f"{self.model}-{self.version}-{self.seed}"

    @property
    def family(self) -> str:
        """The run's group."""
        return "network" if self.model == DIVERGING else self.model

    @property
    def person(self) -> str:
        """Who runs it."""
        return PEOPLE[self.family]

    @property
    def why(self) -> str:
        """The reason for the run, one sentence."""
        if self.model == DIVERGING:
            return "Without activation and with plain SGD, how large may the learning rate be?"
        return _WHY[self.version].format(family=f"a {self.family}")


def trials() -> list[Trial]:
    """Return the 37 trials: seed by seed, so that each third holds every combination."""
    planned = [
        Trial(model=family, version=version, seed=seed)
        for seed in SEEDS
        for version in VERSIONS
        for family in FAMILIES
    ]
    planned.insert(len(planned) // 3, Trial(model=DIVERGING, version="baseline", seed=SEEDS[0]))
    return planned
