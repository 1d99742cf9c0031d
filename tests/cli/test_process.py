"""The command line as a process: speed of the start, pipes, signals, exit codes, colours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import QUIET, Peira, Started

HEAVY = {"asyncio", "duckdb", "lark", "litestar", "numpy", "rich", "sqlalchemy", "uvicorn"}


def test_help_imports_nothing_heavy(process: Started) -> None:
    """`peira --help` loads no command, no database and no table library."""
    code = (
        "import sys\nfrom peira.cli.app import app\n"
        "try: app(['--help'], prog_name='peira')\nexcept SystemExit: pass\n"
        "print('LOADED', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert not HEAVY & loaded
    assert "peira.cli.ls" not in loaded and "peira.lab.lab" not in loaded


def test_every_module_of_the_command_line_imports_light() -> None:
    """What a command needs beyond the standard library and click is imported when it runs."""
    code = (
        "import importlib, sys\nfrom peira.cli.app import ENTRIES\n"
        "for e in ENTRIES.values(): importlib.import_module(e.module)\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())


def test_a_reader_that_goes_away_is_no_error(lab: Path) -> None:
    """`peira ls | head -1` prints one line and nothing on standard error."""
    line = f"{sys.executable} -m peira export --points | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=lab, env=os.environ | QUIET, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "run,key,step,time,value,writer\n"
    assert done.stderr == ""
    assert done.returncode in (0, 141)  # 0: all of it fitted into the pipe before head went


def test_a_closed_pipe_exits_141(lab: Path) -> None:
    """A pipe nobody reads gives the exit code that shells know."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "peira", "ls"],
        cwd=lab, env=os.environ | QUIET, stdout=writer, stderr=subprocess.PIPE, text=True,
        check=False,
    )  # fmt: skip
    os.close(writer)
    assert done.returncode == 141
    assert "Traceback" not in done.stderr and "Broken" not in done.stderr


def test_ctrl_c_is_quiet(lab: Path) -> None:
    """Ctrl-C ends a command with 130 and no traceback."""
    run = next((lab / ".peira" / "runs").iterdir()).name
    code = (
        "import sys; from peira.cli import watch; watch.OVER = ()\n"  # never over
        "from peira.cli.app import app; app(sys.argv[1:], prog_name='peira')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "watch", run, "-i", "0.1"],
        cwd=lab, env=os.environ | QUIET, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors.strip() == ""


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["ls"], 0, ""),
        (["--version"], 0, ""),
        (["lss"], 2, "Did you mean ls?"),
        (["ls", "--colums", "a"], 2, "--columns"),
        (["ls", "("], 2, "error:"),
        (["show", "nobody"], 3, "error:"),
        (["ls", "--lab", "/nonexistent/x"], 1, "There is no lab"),
        (["sql", "select 1"], 0, ""),
        (["ls", "--lab", "http://example.org"], 1, "server"),
    ],
)
def test_exit_codes(process: Started, words: list[str], code: int, told: str) -> None:
    """0 done, 1 error, 2 usage, 3 not found; each error has a message and no traceback."""
    done = process(*words)
    assert done.returncode == code
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert code or done.stderr.count("\n") <= 1  # no library reports its leaks


def test_streams_that_are_closed_or_of_another_encoding(lab: Path) -> None:
    """A program runs without a place to print to, and nothing of the lab takes that place; what an
    encoding does not have is shown as a question mark.
    """
    env = os.environ | QUIET | {"PYTHONIOENCODING": "latin-1"}
    words = [sys.executable, "-m", "peira"]
    shell = '"$@" >&- 2>&- <&-'
    program = "import sys; print('printed'); open('ran', 'w')"
    run = ["sh", "-c", shell, "sh", *words, "run", "--name", "closed", "python", "-c", program]
    subprocess.run(run, cwd=lab, env=env, check=True)
    assert (lab / "ran").exists()
    shown = subprocess.run(
        [*words, "show", "closed"], cwd=lab, env=env, check=True, capture_output=True, text=True
    )
    assert "not said: peira note closed --why '?'" in shown.stdout
    assert "damage" not in shown.stdout


def test_without_a_command_there_is_help(process: Started) -> None:
    """`peira` alone shows what there is, and no error."""
    done = process()
    assert "Look:" in done.stdout and "error:" not in done.stdout + done.stderr


def test_looking_makes_no_lab(process: Started, tmp_path: Path) -> None:
    """Reading where there is no lab says so and leaves no folder behind."""
    empty = tmp_path / "empty"
    empty.mkdir()
    done = process("ls", "--lab", str(empty))
    assert done.returncode == 1 and "There is no lab" in done.stderr
    assert list(empty.iterdir()) == []


def test_the_lab_is_named_before_after_or_by_the_environment(
    process: Started, lab: Path, tmp_path: Path
) -> None:
    """--lab stands on both sides of the command; PEIRA_LAB is the default."""
    away = tmp_path / "away"
    away.mkdir()
    for words, env in (
        (["--lab", str(lab), "ls"], {}),
        (["ls", "--lab", str(lab / ".peira")], {}),
        (["ls"], {"PEIRA_LAB": str(lab)}),
    ):
        done = process(*words, env=env)
        assert "7 of 7 runs" in done.stderr


def test_colours_are_for_terminals(process: Started) -> None:
    """A pipe gets none; FORCE_COLOR paints; NO_COLOR wins."""
    assert "\x1b" not in process("ls").stdout
    assert "\x1b[32mfinished\x1b[0m" in process("ls", env={"FORCE_COLOR": "1"}).stdout
    assert "\x1b" not in process("ls", env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout


def test_columns_sets_the_width(process: Started) -> None:
    """With COLUMNS set the table keeps to it and tells what it left out."""
    done = process("ls", env={"COLUMNS": "60"})
    assert max(map(len, done.stdout.splitlines())) <= 60
    assert "more column" in done.stderr


def test_python_m_peira_is_the_command_line(process: Started) -> None:
    """`python -m peira` and the script say the same version."""
    assert process("--version").stdout.startswith("peira, version ")


def test_the_help_of_every_command_has_examples_that_parse(peira: Peira) -> None:
    """Each example of a help text is a command line that the command accepts."""
    import shlex

    import click

    from peira.cli.app import app
    from peira.cli.group import Application, Command

    def look(group: Application, context: click.Context, before: list[str]) -> None:
        for name, entry in group.entries.items():
            command = group.get_command(context, name)
            if isinstance(command, Application):
                look(command, click.Context(command, context, name), [*before, name])
                continue
            assert isinstance(command, Command)
            assert command.get_short_help_str(200) and entry.summary
            assert command.examples, name
            for line, purpose in command.examples:
                assert purpose
                words = shlex.split(line.split("|")[0].replace("$(", " ").replace(")", " "))
                for sign in (">", "<", "&&"):
                    words = words[: words.index(sign)] if sign in words else words
                own = ["peira", *before, name]
                if words[: len(own)] != own:
                    continue  # the other end of a pipe, or another command that belongs here
                command.make_context(name, words[len(own) :], parent=context)

    look(app, click.Context(app), [])
