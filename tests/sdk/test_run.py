"""What a run records."""

from __future__ import annotations

import argparse
import stat
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

import peira
from peira.core.errors import UsageError
from peira.record import events
from tests.sdk.reading import environment, only_run, read_runs, run_program


def test_birth_says_who_and_what(lab: Path) -> None:
    """`run.json` is there when init returns, and names project, group, reason and process."""
    run = peira.init("mnist", name="first", group="g", why="to see", console=False, monitor=False)
    birth = only_run(lab).folder.read_birth()
    assert (birth.id, birth.name, birth.project) == (run.id, "first", "mnist")
    assert (birth.group, birth.why, birth.format) == ("g", "to see", 1)
    assert birth.pid and birth.host and birth.boot and birth.user
    assert only_run(lab).state == "running"


def test_only_the_owner_may_read(run: peira.Run, lab: Path) -> None:
    """Folders are 0700 and files 0600 (L04)."""
    run.log({"loss": 0.5})
    run.finish()
    assert run.folder is not None
    for folder in (lab, lab / "runs", run.folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in run.folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (lab / ".gitignore").read_text() == "*\n"


def test_log_is_on_disk_when_it_returns(run: peira.Run, lab: Path) -> None:
    """Nothing is buffered: a reader sees each point at once."""
    for step in range(5):
        run.log({"loss": step / 2}, step=step * 10)
        assert only_run(lab).values("loss")[-1] == step / 2
    assert only_run(lab).steps("loss") == [0, 10, 20, 30, 40]


def test_steps(run: peira.Run, lab: Path) -> None:
    """Without a step one more than the last; steps may repeat, go back and be negative."""
    run.log({"a": 1.0})
    run.log({"a": 2.0})
    run.log({"a": 3.0}, step=-5)
    run.log({"b": 4.0})
    run.log({"a": 5.0}, step=1)
    run.log({"a": 6.0}, step=1)
    found = only_run(lab)
    assert found.steps("a") == [0, 1, -5, 1, 1]
    assert found.steps("b") == [-4]


def test_nested_names(run: peira.Run, lab: Path) -> None:
    """Nested dicts become slash paths."""
    run.log({"train": {"loss": 1.0, "acc": {"top1": 2.0}}, "lr": 3.0})
    assert [point.key for point in only_run(lab).points] == ["train/loss", "train/acc/top1", "lr"]


def test_many_key_sets_and_declarations(run: peira.Run, lab: Path) -> None:
    """Key sets are told apart by names and order, and declared again as the file grows."""
    for step in range(1500):
        run.log({"a": step + 0.5, "b": -0.5}, step)
        run.log({"b": 1.5, "a": step + 0.25}, step)
    found = only_run(lab)
    assert len(found.points) == 6000 and not found.damages
    assert found.values("a")[:4] == [0.5, 0.25, 1.5, 1.25]
    assert found.folder.points().read_bytes().count(b'["k",0,') > 2


def test_params(run: peira.Run, lab: Path) -> None:
    """Params are a mapping that records; dataclasses, namespaces and pairs are taken, too."""

    @dataclass
    class Config:
        layers: int = 3

    run.params["lr"] = 1e-3
    run.params.update({"net": {"kernel": [3, 5]}}, nothing=None)
    run.params.update(Config())
    run.params.update(argparse.Namespace(seed=1, data=Path("x")))
    run.params.update([("late", float("inf"))])
    expected = {
        "lr": 1e-3, "net/kernel": [3, 5], "nothing": None, "layers": 3, "seed": 1, "data": "x",
        "late": {"float": "Infinity"},
    }  # fmt: skip
    assert dict(run.params) == expected
    recorded: dict[str, object] = {}
    for event in only_run(lab).of(events.Params):
        recorded |= event.values
    assert recorded == expected
    with pytest.raises(UsageError):
        del run.params["lr"]
    with pytest.raises(UsageError):
        run.params.update(3)


def test_secret_params_are_redacted(run: peira.Run, lab: Path) -> None:
    """A secret given as a param never reaches the disk."""
    run.params.update({"api_key": "hunter2hunter2", "tokens": 100, "optimizer": "adam"})
    run.params.update({"argv": ["--token", "hunter2"], "api_keys": ["hunter2"]})
    run.params.update({"sources": [{"password": "hunter2"}], "betas": [0.9, 0.99]})
    run.finish()
    told = only_run(lab).of(events.Params)
    assert len(told) == 3 and "hunter2" not in str(told)
    assert run.params["optimizer"] == "adam" and run.params["betas"] == [0.9, 0.99]


def test_the_outcome_is_the_last_note(run: peira.Run, lab: Path) -> None:
    """What came of a run is told with its end."""
    run.note("first")
    run.finish(outcome="0.9, as hoped")
    run.finish(outcome="too late")
    found = only_run(lab)
    assert [note.text for note in found.of(events.Note)] == ["first", "0.9, as hoped"]
    assert isinstance(found.events[-1], events.End)


def test_what_is_captured_can_be_chosen(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By arguments and by the environment, for the run and its parts; a slip is refused."""
    monkeypatch.setenv("PEIRA_LEAVE_OUT", "host console")
    monkeypatch.setenv("MY_CHOICE", "7")
    names = ["code", "packages", "numerics", "monitor", "seeds", "fingerprint"]
    with peira.init(strict=True, leave_out=names, variables="MY_*") as run, run.child():
        pass
    for found in read_runs(lab):
        told = {event.aspect: event.value for event in found.of(events.Captured)}
        assert set(told) & {*names, "host"} == set() and "python" in told
        assert told["environment"]["variables"]["MY_CHOICE"] == "7"
        assert not found.folder.console.exists()
    with pytest.raises(UsageError, match="cannot be left out"):
        peira.init(strict=True, leave_out="pakages")
    with pytest.raises(TypeError, match="leaveout"):
        peira.init(leaveout="code")  # type: ignore[call-arg]


def test_a_long_diff_is_read_from_its_object(lab: Path) -> None:
    """The record of a run gives the whole diff, wherever it is kept."""
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    script = lab.parent / "work.py"
    script.write_text("import peira\nwith peira.init(strict=True): pass\n")
    for words in (["init", "-q"], ["add", "work.py"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], cwd=lab.parent, check=True)
    for lines in (1, 20_000):
        script.write_text(script.read_text() + "lr = 1\n" * lines)
        done = subprocess.run(
            [sys.executable, script],
            env=environment(lab), capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert "finished" in done.stderr
    with peira.Lab(lab) as read:
        long, short = read.runs()
        assert short.diff().count(b"\n+lr = 1") == 1 and long.diff().count(b"\n+lr = 1") == 20_001
        assert long.captured("code")["git"]["diff_object"]


def test_tags_and_notes(run: peira.Run, lab: Path) -> None:
    """Tags are a set that records; notes add up."""
    run.tags.add("a", "b", "a")
    run.tags.remove("a", "never")
    run.note("# Looks good")
    found = only_run(lab)
    assert [(t.add, t.remove) for t in found.of(events.Tags)] == [(["a", "b"], []), ([], ["a"])]
    assert list(run.tags) == ["b"] and "b" in run.tags and len(run.tags) == 1
    assert found.of(events.Note)[0].text == "# Looks good"
    with pytest.raises(UsageError):
        run.tags.add(" ")


def test_alerts(run: peira.Run, lab: Path) -> None:
    """An alert has a title and one of three levels."""
    run.alert("diverged", "loss is NaN", "error")
    (alert,) = only_run(lab).of(events.Alert)
    assert (alert.title, alert.text, alert.level) == ("diverged", "loss is NaN", "error")
    with pytest.raises(UsageError):
        run.alert("x", level="loud")  # type: ignore[arg-type]


def test_artifacts(run: peira.Run, lab: Path, tmp_path: Path) -> None:
    """The bytes are in the lab before the line that names them."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("1,2")
    run.log_artifact(tmp_path / "data", "set", type="dataset", metadata={"rows": 1})
    (artifact,) = only_run(lab).of(events.Artifact)
    assert (artifact.name, artifact.type, artifact.metadata) == ("set", "dataset", {"rows": 1})
    (file,) = artifact.files
    assert (file.path, file.size) == ("a.csv", 3)
    assert (lab / "objects" / file.object[:2] / file.object[2:]).read_text() == "1,2"
    with pytest.raises(peira.NotFoundError):
        run.log_artifact(tmp_path / "no")


def test_artifacts_have_names(run: peira.Run, lab: Path, tmp_path: Path) -> None:
    """A path that ends with dots is called by the folder it means."""
    folder = tmp_path / "data" / "inner"
    folder.mkdir(parents=True)
    (tmp_path / "data" / ".hidden").write_text("1")
    run.log_artifact(folder / "..")
    run.log_artifact(tmp_path / "data" / ".hidden")
    assert [made.name for made in only_run(lab).of(events.Artifact)] == ["data", ".hidden"]


def test_nothing_is_dropped_in_silence(lab: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What comes after the end of a run is told, files and media too."""
    for call in ("log_text('t', 'x')", "log_artifact('.')", "save_model({})", "log({'a': 1.0})"):
        run = peira.init(console=False, monitor=False)
        run.finish()
        capfd.readouterr()
        eval(f"run.{call}")
        assert "has ended" in capfd.readouterr().err, call


def test_a_strict_init_that_fails_leaves_nothing(lab: Path) -> None:
    """The run of an init() that raises is failed, and no thread and no hook of it goes on."""
    threads = threading.active_count()
    for wrong in ({"params": 3}, {"tags": [""]}, {"lab": 3}):
        with pytest.raises((UsageError, TypeError)):
            peira.init(strict=True, **wrong)  # type: ignore[arg-type]
    limit_s = time.monotonic() + 20
    while threading.active_count() > threads and time.monotonic() < limit_s:
        time.sleep(0.02)  # the watch of files is given back beside
    assert threading.active_count() <= threads
    assert [found.state for found in read_runs(lab)] == ["failed", "failed"]
    peira.init(lab=3, console=False).log({"a": 1.0})  # type: ignore[arg-type]


def test_a_working_directory_that_was_removed(lab: Path) -> None:
    """A run needs no working directory when it knows its lab; without it says what to do."""
    program = """
import os, peira
os.mkdir("gone"); os.chdir("gone"); os.rmdir("../gone")
peira.init(console=False, monitor=False, params={"lr": 1}).finish()
del os.environ["PEIRA_LAB"]
peira.init(console=False, monitor=False).finish()
"""
    done = run_program(lab, program)
    assert done.returncode == 0 and "PEIRA_LAB" in done.stderr
    found = only_run(lab)
    assert found.folder.read_birth().project == "untitled" and found.state == "finished"


def test_a_program_without_stderr(lab: Path, tmp_path: Path) -> None:
    """A file that has the number 2 because stderr was closed is the program's own."""
    program = """
import os, sys
os.close(2); sys.stderr = None
assert os.open("mine", os.O_CREAT | os.O_WRONLY) == 2
import peira
run = peira.init(console=False, monitor=False)
run.log({"a": "x"})
run.finish()
"""
    assert run_program(lab, program).returncode == 0
    assert (tmp_path / "mine").read_bytes() == b""


def test_models(run: peira.Run, lab: Path) -> None:
    """A model is an artifact of type model that names its class."""
    run.save_model({"weights": [1, 2]}, "net", metadata={"epoch": 3})
    (artifact,) = only_run(lab).of(events.Artifact)
    assert (artifact.name, artifact.type) == ("net", "model")
    assert artifact.metadata["class"] == "dict" and artifact.metadata["epoch"] == 3


def test_text_is_media(run: peira.Run, lab: Path) -> None:
    """Media name an object that is in the store, at the step of the last log call."""
    run.log({"loss": 1.0}, step=7)
    run.log_text("sample", "hello", caption="c")
    run.log_text("sample", "later", step=9)
    first, second = only_run(lab).of(events.Media)
    assert (first.key, first.step, first.type, first.caption) == ("sample", 7, "text", "c")
    assert second.step == 9
    assert (lab / "objects" / first.object[:2] / first.object[2:]).read_bytes() == b"hello"


def test_wrong_media_are_named(run: peira.Run) -> None:
    """What cannot be shown is told with its key."""
    with pytest.raises(UsageError, match=r"log_image\('sample'\): NoneType is no image"):
        run.log_image("sample", None)


def test_threads(run: peira.Run, lab: Path) -> None:
    """Threads share a run; every point is there, and each thread's in its order."""

    def work(name: str) -> None:
        for step in range(500):
            run.log({name: float(step)}, step)

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = only_run(lab)
    assert not found.damages
    for number in range(6):
        assert found.values(f"t{number}") == [float(step) for step in range(500)]


def test_a_dictionary_that_another_thread_changes(run: peira.Run, lab: Path) -> None:
    """Each value stands under its own name, whatever happens to the dictionary meanwhile."""
    values = {"a": 1.0, "b": 2.0}
    done = threading.Event()

    def change() -> None:
        while not done.is_set():
            values["a"] = values.pop("a")
            values["b"] = values.pop("b")

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=change)
    thread.start()
    for step in range(5_000):
        run.log(values, step)
    done.set()
    thread.join()
    sys.setswitchinterval(before)
    found = only_run(lab)
    assert set(found.values("a")) == {1.0} and set(found.values("b")) == {2.0}


def test_finish(run: peira.Run, lab: Path) -> None:
    """The end has a status and a duration; a second finish does nothing."""
    run.finish("failed")
    run.finish()
    found = only_run(lab)
    assert len(found.of(events.End)) == 1 and found.end is not None
    assert found.state == "failed"
    assert found.end.duration_s > 0 and found.end.peak_memory_bytes
    with pytest.raises(UsageError):
        run.log({"loss": 1.0})
    with pytest.raises(UsageError):
        run.finish("done")  # type: ignore[arg-type]


def test_context_manager(lab: Path) -> None:
    """Leaving the block ends the run as what it was, and the error goes on."""
    with peira.init(console=False, monitor=False):
        pass
    with pytest.raises(ZeroDivisionError), peira.init(console=False, monitor=False):
        _ = 1 / 0
    with pytest.raises(KeyboardInterrupt), peira.init(console=False, monitor=False):
        raise KeyboardInterrupt
    first, second, third = read_runs(lab)
    assert (first.state, second.state, third.state) == ("finished", "failed", "killed")
    assert second.end is not None and second.end.error is not None
    assert second.end.error.type == "ZeroDivisionError"
    assert "_ = 1 / 0" in second.end.error.traceback
    assert third.end is not None and third.end.signal == "SIGINT"


def test_a_second_init_ends_the_first(run: peira.Run, lab: Path) -> None:
    """A new run finishes the open one; a child does not."""
    child = run.child("part")
    assert peira.current_run() is child
    child.finish()
    assert peira.current_run() is run
    other = peira.init(console=False, monitor=False)
    first, part, second = read_runs(lab)
    assert (first.state, part.state, second.state) == ("finished", "finished", "running")
    assert part.folder.read_birth().parent == run.id
    assert part.folder.read_birth().project == "tests"
    other.finish()


def test_console_and_capture(lab: Path) -> None:
    """What the program prints, and what surrounds it, is recorded beside training."""
    program = "import peira; r = peira.init(monitor=False); print('seen'); r.finish()"
    assert run_program(lab, program).stdout == "seen\n"
    found = only_run(lab)
    assert "seen" in found.folder.console.read_text()
    assert {"host", "packages", "code"} <= {event.aspect for event in found.of(events.Captured)}


def test_system_metrics(lab: Path) -> None:
    """Use of the machine is logged beside, and moves no step of the program."""
    run = peira.init(console=False, strict=True)
    assert run._session is not None
    run._session._sample()
    run._session._sample()
    run.log({"a": 1.0})
    assert only_run(lab).steps("a") == [0]
    assert b"system/" in only_run(lab).folder.points().read_bytes()


def test_one_line_at_the_end(lab: Path) -> None:
    """The person is told once how to see the run, on standard error; nothing under PEIRA_QUIET."""
    program = "import peira; peira.init(name='keen').log({'a': 1})"
    told = run_program(lab, program)
    assert told.stdout == ""
    assert told.stderr.count("\n") == 1 and "peira show keen" in told.stderr
    assert run_program(lab, program, PEIRA_QUIET="1").stderr == ""


def test_joining_a_run(lab: Path, run: peira.Run) -> None:
    """PEIRA_RUN makes a second process a second writer of the same run, which does not end it
    (P14).
    """
    run.log({"a": 1.0})
    done = run_program(lab, "import peira; peira.init().log({'a': 2.0})", PEIRA_RUN=run.id)
    assert done.returncode == 0, done.stderr
    found = only_run(lab)
    assert sorted(found.values("a")) == [1.0, 2.0]
    assert len({point.writer for point in found.points}) == 2
    assert found.end is None and found.state == "running"
    run_program(lab, "import peira; peira.init().child('part').log({'a': 2.0})", PEIRA_RUN=run.id)
    assert [found.folder.read_birth().parent for found in read_runs(lab)] == [None, run.id]
