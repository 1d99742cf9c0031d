"""What a project tries to improve, and which metric says most about a run."""

from __future__ import annotations

from typing import Literal

import msgspec

from peira.core.direction import guess_direction

_SPLITS = ("val", "dev", "eval", "test")


class Goal(msgspec.Struct, frozen=True):
    """What a project tries to improve, as people decided it in the journal."""

    metric: str
    direction: Literal["max", "min"] = "max"
    target: float | None = None


def read_goal(data: bytes) -> Goal | None:
    """Return the goal that a record of the journal holds, or None when it names no metric."""
    try:
        return msgspec.json.decode(data, type=Goal)
    except msgspec.MsgspecError:
        return None  # by a newer Peira, or written by hand


def rank_metric(name: str) -> tuple[bool, int, bool]:
    """Return what sorts metrics by how much they say of a run: first those whose better side is
    known, rather of validation than of training, rather a score than a loss.
    """
    direction = guess_direction(name)
    place = next((i for i, word in enumerate(_SPLITS) if word in name.lower()), len(_SPLITS))
    return direction is None, place, direction != "max"
