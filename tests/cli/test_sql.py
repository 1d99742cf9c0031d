"""`peira sql`: the lab as tables."""

from __future__ import annotations

import math

import pytest

from tests.cli.conftest import Peira


def rows(peira: Peira, text: str) -> list[dict[str, object]]:
    found = peira.json("sql", text)["rows"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("sealed", [False, True])
def test_every_table_answers(peira: Peira, sealed: bool) -> None:
    """Runs, params, metrics, tags and points hold the whole lab, sealed or not."""
    if sealed:
        peira("gc")
    assert rows(peira, "select count(*) n from runs") == [{"n": 7}]
    assert rows(peira, "select sum(number) s from params where name = 'seed'") == [{"s": 12.0}]
    assert rows(peira, "select count(distinct run) n from tags") == [{"n": 6}]
    assert rows(peira, "select count(*) n from metrics where key = 'val/acc'") == [{"n": 6}]
    points = rows(
        peira,
        "select step, value from points join runs on run = id"
        " where key = 'train/loss' and name = 'cnn-0.1-1' order by step",
    )
    assert [row["value"] for row in points] == [math.exp(-s * 0.1) + 1 / 100 for s in range(20)]


def test_nan_is_a_value_and_missing_is_null(peira: Peira) -> None:
    """A NaN metric is NaN in SQL; a param without a number is null."""
    found = rows(peira, "select last, isnan(last) is_nan, min from metrics where key = 'loss'")
    assert found == [{"last": "NaN", "is_nan": True, "min": None}]
    assert rows(peira, "select number from params where name = 'cmd'") == [{"number": None}]
    assert rows(peira, "select isnan(value) x from points where key = 'loss'") == [{"x": True}]


def test_times_are_timestamps_in_utc(peira: Peira) -> None:
    """Dates can be compared and cut as dates."""
    found = rows(
        peira, "select count(*) n from runs where created > now()::timestamp - interval 1 day"
    )
    assert found == [{"n": 7}]


def test_text_csv_and_errors(peira: Peira) -> None:
    """A table for people, CSV that no spreadsheet runs, and DuckDB's message for mistakes."""
    assert "cnn-0.1-1" in peira("sql", "select name from runs order by created").stdout
    text = peira("sql", "select text from params where name = 'cmd'", "--csv").stdout
    assert text == "text\n'=1+1\n"
    error = peira("sql", "select nothing from runs", code=2).stderr
    assert "nothing" in error and "hint: The tables are" in error
    assert "points" in peira("sql").stdout
    assert "cnn" in peira("sql", "-", text="select name from runs").stdout


def test_names_of_others_cannot_act(peira: Peira) -> None:
    """Texts of the lab are escaped in the table."""
    assert "\x1b" not in peira("sql", "select name, command from runs").stdout


def test_the_lab_stays_as_it_is(peira: Peira) -> None:
    """What a statement changes is gone with it."""
    peira("sql", "create table runs_copy as select * from runs")
    assert peira.json("ls")["matched"] == 7
    peira("sql", "select * from runs_copy", code=2)
