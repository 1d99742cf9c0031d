"""The installed packages: which they are, where they came from, and which of them a program had
imported.

Names and versions come from the names of the `*.dist-info` folders: reading every METADATA file, as
`importlib.metadata` does, would hold the interpreter for a second in a large environment. All of it
follows from a `sys.path`, so it can be asked about another interpreter, too.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from peira.capture.redaction import PLACEHOLDER, redact_url

_PACKAGES_MAX = 5_000
_RECORD_LINES_MAX = 2_000
"""Enough of a RECORD to meet each folder at the top."""


class Packages:
    """The packages that an interpreter finds.

    Names are in their canonical form (PEP 503). The first one on the path counts, as for import.

    Args:
        path: the `sys.path` of the interpreter.
        prefix: its `sys.prefix`; a conda environment keeps its own list there.
    """

    def __init__(self, path: Sequence[str], prefix: str = "") -> None:
        self.installed: dict[str, str] = {}
        """Version by name."""
        self.sources: dict[str, dict[str, Any]] = {}
        """Where a package came from when not from an index (PEP 610)."""
        self._folders: dict[str, Path] = {}
        self._modules: dict[str, list[str]] = {}  # top-level module -> packages
        self._editable: dict[str, str] = {}  # name -> folder of its code
        for folder in _metadata_folders(path):
            name, version = _name_and_version(folder)
            if name and name not in self.installed and len(self.installed) < _PACKAGES_MAX:
                self._add(folder, name, version)
            time.sleep(0)  # let training have the interpreter between two packages
        self.conda = dict(_conda_packages(Path(prefix))) if prefix else {}
        """What conda installed: version, build and channel by name."""

    def _add(self, folder: Path, name: str, version: str) -> None:
        self.installed[name] = version
        self._folders[name] = folder
        source = _source(folder)
        if source:
            self.sources[name] = source
        if source.get("editable"):
            self._editable[name] = unquote(urlsplit(str(source["url"])).path)
        for module in _top_level_modules(folder, name):
            self._modules.setdefault(module, []).append(name)

    def imported(self, modules: Mapping[str, str]) -> list[str]:
        """Return the names of the packages that modules belong to, sorted.

        Args:
            modules: their files by name, as `peira.capture.hook.imported` tells them.
        """
        found: set[str] = set()
        for module, file in modules.items():
            top, _, rest = module.partition(".")
            owners = self._modules.get(top, [])
            if rest:
                owners = [name for name in owners if _has_folder(self._folders[name], top, rest)]
            found.update(owners[:1] or self._editable_owner(file))
        return sorted(found)

    def _editable_owner(self, file: str) -> list[str]:
        """The package that was installed from the innermost folder that a file lies in."""
        above = {code: name for name, code in self._editable.items() if file.startswith(f"{code}/")}
        return [above[max(above, key=len)]] if above else []

    def told(self, modules: Mapping[str, str]) -> dict[str, Any]:
        """Return all of it as the aspect `packages`: `installed`, `imported`, `sources`, `conda`.

        Args:
            modules: what was imported; see `imported`.
        """
        value: dict[str, Any] = {
            "installed": self.installed,
            "imported": self.imported(modules),
            "sources": self.sources,
        }
        return value | ({"conda": self.conda} if self.conda else {})


def _metadata_folders(path: Iterable[str]) -> Iterator[Path]:
    for entry in dict.fromkeys(path):
        try:
            found = sorted(Path(entry or ".").iterdir())
        except OSError:  # a zip file, or a folder that is not there
            continue
        yield from (p for p in found if p.suffix in (".dist-info", ".egg-info"))


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
    """Where a package that was not taken from an index came from: address without credentials,
    commit, digest of the archive, editable or not.
    """
    try:
        direct = json.loads((folder / "direct_url.json").read_bytes())
        source: dict[str, Any] = {"url": redact_url(str(direct["url"]))}
        version_control, archive = direct.get("vcs_info") or {}, direct.get("archive_info") or {}
        hashes = archive.get("hashes") or dict([str(archive.get("hash") or "=").split("=", 1)])
        facts = {
            "commit": version_control.get("commit_id"),
            "revision": version_control.get("requested_revision"),
            "subdirectory": direct.get("subdirectory"),
            "editable": (direct.get("dir_info") or {}).get("editable"),
            "hashes": {str(name): str(digest) for name, digest in hashes.items() if digest},
        }
    except FileNotFoundError:
        return _developed(folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # somebody else's idea of that file
    return source | {name: value for name, value in facts.items() if value}


def _developed(folder: Path) -> dict[str, Any]:
    """`setup.py develop` leaves its metadata beside the code, and nothing that says so."""
    beside = folder.suffix == ".egg-info" and folder.parent.name not in (
        "site-packages",
        "dist-packages",
    )
    return {"url": folder.parent.as_uri(), "editable": True} if beside else {}


def _top_level_modules(folder: Path, name: str) -> set[str]:
    """Import names of a package: `top_level.txt`, else the first parts of the paths in RECORD."""
    try:
        return set((folder / "top_level.txt").read_text(errors="replace").split())
    except OSError:
        pass
    modules = {name.replace("-", "_")}
    for path in _recorded(folder, _RECORD_LINES_MAX):
        first = path.partition("/")[0]
        if not first.endswith((".dist-info", ".data")) and first not in ("..", ""):
            modules.add(first.partition(".")[0])
    return modules


def _has_folder(folder: Path, top: str, second: str) -> bool:
    """Whether a package put `top/second` (or `top/second.py`) there."""
    starts = (f"{top}/{second}/", f"{top}/{second}.")
    return any(path.startswith(starts) for path in _recorded(folder))


def _recorded(folder: Path, lines_max: int | None = None) -> Iterator[str]:
    try:
        with (folder / "RECORD").open(errors="replace") as record:
            for number, line in enumerate(record):
                if number == lines_max:
                    return
                yield line.partition(",")[0]
    except OSError:
        return


class _CondaRecord(msgspec.Struct):
    """What is read of a file in `conda-meta`."""

    name: str
    version: str
    build: str = ""
    channel: str = ""


_conda_decoder = msgspec.json.Decoder(_CondaRecord)


def _conda_packages(prefix: Path) -> Iterator[tuple[str, dict[str, str]]]:
    try:
        files = sorted((prefix / "conda-meta").glob("*.json"))
    except OSError:
        return
    for file in files[:_PACKAGES_MAX]:
        try:
            record = _conda_decoder.decode(file.read_bytes())
        except (OSError, msgspec.MsgspecError):
            continue
        channel = re.sub(r"/t/[^/]+", f"/t/{PLACEHOLDER}", redact_url(record.channel))
        yield record.name, {"version": record.version, "build": record.build, "channel": channel}
        time.sleep(0)
