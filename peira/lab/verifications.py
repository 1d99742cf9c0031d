"""What re-runs said about a run: whether it was reproduced, and whether it is deterministic.

Both are records of the journal (docs/formats/journal.md), so they are known from the original and
from the re-run, and copying a lab keeps them. The words and numbers come from
`peira.rerun.verify`.
"""

from __future__ import annotations

from typing import Literal, TypeVar

import msgspec
from sqlalchemy import Connection, or_, select

from peira.lab.index import schema

VERIFIED = "run.verified"  # id: <original>/<re-run>
DETERMINISTIC = "run.deterministic"  # id: run

Outcome = Literal["exact", "rounding", "noise", "different", "not-run"]

SENTENCES: dict[Outcome, str] = {
    "exact": "reproduced exactly",
    "rounding": "reproduced up to rounding",
    "noise": "consistent with seed noise (weak evidence)",
    "different": "did not reproduce",
    "not-run": "could not run",
}
"""The only five outcomes, as people read them."""


class MetricCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One metric, compared. Numbers are of its last point; None where there is none, or it is no
    finite number.
    """

    key: str
    original: float | None
    rerun: float | None
    """Of the first re-run."""
    relative: float | None
    """The largest relative difference of any point; None when it is not finite or the steps
    differ.
    """
    low: float | None = None
    """Where one more run of this recipe is expected in 95 % of cases, all metrics together; only
    for runs that are not deterministic.
    """
    high: float | None = None
    is_inside: bool | None = None
    """Whether the original lies between `low` and `high`."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a comparison, and the numbers behind it."""

    outcome: Outcome
    because: str = ""
    """What decided it, as one phrase."""
    metrics: int = 0
    """How many metrics were compared."""
    points: int = 0
    relative: float | None = None
    """The largest relative difference of all points; 0 when all are bitwise equal."""
    worst: str | None = None
    """The metric that differs most."""
    differing: list[MetricCheck] = []
    """Metrics that are not bitwise equal, what decided first; at most 50."""
    is_deterministic: bool | None = None
    """Whether re-runs agree among themselves; None when only one was needed."""
    replicates: int = 0
    """How many runs the seed interval rests on; 0 when there was none."""
    predictions_equal: float | None = None
    """The share of predictions that are equal; None when none were recorded."""
    left_out: list[str] = []
    """Metrics that were not compared, for they are of clocks and machines."""


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """A re-run held against the run that it repeats."""

    original: str
    rerun: str
    verdict: Verdict
    reruns: list[str] = []
    """All re-runs of this check, the first one is `rerun`."""
    files_same: int = 0
    """Artifacts and output files with the same bytes in both."""
    files_different: list[str] = []
    """Names of those with other bytes; extra evidence, never the outcome by itself when metrics
    were compared.
    """
    inexact: list[str] = []
    """What could not be restored exactly."""
    time: float = 0.0
    by: str = ""
    """Who asked, and when: those of the journal's record."""

    @property
    def sentence(self) -> str:
        """The outcome as a sentence without its full stop."""
        text = SENTENCES[self.verdict.outcome]
        return f"{text}: {self.verdict.because}" if self.verdict.because else text


class Determinism(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a run, started twice with the same seed on one machine, gave the same."""

    is_deterministic: bool
    runs: list[str]
    """The two runs that were compared."""
    host: str
    relative: float | None = None
    """The largest relative difference between the two."""
    differing: list[str] = []
    """Metrics that differ."""
    switches: list[str] = []
    """What would make it deterministic; only where it is not."""
    time: float = 0.0
    by: str = ""


Said = TypeVar("Said", Verification, Determinism)


def verifications(connection: Connection, run: str) -> list[Verification]:
    """Return the verifications that a run is the original or the re-run of, latest first."""
    id = schema.decision.c.id
    ends = id.endswith(f"/{run}", autoescape=True)
    # "0" follows "/": all ids that begin with this run, and those that end with it.
    condition = or_((id > f"{run}/") & (id < f"{run}0"), ends)
    return _read(connection, VERIFIED, condition, Verification)


def determinism(connection: Connection, run: str) -> Determinism | None:
    """Return what the latest probe of a run said, or None."""
    found = _read(connection, DETERMINISTIC, schema.decision.c.id == run, Determinism)
    return found[0] if found else None


def _read(connection: Connection, kind: str, condition: object, type_: type[Said]) -> list[Said]:
    table = schema.decision.c
    question = (
        select(table.value, table.time, table.by)
        .where(table.kind == kind, table.value.is_not(None), condition)  # type: ignore[arg-type]
        .order_by(table.time.desc(), table.id)
    )
    found = []
    for value, time, by in connection.execute(question).all():
        try:
            said = msgspec.json.decode(value, type=type_)
        except msgspec.MsgspecError:
            continue  # of a newer Peira; a reader passes over what it does not understand
        found.append(msgspec.structs.replace(said, time=time, by=by))
    return found
