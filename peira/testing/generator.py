"""Make a lab of many plausible runs, fast: for benchmarks, tests and trying things out.

The files are real: the same births, events and points that the SDK writes, byte for byte in the
same formats, so what reads them cannot tell. Only their content is invented, from a seed. The same
arguments give the same lab.

    python -m peira.testing.generator FOLDER --runs 1000
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.capture.fingerprint import Facts, Source, fingerprint
from peira.capture.program import program_of
from peira.capture.syntax import Syntax
from peira.core import ids
from peira.record import events, lines, points
from peira.record.events import FORMAT, Birth, Event
from peira.record.folder import make_lab as make_folder

PROJECTS = ("digits", "cifar10", "speech-commands", "tabular-churn")
USERS = ("ada", "grace", "emmy")
TAGS = ("baseline", "sweep", "ablation", "paper", "broken")
PARAMS = (
    "lr", "seed", "model", "optimizer", "batch_size", "epochs", "dropout", "weight_decay",
    "hidden", "layers", "kernel_size", "activation", "augment", "warmup_steps", "momentum",
    "data/version", "data/fraction", "scheduler/name", "scheduler/gamma", "clip_norm",
)  # fmt: skip
METRICS = (
    "train/loss", "train/accuracy", "val/loss", "val/accuracy", "val/f1", "val/auc",
    "test/accuracy", "lr", "grad/norm", "grad/max", "time/step_s", "time/data_s",
    "system/cpu", "system/memory_bytes", "system/gpu0/utilization", "system/gpu0/memory_bytes",
    "weights/norm", "weights/update_ratio", "val/precision", "val/recall",
)  # fmt: skip
START_S = 1_760_000_000.0
RUN_SPACING_S = 600.0

Table = NDArray[np.float64]
"""Values of the metrics of a run, shape (rows, metrics)."""


@dataclass(frozen=True)
class Shape:
    """How large the runs are."""

    params: int = 20
    metrics: int = 20
    points: tuple[int, int] = (50, 100)
    """Least and greatest number of rows of a run."""
    projects: Sequence[str] = PROJECTS


def make_lab(
    root: str | os.PathLike[str],
    *,
    runs: int,
    params: int = 20,
    metrics: int = 20,
    points: int | tuple[int, int] = (50, 100),
    projects: Sequence[str] = PROJECTS[:1],
    seed: int = 0,
    sealed: bool = False,
    start_s: float = START_S,
) -> list[str]:
    """Write `runs` run folders into the lab at `root`; returns their ids, oldest first.

    Each run logs every metric in every row. Curves fall or rise with noise, born as float32; about
    one run in fifty fails with a NaN, one in twenty-five was killed. Nothing is fsynced.

    Args:
        root: the `.peira` folder, made when missing.
        params: params a run, at least the first of a list of usual names, then `param20`, ….
        metrics: metrics a row, likewise.
        points: rows a run, or the least and the greatest number.
        sealed: turn the lines into Parquet and bring the index up to date, too.

    Example:
        >>> import tempfile
        >>> len(make_lab(tempfile.mkdtemp() + "/.peira", runs=3, points=10))
        3
    """
    folder = make_folder(Path(root))
    span = (points, points) if isinstance(points, int) else points
    shape = Shape(params, metrics, span, projects)
    random = np.random.default_rng(seed)
    made = []
    for number in range(runs):
        created = round(start_s + number * RUN_SPACING_S, 6)
        run_id = _run_id(created, random)
        _write_run(folder / "runs" / run_id, number, created, shape, random)
        made.append(run_id)
    if sealed:
        from peira.lab.lab import Lab

        with Lab(folder) as lab:
            lab.catch_up()
            lab.seal()
    return made


def _run_id(created: float, random: np.random.Generator) -> str:
    """Return an id as `core.ids` makes them, its random part from our generator."""
    number = (int(created * 1000) - ids.EPOCH_MS) << 20 | int(random.integers(1 << 20))
    digits = []
    for _ in range(ids.LENGTH):
        number, digit = divmod(number, 32)
        digits.append(ids.ALPHABET[digit])
    return "".join(reversed(digits))


def _write_run(
    path: Path, number: int, created: float, shape: Shape, random: np.random.Generator
) -> None:
    path.mkdir(mode=0o700)
    rows = int(random.integers(shape.points[0], shape.points[1] + 1))
    user = USERS[int(random.integers(len(USERS)))]
    fate = int(random.integers(100))
    status: events.EndStatus | None = "failed" if fate < 2 else None if fate < 6 else "finished"
    values = _params(number, shape.params, random)
    birth = Birth(
        format=FORMAT,
        id=path.name,
        name=f"{values.get('model', 'run')}-{number:05d}",
        project=shape.projects[number % len(shape.projects)],
        created=created,
        group=f"sweep-{number // 50}" if number % 3 else None,
        why="wider kernels saw more of the stroke" if number % 7 == 0 else None,
        user=user,
        host="bench",
        boot="generated",  # of no machine: a run without an end was killed, or is silent
        pid=1,
        command=["python", "train.py", f"--lr={values.get('lr')}"],
        directory="/home/ada/digits",
        python="3.11.9",
        peira="0.1.0",
    )
    _write(path / "run.json", msgspec.json.encode(birth))
    table = _curves(values, rows, shape.metrics, random, diverges=status == "failed")
    duration = rows * 1.25
    _write(
        path / "events.jsonl",
        b"".join(
            lines.encode(event)
            for event in (
                *_events(created, duration, values, user=user, status=status, random=random),
                _fingerprint(birth, values),
            )
        ),
    )
    names = metric_names(shape.metrics)
    _write(path / "points.jsonl", b"".join(_points(created, names, table, random)))
    ended = created + duration
    for name in ("run.json", "events.jsonl", "points.jsonl"):
        os.utime(path / name, (ended, ended))
    os.utime(path, (ended, ended))


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, data)
    finally:
        os.close(handle)


def param_names(count: int) -> list[str]:
    """Return the names of the first `count` params."""
    return [PARAMS[n] if n < len(PARAMS) else f"param{n}" for n in range(count)]


def metric_names(count: int) -> list[str]:
    """Return the names of the first `count` metrics."""
    return [METRICS[n] if n < len(METRICS) else f"layer{n}/activation" for n in range(count)]


def _params(number: int, count: int, random: np.random.Generator) -> dict[str, object]:
    usual: dict[str, object] = {
        "lr": float(f"{10 ** random.uniform(-5, -1):.4g}"),
        "seed": number % 5,
        "model": ("cnn", "mlp", "transformer", "boosting")[int(random.integers(4))],
        "optimizer": ("adamw", "sgd")[int(random.integers(2))],
        "batch_size": 2 ** int(random.integers(4, 10)),
        "epochs": int(random.integers(5, 100)),
        "dropout": round(float(random.uniform(0, 0.5)), 2),
        "weight_decay": float(f"{10 ** random.uniform(-6, -2):.3g}"),
        "hidden": 2 ** int(random.integers(5, 11)),
        "layers": int(random.integers(1, 13)),
        "kernel_size": int(random.integers(1, 4)) * 2 + 1,
        "activation": ("relu", "gelu", "tanh")[int(random.integers(3))],
        "augment": bool(random.integers(2)),
        "warmup_steps": int(random.integers(0, 1000)),
        "momentum": 0.9,
        "data/version": ("baseline", "zero-pixels-removed", "normalised")[number % 3],
        "data/fraction": round(float(random.uniform(0.1, 1)), 2),
        "scheduler/name": ("cosine", "step")[int(random.integers(2))],
        "scheduler/gamma": 0.1,
        "clip_norm": None if random.integers(2) else 1.0,
    }
    found = {name: usual[name] for name in param_names(count) if name in usual}
    more = [name for name in param_names(count) if name not in usual]
    found.update(zip(more, map(float, random.uniform(size=len(more)).round(4)), strict=True))
    return found


def _events(
    created: float,
    duration: float,
    values: dict[str, object],
    *,
    user: str,
    status: events.EndStatus | None,
    random: np.random.Generator,
) -> Iterator[Event]:
    yield events.Params(time=created, values=values)
    picked = random.choice(len(TAGS), size=int(random.integers(0, 3)), replace=False)
    if len(picked):
        yield events.Tags(time=created, add=[TAGS[int(n)] for n in picked])
    commit = f"{int(random.integers(1 << 62)):040x}"
    git = {"commit": commit, "branch": "main", "dirty": False}
    yield events.Captured(time=created, aspect="code", value={"kind": "script", "git": git})
    yield events.Captured(
        time=created, aspect="host", value={"cpus": 16, "memory_bytes": 1 << 36, "user": user}
    )
    ended = round(created + duration, 6)
    if status == "failed":
        yield events.Alert(time=ended, title="loss is NaN", level="error")
        error = events.Failure("FloatingPointError", "loss is NaN", "Traceback …")
        yield events.End(time=ended, status=status, duration_s=duration, error=error)
    elif status is not None:
        yield events.End(time=ended, status=status, duration_s=duration, exit_code=0)


def _fingerprint(birth: Birth, values: dict[str, object]) -> Event:
    """Return what makes the run the same as others: all have the same code and data."""
    facts = Facts(
        project=birth.project,
        program=program_of(birth.command, birth.directory),
        environment={},
        params=values,
        sources=[Source("train.py", "train.py", Syntax("train.py"))],
        inputs=[("digits.csv", "digits.csv")],
        packages={"numpy": "2.1"},
        python=birth.python,
    )
    value = msgspec.to_builtins(fingerprint(facts))
    return events.Captured(time=birth.created, aspect="fingerprint", value=value)


def _curves(
    values: dict[str, object],
    rows: int,
    metrics: int,
    random: np.random.Generator,
    *,
    diverges: bool,
) -> Table:
    """Return noisy curves, float32 numbers in float64; shape (rows, metrics)."""
    lr = values.get("lr", 1e-3)
    quality = 1.0 - 0.15 * abs(np.log10(float(lr) if isinstance(lr, float) else 1e-3) + 3)
    progress = np.linspace(0, 5, rows)[:, None]  # (rows, 1)
    pace = random.uniform(0.5, 2.0, metrics)[None, :]  # (1, metrics)
    floor = random.uniform(0.0, 0.3, metrics)[None, :]
    falling = floor + (2.0 - quality) * np.exp(-pace * progress)  # (rows, metrics)
    rising = quality * (1 - np.exp(-pace * progress)) * (1 - floor / 3)
    rises = np.array([_rises(name) for name in metric_names(metrics)])[None, :]
    table = np.where(rises, rising, falling)
    table = table + random.normal(scale=0.02, size=table.shape)
    if diverges:
        table[rows // 2 :, 0] = np.nan
    born: Table = table.astype(np.float32).astype(np.float64)
    return born


def _rises(name: str) -> bool:
    return any(word in name for word in ("acc", "f1", "auc", "precision", "recall", "utilization"))


def _points(
    created: float,
    names: Sequence[str],
    table: Table,
    random: np.random.Generator,
) -> Iterator[bytes]:
    times = created + np.cumsum(random.uniform(0.5, 2.0, len(table)))
    yield lines.frame(points.declaration(0, names))
    finite = np.atleast_1d(np.isfinite(table).all(axis=1)).tolist()
    encode = msgspec.json.Encoder().encode
    rows = zip(times.round(6).tolist(), table.tolist(), finite, strict=True)
    for step, (time_s, row, is_finite) in enumerate(rows):
        if is_finite:
            yield lines.frame(encode([0, step, time_s, *row]))
        else:
            yield lines.frame(points.row(0, step, time_s, row))


def main() -> int:
    """Make a lab from the command line."""
    parser = argparse.ArgumentParser(description="Make a lab of invented runs.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--params", type=int, default=20)
    parser.add_argument("--metrics", type=int, default=20)
    parser.add_argument("--points", type=int, nargs=2, default=(50, 100))
    parser.add_argument("--projects", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sealed", action="store_true")
    given = parser.parse_args()
    root = given.folder if given.folder.name == ".peira" else given.folder / ".peira"
    made = make_lab(
        root,
        runs=given.runs,
        params=given.params,
        metrics=given.metrics,
        points=(given.points[0], given.points[1]),
        projects=PROJECTS[: given.projects],
        seed=given.seed,
        sealed=given.sealed,
    )
    print(f"{len(made)} runs in {root}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
