"""What the text of a Python script tells before it runs: its constants, and what it asks
`peira.init` for.

A constant is a name that is given a plain value once, at the top level, and never again:

    LR = 0.1             a constant: recorded as a param, and `--set LR=0.2` gives it another value
    layers = [64, 32]    one, too
    total = 0            none when a line below says `total += 1`
    _CACHE = None        none: private

A script that reads its command line by a library (argparse, click, …) has its options as params,
and its constants are only recorded when they are set.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from peira.capture.hook.constants import constant_of
from peira.capture.program import program_of
from peira.core.errors import UsageError

FLAG_LIBRARIES = frozenset({"absl", "argparse", "click", "fire", "hydra", "typer"})
_ITEMS_MAX = 50
_CHARACTERS_MAX = 200
_ASKED = ("project", "name", "why", "group")
_TRUTHS = {"true": True, "yes": True, "on": True, "1": True} | {
    "false": False, "no": False, "off": False, "0": False,
}  # fmt: skip


class Constant(NamedTuple):
    """A constant of a script, and the line where it stands."""

    value: Any
    line: int


class Script(NamedTuple):
    """A script, as far as its text tells."""

    path: Path
    constants: dict[str, Constant]
    changing: dict[str, list[int]]
    """Names that are given a plain value and change: the lines."""
    has_flags: bool
    """Whether it reads its command line by a library."""
    is_rebound: bool
    """Whether other code may give its names other values: `exec`, `globals()`, `import *`. Then
    its text does not tell its constants; they can be set all the same.
    """
    asked: dict[str, str]
    """What it asks `peira.init` for, where that is a plain text: project, name, why, group."""

    @property
    def values(self) -> dict[str, Any]:
        """The constants by name."""
        return {name: constant.value for name, constant in self.constants.items()}

    def setting(self, name: str, value: Any) -> Any:
        """Return the value to give a constant; a text is read as one of the constant's type.

        Raises:
            UsageError: there is no such constant, or the text is no value of its type.
        """
        constant = self.constants.get(name)
        if constant is None:
            raise self._unknown(name)
        if not isinstance(value, str):
            return value
        try:
            return _value_like(constant.value, value)
        except ValueError as error:
            raise UsageError(
                f"{name}={value:.100} cannot be set: line {constant.line} of {self.path.name} is"
                f" {name} = {constant.value!r:.100}, and {value!r:.100} is not {error}."
            ) from error

    def _unknown(self, name: str) -> UsageError:
        if name in self.changing:
            lines = ", ".join(map(str, self.changing[name][:5]))
            return UsageError(
                f"{name!r:.60} is no constant of {self.path.name}: it changes (lines {lines})."
            )
        lower = {known.lower(): known for known in self.constants}
        close = difflib.get_close_matches(name.lower(), lower, n=3, cutoff=0.5)
        near = [lower[found] for found in close]
        hint = f"Did you mean {' or '.join(near)}?" if near else ""
        if self.has_flags and not near:
            hint = "Its options stand behind it: peira run train.py --lr 0.1"
        elif not hint and self.constants:
            hint = f"There is {', '.join(list(self.constants)[:8])}."
        return UsageError(f"{self.path.name} has no constant {name!r:.60}.", hint=hint)


def find_script(command: Sequence[str], directory: Path) -> Path | None:
    """Return the Python script that a command line runs, as far as its words tell."""
    program = program_of(command, str(directory))
    if program.file.endswith(".py"):
        return Path(program.file)
    if not program.name.startswith("-m "):
        return None
    place = directory.joinpath(*program.name.removeprefix("-m ").split("."))
    module, package = place.with_suffix(".py"), place / "__main__.py"
    return module if module.is_file() else package if package.is_file() else None


def read_script(path: Path) -> Script | None:
    """Return what the text of a script tells; None when Python cannot read it."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    bound = _bound(tree)
    constants: dict[str, Constant] = {}
    changing: dict[str, list[int]] = {}
    for statement in tree.body:
        name, node = constant_of(statement)
        value = _plain(node)
        if not name or name.startswith("_") or value is _NONE:
            continue
        if len(bound[name]) == 1:
            constants[name] = Constant(value, statement.lineno)
        else:
            changing[name] = sorted(bound[name])
    first = min((constant.line for constant in constants.values()), default=0)
    is_rebound = _is_rebound(tree, first)
    return Script(path, constants, changing, _has_flags(tree), is_rebound, _asked(tree))


_NONE = object()


def _plain(node: ast.expr | None) -> Any:
    """Return the value of a literal: a number, text, truth, None, or a short list of these."""
    if node is None:
        return _NONE
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _NONE
    items = value if isinstance(value, list | tuple) else [value]
    if len(items) > _ITEMS_MAX:
        return _NONE
    for item in items:
        is_short = not isinstance(item, str) or (len(item) <= _CHARACTERS_MAX and "\n" not in item)
        if not isinstance(item, bool | int | float | str | None) or not is_short:
            return _NONE
    return value


def _bound(tree: ast.Module) -> dict[str, list[int]]:
    """Return the lines in which each name of the module is bound, in whatever way."""
    places: dict[str, list[int]] = {}

    def bind(name: str, line: int) -> None:
        places.setdefault(name, []).append(line)

    def visit(node: ast.AST, *, is_module: bool, shared: frozenset[str]) -> None:
        for child in ast.iter_child_nodes(node):
            line = getattr(child, "lineno", 0)
            is_scope = isinstance(
                child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
            )
            if isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Load):
                if is_module or child.id in shared:
                    bind(child.id, line)
            elif is_module and isinstance(child, ast.Import | ast.ImportFrom):
                for alias in child.names:
                    bind((alias.asname or alias.name).partition(".")[0], line)
            elif is_module and is_scope and not isinstance(child, ast.Lambda):
                bind(child.name, line)  # type: ignore[attr-defined]
            elif is_module and isinstance(child, ast.ExceptHandler) and child.name:
                bind(child.name, line)
            inner = shared
            if is_scope:
                inner = frozenset(
                    name
                    for below in ast.walk(child)
                    if isinstance(below, ast.Global)
                    for name in below.names
                )
            visit(child, is_module=is_module and not is_scope, shared=inner)

    visit(tree, is_module=True, shared=frozenset())
    return places


def _has_flags(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        else:
            continue
        if any(name.partition(".")[0] in FLAG_LIBRARIES for name in names):
            return True
    return False


def _is_rebound(tree: ast.Module, first: int) -> bool:
    """Whether other code may give the names that stand from line `first` on other values."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="exec" | "globals")):
                return True
            case ast.ImportFrom(names=[ast.alias(name="*")], lineno=line) if line > first:
                return True
    return False


def _asked(tree: ast.Module) -> dict[str, str]:
    """Return the plain texts in the first call of `peira.init`, where the script has only one."""
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "peira.init"
    ]
    if len(calls) != 1:
        return {}
    given = {keyword.arg: keyword.value for keyword in calls[0].keywords}
    if calls[0].args:
        given["project"] = calls[0].args[0]
    return {
        name: node.value
        for name, node in given.items()
        if name in _ASKED and isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _value_like(example: Any, text: str) -> Any:
    """Return the value of a text, of the type of `example`.

    Raises:
        ValueError: it is none; its message says what it should be.
    """
    if isinstance(example, str):
        return text
    if isinstance(example, bool):
        if text.lower() not in _TRUTHS:
            raise ValueError("true or false")
        return _TRUTHS[text.lower()]
    if isinstance(example, int | float):
        return _number(text, is_whole=isinstance(example, int))
    if isinstance(example, list | tuple):
        return _items(example, text)
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _number(text: str, *, is_whole: bool) -> int | float:
    try:
        return int(text) if is_whole else float(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        raise ValueError("a number") from None
    return int(value) if value.is_integer() else value  # a whole number may become a fraction


def _items(example: list[Any] | tuple[Any, ...], text: str) -> list[Any] | tuple[Any, ...]:
    words = text.strip().removeprefix("[").removeprefix("(").removesuffix("]").removesuffix(")")
    parts = [part.strip() for part in words.split(",") if part.strip()]
    like = example[0] if example else None
    items = [_value_like(like, part.strip("\"'")) for part in parts]
    return items if isinstance(example, list) else tuple(items)
