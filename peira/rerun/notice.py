"""What people are told of a repeat: one line each."""

from __future__ import annotations

from peira.core.wording import ago, number
from peira.lab.recorded import Recorded
from peira.rerun.guard import Found
from peira.rerun.likeness import Kind, Likeness

ERROR_CHARACTERS_MAX = 80

_NO_EVIDENCE = "adds no evidence, unless you want to check that it can be reproduced."
_DONE: dict[Kind, str] = {
    "exact repeat": f"this is an exact repeat of {{run}}: it {_NO_EVIDENCE}",
    "repeat in disguise": "this repeats {run}; the code differs only in layout and comments: it "
    f"{_NO_EVIDENCE}",
    "unseeded": "this was run before: {run}. It sets no seed, so neither can be re-run exactly.",
    "reproduction attempt": "this was run before in another environment ({differs}): {run}.",
}
_NOT_DONE = {
    "running": "the same is running now: {run}.",
    "failed": "the same failed before: {run}.",
    "killed": "the same was killed before: {run}.",
    "silent": "the same began before and went silent: {run}.",
}


def notice(found: Found, now_s: float | None = None) -> str:
    """Return what is said of the earlier run; an empty text when there is nothing to say."""
    likeness = found.likeness
    if likeness is None:
        return ""
    told = _NOT_DONE.get(likeness.run.state) or _DONE[likeness.kind]
    differs = ", ".join(word for words in likeness.differs.values() for word in words)
    return told.format(run=_named(likeness.run, found, now_s), differs=differs)


def nearest(found: Found, now_s: float | None = None) -> str:
    """Return the line that lists the nearest earlier runs, or an empty text."""
    if not found.nearest:
        return ""
    told = (_named(one.run, found, now_s, _change(one)) for one in found.nearest)
    return f"nearest: {'; '.join(told)}."


def _change(likeness: Likeness) -> str:
    return ", ".join(likeness.differs.get("config", ()))


def _named(run: Recorded, found: Found, now_s: float | None, change: str = "") -> str:
    """`brisk-otter (2 d ago, val/acc 0.97)`"""
    facts = [change, ago(run.birth.created, now_s)]
    if run.state == "failed" and run.end is not None and run.end.error is not None:
        error = run.end.error
        facts.append(f"{error.type}: {error.message}"[:ERROR_CHARACTERS_MAX])
    elif run.id in found.results:
        metric, value = found.results[run.id]
        facts.append(f"{metric} {number(value)}")
    return f"{run.name} ({', '.join(filter(None, facts))})"
