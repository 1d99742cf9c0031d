"""What a process did, and which of the runs that it records it belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from peira.capture.hook.memory import Memory
from peira.capture.own import OwnFacts
from peira.capture.spool import Open


class Process:
    """A process with a memory of its own, in which runs begin and end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.memory = Memory()
        self._runs = 0

    def opens(self, name: str, mode: str = "r") -> None:
        self.memory.tell("open", path=f"/{name}", mode=mode)

    def begin(self) -> OwnFacts:
        self._runs += 1
        return OwnFacts(self.memory.begin(str(self.folder / f"{self._runs}")), self.memory)


def opened(facts: OwnFacts) -> list[str]:
    told = [told.fact for told in facts.catch_up()]
    return [f"{fact.path[1:]}{'*' if fact.mode == 'w' else ''}" for fact in told
            if isinstance(fact, Open)]  # fmt: skip


@pytest.fixture
def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Process:
    monkeypatch.setenv("PEIRA_OFF", "1")  # the memory tells only what the test tells it
    return Process(tmp_path)


def test_what_was_loaded_before_the_run_is_its_input(process: Process) -> None:
    """Data is often read before `init`; what was written before is not the run's output."""
    process.opens("data")
    process.opens("features", "w")
    run = process.begin()
    process.opens("more")
    process.opens("model", "w")
    assert opened(run) == ["data", "more", "model*"]
    process.opens("late")
    assert opened(run) == ["late"]


def test_what_an_earlier_run_opened_is_its_own(process: Process) -> None:
    """What lies before and between runs belongs to all that come later."""
    process.opens("shared")
    first = process.begin()
    process.opens("first")
    first.close()
    process.opens("between")
    second = process.begin()
    process.opens("second")
    assert opened(second) == ["shared", "between", "second"]


def test_a_part_of_a_run_shares_with_the_whole(process: Process) -> None:
    """A child has what its parent had opened; the parent has all; siblings do not share."""
    process.opens("before")
    parent = process.begin()
    process.opens("parent")
    for name in ("one", "two"):
        child = process.begin()
        process.opens(name)
        assert opened(child) == ["before", "parent", name]
        child.close()
    assert opened(parent) == ["before", "parent", "one", "two"]
    parent.close()
    assert opened(process.begin()) == ["before"]
