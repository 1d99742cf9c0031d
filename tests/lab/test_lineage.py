"""The graph of data, runs, artifacts and checkpoints around a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from peira.core.errors import UsageError
from peira.lab.lab import Lab
from peira.lab.lineage_graph import NEIGHBOURS_MAX, Lineage
from peira.record import events
from peira.record.events import Origin
from tests.lab.writing import START, RunFiles


def digest(name: str) -> str:
    return blake3(name.encode()).hexdigest()


def met(run: RunFiles, role: events.FileRole, *names: str) -> None:
    """Let a run meet files, each with its own content, in a folder of the run's own."""
    files = [events.SeenFile(path=name, object=digest(name), size=9) for name in names]
    run.event(events.Files(time=START, role=role, files=files, root=f"/{run.id}"))


def artifact(run: RunFiles, name: str, content: str, role: Any = "made") -> None:
    file = events.File("model.bin", digest(content), 9)
    run.event(events.Artifact(time=START, name=name, type="model", role=role, files=[file]))


def checkpoint(run: RunFiles, step: int) -> None:
    file = events.File("state.json", digest(f"{run.id} {step}"), 9)
    run.event(events.Checkpoint(time=START, step=step, files=[file]))


class Makes:
    """Makes finished runs in one lab, each later than the one before."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.count = 0

    def __call__(self, name: str, **birth: Any) -> RunFiles:
        self.count += 1
        run = RunFiles(self.root, name, created=START + self.count, **birth)
        run.end()
        return run


@pytest.fixture
def make(tmp_path: Path) -> Makes:
    return Makes(tmp_path / ".peira")


def read(run: RunFiles, **options: Any) -> Lineage:
    with Lab(run.root) as lab:
        return lab.lineage(run.id, **options)


def arrows(found: Lineage) -> set[tuple[str, str, str]]:
    """Return the edges by the names of their ends."""
    names = {node.id: node.name for node in found.nodes}
    assert len(names) == len(found.nodes)
    return {(names[e.source], e.kind, names[e.target]) for e in found.edges}


def test_what_only_a_watch_saw_may_have_been_read(make: Makes) -> None:
    """Another program may have opened it: the edge says so, until the run tells of it itself."""
    prepare, train, other = make("prepare"), make("train"), make("other")
    met(prepare, "output", "clean.parquet")
    unsure = [
        events.SeenFile(path=name, object=digest(name), size=9, is_sure=False)
        for name in ("clean.parquet", "notes.txt")
    ]
    for run in (train, other):
        run.event(events.Files(time=START, role="input", files=unsure, root="/p"))
    met(other, "input", "clean.parquet", "notes.txt")
    assert arrows(read(train)) == {
        ("prepare", "wrote", "clean.parquet"),
        ("clean.parquet", "may-read", "train"),
        ("notes.txt", "may-read", "train"),
    }
    assert arrows(read(other)) == {
        ("prepare", "wrote", "clean.parquet"),
        ("clean.parquet", "read", "other"),
        ("notes.txt", "read", "other"),
    }
    assert {edge.kind for edge in read(prepare).edges} == {"wrote", "read", "may-read"}
    assert not read(other).is_cut


def test_a_file_that_one_run_wrote_and_another_read_is_an_edge(make: Makes) -> None:
    """Data, run, file, run, artifact, run: both sides of the run in the middle, by content."""
    prepare, train, evaluate = make("prepare"), make("train"), make("evaluate")
    met(prepare, "input", "raw.csv")
    met(prepare, "output", "clean.parquet", "log.txt")
    met(train, "input", "clean.parquet", "config.yaml")
    artifact(train, "cnn", "weights")
    artifact(evaluate, "cnn", "weights", "used")
    met(evaluate, "output", "scores.csv")
    found = read(train)
    assert found.nodes[0].id == f"run:{train.id}" and not found.is_cut
    assert arrows(found) == {
        ("raw.csv", "read", "prepare"),
        ("prepare", "wrote", "clean.parquet"),
        ("clean.parquet", "read", "train"),
        ("config.yaml", "read", "train"),
        ("train", "made", "cnn"),
        ("cnn", "used", "evaluate"),
        ("evaluate", "wrote", "scores.csv"),
    }
    depths = {node.name: node.depth for node in found.nodes}
    assert depths == {
        "raw.csv": -3, "prepare": -2, "clean.parquet": -1, "config.yaml": -1, "train": 0,
        "cnn": 1, "evaluate": 2, "scores.csv": 3,
    }  # fmt: skip
    (model,) = [node for node in found.nodes if node.kind == "artifact"]
    assert (model.type, model.run, model.files, model.size) == ("model", train.id, 1, 9)
    assert [node.name for _, node in found.before(f"run:{train.id}")] == [
        "clean.parquet",
        "config.yaml",
    ]


def test_a_side_is_only_that_side(make: Makes) -> None:
    """Up never turns down: what else came of a parent is not what the run comes from."""
    parent, one, other = make("parent"), make("one"), make("other")
    met(parent, "output", "data")
    for run in (one, other):
        met(run, "input", "data")
    assert "other" not in {node.name for node in read(one).nodes}
    assert arrows(read(parent, sides=["up"])) == set()
    assert arrows(read(one, sides=["down"])) == set()


def test_a_model_opened_from_its_path_is_the_artifact(make: Makes) -> None:
    """Content that is an artifact of its maker, and a file that it wrote, is shown once."""
    train, serve = make("train"), make("serve")
    artifact(train, "cnn", "model.bin")
    met(train, "output", "model.bin")
    met(serve, "input", "model.bin")
    assert arrows(read(serve)) == {("train", "made", "cnn"), ("cnn", "read", "serve")}
    assert arrows(read(train)) == arrows(read(serve))


def test_generations_of_forks(make: Makes) -> None:
    """A resumed run hangs on its checkpoint, also one that was dropped since; the others stand."""
    first = make("first")
    for step in (10, 20, 30):
        checkpoint(first, step)
    first.event(events.Dropped(time=START, steps=[10]))
    second = make("second", origin=Origin(how="resume", run=first.id, step=10))
    checkpoint(second, 15)
    make("third", origin=Origin(how="resume", run=second.id, step=15))
    make("again", origin=Origin(how="rerun", run=first.id))
    found = read(first)
    assert arrows(found) == {
        ("first", "saved", "step 10"),
        ("first", "saved", "step 20"),
        ("first", "saved", "step 30"),
        ("step 10", "resumed", "second"),
        ("second", "saved", "step 15"),
        ("step 15", "resumed", "third"),
        ("first", "rerun", "again"),
    }
    assert {n.name: n.kept for n in found.nodes if n.kind == "checkpoint"} == {
        "step 10": False, "step 20": True, "step 30": True, "step 15": True,
    }  # fmt: skip
    assert ("step 15", "resumed", "third") in arrows(read(second))
    assert {n.name for n in read(second, sides=["up"]).nodes} == {"first", "step 10", "second"}


def test_the_files_of_a_resumed_checkpoint_say_it_once(make: Makes) -> None:
    """The child opens the checkpoint's files: that it was resumed says more than that."""
    first = make("first")
    checkpoint(first, 10)
    child = make("child", origin=Origin(how="resume", run=first.id, step=10))
    files = [events.SeenFile(path="/tmp/x", object=digest(f"{first.id} 10"), size=9)]
    child.event(events.Files(time=START, role="input", files=files))
    wanted = {("first", "saved", "step 10"), ("step 10", "resumed", "child")}
    assert arrows(read(child)) == wanted and arrows(read(first)) == wanted


def test_a_part_belongs_to_the_whole(make: Makes) -> None:
    """The parent is above its parts; a parent that is not in the lab is named."""
    whole = make("whole")
    part = make("part", parent=whole.id)
    make("orphan", parent="000000000000")
    assert arrows(read(part)) == {("whole", "part", "part")}
    assert arrows(read(whole)) == {("whole", "part", "part")}
    with Lab(whole.root) as lab:
        found = lab.lineage("orphan")
    assert [(n.name, n.known) for n in found.nodes] == [
        ("orphan", True),
        ("000000000000", False),
    ]


def test_what_was_made_later_was_not_taken(make: Makes) -> None:
    """A run that began after the reader had ended did not write what it read."""
    early = make("early")
    met(early, "input", "data")
    late = RunFiles(make.root, "late", created=START + 1_000)
    late.end()
    met(late, "output", "data")
    assert arrows(read(early)) == {("data", "read", "early")}


def test_an_own_file_is_no_input(make: Makes) -> None:
    """A run that reads what it wrote took it from nobody, also when another wrote the same."""
    first, again = make("first"), make("again")
    for run in (first, again):
        met(run, "output", "features.npy")
        met(run, "input", "features.npy")
    assert ("features.npy", "read", "again") not in arrows(read(first))
    assert ("first", "wrote", "features.npy") not in arrows(read(again))


def test_empty_files_join_nobody(make: Makes) -> None:
    """That two runs met a file without content says nothing."""
    first, second = make("first"), make("second")
    empty = [events.SeenFile(path="__init__.py", object=blake3(b"").hexdigest())]
    first.event(events.Files(time=START, role="output", files=empty, root="/a"))
    second.event(events.Files(time=START, role="input", files=empty, root="/b"))
    assert len(read(second).nodes) == 1


def test_limits_are_told(make: Makes) -> None:
    """Left-out neighbours are counted at the node that has them: files, readers, generations."""
    source = make("source")
    met(source, "input", *(f"raw-{n:03}" for n in range(50)))
    met(source, "output", "data")
    readers = [make(f"reader-{n}") for n in range(NEIGHBOURS_MAX + 5)]
    for reader in readers:
        met(reader, "input", "data")
    found = read(source)
    assert found.is_cut
    shown = sum(edge.kind == "read" for edge in found.edges)
    root = found.nodes[0]
    (data,) = [node for node in found.nodes if node.name == "data"]
    assert shown == NEIGHBOURS_MAX + 50 - root.more_up and 0 < root.more_up < 50
    assert data.more_down == 5
    few = read(source, nodes=4)
    assert len(few.nodes) == 4 and few.is_cut
    with pytest.raises(UsageError, match="depth is 0"):
        read(source, depth=0)


def test_a_depth_ends_the_search(make: Makes) -> None:
    """The last generation tells that there is more behind it."""
    runs = [make("run-0")]
    for n in range(1, 6):
        runs.append(make(f"run-{n}", origin=Origin(how="rerun", run=runs[-1].id)))
    found = read(runs[5], depth=2)
    assert [node.name for node in found.nodes] == ["run-5", "run-4", "run-3"]
    assert found.is_cut and found.nodes[-1].more_up == 1
    assert not read(runs[5], depth=5).is_cut
    down = read(runs[0], depth=2)
    assert down.is_cut and down.nodes[-1].more_down == 1


def test_removed_runs_stay_in_the_graph(make: Makes) -> None:
    """A removed run is marked, so that the chain behind it is not broken."""
    first = make("first")
    second = make("second", origin=Origin(how="rerun", run=first.id))
    with Lab(make.root) as lab:
        lab.catch_up()
        lab.remove(first.id)
        found = lab.lineage(second.id)
    assert [(node.name, node.deleted) for node in found.nodes] == [
        ("second", False),
        ("first", True),
    ]
