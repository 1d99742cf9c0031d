"""A recorded run, run again, changed, verified and probed: real programs in real folders."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from peira.core.errors import NotRepeatableError, UsageError
from peira.lab.lab import Lab
from peira.lab.verifications import Verification
from peira.rerun.probe import probe
from peira.rerun.rerun import Rerun, rerun
from peira.rerun.verification import verify
from tests.rerun.conftest import Environment
from tests.rerun.projects import run_project
from tests.rerun.recorded import record_run


def losses(lab: Lab, run: str) -> list[float]:
    return [float(v) for v in lab.series(run, "loss").values]


def again(root: Path, run: str, **wanted: object) -> str:
    with Lab(root) as lab:
        return rerun(lab, Rerun(run=run, is_shown=False, **wanted)).run  # type: ignore[arg-type]


def verified(root: Path, run: str, **wanted: object) -> Verification:
    with Lab(root) as lab:
        return verify(lab, Rerun(run=run, is_shown=False, **wanted))  # type: ignore[arg-type]


def test_a_rerun_is_the_same_program_on_the_same_data(root: Path, project: Path) -> None:
    """Also when code and data have changed since; it is linked to the original, and the scratch
    folder is gone.
    """
    run = run_project(root, project, ["--lr", "0.2", "--seed", "3"])
    (project / "scale.py").write_text("SCALE = 9\n")
    (project / "data.csv").write_text("7\n")
    new = again(root, run)
    with Lab(root) as lab:
        assert losses(lab, new) == losses(lab, run)
        record = lab.run(new)
        assert (record.origin, record.origin_how) == (run, "rerun")
        assert record.project == "toy" and record.name == "original-again"
        assert not Path(record.birth["directory"]).exists()


def test_one_thing_changed_is_one_flag_of_the_command(root: Path, project: Path) -> None:
    """The new run says what was changed; all else is as it was."""
    run = run_project(root, project, ["--lr", "0.2", "--seed=3"])
    new = again(root, run, changes={"seed": "4"})
    with Lab(root) as lab:
        birth = lab.run(new).birth
        assert birth["command"][1:] == ["train.py", "--lr", "0.2", "--seed=4"]
        assert birth["origin"]["changed"] == {"seed": "4"}
        assert losses(lab, new) != losses(lab, run)


def test_what_is_no_flag_cannot_be_changed_from_outside(root: Path, project: Path) -> None:
    """A param that the code sets, and a name that is none, are told apart."""
    run = run_project(root, project)
    with pytest.raises(UsageError, match="has no flag, no constant and no param `depth`"):
        again(root, run, changes={"depth": "3"})


def test_an_option_that_was_left_at_its_default_is_added(root: Path, project: Path) -> None:
    """As the script spells it."""
    run = run_project(root, project, ["--lr", "0.2"])
    new = again(root, run, changes={"seed": "4"})
    with Lab(root) as lab:
        assert lab.run(new).birth["command"][1:] == ["train.py", "--lr", "0.2", "--seed", "4"]


def test_a_constant_is_set_as_by_run(root: Path, project: Path) -> None:
    """And one that the original was started with stays, unless it is what is changed."""
    (project / "plain.py").write_text("LR = 0.5\nN = 3\nprint(f'loss: {LR * N}')\n")
    run = run_project(root, project, script="plain.py", settings={"N": "4"})
    new = again(root, run, changes={"LR": "0.25"})
    newest = again(root, new, changes={"N": "8"})
    with Lab(root) as lab:
        assert [losses(lab, id) for id in (run, new, newest)] == [[2.0], [1.0], [2.0]]
        assert lab.run(newest).params == {"LR": 0.25, "N": 8}


def test_here_runs_what_is_there_now(root: Path, project: Path) -> None:
    """Nothing is restored: changed code is what runs."""
    run = run_project(root, project)
    (project / "scale.py").write_text("SCALE = 9\n")
    new = again(root, run, is_here=True)
    with Lab(root) as lab:
        assert lab.run(new).birth["directory"] == str(project)
        assert losses(lab, new) != losses(lab, run)


def test_a_kept_folder_stays(root: Path, project: Path, tmp_path: Path) -> None:
    """The restored project can be looked at afterwards."""
    run = run_project(root, project)
    again(root, run, keep=str(tmp_path / "kept"))
    assert (tmp_path / "kept" / "project" / "train.py").exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["python", "t.py", "--api-key", "[redacted]"], "held a secret"),
        (["python", "t.py", "x" * 50 + "…"], "too long to be recorded"),
        ([], "without a command"),
    ],
)
def test_a_command_that_is_not_whole_is_refused(
    root: Path, project: Path, words: list[str], reason: str
) -> None:
    """A secret is not guessed, and a word that was cut is not used."""
    run = record_run(root, project, words, sources=["train.py"])
    with pytest.raises(NotRepeatableError, match=reason):
        again(root, run)


def test_a_constant_that_was_set_to_a_secret_is_refused(root: Path, project: Path) -> None:
    """The program would be given the word that stands in its place."""
    run = record_run(
        root, project, [sys.executable, "train.py"], sources=["train.py"],
        aspects={"launch": {"set": {"API_TOKEN": "[redacted]"}}},
    )  # fmt: skip
    with pytest.raises(NotRepeatableError, match="API_TOKEN"):
        again(root, run)


def test_an_input_that_is_gone_is_named_before_anything_starts(root: Path, project: Path) -> None:
    """The reason says which file, and no run is made."""
    run = record_run(
        root, project, [sys.executable, "train.py"],
        sources=["train.py", "scale.py"], inputs={"data.csv": False},
    )  # fmt: skip
    (project / "data.csv").unlink()
    with pytest.raises(NotRepeatableError, match=r"data\.csv is gone"):
        again(root, run)
    with Lab(root) as lab:
        assert len(lab.runs()) == 1


def test_a_deterministic_run_is_reproduced_exactly(root: Path, project: Path) -> None:
    """After one re-run; both runs know it, and so does a later reader."""
    run = run_project(root, project)
    found = verified(root, run)
    assert (found.verdict.outcome, found.reruns) == ("exact", [found.rerun])
    with Lab(root) as lab:
        for id in (run, found.rerun):
            assert lab.verifications(id) == [found]


def test_a_run_that_cannot_be_the_same_did_not_reproduce(root: Path, project: Path) -> None:
    """`--here` with changed data: three re-runs agree, so it is not noise."""
    run = run_project(root, project)
    (project / "data.csv").write_text("1.0\n2.0\n4.0\n3.5\n")
    found = verified(root, run, is_here=True)
    assert (found.verdict.outcome, found.verdict.is_deterministic) == ("different", True)
    assert len(found.reruns) == 3 and found.verdict.worst == "loss"
    assert "as they are now" in found.inexact[0]


def test_a_noisy_run_is_held_against_five(root: Path, project: Path) -> None:
    """The answer is weak, and says on how many runs it rests."""
    (project / "train.py").write_text(
        (project / "train.py").read_text().replace('os.environ.get("NOISE")', "True")
    )
    run = run_project(root, project)
    found = verified(root, run)
    assert found.verdict.replicates == 5 and len(found.reruns) == 5
    assert found.verdict.outcome in ("noise", "different")  # one of twenty is outside
    assert found.verdict.is_deterministic is False


def test_a_rerun_that_fails_could_not_run_because(root: Path, project: Path) -> None:
    """The exception is the reason; there is no verdict on the result."""
    run = run_project(root, project)
    (project / "scale.py").write_text("raise RuntimeError('no scale today')\n")
    found = verified(root, run, is_here=True)
    assert found.verdict.outcome == "not-run"
    assert "no scale today" in found.verdict.because and "exit code 1" in found.verdict.because


def test_an_input_that_is_gone_is_an_outcome_too(root: Path, project: Path) -> None:
    """It is kept with the original, although there is no re-run."""
    run = run_project(root, project)
    with Lab(root) as lab:
        digest = lab.run(run).files("input")[str(project / "data.csv")].object
        assert digest is not None
        lab.objects.delete(digest)
    (project / "data.csv").unlink()
    found = verified(root, run)
    assert (found.verdict.outcome, found.rerun) == ("not-run", "")
    with Lab(root) as lab:
        (kept,) = lab.verifications(run)
        assert "data.csv" in kept.verdict.because


def test_a_probe_says_whether_it_is_deterministic_here(root: Path, project: Path) -> None:
    """Once is enough when the original's bits come again; else two starts are compared."""
    run = run_project(root, project)
    with Lab(root) as lab:
        found = probe(lab, Rerun(run=run, is_shown=False))
        assert found.is_deterministic and len(found.runs) == 2 and found.runs[0] == run
        assert found.switches == [] and lab.determinism(run) == found


def test_a_probe_offers_switches_where_it_is_not(root: Path, project: Path) -> None:
    """Only there; by what the run imported and has not set."""
    (project / "train.py").write_text(
        (project / "train.py").read_text().replace('os.environ.get("NOISE")', "True")
    )
    run = run_project(root, project)
    with Lab(root) as lab:
        found = probe(lab, Rerun(run=run, is_shown=False))
        assert not found.is_deterministic and found.differing == ["loss"]
        assert run not in found.runs
        assert any("PYTHONHASHSEED" in switch for switch in found.switches)


def test_a_probe_can_stop_early(root: Path, project: Path) -> None:
    """What both had logged until then is compared."""
    (project / "train.py").write_text(
        "import time\nprint('loss: 0.5', flush=True)\ntime.sleep(60)\nprint('loss: 0.25')\n"
    )
    run = record_run(
        root, project, [sys.executable, "train.py"],
        sources=["train.py"],
    )  # fmt: skip
    with Lab(root) as lab:
        found = probe(lab, Rerun(run=run, is_shown=False), seconds=1.5)
        assert found.is_deterministic and len(found.runs) == 2


def test_params_of_the_program_are_there_again(root: Path, project: Path) -> None:
    """What the program tells of itself, it tells again."""
    run = run_project(root, project, ["--lr", "0.25"])
    new = again(root, run)
    with Lab(root) as lab:
        assert lab.run(new).params == lab.run(run).params
        assert json.dumps(lab.run(new).params)


def test_the_recorded_packages_are_there_again(
    root: Path, project: Path, environment: Environment
) -> None:
    """Also when the environment of the run has other ones by now; while it is unchanged, it is used
    as it is.
    """
    (project / "scale.py").write_text("from tiny_math import SCALE\n")
    run = run_project(root, project, python=environment.python)
    same = again(root, run)
    environment.install("tiny-math==2.0")
    new, other = again(root, run), again(root, run, is_rebuilt=False)
    with Lab(root) as lab:
        assert losses(lab, new) == losses(lab, same) == losses(lab, run) != losses(lab, other)
        prefix = lab.run(run).captured("python")["prefix"]
        assert lab.run(same).captured("python")["prefix"] == prefix
        assert lab.run(new).captured("python")["prefix"] != prefix
        assert lab.run(new).captured("packages")["installed"] == {"tiny-math": "1.0"}


def test_a_package_that_is_gone_is_why_it_could_not_run(
    root: Path, project: Path, environment: Environment, wheels: Path
) -> None:
    """It is named with what uv says."""
    (project / "scale.py").write_text("from tiny_math import SCALE\n")
    run = run_project(root, project, python=environment.python)
    environment.install("tiny-math==2.0")
    for wheel in wheels.glob("tiny_math-1.0*"):
        wheel.unlink()
    found = verified(root, run)
    assert found.verdict.outcome == "not-run"
    assert "tiny-math 1.0 cannot be had" in found.verdict.because


def test_without_a_result_there_is_no_verdict(root: Path, project: Path) -> None:
    """Nothing is started to compare nothing; one that failed is compared by its failure."""
    (project / "train.py").write_text("print('hello')\n")
    run = run_project(root, project)
    with pytest.raises(UsageError, match="nothing to compare"):
        verified(root, run)
    (project / "train.py").write_text("raise ValueError('no luck')\n")
    found = verified(root, run_project(root, project))
    assert found.verdict.outcome == "exact" and "ValueError again" in found.verdict.because
    assert len(found.reruns) == 1
