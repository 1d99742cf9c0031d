"""The digests that a lab remembers: right for whoever asks, whatever others do meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from blake3 import blake3

from peira.capture import digests
from peira.capture.digests import DigestMemory

SIZE = digests.FILE_BYTES_MIN
DIGEST = "a" * 64


def made(path: Path, *, age_s: float = 60, size: int = SIZE) -> os.stat_result:
    """Make a file that was changed some time ago."""
    path.write_bytes(b"\0" * size)
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age_s))
    return path.stat()


def test_a_digest_is_remembered_by_all_processes(tmp_path: Path) -> None:
    """One computes it, another finds it."""
    found = made(tmp_path / "data")
    DigestMemory(tmp_path).remember("/data", found, DIGEST)
    assert DigestMemory(tmp_path).find("/data", found) == DIGEST
    assert DigestMemory(tmp_path).find("/other", found) is None
    assert (tmp_path / digests.NAME).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("change", ["content", "time", "inode", "attributes"])
def test_another_state_is_another_file(tmp_path: Path, change: str) -> None:
    """Also when somebody set the time back, or put another file in its place."""
    path = tmp_path / "data"
    found = made(path)
    DigestMemory(tmp_path).remember("/data", found, DIGEST)
    if change == "content":
        path.write_bytes(b"1" * SIZE)
    elif change == "time":
        os.utime(path, (0, 0))
    elif change == "inode":
        (tmp_path / "new").write_bytes(b"1" * SIZE)
        (tmp_path / "new").replace(path)
    else:
        path.write_bytes(b"1" * SIZE)
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert DigestMemory(tmp_path).find("/data", path.stat()) is None


def test_small_and_young_files_are_not_remembered(tmp_path: Path) -> None:
    """A small one is read as fast; a young one may change once more in the same tick."""
    memory = DigestMemory(tmp_path)
    memory.remember("/small", made(tmp_path / "small", size=SIZE - 1), DIGEST)
    memory.remember("/young", made(tmp_path / "young", age_s=0), DIGEST)
    assert not (tmp_path / digests.NAME).exists()


def test_damage_costs_what_is_damaged(tmp_path: Path) -> None:
    """Torn and strange lines are passed over; without the file nothing is known."""
    found = made(tmp_path / "data")
    memory = DigestMemory(tmp_path)
    memory.remember("/a", found, DIGEST)
    file = tmp_path / digests.NAME
    file.write_bytes(b'["/b",1,2,3,4,"b"]\t00000000\n[]\tx\n\xff\n' + file.read_bytes() + b'["/c",')
    assert DigestMemory(tmp_path).find("/a", found) == DIGEST
    file.unlink()
    assert DigestMemory(tmp_path).find("/a", found) is None
    file.mkdir()
    memory = DigestMemory(tmp_path)
    memory.remember("/a", found, DIGEST)
    assert memory.find("/a", found) == DIGEST


def test_many_processes_remember_at_once(tmp_path: Path) -> None:
    """Every line of each is there, whole."""
    found = made(tmp_path / "data")
    code = (
        "import os, sys; from pathlib import Path; from peira.capture.digests import DigestMemory\n"
        "memory = DigestMemory(Path('.')); found = os.stat('data')\n"
        "for n in range(200): memory.remember(f'/{sys.argv[1]}/{n}', found, 'd' * 64)"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(n)], cwd=tmp_path) for n in range(4)
    ]
    assert [process.wait() for process in running] == [0] * 4
    memory = DigestMemory(tmp_path)
    assert all(memory.find(f"/{n}/{i}", found) for n in range(4) for i in range(200))


def test_what_is_old_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file does not grow for ever: the newer half is kept."""
    monkeypatch.setattr(digests, "MEMORY_BYTES_MAX", 10_000)
    found = made(tmp_path / "data")
    memory = DigestMemory(tmp_path)
    for number in range(100):
        memory.remember(f"/{number}", found, blake3(b"%d" % number).hexdigest())
    size = (tmp_path / digests.NAME).stat().st_size
    assert size > 10_000 and DigestMemory(tmp_path).find("/99", found)
    assert (tmp_path / digests.NAME).stat().st_size < 6_000
    assert DigestMemory(tmp_path).find("/99", found) and not DigestMemory(tmp_path).find(
        "/0", found
    )
