"""A program that is about to be launched, as the repeat guard sees it."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from peira.capture import birth
from peira.capture.fingerprint import asked
from peira.capture.host import gpus
from peira.capture.program import is_python, program_of
from peira.objects.folder import FolderObjects
from peira.rerun.content import content_then, digest_reader, text_now
from peira.rerun.likeness import Beginning

ANSWER_S = 10.0
# Nothing is imported for it: a `json.py` beside the script would be run.
_QUESTION = "import sys; print(ascii((sys.version.split()[0], sys.path, sys.prefix)))"


class Interpreter(NamedTuple):
    """A Python, as far as it decides what a program imports."""

    version: str
    path: list[str]
    prefix: str


def beginning(
    command: Sequence[str],
    directory: str,
    environment: Mapping[str, str],
    given: Mapping[str, Any],
    root: Path,
) -> Beginning:
    """Return what a command line that will be executed begins. Nothing is asked of the machine yet.

    Args:
        given: what is set for the program besides its arguments.
        root: the lab.
    """
    program = program_of(birth.command(command), directory)
    objects = FolderObjects(root / "objects")

    @cache
    def interpreter() -> Interpreter:
        return ask_interpreter(command, directory, environment)

    def packages() -> Mapping[str, Any]:
        from peira.capture.packages import Packages

        return Packages(interpreter().path, interpreter().prefix).told({})

    return Beginning(
        program=program,
        arguments=asked(program, given),
        directory=directory,
        environment=environment,
        packages=cache(packages),
        python=lambda: interpreter().version,
        accelerators=lambda: sorted({str(gpu["model"]) for gpu in gpus()}),
        root=root,
        digest=digest_reader(root),
        text=text_now,
        content=lambda digest: content_then(objects, digest),
    )


def ask_interpreter(
    command: Sequence[str], directory: str, environment: Mapping[str, str]
) -> Interpreter:
    """Return the Python that a command line starts; an empty one when there is none or it does not
    answer.
    """
    if not is_python(command):
        return Interpreter("", [], "")
    name = command[0]
    found = (
        str(Path(directory, name))
        if "/" in name
        else shutil.which(name, path=environment.get("PATH", os.defpath))
    )
    is_own = found == sys.executable
    if is_own and environment.get("PYTHONPATH") == os.environ.get("PYTHONPATH"):
        return Interpreter(sys.version.split()[0], sys.path, sys.prefix)
    try:
        answer = subprocess.run(
            [found or name, "-c", _QUESTION],
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ANSWER_S,
            check=True,
        ).stdout
        told = ast.literal_eval(answer.decode().splitlines()[-1])
        return Interpreter(*msgspec.convert(told, tuple[str, list[str], str]))
    except (OSError, subprocess.SubprocessError, IndexError, ValueError, SyntaxError):
        return Interpreter("", [], "")
