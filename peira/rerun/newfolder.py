"""A folder that is being filled with files whose names somebody else wrote down.

A name never leads out of the folder: not by `..`, not by being absolute, not through a link that an
earlier file was.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import BinaryIO

from peira.core.errors import UsageError


class NewFolder:
    """Writes files below `path`, which exists and is empty."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, content: bytes | BinaryIO, *, is_executable: bool = False) -> None:
        """Write a file, in the place of what is there under that name.

        Raises:
            UsageError: the name leads out of the folder. OSError: it cannot be written.
        """
        target = self._target(name)
        mode = 0o777 if is_executable else 0o666
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(target, flags, mode), "wb") as stream:
            if isinstance(content, bytes):
                stream.write(content)
            else:
                shutil.copyfileobj(content, stream, 1 << 20)

    def link(self, name: str, to: str) -> None:
        """Make a symbolic link, in the place of what is there under that name.

        Raises:
            UsageError: the name leads out of the folder.
        """
        self._target(name).symlink_to(to)

    def make_folder(self, name: str) -> None:
        """Make a folder, unless it is there.

        Raises:
            UsageError: the name leads out of the folder.
        """
        self._folder(self._parts(name), name)

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a file that was written here; None when there is none."""
        try:
            path = self.path.joinpath(*self._parts(name))
            return path.read_bytes() if stat.S_ISREG(path.lstat().st_mode) else None
        except (FileNotFoundError, NotADirectoryError):
            return None

    def remove(self, name: str) -> None:
        """Remove a file, when it is there."""
        self._target(name)

    def _target(self, name: str) -> Path:
        """Return the path of a name with its folders made, and nothing there any more."""
        *folders, last = self._parts(name)
        target = self._folder(folders, name) / last
        target.unlink(missing_ok=True)
        return target

    def _folder(self, parts: list[str], name: str) -> Path:
        here = self.path
        for folder in parts:
            here = here / folder
            try:
                here.mkdir()
            except FileExistsError:
                if not stat.S_ISDIR(here.lstat().st_mode):
                    raise _leads_out(name) from None
        return here

    def _parts(self, name: str) -> list[str]:
        parts = name.split("/")
        if "\0" in name or any(part in ("", ".", "..") for part in parts):
            raise _leads_out(name)
        return parts


def clear(folder: Path) -> None:
    """Remove a folder with all that is in it, when it is there; links in it are not followed."""
    if folder.exists():
        shutil.rmtree(folder)


def _leads_out(name: str) -> UsageError:
    return UsageError(
        f"The run names a file {name!r:.200}, which is not a path below its folder.",
        hint="Nothing was restored: its record was not written by Peira.",
    )
