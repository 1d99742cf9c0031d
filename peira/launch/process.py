"""The process of a launched program: started, signals passed on to it, waited for.

    from the terminal (Ctrl-C, Ctrl-\\)    the kernel gives it to the program, too: once is enough
    from a process (kill, a scheduler)    passed on
    SIGWINCH, SIGCONT                     the program's terminal gets the size of the real one
    SIGTSTP (Ctrl-Z)                      stops this process and the program alike; `fg` goes on

This process survives all of them until the program has ended. What was ignored when it started
(nohup) stays ignored, here and in the program.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

_PASSED_ON = ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
_KEYS = frozenset({"SIGINT", "SIGQUIT", "SIGHUP"})
"""What a terminal sends to all in front of it."""
_FATAL = frozenset({"SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP"})
_WATCHED = ("SIGCHLD", "SIGWINCH", "SIGCONT")
_PATIENCE_S = 1.0


class Ended(NamedTuple):
    """How a program ended."""

    exit_code: int | None
    """None when it died of a signal."""
    signal: int | None
    peak_memory_bytes: int
    """The largest of its processes that it waited for, or itself."""
    asked: str | None
    """The last signal that asked it to end."""


class Process:
    """A program that runs.

    Args:
        command: what to execute.
        options: those of `subprocess.Popen`.
        on_resize: called when the terminal may have another size; returns whether it has.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(
        self, command: Sequence[str], options: dict[str, Any], on_resize: Callable[[], bool]
    ) -> None:
        self._on_resize = on_resize
        self._early: list[int] = []
        self._asked: str | None = None
        self._is_main = threading.current_thread() is threading.main_thread()
        self._before: dict[int, Any] = {}
        self._mask: set[int] = set()
        if self._is_main:
            self._take_signals()
        try:
            # Before signals are blocked: the program would inherit that.
            self._popen = subprocess.Popen(command, **options)
        except BaseException:
            self._give_signals_back()
            raise
        if self._is_main:
            # Before any other thread is started: one in which they are not blocked would get them.
            self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, self._signals())
        self.pid = self._popen.pid

    def wait(self) -> Ended:
        """Return how the program ended, once it has."""
        while True:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG if self._is_main else 0)
            if pid:
                break
            self._next_signal()
        self._popen.returncode = code = os.waitstatus_to_exitcode(status)
        self._drain()
        unit = 1 if sys.platform == "darwin" else 1024
        return Ended(
            exit_code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            peak_memory_bytes=usage.ru_maxrss * unit,
            asked=self._asked,
        )

    def close(self) -> None:
        """Let signals act on this process again. Those that came in the meantime were meant for the
        program.
        """
        self._drain()
        self._give_signals_back()

    def _drain(self) -> None:
        while self._is_main and (pending := signal.sigpending() & self._signals()):
            self._note(signal.sigwait(pending))

    def _signals(self) -> set[int]:
        return {*self._before, *(getattr(signal, name) for name in _WATCHED)}

    def _take_signals(self) -> None:
        for name in _PASSED_ON:
            number = getattr(signal, name)
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                self._before[number] = signal.signal(number, lambda got, _: self._early.append(got))
        # A child is reaped by the system, and its end lost, where this is ignored.
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def _give_signals_back(self) -> None:
        if not self._is_main:
            return
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def _next_signal(self) -> None:
        """Wait for a signal, at most for a moment, and do what is due."""
        while self._early:
            self._pass_on(self._early.pop(0), is_from_terminal=_is_in_front())
        if hasattr(signal, "sigtimedwait"):
            found = signal.sigtimedwait(self._signals(), _PATIENCE_S)
            if found is None:
                return
            # Up to zero: sent by a process; above: by the kernel, to all in front of a terminal.
            number, is_from_terminal = found.si_signo, found.si_code > 0
        else:  # macOS tells not who sent it
            number, is_from_terminal = signal.sigwait(self._signals()), _is_in_front()
        if number in (signal.SIGWINCH, signal.SIGCONT):
            self._fit()
        elif number != signal.SIGCHLD:
            self._pass_on(number, is_from_terminal=is_from_terminal)

    def _fit(self) -> None:
        if self._on_resize():
            # The kernel told the program before its terminal had the new size. Sent to all: a
            # script may have started what draws. It comes back here, and then nothing is new.
            os.killpg(0, signal.SIGWINCH)

    def _pass_on(self, number: int, *, is_from_terminal: bool) -> None:
        name = self._note(number)
        if is_from_terminal and name in _KEYS:
            return
        try:
            os.kill(self.pid, number)
        except PermissionError:  # a program of another user (sudo): nobody may
            pass

    def _note(self, number: int) -> str:
        name = signal.Signals(number).name
        if name in _FATAL:
            self._asked = name
        return name


def _is_in_front() -> bool:
    """Whether this process's group is the one that its terminal's keys go to."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def die_of(number: int) -> None:
    """End this process by a signal, as the program was. A second core file would be of no use."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)
