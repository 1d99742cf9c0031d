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

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import msgspec

from peira.capture.param_roles import (
    FLAG_NAMES,
    NUMERIC_STARTS,
    SET_BY_LIBRARIES,
    is_of_the_place,
    plain_name,
    role,
)
from peira.capture.program import Arguments, Program, read_arguments, text_value
from peira.capture.redaction import is_secret_name
from peira.capture.syntax import Syntax
from peira.core.values import EXACT_INT_MAX, param_value, well_formed

TOOLS = frozenset(
    {"peira", "msgspec", "blake3", "psutil", "nvidia-ml-py", "coverage", "debugpy", "pytest"}
)
"""Packages that watch a program and change no result: with and without them it is the same."""


HASHES = "PYTHONHASHSEED"
NEAR_SEED = 100_000
"""Seeds of workers and folds are counted up from one; those made of the time are nowhere near."""


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
    seed_given: str = ""
    """The part of `seed` that was chosen: what was set in libraries is known only afterwards."""
    has_inputs: bool = True
    """Whether the input files are on record, even where the digest of one is not known."""
    is_seed_fixed: bool = True
    """Whether the seeds stand in the code or in what was chosen, so that the same call has the same
    ones again. False for a seed made of the time.
    """


class Source(msgspec.Struct, frozen=True):
    """A file of code. `name` is relative to the project, or the bare name of one outside of it."""

    name: str
    digest: str
    syntax: Syntax


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen for a run."""

    params: Mapping[str, Any]
    arguments: Arguments
    variables: Mapping[str, str]
    """Environment variables that the code reads, by name."""
    seeds: Sequence[tuple[str, Any]] = ()
    """Seeds set in libraries, as (library, value)."""
    has_seed_in_code: bool = False
    """Whether the code gives a number as a seed; which one, its text tells."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a run; None for what is not."""

    project: str
    program: Program
    environment: Mapping[str, str]
    """All variables: the code may read any."""
    recorded: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Those that are recorded: some of them say how numerical libraries compute."""
    params: Mapping[str, Any] = msgspec.field(default_factory=dict)
    given: Mapping[str, Any] = msgspec.field(default_factory=dict)
    """What was set for the program from outside, besides its arguments, by name."""
    seeds: Sequence[tuple[str, Any]] = ()
    sources: Sequence[Source] | None = None
    inputs: Sequence[tuple[str, str | None]] | None = None
    packages: Mapping[str, str] | None = None
    """Name and version of each that was imported."""
    python: str = ""
    accelerators: Sequence[str] = ()


def fingerprint(facts: Facts) -> Fingerprint:
    """Return all parts, as far as they are known."""
    if not facts.program.name:
        return Fingerprint()
    sources = facts.sources or ()
    variables = sorted(set().union(*(source.syntax.variables for source in sources)))
    arguments = asked(facts.program, facts.given)
    choices = Choices(
        params=facts.params,
        arguments=arguments,
        variables={
            name: facts.environment[name] for name in variables if name in facts.environment
        },
        seeds=facts.seeds,
        has_seed_in_code=any(source.syntax.has_seed for source in sources),
    )
    return Fingerprint(
        entry=entry(facts.project, facts.program),
        call=call(arguments),
        config=config(choices),
        seed=seed(choices),
        code=code(sources),
        tree=tree(sources),
        data="" if facts.inputs is None else data(facts.inputs),
        env=""
        if facts.packages is None
        else env(facts.packages, facts.python, facts.accelerators, facts.recorded),
        options=options(arguments),
        variables=tuple(variables),
        seed_given=seed_given(choices),
        is_seed_fixed=is_seed_fixed(choices, sources),
    )


def asked(program: Program, given: Mapping[str, Any] | None = None) -> Arguments:
    """Return the arguments of a program, with what was set for it besides."""
    arguments = read_arguments(program.arguments)
    for name, value in (given or {}).items():
        arguments.named[plain_name(name)] = [_text(value)]
    return arguments


def entry(project: str, program: Program) -> str:
    """Return which program of which project runs; "" for a console or a notebook."""
    return _digest("entry", project, program.name) if program.name else ""


def call(arguments: Arguments) -> str:
    """Return how a program is called, apart from where it writes and what it prints."""
    named, plain = without_outputs(arguments)
    options = {name: _values(words) for name, words in named.items()}
    return _digest("call", options, _values(plain))


def options(arguments: Arguments) -> tuple[str, ...]:
    """Return the names of the options of a call, sorted."""
    return tuple(sorted(without_outputs(arguments)[0]))


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
    """Return the seeds that were chosen and those that were set; "" when there is none."""
    given = _seeds_given(choices)
    values = {_json([name, value]) for name, value in choices.seeds if value is not None}
    is_set = any(name != HASHES for name, _ in choices.seeds)  # that of hashes is none of its own
    if not given and not is_set and not choices.has_seed_in_code:
        return ""
    return _digest("seed", given, sorted(values))


def seed_given(choices: Choices) -> str:
    """Return the seeds among params, arguments and variables; "" when there is none."""
    given = _seeds_given(choices)
    return _digest("seed given", given) if given else ""


def _seeds_given(choices: Choices) -> dict[str, Any]:
    named, _ = _untold(choices)
    given = {
        name if name.startswith("$") else plain_name(name): value
        for name, value in {**_variables(choices), **choices.params}.items()
        if value is not None and role(name, value) == "seed"
    }
    return given | {
        name: text_value(words[0])
        for name, words in named.items()
        if words and role(name) == "seed"
    }


def is_seed_fixed(choices: Choices, sources: Iterable[Source]) -> bool:
    """Whether every seed that was set stands in the code or in what was chosen, or close to a seed
    there (`seed + rank`).
    """
    named, plain = choices.arguments.named, choices.arguments.plain
    told = {**choices.params, **_variables(choices)}
    values = [*told.values(), *_values(plain), *(v for ws in named.values() for v in _values(ws))]
    known = {value for value in values if type(value) in (int, str)}
    known = known.union(*(source.syntax.numbers for source in sources))
    seeds = [value for name, value in told.items() if role(name) == "seed"]
    seeds += [v for name, words in named.items() if role(name) == "seed" for v in _values(words)]
    firsts = [value for value in seeds if type(value) is int]
    return all(
        part in known or (type(part) is int and any(abs(part - n) < NEAR_SEED for n in firsts))
        for name, value in choices.seeds
        for part in (value if isinstance(value, list) else [value])
        if name != HASHES
    )


def code(sources: Iterable[Source]) -> str:
    """Return the text of the code."""
    found = sorted((source.name, source.digest) for source in sources)
    return _digest("code", found) if found else ""


def tree(sources: Iterable[Source]) -> str:
    """Return the code without layout, comments and docstrings."""
    found = sorted((source.name, source.syntax.tree) for source in sources)
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


def imported_versions(packages: Mapping[str, Any]) -> dict[str, str]:
    """Return version, and commit of one from version control, of each package imported.

    Args:
        packages: the aspect `packages`; its `imported` may be another run's.
    """
    installed, sources = packages.get("installed") or {}, packages.get("sources") or {}
    commits = {name: source["commit"] for name, source in sources.items() if source.get("commit")}
    return {
        name: f"{installed[name]}@{commits[name]}" if name in commits else str(installed[name])
        for name in packages.get("imported") or ()
        if name in installed and name not in TOOLS
    }


def numeric_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that change what numerical libraries compute."""
    return {
        name: value
        for name, value in variables.items()
        if name.startswith(NUMERIC_STARTS)
        and name not in SET_BY_LIBRARIES
        and role(name, value) == "value"
    }


def _untold(choices: Choices) -> tuple[dict[str, list[str]], list[str]]:
    """Return the arguments that no param tells, named and plain."""
    named, plain = without_outputs(choices.arguments)
    told = {plain_name(name): value for name, value in choices.params.items()}
    by_end = {name.rpartition("/")[2]: value for name, value in told.items()}
    for name, words in list(named.items()):
        param = told.get(name, by_end.get(name, msgspec.UNSET))
        count = 0 if param is msgspec.UNSET else told_words(words, param)
        if count or (param is True and not words):
            del named[name]
            plain += words[count:]
        elif role(name) == "seed":  # a seed is one word
            named[name] = words[:1]
            plain += words[1:]
    texts = {_text(value) for value in told.values()}
    return named, [] if all(_text(text_value(word)) in texts for word in plain) else plain


def told_words(words: Sequence[str], param: Any) -> int:
    """Return how many of the words behind an option say what a param of its name holds."""
    if words and _text(_values(words)) == _text(param):
        return len(words)
    return int(bool(words) and _text(text_value(words[0])) == _text(param))


def without_outputs(arguments: Arguments) -> tuple[dict[str, list[str]], list[str]]:
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
    """Return a value of JSON so that equal ones are written alike: 1 and 1.0, 0.0 and -0.0."""
    match value:
        case float() if value.is_integer() and abs(value) < EXACT_INT_MAX:
            return int(value)
        case list():
            return [_canonical(item) for item in value]
        case dict():
            return {name: _canonical(item) for name, item in value.items()}
    return value


def _text(value: Any) -> str:
    """The JSON of a value; that of a text is the text."""
    return well_formed(value) if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return msgspec.json.encode(_canonical(param_value(value)), order="sorted").decode()


def _digest(*parts: Any) -> str:
    from blake3 import blake3  # here, not at the top: `import peira` does not pay for it

    return blake3(_json(list(parts)).encode()).hexdigest(length=16)
