"""What data under version costs: hashing, adding, adding again, profile and checks; memory too.

Files are made in a temporary folder (3 GB). The peer of hashing is `b3sum` on the same files, else
the threads of the blake3 package on each file. The table of 70,000 x 784 is scikit-learn's real
digits, enlarged to 28 x 28, moved by up to 3 pixels and with noise, so that no two are equal.

    python -m benchmarks.data
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.lab import row, timed
from peira.objects import tree
from peira.objects.digest import digest_files

SETS = {"4 files of 256 MiB": (4, 256 << 20), "4,000 files of 200 kB": (4_000, 200_000),
        "100,000 files of 1 kB": (100_000, 1_000)}  # fmt: skip
FILES_A_FOLDER = 1_000
DIGITS = 70_000

_HARNESS = """
import json, re, sys, time
from pathlib import Path
begun, busy = time.perf_counter(), time.process_time()
root, source = Path(sys.argv[1]), Path(sys.argv[2])
{code}
took = [time.perf_counter() - begun, time.process_time() - busy]
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
print(json.dumps([*took, int(peak[1]) / 1e3]))
"""
ADD = "from peira.data.add import add_path\nadd_path(root, 'bench', source)"
REFER = "from peira.data.add import add_path\nadd_path(root, 'there', source, is_reference=True)"
PROFILE = """
from peira.data.dataset import open_dataset
from peira.data.profile import profile
profile(open_dataset(root, "digits"))
"""
CHECK = """
from peira.data.catalog import Catalog
from peira.data.checks.version import Question, check_version
check_version(root, Catalog(root).find("digits"), Question(split="main"))
"""


def made_files(folder: Path, count: int, size: int) -> Path:
    """Write files of random bytes, a thousand a folder; older than the memory asks for."""
    past = time.time() - 60
    for number in range(count):
        path = folder / f"{number // FILES_A_FOLDER:03d}" / f"{number:06d}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            for start in range(0, size, 1 << 20):
                stream.write(os.urandom(min(1 << 20, size - start)))
        os.utime(path, (past, past))
    return folder


def made_digits() -> dict[str, np.ndarray]:
    """Return 70,000 pictures of 784 pixels, and their labels."""
    from sklearn.datasets import load_digits

    real = load_digits()
    random = np.random.default_rng(0)
    which = random.integers(0, len(real.target), DIGITS)
    large = np.kron(real.images * 15, np.ones((3, 3)))[which]  # (rows, 24, 24)
    found = np.zeros((DIGITS, 28, 28), dtype=np.uint8)
    places = random.integers(0, 5, (DIGITS, 2))
    noise = random.integers(0, 15, (DIGITS, 24, 24))
    for number, (y, x) in enumerate(places):
        found[number, y : y + 24, x : x + 24] = np.minimum(large[number] + noise[number], 255)
    return {"X": found.reshape(DIGITS, -1), "y": real.target[which]}


def in_a_process(code: str, root: Path, source: Path) -> str:
    """Run code in a fresh process; return its seconds, processor seconds and peak memory."""
    command = [sys.executable, "-c", _HARNESS.format(code=code), str(root), str(source)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    wall, busy, memory = json.loads(done.stdout.splitlines()[-1])
    return f"{wall:.1f} s ({busy:.1f} s, {memory:.0f} MB)"


def b3sum(paths: list[str]) -> None:
    """Hash files by the peer."""
    if shutil.which("b3sum"):
        given = "\0".join(paths).encode()
        subprocess.run(["xargs", "-0", "b3sum"], input=given, check=True, capture_output=True)
        return
    from blake3 import blake3

    for path in paths:
        blake3(max_threads=blake3.AUTO).update_mmap(path).hexdigest()


def hashing(folder: Path) -> None:
    """Compare the speed of hashing; files are in the page cache."""
    peer = "b3sum" if shutil.which("b3sum") else "the blake3 package"
    for number, (name, (count, size)) in enumerate(SETS.items()):
        place = made_files(folder / str(number), count, size)
        paths = list(tree.paths(place))
        theirs, own = [], []
        for _ in range(5):  # by turns: others may be busy for a while
            theirs.append(timed(lambda paths=paths: b3sum(paths)))  # type: ignore[misc]
            own.append(timed(lambda place=place: list(digest_files(list(tree.paths(place))))))  # type: ignore[misc]
        ratio = f"{100 * min(theirs) / min(own):.0f} % of {peer}"
        row(f"hashing {name}: {min(own):.2f} s", ratio, ">= 80 %")


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="peira-bench-") as name:
        folder = Path(name)
        print("seconds (processor seconds, peak memory of the process)")
        hashing(folder)
        root, small = folder / "lab" / ".peira", folder / "2"
        row("add 100,000 files of 1 kB", in_a_process(ADD, root, small), "< 60 s")
        row("add them again, unchanged", in_a_process(ADD, root, small), "< 5 s")
        row("add them by reference", in_a_process(REFER, folder / "r" / ".peira", small), "")
        row("add 4 files of 256 MiB", in_a_process(ADD, root, folder / "0"), "")
        from peira.data.add import add_table
        from peira.data.dataset import Dataset
        from peira.data.splits import Recipe, make

        added = add_table(root, "digits", made_digits())
        shares = {"train": 6 / 7, "test": 1 / 7}
        make(Dataset(root, added.version), "main", Recipe(kind="stratified", shares=shares))
        row("profile of 70,000 x 784", in_a_process(PROFILE, root, root), "both")
        row("all checks of 70,000 x 784", in_a_process(CHECK, root, root), "< 30 s")


if __name__ == "__main__":
    main()
