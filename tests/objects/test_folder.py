"""Objects in a folder."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from peira.core.errors import DamagedError, NotFoundError, UsageError
from peira.objects.folder import FolderObjects
from peira.testing.objects import ObjectsSuite


@pytest.fixture
def objects(tmp_path: Path) -> FolderObjects:
    return FolderObjects(tmp_path / "objects")


class TestFolderObjects(ObjectsSuite):
    """The folder keeps the contract."""


def test_only_the_owner_may_read(objects: FolderObjects) -> None:
    """Folders are 0700 and files 0600, whatever the umask."""
    before = os.umask(0)
    try:
        stored = objects.put_bytes(b"secret")
    finally:
        os.umask(before)
    path = objects.path(stored.digest)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, objects.root, objects.root / ".incoming"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_damage_names_both_digests(objects: FolderObjects) -> None:
    """Bytes that do not fit their digest are never served (F12)."""
    stored, other = objects.put_bytes(b"good"), objects.put_bytes(b"evil")
    objects.path(stored.digest).write_bytes(b"evil")
    for ask in (objects.read, objects.open):
        with pytest.raises(DamagedError) as caught:
            ask(stored.digest)
        assert stored.digest in str(caught.value) and other.digest in str(caught.value)


def test_a_truncated_object_is_put_again(objects: FolderObjects) -> None:
    """Putting the content of a truncated object mends it."""
    stored = objects.put_bytes(b"0123456789")
    os.truncate(objects.path(stored.digest), 4)
    objects.put_bytes(b"0123456789")
    assert objects.read(stored.digest) == b"0123456789"


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_planted_things_are_not_opened(objects: FolderObjects, tmp_path: Path, kind: str) -> None:
    """A link, a pipe or a folder under a digest's name is not opened nor waited for (T06, T08)."""
    digest = "ab" + "0" * 62
    path = objects.path(digest)
    path.parent.mkdir(parents=True)
    (tmp_path / "canary").write_bytes(b"canary")
    if kind == "link":
        path.symlink_to(tmp_path / "canary")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(NotFoundError):
        objects.read(digest)
    assert not objects.exists(digest)


def test_an_object_put_again_counts_as_new(objects: FolderObjects) -> None:
    """Garbage collection spares what is young, so an old object that is used again is young."""
    path = objects.path(objects.put_bytes(b"old").digest)
    os.utime(path, (1, 1))

    objects.put_bytes(b"old")

    assert time.time() - path.stat().st_mtime < 60


def test_only_files_are_put(objects: FolderObjects, tmp_path: Path) -> None:
    """A folder or a device is refused, and nothing is left behind."""
    with pytest.raises(UsageError):
        objects.put_file("/dev/null")
    with pytest.raises(OSError, match="directory"):
        objects.put_file(tmp_path)
    assert list(objects.iterate()) == []


def test_abandoned_files_are_removed_after_a_day(objects: FolderObjects) -> None:
    """What a killed writer left is removed when it is old, never while it may be in use."""
    objects.put_bytes(b"x")
    left = objects.root / ".incoming" / "left"
    left.write_bytes(b"part")
    assert objects.remove_abandoned() == 0
    assert objects.remove_abandoned(now_s=time.time() + 90_000) == 1
    assert not left.exists()


_PUT_FOR_EVER = """
import os, sys
from peira.objects.folder import FolderObjects
objects = FolderObjects(sys.argv[1])
print("ready", flush=True)
number = 0
while True:
    objects.put_bytes(number.to_bytes(8, "big") * 40_000)
    number += 1
"""


@pytest.mark.parametrize("rounds", [5, pytest.param(200, marks=pytest.mark.soak)])
def test_killed_at_any_moment(objects: FolderObjects, rounds: int) -> None:
    """Objects are whole or absent when their writer is killed (P20)."""
    for turn in range(rounds):
        command = [sys.executable, "-c", _PUT_FOR_EVER, str(objects.root)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.01 + 0.003 * (turn % 30))
            process.send_signal(signal.SIGKILL)
        for stored in objects.iterate():
            assert len(objects.read(stored.digest)) == 320_000
