"""What a run records by itself: code, packages, host, environment, process, console, use of the
machine.

All of it is best effort, and none of it may cost training: `birth_facts` is what a run needs before
its first line (below 5 ms), `Surroundings` are collected in a daemon thread, `Monitor` takes below
5 ms a sample. Secrets are redacted here, before anything reaches the disk. See
`docs/reference/captured.md`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from peira.capture.birth import birth_facts
    from peira.capture.console import Console, Stream
    from peira.capture.files import FileKeeper
    from peira.capture.monitor import Monitor
    from peira.capture.redaction import (
        redact,
        redact_arguments,
        redact_named,
        redact_url,
        redact_value,
    )
    from peira.capture.settings import CaptureSettings
    from peira.capture.subject import Subject, launched, this_process
    from peira.capture.surroundings import Surroundings
    from peira.capture.tee import Tee

__all__ = [
    "CaptureSettings",
    "Console",
    "FileKeeper",
    "Monitor",
    "Stream",
    "Subject",
    "Surroundings",
    "Tee",
    "birth_facts",
    "launched",
    "redact",
    "redact_arguments",
    "redact_named",
    "redact_url",
    "redact_value",
    "this_process",
]

# Loaded at their first use: the hook is below this package, and begins with `import peira`.
_PLACES = {
    "CaptureSettings": "settings",
    "Console": "console",
    "FileKeeper": "files",
    "Monitor": "monitor",
    "Stream": "console",
    "Subject": "subject",
    "Surroundings": "surroundings",
    "Tee": "tee",
    "birth_facts": "birth",
    "launched": "subject",
    "this_process": "subject",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'peira.capture' has no attribute {name!r}")
    found = getattr(import_module(f"peira.capture.{_PLACES.get(name, 'redaction')}"), name)
    globals()[name] = found
    return found
