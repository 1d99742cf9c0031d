"""What a worker that was killed has left of its trial: a value that nobody has told as its end, or
a program that goes on.
"""

from __future__ import annotations

import os
import signal

from peira.record import liveness
from peira.record.folder import run_folder
from peira.record.reader import read_end
from peira.sweeps.folder import SweepFolder
from peira.sweeps.ledger import Attempt
from peira.sweeps.task import Outcome

REASON = "its worker was killed when this was known"


def left_outcome(folder: SweepFolder, attempt: Attempt) -> Outcome | None:
    """Return how an attempt came out that nobody can tell any more; None when it did not."""
    if attempt.valued is not None:
        from peira.sweeps.measured import judged
        from peira.sweeps.records import number

        values = [number(value) for value in attempt.valued.values]
        return _told_late(judged(values, attempt.run, 0.0))
    definition = folder.read()
    if attempt.run is None or definition.program is None:
        return None
    end = read_end(run_folder(folder.lab, attempt.run).events())
    if end is None or end.status != "finished":
        return None
    from peira.sweeps.measured import outcome_of

    found = outcome_of(folder.lab, attempt.run, definition.objectives, end.duration_s)
    return _told_late(found) if found.state in ("complete", "nan") else None


def _told_late(outcome: Outcome) -> Outcome:
    return Outcome(
        state=outcome.state,
        values=outcome.values,
        run=outcome.run,
        objective_s=outcome.objective_s,
        reason=outcome.reason or REASON,
    )


def end_program(attempt: Attempt) -> None:
    """End the program that a dead worker of this machine has left: its trial is run anew."""
    begun, claim = attempt.begun, attempt.claim
    if begun is None or claim is None or not begun.program:
        return
    if claim.host != liveness.host() or claim.boot != liveness.boot_id():
        return
    if liveness.is_alive(begun.program, begun.program_started):
        os.kill(begun.program, signal.SIGKILL)
