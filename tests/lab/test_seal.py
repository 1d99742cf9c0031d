"""Sealing: lines become Parquet, and no point is lost, doubled or changed on the way."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import pytest

from peira.core.errors import UsageError
from peira.lab import seal, sealed
from peira.lab.lab import Lab
from peira.record.folder import RunFolder
from peira.testing.generator import make_lab
from peira.testing.points import ODD_VALUES
from tests.lab.writing import RunFiles, ask, facts, same


@pytest.fixture
def run(tmp_path: Path) -> RunFiles:
    run = RunFiles(tmp_path / ".peira")
    for number, value in enumerate(ODD_VALUES):
        run.log({"x": value, "y": float(number)})
    run.end()
    return run


def folder(run: RunFiles) -> RunFolder:
    return RunFolder(run.path)


def test_sealing_changes_no_answer(run: RunFiles) -> None:
    """Index, series and keys are the same before, after, and after a rebuild from Parquet."""
    with Lab(run.root) as lab:
        lab.catch_up()
        before, series = facts(lab), lab.series(run.id, "x")
        assert lab.seal() == [run.id]
        assert not list(run.path.glob("points*"))
        assert lab.catch_up().runs == 0
        assert facts(lab) == before
        assert ask(lab, "SELECT sealed FROM run") == [(1,)]
        after = lab.series(run.id, "x")
        assert same(after.values.tolist(), series.values.tolist())
        assert (after.steps == series.steps).all() and (after.times == series.times).all()
        assert lab.seal() == []
        lab.index.replace()
        lab.catch_up()
        assert facts(lab) == before


def test_anyone_reads_the_file(run: RunFiles) -> None:
    """It is plain Parquet: six columns of common types, readable by its owner only."""
    with Lab(run.root) as lab:
        lab.catch_up()
        lab.seal()
    path = run.path / "metrics.parquet"
    assert path.stat().st_mode & 0o777 == 0o600
    columns = duckdb.sql(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
    assert [(name, kind) for name, kind, *_ in columns] == [
        ("run", "VARCHAR"), ("key", "VARCHAR"), ("step", "BIGINT"),
        ("time", "TIMESTAMP"), ("value", "DOUBLE"), ("writer", "VARCHAR"),
    ]  # fmt: skip
    rows = duckdb.sql(f"SELECT run, key, step, writer FROM '{path}'").fetchall()
    assert rows[0] == (run.id, "x", 0, "")
    assert [row[1] for row in rows] == ["x"] * len(ODD_VALUES) + ["y"] * len(ODD_VALUES)


def test_only_ended_runs_are_sealed(tmp_path: Path) -> None:
    """A living or silent run keeps its lines, whoever asks."""
    run = RunFiles(tmp_path / ".peira")
    run.log({"x": 1.0})
    with Lab(run.root) as lab:
        lab.catch_up()
        assert lab.seal() == []
        with pytest.raises(UsageError, match="is running"):
            lab.seal(run.id)
        run.age(120)
        lab.catch_up()
        assert lab.seal() == []
        assert (run.path / "points.jsonl").exists()


def test_a_second_writer_that_may_live_is_waited_for(run: RunFiles) -> None:
    """The end of the main process does not end its children: their files must be quiet first."""
    run.log({"x": 1.0}, writer="abc123")
    with Lab(run.root) as lab:
        lab.catch_up()
        assert lab.seal() == []
        run.age(120)
        lab.catch_up()
        assert lab.seal() == [run.id]
        assert lab.series(run.id, "x").parts == (("", len(ODD_VALUES)), ("abc123", 1))


def test_late_points_join_at_the_next_sealing(run: RunFiles) -> None:
    """Lines that come after sealing are read beside the file, then merged into it."""
    with Lab(run.root) as lab:
        lab.catch_up()
        lab.seal()
        run.log({"x": 42.0}, writer="abc123")
        run.age(120)
        lab.catch_up()
        assert lab.series(run.id, "x").values[-1] == 42.0
        before = facts(lab)
        assert lab.seal() == [run.id]
        assert facts(lab) == before
        assert lab.series(run.id, "x").values[-1] == 42.0
        assert len(list(run.path.glob("points*"))) == 0


def test_a_new_file_under_an_old_name_is_not_taken_for_sealed(run: RunFiles) -> None:
    """What a file holds decides, not what it is called."""
    with Lab(run.root) as lab:
        lab.catch_up()
        lab.seal()
        run._sets.clear()
        for number in range(50):
            run.log({"x": float(number)})
        lab.catch_up()
        assert len(lab.series(run.id, "x")) == len(ODD_VALUES) + 50
        assert ask(lab, "SELECT max(count) FROM metric") == [(len(ODD_VALUES) + 50,)]
        before = facts(lab)
        lab.seal()
        assert facts(lab) == before
        lab.index.replace()
        lab.catch_up()
        assert facts(lab) == before


def test_lines_and_file_together_count_once(run: RunFiles) -> None:
    """Killed between rename and removal, both are there: the covered lines are not read."""
    lines = (run.path / "points.jsonl").read_bytes()
    with Lab(run.root) as lab:
        lab.catch_up()
        before = facts(lab)
        lab.seal()
        (run.path / "points.jsonl").write_bytes(lines)
        for _ in range(2):
            lab.catch_up()
            assert facts(lab) == before
            assert len(lab.series(run.id, "x")) == len(ODD_VALUES)
            lab.index.replace()
        lab.catch_up()
        assert lab.seal() == [run.id]
        assert not (run.path / "points.jsonl").exists()


def test_damage_in_lines_is_remembered(run: RunFiles) -> None:
    """The damaged line is gone with the lines; the note that it was there stays."""
    run.append("points.jsonl", b"broken\n")
    with Lab(run.root) as lab:
        lab.catch_up()
        told = lab.problems()
        assert len(told) == 1
        lab.seal()
        lab.index.replace()
        lab.catch_up()
        assert lab.problems() == told


def test_a_time_that_does_not_fit_keeps_its_lines(tmp_path: Path) -> None:
    """What cannot be sealed exactly is not sealed, and it is said why, once."""
    run = RunFiles(tmp_path / ".peira")
    run.log({"x": 1.0}, time_s=1e300)
    run.end()
    with Lab(run.root) as lab:
        lab.catch_up()
        assert lab.seal() == lab.seal() == []
        assert "out of range" in lab.problems()[0].reason
        assert lab.series(run.id, "x").times.tolist() == [1e300]


def test_a_damaged_file_is_told(run: RunFiles) -> None:
    """A Parquet file that cannot be read is a problem with a place, not a crash."""
    with Lab(run.root) as lab:
        lab.catch_up()
        lab.seal()
        path = run.path / "metrics.parquet"
        path.write_bytes(path.read_bytes()[:-30])
        lab.index.replace()
        assert lab.catch_up().runs == 1
        assert [p.file for p in lab.problems()] == ["metrics.parquet"]


def test_a_run_without_points_is_settled(tmp_path: Path) -> None:
    """Nothing to seal is not something left to do."""
    run = RunFiles(tmp_path / ".peira")
    run.end()
    with Lab(run.root) as lab:
        lab.catch_up()
        assert lab.seal() == []
        assert ask(lab, "SELECT sealed FROM run") == [(1,)]


def test_what_does_not_fit_in_memory_goes_through_the_disk(
    run: RunFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large runs take another way to the same file, and are read in portions."""
    for number in range(200):
        run.log({"x": float(number), "z": -float(number)})
    monkeypatch.setattr(seal, "ROWS_IN_MEMORY", 50)
    monkeypatch.setattr("peira.lab.pointlines.CHUNK_BYTES", 1_000)
    with Lab(run.root) as lab:
        lab.catch_up()
        before = facts(lab)
        assert lab.seal() == [run.id]
        told = sealed.read_seal(folder(run).sealed)
        pieces = list(sealed.pieces(folder(run).sealed, told, rows_max=37))
        z = np.concatenate([piece.values for piece in pieces if piece.key == "z"])
        assert z.tolist() == [-float(n) for n in range(200)]
        lab.index.replace()
        lab.catch_up()
        assert facts(lab) == before


SEAL = (
    "import sys; from peira.lab.lab import Lab; lab = Lab(sys.argv[1]); lab.catch_up();"
    "import duckdb; print('go', flush=True); lab.seal()"
)


@pytest.mark.parametrize(("kills", "seed"), [(4, 1), pytest.param(100, 2, marks=pytest.mark.soak)])
def test_a_killed_sealer_loses_nothing(tmp_path: Path, kills: int, seed: int) -> None:
    """SIGKILL at any moment: readers see every point once, and the next sealer finishes."""
    root = tmp_path / ".peira"
    made = make_lab(root, runs=10, params=2, metrics=5, points=300)
    with Lab(root) as lab:
        lab.catch_up()
        before = facts(lab)
        chance = random.Random(seed)
        for _ in range(kills):
            with subprocess.Popen(
                [sys.executable, "-c", SEAL, str(root)], stdout=subprocess.PIPE
            ) as process:
                assert process.stdout is not None
                assert process.stdout.readline() == b"go\n"
                time.sleep(chance.random() * 0.2)
                process.send_signal(signal.SIGKILL)
            lab.catch_up()
            assert facts(lab) == before
            assert [len(lab.series(run_id, "val/loss")) for run_id in made] == [300] * 10
        lab.seal()
        lab.index.replace()
        lab.catch_up()
        assert facts(lab) == before


def test_what_a_killed_sealer_left_is_swept(run: RunFiles) -> None:
    """Temporary files do not stay for ever."""
    left = run.path / f"{seal.TEMPORARY}00000000"
    left.touch()
    os.utime(left, (1.0, 1.0))
    with Lab(run.root) as lab:
        lab.catch_up()
        lab.seal()
    assert not left.exists()


def test_sealing_some_keeps_to_its_budget(tmp_path: Path) -> None:
    """A server's idle moments seal a few runs at a time until none is left."""
    root = tmp_path / ".peira"
    made = make_lab(root, runs=6, params=1, metrics=2, points=5, seed=1)
    with Lab(root) as lab:
        lab.catch_up()
        ended = ask(lab, "SELECT id FROM run WHERE state != 'silent'")
        done: list[str] = []
        while some := lab.seal_some(budget_s=0.0001):
            done += some
        assert sorted(done) == sorted(run_id for (run_id,) in ended)
        assert set(done) <= set(made)
