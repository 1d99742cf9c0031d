"""Size of `pip install peira` in a fresh virtual environment, package by package, and what an
import costs.

Bytes are those of the files in site-packages (compiled Python included), pip and setuptools apart.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_OURS = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence.pth")
IMPORTS = 15


def size_mb(path: Path) -> float:
    """Return the megabytes (10^6 bytes) of a file or of all files below a folder."""
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(p.stat().st_size for p in files) / 1e6


def import_ms(python: Path, statement: str) -> float:
    """Return the median wall time of a statement in a fresh process, less that of an empty one."""

    def once(code: str) -> float:
        begin = time.perf_counter()
        subprocess.run([python, "-c", code], check=True)
        return (time.perf_counter() - begin) * 1000

    pairs = [once(statement) - once("pass") for _ in range(IMPORTS)]
    return statistics.median(pairs)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="peira-install-") as scratch:
        subprocess.run([sys.executable, "-m", "venv", scratch], check=True)
        python = Path(scratch) / "bin" / "python"
        begin = time.perf_counter()
        subprocess.run([python, "-m", "pip", "install", "-q", str(ROOT)], check=True)
        print(f"pip install           {time.perf_counter() - begin:6.1f} s")
        (site,) = Path(scratch).glob("lib/python*/site-packages")
        sizes = {p.name: size_mb(p) for p in site.iterdir() if not p.name.startswith(NOT_OURS)}
        print(f"installed             {sum(sizes.values()):6.1f} MB   bar 120 MB")
        for name, size in sorted(sizes.items(), key=lambda item: -item[1])[:10]:
            print(f"  {name:<45} {size:6.1f} MB")
        print(f"import peira          {import_ms(python, 'import peira'):6.1f} ms   bar 60 ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
