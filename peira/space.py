"""The search space of a sweep in Python: `peira.space.log(1e-4, 1e-1)`.

    space = {
        "lr": peira.space.log(1e-4, 1e-1),
        "kernel_size": peira.space.choice(3, 5, 7),
        "opt": ["sgd", "adam"],
        "momentum": peira.space.float(0, 1, when="opt == sgd"),
    }

Each returns the mapping that a TOML or YAML file would say; `docs/reference/search-space.md` has
both. A list is a choice, and one of Optuna's distributions is taken as it is.
"""

from __future__ import annotations

import builtins
from typing import Any

from peira.sweeps.domain import Value

__all__ = ["choice", "constant", "float", "int", "log"]


def log(
    low: builtins.float,
    high: builtins.float,
    *,
    count: builtins.int | None = None,
    when: str = "",
) -> dict[str, Any]:
    """Real numbers from `low` to `high`, even in their logarithm: a learning rate.

    Args:
        count: how many points a grid takes.
        when: the condition under which the param is part of a trial.

    >>> from peira import space
    >>> space.log(1e-4, 1e-1)
    {'log': [0.0001, 0.1]}
    """
    return _said("log", [low, high], count=count, when=when)


def float(
    low: builtins.float,
    high: builtins.float,
    *,
    step: builtins.float | None = None,
    count: builtins.int | None = None,
    when: str = "",
) -> dict[str, Any]:
    """Real numbers from `low` to `high`, on steps when a step is given.

    >>> from peira import space
    >>> space.float(0, 1, step=0.1, when="opt == sgd")
    {'float': [0, 1], 'step': 0.1, 'if': 'opt == sgd'}
    """
    return _said("float", [low, high], step=step, count=count, when=when)


def int(
    low: builtins.int,
    high: builtins.int,
    *,
    step: builtins.int | None = None,
    log: bool = False,
    count: builtins.int | None = None,
    when: str = "",
) -> dict[str, Any]:
    """Whole numbers from `low` to `high`.

    >>> from peira import space
    >>> space.int(16, 256, log=True)
    {'int': [16, 256], 'log': True}
    """
    return _said("int", [low, high], step=step, log=log or None, count=count, when=when)


def choice(*values: Value, when: str = "") -> dict[str, Any]:
    """One of the values.

    >>> from peira import space
    >>> space.choice("sgd", "adam")
    {'choice': ['sgd', 'adam']}
    """
    return _said("choice", list(values), when=when)


def constant(value: Value, *, when: str = "") -> dict[str, Any]:
    """The same value in every trial.

    >>> from peira import space
    >>> space.constant(1)
    {'constant': 1}
    """
    return _said("constant", value, when=when)


def _said(kind: str, what: Any, *, when: str, **options: Any) -> dict[str, Any]:
    given = {name: value for name, value in options.items() if value is not None}
    return {kind: what, **given, **({"if": when} if when else {})}
