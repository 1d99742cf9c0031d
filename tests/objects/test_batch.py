"""Many files at once: the same objects as one by one, whole or absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from blake3 import blake3

from peira.core.errors import UsageError
from peira.objects import batch
from peira.objects.digest import digest_file, digest_files
from peira.objects.folder import FolderObjects


def made(folder: Path, count: int) -> list[str]:
    """Make small files, each second one like its neighbour, and a large one in the middle."""
    folder.mkdir()
    for number in range(count):
        data = b"large" * 300_000 if number == count // 2 else b"%d" % (number // 2)
        (folder / f"{number:04d}").write_bytes(data)
    return [os.fspath(path) for path in sorted(folder.iterdir())]


def test_a_batch_is_the_objects_of_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In order, each content once, in several batches; counts rise to all files and bytes."""
    monkeypatch.setattr(batch, "FILES", 300)
    paths = made(tmp_path / "files", 1_000)
    objects = FolderObjects(tmp_path / "objects")
    told: list[tuple[int, int]] = []
    found = objects.put_files(paths, lambda files, size: told.append((files, size)))
    assert [s.digest for s in found] == [blake3(Path(p).read_bytes()).hexdigest() for p in paths]
    assert {s.digest for s in objects.iterate()} == {s.digest for s in found}
    assert told == sorted(told) and told[-1] == (1_000, sum(s.size for s in found))
    assert not list(objects.incoming.iterdir())
    assert objects.put_files(paths) == found


def test_a_file_that_cannot_be_stored_leaves_nothing_unfinished(tmp_path: Path) -> None:
    """What was written and has no name yet is removed."""
    paths = made(tmp_path / "files", 10)
    os.mkfifo(tmp_path / "pipe")
    objects = FolderObjects(tmp_path / "objects")
    with pytest.raises(UsageError, match="not a file"):
        objects.put_files([*paths, os.fspath(tmp_path / "pipe")])
    assert not list(objects.incoming.iterdir())


def test_digests_of_files_without_storing_them(tmp_path: Path) -> None:
    """Small, mapped and shared ones have the digests that anybody computes."""
    paths = made(tmp_path / "files", 600)
    large = tmp_path / "large"
    large.write_bytes(b"x" * (5 << 20))
    every = [*paths, os.fspath(large)]
    told: list[tuple[int, int]] = []
    found = list(digest_files(every, lambda files, size: told.append((files, size))))
    assert [s.digest for s in found] == [blake3(Path(p).read_bytes()).hexdigest() for p in every]
    assert told[-1] == (601, sum(s.size for s in found))


def test_a_file_larger_than_a_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is mapped once, hashed piece by piece, and told piece by piece."""
    monkeypatch.setattr("peira.objects.digest.PIECE_BYTES", 1 << 20)
    monkeypatch.setattr("peira.objects.digest._SHARED_BYTES_MIN", 1 << 20)
    (tmp_path / "large").write_bytes(bytes(range(256)) * 10_000)
    told: list[int] = []
    found = digest_file(tmp_path / "large", told.append)
    assert found == (blake3((tmp_path / "large").read_bytes()).hexdigest(), 2_560_000)
    assert told == [1 << 20, 1 << 20, 2_560_000 - (2 << 20)]


def test_a_file_that_is_cut_off_while_it_is_hashed(tmp_path: Path) -> None:
    """What was read counts; the process goes on."""
    path = tmp_path / "large"
    path.write_bytes(bytes(24 << 20))
    found = digest_file(path, lambda count: os.truncate(path, 9 << 20))
    assert found == digest_file(path) and found.size == 9 << 20
