"""The digests of files: BLAKE3 on all cores, about as fast as `b3sum`."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from queue import SimpleQueue

from peira.core.errors import UsageError
from peira.objects._base import Stored

PIECE_BYTES = 1 << 20
"""A large file is read, and told of, by pieces of this size, each shared by all cores."""
_BUFFERS = 3
_SHARED_BYTES_MIN = 4 << 20
"""A smaller file is read and hashed by one thread, beside others."""
_BUFFER_BYTES = 1 << 20
_SMALL_BYTES_MAX = 64 << 10
"""Opening and closing such a file takes longer than hashing it, and only one thread at a time can
do so in Python: two in turns take longer than one.
"""
_AT_ONCE = 256
"""Files that one thread takes at a time."""
_one_at_a_time = threading.Lock()


def digest_file(
    path: str | os.PathLike[str],
    on_bytes: Callable[[int], object] = lambda count: None,
    *,
    is_alone: bool = True,
) -> Stored:
    """Return digest and size of a file. Takes no memory to speak of, whatever the size.

    Args:
        on_bytes: told of the pieces of a large file how many bytes they had.
        is_alone: whether all cores are free for it; else others are hashed beside it.

    Raises:
        OSError: it cannot be read.
        UsageError: it is not a regular file.

    >>> digest_file(os.devnull)
    Traceback (most recent call last):
    peira.core.errors.UsageError: '/dev/null' is not a file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise UsageError(f"{os.fspath(path)!r:.200} is not a file.")
        if state.st_size < _SHARED_BYTES_MIN or not is_alone:
            return _digest_read(descriptor, on_bytes)
        return _digest_shared(descriptor, on_bytes)
    finally:
        os.close(descriptor)


class _Buffer(threading.local):
    """The memory that a thread reads into: to take new memory for each file costs as much as to
    hash it.
    """

    def __init__(self) -> None:
        self.bytes = memoryview(bytearray(_BUFFER_BYTES))


_buffer = _Buffer()


def _digest_read(descriptor: int, on_bytes: Callable[[int], object]) -> Stored:
    from blake3 import blake3

    hasher, size = blake3(), 0
    while count := os.readv(descriptor, [_buffer.bytes]):
        hasher.update(_buffer.bytes[:count])
        size += count
        if count == _BUFFER_BYTES:  # of a small file the caller tells
            on_bytes(count)
    return Stored(hasher.hexdigest(), size)


def _digest_shared(descriptor: int, on_bytes: Callable[[int], object]) -> Stored:
    """Hash with all cores, while a thread reads on.

    The file is not mapped into memory, which would save the copy: where it is cut off meanwhile, a
    page that is gone ends the process without a word, and with it a training that checks its data.
    """
    from blake3 import blake3

    free: SimpleQueue[memoryview | None] = SimpleQueue()
    full: SimpleQueue[tuple[memoryview, int] | OSError] = SimpleQueue()

    def read() -> None:
        try:
            while (buffer := free.get()) is not None:
                full.put((buffer, os.readv(descriptor, [buffer])))
        except OSError as error:
            full.put(error)

    reader = threading.Thread(target=read, name="peira-digest", daemon=True)
    reader.start()
    hasher, size = blake3(max_threads=blake3.AUTO), 0
    try:
        for _ in range(_BUFFERS):
            free.put(memoryview(bytearray(PIECE_BYTES)))
        while True:
            found = full.get()
            if isinstance(found, OSError):
                raise found
            buffer, count = found
            if not count:
                return Stored(hasher.hexdigest(), size)
            hasher.update(buffer[:count])
            free.put(buffer)
            size += count
            on_bytes(count)
    finally:
        free.put(None)
        reader.join()


def digest_files(
    paths: Sequence[str], on_done: Callable[[int, int], object] = lambda files, size: None
) -> Iterator[Stored]:
    """Yield digest and size of many files, in their order, beside each other; where there are fewer
    large ones than cores, all cores share each.

    Args:
        on_done: told, every now and then, how many files and bytes are done so far.

    Raises:
        OSError: one cannot be read.
    """
    lock = threading.Lock()
    files = size = 0

    def tell(more: int, count: int) -> None:
        nonlocal files, size
        with lock:
            files, size = files + more, size + count
            on_done(files, size)

    def some(part: Sequence[str]) -> list[Stored]:
        told = 0

        def tell_bytes(count: int) -> None:
            nonlocal told
            told += count
            tell(0, count)

        is_small = Path(part[0]).stat().st_size <= _SMALL_BYTES_MAX
        with _one_at_a_time if is_small else nullcontext():
            found = [digest_file(path, tell_bytes, is_alone=is_alone) for path in part]
        tell(len(found), sum(stored.size for stored in found) - told)
        return found

    workers = os.cpu_count() or 1
    parts = _parts(paths)
    is_alone = len(parts) < workers
    pool = ThreadPoolExecutor(max_workers=workers)
    try:
        for found in pool.map(some, parts):
            yield from found
    finally:
        pool.shutdown(cancel_futures=True)


def _parts(paths: Sequence[str]) -> list[Sequence[str]]:
    """Cut paths into what one thread takes at a time: many small files, or one large one."""
    parts = []
    start = 0
    while start < len(paths):
        is_large = Path(paths[start]).stat().st_size >= _SHARED_BYTES_MIN
        parts.append(paths[start : start + (1 if is_large else _AT_ONCE)])
        start += len(parts[-1])
    return parts


def read_all(descriptor: int, size: int) -> bytes:
    """Return what an open file holds; `size` is what is expected."""
    data = os.read(descriptor, size + 1)
    if len(data) == size:
        return data
    pieces = [data]
    while piece := os.read(descriptor, 1 << 20):
        pieces.append(piece)
    return b"".join(pieces)
