"""Fields of many runs as arrays: exact values, what is missing, values as a query writes them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from peira.core.clock import now_s
from peira.core.errors import QueryError
from peira.lab.axes import Axis, read_axes
from peira.lab.lab import Lab
from peira.lab.query.parse import parse
from peira.record import events
from tests.lab.writing import RunFiles

PARAMS: list[dict[str, object]] = [
    {"lr": 0.1, "opt": "adam", "flag": True, "mixed": 3, "layers": 2},
    {"lr": 1 / 3, "opt": 'say "hi"', "flag": False, "mixed": "three", "layers": 7},
    {"lr": {"float": "NaN"}, "flag": True, "mixed": None, "layers": 2},
    {"lr": {"float": "Infinity"}, "opt": "adam", "mixed": 0.5, "layers": 12345678901234567},
    {},
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Five runs, the oldest first."""
    root = tmp_path_factory.mktemp("axes") / ".peira"
    for n, params in enumerate(PARAMS):
        run = RunFiles(root, f"run-{n}", project="p", created=now_s() - 100 + n, command=["t.py"])
        if params:
            run.event(events.Params(time=now_s(), values=params))
            run.log({"loss": math.nan if n == 2 else float(n)})
        run.end()
    opened = Lab(root)
    opened.catch_up()
    return opened


def axes(lab: Lab, *names: str, q: str = "sort created") -> list[Axis]:
    return lab.ask(lambda c: read_axes(c, parse(q), names, project="p")).axes


def test_numbers_are_exact_and_nan_is_no_missing_value(lab: Lab) -> None:
    """The last bit of a float stays; NaN and infinity are values, what is absent is marked."""
    (lr,) = axes(lab, "lr")
    assert lr.numbers is not None
    assert lr.numbers[:2].tolist() == [0.1, 1 / 3]
    assert np.isnan(lr.numbers[2]) and math.isinf(lr.numbers[3])
    assert lr.is_missing.tolist() == [False, False, False, False, True]
    assert lr.missing == 1


def test_texts_become_codes_with_literals_of_the_query_language(lab: Lab) -> None:
    """A category is found again by the literal that stands beside it."""
    opt, flag = axes(lab, "opt", "flag")
    assert opt.codes is not None
    assert opt.categories == ["adam", 'say "hi"']
    assert opt.codes.tolist() == [0, 1, -1, 0, -1]
    assert flag.literals == ["false", "true"]
    for axis in (opt, flag):
        assert axis.codes is not None
        for code, literal in enumerate(axis.literals):
            found = axes(lab, axis.name, q=f"{axis.name} = {literal}")[0]
            assert found.codes is not None
            assert len(found.codes) == (axis.codes == code).sum()


def test_a_param_of_numbers_and_texts_lists_its_values_numbers_first(lab: Lab) -> None:
    """Nothing is dropped because another run has a text."""
    (mixed,) = axes(lab, "mixed")
    assert mixed.type == "category"
    assert mixed.literals == ["0.5", "3", '"three"', "null"]
    assert mixed.missing == 1


def test_metrics_run_fields_and_tags_are_axes_too(lab: Lab) -> None:
    """A metric's NaN is told apart from a run without it; times are times."""
    loss, created, state, tags = axes(lab, "loss", "created", "state", "tags.none")
    assert loss.numbers is not None and np.isnan(loss.numbers[2])
    assert loss.is_missing.tolist() == [False, False, False, False, True]
    assert created.type == "time" and created.missing == 0
    assert state.categories == ["finished"]
    assert tags.missing == 5


def test_a_filter_and_its_order_hold(lab: Lab) -> None:
    """Runs come as the query sorts them, the arrays in the same order."""
    found = lab.ask(
        lambda c: read_axes(c, parse("layers <= 7 sort -layers"), ["layers"], project="p")
    )
    assert found.axes[0].numbers is not None
    assert found.axes[0].numbers.tolist() == [7.0, 2.0, 2.0]
    assert found.names[0] == "run-1" and found.total == 5
    assert found.axes[0].is_whole


def test_no_runs_and_unknown_names(lab: Lab) -> None:
    """An empty answer has empty arrays; a name that nobody has is told."""
    empty = axes(lab, "lr", "opt", "loss", q="lr > 100 and lr < 200")
    assert [len(axis.is_missing) for axis in empty] == [0, 0, 0]
    with pytest.raises(QueryError):
        axes(lab, "never-heard-of")
