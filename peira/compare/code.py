"""The code section: what each run's code really was, file by file."""

from __future__ import annotations

from collections.abc import Sequence

from peira.compare.comparison import FileSection
from peira.compare.files import Held, file_section, seen_file
from peira.compare.textdiff import Budget
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord


def code(lab: Lab, records: Sequence[RunRecord], budget: Budget) -> FileSection:
    """Return the project files that the runs imported or ran."""
    found: list[dict[str, Held] | None] = []
    for record in records:
        seen = record.files("source")
        found.append({file.path: seen_file(lab, file) for file in seen.values()} or None)
    return file_section("code", found, budget)
