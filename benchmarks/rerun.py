"""How long it takes to restore a run, to build its environment, and to verify it.

    python -m benchmarks.rerun

Environments are built with NumPy, SciPy and scikit-learn in the versions that are installed here:
cold with an empty cache of uv, from the package index; warm with that cache.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.cli import seconds
from benchmarks.query import line
from peira.lab.lab import Lab
from peira.launch.launcher import Request, launch
from peira.objects.folder import FolderObjects
from peira.record import events, folder, lines
from peira.rerun import environment
from peira.rerun.difference import Curve
from peira.rerun.pins import read_pins
from peira.rerun.places import Places
from peira.rerun.restore import restore
from peira.rerun.verify import Result, compare

FILES, LINES = 300, 200
PACKAGES = ("numpy", "scipy", "scikit-learn", "joblib", "threadpoolctl")
METRICS, POINTS = 100, 10_000
SCRIPT = "for step in range(100):\n    print(f'loss: {1 / (step + 1)}')\n"


def main() -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="peira-rerun-bench-") as name:
        place = Path(name)
        files(place / "files")
        environments(place / "environments")
        verify(place / "verify")
    results()


def files(place: Path) -> None:
    """Restore kept sources."""
    place.mkdir()
    run = folder.make_run(place / ".peira")
    birth = events.Birth(format=1, id=run.id, name="many", project="p", created=0.0, directory="/p")
    folder.write_birth(run, birth)
    objects = FolderObjects(place / ".peira" / "objects")
    seen = []
    for n in range(FILES):
        stored = objects.put_bytes("".join(f"x = {n} + {i}\n" for i in range(LINES)).encode())
        seen.append(
            events.SeenFile(path=f"m{n}.py", object=stored.digest, size=stored.size, kept=True)
        )
    told = events.Files(time=0.0, role="source", files=seen, root="/p")
    run.events().write_bytes(lines.encode(told))
    with Lab(place) as lab:
        lab.catch_up()
        count = iter(range(1_000))
        line(
            f"restore {FILES} kept files",
            lambda: restore(lab, run.id, place / f"new{next(count)}", with_environment=False),
            None,
        )


def environments(place: Path) -> None:
    """Build an environment with an empty cache, and again with a filled one."""
    place.mkdir()
    os.environ["UV_CACHE_DIR"] = str(place / "cache")
    facts = {"installed": {name: version(name) for name in PACKAGES}, "imported": list(PACKAGES)}
    pins = read_pins(facts, Places("/p", place))

    def build(number: int) -> None:
        built = environment.build(pins, [sys.executable], place / f"env{number}")
        assert not built.unavailable, built

    once(f"environment of {len(PACKAGES)} packages, cold", lambda: build(0))
    for number in (1, 2, 3):
        once(f"environment of {len(PACKAGES)} packages, warm", lambda: build(number))  # noqa: B023
    del os.environ["UV_CACHE_DIR"]


def once(title: str, work: Callable[[], object]) -> None:
    """Measure one call and print it."""
    started = time.perf_counter()
    work()
    print(f"{title:<52} {time.perf_counter() - started:9.2f} s", flush=True)


def verify(place: Path) -> None:
    """Verify a script that does nearly nothing: what is left is Peira's own."""
    place.mkdir()
    (place / "train.py").write_text(SCRIPT)
    request = Request(
        command=["train.py"], directory=str(place), lab=str(place / ".peira"), is_shown=False
    )
    run = launch(request).run
    alone, _ = seconds([str(place / "train.py")], place)
    print(f"{'the script alone':<52} {alone:9.2f} s")
    for words in (["rerun", run], ["rerun", run, "--verify"]):
        wall, _ = seconds(["-m", "peira", *words], place)
        print(f"{'peira ' + ' '.join(w for w in words if w != run):<52} {wall:9.2f} s", flush=True)


def results() -> None:
    """Compare two results point by point."""
    draw = np.random.default_rng(0)
    metrics = {f"m{i}": Curve(np.arange(POINTS), draw.normal(size=POINTS)) for i in range(METRICS)}
    other = {key: Curve(c.steps, c.values * (1 + 1e-15)) for key, c in metrics.items()}
    line(
        f"compare {METRICS} metrics of {POINTS:,} points",
        lambda: compare(Result(metrics), Result(other)),
        None,
    )


if __name__ == "__main__":
    main()
