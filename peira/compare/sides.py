"""The runs of a comparison: found, checked, and each told in short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from peira.compare.comparison import RUNS_MAX, Side
from peira.core.errors import UsageError
from peira.lab.lab import Lab
from peira.lab.reading import RunRef
from peira.lab.runs import RunRecord

ERROR_CHARACTERS_MAX = 300


def find_sides(lab: Lab, runs: Sequence[RunRef], project: str | None = None) -> list[RunRecord]:
    """Return the runs to compare.

    Raises:
        UsageError: fewer than two, more than eight, or one of them twice.
        NotFoundError, AmbiguousError: as `Lab.run`.
    """
    if not 2 <= len(runs) <= RUNS_MAX:
        raise UsageError(
            f"Two to eight runs can be compared; {len(runs)} given.",
            hint="A table of more runs: peira compare.",
        )
    records = [lab.run(run, project) for run in runs]
    ids = [record.id for record in records]
    for i, record in enumerate(records):
        if record.id in ids[:i]:
            raise UsageError(
                f"Run {record.name} ({record.id}) is given twice.",
                hint="A run does not differ from itself; name another one.",
            )
    return records


def side(record: RunRecord) -> Side:
    """Return what a page says of a run above its differences."""
    code = record.captured("code")
    git = mapping(code.get("git"))
    is_dirty = git.get("dirty")
    error = (record.end or {}).get("error")
    return Side(
        id=record.id,
        name=record.name,
        project=record.project,
        state=record.state,
        created=record.created,
        duration=record.duration,
        user=record.user,
        host=record.host,
        script=script_of(code, record.birth),
        commit=record.commit,
        is_dirty=is_dirty if isinstance(is_dirty, bool) else None,
        error=f"{error['type']}: {error['message']}"[:ERROR_CHARACTERS_MAX] if error else "",
    )


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a part of a record as a mapping, an empty one for anything else: a record may be of
    another program, or of a newer Peira.
    """
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """Return the mappings in a list; none for anything else."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def script_of(code: dict[str, Any], birth: dict[str, Any]) -> str:
    """Return what ran: its script, `-m module`, else the command."""
    if code.get("module"):
        return f"-m {code['module']}"
    script = str(code.get("script") or " ".join(birth.get("command", [])))
    return script.removeprefix(f"{birth.get('directory')}/")
