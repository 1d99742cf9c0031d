"""A run of the user's program: what `peira.init()` returns, and everything is logged through.

Tracking never ends training: what goes wrong in it stops at the border in `recorder.py`. What works
beside the calls is in `session.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack, get_args

import msgspec

from peira.checkpointlog import CheckpointLog
from peira.core.clock import now_s
from peira.core.errors import NotFoundError, UnsupportedError, UsageError
from peira.core.values import param_value, step_value, well_formed
from peira.current import enter, leave, open_runs
from peira.datalog import DataLog
from peira.medialog import MediaLog, Shown
from peira.objects import models, tree
from peira.record import events
from peira.record.ending import Ending, Watch, ending_of
from peira.recorder import guarded
from peira.session import Request, Session

if TYPE_CHECKING:
    from peira.capture import Surroundings


class Run(CheckpointLog, DataLog, MediaLog):
    """A run that is being recorded; made by `peira.init`.

    Every method may be called from any thread, and in a fork child, which writes its own files.
    When a method returns, what it recorded survives the death of the process (`kill -9`), and
    within 5 s, or after `flush()`, a crash of the system. No method raises unless the run is
    strict. A run that could not be made, or one under `PEIRA_OFF`, records nothing and behaves the
    same otherwise.
    """

    is_trial = False
    """Whether a sweep began it for a trial: then `peira.init` in the objective returns it."""

    # What happens

    @guarded
    def note(self, text: str) -> None:
        """Add a note in Markdown; it stands below the earlier ones."""
        self._record(events.Note(time=now_s(), text=well_formed(str(text))))

    @guarded
    def alert(self, title: str, text: str = "", level: events.AlertLevel = "warning") -> None:
        """Tell people to look at this run.

        Args:
            level: `info`, `warning` or `error`.
        """
        if level not in get_args(events.AlertLevel):
            raise UsageError(f"{level!r:.60} is not a level.", hint="Use info, warning or error.")
        self._record(
            events.Alert(
                time=now_s(),
                title=well_formed(str(title)),
                text=well_formed(str(text)),
                level=level,
            )
        )

    # Media: the methods are those of MediaLog

    @guarded
    def _log_media(self, kind: events.MediaType, shown: Shown) -> None:
        session = self._recording()
        if session is None:
            return
        encode = getattr(import_module("peira.media"), f"encode_{kind}")
        try:
            encoded = encode(shown.value, **shown.options)
        except (UsageError, UnsupportedError) as error:
            told = f"log_{kind}({shown.key!r:.60}): {error.message}"
            raise type(error)(told, hint=error.hint) from error
        objects = session.objects
        is_bytes = isinstance(encoded.data, bytes)
        stored = (objects.put_bytes if is_bytes else objects.put_file)(encoded.data)
        last_step = max(0, session.writer.points.next_step - 1)
        self._record(
            events.Media(
                time=now_s(),
                key=well_formed(str(shown.key)),
                step=last_step if shown.step is None else step_value(shown.step),
                type=kind,
                object=stored.digest,
                mime=encoded.mime,
                size=stored.size,
                caption=None if shown.caption is None else well_formed(str(shown.caption)),
                detail=param_value(encoded.detail),
            )
        )

    # Artifacts

    @guarded
    def log_artifact(
        self,
        path: str | os.PathLike[str],
        name: str | None = None,
        *,
        type: str = "file",
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Record a file or a folder under a name (its own when None). The bytes are in the lab
        when this returns.

        Raises:
            NotFoundError, UsageError: in strict mode, there is no such file or it cannot be
            recorded.
        """
        source = Path(path)
        if not source.exists():
            raise NotFoundError(f"There is no file {source}.")
        own = source.resolve().name if source.name in ("", "..") else source.name
        self._record_artifact(source, name or own, type, dict(metadata or {}))

    @guarded
    def save_model(
        self, model: Any, name: str = "model", *, metadata: Mapping[str, Any] | None = None
    ) -> None:
        """Record a model under a name: a PyTorch module's state dict, or the pickle of any other
        object.

        Its class, module and library are recorded with it. Peira never loads what is stored here:
        a pickle can run any program.
        """
        if self._recording() is None:
            return
        with models.written(model) as saved:
            facts = saved.facts | dict(metadata or {})
            self._record_artifact(saved.path, name, "model", facts)

    def _record_artifact(
        self, source: Path, name: str, type: str, metadata: dict[str, Any]
    ) -> None:
        session = self._recording()
        if session is None:
            return
        files = [
            events.File(member.path, member.digest, member.size)
            for member in tree.put(session.objects, source)
        ]
        self._record(
            events.Artifact(
                time=now_s(),
                name=well_formed(str(name)),
                type=well_formed(str(type)),
                files=files,
                metadata=param_value(metadata),
            )
        )

    def use_artifact(self, ref: str) -> Path:
        """Return the files of an artifact of another run, and record that this run used it.

        They are in a read-only folder of this process, each compared with its digest; the path is
        that of the file when it is only one.

        Args:
            ref: `RUN:NAME`: the run's id or name, and the artifact's name in it.

        Raises:
            NotFoundError, AmbiguousError, DamagedError: strict or not, the artifact cannot be had:
                without it the program would do something else.

        >>> weights = run.use_artifact("brisk-otter:cnn") / "weights.npz"     # doctest: +SKIP
        """
        from peira.lab.artifacts import find_artifact
        from peira.lab.lab import Lab
        from peira.objects.checkpoint import private_folder, write_out

        place = None if self._session is None else self._session.root
        with Lab(place, create=False) as lab:
            record, artifact = find_artifact(lab, ref)
            folder = write_out(lab.objects, artifact.files, private_folder() / "files")
        used = msgspec.structs.replace(
            artifact, time=now_s(), role="used", metadata={"run": record.id}
        )
        self._attempt(lambda: self._record(used))
        return folder / artifact.files[0].path if len(artifact.files) == 1 else folder

    # A part, and the end

    def child(
        self,
        name: str | None = None,
        *,
        params: Any = None,
        tags: str | Iterable[str] | None = None,
        why: str | None = None,
        group: str | None = None,
    ) -> Run:
        """Begin a run that is a part of this one, in the same lab and project, and make it current.

        This run stays open, and is current again when the child has ended.
        """
        request = Request(
            project=self.project,
            name=name,
            why=why,
            group=group,
            lab=None if self._session is None else self._session.root,
            parent=self.id or None,
            is_console=False,
            is_monitor=False,
            **({} if self._session is None else self._session.chosen),
        )
        return begin_run(request, params, tags, is_strict=self.is_strict)

    @property
    def surroundings(self) -> Surroundings | None:
        """What collects what surrounds this process, while it is recorded."""
        return None if self._session is None else self._session.surroundings

    def _join(self, params: Any, tags: str | Iterable[str] | None) -> Run:
        self._keep_inputs(params, tags)
        return self

    @guarded
    def flush(self) -> None:
        """Make all that was recorded durable now: it survives a crash of the system when this
        returns.
        """
        if self._session is not None and not self._has_ended:
            self._session.writer.upkeep()

    @guarded
    def finish(self, status: events.EndStatus | None = None, *, outcome: str | None = None) -> None:
        """End the run; a second call does nothing.

        Args:
            status: `finished` (also when None), `failed` or `killed`.
            outcome: what came of it, in Markdown: the last note.
        """
        if status is not None and status not in get_args(events.EndStatus):
            raise UsageError(
                f"{status!r:.60} is not a status.", hint="Use finished, failed or killed."
            )
        if outcome and not self._has_ended:
            self.note(outcome)
        self._end(Ending(status=status or "finished", signal=_watch.signal_seen))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end(ending_of(error, _watch.signal_seen))

    def _end(self, ending: Ending, *, is_urgent: bool = False) -> None:
        # One of the open runs until all is written: a signal in between must find it.
        super()._end(ending, is_urgent=is_urgent)
        leave(self)
        if not open_runs() and not is_urgent:
            _watch.stop()

    def _attend(self, session: Session) -> None:
        if not session.is_joined:
            from peira.rerun.watch import RepeatWatch

            RepeatWatch(session, lambda: self.params, self._voice.say).start()

    def __repr__(self) -> str:
        return f"<Run {self.name or 'that records nothing'} {self.id}>".replace(" >", ">")


def _end_all(ending: Ending) -> None:
    is_urgent = ending.signal is not None and ending.status == "killed"
    for run in reversed(open_runs()):
        run._end(ending, is_urgent=is_urgent)


_watch = Watch(_end_all)


class CaptureOptions(TypedDict, total=False):
    """Options of `init` that say what a run captures by itself; see `CaptureSettings`."""

    leave_out: str | Iterable[str]
    variables: str | Iterable[str]
    keep_bytes_max: int


def init(
    project: str | None = None,
    *,
    name: str | None = None,
    params: Any = None,
    tags: str | Iterable[str] | None = None,
    why: str | None = None,
    group: str | None = None,
    lab: str | os.PathLike[str] | None = None,
    console: bool = True,
    monitor: bool = True,
    strict: bool = False,
    **capture: Unpack[CaptureOptions],
) -> Run:
    """Begin to record a run, and make it the current one.

    Takes below 20 ms: git, packages and hardware are captured beside training. The run ends with
    `finish()`, with the program, with an exception (failed) or with a signal (killed). A run that
    is still open is finished first; `Run.child` makes one that is not. In a trial of a sweep its
    run is returned.

    Args:
        project: what runs with one goal have in common; when None `PEIRA_PROJECT`, else the name
            of the working directory.
        name: a readable name; made up when None. Names may repeat, ids do not.
        params: inputs of the run: a dict (nested ones become slash paths), a dataclass or a
            namespace.
        tags: one tag or several.
        why: the reason for this run, one sentence.
        group: what runs of one experiment have in common.
        lab: the folder to record in; when None `PEIRA_LAB`, else the nearest `.peira` upward, else
            `./.peira`.
        console: copy what the program prints into the run.
        monitor: record use of processor, memory, disk, network and GPUs every 10 s.
        strict: raise what goes wrong in tracking, instead of telling it once.
        capture: `leave_out` names what not to capture, such as `["code", "environment"]`;
            `variables` names environment variables to record besides the allow list;
            `keep_bytes_max` is the size up to which input files are kept, not only their digest.

    Raises:
        PeiraError: in strict mode, the run cannot be recorded.

    >>> run = peira.init("mnist", params={"lr": 1e-3})                        # doctest: +SKIP
    """
    unknown = capture.keys() - CaptureOptions.__annotations__.keys()
    if unknown:  # a slip of the pen in the program, as Python itself would tell it
        raise TypeError(f"init() got an unexpected keyword argument {min(unknown)!r}")
    for earlier in reversed(open_runs()):
        if earlier.is_trial:
            return earlier._join(params, tags)
        earlier.finish()
    request = Request(
        project=project,
        name=name,
        why=why,
        group=group,
        lab=lab,
        is_console=console,
        is_monitor=monitor,
        **capture,
    )
    return begin_run(request, params, tags, is_strict=strict)


def resume(
    run: str,
    at: str | int = "last",
    *,
    name: str | None = None,
    params: Any = None,
    tags: str | Iterable[str] | None = None,
    why: str | None = None,
    lab: str | os.PathLike[str] | None = None,
    strict: bool = False,
) -> Run:
    """Begin a run that goes on from a checkpoint of another one, and make it the current one.

    It is a new run in the same project and group: the other one is not changed. Its steps go on
    from that of the checkpoint, which `peira.checkpoint()` returns. `peira resume` does the same
    for a whole program, without a change of it.

    Args:
        run: the other run: its id, the start or end of it, or its name.
        at: `last`, `best` (see `peira.lab.checkpoints.choose`) or a step.
        name, params, tags, why, lab, strict: as for `init`; the params are all of this run.

    Raises:
        NotFoundError, AmbiguousError: strict or not, there is no such run or checkpoint: without
            it the program would do something else.

    >>> run = peira.resume("brisk-otter", "best", params={"lr": 1e-4})        # doctest: +SKIP
    >>> weights = peira.checkpoint().load()["weights"]                        # doctest: +SKIP
    """
    from peira.lab.lab import Lab
    from peira.rerun.resume import find_point

    for earlier in reversed(open_runs()):
        earlier.finish()
    with Lab(lab, create=False) as opened:
        point = find_point(opened, run, at)
        root = opened.root
    request = Request(
        project=point.run.project,
        group=point.run.group,
        name=name or point.name,
        why=why,
        lab=root,
        origin=point.origin(params),
    )
    made = begin_run(request, params, tags, is_strict=strict)
    made._go_on(point.checkpoint(root), point.used)
    return made


def begin_run(
    request: Request, params: Any, tags: str | Iterable[str] | None, *, is_strict: bool
) -> Run:
    """Begin a run as it is asked for, beside those that are open, and make it the current one."""
    run = Run(is_strict=is_strict)
    is_begun = False
    try:
        run._begin(request, params, tags)
        is_begun = True
    finally:
        if not is_begun:  # strict: nothing of it may go on beside the program
            run._end(Ending(status="failed"))
    enter(run)
    _watch.start()
    return run
