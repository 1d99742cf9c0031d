"""Commands started again: in another folder, with one thing changed, mixed of two."""

from __future__ import annotations

from pathlib import Path

import pytest

from peira.rerun.command import (
    arguments_apart,
    changed,
    moved,
    segments,
    shell_text,
    with_arguments_of,
)
from peira.rerun.places import Places
from peira.rerun.variables import overrides


def places(elsewhere: tuple[str, ...] = ()) -> Places:
    return Places("/home/ada/p", Path("/new"), elsewhere)


@pytest.mark.parametrize(
    ("word", "now"),
    [
        ("/home/ada/p/train.py", "/new/train.py"),
        ("/home/ada/p", "/new"),
        ("--data=/home/ada/p/d.csv", "--data=/new/d.csv"),
        ("/home/ada/pretrained", "/home/ada/pretrained"),
        ("/data/kept.csv", "/new/.restored/elsewhere/data/kept.csv"),
        ("/data", "/new/.restored/elsewhere/data"),
        ("train.py", "train.py"),
        ("--lr=0.1", "--lr=0.1"),
    ],
)
def test_paths_lead_to_the_restored_files(word: str, now: str) -> None:
    """Only those into the project's folder, and to files outside of it that were restored."""
    assert places(("/data/kept.csv",)).in_word(word) == now


def test_programs_of_the_environment_are_those_of_the_new_one(tmp_path: Path) -> None:
    """Python whatever it was called, and a command that a package installed."""
    for name in ("python", "torchrun"):
        (tmp_path / name).touch()
    python = str(tmp_path / "python")
    for old in (["python3", "t.py"], ["/venv/bin/python3.11", "t.py"]):
        assert moved(old, places(), "/venv", python) == [python, "t.py"]
    command = moved(["/venv/bin/torchrun", "/home/ada/p/t.py"], places(), "/venv", python)
    assert command == [str(tmp_path / "torchrun"), "/new/t.py"]
    assert moved(["Rscript", "fit.R"], places(), "/venv", python) == ["Rscript", "fit.R"]


@pytest.mark.parametrize(
    ("words", "change", "now"),
    [
        ("--lr 0.1", ("lr", "0.2"), "--lr 0.2"),
        ("--lr=0.1 x", ("lr", "0.2"), "--lr=0.2 x"),
        ("lr=0.1 x=1", ("lr", "0.2"), "lr=0.2 x=1"),
        ("+optim.lr=0.1", ("optim/lr", "0.2"), "+optim.lr=0.2"),
        ("--learning-rate 0.1", ("learning_rate", "0.2"), "--learning-rate 0.2"),
        ("--shift -0.1", ("shift", "-0.2"), "--shift -0.2"),
        ("--layers 64 32 --lr 1", ("layers", "8 4 2"), "--layers 8 4 2 --lr 1"),
        ("--fast --lr 1", ("fast", "false"), "--lr 1"),
        ("--fast --lr 1", ("fast", "true"), "--fast --lr 1"),
        ("--fast data.csv", ("fast", "false"), "data.csv"),
        ("--name a", ("name", "two words"), "--name 'two words'"),
        ("--lr 1 --lr 2", ("lr", "3"), "--lr 1 --lr 3"),
    ],
)
def test_a_flag_is_changed_as_it_is_written(words: str, change: tuple[str, str], now: str) -> None:
    """Everything else stays word by word."""
    command, unknown = changed(["python", "t.py", *words.split()], dict([change]))
    assert (shell_text(command), unknown) == (f"python t.py {now}", [])


def test_flags_that_differ_are_told_and_can_be_taken_over() -> None:
    """Flags that one has alone, too; the interpreter is no argument."""
    a = ["/a/python", "t.py", "--lr", "0.1", "--fast", "n=1"]
    b = ["/b/python", "t.py", "--lr", "0.2", "n=1", "--seed=3"]
    assert arguments_apart(a, b) == {
        "lr": ("--lr 0.1", "--lr 0.2"),
        "fast": ("--fast", ""),
        "seed": ("", "--seed=3"),
    }
    assert with_arguments_of(b, a, ["lr"])[1:] == ["t.py", "--lr", "0.1", "n=1", "--seed=3"]
    everything = with_arguments_of(b, a, ["lr", "fast", "seed"])
    assert arguments_apart(everything, a) == {}
    assert with_arguments_of(b, a, []) == b


def test_other_plain_words_make_other_commands() -> None:
    """Then the command as a whole is what differs."""
    a, b = ["python", "fit.py", "--lr", "1"], ["python", "train.py", "--lr", "2"]
    assert list(arguments_apart(a, b)) == ["arguments"]
    assert with_arguments_of(b, a, ["arguments"]) == a


def test_segments_hold_every_word() -> None:
    """In their order, nothing twice."""
    words = ["fit", "x", "--lr", "0.1", "-v", "n=3", "--layers", "1", "2", "--out=y", "z"]
    assert [word for _, part in segments(words) for word in part] == words


def test_a_variable_that_was_not_set_is_taken_away() -> None:
    """When it would have been recorded; who runs it and where stays as it is."""
    now = {"OMP_NUM_THREADS": "4", "HOME": "/root", "CUDA_VISIBLE_DEVICES": "0", "EDITOR": "vi"}
    assert overrides({"TF_X": "1"}, now) == {"OMP_NUM_THREADS": None, "TF_X": "1"}
