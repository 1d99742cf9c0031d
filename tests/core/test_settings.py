"""Settings of the environment."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from peira.core.errors import UsageError
from peira.core.settings import Settings, read_settings, variable

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def test_defaults() -> None:
    """Nothing set is nothing asked for."""
    assert read_settings({}) == Settings()
    assert read_settings({"PEIRA_LAB": "", "PEIRA_OFF": ""}) == Settings()


@pytest.mark.parametrize(
    ("text", "is_on"), [("1", True), ("Yes", True), ("0", False), ("off", False)]
)
def test_switches(text: str, is_on: bool) -> None:
    """A switch is on or off in the usual words."""
    assert read_settings({"PEIRA_STRICT": text}).strict is is_on


def test_wrong_switch() -> None:
    """Another word is refused, and the message says what to write."""
    with pytest.raises(UsageError, match="PEIRA_OFF='maybe'"):
        read_settings({"PEIRA_OFF": "maybe"})


def test_the_page_lists_every_setting() -> None:
    """docs/reference/settings.md has a row for each variable, and for no other of this record."""
    rows = {line.split("`")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")}
    assert {variable(field.name) for field in msgspec.structs.fields(Settings)} <= rows


def test_lists() -> None:
    """Names are parted by commas or blanks."""
    found = read_settings({"PEIRA_LEAVE_OUT": "code, console", "PEIRA_VARIABLES": "MY_*"})
    assert found.leave_out == ("code", "console") and found.variables == ("MY_*",)
