"""The checkpoint that a launched program goes on from: written out for it, and named to it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from peira.core.settings import variable
from peira.lab.runs import RunRecord
from peira.objects._base import Objects
from peira.objects.checkpoint import remove, take_out
from peira.record.events import Artifact, Checkpoint

TYPE = "checkpoint"


class Taken(NamedTuple):
    """A checkpoint, and the id of the run that saved it."""

    run: str
    saved: Checkpoint

    def used(self, name: str, time_s: float) -> Artifact:
        """Return how the run that goes on tells of it: its bytes stay as long as one of the two
        runs does, and a re-run of that run can begin with them again.
        """
        return Artifact(
            time=time_s,
            name=f"{name}:step-{self.saved.step}",
            type=TYPE,
            role="used",
            files=self.saved.files,
            metadata={
                "run": self.run,
                "step": self.saved.step,
                "format": self.saved.format,
                "metrics": self.saved.metrics,
            },
        )


def taken_by(record: RunRecord) -> Taken | None:
    """Return the checkpoint that a run went on from; None when it began anew."""
    for used in record.artifacts() if record.origin_how else []:
        facts = used.metadata
        if used.role == "used" and used.type == TYPE and "step" in facts:
            saved = Checkpoint(
                time=used.time,
                step=int(facts["step"]),
                files=used.files,
                format=str(facts.get("format", "files")),
                metrics=dict(facts.get("metrics", {})),
            )
            return Taken(str(facts.get("run", "")), saved)
    return None


@contextmanager
def written_out(objects: Objects, taken: Taken | None) -> Iterator[dict[str, str | None]]:
    """Write a checkpoint to a private folder for the time of a `with` block; yield the environment
    that names it to a program.

    Raises:
        NotFoundError, DamagedError: its bytes are gone, or are others.
    """
    if taken is None:
        yield {variable("checkpoint"): None}
        return
    folder = Path(tempfile.mkdtemp(prefix="peira-"))
    try:
        yield {variable("checkpoint"): str(take_out(objects, taken.run, taken.saved, folder))}
    finally:
        remove(folder)
