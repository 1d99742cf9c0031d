"""The repeat guard on labs written by hand: every kind of likeness, before, beside and after."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from peira.cli.repeating import Repeating
from peira.lab.earlier import EarlierRuns
from peira.lab.lab import Lab
from peira.lab.recorded import read_folder
from peira.launch.launcher import Request
from peira.record import events
from peira.record.folder import RunFolder
from peira.rerun import guard
from peira.rerun.guard import Found
from peira.rerun.identify import identify
from peira.rerun.notice import nearest, notice
from tests.lab.writing import START
from tests.rerun.handwritten import PACKAGES, Project, digest

NOW = START + 2 * 86_400


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project without runs."""
    (tmp_path / "work").mkdir()
    return Project(tmp_path / "work")


Look = Callable[..., Found]


@pytest.fixture(params=["folders", "index"])
def look(request: pytest.FixtureRequest, project: Project) -> Look:
    """The guard before a start, with a lab that nobody has read yet, and with an index."""

    def look(command: str = "") -> Found:
        if request.param == "index":
            with Lab(project.root) as lab:
                lab.catch_up()
        with EarlierRuns(project.root) as earlier:
            return guard.before(earlier, project.beginning(command), "p")

    return look


def kind(found: Found) -> str | None:
    return None if found.likeness is None else found.likeness.kind


def is_silent(found: Found) -> bool:
    return not notice(found) and not nearest(found)


def test_the_same_again_is_an_exact_repeat(project: Project, look: Look) -> None:
    """Name, age and result of the earlier run are told in one line."""
    project.record("--seed 1", params={"seed": 1})
    found = look("--seed=1")
    assert kind(found) == "exact repeat" and found.is_done
    assert notice(found, NOW) == (
        "this is an exact repeat of brisk-otter (2 d ago, val/acc 0.97): it adds no evidence, "
        "unless you want to check that it can be reproduced."
    )


def test_nothing_is_said_in_an_empty_lab(project: Project, look: Look) -> None:
    """Nor before the first run of another program."""
    assert is_silent(look("--seed 1"))
    project.record("--seed 1", params={"seed": 1}, project="other")
    assert is_silent(look("--seed 1"))


def test_layout_and_comments_are_a_disguise(project: Project, look: Look) -> None:
    """The text of the code differs, its syntax tree does not."""
    project.record("--seed 1", params={"seed": 1})
    project.write("helper.py", "def f(x):  # adds one\n    return (x + 1)\n")
    found = look("--seed 1")
    assert kind(found) == "repeat in disguise" and found.is_done
    assert "only in layout and comments" in notice(found)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("helper.py", "def f(x):\n    return x + 2\n"),
        ("train.py", "import helper\nprint(helper.f(2))\n"),
        ("data.csv", "a,b\n1,3\n"),
    ],
)
def test_other_code_or_data_is_no_repeat(
    project: Project, look: Look, name: str, content: str
) -> None:
    """One token of a helper, one byte of a data file."""
    project.record("--seed 1", params={"seed": 1})
    project.write(name, content)
    assert kind(look("--seed 1")) is None


def test_a_file_that_is_gone_is_no_repeat(project: Project, look: Look) -> None:
    """A program that reads it will do something else."""
    project.record("--seed 1", params={"seed": 1})
    (project.folder / "data.csv").unlink()
    assert kind(look("--seed 1")) is None


def test_a_touched_file_is_the_same(project: Project, look: Look) -> None:
    """Times of files do not count."""
    project.record("--seed 1", params={"seed": 1})
    for name in ("train.py", "helper.py", "data.csv"):
        (project.folder / name).touch()
    assert kind(look("--seed 1")) == "exact repeat"


def test_another_seed_is_silent_evidence(project: Project, look: Look) -> None:
    """A replicate is never announced."""
    project.record("--seed 1", params={"seed": 1})
    assert is_silent(look("--seed 2"))


def test_another_version_of_a_package_is_an_attempt_to_reproduce(
    project: Project, look: Look
) -> None:
    """Only a package that was imported counts; which one is told."""
    project.record("--seed 1", params={"seed": 1})
    project.packages = PACKAGES | {"installed": {"numpy": "2.1", "scipy": "1.15"}}
    assert kind(look("--seed 1")) == "exact repeat"
    project.packages = PACKAGES | {"installed": {"numpy": "2.2"}}
    found = look("--seed 1")
    assert kind(found) == "reproduction attempt" and not found.is_done
    assert notice(found, NOW) == (
        "this is what brisk-otter (2 d ago, val/acc 0.97) did in another environment "
        "(numpy 2.1 → 2.2)."
    )
    project.packages, project.python = PACKAGES, "3.12.1"
    assert kind(look("--seed 1")) == "reproduction attempt"
    project.python, project.environment = "3.11.9", {"OMP_NUM_THREADS": "1"}
    assert kind(look("--seed 1")) == "reproduction attempt"


def test_one_choice_changed_lists_the_nearest(project: Project, look: Look) -> None:
    """Three at most, with what would change."""
    for lr in (0.1, 0.2, 0.3, 0.4):
        project.record(f"--lr {lr} --seed 1", params={"lr": lr, "seed": 1, "depth": 3})
    found = look("--lr 0.5 --seed 1")
    assert kind(found) is None and len(found.nearest) == guard.NEAREST_MAX
    assert nearest(found, NOW).count("brisk-otter (lr 0.") == 3
    assert "→ 0.5, 2 d ago, val/acc 0.97)" in nearest(found, NOW)


def test_the_nearest_tell_of_their_code_and_data(project: Project, look: Look) -> None:
    """What else is not as it was is named; a run with the same code comes first."""
    project.record("--lr 0.1 --seed 1", params={"lr": 0.1, "seed": 1})
    project.write("helper.py", "def helper():\n    return 7\n")
    project.write("data.csv", "x\n7\n")
    project.record("--lr 0.2 --seed 1", params={"lr": 0.2, "seed": 1})
    said = nearest(look("--lr 0.5 --seed 1"), NOW)
    same, _, other = said.partition("; ")
    assert "lr 0.2 → 0.5, 2 d ago" in same
    assert "lr 0.1 → 0.5, other code: helper.py, other data: data.csv, 2 d ago" in other


def test_a_default_written_out_is_the_same_choice(project: Project, look: Look) -> None:
    """The earlier run's params tell what its defaults were."""
    project.record("--seed 1", params={"lr": 0.1, "seed": 1})
    assert kind(look("--seed 1 --lr 0.1")) == "exact repeat"
    assert kind(look("--seed 1 --lr 0.2")) is None


def test_an_option_left_out_is_another_choice_unless_its_default_is_known(
    project: Project, look: Look
) -> None:
    """Other runs of the same code that left it out, too, tell the default."""
    project.record("--seed 1 --lr 0.2", params={"lr": 0.2, "seed": 1})
    assert kind(look("--seed 1")) is None
    project.record("--seed 2", params={"lr": 0.2, "seed": 2})
    assert kind(look("--seed 1")) == "exact repeat"


def test_a_failed_run_is_not_done(project: Project, look: Look) -> None:
    """It is told, with its error; a finished one counts more, however old."""
    project.record("--seed 1", params={"seed": 1}, status="failed")
    found = look("--seed 1")
    assert not found.is_done
    assert "failed before: brisk-otter (2 d ago, ValueError: no data)" in notice(found, NOW)
    project.record("--seed 1", params={"seed": 1})
    project.record("--seed 1", params={"seed": 1}, status="failed")
    assert look("--seed 1").is_done


def test_a_live_run_is_told(project: Project, look: Look) -> None:
    """The same may be running at this moment, in another window."""
    project.record("--seed 1", params={"seed": 1}, status=None)
    found = look("--seed 1")
    assert not found.is_done and "running now: brisk-otter" in notice(found)


def test_without_a_seed_it_may_be_evidence(project: Project, look: Look) -> None:
    """It is told that no seed is recorded; it is not done."""
    project.record("--lr 1", params={"lr": 1})
    found = look("--lr 1")
    assert kind(found) == "unseeded" and not found.is_done
    assert "sets no seed" in notice(found)


def test_a_seed_of_the_time_is_a_replicate(project: Project, look: Look) -> None:
    """A seed that stands nowhere will be another one: no alarm."""
    project.record("--lr 1", params={"lr": 1}, seeds=[("numpy", 1_760_000_123)])
    assert is_silent(look("--lr 1"))


def test_a_variable_that_the_code_reads_is_a_choice(project: Project, look: Look) -> None:
    """`MODE=fast python train.py` is not `MODE=slow python train.py`."""
    project.write("helper.py", "import os\nmode = os.environ['MODE']\n")
    project.environment = {"MODE": "fast"}
    project.record("--seed 1", params={"seed": 1})
    assert kind(look("--seed 1")) == "exact repeat"
    project.environment = {"MODE": "slow"}
    assert kind(look("--seed 1")) is None


def test_another_copy_of_the_project_is_the_same(project: Project, tmp_path: Path) -> None:
    """Another folder, another machine: content counts, places do not."""
    import shutil

    project.record("--seed 1", params={"seed": 1})
    shutil.copytree(project.folder, tmp_path / "deep" / "copy", ignore=lambda *_: [".peira"])
    copied = Project(tmp_path / "deep" / "copy")
    for name in ("train.py", "helper.py", "data.csv"):
        (project.folder / name).unlink()
    with EarlierRuns(project.root) as earlier:
        found = guard.before(earlier, copied.beginning("--seed 1"), "p")
        assert kind(found) == "exact repeat"
        copied.write("helper.py", "f = print")
        assert kind(guard.before(earlier, copied.beginning("--seed 1"), "p")) is None


def test_a_removed_run_is_forgotten(project: Project, look: Look) -> None:
    """Who removed it does not want to hear of it."""
    run = project.record("--seed 1", params={"seed": 1})
    with Lab(project.root) as lab:
        lab.remove(run.id)
        lab.catch_up()
    assert is_silent(look("--seed 1"))


def test_beside_a_program_its_params_decide(project: Project) -> None:
    """One script may make many runs: each is compared with its own params."""
    for seed in range(3):
        project.record(params={"lr": 0.1, "seed": seed})
    with EarlierRuns(project.root) as earlier:

        def look(**params: Any) -> str | None:
            return kind(guard.beside(earlier, project.beginning(params=params), "p"))

        assert look(lr=0.1, seed=1) == "exact repeat"
        assert look(seed=1, lr=0.1, out_dir="elsewhere") == "exact repeat"
        assert look(lr=0.1, seed=7) is None
        assert look(lr=0.2, seed=1) is None
        assert look(lr=0.1) is None


@pytest.mark.parametrize("is_indexed", [False, True])
def test_at_the_end_all_parts_are_known(project: Project, is_indexed: bool) -> None:
    """What could not be told before is told after."""
    project.record("--lr 0.1 --seed 1", params={"lr": 0.1, "seed": 1})

    def confirm(command: str, **params: Any) -> str | None:
        if is_indexed:
            with Lab(project.root) as lab:
                lab.catch_up()
        return kind(project.confirm(project.record(command, params=params)))

    assert confirm("--seed 1", lr=0.1, seed=1) == "exact repeat"
    assert confirm("--seed 2", lr=0.1, seed=2) is None
    project.write("helper.py", "def f(x): return x + 1")
    assert confirm("--seed 1", lr=0.1, seed=1) == "repeat in disguise"


def test_without_a_seed_results_tell_whether_it_is_a_repeat(project: Project) -> None:
    """The same to the last digit: no seed has an effect. Others: evidence, and silence."""
    project.record(params={"lr": 1})
    assert kind(project.confirm(project.record(params={"lr": 1}, accuracy=0.96))) is None
    assert kind(project.confirm(project.record(params={"lr": 1}, seconds=7.0))) == "exact repeat"


def test_several_runs_without_a_seed_settle_what_they_are(project: Project, look: Look) -> None:
    """Two with the same results: the third is a repeat. Two with others: it is evidence."""
    for _ in range(2):
        project.record("--lr 1", params={"lr": 1})
    found = look("--lr 1")
    assert kind(found) == "exact repeat" and found.is_done
    project.record("--lr 1", params={"lr": 1}, accuracy=0.95)
    assert is_silent(look("--lr 1"))


def test_a_reason_of_its_own_makes_it_meant(project: Project) -> None:
    """A reason that stands in the script, the same as then, is no reason to do it again."""
    project.record(params={"seed": 1})
    with EarlierRuns(project.root) as earlier:
        found = guard.beside(earlier, project.beginning(params={"seed": 1}), "p")
    assert found.likeness is not None
    run = found.likeness.run
    assert guard.is_meant("is it deterministic?", run)
    assert not guard.is_meant("", run)
    again = msgspec.structs.replace(run.birth, why="baseline")
    assert not guard.is_meant("baseline", msgspec.structs.replace(run, birth=again))


def test_a_damaged_index_is_passed_over(project: Project) -> None:
    """The guard answers from the folders, and mends nothing."""
    project.record("--seed 1", params={"seed": 1})
    (project.root / "index.db").write_bytes(b"not a database" * 100)
    with EarlierRuns(project.root) as earlier:
        assert kind(guard.before(earlier, project.beginning("--seed 1"), "p")) == "exact repeat"
    assert (project.root / "index.db").read_bytes().startswith(b"not a database")


def test_a_version_of_a_data_set_counts_by_its_content(project: Project, look: Look) -> None:
    """Used from the lab, it is no file that was opened; when there is a newer one, the name may
    mean that, and nothing is said before the run.
    """

    def record(content: str, part: str = "main/train") -> Found:
        run = project.record("--seed 1", params={"seed": 1})
        dataset = events.Artifact(
            time=START,
            name=f"digits:v1:{part}",
            type="dataset",
            role="used",
            files=[],
            metadata={"content": content},
        )
        run.event(dataset)
        own = read_folder(RunFolder(run.path))
        assert own is not None
        found = identify(own, {}, {}, lambda digest: None)
        value = msgspec.to_builtins(found)
        run.event(events.Captured(time=START, aspect="fingerprint", value=value))
        return project.confirm(run)

    assert [kind(record("a")), kind(record("a"))] == [None, "exact repeat"]
    assert kind(record("b")) is None
    assert kind(record("a", part="main/test")) is None
    versions = project.root / "datasets" / "digits"
    versions.mkdir(parents=True)
    (versions / "v1.json").touch()
    os.utime(versions / "v1.json", (START - 9, START - 9))
    assert kind(look("--seed 1")) == "exact repeat"
    (versions / "v2.json").touch()
    assert kind(look("--seed 1")) is None


def test_what_the_newest_run_read_is_what_counts(project: Project, look: Look) -> None:
    """A program that goes on from its checkpoint is another one each time, whatever the very first
    run read.
    """
    project.record("--seed 1", params={"seed": 1})
    resumed = project.record("--seed 1", params={"seed": 1})
    project.write("checkpoint.pt", "epoch 1")
    seen = events.SeenFile(path="checkpoint.pt", object=digest(project.folder / "checkpoint.pt"))
    line = events.Files(time=START, role="input", files=[seen], root=str(project.folder))
    resumed.event(line)
    assert kind(look("--seed 1")) == "exact repeat"
    project.write("checkpoint.pt", "epoch 2")
    assert kind(look("--seed 1")) is None


def test_what_cannot_be_read_stops_no_program(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An index with nonsense in it costs the warning, and says so."""
    project.record("--seed 1", params={"seed": 1})
    with Lab(project.root) as lab:
        lab.catch_up()
    with sqlite3.connect(project.root / "index.db") as index:
        index.execute("UPDATE run SET birth = x'00'")
    index.close()
    monkeypatch.chdir(project.folder)
    request = Request(command=["train.py", "--seed", "1"], lab=str(project.root), project="p")
    assert Repeating(policy="refuse").decide(request) == request
    assert "is not known" in capsys.readouterr().err


def test_a_file_with_a_secret_has_no_digest_and_is_the_same_while_untouched(
    project: Project, look: Look
) -> None:
    """Its size and time stand in for the digest, which would help to guess the secret."""
    project.write(".env", "KEY=hunter2")
    run = project.record("--seed 1", params={"seed": 1}, inputs=[(".env", None)])
    found = (project.folder / ".env").stat()
    seen = events.SeenFile(path=".env", size=found.st_size, modified=found.st_mtime)
    line = events.Files(time=START, role="input", files=[seen], root=str(project.folder))
    run.event(line)
    assert kind(look("--seed 1")) == "exact repeat"
    os.utime(project.folder / ".env", (START, START))
    assert is_silent(look("--seed 1"))
