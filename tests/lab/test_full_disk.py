"""A lab on a full disk can be read: its index then lives in the user's cache."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from peira.lab.index import sqlite
from peira.lab.index.sqlite import is_full
from peira.testing.generator import make_lab

_READ = """
import os, signal, sys, sqlite3
from pathlib import Path
import peira.lab.index.sqlite as sqlite
from peira.lab.lab import Lab

root, cache, when = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
os.environ["XDG_CACHE_HOME"] = str(cache)
# While it is made: a few pages; once it is opened: no page more than there are.
hook = "PRAGMA page_size" if when == "made" else "PRAGMA cell_size_check"

class Small(sqlite3.Connection):
    '''A database in the lab that may not grow beyond a few pages: SQLITE_FULL, as a full disk.'''
    inode = None
    def execute(self, text, *more):
        done = super().execute(text, *more)
        main = super().execute("PRAGMA database_list").fetchone()[2]
        if text.startswith(hook):
            if main.startswith(str(root)):
                super().execute(f"PRAGMA max_page_count=5")
        return done

real = sqlite3.connect
def connect(path, **options):
    options["factory"] = Small
    return real(path, **options)
sqlite.sqlite3.connect = connect
sqlite._Raw = Small
with Lab(root) as lab:
    print(lab.catch_up().runs, len(lab.runs()), lab.index.path.is_relative_to(cache))
"""


@pytest.mark.parametrize("when", ["made", "filled"])
def test_a_lab_on_a_full_disk_is_read(tmp_path: Path, when: str) -> None:
    """Whether there is no room to make the index or only to fill it, every run is listed."""
    root = tmp_path / "lab" / ".peira"
    make_lab(root, runs=40, points=300)
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(root), str(tmp_path / "cache"), when],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["40", "40", "True"], done.stderr


def test_which_errors_mean_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No room and no quota do; a failure of the disk does only where nothing is free."""

    def failure(code: int) -> sqlite3.Error:
        error = sqlite3.OperationalError("as SQLite says")
        error.sqlite_errorcode = code
        return error

    path = tmp_path / "index.db"
    assert is_full(OSError(errno.ENOSPC, "full"), path) and is_full(OSError(errno.EDQUOT, ""), path)
    assert not is_full(OSError(errno.EACCES, "no"), path) and not is_full(None, path)
    assert is_full(failure(sqlite3.SQLITE_FULL), path)
    assert not is_full(failure(sqlite3.SQLITE_CORRUPT), path)
    assert not is_full(failure(sqlite3.SQLITE_IOERR_WRITE), path)
    free = os.statvfs(tmp_path)
    monkeypatch.setattr(sqlite, "ROOM_MIN", free.f_bavail * free.f_frsize * 2)
    assert is_full(failure(sqlite3.SQLITE_IOERR_WRITE), path)
