"""The checks of programs on the code of a run, as it was captured."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from peira.compare.codeofrun import CodeOfRun, open_commits
from peira.compare.files import Held
from peira.core.errors import DamagedError, NotFoundError, UsageError
from peira.core.text import printable
from peira.data.checks._base import Finding
from peira.data.checks.code import fitted_before_split
from peira.lab.lab import Lab
from peira.lab.reading import RunRef

CELLS = "notebook cells"
"""The name of the cells of a notebook, in the order in which they were executed."""
_MAGIC = re.compile(r"^(\s*)[%!?].*$", re.MULTILINE)


class CheckedProgram(NamedTuple):
    """What was found in the code of a run."""

    findings: list[Finding]
    files: list[str]
    """Names of the files that were read, as they were captured."""
    unread: list[str]
    """Why others were not, a sentence each without a full stop."""


def check_run(lab: Lab, run: RunRef) -> CheckedProgram:
    """Find steps that the program of a run fitted on rows which it split afterwards: in the Python
    files that it ran and imported, and in the cells of a notebook.

    Raises:
        NotFoundError: there is no such run, or none of its code is at hand.
        AmbiguousError: there are several.
    """
    record = lab.run(run)
    code = CodeOfRun(lab, record)
    with ExitStack() as opened:
        open_commits([code], Path.cwd(), opened)
        names = sorted(name for name in {*code.used, code.script} if name.endswith(".py"))
        code.read_blobs(names)
        held = {name: code.held(name) for name in names}
        if code.cells is not None:
            held[CELLS] = code.cells
        found = CheckedProgram([], [], [])
        for name, one in held.items():
            _check(found, name, one)
    if not found.files:
        reasons = f": {'; '.join(found.unread[:3])}" if found.unread else ""
        raise NotFoundError(
            f"No Python code of run {printable(record.name)} ({record.id}) can be read{reasons}.",
            hint="Check the files as they are now: peira data check --code FILE",
        )
    return found


def _check(found: CheckedProgram, name: str, held: Held | None) -> None:
    if held is None or held.read is None or held.version.reason:  # a reason: it is not all of it
        reason = "" if held is None else held.version.reason
        found.unread.append(f"{name}: {reason or 'its content was not kept'}")
        return
    try:
        text = held.read().decode("utf-8", "replace")
    except (NotFoundError, DamagedError) as error:
        found.unread.append(f"{name}: {error.message.rstrip('.')}")
        return
    if name == CELLS:
        text = _MAGIC.sub(r"\1pass", text)  # what IPython reads, and Python does not
    try:
        found.findings.extend(fitted_before_split(text, name))
    except UsageError as error:
        found.unread.append(error.message.rstrip("."))
    else:
        found.files.append(name)
