"""The options of a Python script, where its text names all of them.

    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float)          known: --lr
    @click.option("--kernel-size", default=3)        known: --kernel-size

Where others may come from elsewhere (a parser that is given to another module, options whose names
are computed, `parse_known_args`, a decorator of another module) nothing is known.
"""

from __future__ import annotations

import ast

_SOURCES = frozenset({"ArgumentParser", "add_parser", "add_argument_group", "add_subparsers",
                      "add_mutually_exclusive_group"})  # fmt: skip
_OPEN = frozenset({"parse_known_args", "parse_known_intermixed_args", "argv"})
"""What takes more than the options that are declared."""
_CLICK = frozenset({"option", "argument", "command", "group", "pass_context", "version_option"})


def literal_options(text: str) -> set[str] | None:
    """Return the options that the text of a script declares, as it spells them; None when it may
    have others.

    >>> literal_options("import argparse\\np = argparse.ArgumentParser()\\np.add_argument('--lr')")
    {'--lr'}
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    imported = _imported(tree)
    names = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    if _OPEN & set(names) or _OPEN & imported.keys():
        return None
    if "argparse" in imported.values() and "click" not in imported.values():
        return _of_argparse(tree, imported)
    if "click" in imported.values() and "argparse" not in imported.values():
        return _of_click(tree, imported)
    return None


def _imported(tree: ast.Module) -> dict[str, str]:
    """Return the module that each imported name comes from."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {(a.asname or a.name).partition(".")[0]: a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {(a.asname or a.name): node.module or "." for a in node.names}
    return found


def _of_argparse(tree: ast.Module, imported: dict[str, str]) -> set[str] | None:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    parsers = _parsers(tree)
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    if not _are_made_here(tree, parsers, own):
        return None
    found: set[str] = set()
    for call in calls:
        called = _called(call)
        if called == "ArgumentParser":
            root = call.func.value if isinstance(call.func, ast.Attribute) else call.func
            is_own = isinstance(root, ast.Name) and imported.get(root.id) == "argparse"
            if not is_own or any(word.arg in ("parents", None) for word in call.keywords):
                return None
        elif called == "add_argument":
            declared = _declared(call)
            if declared is None:
                return None
            found |= declared
        elif called not in own and _is_given(call, parsers):
            return None  # another module may add options
    return found or None


def _parsers(tree: ast.Module) -> set[str]:
    """Return the names that a parser is given, and those of arguments that options are added to."""
    found = {
        call.func.value.id
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ("add_argument", "parse_args")
        and isinstance(call.func.value, ast.Name)
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
            continue
        if _called(node.value) in _SOURCES:
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def _are_made_here(tree: ast.Module, parsers: set[str], own: set[str]) -> bool:
    """Whether all parsers that get options are made by this text, and one of them is."""
    made = False
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            made |= _called(node) == "ArgumentParser"
            if _called(node) == "add_argument" and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                if isinstance(owner, ast.Call):
                    if _called(owner) not in _SOURCES | own:
                        return False
                elif not isinstance(owner, ast.Name):
                    return False
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id in parsers for target in targets):
                value = node.value
                if not isinstance(value, ast.Call) or _called(value) not in _SOURCES | own:
                    return False
    return made


def _of_click(tree: ast.Module, imported: dict[str, str]) -> set[str] | None:
    found: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        decorators = [d for d in node.decorator_list if isinstance(d, ast.Call)]
        if not any(_called(one) in ("command", "option") for one in decorators):
            continue
        for one in decorators:
            if _called(one) not in _CLICK or _has_word(one, "context_settings", "cls"):
                return None
            if _called(one) == "option":
                declared = _declared(one)
                if declared is None:
                    return None
                found |= declared
        if any(isinstance(d, ast.Name) and d.id in imported for d in node.decorator_list):
            return None
    return found or None


def _declared(call: ast.Call) -> set[str] | None:
    """Return the options that a call declares; None when its text does not tell."""
    found = set()
    for word in call.args:
        if not (isinstance(word, ast.Constant) and isinstance(word.value, str)):
            return None
        found |= {part.strip() for part in word.value.split("/") if part.strip().startswith("-")}
    return None if _has_word(call) else found


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _has_word(call: ast.Call, *names: str) -> bool:
    """Whether a call has an argument of one of these names, or such that are unpacked (`**`)."""
    return any(word.arg is None or word.arg in names for word in call.keywords)


def _is_given(call: ast.Call, names: set[str]) -> bool:
    values = [*call.args, *(word.value for word in call.keywords)]
    return any(isinstance(value, ast.Name) and value.id in names for value in values)
