"""Other values for the constants of a script (`peira run --set LR=0.1 train.py`).

The file is not touched: Python compiles its text with the new values in place of the old ones, on
the lines where they stand, so that tracebacks show the file as it is. `python train.py` is reached
by a path hook: Python asks these whether a script is something to import (a folder, a zip file),
and here one says yes. Processes that `multiprocessing` spawns find the script in the same way.
`python -m train`, and whoever imports the script, find it by a finder.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, TracebackType
    from typing import Any

    from .spool import Tell

VARIABLE = "PEIRA_SET"
"""Holds `{"script": absolute path, "values": {name: literal}}` as JSON."""


def install(tell: Tell) -> None:
    """Set what the environment asks for, in whichever process runs the script."""
    text = os.environ.get(VARIABLE)
    if not text:
        return
    import json

    wanted = json.loads(text)
    place = _Place(wanted["script"], wanted["values"], tell)
    sys.path_hooks.insert(0, place.importer)
    sys.meta_path.insert(0, place)


class _Place:
    """Where the script is found: as a path to import from, and as a module."""

    def __init__(self, script: str, values: dict[str, Any], tell: Tell) -> None:
        self.script = script
        self.values = values
        self.tell = tell

    def is_script(self, path: str) -> bool:
        return os.path.basename(path) == os.path.basename(self.script) and (
            os.path.realpath(path) == os.path.realpath(self.script)
        )

    def importer(self, path: str) -> _Finder:
        """The path hook."""
        if not isinstance(path, str) or not self.is_script(path):
            raise ImportError(path)
        return _Finder(self, path)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:
        """The finder: the script as a module, by whatever finds it."""
        stem = os.path.splitext(os.path.basename(self.script))[0]
        if name.rpartition(".")[2] not in (stem, os.path.basename(os.path.dirname(self.script))):
            return None
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(name, path, target) if find else None
            if spec is not None:
                is_plain = type(spec.loader) is SourceFileLoader
                if is_plain and spec.origin and self.is_script(spec.origin):
                    spec.loader = _Loader(name, spec.origin, self)
                return spec
        return None


class _Finder:
    """Finds the script as the `__main__` of its own path."""

    def __init__(self, place: _Place, path: str) -> None:
        self._place = place
        self._path = path

    def find_spec(self, name: str, target: Any = None) -> ModuleSpec | None:
        if name != "__main__":
            return None
        path = os.path.abspath(self._path) if sys.version_info >= (3, 9) else self._path
        loader = _MainLoader(name, path, self._place)
        return spec_from_file_location(name, path, loader=loader)


class _Loader(SourceFileLoader):
    """Compiles the script with other values."""

    def __init__(self, name: str, path: str, place: _Place) -> None:
        super().__init__(name, path)
        self._place = place

    def get_code(self, fullname: str) -> CodeType:
        """Return the code; never that of a cache, which has the old values."""
        return self._code("")

    def _code(self, prelude: str) -> CodeType:
        place = self._place
        code = changed_code(self.get_data(self.path), self.path, place.values, prelude)
        place.tell("params", source="set", values=place.values)
        return code


class _MainLoader(_Loader):
    """Lets the script find itself as if Python had run it without us."""

    def get_code(self, fullname: str) -> CodeType:
        return self._code(f"__import__('sys').modules[{__name__!r}].settle(globals())")


def settle(space: dict[str, Any]) -> None:
    """Make the names of the `__main__` module, `sys.path` and tracebacks those of a script."""
    path = space["__file__"]
    is_main = space["__name__"] == "__main__"
    if sys.path and os.path.abspath(sys.path[0]) == os.path.abspath(path):
        # What multiprocessing has spawned has the right path already.
        is_first = is_main and not getattr(sys.flags, "safe_path", False)
        sys.path[:1] = [os.path.dirname(os.path.realpath(path))] if is_first else []
    if not is_main:
        return
    space.update(
        __spec__=None,
        __package__=None,
        __cached__=None,
        __loader__=SourceFileLoader("__main__", path),
    )
    show = sys.excepthook

    def show_own(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        while trace is not None and trace.tb_frame.f_globals.get("__name__") == "runpy":
            trace = trace.tb_next
        show(kind, error.with_traceback(trace), trace)

    sys.excepthook = show_own


def changed_code(source: bytes, path: str, values: dict[str, Any], prelude: str) -> CodeType:
    """Compile a script with other values for constants at its top level.

    Args:
        prelude: a statement to run first; it has the line of the first one of the script.
    """
    import ast

    tree = ast.parse(source, path)
    for statement in tree.body:
        name, value = constant_of(statement)
        if name in values and value is not None:
            new = values[name]
            text = literal(tuple(new) if isinstance(value, ast.Tuple) else new)
            statement.value = _at(value, ast.parse(text, mode="eval").body)  # type: ignore[attr-defined]
    if prelude and tree.body:
        place = _first(tree.body)
        there = tree.body[min(place, len(tree.body) - 1)]
        tree.body.insert(place, _at(there, ast.parse(prelude).body[0]))
    code: CodeType = compile(tree, path, "exec", dont_inherit=True)
    return code


def _at(place: Any, tree: Any) -> Any:
    """Return a tree with all of it standing where `place` stands."""
    import ast

    for node in ast.walk(tree):
        ast.copy_location(node, place)
    return tree


def literal(value: Any) -> str:
    """Return the text of a plain value, infinity and NaN as well.

    >>> literal([0.1, float("inf")])
    '[0.1, 1e999]'
    """
    if isinstance(value, (list, tuple)):
        items = ", ".join([literal(item) for item in value])
        if isinstance(value, list):
            return f"[{items}]"
        return f"({items},)" if items else "()"
    if isinstance(value, float) and value - value != 0:
        return {"inf": "1e999", "-inf": "-1e999"}.get(repr(value), "(1e999 - 1e999)")
    return repr(value)


def constant_of(statement: Any) -> tuple[str, Any]:
    """Return the name and the value of an assignment to one name; ("", None) of all else."""
    import ast

    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target: Any = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign):
        target = statement.target
    else:
        return "", None
    return (target.id, statement.value) if isinstance(target, ast.Name) else ("", None)


def _first(body: list[Any]) -> int:
    """Return the place behind the docstring and what must come first."""
    import ast

    place = 0
    for place, statement in enumerate(body):
        is_text = place == 0 and isinstance(getattr(statement, "value", None), ast.Constant)
        is_future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        if not (is_text and isinstance(statement, ast.Expr)) and not is_future:
            return place
    return len(body)
