"""What makes the dashboard live: one thread that follows the lab, and the streams that hear of it.

    runs' files --catch_up()--> index --revisions--> Follower --publish--> Streams --SSE--> browsers

A stream carries hints only ("this run changed"), at most four a second; what came in between is
merged. So a slow browser costs a small dictionary and never a queue.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncGenerator

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from peira.core.errors import PeiraError
from peira.core.text import printable
from peira.core.version import __version__
from peira.lab.index import schema
from peira.lab.lab import Lab
from peira.server.problems import RefusedError

STREAMS_MAX = 64
RUNS_MAX = 200
EVENT_S_MIN = 0.25
KEEP_ALIVE_S = 15.0
FOLLOW_S = 0.2
IDLE_S = 2.0
STALE_S = 0.5
AFTER_FAULT_S = 5.0
SEAL_EVERY_S = 5.0
SEAL_PAUSE_S = 0.8
SEAL_BUDGET_S = 0.2

_log = logging.getLogger("peira.server")


class ChangedRun(msgspec.Struct, frozen=True):
    """A run that has changed, and its revision now."""

    id: str
    project: str
    rev: int


class Hello(msgspec.Struct, frozen=True):
    """The first event of every stream."""

    rev: int
    version: str


class Change(msgspec.Struct, frozen=True):
    """Runs that changed since the last event; `more` when the list was cut."""

    rev: int
    runs: list[ChangedRun]
    more: bool


class Streams:
    """All open streams. Made and used on the event loop; `publish` from any thread."""

    def __init__(self) -> None:
        self.rev = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open: set[Stream] = set()
        self._arrived = threading.Event()

    def __len__(self) -> int:
        return len(self._open)

    def open(self) -> Stream:
        """Return a new stream.

        Raises:
            RefusedError: too many are open.
        """
        if len(self._open) >= STREAMS_MAX:
            raise RefusedError(
                "busy",
                f"{STREAMS_MAX} streams are open.",
                hint="Close other tabs of the dashboard.",
                headers={"Retry-After": "10"},
            )
        self._loop = asyncio.get_running_loop()
        stream = Stream(self)
        self._open.add(stream)
        self._arrived.set()
        return stream

    def discard(self, stream: Stream) -> None:
        """Forget a stream whose client has gone."""
        self._open.discard(stream)

    def publish(self, change: Change) -> None:
        """Tell all streams; callable from any thread."""
        self.rev = change.rev
        loop = self._loop
        if loop is None or not self._open:
            return
        try:
            loop.call_soon_threadsafe(self._tell, change)
        except RuntimeError:  # the loop has closed: the server is stopping
            return

    def _tell(self, change: Change) -> None:
        for stream in self._open:
            stream.put(change)

    def wake(self) -> None:
        """Let `wait_for_arrival` return now."""
        self._arrived.set()

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        for stream in self._open:
            stream.end()

    def wait_for_arrival(self, timeout_s: float) -> None:
        """Return when a stream is opened, or after `timeout_s`."""
        self._arrived.wait(timeout_s)
        self._arrived.clear()


class Stream:
    """One client of `/api/events`."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._waiting = asyncio.Event()
        self._runs: dict[str, ChangedRun] = {}
        self._rev = streams.rev
        self._is_cut = False
        self._is_ended = False

    def put(self, change: Change) -> None:
        """Merge a change into what will be told next."""
        self._rev = change.rev
        self._is_cut = self._is_cut or change.more
        self._runs.update((run.id, run) for run in change.runs)
        if len(self._runs) > RUNS_MAX:
            self._runs = dict(list(self._runs.items())[:RUNS_MAX])
            self._is_cut = True
        self._waiting.set()

    def end(self) -> None:
        """Let `lines` return."""
        self._is_ended = True
        self._waiting.set()

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of the stream until its client goes or the server stops."""
        try:
            yield _event("hello", Hello(self._rev, __version__))
            while not self._is_ended:
                try:
                    await asyncio.wait_for(self._waiting.wait(), KEEP_ALIVE_S)
                except TimeoutError:
                    yield b": alive\n\n"
                    continue
                if self._is_ended:
                    return
                yield _event("change", self._take())
                await asyncio.sleep(EVENT_S_MIN)
        finally:
            self._streams.discard(self)

    def _take(self) -> Change:
        change = Change(self._rev, list(self._runs.values()), self._is_cut)
        self._runs, self._is_cut = {}, False
        self._waiting.clear()
        return change


def _event(name: str, record: Hello | Change) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(record))


class Follower:
    """The thread that keeps the index up to date while a server runs, and seals ended runs.

    Quick while somebody looks, slow otherwise.
    """

    def __init__(self, lab: Lab, streams: Streams) -> None:
        self.lab = lab
        self.streams = streams
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="peira-follower", daemon=True)
        self._sealed_at = time.monotonic()
        self._caught_up_at = -float("inf")

    def fresh_lab(self) -> Lab:
        """Return the lab, caught up within the last `STALE_S`: what every route reads from."""
        if time.monotonic() - self._caught_up_at > STALE_S:
            self._catch_up()
        return self.lab

    def _catch_up(self) -> None:
        now = time.monotonic()
        self.lab.catch_up()
        self._caught_up_at = now

    def start(self) -> None:
        """Begin to follow; the lab's own methods then take the index as it is."""
        self.lab.is_kept_up = True
        self._thread.start()

    def stop(self) -> None:
        """End the thread; returns when it has ended."""
        self.lab.is_kept_up = False
        self._is_stopping.set()
        self.streams.wake()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        told = ""
        while not self._is_stopping.is_set():
            started = time.monotonic()
            try:
                self.follow_once()
                # A lab so large that looking takes long is looked at less often: following
                # never takes more than a quarter of one core.
                pause_s = max(FOLLOW_S, 3 * (time.monotonic() - started))
                self._seal_a_little()
                told = ""
            except (PeiraError, SQLAlchemyError, OSError) as error:
                # The dashboard goes on with what is indexed. Each new cause is told once.
                message = printable(str(error))
                if message != told:
                    _log.warning("Cannot follow the lab: %s", message)
                told, pause_s = message, AFTER_FAULT_S
            if len(self.streams) == 0:
                self.streams.wait_for_arrival(max(pause_s, IDLE_S))
            else:
                self._is_stopping.wait(pause_s)

    def follow_once(self) -> None:
        """Catch up, and tell what changed."""
        self._catch_up()
        change = changes_since(self.lab, self.streams.rev)
        if change is not None:
            self.streams.publish(change)

    def _seal_a_little(self) -> None:
        """Seal ended runs for a moment: sealed ones cost almost nothing to follow."""
        if time.monotonic() - self._sealed_at >= SEAL_EVERY_S:
            sealed = self.lab.seal_some(SEAL_BUDGET_S)
            # While there are more of them it comes round sooner.
            is_done = not sealed
            self._sealed_at = time.monotonic() - (0 if is_done else SEAL_EVERY_S - SEAL_PAUSE_S)


def changes_since(lab: Lab, rev: int) -> Change | None:
    """Return the runs changed after revision `rev`, or None when nothing changed.

    A change that is no run's (a goal, a view, a run that is gone) is told as `more`.
    """
    run = schema.run.c
    query = select(run.id, run.project, run.rev).where(run.rev > rev).order_by(run.rev.desc())

    def ask(connection: Connection) -> Change | None:
        now = revision_of(connection)
        if now == rev:
            return None
        rows = connection.execute(query.limit(RUNS_MAX + 1)).all()
        runs = [ChangedRun(row.id, row.project, row.rev) for row in rows[:RUNS_MAX]]
        return Change(now, runs, not rows or len(rows) > RUNS_MAX)

    return lab.ask(ask)


def revision(lab: Lab) -> int:
    """Return the revision of the lab, which rises with every change of anything."""
    return lab.ask(revision_of)


def revision_of(connection: Connection) -> int:
    """Return the revision of the lab as a connection sees it."""
    meta = schema.meta.c
    value = connection.scalar(select(meta.value).where(meta.name == "rev"))
    return 0 if value is None else int(value)
