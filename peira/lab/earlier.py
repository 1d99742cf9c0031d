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
from peira.core.errors import LabError
from peira.core.ids import is_run_id
from peira.lab import place
from peira.lab.attribute import attribute_row, metric_number, param_value
from peira.lab.goal import rank_metric, read_goal
from peira.lab.recorded import (
    Recorded,
    complete,
    fold,
    last_values,
    read_fingerprint,
    read_folder,
)
from peira.record import events, young
from peira.record.folder import RunFolder

LATEST = 50
"""So many runs of a program are near enough to be looked at one by one."""
YOUNG_MAX = 500
"""So many runs that the index does not know are read."""
ENDED = ("finished", "failed", "killed")

_COUNTED = ("source", "input", "packages", "python", "environment", "host", "seeds")
_COLUMNS = "r.n, r.id, r.name, r.state, r.created, r.why, r.birth, r.end"
_FROM = "FROM fingerprint f JOIN run r ON r.n = f.run WHERE r.deleted = 0 AND f.entry = ?"
_event_decoder = msgspec.json.Decoder(events.AnyEvent)


_ended: dict[Path, Recorded] = {}
"""Young runs that have ended, by folder, without what is large: a program that makes one run after
the other looks at each once.
"""


class EarlierRuns:
    """The runs of a lab that are recorded already, one of them left out. Close it.

    Args:
        root: the `.peira` folder.
        own: id of the run that asks.
    """

    def __init__(self, root: Path, own: str = "") -> None:
        self.root = root
        self.own = own
        self._read: dict[str, list[Recorded]] = {}
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
        if run.number is None:
            found = read_folder(RunFolder(self.root / "runs" / run.id))
            return run if found is None else complete(found, self.root)
        if run.files:
            return run
        rows = self._ask(
            "SELECT data FROM event WHERE run = ? AND (kind = 'artifact' OR"
            f" kind IN ('files', 'captured') AND name IN ({_marks(_COUNTED)})) ORDER BY n",
            (run.number, *_COUNTED),
        )
        for (data,) in rows:
            fold(run, _event_decoder.decode(data), is_main=False)
        return complete(run, self.root)

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
        return {n: read_fingerprint(msgspec.json.decode(data)["value"]) for n, data in rows}

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
        if entry not in self._read:
            found = (_read_head(folder, entry) for folder in self._stale)
            self._read[entry] = [run for run in found if run is not None]
        return self._read[entry]

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


def _read_head(folder: RunFolder, entry: str) -> Recorded | None:
    """As `read_folder`, without files and surroundings."""
    known = _ended.get(folder.path)
    if known is not None:
        return known if known.fingerprint.entry == entry else None
    run = read_folder(folder, entry)
    if run is None or run.state not in ENDED:
        return run
    head = msgspec.structs.replace(run, files=[], used=[], captured={})
    if len(_ended) < YOUNG_MAX:
        _ended[folder.path] = head
    return head


def _open_index(root: Path) -> sqlite3.Connection | None:
    try:
        path = place.index_path(root)
        return sqlite3.connect(
            f"{path.as_uri()}?mode=ro",
            uri=True,
            timeout=0.0,  # never waited for
            isolation_level=None,
            check_same_thread=False,
        )
    except (sqlite3.Error, LabError):
        return None


def _marks(values: Iterable[object]) -> str:
    return ",".join("?" for _ in values)
