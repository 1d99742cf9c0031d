"""Names for queries, completion, projects, the first screen."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from peira.lab.fields import complete, list_fields, list_matched_metrics
from peira.lab.lab import Lab
from peira.lab.projects import list_projects, read_home, read_spark
from peira.lab.query.parse import parse
from tests.query.small_index import NOW, SmallRun, fill

RUNS = [
    SmallRun("a", {"lr": 0.1, "name": "x", "odd name": 1}, {"lr": [0.1], "val/acc": [0.5]}, ("t",)),
    SmallRun("b", {"lr": "auto", "model": "cnn"}, {"val/acc": [0.7]}, state="running"),
    SmallRun("c", {"model": "a b"}, {"loss": [1.0]}, project="other", user="grace", state="failed"),
]


def test_fields_are_written_as_a_query_needs_them(connection: Connection) -> None:
    """Every listed name parses and means one thing, whatever else has the same name."""
    fill(connection, RUNS)

    fields = {field.name: field for field in list_fields(connection, "digits")}

    assert {"params.lr", "metrics.lr", "params.name", "`odd name`", "val/acc", "t"} <= set(fields)
    assert fields["params.lr"].type == "mixed" and fields["params.lr"].runs == 2
    assert "loss" not in fields
    for field in fields.values():
        if field.kind != "tag":
            assert parse(f"{field.name} is missing").filter is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {"name", "val/acc", "alive"}),
        ("val", {"val/acc"}),
        ("acc", {"val/acc"}),
        ("val/acc.m", {"val/acc.max", "val/acc.min", "val/acc.mean"}),
        ("metrics.v", {"metrics.val/acc"}),
        ("alive and mod", {"model"}),
        ("model = ", {'"cnn"'}),
        ('model = "c', {'"cnn"'}),
        ("model in (", {'"cnn"'}),
        ("state = f", {"finished", "failed"}),
        ("tags = ", {'"t"'}),
        ("model ", {"=", "in", "is missing"}),
        ("model is ", {"missing", "not missing"}),
        ("model = cnn ", {"and", "group by", "sort"}),
        ("group ", {"by"}),
        ("group by ", {"all except", "model"}),
        ("group by all ", {"except"}),
        ("group by all except m", {"model"}),
        ("sort -val", {"val/acc"}),
        ("sort val/acc ", {"desc", "asc"}),
        ("since ", {"7d", "today"}),
    ],
)
def test_completion_fits_the_place(connection: Connection, text: str, expected: set[str]) -> None:
    """What is offered is what the grammar could read there."""
    fill(connection, RUNS)

    found = {item.insert for item in complete(connection, text, len(text), "digits")}

    assert expected <= found


def test_completion_replaces_the_word_at_the_cursor(connection: Connection) -> None:
    """The whole word is replaced, also the part behind the cursor; odd names come in quotes."""
    fill(connection, RUNS)

    item = complete(connection, "alive and odd > 1", 12, "digits")[0]

    assert (item.insert, item.start, item.end) == ("`odd name`", 10, 13)


@pytest.mark.parametrize("text", ["`", '"', "((", "x ~ [", "\x00", "sort", "in in in", "é" * 500])
def test_completion_never_fails(connection: Connection, text: str) -> None:
    """Any text at any position is only a question without good answers."""
    fill(connection, RUNS)

    for position in (-1, 0, len(text), 10_000):
        assert isinstance(complete(connection, text, position), list)


def test_metrics_of_the_matched_runs(connection: Connection) -> None:
    """Metric keys come with the number of matched runs that have them."""
    fill(connection, RUNS)

    assert list_matched_metrics(connection, "", "digits") == [("lr", 1), ("val/acc", 2)]
    assert list_matched_metrics(connection, "alive sort lr", "digits") == [("val/acc", 1)]


def test_projects_at_a_glance(connection: Connection) -> None:
    """Runs, live and failed ones, people and last activity by project."""
    fill(connection, RUNS)

    found = {project.name: project for project in list_projects(connection)}

    assert (found["digits"].runs, found["digits"].alive, found["other"].failed) == (2, 1, 1)
    assert found["other"].people == ["grace"]
    assert found["digits"].last_activity == NOW - 100.0


def test_the_first_screen(lab: Lab, connection: Connection) -> None:
    """Home holds every project with its primary metric, live and recent runs."""
    fill(connection, RUNS)
    home = read_home(connection)

    assert [row.name for row in home.alive.rows] == ["b"]
    assert len(home.recent.rows) == 3
    assert sorted(home.sparks["digits"].values) == [0.5, 0.7]
    spark = lab.ask(lambda c: read_spark(c, "digits"))
    assert spark is not None and spark.metric == "val/accuracy" and len(spark.values) == 20
