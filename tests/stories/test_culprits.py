"""Exactly the authors' parameters, yet different: the culprit is named, whatever it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.stories.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project", git=True)


def first_cause(project: Project, left: str, right: str) -> dict[str, Any]:
    found: dict[str, Any] = project.json("why", left, right)["causes"][0]
    return found


def package(folder: Path, version: str, factor: float) -> dict[str, str]:
    """Install one version of a small package; return the environment that sees it."""
    site = folder / f"env-{version}" / "site-packages"
    (site / "shrink").mkdir(parents=True)
    (site / "shrink" / "__init__.py").write_text(f"FACTOR = {factor}\n")
    info = site / f"shrink-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: shrink\nVersion: {version}\n")
    (info / "RECORD").write_text("shrink/__init__.py,,\n")
    return {"PYTHONPATH": str(site)}


def test_a_package_version(project: Project) -> None:
    """Another version of an imported package."""
    project.edit("prepare.py", "SCALE = 16.0", "import shrink\n\nSCALE = 16.0 * shrink.FACTOR")
    left = project.run("authors", env=package(project.folder.parent, "1.0", 1.0))
    right = project.run("ours", env=package(project.folder.parent, "2.0", 0.5))
    cause = first_cause(project, left, right)
    assert cause["kind"] == "packages" and "shrink" in cause["name"]


def test_a_changed_row_in_a_data_file(project: Project) -> None:
    """One row of the data, whose file has the same name, length and place."""
    left = project.run("authors")
    lines = (project.folder / "digits.csv").read_text().splitlines()
    lines[0], lines[1] = lines[1], lines[0]
    (project.folder / "digits.csv").write_text("\n".join(lines) + "\n")
    right = project.run("ours")
    cause = first_cause(project, left, right)
    assert cause["kind"] == "data" and "digits.csv" in cause["name"]


def test_an_edited_untracked_helper(project: Project) -> None:
    """A helper that version control does not know."""
    left = project.run("authors")
    project.edit("prepare.py", "16.0", "8.0")
    right = project.run("ours")
    cause = first_cause(project, left, right)
    assert cause["kind"] == "code" and "prepare.py" in cause["name"]


def test_an_environment_variable(project: Project) -> None:
    """A variable that the program reads and that the user asked to record."""
    project.edit(
        "prepare.py", "SCALE = 16.0", 'import os\n\nSCALE = float(os.environ["PIXEL_SCALE"])'
    )
    settings = {"PEIRA_VARIABLES": "PIXEL_SCALE"}
    left = project.run("authors", env=settings | {"PIXEL_SCALE": "16"})
    right = project.run("ours", env=settings | {"PIXEL_SCALE": "8"})
    cause = first_cause(project, left, right)
    assert cause["kind"] == "variable" and "PIXEL_SCALE" in cause["name"]


def test_a_thread_count(project: Project) -> None:
    """Sums in another order, because as many threads as there are share the work."""
    project.edit(
        "prepare.py",
        "    return pixels / SCALE",
        "    import numpy as np\n"
        "    import threadpoolctl\n\n"
        "    threads = max(pool['num_threads'] for pool in threadpoolctl.threadpool_info())\n"
        "    parts = np.array_split(pixels.astype('float32'), threads)\n"
        "    mean = sum(part.sum(dtype='float32') for part in parts) / pixels.size\n"
        "    return pixels / SCALE * (1 + (mean - 4.884) * (threads - 1))",
    )
    left = project.run("authors", env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
    right = project.run("ours", env={"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"})
    cause = first_cause(project, left, right)
    assert cause["kind"] in ("threads", "variable") and "thread" in cause["name"].lower()


def test_a_seed(project: Project) -> None:
    """A seed, set in the code rather than by a parameter."""
    project.edit("train.py", "np.random.seed(options.seed)", "np.random.seed(7)")
    left = project.run("authors")
    project.edit("train.py", "np.random.seed(7)", "np.random.seed(8)")
    right = project.run("ours")
    causes = project.json("why", left, right)["causes"]
    assert any("seed" in str(cause).lower() for cause in causes[:2]), causes
