"""Collects all aspects of a run's surroundings, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from peira.capture.settings import CaptureSettings


def collect(settings: CaptureSettings | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield `(aspect, value)` for each aspect of `settings`, cheap ones first.

    Values are plain JSON with secrets taken out; they are what a `Captured` event holds. Made for a
    daemon thread beside training: it only reads, starts no program but git, and an aspect that
    fails yields `{"error": "…"}` and does not end the others. The whole takes up to a few seconds
    in a large repository.
    """
    settings = settings or CaptureSettings()
    sources = _sources(settings)
    for aspect in settings.aspects:
        source = sources.get(aspect)
        if source is None:
            continue
        try:
            value = source()
        except Exception as error:  # noqa: BLE001 - what one aspect meets on a strange machine must not cost the others
            value = {"error": f"{type(error).__name__}: {error}"}
        yield aspect, value


def _sources(settings: CaptureSettings) -> dict[str, Callable[[], dict[str, Any]]]:
    # Imported here, in the thread that collects: `import peira` does not pay for it.
    from peira.capture.code import code
    from peira.capture.environment import environment
    from peira.capture.host import host
    from peira.capture.packages import packages
    from peira.capture.process import process

    return {
        "process": process,
        "host": host,
        "environment": lambda: environment(settings.variables),
        "packages": packages,
        "code": lambda: code(settings.diff_bytes_max, settings.git_timeout_s),
    }
