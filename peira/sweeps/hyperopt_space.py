"""Search spaces written with Hyperopt's `hp`: read into a space, and built again for each trial.

    {"lr": hp.loguniform("lr", -9, -2),
     "model": hp.choice("model", [{"k": hp.randint("k", 9)}, "svm"])}

Hyperopt keeps a space as a graph of operations. Each `hp.…` becomes a param of its label; what
stands inside an option of `hp.choice` becomes a param with a condition. Which option was chosen is
its number, as in Hyperopt, or the option itself where all of them are plain values.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from peira.core.errors import UnsupportedError, UsageError
from peira.sweeps.domain import Choice, Constant, Domain, Float, Int, Value, spell
from peira.sweeps.notation import quoted_name
from peira.sweeps.space import Param, Space

Build = Callable[[Mapping[str, Value]], Any]
"""Makes, from the params of a trial, what the objective is called with."""
_SPREAD = 3.0
"""A normal distribution has no ends: so many standard deviations are searched."""


class HyperoptSpace:
    """A space of Hyperopt, read.

    Raises:
        UnsupportedError: Hyperopt is not installed.
        UsageError: the space holds what cannot be searched.

    >>> from hyperopt import hp                                               # doctest: +SKIP
    >>> HyperoptSpace({"lr": hp.loguniform("lr", -9, -2)}).space.names        # doctest: +SKIP
    ('lr',)
    """

    def __init__(self, given: Any) -> None:
        try:
            from hyperopt.pyll import as_apply
        except ImportError as error:
            raise UnsupportedError(
                "Reading a space of Hyperopt needs Hyperopt.", hint="pip install hyperopt"
            ) from error
        self._params: dict[str, Param] = {}
        self._options: dict[str, list[Any]] = {}
        """The plain values of the options of a choice; empty where it is chosen by number."""
        self._steps: dict[str, float] = {}
        """What draws are rounded to, where the space does not know steps."""
        self._build = self._read(as_apply(given), "")
        if not self._params:
            raise UsageError(
                "The space has nothing to search.", hint="Use hp.uniform and the like."
            )
        self.space = Space(params=tuple(self._params.values()))

    def build(self, params: Mapping[str, Value]) -> Any:
        """Return what Hyperopt would call the objective with."""
        return self._build(params)

    def point(self, params: Mapping[str, Value]) -> dict[str, Any]:
        """Return params as Hyperopt's `fmin` returns them: the number of a chosen option, not the
        option.
        """
        found: dict[str, Any] = {}
        for name, value in params.items():
            options = self._options.get(name)
            if options:
                value = next(i for i, option in enumerate(options) if spell(option) == spell(value))
            found[name] = self._rounded(name, value)
        return found

    # Reading the graph: `node.name` is the operation, its arguments are nodes.

    def _read(self, node: Any, when: str) -> Build:
        kind = node.name
        if kind == "literal":
            literal = node.obj
            return lambda params: literal
        if kind == "dict":
            items = {key: self._read(part, when) for key, part in node.named_args}
            return lambda params: {key: build(params) for key, build in items.items()}
        if kind == "pos_args":
            parts = [self._read(part, when) for part in node.pos_args]
            return lambda params: tuple(build(params) for build in parts)
        if kind in ("float", "int"):
            inner = self._read(node.pos_args[0], when)
            convert = float if kind == "float" else int
            return lambda params: convert(inner(params))
        if kind == "hyperopt_param":
            return self._param(node, when)
        if kind == "switch":
            return self._switch(node, when)
        raise UsageError(
            f"The space computes with `{kind}`, which Peira does not.",
            hint="Compute in the objective, from the params.",
        )

    def _switch(self, node: Any, when: str) -> Build:
        chosen, *branches = node.pos_args
        label = _label(chosen)
        plain = [branch.obj for branch in branches if branch.name == "literal"]
        is_plain = len(plain) == len(branches) and all(
            v is None or isinstance(v, bool | int | float | str) for v in plain
        )
        is_plain = is_plain and len(set(plain)) == len(plain)  # 1 is true to a sampler
        values: list[Value] = list(plain) if is_plain else list(range(len(branches)))
        if is_plain:
            self._options[label] = plain
        if chosen.pos_args[1].name == "categorical":
            warnings.warn(
                f"peira: hp.pchoice({label!r}): the sampler starts without its probabilities",
                stacklevel=2,
            )
        domain: Domain = (
            Choice(values=tuple(values)) if len(values) > 1 else Constant(value=values[0])
        )
        self._add(label, domain, when)
        outer = f"({when}) and " if when else ""
        builds = [
            self._read(branch, f"{outer}{quoted_name(label)} == {spell(value)}")
            for branch, value in zip(branches, values, strict=True)
        ]
        places = {spell(value): build for value, build in zip(values, builds, strict=True)}
        return lambda params: places[spell(params[label])](params)

    def _param(self, node: Any, when: str) -> Build:
        label, drawn = _label(node), node.pos_args[1]
        named = dict(drawn.named_args)
        arguments = [part.obj for part in (*drawn.pos_args, *named.values())]
        domain, step = _domain(label, drawn.name, arguments)
        self._add(label, domain, when)
        if step is not None:
            self._steps[label] = step
        return lambda params: self._rounded(label, params[label])

    def _rounded(self, label: str, value: Value) -> Value:
        """Return a drawn value as the objective gets it."""
        step = self._steps.get(label)
        if step is None or isinstance(value, bool) or not isinstance(value, int | float):
            return value
        return round(value / step) * step

    def _add(self, label: str, domain: Domain, when: str) -> None:
        if label in self._params:
            raise UsageError(f"The label {label} stands twice in the space.")
        domain.check(label)
        self._params[label] = Param(name=label, domain=domain, when=when)


def _label(node: Any) -> str:
    return str(node.pos_args[0].obj)


def _domain(label: str, kind: str, arguments: list[Any]) -> tuple[Domain, float | None]:
    """Return the domain of one of `hp`'s distributions, and the step its draws are rounded to where
    the domain does not know steps.
    """
    if kind in ("uniform", "loguniform"):
        low, high = map(float, arguments[:2])
        if kind == "loguniform":
            return _log(math.exp(low), math.exp(high)), None
        return Float(low=low, high=high), None
    if kind == "quniform":
        return _stepped(*map(float, arguments[:3])), None
    if kind == "qloguniform":
        low, high, step = map(float, arguments[:3])
        return _stepped_log(math.exp(low), math.exp(high), step)
    if kind == "randint":
        low, high = (0, arguments[0]) if len(arguments) == 1 else arguments[:2]
        return Int(low=int(low), high=int(high) - 1), None
    if kind in ("normal", "qnormal", "lognormal", "qlognormal"):
        mean, deviation = map(float, arguments[:2])
        low, high = mean - _SPREAD * deviation, mean + _SPREAD * deviation
        warnings.warn(
            f"peira: hp.{kind}({label!r}) has no ends: {_SPREAD:g} standard deviations on both"
            " sides are searched, evenly",
            stacklevel=2,
        )
        step = float(arguments[2]) if kind.startswith("q") else 0.0
        if "log" in kind:
            low, high = math.exp(low), math.exp(high)
            return _stepped_log(low, high, step) if step else (_log(low, high), None)
        return (_stepped(low, high, step) if step else Float(low=low, high=high)), None
    raise UsageError(f"hp.{kind}({label!r}) is not known.")


def _log(low: float, high: float) -> Float:
    return Float(low=low, high=high, log=True)


def _stepped(low: float, high: float, step: float) -> Domain:
    """Return the multiples of a step from `low` to `high`, both rounded to one."""
    first, last = round(low / step) * step, round(high / step) * step
    if all(v == int(v) for v in (first, last, step)):
        return Int(low=int(first), high=int(last), step=int(step))
    return Float(low=first, high=last, step=step)


def _stepped_log(low: float, high: float, step: float) -> tuple[Domain, float | None]:
    """Return multiples of a step, even in their logarithm: whole numbers, or a range whose draws
    are rounded to the step.
    """
    if step == 1 and 1 <= round(low) < round(high):
        return Int(low=round(low), high=round(high), log=True), None
    return _log(low, high), step
