"""The installed packages: which they are, where they came from, and which of them a program had
imported.

Names and versions come from the names of the `*.dist-info` folders: reading every METADATA file, as
`importlib.metadata` does, would hold the interpreter for a second in a large environment. All of it
follows from a `sys.path`, so it can be asked about another interpreter, too.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from peira.capture.redaction import PLACEHOLDER, redact_url

_PACKAGES_MAX = 5_000
_LIST_BYTES_MAX = 8 << 20
_ARCHIVE_BYTES_MAX = 256 << 20


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
        self._sites: dict[str, None] = {}
        self._editable: dict[str, str] = {}  # folder of the code -> name
        self._lists_read: dict[str, bytes] = {}
        self._owners: dict[str, str | None] = {}  # place of a module -> name
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
        self._sites[str(folder.parent)] = None
        source = _source(folder)
        if source:
            self.sources[name] = source
        if source.get("editable"):
            self._editable[unquote(urlsplit(str(source["url"])).path)] = name

    def imported(self, modules: Mapping[str, str]) -> list[str]:
        """Return the names of the packages that modules belong to, sorted.

        Args:
            modules: their files by name, as `peira.capture.hook.imported` tells them.
        """
        return sorted(set(self._owners_of(modules).values()))

    def _owners_of(self, modules: Mapping[str, str]) -> dict[str, str]:
        """Return the package that each module belongs to, as far as that is known."""
        found = {}
        for module, file in modules.items():
            place = self._place(module, file)
            if place not in self._owners:
                is_installed = place != file
                self._owners[place] = (
                    self._owner(place) if is_installed else self._editable_owner(file)
                )
                time.sleep(0)
            owner = self._owners[place]
            if owner:
                found[module] = owner
        return found

    def _place(self, module: str, file: str) -> str:
        """Where a module lies below the folder that packages are installed into (`numpy`,
        `google/protobuf`): its name may be another. Elsewhere its file.
        """
        site = next((site for site in self._sites if file.startswith(f"{site}/")), None)
        if site is None:
            return file
        parts = file[len(site) + 1 :].split("/", 2)[: 2 if "." in module else 1]
        return "/".join([*parts[:-1], parts[-1].partition(".")[0]])

    def _editable_owner(self, file: str) -> str | None:
        """The package that was installed from the innermost folder that a file lies in."""
        above = [code for code in self._editable if file.startswith(f"{code}/")]
        return self._editable[max(above, key=len)] if above else None

    def _owner(self, place: str) -> str | None:
        """The package that put a module there. Most have the name of their module, and only their
        own list is read then.
        """
        namesake = canonical(place)
        if namesake in self._folders and self._lists(namesake, place) is not False:
            return namesake
        return next((name for name in self._folders if self._lists(name, place)), None)

    def _lists(self, name: str, place: str) -> bool | None:
        """Whether a package's list of files has a module; None when it has no list."""
        if name not in self._lists_read:
            self._lists_read[name] = _listed(self._folders[name])
        listed = self._lists_read[name]
        start = b"\n" + place.encode()
        return any(start + end in listed for end in (b"/", b".", b"\n")) if listed else None

    def told(self, modules: Mapping[str, str]) -> dict[str, Any]:
        """Return all of it as the aspect `packages`: `installed`, `imported`, `modules`, `sources`,
        `conda`.

        Args:
            modules: what was imported; see `imported`.
        """
        owners = self._owners_of(modules)
        value: dict[str, Any] = {
            "installed": self.installed,
            "imported": sorted(set(owners.values())),
            "modules": {m: name for m, name in owners.items() if canonical(m) != name},
            "sources": self.sources,
        }
        return value | ({"conda": self.conda} if self.conda else {})


@lru_cache(maxsize=1)
def _found(path: tuple[str, ...], prefix: str, changed: tuple[int, ...]) -> Packages:
    return Packages(path, prefix)


def packages(path: Sequence[str], prefix: str = "") -> Packages:
    """Return the packages that an interpreter finds; asked again, as they were found as long as
    nothing was installed: one process may record many runs.
    """
    places = tuple(path)
    return _found(places, prefix, tuple(map(_changed_ns, places)))


def _changed_ns(place: str) -> int:
    try:
        return Path(place or ".").stat().st_mtime_ns
    except OSError:
        return 0


def _metadata_folders(path: Iterable[str]) -> Iterator[Path]:
    for entry in dict.fromkeys(path):
        try:
            found = sorted(Path(entry or ".").absolute().iterdir())
        except OSError:  # a zip file, or a folder that is not there
            continue
        yield from (p for p in found if p.suffix in (".dist-info", ".egg-info"))


def _name_and_version(folder: Path) -> tuple[str, str]:
    stem = folder.name.removesuffix(folder.suffix)
    name, _, version = stem.partition("-")
    version = re.sub(r"-py\d.*", "", version)
    if not version:  # an old egg-info of a development install keeps it inside
        version = _version_inside(folder)
    return canonical(name), version


def canonical(name: str) -> str:
    """Return the one form of a package's name. Source: PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


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
        if "archive_info" in direct and not any(hashes.values()):
            hashes = _archive_hashes(str(direct["url"]), folder)
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


def _archive_hashes(url: str, folder: Path) -> dict[str, str]:
    """The digest of a local archive whose installer (uv) did not keep it: of the file, if it is
    there and was not changed since.
    """
    parts = urlsplit(url)
    archive = Path(unquote(parts.path))
    if parts.scheme != "file" or not archive.is_file():
        return {}
    found = archive.stat()
    if found.st_mtime > folder.stat().st_mtime or found.st_size > _ARCHIVE_BYTES_MAX:
        return {}
    with archive.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _developed(folder: Path) -> dict[str, Any]:
    """`setup.py develop` leaves its metadata beside the code, and nothing that says so."""
    beside = folder.suffix == ".egg-info" and folder.parent.name not in (
        "site-packages",
        "dist-packages",
    )
    return {"url": folder.parent.as_uri(), "editable": True} if beside else {}


def _listed(folder: Path) -> bytes:
    """The files of a package, one a line; else its top-level modules; "" when neither is told."""
    for name in ("RECORD", "top_level.txt"):
        try:
            with (folder / name).open("rb") as file:
                return b"\n" + file.read(_LIST_BYTES_MAX) + b"\n"
        except OSError:
            continue
    return b""


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
