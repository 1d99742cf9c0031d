"""What is captured, and how much of it."""

from __future__ import annotations

import msgspec

ASPECTS = ("process", "host", "environment", "packages", "code")
"""All aspects, in the order in which they are collected: cheap ones first."""


class CaptureSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a run captures by itself.

    Args:
        aspects: which of `ASPECTS` to collect.
        variables: names of environment variables to record besides the built-in allow list; a name
            may end with `*`. A name that looks like a secret is recorded as redacted, also when it
            is listed here.
        diff_bytes_max: size of the recorded diff; files beyond it are named, without their content.
        git_timeout_s: limit of each git command; what does not answer in time is left out, and
            said.
    """

    aspects: tuple[str, ...] = ASPECTS
    variables: tuple[str, ...] = ()
    diff_bytes_max: int = 128 * 1024
    git_timeout_s: float = 10.0
