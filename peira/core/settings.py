"""Settings that come from the environment, all in one record.

    PEIRA_LAB       the folder to record in; else the nearest .peira, else ./.peira
    PEIRA_PROJECT   the project when init() names none; else the working directory's name
    PEIRA_RUN       the run to join as a second writer, instead of making one
    PEIRA_CHECKPOINT  the folder of the checkpoint to go on from; set by `peira resume`
    PEIRA_OFF       record nothing
    PEIRA_STRICT    raise what goes wrong in tracking instead of telling it once
    PEIRA_QUIET     print nothing
    PEIRA_LEAVE_OUT what not to capture: code, environment, console, …
    PEIRA_VARIABLES environment variables to record besides the allow list
    PEIRA_ON_REPEAT what `peira run` does when it was run before: warn, skip or refuse
    PEIRA_KEEP_BYTES_MAX  inputs up to this size are kept

`docs/reference/settings.md` has the table; a test compares the two.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec

from peira.core.errors import UsageError

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment asks for. The variable of a field is `PEIRA_<FIELD>`."""

    lab: str | None = None
    project: str | None = None
    run: str | None = None
    checkpoint: str | None = None
    off: bool = False
    strict: bool = False
    quiet: bool = False
    leave_out: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    on_repeat: str | None = None
    keep_bytes_max: int = 10 << 20


def variable(field: str) -> str:
    """Return the environment variable of a field.

    >>> variable("lab")
    'PEIRA_LAB'
    """
    return f"PEIRA_{field.upper()}"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of `environment` (of this process when None).

    Raises:
        UsageError: a switch is neither on nor off, or a number is none.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, str | bool | int | tuple[str, ...]] = {}
    for field in msgspec.structs.fields(Settings):
        text = environment.get(variable(field.name))
        if text is None:
            continue
        if field.type is bool:
            values[field.name] = _switch(field.name, text)
        elif field.type == tuple[str, ...]:
            values[field.name] = tuple(text.replace(",", " ").split())
        elif field.type is int and text:
            values[field.name] = _count(field.name, text)
        elif text:
            values[field.name] = text
    return msgspec.convert(values, Settings)


def _count(field: str, text: str) -> int:
    if not text.strip().isdecimal():
        raise UsageError(
            f"{variable(field)}={text!r:.60} is not a whole number.", hint="Use digits only."
        )
    return int(text)


def _switch(field: str, text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise UsageError(
            f"{variable(field)}={text!r:.60} is neither on nor off.",
            hint="Use 1 or 0, or unset it.",
        )
    return word in _TRUE
