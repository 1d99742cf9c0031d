"""What a source means, seen through how it is written."""

from __future__ import annotations

import subprocess
import sys

import pytest

from peira.capture.syntax import read_syntax

SOURCE = b'''
"""Train."""
import os

def loss(x, y=1.0):
    """The loss."""
    return (x - y) ** 2  # squared

class Net:
    """A net."""
    layers = [1, 2, 3]
'''


@pytest.mark.parametrize(
    "other",
    [
        SOURCE.replace(b"# squared", b"# what"),
        SOURCE.replace(b"    ", b"  "),
        SOURCE.replace(b"[1, 2, 3]", b"[\n  1,\n  2,\n  3,\n]"),
        SOURCE.replace(b"return (x - y) ** 2", b"return ((x - y) ** 2)"),
        SOURCE.replace(b'"""Train."""', b"'Train it.'"),
        SOURCE.replace(b'    """The loss."""\n', b""),
        SOURCE.replace(b"\n", b"\r\n"),
        SOURCE + b"\n\n# the end\n",
    ],
)
def test_layout_comments_and_docstrings_do_not_count(other: bytes) -> None:
    """What the interpreter does not see is no difference."""
    assert other != SOURCE
    assert read_syntax(other) == read_syntax(SOURCE)


@pytest.mark.parametrize(
    "other",
    [
        SOURCE.replace(b"1.0", b"1"),
        SOURCE.replace(b"x - y", b"y - x"),
        SOURCE.replace(b"x, y", b"z, y"),
        SOURCE.replace(b"loss", b"cost"),
        SOURCE.replace(b"3]", b"4]"),
        SOURCE + b"print(1)\n",
        SOURCE.replace(b"    layers", b"layers"),
    ],
)
def test_every_other_change_counts(other: bytes) -> None:
    """Types of numbers, order, names, values, place in the tree."""
    assert read_syntax(other).tree != read_syntax(SOURCE).tree


def test_docstrings_that_the_program_reads_count() -> None:
    """docopt and argparse make options and help of `__doc__`."""
    one, other = b'"""--lr=1"""\nprint(__doc__)', b'"""--lr=2"""\nprint(__doc__)'
    assert read_syntax(one) != read_syntax(other)


def test_what_is_no_python_is_taken_as_written() -> None:
    """Shell scripts, R and Python 2 have a digest, too."""
    assert read_syntax(b"echo $x") == read_syntax(b"echo $x")
    assert read_syntax(b"echo $x") != read_syntax(b"echo $x ")
    assert read_syntax(b"print 'a'\0").tree


def test_deep_nesting_is_read() -> None:
    """Deeper than Python's own stack: a long sum of a generated source."""
    deep = b"x = " + b"+".join([b"1"] * 5_000)
    assert read_syntax(deep).tree != read_syntax(deep + b"+1").tree


def test_the_variables_that_the_code_reads_are_known() -> None:
    """Literal names in every usual way of asking; nothing else."""
    source = b"""
import os
from os import environ, getenv
a = os.environ["A"]; b = environ.get("B", "1"); c = os.getenv("C"); d = getenv("D")
if "E" in os.environ: os.environ.setdefault("F", "1")
@click.option("--lr", envvar="G")
def main(lr): other["H"]; cache.get("I"); os.environ[name]
"""
    assert read_syntax(source).variables == set("ABCDEFG")


THREADS = """
import ast, gc, sys, threading, time
from peira.capture.syntax import read_syntax

class Cycle:
    def __init__(self): self.me = self
    def __del__(self): sum(range(50))

source = b"x = [1, (2, 3)]\\n" * 1_000
sys.setswitchinterval(1e-6)
gc.set_threshold(10)
until = time.monotonic() + 1.5

def program():
    while time.monotonic() < until:
        [Cycle() for _ in range(20)]
        ast.parse(source)

other = threading.Thread(target=program)
other.start()
while time.monotonic() < until:
    read_syntax(source)
other.join()
print(gc.isenabled())
"""


def test_a_program_that_parses_meanwhile_is_not_disturbed() -> None:
    """CPython 3.11 would fail in the program's thread with a SystemError."""
    done = subprocess.run(
        [sys.executable, "-c", THREADS], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("True\n", "")
