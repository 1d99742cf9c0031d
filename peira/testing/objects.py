"""The suite that every object store passes.

Subclass `ObjectsSuite` in a test module and give it the fixture `objects`.
"""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest

from peira.core.errors import NotFoundError, UsageError
from peira.objects._base import Objects

DIGEST_OF_NOTHING = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
"""BLAKE3 of no bytes, from the test vectors of its authors."""


class ObjectsSuite:
    """Tests of the contract of `Objects`."""

    def test_same_bytes_come_back(self, objects: Objects) -> None:
        """What was put is read under the digest that put returned."""
        stored = objects.put_bytes(b"abc" * 1000)
        assert objects.read(stored.digest) == b"abc" * 1000
        assert stored.size == objects.size(stored.digest) == 3000

    def test_digest_is_blake3(self, objects: Objects) -> None:
        """The name of an object is the BLAKE3 digest of its bytes."""
        assert objects.put_bytes(b"").digest == DIGEST_OF_NOTHING

    def test_file_and_bytes_are_one(self, objects: Objects, tmp_path: Path) -> None:
        """The same content is one object, however it came."""
        data = bytes(range(256)) * 10_000
        (tmp_path / "file").write_bytes(data)
        assert objects.put_file(tmp_path / "file") == objects.put_bytes(data)
        assert len(list(objects.iterate())) == 1

    def test_pieces_are_one(self, objects: Objects) -> None:
        """Pieces are stored as what they are together."""
        pieces: list[bytes | memoryview] = [b"one", memoryview(b"two"), b""]
        assert objects.put_pieces(iter(pieces)) == objects.put_bytes(b"onetwo")

    def test_copy(self, objects: Objects, tmp_path: Path) -> None:
        """An object becomes a file of its own; one that is there is not replaced."""
        stored = objects.put_bytes(b"content")
        folder = tmp_path / "copies"
        folder.mkdir()
        objects.copy(stored.digest, folder / "copy")
        assert (folder / "copy").read_bytes() == b"content"
        with pytest.raises(FileExistsError):
            objects.copy(stored.digest, folder / "copy")
        with pytest.raises(NotFoundError):
            objects.copy("0" * 64, folder / "absent")
        assert [path.name for path in folder.iterdir()] == ["copy"]

    def test_stream(self, objects: Objects) -> None:
        """An opened object is read from its start."""
        stored = objects.put_bytes(b"0123456789")
        with objects.open(stored.digest) as stream:
            assert stream.read(4) == b"0123"
            assert stream.read() == b"456789"

    def test_absent(self, objects: Objects) -> None:
        """What was never put is not there, and each way of asking says so."""
        digest = "0" * 64
        assert not objects.exists(digest)
        assert not objects.delete(digest)
        for ask in (objects.read, objects.open, objects.size):
            with pytest.raises(NotFoundError):
                ask(digest)

    @pytest.mark.parametrize(
        "digest", ["", "abc", "g" * 64, "../" + "0" * 61, "0" * 63 + "\n", "A" * 64, "/" + "0" * 63]
    )
    def test_a_name_is_not_a_path(self, objects: Objects, digest: str) -> None:
        """Anything but 64 lower-case hex digits is refused before the store is touched."""
        for ask in (objects.read, objects.open, objects.size, objects.exists, objects.delete):
            with pytest.raises(UsageError):
                ask(digest)

    def test_delete(self, objects: Objects) -> None:
        """A deleted object is gone, and can be put again."""
        stored = objects.put_bytes(b"x")
        assert objects.delete(stored.digest)
        assert not objects.exists(stored.digest)
        assert objects.put_bytes(b"x") == stored
        assert objects.exists(stored.digest)

    def test_iterate_in_order(self, objects: Objects) -> None:
        """All objects are listed once, by digest."""
        stored = {objects.put_bytes(bytes([n]) * n) for n in range(50)}
        assert list(objects.iterate()) == sorted(stored)

    def test_many_threads(self, objects: Objects) -> None:
        """Threads that put the same content at once all succeed, and one object is there."""
        found: list[object] = []
        threads = [
            Thread(target=lambda: found.append(objects.put_bytes(b"same" * 10_000)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 8 and len(set(found)) == 1
        assert len(list(objects.iterate())) == 1
