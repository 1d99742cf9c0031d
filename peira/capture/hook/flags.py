"""The options of a program as it understood them: typed, with defaults, without secrets.

Each library that reads command lines has a file of its own, loaded when the program imports the
library. It tells what was read from the command line of this process (`sys.argv`), and nothing that
a program parses besides.
"""

from __future__ import annotations

import os
import sys

from .later import after_import

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType
    from typing import Any

    from .spool import Tell

    Report = Callable[[str, Any], None]
    """`report(library, values by name)`"""

_PARTS = {
    "argparse": "flags_argparse",
    "click.core": "flags_click",
    "typer._click.core": "flags_click",
    "absl.flags": "flags_absl",
    "fire": "flags_fire",
    "hydra.core.utils": "flags_hydra",
    "omegaconf": "flags_omegaconf",
}
_DEPTH_MAX = 8
_ITEMS_MAX = 1_000


def install(tell: Tell) -> None:
    """Wait for the libraries."""

    def report(source: str, values: Any) -> None:
        plain = plain_value(values)
        if not isinstance(plain, dict) or not plain:
            return
        from ..redaction import redact_value  # noqa: TID252 - this package has two names

        tell("params", source=source, values={k: redact_value(k, v) for k, v in plain.items()})

    def waiting(part: str) -> Callable[[ModuleType], None]:
        def install_part(module: ModuleType) -> None:
            name = f"{__package__}.{part}"
            __import__(name)
            sys.modules[name].install(module, report)

        return install_part

    for library, part in _PARTS.items():
        after_import(library, waiting(part))


def is_own(arguments: Sequence[str] | None) -> bool:
    """Whether arguments are those of this process; None, to most libraries, means that."""
    return arguments is None or list(arguments) == sys.argv[1:]


def plain_value(value: Any, depth: int = 0) -> Any:
    """Return a value as JSON can hold it, functions and the like left out of mappings."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if value - value == 0:
            return value
        return {"float": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}
    if hasattr(value, "__fspath__"):
        return os.fsdecode(value)
    if type(value).__module__ != "builtins" and hasattr(type(value), "__members__"):
        return plain_value(value.value, depth + 1)  # an Enum
    for method in ("to_dict", "_asdict"):
        if callable(getattr(value, method, None)):
            value = getattr(value, method)()
    if depth > _DEPTH_MAX:
        return str(value)
    if hasattr(value, "items"):
        pairs = list(value.items())[:_ITEMS_MAX]
        return {str(k): plain_value(v, depth + 1) for k, v in pairs if _is_value(v)}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain_value(item, depth + 1) for item in list(value)[:_ITEMS_MAX]]
    name = getattr(value, "name", None)
    return name if isinstance(name, str) else str(value)  # an open file, most often


def _is_value(value: Any) -> bool:
    """Whether a value is an input, not the function or class that `set_defaults` chooses."""
    return not (callable(value) and hasattr(value, "__name__")) and not _is_module(value)


def _is_module(value: Any) -> bool:
    return isinstance(value, type(sys))
