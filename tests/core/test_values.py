"""Values as users give them."""

from __future__ import annotations

import dataclasses
import decimal
import enum
import fractions
import math
import threading
from pathlib import Path
from typing import Any

import msgspec
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


class Broken:
    """Fails when it is asked for its number, as an array of a device that is gone."""

    def __float__(self) -> float:
        raise RuntimeError("deleted")


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
    "value",
    [
        None, "1", b"1", 1j, [1], {}, np.array([1, 2]), object(), 10**400,
        fractions.Fraction(10**400), decimal.Decimal("sNaN"), Broken(),
    ],
)  # fmt: skip
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


def flat(given: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what flatten yields, and what it rejects."""
    rejected: dict[str, str] = {}
    return dict(values.flatten(given, rejected.__setitem__)), rejected


def test_flatten_has_limits() -> None:
    """Empty and endless names, names given twice, cycles and nesting without end are rejected
    alone.
    """
    deep: dict[str, Any] = {}
    inner = deep
    for _ in range(40):
        inner["a"] = {}
        inner = inner["a"]
    cycle: dict[str, Any] = {"x": 1}
    cycle["again"] = cycle
    for wrong, key in (
        ({"": 1}, ""),
        ({"b": {"": 1}}, "b/"),
        ({"a" * 1001: 1}, "a" * 40 + "…"),
        (deep, "/".join("a" * 33)),
        ({"a/b": 1, "a": {"b": 2}, "c": cycle}, "c/again"),
    ):
        found, rejected = flat({**wrong, "good": 2})
        assert found["good"] == 2 and key in rejected
    assert found == {"a/b": 1, "c/x": 1, "good": 2} and rejected["a/b"] == "it is given twice"
    assert flat({1: {"a\ud800": 2}}) == ({"1/a\\ud800": 2}, {})


def test_flatten_ends() -> None:
    """A mapping that unfolds without end is cut at the limit."""
    bomb: dict[str, Any] = {"x": 1}
    for _ in range(30):
        bomb = {"a": bomb, "b": bomb}
    found, rejected = flat(bomb)
    assert len(found) == values.KEYS_MAX and len(rejected) == 1


class Key(str, enum.Enum):  # noqa: UP042 - as users write them
    LOSS = "loss"


def test_names_that_are_members() -> None:
    """A member of an `Enum` of texts is its text, as in a dictionary."""
    assert flat({Key.LOSS: 1}) == ({"loss": 1}, {})


@dataclasses.dataclass
class Inner:
    layers: int = 3


@dataclasses.dataclass
class Config:
    inner: Inner = dataclasses.field(default_factory=Inner)
    lock: Any = dataclasses.field(default_factory=threading.Lock)


def test_dataclasses_are_not_copied() -> None:
    """A dataclass is a mapping of its fields, inside others too; a field may be anything."""
    config = Config()
    assert values.named_values(config)["lock"] is config.lock
    assert flat({"model": config})[0]["model/inner/layers"] == 3
    assert values.param_value([Inner()]) == [{"layers": 3}]


class Color(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None), (True, True), (3, 3), (2**70, str(2**70)), (0.5, 0.5), ("a", "a"),
        (math.nan, {"float": "NaN"}), (-math.inf, {"float": "-Infinity"}), ((1, 2), [1, 2]),
        ({2, 1}, [1, 2]), (range(3), [0, 1, 2]), ({"a": {1: 2}}, {"a": {"1": 2}}),
        (Color.RED, "red"), (Path("a/b"), "a/b"), (np.float32(0.5), 0.5), (np.int8(3), 3),
        (dict, "builtins.dict"), (np.array([1, 2]), [1, 2]), (np.array(3), 3),
        (np.array([3]), [3]), ((np.int8(1), (2,)), [1, [2]]), (np.array(["a"]), ["a"]),
        (np.array([[0.5, math.inf]]), [[0.5, {"float": "Infinity"}]]),
    ],
)  # fmt: skip
def test_params(value: Any, expected: Any) -> None:
    """Params become JSON; what JSON does not know becomes its text."""
    assert values.param_value(value) == expected


def test_large_arrays_become_text_with_their_shape() -> None:
    """Up to 100 elements are a list; more are told by their shape and the library's short text."""
    assert values.param_value(np.arange(100)) == list(range(100))
    found = values.param_value(np.zeros((50, 40)))
    assert found.startswith("array of shape (50, 40): [[0. 0.") and len(found) < 1_000


def test_long_params_are_cut() -> None:
    """The limit on text says what was cut."""
    found = values.param_value("x" * 200_000)
    assert len(found) < 100_100 and found.endswith("… (200000 characters)")


def test_params_end() -> None:
    """Long lists are cut and say so; what holds itself ends."""
    found = values.param_value(list(range(200_000)))
    assert found[:3] == [0, 1, 2] and found[-1] == "… (200000 items)"
    wide: list[Any] = []
    wide.extend([wide] * 10)
    bomb: Any = [1]
    for _ in range(30):
        bomb = {"a": bomb, "b": bomb}
    for endless in (wide, bomb):
        assert len(msgspec.json.encode(values.param_value(endless))) < 10_000_000
