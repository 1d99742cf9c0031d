"""`peira lineage`, `peira checkpoints`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from peira import resume as peira_resume
from peira.data.dataset import open_dataset
from peira.data.transform import derive
from peira.run import init as peira_init
from tests.cli.conftest import Peira


@pytest.fixture
def family(lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run with checkpoints and a model, one that goes on from it, one that uses the model."""
    monkeypatch.setenv("PEIRA_LEAVE_OUT", "sources,inputs,outputs")  # those of the tests' process
    (tmp_path / "model.bin").write_bytes(b"weights")
    with peira_init("digits", name="parent", lab=lab, console=False, monitor=False) as parent:
        parent.keep_checkpoints(3, metric="acc", best=1)
        for step, acc in enumerate((0.1, 0.9, float("nan"), 0.3, 0.2)):
            parent.checkpoint({"step": step}, step, metric=acc)
        parent.log_artifact(tmp_path / "model.bin", "cnn", type="model")
    with peira_resume("parent", "best", name="child", params={"lr": 0.1}, lab=lab) as child:
        child.log({"acc": 1.0})
    with peira_init("digits", name="user", lab=lab, console=False, monitor=False) as user:
        user.use_artifact("parent:cnn")
    return lab


def test_a_tree_in_both_directions(peira: Peira, family: Path) -> None:
    """What a run comes from stands above what came of it; each line says how they relate."""
    text = peira("lineage", "child").stdout
    above, below = text.split("\n\nwhat came of it")
    assert above.splitlines()[1:] == [
        "",
        "comes from",
        "└─ goes on from step 1 (35 B)",
        "   └─ saved by parent " + peira.json("show", "parent")["id"] + " finished",
    ]
    assert below == ": nothing known\n"
    text = peira("lineage", "parent", "--down").stdout
    assert "├─ saved step 1 (35 B)\n│  └─ gone on from by child" in text
    assert "made cnn (model, 1 file, 7 B)\n" in text and "used by user" in text
    assert "comes from" not in text


def test_a_lineage_for_programs(peira: Peira, family: Path) -> None:
    """Nodes and edges as the HTTP API has them."""
    found = peira.json("lineage", "user", "--up", "--depth", "1")
    assert [node["kind"] for node in found["nodes"]] == ["run", "artifact", "run"]
    assert [edge["kind"] for edge in found["edges"]] == ["used", "made"]
    assert found["run"] == peira.json("show", "user")["id"]


def test_a_node_that_is_there_twice_is_opened_once(peira: Peira, lab: Path, tmp_path: Path) -> None:
    """Two artifacts of one maker: the second time it only says where it stands."""
    (tmp_path / "raw").write_bytes(b"raw")
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode())
    with peira_init("p", name="source", lab=lab, console=False, monitor=False) as source:
        source.log_artifact(tmp_path / "raw")
    with peira_init("p", name="maker", lab=lab, console=False, monitor=False) as maker:
        maker.use_artifact("source:raw")
        for name in ("a", "b"):
            maker.log_artifact(tmp_path / name)
    with peira_init("p", name="taker", lab=lab, console=False, monitor=False) as taker:
        taker.use_artifact("maker:a")
        taker.use_artifact("maker:b")
    text = peira("lineage", "taker", "--up").stdout
    assert text.count("made by maker") == 2 and text.count("finished (above)") == 1
    assert text.count("used raw") == 1


def test_names_cannot_hurt_the_terminal(peira: Peira, lab: Path) -> None:
    """Names of runs and artifacts are escaped."""
    with peira_init("p", name="evil\x1b[2J", lab=lab, console=False, monitor=False) as run:
        (lab / "x").write_bytes(b"x")
        run.log_artifact(lab / "x", "art\x1b[31m")
    assert "\x1b" not in peira("lineage", run.id).stdout


def test_a_file_is_asked_for_by_its_path(
    peira: Peira, lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run that wrote it, also from outside of the lab; else what was looked for, and where."""
    figure, other = lab / "out" / "fig 6.png", lab / "notes.txt"
    figure.parent.mkdir()
    figure.write_bytes(b"figure")
    other.write_bytes(b"never written by a run")
    with peira_init("p", name="painter", lab=lab, console=False, monitor=False) as run:
        run.log_artifact(figure.parent, "figures")
    assert peira("lineage", "out/fig 6.png").stdout.startswith(f"painter {run.id}")
    told = peira("lineage", "fig 6.png", code=3).stderr
    assert f"the file {lab / 'fig 6.png'} is not there" in told and str(lab / ".peira") in told
    assert f"hint: painter wrote figures/fig 6.png: peira lineage {run.id}" in told
    assert f"{lab / 'out'} is a folder" in peira("lineage", "./out", code=3).stderr
    assert "There is no run `nobody`" in peira("lineage", "nobody", code=3).stderr
    told = peira("lineage", "notes.txt", code=3).stderr
    assert f"wrote what {other} holds" in told and "--lab" in told
    monkeypatch.chdir(tmp_path)
    assert peira("lineage", str(figure)).stdout.startswith(f"painter {run.id}")


def test_checkpoints_are_listed(peira: Peira, family: Path) -> None:
    """Those that are kept, by step, with the last and the best."""
    lines = peira("checkpoints", "parent").stdout.splitlines()
    assert lines[0].split() == ["step", "saved", "acc", "size", "files", "format"]
    assert [line.split()[0] for line in lines[1:]] == ["1", "2", "3", "4"]
    assert lines[1].endswith("best") and lines[4].endswith("last") and "NaN" in lines[2]
    rows = peira.json("checkpoints", "parent")["checkpoints"]
    assert [(row["step"], row["best"], row["last"]) for row in rows] == [
        (1, True, False), (2, False, False), (3, False, False), (4, False, True),
    ]  # fmt: skip
    assert rows[1]["metrics"] == {"acc": "NaN"} and rows[0]["files"][0]["path"] == "state.json"
    lowest = peira.json("checkpoints", "parent", "-m", "acc", "--min")["checkpoints"]
    assert [row["step"] for row in lowest if row["best"]] == [4]
    assert "no checkpoints" in peira("checkpoints", "user").stdout
    shown = peira("show", "parent").stdout
    assert "checkpoints\n  step 1" in shown


def test_a_checkpoint_is_exported(peira: Peira, family: Path, tmp_path: Path) -> None:
    """Its files in a new folder that is the person's own; an old folder is left alone."""
    target = tmp_path / "out"
    assert "wrote step 1" in peira("checkpoints", "parent", "--export", "best", str(target)).stderr
    assert json.loads((target / "state.json").read_text())["state"] == {"step": 1}
    (target / "state.json").write_text("mine")
    assert (
        "there already"
        in peira("checkpoints", "parent", "--export", "4", str(target), code=2).stderr
    )
    assert (
        "no checkpoint at step 9"
        in peira("checkpoints", "parent", "--export", "9", str(tmp_path / "x"), code=3).stderr
    )
    assert (
        "no folder"
        in peira(
            "checkpoints", "parent", "--export", "last", str(tmp_path / "a" / "b"), code=2
        ).stderr
    )


def test_show_tells_the_origin(peira: Peira, family: Path) -> None:
    """Which run, which step, what was changed."""
    parent = peira.json("show", "parent")["id"]
    assert f"goes on from {parent} at step 1, with lr=0.1" in peira("show", "child").stdout
    assert peira.json("show", "child")["origin"]["step"] == 1


def test_data_versions_are_followed_to_the_file(
    peira: Peira, lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which parts a run used, the version that theirs was made from, and the file before it; once
    for two runs, which used other parts.
    """
    monkeypatch.setenv("PEIRA_LEAVE_OUT", "sources,inputs,outputs")
    root = lab / ".peira"
    (lab / "d.csv").write_text("x,y\n" + "".join(f"{n},{n % 2}\n" for n in range(40)))
    peira("data", "add", "d.csv")
    peira("data", "split", "d", "main", "train=0.8", "test=0.2")
    derive(open_dataset(root, "d"), lambda d: {"x": d["x"] / 2, "y": d.y}, {}, name="d")
    for name, parts in (("one", ("train", "test")), ("two", ("train",))):
        with peira_init("digits", name=name, lab=lab, console=False, monitor=False) as run:
            for part in parts:
                run.use(f"d:v2:main/{part}")
    tree = peira("lineage", "one", "--up").stdout.splitlines()[2:]
    assert tree == [
        "comes from",
        "└─ used d:v2:main/train, main/test (dataset)",
        "   └─ made from d:v1 (dataset)",
        "      └─ made from d.csv",
    ]
    (only,) = [n for n in peira.json("lineage", "two", "--up")["nodes"] if n["depth"] == -1]
    assert only["name"] == "d:v2:main/train"
    peira("data", "rm", "d:v1")
    assert "made from d:v1" in peira("lineage", "one", "--up").stdout
