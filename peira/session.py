"""One process recording one run: the files, and all that works beside the user's calls.

    Session ── Writer        record/writer.py          rows and events, one write(2) each
            ├─ Keeper        record/keeper.py          the thread beside: durability, signs of life
            ├─ Console       capture/console.py        what the program prints
            ├─ Surroundings  capture/surroundings.py   code, packages, host: in a thread of its own
            ├─ FileKeeper    capture/files.py          sources, inputs, outputs, seeds
            └─ Objects       objects/folder.py         media and artifacts

A session raises what goes wrong; `Run` decides what the user's program sees of it.
"""

from __future__ import annotations

import math
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import msgspec

from peira.core import ids
from peira.core.clock import now_s
from peira.core.errors import LabError
from peira.core.names import new_name
from peira.core.settings import Settings
from peira.core.values import well_formed
from peira.core.version import __version__
from peira.objects.folder import FolderObjects
from peira.record import events, folder, liveness
from peira.record.ending import Ending
from peira.record.inputs import tag_list
from peira.record.keeper import THREAD_PREFIX, Keeper, Task
from peira.record.voice import Voice
from peira.record.writer import Writer

if TYPE_CHECKING:
    from peira.capture import CaptureSettings, Surroundings
    from peira.capture.files import FileKeeper
    from peira.capture.notebook import Notebook
    from peira.capture.observation import Observation

SYNC_PERIOD_S = 5.0
MONITOR_PERIOD_S = 10.0
ALIVE_PERIOD_S = 15.0
CONSOLE_PERIOD_S = 1.0
AGAIN_PERIOD_S = 300.0
AGAIN_FIRST_S = 30.0
DISK_TIME_S = 0.5
FILES_PERIOD_S = 1.0
FILES_S = 0.1
FILES_LAUNCHER_S = 0.5
"""So long of each second files are read; more where nothing is trained in this process."""
END_TIMEOUT_S = 4.5
"""So long the end of a run waits for the disk and for what is still being captured."""
FILES_END_S = 0.4
FILES_END_TIMEOUT_S = 2.0
"""So long of it files are still read, and so long when they are small or the disk is slow."""
BEFORE_END_S = 2.0
"""So long of it the work waits that is to be done when all else is recorded."""

NAME_CHARACTERS_MAX = 200

Beside = Callable[[Callable[[], object]], Callable[[], None]]
"""Makes work fit for a background thread: what it raises is told, not raised."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What `peira.init` or `peira run` was asked for, params and tags apart."""

    project: str | None = None
    name: str | None = None
    why: str | None = None
    group: str | None = None
    lab: str | os.PathLike[str] | None = None
    parent: str | None = None
    origin: events.Origin | None = None
    sweep: str | None = None
    """The sweep of which the run is a trial, and the trial's number."""
    trial: int | None = None
    command: tuple[str, ...] | None = None
    """The program that this process starts and records; None when it records itself."""
    directory: str = ""
    """The working directory of that program."""
    environment: Mapping[str, str] | None = None
    """Its environment; this process's own when None."""
    is_console: bool = True
    is_monitor: bool = True
    is_quiet: bool = False
    """Whether nothing is said on the terminal, whatever the environment says."""
    is_waited: bool = True
    """Whether the end of the run waits for the disk; else what was recorded is durable a moment
    later, also when this process is killed.
    """
    surroundings: Any = None
    """`Surroundings` that this process has collected for another run already; see `share`."""
    leave_out: str | Iterable[str] = ()
    """What not to capture, besides what the environment says; see `CaptureSettings`."""
    variables: str | Iterable[str] = ()
    """Environment variables to record, besides the allow list and what the environment says."""
    keep_bytes_max: int | None = None
    """Up to this size inputs are kept; when None what the environment says."""


class Session:
    """A run that is being recorded by this process.

    Args:
        inputs: returns the events that tell params and tags, for a folder that was removed and is
            made again.

    Raises:
        PeiraError, OSError: the run cannot be recorded.
    """

    def __init__(
        self,
        request: Request,
        settings: Settings,
        *,
        voice: Voice,
        beside: Beside,
        on_rejected: Callable[[str, str], None],
        inputs: Callable[[], list[events.Event]],
    ) -> None:
        # Here, not at the top: a quarter of import peira.
        from peira.capture import Console, Monitor, Tee

        self._capture = _chosen(request, settings)
        self.root = folder.find_lab(None, os.fspath(request.lab or "") or settings.lab)
        self.is_launcher = request.command is not None
        self._is_waited = request.is_waited
        is_part = request.parent is not None
        self.is_joined = False
        if settings.run and not is_part:
            is_trial = request.sweep is not None
            self.is_joined = not self.is_launcher and not is_trial and _is_first(settings.run)
            # A further run of the process, a trial, or a program below a program, is a run of its
            # own.
            if not self.is_joined and folder.run_folder(self.root, settings.run).birth.exists():
                request = msgspec.structs.replace(request, parent=settings.run)
        if settings.run and self.is_joined:
            self.folder = folder.run_folder(self.root, settings.run)
            self.birth = self.folder.read_birth()
        else:
            self.folder, self.birth = _give_birth(self.root, request, settings)
        self.started_s = time.monotonic()
        self._inputs = inputs
        self._voice = voice
        self._until_s = math.inf
        """When capturing stops, at the end."""
        self._ending: Ending | None = None
        self._is_end_told = False
        self.writer = Writer(
            self.folder,
            writer=ids.new_writer_id() if self.is_joined else "",
            voice=voice,
            on_rejected=on_rejected,
            on_deleted=self._tell_again,
            on_open=self._keep,
        )
        origin = self.birth.origin
        if origin is not None and origin.step is not None:
            self.writer.points.next_step = origin.step + 1  # the steps go on
        self._beside = beside
        has_monitor = request.is_monitor and self._capture.has("monitor")
        has_console = request.is_console and self._capture.has("console")
        monitor = Monitor(is_launcher=self.is_launcher)
        self._monitor = monitor if has_monitor and not self.is_joined else None
        self._sampled = 0
        self.console: Console | None = None
        """Where the program's output goes; a launcher brings it there itself."""
        if has_console and not self.is_joined:
            self.console = (Console if self.is_launcher else Tee)(self.folder.console)
        self._observation = None if self.is_joined else self._observe()
        self._also: list[Task] = []
        self._before_end: list[Callable[[], None]] = []
        self._notebook = None if is_part or self.is_launcher else self._find_notebook()
        self._keeper = self._new_keeper()
        self._surroundings = self._surroundings_of(request)
        self._collector = Thread(
            target=beside(self._collect), name=f"{THREAD_PREFIX}capture", daemon=True
        )

    @property
    def chosen(self) -> dict[str, Any]:
        """What this run leaves out and adds, for a `Request` of a run that is a part of it."""
        names = ("leave_out", "variables", "keep_bytes_max")
        return {name: getattr(self._capture, name) for name in names}

    def has(self, name: str) -> bool:
        """Whether something is captured; see `CaptureSettings`."""
        return self._capture.has(name)

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables of the program whose run this is, when it began."""
        return self._surroundings.subject.variables

    @property
    def surroundings(self) -> Surroundings:
        """What collects what surrounds the run."""
        return self._surroundings

    @property
    def is_captured(self) -> bool:
        """Whether what surrounds the run has been recorded, for the first time at least."""
        if self._surroundings.is_known:
            return True
        return self._collector.ident is not None and not self._collector.is_alive()

    @property
    def objects(self) -> FolderObjects:
        """The lab's objects."""
        return FolderObjects(self.root / "objects")

    @property
    def files(self) -> FileKeeper | None:
        """The files of the run; None where another process tells of them."""
        if self._observation is None or self.writer.is_child:
            return None
        return self._observation.files

    def _look_at_files(self) -> None:
        files = self.files
        if files is not None and self._ending is None:
            # Git opens files of its own accord while the code is captured.
            files.has_doubts = self._collector.is_alive()
            files.catch_up(FILES_LAUNCHER_S if self.is_launcher else FILES_S)

    def start(self) -> None:
        """Begin all that works beside."""
        self._start(self._keeper.start)
        if self.console is not None:
            self.console.open()
        if self._notebook is not None:
            self._beside(self._notebook.open)()
        if self.is_joined:
            self._be_alive()  # so that the main writer sees at once that it is not alone
        elif self._surroundings.is_known:
            self._beside(self._collect)()  # a millisecond: nothing is left to look for
        else:
            self._start(self._collector.start)

    def _surroundings_of(self, request: Request) -> Surroundings:
        from peira.capture import Surroundings, launched, this_process

        if request.surroundings is not None:
            shared: Surroundings = request.surroundings
            return shared
        subject = this_process()
        if request.command is not None:
            subject = launched(request.command, self.birth.directory, request.environment)
        return Surroundings(
            self._capture, subject, keep=lambda data: self.objects.put_bytes(data).digest
        )

    def _observe(self) -> Observation:
        from peira.capture.observation import Observation

        return Observation(
            self.folder,
            self.birth,
            self._capture,
            self.writer.record,
            is_launcher=self.is_launcher,
        )

    def _find_notebook(self) -> Notebook | None:
        """What follows the cells, when this program is a notebook's kernel."""
        from peira.capture.subject import interactive_shell

        shell = interactive_shell()
        if shell is None or self.is_joined or not self._capture.has("cells"):
            return None
        from peira.capture.notebook import Notebook
        from peira.capture.tee import Tee

        def tell(cell: events.Cell) -> None:
            self._beside(partial(self.writer.record, cell))()

        return Notebook(shell, tell, self.console if isinstance(self.console, Tee) else None)

    def _start(self, start: Callable[[], None]) -> None:
        """Start a thread. Without it (a limit of the system, the exit of the interpreter) the run
        is recorded all the same.
        """
        try:
            start()
        except RuntimeError as error:
            self._voice.say_once(
                "thread",
                f"{error}: what surrounds the run is not recorded, and only flush() and the end "
                "make it durable.",
            )

    def every(self, period_s: float, work: Callable[[], object]) -> None:
        """Do something again and again beside the rest; to be called before `start`."""
        self._also.append(Task(period_s, period_s, self._beside(work)))
        self._keeper = self._new_keeper()

    def before_end(self, work: Callable[[], object]) -> None:
        """Do something once when all else is recorded, and the end is not told yet; in the thread
        of `every`. It is left out when the end is urgent.
        """
        self._before_end.append(self._beside(work))

    def _new_keeper(self) -> Keeper:
        last = self.writer.sync if self._is_waited else self._sync_and_close
        return Keeper(self._tasks(), self._beside(last))

    def _sync_and_close(self) -> None:
        self.writer.sync()
        self.writer.close()

    def _tasks(self) -> list[Task]:
        tasks = [Task(SYNC_PERIOD_S, SYNC_PERIOD_S, self._beside(self.writer.upkeep))]
        if self.writer.is_child or self.is_joined:
            return tasks
        tasks += self._also
        tasks.append(Task(FILES_PERIOD_S, 0.0, self._beside(self._look_at_files)))
        # Also for a run that will be killed: it cannot tell at its end.
        again = self._beside(self._collect_again)
        tasks.append(Task(AGAIN_PERIOD_S, AGAIN_FIRST_S, again))
        if self._monitor is not None:
            tasks.append(Task(MONITOR_PERIOD_S, 2.0, self._beside(self._sample)))
        else:
            tasks.append(Task(ALIVE_PERIOD_S, ALIVE_PERIOD_S, self._beside(self._be_alive)))
        if self.console is not None:
            tasks.append(Task(CONSOLE_PERIOD_S, CONSOLE_PERIOD_S, self._beside(self.console.flush)))
        if self._notebook is not None:
            renew = self._beside(self._notebook.renew)
            tasks.append(Task(CONSOLE_PERIOD_S, CONSOLE_PERIOD_S, renew))
        return tasks

    def _keep(self) -> None:
        """In a fork child that begins to write: start its own thread. Elsewhere it runs already."""
        if self.writer.is_child and not self._keeper.is_mine():
            self._keeper = self._new_keeper()
            self._start(self._keeper.start)

    def _sample(self) -> None:
        assert self._monitor is not None
        values = self._monitor.sample()
        if values:
            self.writer.points.append_aside(values, self._sampled)
        else:
            self._be_alive()
        self._sampled += 1

    def _be_alive(self) -> None:
        self.writer.record(events.Alive(time=now_s()))

    def _collect(self) -> None:
        self.capture(self._surroundings.collect())

    def _collect_again(self) -> None:
        self.capture(self._surroundings.collect_again())

    def capture(self, found: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Record aspects of the surroundings, those apart that are to be left out."""
        for aspect, value in found:
            if self._capture.has(aspect):
                self.writer.record(events.Captured(time=now_s(), aspect=aspect, value=value))
            if time.monotonic() > self._until_s:
                return

    def _tell_again(self) -> None:
        """The folder was removed and is there again: write what a reader needs to understand the
        rest.
        """
        if not self.is_joined:
            folder.write_birth(self.folder, self.birth)
        for event in self._inputs():
            self.writer.record(event)
        if self._observation is not None:
            self._observation.tell_again()

    def end(self, ending: Ending, *, is_urgent: bool = False) -> bool:
        """Write the end and close everything; return whether all is durable.

        Waits at most `END_TIMEOUT_S`, or a second when it `is_urgent`. In a fork child or a joined
        run only this process's files are closed: the end is the main writer's to write.
        A signal handler may interrupt it and call it again: that call writes the end which was
        under way, and names the signal.
        """
        limit_s = time.monotonic() + (1.0 if is_urgent else END_TIMEOUT_S)
        self._until_s = limit_s
        if self._ending is not None:
            ending = msgspec.structs.replace(self._ending, signal=ending.signal)
        self._ending = ending
        is_main = not (self.writer.is_child or self.is_joined)
        notebook, self._notebook = self._notebook, None
        if is_main and notebook is not None:
            self._beside(notebook.close)()
        if is_main and self.console is not None:
            self.console.close()
        if is_main and (self._collector.ident is not None or self._surroundings.is_known):
            if self._collector.ident is not None:  # the disk must have its time, too
                self._collector.join(max(0.0, limit_s - DISK_TIME_S - time.monotonic()))
            if not is_urgent and not self._collector.is_alive():
                self._beside(self._collect_again)()
        if is_main and not self._is_end_told:
            rest_s = max(0.1, limit_s - DISK_TIME_S - time.monotonic())
            self._keeper.do(self._beside(self._end_files), min(FILES_END_TIMEOUT_S, rest_s))
        if is_main and not is_urgent and not self._is_end_told:
            for work in self._before_end:
                rest_s = max(0.1, limit_s - DISK_TIME_S - time.monotonic())
                self._keeper.do(work, min(BEFORE_END_S, rest_s))
        # Here, not in the keeper: this may be a signal handler that interrupted a holder of a
        # lock, and the keeper would wait for that in vain.
        self.writer.mend()
        if is_main and not self._is_end_told:
            self.writer.record(self._end_event(ending))
            self._is_end_told = True
        if not self._is_waited:
            self._keeper.stop(0.0)
            return True
        is_durable = self._keeper.stop(max(DISK_TIME_S, limit_s - time.monotonic()))
        if is_durable:
            self.writer.close()
        return is_durable

    def _end_files(self) -> None:
        files = self.files
        if files is not None:
            files.finish(FILES_END_S)

    def discard(self) -> None:
        """Take back a run in which nothing has happened: the program could not be started."""
        self.folder.birth.unlink(missing_ok=True)  # first: without it there is no run to read
        self.writer.points.close()
        self.writer.events.close()
        import shutil

        shutil.rmtree(self.folder.path)

    def _end_event(self, ending: Ending) -> events.End:
        error = ending.error
        if error is not None:
            from peira.capture import redact

            error = events.Failure(error.type, redact(error.message), redact(error.traceback))
        return events.End(
            time=now_s(),
            status=ending.status,
            duration_s=round(time.monotonic() - self.started_s, 6),
            exit_code=ending.exit_code,
            signal=ending.signal,
            error=error,
            peak_memory_bytes=self._peak_memory_bytes(ending),
        )

    def _peak_memory_bytes(self, ending: Ending) -> int:
        """The largest of: the peak of the program's process; that of a child that it waited for;
        the sum over the program's processes in a sample.
        """
        unit = 1 if sys.platform == "darwin" else 1024
        known = ending.peak_memory_bytes or max(
            resource.getrusage(who).ru_maxrss * unit
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        return max(known, int(self._monitor.peak_memory_bytes) if self._monitor else 0)


_joined: set[tuple[int, str]] = set()


def _is_first(run: str) -> bool:
    """Whether this process joins a run for the first time."""
    here = (os.getpid(), run)
    is_first = here not in _joined
    _joined.add(here)
    return is_first


def _give_birth(
    root: Path, request: Request, settings: Settings
) -> tuple[folder.RunFolder, events.Birth]:
    from peira.capture import birth_facts

    made = folder.make_run(root)
    facts: dict[str, Any] = birth_facts(request.command, request.directory)
    facts |= {
        "host": liveness.host(),
        "boot": liveness.boot_id(),
        "pid_started": liveness.process_started(facts["pid"]),
    }
    birth = events.Birth(
        format=events.FORMAT,
        id=made.id,
        name=_named(request.name) or new_name(),
        project=project_name(request.project, settings, facts["directory"]),
        created=now_s(),
        group=_named(request.group),
        why=well_formed(request.why) if request.why else None,
        parent=request.parent,
        origin=request.origin,
        sweep=request.sweep,
        trial=request.trial,
        peira=__version__,
        **facts,
    )
    try:
        folder.write_birth(made, birth)
    except OSError as error:
        try:
            made.birth.unlink(missing_ok=True)
            made.path.rmdir()
        except OSError:
            pass  # a folder without a birth is not a run; readers pass it over
        raise LabError(f"The run {made.path} cannot be written: {error.strerror}.") from error
    return made, birth


def project_name(asked: str | None, settings: Settings, directory: str) -> str:
    """Return the project of a run that begins in `directory`."""
    return _named(asked or settings.project or Path(directory).name) or "untitled"


def _chosen(request: Request, settings: Settings) -> CaptureSettings:
    """Return what to capture: what the environment says, and the request."""
    from peira.capture import CaptureSettings

    kept = request.keep_bytes_max
    return CaptureSettings(
        leave_out=(*settings.leave_out, *tag_list(request.leave_out)),
        variables=(*settings.variables, *tag_list(request.variables)),
        keep_bytes_max=settings.keep_bytes_max if kept is None else kept,
    )


def _named(text: str | None) -> str | None:
    return well_formed(str(text)).strip()[:NAME_CHARACTERS_MAX] or None if text else None
