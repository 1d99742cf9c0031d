"""How fast the repeat guard finds earlier runs in a lab of 100,000.

    python -m benchmarks.repeat [--runs 100000]

The lab is made once, in about ten minutes, and kept in the folder for temporary files. Its runs
are all of one program, so that everything which could be near is near. Measured are whole look-ups,
from the opening of the index to the answer: before `peira run` starts a program, and beside an SDK
run; with the index up to date, and with 20 or 100 runs that it does not know yet.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from peira.capture.fingerprint import asked
from peira.capture.program import program_of
from peira.core.ids import new_run_id
from peira.lab.earlier import EarlierRuns
from peira.lab.lab import Lab
from peira.lab.recorded import read_folder
from peira.record import young
from peira.record.folder import RunFolder
from peira.rerun import guard
from peira.rerun.content import digest_reader, text_now
from peira.rerun.likeness import Beginning
from peira.testing.generator import PROJECTS, make_lab

BAR_MS = 20
YOUNG = (20, 100)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=100_000)
    root = repeat_lab(parser.parse_args().runs)
    measure(root, "index up to date")
    for count in YOUNG:
        made = grow(root, count)
        try:
            measure(root, f"{count} runs younger than it")
        finally:
            for name in made:
                shutil.rmtree(root / "runs" / name)
            young.unmark(root, made)


def repeat_lab(runs: int) -> Path:
    """Return the `.peira` folder of the lab, made first when it is missing."""
    kept = Path(tempfile.gettempdir()) / "peira-benchmarks" / f"repeat-{runs}"
    if not kept.exists():
        print(f"making a lab of {runs:,} runs, once: {kept}", flush=True)
        fresh = kept.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        make_lab(fresh / ".peira", runs=runs, metrics=2, points=2)
        with Lab(fresh) as lab:
            lab.catch_up(wait_s=3600)
        fresh.rename(kept)
    root = kept / ".peira"
    (root / young.NAME).mkdir(exist_ok=True)  # as if each run had been marked, read and unmarked
    return root


def grow(root: Path, count: int) -> list[str]:
    """Add runs that no reader has seen; returns their ids."""
    there = sorted(path.name for path in (root / "runs").iterdir())[-count:]
    made = []
    for name in there:
        fresh = new_run_id()
        shutil.copytree(root / "runs" / name, root / "runs" / fresh)
        path = root / "runs" / fresh / "run.json"
        born = msgspec.json.decode(path.read_bytes())
        path.write_bytes(msgspec.json.encode(born | {"id": fresh}))
        young.mark(root, fresh)
        made.append(fresh)
    return made


def measure(root: Path, title: str) -> None:
    """Print one line a look-up: median and best of sixty, over runs from all over the lab."""
    names = sorted(path.name for path in (root / "runs").iterdir())
    chosen = random.Random(0).sample(names, 20)
    runs = [run for name in chosen if (run := read_folder(RunFolder(root / "runs" / name)))]
    known = [_beginning(run.birth.command, run.birth.directory, root, run.params) for run in runs]
    asked_of = [msgspec.structs.replace(one, params=None) for one in known]
    line(f"before a start, {title}", root, guard.before, asked_of)
    line(f"beside a run, {title}", root, guard.beside, known)


def _beginning(command: list[str], directory: str, root: Path, params: dict[str, Any]) -> Beginning:
    program = program_of(command, directory)
    return Beginning(
        program=program,
        arguments=asked(program),
        directory=directory,
        environment={},
        params=params,
        packages=dict,
        python=lambda: "3.11.9",
        accelerators=list,
        root=root,
        digest=digest_reader(root),
        text=text_now,
        content=lambda digest: None,
    )


def line(
    title: str,
    root: Path,
    look: Callable[[EarlierRuns, Beginning, str], guard.Found],
    beginnings: list[Beginning],
) -> None:
    """Measure one kind of look-up and print it."""
    times: list[float] = []
    processor: list[float] = []
    for _ in range(3):
        for now in beginnings:
            started, used = time.perf_counter(), time.process_time()
            with EarlierRuns(root) as earlier:
                look(earlier, now, PROJECTS[0])
            times.append((time.perf_counter() - started) * 1e3)
            processor.append((time.process_time() - used) * 1e3)
    median = statistics.median(times)
    verdict = "ok" if median <= BAR_MS else "OVER"
    print(
        f"{title:<48} {median:6.1f} ms, best {min(times):5.1f}, of the processor"
        f" {statistics.median(processor):5.1f}  {verdict} (bar {BAR_MS})",
        flush=True,
    )


if __name__ == "__main__":
    main()
