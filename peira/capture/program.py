"""Which program a command line starts, and what it is given.

python -u train.py --lr 0.1 data.csv   ->  train.py      {"lr": ["0.1", "data.csv"]}
python -m pkg.train lr=0.1             ->  -m pkg.train  {"lr": ["0.1"]}
bash train.sh                          ->  train.sh      {}
torchrun --nproc 2 train.py            ->  torchrun train.py  {"nproc": ["2"]}
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from peira.capture.param_roles import plain_name

_PYTHON = re.compile(r"(python|pypy)[0-9.]*(\.exe)?\Z")
_INTERPRETERS = frozenset(
    {"sh", "bash", "zsh", "dash", "Rscript", "julia", "node", "perl", "ruby", "lua", "octave"}
)
"""Programs that a script is started with or without."""
_WITH_A_VALUE = frozenset({"-X", "-W", "--check-hash-based-pycs"})
_MARKS = (".git", ".hg", "pyproject.toml", "setup.py", "setup.cfg")
_SETTING = re.compile(r"[+~]{0,2}([A-Za-z_][\w./-]*)=(.*)\Z", re.DOTALL)  # as Hydra's lr=0.1
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\Z", re.IGNORECASE)


class Program(msgspec.Struct, frozen=True):
    """What a command line starts."""

    name: str
    """Its script, relative to the project's root where it lies below it; else `-m module`, `-c` or
    the command's name. "" for a console or a notebook: what they run is not known by a name.
    """
    file: str = ""
    """Absolute path of its script."""
    arguments: tuple[str, ...] = ()


def program_of(command: Sequence[str], directory: str, root: str = "") -> Program:
    """Return the program of a command line that was or will be started in `directory`.

    Args:
        root: the project's folder; `project_root` of the script when it is empty.
    """
    if not command:
        return Program("")
    if is_python(command):
        return _python_program(command, directory, root)
    called = Path(command[0]).name
    own = _file(command[0], directory) if "/" in command[0] else None
    if own is not None and called not in _INTERPRETERS:
        return Program(_name(own, root), str(own), tuple(command[1:]))
    for place, word in enumerate(command[1:], 1):
        script = None if word.startswith("-") else _file(word, directory)
        if script is not None:
            rest = (*command[1:place], *command[place + 1 :])
            name = _name(script, root)
            name = name if called in _INTERPRETERS else f"{called} {name}"
            return Program(name, str(script), rest)
    return Program(called, "", tuple(command[1:]))


def is_python(command: Sequence[str]) -> bool:
    """Whether a command line starts a Python interpreter."""
    return bool(command) and _PYTHON.match(Path(command[0]).name) is not None


def _python_program(command: Sequence[str], directory: str, root: str) -> Program:
    place = 1
    while place < len(command):
        word, rest = command[place], tuple(command[place + 1 :])
        if word in ("-m", "-c"):
            if not rest or rest[0] == "ipykernel_launcher":
                return Program("")
            return (
                Program(f"-m {rest[0]}", "", rest[1:]) if word == "-m" else Program("-c", "", rest)
            )
        if word == "-":
            return Program("")
        if not word.startswith("-"):
            script = Path(directory, word)
            return Program(_name(script, root), str(script), rest)
        place += 2 if word in _WITH_A_VALUE else 1
    return Program("")


def _file(word: str, directory: str) -> Path | None:
    path = Path(directory, word)
    try:
        return path if path.is_file() else None
    except (OSError, ValueError):
        return None


def _name(script: Path, root: str) -> str:
    path = Path(root) if root else project_root(script)
    script = _plain(script)
    return script.relative_to(path).as_posix() if script.is_relative_to(path) else script.name


def _plain(path: Path) -> Path:
    import os.path

    return Path(os.path.normpath(path))


def project_root(file: str | Path) -> Path:
    """Return the nearest folder upward that is marked as a project (by `.git`, `pyproject.toml`,
    …); the file's own folder when there is none.
    """
    folder = _plain(Path(file)).parent
    for candidate in (folder, *folder.parents):
        if any((candidate / mark).exists() for mark in _MARKS):
            return candidate
    return folder


class Arguments(msgspec.Struct, frozen=True):
    """The words behind a program, as far as they can be understood without it."""

    named: dict[str, list[str]]
    """What follows each option (`--lr 0.1`, `--lr=0.1`, `lr=0.1`) until the next, by plain name."""
    plain: list[str]
    """The words before the first option, and behind `--`."""


def read_arguments(words: Sequence[str]) -> Arguments:
    """Return the arguments by name.

    >>> read_arguments(["fit", "--lr", "0.1", "--layers", "64", "32", "--fast"]).named
    {'lr': ['0.1'], 'layers': ['64', '32'], 'fast': []}
    """
    named: dict[str, list[str]] = {}
    plain: list[str] = []
    values = plain
    for place, word in enumerate(words):
        setting = _SETTING.match(word)
        if word == "--":
            plain.extend(words[place + 1 :])
            break
        if word.startswith("-") and len(word) > 1 and not _NUMBER.match(word):
            name, equals, value = word.partition("=")
            values = named.setdefault(plain_name(name), [])
            if equals:
                values.append(value)
        elif setting:
            named.setdefault(plain_name(setting[1]), []).append(setting[2])
            values = plain
        else:
            values.append(word)
    return Arguments(named, plain)


def text_value(text: str) -> Any:
    """Return the number or the truth that a word means, else the word.

    >>> [text_value(t) for t in ("1e-1", "3", "true", "007", "adam")]
    [0.1, 3, True, '007', 'adam']
    """
    if _NUMBER.match(text) and not re.match(r"-?0\d", text):
        return float(text) if re.search(r"[.eE]", text) else int(text)
    return {"true": True, "false": False}.get(text.lower(), text)
