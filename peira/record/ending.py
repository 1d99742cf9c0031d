"""How a process ends, told apart and passed on.

    sys.exit, end of the script   atexit            finished, or failed with an exit code that is
    not 0 exception                     sys.excepthook    failed, with the traceback
    KeyboardInterrupt             sys.excepthook    killed by SIGINT SIGTERM, SIGHUP
    signal handler    killed by that signal; then what would have happened happens kill -9,
    os._exit, power      nothing           no end is written: liveness tells (record/liveness.py)

Every hook calls what was there before. SIGINT is left to Python: other libraries look whether its
handler is the default one. A signal that is ignored (nohup) stays ignored. A fork child passes
everything on and ends nothing.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

import msgspec

from peira.record.events import EndStatus, Failure

_SIGNALS = ("SIGTERM", "SIGHUP")
_TRACEBACK_CHARACTERS_MAX = 20_000


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How the process, or a run in it, came to its end."""

    status: EndStatus = "finished"
    exit_code: int | None = None
    signal: str | None = None
    error: Failure | None = None


def ending_of(error: BaseException | None, signal_seen: str | None = None) -> Ending:
    """Return what an exception that leaves the program means; None means that there was none."""
    if error is None:
        return Ending(signal=signal_seen)
    if isinstance(error, KeyboardInterrupt):
        return Ending(status="killed", signal="SIGINT")
    if isinstance(error, SystemExit):
        if signal_seen:
            return Ending(status="killed", signal=signal_seen, exit_code=exit_code(error.code))
        code = exit_code(error.code)
        return Ending(status="failed" if code else "finished", exit_code=code)
    return Ending(status="failed", error=_failure(error), signal=signal_seen)


def exit_code(code: object) -> int:
    """Return the exit code that Python makes of the argument of `sys.exit`."""
    if code is None:
        return 0
    return code if isinstance(code, int) else 1


def _failure(error: BaseException) -> Failure:
    import traceback

    text = "".join(traceback.format_exception(error))
    if len(text) > _TRACEBACK_CHARACTERS_MAX:  # a RecursionError: both ends matter
        half = _TRACEBACK_CHARACTERS_MAX // 2
        text = f"{text[:half]}\n…\n{text[-half:]}"
    kind = type(error)
    name = (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
    return Failure(type=name, message=str(error)[:_TRACEBACK_CHARACTERS_MAX], traceback=text)


def _remember_interrupt() -> None:
    """Let Python die of SIGINT, as it does when a KeyboardInterrupt leaves the program.

    CPython keeps that in a flag which any `exec` of a text resets, and sets when the text raises
    KeyboardInterrupt. `namedtuple` executes texts, so every import in our threads resets it.
    """
    try:
        exec("raise KeyboardInterrupt")
    except KeyboardInterrupt:
        return


class Watch:
    """The hooks of this process. `on_end` is called once, with how it ends, as late as is safe.

    Args:
        on_end: ends what is not ended; must not raise and should take below 5 s.
        activity: a number that grows while the program records. A `sys.exit` that somebody caught
            is told from one that ended the program by what is recorded after it.
    """

    def __init__(self, on_end: Callable[[Ending], None], activity: Callable[[], int]) -> None:
        self._on_end = on_end
        self._activity = activity
        self._pid = 0
        self._previous: dict[int, Any] = {}
        self._hook: Any = None
        self._exit: Any = None
        self._exited: tuple[int, int] | None = None
        self._cause: Ending | None = None
        self.signal_seen: str | None = None
        """The last signal that a handler of the program dealt with."""

    def start(self) -> None:
        """Set the hooks, unless they are set in this process. Signals need the main thread."""
        if self._pid == os.getpid():
            return
        self._pid = os.getpid()
        self.signal_seen = self._exited = self._cause = None
        self._hook, sys.excepthook = sys.excepthook, self._on_exception
        self._exit, sys.exit = sys.exit, self._on_exit  # type: ignore[assignment]
        atexit.register(self._at_exit)
        self._previous = {}
        if threading.current_thread() is not threading.main_thread():
            return
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            if number is None:
                continue
            previous = signal.getsignal(number)
            if previous is signal.SIG_DFL or callable(previous):
                self._previous[number] = previous
                signal.signal(number, self._on_signal)

    def stop(self) -> None:
        """Take the hooks away where they are still ours; where others were set on top, ours only
        pass on.
        """
        if self._pid != os.getpid():
            return
        self._pid = 0
        atexit.unregister(self._at_exit)
        if sys.excepthook == self._on_exception:
            sys.excepthook = self._hook
        if sys.exit == self._on_exit:
            sys.exit = self._exit
        if threading.current_thread() is threading.main_thread():
            for number, previous in self._previous.items():
                if signal.getsignal(number) == self._on_signal:
                    signal.signal(number, previous)

    def _is_ours(self) -> bool:
        return self._pid == os.getpid()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        previous = self._previous.get(number, signal.SIG_DFL)
        name = signal.Signals(number).name
        if not callable(previous):
            if self._is_ours():
                self._on_end(Ending(status="killed", signal=name))
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        if not self._is_ours():
            previous(number, frame)
            return
        self.signal_seen = name
        is_left = True
        try:
            previous(number, frame)
            is_left = False
        finally:
            if is_left:  # the program's handler leaves by an exception, most often SystemExit
                self._cause = Ending(status="killed", signal=name)

    def _on_exception(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        is_prompt = hasattr(sys, "ps1") or sys.flags.interactive
        if self._is_ours() and not is_prompt:
            self._on_end(ending_of(error, self.signal_seen))
        self._hook(kind, error, trace)
        if self._is_ours() and issubclass(kind, KeyboardInterrupt):
            _remember_interrupt()

    def _on_exit(self, code: object = None, /) -> None:
        if self._is_ours():
            self._exited = (exit_code(code), self._activity())
        self._exit(code)

    def _at_exit(self) -> None:
        if not self._is_ours():
            return
        if self._cause is not None:
            self._on_end(self._cause)
            return
        code = 0
        if self._exited is not None and self._exited[1] == self._activity():
            code = self._exited[0]
        self._on_end(
            Ending(status="failed" if code else "finished", exit_code=code, signal=self.signal_seen)
        )
