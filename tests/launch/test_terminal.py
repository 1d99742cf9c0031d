"""On a terminal a program under `peira run` has that terminal, and Ctrl-C means what it means."""

from __future__ import annotations

import sys
import termios
from collections.abc import Callable
from pathlib import Path

from tests.launch.conftest import PEIRA, Terminal
from tests.sdk.reading import environment, only_run

OnTerminal = Callable[..., Terminal]
QUIET = {"PEIRA_QUIET": "1"}

DRAWING = r"""
import sys, time
print("\x1b[31mred\x1b[0m", sys.stdout.isatty(), sys.stderr.isatty(), sys.stdin.isatty())
for i in range(3):
    sys.stderr.write(f"\r{i}/3 loss={i}")
    sys.stderr.flush()
    print(" seen", flush=True)
print("\nno end", end="")
"""


def write(lab: Path, text: str) -> str:
    (lab.parent / "program.py").write_text(text)
    return "program.py"


def test_what_is_shown_is_what_the_program_shows(lab: Path, on_terminal: OnTerminal) -> None:
    """Byte for byte as without Peira: colours, carriage returns, the order of output and error."""
    program = write(lab, DRAWING)
    plain = Terminal([sys.executable, program], lab.parent, environment(lab))
    assert plain.finish() == 0
    shown = on_terminal(program, **QUIET)
    assert shown.finish() == 0
    assert shown.text == plain.text
    assert b"True True True" in shown.text
    kept = only_run(lab).folder.console.read_text()
    assert "2/3 loss=2 seen\n\nno end" in kept


def test_the_size_of_the_terminal(lab: Path, on_terminal: OnTerminal) -> None:
    """The program sees the size of the real terminal, and when it changes, by SIGWINCH, too."""
    program = write(
        lab,
        "import os, signal, time\n"
        "size = lambda *_: print('size', tuple(os.get_terminal_size()), flush=True)\n"
        "signal.signal(signal.SIGWINCH, size)\nprint('ready', flush=True)\n"
        "while input('> ') != 'end': size()\n",
    )
    terminal = on_terminal(program, **QUIET)
    terminal.wait_for(b"ready")
    termios.tcsetwinsize(terminal.master, (33, 101))
    terminal.wait_for(b"size (101, 33)")
    terminal.type(b"again\n")
    terminal.wait_for(b"> ")
    terminal.type(b"end\n")
    assert terminal.finish() == 0


def test_the_keyboard_is_the_programs(lab: Path, on_terminal: OnTerminal) -> None:
    """Standard input is the terminal itself, and what is typed ahead is not lost."""
    program = write(lab, "name = input('name? '); print(f'hello {name}')\n")
    words = " ".join(PEIRA)
    shell = Terminal(
        ["sh", "-c", f"{words} run {program}; read rest; echo rest=$rest"],
        lab.parent,
        environment(lab, **QUIET),
    )
    shell.wait_for(b"name? ")
    shell.type(b"Ada\nmore\n")
    assert shell.finish() == 0
    assert b"hello Ada" in shell.text
    assert b"rest=more" in shell.text


def test_a_pipe_stays_a_pipe(lab: Path) -> None:
    """With only one of the two on a terminal, only that one is a terminal for the program."""
    program = write(lab, "import sys; print(*(s.isatty() for s in (sys.stdout, sys.stderr)))\n")
    words = " ".join(PEIRA)
    shell = Terminal(
        ["sh", "-c", f"{words} run {program} | cat"], lab.parent, environment(lab, **QUIET)
    )
    assert shell.finish() == 0
    assert shell.text == b"False True\r\n"


def test_ctrl_c_comes_once(lab: Path, on_terminal: OnTerminal) -> None:
    """The program gets one SIGINT, and Peira waits for what it makes of it."""
    program = write(
        lab,
        "import signal, time\nseen = []\nsignal.signal(signal.SIGINT, lambda *_: seen.append(1))\n"
        "print('ready', flush=True)\nwhile not seen: time.sleep(0.01)\n"
        "time.sleep(0.5)\nprint('seen', len(seen))\n",
    )
    terminal = on_terminal(program)
    terminal.wait_for(b"ready")
    terminal.type(b"\x03")
    assert terminal.finish() == 0
    assert b"seen 1\r\n" in terminal.text
    found = only_run(lab)
    assert (found.state, found.end and found.end.signal) == ("finished", "SIGINT")


def test_ctrl_c_ends_a_program(lab: Path, on_terminal: OnTerminal) -> None:
    """A program that Ctrl-C ends has its traceback, the run is killed, and so is Peira."""
    program = write(lab, "import time\nprint('ready', flush=True)\ntime.sleep(60)\n")
    terminal = on_terminal(program)
    terminal.wait_for(b"ready")
    terminal.type(b"\x03")
    assert terminal.finish() == -2
    found = only_run(lab)
    assert (found.state, found.end and found.end.signal) == ("killed", "SIGINT")
    assert terminal.text.count(b"KeyboardInterrupt") == 1
    assert b"peira: " in terminal.text.splitlines()[-1]


def test_ctrl_z_and_fg(lab: Path) -> None:
    """Ctrl-Z stops program and Peira as one job of the shell; `fg` lets both go on."""
    program = write(lab, "import time\nprint('rea' + 'dy', flush=True)\ninput()\nprint('bye')\n")
    shell = Terminal(
        ["bash", "--norc", "--noprofile", "-i"],
        lab.parent,
        environment(lab, **QUIET, PS1="$ ", HISTFILE="/dev/null"),
    )
    shell.type(f"{' '.join(PEIRA)} run {program}\n".encode())
    shell.wait_for(b"ready")
    shell.type(b"\x1a")
    shell.wait_for(b"Stopped")
    shell.type(b"fg\n")
    shell.wait_for(b"program.py\r\n", after=b"Stopped")
    shell.type(b"\n")
    shell.wait_for(b"bye")
    shell.type(b"echo left=$?; exit\n")
    shell.wait_for(b"left=0")
    shell.finish()
    assert only_run(lab).state == "finished"


def test_a_long_output_is_whole(lab: Path, on_terminal: OnTerminal) -> None:
    """Nothing of what is printed just before the end is lost."""
    size = 300_000
    terminal = on_terminal(sys.executable, "-c", f"print('x' * {size} + 'end')", **QUIET)
    assert terminal.finish() == 0
    assert terminal.text == b"x" * size + b"end\r\n"
    assert only_run(lab).folder.console.stat().st_size == size + 4
