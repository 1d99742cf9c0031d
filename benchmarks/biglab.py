"""The lab that the benchmarks ask: 10,000 runs x 20 params x 20 metrics x 50 to 100 points, and
1,000 runs of 1,000 points with 3 metrics, all ended and sealed.

It is made once, in some minutes, and kept in the folder for temporary files, so that every
benchmark measures the same lab.

    python -m benchmarks.biglab [--runs 10000]
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from peira.lab.lab import Lab
from peira.testing.generator import make_lab

RUNS = 10_000
MANY = "digits"
LONG = "curves"


def big_lab(runs: int = RUNS) -> Path:
    """Return the `.peira` folder of the lab, made first when it is missing."""
    folder = Path(tempfile.gettempdir()) / "peira-benchmarks"
    kept = folder / f"lab-{runs}"
    if not kept.exists():
        print(f"making a lab of {runs:,} runs, once: {kept}", flush=True)
        fresh = folder / f"lab-{runs}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        _make(fresh / ".peira", runs)
        fresh.rename(kept)
    return kept / ".peira"


def _make(root: Path, runs: int) -> None:
    begin = time.perf_counter()
    make_lab(root, runs=runs, projects=(MANY,))
    # Later than the others, and of another seed, so that no id is drawn twice.
    make_lab(
        root,
        runs=min(runs, 1_000),
        points=1_000,
        metrics=3,
        projects=(LONG,),
        seed=1,
        start_s=1_770_000_000.0,
    )
    written = time.perf_counter()
    with Lab(root) as lab:
        lab.catch_up(wait_s=3600)
        read = time.perf_counter()
        lab.seal()
        lab.catch_up(wait_s=3600)
    sealed = time.perf_counter()
    print(
        f"written in {written - begin:.0f} s, read into the index in {read - written:.0f} s, "
        f"sealed in {sealed - read:.0f} s",
        flush=True,
    )


def main() -> None:
    """Make the lab when it is missing, and say where it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    print(big_lab(parser.parse_args().runs))


if __name__ == "__main__":
    main()
