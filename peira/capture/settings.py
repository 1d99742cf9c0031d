"""What is captured, and how much of it."""

from __future__ import annotations

import msgspec

from peira.core.errors import UsageError

ASPECTS = ("process", "host", "environment", "python", "numerics", "packages", "code")
"""The aspects of a run's surroundings, in the order in which they are collected: cheap ones first.
"""
BESIDE = (
    "console",
    "monitor",
    "cells",
    "sources",
    "inputs",
    "outputs",
    "seeds",
    "fingerprint",
)
"""What is captured all the time that a run lives: what it prints, its use of the machine, the cells
of a notebook, the files that it imports, opens and writes, the seeds that it sets, and what makes
it the same as other runs.
"""


class CaptureSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a run captures by itself.

    Args:
        leave_out: which of `ASPECTS` and `BESIDE` not to capture.
        variables: names of environment variables to record besides the built-in allow list; a name
            may end with `*`. A name that looks like a secret is recorded as redacted, also when it
            is listed here.
        diff_inline_bytes_max: a larger diff is stored as an object.
        diff_bytes_max: size of the diff that is kept at all; it holds whole files, and those beyond
            are named, with the digest of their content.
        git_timeout_s: limit of each git command; what does not answer in time is left out, and
            said.
        keep_bytes_max: inputs up to this size are kept in the lab, ten times as much of all inputs
            of a run; of others the digest is recorded.

    Raises:
        UsageError: what is to be left out has no such name. Else a slip of the pen would record
            what should stay private.
    """

    leave_out: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    diff_inline_bytes_max: int = 64 * 1024
    diff_bytes_max: int = 16 * 1024 * 1024
    git_timeout_s: float = 10.0
    keep_bytes_max: int = 10 << 20

    def __post_init__(self) -> None:
        wrong = [name for name in self.leave_out if name not in (*ASPECTS, *BESIDE)]
        if wrong:
            raise UsageError(
                f"{wrong[0]!r:.60} cannot be left out: nothing captured has that name.",
                hint=f"Use some of: {', '.join((*ASPECTS, *BESIDE))}.",
            )

    def has(self, name: str) -> bool:
        """Whether one of `ASPECTS` or `BESIDE` is to be captured."""
        return name not in self.leave_out
