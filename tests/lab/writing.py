"""Run folders for tests, written line by line, and the facts of an index to compare."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import text

from peira.core import ids
from peira.lab.lab import Lab
from peira.record import events, lines, points
from peira.record.events import FORMAT, Birth, Event
from peira.record.folder import make_lab

START = 1_760_000_000.0


class RunFiles:
    """A run folder under construction. Its process is of another boot, so it lives by its files."""

    def __init__(self, root: Path, name: str = "run", *, run_id: str = "", **birth: Any) -> None:
        self.root = make_lab(root)
        self.id = run_id or ids.new_run_id()
        self.path = self.root / "runs" / self.id
        self.path.mkdir()
        self._sets: dict[tuple[str, tuple[str, ...]], int] = {}
        self._step = 0
        fields: dict[str, Any] = {
            "format": FORMAT, "id": self.id, "name": name, "project": "p", "created": START,
            "user": "ada", "host": "elsewhere", "boot": "other",
        } | birth  # fmt: skip
        (self.path / "run.json").write_bytes(msgspec.json.encode(Birth(**fields)))

    def event(self, event: Event, writer: str = "") -> None:
        self.append(_name("events", writer), lines.encode(event))

    def params(self, **values: Any) -> None:
        self.event(events.Params(time=START, values=values))

    def end(self, status: events.EndStatus = "finished") -> None:
        self.event(events.End(time=START + 100, status=status, duration_s=100.0))

    def log(
        self,
        values: dict[str, float],
        step: int | None = None,
        *,
        time_s: float | None = None,
        writer: str = "",
    ) -> None:
        keys = tuple(values)
        step = self._step if step is None else step
        self._step = step + 1
        data = b""
        number = self._sets.get((writer, keys))
        if number is None:
            number = self._sets[writer, keys] = len(self._sets)
            data = lines.frame(points.declaration(number, keys))
        time_s = START + step / 10 if time_s is None else time_s
        row = points.row(number, step, round(time_s, 6), values.values())
        self.append(_name("points", writer), data + lines.frame(row))

    def log_many(self, key: str, values: Sequence[float], writer: str = "") -> None:
        for value in values:
            self.log({key: value}, writer=writer)

    def append(self, name: str, data: bytes) -> None:
        with (self.path / name).open("ab") as stream:
            stream.write(data)

    def age(self, seconds: float) -> None:
        """Let all files be last written so long ago."""
        import os

        then = time.time() - seconds
        for path in (*self.path.iterdir(), self.path):
            os.utime(path, (then, then))


def _name(kind: str, writer: str) -> str:
    return f"{kind}.{writer}.jsonl" if writer else f"{kind}.jsonl"


QUESTIONS = (
    "SELECT id, project, name, state, created, ended, note, deleted, lost_points, alerts FROM run",
    "SELECT r.id, k.name, a.type, a.num, a.text FROM attribute a"
    " JOIN key k ON k.n = a.key JOIN run r ON r.n = a.run",
    "SELECT r.id, k.name, m.count, m.nonfinite, m.first, m.last, m.min, m.max, m.mean,"
    " m.first_text, m.last_text, m.first_step, m.last_step, m.min_step, m.max_step, m.last_time"
    " FROM metric m JOIN key k ON k.n = m.key JOIN run r ON r.n = m.run",
    "SELECT r.id, k.name, o.data FROM overview o"
    " JOIN key k ON k.n = o.key JOIN run r ON r.n = o.run",
    "SELECT r.id, t.name, t.by FROM tag t JOIN run r ON r.n = t.run",
    "SELECT r.id, e.kind, e.name, e.step, e.time, e.data FROM event e JOIN run r ON r.n = e.run",
    "SELECT run, file, offset, length, reason FROM problem",
    'SELECT kind, id, time, "by", value FROM decision',
)


def facts(lab: Lab) -> list[list[tuple[Any, ...]]]:
    """Return everything that the index answers with, without its inner numbers."""
    return [
        sorted(map(tuple, lab.ask(lambda c, q=question: c.execute(text(q)).all())), key=repr)
        for question in QUESTIONS
    ]


def ask(lab: Lab, question: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in lab.ask(lambda c: c.execute(text(question)).all())]


def same(one: Sequence[float], two: Sequence[float]) -> bool:
    """Whether two series are the same, NaN for NaN and with the sign of zero."""
    return len(one) == len(two) and all(
        (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
        for a, b in zip(one, two, strict=True)
    )
