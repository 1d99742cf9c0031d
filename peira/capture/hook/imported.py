"""The modules of a process: told at its end, and before another program takes its place.

The file of a project's module is told when it is opened, too (opened.py): so the death of a process
hides only which packages it had imported.
"""

from __future__ import annotations

import os
import sys

from .border import harmless
from .ignored import is_ignored
from .opened import before_exec

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from typing import Any

    from .spool import Tell

_OURS = ("peira_capture", "sitecustomize", "usercustomize", "_distutils_hack")
"""Loaded before the program, and not by it; the last by setuptools in every Python that has it."""


def script() -> str:
    """Return the file of the script that this process was started with; "" for `-m` and `-c`.

    Asked at the start: Python forgets `__main__.__file__` when its last line has run.
    """
    name = (getattr(sys, "argv", None) or [""])[0]
    return os.path.abspath(name) if name and os.path.isfile(name) else ""


def imported() -> dict[str, dict[str, str]]:
    """Return `files`, the project's modules by name, and `packages`, the top-level modules outside
    of the standard library, each with its file. Of a package that several distributions share
    (`google`), which has no file, those one level below.
    """
    files: dict[str, str] = {}
    packages: dict[str, str] = {}
    standard: frozenset[str] = getattr(sys, "stdlib_module_names", frozenset())
    modules = dict(sys.modules)
    for name, module in modules.items():
        file = _file_of(module)
        top, _, below = name.partition(".")
        if not file or top in _OURS:
            continue
        if not is_ignored(file):
            files[name] = file
        if top in standard or top == "__main__":
            continue
        if not below or ("." not in below and not _file_of(modules.get(top))):
            packages[name] = file
    return {"files": files, "packages": packages}


def _file_of(module: Any) -> str:
    file = harmless(getattr, module, "__file__", None)  # a lazy module may do anything when asked
    return os.path.abspath(file) if file and isinstance(file, str) else ""


def install(tell: Tell) -> None:
    """Tell the modules when the process ends or becomes another program."""
    import atexit

    started = script()

    def tell_now() -> None:
        told = imported()
        if started:
            told["files"].setdefault("__main__", started)
        tell("modules", **told)

    atexit.register(tell_now)
    before_exec.append(tell_now)
