"""Which packages an environment needs, in which versions, from where: recorded facts in, lines for
uv out.

What was imported is installed together with what it requires, everything in the recorded version:
the imported packages are requirements, all installed ones are constraints. A package that was
installed from elsewhere than an index comes from there again.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from peira.capture.redaction import PLACEHOLDER
from peira.lab.runs import RunRecord
from peira.rerun.places import Places
from peira.rerun.restored import Unavailable

PYTORCH_INDEX = "https://download.pytorch.org/whl/"
"""Where builds of PyTorch for one accelerator (`2.1.0+cu118`) are, which PyPI does not have."""

_LOCAL = re.compile(r"\+(cpu|cu\d+|rocm[\d.]+|xpu)\Z")
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


class Pins(msgspec.Struct, frozen=True, kw_only=True):
    """What uv is to install."""

    requirements: dict[str, str]
    """Name to line, of the packages that are needed by themselves."""
    constraints: dict[str, str]
    """Name to line, of all packages that were installed from an index."""
    links: dict[str, str]
    """Name to folder, of packages that were developed in a folder; they are found there."""
    versions: dict[str, str]
    """Name to version, of all packages that were installed."""
    imported: list[str]
    indexes: list[str] = []
    """Other indexes that are needed."""
    unavailable: list[Unavailable] = []
    inexact: list[str] = []


def read_pins(packages: Mapping[str, Any], places: Places) -> Pins:
    """Return what is to be installed, from the recorded aspect `packages`.

    Folders inside of the project's folder are those of the restored one. Where it is not known what
    was imported, all packages are needed.
    """
    versions = {str(n): str(v) for n, v in (packages.get("installed") or {}).items()}
    sources: Mapping[str, Mapping[str, Any]] = packages.get("sources") or {}
    imported = [n for n in packages.get("imported", versions) if n in versions]
    lines: dict[str, str] = {}
    links: dict[str, str] = {}
    unavailable: list[Unavailable] = []
    inexact: list[str] = []
    for name, source in sources.items():
        if name not in versions:
            continue
        found = _Source(name, versions[name], source, places)
        if found.folder is not None:
            links[name] = str(found.folder)
        elif found.line:
            lines[name] = found.line
        elif name in imported:
            unavailable.append(Unavailable(name, versions[name], found.reason))
        if found.remark and name in imported:
            inexact.append(found.remark)
    inexact += [
        f"{name} was installed by conda, and is the build of an index now"
        for name in packages.get("conda") or ()
        if name in imported and name not in sources
    ]
    gone = {one.name for one in unavailable}
    constraints = {
        name: f"{name}=={version}"
        for name, version in versions.items()
        if version and name not in {*sources, *gone}
    }
    known = constraints | lines
    wanted = [name for name in imported if name in known]
    for folder in [links[name] for name in imported if name in links]:
        wanted += [name for name in _requirements(Path(folder), versions) if name in known]
    return Pins(
        requirements={name: known[name] for name in dict.fromkeys(wanted)},
        constraints=constraints,
        links={name: links[name] for name in links if name in imported},
        versions=versions,
        imported=imported,
        indexes=_indexes(versions),
        unavailable=unavailable,
        inexact=inexact,
    )


def recorded_packages(record: RunRecord) -> dict[str, Any]:
    """Return the aspect `packages`, without `imported` where the program died before it told."""
    facts: dict[str, Any] = dict(record.captured("packages"))
    if record.state == "killed" and not facts.get("imported"):
        facts.pop("imported", None)
    return facts


class _Source:
    """Where a package came from when not from an index (PEP 610), as a line for uv, or a folder
    that it was developed in.
    """

    def __init__(self, name: str, version: str, source: Mapping[str, Any], places: Places) -> None:
        self.line = ""
        self.folder: Path | None = None
        self.reason = ""
        self.remark = ""
        url = str(source.get("url") or "").replace(f"{PLACEHOLDER}@", "")
        commit = source.get("commit")
        if commit:
            folder = f"#subdirectory={source['subdirectory']}" if source.get("subdirectory") else ""
            url = url if url.startswith("git+") else f"git+{url}"
            self.line = f"{name} @ {url}@{commit}{folder}"
        elif not url.startswith("file:"):
            self.line = f"{name} @ {url}" if PLACEHOLDER not in url else ""
            self.reason = "its address held a secret, which was not recorded"
        else:
            self._find(name, version, unquote(urlsplit(url).path), source, places)

    def _find(
        self, name: str, version: str, path: str, source: Mapping[str, Any], places: Places
    ) -> None:
        here = places.moved(path) or Path(path)
        is_moved = str(here) != path
        if not here.exists():
            if path.endswith((".whl", ".tar.gz", ".zip")):
                self.line = f"{name}=={version}"
                self.remark = f"{name} was installed from {path}, which is gone; an index is asked"
            else:
                self.reason = f"it was installed from {path}, which is gone"
        elif source.get("editable"):
            self.folder = here
            if not is_moved:
                self.remark = f"{name} is developed in {path}, and taken from there as it is now"
        else:
            sha256 = (source.get("hashes") or {}).get("sha256")
            self.line = f"{name} @ {here.as_uri()}{f'#sha256={sha256}' if sha256 else ''}"
            if here.is_dir() and not is_moved:
                self.remark = f"{name} was installed from {path}, and is built as that is now"


def _requirements(folder: Path, versions: Mapping[str, str]) -> list[str]:
    """Return the names of what a package in a folder requires; all installed packages where it does
    not say so in `pyproject.toml`.
    """
    project = read_project(folder)
    if "dependencies" not in project:
        return [] if project.get("name") and "dynamic" not in project else list(versions)
    found = [_NAME.match(str(line)) for line in project["dependencies"]]
    return [canonical(match[1]) for match in found if match]


def canonical(name: str) -> str:
    """Return the one spelling of a package's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_project(folder: Path) -> dict[str, Any]:
    """Return the table `[project]` of a folder's `pyproject.toml`; empty when there is none."""
    try:
        with (folder / "pyproject.toml").open("rb") as stream:
            project = tomllib.load(stream).get("project")
    except (OSError, ValueError):
        return {}
    return project if isinstance(project, dict) else {}


def _indexes(versions: Mapping[str, str]) -> list[str]:
    local = {found[1] for v in versions.values() if (found := _LOCAL.search(v))}
    return [f"{PYTORCH_INDEX}{name}" for name in sorted(local)]
