"""The earlier runs of a program, found in milliseconds and without SQLAlchemy: for the moment
before a program starts, and for a thread beside training.

    index.db            runs that somebody's reading brought into it, by (entry, call) and the like
    runs/<id>/events*   those that are marked as younger than that: record/young.py

The index is only read, and never waited for: without one, or with one that is damaged or of
another version, the newest run folders answer. `Lab` is what answers everybody else.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from peira.capture.fingerprint import Fingerprint
from peira.core.errors import DamagedError, LabError, NotFoundError, UnsupportedError
from peira.core.ids import is_run_id
from peira.lab import place
from peira.lab.attribute import attribute_row, metric_number, param_value
from peira.lab.goal import rank_metric, read_goal
from peira.record import events, liveness, reader, young
from peira.record.folder import RunFolder
from peira.record.points import KEY_SET_MARK, NONFINITE

LATEST = 50
"""So many runs of a program are near enough to be looked at one by one."""
YOUNG_MAX = 1_000
"""So many runs that the index does not know are read."""
EVENTS_BYTES_MAX = 64 << 20
POINTS_BYTES_MAX = 1 << 20
BUSY_S = 0.2
ENDED = ("finished", "failed", "killed")

_COUNTED = ("source", "input", "packages", "python", "environment", "host", "seeds")
_COLUMNS = "r.n, r.id, r.name, r.state, r.created, r.why, r.birth, r.end"
_FROM = "FROM fingerprint f JOIN run r ON r.n = f.run WHERE r.deleted = 0 AND f.entry = ?"


class Recorded(msgspec.Struct, kw_only=True):
    """A run as its record tells it, as far as a comparison needs it."""

    birth: events.Birth
    name: str
    state: str
    fingerprint: Fingerprint
    end: events.End | None = None
    params: dict[str, Any] = msgspec.field(default_factory=dict)
    files: list[events.Files] = msgspec.field(default_factory=list)
    captured: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    """What surrounded it, by aspect: at least what a fingerprint counts."""
    number: int | None = None
    """In the index; None for one that was read from its folder."""

    @property
    def id(self) -> str:
        """Its id."""
        return self.birth.id


class EarlierRuns:
    """The runs of a lab that are recorded already, one of them left out. Close it.

    Args:
        root: the `.peira` folder.
        own: id of the run that asks.
    """

    def __init__(self, root: Path, own: str = "") -> None:
        self.root = root
        self.own = own
        self._index = _open_index(root)
        self._ask("SELECT (SELECT call FROM fingerprint LIMIT 1), (SELECT id FROM run LIMIT 1)")

    def close(self) -> None:
        """Let go of the index."""
        if self._index is not None:
            self._index.close()

    def __enter__(self) -> EarlierRuns:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def called(self, entry: str, call: str, limit: int = 20) -> list[Recorded]:
        """Return the runs of a program that were called in the same way, newest first."""
        young = [run for run in self._young(entry) if run.fingerprint.call == call]
        found = self._ask(
            f"SELECT {_COLUMNS} {_FROM} AND f.call = ? ORDER BY f.run DESC LIMIT ?",
            (entry, call, limit),
        )
        return self._joined(young, found, limit)

    def chosen(
        self, entry: str, config: str, params: dict[str, Any] | None = None, limit: int = 20
    ) -> list[Recorded]:
        """Return the runs of a program with the same config, newest first.

        Args:
            params: values that they must have, too: seeds, of which there may be thousands.
        """
        wanted = dict(params or {})
        young = [
            run
            for run in self._young(entry)
            if run.fingerprint.config == config
            and all(run.params.get(name) == value for name, value in wanted.items())
        ]
        question = f"SELECT {_COLUMNS} {_FROM} AND f.config = ?"
        values: list[Any] = [entry, config]
        for name, value in wanted.items():
            question += (
                " AND EXISTS (SELECT 1 FROM attribute a JOIN key k ON k.n = a.key"
                " WHERE k.kind = 'param' AND k.name = ? AND a.run = f.run AND a.text = ?)"
            )
            values += [name, attribute_row(value)["text"]]
        found = self._ask(f"{question} ORDER BY f.run DESC LIMIT ?", (*values, limit))
        return self._joined(young, found, limit)

    def same(self, fingerprint: Fingerprint, limit: int = 20) -> list[Recorded]:
        """Return the runs that are the same in every part that says what was done (the text of the
        code apart from its meaning), newest first.
        """
        parts = ("config", "seed", "tree", "data", "env")
        young = [
            run
            for run in self._young(fingerprint.entry)
            if all(getattr(run.fingerprint, p) == getattr(fingerprint, p) for p in parts)
        ]
        question = f"SELECT {_COLUMNS} {_FROM}" + "".join(f" AND f.{part} = ?" for part in parts)
        values = [fingerprint.entry, *(getattr(fingerprint, part) for part in parts)]
        found = self._ask(f"{question} ORDER BY f.run DESC LIMIT ?", (*values, limit))
        return self._joined(young, found, limit)

    def latest(self, entry: str, limit: int = LATEST) -> list[Recorded]:
        """Return the newest runs of a program, newest first."""
        found = self._ask(f"SELECT {_COLUMNS} {_FROM} ORDER BY f.run DESC LIMIT ?", (entry, limit))
        return self._joined(self._young(entry), found, limit)

    def read(self, run: Recorded) -> Recorded:
        """Return a run with its files and what surrounded it."""
        if run.number is None or run.files:
            return run
        rows = self._ask(
            "SELECT kind, name, data FROM event WHERE run = ? AND kind IN ('files', 'captured')"
            f" AND name IN ({_marks(_COUNTED)}) ORDER BY n",
            (run.number, *_COUNTED),
        )
        for kind, name, data in rows:
            if kind == "files":
                run.files.append(msgspec.json.decode(data, type=events.Files))
            else:
                run.captured[name] = msgspec.json.decode(data, type=events.Captured).value
        return run

    def result(self, run: Recorded) -> tuple[str, float] | None:
        """Return the metric that says most about a run, and its last value: the one that its
        project aims at, else see `rank_metric`. None when it has logged nothing that can be told
        quickly.
        """
        values = self.last_values(run)
        told = self._ask(
            "SELECT value FROM decision WHERE kind = 'goal' AND id = ? AND value IS NOT NULL",
            (run.birth.project,),
        )
        goal = read_goal(told[0][0]) if told else None
        names = [name for name in values if not name.startswith("system/")]
        if goal is not None and goal.metric in values:
            return goal.metric, values[goal.metric]
        best = min(names, key=lambda name: (*rank_metric(name), name), default=None)
        return None if best is None else (best, values[best])

    def last_values(self, run: Recorded) -> dict[str, float]:
        """Return the last value of each metric of a run."""
        if run.number is None:
            return last_values(RunFolder(self.root / "runs" / run.id))
        rows = self._ask(
            "SELECT k.name, m.last, m.last_text FROM metric m JOIN key k ON k.n = m.key"
            " WHERE m.run = ?",
            (run.number,),
        )
        found = {name: metric_number(last, text) for name, last, text in rows}
        return {name: value for name, value in found.items() if value is not None}

    # The index.

    def _ask(self, question: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows; none, and none from now on, when the index does not answer."""
        if self._index is None:
            return []
        try:
            return self._index.execute(question, tuple(values)).fetchall()
        except sqlite3.Error:  # damaged, locked or of another version: the folders answer
            self._index.close()
            self._index = None
            return []

    def _joined(
        self, young: Iterable[Recorded], rows: list[tuple[Any, ...]], limit: int
    ) -> list[Recorded]:
        """Return runs from folders and from the index together; what a folder says is newer."""
        found = {run.id: run for run in young}
        known = [row for row in rows if row[1] not in found and row[1] != self.own]
        for run in self._from_index(known):
            found[run.id] = run
        return sorted(found.values(), key=lambda run: (run.birth.created, run.id), reverse=True)[
            :limit
        ]

    def _from_index(self, rows: list[tuple[Any, ...]]) -> Iterator[Recorded]:
        numbers = [row[0] for row in rows]
        told = self._fingerprints(numbers)
        params = self._params(numbers)
        for n, _, name, state, created, why, birth, end in rows:
            born = msgspec.json.decode(birth, type=events.Birth)
            yield Recorded(
                birth=msgspec.structs.replace(born, created=created, why=why),
                name=name,
                state=state,
                end=None if end is None else msgspec.json.decode(end, type=events.End),
                fingerprint=told.get(n, Fingerprint()),
                params=params.get(n, {}),
                number=n,
            )

    def _fingerprints(self, numbers: Sequence[int]) -> dict[int, Fingerprint]:
        rows = self._ask(
            "SELECT run, data FROM event WHERE kind = 'captured' AND name = 'fingerprint'"
            f" AND run IN ({_marks(numbers)}) ORDER BY n",
            numbers,
        )
        return {n: _fingerprint(msgspec.json.decode(data)["value"]) for n, data in rows}

    def _params(self, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
        rows = self._ask(
            "SELECT a.run, k.name, a.type, a.num, a.text FROM attribute a"
            f" JOIN key k ON k.n = a.key WHERE a.run IN ({_marks(numbers)})",
            numbers,
        )
        found: dict[int, dict[str, Any]] = {}
        for n, name, type_, num, text in rows:
            found.setdefault(n, {})[name] = param_value(type_, num, text)
        return found

    # Run folders.

    def _young(self, entry: str) -> list[Recorded]:
        """Return the runs of a program that the index does not know, or not to their end."""
        found = (read_folder(folder, entry) for folder in self._stale)
        return [run for run in found if run is not None]

    @cached_property
    def _stale(self) -> list[RunFolder]:
        """The folders of runs that the index does not know, or not to their end."""
        names = young.marked(self.root) if self._index is not None else None
        if names is None:  # nobody has marked any, or the marks say nothing without the index
            try:
                names = os.listdir(self.root / "runs")  # noqa: PTH208 - a hundred thousand of them
            except OSError:
                return []
            told = self._ask("SELECT max(id) FROM run")
            newest = (told[0][0] if told else None) or ""
            names = [name for name in names if name > newest and is_run_id(name)]
        wanted = sorted(names, reverse=True)[:YOUNG_MAX]
        return [RunFolder(self.root / "runs" / name) for name in wanted if name != self.own]


def read_folder(folder: RunFolder, entry: str = "") -> Recorded | None:
    """Return the run of a folder; None when it cannot be read, or is not of the program `entry`."""
    try:
        birth = folder.read_birth()
        lines = {
            path.name: path.read_bytes()
            for path in folder.events_files()
            if path.stat().st_size < EVENTS_BYTES_MAX
        }
    except (OSError, DamagedError, NotFoundError, UnsupportedError):
        return None
    if not any(entry.encode() in data for data in lines.values()):
        return None
    run = Recorded(birth=birth, name=birth.name, state="", fingerprint=Fingerprint())
    for name, data in lines.items():
        for _, event in reader.events(reader.scan(data, file=name, is_final=True)).records:
            _fold(run, event, is_main=name == "events.jsonl")
    run.state = liveness.state(birth, run.end, liveness.last_sign_of_life(folder))
    return run if entry in ("", run.fingerprint.entry) else None


def last_values(folder: RunFolder) -> dict[str, float]:
    """Return the last value of each metric of a short run, from its lines."""
    found: dict[str, float] = {}
    for path in folder.points_files():
        keys: dict[int, list[str]] = {}
        try:
            if path.stat().st_size > POINTS_BYTES_MAX:
                continue
            bodies = reader.scan(path.read_bytes(), is_final=True).bodies
        except OSError:  # sealed meanwhile
            continue
        for first, *rest in map(msgspec.json.decode, bodies):
            if first == KEY_SET_MARK:
                keys[rest[0]] = rest[1]
            else:
                for key, value in zip(keys.get(first, ()), rest[2:], strict=False):
                    found[key] = NONFINITE[value] if isinstance(value, str) else float(value)
    return found


def _fold(run: Recorded, event: events.AnyEvent, *, is_main: bool) -> None:
    match event:
        case events.Params(values=values):
            run.params |= values
        case events.Captured(aspect="fingerprint", value=value):
            run.fingerprint = _fingerprint(value)
        case events.Captured(aspect=aspect, value=value):
            run.captured[aspect] = value
        case events.Files():
            run.files.append(event)
        case events.End() if is_main:
            run.end = event
        case _:
            pass


def _fingerprint(value: dict[str, Any]) -> Fingerprint:
    try:
        return msgspec.convert(value, Fingerprint)
    except msgspec.ValidationError:  # of a newer Peira, or not of one
        return Fingerprint()


def _open_index(root: Path) -> sqlite3.Connection | None:
    try:
        path = place.index_path(root)
        return sqlite3.connect(
            f"{path.as_uri()}?mode=ro",
            uri=True,
            timeout=BUSY_S,
            isolation_level=None,
            check_same_thread=False,
        )
    except (sqlite3.Error, LabError):
        return None


def _marks(values: Iterable[object]) -> str:
    return ",".join("?" for _ in values)
