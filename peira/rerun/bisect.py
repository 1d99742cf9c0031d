"""The search for the cause of a difference, by running mixes of two runs; each is a run of the lab.

    Mixture    peira/rerun/mixture.py    makes a mix
    Trying     peira/rerun/trying.py     runs it, and says whose outcome it has
    search     peira/rerun/search.py     asks for the mixes that narrow it down
    Finding                              the cause, what contributes, or why none can be named

Source: SCIENCE.md 6.5.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal

import msgspec

from peira.core.errors import UsageError
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.rerun.causes import Cause, blocks, by_id, find_causes
from peira.rerun.mixture import Mixture
from peira.rerun.restore import Say
from peira.rerun.results import read_outcome
from peira.rerun.scratch import discard
from peira.rerun.search import Found, Side, search, trials_expected
from peira.rerun.sides import RERUNS_A_SIDE, is_same
from peira.rerun.trying import Trying

Ending = Literal[
    "cause", "contributing", "same", "nothing-differs", "within-noise", "not-among-them",
    "not-repeatable",
]  # fmt: skip


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """What is known when a trial begins."""

    number: int
    left: int
    """About so many more after it, when there is one cause."""
    left_max: int
    """About so many, when two act only together."""
    mix: list[str]
    """Names of what is as in run A; all else is as in run B."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What the search found."""

    a: str
    b: str
    ending: Ending
    because: str
    """As one sentence without its full stop."""
    causes: list[Cause] = []
    """The cause alone, or those that contribute."""
    is_together: bool = False
    """Whether those that contribute turn the outcome only together."""
    metric: str | None = None
    """The metric that was searched by; None for all of them."""
    is_deterministic: bool = True
    not_tried: dict[str, str] = {}
    """Names of what differs and cannot be restored, and why."""
    runs: list[str] = []
    """The trials."""


def bisect(
    lab: Lab,
    a: RunRecord,
    b: RunRecord,
    *,
    metric: str | None = None,
    is_rebuilt: bool = True,
    say: Say = lambda _: None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Finding:
    """Find what makes the results of two runs differ.

    Trials of an earlier call between the same runs count; when this is interrupted, call it again.

    Args:
        metric: whose curve tells the outcome; None for all metrics.
        is_rebuilt: install recorded packages; else use those of now, and try no packages.

    Raises:
        UsageError: a run is alive, or lacks the metric.
        NotRepeatableError: neither run can be run again.
        KeyboardInterrupt: a trial was stopped with Ctrl-C.
    """
    _refuse(a, b, metric)
    ends = read_outcome(lab, a.id, metric), read_outcome(lab, b.id, metric)
    nothing = Finding(a=a.id, b=b.id, ending="same", because="", metric=metric)
    if is_same(*ends, is_bitwise=True):
        return _said(nothing, "same", "both runs have the same results, bit for bit")
    causes = find_causes(lab, a, b, is_rounding=is_same(*ends))
    wanted = [c for c in causes if is_rebuilt or c.kind != "packages"]
    differing = [id for block in blocks(wanted) for id in block]
    not_tried = {c.name: "it cannot be restored" for c in causes if not c.is_restorable}
    if not differing:
        because = "nothing that differs and could be restored was recorded"
        return _said(nothing, "nothing-differs", because, not_tried=not_tried)
    folder = Path(tempfile.mkdtemp(prefix="peira-bisect-"))
    try:
        mixture = Mixture(lab, (a, b), folder, differing=differing, is_rebuilt=is_rebuilt, say=say)
        not_tried |= {by_id(causes)[id].name: why for id, why in mixture.unavailable.items()}
        tried = [[id for id in block if id not in mixture.unavailable] for block in blocks(wanted)]
        told = msgspec.structs.replace(nothing, not_tried=not_tried)
        return _Search(lab, mixture, causes, [block for block in tried if block]).run(
            told, on_progress
        )
    finally:
        discard(folder)


class _Search:
    """The search proper, once both runs are restored."""

    def __init__(
        self, lab: Lab, mixture: Mixture, causes: list[Cause], tried: list[list[str]]
    ) -> None:
        self._lab = lab
        self._mixture = mixture
        self._causes = by_id(causes)
        self._tried = tried
        self._narrowest = sum(map(len, tried))

    def run(self, told: Finding, on_progress: Callable[[Progress], None]) -> Finding:
        factors = [id for block in self._tried for id in block]
        if not factors:
            because = "nothing that differs can be restored"
            return _said(told, "nothing-differs", because)
        trying = Trying(
            self._lab,
            self._mixture,
            dict(self._causes),
            metric=told.metric,
            on_trial=lambda mix: on_progress(self._progress(trying, mix)),
        )
        trouble = trying.begin(factors)
        if trouble is not None:
            return self._finished(_said(told, trouble, self._trouble(trouble, trying)), trying)

        def oracle(mix: frozenset[str]) -> Side:
            side = trying(mix)
            if side == "A":
                self._narrowest = min(self._narrowest, len(mix))
            return side

        return self._finished(self._conclude(told, search(self._tried, oracle)), trying)

    def _progress(self, trying: Trying, mix: Collection[str]) -> Progress:
        each = RERUNS_A_SIDE if trying.spread is not None else 1
        one, two = trials_expected(self._narrowest)
        ends = max(0, 2 - trying.count)
        return Progress(
            number=trying.count + 1,
            left=max(1, (one + 1) * each + ends - 1),
            left_max=max(1, (two + 1) * each + ends - 1),
            mix=[self._causes[id].name for id in sorted(mix)],
        )

    def _finished(self, finding: Finding, trying: Trying) -> Finding:
        return msgspec.structs.replace(
            finding,
            runs=trying.runs,
            metric=trying.metric,
            is_deterministic=trying.spread is None,
        )

    def _conclude(self, told: Finding, found: Found[str]) -> Finding:
        if found.ending != "found":  # the ends were tried, and do not answer twice alike
            return _said(told, "within-noise", "the same mix does not give the same outcome twice")
        if found.cause is not None:
            cause = self._causes[found.cause]
            because = f"changing {cause.name} alone turns the outcome, both ways"
            return _said(told, "cause", because, causes=[cause])
        causes = [self._causes[id] for id in found.contributing]
        is_together = set(found.towards_a) == set(found.towards_b)
        names = " and ".join(cause.name for cause in causes)
        because = (
            f"the outcome turns only when {names} change together"
            if is_together
            else f"what contributes is {names}; none of it turns the outcome both ways alone"
        )
        return msgspec.structs.replace(
            _said(told, "contributing", because, causes=causes), is_together=is_together
        )

    def _trouble(self, trouble: str, trying: Trying) -> str:
        a, b = self._mixture.a.record.name, self._mixture.b.record.name
        if trouble == "within-noise":
            return f"{a} and {b} differ by no more than two runs of either would"
        if trying.reason:
            return f"it cannot be run: {trying.reason.rstrip('.')}"
        if trouble == "not-repeatable":
            return f"with everything as in {b} the result is not that of {b}"
        untried = list(self._mixture.unavailable)
        if untried:
            names = ", ".join(self._causes[id].name for id in untried[:3])
            return (
                f"with everything that could be restored of {a} the result is not that of {a};"
                f" not tried: {names}"
            )
        hardware = [c.name for c in self._causes.values() if c.kind == "hardware"]
        others = f"; hardware differs ({', '.join(hardware[:3])})" if hardware else ""
        return (
            f"with everything that could be restored of {a} the result is not that of {a}: not"
            f" explained by code, data, config, variables or packages{others}"
        )


def _refuse(a: RunRecord, b: RunRecord, metric: str | None) -> None:
    for record in (a, b):
        if record.state not in ("finished", "failed"):
            raise UsageError(f"Run {record.name} is {record.state}: it has no outcome of its own.")
        if metric is not None:
            record.metric(metric)  # it must be there


def _said(
    finding: Finding,
    ending: Ending,
    because: str,
    *,
    causes: list[Cause] | None = None,
    not_tried: dict[str, str] | None = None,
) -> Finding:
    return msgspec.structs.replace(
        finding,
        ending=ending,
        because=because,
        causes=causes or [],
        not_tried=finding.not_tried if not_tried is None else not_tried,
    )
