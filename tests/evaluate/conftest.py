"""For all tests of evaluations."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules of the tests' own process are no part of a run; there are thousands."""
    monkeypatch.setenv("PEIRA_LEAVE_OUT", "code,packages,sources,inputs")
