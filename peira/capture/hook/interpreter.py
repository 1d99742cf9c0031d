"""The Python that runs: version, build, and where its packages lie."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from typing import Any


def interpreter() -> dict[str, Any]:
    """Return what this interpreter is. Takes below a millisecond."""
    version, _, build = sys.version.partition(" ")
    facts: dict[str, Any] = {
        "version": version,
        "implementation": sys.implementation.name,
        "build": " ".join(build.split()),  # date and compiler
        "executable": sys.executable or "",
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "free_threaded": "free-threading" in build,
        "flags": _flags(),
    }
    # A build without the lock takes it again when a module asks for it.
    is_gil_enabled = getattr(sys, "_is_gil_enabled", None)
    if facts["free_threaded"] and is_gil_enabled is not None:
        facts["gil_enabled"] = bool(is_gil_enabled())
    if os.path.isdir(os.path.join(sys.prefix, "conda-meta")):
        facts["conda"] = sys.prefix
    return facts


def _flags() -> dict[str, int]:
    """Flags of the command line (`-O`, `-X dev`, …) that are on."""
    names = ("optimize", "dev_mode", "utf8_mode", "isolated", "no_site", "ignore_environment")
    found = {name: int(getattr(sys.flags, name, 0)) for name in names}
    return {name: value for name, value in found.items() if value}
