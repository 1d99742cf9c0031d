"""How fast runs are compared: in a lab of 10,000 runs, with 2,000 params, with much code.

    python -m benchmarks.compare [--runs 10000]

The first two figures are of the lab of `benchmarks/biglab.py`; the last ones are whole processes,
from start to end. The code is 300 kept files of 200 lines, 30 of which differ.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.biglab import MANY, RUNS, big_lab
from benchmarks.cli import seconds
from benchmarks.query import line
from peira.compare.diff import compare
from peira.compare.table import tabulate
from peira.compare.textdiff import CAREFUL_LINES_MAX, Budget, change
from peira.lab.lab import Lab
from peira.objects.folder import FolderObjects
from peira.record import events, lines
from peira.testing.generator import make_lab

PARAMS = 2_000
FILES, CHANGED, LINES = 300, 30, 200
TIMES = 5


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    root = big_lab(parser.parse_args().runs)
    with Lab(root) as lab:
        lab.catch_up()
        lab.is_kept_up = True
        many = [row.id for row in lab.runs("", project=MANY, limit=8).page.rows]
        line("diff of 2 runs", lambda: compare(lab, many[:2]), 100)
        line("diff of 8 runs", lambda: compare(lab, many), None)
        line("table of 1,000 runs", lambda: tabulate(lab, (), project=MANY, limit=1000), None)
    with tempfile.TemporaryDirectory(prefix="peira-compare-") as folder:
        made = Path(folder) / ".peira"
        wide = make_lab(made, runs=8, params=PARAMS, points=5)
        with_code(made, wide)
        with Lab(made) as lab:
            lab.catch_up(wait_s=600)
            lab.is_kept_up = True
            line(f"diff of 8 runs with {PARAMS:,} params", lambda: compare(lab, wide), 500)
            line(f"{FILES} files of code, {CHANGED} changed", lambda: code(lab, wide), None)
    texts(CAREFUL_LINES_MAX // 2)
    process("peira diff, whole process", ["-m", "peira", "diff", *many[:2]], root, 1000)


def with_code(root: Path, runs: list[str]) -> None:
    """Give the first two runs source files."""
    objects = FolderObjects(root / "objects")
    for version, run in enumerate(runs[:2]):
        files = []
        for n in range(FILES):
            text = [f"def function_{n}_{i}(x):\n" for i in range(LINES)]
            if n < CHANGED and version:
                text[LINES // 2] = "# changed\n"
            stored = objects.put_bytes("".join(text).encode())
            files.append(
                events.SeenFile(
                    path=f"part{n}.py", object=stored.digest, size=stored.size, kept=True
                )
            )
        told = events.Files(time=0.0, role="source", files=files, root="/project")
        with (root / "runs" / run / "events.jsonl").open("ab") as stream:
            stream.write(lines.encode(told))


def code(lab: Lab, runs: list[str]) -> object:
    """Compare the code alone."""
    return compare(lab, runs[:2], sections=["code"])


def texts(count: int) -> None:
    """The worst that line by line costs: two texts made of two words."""
    one, other = (
        "".join("ab"[hash((seed, i)) % 2] + "\n" for i in range(count)).encode() for seed in (1, 2)
    )
    line(f"worst case: 2 texts of {count:,} lines", lambda: change(one, other, [1], Budget()), None)


def process(title: str, words: list[str], lab: Path, bar_ms: float) -> None:
    """Print the best and the median of whole processes."""
    seconds(words, lab)
    found = sorted(seconds(words, lab)[0] for _ in range(TIMES))
    told = "ok" if found[TIMES // 2] * 1e3 <= bar_ms else "OVER"
    print(f"{title:<52} {found[TIMES // 2] * 1e3:9.2f} ms  {told} (bar {bar_ms:g})", flush=True)


if __name__ == "__main__":
    main()
