"""The text of a search: `lr=log(1e-4,1e-1)`, `opt=sgd,adam`, `momentum=float(0,1) if opt == sgd`.

    word     name=domain [if condition]
    domain   log(low, high[, count=n])        real numbers, even in their logarithm
             float(low, high[, step][, count=n][, log])    real numbers; `low..high` is the same
             int(low, high[, step][, log][, count=n])      whole numbers
             choice(value, …)  or  value, value, …         one of a list
             value                                         a constant

In files and in Python a mapping says the same: `{float = [0, 1], if = "opt == sgd"}`.
`docs/reference/search-space.md` explains it to users.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from peira.core.errors import UsageError
from peira.core.text import printable
from peira.sweeps.domain import (
    Choice,
    Constant,
    Domain,
    Float,
    Int,
    Value,
    domain_of,
    python_value,
    read_value,
)

_NAME = re.compile(r"[^\W\d][\w./-]*")
_WORD = re.compile(r"([^\W\d][\w./-]*)=(.*)", re.DOTALL)
_CALL = re.compile(r"([A-Za-z_]+)\s*\((.*)\)", re.DOTALL)
_RANGE = re.compile(r"([^,]+?)\.\.([^,]+)")
_KINDS = ("choice", "float", "int", "log")
_OTHER_KINDS = {
    "uniform": "float",
    "loguniform": "log",
    "log_uniform": "log",
    "range": "int",
    "randint": "int",
    "real": "float",
    "integer": "int",
    "categorical": "choice",
}
_OPENING, _CLOSING = "([{", ")]}"


def is_param_word(text: str) -> bool:
    """Whether a word of a command line is `name=…` of a search, and not a program's own word."""
    return _WORD.fullmatch(text) is not None


def read_word(text: str) -> tuple[str, Domain, str]:
    """Read `name=domain [if condition]` to (name, domain, condition or nothing).

    Raises:
        UsageError: it is no such word; the message shows one that is.

    >>> name, domain, when = read_word("momentum=float(0,1) if opt == sgd")
    >>> name, domain.text, when
    ('momentum', 'float(0.0,1.0)', 'opt == sgd')
    """
    match = _WORD.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"`{printable(text)}` is no param of a search.",
            hint="Write name=values, for example lr=log(1e-4,1e-1), depth=int(1,8), opt=sgd,adam.",
        )
    name = match[1]
    spelled, when = _split_condition(match[2])
    return name, read_domain(name, spelled), when


def read_domain(name: str, text: str) -> Domain:
    """Read what stands behind `name=`.

    >>> read_domain("kernel_size", "3,5,7")
    Choice(values=(3, 5, 7))
    """
    text = text.strip()
    if not text:
        raise UsageError(
            f"{name}= says no values.", hint=f"Write {name}=3,5,7 or {name}=float(0,1), or '' for "
            "an empty text.",
        )  # fmt: skip
    parts = list(_split(name, text))
    domain: Domain
    call = _CALL.fullmatch(text)
    span = _RANGE.fullmatch(text) if text[0] not in "'\"" else None
    if call is not None and len(parts) == 1:
        domain = _read_call(name, call[1], list(_split(name, call[2])), text)
    elif span is not None and len(parts) == 1:
        low, high = _number(name, span[1], text), _number(name, span[2], text)
        domain = Float(low=float(low), high=float(high))
    elif len(parts) > 1:
        values = parts[:-1] if parts[-1] == "" else parts  # `adam,` is a list of one
        if "" in values:
            raise UsageError(f"{name}: a value is missing between two commas in `{text}`.")
        domain = Choice(values=tuple(read_value(part) for part in values))
    else:
        domain = Constant(value=read_value(text))
    domain.check(name)
    return domain


def read_mapping(name: str, given: Any) -> tuple[Domain, str]:
    """Read what a file or Python says of a param to (domain, condition or nothing).

    Args:
        given: a text as on the command line, a list of choices, a number or true/false for a
            constant, a mapping (`{"float": [0, 1], "if": "opt == sgd"}`), a domain, or one of
            Optuna's distributions.

    >>> read_mapping("batch", {"int": [16, 256], "log": True})[0].text
    'int(16,256,log)'
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"`{printable(name)}` is no name of a param.",
            hint="A name begins with a letter, then letters, digits, _ . / and -.",
        )
    given = python_value(given)
    domain: Domain
    if isinstance(given, str):
        spelled, when = _split_condition(given)
        return read_domain(name, spelled), when
    if isinstance(given, Mapping):
        return _read_table(name, given)
    if isinstance(given, Float | Int | Choice | Constant):
        domain = given
    elif isinstance(given, Sequence | set | frozenset):
        domain = Choice(values=tuple(given))
    elif given is None or isinstance(given, bool | int | float):
        domain = Constant(value=given)
    else:
        domain = domain_of(given)
    domain.check(name)
    return domain, ""


def _read_table(name: str, given: Mapping[str, Any]) -> tuple[Domain, str]:
    table = {key: python_value(value) for key, value in given.items()}
    when = table.pop("if", table.pop("when", ""))
    if not isinstance(when, str):
        raise UsageError(f"{name}: a condition is a text, not {when!r}.")
    for kind in ("values", "choices"):
        if kind in table:
            table["choice"] = table.pop(kind)
    if "value" in table:
        table["constant"] = table.pop("value")
    # `log = [1e-4, 1e-1]` is a kind; `log = true` beside a kind is its scale.
    is_scale = isinstance(table.get("log"), bool) or bool(table.keys() & {"float", "int"})
    kinds = [k for k in (*_KINDS, "constant") if k in table and not (k == "log" and is_scale)]
    if len(kinds) != 1:
        raise UsageError(
            f"{name}: {table!r} must say one of float, int, log, choice and constant.",
            hint=f'For example {name} = {{ float = [0, 1], if = "opt == sgd" }}.',
        )
    kind = kinds[0]
    what = table.pop(kind)
    if kind == "constant":
        domain: Domain = Constant(value=what)
        rest = table
    elif kind == "choice":
        if isinstance(what, str) or not isinstance(what, Sequence):
            raise UsageError(f"{name}: a choice is a list of values, not {what!r}.")
        domain, rest = Choice(values=tuple(what)), table
    else:
        if not isinstance(what, Sequence) or isinstance(what, str) or len(what) != 2:
            raise UsageError(f"{name}: {kind} wants its two ends, [low, high], not {what!r}.")
        known: dict[str, Any] = {k: table.pop(k) for k in ("step", "count", "log") if k in table}
        domain, rest = _range(name, kind, (what[0], what[1]), known), table
    if rest:
        raise UsageError(
            f"{name}: {kind} does not know {', '.join(sorted(map(str, rest)))}.",
            hint="A range knows step, count, log and if; a list knows if.",
        )
    domain.check(name)
    return domain, when.strip()


def _read_call(name: str, kind: str, arguments: list[str], text: str) -> Domain:
    if kind.lower() not in _KINDS:
        near = _OTHER_KINDS.get(kind.lower())
        near = near or next(iter(difflib.get_close_matches(kind.lower(), _KINDS)), "float")
        raise UsageError(
            f"{name}: `{printable(kind)}(…)` is not known; ranges are float, int and log, lists "
            "are choice.",
            hint=f"Did you mean {name}={near}({','.join(arguments)})?",
        )
    kind = kind.lower()
    if kind == "choice":
        return Choice(values=tuple(read_value(part) for part in arguments if part))
    loose = [part for part in arguments if part and "=" not in part]
    options: dict[str, Any] = {}
    for part in arguments:
        if "=" in part:
            key, _, spelled = part.partition("=")
            if key.strip() not in ("step", "count", "log"):
                raise UsageError(
                    f"{name}: {kind} does not know `{printable(part)}`.",
                    hint="Ranges know step=, count= and log.",
                )
            options[key.strip()] = read_value(spelled)
    if len(loose) < 2:
        raise UsageError(
            f"{name}: `{printable(text)}` needs two ends.", hint=f"Write {name}={kind}(1,10)."
        )
    ends = (_number(name, loose[0], text), _number(name, loose[1], text))
    for part in loose[2:]:
        if part.strip().lower() == "log":
            options["log"] = True
        elif "step" in options:
            raise UsageError(f"{name}: `{printable(part)}` is one part too many in `{text}`.")
        else:
            options["step"] = _number(name, part, text)
    return _range(name, kind, ends, options)


def _range(name: str, kind: str, ends: tuple[Any, Any], options: Mapping[str, Any]) -> Domain:
    """Make a range of what was said; the types are checked here, the numbers by the domain."""
    for end in (*ends, *(options[k] for k in ("step", "count") if options.get(k) is not None)):
        if isinstance(end, bool) or not isinstance(end, int | float):
            raise UsageError(f"{name}: {end!r} is no number.")
        if not math.isfinite(end):
            raise UsageError(f"{name}: a range is finite; {end!r} cannot be part of one.")
    log, step, count = options.get("log", kind == "log"), options.get("step"), options.get("count")
    if not isinstance(log, bool):
        raise UsageError(f"{name}: log is true or false, not {log!r}.")
    if count is not None and count != int(count):
        raise UsageError(f"{name}: a count is a whole number, not {count!r}.")
    count = None if count is None else int(count)
    if kind == "int":
        for end in (*ends, step):
            if end is not None and end != int(end):
                raise UsageError(
                    f"{name}: int wants whole numbers, not {end!r}.",
                    hint="Use float for real numbers.",
                )
        return Int(
            low=int(ends[0]),
            high=int(ends[1]),
            step=1 if step is None else int(step),
            log=log,
            count=count,
        )
    return Float(
        low=float(ends[0]),
        high=float(ends[1]),
        step=None if step is None else float(step),
        log=log or kind == "log",
        count=count,
    )


def _number(name: str, text: str, whole: str) -> int | float:
    value: Value = read_value(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(
            f"{name}: `{printable(text.strip())}` in `{printable(whole)}` is no number.",
            hint=f"Put texts in a list: {name}=a,b,c.",
        )
    return value


def _split_condition(text: str) -> tuple[str, str]:
    """Split `float(0,1) if opt == sgd` at the `if` that stands outside quotes and brackets."""
    for position in _outside(text):
        if text.startswith(" if ", position):
            return text[:position].strip(), text[position + 4 :].strip()
    if text.rstrip().endswith(" if"):
        raise UsageError(f"`{printable(text)}` ends where its condition should stand.")
    return text.strip(), ""


def split_words(name: str, text: str) -> list[str]:
    """Return the `name=value` between the commas that stand outside quotes and brackets.

    >>> split_words("--first", "note='a, b',lr=0.1")
    ["note='a, b'", 'lr=0.1']
    """
    return list(_split(name, text, after="="))


def _split(name: str, text: str, after: str = "") -> Iterator[str]:
    """Yield the parts between the commas that stand outside quotes and brackets.

    Args:
        after: a quote may stand behind this sign, too; else only where a part begins.
    """
    begin, depth = 0, 0
    quote = ""
    position = 0
    while position < len(text):
        character = text[position]
        if quote:
            position += character == "\\"
            quote = "" if character == quote else quote
        elif character in "'\"" and _may_begin(text[begin:position].strip(), after):
            quote = character
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        elif character == "," and depth == 0:
            yield text[begin:position].strip()
            begin = position + 1
        position += 1
    if quote or depth != 0:
        what = f"The quote {quote}" if quote else "A bracket"
        raise UsageError(
            f"{name}: {what} in `{printable(text)}` is not paired.",
            hint="In a shell, put the whole word in quotes: 'lr=log(1e-4,1e-1)'.",
        )
    yield text[begin:].strip()


def _may_begin(before: str, after: str) -> bool:
    """Whether a quote may begin behind what stands in a part so far."""
    return not before or (bool(after) and before.endswith(after))


def _outside(text: str) -> Iterator[int]:
    """Yield the positions outside quotes and brackets."""
    depth, quote = 0, ""
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote and text[position - 1] != "\\" else quote
            continue
        if character in "'\"":
            quote = character
        depth += (character in _OPENING) - (character in _CLOSING)
        if depth == 0 and not quote:
            yield position


def quoted_name(name: str) -> str:
    """Return a param as an expression names it: `lr`, or with backquotes `optimizer/lr`.

    >>> quoted_name("lr"), quoted_name("optimizer/lr")
    ('lr', '`optimizer/lr`')
    """
    return name if re.fullmatch(r"\w[\w.]*", name) and ".." not in name else f"`{name}`"
