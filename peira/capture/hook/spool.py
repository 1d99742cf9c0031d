"""The writing side of a spool: one file a process, one JSON line a fact, one write(2) a line.

The file is opened at the first line of a process and begins with its `process` line, so a fork
child tells its own, and one that has nothing to tell leaves nothing.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Tell = Callable[..., None]
    """`tell(kind, **fields)`: makes a fact known; never raises."""

_FLAGS = (
    os.O_WRONLY
    | os.O_APPEND
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_ARGUMENTS_MAX = 1_000
_PLAIN_CHARACTERS_MAX = 11


class Spool:
    """Tells facts into a file of the folder `folder`."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.abspath(folder)
        self._fd = -1
        self._pid = 0
        self._identity = (0, 0)
        self._is_lost = False

    def tell(self, kind: str, **fields: Any) -> None:
        """Append one line. What the disk refuses is not told: the program is what matters."""
        if self._is_lost:
            return
        try:
            if not self._is_open():
                self._open()
                self._write(dict(process_facts(), kind="process"))
            if kind != "process":
                self._write(dict(fields, kind=kind))
        except OSError:
            self._is_lost = True

    def _is_open(self) -> bool:
        """Whether the descriptor is this process's, and still ours: a program may close all that
        are open, and get the same number for a file of its own.
        """
        if self._fd < 0 or self._pid != os.getpid():
            return False
        try:
            found = os.fstat(self._fd)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._identity

    def _open(self) -> None:
        self._pid = os.getpid()
        name = f"{self._pid}-{os.urandom(8).hex()}.jsonl"
        self._fd = os.open(os.path.join(self.folder, name), _FLAGS, 0o600)
        found = os.fstat(self._fd)
        self._identity = (found.st_dev, found.st_ino)

    def _write(self, fields: dict[str, Any]) -> None:
        os.write(self._fd, (encode(fields) + "\n").encode("ascii"))


def encode(value: Any) -> str:
    """Return a value as JSON in ASCII; what JSON cannot hold as its text. (`json` costs 4 ms.)"""
    from _json import encode_basestring_ascii

    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        text = float.__repr__(value)
        return text if text.strip("-") not in ("nan", "inf") else encode_basestring_ascii(text)
    if isinstance(value, dict):
        pairs = [f"{encode(str(k))}:{encode(v)}" for k, v in value.items()]
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([encode(item) for item in value]) + "]"
    return encode_basestring_ascii(str(value))


def process_facts() -> dict[str, Any]:
    """Return what this process is. Secrets are taken out of its arguments."""
    argv = list(getattr(sys, "orig_argv", None) or [sys.executable, *getattr(sys, "argv", ())])
    try:
        cwd = os.getcwd()
    except OSError:  # it was removed
        cwd = ""
    return {
        "pid": os.getpid(),
        "ppid": os.getppid(),
        "argv": clean_arguments(argv[:_ARGUMENTS_MAX]),
        "executable": sys.executable or "",
        "version": sys.version.split()[0],
        "prefix": sys.prefix,
        "path": [str(path) for path in sys.path],
        "cwd": cwd,
    }


def clean_arguments(argv: list[str]) -> list[str]:
    """Return a command line without secrets. Loads the rules only for words that may need them:
    short plain ones and names of files are no secrets.
    """
    if all(is_plain(word) for word in argv[1:]):
        return argv
    from ..redaction import redact_arguments  # noqa: TID252 - this package has two names

    return redact_arguments(argv)


def is_plain(word: str) -> bool:
    """Whether a word is neither an option with a name, nor long enough to be a secret by itself."""
    if len(word) <= _PLAIN_CHARACTERS_MAX and word.strip("-").isalnum():
        return not word.startswith("-") or len(word) == 2
    return os.path.isfile(word)
