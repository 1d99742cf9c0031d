"""The facts of one writing transaction: gathered in lists, written in few statements.

Everything here belongs to one transaction of the index. `Facts` also hands out the small numbers of
keys; they are good only when the transaction commits.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update

from peira.lab.index import schema
from peira.lab.index.upsert import insert_new, upsert
from peira.record.reader import Damage

Row = dict[str, Any]

_RUN_TABLES = (
    schema.attribute,
    schema.tag,
    schema.event,
    schema.file,
    schema.link,
    schema.fingerprint,
)


class Facts:
    """What is to be written; `flush` writes it. Reads of this transaction must flush before."""

    def __init__(self, connection: Connection, rev: int, keys: dict[tuple[str, str], int]) -> None:
        self.connection = connection
        self.rev = rev
        """The revision that the runs changed here get."""
        self.problems = 0
        """Damage told for the first time."""
        self._keys = keys
        self._next_key = max(keys.values(), default=0) + 1
        self._rows: dict[Table, list[Row]] = defaultdict(list)

    def put(self, table: Table, row: Row) -> None:
        """Insert a row, or replace the one with the same primary key."""
        self._rows[table].append(row)

    def key(self, kind: str, name: str) -> int:
        """Return the number of a param's or metric's name."""
        number = self._keys.get((kind, name))
        if number is None:
            number = self._keys[kind, name] = self._next_key
            self._next_key += 1
            self.put(schema.key, {"n": number, "kind": kind, "name": name})
        return number

    def problem(self, run: str, damage: Damage) -> None:
        """Tell damage of a file, once."""
        row = {
            "run": run,
            "file": damage.file,
            "offset": damage.offset,
            "length": damage.length,
            "reason": damage.reason,
        }
        done = self.connection.execute(insert_new(schema.problem), row)
        self.problems += max(0, done.rowcount)

    def change(self, run: int, **fields: Any) -> None:
        """Change fields of a run at once; its revision rises."""
        fields["rev"] = self.rev
        self.connection.execute(update(schema.run).where(schema.run.c.n == run).values(fields))

    def flush(self) -> None:
        """Write what was put."""
        for table, rows in self._rows.items():
            statement = insert(table) if table is schema.event else upsert(table)
            self.connection.execute(statement, rows)
        self._rows.clear()

    def forget_points(self, run: int) -> None:
        """Remove everything that came from points files of a run."""
        self.flush()
        self._delete_points(run)
        self.connection.execute(
            delete(schema.file).where(
                schema.file.c.run == run, schema.file.c.name.startswith("points.", autoescape=True)
            )
        )

    def _delete_points(self, run: int) -> None:
        # Overviews are found by (key, run) only, and the big table must not be searched through:
        # the keys are those of the run's metrics, which therefore go last.
        metric, overview = schema.metric, schema.overview
        keys = select(metric.c.key).where(metric.c.run == run)
        self.connection.execute(
            delete(overview).where(overview.c.key.in_(keys), overview.c.run == run)
        )
        self.connection.execute(delete(metric).where(metric.c.run == run))

    def forget_run(self, run: int, run_id: str, *, wholly: bool) -> None:
        """Remove everything that came from a run's files; with `wholly` the run, too."""
        self.flush()
        self._delete_points(run)
        for table in _RUN_TABLES:
            self.connection.execute(delete(table).where(table.c.run == run))
        self.connection.execute(delete(schema.problem).where(schema.problem.c.run == run_id))
        if wholly:
            self.connection.execute(delete(schema.run).where(schema.run.c.n == run))
            self.connection.execute(
                upsert(schema.meta), {"name": "removed", "value": str(self.rev)}
            )


def load_keys(connection: Connection) -> dict[tuple[str, str], int]:
    """Return the numbers of all names."""
    rows = connection.execute(select(schema.key.c.kind, schema.key.c.name, schema.key.c.n))
    return {(kind, name): number for kind, name, number in rows}
