"""A small index for the tests of the query language."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, select

from peira.lab.index import schema
from peira.lab.query.catalog import Catalog
from peira.lab.query.compile import compile_filter
from peira.lab.query.order import apply_sort
from peira.lab.query.parse import parse
from tests.query.small_index import NOW, SmallRun, fill, open_index

Names = Callable[[str], list[str]]


@pytest.fixture
def connection() -> Iterator[Connection]:
    connection = open_index()
    yield connection
    connection.close()
    connection.engine.dispose()


RUNS = [
    SmallRun(
        "cnn-a",
        {"lr": 0.1, "model": "cnn", "augment": True, "seed": 1, "layers": [64, 32]},
        {"val/acc": [0.2, 0.9, 0.8], "loss": [3.0, 1.0]},
        ("baseline", "paper"),
        user="ada",
        created=NOW - 86_400 * 10,
        ended=NOW - 86_400 * 10 + 60,
    ),
    SmallRun(
        "cnn-b",
        {"lr": 1e-3, "model": "cnn", "augment": False, "seed": 2, "note": None},
        {"val/acc": [0.5, 0.97], "loss": [2.0, float("nan")]},
        ("baseline",),
        user="grace",
        group="night",
        created=NOW - 7200,
        ended=NOW - 3600,
    ),
    SmallRun(
        "mlp-c",
        {"lr": 1, "model": "mlp", "seed": 3, "odd name": "x"},
        {"val/acc": [0.4], "loss": [float("inf")]},
        (),
        "running",
        created=NOW - 60,
    ),
    SmallRun("Été 1%", {"model": "svm"}, {}, ("it's",), "failed", created=NOW - 30, alerts=2),
]


@pytest.fixture
def names(connection: Connection) -> Names:
    """Return the names of the runs that a query finds, in its order."""
    fill(connection, RUNS)

    def ask(text: str, project: str | None = "digits") -> list[str]:
        query = parse(text)
        catalog = Catalog(connection, project, NOW)
        statement = compile_filter(query.filter, catalog).apply(select(schema.run.c.name))
        return list(connection.scalars(apply_sort(statement, query.sort, catalog)))

    return ask
