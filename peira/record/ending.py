"""How a process ends, told apart and passed on.

    end of the script, sys.exit    atexit            finished, or failed with a code that is not 0
    exception                      sys.excepthook    failed, with the traceback
    KeyboardInterrupt              sys.excepthook    killed by SIGINT
    SIGTERM, SIGHUP                signal handler    killed by that signal; then what would have
                                                     happened happens
    os.exec*                       os.execv, execve  finished: another program goes on here
    kill -9, os._exit, power       nothing           no end is written: liveness tells
                                                     (record/liveness.py)

Every hook calls what was there before. SIGINT is left to Python: other libraries look whether its
handler is the default one. A signal that is ignored (nohup) stays ignored. A fork child passes
everything on and ends nothing, until it begins a run of its own.
"""

from __future__ import annotations

import atexit
import builtins
import opcode
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
    peak_memory_bytes: int | None = None
    """Of a launched program; None when it is this process's own."""


def ending_of(error: BaseException | None, signal_seen: str | None = None) -> Ending:
    """Return what an exception that leaves the program means; None means that there was none."""
    if error is None or isinstance(error, GeneratorExit):  # a generator that was closed
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


class _Hook:
    """One hook of the process: put over what is there, which is told to `make`, and taken off.

    Args:
        read: returns what is there now.
        write: puts something there.
        make: returns a new hook that passes on to what it is given, or None to leave all as it is.
    """

    def __init__(
        self,
        read: Callable[[], Any],
        write: Callable[[Any], object],
        make: Callable[[Any], Any],
    ) -> None:
        self._read, self._write, self._make = read, write, make
        self._hook: Any = None
        self._below: Any = None
        self._above: Any = None

    def put(self) -> None:
        """Put the hook on, unless it is there already, or below what others have put on it."""
        current = self._read()
        if self._hook is not None and (current is self._hook or current is self._above):
            return
        # Always a new one: what is there now may pass on to an old one, which knows what was
        # below *it*. One hook for both would call itself for ever.
        self._hook, self._below, self._above = self._make(current), current, None
        if self._hook is not None:
            self._write(self._hook)

    def take(self) -> None:
        """Take the hook off; below others it stays, and only passes on."""
        current = self._read()
        if self._hook is not None and current is self._hook:
            self._write(self._below)
            self._hook = None
        else:
            self._above = current


def _attribute(owner: Any, name: str, make: Callable[[Any], Any]) -> _Hook:
    return _Hook(lambda: getattr(owner, name, None), lambda hook: setattr(owner, name, hook), make)


class Watch:
    """The hooks of this process. `on_end` is called once, with how it ends, as late as is safe.

    Args:
        on_end: ends what is not ended; must not raise and should take below 5 s.
    """

    def __init__(self, on_end: Callable[[Ending], None]) -> None:
        self._on_end = on_end
        self._pid = 0
        self._hooks = [_attribute(sys, "excepthook", self._excepthook)]
        self._hooks += [
            _attribute(owner, name, self._exit)
            for owner, name in ((sys, "exit"), (builtins, "exit"), (builtins, "quit"))
        ]
        self._hooks += [_attribute(os, name, self._exec) for name in ("execv", "execve")]
        self._signal_hooks = [
            self._of_signal(getattr(signal, name)) for name in _SIGNALS if hasattr(signal, name)
        ]
        self._exit_code: int | None = None
        self._cause: Ending | None = None
        self._main: FrameType | None = None
        self.signal_seen: str | None = None
        """The last signal that a handler of the program dealt with."""

    def start(self) -> None:
        """Set the hooks, unless they are set in this process. Signals need the main thread."""
        if self._is_ours():
            return
        self._pid = os.getpid()
        self.signal_seen = self._exit_code = self._cause = None
        self._main = _main_frame()
        for hook in self._hooks:
            hook.put()
        atexit.unregister(self._at_exit)  # a fork child inherits it
        atexit.register(self._at_exit)
        if threading.current_thread() is threading.main_thread():
            for hook in self._signal_hooks:
                hook.put()

    def stop(self) -> None:
        """Take the hooks away where they are still on top; below others they only pass on."""
        if not self._is_ours():
            return
        self._pid = 0
        self._main = None
        atexit.unregister(self._at_exit)
        for hook in self._hooks:
            hook.take()
        if threading.current_thread() is threading.main_thread():
            for hook in self._signal_hooks:
                hook.take()

    def _is_ours(self) -> bool:
        return self._pid == os.getpid()

    def _of_signal(self, number: int) -> _Hook:
        def make(below: Any) -> Any:
            if below is not signal.SIG_DFL and not callable(below):
                return None  # ignored, or not Python's
            return lambda *given: self._on_signal(below, *given)

        return _Hook(
            lambda: signal.getsignal(number), lambda hook: signal.signal(number, hook), make
        )

    def _on_signal(self, below: Any, number: int, frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if not callable(below):
            if self._is_ours():
                self._on_end(Ending(status="killed", signal=name))
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        if not self._is_ours():
            below(number, frame)
            return
        self.signal_seen = name
        is_left = True
        try:
            below(number, frame)
            is_left = False
        finally:
            if is_left:  # the program's handler leaves by an exception, most often SystemExit
                self._cause = Ending(status="killed", signal=name)

    def _excepthook(self, below: Any) -> Any:
        def hook(
            kind: type[BaseException], error: BaseException, trace: TracebackType | None
        ) -> None:
            is_prompt = hasattr(sys, "ps1") or sys.flags.interactive
            if self._is_ours() and not is_prompt:
                self._on_end(ending_of(error, self.signal_seen))
            below(kind, error, trace)
            if self._is_ours() and issubclass(kind, KeyboardInterrupt):
                _remember_interrupt()

        return hook

    def _exit(self, below: Any) -> Any:
        if below is None or hasattr(sys, "ps1"):  # no `site`; or a prompt, which shows its `exit`
            return None

        def leave(code: object = None, /) -> None:
            if self._is_ours():
                self._exit_code = exit_code(code)
            below(code)

        return leave

    def _exec(self, below: Any) -> Any:
        def become(*given: Any) -> None:
            if self._is_ours():  # else the process, and with it the run, would seem to live on
                self._on_end(Ending(signal=self.signal_seen))
            below(*given)

        return become

    def _at_exit(self) -> None:
        if not self._is_ours():
            return
        is_end_reached = self._main is not None and _has_returned(self._main)
        if self._cause is not None and not is_end_reached:
            self._on_end(self._cause)
            return
        code = 0 if is_end_reached else self._exit_code  # None: Python tells nobody
        self._on_end(
            Ending(status="failed" if code else "finished", exit_code=code, signal=self.signal_seen)
        )


def _main_frame() -> FrameType | None:
    """Return the outermost frame of the main thread: a script's own, or that of what runs it."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame is not None and frame.f_back is not None:
        frame = frame.f_back
    return frame


_RETURNS = frozenset(opcode.opmap[n] for n in ("RETURN_VALUE", "RETURN_CONST") if n in opcode.opmap)


def _has_returned(frame: FrameType) -> bool:
    """Whether a frame that has ended did so by its last line, not by an exception.

    An exception that was caught (a `SystemExit`, most of all) is told so from one that ended the
    program, for which Python calls no hook.
    """
    return frame.f_code.co_code[frame.f_lasti] in _RETURNS
