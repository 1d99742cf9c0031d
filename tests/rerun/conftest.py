"""What tests of re-runs share: a lab, a project, and wheels that uv finds without a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.rerun.projects import make_project
from tests.rerun.recorded import make_wheel


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a lab."""
    return tmp_path / ".peira"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that trains something."""
    return make_project(tmp_path / "project")


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that uv looks into, and nowhere else."""
    folder = tmp_path / "wheels"
    for version in ("1.0", "2.0"):
        make_wheel(folder, "tiny-math", version, f"version = '{version}'\nSCALE = {version}\n")
    make_wheel(folder, "tiny-net", "1.0", "import tiny_math\n", ["tiny-math>=1", "gone-one"])
    make_wheel(folder, "tiny-old", "1.0", "", ["tiny-math<2"])
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return folder


class Environment:
    """A virtual environment of a user."""

    def __init__(self, folder: Path) -> None:
        self.python = str(folder / "bin" / "python")
        self._uv("venv", "--python", sys.executable, str(folder))

    def install(self, *lines: str) -> None:
        """Install packages, exactly these versions."""
        self._uv("pip", "install", "--python", self.python, *lines)

    def _uv(self, *words: str) -> None:
        from uv import find_uv_bin

        subprocess.run([find_uv_bin(), "-q", *words], check=True)


@pytest.fixture
def environment(tmp_path: Path, wheels: Path) -> Environment:
    """An environment with version 1.0 of a package."""
    made = Environment(tmp_path / "venv")
    made.install("tiny-math==1.0")
    return made
