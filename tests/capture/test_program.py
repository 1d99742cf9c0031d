"""Which program a command line starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from peira.capture.program import Program, program_of, project_root


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a script below its root."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "src").mkdir()
    for name in ("src/train.py", "run.sh", "fit.R"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("command", "name", "arguments"),
    [
        ("python src/train.py --lr 1", "src/train.py", ["--lr", "1"]),
        ("/usr/bin/python3.11 -u -X dev src/train.py", "src/train.py", []),
        ("python -m pkg.train --lr 1", "-m pkg.train", ["--lr", "1"]),
        ("python -c pass", "-c", ["pass"]),
        ("./src/train.py x", "src/train.py", ["x"]),
        ("bash run.sh 3", "run.sh", ["3"]),
        ("./run.sh 3", "run.sh", ["3"]),
        ("Rscript --vanilla fit.R 3", "fit.R", ["--vanilla", "3"]),
        ("torchrun --nproc 2 src/train.py --lr 1", "torchrun src/train.py",
         ["--nproc", "2", "--lr", "1"]),
        ("make train", "make", ["train"]),
        ("python", "", []),
        ("python -", "", []),
        ("python -m ipykernel_launcher -f x", "", []),
    ],
)  # fmt: skip
def test_the_program_is_named_from_the_root(
    project: Path, command: str, name: str, arguments: list[str]
) -> None:
    """However it is started, a script has one name; the rest are its arguments."""
    found = program_of(command.split(), str(project))
    assert (found.name, list(found.arguments)) == (name, arguments)


def test_the_name_does_not_depend_on_the_working_directory(project: Path) -> None:
    """From within a folder of the project it is the same program."""
    found = program_of(["python", "train.py"], str(project / "src"))
    assert found == Program("src/train.py", str(project / "src/train.py"))
    assert program_of(["python", "../src/./train.py"], str(project / "src")).name == "src/train.py"


def test_without_a_mark_the_project_is_the_folder_of_the_script(tmp_path: Path) -> None:
    """A script by itself is the same program wherever its folder lies."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "train.py").touch()
    assert project_root(tmp_path / "a" / "train.py") == tmp_path / "a"
    assert program_of(["python", "a/train.py"], str(tmp_path)).name == "train.py"
