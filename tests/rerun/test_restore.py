"""A run restored in a folder: exactly, or told."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from peira.core.errors import NotRepeatableError, UsageError
from peira.record import events
from peira.rerun.restore import restore
from peira.rerun.restored import Restored
from tests.lab.writing import START, RunFiles
from tests.rerun.recorded import git, git_facts, open_lab, packages, record_run

SCRIPT = "from helper import twice\nprint(twice(int(open('data.txt').read())))\n"
HELPER = "def twice(x):\n    return 2 * x\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "old project"
    folder.mkdir()
    (folder / "train.py").write_text(SCRIPT)
    (folder / "helper.py").write_text(HELPER)
    (folder / "data.txt").write_text("21")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / ".peira"


def restored_in(root: Path, run: str, folder: Path) -> Restored:
    with open_lab(root) as lab:
        return restore(lab, run, folder, with_environment=False)


def states(restored: Restored) -> dict[str, tuple[str, str]]:
    return {Path(file.path).name: (file.state, file.how) for file in restored.files}


def test_without_git_the_kept_files_are_written(tmp_path: Path, root: Path, project: Path) -> None:
    """Sources and kept inputs come from the store, also when the project has changed or is gone;
    the command runs there.
    """
    run = record_run(
        root, project, ["python", "train.py"],
        sources=["train.py", "helper.py"], inputs={"data.txt": True},
    )  # fmt: skip
    for name in ("train.py", "helper.py", "data.txt"):
        (project / name).write_text("other")
    new = tmp_path / "new"
    restored = restored_in(root, run, new)
    assert set(states(restored).values()) == {("exact", "kept")}
    assert restored.sentences() == [] and restored.blocking == []
    assert (new / "train.py").read_text() == SCRIPT
    done = subprocess.run(
        ["sh", ".restored/command.sh"], cwd=new, capture_output=True, text=True, check=True
    )
    assert done.stdout == "42\n"


def test_a_folder_that_is_there_stays_the_same_folder(
    tmp_path: Path, root: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`peira restore RUN .`: who stands in the empty folder sees the files, and nothing else."""
    run = record_run(root, project, ["python", "train.py"], sources=["train.py", "helper.py"])
    new = tmp_path / "new"
    new.mkdir()
    monkeypatch.chdir(new)
    restored_in(root, run, Path())
    assert {path.name for path in Path().iterdir()} == {".restored", "helper.py", "train.py"}
    assert Path("train.py").read_text() == SCRIPT


@pytest.mark.parametrize("named", ["absolute", "relative", "in the code"])
def test_data_outside_of_the_project_is_had_where_the_command_names_it(
    tmp_path: Path, root: Path, project: Path, named: str
) -> None:
    """By `/data/x.txt` or `../data/x.txt`. A path in the code leads to what is there now: that it
    is other content is told, and nothing claims to be exact.
    """
    data = tmp_path / "data" / "x.txt"
    data.parent.mkdir()
    data.write_text("21")
    script = f"import sys\nprint(open((*sys.argv, {str(data)!r})[1]).read())\n"
    (project / "train.py").write_text(script)
    words = {"absolute": [str(data)], "relative": ["../data/x.txt"], "in the code": []}[named]
    command = ["python", "train.py", *words]
    run = record_run(root, project, command, sources=["train.py"], inputs={str(data): True})
    data.write_text("22")
    new = tmp_path / "deep" / "er" / "new"
    restored = restored_in(root, run, new)
    done = subprocess.run(
        ["sh", ".restored/command.sh"], cwd=new, capture_output=True, text=True, check=True
    )
    if words:
        assert done.stdout == "21\n" and restored.sentences() == []
        return
    assert done.stdout == "22\n" and states(restored)["x.txt"] == ("changed", "")
    assert str(data) in restored.sentences()[0] and "of its own" in restored.sentences()[0]
    assert (new / f".restored/elsewhere{data}").read_text() == "21"
    data.write_text("21")
    assert states(restored_in(root, run, tmp_path / "again"))["x.txt"] == ("exact", "in place")


def test_a_git_project_comes_back_with_its_uncommitted_changes(
    tmp_path: Path, root: Path, project: Path
) -> None:
    """Commit, recorded diff and untracked files that were used; all of it held against digests.
    Nothing in the repository runs or changes.
    """
    git(project, "init", "-q")
    (project / "config.yaml").write_text("lr: 1\n")
    (project / "tool.sh").write_text("#!/bin/sh\n")
    (project / "tool.sh").chmod(0o755)
    git(project, "add", "train.py", "config.yaml", "tool.sh", "data.txt")
    git(project, "commit", "-q", "-m", "first")
    hook = project / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    git(project, "config", "filter.evil.smudge", f"touch {tmp_path}/ran")
    (project / ".git" / "info" / "attributes").write_text("* filter=evil export-ignore\n")
    (project / "config.yaml").write_text("lr: 2\n")
    run = record_run(
        root, project, ["python", "train.py"],
        sources=["train.py", "helper.py"], inputs={"data.txt": False}, aspects=git_facts(project),
    )  # fmt: skip
    (project / "helper.py").write_text("other")
    (project / "data.txt").write_text("other")
    new = tmp_path / "new"
    restored = restored_in(root, run, new)
    assert states(restored) == {
        "train.py": ("exact", "commit"),
        "helper.py": ("exact", "kept"),
        "data.txt": ("exact", "commit"),
    }
    assert restored.from_commit == 2
    assert (new / "config.yaml").read_text() == "lr: 2\n"
    assert os.access(new / "tool.sh", os.X_OK) and not os.access(new / "config.yaml", os.X_OK)
    assert not (new / ".git").exists() and not (tmp_path / "ran").exists()
    assert restored.sentences() == []


def test_a_repository_that_is_gone_is_asked_at_its_remote(
    tmp_path: Path, root: Path, project: Path
) -> None:
    """The commit is fetched; without a remote the kept files alone are there, and that is told."""
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "first")
    git(tmp_path, "clone", "-q", "--bare", str(project), "remote.git")
    git(project, "remote", "add", "origin", f"file://{tmp_path}/remote.git")
    aspects = git_facts(project)
    run = record_run(root, project, ["python", "train.py"], sources=["train.py"], aspects=aspects)
    project.rename(tmp_path / "elsewhere")
    restored = restored_in(root, run, tmp_path / "new")
    assert restored.from_commit == 2 and restored.sentences() == []
    (tmp_path / "remote.git").rename(tmp_path / "lost.git")
    again = restored_in(root, run, tmp_path / "newer")
    assert states(again) == {"train.py": ("exact", "kept")}
    assert "neither in" in again.inexact[0]


def test_a_remote_that_would_start_a_program_is_not_asked(
    tmp_path: Path, root: Path, project: Path
) -> None:
    """A record may come from anybody."""
    code = {
        "code": {
            "kind": "script",
            "git": {"commit": "a" * 40, "remote": f"ext::touch {tmp_path}/ran", "root": "/none"},
        }
    }
    run = record_run(root, project, ["python", "train.py"], sources=["train.py"], aspects=code)
    restored_in(root, run, tmp_path / "new")
    assert not (tmp_path / "ran").exists()


def test_an_input_that_was_not_kept_is_linked_while_it_is_the_same(
    tmp_path: Path, root: Path, project: Path
) -> None:
    """By digest; one that changed or is gone blocks a re-run, and its digest names it."""
    outside = tmp_path / "outside.csv"
    outside.write_text("1")
    for name in ("big.bin", "gone.bin", "changed.bin"):
        (project / name).write_text(name)
    run = record_run(
        root, project, ["python", "train.py", f"--data={outside}"],
        sources=["train.py"],
        inputs={"big.bin": False, "gone.bin": False, "changed.bin": False, str(outside): False},
    )  # fmt: skip
    (project / "gone.bin").unlink()
    (project / "changed.bin").write_text("other")
    new = tmp_path / "new"
    restored = restored_in(root, run, new)
    assert states(restored) == {
        "train.py": ("exact", "kept"),
        "big.bin": ("exact", "link"),
        "gone.bin": ("missing", ""),
        "changed.bin": ("changed", ""),
        "outside.csv": ("exact", "in place"),
    }
    assert (new / "big.bin").readlink() == project / "big.bin"
    assert not (new / "changed.bin").exists()
    assert {Path(file.path).name for file in restored.blocking} == {"gone.bin", "changed.bin"}
    assert all(file.digest for file in restored.blocking)
    assert restored.command[-1] == f"--data={outside}"


def test_a_kept_input_from_outside_is_written_inside_and_the_command_names_it(
    tmp_path: Path, root: Path, project: Path
) -> None:
    """Absolute paths in the command lead to the restored files."""
    outside = tmp_path / "outside.csv"
    outside.write_text("1")
    run = record_run(
        root, project, ["python", str(project / "train.py"), "--data", str(outside)],
        sources=["train.py"], inputs={str(outside): True},
    )  # fmt: skip
    outside.unlink()
    new = tmp_path / "new"
    restored = restored_in(root, run, new)
    assert restored.command[1] == str(new / "train.py")
    assert Path(restored.command[3]).read_text() == "1"
    assert Path(restored.command[3]).is_relative_to(new)


def test_a_folder_that_holds_something_is_left_alone(
    tmp_path: Path, root: Path, project: Path
) -> None:
    """Nothing is overwritten; an empty folder will do."""
    run = record_run(root, project, ["python", "train.py"], sources=["train.py"])
    with pytest.raises(UsageError, match="not empty"):
        restored_in(root, run, project)
    empty = tmp_path / "empty"
    empty.mkdir()
    restored_in(root, run, empty)
    assert (empty / "train.py").exists()


def test_a_run_without_files_or_commit_is_refused(tmp_path: Path, root: Path) -> None:
    """Nothing is made then."""
    run = RunFiles(root, "bare")
    run.end()
    with pytest.raises(NotRepeatableError, match="neither its files"):
        restored_in(root, run.id, tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".peira"]


@pytest.mark.parametrize("name", ["../evil.py", "a/../../evil.py", "/a/../evil.py"])
def test_a_name_that_leads_out_is_refused(
    tmp_path: Path, root: Path, project: Path, name: str
) -> None:
    """A record may come from anybody; nothing is left behind."""
    run = RunFiles(root, "evil", directory=str(project), command=["python", "x.py"])
    with open_lab(root) as lab:
        stored = lab.objects.put_bytes(b"evil")
    seen = events.SeenFile(path=name, object=stored.digest, size=4, kept=True)
    run.event(events.Files(time=START, role="source", files=[seen], root=str(project)))
    run.end()
    with pytest.raises(UsageError, match="not a path below"):
        restored_in(root, run.id, tmp_path / "deep" / "new")
    assert list((tmp_path / "deep").iterdir()) == []


def test_a_link_of_the_commit_never_leads_a_file_outside(
    tmp_path: Path, root: Path, project: Path
) -> None:
    """A link that leads out is not made, and no file is written through a link."""
    git(project, "init", "-q")
    (project / "out").symlink_to("/tmp")
    (project / "up").symlink_to("../x")
    (project / "inside").symlink_to("train.py")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "first")
    run = record_run(
        root, project, ["python", "train.py"], sources=["train.py"], aspects=git_facts(project)
    )
    new = tmp_path / "new"
    restored = restored_in(root, run, new)
    assert not (new / "out").is_symlink() and not (new / "up").is_symlink()
    assert (new / "inside").read_text() == SCRIPT
    assert len([s for s in restored.inexact if "leads out" in s]) == 2


def test_the_note_says_what_is_exact_and_what_is_not(
    tmp_path: Path, root: Path, project: Path
) -> None:
    """For people note.md, for programs report.json, params.json."""
    (project / "gone.bin").write_text("x")
    run = record_run(
        root, project, ["python", "train.py"], sources=["train.py"], inputs={"gone.bin": False}
    )
    (project / "gone.bin").unlink()
    restored_in(root, run, tmp_path / "new")
    notes = tmp_path / "new" / ".restored"
    text = (notes / "note.md").read_text()
    assert "1 of 1 source file" in text
    assert "gone.bin cannot be had" in text
    report = json.loads((notes / "report.json").read_text())
    assert report["run"] == run
    assert json.loads((notes / "params.json").read_text()) == {}


def test_submodules_and_large_changes_come_back(tmp_path: Path, root: Path, project: Path) -> None:
    """A submodule with its own changes, a binary file, a diff that was kept as an object."""
    inner = tmp_path / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    (inner / "lib.py").write_text("x = 1\n")
    git(inner, "add", "-A")
    git(inner, "commit", "-q", "-m", "first")
    git(project, "init", "-q")
    git(project, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "vendor")
    (project / "table.txt").write_text("".join(f"{n}\n" for n in range(30_000)))
    (project / "image.bin").write_bytes(b"\0" * 1_000)
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "first")
    wanted = {
        "vendor/lib.py": b"x = 2\n",
        "table.txt": "".join(f"{n * 2}\n" for n in range(30_000)).encode(),
        "image.bin": os.urandom(3_000),
    }
    for name, data in wanted.items():
        (project / name).write_bytes(data)
    with open_lab(root) as lab:
        aspects = git_facts(project, lambda data: lab.objects.put_bytes(data).digest)
    assert aspects["code"]["git"]["diff_object"]
    run = record_run(root, project, ["python", "train.py"], sources=["train.py"], aspects=aspects)
    restored = restored_in(root, run, tmp_path / "new")
    for name, data in wanted.items():
        assert (tmp_path / "new" / name).read_bytes() == data, name
    assert restored.sentences() == []


def test_changes_that_cannot_be_had_are_told(tmp_path: Path, root: Path, project: Path) -> None:
    """A file whose changes held a secret, and one that is secret by its name."""
    git(project, "init", "-q")
    (project / ".env").write_text("A=1\n")
    (project / "config.py").write_text("user = 'ada'\n")
    git(project, "add", "-A", "-f")
    git(project, "commit", "-q", "-m", "first")
    (project / ".env").write_text("A=2\n")
    (project / "config.py").write_text("password = 'correct horse'\n")
    aspects = git_facts(project)
    run = record_run(root, project, ["python", "train.py"], sources=["train.py"], aspects=aspects)
    told = " ".join(restored_in(root, run, tmp_path / "new").sentences())
    assert "config.py cannot be had: a secret was taken out" in told
    assert ".env cannot be had: may hold secrets" in told
    assert (tmp_path / "new" / "config.py").read_text() == "user = 'ada'\n"


def test_an_interrupted_restore_leaves_all_of_the_files_or_none(
    tmp_path: Path, root: Path, project: Path
) -> None:
    """Never a half of them, and never a half of an environment."""
    aspects = packages({"tiny-math": "1.0"})
    run = record_run(root, project, ["python", "train.py"], sources=["train.py"], aspects=aspects)
    for text, left in (("writing", []), ("building", ["new"])):

        def stop(told: str) -> None:
            if told.startswith(text):  # noqa: B023 - called in this round only
                raise KeyboardInterrupt

        with open_lab(root) as lab, pytest.raises(KeyboardInterrupt):
            restore(lab, run, tmp_path / "in" / "new", say=stop)
        found = [path.name for path in (tmp_path / "in").glob("*")]
        assert found == left
    new = tmp_path / "in" / "new"
    assert sorted(path.name for path in new.iterdir()) == [".restored", "train.py"]
    assert "were not installed" in (new / ".restored" / "note.md").read_text()
