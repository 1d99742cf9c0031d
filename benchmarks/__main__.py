"""Run every benchmark of this folder, one after the other, and print their tables.

python -m benchmarks            all of them, the comparison with other trackers last
python -m benchmarks log lab    only these
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ORDER = (
    "log",
    "capture",
    "lab",
    "query",
    "repeat",
    "lineage",
    "checkpoint",
    "rerun",
    "sweep",
    "data",
    "cli",
    "server",
    "charts",
    "explore",
    "dashboard",
    "evaluate",
    "install",
    "peers",
)


def machine() -> str:
    """Return one line about this machine: a figure without it means nothing."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [
            s.split(":")[1].strip() for s in cpuinfo.read_text().splitlines() if "model name" in s
        ]
        model = models[0] if models else model
    load = os.getloadavg()[0]
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, load {load:.1f}"
    )


def main() -> int:
    names = sys.argv[1:] or [
        n for n in ORDER if (FOLDER / f"{n}.py").exists() or (FOLDER / n).is_dir()
    ]
    unknown = [n for n in names if n not in ORDER]
    if unknown:
        print(f"No benchmark is called {', '.join(unknown)}; there are {', '.join(ORDER)}.")
        return 2
    print(machine(), flush=True)
    failed = []
    for name in names:
        print(f"\n== {name}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}"], check=False, cwd=FOLDER.parent
        )
        if done.returncode != 0:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
