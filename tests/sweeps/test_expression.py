"""Conditions and constraints: what they mean, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peira.core.errors import QueryError
from peira.sweeps.domain import Choice, Float, Int, Value
from peira.sweeps.expression import read_expression

NAMES = frozenset({"batch", "width", "opt", "lr", "nesterov", "optimizer/beta"})
DOMAINS = {
    "batch": Int(low=1, high=512),
    "width": Int(low=1, high=512),
    "opt": Choice(values=("sgd", "adam")),
    "lr": Float(low=1e-4, high=1.0, log=True),
    "nesterov": Choice(values=(True, False)),
    "optimizer/beta": Float(low=0.0, high=1.0),
}
TRIAL: dict[str, Value] = {
    "batch": 64,
    "width": 32,
    "opt": "sgd",
    "lr": 0.1,
    "nesterov": True,
    "optimizer/beta": 0.5,
}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("batch * width <= 2048", True),
        ("batch * width < 2048", False),
        ("batch + width * 2 == 128", True),
        ("-batch < 0 and 10 < width <= 32", True),
        ("opt == sgd", True),
        ("opt = adam", False),
        ("opt != 'adam'", True),
        ("opt in (adam, sgd)", True),
        ("opt not in (adam,)", True),
        ("lr in 1e-3..1e-1", True),
        ("lr in 0.2..1", False),
        ("nesterov", True),
        ("not nesterov", False),
        ("nesterov == true and not (opt == adam or lr > 1)", True),
        ("`optimizer/beta` < 1", True),
        ("batch // width ** 2 == 0", True),
        ("batch % 7 == 1", True),
        ("lr is missing", False),
        ("lr is not missing", True),
        ("batch / (width - 32) > 0", False),
        ("9 ** 9 ** 9 > batch", False),
    ],
)
def test_an_expression_means_what_it_says(text: str, answer: bool) -> None:
    """Numbers, texts, lists, ranges and logic; what cannot be computed is not true."""
    expression = read_expression(text, NAMES)
    expression.check(DOMAINS)
    assert expression.holds(TRIAL) is answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("lr > 0.5", None),
        ("lr > 0.5 and opt == adam", False),
        ("lr > 0.5 or opt == sgd", True),
        ("not lr > 0.5", None),
        ("lr is missing", True),
        ("lr in 0..1", None),
    ],
)
def test_a_missing_param_is_neither_true_nor_false(text: str, answer: bool | None) -> None:
    """Three-valued logic: only what does not depend on the missing param is decided."""
    assert read_expression(text, NAMES).holds({"opt": "sgd"}) is answer


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "ends too early"),
        ("batch *", "ends too early"),
        ("batch ; width", "has no meaning"),
        ("batch width", "not expected"),
        ("(batch < 3", "ends too early"),
        ("batch < 3)", "not expected"),
        ("opt == sdg", "never sdg"),
        ("batc > 3", "no param `batc`"),
        ("opt > 3", "can be sgd"),
        ("batch > wide", "no param `wide`"),
        ("`beta` > 3", "no param `beta`"),
        ("3 > 2", "speaks of no param"),
        ("batch in 3", "ends too early"),
        ("(" * 100 + "batch", "nested"),
        ("not " * 600 + "batch", "characters"),
        ("batch is missing or (lr + 1) is missing", "Only a param"),
    ],
)
def test_an_expression_that_cannot_be_meant_is_refused(text: str, part: str) -> None:
    """Each mistake is named, with its place."""
    with pytest.raises(QueryError, match=part.replace("(", r"\(")):
        read_expression(text, NAMES).check(DOMAINS)


@given(st.text(alphabet="abw ()<>=+-*/.,'`0123456789andornotis", max_size=60))
def test_no_text_brings_more_than_a_query_error(text: str) -> None:
    """Whatever is typed, the answer is an expression or a QueryError."""
    names = frozenset({"a", "b", "w"})
    domains: dict[str, Any] = {name: Int(low=0, high=9) for name in names}
    try:
        expression = read_expression(text, names)
        expression.check(domains)
    except QueryError as error:
        assert error.message
    else:
        assert expression.holds({"a": 1, "b": 0, "w": 3}) in (True, False, None)
