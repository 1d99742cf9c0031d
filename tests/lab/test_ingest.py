"""`catch_up`: the index says what the files say, exactly once."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from peira.core import ids
from peira.lab import ingest
from peira.lab.ingest import CaughtUp
from peira.lab.lab import Lab
from peira.record import events, lines, liveness, points
from peira.testing.generator import make_lab
from tests.lab.writing import START, RunFiles, ask, facts, same


@pytest.fixture
def run(tmp_path: Path) -> RunFiles:
    return RunFiles(tmp_path / ".peira")


def rebuilt(root: Path) -> list[list[tuple[object, ...]]]:
    """The facts of a fresh index over the same files."""
    with Lab(root) as lab:
        lab.index.replace()
        lab.catch_up()
        return facts(lab)


def test_growing_piece_by_piece_ends_as_read_at_once(run: RunFiles) -> None:
    """Whenever one looked, the facts in the end are those of the files."""
    chance = random.Random(7)
    with Lab(run.root) as lab:
        for turn in range(40):
            for _ in range(chance.randrange(90)):
                values = {"loss": chance.random(), "acc": chance.random()}
                run.log(values, writer=chance.choice(["", "", "abc123"]))
            if turn % 7 == 0:
                run.params(lr=turn, name=f"n{turn}")
                run.event(events.Tags(time=START, add=[f"t{turn}"]))
                run.event(events.Note(time=START + turn, text=f"note {turn}"))
            lab.catch_up()
        run.end()
        lab.catch_up()
        grown = facts(lab)
    assert grown == rebuilt(run.root)


def test_nothing_new_is_nothing_done(run: RunFiles) -> None:
    """A second call finds nothing, also from another process' view."""
    run.log({"x": 1.0})
    run.end()
    with Lab(run.root) as lab, Lab(run.root) as other:
        assert lab.catch_up() == CaughtUp(runs=1, rows=3, points=1)
        assert lab.catch_up() == CaughtUp()
        assert other.catch_up() == CaughtUp()


def test_summaries_are_those_of_the_points(run: RunFiles) -> None:
    """Count, first, last, extremes, mean and non-finite values of a metric."""
    run.log_many("x", [3.0, float("nan"), -2.0, float("inf"), 7.0])
    run.log_many("y", [float("nan"), float("nan")])
    with Lab(run.root) as lab:
        lab.catch_up()
        x, y = ask(
            lab,
            "SELECT m.count, nonfinite, first, last, min, max, mean, first_text, last_text,"
            " min_step, max_step, last_step FROM metric m JOIN key k ON k.n = m.key ORDER BY name",
        )
    assert x == (5, 2, 3.0, 7.0, -2.0, 7.0, 8 / 3, None, None, 2, 4, 4)
    assert y == (2, 2, None, None, None, None, None, "NaN", "NaN", None, None, 6)


def test_params_keep_their_types(run: RunFiles) -> None:
    """Numbers can be compared, everything has a text, a later value replaces the earlier one."""
    run.params(a=1, b=0.5, c=True, d=None, e="text", f=[1, 2], g={"float": "NaN"}, h=2**80)
    run.params(a=2)
    with Lab(run.root) as lab:
        lab.catch_up()
        found = ask(
            lab,
            "SELECT k.name, type, num, text FROM attribute a JOIN key k ON k.n = a.key ORDER BY 1",
        )
    assert found == [
        ("a", "int", 2.0, "2"),
        ("b", "float", 0.5, "0.5"),
        ("c", "bool", 1.0, "true"),
        ("d", "null", None, "null"),
        ("e", "str", None, "text"),
        ("f", "json", None, "[1,2]"),
        ("g", "float", None, "NaN"),
        ("h", "int", 2.0**80, str(2**80)),
    ]


def test_events_are_kept_and_counted(run: RunFiles) -> None:
    """Alerts, losses and captured facts reach the run; unknown kinds are told, not fatal."""
    run.event(events.Alert(time=START, title="NaN"))
    run.event(events.Lost(time=START, points=7, events=0, reason="disk full"))
    run.event(events.Captured(time=START, aspect="code", value={"git": {"commit": "abc"}}))
    run.append("events.jsonl", lines.frame(b'{"kind":"future","time":1.0}'))
    run.end("failed")
    with Lab(run.root) as lab:
        lab.catch_up()
        question = 'SELECT state, alerts, lost_points, "commit", duration FROM run'
        assert ask(lab, question) == [("failed", 1, 7, "abc", 100.0)]
        assert "future" in lab.problems(run.id)[0].reason
        names = ask(lab, "SELECT kind, name FROM event ORDER BY n")
        assert names == [("alert", "NaN"), ("lost", ""), ("captured", "code")]


def test_a_persons_word_stands_above_the_programs(run: RunFiles) -> None:
    """A tag that a person took away does not come back because the program gives it again."""
    run.event(events.Tags(time=START, add=["a", "b"]))
    with Lab(run.root) as lab:
        lab.catch_up()
        lab.untag(run.id, "a")
        lab.catch_up()
        run.event(events.Tags(time=START, add=["a"], remove=["b"]))
        lab.catch_up()
        assert ask(lab, "SELECT name FROM tag") == []
        assert facts(lab) == rebuilt(run.root)


def test_a_torn_tail_waits_and_is_then_read(run: RunFiles) -> None:
    """Half a line is neither a point nor damage while the run lives."""
    run.log({"x": 1.0})
    line = lines.frame(points.row(0, 1, START, [2.0]))
    run.append("points.jsonl", line[:11])
    with Lab(run.root) as lab:
        assert lab.catch_up().points == 1
        assert lab.catch_up() == CaughtUp()
        run.append("points.jsonl", line[11:])
        assert lab.catch_up().points == 1
        assert lab.problems() == []


def test_a_torn_tail_of_an_ended_run_is_told_once(run: RunFiles) -> None:
    """The points before stand; the damage has a place."""
    run.log({"x": 1.0})
    size = (run.path / "points.jsonl").stat().st_size
    run.append("points.jsonl", b"[0,1,")
    run.end("killed")
    with Lab(run.root) as lab:
        lab.catch_up()
        lab.catch_up()
        told = lab.problems(run.id)
    assert [(p.file, p.offset, p.reason) for p in told] == [("points.jsonl", size, "torn tail")]


def test_a_flipped_bit_costs_one_point(run: RunFiles) -> None:
    """Damage inside costs the damaged record, and is told with file and offset."""
    run.log_many("x", [float(n) for n in range(100)])
    path = run.path / "points.jsonl"
    data = bytearray(path.read_bytes())
    place = data.index(b"[0,50,")
    data[place + 12] ^= 1
    path.write_bytes(data)
    with Lab(run.root) as lab:
        lab.catch_up()
        assert ask(lab, "SELECT count FROM metric") == [(99,)]
        assert [p.offset for p in lab.problems()] == [place]
        assert lab.series(run.id, "x").values.tolist() == [n for n in range(100) if n != 50]


def test_a_damaged_declaration_is_replaced_by_its_copy(run: RunFiles) -> None:
    """Rows wait for the next declaration of their key set and keep their order."""
    run.log_many("x", [0.0, 1.0])
    path = run.path / "points.jsonl"
    path.write_bytes(b"!" + path.read_bytes()[1:])
    with Lab(run.root) as lab:
        assert lab.catch_up().points == 0
        run.append("points.jsonl", lines.frame(points.declaration(0, ["x"])))
        run.log_many("x", [2.0])
        assert lab.catch_up().points == 3
        assert lab.series(run.id, "x").values.tolist() == [0, 1, 2]
        assert len(lab.problems()) == 1


def test_a_birth_that_cannot_be_read_costs_only_itself(run: RunFiles) -> None:
    """What such a run logged is still there, under its id."""
    run.log({"x": 1.0})
    (run.path / "run.json").write_bytes(b"{")
    with Lab(run.root) as lab:
        lab.catch_up()
        assert ask(lab, "SELECT name, project FROM run") == [(run.id, "unknown")]
        assert ask(lab, "SELECT count FROM metric") == [(1,)]
        assert lab.problems()[0].file == "run.json"


def test_states_follow_the_signs_of_life(run: RunFiles) -> None:
    """Elsewhere: running, then silent after a minute, then running again with a late point."""
    run.log({"x": 1.0})
    with Lab(run.root) as lab:
        lab.catch_up()
        assert ask(lab, "SELECT state FROM run") == [("running",)]
        run.age(61)
        lab.catch_up()
        assert ask(lab, "SELECT state FROM run") == [("silent",)]
        run.log({"x": 2.0})
        lab.catch_up()
        assert ask(lab, "SELECT state FROM run") == [("running",)]
        run.end()
        lab.catch_up()
        assert ask(lab, "SELECT state, duration FROM run") == [("finished", 100.0)]


def test_a_killed_process_is_seen_at_once(tmp_path: Path) -> None:
    """On this machine the process itself tells; no waiting."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    started = liveness.process_started(process.pid)
    run = RunFiles(
        tmp_path / ".peira", host=liveness.host(), boot=liveness.boot_id(),
        pid=process.pid, pid_started=started,
    )  # fmt: skip
    with Lab(run.root) as lab:
        lab.catch_up()
        assert ask(lab, "SELECT state FROM run") == [("running",)]
        process.kill()
        process.wait()
        lab.catch_up()
        assert ask(lab, "SELECT state FROM run") == [("killed",)]


def test_the_duration_of_a_killed_run_is_that_of_its_lines(tmp_path: Path) -> None:
    """Sealing, copying and filling the index again do not make a killed run longer."""
    here: dict[str, Any] = {"host": liveness.host(), "boot": liveness.boot_id(), "pid": 2**22 + 1}
    logged = RunFiles(tmp_path / "one" / ".peira", "logged", **here)
    logged.log_many("x", [1.0, 2.0, 3.0])
    RunFiles(logged.root, "params", **here).event(events.Params(time=START + 7, values={"a": 1}))
    RunFiles(logged.root, "nothing", **here)
    expected = [
        ("logged", "killed", 0.2, START + 0.2),
        ("nothing", "killed", 0.0, START),
        ("params", "killed", 7.0, START + 7),
    ]
    question = "SELECT name, state, duration, seen FROM run ORDER BY name"
    with Lab(logged.root) as lab:
        lab.catch_up()
        assert ask(lab, question) == expected
        assert lab.seal() == [logged.id]
        (logged.path / "console.log").write_text("written by nobody")
        assert ask(lab, question) == expected
        assert lab.catch_up().rows == 0
        assert ask(lab, question) == expected
        lab.index.replace()
        lab.catch_up()
        assert ask(lab, question) == expected
    shutil.copytree(tmp_path / "one", tmp_path / "two", copy_function=shutil.copyfile)
    for path in (tmp_path / "two" / ".peira").glob("index.db*"):
        path.unlink()
    with Lab(tmp_path / "two") as lab:
        lab.catch_up()
        assert ask(lab, question) == expected


def test_a_silent_run_was_seen_when_its_lines_say(run: RunFiles) -> None:
    """While it may live, files tell; once it is silent, its lines do, and looking again is idle."""
    run.log_many("x", [1.0, 2.0])
    with Lab(run.root) as lab:
        lab.catch_up()
        assert ask(lab, "SELECT state, seen > 1760000001 FROM run") == [("running", 1)]
        run.age(61)
        lab.catch_up()
        told = [("silent", START + 0.1, 0.1)]
        assert ask(lab, "SELECT state, seen, duration FROM run") == told
        assert lab.catch_up().runs == 0


def test_runs_that_are_taken_away_are_forgotten(tmp_path: Path) -> None:
    """The index follows the folder, also back; foreign names are passed over."""
    root = tmp_path / ".peira"
    made = make_lab(root, runs=3, points=5)
    (root / "runs" / "not-a-run").mkdir()
    (root / "runs" / "README").touch()
    with Lab(root) as lab:
        lab.catch_up()
        (root / "runs" / made[1]).rename(tmp_path / made[1])
        assert lab.catch_up().runs == 1
        assert ask(lab, "SELECT id FROM run ORDER BY id") == [(made[0],), (made[2],)]
        assert facts(lab) == rebuilt(root)


def test_a_shortened_file_is_read_again(run: RunFiles) -> None:
    """Facts whose bytes are gone do not stay."""
    run.log_many("x", [1.0, 2.0, 3.0])
    with Lab(run.root) as lab:
        lab.catch_up()
        path = run.path / "points.jsonl"
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
        lab.catch_up()
        assert ask(lab, "SELECT count, last FROM metric") == [(1, 1.0)]


def test_an_index_that_lost_everything_is_filled_again(tmp_path: Path) -> None:
    """Deleted, emptied, truncated, scribbled on, swapped for an old or a foreign one, at rest and
    while in use: the same answers.
    """
    root = tmp_path / ".peira"
    make_lab(root, runs=4, params=3, metrics=3, points=(1, 1500))
    old = RunFiles(root)
    old.log_many("x", [1.0])
    make_lab(tmp_path / "other" / ".peira", runs=2, points=5, seed=9)
    with Lab(tmp_path / "other" / ".peira") as other:
        other.catch_up()
    path = root / "index.db"
    with Lab(root) as lab:
        lab.catch_up()
    young = path.read_bytes()
    old.log_many("x", [2.0, 3.0])
    old.end()
    with Lab(root) as lab:
        lab.catch_up()
        meant = facts(lab)
    good = path.read_bytes()
    foreign = (tmp_path / "other" / ".peira" / "index.db").read_bytes()
    contents = [None, b"", good[:5000], good[: len(good) // 2], b"\0" * 9000, young, foreign]
    contents += [good[:n] + b"\xff" * 64 + good[n + 64 :] for n in (0, 20, 100, 8192)]
    for content in contents:
        for in_use in (False, True):
            with Lab(root) as lab:
                if in_use:
                    lab.catch_up()
                path.unlink()
                if content is not None:
                    path.write_bytes(content)
                lab.catch_up()
                assert facts(lab) == meant


def test_a_damaged_overview_is_never_drawn(run: RunFiles) -> None:
    """A bit that flipped inside the index is noticed when the run grows, and mended."""
    run.log_many("x", [float(n) for n in range(50)])
    with Lab(run.root) as lab:
        lab.catch_up()
        with lab.index.write() as connection:
            connection.exec_driver_sql("UPDATE overview SET data = CAST(data || x'00' AS BLOB)")
        run.log_many("x", [50.0])
        lab.catch_up()
        assert facts(lab) == rebuilt(run.root)


def test_a_busy_index_is_answered_from(run: RunFiles) -> None:
    """While another process fills the index, a reader says so and answers from what is there."""
    run.log({"x": 1.0})
    with Lab(run.root) as lab, Lab(run.root) as other:
        lab.catch_up()
        run.log({"x": 2.0})
        with other.index.write():
            assert lab.catch_up(wait_s=0.05).is_behind
            assert ask(lab, "SELECT count FROM metric") == [(1,)]
        assert lab.catch_up() == CaughtUp(runs=1, rows=1, points=1)


def test_a_large_run_is_read_in_portions(run: RunFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each portion commits by itself, and the sum is the whole."""
    monkeypatch.setattr(ingest, "PORTION_BYTES", 1)
    monkeypatch.setattr("peira.lab.pointlines.CHUNK_BYTES", 2_000)
    run.params(lr=1)
    run.log_many("x", [float(n) for n in range(500)])
    with Lab(run.root) as lab:
        assert lab.catch_up() == CaughtUp(runs=1, rows=502, points=500)
        assert int(ask(lab, "SELECT value FROM meta WHERE name = 'rev'")[0][0]) > 5
        assert facts(lab) == rebuilt(run.root)


CATCH_UP = "import sys; from peira.lab.lab import Lab; print(Lab(sys.argv[1]).catch_up(wait_s=60))"


def test_racing_readers_read_everything_once(tmp_path: Path) -> None:
    """Four processes that catch up at once: each line is read by exactly one of them."""
    root = tmp_path / ".peira"
    make_lab(root, runs=30, params=5, metrics=5, points=40)
    running = [
        subprocess.Popen([sys.executable, "-c", CATCH_UP, str(root)], stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    told = [process.communicate()[0].decode() for process in running]
    assert [process.returncode for process in running] == [0] * 4
    counts = [int(text.split("points=")[1].split(",")[0]) for text in told]
    assert sum(counts) == 30 * 40 * 5
    with Lab(root) as lab:
        assert lab.catch_up() == CaughtUp()
        assert facts(lab) == rebuilt(root)


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_reader_leaves_a_good_index(tmp_path: Path, seed: int) -> None:
    """SIGKILL at any moment: the next reader goes on, and nothing is doubled or missing."""
    root = tmp_path / ".peira"
    make_lab(root, runs=20, params=5, metrics=10, points=200)
    chance = random.Random(seed)
    text = (
        "import sys; from peira.lab import ingest; ingest.PORTION_BYTES = 1;"
        "from peira.lab.lab import Lab; lab = Lab(sys.argv[1]); lab.index.read().__enter__();"
        "print('go', flush=True); lab.catch_up(wait_s=60); print('done', flush=True)"
    )
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", text, str(root)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"go\n"
            time.sleep(chance.random() * 0.3)
            process.send_signal(signal.SIGKILL)
    with Lab(root) as lab:
        lab.catch_up()
        assert facts(lab) == rebuilt(root)


def write_and_read(root: Path, writers: int, readers: int, rows: int) -> list[str]:
    """Let writers log and readers catch up at once; returns the ids of the runs."""
    code = (
        "import sys; from pathlib import Path; from tests.lab.writing import RunFiles;"
        "run = RunFiles(Path(sys.argv[1]), run_id=sys.argv[2]);"
        "[run.log({'x': float(n), 'y': 1.0}) for n in range(int(sys.argv[3]))]; run.end()"
    )
    made = [ids.new_run_id() for _ in range(writers)]
    failures: list[str] = []
    is_over = threading.Event()

    def read() -> None:
        with Lab(root) as lab:
            while not is_over.is_set():
                try:
                    lab.catch_up()
                    ask(lab, "SELECT count(*), sum(count) FROM metric")
                except Exception as error:  # noqa: BLE001 - any error at all fails the test
                    failures.append(repr(error))

    threads = [threading.Thread(target=read) for _ in range(readers)]
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(root), run_id, str(rows)])
        for run_id in made
    ]
    for thread in threads:
        thread.start()
    assert [process.wait() for process in processes] == [0] * writers
    is_over.set()
    for thread in threads:
        thread.join()
    assert failures == []
    return made


@pytest.mark.parametrize(
    ("writers", "readers", "rows"),
    [(4, 3, 300), pytest.param(20, 4, 20_000, marks=pytest.mark.soak)],
)
def test_writers_and_readers_never_lock_each_other_out(
    tmp_path: Path, writers: int, readers: int, rows: int
) -> None:
    """No lock error, and in the end every point of every writer."""
    root = tmp_path / ".peira"
    (root / "runs").mkdir(parents=True)
    made = write_and_read(root, writers, readers, rows)
    with Lab(root) as lab:
        lab.catch_up()
        counts = ask(
            lab, "SELECT count, last FROM metric m JOIN key k ON k.n = m.key AND name = 'x'"
        )
        assert counts == [(rows, rows - 1.0)] * len(made)


def test_a_read_only_lab_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the lab cannot be written, the index lives in the user's cache."""
    root = tmp_path / "lab" / ".peira"
    make_lab(root, runs=2, points=5)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with Lab(root) as lab:
        assert lab.catch_up().runs == 2
    assert not (root / "index.db").exists()
    assert list((tmp_path / "cache" / "peira").glob("*/index.db"))


def test_two_overviews_of_the_same_points_are_equal(run: RunFiles) -> None:
    """The last value and the exact series agree, to the bit."""
    values = [random.Random(3).uniform(-1, 1) for _ in range(3000)]
    run.log_many("x", values)
    with Lab(run.root) as lab:
        lab.catch_up()
        found = lab.series(run.id, "x")
        assert same(found.values.tolist(), values)
        assert ask(lab, "SELECT min, max, last FROM metric") == [
            (min(values), max(values), values[-1])
        ]
