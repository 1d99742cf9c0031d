"""The console tee: the terminal sees every byte, the file what is worth reading."""

from __future__ import annotations

import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from peira.capture.console import LIMIT_BYTES
from peira.capture.tee import Tee


class Terminal(io.TextIOWrapper):
    """A real text stream over memory, which says that it is a terminal."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="")

    def isatty(self) -> bool:
        return True

    def shown(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode()  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


@contextmanager
def console(stdout: Any, stderr: Any = None) -> Iterator[None]:
    """Stand in for the program's console. (pytest puts its own streams in between fixture and
    test.)
    """
    with redirect_stdout(stdout), redirect_stderr(stderr or Terminal()):
        yield


@contextmanager
def recorded(terminal: Terminal, path: str | Path, limit_bytes: int = LIMIT_BYTES) -> Iterator[Tee]:
    with console(terminal), Tee(path, limit_bytes=limit_bytes) as tee:
        yield tee


def stored(path: Path) -> str:
    return path.read_bytes().decode()


def seen(text: str) -> list[str]:
    """What `cat` shows: of each line the part after the last carriage return."""
    return [line.rsplit("\r", 1)[-1] for line in text.split("\n") if line]


def test_prints_of_both_streams_are_stored(terminal: Terminal, tmp_path: Path) -> None:
    """Text of stdout and stderr is in the file in order of its lines, and on the terminal."""
    with recorded(terminal, tmp_path / "console.log"):
        print("one")
        print("two", file=sys.stderr)
        sys.stdout.writelines(["th", "ree\n"])
    assert stored(tmp_path / "console.log") == "one\ntwo\nthree\n"
    assert terminal.shown() == "one\nthree\n"
    assert (tmp_path / "console.log").stat().st_mode & 0o777 == 0o600


def test_the_stream_stays_what_it_is(terminal: Terminal, tmp_path: Path) -> None:
    """Identity, isatty, encoding, buffer are the original's; afterwards nothing is left on it."""
    with recorded(terminal, tmp_path / "console.log"):
        assert sys.stdout is terminal
        assert sys.stdout.isatty() and sys.stdout.encoding == "utf-8"
        assert sys.stdout.buffer is terminal.buffer
    assert "write" not in vars(terminal)


def test_handlers_of_logging_made_before_are_heard(terminal: Terminal, tmp_path: Path) -> None:
    """A logging handler that already holds the stream is recorded too."""
    handler = logging.StreamHandler(terminal)
    with recorded(terminal, tmp_path / "console.log"):
        handler.emit(logging.makeLogRecord({"msg": "from logging"}))
    assert stored(tmp_path / "console.log") == "from logging\n"


def test_a_progress_bar_is_stored_as_its_last_state(terminal: Terminal, tmp_path: Path) -> None:
    """Of a line rewritten a thousand times the file holds few states; reading it shows the last."""
    with recorded(terminal, tmp_path / "console.log"):
        for i in range(1_001):
            sys.stdout.write(f"\r{i / 10:5.1f}%")
        print("\nend")
    text = stored(tmp_path / "console.log")
    assert seen(text) == ["100.0%", "end"]
    assert len(text) < 100
    assert terminal.shown().count("\r") == 1_001


def test_tqdm_like_bars_on_two_lines_are_collapsed(terminal: Terminal, tmp_path: Path) -> None:
    """Bars redrawn by moving the cursor up leave their first and their last state."""
    with recorded(terminal, tmp_path / "console.log"):
        for i in range(100):
            sys.stdout.write(f"\router {i}\n\rinner {i}\x1b[A")
        sys.stdout.write("\n\nafter\n")
    assert seen(stored(tmp_path / "console.log")) == ["outer 0", "outer 99", "inner 99", "after"]


def test_rich_progress_is_collapsed(terminal: Terminal, tmp_path: Path) -> None:
    """rich's own live display goes through and ends in the file as its last state."""
    from rich.console import Console
    from rich.progress import Progress

    with recorded(terminal, tmp_path / "console.log"):
        console = Console(file=sys.stdout, force_terminal=True, width=80, color_system=None)
        with Progress(console=console, auto_refresh=False) as progress:
            tasks = [progress.add_task(name, total=50) for name in ("alpha", "beta")]
            for _ in range(50):
                for task in tasks:
                    progress.update(task, advance=1, refresh=True)
    lines = seen(stored(tmp_path / "console.log"))
    assert len(lines) <= 4
    assert [line[:5] for line in lines[-2:]] == ["alpha", "beta "]
    assert all("100%" in line for line in lines[-2:])


def test_flush_writes_a_line_without_its_end(terminal: Terminal, tmp_path: Path) -> None:
    """A prompt or a bar that stands still is in the file after flush()."""
    with recorded(terminal, tmp_path / "console.log") as tee:
        sys.stdout.write("x")  # the first state is written at once
        sys.stdout.write("yz")
        tee.flush()
        assert stored(tmp_path / "console.log") == "xyz"
        print("other", file=sys.stderr)
        print("!")
    assert stored(tmp_path / "console.log") == "xyz\nother\n!\n"


def test_a_full_file_says_so_once(terminal: Terminal, tmp_path: Path) -> None:
    """Beyond the limit one line tells it, the terminal goes on, the rest is counted."""
    with recorded(terminal, tmp_path / "console.log", limit_bytes=100) as tee:
        for _ in range(50):
            print("0123456789")
    text = stored(tmp_path / "console.log")
    assert text.count("is full") == 1 and len(text) < 200
    assert tee.lost_bytes == 50 * 11 - 99
    assert terminal.shown().count("0123456789") == 50


def test_an_error_of_the_file_never_reaches_print(terminal: Terminal, tmp_path: Path) -> None:
    """Without a place to write to, printing goes on and the loss is counted."""
    with recorded(terminal, "/dev/full") as tee:
        print("lost")
    assert tee.error is not None and tee.lost_bytes == 5
    with recorded(terminal, tmp_path / "missing" / "console.log") as tee:
        print("lost")
    assert tee.error is not None
    assert terminal.shown() == "lost\nlost\n"


def test_a_cover_put_on_top_is_left_alone(terminal: Terminal, tmp_path: Path) -> None:
    """Two tees may end in any order: each takes off only what is its own."""
    first, second = Tee(tmp_path / "1.log"), Tee(tmp_path / "2.log")
    with console(terminal):
        first.open()
        second.open()
        print("both")
        first.close()
        print("second")
        second.close()
        print("none")
    assert stored(tmp_path / "1.log") == "both\n"
    assert stored(tmp_path / "2.log") == "both\nsecond\n"
    assert terminal.shown() == "both\nsecond\nnone\n"


def test_a_stream_without_room_gets_a_stand_in(tmp_path: Path) -> None:
    """An object that takes no attribute is wrapped, and put back."""

    class Slim:
        __slots__ = ("parts",)
        encoding = "ascii"

        def __init__(self) -> None:
            self.parts: list[str] = []

        def write(self, text: str) -> int:
            self.parts.append(text)
            return len(text)

        def flush(self) -> None:
            return None

    slim = Slim()
    with console(slim):
        with Tee(tmp_path / "console.log"):
            print("through")
            assert sys.stdout.encoding == "ascii"
        assert sys.stdout is slim
    assert slim.parts == ["through", "\n"]
    assert stored(tmp_path / "console.log") == "through\n"


def test_threads_and_signal_handlers_may_print(terminal: Terminal, tmp_path: Path) -> None:
    """No line of any thread is lost, and a handler that prints does not hang."""
    before = signal.signal(signal.SIGALRM, lambda *_: print("tick"))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        with recorded(terminal, tmp_path / "console.log"):
            threads = [
                threading.Thread(
                    target=lambda k=k: [sys.stderr.write(f"{k}\n") for _ in range(300)]
                )
                for k in range(4)
            ]
            for thread in threads:
                thread.start()
            for _ in range(3_000):
                sys.stdout.write("main\n")
            for thread in threads:
                thread.join()
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    lines = [w for line in stored(tmp_path / "console.log").split("\n") for w in line.split("tick")]
    assert lines.count("main") == 3_000
    assert sum(lines.count(str(k)) for k in range(4)) == 1_200


def test_a_forked_child_may_print(terminal: Terminal, tmp_path: Path) -> None:
    """The child appends to the same file, and does not repeat the parent's open line."""
    with recorded(terminal, tmp_path / "console.log"):
        sys.stdout.write("open")
        child = os.fork()
        if child == 0:
            try:
                print("from the child", file=sys.stderr)
            finally:
                os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        print(" line")
    text = stored(tmp_path / "console.log")
    assert text.count("open") == 1 and text.count("from the child") == 1
