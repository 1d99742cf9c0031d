"""What a run gave, read for a comparison."""

from __future__ import annotations

import io
from pathlib import Path

import duckdb
import numpy as np

from peira.objects.folder import FolderObjects
from peira.record import events
from peira.rerun.results import error_of, read_result
from peira.rerun.verify import compare
from tests.lab.writing import START, RunFiles
from tests.rerun.recorded import open_lab


def with_predictions(root: Path, labels: list[int], folder: Path) -> str:
    """Record a run with an artifact of predictions, and an evaluation."""
    run = RunFiles(root)
    run.log({"acc": 0.9})
    objects = FolderObjects(run.root / "objects")
    buffer = io.BytesIO()
    np.save(buffer, np.array(labels))
    array = objects.put_bytes(buffer.getvalue())
    file = events.File("pred.npy", array.digest, array.size)
    run.event(events.Artifact(time=START, name="test", type="predictions", files=[file]))
    table = folder / f"{run.id}.parquet"
    rows = ", ".join(f"('{i}', '{label}')" for i, label in enumerate(labels))
    duckdb.sql(f"COPY (SELECT * FROM (VALUES {rows}) AS t(id, predicted)) TO '{table}'")
    run.event(
        events.Evaluation(
            time=START,
            name="val",
            task="multiclass",
            rows=len(labels),
            metrics={},
            evaluator="e",
            ids="i",
            labels="l",
            samples=objects.put_file(table).digest,
        )
    )
    run.end()
    return run.id


def test_predictions_of_artifacts_and_evaluations_are_compared(tmp_path: Path) -> None:
    """One wrong in ten is no reproduction although the metric is the same."""
    labels = list(range(10))
    runs = [
        with_predictions(tmp_path, given, tmp_path) for given in (labels, labels, [9, *labels[1:]])
    ]
    with open_lab(tmp_path) as lab:
        one, same, other = (read_result(lab, run) for run in runs)
    assert set(one.predictions) == {"test/pred.npy", "val"}
    assert compare(one, same).outcome == "exact"
    found = compare(one, other)
    assert (found.outcome, found.predictions_equal) == ("different", 0.9)


def test_the_order_of_processes_makes_no_difference(tmp_path: Path) -> None:
    """What two processes logged at the same steps is the same, whoever was first."""
    runs = []
    for writers in (("", "aaaaaa"), ("aaaaaa", "")):
        run = RunFiles(tmp_path)
        for number, writer in enumerate(writers):
            for step in range(3):
                value = float(step) + (0.5 if writer else 0.0)
                run.log({"loss": value}, step, time_s=START + number, writer=writer)
        run.end()
        runs.append(run.id)
    with open_lab(tmp_path) as lab:
        one, other = (read_result(lab, run) for run in runs)
    assert compare(one, other).outcome == "exact"


def test_what_a_run_failed_of_is_its_exception(tmp_path: Path) -> None:
    """As the program told it, else the last line that it printed, else the exit code."""
    told = RunFiles(tmp_path)
    failure = events.Failure(type="ValueError", message="x", traceback="")
    told.event(events.End(time=START, status="failed", duration_s=1.0, error=failure))
    printed, silent = RunFiles(tmp_path), RunFiles(tmp_path)
    printed.append("console.log", b"Traceback\n  line\npkg.BadError: no\n")
    for run in (printed, silent):
        run.event(events.End(time=START, status="failed", duration_s=1.0, exit_code=3))
    with open_lab(tmp_path) as lab:
        errors = [error_of(lab.run(run.id)) for run in (told, printed, silent)]
    assert errors == ["ValueError", "pkg.BadError", "exit code 3"]
