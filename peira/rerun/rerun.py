"""A recorded run, run again: restored in a scratch folder, started by `peira.launch`, linked to the
run that it comes from.

    rerun(lab, Rerun(run=…))                    the same once more
    rerun(lab, Rerun(run=…, changes={…}))       with a flag or a constant changed
    rerun(lab, Rerun(run=…, is_here=True))      where it was, as everything is now
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select

from peira.capture import redact_value
from peira.core.clock import now_s
from peira.core.errors import NotRepeatableError
from peira.lab.index import schema
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.launch.launcher import Launched, Request, launch
from peira.record.events import Origin
from peira.rerun import environment
from peira.rerun.changes import Changes
from peira.rerun.command import recorded_command
from peira.rerun.pins import read_pins, recorded_packages
from peira.rerun.places import Places
from peira.rerun.restore import Say
from peira.rerun.scratch import Scratch, Start, discard, recorded_settings, with_environment
from peira.rerun.taken import taken_by, written_out

INTERRUPTED = 128 + signal.SIGINT


class Rerun(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be run again, and how."""

    run: str
    changes: Mapping[str, str] = {}
    """New values by the name of a flag or a constant."""
    is_here: bool = False
    """Start it where it was, with code, data and packages as they are now."""
    is_rebuilt: bool = True
    """Whether the recorded packages are installed again."""
    keep: str | None = None
    """Restore in this folder and keep it; None for a scratch folder that is removed."""
    why: str | None = None
    is_shown: bool = True
    """Whether what the program prints is seen here."""


class Again:
    """A run that is ready to be started again, once or several times. See `ready`."""

    def __init__(
        self,
        lab: Lab,
        record: RunRecord,
        wanted: Rerun,
        changes: Changes,
        start: Callable[[], Start],
    ) -> None:
        self.record = record
        self.inexact: list[str] = []
        """What is not as it was; known after the first start."""
        self._lab = lab
        self._wanted = wanted
        self._changes = changes
        self._start = start

    def run(self, stop_after_s: float | None = None) -> Launched:
        """Run it to its end as a new run; every time with fresh files.

        Args:
            stop_after_s: ask it to end after so many seconds.

        Raises:
            UsageError: a change is not possible from outside.
            NotRepeatableError: something is gone without which it cannot be the same.
            NotStartedError: the program cannot be started.
            KeyboardInterrupt: the program was stopped with Ctrl-C.
        """
        start = self._start()
        self.inexact = start.inexact
        taken = taken_by(self.record)
        origin = Origin(
            how="rerun",
            run=self.record.id,
            step=None if taken is None else taken.saved.step,
            changed=redact_value("changed", dict(self._wanted.changes)),
        )
        with _stopped_after(stop_after_s):
            return launched_again(
                self._lab,
                self.record,
                start,
                name=free_name(self._lab, f"{self.record.name}-again"),
                why=self._wanted.why or self._reason(),
                group=self.record.group if self._changes else None,
                origin=origin,
                is_shown=self._wanted.is_shown,
            )

    def _reason(self) -> str:
        changed = ", ".join(f"{name}={value}" for name, value in self._wanted.changes.items())
        return f"{self.record.name} again{f', with {changed}' if changed else ''}"


def launched(lab: Lab, request: Request) -> Launched:
    """Launch a program; its run can be read when this returns.

    Raises:
        NotStartedError: it cannot be started.
        KeyboardInterrupt: it was stopped with Ctrl-C.
    """
    ended = launch(request)
    if ended.signal == signal.SIGINT or ended.exit_code == INTERRUPTED:
        raise KeyboardInterrupt
    lab.catch_up(wait_s=60.0)
    return ended


def launched_again(lab: Lab, record: RunRecord, start: Start, **more: Any) -> Launched:
    """Launch a recorded run once more, with the checkpoint that it went on from.

    Args:
        more: fields of the request that are of this time.

    Raises:
        see `launched`; NotFoundError, DamagedError: the checkpoint is gone, or damaged.
    """
    taken = taken_by(record)
    with written_out(lab.objects, taken) as variables:
        start = msgspec.structs.replace(start, variables={**start.variables, **variables})
        if taken is not None:
            more["uses"] = (taken.used(record.name, now_s()),)
        return launched(lab, request_of(lab, record, start, **more))


def request_of(lab: Lab, record: RunRecord, start: Start, **more: Any) -> Request:
    """Return the request to launch a recorded run once more; `more` are its other fields."""
    told = record.captured("launch")
    return Request(
        command=start.command,
        directory=start.directory,
        environment=start.variables,
        params=told.get("params") or {},
        set=start.settings,
        lab=str(lab.root),
        project=record.project,
        metrics=recorded_metrics(record),
        is_console=told.get("console", True),
        **more,
    )


def recorded_metrics(record: RunRecord) -> tuple[str, ...] | None:
    """Return the patterns that found metrics in what a run printed; None for none at all."""
    metrics = record.captured("launch").get("metrics", [])
    return None if metrics is None else tuple(metrics)


@contextmanager
def ready(lab: Lab, wanted: Rerun, say: Say = lambda _: None) -> Iterator[Again]:
    """Make a run ready to be started again; its scratch folder goes with the context.

    Raises:
        NotFoundError, AmbiguousError: there is no such run, or several.
        NotRepeatableError: its command cannot be started again.
    """
    record = lab.run(wanted.run)
    changes = Changes(record, wanted.changes)
    if wanted.is_here:
        yield Again(lab, record, wanted, changes, lambda: changes.made(here(record)))
        return
    with _folder(wanted.keep) as folder:
        scratch = Scratch(lab, record, folder, is_rebuilt=wanted.is_rebuilt, say=say)
        yield Again(lab, record, wanted, changes, lambda: changes.made(scratch.ready()))


def rerun(lab: Lab, wanted: Rerun, say: Say = lambda _: None) -> Launched:
    """Run a recorded run once more; returns how it ended, and its new run.

    Raises:
        see `ready` and `Again.run`.
    """
    with ready(lab, wanted, say) as again:
        return again.run()


@contextmanager
def _stopped_after(seconds: float | None) -> Iterator[None]:
    """Send this process SIGTERM after a while: `launch` passes it on to the program."""
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGTERM))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def here(
    record: RunRecord, *, hint: str = "Leave --here out to restore it in another folder."
) -> Start:
    """Return how the run is started where it was, as everything is there now.

    Raises:
        NotRepeatableError: its folder is gone; `hint` says what to do then.
    """
    directory = str(record.birth.get("directory") or "")
    if not Path(directory).is_dir():
        raise NotRepeatableError(
            f"Run {record.name} cannot be run where it was: {directory or 'its folder'} is gone.",
            reasons=(f"{directory} is gone",),
            hint=hint,
        )
    pins = read_pins(recorded_packages(record), Places("/", Path("/")))
    built = environment.as_it_is(record, pins)
    return Start(
        command=recorded_command(record),
        directory=directory,
        variables=with_environment({}, built.python),
        settings=recorded_settings(record),
        inexact=["code, data and packages are as they are now", *built.inexact],
    )


@contextmanager
def _folder(keep: str | None) -> Iterator[Path]:
    if keep is not None:
        path = Path(keep).expanduser().absolute()
        path.mkdir(parents=True, exist_ok=True)
        yield path
        return
    path = Path(tempfile.mkdtemp(prefix="peira-rerun-"))
    try:
        yield path
    finally:
        discard(path)


def free_name(lab: Lab, name: str) -> str:
    """Return a name that no run of the lab has: this one, else with the next number behind it."""
    question = select(schema.run.c.name).where(schema.run.c.name.startswith(name, autoescape=True))
    taken = set(lab.ask(lambda connection: list(connection.scalars(question))))
    number = 1
    while (name if number == 1 else f"{name}-{number}") in taken:
        number += 1
    return name if number == 1 else f"{name}-{number}"
