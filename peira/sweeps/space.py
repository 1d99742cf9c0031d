"""The search space of a sweep: params, where their values come from, and what forbids what.

    lr        log(1e-4, 1e-1)
    opt       sgd, adam
    momentum  float(0, 1)          if opt == sgd
    where     batch * width <= 4096

A space is a record: it goes into `sweep.json` as it is. A param with a condition is part of a trial
only if the condition holds; the condition speaks of other params, never in a circle. A constraint
(`where`) refuses whole trials. Samplers never see constants.
"""

from __future__ import annotations

import difflib
import math
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from peira.core.errors import UsageError
from peira.sweeps.domain import Choice, Constant, Domain, Float, Int, Value, spell
from peira.sweeps.expression import Expression, read_expression
from peira.sweeps.notation import read_mapping, read_word

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import BaseTrial

TIED_MAX = 1_000_000
"""Combinations of params with conditions or constraints that a grid lists at most."""

Params = Mapping[str, Value]


class Param(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One param of a search."""

    name: str
    domain: Domain
    when: str = ""
    """The condition under which it is part of a trial; empty: always."""

    @property
    def text(self) -> str:
        """The word of a command line that says it."""
        return f"{self.name}={self.domain.text}" + (f" if {self.when}" if self.when else "")


class Space(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A checked search space. Make one with `Space.parse` or `Space.of`, or decode a stored one.

    >>> space = Space.parse(["lr=log(1e-4,1e-1)", "kernel_size=3,5,7"])
    >>> space.allows({"lr": 0.01, "kernel_size": 5})
    True
    """

    params: tuple[Param, ...]
    where: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.params:
            raise UsageError(
                "There is no param to search.", hint="Name one: lr=log(1e-4,1e-1) or opt=sgd,adam."
            )
        names = [param.name for param in self.params]
        for name in names:
            if names.count(name) > 1:
                raise UsageError(f"The param {name} stands twice in the search.")
        domains = {param.name: param.domain for param in self.params}
        for param in self.params:
            param.domain.check(param.name)
            if param.when:
                self._read(param.when).check(domains)
        for text in self.where:
            self._read(text).check(domains)
        self.ordered()

    @classmethod
    def parse(cls, words: Iterable[str], where: Sequence[str] = ()) -> Space:
        """Read words of a command line.

        Raises:
            UsageError: a word or a constraint cannot be read; QueryError, which is one, knows the
                position in an expression.

        >>> Space.parse(["batch=int(16,256,log)", "width=8,16"], ["batch * width <= 1024"]).where
        ('batch * width <= 1024',)
        """
        params = []
        for word in words:
            name, domain, when = read_word(word)
            params.append(Param(name=name, domain=domain, when=when))
        return cls(params=tuple(params), where=tuple(where))

    @classmethod
    def of(cls, given: Mapping[str, Any], where: str | Sequence[str] = ()) -> Space:
        """Read a mapping, as a TOML or YAML file or a Python program holds it.

        Args:
            given: name -> text as on the command line, list of choices, constant, mapping, domain,
                or one of Optuna's distributions.
            where: constraints.

        >>> space = Space.of({"lr": "log(1e-4, 1e-1)", "opt": ["sgd", "adam"], "seed": 1,
        ...                   "momentum": {"float": [0, 1], "if": "opt == sgd"}})
        >>> [param.text for param in space.params][-1]
        'momentum=float(0.0,1.0) if opt == sgd'
        """
        params = []
        for name, what in given.items():
            domain, when = read_mapping(name, what)
            params.append(Param(name=name, domain=domain, when=when))
        constraints = (where,) if isinstance(where, str) else tuple(where)
        return cls(params=tuple(params), where=tuple(c for c in constraints if c))

    def words(self) -> list[str]:
        """Return the words of a command line that say this space, not quoted; constraints apart."""
        return [param.text for param in self.params]

    def command_words(self) -> str:
        """Return the words and constraints as a shell wants them.

        >>> Space.parse(["opt=sgd,adam", "lr=log(0.1,1)"], ["lr < 0.5"]).command_words()
        "opt=sgd,adam 'lr=log(0.1,1.0)' --where 'lr < 0.5'"
        """
        words = [shlex.quote(word) for word in self.words()]
        return " ".join([*words, *(f"--where {shlex.quote(text)}" for text in self.where)])

    @property
    def names(self) -> tuple[str, ...]:
        """The params, as they were given."""
        return tuple(param.name for param in self.params)

    def param(self, name: str) -> Param:
        """Return one param.

        Raises:
            UsageError: it is not part of the search.
        """
        for param in self.params:
            if param.name == name:
                return param
        near = difflib.get_close_matches(name, self.names)
        hint = f"Did you mean {near[0]}?" if near else f"Params are {', '.join(self.names)}."
        raise UsageError(f"{name} is no param of this search.", hint=hint)

    def searched(self) -> tuple[Param, ...]:
        """Return the params that are no constants."""
        return tuple(p for p in self.params if not isinstance(p.domain, Constant))

    def ordered(self) -> tuple[Param, ...]:
        """Return the params such that each stands behind those that its condition speaks of."""
        placed: dict[str, Param] = {}
        waiting = list(self.params)
        while waiting:
            ready = [p for p in waiting if not p.when or self._read(p.when).names <= placed.keys()]
            if not ready:
                circle = ", ".join(p.text for p in waiting)
                raise UsageError(
                    f"The conditions run in a circle: {circle}.",
                    hint="Leave out the condition of one of them.",
                )
            placed[ready[0].name] = ready[0]
            waiting.remove(ready[0])
        return tuple(placed.values())

    def distributions(self, params: Params) -> dict[str, BaseDistribution]:
        """Return Optuna's distributions of the params that are to be drawn next.

        Those whose condition holds for `params` (what was drawn so far, constants may be missing)
        and that were not drawn. What waits for one of these is not among them: ask again with their
        values, until nothing is left.

        >>> space = Space.parse(["opt=sgd,adam", "momentum=float(0,1) if opt == sgd"])
        >>> list(space.distributions({})), list(space.distributions({"opt": "sgd"}))
        (['opt'], ['momentum'])
        """
        known = dict(params)
        found: dict[str, BaseDistribution] = {}
        undecided: set[str] = set()
        for param in self.ordered():
            if param.when and param.name not in known:
                condition = self._read(param.when)
                if condition.names & undecided:
                    undecided.add(param.name)
                    continue
                if condition.holds(known) is not True:
                    continue
            if isinstance(param.domain, Constant):
                known.setdefault(param.name, param.domain.value)
            elif param.name not in known:
                found[param.name] = param.domain.distribution()
                undecided.add(param.name)
        return found

    def suggest(self, trial: BaseTrial) -> dict[str, Value]:
        """Draw a whole trial from one of Optuna's, in order, constants included.

        >>> import optuna
        >>> space = Space.parse(["opt=sgd,adam", "seed=1"])
        >>> space.suggest(optuna.trial.FixedTrial({"opt": "adam"}))
        {'opt': 'adam', 'seed': 1}
        """
        known: dict[str, Value] = {}
        for param in self.ordered():
            if not self._is_part(param, known):
                continue
            known[param.name] = _suggest(trial, param.name, param.domain)
        return self._as_written(known)

    def complete(self, params: Params) -> dict[str, Value]:
        """Return the params of a trial with the constants that belong to it, in written order, and
        what lies on steps written neatly (0.9, not 0.8999…).
        """
        known = {name: self._neat(name, value) for name, value in params.items()}
        for param in self.ordered():
            is_open = isinstance(param.domain, Constant) and param.name not in known
            if is_open and self._is_part(param, known):
                assert isinstance(param.domain, Constant)
                known[param.name] = param.domain.value
        return self._as_written(known)

    def allows(self, params: Params) -> bool:
        """Whether no constraint forbids a trial; one that speaks of a param that is not in the
        trial forbids nothing.
        """
        if not self.where:
            return True
        known = self.complete(params)
        return all(self._read(text).holds(known) is not False for text in self.where)

    def check(self, params: Params) -> None:
        """Raise UsageError when a trial that somebody gave is not one of this space."""
        for name, value in params.items():
            domain = self.param(name).domain
            if not domain.holds(value):
                raise UsageError(
                    f"{name} = {spell(value)} is not in {domain.text}.",
                    hint="Widen the search or change the value.",
                )
        missing = self.distributions(params)
        if missing:
            raise UsageError(
                f"The trial says no value of {', '.join(missing)}.", hint="Give all params of it."
            )
        for param in self.params:
            if param.name in params and not self._is_part(param, self.complete(params)):
                raise UsageError(f"{param.name} is part of a trial only if {param.when}.")
        if not self.allows(params):
            broken = [t for t in self.where if self._read(t).holds(self.complete(params)) is False]
            raise UsageError(f"The trial breaks the constraint {broken[0]}.")

    def grid_size(self) -> int:
        """Return the number of trials of a full grid.

        Raises:
            UsageError: a range has neither steps nor a count of points.

        >>> Space.parse(["kernel_size=3,5,7", "lr=log(1e-3,1e-1,count=3)"]).grid_size()
        9
        """
        return len(_tied(self)) * math.prod(len(points) for _, points in self._free())

    def grid(self, number: int) -> dict[str, Value]:
        """Return trial `number` of the grid, from 0: the last param changes fastest.

        Params that a condition or a constraint speaks of change slower than the others.

        >>> Space.parse(["kernel_size=3,5,7", "opt=sgd,adam"]).grid(3)
        {'kernel_size': 5, 'opt': 'adam'}
        """
        size = self.grid_size()
        if not 0 <= number < size:
            raise UsageError(f"The grid has {size:,} trials; there is no number {number}.")
        params: dict[str, Value] = {}
        for name, points in reversed(self._free()):
            number, index = divmod(number, len(points))
            params[name] = points[index]
        return self._as_written({**_tied(self)[number], **params})

    def _free(self) -> list[tuple[str, tuple[Value, ...]]]:
        """Return the points of the params that no condition and no constraint speaks of."""
        tied = self._tied_names()
        return [(p.name, p.domain.grid(p.name)) for p in self.params if p.name not in tied]

    def _tied_names(self) -> set[str]:
        names = {p.name for p in self.params if p.when}
        for text in (*self.where, *(p.when for p in self.params if p.when)):
            names |= self._read(text).names
        return names

    def names_in(self, text: str) -> frozenset[str]:
        """Return the params that a condition or a constraint speaks of.

        >>> sorted(Space.parse(["a=1,2", "b=1,2"]).names_in("a * b < 4"))
        ['a', 'b']
        """
        return self._read(text).names if text else frozenset()

    def holds(self, text: str, params: Params) -> bool:
        """Whether a condition is true of params, whatever the others are; an empty one is."""
        return not text or self._read(text).holds(params) is True

    def _is_part(self, param: Param, known: Params) -> bool:
        """Whether a param belongs to a trial whose values so far are `known`."""
        return self.holds(param.when, known)

    def _neat(self, name: str, value: Value) -> Value:
        domain = next((p.domain for p in self.params if p.name == name), None)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return domain.neat(float(value)) if isinstance(domain, Float) and is_number else value  # type: ignore[arg-type]

    def _read(self, text: str) -> Expression:
        return read_expression(text, frozenset(self.names))

    def _as_written(self, params: Params) -> dict[str, Value]:
        return {name: params[name] for name in self.names if name in params}


@lru_cache(maxsize=16)
def _listed(encoded: bytes) -> list[dict[str, Value]]:
    """List the combinations of the tied params of a space; kept, since a grid asks for each."""
    space = msgspec.json.decode(encoded, type=Space)
    names = space._tied_names()
    params = [p for p in space.ordered() if p.name in names]
    found: list[dict[str, Value]] = []
    for combination in _combinations(space, params, {}):
        if space.allows(combination):
            found.append(combination)
        if len(found) > TIED_MAX:
            raise UsageError(
                f"The grid of {', '.join(p.name for p in params)} has more than {TIED_MAX:,} "
                "trials.",
                hint="Take fewer points, or another sampler.",
            )
    if not found:
        raise UsageError(f"No point of the grid satisfies {' and '.join(space.where)}.")
    return found


def _tied(space: Space) -> list[dict[str, Value]]:
    return _listed(msgspec.json.encode(space))


def _combinations(
    space: Space, params: Sequence[Param], known: dict[str, Value]
) -> Iterator[dict[str, Value]]:
    if not params:
        yield known
        return
    param, rest = params[0], params[1:]
    if not space._is_part(param, known):
        yield from _combinations(space, rest, known)
        return
    for value in param.domain.grid(param.name):
        yield from _combinations(space, rest, {**known, param.name: value})


def _suggest(trial: BaseTrial, name: str, domain: Domain) -> Value:
    if isinstance(domain, Float):
        drawn = trial.suggest_float(name, domain.low, domain.top, step=domain.step, log=domain.log)
        return domain.neat(drawn)
    if isinstance(domain, Int):
        return trial.suggest_int(name, domain.low, domain.top, step=domain.step, log=domain.log)
    if isinstance(domain, Choice):
        value: Value = trial.suggest_categorical(name, domain.values)
        return value
    return domain.value
