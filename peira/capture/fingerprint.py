"""What makes two runs the same experiment, part by part; each part a digest.

    entry    which program, of which project
    call     how it was called, before it ran: its arguments, seeds too
    config   what was chosen: params, arguments that no param tells, variables that the code reads
    seed     the seeds among these, and those that were set
    code     the text of the project's files that were imported or run
    tree     the same without layout, comments and docstrings
    data     the content of the input files
    env      versions of the packages imported, Python's minor version, accelerators, and variables
             that numerical libraries read

A part is "" when it is not known. Everything here is a pure function of its arguments, the same on
every machine and in every order. Places do not count: where a project lies, where the data lies,
where results go. `docs/explanation/repeats.md` says what counts and why;
`docs/reference/captured.md` how it is stored.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import msgspec

from peira.capture.param_roles import (
    FLAG_NAMES,
    NUMERIC_STARTS,
    is_of_the_place,
    plain_name,
    role,
)
from peira.capture.program import Arguments, Program, read_arguments, text_value
from peira.capture.redaction import is_secret_name
from peira.core.values import EXACT_INT_MAX, well_formed

TOOLS = frozenset(
    {"peira", "msgspec", "blake3", "psutil", "nvidia-ml-py", "coverage", "debugpy", "pytest"}
)
"""Packages that watch a program and change no result: with and without them it is the same."""


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is recorded, as the aspect `fingerprint`."""

    entry: str = ""
    call: str = ""
    config: str = ""
    seed: str = ""
    code: str = ""
    tree: str = ""
    data: str = ""
    env: str = ""
    options: tuple[str, ...] = ()
    """Names that were given a value before the program ran: its options, and what was set."""
    variables: tuple[str, ...] = ()
    """Names of the environment variables that the code reads."""


class Source(msgspec.Struct, frozen=True):
    """A file of code. `name` is relative to the project, or the bare name of one outside of it."""

    name: str
    digest: str
    tree: str
    variables: frozenset[str] = frozenset()


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen for a run."""

    params: Mapping[str, Any]
    arguments: Arguments
    variables: Mapping[str, str]
    """Environment variables that the code reads, by name."""
    seeds: Sequence[tuple[str, Any]] = ()
    """Seeds set in libraries, as (library, value)."""


def entry(project: str, program: Program) -> str:
    """Return which program of which project runs; "" for a console or a notebook."""
    return _digest("entry", project, program.name) if program.name else ""


def call(program: Program) -> str:
    """Return how a program is called, apart from where it writes and what it prints."""
    if not program.name:
        return ""
    named, plain = _without_outputs(read_arguments(program.arguments))
    options = {name: _values(words) for name, words in named.items()}
    return _digest("call", options, _values(plain))


def config(choices: Choices) -> str:
    """Return what was chosen, seeds apart, places and what is printed left out.

    An argument that a param tells with the same value counts once, as the param: a default that is
    written out is the same choice.
    """
    named, plain = _untold(choices)
    told = {**choices.params, **_variables(choices)}
    values = {name: value for name, value in told.items() if role(name, value) == "value"}
    kept = {name: _values(words) for name, words in named.items() if role(name) != "seed"}
    return _digest("config", values, kept, _values(plain))


def seed(choices: Choices) -> str:
    """Return the seeds among params, arguments and variables, and those that were set; "" when
    there is none.
    """
    named, _ = _untold(choices)
    given: dict[str, Any] = {
        name if name.startswith("$") else plain_name(name): value
        for name, value in {**_variables(choices), **choices.params}.items()
        if value is not None and role(name, value) == "seed"
    }
    given |= {
        name: text_value(words[0])
        for name, words in named.items()
        if words and role(name) == "seed"
    }
    values = {_json([name, value]) for name, value in choices.seeds if value is not None}
    if not given and not values:
        return ""
    return _digest("seed", given, sorted(values))


def places(choices: Choices) -> dict[str, Any]:
    """Return the params that name places of input. They are no choice, for what lies there counts;
    but as long as nobody looked there, other places may hold something else.
    """
    told = {**choices.params, **choices.variables}
    return {name: value for name, value in told.items() if role(name, value) == "path"}


def code(sources: Iterable[Source]) -> str:
    """Return the text of the code."""
    found = sorted((source.name, source.digest) for source in sources)
    return _digest("code", found) if found else ""


def tree(sources: Iterable[Source]) -> str:
    """Return the code without layout, comments and docstrings."""
    found = sorted((source.name, source.tree) for source in sources)
    return _digest("tree", found) if found else ""


def data(inputs: Iterable[tuple[str, str | None]]) -> str:
    """Return the content of the input files.

    Args:
        inputs: path (only its last part counts) and digest of each; a digest that is not known
            makes the whole unknown.
    """
    found = {(PurePath(path).name, digest) for path, digest in inputs}
    known = sorted((name, digest) for name, digest in found if digest)
    return _digest("data", known) if len(known) == len(found) else ""


def env(
    packages: Mapping[str, str],
    python: str,
    accelerators: Iterable[str],
    variables: Mapping[str, str],
) -> str:
    """Return what the code runs on.

    Args:
        packages: name and version of each package that was imported.
        python: its version; the first two numbers count.
        accelerators: models of the GPUs.
        variables: the environment; what says how numerical libraries compute counts.
    """
    if not python:
        return ""
    counted = {name: version for name, version in packages.items() if name not in TOOLS}
    minor = python.split(".")[:2]
    return _digest("env", counted, minor, sorted(set(accelerators)), numeric_variables(variables))


def numeric_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that change what numerical libraries compute."""
    return {
        name: value
        for name, value in variables.items()
        if name.startswith(NUMERIC_STARTS) and role(name, value) == "value"
    }


def _untold(choices: Choices) -> tuple[dict[str, list[str]], list[str]]:
    """Return the arguments that no param tells, named and plain."""
    named, plain = _without_outputs(choices.arguments)
    told = {plain_name(name): value for name, value in choices.params.items()}
    by_end = {name.rpartition("/")[2]: value for name, value in told.items()}
    for name, words in list(named.items()):
        param = told.get(name, by_end.get(name, msgspec.UNSET))
        count = 0 if param is msgspec.UNSET else _told_words(words, param)
        if count or (param is True and not words):
            del named[name]
            plain += words[count:]
        elif role(name) == "seed":  # a seed is one word
            named[name] = words[:1]
            plain += words[1:]
    texts = {_text(value) for value in told.values()}
    return named, [] if all(_text(text_value(word)) in texts for word in plain) else plain


def _told_words(words: list[str], param: Any) -> int:
    """Return how many of the words behind an option say what a param of its name holds."""
    if words and _text(_values(words)) == _text(param):
        return len(words)
    return int(bool(words) and _text(text_value(words[0])) == _text(param))


def _without_outputs(arguments: Arguments) -> tuple[dict[str, list[str]], list[str]]:
    """Drop the options that say where to write and what to print.

    Only what belongs to the option goes: the second word behind `--out`, or a file behind
    `--verbose`, is an argument of the program.
    """
    named: dict[str, list[str]] = {}
    plain = list(arguments.plain)
    for name, words in sorted(arguments.named.items()):
        if role(name, words[0] if words else None) not in ("output", "log"):
            named[name] = words
        elif name in FLAG_NAMES and words and isinstance(text_value(words[0]), str):
            plain += words
        else:
            plain += words[1:]
    return named, plain


def _values(words: Iterable[str]) -> list[Any]:
    return [text_value(word) for word in words]


def _variables(choices: Choices) -> dict[str, Any]:
    """The variables that choose something, by name."""
    return {
        f"${name}": text_value(value)
        for name, value in choices.variables.items()
        if not is_of_the_place(name) and not is_secret_name(name)
    }


def _canonical(value: Any) -> Any:
    """Return a value so that equal ones are written alike: 1 and 1.0, 0.0 and -0.0."""
    match value:
        case bool():
            return value
        case str():
            return well_formed(value)
        case int() if not -(2**63) <= value < 2**64:
            return str(value)
        case float() if not math.isfinite(value):
            return {"float": repr(value)}
        case float() if value.is_integer() and abs(value) < EXACT_INT_MAX:
            return int(value)
        case list() | tuple():
            return [_canonical(item) for item in value]
        case dict():
            return {well_formed(str(name)): _canonical(item) for name, item in value.items()}
    return value


def _text(value: Any) -> str:
    """The JSON of a value; that of a text is the text."""
    return well_formed(value) if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return msgspec.json.encode(_canonical(value), order="sorted").decode()


def _digest(*parts: Any) -> str:
    from blake3 import blake3  # here, not at the top: `import peira` does not pay for it

    return blake3(_json(list(parts)).encode()).hexdigest(length=16)
