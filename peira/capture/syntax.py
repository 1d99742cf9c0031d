"""What a Python source means to the interpreter: its tree without layout, comments and docstrings;
and what a fingerprint must know of it: the variables it asks for, the numbers and seeds in it.
"""

from __future__ import annotations

import ast
import gc
import sys
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

import msgspec

from peira.capture.param_roles import role

_LAYOUT = frozenset({"type_comment", "kind", "ctx", "type_ignores"})
"""Fields of nodes that say how something was written, or repeat what the place says."""
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_ASKING = frozenset({"get", "pop", "setdefault", "getenv"})
_ASKS = (b"environ", b"getenv", b"envvar")
"""Without one of these words a source asks for no variable."""
_PARSERS = frozenset({("ast", "parse"), ("IPython.core.compilerop", "ast_parse")})
_TRIES = 1_000


class Syntax(msgspec.Struct, frozen=True):
    """What two sources that mean the same have in common."""

    tree: str
    """Digest of the syntax tree."""
    variables: frozenset[str] = frozenset()
    """Names of environment variables that stand as literals where the environment is asked."""
    numbers: frozenset[int] = frozenset()
    """Whole numbers that stand in it."""
    has_seed: bool = False
    """Whether a number is given as a seed: `random_state=0`."""
    reads_input: bool = False
    """Whether it names standard input: `input()`, `sys.stdin`."""


def read_syntax(source: bytes) -> Syntax:
    """Return what a source means.

    Layout, comments and quotes do not count. Docstrings do not count either, unless the source
    reads some by `__doc__` (docopt makes options of them). The digest does not depend on the
    version of Python, as far as the grammar has not changed. What is no Python of this version is
    taken as it is written.

    >>> read_syntax(b"x = 'a'  # one").tree == read_syntax(b"x = (\\n  \\"a\\"\\n)").tree
    True
    """
    from blake3 import blake3  # here, not at the top: `import peira` does not pay for it

    try:
        tree = _parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Syntax(blake3(source).hexdigest())
    words = "\0".join(_words(tree, keeps_docstrings=b"__doc__" in source))
    nodes = list(ast.walk(tree))
    asks = any(word in source for word in _ASKS)
    return Syntax(
        tree=blake3(words.encode("utf-8", "surrogatepass")).hexdigest(),
        variables=frozenset(filter(None, map(_variable, nodes))) if asks else frozenset(),
        numbers=frozenset(node.value for node in nodes if _is_int(node)),  # type: ignore[attr-defined]
        has_seed=any(isinstance(node, ast.keyword) and _is_seed(node) for node in nodes),
        reads_input=any(map(_is_input, nodes)),
    )


def imports(source: bytes) -> frozenset[str]:
    """Return the modules that a source names in its imports, those inside of its package apart.

    >>> sorted(imports(b"import torch.nn as nn\nfrom google.cloud import storage"))
    ['google.cloud', 'torch.nn']
    """
    try:
        nodes = list(ast.walk(_parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return frozenset(found)


def _parse(source: bytes) -> ast.Module:
    """As `ast.parse`, but never at the same time as another thread's.

    CPython 3.11 counts the depth of a tree in one place for all threads, and may change threads
    while it makes the tree, for it may collect garbage there (later versions do not): then the
    other thread's `ast.parse`, which is the user's, fails with a SystemError. Without garbage
    collection no thread gives way in the middle of a tree, so only one that is in it already must
    be waited for.
    Source: CPython, Python/Python-ast.c, PyAST_mod2obj.
    """
    if sys.version_info >= (3, 12):
        return ast.parse(source)
    for _ in range(_TRIES):
        is_collecting = gc.isenabled()
        gc.disable()
        try:
            if not any(map(_is_parsing, sys._current_frames().values())):
                return ast.parse(source)
        finally:
            if is_collecting:
                gc.enable()
        time.sleep(0.001)
    raise ValueError("another thread has been parsing for too long")


def _is_parsing(frame: FrameType | None) -> bool:
    while frame is not None:
        if (frame.f_globals.get("__name__"), frame.f_code.co_name) in _PARSERS:
            return True
        frame = frame.f_back
    return False


def _words(tree: ast.AST, *, keeps_docstrings: bool) -> Iterator[str]:
    """Yield the tree from left to right; nesting deeper than Python's own stack is no matter."""
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        if type(node) is str:
            yield node
        elif type(node) is list:
            yield "["
            stack.append("]")
            stack.extend(reversed(node))
        elif type(node) is ast.Constant:
            yield f"{type(node.value).__name__} {node.value!r}"
        elif isinstance(node, ast.AST):
            yield f"{type(node).__name__}("
            stack.append(")")
            for name in reversed(node._fields):
                value: Any = getattr(node, name, None)
                if name == "body" and not keeps_docstrings and isinstance(node, _DOCUMENTED):
                    value = value[1:] if _is_text(value) else value
                if value is None or value == [] or name in _LAYOUT:
                    continue  # a field that a later Python added is not there, or empty
                stack.append(value)
                stack.append(f"{name}=")
        else:
            yield repr(node)


def _is_text(body: Any) -> bool:
    first = body[0] if body else None
    return (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )


def _is_int(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def _is_seed(node: ast.keyword) -> bool:
    return node.arg is not None and role(node.arg) == "seed" and _is_int(node.value)


def _is_input(node: ast.AST) -> bool:
    match node:
        case (
            ast.Call(func=ast.Name(id="input"))
            | ast.Name(id="stdin")
            | ast.Attribute(value=ast.Name(id="sys"), attr="stdin")
        ):
            return True
    return False


def _variable(node: ast.AST) -> str | None:
    """Return the name of the environment variable that `node` asks for."""
    name: Any = None
    match node:
        case ast.Subscript(value=where, slice=name) if _name_of(where) == "environ":
            pass
        case ast.Call(func=ast.Attribute(value=where, attr=verb), args=[name, *_]) if (
            verb in _ASKING and (verb == "getenv" or _name_of(where) == "environ")
        ):
            pass
        case ast.Call(func=ast.Name(id="getenv"), args=[name, *_]):
            pass
        case ast.Compare(left=name, ops=[ast.In() | ast.NotIn()], comparators=[where]) if (
            _name_of(where) == "environ"
        ):
            pass
        case ast.keyword(arg="envvar", value=name):  # click, typer
            pass
        case _:
            return None
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        return name.value
    return None


def _name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
