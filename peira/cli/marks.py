"""Letters beside numbers of a list that measure different things, and what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from peira.core.text import printable

if TYPE_CHECKING:
    from peira.cli.columns import Values
    from peira.lab.groups import GroupTable
    from peira.lab.lab import Lab
    from peira.lab.runs import RunTable


class Marks(NamedTuple):
    """The letters of each column, one for each row, and what is to be said of each."""

    letters: dict[str, list[str]]
    said: dict[str, str]

    @property
    def notes(self) -> list[str]:
        """The notes below the list."""
        return told_once(self.said.items())


NOTHING = Marks({}, {})
NAMES_MAX = 3
"""More columns than that with one note are counted, not named."""


def told_once(said: Iterable[tuple[str, str]]) -> list[str]:
    """Return names with their notes as lines: what is said of several names is said once."""
    names: dict[str, dict[str, None]] = {}
    for name, note in said:
        names.setdefault(note, {})[name] = None
    return [printable(f"{_listed(list(found))}: {note}") for note, found in names.items()]


def _listed(names: list[str]) -> str:
    if len(names) <= NAMES_MAX:
        return ", ".join(names)
    shown = NAMES_MAX - 1
    return f"{', '.join(names[:shown])} and {len(names) - shown} others"


def said_of(letters: Iterable[str], notes: Iterable[str]) -> str:
    """Return what is to be said of a column whose numbers have these letters, where they do."""
    return ("not comparable: " if any(letters) else "") + "; ".join(notes)


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
    letters, said = {}, {}
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
        said[column.name] = said_of(mark.letters.values(), mark.notes)
    return Marks(letters, said)


def json_notes(lab: Lab, table: RunTable) -> list[str]:
    """Return what is to be said of the columns that `json_rows` gives."""
    from peira.cli.columns import Values, value_columns

    names, columns = value_columns(table)
    found = read_marks(lab, table, [Values(name, columns[name]) for name in names])
    return [printable(f"{name}: {note}") for name, note in found.said.items()]


def group_notes(lab: Lab, groups: GroupTable) -> list[str]:
    """Return what is to be said of the means of groups."""
    if not any("/" in column.name for column in groups.columns):
        return []
    from peira.evaluate.guard import notes_of_groups

    return told_once(notes_of_groups(lab, groups).items())
