"""What a sweep costs beside the training itself.

    python -m benchmarks.sweep                 all of it, about three minutes
    python -m benchmarks.sweep --trials 20     fewer trials against plain Optuna
    python -m benchmarks.sweep overhead        only: overhead, ask, optuna

- overhead: a trial of a function that does nothing in a warm worker, and one of a script, less the
  script's own time without Peira. Medians over the trials but the first of a worker.
- ask: from "what is next?" to the params, at 10,000 trials of nine params.
- optuna: the same trials of a function that sleeps for a second, two at once, by `peira.sweep` and
  by `Study.optimize(n_jobs=2)`, each a process of its own, from its start to its end.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from peira.core.clock import now_s
from peira.record import lines
from peira.sweeps.definition import FORMAT, Definition, Method, Objective
from peira.sweeps.folder import SweepFolder, make_sweep, new_sweep_id
from peira.sweeps.ledger import Ledger
from peira.sweeps.reading import read_sweep
from peira.sweeps.records import Claim, End
from peira.sweeps.space import Space
from peira.sweeps.study import SweepStudy

MANY = 10_000
PARAMS = "abcdefgh"
SCRIPT = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
print("loss:", parser.parse_args().x ** 2)
"""
FUNCTION = """
import time
def train(x):
    time.sleep({sleep_s})
    return x * x
"""
OURS = """
import peira
from train import train
peira.sweep(train, {"x": "float(0, 1)"}, minimize="y", trials=%d, jobs=2, sampler="tpe")
"""
THEIRS = """
import optuna
from train import train
optuna.logging.set_verbosity(optuna.logging.ERROR)
study = optuna.create_study()
study.optimize(lambda trial: train(trial.suggest_float("x", 0, 1)), n_trials=%d, n_jobs=2)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("parts", nargs="*", default=["overhead", "ask", "optuna"])
    parser.add_argument("--trials", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="peira-sweep-bench-") as name:
        place = Path(name)
        if "overhead" in options.parts:
            overhead(place)
        if "ask" in options.parts:
            ask(place / "many")
        if "optuna" in options.parts:
            against_optuna(place, options.trials)


def overhead(place: Path) -> None:
    """A trial of a function, and of a script, less the training itself."""
    (place / "train.py").write_text(FUNCTION.format(sleep_s=0))
    (place / "script.py").write_text(SCRIPT)
    run(place, "-m", "peira", "sweep", "train.py:train", "x=float(0,1)", "--minimize", "y",
        "--trials", "40", "--sampler", "random", "--name", "function")  # fmt: skip
    trials = read_sweep(place / ".peira", "function").trials
    own = [
        took - inner
        for took, inner in zip(trials.took_s[1:], trials.objective_s[1:], strict=True)
        if took is not None and inner is not None
    ]
    show("a trial of a function, warm worker", statistics.median(own) * 1e3, 150)
    bare = statistics.median(run(place, "script.py", "--x", "0.5") for _ in range(9))
    run(place, "-m", "peira", "sweep", "script.py", "x=float(0,1)", "--minimize", "loss",
        "--trials", "12", "--sampler", "random", "--name", "script")  # fmt: skip
    took = [t for t in read_sweep(place / ".peira", "script").trials.took_s[1:] if t is not None]
    show("a trial of a script", (statistics.median(took) - bare) * 1e3, 1_000)


def ask(place: Path) -> None:
    """The next trial of a sweep that has many."""
    folder = many(place / ".peira")
    started = time.perf_counter()
    read_sweep(folder.lab, folder.id)
    show(f"read a sweep of {MANY:,} trials", (time.perf_counter() - started) * 1e3, None)
    for sampler, bar_ms in (("random", 50.0), ("qmc", None), ("tpe", None), ("nsga2", None)):
        definition = msgspec.structs.replace(folder.read(), sampler=Method(name=sampler))
        ledger = Ledger(folder, definition)
        ledger.catch_up()
        study = SweepStudy(ledger)
        times, asked = [], []
        for _ in range(7):
            started = time.perf_counter()
            study.keep_up(ledger.catch_up())
            free = ledger.next_free()
            assert free is not None
            asked.append(study.draw(free[0]).ask_s)
            times.append(time.perf_counter() - started)
        own_ms = statistics.median(asked) * 1e3
        show(f"next trial, {sampler} (Optuna {own_ms:.1f} ms)", statistics.median(times) * 1e3,
             bar_ms)  # fmt: skip


def many(lab: Path) -> SweepFolder:
    """Return a sweep of many ended trials."""
    space = Space.parse([f"{name}=float(0,1)" for name in PARAMS] + ["opt=sgd,adam"])
    folder = make_sweep(
        lab,
        Definition(
            format=FORMAT, id=new_sweep_id(lab), name="many", project="bench", created=now_s(),
            by="bench", space=space, trials=MANY + 100,
            objectives=(Objective(metric="y", direction="minimize"),),
        ),
    )  # fmt: skip
    draw = random.Random(1)
    with folder.told("aaaaaa").open("wb") as stream:
        for trial in range(MANY):
            params = {name: draw.random() for name in PARAMS} | {
                "opt": draw.choice(["sgd", "adam"])
            }
            claim = Claim(trial=trial, attempt=1, time=float(trial), params=params,
                          writer="aaaaaa", host="h", boot="b", pid=1, pid_started=1.0)  # fmt: skip
            path = folder.trials / f"{trial:06d}.1.json"
            path.write_bytes(msgspec.json.encode(claim))
            end = End(trial=trial, attempt=1, time=trial + 1.0, state="complete",
                      values=(draw.random(),), params=params, started=float(trial))  # fmt: skip
            stream.write(lines.encode(end))
    return folder


def against_optuna(place: Path, trials: int) -> None:
    """The same trials by both, one after the other, and the ratio of their times."""
    (place / "train.py").write_text(FUNCTION.format(sleep_s=1))
    (place / "ours.py").write_text(OURS % trials)
    (place / "theirs.py").write_text(THEIRS % trials)
    theirs = run(place, "theirs.py")
    ours = run(place, "ours.py")
    print(f"{f'{trials} trials of 1 s, -j 2: Optuna':<52} {theirs:9.2f} s", flush=True)
    print(f"{f'{trials} trials of 1 s, -j 2: peira.sweep':<52} {ours:9.2f} s", flush=True)
    ratio = ours / theirs
    print(f"{'ratio':<52} {ratio:9.3f}    {'ok' if ratio <= 1.05 else 'OVER'} (bar 1.05)")


def run(place: Path, *words: str) -> float:
    """Return the seconds that a Python process takes."""
    variables = os.environ | {"PEIRA_LAB": str(place / ".peira"), "PEIRA_QUIET": "1"}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, *words], cwd=place, env=variables, check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - started


def show(title: str, median_ms: float, bar_ms: float | None) -> None:
    """Print a line of the table."""
    bar = "" if bar_ms is None else f"{'ok' if median_ms <= bar_ms else 'OVER'} (bar {bar_ms:g})"
    print(f"{title:<52} {median_ms:9.2f} ms  {bar}", flush=True)


if __name__ == "__main__":
    main()
