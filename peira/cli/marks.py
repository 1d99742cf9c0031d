"""Letters beside numbers of a list that measure different things, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from peira.core.text import printable

if TYPE_CHECKING:
    from peira.cli.columns import Values
    from peira.lab.groups import GroupTable
    from peira.lab.lab import Lab
    from peira.lab.runs import RunTable


class Marks(NamedTuple):
    """The letters of each column, one for each row, and the notes below the list."""

    letters: dict[str, list[str]]
    notes: list[str]


NOTHING = Marks({}, [])


def read_marks(lab: Lab, table: RunTable, values: Sequence[Values]) -> Marks:
    """Return what is to be said of the columns of a list of runs."""
    named = [column.name for column in values if "/" in column.name and column.is_number]
    if not named:
        return NOTHING
    from peira.evaluate.guard import LOGGED, key_of, marks, read_guard

    keys = {name: key_of(name) for name in named}

    numbers = [record.row.n for record in table]
    guard = read_guard(lab, numbers, list(keys.values()))
    if not guard.measures:
        return NOTHING
    letters, notes = {}, []
    for column in values:
        key = keys.get(column.name, "")
        there = [n for n, cell in zip(numbers, column.cells, strict=True) if cell is not None]
        mark = marks(guard, {key: there}).get(key) if key else None
        if mark is None:
            continue
        letters[column.name] = [
            mark.letters.get(guard.kinds.get(n, {}).get(key, LOGGED), "")
            if cell is not None
            else ""
            for n, cell in zip(numbers, column.cells, strict=True)
        ]
        what = "not comparable: " if len(mark.letters) > 1 else ""
        notes.append(printable(f"{column.name} {what}{'; '.join(mark.notes)}"))
    return Marks(letters, notes)


def json_notes(lab: Lab, table: RunTable) -> list[str]:
    """Return what is to be said of the columns that `json_rows` gives."""
    from peira.cli.columns import Values, value_columns

    names, columns = value_columns(table)
    return read_marks(lab, table, [Values(name, columns[name]) for name in names]).notes


def group_notes(lab: Lab, groups: GroupTable) -> list[str]:
    """Return what is to be said of the means of groups."""
    if not any("/" in column.name for column in groups.columns):
        return []
    from peira.evaluate.guard import notes_of_groups

    return [printable(f"{name}: {note}") for name, note in notes_of_groups(lab, groups).items()]
