"""The process that runs one item of a queue: `python -m peira.launch.item LAB ITEM GPUS CPUS`.

A worker starts it in a session of its own, so that neither Ctrl-C nor the death of the worker ends
the run. It tells the worker in lines of JSON: first that the program starts, then how it ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec

from peira.core.errors import DamagedError, PeiraError
from peira.launch.launcher import Request, launch
from peira.launch.queue import Item, Queue, claim_now
from peira.record.events import Origin
from peira.record.liveness import process_started

TAKEN = 3
"""Exit code: somebody else runs the item, or it is gone."""
NOT_STARTED = 4


def run_item(queue: Queue, item: Item, gpus: str | None) -> int:
    """Claim an item, run it to its end and take it out of the queue; return an exit code."""
    claim = claim_now(gpus)
    if not queue.claim(item, claim):
        return TAKEN

    def on_step(run: str, pid: int) -> None:
        nonlocal claim
        started = process_started(pid) if pid else 0.0
        claim = msgspec.structs.replace(claim, run=run, program=pid, program_started=started)
        if not pid:
            queue.update(item, claim)
            _tell(run=run)
            return
        try:
            queue.update(item, claim)
        except OSError:
            pass  # a full disk must not end the program; the claim names its run already

    variables = {} if gpus is None else {"CUDA_VISIBLE_DEVICES": gpus}
    try:
        launched = launch(_told_origin(item.staged.request(queue.root, variables)), on_step)
    except (PeiraError, OSError) as error:
        queue.update(item, msgspec.structs.replace(claim, run=None, program=0, reason=str(error)))
        _tell(reason=str(error))
        return NOT_STARTED
    queue.finish(item)
    name = None if launched.signal is None else signal.Signals(launched.signal).name
    _tell(exit_code=launched.exit_code, signal=name)
    return 0


def _told_origin(request: Request) -> Request:
    """Return a request that is meant to repeat with the run that it repeats: of several that were
    queued together that is the first, which had not run then.
    """
    if not request.is_meant or request.origin is not None:
        return request
    from peira.rerun.guard import REPEATS
    from peira.rerun.precheck import precheck

    try:
        likeness = precheck(request).likeness
    except (OSError, DamagedError, msgspec.MsgspecError):
        return request  # it is not known; the run is what matters
    if likeness is None or likeness.kind not in REPEATS:
        return request
    origin = Origin(how="repeat", run=likeness.run.id)
    return msgspec.structs.replace(request, origin=origin)


def _tell(**fact: Any) -> None:
    try:
        print(json.dumps(fact), flush=True)
    except OSError:  # the worker is gone; the run goes on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> None:
    """Run the item that the command line names."""
    root, name, gpus, cpus = sys.argv[1:]
    if cpus:
        os.sched_setaffinity(0, {int(cpu) for cpu in cpus.split(",")})
    queue = Queue(Path(root))
    item = next((item for item in queue.items() if item.id == name), None)
    if item is None or item.state != "waiting":
        sys.exit(TAKEN)
    sys.exit(run_item(queue, item, gpus or None))


if __name__ == "__main__":
    main()
