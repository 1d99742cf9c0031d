"""Tables and records of runs."""

from __future__ import annotations

import math

import pytest
from sqlalchemy import Connection

from peira.core.errors import (
    AmbiguousError,
    NotFoundError,
    QueryError,
    UnsupportedError,
    UsageError,
)
from peira.lab.lab import Lab
from peira.lab.rows import dropped_by, read_query, select_page
from peira.lab.runs import find_run, read_metrics, read_params
from tests.query.small_index import SmallRun, fill


def test_a_table_counts_what_it_does_not_show(lab: Lab) -> None:
    """`matched` counts all that fit, `total` the project, `len` what is within the limit."""
    table = lab.runs("state = finished", project="digits", limit=3)

    assert len(table) == 3
    assert 3 < table.matched <= table.total == 20


def test_paging_gives_every_run_once(lab: Lab) -> None:
    """Pages of a sorted result join to the whole of it; a page behind the end knows the count."""
    whole = [run.id for run in lab.runs("sort val/accuracy.max desc", limit=None)]
    pages = [
        run.id
        for offset in range(0, 45, 7)
        for run in lab.runs("", sort="-val/accuracy.max", limit=7, offset=offset)
    ]

    assert whole == pages
    assert lab.runs("", offset=1_000).matched == 40


@pytest.mark.parametrize("limit", [-1, 2**63, True, 1.5, "3"])
def test_absurd_windows_are_refused(lab: Lab, limit: object) -> None:
    """Q02: a limit or offset that is no count is a UsageError."""
    with pytest.raises(UsageError):
        lab.runs(limit=limit)  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        lab.runs(offset=limit)  # type: ignore[arg-type]


def test_a_record_holds_what_was_logged(lab: Lab) -> None:
    """Params, summaries and exact points of a record agree with each other."""
    run = lab.runs("state = finished", limit=1)[0]
    summary = run.metrics["val/loss"]
    series = run.metric("val/loss")
    finite = series.values[[math.isfinite(v) for v in series.values]]

    assert isinstance(run.params["lr"], float)
    assert summary.count == len(series)
    assert (summary.min, summary.max) == (finite.min(), finite.max())
    assert run.birth["id"] == run.id
    assert run.end is not None and run.console().text == ""
    assert lab.run(run.id).params == run.params


def test_columns_are_values_of_the_row(lab: Lab) -> None:
    """Columns carry run fields, params and summaries under the names they were asked for."""
    table = lab.runs("", columns=["state", "params.lr", "val/accuracy.max", "tags"], limit=5)

    for index, run in enumerate(table):
        values = table.values(index)
        assert values["state"] == run.state
        assert values["params.lr"] == run.params["lr"]
        assert values["val/accuracy.max"] == run.metrics["val/accuracy"].max
    assert table.column("state") == [run.state for run in table]


def test_without_columns_the_query_decides(lab: Lab) -> None:
    """The columns of a table are those that its query filters and sorts by."""
    table = lab.runs("params.lr > 0 sort val/accuracy.max")

    assert [column.name for column in table.columns] == ["params.lr", "val/accuracy.max"]


def test_an_unknown_column_is_told(lab: Lab) -> None:
    """A column that no run has is a QueryError with near names."""
    with pytest.raises(QueryError) as caught:
        lab.runs(columns=["val/acuracy"])

    assert "val/accuracy" in caught.value.suggestions


def test_runs_are_found_by_id_its_ends_and_name(lab: Lab) -> None:
    """The full id, a unique start or end, and a name all find the run."""
    run = lab.runs(limit=1)[0]

    assert lab.run(run.id).id == run.id
    assert lab.run(run.id[:-1]).id == run.id
    assert lab.run(run.id[-6:]).id == run.id
    assert lab.run(run.name).id == run.id
    assert lab.run(run).id == run.id


def test_a_name_used_twice_asks(connection: Connection) -> None:
    """Two runs of one name: AmbiguousError with both ids; in one project it may be unique."""
    fill(connection, [SmallRun("twin"), SmallRun("twin"), SmallRun("twin", project="other")])

    with pytest.raises(AmbiguousError) as caught:
        find_run(connection, "twin", "digits")

    assert len(caught.value.suggestions) == 2
    assert find_run(connection, "twin", "other").project == "other"


def test_an_unknown_run_suggests(connection: Connection) -> None:
    """A run that is not there is told with near names; SQL wildcards are plain characters."""
    fill(connection, [SmallRun("brisk-otter")])

    with pytest.raises(NotFoundError) as caught:
        find_run(connection, "brisk-oter")
    for text in ("%%%%", "____", "", "x" * 10_000, "a\x00b"):
        with pytest.raises(NotFoundError):
            find_run(connection, text)

    assert caught.value.suggestions == ("brisk-otter",)


def test_removed_runs_are_apart(connection: Connection) -> None:
    """Removed runs are in no table but the one that asks for them; by id they are found."""
    fill(connection, [SmallRun("kept"), SmallRun("gone", deleted=True)])
    query = read_query("")

    assert [row.name for row in select_page(connection, query).rows] == ["kept"]
    removed = select_page(connection, query, deleted=True).rows
    assert [row.name for row in removed] == ["gone"]
    assert find_run(connection, removed[0].id).name == "gone"
    with pytest.raises(NotFoundError):
        find_run(connection, "gone")


def test_odd_values_come_back_as_they_were(connection: Connection) -> None:
    """R11: huge integers, NaN, infinities, NUL in text, null, lists."""
    params = {
        "int": 2**70,
        "huge": 10**400,
        "nan": math.nan,
        "inf": -math.inf,
        "text": "a\x00b",
        "none": None,
        "list": [1, "x", {"float": "NaN"}],
        "true": True,
    }
    fill(
        connection, [SmallRun(params=params, metrics={"loss": [math.nan], "acc": [math.inf, 1.0]})]
    )

    found = read_params(connection, [1])[1]
    metrics = read_metrics(connection, [1])[1]

    for name in ("int", "huge", "inf", "text", "none", "true"):
        assert found[name] == params[name]
    assert math.isnan(found["nan"]) and math.isnan(found["list"][2])
    assert math.isnan(metrics["loss"].last) and metrics["loss"].max is None
    assert metrics["acc"].first == math.inf


def test_a_missing_metric_suggests(lab: Lab) -> None:
    """`record.metric` of a name that is not there knows near ones."""
    with pytest.raises(NotFoundError) as caught:
        lab.runs(limit=1)[0].metric("val/los")

    assert "val/loss" in caught.value.suggestions


def test_dropping_conditions_tells_the_culprit(connection: Connection) -> None:
    """For an empty result each condition is told with what would remain without it."""
    fill(connection, [SmallRun("a", {"lr": 1.0}), SmallRun("b", {"lr": 2.0})])

    told = dropped_by(connection, read_query("lr > 0 and name = nobody"), project=None)

    assert told == [("lr > 0", 0), ("name = nobody", 2)]


def test_tables_print_themselves_safely(connection: Connection, lab: Lab) -> None:
    """Text and HTML forms hold the values, and no markup or control character of a name acts."""
    from peira.lab.runs import RunTable

    fill(connection, [SmallRun("<script>\x1b[31m", {"p": "<b>"})])
    page = select_page(connection, read_query("p ~ b"))
    table = RunTable(page, lab)

    assert "\x1b" not in repr(table) and "1 of 1 runs" in repr(table)
    assert "<script>" not in table._repr_html_() and "&lt;b&gt;" in table._repr_html_()
    assert lab.runs(limit=1)[0].name in repr(lab.runs(limit=1)[0])
    assert "<table>" in lab.runs(limit=1)[0]._repr_html_()


def test_columns_for_other_libraries(lab: Lab) -> None:
    """All columns have one length; a library that is missing is named with its install command."""
    table = lab.runs(limit=7)
    columns = table.to_dict()

    assert {len(values) for values in columns.values()} == {7}
    assert {"id", "params.lr", "seed", "val/loss"} <= set(columns) | {"params.lr"}
    for name in ("pandas", "polars", "arrow"):
        try:
            frame = getattr(table, f"to_{name}")()
        except UnsupportedError as error:
            assert "pip install" in error.hint
        else:
            assert len(frame) == 7


def test_reading_catches_up_by_itself(folder) -> None:  # type: ignore[no-untyped-def]
    """A run written a moment ago is in the next table, without a call of `catch_up`."""
    from peira.testing.generator import make_lab

    make_lab(folder, runs=1, points=5)
    with Lab(folder) as lab:
        assert len(lab.runs()) == 1
        make_lab(folder, runs=1, points=5, seed=9, start_s=1_780_000_000.0)
        assert len(lab.runs()) == 2
