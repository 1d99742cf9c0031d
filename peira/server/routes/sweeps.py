"""Sweeps: the list, one of them, and what people decide of it."""

from __future__ import annotations

import time

from litestar import get, post
from litestar.params import JSONBody

from peira.server.follower import revision
from peira.server.parameters import LabNow, PathText
from peira.server.sweep_records import DecisionRequest, SweepAnswer, SweepListRow, SweepsAnswer
from peira.server.sweeps import answer_of, open_sweep, row_of
from peira.sweeps.decisions import decide, go_on
from peira.sweeps.folder import find_sweep
from peira.sweeps.ledger import Ledger
from peira.sweeps.reading import list_sweeps


@get("/api/projects/{project:str}/sweeps", sync_to_thread=True)
def sweeps(lab: LabNow, project: PathText) -> SweepsAnswer:
    """The sweeps of a project, the latest first."""
    rows = list_sweeps(lab.root, project)
    return SweepsAnswer(sweeps=[row_of(row) for row in rows], rev=revision(lab))


@get("/api/projects/{project:str}/sweeps/{sweep:str}", sync_to_thread=True)
def sweep(lab: LabNow, project: PathText, sweep: PathText) -> SweepAnswer:
    """One sweep with all its trials."""
    started = time.perf_counter()
    return answer_of(lab.root, open_sweep(lab.root, project, sweep), revision(lab), started)


@post("/api/projects/{project:str}/sweeps/{sweep:str}/decisions", sync_to_thread=True)
def decide_sweep(
    lab: LabNow, project: PathText, sweep: PathText, data: JSONBody[DecisionRequest]
) -> SweepListRow:
    """Pause, resume, stop or extend a sweep; its workers heed it before their next trial."""
    found = open_sweep(lab.root, project, sweep)
    folder = find_sweep(lab.root, found.row.id)
    if data.action == "resume":  # as `peira sweep resume`: what was killed is run once more
        ledger = Ledger(folder)
        ledger.catch_up()
        go_on(ledger)
    else:
        decide(folder, data.action, trials=data.trials, budget_s=data.budget_s, now=data.now)
    return row_of(open_sweep(lab.root, project, found.row.id).row)


HANDLERS = [sweeps, sweep, decide_sweep]
