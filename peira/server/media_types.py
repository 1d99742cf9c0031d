"""The type a stored object is sent as: from this table, never from whoever stored it.

What a browser can run is never sent as such. Pictures, sounds, films and plain text are shown;
SVG and HTML are shown without scripts in an origin of their own; all else is a download.
"""

from __future__ import annotations

from typing import NamedTuple

DOWNLOAD = "application/octet-stream"
PLAIN = (
    "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp",
    "audio/wav", "audio/mpeg", "audio/ogg", "audio/flac", "audio/mp4", "audio/webm",
    "video/mp4", "video/webm", "video/ogg",
)  # fmt: skip
_TEXT = ("text/plain", "text/csv", "text/markdown", "application/json", "application/jsonl")
_SANDBOXED = ("image/svg+xml", "text/html")
_ALIASES = {"image/jpg": "image/jpeg", "audio/x-wav": "audio/wav", "audio/wave": "audio/wav",
            "audio/mp3": "audio/mpeg"}  # fmt: skip

# `sandbox` alone gives an opaque origin without scripts, forms, pop-ups or navigation.
_INERT = "sandbox; default-src 'none'; frame-ancestors 'self'"
_INERT_PAGE = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "frame-ancestors 'self'"
)


class Sending(NamedTuple):
    """How an object is sent."""

    media_type: str
    csp: str
    is_attachment: bool


def sending_of(claimed: str | None) -> Sending:
    """Return how to send an object that is said to be of a MIME type.

    >>> sending_of("image/png").media_type
    'image/png'
    >>> sending_of("application/javascript")[0::2]
    ('application/octet-stream', True)
    """
    bare = (claimed or "").partition(";")[0].strip().lower()
    bare = _ALIASES.get(bare, bare)
    if bare in PLAIN:
        return Sending(bare, _INERT, False)
    if bare in _TEXT:
        return Sending("text/plain; charset=utf-8", _INERT, False)
    if bare in _SANDBOXED:
        charset = "; charset=utf-8" if bare == "text/html" else ""
        return Sending(bare + charset, _INERT_PAGE, False)
    return Sending(DOWNLOAD, _INERT, True)
