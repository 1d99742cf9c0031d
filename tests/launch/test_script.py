"""What the text of a script tells: which names are constants, and what they may become."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from peira.core.errors import UsageError
from peira.launch.script import Script, find_script, read_script

TEXT = '''"""A script."""
import os, sys as system
from json import dumps

LR = 0.1
EPOCHS: int = 10
name = "adam"
nesterov = True
sizes = [64, 32]
betas = (0.9, -0.5)
best = None
_private = 1
computed = 2 * EPOCHS
text = """two
lines"""
first = second = 3
total = 0
total += 1
chosen = 1
if system.argv:
    chosen = 2
shared = 1
index = 0
os = 5

def change():
    global shared
    shared = 2
    LR = 3
    return LR

for index in range(3):
    pass
'''


def read(tmp_path: Path, text: str = TEXT) -> Script:
    path = tmp_path / "train.py"
    path.write_text(text)
    script = read_script(path)
    assert script is not None
    return script


def test_constants(tmp_path: Path) -> None:
    """A constant is a public name that is given a plain value once, and never bound again."""
    assert read(tmp_path).values == {
        "LR": 0.1, "EPOCHS": 10, "name": "adam", "nesterov": True, "sizes": [64, 32],
        "betas": (0.9, -0.5), "best": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("LR", "1e-3", 1e-3),
        ("LR", "-inf", -math.inf),
        ("LR", "3", 3.0),
        ("EPOCHS", "20", 20),
        ("EPOCHS", "1e3", 1000),
        ("EPOCHS", "0.5", 0.5),
        ("name", "1", "1"),
        ("nesterov", "no", False),
        ("sizes", "8,16", [8, 16]),
        ("sizes", "[8]", [8]),
        ("sizes", "", []),
        ("betas", "(0.8, 0.9)", (0.8, 0.9)),
        ("best", "0.5", 0.5),
        ("best", "none yet", "none yet"),
    ],
)
def test_a_value_has_the_type_of_the_constant(
    tmp_path: Path, name: str, text: str, value: Any
) -> None:
    """The text of a command line becomes what the script has there."""
    found = read(tmp_path).setting(name, text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("lr", "1", "Did you mean LR"),
        ("epoch", "1", "Did you mean"),
        ("zzz", "1", "There is LR, EPOCHS"),
        ("total", "1", r"it changes \(lines 17, 18\)"),
        ("chosen", "1", r"it changes \(lines 19, 21\)"),
        ("shared", "1", "it changes"),
        ("EPOCHS", "ten", "line 6 of train.py is EPOCHS = 10, and 'ten' is not a number"),
        ("nesterov", "2", "true or false"),
        ("sizes", "a,b", "a number"),
    ],
)
def test_what_cannot_be_set(tmp_path: Path, name: str, text: str, told: str) -> None:
    """An unknown name tells near ones; a value of another type tells line and value."""
    with pytest.raises(UsageError, match=told):
        read(tmp_path).setting(name, text)


@pytest.mark.parametrize(
    ("line", "has_flags"),
    [
        ("import argparse", True),
        ("from absl import flags", True),
        ("def main():\n    import click", True),
        ("import argparsed", False),
        ("from .click import x", False),
    ],
)
def test_scripts_with_flags(tmp_path: Path, line: str, has_flags: bool) -> None:
    """A script that reads its command line by a library has its options as params."""
    assert read(tmp_path, line).has_flags is has_flags


def test_what_init_is_asked_for(tmp_path: Path) -> None:
    """The plain texts of the only call of `peira.init` are known before the script runs."""
    one = "import peira\nrun = peira.init('mnist', name='a', why=f'{1}', group='g', params={})\n"
    assert read(tmp_path, one).asked == {"project": "mnist", "name": "a", "group": "g"}
    assert read(tmp_path, one + "peira.init('other')\n").asked == {}


@pytest.mark.parametrize("data", [b"def", b"\xff\xfe\x00", b"x = 1\x00"])
def test_what_is_no_python(tmp_path: Path, data: bytes) -> None:
    """A file that Python cannot read tells nothing; the program says why."""
    (tmp_path / "train.py").write_bytes(data)
    assert read_script(tmp_path / "train.py") is None
    assert read_script(tmp_path / "none.py") is None


def test_which_script_a_command_runs(tmp_path: Path) -> None:
    """By its name, by `-m`, behind options and launchers; for other programs there is none."""
    (tmp_path / "train.py").touch()
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__main__.py").touch()

    def found(*words: str) -> str | None:
        path = find_script(words, tmp_path)
        return None if path is None else path.relative_to(tmp_path).as_posix()

    assert found("python", "-u", "train.py", "x") == "train.py"
    assert found("torchrun", "--nproc", "2", "train.py") == "train.py"
    assert found("python3.12", "-m", "train") == "train.py"
    assert found("python", "-m", "pkg", "x") == "pkg/__main__.py"
    assert found("python", "-c", "1") is None
    assert found("bash", "train.sh") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from fastai import *\nLR = 1\n", False),
        ("LR = 1\nfrom settings import *\n", True),
        ("LR = 1\nexec(open('c.py').read())\n", True),
        ("LR = 1\nglobals()['LR'] = 2\n", True),
        ("LR = 1\nprint(vars())\n", False),
    ],
)
def test_other_code_may_change_names_below(tmp_path: Path, text: str, expected: bool) -> None:
    """What is imported above cannot; then the text tells its constants."""
    (tmp_path / "train.py").write_text(text)
    script = read_script(tmp_path / "train.py")
    assert script is not None and script.is_rebound is expected
