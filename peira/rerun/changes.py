"""What is changed in a re-run: flags of the command, constants of the script.

--with lr=0.02      a flag of the command: --lr 0.1, --lr=0.1, lr=0.1
                    an option that the command left at its default: --lr 0.02 is added
--with LR=0.02      a constant of the script: set as `peira run --set` does
a param that the code itself tells (peira.init(params=…)) cannot be changed from outside
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from peira.capture.param_roles import plain_name
from peira.core.errors import UsageError
from peira.lab.runs import RunRecord
from peira.rerun.command import changed, recorded_command
from peira.rerun.scratch import Start


class Changes(msgspec.Struct, frozen=True):
    """Changes that are possible."""

    flags: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.flags)

    def made(self, start: Start) -> Start:
        """Return a start with the changes made."""
        command, _ = changed(start.command, self.flags)
        return msgspec.structs.replace(start, command=command)


def read_changes(record: RunRecord, wanted: Mapping[str, str]) -> Changes:
    """Return the changes, told apart.

    Raises:
        UsageError: one is not possible from outside.
    """
    _, unknown = changed(recorded_command(record), wanted)
    if unknown:
        raise _not_possible(record, unknown[0])
    return Changes(wanted)


def _not_possible(record: RunRecord, name: str) -> UsageError:
    params = {plain_name(param): param for param in record.params}
    if plain_name(name) in params:
        return UsageError(
            f"`{name}` cannot be changed from outside: run {record.name} was not told it by a flag,"
            " its code sets it.",
            hint="Let the program take it as a flag, or restore the run and edit the code.",
        )
    return UsageError(
        f"Run {record.name} has no flag and no param `{name}`.",
        hint=f"Its command is: {record.command}",
    )
