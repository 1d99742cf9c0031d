"""Numbers through the SDK, and what is not one (P06, P13, P25)."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import peira
from peira.record import events
from peira.record.folder import make_run
from peira.record.voice import Voice
from peira.record.writer import Writer
from tests.sdk.reading import only_run, read_run


def test_every_number_comes_back(run: peira.Run, lab: Path) -> None:
    """Bit for bit: NaN, infinities, signed zero, subnormals, float32, integers (P25)."""
    values: list[Any] = [
        0.1, -0.0, 5e-324, 1.7976931348623157e308, math.nan, math.inf, -math.inf, 3, True,
        np.float32(0.1), np.float16(1.5), np.float64("nan"), np.array(2), 2**53, 1e22,
    ]  # fmt: skip
    for step, value in enumerate(values):
        run.log({"x": value}, step)
    found = only_run(lab).values("x")
    for value, back in zip(values, found, strict=True):
        expected = float(value)
        assert struct.pack("<d", back) == struct.pack("<d", expected) or (back != back) == (
            expected != expected
        )
        assert math.copysign(1, back) == math.copysign(1, expected) or back != back


def test_rounded_numbers_are_told(run: peira.Run, lab: Path) -> None:
    """An integer beyond 2^53 is rounded, and stands in an event as it was given (P25)."""
    run.log({"a": 1.0, "big": 2**53 + 1}, step=4)
    found = only_run(lab)
    assert found.values("big") == [2.0**53]
    (event,) = found.of(events.Inexact)
    assert (event.key, event.step, event.given) == ("big", 4, str(2**53 + 1))


@pytest.mark.parametrize("value", ["text", None, [1.0], np.zeros(3), {"a": "b"}, object(), 1j])
def test_not_a_number(lab: Path, capfd: pytest.CaptureFixture[str], value: Any) -> None:
    """A value that is no number is told once, counted, and costs the other values nothing (P06)."""
    run = peira.init(console=False, monitor=False)
    for step in range(3):
        run.log({"good": 1.5, "bad": value}, step)
    run.finish()
    found = only_run(lab)
    assert found.values("good") == [1.5] * 3
    assert [lost.points for lost in found.of(events.Lost)] == [3]
    assert capfd.readouterr().err.count("log(): bad") == 1
    strict = peira.init(console=False, monitor=False, strict=True)
    with pytest.raises(peira.UsageError, match="bad"):
        strict.log({"good": 1.5, "bad": value})


@pytest.mark.parametrize(
    "arguments",
    [(3,), ("text",), (None,), ({1, 2},), ([("a", 1)],), ({"a": 1}, "x"), ({"": 1},), ({(): 1},)],
)
def test_wrong_calls_do_not_raise(lab: Path, arguments: Any) -> None:
    """Whatever log() is given, training goes on; strict mode raises what is wrong (P06)."""
    run = peira.init(console=False, monitor=False)
    run.log(*arguments)
    run.params.update({"a": object()})
    run.log({"after": 1.0})
    assert only_run(lab).values("after") == [1.0]


def test_params_and_tags_do_not_raise(lab: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Wrong params and tags are told and cost the right ones nothing; strict mode raises (P06)."""
    endless: dict[str, Any] = {"x": 1}
    endless["again"] = endless
    run = peira.init(console=False, monitor=False)
    run.params.update({"lr": 0.1, "": 2, "net": endless})
    run.params.update(3)
    run.params["ids"] = list(range(200_000))
    del run.params["lr"]
    run.tags.add("good", "")
    run.tags.add("fine")
    run.tags.remove("")
    assert run.params["lr"] == 0.1 and run.params["net/x"] == 1
    assert list(run.tags) == ["fine"]
    told = capfd.readouterr().err
    assert "net/again is not recorded: it holds itself" in told
    strict = peira.init(console=False, monitor=False, strict=True)
    for wrong in ({"": 2}, {"net": endless}, 3):
        with pytest.raises(peira.UsageError):
            strict.params.update(wrong)


def test_a_wrong_step_is_counted(lab: Path) -> None:
    """Points of a row whose step cannot be are counted as points (P29)."""
    run = peira.init(console=False, monitor=False)
    run.log({"a": 1.0, "b": 2.0}, step=float("nan"))  # type: ignore[arg-type]
    run.log({"a": 1.0, "": 2.0, "c": {"d": 1.0}, "c/d": 2.0})
    run.finish()
    found = only_run(lab)
    assert sum(lost.points for lost in found.of(events.Lost)) == 4
    assert not sum(lost.events for lost in found.of(events.Lost))
    assert found.values("a") == [1.0] and found.values("c/d") == [1.0]


def test_records_too_large_for_a_reader(lab: Path) -> None:
    """What no reader would take is refused when it is written, and told."""
    run = peira.init(console=False, monitor=False)
    run.note("x" * (65 << 20))
    run.log({"k" * 900 + str(number): 1.0 for number in range(100_000)})
    run.log({"a": 1.0})
    run.finish()
    found = only_run(lab)
    (lost,) = found.of(events.Lost)
    assert (lost.points, lost.events) == (100_000, 1)
    assert found.values("a") == [1.0] and not found.damages


def test_a_new_name_for_every_call(run: peira.Run, lab: Path) -> None:
    """Memory is bounded when a program makes up names; names that come again are right."""
    for number in range(10_500):
        run.log({f"a{number}": float(number)}, number)
    run.log({"a1": 0.5}, 1)
    assert run._session is not None
    assert len(run._session.writer.points._sets) < 1_000
    assert run._session.writer.points.points == 10_501
    found = only_run(lab)
    assert found.values("a1") == [1.0, 0.5] and found.values("a10499") == [10499.0]


def test_names_of_any_kind(run: peira.Run, lab: Path) -> None:
    """Names hold any character; lone surrogates and numbers become text."""
    names = ["a b", "ä/ö", 'q"\\', "tab\t", "line\n", "\0", "名前"]
    run.log(dict.fromkeys(names, 1.0))
    run.log({7: 1.0, "\ud800": 2.0})  # type: ignore[dict-item]
    assert [point.key for point in only_run(lab).points] == [*names, "7", "\\ud800"]


@pytest.mark.parametrize("jump_s", [-63_072_000, 3_600, 1, -1])
def test_clock_jumps(tmp_path: Path, jump_s: int) -> None:
    """When the clock jumps, order and steps stay, and times are kept as they were told (P13)."""
    now_ns = [1_700_000_000_000_000_000]

    def clock() -> int:
        now_ns[0] += 1_000_000
        return now_ns[0]

    made = make_run(tmp_path / ".peira")
    writer = Writer(made, voice=Voice(is_quiet=True), on_rejected=lambda *_: None, clock=clock)
    for step in range(10):
        if step == 5:
            now_ns[0] += jump_s * 1_000_000_000
        writer.log({"a": float(step)}, None)
    writer.close()
    found = read_run(made)
    assert found.steps("a") == list(range(10))
    assert found.values("a") == [float(step) for step in range(10)]
