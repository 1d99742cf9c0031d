"""Runs a recorded run again as often as a verdict needs it, and keeps the verdict on both runs."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import select

from peira.core.errors import (
    NotRepeatableError,
    NotStartedError,
    UnsupportedError,
    UsageError,
)
from peira.lab.index import schema
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.lab.verifications import VERIFIED, Verdict, Verification
from peira.launch.launcher import Launched
from peira.rerun.rerun import Again, Rerun, ready
from peira.rerun.restore import Say
from peira.rerun.results import error_of, last_line, read_result
from peira.rerun.verify import More, Result, compare, judge, what_differs

NO_RERUN = "-"
"""Stands for the re-run in the id of a verification that could not start one."""
REPLICATES_MAX = 50
FILES_TOLD = 20

OnStart = Callable[[int, int], None]
"""Is told before each re-run its number, and how many there will be as far as is known."""


def verify(
    lab: Lab,
    wanted: Rerun,
    *,
    reruns_max: int | None = None,
    say: Say = lambda _: None,
    on_start: OnStart = lambda number, of: None,
) -> Verification:
    """Run a run again, up to five times, and judge whether it is reproduced.

    What could not be run is an outcome, too. The verification is in the journal when this returns.

    Args:
        reruns_max: at most so many re-runs; the verdict rests on what they tell.

    Raises:
        NotFoundError, AmbiguousError: there is no such run, or several.
        UsageError: the run is not one that can be verified.
    """
    record = lab.run(wanted.run)
    original = read_result(lab, record.id)
    _refuse(record, wanted, original)
    reruns: list[str] = []
    inexact: list[str] = []
    try:
        with ready(lab, wanted, say) as again:
            verdict = _judged(
                lab, again, original, reruns, reruns_max=reruns_max, on_start=on_start
            )
            inexact = again.inexact
    except (NotRepeatableError, NotStartedError, UnsupportedError) as error:
        reasons = error.reasons if isinstance(error, NotRepeatableError) else ()
        because = "; ".join(reasons) or error.message
        verdict = Verdict(outcome="not-run", because=because.rstrip("."))
    verification = _verification(lab, record, original, reruns, verdict)
    verification = msgspec.structs.replace(verification, inexact=inexact)
    decision = lab.journal.append(
        VERIFIED, f"{record.id}/{reruns[0] if reruns else NO_RERUN}", verification
    )
    lab.catch_up(wait_s=60.0)
    return msgspec.structs.replace(verification, time=decision.time, by=decision.by)


def _refuse(record: RunRecord, wanted: Rerun, original: Result) -> None:
    if wanted.changes:
        raise UsageError(
            "A re-run with something changed is not the same run.", hint="Leave --with out."
        )
    if record.state in ("running", "silent"):
        raise UsageError(f"Run {record.name} has not ended yet.", hint="Wait for its end.")
    if record.state == "killed":
        raise UsageError(
            f"Run {record.name} was killed before its end; there is no result to reproduce."
        )
    if record.state == "finished" and not original.is_comparable:
        raise UsageError(
            f"There is nothing to compare: run {record.name} logged no metric and wrote no file"
            " below its folder.",
            hint="Let it log or write its result; `peira rerun` without --verify runs it again.",
        )


def _judged(
    lab: Lab,
    again: Again,
    original: Result,
    reruns: list[str],
    *,
    reruns_max: int | None,
    on_start: OnStart,
) -> Verdict:
    """Run as often as the verdict needs; `reruns` gets the ids."""
    results: list[Result] = []
    total = 1
    replicates: Sequence[Result] | None = None
    while True:
        on_start(len(results) + 1, total)
        launched = again.run()
        reruns.append(launched.run)
        failed = _failure(lab, again.record, launched)
        if failed is not None:
            return failed
        if not original.is_comparable:
            return _same_failure(lab, again.record, launched)
        results.append(read_result(lab, launched.run))
        if len(results) == 3 and replicates is None:
            replicates = _replicates(lab, again.record, reruns)
        found = judge(original, results, replicates or ())
        if isinstance(found, Verdict):
            return found
        total = len(results) + found.reruns
        if reruns_max is not None and len(results) >= reruns_max:
            return _undecided(original, results, found)


def _undecided(original: Result, results: Sequence[Result], more: More) -> Verdict:
    """What can be said when no more re-runs are allowed."""
    pair = compare(original, results[0])
    because = f"{what_differs(pair)}; {more.reruns} more re-runs would tell whether that is noise"
    return msgspec.structs.replace(pair, outcome="different", because=because)


def _failure(lab: Lab, original: RunRecord, launched: Launched) -> Verdict | None:
    """Return the verdict on a re-run that did not end as the original did, None for others."""
    if launched.signal is not None:
        because = f"it was killed by {signal.Signals(launched.signal).name}"
        return Verdict(outcome="not-run", because=because)
    record = lab.run(launched.run)
    if (record.state == "failed") == (original.state == "failed"):
        return None
    if record.state != "failed":
        because = "it ran to its end, and the original failed"
        return Verdict(outcome="different", because=because)
    error = (record.end or {}).get("error") or {}
    told = f"{error.get('type')}: {error.get('message')}" if error else last_line(record)
    because = f"it ended with exit code {launched.exit_code}{f': {told[:300]}' if told else ''}"
    return Verdict(outcome="not-run", because=because)


def _same_failure(lab: Lab, original: RunRecord, launched: Launched) -> Verdict:
    """Return the verdict on a run that gave nothing but its failure."""
    errors = error_of(original), error_of(lab.run(launched.run))
    if errors[0] == errors[1]:
        return Verdict(outcome="exact", because=f"it fails with {errors[0]} again")
    because = f"it failed with {errors[0]}, and fails with {errors[1]}"
    return Verdict(outcome="different", because=because)


def _replicates(lab: Lab, record: RunRecord, reruns: Sequence[str]) -> list[Result]:
    """Return what earlier runs gave that differ from this one in the seed only, or in nothing."""
    print_, run = schema.fingerprint.c, schema.run.c
    parts = (print_.entry, print_.config, print_.tree, print_.data, print_.env)
    own = lab.ask(
        lambda connection: connection.execute(
            select(*parts).where(print_.run == record.row.n)
        ).first()
    )
    if own is None or not all(own):
        return []
    question = (
        select(run.id)
        .join_from(schema.run, schema.fingerprint, print_.run == run.n)
        .where(run.state == "finished", run.deleted == 0, run.id.not_in([record.id, *reruns]))
        .where(*(part == value for part, value in zip(parts, own, strict=True)))
        .order_by(run.created.desc())
        .limit(REPLICATES_MAX)
    )
    ids = lab.ask(lambda connection: list(connection.scalars(question)))
    return [read_result(lab, id) for id in ids]


def _verification(
    lab: Lab, record: RunRecord, original: Result, reruns: Sequence[str], verdict: Verdict
) -> Verification:
    same, different = 0, []
    if reruns:
        files = read_result(lab, reruns[0]).files
        both = {name: files[name] for name in original.files if name in files}
        different = sorted(name for name, digest in both.items() if digest != original.files[name])
        same = len(both) - len(different)
    return Verification(
        original=record.id,
        rerun=reruns[0] if reruns else "",
        verdict=verdict,
        reruns=list(reruns),
        files_same=same,
        files_different=different[:FILES_TOLD],
    )
