"""Going on from a checkpoint: a new run, whose origin is the run that saved it.

    find_point    which run, which checkpoint
    resume        the program of that run, started again where it was, with the checkpoint

A script that calls `peira.resume` itself does the first part alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from peira.capture import redact_value
from peira.core.clock import now_s
from peira.core.direction import Direction
from peira.core.values import flatten, named_values, param_value
from peira.lab.checkpoints import choose
from peira.lab.lab import Lab
from peira.lab.reading import RunRef
from peira.lab.runs import RunRecord
from peira.launch.launcher import Launched
from peira.objects.checkpoint import Checkpoint, of_event, private_folder
from peira.objects.folder import FolderObjects
from peira.record import events
from peira.rerun.changes import Changes
from peira.rerun.rerun import free_name, here, launched, request_of
from peira.rerun.taken import Taken, written_out

_FORK = re.compile(r"-from--?\d+(-\d+)?\Z")


class Point(NamedTuple):
    """Where to go on from."""

    run: RunRecord
    saved: events.Checkpoint
    name: str
    """A name for the run that goes on from here, which no other run has."""

    @property
    def taken(self) -> Taken:
        """The checkpoint with its run."""
        return Taken(self.run.id, self.saved)

    @property
    def used(self) -> events.Artifact:
        """What the run that goes on from here tells of it."""
        return self.taken.used(self.run.name, now_s())

    def origin(self, params: Any = None) -> events.Origin:
        """Return the origin of a run that goes on from here.

        Args:
            params: of the new run; those that are others than before count as changed.
        """
        given = {} if params is None else dict(flatten(named_values(params), lambda *_: None))
        before = self.run.params
        changed = {
            name: param_value(value)
            for name, value in given.items()
            if name not in before or before[name] != value
        }
        return events.Origin(
            how="resume",
            run=self.run.id,
            step=self.saved.step,
            changed=redact_value("changed", changed),
        )

    def checkpoint(self, root: Path) -> Checkpoint:
        """Return the checkpoint for this process; its files are written out when asked for."""
        objects = FolderObjects(root / "objects")
        return of_event(objects, self.run.id, self.saved, private_folder)


def find_point(
    lab: Lab,
    run: RunRef,
    at: str | int = "last",
    *,
    metric: str | None = None,
    direction: Direction | None = None,
) -> Point:
    """Return a run and its checkpoint to go on from; see `peira.lab.checkpoints.choose`.

    Raises:
        NotFoundError, AmbiguousError, UsageError: there is none, or it is not clear which.
    """
    record = lab.run(run)
    saved = choose(lab, record, at, metric=metric, direction=direction)
    return Point(record, saved, free_name(lab, f"{_FORK.sub('', record.name)}-from-{saved.step}"))


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """How to go on."""

    changes: Mapping[str, str] = {}
    """New values by the name of a flag or a constant."""
    name: str | None = None
    why: str | None = None
    tags: tuple[str, ...] = ()


def resume(
    lab: Lab, point: Point, wanted: Wanted, on_start: Callable[[], None] = lambda: None
) -> Launched:
    """Start the program of a run again, where it was and as it is there now, with a checkpoint;
    returns how it ended, and its new run.

    Args:
        on_start: called once, when all that can be refused has been looked at.

    Raises:
        UsageError: it cannot be started again, or a change is not possible from outside.
        NotRepeatableError: its folder is gone.
        NotFoundError, DamagedError: the checkpoint is gone, or its bytes are others.
        NotStartedError: the program cannot be started.
        KeyboardInterrupt: it was stopped with Ctrl-C.
    """
    record = point.run
    start = Changes(record, wanted.changes).made(
        here(record, hint=f"Write its files elsewhere: peira restore {record.id} DIR")
    )
    origin = msgspec.structs.replace(
        point.origin(), changed=redact_value("changed", dict(wanted.changes))
    )
    with written_out(lab.objects, point.taken) as variables:
        start = msgspec.structs.replace(start, variables={**start.variables, **variables})
        request = request_of(
            lab,
            record,
            start,
            uses=(point.used,),
            name=wanted.name or point.name,
            why=wanted.why,
            group=record.group,
            tags=wanted.tags,
            origin=origin,
        )
        on_start()
        return launched(lab, request)
