"""Calls back once a module has been imported, at no cost to who never imports it.

A finder stands first in `sys.meta_path`. For a module that somebody waits for it lets the other
finders find it, and has its loader call back after the module's code has run; then nothing of it
remains on the module.
"""

from __future__ import annotations

import sys
from _thread import get_ident

from .border import harmless

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

    Action = Callable[[ModuleType], None]

_waiting: dict[str, list[Action]] = {}
_finding: set[tuple[str, int]] = set()
"""Names that a thread is looking for."""


def after_import(name: str, action: Action) -> None:
    """Call `action(module)` when the module `name` has been imported; now, when it is already.

    What the action raises is dropped: a library may be of a version that has not what it looks for.
    """
    module = sys.modules.get(name)
    if module is not None and not getattr(module.__spec__, "_initializing", False):
        harmless(action, module)
        return
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    _waiting.setdefault(name, []).append(action)


class _Finder:
    """Finds nothing by itself; see the module."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        asked = (name, get_ident())
        if name not in _waiting or asked in _finding:  # what follows may come here again
            return None
        _finding.add(asked)
        try:
            for finder in list(sys.meta_path):
                find = None if finder is self else getattr(finder, "find_spec", None)
                spec: ModuleSpec | None = find(name, path, target) if find else None
                if spec is None:
                    continue
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader, name)  # type: ignore[assignment]
                return spec
        finally:
            _finding.discard(asked)
        return None


class _Loader:
    """The loader of a module, and then the actions that wait for it. Who only asks whether there is
    such a module (`importlib.util.find_spec`) lets them wait.
    """

    def __init__(self, loader: Any, name: str) -> None:
        self._loader = loader
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        spec.loader = self._loader
        module: ModuleType | None = self._loader.create_module(spec)
        spec.loader = self  # type: ignore[assignment]
        return module

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        for action in _waiting.pop(self._name, ()):
            harmless(action, module)
