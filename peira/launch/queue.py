"""The queue of a lab: runs that wait for their turn, as plain files.

    .peira/queue/<item>/item.json     what to run; written once, atomically
                        claim.1.json  who runs it: made exclusively, so that only one does
                        again.1       a person put it back; the next attempt is claim.2.json

    waiting ──claim──► running ──the run has ended──► (the folder is gone; the run remains)
                          │
                          ├─ its process died ──► lost ──again()──► waiting
                          └─ it cannot start  ──► failed ──again()──► waiting

A claim is a file with all its content at once (`link`), and is never taken away from an item that
others may look at: a folder leaves the queue by one `rename`. So nothing is lost and nothing runs
twice, whoever is killed when. See docs/formats/queue.md.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from peira.core import ids
from peira.core.clock import now_s
from peira.core.errors import AmbiguousError, DamagedError, NotFoundError, UsageError
from peira.core.settings import read_settings
from peira.launch.launcher import Prepared, Request
from peira.record import liveness, reader
from peira.record.events import Origin
from peira.record.folder import (
    RunFolder,
    make_lab,
    open_temporary,
    run_folder,
    write_atomically,
)

FORMAT = 1
State = Literal["waiting", "running", "lost", "failed"]
_CLAIM = re.compile(r"claim\.(\d{1,6})\.json\Z")
_GONE = ".gone-"
KEPT_VARIABLES = (
    "PATH",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "CONDA_DEFAULT_ENV",
    "PYTHONPATH",
    "PYTHONHASHSEED",
    "LD_LIBRARY_PATH",
)
"""What decides which program a command line starts. All else is the worker's own environment."""


class Staged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`item.json`: a run that waits."""

    format: int
    time: float
    """When it was put into the queue, seconds since the epoch."""
    by: str
    command: list[str]
    """As it is executed."""
    directory: str
    environment: dict[str, str | None]
    """What decides which program the command starts, and what else was asked for; None: not set."""
    project: str | None = None
    name: str | None = None
    why: str | None = None
    group: str | None = None
    tags: tuple[str, ...] = ()
    params: dict[str, Any] = {}
    set: dict[str, Any] = {}
    origin: Origin | None = None
    is_meant: bool = False
    """Whether it may repeat an earlier run on purpose."""
    metrics: tuple[str, ...] | None = ()
    is_console: bool = True

    @classmethod
    def of(cls, request: Request, by: str) -> Staged:
        """Return what starts the same program from another process, later.

        Raises:
            UsageError, NotStartedError: it cannot be started, or holds what looks like a secret.
        """
        prepared = Prepared.of(request)
        _refuse_secrets(request)
        kept = {name: prepared.environment.get(name) for name in KEPT_VARIABLES}
        return cls(
            format=FORMAT,
            time=now_s(),
            by=by,
            command=prepared.command,
            directory=str(prepared.directory),
            environment={**kept, **request.environment},
            project=prepared.wanted.project or read_settings().project,
            name=request.name,
            why=request.why,
            group=request.group,
            tags=request.tags,
            params=dict(request.params),
            set=dict(request.set),
            origin=request.origin,
            is_meant=request.is_meant,
            metrics=request.metrics,
            is_console=request.is_console,
        )

    def request(self, lab: Path, more: Mapping[str, str]) -> Request:
        """Return the request to launch, with `more` variables."""
        return Request(
            command=self.command,
            directory=self.directory,
            environment={**self.environment, **more},
            project=self.project,
            name=self.name,
            why=self.why,
            group=self.group,
            tags=self.tags,
            params=self.params,
            set=self.set,
            origin=self.origin,
            is_meant=self.is_meant,
            metrics=self.metrics,
            is_console=self.is_console,
            lab=str(lab),
            is_shown=False,
        )


class Claim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`claim.<attempt>.json`: the process that runs an item."""

    time: float
    host: str
    boot: str
    pid: int
    pid_started: float
    gpus: str | None = None
    run: str | None = None
    """The run; None until just before the program is started."""
    program: int = 0
    """The pid of the program, once it has started."""
    program_started: float = 0.0
    reason: str = ""
    """Why it could not be started."""

    def is_alive(self) -> bool | None:
        """Whether its process, or the program that it left behind, lives; None when it is of
        another machine.
        """
        if self.host != liveness.host():
            return None
        if self.boot != liveness.boot_id():
            return False
        return liveness.is_alive(self.pid, self.pid_started) or liveness.is_alive(
            self.program, self.program_started
        )


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """An item as it stands now."""

    id: str
    staged: Staged
    state: State
    attempt: int
    """The claim that stands, or the one to make next when it waits."""
    claim: Claim | None = None

    def document(self) -> dict[str, Any]:
        """Return it as `peira queue --json` shows it."""
        staged, claim = self.staged, self.claim
        return {
            "id": self.id,
            "state": self.state,
            "command": staged.command,
            "directory": staged.directory,
            "project": staged.project,
            "name": staged.name,
            "why": staged.why,
            "staged": staged.time,
            "by": staged.by,
            "attempt": self.attempt,
            "run": claim.run if claim else None,
            "host": claim.host if claim else None,
            "pid": claim.pid if claim else None,
            "gpus": claim.gpus if claim else None,
            "reason": claim.reason if claim and claim.reason else None,
        }


class Queue:
    """The queue of the lab at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "queue"

    def add(self, request: Request, by: str) -> str:
        """Put a run into the queue; it is durable when this returns. Returns the item's id.

        Raises:
            UsageError, NotStartedError: it could not be started either, or holds a secret.
            LabError, OSError: it cannot be stored.
        """
        staged = Staged.of(request, by)
        make_lab(self.root)
        self.path.mkdir(mode=0o700, exist_ok=True)
        while True:
            item = ids.new_run_id()
            folder = self.path / f".new-{item}"
            try:
                folder.mkdir(mode=0o700)
                break
            except FileExistsError:
                continue
        write_atomically(folder / "item.json", msgspec.json.encode(staged) + b"\n")
        folder.rename(self.path / item)  # whole, or not there
        return item

    def items(self) -> list[Item]:
        """Return what is in the queue, oldest first. Items whose run has ended are cleared away."""
        return list(self._items())

    def find(self, text: str) -> Item:
        """Return the item whose id is, begins or ends with `text`.

        Raises:
            NotFoundError, AmbiguousError: there is none, or more than one.
        """
        items = self.items()
        exact = [item for item in items if item.id == text]
        near = [item for item in items if item.id.startswith(text) or item.id.endswith(text)]
        found = exact or near
        if not found or not text:
            raise NotFoundError(f"There is no item {text!r:.60} in the queue.", hint="peira queue")
        if len(found) > 1:
            raise AmbiguousError(
                f"{text!r:.60} fits {len(found)} items.",
                suggestions=tuple(item.id for item in found),
            )
        return found[0]

    def claim(self, item: Item, claim: Claim) -> bool:
        """Take an item for this process; return whether it is this process's now."""
        folder = self.path / item.id
        target = self._claim_path(item)
        descriptor, temporary = open_temporary(self.path)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(msgspec.json.encode(claim) + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
            os.link(temporary, target)
        except (FileExistsError, FileNotFoundError):
            return False
        finally:
            temporary.unlink(missing_ok=True)
        # The folder may have been taken out of the queue between its name and the file in it.
        return (folder / "item.json").exists()

    def update(self, item: Item, claim: Claim) -> None:
        """Write this process's own claim anew; durable when it returns."""
        write_atomically(self._claim_path(item), msgspec.json.encode(claim) + b"\n")

    def again(self, item: Item) -> None:
        """Put a lost or failed item back to wait.

        Raises:
            UsageError: it waits or runs.
        """
        if item.state == "waiting":
            raise UsageError(f"{item.id} waits already.")
        if item.state == "running":
            raise UsageError(f"{item.id} runs: {_whose(item)}.")
        path = self.path / item.id / f"again.{item.attempt}"
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            return  # somebody else did
        except FileNotFoundError as error:
            raise NotFoundError(f"{item.id} is not in the queue any more.") from error

    def remove(self, item: Item) -> None:
        """Take an item out.

        Raises:
            UsageError: it runs.
        """
        if item.state == "running" or not self._take_out(item.id, unless_claimed=item):
            raise UsageError(
                f"{item.id} runs and cannot be taken out: {_whose(item)}.", hint="Stop its run."
            )

    def finish(self, item: Item) -> None:
        """The run of an item has ended: take the item out."""
        self._take_out(item.id)

    def _take_out(self, name: str, *, unless_claimed: Item | None = None) -> bool:
        gone = self.path / f"{_GONE}{os.urandom(8).hex()}"
        try:
            (self.path / name).rename(gone)
        except FileNotFoundError:
            return True
        if unless_claimed is not None and self._is_claimed_anew(gone, unless_claimed):
            gone.rename(self.path / name)
            return False
        shutil.rmtree(gone, ignore_errors=True)
        return True

    def _is_claimed_anew(self, folder: Path, seen: Item) -> bool:
        """Whether somebody has claimed an item since it was looked at."""
        known = seen.attempt if seen.state != "waiting" else seen.attempt - 1
        return any(number > known for number in _attempts(folder))

    def _claim_path(self, item: Item) -> Path:
        return self.path / item.id / f"claim.{item.attempt}.json"

    def _items(self) -> Iterator[Item]:
        try:
            names = sorted(entry.name for entry in self.path.iterdir())
        except FileNotFoundError:
            return
        for name in names:
            if not ids.is_run_id(name):
                continue
            item = self._read(name)
            if item is not None:
                yield item

    def _read(self, name: str) -> Item | None:
        folder = self.path / name
        try:
            staged = msgspec.json.decode((folder / "item.json").read_bytes(), type=Staged)
            claim_number = max(_attempts(folder), default=0)
            claim = None
            if claim_number:
                path = folder / f"claim.{claim_number}.json"
                claim = msgspec.json.decode(path.read_bytes(), type=Claim)
        except FileNotFoundError:
            return None  # it was taken out in this moment
        except (msgspec.MsgspecError, ValueError) as error:
            raise DamagedError(
                f"The queue's item {folder} cannot be read: {error!s:.200}",
                hint="Remove the folder.",
            ) from error
        if claim is None:
            return Item(id=name, staged=staged, state="waiting", attempt=1)
        if (folder / f"again.{claim_number}").exists():
            return Item(id=name, staged=staged, state="waiting", attempt=claim_number + 1)
        state = self._state(claim)
        if state == "ended":
            self._take_out(name)
            return None
        if state == "waiting":
            return Item(id=name, staged=staged, state="waiting", attempt=claim_number + 1)
        return Item(id=name, staged=staged, state=state, attempt=claim_number, claim=claim)

    def _state(self, claim: Claim) -> State | Literal["ended"]:
        if claim.reason:
            return "failed"
        alive = claim.is_alive()
        if alive:
            return "running"
        if claim.run is None:  # nothing was started
            is_fresh = alive is None and now_s() - claim.time < liveness.SILENT_AFTER_S
            return "running" if is_fresh else "waiting"
        folder = run_folder(self.root, claim.run)
        if _has_ended(folder):
            return "ended"
        if alive is None and now_s() - liveness.last_sign_of_life(folder) < liveness.SILENT_AFTER_S:
            return "running"
        return "lost"


def _has_ended(folder: RunFolder) -> bool:
    try:
        return reader.read_end(folder.events()) is not None
    except FileNotFoundError:
        return False


def claim_now(gpus: str | None) -> Claim:
    """Return a claim of this process."""
    return Claim(
        time=now_s(),
        host=liveness.host(),
        boot=liveness.boot_id(),
        pid=os.getpid(),
        pid_started=liveness.process_started(os.getpid()),
        gpus=gpus,
    )


def _attempts(folder: Path) -> list[int]:
    names = (_CLAIM.match(entry.name) for entry in folder.iterdir())
    return [int(found[1]) for found in names if found]


def _whose(item: Item) -> str:
    claim = item.claim
    return f"process {claim.pid} on {claim.host}" if claim else "another process has taken it"


def _refuse_secrets(request: Request) -> None:
    from peira.capture.redaction import redact_arguments, redact_named

    texts = {**request.params, **request.set, **request.environment}
    named = {name: text for name, text in texts.items() if isinstance(text, str)}
    is_plain = redact_arguments(request.command) == request.command and all(
        redact_named(name, text) == text for name, text in named.items()
    )
    if not is_plain:
        raise UsageError(
            "What is put into the queue seems to hold a secret, and secrets are not stored.",
            hint="Let the program read it from an environment variable or a file.",
        )
