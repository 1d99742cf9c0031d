"""Run ids: 12 lower-case base32 characters, time-ordered.

The alphabet is RFC 4648 section 7 ("base32hex"), which sorts as its values do. 60 bits: 40 of
milliseconds since 2020-01-01 UTC (until 2054), then 20 random ones. The folder of a run is made
exclusively, so a clash on one machine is seen and drawn again.
"""

from __future__ import annotations

import os
import re
import time

ALPHABET = "0123456789abcdefghijklmnopqrstuv"
LENGTH = 12
EPOCH_MS = 1_577_836_800_000
_RANDOM_BITS = 20
_PATTERN = re.compile(rf"[{ALPHABET}]{{{LENGTH}}}\Z")


def new_run_id(now_s: float | None = None) -> str:
    """Return a fresh run id; later ids sort after earlier ones, to the millisecond.

    Args:
        now_s: seconds since the Unix epoch; the current time when None.
    """
    now_ms = int((time.time() if now_s is None else now_s) * 1000)
    ticks = max(0, now_ms - EPOCH_MS) & ((1 << 40) - 1)
    random = int.from_bytes(os.urandom(3), "big") & ((1 << _RANDOM_BITS) - 1)
    return _encode((ticks << _RANDOM_BITS) | random, LENGTH)


def new_writer_id() -> str:
    """Return a fresh name for a second writer of a run: 6 random base32 characters."""
    return _encode(int.from_bytes(os.urandom(4), "big") & ((1 << 30) - 1), 6)


def is_run_id(text: str) -> bool:
    """Whether `text` has the form of a run id. A path is never built from anything else."""
    return _PATTERN.match(text) is not None


def _encode(number: int, length: int) -> str:
    characters = []
    for _ in range(length):
        number, digit = divmod(number, 32)
        characters.append(ALPHABET[digit])
    return "".join(reversed(characters))
