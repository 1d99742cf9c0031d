"""Make foreign text safe to print: one record is one line, and no control character acts."""

from __future__ import annotations

import re

# C0, DEL, C1, line and paragraph separators, bidirectional controls, lone surrogates: what a
# terminal or a reader's eye can be fooled with.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    r"""Return `text` with control and bidirectional characters written as escapes.

    >>> printable("a\x1b[31mb\n")
    'a\\x1b[31mb\\n'
    """
    return _UNSAFE.sub(lambda m: m.group().encode("unicode_escape").decode("ascii"), text)
