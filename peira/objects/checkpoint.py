"""A checkpoint that a program goes on from: its files in a private folder, and what is known of it.

    <folder>/state/…                    the files; PEIRA_CHECKPOINT names this folder
    <folder>/.peira/checkpoint.json     run, step, format, metrics

`docs/formats/checkpoint.md` has every byte.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from peira.core.errors import DamagedError, NotFoundError, UnsupportedError
from peira.objects import states
from peira.objects._base import Objects
from peira.record import events
from peira.record.checkpoints import plain_metrics
from peira.record.folder import LAB_NAME

FACTS = f"{LAB_NAME}/checkpoint.json"
"""Below a name that no run counts among its inputs."""
STATE = "state"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a checkpoint besides its files."""

    run: str
    step: int
    format: str
    metrics: dict[str, Any] = msgspec.field(default_factory=dict)


class Checkpoint:
    """A state that a run can go on from.

    `run` is the id of the run that made it, `metrics` its metric values by key.

    >>> checkpoint = peira.checkpoint()                                       # doctest: +SKIP
    >>> state = checkpoint.load() if checkpoint else fresh_state()            # doctest: +SKIP
    """

    def __init__(self, facts: Facts, folder: Callable[[], Path]) -> None:
        self.run = facts.run
        self.step = facts.step
        self.format = facts.format
        self.metrics = plain_metrics(facts.metrics)
        self._folder = folder

    @cached_property
    def path(self) -> Path:
        """The file, when it is only one; else the folder of the files. Both are read-only and gone
        when the program ends.
        """
        found = list(self._state.iterdir())
        is_one = len(found) == 1 and self.format != states.PLAIN and found[0].is_file()
        return found[0] if is_one else self._state

    @cached_property
    def _state(self) -> Path:
        return self._folder()

    def load(self) -> Any:
        """Return the state that was given to `run.checkpoint`, when it was of plain values and
        arrays.

        Raises:
            UnsupportedError: it is a file of another library; load `path` with that.
            DamagedError: its files are not what was stored.
        """
        if self.format != states.PLAIN:
            known = {"torch": "torch.load", "joblib": "joblib.load", "pickle": "pickle.load"}
            how = known.get(self.format, "what wrote it")
            raise UnsupportedError(
                f"The checkpoint at step {self.step} is a file that Peira does not load: such "
                "files can run any program.",
                hint=f"Load {self.path} with {how}, if you trust run {self.run}.",
            )
        return states.load(self._state)

    def __repr__(self) -> str:
        return f"<Checkpoint of {self.run} at step {self.step}>"


def take_out(objects: Objects, run: str, event: events.Checkpoint, folder: Path) -> Path:
    """Write a checkpoint into an empty folder, read-only, and return the folder of its files.

    Every file is compared with its digest.

    Raises:
        NotFoundError: an object is not in the store any more.
        DamagedError: stored bytes are others.
    """
    write_out(objects, event.files, folder / STATE)
    facts = Facts(run=run, step=event.step, format=event.format, metrics=event.metrics)
    (folder / FACTS).parent.mkdir(mode=0o700)
    (folder / FACTS).write_bytes(msgspec.json.encode(facts))
    return folder / STATE


def write_out(
    objects: Objects, files: list[events.File], folder: Path, *, is_writable: bool = False
) -> Path:
    """Write stored files below a folder that is not there yet; return the folder.

    Args:
        is_writable: leave them 0600 in 0700; else they are 0400 in 0500.

    Raises:
        NotFoundError, DamagedError: as `take_out`; or a path would leave the folder.
    """
    folder.mkdir(mode=0o700)
    folders = {folder}
    for file in files:
        target = _inside(folder, file.path)
        for parent in reversed(target.parents[: len(Path(file.path).parts) - 1]):
            parent.mkdir(mode=0o700, exist_ok=True)
            folders.add(parent)
        objects.copy(file.object, target)
        if not is_writable:
            target.chmod(0o400)
    for made in () if is_writable else folders:
        made.chmod(0o500)
    return folder


def _inside(folder: Path, name: str) -> Path:
    parts = Path(name).parts
    if not parts or Path(name).is_absolute() or ".." in parts or "\0" in name:
        raise DamagedError(f"{name!r:.100} is no path of a file inside a folder.")
    return folder.joinpath(*parts)


def read(folder: Path) -> Checkpoint:
    """Return the checkpoint whose files are in a folder that `take_out` returned.

    Raises:
        NotFoundError: there is no such folder.
        DamagedError: what is known of it cannot be read.
    """
    path = folder.parent / FACTS
    try:
        facts = msgspec.json.decode(path.read_bytes(), type=Facts)
    except OSError as error:
        raise NotFoundError(
            f"The checkpoint {folder} cannot be read: {error.strerror}.",
            hint="Start the program with `peira resume`.",
        ) from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise DamagedError(f"{path} cannot be read: {error!s:.200}") from error
    return Checkpoint(facts, lambda: folder)


def of_event(
    objects: Objects, run: str, event: events.Checkpoint, folder: Callable[[], Path]
) -> Checkpoint:
    """Return a checkpoint that is in the store; its files are written when they are asked for.

    Args:
        folder: makes an empty private folder.
    """
    facts = Facts(run=run, step=event.step, format=event.format, metrics=event.metrics)
    return Checkpoint(facts, lambda: take_out(objects, run, event, folder()))


def private_folder() -> Path:
    """Make an empty folder, 0700, and return its path. It is removed when this process ends; a fork
    child leaves it alone.
    """
    import atexit
    import tempfile

    path = Path(tempfile.mkdtemp(prefix="peira-"))
    atexit.register(_remove_own, path, os.getpid())
    return path


def _remove_own(path: Path, pid: int) -> None:
    if os.getpid() == pid:
        remove(path)


def remove(path: Path) -> None:
    """Remove a folder and what was written out into it."""
    import shutil

    for folder, _, _ in os.walk(path):
        Path(folder).chmod(0o700)
    shutil.rmtree(path, ignore_errors=True)
