"""The process whose surroundings are captured: this one, or one that this one has launched."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from peira.capture.birth import SCRIPT, command, script_now, working_directory


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a process without asking it."""

    pid: int
    """The process that records it."""
    command: list[str]
    """Its command line, redacted."""
    directory: str
    """Where it was started, or was when the run began."""
    entry: dict[str, Any]
    """What it runs: `kind` (script, module, notebook, console, command, program), and where there
    is one `script` (absolute), `module` or `notebook`.
    """
    variables: Mapping[str, str]
    """Its environment."""
    is_own: bool = True
    """Whether it is this process: then its packages and libraries can be seen from here."""


def this_process() -> Subject:
    """Return what this process is now. Takes below a millisecond; to be called in the thread that
    makes the run.
    """
    return Subject(
        pid=os.getpid(),
        command=command(),
        directory=working_directory(),
        entry=entry_point(),
        variables=dict(os.environ),
    )


def launched(
    words: Sequence[str], directory: str, variables: Mapping[str, str] | None = None
) -> Subject:
    """Return what is known of a program that this process starts.

    Args:
        words: its command line.
        variables: its environment; this process's own when None.
    """
    from peira.capture.program import program_of  # here: its patterns cost a program 3 ms

    program = program_of(words, directory)
    entry: dict[str, Any] = {"kind": "program", "program": program.name}
    if program.name.startswith("-m "):
        entry = {"kind": "module", "module": program.name.removeprefix("-m ")}
    elif program.name == "-c":
        entry = {"kind": "command"}
    elif program.file:
        entry = {"kind": "script", "script": program.file}
    return Subject(
        pid=os.getpid(),
        command=command(words),
        directory=directory,
        entry=entry,
        variables=dict(os.environ if variables is None else variables),
        is_own=False,
    )


def entry_point() -> dict[str, Any]:
    """Return `kind` (script, module, notebook, console, command) and what goes with it."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    script = script_now() or SCRIPT
    shell = interactive_shell()
    if hasattr(shell, "kernel"):
        return {"kind": "notebook"} | _notebook(shell.user_ns)
    if spec is not None and script:
        module = spec.name.removesuffix(".__main__")  # of a package
        return {"kind": "module", "module": module, "script": script}
    if script:
        return {"kind": "script", "script": script}
    return {"kind": "command" if "-c" in sys.orig_argv[1:2] else "console"}


def interactive_shell() -> Any:
    """Return IPython's shell when the program runs in one (a notebook's kernel, `ipython`), else
    None. Imports nothing.
    """
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def _notebook(namespace: Mapping[str, Any]) -> dict[str, str]:
    """The path of the notebook, where the program that shows it tells its kernel."""
    told = namespace.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME")
    return {"notebook": str(told)} if told else {}
