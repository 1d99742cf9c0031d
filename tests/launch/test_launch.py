"""A program under `peira run` behaves as without Peira, and becomes a run."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from peira.record import events
from tests.launch.conftest import PEIRA, Started
from tests.sdk.reading import environment, only_run, read_runs


def script(folder: Path, name: str, text: str, mode: int = 0o755) -> str:
    path = folder / name
    path.write_text(text)
    path.chmod(mode)
    return f"./{name}"


@pytest.mark.parametrize(
    ("ending", "state", "code"),
    [
        ("exit 0", "finished", 0),
        ("exit 7", "failed", 7),
        ("kill -TERM $$", "killed", -signal.SIGTERM),
        ("kill -KILL $$", "killed", -signal.SIGKILL),
        ("kill -SEGV $$", "killed", -signal.SIGSEGV),
    ],
)
def test_the_end_is_the_programs(
    lab: Path, peira_run: Started, ending: str, state: str, code: int
) -> None:
    """Peira leaves with the program's exit code, or dies of its signal; the run says which."""
    done = peira_run("bash", "-c", ending)
    found = only_run(lab)
    assert (done.returncode, found.state) == (code, state), done.stderr
    assert found.end is not None
    assert found.end.exit_code == (code if code >= 0 else None)
    assert found.end.signal == (signal.Signals(-code).name if code < 0 else None)
    assert found.end.peak_memory_bytes


def test_what_is_executed_is_recorded(lab: Path, peira_run: Started) -> None:
    """The command of the run starts the program again; options are recorded with it."""
    (lab.parent / "train.py").write_text("import sys; print(sys.argv)")
    done = peira_run(
        "--project", "digits", "--name", "first", "--why", "to see", "--group", "g", "--tag", "a",
        "--tag", "b", "--param", "lr=0.1", "--param", "opt=adam", "train.py", "--name", "x", "-h",
    )  # fmt: skip
    found = only_run(lab)
    birth = found.folder.read_birth()
    assert done.stdout == b"['train.py', '--name', 'x', '-h']\n"
    assert birth.command == [sys.executable, "train.py", "--name", "x", "-h"]
    assert birth.directory == str(lab.parent)
    assert (birth.project, birth.name, birth.why, birth.group) == ("digits", "first", "to see", "g")
    assert [event.values for event in found.of(events.Params)] == [{"lr": 0.1, "opt": "adam"}]
    assert [event.add for event in found.of(events.Tags)] == [["a", "b"]]


def test_bytes_pass_unchanged(lab: Path, peira_run: Started) -> None:
    """Standard input, output and error are the program's own: any bytes, in order, none added."""
    data = bytes(range(256)) * 5_000
    program = (
        "import sys; data = sys.stdin.buffer.read(); sys.stdout.buffer.write(data);"
        "sys.stderr.buffer.write(data[::-1])"
    )
    done = peira_run(sys.executable, "-c", program, input=data, env={"PEIRA_QUIET": "1"})
    assert done.returncode == 0
    assert (done.stdout, done.stderr) == (data, data[::-1])


def test_the_console_is_kept(lab: Path, peira_run: Started) -> None:
    """What the program and its children print is in the console; Peira adds one line, or none."""
    done = peira_run("sh", "-c", "echo out; echo err >&2; sh -c 'printf \"caf\\303\\251\"'")
    assert done.stdout == "out\ncafé".encode()
    first, last = done.stderr.decode().splitlines()
    assert first == "err"
    assert last.startswith("peira: ")
    kept = only_run(lab).folder.console.read_text()
    assert sorted(kept.split()) == ["café", "err", "out"]


@pytest.mark.parametrize(
    ("name", "mode", "code", "hint"),
    [
        ("./nothing.sh", None, 127, "There is no file"),
        ("trein.py", None, 127, "Did you mean train.py?"),
        ("no-such-program", None, 127, "There is no program"),
        ("./plain.sh", 0o644, 126, "chmod +x"),
        ("./odd.sh", 0o755, 127, "first line"),
        ("./", None, 126, "folder"),
    ],
)
def test_what_cannot_start_leaves_no_run(
    lab: Path, peira_run: Started, name: str, mode: int | None, code: int, hint: str
) -> None:
    """A program that is missing or may not be executed is a clear error, and no run remains."""
    (lab.parent / "train.py").write_text("")
    if mode is not None:
        script(lab.parent, Path(name).name, "#!/no/such/interpreter\n", mode)
    done = peira_run(name)
    assert done.returncode == code, done.stderr
    assert hint in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert read_runs(lab) == []
    assert not (lab / "runs").is_dir() or not list((lab / "runs").iterdir())


def test_a_script_without_a_first_line_runs(lab: Path, peira_run: Started) -> None:
    """As in a shell, a script without `#!` is run by the shell."""
    done = peira_run(script(lab.parent, "train.sh", "echo $1 $2\n"), "a", "b")
    assert (done.returncode, done.stdout) == (0, b"a b\n")


def test_the_reader_may_go_away(lab: Path, peira_run: Started) -> None:
    """`| head` ends the program by SIGPIPE, as without Peira."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        done = subprocess.run(
            [*PEIRA, "run", "sh", "-c", "while echo y; do :; done"],
            cwd=lab.parent, env=environment(lab), stdout=pipe, stderr=subprocess.PIPE, timeout=60,
        )  # fmt: skip
    assert done.returncode in (-signal.SIGPIPE, 1), done.stderr


def test_what_goes_on_in_the_background_is_not_waited_for(lab: Path, peira_run: Started) -> None:
    """The run ends with the program; what it left behind goes on, and its output arrives."""
    done = peira_run("sh", "-c", "(sleep 2; echo later) & echo now")
    found = only_run(lab)
    assert done.stdout == b"now\nlater\n"
    assert found.end is not None
    assert found.end.duration_s < 2.0


def test_nothing_of_a_run_is_open_to_others(lab: Path, peira_run: Started) -> None:
    """Folders are 0700 and files 0600, whatever the umask."""
    peira_run("true", preexec_fn=lambda: os.umask(0))
    for path in lab.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
