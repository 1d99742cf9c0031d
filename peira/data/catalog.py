"""Names and numbers of versions: `digits:v3`. See `docs/formats/datasets.md`.

    .peira/datasets/<name>/v3.json    one version record, made exclusively: whoever makes it first
                                      has the number, and it never changes
    journal  dataset.alias    <name>/<alias>  -> number
    journal  dataset.removed  <name>/v3       -> true
    journal  dataset.place    <content>       -> where bytes are now that were not copied
    journal  dataset.purged   <name>/v3       -> true: removed, and its bytes given up

Labs merge by the union of their files. Where both have a v3 of a name, the content digest in the
record says which is which.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from peira.core.clock import now_s
from peira.core.errors import (
    AmbiguousError,
    DamagedError,
    LabError,
    NotFoundError,
    UnsupportedError,
    UsageError,
)
from peira.lab.gc import DATASETS
from peira.lab.journal import DATASET_PURGED, Journal, user_name
from peira.lab.query.parse import near
from peira.record.folder import make_lab, write_once

FORMAT = 1
ALIAS = "dataset.alias"  # id: <name>/<alias>, value: number
REMOVED = "dataset.removed"  # id: <name>/v<number>
PLACE = "dataset.place"  # id: <content>, value: where bytes are that were not copied
LATEST = "latest"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
_RECORD = re.compile(r"v([1-9][0-9]{0,8})\.json\Z")
_NUMBER = re.compile(r"v?([1-9][0-9]{0,8})\Z")
_CONTENT = re.compile(r"[0-9a-f]{8,64}\Z")


class Transform(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What made a version from its parent."""

    name: str
    code: str | None = None
    """Object with the source text of the function."""
    params: dict[str, Any] = msgspec.field(default_factory=dict)


class Version(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of a data set: a name and a number for a manifest."""

    format: int
    name: str
    number: int
    content: str
    manifest: str
    """Digest of the object that holds the manifest."""
    created: float
    by: str
    source: str = ""
    """Where it was added from, as it was given, without credentials."""
    parent: str | None = None
    """`name:vN` of the version that it was made from."""
    transform: Transform | None = None
    run: str | None = None
    """Id of the run that made it."""
    note: str = ""

    @property
    def ref(self) -> str:
        """`name:vN`, by which everybody in this lab means it."""
        return f"{self.name}:v{self.number}"


class Catalog:
    """The names of a lab's data sets. Any number of threads and processes may use it at once."""

    def __init__(self, root: Path, journal: Journal | None = None) -> None:
        self.root = root
        self.folder = root / DATASETS
        self.journal = journal or Journal(root)

    def claim(self, name: str, content: str, manifest: str, **facts: Any) -> tuple[Version, bool]:
        """Give content the next number of a name; return the version and whether it is new.

        Content that has a number under this name already keeps it. Durable when this returns.

        Raises:
            UsageError: the name cannot be one.
            LabError: the lab cannot be written.
        """
        _check_name(name)
        number = 0
        for found in self.versions(name, removed=True):
            number = max(number, found.number)
            if found.content == content and self._bring_back(found, manifest):
                return found, False
        while True:
            number += 1
            version = Version(
                format=FORMAT,
                name=name, number=number, content=content, manifest=manifest,
                created=now_s(), by=user_name(), **facts,
            )  # fmt: skip
            if self._make(version):
                return version, True
            taken = self._read(name, number)
            if taken is not None and taken.content == content:
                return taken, False

    def _bring_back(self, version: Version, manifest: str) -> bool:
        """Take back that a version was removed; return whether it can be: of a purged one the bytes
        are here again only if its manifest is the one that was just stored.
        """
        if self.is_removed(version):
            if version.manifest != manifest and self._is_purged(version):
                return False
            for kind in (DATASET_PURGED, REMOVED):
                if _removal_id(version) in self.journal.standing(kind):
                    self.journal.append(kind, _removal_id(version), None)
        return True

    def _make(self, version: Version) -> bool:
        """Write a version record unless its number is taken; whole or absent."""
        folder = self.folder / version.name
        try:
            make_lab(self.root)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            data = msgspec.json.format(msgspec.json.encode(version), indent=1)
            return write_once(folder / f"v{version.number}.json", data)
        except OSError as error:
            raise LabError(
                f"The data version {version.ref} cannot be written in {folder}:"
                f" {error.strerror or error}."
            ) from error

    def names(self) -> list[str]:
        """Return the names that have a version, sorted."""
        return [name for name in self._folders() if any(self.versions(name))]

    def versions(self, name: str, *, removed: bool = False) -> Iterator[Version]:
        """Yield the versions of a name by number; with `removed` those that were removed, too.

        Raises:
            DamagedError: a record cannot be read.
        """
        _check_name(name)
        try:
            files = [entry.name for entry in (self.folder / name).iterdir()]
        except FileNotFoundError:
            return
        gone = set() if removed else set(self.journal.standing(REMOVED))
        for number in sorted(int(m[1]) for m in map(_RECORD.match, files) if m):
            version = self._read(name, number)
            if version is not None and _removal_id(version) not in gone:
                yield version

    def _read(self, name: str, number: int) -> Version | None:
        path = self.folder / name / f"v{number}.json"
        try:
            version = msgspec.json.decode(path.read_bytes(), type=Version)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            raise DamagedError(f"{path} cannot be read: {error!s:.200}") from error
        check_format(path, version.format, FORMAT)
        return version

    def find(self, ref: str) -> Version:
        """Return the version that `ref` means: `digits` (the latest), `digits:v3`, `digits:3`,
        `digits:prod` (an alias), or the first 8 or more digits of a content digest.

        Raises:
            NotFoundError: nothing fits; knows near names.
        """
        name, _, wanted = ref.partition(":")
        found = list(self.versions(name)) if _NAME.match(name) else []
        if not found and not wanted and _CONTENT.match(ref):
            matching = [v for n in self.names() for v in self.versions(n)]
            found = [v for v in matching if v.content.startswith(ref)]
            if len({version.content for version in found}) > 1:
                raise AmbiguousError(
                    f"Several versions have content that begins with {ref}.",
                    suggestions=tuple(version.ref for version in found[:10]),
                    hint="Give more digits of it, or a name.",
                )
            if found:
                return found[0]
        if not found:
            close = near(name, self.names())
            raise NotFoundError(
                f"There is no data set `{name:.100}`.",
                suggestions=close,
                hint=f"Did you mean {', '.join(close)}?" if close else "See `peira data ls`.",
            )
        if wanted in ("", LATEST):
            return found[-1]
        number = _NUMBER.match(wanted)
        chosen = int(number[1]) if number else self.aliases(name).get(wanted)
        for version in found:
            if version.number == chosen:
                return version
        known = [f"v{v.number}" for v in found[-5:]] + sorted(self.aliases(name))
        raise NotFoundError(
            f"The data set `{name}` has no version or alias `{wanted:.100}`.",
            suggestions=tuple(known),
            hint=f"It has {', '.join(known)}.",
        )

    def parent_of(self, version: Version) -> Version | None:
        """Return the version that another was made from, also when it was removed since: its record
        stays, and so do the splits and seals of its name.
        """
        name, _, number = (version.parent or "").partition(":")
        number = number.partition(":")[0].removeprefix("v")
        return self._read(name, int(number)) if _NAME.match(name) and number.isdecimal() else None

    def ancestry(self, version: Version) -> list[str]:
        """Return the names of the data sets that a version comes from, its own first."""
        names = [version.name]
        seen = {version.ref}
        above = self.parent_of(version)
        while above is not None and above.ref not in seen:
            seen.add(above.ref)
            names.append(above.name)
            above = self.parent_of(above)
        return list(dict.fromkeys(names))

    def places(self, version: Version) -> list[str]:
        """Return where the bytes of a version were found after they were added, when they were not
        copied; the latest first. Machines that share a lab may have them in different places.
        """
        decisions = self.journal.history(PLACE, version.content)
        return list(dict.fromkeys(str(one.value) for one in reversed(decisions) if one.value))

    def set_place(self, version: Version, place: str) -> None:
        """Say where the bytes of a version are that were not copied."""
        self.journal.append(PLACE, version.content, place)

    def aliases(self, name: str) -> dict[str, int]:
        """Return the aliases of a name with the numbers that they stand for."""
        prefix = f"{name}/"
        return {
            id.removeprefix(prefix): int(decision.value)
            for id, decision in self.journal.standing(ALIAS).items()
            if id.startswith(prefix)
        }

    def set_alias(self, version: Version, alias: str) -> None:
        """Let an alias mean this version from now on.

        Raises:
            UsageError: it cannot be an alias: `latest`, or it reads as a number.
        """
        if not _NAME.match(alias) or alias == LATEST or _NUMBER.match(alias):
            raise UsageError(
                f"{alias!r:.60} cannot be an alias.",
                hint="Use letters, digits, `.`, `_` and `-`; not `latest`, and no number.",
            )
        self.journal.append(ALIAS, f"{version.name}/{alias}", version.number)

    def drop_alias(self, name: str, alias: str) -> None:
        """Take an alias away."""
        if alias not in self.aliases(name):
            raise NotFoundError(f"The data set `{name:.100}` has no alias `{alias:.100}`.")
        self.journal.append(ALIAS, f"{name}/{alias}", None)

    def remove(self, version: Version) -> None:
        """Hide a version. Its number is never given again; adding its content brings it back."""
        self.journal.append(REMOVED, _removal_id(version), True)

    def removed(self) -> list[Version]:
        """Return the versions that were removed and whose bytes were not given up yet."""
        gone = self.journal.standing(REMOVED)
        purged = self.journal.standing(DATASET_PURGED)
        every = [v for name in self._folders() for v in self.versions(name, removed=True)]
        return [v for v in every if _removal_id(v) in gone and _removal_id(v) not in purged]

    def purge(self, version: Version) -> None:
        """Give up the bytes of a removed version: collecting garbage may delete them.

        Raises:
            UsageError: it was not removed before.
        """
        if not self.is_removed(version):
            raise UsageError(f"{version.ref} was not removed.", hint="Remove it first.")
        self.journal.append(DATASET_PURGED, _removal_id(version), True)

    def is_removed(self, version: Version) -> bool:
        """Whether a version was removed; its record stays."""
        return _removal_id(version) in self.journal.standing(REMOVED)

    def _is_purged(self, version: Version) -> bool:
        return _removal_id(version) in self.journal.standing(DATASET_PURGED)

    def _folders(self) -> list[str]:
        try:
            found = sorted(entry.name for entry in self.folder.iterdir())
        except FileNotFoundError:
            return []
        return [name for name in found if _NAME.match(name)]


def check_format(path: Path, written: int, known: int) -> None:
    """Refuse a record that a newer Peira made.

    Raises:
        UnsupportedError: its format is not known here.
    """
    if written > known:
        raise UnsupportedError(
            f"{path} has format {written}; this Peira reads up to {known}.",
            hint="Upgrade: pip install -U peira.",
        )


def _removal_id(version: Version) -> str:
    return f"{version.name}/v{version.number}"


def _check_name(name: str) -> None:
    if not _NAME.match(name):
        raise UsageError(
            f"{name!r:.60} cannot be the name of a data set.",
            hint="Use letters, digits, `.`, `_` and `-`, up to 100, a letter or digit first.",
        )
