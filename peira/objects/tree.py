"""A file or a folder as the members of an artifact."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from peira.core.errors import UsageError
from peira.core.values import well_formed
from peira.objects._base import Objects
from peira.record.folder import LAB_NAME

FILES_MAX = 100_000


class Member(NamedTuple):
    """One stored file; `path` is relative, with `/`."""

    path: str
    digest: str
    size: int


def put(objects: Objects, source: Path) -> list[Member]:
    """Store a file, or all files below a folder, and return the members, sorted by path.

    Links inside a folder are followed to files only when they stay inside; pipes, sockets and
    devices are passed over, and so is a lab inside.

    Raises:
        UsageError: there are more than `FILES_MAX` files, or it is neither a file nor a folder.
        OSError: something cannot be read or stored.
    """
    if source.is_file():
        return [Member(well_formed(source.name), *objects.put_file(source))]
    if not source.is_dir():
        raise UsageError(f"{source} is neither a file nor a folder.")
    members: list[Member] = []
    for path in files(source):
        if len(members) == FILES_MAX:
            raise UsageError(
                f"{source} holds more than {FILES_MAX} files.",
                hint="Pack it into an archive first.",
            )
        name = well_formed(path.relative_to(source).as_posix())
        members.append(Member(name, *objects.put_file(path)))
    return sorted(members)


def _refuse(error: OSError) -> None:
    """Raise what `os.walk` would pass over: an artifact is whole or absent."""
    if not isinstance(error, FileNotFoundError):  # removed meanwhile
        raise error


def files(root: Path) -> Iterator[Path]:
    """Yield all files below a folder: links to files inside are followed, those that lead out, and
    pipes, sockets, devices and labs are passed over.

    Raises:
        OSError: something cannot be read.
    """
    real_root = root.resolve()
    for folder, folders, names in os.walk(root, onerror=_refuse):
        folders[:] = sorted(set(folders) - {LAB_NAME})
        for name in sorted(names):
            path = Path(folder, name)
            try:
                is_inside = not path.is_symlink() or path.resolve().is_relative_to(real_root)
                if is_inside and stat.S_ISREG(path.stat().st_mode):
                    yield path
            except (FileNotFoundError, RuntimeError):
                continue  # removed meanwhile, or a link to nothing or (until Python 3.13) to itself
            except OSError as error:
                if error.errno != errno.ELOOP:
                    raise
