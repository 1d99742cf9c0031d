"""Values as people read them."""

from __future__ import annotations

import doctest
import json
import math

import pytest

from peira.cli import format as formats


def test_the_examples_are_true() -> None:
    """The examples in the docstrings hold."""
    assert doctest.testmod(formats).failed == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.97531, "0.9753"),
        (1e-05, "1e-5"),
        (-1234.5678, "-1234.6"),
        (0.99995, "1.000"),
        (0.99994, "0.9999"),
        (0.30000000000000004, "0.3000"),
        (99999.97, "100000.0"),
        (999_999.97, "1.000e6"),
        (20000.0, "20000"),
        (1e-4, "0.0001"),
        (1.00004e-5, "1.000e-5"),
        (6.02214e23, "6.022e23"),
        (3, "3"),
        (3.0, "3"),
        (-0.0, "-0"),
        (123456789, "123456789"),
        (2**70, "1.181e21"),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        (5e-324, "4.941e-324"),
        (True, "1"),
    ],
)
def test_numbers_have_four_significant_digits(value: float, text: str) -> None:
    """A float is cut to four digits and shows by its zeros that it was; an integer below 10^15 is
    whole.
    """
    assert formats.number(value) == text


@pytest.mark.parametrize(
    ("item", "text"),
    [(None, "-"), (True, "true"), ("", ""), ("a b", "a b"), ([1, "x"], '[1,"x"]'), (0.5, "0.5")],
)
def test_a_param_of_any_type_has_one_text(item: object, text: str) -> None:
    """Missing, false and empty stay three different things."""
    assert formats.value(item) == text


def test_json_keeps_what_is_not_finite_as_text() -> None:
    """NaN and infinity come through JSON as the texts of the run folder, never as null."""
    text = formats.json_text({"a": [math.nan, -math.inf], "b": {"c": math.inf}})
    assert json.loads(text) == {"a": ["NaN", "-Infinity"], "b": {"c": "Infinity"}}


def test_json_keeps_numbers_exact() -> None:
    """Nothing is rounded in JSON."""
    values = [0.1, 1 / 3, 2**53 - 1, -0.0, 5e-324]
    assert json.loads(formats.json_text(values)) == values


def test_times_change_their_unit() -> None:
    """Ages and durations are told in the unit that a person would choose."""
    assert [formats.ago(1000 - age, 1000) for age in (0, 59, 60, 7200)] == [
        "now", "59 s ago", "1 min ago", "2 h ago",
    ]  # fmt: skip
    assert formats.ago(0, 86_400 * 400) == "1970-01-01"
    assert formats.duration(59.7) == "1 m 00 s"
    assert formats.duration(None) == "-"
