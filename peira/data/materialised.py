"""Files of a version as a folder, for programs that want paths.

    .peira/materialised/<content>              all files of a version
    .peira/materialised/<content>-<rows>       those of some rows

A folder appears whole. It is compared with what it should hold whenever it is asked for: names
always, bytes unless nothing happened to the file since they were compared the last time
(`peira/capture/digests.py`). It may be deleted at any time. Files of other kinds that a program
wrote into it are left.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from peira.capture.digests import DigestMemory, Known
from peira.core.errors import DamagedError, LabError, NotFoundError
from peira.data.manifest import Member
from peira.objects.digest import digest_file

FOLDER = "materialised"


def folder(
    root: Path, name: str, wanted: Mapping[str, Member], put: Callable[[Member, Path], object]
) -> Path:
    """Return a folder with files.

    Args:
        wanted: the files, by their paths in the folder.
        put: puts one of them at a place: its bytes, or a link to them.

    Raises:
        DamagedError: the folder is there and holds something else.
        LabError: it cannot be written.
    """
    target = root / FOLDER / name
    if target.is_dir():
        _compare(root, target, wanted)
        return target
    try:
        target.parent.mkdir(mode=0o700, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".", dir=target.parent))
        try:
            for path, member in wanted.items():
                place = fresh / path
                place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                put(member, place)
            fresh.replace(target)
        except OSError:
            if not target.is_dir():  # another process was first otherwise
                raise
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        raise LabError(f"Cannot write {target}: {error.strerror or error}.") from error
    return target


def forget(root: Path, content: str) -> None:
    """Delete the folders of a content."""
    for path in (root / FOLDER).glob(f"{content}*"):
        shutil.rmtree(path, ignore_errors=True)


def _compare(root: Path, target: Path, wanted: Mapping[str, Member]) -> None:
    present = {
        Path(folder, name).relative_to(target).as_posix()
        for folder, _, names in os.walk(target)
        for name in names
    }
    # Programs leave caches beside data; what has the suffix of data would be taken for it.
    suffixes = {PurePosixPath(path).suffix.lower() for path in wanted}
    added = {p for p in present - wanted.keys() if PurePosixPath(p).suffix.lower() in suffixes}
    odd = sorted(added | (wanted.keys() - present))
    if odd:
        what = "is not in it" if odd[0] in wanted else "does not belong to it"
        raise _changed(target, f"{odd[0]} {what}")
    memory = DigestMemory(root, folder=target)
    known = []
    for path, member in wanted.items():
        place = target / path
        if place.is_symlink():  # to bytes that were not copied: anybody may change them
            check_file(place.readlink(), member)
            continue
        state = place.stat()
        digest = memory.find(str(place), state)
        if digest is None:
            digest = digest_file(place).digest
            known.append(Known(str(place), state, digest))
        if digest != member.object:
            raise _changed(target, f"{path} has other bytes than in the version")
    memory.remember_all(known)


def _changed(target: Path, what: str) -> DamagedError:
    return DamagedError(
        f"The folder {target} was changed since it was written from a data version: {what}.",
        hint="Delete the folder; it is written again.",
    )


def check_file(path: Path, member: Member) -> None:
    """Hold a file that a version only refers to against its digest.

    Raises:
        NotFoundError, DamagedError: it is gone or cannot be read, or has changed.
    """
    try:
        found = digest_file(path).digest
    except FileNotFoundError:
        raise NotFoundError(
            f"{path} is gone; the data version only refers to it.",
            hint="Bring it back, or add it from where it is now.",
        ) from None
    except OSError as error:
        raise NotFoundError(
            f"{path} cannot be read: {error.strerror or error}; the data version only refers to it."
        ) from error
    if found != member.object:
        raise DamagedError(
            f"{path} has changed since it was added: its digest is {found}, not {member.object}.",
            hint="Add it again as a new version.",
        )
