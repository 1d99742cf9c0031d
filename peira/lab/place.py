"""Where a lab and its index are."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from peira.core.errors import LabError
from peira.record.folder import find_lab, make_lab

SETTING = "PEIRA_LAB"
FOLDER_MODE = 0o700
FILE_MODE = 0o600

# File systems without what SQLite's write-ahead log needs: shared memory and working locks.
_FAR_FILE_SYSTEMS = {
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "beegfs", "ceph", "glusterfs",
    "9p", "afs", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.gcsfuse",
}  # fmt: skip


def find(place: str | os.PathLike[str] | None = None, *, create: bool = True) -> Path:
    """Return the `.peira` folder meant by `place`.

    Args:
        place: a `.peira` folder or the folder that holds one. When None: the environment's
            `PEIRA_LAB`, else the nearest `.peira` upward from the working directory, else one in
            the working directory.
        create: make the folder when it is missing.

    Raises:
        UnsupportedError: the place is the address of a server.
        LabError: there is no lab and none may be made, or it cannot be made; the named folder is
            not there.
    """
    given = os.fspath(place) if place is not None else os.environ.get(SETTING)
    root = find_lab(setting=given or None)
    if root.is_dir():
        return root
    if given and not root.parent.is_dir():  # a slip of the pen must not become an empty lab
        raise LabError(
            f"There is no lab at {root.parent}: there is no such folder.",
            hint="Name a folder that holds .peira, or .peira itself.",
        )
    if not create:
        where = f"at {root.parent}" if given else f"in {root.parent} or above it"
        raise LabError(
            f"There is no lab {where}.",
            hint="Record a run there, or name another folder with --lab or PEIRA_LAB.",
        )
    return make_lab(root)


def index_path(root: Path) -> Path:
    """Return where the index of the lab `root` lives.

    Inside the lab when that is writable and on a local disk; else in the user's cache, for the
    index is only a cache and SQLite needs working locks.
    """
    if os.access(root, os.W_OK | os.X_OK) and not _is_far(root):
        return root / "index.db"
    return cached_index_path(root)


def cached_index_path(root: Path) -> Path:
    """Return where the index of the lab `root` lives in the user's cache.

    Raises:
        LabError: that folder cannot be made.
    """
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    digest = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]
    folder = Path(home) / "peira" / digest
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(
            f"The index of the lab {root} cannot be made at {folder}: {error.strerror}.",
            hint="Name a local folder you may write to with XDG_CACHE_HOME.",
        ) from error
    return folder / "index.db"


def _is_far(root: Path) -> bool:
    """Whether `root` lies on a file system of another machine, as far as Linux tells."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    path = str(root.resolve())
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        at = fields[1].replace("\\040", " ")
        inside = path == at or path.startswith(at.rstrip("/") + "/")
        if inside and len(at) >= len(best):
            best, kind = at, fields[2]
    return kind in _FAR_FILE_SYSTEMS
