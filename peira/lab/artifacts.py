"""Artifacts of other runs, found by `RUN:NAME`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peira.core.errors import NotFoundError, UsageError
from peira.core.text import printable
from peira.lab.query.parse import near
from peira.record.events import Artifact

if TYPE_CHECKING:
    from peira.lab.reading import Reading
    from peira.lab.runs import RunRecord


def find_artifact(lab: Reading, ref: str) -> tuple[RunRecord, Artifact]:
    """Return the run and the artifact that `RUN:NAME` means; of several of one name the latest.

    Raises:
        UsageError: it has not that form.
        NotFoundError, AmbiguousError: there is no such run, or it has no such artifact.
    """
    run, colon, name = ref.partition(":")
    if not (run and colon and name):
        raise UsageError(
            f"{ref!r:.100} names no artifact.", hint="Write RUN:NAME, such as brisk-otter:cnn."
        )
    record = lab.run(run)
    found = {made.name: made for made in record.artifacts()}
    if name not in found:
        close = near(name, list(found))
        raise NotFoundError(
            f"Run {printable(record.name)} ({record.id}) has no artifact `{printable(name)}`.",
            suggestions=close,
            hint=f"Did you mean {', '.join(map(printable, close))}?"
            if close
            else f"It has {', '.join(map(printable, sorted(found)[:20])) or 'none'}.",
        )
    return record, found[name]
