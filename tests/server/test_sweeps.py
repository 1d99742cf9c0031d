"""Sweeps over HTTP: the list, one with its trials, decisions, and files."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import peira
from peira.lab.lab import Lab
from peira.launch.queue import Staged
from peira.objective import Trial
from peira.record import lines
from peira.record.append import AppendFile
from peira.server.routes.sweeps import decide_sweep
from peira.server.serve import Server
from peira.server.sweep_records import DecisionRequest
from peira.server.sweeps import command_of
from peira.sweeps.definition import FORMAT, Definition, Function, Objective
from peira.sweeps.folder import make_sweep, new_sweep_id
from peira.sweeps.ledger import Ledger
from peira.sweeps.records import End
from peira.sweeps.space import Space

PROJECT = "swept"


def objective(trial: Trial) -> float:
    """One trial is pruned, one gives no number."""
    x = trial["x"]
    assert isinstance(x, float)
    if trial.number == 3:
        raise peira.Pruned
    return math.nan if trial.number == 5 else (x - 0.3) ** 2


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server of a lab with a sweep of ten trials."""
    root = tmp_path_factory.mktemp("swept")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("PEIRA_LAB", str(root))
        peira.sweep(
            objective, ["x=float(0,1)"], minimize="y", trials=10, sampler="random", seed=1,
            name="one", project=PROJECT,
        )  # fmt: skip
    with (
        Lab(root) as lab,
        Server(lab, port=0) as server,
        httpx.Client(
            base_url=server.address,
            headers={"Authorization": f"Bearer {server.session.token}"},
            timeout=20,
        ) as opened,
    ):
        yield opened


def test_the_list_says_how_far_each_sweep_is(client: httpx.Client) -> None:
    """Counts by how trials ended, and the best of them."""
    (row,) = client.get(f"/api/projects/{PROJECT}/sweeps").json()["sweeps"]
    assert row["name"] == "one" and row["state"] == "finished" and row["done"] == 10
    assert row["counts"]["complete"] == 8 and row["counts"]["pruned"] == row["counts"]["nan"] == 1
    assert row["objectives"] == [{"name": "y", "direction": "min"}]
    assert client.get("/api/projects/other/sweeps").json()["sweeps"] == []


def test_a_sweep_has_all_its_trials_and_what_follows(client: httpx.Client) -> None:
    """The candidate is the best, the expected best ends at it, the query finds its runs."""
    found = client.get(f"/api/projects/{PROJECT}/sweeps/one").json()
    trials, best = found["trials"], found["sweep"]["best"]
    values = [v for v, state in zip(trials["values"][0], trials["state"], strict=True)
              if state == "complete"]  # fmt: skip
    assert found["winner"]["raw"] == best["values"][0] == min(values)
    assert found["winner"]["corrected"] is None and "per-sample" in found["winner"]["remark"]
    expected = found["expected"]
    assert expected["counts"][-1] == 10
    assert expected["mean"][-1] == expected["low"][-1] == expected["high"][-1] == min(values)
    assert trials["state"][3] == "pruned" and trials["params"]["x"][0] is not None
    runs = client.get(f"/api/projects/{PROJECT}/runs", params={"q": found["query"]}).json()
    assert runs["matched"] == 10
    assert found["command"] is None, "a Python function has no command line"


def test_a_sweep_is_found_in_its_project_only(client: httpx.Client) -> None:
    """By id or name; another project has none."""
    id = client.get(f"/api/projects/{PROJECT}/sweeps/one").json()["sweep"]["id"]
    assert client.get(f"/api/projects/{PROJECT}/sweeps/{id}").status_code == 200
    for path in (f"{PROJECT}/sweeps/none", f"other/sweeps/{id}"):
        assert client.get(f"/api/projects/{path}").status_code == 404


def test_decisions_are_recorded_and_refused_with_a_reason(client: httpx.Client) -> None:
    """An extension adds trials; nothing to add, or an unknown act, is refused."""
    address = f"/api/projects/{PROJECT}/sweeps/one/decisions"
    row = client.post(address, json={"action": "extend", "trials": 5}).json()
    assert row["trials"] == 15 and row["state"] == "waiting"
    assert client.post(address, json={"action": "pause"}).json()["state"] == "paused"
    assert client.post(address, json={"action": "resume"}).json()["state"] == "waiting"
    assert client.post(address, json={"action": "stop"}).json()["state"] == "stopped"
    nothing = client.post(address, json={"action": "extend"})
    assert nothing.status_code == 400 and "Nothing is added" in nothing.json()["detail"]
    assert client.post(address, json={"action": "delete"}).status_code == 400
    foreign = client.post(address, json={"action": "stop"}, headers={"Origin": "http://evil.test"})
    assert foreign.status_code == 403


def test_resuming_grants_what_the_command_grants(tmp_path: Path) -> None:
    """A trial that was killed is run once more, though its retries are used up."""
    with Lab(tmp_path) as lab:
        definition = Definition(
            format=FORMAT, id=new_sweep_id(lab.root), name="s", project="p", created=0.0, by="ada",
            space=Space.parse(["x=1,2"]), trials=1, function=Function(place="m:f", directory="/"),
            objectives=(Objective(metric="y", direction="minimize"),),
        )  # fmt: skip
        folder = make_sweep(lab.root, definition)
        file = AppendFile(folder.told("aaaaaa"))
        for attempt in (1, 2):
            end = End(
                trial=0, attempt=attempt, time=1.0, state="killed", params={"x": 1}, started=0
            )
            file.append(lines.encode(end))
        file.close()
        row = decide_sweep.fn(lab, "p", "s", DecisionRequest(action="resume"))
        assert row.state == "waiting"
        ledger = Ledger(folder)
        ledger.catch_up()
        assert ledger.next_free() == (0, 3)


def test_the_screens_are_files_too(client: httpx.Client) -> None:
    """CSV has a row a trial, Parquet is Parquet, unknown parameters are refused."""
    lines = client.get(f"/p/{PROJECT}/sweeps/one.csv").text.splitlines()
    assert lines[0].startswith("trial,state,y,best_so_far,params.x,run,") and len(lines) == 11
    assert client.get(f"/p/{PROJECT}/sweeps/one.parquet").content.startswith(b"PAR1")
    assert client.get(f"/p/{PROJECT}/sweeps.csv").text.splitlines()[1].split(",")[1] == "one"
    assert client.get(f"/p/{PROJECT}/sweeps/one.csv?q=1").status_code == 400
    assert client.get(f"/p/{PROJECT}/sweeps/one").headers["content-type"].startswith("text/html")


def test_the_best_of_a_program_is_a_command_line(tmp_path: Path) -> None:
    """Its params stand as the program takes them; nothing of it is run."""
    script = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--learning-rate')\n"
    (tmp_path / "train.py").write_text(script)
    program = Staged(
        format=1,
        time=0.0,
        by="ada",
        command=[sys.executable, "train.py", "--fast"],
        directory=str(tmp_path),
        environment={},
    )
    definition = Definition(
        format=FORMAT, id="0q3v7m2k9a1b", name="s", project="p", created=0.0, by="ada",
        space=Space.of({"learning_rate": "float(0,1)"}), program=program,
        objectives=(Objective(metric="y", direction="minimize"),),
    )  # fmt: skip
    found = command_of(definition, {"learning_rate": 0.25})
    assert found == "peira run python train.py --fast --learning-rate 0.25"
    (tmp_path / "train.py").unlink()
    assert command_of(definition, {"learning_rate": 0.25}) is not None
