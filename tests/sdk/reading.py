"""Read a run folder as any reader would: for tests of what is on disk."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any, NamedTuple

from peira.record import events, liveness, points, reader
from peira.record.folder import RunFolder, run_folders


class Point(NamedTuple):
    writer: str
    key: str
    step: int
    value: float


class Read(NamedTuple):
    """All that a run folder holds."""

    folder: RunFolder
    points: list[Point]
    events: list[events.AnyEvent]
    damages: list[reader.Damage]

    def values(self, key: str) -> list[float]:
        return [point.value for point in self.points if point.key == key]

    def steps(self, key: str) -> list[int]:
        return [point.step for point in self.points if point.key == key]

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def end(self) -> events.End | None:
        ends = self.of(events.End)
        return ends[-1] if ends else None

    @property
    def state(self) -> str:
        birth = self.folder.read_birth()
        return liveness.state(birth, self.end, liveness.last_sign_of_life(self.folder))


def read_run(folder: RunFolder) -> Read:
    """Read everything; system metrics are left out."""
    found: list[Point] = []
    damages: list[reader.Damage] = []
    for path in folder.points_files():
        bodies: list[bytes] = []
        for piece in reader.chunks(path, is_final=True):
            bodies += piece.bodies
            damages += piece.damages
        decoded = points.decode(bodies)
        assert not decoded.bad and not decoded.undeclared
        writer = path.name.removeprefix("points").removesuffix("jsonl").strip(".")
        rows = [(int(n), block, i) for block in decoded.blocks for i, n in enumerate(block.rows)]
        for _, block, i in sorted(rows, key=lambda row: row[0]):
            for key, value in zip(block.keys, block.values[i], strict=True):
                if not key.startswith("system/"):
                    found.append(Point(writer, key, int(block.steps[i]), float(value)))
    happened: list[events.AnyEvent] = []
    for path in folder.events_files():
        for piece in reader.chunks(path, is_final=True):
            read = reader.events(piece)
            happened += [event for _, event in read.records]
            damages += piece.damages + read.damages
    return Read(folder, found, happened, damages)


def read_runs(lab: Path) -> list[Read]:
    return [read_run(folder) for folder in run_folders(lab)]


def only_run(lab: Path) -> Read:
    """Read the only run of a lab."""
    (found,) = read_runs(lab)
    return found


def environment(lab: Path, **more: str) -> dict[str, str]:
    """Return an environment for a program that records into `lab`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PEIRA_")}
    return {**kept, "PEIRA_LAB": str(lab), "PYTHONDONTWRITEBYTECODE": "1", **more}


def _file(lab: Path, program: str) -> Path:
    """Write a program beside the lab: Python ends by a signal only when it runs a file."""
    path = lab.parent / f"program{zlib.crc32(program.encode()):08x}.py"
    if not path.exists():  # another process may be reading it
        path.write_text(program)
    return path


def run_program(
    lab: Path, program: str, *arguments: str, timeout_s: float = 60, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a Python program that records into `lab`."""
    return subprocess.run(
        [sys.executable, str(_file(lab, program)), *arguments],
        env=environment(lab, **more),
        cwd=lab.parent,
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )


def start_program(lab: Path, program: str, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """Start a Python program that records into `lab`, in a session of its own; its output is a
    pipe.
    """
    return subprocess.Popen(
        [sys.executable, str(_file(lab, program)), *arguments],
        env=environment(lab, **more),
        cwd=lab.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
