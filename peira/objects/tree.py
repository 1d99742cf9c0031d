"""A file or a folder as the members of an artifact."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
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


def files(root: Path) -> Iterator[Path]:
    """Yield all files below a folder; see `paths`."""
    yield from map(Path, paths(root))


def paths(root: Path, on_left_out: Callable[[str], object] = lambda path: None) -> Iterator[str]:
    """Yield the paths of all files below a folder: links to files inside are followed, those that
    lead out, and pipes, sockets, devices and labs are passed over.

    Args:
        on_left_out: told of links that are passed over: to files outside, to folders, to nothing.

    Raises:
        OSError: something cannot be read: an artifact is whole or absent.
    """
    real_root = root.resolve()
    folders = [os.fspath(root)]
    while folders:
        try:
            with os.scandir(folders.pop()) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except FileNotFoundError:  # removed meanwhile
            continue
        below = []
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != LAB_NAME:
                    below.append(entry.path)
            elif entry.is_symlink():
                if _leads_inside(entry, real_root):
                    yield entry.path
                else:
                    on_left_out(entry.path)
            elif entry.is_file(follow_symlinks=False):
                yield entry.path
        folders += reversed(below)


def _leads_inside(entry: os.DirEntry[str], real_root: Path) -> bool:
    """Whether a link is one to a file inside."""
    path = Path(entry.path)
    try:
        return path.resolve().is_relative_to(real_root) and stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, RuntimeError):
        return False  # a link to nothing or (until Python 3.13) to itself
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        return False
