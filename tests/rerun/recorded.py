"""Runs as capture records them, with files that are really in the store; and small packages."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from peira.capture.repository import work_tree
from peira.capture.settings import CaptureSettings
from peira.capture.surroundings import Keep
from peira.lab.lab import Lab
from peira.objects.folder import FolderObjects
from peira.record import events
from tests.lab.writing import START, RunFiles


def record_run(
    root: Path,
    project: Path,
    command: Sequence[str],
    *,
    sources: Sequence[str] = (),
    inputs: Mapping[str, bool] | None = None,
    aspects: Mapping[str, Any] | None = None,
    name: str = "run",
) -> str:
    """Record a run of `project` as capture does; return its id.

    Args:
        inputs: names, relative or absolute, and whether their content is kept.
    """
    run = RunFiles(root, name, command=list(command), directory=str(project), python=PYTHON)
    objects = FolderObjects(run.root / "objects")
    for role, files in (("source", dict.fromkeys(sources, True)), ("input", inputs or {})):
        seen = []
        for path, is_kept in files.items():
            stored = objects.put_file(project / path)
            if not is_kept:
                objects.delete(stored.digest)
            seen.append(
                events.SeenFile(path=path, object=stored.digest, size=stored.size, kept=is_kept)
            )
        if seen:
            run.event(events.Files(time=START, role=role, files=seen, root=str(project)))  # type: ignore[arg-type]
    for aspect, value in (aspects or {}).items():
        run.event(events.Captured(time=START, aspect=aspect, value=value))
    run.end()
    return run.id


PYTHON = sys.version.split()[0]
INTERPRETER = {"version": PYTHON, "prefix": sys.prefix, "executable": sys.executable}


def packages(installed: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """Return the aspects `packages` and `python`."""
    facts = {"installed": dict(installed), "imported": sorted(installed), "sources": {}}
    return {"packages": facts | more, "python": INTERPRETER}


def make_wheel(
    folder: Path, name: str, version: str, body: str, requires: Sequence[str] = ()
) -> None:
    """Write a wheel of one module, for uv to find in a folder without a network."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = name.replace("-", "_")
    about = f"{stem}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {line}\n" for line in requires)
    with zipfile.ZipFile(folder / f"{stem}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{stem}/__init__.py", body)
        wheel.writestr(f"{about}/METADATA", metadata)
        wheel.writestr(
            f"{about}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(f"{about}/RECORD", "")


def git(folder: Path, *arguments: str) -> str:
    """Run git without anybody's configuration."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(
        ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *arguments],
        cwd=folder, env=environment, check=True, capture_output=True,
    ).stdout.decode().strip("\n")  # fmt: skip


def git_facts(folder: Path, keep: Keep | None = None) -> dict[str, Any]:
    """Return the aspect `code` of a repository, as capture tells it."""
    found = work_tree(folder, CaptureSettings(), keep)
    assert found is not None
    return {"code": {"kind": "script", "git": found}}


def open_lab(root: Path) -> Lab:
    """Return the lab, caught up."""
    lab = Lab(root)
    lab.catch_up()
    return lab
