"""The framing of every line that Peira writes: `<json><TAB><crc32 of the json, 8 hex digits><LF>`.

JSON never holds a raw tab or line feed, so both are safe as separators. See
`docs/formats/lines.md`.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

import msgspec

BYTES_MAX = 64 << 20
"""The longest line that a reader takes."""

_encode = msgspec.json.Encoder().encode


def frame(json: bytes) -> bytes:
    """Return the line that carries `json`: the bytes themselves, a tab, their CRC-32 (RFC 1952), a
    line feed.
    """
    return b"%b\t%08x\n" % (json, crc32(json))


def encode(record: Any) -> bytes:
    """Return the framed line of one record (anything msgspec encodes to JSON)."""
    return frame(_encode(record))


def body(line: bytes) -> bytes | None:
    """Return the JSON of a framed line (without its line feed), or None when the checksum does not
    fit.

    >>> body(frame(b"[1]").rstrip())
    b'[1]'
    """
    if len(line) < 10 or line[-9] != 9:
        return None
    json = line[:-9]
    return json if line[-8:] == b"%08x" % crc32(json) else None
