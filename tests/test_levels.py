"""The house of docs/explanation/architecture.md: imports only go down, and nothing imports the root
package.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "peira"

# The first name below `peira` -> its level.
LEVELS = {
    "core": 0,
    "record": 1,
    "objects": 1,
    "capture": 2,
    "lab": 3,
    "session": 3,
    "recorder": 3,
    "compare": 4,
    "launch": 4,
    "data": 4,
    "evaluate": 4,
    "rerun": 4,
    "science": 4,
    "sweeps": 4,
    "medialog": 5,
    "datalog": 5,
    "checkpointlog": 5,
    "run": 5,
    "objective": 5,
    "slot": 5,
    "sweeping": 5,
    "space": 5,
    "hyperopt": 5,
    "current": 5,
    "media": 5,
    "cli": 5,
    "server": 5,
    "testing": 5,
    "demo": 5,
    "__main__": 5,
    "__init__": 6,
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    """Return the first name below the package: `peira/lab/lab.py` -> `lab`."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of every import in a file, those inside functions too, made
    absolute.
    """
    package = ("peira", *path.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            name = ".".join((*base, *(node.module.split(".") if node.module else ())))
            for alias in node.names:
                yield node.lineno, f"{name}.{alias.name}" if name == "peira" else name


def test_every_room_has_a_level() -> None:
    """A new folder or module below the package must say where it stands."""
    assert {room_of(path) for path in modules()} <= set(LEVELS)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down(path: Path) -> None:
    """A module imports from its own room and lower levels; the root package from nowhere."""
    room = room_of(path)
    wrong = []
    for line, name in imports(path):
        if name.split(".")[0] != "peira":
            continue
        target = name.split(".")[1] if "." in name else ""
        if target not in LEVELS:
            wrong.append(f"{path}:{line}: imports the root package ({name})")
        elif target != room and LEVELS[target] > LEVELS[room]:
            wrong.append(f"{path}:{line}: {room} (level {LEVELS[room]}) imports {name}")
    assert not wrong, "\n".join(wrong)


def test_no_cycles_between_modules() -> None:
    """Imports at the top of modules form no circle."""
    graph: dict[str, set[str]] = {}
    for path in modules():
        name = ".".join(("peira", *path.relative_to(PACKAGE).with_suffix("").parts))
        graph[name.removesuffix(".__init__")] = top_imports(path)
    names = set(graph)
    edges = {
        name: {resolve(t, names) for t in targets} - {None, name} for name, targets in graph.items()
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name in done:
            return
        for target in edges[name]:
            assert target is not None
            visit(target, (*trail, name))
        done.add(name)

    for name in sorted(edges):
        visit(name, ())


def top_imports(path: Path) -> set[str]:
    """Return dotted names imported when the module is loaded, typing-only blocks left out."""
    found = set()
    package = ("peira", *path.relative_to(PACKAGE).parent.parts)
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            name = ".".join((*base, *(node.module.split(".") if node.module else ())))
            found |= {f"{name}.{alias.name}" for alias in node.names}
    return found


def resolve(name: str, names: set[str]) -> str | None:
    """Return the module that an imported name lives in, or None when it is not ours."""
    if name in names:
        return name
    parent = name.rpartition(".")[0]
    return parent if parent in names and parent != "peira" else None
