"""Patterns that find metrics in lines of a console.

    key: number  key: number       the default: a line of nothing else (also `key: number (…)`)
    loss {loss:f} at step {step:d} a pattern in the style of the library `parse`, anywhere in a line

`{name:f}`, `{name:g}`, `{name:e}` and `{name}` take any number, `{name:d}` a whole one, `{}` any
text, which is not recorded. A blank stands for one blank or more.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable

from peira.core.errors import UsageError

Found = dict[str, int | float]
Pattern = Callable[[str], Found]
"""Returns the numbers in a line by name; empty when it does not fit."""

# One way to read each text: with two, a line of digits that does not fit takes time by its square.
_NUMBER = r"[-+]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|(?i:nan|inf(?:inity)?))"
_WHOLE = r"[-+]?\d+(?!\.?\d|[eE]\d)"
_KINDS = {"": _NUMBER, "f": _NUMBER, "g": _NUMBER, "e": _NUMBER, "d": _WHOLE}
_KEY = r"[^\W\d][^\s:=,;|]*"
_PAIR = re.compile(rf"({_KEY}):\s+({_NUMBER})")
_PAIRS = re.compile(
    rf"\s*{_PAIR.pattern}(?:(?:\s*[,;|]\s*|\s+-\s+|\s+){_PAIR.pattern})*(?:\s+\([^()]*\))?\s*"
)
_IN_BRACKETS = re.compile(r"\(step:?\s+(\d+)\)\s*\Z")
_ANY = ".*?"
NAME_CHARACTERS_MAX = 200


def key_number(line: str) -> Found:
    """Return the numbers of a line that holds nothing but `key: number`, once or several times.

    >>> key_number("loss: 0.25, acc: 0.9"), key_number("loss: 2 (step 3)"), key_number("see: 2 b")
    ({'loss': 0.25, 'acc': 0.9}, {'loss': 2, 'step': 3}, {})
    """
    if ": " not in line or not _PAIRS.fullmatch(line):
        return {}
    found = {key: number(text) for key, text in _PAIR.findall(line)}
    step = _IN_BRACKETS.search(line)
    return found | ({"step": int(step[1])} if step else {})


def pattern(text: str) -> Pattern:
    """Return the pattern that a person wrote.

    Raises:
        UsageError: it cannot be read, or names nothing.

    >>> pattern("loss={loss:f}")("epoch 3 loss=0.25 acc=0.9")
    {'loss': 0.25}
    """
    parts: list[str] = []
    names: list[str] = []
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError as error:
        raise _unreadable(text, f"it has a brace too many or too few ({error})") from error
    for literal, name, kind, _ in pieces:
        parts.append(r"\s+".join(re.escape(word) for word in re.split(r"\s+", literal)))
        if name is None:
            continue
        if not name:
            parts.append(_ANY)
            continue
        if kind not in _KINDS:
            raise _unreadable(text, f"{{{name}:{kind}}} is no number", "Use :f, :g, :e or :d.")
        if name in names or len(name) > NAME_CHARACTERS_MAX:
            raise _unreadable(text, f"{name:.60} stands twice, or is too long")
        names.append(name)
        parts.append(rf"(?<![\w.])({_KINDS[kind or '']})")
    if not names:
        raise _unreadable(text, "it names no number", "Example: 'loss: {loss:f}'.")
    while parts[0] in ("", _ANY):  # it is looked for anywhere in a line
        parts.pop(0)
    expression = re.compile("".join(parts))

    def find(line: str) -> Found:
        match = expression.search(line)
        if match is None:
            return {}
        return dict(zip(names, map(number, match.groups()), strict=True))

    return find


def number(text: str) -> int | float:
    """Return the number that a text writes."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def _unreadable(text: str, reason: str, hint: str = "") -> UsageError:
    return UsageError(f"The pattern {text!r:.100} cannot be used: {reason}.", hint=hint)
