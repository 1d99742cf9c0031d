"""Functions of the user's that a command calls: what goes wrong there is told as theirs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from peira.cli.owncode import OwnCodeError, load, own_code, refuse_arguments
from peira.core.errors import UsageError
from peira.data.add import add_table
from tests.cli.conftest import Peira

OWN = """
def scaled(data, scale=16.0):
    return {"X": data.X / scale}

def broken(data):
    return inner(data)

def inner(data):
    return {"X": data.X[:, 99]}
"""


@pytest.fixture
def own(lab: Path) -> Path:
    (lab / "own.py").write_text(OWN)
    return lab


def test_a_transform_that_fails_tells_its_own_lines(own: Path, peira: Peira) -> None:
    """No line of Peira stands between the user and the mistake, and no version is made."""
    add_table(own / ".peira", "iris", {"X": np.ones((3, 4))})
    said = peira("data", "transform", "own.py:broken", "iris", code=1).output
    assert "own.py:broken failed: IndexError: index 99 is out of bounds" in said
    assert "line 6: return inner(data); line 9: return {" in said and "Traceback" not in said
    said = peira("data", "transform", "own.py:scaled", "iris", "--param", "sclae=2", code=2).output
    assert "'sclae'" in said and "scaled(data, scale=16.0)" in said
    assert len(peira.json("data", "log", "iris")) == 1


def test_a_file_that_cannot_be_run_is_named_with_its_line(own: Path) -> None:
    """A slip of the pen, or a package that is not there."""
    (own / "torn.py").write_text("x = 1\ndef f(:\n")
    with pytest.raises(OwnCodeError, match="SyntaxError") as caught:
        load("torn.py:f")
    assert "line 2: def f(:" in caught.value.hint
    with pytest.raises(UsageError, match=r"no file nowhere\.py"):
        load("nowhere.py:f")
    (own / "lacking.py").write_text("import nonexistent_package\n")
    with pytest.raises(OwnCodeError, match="nonexistent_package"):
        load("lacking.py:f")


def test_what_is_no_fault_of_the_function_is_not_told_as_one(own: Path) -> None:
    """A fault of Peira's stays one, and its errors keep their words."""
    with pytest.raises(ZeroDivisionError), own_code("own.py:scaled"):
        raise ZeroDivisionError
    with pytest.raises(UsageError, match="as it is"), own_code("own.py:scaled"):
        raise UsageError("as it is")
    refuse_arguments(load("own.py:scaled"), None, scale=2)
    with pytest.raises(UsageError, match="too many positional"):
        refuse_arguments(load("own.py:broken"), None, None)
