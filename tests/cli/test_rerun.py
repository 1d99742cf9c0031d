"""What `peira rerun`, `restore` and `why` refuse before anything runs."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Peira


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["rerun", "cnn-0.1-1", "--verify", "--probe"], "only one of --verify and --probe"),
        (["rerun", "cnn-0.1-1", "--seconds", "3"], "--seconds is for --probe"),
        (["rerun", "cnn-0.1-1", "--probe", "-n", "2"], "once or twice"),
        (["rerun", "cnn-0.1-1", "--here", "--no-env"], "--here restores nothing"),
        (["rerun", "cnn-0.1-1", "--with", "lr"], "not NAME=VALUE"),
        (["rerun", "cnn-0.1-1", "--verify", "--with", "lr=1"], "is not the same run"),
        (["why", "cnn-0.1-1", "cnn-0.1-2", "--no-env"], "--no-env is for --bisect"),
        (["restore", "cnn-0.1-1"], "Missing argument 'DIR'"),
    ],
)
def test_what_contradicts_itself_is_refused(peira: Peira, words: list[str], told: str) -> None:
    """With the exit code of a command that was written wrongly."""
    assert told in peira(*words, code=2).stderr


def test_a_folder_that_is_in_use_is_not_restored_into(peira: Peira) -> None:
    """The working directory holds a lab."""
    assert "is not empty" in peira("restore", "cnn-0.1-1", ".", code=2).stderr


def test_two_runs_are_held_against_each_other(peira: Peira) -> None:
    """As text and as a document: what differs, and how much."""
    told = peira("why", "cnn-0.1-1", "cnn-0.01-1").stdout
    assert "lr" in told and "train/loss" in told
    found = peira.json("why", "cnn-0.1-1", "cnn-0.01-1")
    assert found["verdict"]["outcome"] == "different"
    assert {"lr"} <= {cause["name"] for cause in found["causes"]}
