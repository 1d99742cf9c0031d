"""Values as users give them."""

from __future__ import annotations

import decimal
import enum
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peira.core import values
from peira.core.errors import UsageError


class Tensor:
    """Behaves as a 0-d array of PyTorch or JAX."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def item(self) -> Any:
        return self.value


class Eager:
    """Behaves as a scalar of TensorFlow."""

    def numpy(self) -> Any:
        return np.float32(0.5)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1.0), (True, 1.0), (np.float32(0.1), float(np.float32(0.1))), (np.float64(0.1), 0.1),
        (np.float16(0.5), 0.5), (np.int64(-3), -3.0), (np.bool_(True), 1.0), (np.array(2.5), 2.5),
        (np.array([[2.5]]), 2.5), (Tensor(0.25), 0.25), (Tensor(7), 7.0), (Eager(), 0.5),
        (decimal.Decimal("0.5"), 0.5),
    ],
)  # fmt: skip
def test_numbers_of_all_kinds(value: Any, expected: float) -> None:
    """Scalars of every library become the float64 that is equal to them."""
    assert values.metric_value(value) == (expected, None)


@pytest.mark.parametrize(
    "value", [None, "1", b"1", 1j, [1], {}, np.array([1, 2]), object(), 10**400]
)
def test_what_is_not_a_number(value: Any) -> None:
    """Text, None, arrays and objects are refused with their type."""
    with pytest.raises(TypeError):
        values.metric_value(value)


@pytest.mark.parametrize(
    ("value", "is_exact"),
    [(2**53, True), (2**53 + 1, False), (-(2**53) - 1, False), (2**60, True),
     (np.uint64(2**64 - 1), False), (decimal.Decimal("0.1"), False)],
)  # fmt: skip
def test_rounding_is_told(value: Any, is_exact: bool) -> None:
    """A number that float64 cannot hold is rounded, and comes with its text (P25)."""
    rounded, given_text = values.metric_value(value)
    assert (given_text is None) is is_exact
    if not is_exact:
        assert given_text == str(value) and rounded == float(value)


@given(st.floats())
def test_floats_are_not_touched(value: float) -> None:
    """A float is itself, NaN and infinities included."""
    found, inexact = values.metric_value(value)
    assert inexact is None
    assert found == value or (math.isnan(found) and math.isnan(value))


@pytest.mark.parametrize(("step", "expected"), [(3, 3), (np.int64(4), 4), (2.0, 2), (True, 1)])
def test_steps(step: Any, expected: int) -> None:
    """Whole numbers of any kind are steps."""
    assert values.step_value(step) == expected


@pytest.mark.parametrize("step", [1.5, "1", None, math.nan, math.inf, 2**63, -(2**63) - 1, [1]])
def test_what_is_not_a_step(step: Any) -> None:
    """Fractions, text and numbers beyond 64 bits are refused."""
    with pytest.raises(UsageError):
        values.step_value(step)


def test_flatten_has_limits() -> None:
    """Empty and endless names, and nesting without end, are refused."""
    deep: dict[str, Any] = {}
    inner = deep
    for _ in range(40):
        inner["a"] = {}
        inner = inner["a"]
    for wrong in ({"": 1}, {"a" * 1001: 1}, deep):
        with pytest.raises(UsageError):
            list(values.flatten(wrong))
    assert dict(values.flatten({1: {"a\ud800": 2}})) == {"1/a\\ud800": 2}


class Color(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None), (True, True), (3, 3), (2**70, str(2**70)), (0.5, 0.5), ("a", "a"),
        (math.nan, {"float": "NaN"}), (-math.inf, {"float": "-Infinity"}), ((1, 2), [1, 2]),
        ({2, 1}, [1, 2]), (range(3), [0, 1, 2]), ({"a": {1: 2}}, {"a": {"1": 2}}),
        (Color.RED, "red"), (Path("a/b"), "a/b"), (np.float32(0.5), 0.5), (np.int8(3), 3),
        (dict, "builtins.dict"), (np.array([1, 2]), "[1 2]"),
    ],
)  # fmt: skip
def test_params(value: Any, expected: Any) -> None:
    """Params become JSON; what JSON does not know becomes its text."""
    assert values.param_value(value) == expected


def test_long_params_are_cut() -> None:
    """The limit on text says what was cut."""
    found = values.param_value("x" * 200_000)
    assert len(found) < 100_100 and found.endswith("… (200000 characters)")
