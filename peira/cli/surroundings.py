"""What a run recorded by itself, in short: a few lines for each aspect; `--json` has all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from peira.cli.format import size, value

Items = list[tuple[str, str]]

TEXT_MAX = 300


def in_short(aspect: str, facts: Mapping[str, Any]) -> Items:
    """Return names and texts of what matters most about an aspect."""
    if "error" in facts and aspect in _SHORT:
        return [("error", str(facts["error"]))]
    return _SHORT.get(aspect, _plain)(facts)


def _plain(facts: Mapping[str, Any]) -> Items:
    return list(_flat(facts))


def _flat(facts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield names and texts of nested facts, what is empty left out."""
    for name, fact in facts.items():
        if isinstance(fact, Mapping):
            yield from _flat(fact, f"{prefix}{name}/")
        elif fact not in (None, "", [], ()):
            is_size = name.endswith("_bytes") and isinstance(fact, int)
            yield prefix + name, (size(fact) if is_size else value(fact))[:TEXT_MAX]


def _process(facts: Mapping[str, Any]) -> Items:
    places = facts.get("launched_from") or {}
    told = [f"{place} ({name})" if name else place for place, name in places.items()]
    return [("launched from", ", ".join(told))] if told else []


def _host(facts: Mapping[str, Any]) -> Items:
    cores = facts.get("cpu_cores_usable") or facts.get("cpu_cores_logical")
    processor = f"{facts.get('cpu_model', 'processor')}, {cores} cores usable"
    gpus: dict[str, int] = {}
    for gpu in facts.get("gpus") or []:
        name = f"{gpu.get('model')}, driver {gpu.get('driver')}, CUDA {gpu.get('cuda')}"
        gpus[name] = gpus.get(name, 0) + 1
    items = [
        ("system", f"{facts.get('system', '')}, {facts.get('kernel', '')}".strip(", ")),
        ("processor", processor),
        ("memory", size(int(facts.get("memory_bytes") or 0))),
        ("gpus", "; ".join(f"{count} of {name}" for name, count in gpus.items())),
        ("addresses", ", ".join(facts.get("addresses") or [])),
    ]
    for place in ("container", "queue", "cloud"):
        items.append((place, _words(facts.get(place) or {})))
    return [(name, text) for name, text in items if text]


def _words(facts: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {fact}" for name, fact in facts.items())[:TEXT_MAX]


def _python(facts: Mapping[str, Any]) -> Items:
    text = f"{facts.get('version')} ({facts.get('implementation', 'unknown')}"
    text += ", free-threaded)" if facts.get("free_threaded") else ")"
    return [("version", text), ("prefix", str(facts.get("prefix", "")))]


def _numerics(facts: Mapping[str, Any]) -> Items:
    items = []
    for pool in facts.get("libraries") or []:
        known = [str(pool[key]) for key in ("version", "architecture") if pool.get(key)]
        items.append(
            (str(pool.get("library")), ", ".join([*known, f"{pool.get('threads')} threads"]))
        )
    for name in ("torch", "tensorflow", "jax"):
        items += _flat({name: facts.get(name) or {}})
    if not items:
        items = list(_flat({"loaded": facts.get("loaded") or {}}))
    return items


def _packages(facts: Mapping[str, Any]) -> Items:
    """Versions of the packages that the run had imported; all when nothing was told of that."""
    installed = facts.get("installed")
    if not isinstance(installed, Mapping):
        return _plain(facts)
    sources = facts.get("sources") or {}
    imported = facts.get("imported")
    if imported == []:  # or it died before it could tell
        return [("installed", f"{len(installed)}, none known to be imported: --json")]
    items = []
    for name in imported or list(installed):
        source = sources.get(name) or {}
        origin = " ".join(str(source[key]) for key in ("url", "commit") if source.get(key))
        mark = f"  ({'editable, ' if source.get('editable') else ''}{origin})" if origin else ""
        items.append((str(name), f"{installed.get(name, '')}{mark}"))
    return items


def _code(facts: Mapping[str, Any]) -> Items:
    items = [(name, str(facts[name])) for name in ("script", "module", "notebook") if name in facts]
    git = facts.get("git") or {}
    if not git:
        return [*items, ("git", "none")]
    commit = str(git.get("commit") or "none yet")
    described = str(git.get("describe") or "")
    named = f"  ({described})" if described and not commit.startswith(described) else ""
    items += [("commit", commit + named)]
    items += [(name, str(git[name])) for name in ("branch", "remote", "error") if git.get(name)]
    if git.get("dirty"):
        items.append(("changes", _changes(git)))
    if git.get("untracked_count"):
        items.append(("untracked", f"{git['untracked_count']} files"))
    for path, inside in (git.get("submodules") or {}).items():
        state = inside.get("error") or ("changed" if inside.get("dirty") else "as committed")
        items.append((f"submodule {path}", f"{str(inside.get('commit'))[:12]}, {state}"))
    return items


def _changes(git: Mapping[str, Any]) -> str:
    """Tell the diff in one line, and what is not in it."""
    files = len(git.get("changed") or []) + int(git.get("changed_omitted") or 0)
    text = f"{files} file{'s' if files != 1 else ''}"
    lines = str(git.get("diff") or "").splitlines()
    if lines:
        more = sum(line.startswith("+") and not line.startswith("+++ ") for line in lines)
        less = sum(line.startswith("-") and not line.startswith("--- ") for line in lines)
        text += f", +{more} -{less} lines: --json has them"
    elif git.get("diff_object"):
        text += f", {size(int(git.get('diff_bytes') or 0))}: object {str(git['diff_object'])[:12]}"
    if git.get("diff_error"):
        text += f"; the diff was not kept: {git['diff_error']}"
    if git.get("diff_left_out"):
        text += f"; {len(git['diff_left_out'])} left out"
    if git.get("diff_redacted"):
        text += f"; secrets taken out of {len(git['diff_redacted'])}"
    return text


_SHORT: dict[str, Callable[[Mapping[str, Any]], Items]] = {
    "process": _process,
    "environment": lambda facts: list(_flat(facts.get("variables") or {})),
    "host": _host,
    "python": _python,
    "numerics": _numerics,
    "packages": _packages,
    "code": _code,
    "fingerprint": lambda facts: [],  # digests, for programs to compare
}
