"""Groups: who is together, and what is known of them."""

from __future__ import annotations

import math
import statistics

import pytest
from sqlalchemy import Connection

from peira.core.errors import QueryError
from peira.lab import student
from peira.lab.groups import group_runs, summarise
from tests.query.small_index import SmallRun, fill


def _sweep() -> list[SmallRun]:
    return [
        SmallRun(
            f"{model}-{lr}-{seed}",
            {"model": model, "lr": lr, "seed": seed, "epochs": 10},
            {"acc": [0.1, 0.5 + lr + seed / 100]},
        )
        for model in ("cnn", "mlp")
        for lr in (0.1, 0.2)
        for seed in (1, 2, 3)
    ]


def test_seeds_of_one_setting_are_one_group(connection: Connection) -> None:
    """`all except seed` groups by the params that differ, and by nothing else."""
    fill(connection, _sweep())

    table = group_runs(connection, "group by all except seed", columns=["acc"])

    assert set(table.by) == {"params.lr", "params.model"}
    assert [row.n for row in table] == [3, 3, 3, 3]
    values = [0.5 + 0.1 + seed / 100 for seed in (1, 2, 3)]
    assert table[0].values["acc"].mean == pytest.approx(statistics.fmean(values))
    assert table[0].values["acc"].std == pytest.approx(statistics.stdev(values))


def test_the_interval_is_students(connection: Connection) -> None:
    """Mean of 1, 2, 3 with 95 %: 2 ± 4.303 / sqrt(3)."""
    found = summarise([1.0, 2, 3.0, None, "x", True, math.nan, math.inf])

    assert (found.n, found.missing, found.nonfinite) == (3, 3, 2)
    assert found.low == pytest.approx(2 - 4.302652729749 / math.sqrt(3), rel=1e-11)
    assert found.high == pytest.approx(2 + 4.302652729749 / math.sqrt(3), rel=1e-11)


def test_one_value_has_no_interval() -> None:
    """What needs two values is None, never zero."""
    found = summarise([5])

    assert (found.mean, found.std, found.low, found.high) == (5.0, None, None, None)
    assert summarise([]).mean is None


@pytest.mark.parametrize(
    ("freedom", "expected"),
    [
        (1, 12.706204736174698),
        (2, 4.302652729749464),
        (4, 2.7764451051977987),
        (9, 2.262157162798205),
        (30, 2.0422724563012373),
        (120, 1.9799304050824413),
        (9_999, 1.960201263621357),
    ],
)
def test_t_quantiles(freedom: int, expected: float) -> None:
    """The quantiles are those of SciPy 1.17, to eleven digits."""
    assert student.quantile(0.975, freedom) == pytest.approx(expected, rel=1e-11)
    assert student.quantile(0.025, freedom) == pytest.approx(-expected, rel=1e-11)
    assert student.cumulative(expected, freedom) == pytest.approx(0.975, abs=1e-12)


def test_groups_are_over_all_matched_runs(connection: Connection) -> None:
    """A limit cuts groups, never the runs within them; sorting is by the mean."""
    fill(connection, _sweep())

    table = group_runs(connection, "group by lr sort -acc", columns=["acc"], limit=1)

    assert (table.groups, table.matched, len(table)) == (2, 12, 1)
    assert table[0].key == {"lr": 0.2} and table[0].n == 6 == len(table[0].runs)


def test_missing_is_a_group_of_its_own(connection: Connection) -> None:
    """Runs without the param are together; 1 and 1.0 are one value, 1 and true are two."""
    runs = [SmallRun(params=p) for p in ({"a": 1}, {"a": 1.0}, {"a": True}, {"a": "1"}, {})]
    fill(connection, runs)

    table = group_runs(connection, "", by="a")

    assert sorted(row.n for row in table) == [1, 1, 1, 2]
    assert table[-1].key == {"a": None}


def test_without_a_clause_there_is_nothing_to_group(connection: Connection) -> None:
    """The error says how to write it."""
    with pytest.raises(QueryError, match="group by"):
        group_runs(connection, "alive")


def test_group_tables_print_themselves(connection: Connection) -> None:
    """Text, HTML and columns have one line a group."""
    fill(connection, _sweep())
    table = group_runs(connection, "group by model", columns=["acc"])

    assert "2 groups of 12 runs" in repr(table) and "(n = 6)" in repr(table)
    assert table._repr_html_().count("<tr>") == 3
    assert table.to_dict()["acc mean"] == [row.values["acc"].mean for row in table]
