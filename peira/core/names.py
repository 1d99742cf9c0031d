"""Readable names of runs, `keen-heron-41`: easy to say and to tell apart. The run id is what
identifies.
"""

from __future__ import annotations

import os

_QUALITIES = (
    "amber", "bold", "brave", "bright", "brisk", "calm", "clear", "clever", "cosy", "crisp",
    "deft", "eager", "early", "fair", "fleet", "fond", "frank", "fresh", "gentle", "glad",
    "golden", "grand", "green", "happy", "hardy", "honest", "humble", "ideal", "jolly", "keen",
    "kind", "late", "lively", "loyal", "lucid", "lucky", "mellow", "merry", "mild", "modest",
    "neat", "noble", "novel", "patient", "plain", "polite", "proud", "quick", "quiet", "rapid",
    "ready", "robust", "rosy", "serene", "sharp", "silent", "simple", "solid", "steady", "sunny",
    "swift", "tidy", "warm", "wise",
)  # fmt: skip
_BEINGS = (
    "alder", "aspen", "badger", "beaver", "beech", "birch", "bison", "cedar", "cicada", "clover",
    "cobra", "condor", "cormorant", "crane", "cricket", "dolphin", "eagle", "elm", "falcon",
    "fern", "finch", "fox", "gecko", "hare", "hazel", "heron", "ibex", "iris", "ivy", "jay",
    "juniper", "kestrel", "kite", "koala", "larch", "lark", "lemur", "lily", "lotus", "lynx",
    "maple", "marten", "mole", "newt", "oak", "orca", "osprey", "otter", "owl", "panda", "petrel",
    "pine", "plover", "raven", "robin", "rowan", "seal", "sparrow", "stork", "swan", "tern",
    "thrush", "willow", "wren",
)  # fmt: skip


def new_name() -> str:
    """Return a fresh name, one of 409,600; it may repeat."""
    draw = int.from_bytes(os.urandom(4), "big")
    draw, quality = divmod(draw, len(_QUALITIES))
    draw, being = divmod(draw, len(_BEINGS))
    return f"{_QUALITIES[quality]}-{_BEINGS[being]}-{draw % 100}"
