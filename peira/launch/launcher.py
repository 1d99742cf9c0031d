"""Any program as a run: started, its output passed on and kept, its end recorded.

    launch ── ProgramRecord  launch/record.py     the run: params, tags, metrics, its end
          ├─ Channel        launch/streams.py    what the program prints
          └─ Process        launch/process.py    the program itself, signals, its exit

The program behaves as without Peira: same working directory, standard input, terminal, signals and
exit. What goes wrong in recording is told once, and never reaches it.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from peira import session
from peira.capture.hook.values import VARIABLE
from peira.core.errors import NotStartedError, UsageError
from peira.launch.command import NOT_EXECUTABLE, NOT_FOUND, executed
from peira.launch.patterns import pattern
from peira.launch.process import Process
from peira.launch.record import ProgramRecord, hook_variables
from peira.launch.script import Script, find_script, read_script
from peira.launch.streams import Channel, channels
from peira.record.events import Artifact, Origin

if TYPE_CHECKING:
    from peira.rerun.guard import Found


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A program to start, and how to record it."""

    command: list[str]
    """The words; see `peira.launch.command.executed`."""
    directory: str | None = None
    """The working directory; this process's own when None."""
    environment: Mapping[str, str | None] = {}
    """Variables to set, or to take away (None)."""
    params: Mapping[str, Any] = {}
    set: Mapping[str, Any] = {}
    """Other values for the constants of its script (peira/launch/script.py); a text is read as one
    of the constant's type.
    """
    lab: str | None = None
    project: str | None = None
    name: str | None = None
    why: str | None = None
    group: str | None = None
    tags: tuple[str, ...] = ()
    parent: str | None = None
    origin: Origin | None = None
    sweep: str | None = None
    trial: int | None = None
    metrics: tuple[str, ...] | None = ()
    """Patterns that find metrics in what it prints (peira/launch/patterns.py); the default one when
    empty, none at all when None.
    """
    uses: tuple[Artifact, ...] = ()
    """What it is given to go on from, told as used by the run."""
    repeats: Found | None = None
    """What a person was told of earlier runs that it repeats."""
    is_meant: bool = False
    """Whether it is known that it may repeat an earlier run, and meant so."""
    is_shown: bool = True
    """Whether the program has this process's standard streams. Otherwise its input is empty, and
    its output goes to the run's console only.
    """
    is_console: bool = True
    """Whether its output is recorded. Otherwise it has the streams themselves."""


class Launched(msgspec.Struct, frozen=True, kw_only=True):
    """How a launched program ended, and its run."""

    run: str
    """The run id; empty when nothing is recorded (`PEIRA_OFF`)."""
    exit_code: int | None
    """None when it died of a signal."""
    signal: int | None
    folder: Path | None


OnStep = Callable[[str, int], None]
"""Told the run id and the pid of the program: once with 0, just before it starts, and once when it
has started.
"""


def launch(request: Request, on_step: OnStep = lambda run, pid: None) -> Launched:
    """Run a program to its end and record it; returns when the record is durable.

    To be called in the main thread: only there can signals be passed on. This process survives
    SIGINT, SIGTERM, SIGHUP and their like meanwhile.

    Raises:
        UsageError: there is no program, a pattern cannot be read, or a value cannot be set.
        NotStartedError: the program cannot be started; no run remains.
        PeiraError, OSError: the run cannot be recorded; the program was not started.

    >>> launch(Request(command=["train.py", "--lr", "0.1"])).exit_code        # doctest: +SKIP
    0
    """
    patterns = None if request.metrics is None else [pattern(text) for text in request.metrics]
    prepared = Prepared.of(request)
    script, settings, environment = prepared.script, prepared.settings, prepared.environment
    record = ProgramRecord(patterns, is_quiet=not request.is_shown)
    record.watch(prepared.path)
    constants = script.values if script is not None and not script.has_flags else {}
    if script is not None and script.is_rebound:  # it tells them itself, at its end
        environment |= {VARIABLE: ",".join(constants)} if constants else {}
        constants = {}
    record.open(prepared.wanted, {**constants, **settings, **request.params}, request.tags)
    record.plan(_plan(request, settings))
    for artifact in request.uses:
        record.use(artifact)
    record.watch_repeats(
        prepared.wanted, prepared.given, request.repeats, is_meant=request.is_meant
    )
    path = environment.get("PYTHONPATH")
    environment |= record.variables(path)
    start = _Launch(request, record, on_step).run
    if script is None or not settings:
        return start(prepared.command, prepared.directory, environment)
    record.expect(settings, script.values)
    environment["PEIRA_SET"] = json.dumps({"script": str(script.path), "values": settings})
    with tempfile.TemporaryDirectory(prefix="peira-") as folder:
        if record.folder is None:  # PEIRA_OFF: what is set is set all the same
            environment |= hook_variables(Path(folder), path)
        return start(prepared.command, prepared.directory, environment)


class Prepared(NamedTuple):
    """What a request comes to, before anything is started or recorded."""

    command: list[str]
    directory: Path
    environment: dict[str, str]
    """Of the program, before it is told of its run."""
    path: Path | None
    """Its Python script, as far as the words tell."""
    script: Script | None
    settings: dict[str, Any]
    """What is set in the script."""
    given: dict[str, Any]
    """All that is told to the program besides its arguments."""
    wanted: session.Request

    @classmethod
    def of(cls, request: Request) -> Prepared:
        """Return what a request comes to.

        Raises:
            UsageError, NotStartedError: as `launch`.
        """
        directory = Path(request.directory or _here())
        if not directory.is_dir():
            raise NotStartedError(
                f"There is no folder {os.fspath(directory)!r:.300} to start the program in.",
                exit_code=NOT_EXECUTABLE,
            )
        variables = {**os.environ, **request.environment}
        environment = {name: value for name, value in variables.items() if value is not None}
        command = executed(request.command, directory, environment)
        path = find_script(command, directory)
        script = None if path is None else read_script(path)
        settings = _settings(request.set, script, command[0])
        asked = script.asked if script is not None else {}
        wanted = session.Request(
            project=request.project or asked.get("project"),
            name=request.name or asked.get("name"),
            why=request.why or asked.get("why"),
            group=request.group or asked.get("group"),
            lab=request.lab,
            parent=request.parent,
            origin=request.origin,
            sweep=request.sweep,
            trial=request.trial,
            command=tuple(command),
            directory=str(directory),
            environment=environment,
            is_console=request.is_console,
        )
        given = {**settings, **request.params}
        return cls(command, directory, environment, path, script, settings, given, wanted)


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise NotStartedError(
            "There is no folder to start the program in: the working directory was removed.",
            exit_code=NOT_EXECUTABLE,
            hint="cd to one that is there.",
        ) from error


def _plan(request: Request, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was asked for and is not the default."""
    asked = {
        "set": dict(settings),
        "params": dict(request.params),
        "metrics": request.metrics,
        "console": request.is_console,
    }
    default: dict[str, Any] = {"set": {}, "params": {}, "metrics": (), "console": True}
    return {name: value for name, value in asked.items() if value != default[name]}


def _settings(asked: Mapping[str, Any], script: Script | None, program: str) -> dict[str, Any]:
    if asked and script is None:
        raise UsageError(
            f"Nothing can be set in {program!r:.100}: it is not known which Python script it runs.",
            hint="Run the script by its name: peira run --set LR=0.1 train.py",
        )
    return {name: script.setting(name, value) for name, value in asked.items()} if script else {}


class _Launch:
    """One program on its way from start to end."""

    def __init__(self, request: Request, record: ProgramRecord, on_step: OnStep) -> None:
        self._request = request
        self._on_step = on_step
        self._record = record
        self._out: Channel | None = None
        self._err: Channel | None = None
        if record.folder is not None and request.is_console:
            self._out, self._err = channels(record.listener, is_shown=request.is_shown)

    @property
    def _channels(self) -> list[Channel]:
        return list(dict.fromkeys(c for c in (self._out, self._err) if c is not None))

    def run(self, command: list[str], directory: Path, environment: dict[str, str]) -> Launched:
        options = {
            "cwd": directory,
            "env": environment,
            "stdin": None if self._request.is_shown else subprocess.DEVNULL,
            "stdout": self._entry(self._out),
            "stderr": self._entry(self._err),
        }
        try:
            self._on_step(self._record.id, 0)
            process = self._started(command, options)
        except BaseException as error:  # Ctrl-C, too
            for channel in self._channels:
                channel.close()
            self._record.discard()
            if isinstance(error, OSError):
                raise _not_started(command[0], error) from error
            raise
        self._on_step(self._record.id, process.pid)
        self._record.start()
        for channel in self._channels:
            channel.start()
        ended = process.wait()
        for channel in self._channels:
            channel.finish()
        self._record.end(ended)
        process.close()
        for channel in self._channels:
            channel.leave()
        return Launched(
            run=self._record.id,
            exit_code=ended.exit_code,
            signal=ended.signal,
            folder=self._record.folder,
        )

    def _entry(self, channel: Channel | None) -> int | None:
        if channel is not None:
            return channel.entry
        return None if self._request.is_shown else subprocess.DEVNULL

    def _started(self, command: list[str], options: dict[str, Any]) -> Process:
        try:
            return Process(command, options, self._fit)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
        # A script without a `#!` line: what every shell does with it.
        return Process(["/bin/sh", *command], options, self._fit)

    def _fit(self) -> bool:
        changed = [channel.fit() for channel in self._channels]
        return any(changed)


def _not_started(name: str, error: OSError) -> NotStartedError:
    if isinstance(error, FileNotFoundError):
        return NotStartedError(
            f"{name!r} cannot be started: what is to run it is not there.",
            exit_code=NOT_FOUND,
            hint="Look at its first line, which names its interpreter (#!…).",
        )
    reason = os.strerror(error.errno) if error.errno else str(error)
    return NotStartedError(f"{name!r} cannot be started: {reason}.", exit_code=NOT_EXECUTABLE)
