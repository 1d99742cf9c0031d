"""What records a run from within this process, and the border at which its troubles stop.

`Recorder` is `Run` without what only a user's program calls: the SDK (`run.py`) and the parent of
a launched program (`launch/`) record through it alike. `guarded` stands around every public
method, and is the one place in Peira that catches all. In strict mode it lets everything through.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from peira.core.errors import LabError, UsageError
from peira.core.settings import read_settings
from peira.record import events
from peira.record.ending import Ending
from peira.record.inputs import RunParams, RunTags, tag_list
from peira.record.keeper import THREAD_PREFIX
from peira.record.voice import Voice
from peira.session import Request, Session

_P = ParamSpec("_P")
_R = TypeVar("_R")
_S = TypeVar("_S", bound="Recorder")


def guarded(method: Callable[Concatenate[_S, _P], _R]) -> Callable[Concatenate[_S, _P], _R]:
    """Let only a strict run's errors out of a method: otherwise tell it once, count it, go on."""

    @functools.wraps(method)
    def call(self: _S, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return method(self, *args, **kwargs)
        except Exception as error:  # the border: training must not die of its record
            if self.is_strict and not threading.current_thread().name.startswith(THREAD_PREFIX):
                raise
            name = method.__name__.lstrip("_")
            key = repr(args[0])[:60] if args and isinstance(args[0], str) else ""
            self._absorb(error, what=f"{name}({key}): " if hasattr(self, name) else "")
            return None  # type: ignore[return-value]

    return call  # type: ignore[return-value]


class Recorder:
    """A run that this process records: its params, tags, metrics and events, and its end."""

    id: str = ""
    """12 characters; empty when nothing is recorded."""
    name: str = ""
    project: str = ""
    folder: Path | None = None
    """Where the run is recorded; None when nothing is."""

    def __init__(self, *, is_strict: bool = False) -> None:
        self.is_strict = is_strict
        self.params = RunParams(
            self._record,
            attempt=self._attempt,
            redact=_redact,
            on_rejected=functools.partial(self._reject, "the param"),
        )
        """The params; setting or updating records."""
        self.tags = RunTags(self._record, attempt=self._attempt)
        """The program's tags: `add` and `remove`."""
        self._voice = Voice()
        self._session: Session | None = None
        self._append: Callable[[Mapping[str, Any], Any], None] = _append_nowhere
        self._has_ended = False
        self._is_closed = False

    def log(self, values: Mapping[str, Any], step: int | None = None) -> None:
        """Record metric values at a step.

        Args:
            values: numbers by name; nested dicts become slash paths (`{"val": {"acc": 0.9}}` is
                `val/acc`). Python's, NumPy's, PyTorch's, JAX's or TensorFlow's, also arrays of one
                element; NaN and infinity are data.
            step: a whole number of 64 bits; steps may repeat and go back. When None, one more than
                the step of the call before, from 0.

        Raises:
            UsageError: in strict mode, a value is not a number or the step is not whole.

        >>> run.log({"train/loss": 0.25}, step=10)                            # doctest: +SKIP
        """
        try:  # the guard's body, written out: a wrapper would cost a tenth of the call
            self._append(values, step)
        except Exception as error:
            if self.is_strict:
                raise
            points = len(values) if isinstance(values, Mapping) else 0
            self._absorb(error, what="", points=points)

    @guarded
    def _begin(self, request: Request, params: Any, tags: str | Iterable[str] | None) -> None:
        self._open(request)
        if self._session is not None:
            self._session.start()
        self._keep_inputs(params, tags)

    def _open(self, request: Request) -> None:
        """Make the run that is asked for, or join it; nothing works beside yet. A launcher is never
        strict: what goes wrong in its record must not reach a program that it does not see.

        Raises:
            PeiraError, OSError: it cannot be recorded.
        """
        settings = read_settings()
        if request.command is None:
            self.is_strict = self.is_strict or settings.strict
        self._voice = Voice(is_quiet=settings.quiet or request.is_quiet)
        if settings.off:
            return
        session = Session(
            request,
            settings,
            voice=self._voice,
            beside=self._beside,
            on_rejected=functools.partial(self._reject, "log():"),
            inputs=self._inputs,
        )
        birth = session.birth
        self.id, self.name, self.project = birth.id, birth.name, birth.project
        self.folder = session.folder.path
        self._session = session
        self._attend(session)
        self._append = self._append_strictly if self.is_strict else session.writer.points.append_row

    def _inputs(self) -> list[events.Event]:
        """Return what must be told again when the run's folder was removed."""
        return [*self.params.events(), *self.tags.events()]

    def _attend(self, session: Session) -> None:
        """A run was made; nothing works beside yet."""

    @guarded
    def _keep_inputs(self, params: Any, tags: str | Iterable[str] | None) -> None:
        if params:
            self.params.update(params)
        self.tags.add(*tag_list(tags))

    def _recording(self) -> Session | None:
        """Return what records this run; None when nothing does.

        Raises:
            UsageError: the run has ended.
        """
        if self._has_ended:
            raise UsageError(
                f"The run {self.name} has ended; nothing more is recorded.",
                hint="Call peira.init() for another one.",
            )
        return self._session

    def _record(self, event: events.Event) -> None:
        session = self._recording()
        if session is not None:
            session.writer.record(event)

    @guarded
    def _end(self, ending: Ending, *, is_urgent: bool = False) -> None:
        if self._is_closed:
            return
        self._has_ended = True
        self._append = self._append_after_end
        session = self._session
        if session is None:
            return
        is_child = session.writer.is_child
        # A signal handler may come here while this waits; then the end is written there.
        is_durable = session.end(ending, is_urgent=is_urgent)
        self._is_closed = True
        if is_child or session.is_joined:
            return
        lost = session.writer.losses.points_total
        self._voice.say(
            f"{self.name} {ending.status}{_told(lost)}. "
            f"See it: peira show {self.name}   or all: peira ui"
        )
        if not is_durable:
            self._voice.say(
                f"the disk did not answer in time; what is recorded is in {self.folder}."
            )

    def _append_after_end(self, values: Mapping[str, Any], step: Any) -> None:
        self._recording()

    def _reject(self, what: str, key: str, reason: str) -> None:
        text = f"{what} {key or repr(key)} is not recorded: {reason}."
        if self.is_strict:
            raise UsageError(text)
        self._voice.say_once(("rejected", what, key), text)

    def _absorb(self, error: Exception, *, what: str, points: int = 0) -> None:
        """Tell once, and count, what went wrong in tracking and must not reach the program.

        Args:
            what: the user called, with a colon; empty when the error says it.
        """
        text = f"{error}" if str(error) else type(error).__name__
        self._voice.say_once((what, type(error), text[:80]), f"not recorded: {what}{text}")
        if self._session is not None and not self._has_ended:
            self._session.writer.losses.add(
                points=points,
                events=0 if points else 1,
                reason=f"{type(error).__name__}: {text[:200]}",
            )

    def _append_strictly(self, values: Mapping[str, Any], step: Any) -> None:
        assert self._session is not None
        writer = self._session.writer
        writer.points.append_row(values, step)
        if writer.losses.is_outage:
            raise LabError(f"Points of run {self.name} cannot be written to {self.folder}.")

    def _beside(self, work: Callable[[], Any]) -> Callable[[], None]:
        """Return `work` for a background thread, where an error has nobody to reach."""
        return functools.partial(self._attempt, work)

    @guarded
    def _attempt(self, work: Callable[[], Any]) -> None:
        work()


def _redact(name: str, value: Any) -> Any:
    from peira.capture import redact_value

    return redact_value(name, value)


def _told(lost: int) -> str:
    return f", {lost:,} {'value' if lost == 1 else 'values'} not recorded" if lost else ""


def _append_nowhere(values: Mapping[str, Any], step: Any) -> None:
    """What `log` does in a run that records nothing."""
