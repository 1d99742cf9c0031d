"""Runs side by side: what differs, aspect by aspect."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence

from peira.compare import values
from peira.compare.code import code
from peira.compare.comparison import SECTIONS, Comparison, Section, SectionName
from peira.compare.files import data, outputs
from peira.compare.logs import logs
from peira.compare.metrics import metrics
from peira.compare.packages import packages
from peira.compare.sides import find_sides, side
from peira.compare.textdiff import Budget
from peira.core.errors import UsageError
from peira.lab.lab import Lab
from peira.lab.reading import RunRef
from peira.lab.runs import RunRecord


def diff(
    *runs: RunRef,
    lab: Lab | str | os.PathLike[str] | None = None,
    sections: Collection[str] | None = None,
) -> Comparison:
    """Return what differs between two to eight runs; deltas and changes start from the first one.

    Args:
        runs: ids, names or records.
        lab: where they are; found as git finds a repository when None.
        sections: only these, of `metrics params code packages environment system data files logs
            command notes`.

    Raises:
        UsageError: fewer than two or more than eight runs, one of them twice, an unknown section.
        NotFoundError, AmbiguousError: there is no such run, or several.

    >>> peira.diff("brisk-otter", "calm-fox")  # doctest: +SKIP
    """
    if isinstance(lab, Lab):
        return compare(lab, runs, sections=sections)
    with Lab(lab, create=False) as opened:
        return compare(opened, runs, sections=sections)


def compare(
    lab: Lab,
    runs: Sequence[RunRef],
    *,
    project: str | None = None,
    sections: Collection[str] | None = None,
    budget: Budget | None = None,
) -> Comparison:
    """As `diff`. `project` is where names are looked for; `budget` limits the lines of hunks."""
    wanted = check_sections(sections)
    records = find_sides(lab, runs, project)
    made = _makers(lab, records, budget or Budget())
    return Comparison(
        runs=[side(record) for record in records], sections=[made[name]() for name in wanted]
    )


def check_sections(sections: Collection[str] | None) -> list[SectionName]:
    """Return the sections in their order; all of them for None.

    Raises:
        UsageError: one is not known.
    """
    if sections is None:
        return list(SECTIONS)
    for name in sections:
        if name not in SECTIONS:
            raise UsageError(
                f"There is no section {name!r:.80} of a comparison.",
                hint=f"There are {', '.join(SECTIONS)}.",
            )
    return [name for name in SECTIONS if name in sections]


def _makers(
    lab: Lab, records: Sequence[RunRecord], budget: Budget
) -> dict[SectionName, Callable[[], Section]]:
    return {
        "metrics": lambda: metrics(lab, records),
        "params": lambda: values.params(records),
        "code": lambda: code(lab, records, budget),
        "packages": lambda: packages(records),
        "environment": lambda: values.environment(records),
        "system": lambda: values.system(records),
        "data": lambda: data(lab, records, budget),
        "files": lambda: outputs(lab, records, budget),
        "logs": lambda: logs(records, budget),
        "command": lambda: values.command(records),
        "notes": lambda: values.notes(records),
    }
