"""The command of a run, to be started again: in another folder, with another environment, with one
thing changed.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from peira.capture.param_roles import plain_name
from peira.capture.redaction import PLACEHOLDER
from peira.core.errors import NotRepeatableError
from peira.lab.runs import RunRecord
from peira.rerun.places import Places

_PYTHON = re.compile(r"(python|pypy)[0-9.]*\Z")
_FLAG = re.compile(r"(--?[A-Za-z][\w.\-/]*)(?:=(.*))?\Z", re.DOTALL)
_SETTING = re.compile(r"([+~]{0,2}[A-Za-z_][\w./\-]*)=(.*)\Z", re.DOTALL)  # as Hydra's lr=0.1
_NUMBER = re.compile(r"-\.?\d")
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def recorded_command(record: RunRecord) -> list[str]:
    """Return the command of a run.

    Raises:
        NotRepeatableError: it cannot be started again: it is of a notebook or a console, was not
            recorded, or held a secret or a word that was cut; or a constant was set to a secret.
    """
    command = [str(word) for word in record.birth.get("command") or ()]
    kind = record.captured("code").get("kind")
    if kind in ("notebook", "console") or not command:
        what = {"notebook": "a notebook", "console": "an interactive console"}.get(str(kind))
        raise NotRepeatableError(
            f"Run {record.name} cannot be started again: it was "
            f"{what or 'recorded without a command'}.",
            hint="peira restore writes its files; run them yourself.",
        )
    settings = record.captured("launch").get("set") or {}
    for word in (*command, *(f"{name}={value}" for name, value in settings.items())):
        if PLACEHOLDER in word:
            raise NotRepeatableError(
                f"Run {record.name} cannot be started again: its command held a secret, of which"
                f" only `{word}` was recorded.",
                hint="Let the program read the secret from an environment variable or a file.",
            )
        if word.endswith("…"):
            raise NotRepeatableError(
                f"Run {record.name} cannot be started again: the word `{word[:40]}…` of its"
                " command was too long to be recorded.",
                hint="Let the program read it from a file.",
            )
    return command


def moved(command: Sequence[str], places: Places, old_prefix: str, python: str) -> list[str]:
    """Return a command as it is started in the restored folder.

    Args:
        old_prefix: the environment of the run; programs in it are those of the new one.
        python: the new interpreter; empty to leave programs as they are.
    """
    words = [_in_environment(word, old_prefix, python) or places.in_word(word) for word in command]
    if python and _PYTHON.match(Path(command[0]).name):
        words[0] = python
    return words


def _in_environment(word: str, old_prefix: str, python: str) -> str | None:
    start = f"{old_prefix.rstrip('/')}/bin/"
    if not python or not old_prefix or not word.startswith(start):
        return None
    program = Path(python).parent / word.removeprefix(start)
    return str(program) if program.exists() else None


def shell_text(command: Sequence[str]) -> str:
    """Return a command as a shell reads it."""
    return shlex.join(command)


def changed(command: Sequence[str], changes: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return a command with the values of flags replaced, and the names that are no flags of it.

    A flag is known by its name, dashes and underlines alike: `--lr 0.1`, `--lr=0.1`, `lr=0.1`. One
    without a value takes `true` (stays) or `false` (goes); one with several values takes as many
    words as are given.

    >>> changed(["python", "t.py", "--lr", "0.1", "n=3"], {"lr": "0.2", "n": "4", "x": "1"})
    (['python', 't.py', '--lr', '0.2', 'n=4'], ['x'])
    """
    words, unknown = list(command), []
    for name, value in changes.items():
        replaced = _replaced(words, plain_name(name), value)
        if replaced is None:
            unknown.append(name)
        else:
            words = replaced
    return words, unknown


def _replaced(words: list[str], name: str, value: str) -> list[str] | None:
    """Return the words with the last flag of that name changed, for it is the one that counts."""
    for at in range(len(words) - 1, 0, -1):
        flag, setting = _FLAG.match(words[at]), _SETTING.match(words[at])
        if flag and plain_name(flag[1]) == name:
            return _with_flag(words, at, flag, value)
        if setting and not flag and plain_name(setting[1].lstrip("+~")) == name:
            return [*words[:at], f"{setting[1]}={value}", *words[at + 1 :]]
    return None


def _with_flag(words: list[str], at: int, flag: re.Match[str], value: str) -> list[str]:
    if flag[2] is not None:
        return [*words[:at], f"{flag[1]}={value}", *words[at + 1 :]]
    end = at + 1
    while end < len(words) and (not words[end].startswith("-") or _NUMBER.match(words[end])):
        end += 1
    truth = _TRUTH.get(value.lower())
    is_switch = end == at + 1 or words[at + 1].lower() not in _TRUTH
    if truth is not None and is_switch:
        return words if truth else [*words[:at], *words[at + 1 :]]
    values = shlex.split(value) if end > at + 2 else [value]
    return [*words[: at + 1], *values, *words[end:]]


Segments = list[tuple[str, list[str]]]
"""Words by the plain name of their flag; those of none under the empty text."""


def segments(words: Sequence[str]) -> Segments:
    """Return the arguments of a program, flag by flag, each with its values.

    >>> segments(["fit", "--lr", "0.1", "n=3", "--fast"])
    [('', ['fit']), ('lr', ['--lr', '0.1']), ('n', ['n=3']), ('fast', ['--fast'])]
    """
    found: Segments = []
    for word in words:
        flag, setting = _FLAG.match(word), _SETTING.match(word)
        if flag:
            found.append((plain_name(flag[1]), [word]))
        elif setting:
            found.append((plain_name(setting[1]), [word]))
        elif found and found[-1][1][0].startswith("-") and "=" not in found[-1][1][0]:
            found[-1][1].append(word)
        else:
            found.append(("", [word]))
    return found


ARGUMENTS = "arguments"
"""Stands for the whole command, where two commands differ in more than flags."""


def arguments_apart(a: Sequence[str], b: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return the flags in which two commands differ, with their words in each; `arguments` for the
    whole command where they differ in more. The interpreter is no argument.
    """
    one, other = _flags(a), _flags(b)
    if one.get("") != other.get(""):
        return {ARGUMENTS: (shell_text(a[1:]), shell_text(b[1:]))}
    names = dict.fromkeys((*one, *other))
    return {
        name: (_value(one.get(name)), _value(other.get(name)))
        for name in names
        if one.get(name) != other.get(name)
    }


def with_arguments_of(b: Sequence[str], a: Sequence[str], names: Collection[str]) -> list[str]:
    """Return command `b` with the flags of these names as in command `a`."""
    if ARGUMENTS in names:
        return [*b[:1], *a[1:]]
    words = list(b[:1])
    old = [(name, part) for name, part in segments(a[1:]) if name in names]
    done: set[str] = set()
    for name, part in segments(b[1:]):
        if name not in names:
            words += part
        elif name not in done:
            words += [word for other, mine in old if other == name for word in mine]
            done.add(name)
    return words + [word for name, part in old if name not in done for word in part]


def _flags(command: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, part in segments(command[1:]):
        found.setdefault(name, []).extend(part)
    return found


def _value(words: list[str] | None) -> str:
    return "" if words is None else shell_text(words)
