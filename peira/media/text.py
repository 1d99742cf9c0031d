"""Text and pages. A page is stored as it came and shown inert: no script of it runs."""

from __future__ import annotations

from typing import Any

from peira.core.errors import UsageError
from peira.core.values import well_formed
from peira.media.encoded import Encoded, describe

TEXT_BYTES_MAX = 16 * 1024 * 1024


def encode_text(value: Any) -> Encoded:
    """Return text as UTF-8.

    Raises:
        UsageError: the value is no `str`, or has more than 16 MiB.
    """
    return Encoded(_utf8(value, "text"), "text/plain", {"characters": len(value)})


def encode_html(value: Any) -> Encoded:
    """Return a page as UTF-8. It is stored as given and only ever shown in a sandbox.

    Raises:
        UsageError: the value is no `str`, or has more than 16 MiB.
    """
    return Encoded(_utf8(value, "page"), "text/html", {"characters": len(value)})


def _utf8(value: Any, kind: str) -> bytes:
    if not isinstance(value, str):
        raise UsageError(f"{describe(value)} is no {kind}.", hint="Expected a str.")
    data = well_formed(value).encode()
    if len(data) > TEXT_BYTES_MAX:
        raise UsageError(
            f"The {kind} has {len(data):,} bytes; {TEXT_BYTES_MAX:,} are the limit.",
            hint="Log it as an artifact.",
        )
    return data
