"""Runs for these tests: run folders with what capture records of code, data and surroundings."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from peira.objects.folder import FolderObjects
from peira.record import events
from tests.lab.writing import START, RunFiles


class Recorded(RunFiles):
    """A run folder under construction, with shorts for what these tests need."""

    def captured(self, aspect: str, **value: Any) -> None:
        self.event(events.Captured(time=START, aspect=aspect, value=value))

    def files(self, role: events.FileRole, root: str, *, kept: bool = True, **files: str) -> None:
        """Tell of files by name (`train_py` is `train.py`) with their content."""
        objects = FolderObjects(self.root / "objects")
        seen = []
        for name, content in files.items():
            stored = objects.put_bytes(content.encode())
            path = name.replace("_", ".")
            seen.append(
                events.SeenFile(path=path, object=stored.digest, size=stored.size, kept=kept)
            )
        self.event(events.Files(time=START, role=role, root=root, files=seen))


class Repository:
    """A real git repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str) -> str:
        who = ["-c", "user.name=ada", "-c", "user.email=ada@example.org"]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        done = subprocess.run(
            ["git", *who, *words], cwd=self.folder, env=environment, check=True,
            capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout

    def write(self, **files: str) -> None:
        for name, content in files.items():
            (self.folder / name.replace("_", ".")).write_text(content)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=a step")

    def facts(self) -> dict[str, Any]:
        """What a run that starts here now records as its code."""
        changed = self.git("diff", "HEAD", "--name-only").split()
        return {
            "script": "train.py",
            "git": {
                "root": str(self.folder),
                "commit": self.git("rev-parse", "HEAD").strip(),
                "dirty": bool(changed),
                "diff": self.git("diff", "HEAD", "--no-color", "--binary"),
                "untracked": self.git("ls-files", "--others").split(),
            },
        }
