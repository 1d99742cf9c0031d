"""The files of a run, from what was observed to its events: `source` files it ran or imported,
`input` files it opened to read, `output` files it wrote.

    facts of the processes ─┐
    sights of the watch    ─┴─ Observed ── ContentReader ── Files events

The work is done in small portions beside the run, and what remains within a limit at its end. What
was not read by then is told with its size and time of change, and why.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from peira.capture.birth import printable_path
from peira.capture.content import Content, ContentReader, state
from peira.capture.digests import DigestMemory
from peira.capture.hook.ignored import is_ignored
from peira.capture.observed import Met, Observed, Stat
from peira.capture.settings import CaptureSettings
from peira.capture.spool import Told
from peira.capture.tracked import Tracked
from peira.capture.watch import FolderWatch, folders_of
from peira.core.clock import now_s
from peira.objects.folder import FolderObjects
from peira.record import events
from peira.record.events import FileRole, SeenFile

LISTED_MAX = 2_000
"""So many files a role are told one by one; all of them are in a listing, when there are more."""
SOURCE_BYTES_MAX = 10 << 20
OUTPUT_BYTES_MAX = 1 << 20
OUTPUTS_BYTES_MAX = 20 << 20
"""Sources are kept up to this size each; outputs up to these sizes, each and all together."""
QUIET_S = 5.0
"""An output that was not written to for so long may be finished."""
SOURCES_S = 1.0
SLOW_S = 1.0
SMALL_BYTES_MAX = 1 << 20
SMALL_MAX = 500
SMALL_S = 1.5
"""So many files up to that size are read in so much more time."""
_EVENT_FILES_MAX = 500
UNREAD = "not read before the run ended"
CHANGED = "changed while the run ran"
_NO_SIGHTS = (".py", ".pyc", ".pyi", ".ipynb", ".md", ".lock", ".tmp", ".swp", ".swx", "~")


class FactSource(Protocol):
    """Where facts of processes come from: a spool, or this process itself."""

    def catch_up(self) -> Iterable[Told]: ...
    def unseen(self) -> AbstractContextManager[object]:
        """What this thread opens meanwhile is not the run's."""

    def close(self) -> None: ...


class Place(NamedTuple):
    """Where a run happens."""

    lab: Path
    directory: str
    command: Sequence[str] = ()


class _Known(NamedTuple):
    """What was told of a file, and the state in which it was read."""

    file: SeenFile
    stat: Stat | None


class FileKeeper:
    """Keeps the files of one run. Safe from any thread; one works at a time."""

    def __init__(
        self,
        place: Place,
        source: FactSource,
        record: Callable[[events.Event], None],
        *,
        settings: CaptureSettings,
        threads: int = 1,
    ) -> None:
        self.observed = Observed()
        self._place = place
        self._source = source
        self._record = record
        self._settings = settings
        self._lock = threading.RLock()
        objects = FolderObjects(place.lab / "objects")
        self._objects = objects
        self._reader = ContentReader(objects, DigestMemory(place.lab), threads=threads)
        self._watch = FolderWatch()
        self._tracked = Tracked(Path(place.directory), settings.git_timeout_s)
        self._known: dict[FileRole, dict[str, _Known]] = {"source": {}, "input": {}, "output": {}}
        self._news: dict[FileRole, dict[str, SeenFile]] = {}
        self._queue: deque[tuple[FileRole, Met]] = deque()
        self._work: Generator[None, None, None] | None = None
        self._current: tuple[FileRole, Met] | None = None
        self._room = {"input": 10 * settings.keep_bytes_max, "output": OUTPUTS_BYTES_MAX}
        self._outputs_due_s = 0.0
        self._seeds: dict[str, list[Any]] = {}
        self._trouble = ""
        self._named = {os.path.normpath(Path(place.directory, word)) for word in place.command}
        self.has_doubts = False
        """Whether git is at work here: what is opened meanwhile may be opened by it."""
        self._doubtful: set[str] = set()
        self._half_seen: set[str] = set()
        """Opened by somebody, and neither closed nor written so far."""
        self._started_s = time.time()
        self._is_finished = self._is_complete = False
        self._on_slow: Callable[[int, int], None] | None = None

    def start(self) -> None:
        """Begin to watch the folders of the run. Takes some milliseconds."""
        with self._lock:
            if self._watch.open():
                for folder in folders_of(self._place.command, self._place.directory):
                    self._watch.add(folder)
                self._watch.add_tree(self._place.directory)

    def files(self, role: FileRole) -> dict[str, SeenFile]:
        """Return what is known of the files of a role, by absolute path."""
        with self._lock:
            return {path: known.file for path, known in self._known[role].items()}

    def catch_up(self, limit_s: float = 0.1) -> None:
        """Take in what was observed since the last time, read for some `limit_s`, and tell."""
        with self._lock, self._source.unseen():
            if self._is_finished:
                return
            self._look()
            self._go_on(time.monotonic() + limit_s)
            if time.monotonic() > self._outputs_due_s:
                self._look_at_outputs(quiet_s=QUIET_S)
                self._outputs_due_s = time.monotonic() + 2 * QUIET_S
            self._tell()

    def finish(
        self, limit_s: float, on_slow: Callable[[int, int], None] = lambda files, bytes: None
    ) -> bool:
        """Do what remains within `limit_s`, tell all, and end; return whether all was read. A
        second call does nothing.

        Args:
            on_slow: called once with the number and the size of the files that remain, when that
                takes more than a second.
        """
        self._on_slow = on_slow
        deadline = time.monotonic() + limit_s
        if not self._lock.acquire(timeout=limit_s):
            return False
        try:
            if not self._is_finished:
                self._is_finished = True
                with self._source.unseen():
                    self._is_complete = self._finish(deadline)
                self._source.close()
            return self._is_complete
        finally:
            self._lock.release()

    def tell_again(self) -> None:
        """Tell everything that was told: the run's events were removed under it."""
        with self._lock:
            for role, files in self._known.items():
                listed = list(files.items())[:LISTED_MAX]
                self._news[role] = {path: known.file for path, known in listed}
            self._seeds = {}
            self._tell()

    def _finish(self, deadline: float) -> bool:
        self.has_doubts = False
        self._look()
        self._watch.close()
        self._go_on(deadline)
        self._look_again(deadline)
        self._look_at_outputs()
        self._go_on(deadline)
        self._go_on_with_small()
        is_all = not self._queue
        for role, met in self._queue:
            self._learn(role, met, Content(*_facts(met), reason=UNREAD))
        self._queue.clear()
        self._tell()
        self._tell_listings()
        return is_all

    # What was observed

    def _look(self) -> None:
        sights = list(self._watch.sights())  # first: who opens a file has told it before
        self.observed.add(self._source.catch_up())
        for path, what in dict.fromkeys(sights):
            if not self._is_of_interest(path):
                continue
            if what == "opened":
                self._half_seen.add(path)
                continue
            self._half_seen.discard(path)
            if what == "written":
                self.observed.suspect_written(path)
            elif self.has_doubts:
                self._doubtful.add(path)
            else:
                self._suspect(path)
        if self._doubtful and not self.has_doubts:
            self._tracked.look_up(self._doubtful)
            for path in self._doubtful:
                if not self._tracked.is_known(path):  # else it was git that opened it
                    self._suspect(path)
            self._doubtful.clear()
        if self._is_finished:
            self._look_at_half_seen()
        self._queue_fresh()

    def _look_at_half_seen(self) -> None:
        """Files that are still open: those that were written to since the run began are outputs."""
        for path in self._half_seen:
            try:
                is_new = os.stat(path).st_mtime > self._started_s  # noqa: PTH116 - for each file
            except OSError:
                continue
            (self.observed.suspect_written if is_new else self._suspect)(path)

    def _suspect(self, path: str) -> None:
        self.observed.suspect(path, is_sure=path in self._named)

    def _queue_fresh(self) -> None:
        fresh = list(self.observed.fresh)
        self.observed.fresh.clear()
        if not self._is_finished:  # what was opened like data may turn out to be a module
            self.observed.fresh.extend(name for name in fresh if _may_be_module(*name))
            fresh = [name for name in fresh if not _may_be_module(*name)]
        self._tracked.look_up(path for _, path in fresh)
        sources: list[tuple[FileRole, Met]] = []
        for role, path in fresh:
            met = self.observed.met[role].get(path)
            if met is None or role == "output" or not self._is_wanted(role, path):
                continue
            if role == "source":
                sources.append((role, met))
                continue
            self._queue.append((role, met))
            if met.is_sure:
                self._watch.add(os.path.dirname(path))  # noqa: PTH120 - for each file
        self._queue.extendleft(reversed(sources))

    def _is_of_interest(self, path: str) -> bool:
        """Whether a file that was seen may be the run's: what editors and tools open is not."""
        name = os.path.basename(path)  # noqa: PTH119 - for each sight
        return not (name.startswith(".") or name.endswith(_NO_SIGHTS) or self._is_excluded(path))

    def _is_wanted(self, role: FileRole, path: str) -> bool:
        return self._settings.has(f"{role}s") and not self._is_excluded(path)

    def _is_excluded(self, path: str) -> bool:
        return is_ignored(path) or Path(path).is_relative_to(self._place.lab)

    # Reading

    def _go_on_with_small(self) -> None:
        """Read small files for a little longer: however busy the machine is, they are told."""
        self._put_back()
        large = [(role, met) for role, met in self._queue if _size(met) > SMALL_BYTES_MAX]
        small = [(role, met) for role, met in self._queue if _size(met) <= SMALL_BYTES_MAX]
        self._queue = deque(small[:SMALL_MAX])
        self._go_on(time.monotonic() + SMALL_S)
        self._put_back()
        self._queue.extend(small[SMALL_MAX:] + large)

    def _put_back(self) -> None:
        """Give up what is half read."""
        if self._work is not None and self._current is not None:
            self._work.close()
            self._work = None
            self._queue.appendleft(self._current)

    def _go_on(self, deadline: float) -> None:
        slow_s = time.monotonic() + SLOW_S
        while (now := time.monotonic()) < deadline + self._extra_s():
            if now > slow_s and self._on_slow is not None:
                rest = [met.stat.size for _, met in self._queue if met.stat is not None]
                self._on_slow(len(self._queue) + (self._work is not None), sum(rest))
                self._on_slow = None
            if self._work is None:
                if not self._queue:
                    return
                self._current = self._queue.popleft()
                self._work = self._steps(*self._current)
            if next(self._work, self) is self:
                self._work = None

    def _extra_s(self) -> float:
        """Sources are few and small, and worth more time: what they take is the disk's."""
        return SOURCES_S if self._queue and self._queue[0][0] == "source" else 0.0

    def _steps(self, role: FileRole, met: Met) -> Generator[None, None, None]:
        known = self._known[role].get(met.path)
        if known is not None and known.stat is not None and met.stat in (None, known.stat):
            if known.file.is_sure != met.is_sure:
                self._put(role, met.path, known._replace(file=_sure(known.file)))
            return
        content = yield from self._reader.read(met, self._keep_bytes_max(role))
        if known is not None and known.file.object and role != "output":
            changed = msgspec.structs.replace(known.file, reason=CHANGED)
            self._put(role, met.path, _Known(changed, content.stat))
        else:
            self._learn(role, met, content)

    def _keep_bytes_max(self, role: FileRole) -> int:
        if role == "source":
            return SOURCE_BYTES_MAX
        each = OUTPUT_BYTES_MAX if role == "output" else self._settings.keep_bytes_max
        if len(self._known[role]) >= LISTED_MAX:
            return -1  # one of very many: its digest is enough
        return min(each, self._room[role]) or -1

    def _learn(self, role: FileRole, met: Met, content: Content) -> None:
        if content.kept and role in self._room:
            self._room[role] -= content.size
        file = SeenFile(
            path=self._told_path(met.path),
            object=content.object,
            size=content.size,
            kept=content.kept,
            is_sure=met.is_sure,
            tracked=bool(content.blob) and self._tracked.holds(met.path, content.blob),
            modified=round(content.modified_ns / 1e9, 6),
            reason=content.reason,
        )
        self._put(role, met.path, _Known(file, content.stat))

    def _told_path(self, path: str) -> str:
        root = self._tracked.root
        inside = Path(path).relative_to(root) if Path(path).is_relative_to(root) else Path(path)
        return printable_path(inside.as_posix())

    def _put(self, role: FileRole, path: str, known: _Known) -> None:
        files = self._known[role]
        is_listed = path in files or len(files) < LISTED_MAX
        files[path] = known
        if is_listed:
            self._news.setdefault(role, {})[path] = known.file

    # At the end

    def _look_again(self, deadline: float) -> None:
        """Say of inputs that were changed since they were read."""
        for path, known in list(self._known["input"].items()):
            if time.monotonic() > deadline:
                return
            if known.stat is None or known.file.reason:
                continue
            try:
                is_same = state(os.stat(path)) == known.stat  # noqa: PTH116 - for each file
            except OSError:
                is_same = False
            if not is_same:
                changed = msgspec.structs.replace(known.file, reason=CHANGED)
                self._put("input", path, known._replace(file=changed))

    def _look_at_outputs(self, quiet_s: float | None = None) -> None:
        """Queue the outputs whose content is not known; with `quiet_s` those that are quiet."""
        for path, met in self.observed.met["output"].items():
            try:
                found = os.stat(path)  # noqa: PTH116 - for each file
            except OSError:
                continue  # it was for a moment only
            if not self._is_output(path):
                continue
            known = self._known["output"].get(path)
            if known is not None and known.stat == state(found):
                continue
            is_large = found.st_size > OUTPUT_BYTES_MAX  # a small one is read at the end
            if quiet_s is None or (is_large and time.time() - found.st_mtime > quiet_s):
                self._queue.append(("output", met._replace(stat=state(found))))

    def _is_output(self, path: str) -> bool:
        directory = Path(self._place.directory)
        if not Path(path).is_relative_to(directory) or not self._is_wanted("output", path):
            return False
        folders = Path(path).relative_to(directory).parts[:-1]
        return not any(name.startswith(".") or name == "__pycache__" for name in folders)

    # Telling

    def _tell(self) -> None:
        if self.observed.seeds != self._seeds and self._settings.has("seeds"):
            self._seeds = {library: list(told) for library, told in self.observed.seeds.items()}
            self._record(events.Captured(time=now_s(), aspect="seeds", value=dict(self._seeds)))
        if self._watch.trouble != self._trouble and self._settings.has("inputs"):
            self._trouble = self._watch.trouble
            value = {"trouble": self._trouble}
            self._record(events.Captured(time=now_s(), aspect="watch", value=value))
        for role, files in self._news.items():
            told = list(files.values())
            for start in range(0, len(told), _EVENT_FILES_MAX):
                self._record(
                    events.Files(
                        time=now_s(),
                        role=role,
                        files=told[start : start + _EVENT_FILES_MAX],
                        root=printable_path(str(self._tracked.root)),
                    )
                )
        self._news.clear()

    def _tell_listings(self) -> None:
        """Tell what was too much: in a listing, and by its number."""
        root = printable_path(str(self._tracked.root))
        for role, files in self._known.items():
            omitted = self.observed.omitted if role == "input" else 0
            listing = None
            if len(files) > LISTED_MAX:
                every = events.FileListing(
                    root=root, files=[known.file for known in files.values()]
                )
                listing = self._objects.put_bytes(msgspec.json.encode(every)).digest
            if omitted or listing:
                omitted += max(0, len(files) - LISTED_MAX)
                self._record(
                    events.Files(
                        time=now_s(),
                        role=role,
                        files=[],
                        root=root,
                        omitted=omitted,
                        listing=listing,
                    )
                )


def _may_be_module(role: FileRole, path: str) -> bool:
    return role == "input" and path.endswith(".py")


def _size(met: Met) -> int:
    if met.stat is not None:
        return met.stat.size
    try:
        return os.stat(met.path).st_size  # noqa: PTH116 - for each file
    except OSError:
        return 0


def _facts(met: Met) -> tuple[None, int, int]:
    """Return object, size and time of change of a file that was not read."""
    return (None, 0, 0) if met.stat is None else (None, met.stat.size, met.stat.mtime_ns)


def _sure(file: SeenFile) -> SeenFile:
    return msgspec.structs.replace(file, is_sure=True)
