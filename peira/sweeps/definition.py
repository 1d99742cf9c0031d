"""What a sweep searches, how, and for how long: `sweep.json`, written once.

See docs/formats/sweeps.md.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

from peira.core.errors import UsageError
from peira.launch.queue import Staged
from peira.sweeps.domain import Choice, Value, spell
from peira.sweeps.space import Space

FORMAT = 1
Direction = Literal["minimize", "maximize"]
Summary = Literal["last", "min", "max", "mean", "first", "best"]
SUMMARIES: tuple[Summary, ...] = ("last", "min", "max", "mean", "first", "best")
SAMPLERS = ("tpe", "gp", "random", "grid", "qmc", "cmaes", "nsga2", "brute")
PRUNERS = ("none", "asha", "hyperband", "median")


class Objective(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A metric, and whether less or more of it is better."""

    metric: str
    direction: Direction
    summary: Summary = "last"
    """Which of the values that a run logs counts. What a Python objective returns always does."""

    @classmethod
    def of(cls, text: str, direction: Direction) -> Objective:
        """Read `val/loss` or `val/loss.min`.

        >>> Objective.of("val/loss.min", "minimize").metric
        'val/loss'
        """
        metric, dot, summary = text.strip().rpartition(".")
        for known in SUMMARIES:
            if dot and summary == known:
                return cls(metric=metric, direction=direction, summary=known)
        if not text.strip():
            raise UsageError("The metric of a sweep has no name.", hint="Write --minimize loss.")
        return cls(metric=text.strip(), direction=direction)

    @property
    def text(self) -> str:
        """The metric as a query writes it."""
        return self.metric if self.summary == "last" else f"{self.metric}.{self.summary}"

    def is_better(self, value: float, other: float) -> bool:
        """Whether `value` is better than `other`."""
        return value < other if self.direction == "minimize" else value > other


class Method(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A sampler or a pruner of Optuna, by name, with options of its own."""

    name: str
    options: dict[str, Any] = {}

    @property
    def text(self) -> str:
        """As a command line names it: `tpe:multivariate=true`."""
        given = ",".join(f"{name}={str(value).lower()}" for name, value in self.options.items())
        return f"{self.name}:{given}" if given else self.name


class Function(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A Python function that trains: what a worker calls for each trial."""

    place: str
    """`module:name` or `/path/of/file.py:name`; empty when only the process that began the sweep
    has it: a closure, a notebook's function.
    """
    directory: str
    path: tuple[str, ...] = ()
    """What is added to the places where Python looks for modules."""
    name: str = ""


class Retries(msgspec.Struct, frozen=True, kw_only=True):
    """How often a trial is tried again."""

    killed: int = 1
    failed: int = 0


class Confirms(msgspec.Struct, frozen=True, kw_only=True):
    """A trial of an earlier sweep whose params are run on fresh seeds."""

    sweep: str
    trial: int


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A result that the sampler knows from the beginning: of an earlier run."""

    run: str
    params: dict[str, Value]
    values: tuple[float, ...]


class Definition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`sweep.json`."""

    format: int
    id: str
    name: str
    project: str
    created: float
    by: str
    host: str = ""
    why: str | None = None
    group: str | None = None
    tags: tuple[str, ...] = ()
    program: Staged | None = None
    function: Function | None = None
    space: Space
    objectives: tuple[Objective, ...]
    sampler: Method = Method(name="tpe")
    pruner: Method = Method(name="none")
    seed: int = 0
    trials: int | None = None
    """How many; None: until the budget is used."""
    budget_s: float | None = None
    """So long, in seconds during which at least one trial runs, new ones are begun."""
    retries: Retries = Retries()
    jobs: int = 1
    """How many workers it was begun with."""
    reuse: bool = False
    """Whether an earlier run of the very same stands for a trial."""
    first: tuple[dict[str, Value], ...] = ()
    """Params of the first trials; what they leave out is drawn."""
    warm: tuple[Known, ...] = ()
    confirms: Confirms | None = None

    @property
    def objective(self) -> Objective:
        """The first objective."""
        return self.objectives[0]

    @property
    def is_several(self) -> bool:
        """Whether it has several objectives."""
        return len(self.objectives) > 1

    @property
    def is_external(self) -> bool:
        """Whether something outside of Peira runs its trials, and they are only recorded here."""
        return self.program is None and self.function is None

    def check(self) -> None:
        """Raise UsageError when this cannot be carried out."""
        if not self.objectives:
            raise UsageError(
                "A sweep needs a metric.", hint="Write --minimize val/loss or --maximize val/acc."
            )
        texts = [objective.text for objective in self.objectives]
        if len(set(texts)) < len(texts):
            raise UsageError(f"A metric stands twice in {', '.join(texts)}.")
        for kind, method, known in (
            ("sampler", self.sampler, SAMPLERS),
            ("pruner", self.pruner, PRUNERS),
        ):
            if method.name not in known:
                raise UsageError(
                    f"{method.name!r:.60} is no {kind}.", hint=f"Use one of {', '.join(known)}."
                )
        if self.is_several and self.pruner.name != "none":
            raise UsageError("With several objectives nothing can be pruned: leave --prune out.")
        if self.is_several and self.sampler.name == "cmaes":
            raise UsageError(
                f"{self.sampler.name} knows one objective only.", hint="Use nsga2 or tpe."
            )
        if self.trials is None and self.budget_s is None and not self.is_external:
            raise UsageError(
                "It is not said when the sweep is to end.", hint="Give --trials 40 or --budget 30m."
            )
        self._check_numbers()
        if not self.is_external and self.sampler.name != "grid":
            self._check_lists()
        for given in self.first:
            if not self.space.allows(given):
                told = ", ".join(f"{name}={spell(value)}" for name, value in given.items())
                raise UsageError(
                    f"The first trial {told} breaks {' and '.join(self.space.where)}.",
                    hint="Change it, or the constraint.",
                )
            for name, value in given.items():
                domain = self.space.param(name).domain
                if not domain.holds(value):
                    raise UsageError(
                        f"The first trial {name}={value!r} is not in {domain.text}.",
                        hint="Widen the search or change the value.",
                    )

    def _check_numbers(self) -> None:
        for what, number in (("trials", self.trials), ("seed", self.seed)):
            if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
                raise UsageError(f"{what} is a whole number, not {number!r:.60}.")
        if self.trials is not None and self.trials < 1:
            raise UsageError(f"{self.trials} trials cannot be run.")
        budget = self.budget_s
        if budget is not None and not (isinstance(budget, int | float) and 0 < budget < math.inf):
            raise UsageError(
                f"A budget of {budget!r:.60} is no time.", hint="Give seconds, or 30m, 2h, 1d."
            )

    def _check_lists(self) -> None:
        """Refuse lists with 1 and true, or 1 and 1.0: Optuna takes the one for the other."""
        for param in self.space.params:
            values = param.domain.values if isinstance(param.domain, Choice) else ()
            for place, value in enumerate(values):
                if (first := values.index(value)) != place:
                    raise UsageError(
                        f"{param.name}: a sampler cannot tell {spell(values[first])} and"
                        f" {spell(value)} apart.",
                        hint="Leave one out, write one as a text, or take --sampler grid.",
                    )


def read_method(text: str) -> Method:
    """Read `tpe` or `tpe:multivariate=true,n_startup_trials=20`.

    >>> read_method("tpe:multivariate=true").options
    {'multivariate': True}
    """
    from peira.capture.program import text_value

    name, _, rest = text.strip().partition(":")
    options = {}
    for part in filter(None, rest.split(",")):
        option, equals, value = part.partition("=")
        if not equals:
            raise UsageError(
                f"{part!r:.60} is no option of {name}.", hint=f"Write {name}:option=value."
            )
        options[option.strip()] = text_value(value.strip())
    return Method(name=name.lower(), options=options)


def read_duration(text: str) -> float:
    """Return the seconds of `90`, `90s`, `30m`, `1.5h`, `2d`.

    >>> read_duration("30m")
    1800.0
    """
    units = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
    word = text.strip().lower()
    unit = units.get(word[-1:], 0)
    try:
        seconds = float(word[:-1] if unit else word) * (unit or 1)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"{text!r:.60} is no time.", hint="Write 90s, 30m, 2h or 1d.")
    return seconds
