"""What people are told of a repeat: one line each."""

from __future__ import annotations

from peira.core.wording import ago, number
from peira.lab.recorded import Recorded
from peira.rerun.guard import Found
from peira.rerun.likeness import Kind, Likeness

ERROR_CHARACTERS_MAX = 80
NAMES_MAX = 3

_NO_EVIDENCE = "it adds no evidence, unless you want to check that it can be reproduced"
_KINDS: dict[Kind, str] = {
    "exact repeat": "an exact repeat of {run}",
    "repeat in disguise": "a repeat of {run} whose code differs only in layout and comments",
    "unseeded": "what {run} did",
    "reproduction attempt": "what {run} did in another environment ({differs})",
}
_MORE: dict[Kind, str] = {
    "exact repeat": f": {_NO_EVIDENCE}",
    "repeat in disguise": f": {_NO_EVIDENCE}",
    "unseeded": "; it sets no seed, so neither can be re-run exactly",
}
_NOT_DONE = {
    "running": "the same is running now: {run}",
    "failed": "the same failed before: {run}",
    "killed": "the same was killed before: {run}",
    "silent": "the same began before and went silent: {run}",
}


def notice(found: Found, now_s: float | None = None) -> str:
    """Return what is said of the earlier run; an empty text when there is nothing to say."""
    likeness = found.likeness
    if likeness is None:
        return ""
    state = likeness.run.state
    if state in _NOT_DONE and likeness.kind != "reproduction attempt":
        return f"{_NOT_DONE[state].format(run=_named(likeness.run, found, now_s))}."
    return f"this is {headline(found, now_s)}{_MORE.get(likeness.kind, '')}."


def headline(found: Found, now_s: float | None = None) -> str:
    """Return what a repeat is, in few words: `an exact repeat of brisk-otter (2 d ago)`."""
    assert found.likeness is not None
    likeness = found.likeness
    differs = ", ".join(word for words in likeness.differs.values() for word in words)
    return _KINDS[likeness.kind].format(run=_named(likeness.run, found, now_s), differs=differs)


def nearest(found: Found, now_s: float | None = None) -> str:
    """Return the line that lists the nearest earlier runs, or an empty text."""
    if not found.nearest:
        return ""
    told = (_named(one.run, found, now_s, _change(one)) for one in found.nearest)
    return f"nearest: {'; '.join(told)}."


def _change(likeness: Likeness) -> str:
    """`lr 0.1 → 0.2, other code: train.py, other data: rows.csv`"""
    differs = likeness.differs
    said = [", ".join(differs.get("config", ()))]
    said += [
        f"other {what}: {', '.join(names[:NAMES_MAX])}{' …' * (len(names) > NAMES_MAX)}"
        for what, names in (("code", differs.get("tree", ())), ("data", differs.get("data", ())))
        if names
    ]
    return ", ".join(filter(None, said))


def _named(run: Recorded, found: Found, now_s: float | None, change: str = "") -> str:
    """`brisk-otter (2 d ago, val/acc 0.97)`"""
    facts = [change, ago(run.birth.created, now_s)]
    if run.state == "failed" and run.end is not None and run.end.error is not None:
        error = run.end.error
        facts.append(f"{error.type}: {error.message}"[:ERROR_CHARACTERS_MAX])
    elif run.state != "finished":
        facts.append(run.state)
    elif run.id in found.results:
        metric, value = found.results[run.id]
        facts.append(f"{metric} {number(value)}")
    return f"{run.name} ({', '.join(filter(None, facts))})"
