"""Going on from a checkpoint: a new run, whose origin is the run that saved it.

find_point    which run, which checkpoint
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from peira.capture import redact_value
from peira.core.clock import now_s
from peira.core.direction import Direction
from peira.core.values import flatten, named_values, param_value
from peira.lab.checkpoints import choose
from peira.lab.lab import Lab
from peira.lab.reading import RunRef
from peira.lab.runs import RunRecord
from peira.objects.checkpoint import Checkpoint, of_event, private_folder
from peira.objects.folder import FolderObjects
from peira.record import events


class Point(NamedTuple):
    """Where to go on from."""

    run: RunRecord
    saved: events.Checkpoint

    def origin(self, params: Any = None) -> events.Origin:
        """Return the origin of a run that goes on from here.

        Args:
            params: of the new run; those that are others than before count as changed.
        """
        given = {} if params is None else dict(flatten(named_values(params), lambda *_: None))
        before = self.run.params
        changed = {
            name: redact_value(name, param_value(value))
            for name, value in given.items()
            if name not in before or before[name] != value
        }
        return events.Origin(how="resume", run=self.run.id, step=self.saved.step, changed=changed)

    def checkpoint(self, root: Path) -> Checkpoint:
        """Return the checkpoint for this process; its files are written out when asked for."""
        objects = FolderObjects(root / "objects")
        return of_event(objects, self.run.id, self.saved, private_folder)

    @property
    def used(self) -> events.Artifact:
        """What the new run tells of it: its bytes stay as long as one of the runs does."""
        facts: Mapping[str, Any] = {
            "run": self.run.id, "step": self.saved.step, "format": self.saved.format,
        }  # fmt: skip
        return events.Artifact(
            time=now_s(),
            name=f"{self.run.name}:step-{self.saved.step}",
            type="checkpoint",
            role="used",
            files=self.saved.files,
            metadata=dict(facts),
        )


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
    return Point(record, choose(lab, record, at, metric=metric, direction=direction))
