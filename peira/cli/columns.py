"""Which columns a list of runs shows, and a run as one JSON row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peira.cli.format import MISSING, ago, duration, moment, value
from peira.cli.marks import NOTHING, Marks
from peira.cli.table import Cell, Column
from peira.cli.terminal import STATE_STYLE, Terminal

if TYPE_CHECKING:
    from peira.lab.runs import RunRecord, RunTable

CHOSEN_MAX = 12
ALWAYS = ("name", "state", "created", "duration")  # shown whether they were asked for or not
WIDE = 100  # columns of a terminal from which ids are shown; in pipes they always are
SYSTEM = "system/"

_LIST = re.compile(r"(?:[^,`]|`[^`]*`)+")


@dataclass(frozen=True)
class Values:
    """A column of values: its name as a query writes it, and one value for each run."""

    name: str
    cells: list[Any]

    @property
    def is_number(self) -> bool:
        """Whether there are numbers and nothing else."""
        kinds = {type(cell) for cell in self.cells if cell is not None}
        return bool(kinds) and kinds <= {int, float}

    @property
    def differs(self) -> bool:
        """Whether two runs have different values; missing is one, and NaN equals itself."""
        return len({repr(cell) for cell in self.cells}) > 1


def split_names(texts: Sequence[str]) -> list[str] | None:
    """Return the names of `--columns`, cut at commas outside of backquotes; None without any."""
    names = [name.strip() for text in texts for name in _LIST.findall(text)]
    return [name for name in names if name] or None


def choose(table: RunTable, goals: Sequence[str] = ()) -> tuple[list[Values], int]:
    """Return the columns worth a look, and how many more there are.

    Those that were asked for; else those the query speaks of, then the params that differ and the
    metrics that most runs have, those of `goals` first, together at most 12.
    """
    named = [Values(column.name, table.column(column.name)) for column in table.columns]
    if table.chosen:
        return [column for column in named if column.name not in ALWAYS], 0
    taken = {column.field.key for column in table.columns}
    records = list(table)
    params = [column for column in _params(records) if column.name not in taken]
    if len(records) > 1:
        params = [column for column in params if column.differs]
    metrics = [column for column in _metrics(records) if column.name not in taken]
    metrics.sort(key=lambda column: column.name not in goals)  # stable: the rest keep their order
    # On a narrow terminal columns go from the right, so what was measured comes before the inputs.
    found = [*metrics[:2], *params, *metrics[2:]]
    room = max(0, CHOSEN_MAX - len(named))
    return named + found[:room], len(found[room:])


def _params(records: Sequence[RunRecord]) -> list[Values]:
    names = dict.fromkeys(name for record in records for name in record.params)
    return [Values(name, [record.params.get(name) for record in records]) for name in names]


def _metrics(records: Sequence[RunRecord]) -> list[Values]:
    counts: dict[str, int] = {}
    for record in records:
        for key in record.metrics:
            if not key.startswith(SYSTEM):
                counts[key] = counts.get(key, 0) + 1
    keys = sorted(counts, key=lambda key: -counts[key])  # equal counts keep their order
    return [
        Values(key, [r.metrics[key].last if key in r.metrics else None for r in records])
        for key in keys
    ]


def table_of(
    records: Sequence[RunRecord], values: Sequence[Values], out: Terminal, marks: Marks = NOTHING
) -> tuple[list[Column], list[list[Cell]]]:
    """Return the columns and cells of a list of runs: who, how it goes, when, then the values, with
    a letter where numbers of a column measure different things.

    A terminal gets ages, a pipe gets times.
    """
    has_projects = len({record.project for record in records}) > 1
    has_tags = any(record.tags for record in records)
    has_id = out.width is None or out.width >= WIDE
    columns = [Column("id")] if has_id else []
    columns.append(Column("name", shrinks=True))
    columns += [Column("project", shrinks=True)] if has_projects else []
    columns += [Column("state"), Column("created"), Column("duration", right=True)]
    columns += [
        Column(v.name, right=v.is_number, shrinks=not v.is_number and len(v.name) < 12)
        for v in values
    ]
    columns += [Column("tags", shrinks=True)] if has_tags else []
    rows = []
    for i, record in enumerate(records):
        cells = [Cell(record.id, "dim")] if has_id else []
        cells.append(Cell(record.name, "bold"))
        cells += [Cell(record.project)] if has_projects else []
        cells += [
            Cell(record.state, STATE_STYLE.get(record.state, "")),
            Cell(ago(record.created) if out.is_terminal else moment(record.created)),
            Cell(duration(record.duration)),
        ]
        cells += [Cell(_marked(value(v.cells[i]), marks.letters.get(v.name), i)) for v in values]
        cells += [Cell(" ".join(record.tags) or MISSING)] if has_tags else []
        rows.append(cells)
    return columns, rows


def _marked(text: str, letters: list[str] | None, row: int) -> str:
    if letters is None:
        return text
    return f"{text} {letters[row] or ' '}" if any(letters) else text


def json_row(record: RunRecord) -> dict[str, Any]:
    """Return the facts of a run as the HTTP API has them, without values."""
    return {
        "id": record.id,
        "name": record.name,
        "project": record.project,
        "state": record.state,
        "user": record.user,
        "host": record.host,
        "group": record.group,
        "created": record.created,
        "ended": record.ended,
        "duration": record.duration,
        "tags": record.tags,
        "note": record.note,
        "commit": record.commit,
        "why": record.why,
        "alerts": record.alert_count,
        "rev": record.rev,
    }


def json_rows(table: RunTable) -> list[dict[str, Any]]:
    """Return every run of a table with its values.

    The values are the columns that were asked for; else every param, and the last value of every
    metric that is not of the machine (`system/…`).
    """
    names, columns = value_columns(table)
    return [
        json_row(record) | {"values": {name: columns[name][i] for name in names}}
        for i, record in enumerate(table)
    ]


def value_columns(table: RunTable) -> tuple[list[str], dict[str, list[Any]]]:
    """Return the names of the columns that `json_rows` gives, and all columns by name."""
    if table.chosen:
        columns = {column.name: table.column(column.name) for column in table.columns}
        return list(columns), columns
    from peira.lab.frames import RUN_COLUMNS

    columns = table.to_dict()
    return [name for name in columns if name not in (*RUN_COLUMNS, "tags")], columns
