"""A small project whose runs are written by hand, as they would have been recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from blake3 import blake3

from peira.capture.fingerprint import Facts, Source, asked, fingerprint
from peira.capture.program import program_of
from peira.capture.syntax import read_syntax
from peira.lab.earlier import EarlierRuns
from peira.lab.recorded import read_folder
from peira.objects.folder import FolderObjects
from peira.record import events
from peira.record.folder import RunFolder
from peira.rerun import guard
from peira.rerun.guard import Found
from peira.rerun.likeness import Beginning
from tests.lab.writing import START, RunFiles

PACKAGES = {"installed": {"numpy": "2.1", "scipy": "1.14"}, "imported": ["numpy"], "sources": {}}


def digest(path: Path) -> str | None:
    """Return the digest of a file, or None when there is none."""
    return blake3(path.read_bytes()).hexdigest() if path.is_file() else None


class Project:
    """A folder with a script, a helper and a data file, and the lab of its runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / ".peira"
        self.objects = FolderObjects(self.root / "objects")
        self.environment: dict[str, str] = {}
        self.packages: dict[str, Any] = PACKAGES
        self.python = "3.11.7"
        self.write("train.py", "import helper\nprint(helper.f(1))\n")
        self.write("helper.py", "def f(x):\n    return x + 1\n")
        self.write("data.csv", "a,b\n1,2\n")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def facts(self, command: str, **more: Any) -> Facts:
        """Return what is known of a run that started with `python train.py <command>`."""
        words = ["python", "train.py", *command.split()]
        sources = [self.folder / name for name in ("train.py", "helper.py")]
        usual: dict[str, Any] = {
            "project": "p",
            "program": program_of(words, str(self.folder)),
            "environment": self.environment,
            "recorded": self.environment,
            "sources": [
                Source(path.name, str(digest(path)), read_syntax(path.read_bytes()))
                for path in sources
            ],
            "inputs": [("data.csv", digest(self.folder / "data.csv"))],
            "packages": {"numpy": self.packages["installed"]["numpy"]},
            "python": self.python,
        }
        return Facts(**usual | more)

    def record(
        self,
        command: str = "",
        *,
        status: events.EndStatus | None = "finished",
        accuracy: float = 0.97,
        seconds: float = 5.0,
        **more: Any,
    ) -> RunFiles:
        """Write a run as it would have been recorded now."""
        facts = self.facts(command, **more)
        run = RunFiles(
            self.root,
            "brisk-otter",
            command=["python", "train.py", *command.split()],
            directory=str(self.folder),
            python=self.python,
        )
        if facts.params:
            run.params(**facts.params)
        for role, names in (("source", ("train.py", "helper.py")), ("input", ("data.csv",))):
            seen = [events.SeenFile(path=name, object=digest(self.folder / name)) for name in names]
            run.event(events.Files(time=START, role=role, files=seen, root=str(self.folder)))  # type: ignore[arg-type]
            for name in names:
                self.objects.put_file(self.folder / name)
        for aspect, value in (
            ("packages", self.packages),
            ("environment", {"variables": self.environment}),
            ("fingerprint", msgspec.to_builtins(fingerprint(facts))),
        ):
            run.event(events.Captured(time=START, aspect=aspect, value=value))
        run.log({"loss": 0.5, "val/acc": accuracy, "time/epoch": seconds})
        if status == "failed":
            error = events.Failure("ValueError", "no data", "")
            run.event(events.End(time=START + 9, status=status, duration_s=9.0, error=error))
        elif status is not None:
            run.end(status)
        return run

    def beginning(self, command: str = "", params: dict[str, Any] | None = None) -> Beginning:
        """Return what begins now."""
        program = program_of(["python", "train.py", *command.split()], str(self.folder))
        return Beginning(
            program=program,
            arguments=asked(program),
            directory=str(self.folder),
            environment=self.environment,
            params=params,
            packages=lambda: self.packages,
            python=lambda: self.python,
            accelerators=list,
            root=self.root,
            digest=digest,
            text=Path.read_bytes,
            content=lambda d: self.objects.read(d) if self.objects.exists(d) else None,
        )

    def confirm(self, run: RunFiles) -> Found:
        """Return what the guard says when a run has ended."""
        own = read_folder(RunFolder(run.path))
        assert own is not None
        with EarlierRuns(self.root, run.id) as earlier:
            return guard.confirm(earlier, own)
