"""The oracle of the search: a mix of two runs, run as often as it needs, and whose outcome it has.

Before the first question both ends are tried: all factors of A, and none of them. That tells
whether each outcome comes again, and whether it is one outcome or has a spread.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import Literal

from peira.core.direction import is_clock
from peira.core.errors import NotRepeatableError, NotStartedError
from peira.lab.goal import rank_metric
from peira.lab.lab import Lab
from peira.record.events import Origin
from peira.rerun.causes import Cause
from peira.rerun.mixture import Mixture
from peira.rerun.rerun import launched_again
from peira.rerun.results import read_outcome
from peira.rerun.search import Side
from peira.rerun.sides import RERUNS_A_SIDE, Outcome, Spread, exact_side, is_same
from peira.rerun.trials import Trial, Trials

Trouble = Literal["not-among-them", "not-repeatable", "within-noise"]
OnTrial = Callable[[Collection[str]], None]
"""Is told the mix that is about to be run."""

TRIAL = "trial"
"""The tag of every run that is a trial."""


class Trying:
    """Tries mixes. Ask `begin` once, then `__call__` for each mix.

    Args:
        causes: all in which the two runs differ, by id.
        metric: whose curve tells the outcome; None for all metrics.
    """

    def __init__(
        self,
        lab: Lab,
        mixture: Mixture,
        causes: dict[str, Cause],
        *,
        metric: str | None,
        on_trial: OnTrial,
    ) -> None:
        self._lab = lab
        self._mixture = mixture
        self._causes = causes
        self._on_trial = on_trial
        a, b = mixture.a.record, mixture.b.record
        self._trials = Trials(lab.root, a.id, b.id)
        self.metric = metric
        self.ends = (read_outcome(lab, a.id, metric), read_outcome(lab, b.id, metric))
        self.is_bitwise = is_same(*self.ends)
        """The two runs differ by rounding only: then every bit counts."""
        self.spread: Spread | None = None
        self.runs: list[str] = []
        """Every run that a trial was, those of an earlier call too."""
        self.reason = ""
        """Why the last mix that could not run did not."""
        self._exact: tuple[Outcome | None, Outcome | None] = self.ends

    def begin(self, factors: Collection[str]) -> Trouble | None:
        """Try both ends; return why nothing can be told, None when the search may begin."""
        ends: list[Outcome | None] = []
        noise: list[list[Outcome]] = []
        troubles: tuple[Trouble, Trouble] = ("not-among-them", "not-repeatable")
        mixes = (frozenset(factors), frozenset[str]())
        for mix, end, trouble in zip(mixes, self.ends, troubles, strict=True):
            first = self._outcomes(mix, 1)
            if first and is_same(first[0], end, is_bitwise=self.is_bitwise):
                ends.append(end)
                noise.append(first)
                continue
            again = self._outcomes(mix, RERUNS_A_SIDE)
            if len(again) < RERUNS_A_SIDE or _agree(again):
                if again and again[0].error:
                    self.reason = f"it fails with {again[0].error}"
                return trouble
            ends.append(None)
            noise.append(again)
        self._exact = (ends[0], ends[1])
        return self._begin_noisy(noise) if ends == [None, None] else None

    def __call__(self, mix: frozenset[str]) -> Side:
        """Return whose outcome a mix has."""
        count = RERUNS_A_SIDE if self.spread is not None else 1
        outcomes = self._outcomes(mix, count)
        if len(outcomes) < count:
            return "neither"
        if self.spread is None:
            return exact_side(outcomes[0], *self._exact, is_bitwise=self.is_bitwise)
        values = self._values(outcomes)
        return self.spread.side(values) if len(values) == count else "neither"

    @property
    def count(self) -> int:
        """How many trials there are of this search."""
        return len(self.runs)

    def _begin_noisy(self, noise: Sequence[list[Outcome]]) -> Trouble | None:
        """Neither outcome comes again: compare the spread of one metric."""
        self.metric = self.metric or self._main_metric()
        a, b = (self._values([end, *more]) for end, more in zip(self.ends, noise, strict=True))
        if min(len(a), len(b)) < 2:
            return "within-noise"
        self.spread = Spread(a, b)
        return None if self.spread.is_effect else "within-noise"

    def _main_metric(self) -> str:
        """Return the goal's metric, else the one that says most of a run."""
        names = [k for k in self.ends[0].result.metrics if k in self.ends[1].result.metrics]
        project = self._mixture.b.record.project
        goals = [p.goal.metric for p in self._lab.projects() if p.name == project and p.goal]
        chosen = [name for name in goals if name in names]
        chosen += sorted((name for name in names if not is_clock(name)), key=rank_metric)
        return chosen[0] if chosen else ""

    def _values(self, outcomes: Sequence[Outcome]) -> list[float]:
        curves = [one.result.metrics.get(self.metric or "") for one in outcomes]
        values = [float(c.values[-1]) for c in curves if c is not None and len(c.values)]
        return [value for value in values if math.isfinite(value)]

    def _outcomes(self, mix: Collection[str], count: int) -> list[Outcome]:
        """Return so many outcomes of a mix, running what is missing; fewer when it cannot run."""
        known = self._trials.of(mix)[:count]
        while len(known) < count:
            self._on_trial(mix)
            trial = self._run(mix)
            self._trials.add(trial)
            known = [*known, trial]
            if not trial.run:
                break
        self.runs += [t.run for t in known if t.run and t.run not in self.runs]
        if known and not known[-1].run:
            self.reason = known[-1].reason
        return [read_outcome(self._lab, t.run, self.metric) for t in known if t.run]

    def _run(self, mix: Collection[str]) -> Trial:
        a, record = self._mixture.a.record, self._mixture.b.record
        names = sorted(mix)
        try:
            start = self._mixture.ready(mix)
            found = launched_again(
                self._lab,
                record,
                start,
                name=f"{record.name}-trial-{len(self._trials) + 1}",
                why=f"why do {a.name} and {record.name} differ?",
                group=f"why {a.id} {record.id}",
                tags=(TRIAL,),
                origin=Origin(
                    how="rerun",
                    run=record.id,
                    changed={self._causes[id].name: f"as in {a.name}" for id in names},
                ),
                is_shown=False,
            )
        except (NotRepeatableError, NotStartedError) as error:
            return Trial(mix=names, run="", reason=error.message)
        return Trial(mix=names, run=found.run)


def _agree(outcomes: Sequence[Outcome]) -> bool:
    return all(is_same(outcomes[0], other) for other in outcomes[1:])
