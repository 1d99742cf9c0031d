"""Patterns find the numbers that a line tells, and nothing else."""

from __future__ import annotations

import math

import pytest

from peira.core.errors import UsageError
from peira.launch.patterns import key_number, pattern


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("loss: 0.3", {"loss": 0.3}),
        ("  val/acc: 9e-1", {"val/acc": 0.9}),
        ("Epoch: 3, loss: 0.5 | acc: .5", {"Epoch": 3, "loss": 0.5, "acc": 0.5}),
        ("loss: -inf (best so far)", {"loss": -math.inf}),
        ("loss: 2 (step 7)", {"loss": 2, "step": 7}),
        ("café: 1", {"café": 1}),
        ("a: 1 b", {}),
        ("epoch: 1/10", {}),
        ("time: 12:30", {}),
        ("loss: 0.5%", {}),
        ("x:1", {}),
        ("12: 5", {}),
        ("loss: 0.3: 45%|████  | 9/20", {}),
        ("http://host: 5", {}),
    ],
)
def test_the_default_pattern(line: str, found: dict[str, float]) -> None:
    """Only a line that holds nothing but `key: number`s is taken for metrics."""
    assert key_number(line) == found


def test_a_long_line_of_digits_is_read_once() -> None:
    """A line that does not fit takes no time by its square: the program waits for it."""
    digits = "1" * 60_000
    assert key_number(f"a: {digits}x") == key_number(f"a: 1.{digits}x") == {}
    assert pattern("{} loss={loss:f}")("a " * 30_000) == {}
    assert pattern("{} loss={loss:f}")("at 3 loss=0.5 now") == {"loss": 0.5}


def test_nan_is_a_number() -> None:
    """A loss that is not a number is data."""
    assert math.isnan(key_number("loss: nan")["loss"])


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("loss: {loss:f}", "step 3  loss: 0.25 acc", {"loss": 0.25}),
        ("acc={val/acc:g}%", "acc=93.5%", {"val/acc": 93.5}),
        ("[{step:d}/{}] loss {loss}", "[3/10] loss  1e-3s", {"step": 3, "loss": 0.001}),
        ("step {step:d}", "step 3.5", {}),
        ("{{loss}}: {loss:f}", "{loss}: 1", {"loss": 1}),
        ("a.b {x:f}", "aXb 1", {}),
    ],
)
def test_a_pattern_of_a_persons(text: str, line: str, found: dict[str, float]) -> None:
    """A pattern stands anywhere in a line; what it names are numbers, the rest is literal."""
    assert pattern(text)(line) == found


@pytest.mark.parametrize("text", ["", "loss", "{}", "{loss:s}", "{loss", "{a:f} {a:f}", "}"])
def test_a_pattern_that_cannot_be(text: str) -> None:
    """A pattern that names no number, or cannot be read, is an error that shows it."""
    with pytest.raises(UsageError, match="pattern"):
        pattern(text)
