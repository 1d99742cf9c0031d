"""From the words that a person typed to the words that are executed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from peira.core.errors import NotStartedError, UsageError

NOT_FOUND = 127
NOT_EXECUTABLE = 126


def executed(words: Sequence[str], directory: Path, environment: Mapping[str, str]) -> list[str]:
    """Return the command line to execute: a `.py` file is given to this interpreter, a script
    without a `#!` line to the shell, all else stands as it is.

    Raises:
        UsageError: there are no words.
        NotStartedError: there is no such program, or it may not be executed.

    >>> executed(["train.py", "--lr", "1"], Path(), {})[1:]                   # doctest: +SKIP
    ['train.py', '--lr', '1']
    """
    if not words:
        raise UsageError(
            "There is no program to run.", hint="Name it last: peira run train.py --lr 0.01"
        )
    name = words[0]
    path = directory / name
    if name.endswith(".py") and path.is_file():
        return [sys.executable, *words]
    if name.endswith(".py") or "/" in name:
        _check(name, path)
        return [*words]
    if shutil.which(name, path=environment.get("PATH", os.defpath)) is None:
        hint = f"Name it with its folder: ./{name}" if path.is_file() else ""
        raise NotStartedError(
            f"There is no program {name!r} in the PATH.",
            exit_code=NOT_FOUND,
            hint=hint or _near(name, directory),
        )
    return [*words]


def _check(name: str, path: Path) -> None:
    if not path.exists():
        raise NotStartedError(
            f"There is no file {name!r} in {path.parent}.",
            exit_code=NOT_FOUND,
            hint=_near(path.name, path.parent),
        )
    if path.is_dir():
        raise NotStartedError(f"{name!r} is a folder, not a program.", exit_code=NOT_EXECUTABLE)
    if not os.access(path, os.X_OK):
        raise NotStartedError(
            f"{name!r} may not be executed.",
            exit_code=NOT_EXECUTABLE,
            hint=f"Allow it (chmod +x {name}), or name what runs it (bash {name}).",
        )


def _near(name: str, folder: Path) -> str:
    from difflib import get_close_matches

    try:
        there = [entry.name for entry in folder.iterdir() if entry.is_file()]
    except OSError:
        return ""
    near = get_close_matches(name, there, n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(near)}?" if near else ""
