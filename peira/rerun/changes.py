"""What is changed in a re-run: flags of the command, constants of the script.

--with lr=0.02      a flag of the command: --lr 0.1, --lr=0.1, lr=0.1
                    an option that the command left at its default: --lr 0.02 is added
--with LR=0.02      a constant of the script: set as `peira run --set` does
a param that the code itself tells (peira.init(params=…)) cannot be changed from outside
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from peira.capture.param_roles import plain_name
from peira.core.errors import UsageError
from peira.lab.runs import RunRecord
from peira.launch.script import Script, find_script, read_script
from peira.rerun.command import changed
from peira.rerun.scratch import Start


class Changes:
    """New values by the name of a flag, a constant or an option, for one run."""

    def __init__(self, record: RunRecord, wanted: Mapping[str, str]) -> None:
        self._record = record
        self._wanted = wanted

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def made(self, start: Start) -> Start:
        """Return a start with the changes made.

        Raises:
            UsageError: one is not possible from outside.
        """
        command, others = changed(start.command, self._wanted)
        settings: dict[str, Any] = dict(start.settings)
        path = find_script(command, Path(start.directory)) if others else None
        script = None if path is None else read_script(path)
        for name in others:
            option = None if script is None else _option(script, name)
            if script is not None and name in script.constants:
                settings[name] = script.setting(name, self._wanted[name])
            elif option is not None:
                command += [option, self._wanted[name]]
            else:
                raise self._not_possible(name)
        return msgspec.structs.replace(start, command=command, settings=settings)

    def _not_possible(self, name: str) -> UsageError:
        record = self._record
        if plain_name(name) in {plain_name(param) for param in record.params}:
            return UsageError(
                f"`{name}` cannot be changed from outside: run {record.name} was not told it by a"
                " flag, its code sets it.",
                hint="Let the program take it as a flag, or restore the run and edit the code.",
            )
        return UsageError(
            f"Run {record.name} has no flag, no constant and no param `{name}`.",
            hint=f"Its command is: {record.command}",
        )


def _option(script: Script, name: str) -> str | None:
    """Return an option that the script's text names, as it is written there: the command had left
    it at its default.
    """
    if not script.has_flags:
        return None
    text = script.path.read_text(errors="replace")
    for spelled in dict.fromkeys((name, name.replace("_", "-"), name.replace("-", "_"))):
        option = f"--{spelled}"
        if f'"{option}"' in text or f"'{option}'" in text:
            return option
    return None
