"""What a checkpoint costs: against a plain copy of the same file that is made durable, too.

    python -m benchmarks.checkpoint [--megabytes 1000]

A ratio of 1 is the speed of the copy. Both read the file, write another one and wait for the disk;
a checkpoint also computes the BLAKE3 digest. `log()` is measured alone, and while another thread
saves.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import peira
from benchmarks.lab import row
from peira.objects.folder import FolderObjects

REPEATS = 5
LARGE_BYTES = 1_000_000
SOURCE = "model.bin"


class Cost(NamedTuple):
    """Seconds of the clock and of the processor."""

    wall: float
    cpu: float


def cost(action: Callable[[], object], folder: Path, spared: Path | None = None) -> Cost:
    """Return what a call costs, on a disk that has nothing else to write.

    Large files that earlier calls left in the folder go first: the next one may use their memory.
    Memory that a virtual machine has not used before is several times slower to write to.
    """
    for path in folder.rglob("*"):
        if (
            path.is_file()
            and path.stat().st_size > LARGE_BYTES
            and path.name != SOURCE
            and path != spared
        ):
            path.unlink()
    os.sync()
    begun, used = time.perf_counter(), time.process_time()
    action()
    return Cost(time.perf_counter() - begun, time.process_time() - used)


class Bench:
    """A run in a folder, and what is compared with it."""

    def __init__(self, run: peira.Run, folder: Path, size: int) -> None:
        self.run = run
        self.folder = folder
        self.size = size
        self.target = folder / "plain"
        self.spared: Path | None = None
        """An object that is needed again."""

    def against(
        self, name: str, action: Callable[[int], object], plain: Callable[[], object], bar: str
    ) -> None:
        """Print how an action compares with a plain one that writes `target`: turn by turn, so that
        both meet the same neighbours on the machine; the shortest times of each.
        """
        pairs = [
            (
                cost(lambda n=n: action(n), self.folder, self.spared),
                cost(plain, self.folder, self.spared),
            )  # type: ignore[misc]
            for n in range(REPEATS)
        ]
        ones, others = zip(*pairs, strict=True)
        wall = min(one.wall for one in ones) / min(other.wall for other in others)
        cpu = min(one.cpu for one in ones) / min(other.cpu for other in others)
        row(name, f"{wall:.2f} (processor {cpu:.2f})", bar)

    def files(self) -> None:
        """A file, new and again."""
        random = np.random.default_rng(0)
        source = self.folder / SOURCE
        source.write_bytes(random.bytes(self.size))

        def plain() -> None:
            copy(source, self.target)

        def fresh(number: int) -> None:
            with source.open("r+b") as stream:  # other content, so that nothing is there already
                stream.write(random.bytes(1_000))
            self.run.checkpoint(source, number)

        objects = FolderObjects(self.folder / ".peira" / "objects")

        def out(number: int) -> None:
            objects.copy(stored.digest, self.folder / "out")

        speed = statistics.median(cost(plain, self.folder).wall for _ in range(REPEATS))
        row("copy of a file, durable", f"{self.size / speed / 1e6:,.0f} MB/s", "")
        self.against("checkpoint of the file", fresh, plain, "<= 1.5")
        stored = objects.put_file(source)
        self.spared = objects.path(stored.digest)
        self.against("written out, verified", out, plain, "")

    def arrays(self) -> None:
        """A dict with one large array and a hundred small ones."""
        random = np.random.default_rng(1)
        large = random.normal(size=self.size // 8)
        layers = [random.normal(size=1_000) for _ in range(100)]
        state: dict[str, Any] = {"large": large, "layers": layers, "step": 0}

        def fresh(number: int) -> None:
            large[number] = number + 0.5
            self.run.checkpoint(state, number)

        self.run.checkpoint(state, 0)  # the small ones are there
        self.against("of arrays, against numpy.save", fresh, lambda: save(large, self.target), "")
        state["large"] = large[:1]

        def small() -> None:
            state["step"] += 1
            self.run.checkpoint(state, 1)

        took = statistics.median(cost(small, self.folder).wall for _ in range(REPEATS))
        row("checkpoint of 100 small arrays that did not change", f"{took * 1e3:.1f} ms", "")


def copy(source: Path, target: Path) -> None:
    """Copy a file and make it durable, as a careful program would."""
    with source.open("rb") as read, target.open("wb") as write:
        while piece := read.read(1 << 20):
            write.write(piece)
        write.flush()
        os.fsync(write.fileno())


def save(array: np.ndarray, target: Path) -> None:
    """Write an array as an NPY file and make it durable."""
    with target.open("wb") as write:
        np.save(write, array)
        write.flush()
        os.fsync(write.fileno())


def log_for(run: peira.Run, until: Callable[[], bool]) -> list[float]:
    """Return the times of log() calls, seconds, until told."""
    times = []
    while not until():
        begun = time.perf_counter()
        run.log({"loss": 0.5})
        times.append(time.perf_counter() - begun)
        time.sleep(0.0005)
    return times


def measure_log(run: peira.Run, size: int) -> None:
    """What log() feels of a checkpoint in another thread."""
    state = {"large": np.random.default_rng(2).normal(size=size // 8)}
    stop = time.perf_counter() + 2.0
    alone = log_for(run, lambda: time.perf_counter() > stop)
    thread = threading.Thread(target=run.checkpoint, args=(state, 1))
    thread.start()
    beside = log_for(run, lambda: not thread.is_alive())
    for name, times in (("alone", alone), ("while another thread saves", beside)):
        told = f"{statistics.median(times) * 1e6:.1f} / {np.quantile(times, 0.99) * 1e6:.0f} µs"
        row(f"log(), median / p99, {name}", told, "")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=1_000)
    size = parser.parse_args().megabytes * 1_000_000
    os.environ["PEIRA_QUIET"] = "1"
    with tempfile.TemporaryDirectory(prefix="peira-bench-") as name:
        folder = Path(name)
        os.environ["TMPDIR"] = name
        with peira.init("bench", lab=folder, console=False, monitor=False, strict=True) as run:
            run.keep_checkpoints(1)
            bench = Bench(run, folder, size)
            bench.files()
            bench.arrays()
            measure_log(run, size)


if __name__ == "__main__":
    main()
