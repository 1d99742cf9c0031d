"""The lab as tables of DuckDB, for every question the query language does not know.

    runs     id, project, name, state, user, host, group, created, ended, duration, command, commit,
             note, why, parent, origin, origin_how, sweep, trial, alerts, lost_points,
             removed
    params   run, name, type, number, text        one row a run and param
    metrics  run, key, count, nonfinite, first, last, min, max, mean, and their steps
    tags     run, tag, by
    points   run, key, step, time, value, writer  every exact point

Times are TIMESTAMP in UTC. Only the tables that a question names are made, in memory, from one
state of the index; points are read from the Parquet files of sealed runs where they lie.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

import msgspec
from sqlalchemy import Connection, select

from peira.core.errors import UsageError
from peira.lab.attribute import metric_number, param_cell
from peira.lab.duck_table import create_table
from peira.lab.index import schema

if TYPE_CHECKING:
    from types import TracebackType

    from duckdb import DuckDBPyConnection

    from peira.lab.lab import Lab

TABLES = ("runs", "params", "metrics", "tags", "points")
PORTION = 10_000

_TIMES = {"created": "DOUBLE", "ended": "DOUBLE", "last_time": "DOUBLE"}
_METRIC_NUMBERS = ("count", "nonfinite", "min", "max", "mean")
_METRIC_STEPS = ("first_step", "last_step", "min_step", "max_step")


class Field(msgspec.Struct, frozen=True):
    """A column of an answer."""

    name: str
    type: str


class SqlAnswer:
    """The rows of an answer, read as they are needed; close it, or use it as a context manager."""

    def __init__(self, database: DuckDBPyConnection) -> None:
        self._database = database
        self.columns = [
            Field(str(column[0]), str(column[1])) for column in database.description or []
        ]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        while portion := self._database.fetchmany(PORTION):
            yield from portion

    def close(self) -> None:
        """Let go of the tables."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def ask(lab: Lab, text: str) -> SqlAnswer:
    """Answer a question in DuckDB's SQL; changes made by it are not kept.

    Raises:
        UsageError: DuckDB does not understand the question.
    """
    import duckdb

    database = duckdb.connect(
        ":memory:",
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"},
    )
    try:
        _fill(database, lab, {table for table in TABLES if re.search(rf"\b{table}\b", text, re.I)})
        database.execute("SET TimeZone = 'UTC'")
        database.execute(text)
    except duckdb.Error as error:
        database.close()
        told = str(error).strip().splitlines()
        raise UsageError(
            told[0] if told else "DuckDB cannot answer this.",
            hint=f"The tables are {', '.join(TABLES)}; `DESCRIBE runs` tells the columns of one.",
        ) from error
    except BaseException:
        database.close()
        raise
    return SqlAnswer(database)


def _fill(database: DuckDBPyConnection, lab: Lab, wanted: set[str]) -> None:
    makers = {"runs": _runs, "params": _params, "metrics": _metrics, "tags": _tags}
    for table, read in makers.items():
        if table not in wanted:
            continue
        columns = lab.ask(read)
        create_table(database, f"raw_{table}", columns, _types(columns))
        listed = ", ".join(
            f'make_timestamp(CAST(round("{name}" * 1e6) AS BIGINT)) AS "{name}"'
            if name in _TIMES
            else f'"{name}"'
            for name in columns
        )
        database.execute(f"CREATE VIEW {table} AS SELECT {listed} FROM raw_{table}")
    if "points" in wanted:
        _points(database, lab)


def _types(columns: dict[str, list[Any]]) -> dict[str, str]:
    """Return the types of columns that may have no value at all."""
    numbers = ("number", "duration", "first", "last", "min", "max", "mean", *_TIMES)
    whole = ("trial", "alerts", "lost_points", "count", "nonfinite", *_METRIC_STEPS)
    return {name: "DOUBLE" for name in columns if name in numbers} | {
        name: "BIGINT" for name in columns if name in whole
    }


def _runs(connection: Connection) -> dict[str, list[Any]]:
    row = schema.run.c
    names = (
        "id", "project", "name", "state", "user", "host", "group", "created", "ended", "duration",
        "command", "commit", "note", "why", "parent", "origin", "origin_how", "sweep", "trial",
        "alerts", "lost_points", "deleted",
    )  # fmt: skip
    found = connection.execute(select(*(row[name] for name in names)).order_by(row.created)).all()
    columns = _columns(names, found)
    columns["removed"] = [bool(cell) for cell in columns.pop("deleted")]
    return columns


def _params(connection: Connection) -> dict[str, list[Any]]:
    row, run, key = schema.attribute.c, schema.run.c, schema.key.c
    found = connection.execute(
        select(run.id, key.name, row.type, row.num, row.text)
        .join(schema.run, run.n == row.run)
        .join(schema.key, key.n == row.key)
    ).all()
    rows = [
        (run_id, name, type_, _param_number(type_, num, text), text)
        for run_id, name, type_, num, text in found
    ]
    return _columns(("run", "name", "type", "number", "text"), rows)


def _param_number(type_: str, num: float | None, text: str) -> float | None:
    cell = param_cell(type_, num, text) if type_ == "float" else num
    return None if cell is None else float(cell)


def _metrics(connection: Connection) -> dict[str, list[Any]]:
    row, run, key = schema.metric.c, schema.run.c, schema.key.c
    plain = (*_METRIC_NUMBERS, *_METRIC_STEPS, "last_time")
    found = connection.execute(
        select(
            run.id, key.name, row.first, row.first_text, row.last, row.last_text,
            *(row[name] for name in plain),
        )
        .join(schema.run, run.n == row.run)
        .join(schema.key, key.n == row.key)
    ).all()  # fmt: skip
    rows = [
        (line[0], line[1], metric_number(line[2], line[3]),
         metric_number(line[4], line[5]), *line[6:])
        for line in found
    ]  # fmt: skip
    return _columns(("run", "key", "first", "last", *plain), rows)


def _tags(connection: Connection) -> dict[str, list[Any]]:
    row, run = schema.tag.c, schema.run.c
    found = connection.execute(
        select(run.id, row.name, row.by).join(schema.run, run.n == row.run)
    ).all()
    return _columns(("run", "tag", "by"), found)


def _columns(names: Sequence[str], rows: Sequence[Any]) -> dict[str, list[Any]]:
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


def _points(database: DuckDBPyConnection, lab: Lab) -> None:
    """Make `points`: Parquet where a run is sealed and has no lines besides, else its lines."""
    from peira.lab.export import POINTS_TABLE, insert_points
    from peira.record.folder import run_folder

    database.execute(f"CREATE TABLE live_points ({POINTS_TABLE})")
    ids = lab.ask(lambda connection: list(connection.scalars(select(schema.run.c.id))))
    sealed, live = [], []
    for run in ids:
        folder = run_folder(lab.root, run)
        if folder.sealed.is_file() and not folder.points_files():
            sealed.append(str(folder.sealed))
        elif folder.path.is_dir():
            live.append(run)
    insert_points(database, "live_points", lab, live)
    parts = ["SELECT * FROM live_points"]
    if sealed:
        listed = ", ".join("'" + path.replace("'", "''") + "'" for path in sealed)
        parts.append(
            "SELECT run::VARCHAR AS run, key::VARCHAR AS key, step, time, value,"
            f" writer::VARCHAR AS writer FROM read_parquet([{listed}])"
        )
    database.execute(f"CREATE VIEW points AS {' UNION ALL '.join(parts)}")
