"""The installed packages, and which of them the program had imported when it was asked.

Names and versions come from the names of the `*.dist-info` folders: reading every METADATA file, as
`importlib.metadata` does, would hold the interpreter for a second in a large environment.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from peira.capture.redaction import redact_url

_PACKAGES_MAX = 5_000


def packages() -> dict[str, Any]:
    """Return `installed` (name to version), `imported` (names) and `sources` (where a package came
    from when not an index: URL without credentials, commit, editable).

    Names are in their canonical form (PEP 503). The first one on `sys.path` counts, as for import.
    """
    installed: dict[str, str] = {}
    sources: dict[str, dict[str, Any]] = {}
    modules: dict[str, str] = {}  # top-level module -> package
    wanted = _imported_modules()
    for folder in _metadata_folders():
        name, version = _name_and_version(folder)
        if not name or name in installed or len(installed) >= _PACKAGES_MAX:
            continue
        installed[name] = version
        source = _source(folder)
        if source:
            sources[name] = source
        for module in _top_level_modules(folder, name):
            modules.setdefault(module, name)
        time.sleep(0)  # let training have the interpreter between two packages
    imported = sorted({modules[m] for m in wanted if m in modules})
    return {"installed": installed, "imported": imported, "sources": sources}


def _metadata_folders() -> list[Path]:
    folders: list[Path] = []
    for entry in dict.fromkeys(sys.path):
        try:
            found = sorted(Path(entry or ".").iterdir())
        except OSError:  # a zip file, or a folder that is not there
            continue
        folders += [p for p in found if p.suffix in (".dist-info", ".egg-info")]
    return folders


def _name_and_version(folder: Path) -> tuple[str, str]:
    stem = folder.name.removesuffix(folder.suffix)
    name, _, version = stem.partition("-")
    version = re.sub(r"-py\d.*", "", version)
    if not version:  # an old egg-info of a development install keeps it inside
        version = _version_inside(folder)
    return re.sub(r"[-_.]+", "-", name).lower(), version


def _version_inside(folder: Path) -> str:
    try:
        text = (folder / "PKG-INFO").read_text(errors="replace")
    except OSError:
        return ""
    match = re.search(r"^Version: *(.+)$", text, flags=re.M)
    return match[1].strip() if match else ""


def _source(folder: Path) -> dict[str, Any]:
    """PEP 610: where a package that was not taken from an index came from."""
    try:
        direct = json.loads((folder / "direct_url.json").read_bytes())
        source: dict[str, Any] = {"url": redact_url(str(direct["url"]))}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    commit = (direct.get("vcs_info") or {}).get("commit_id")
    if commit:
        source["commit"] = str(commit)
    if (direct.get("dir_info") or {}).get("editable"):
        source["editable"] = True
    return source


def _imported_modules() -> set[str]:
    return {name.partition(".")[0] for name in list(sys.modules)} - set(sys.stdlib_module_names)


def _top_level_modules(folder: Path, name: str) -> set[str]:
    """Import names of a package: `top_level.txt`, else the first parts of the paths in RECORD."""
    try:
        return set((folder / "top_level.txt").read_text(errors="replace").split())
    except OSError:
        pass
    modules = {name.replace("-", "_")}
    try:
        with (folder / "RECORD").open(errors="replace") as record:
            for _, line in zip(
                range(2_000), record, strict=False
            ):  # enough to meet each top folder
                first = line.partition(",")[0].partition("/")[0]
                if not first.endswith((".dist-info", ".data")) and first not in ("..", ""):
                    modules.add(first.partition(".")[0])
    except OSError:
        pass
    return modules
