"""`--set` gives the constants of a script other values, and changes nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from peira.record import events
from tests.launch.conftest import Started
from tests.sdk.reading import environment, only_run

NAMES = '''"""A script."""
from __future__ import annotations
import sys
LR = 0.1
SIZES = (1, 2)
print({k: v if k != "__loader__" else type(v) for k, v in sorted(globals().items())
       if k not in ("LR", "SIZES", "sys", "annotations", "__builtins__")})
print(sys.argv, sys.path[0], sys.modules["__main__"].__dict__ is globals())
print(LR, SIZES)
'''

SPAWN = """
import multiprocessing, os, pickle
LR = 0.1

class Model:
    rate = LR

def work(model):
    return __name__, LR, model.rate

if __name__ == "__main__":
    print(pickle.loads(pickle.dumps(Model())).rate, Model.__module__)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(work, [Model()])[0])
"""


def write(lab: Path, text: str, name: str = "train.py") -> Path:
    path = lab.parent / name
    path.write_text(text)
    return path


def plainly(lab: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, *words], cwd=lab.parent, env=environment(lab), capture_output=True,
        check=False, timeout=60,
    )  # fmt: skip


def test_a_script_finds_itself_as_it_is(lab: Path, peira_run: Started) -> None:
    """Name, file, arguments, path and docstring of `__main__` are those of a plain script."""
    path = write(lab, NAMES)
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    plain = plainly(lab, "train.py", "a")
    done = peira_run("--set", "LR=0.5", "--set", "SIZES=8,9", "train.py", "a")
    *told, values = done.stdout.splitlines()
    assert told == plain.stdout.splitlines()[:-1], done.stderr
    assert values == b"0.5 (8, 9)"
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_the_values_are_params(lab: Path, peira_run: Started) -> None:
    """All constants of a plain script are params, with the values that they had in this run."""
    write(lab, "LR = 0.1\nEPOCHS = 2\nTOKEN = 'hf_0123456789abcdefghij'\n")
    peira_run("--set", "LR=0.5", "train.py")
    found = only_run(lab)
    values: dict[str, object] = {}
    for event in found.of(events.Params):
        values |= event.values
    assert values == {"LR": 0.5, "EPOCHS": 2, "TOKEN": "[redacted]"}
    (plan,) = [e.value for e in found.of(events.Captured) if e.aspect == "launch"]
    assert plan == {"set": {"LR": 0.5}}


def test_tracebacks_show_the_file(lab: Path, peira_run: Started) -> None:
    """An error shows the lines of the file as it is, and nothing of how it was run."""
    write(lab, "LR = 0.1\n\ndef fail():\n    1 / (LR - LR)\n\nfail()\n")
    plain = plainly(lab, "train.py")
    done = peira_run("--set", "LR=0.5", "train.py", env={"PEIRA_QUIET": "1"})
    assert (done.returncode, done.stderr) == (1, plain.stderr)


def test_pickles_and_spawned_processes(lab: Path, peira_run: Started) -> None:
    """Classes of `__main__` can be pickled, and a spawned process has the same values."""
    write(lab, SPAWN)
    done = peira_run("--set", "LR=0.5", "train.py")
    assert done.stdout.decode().splitlines() == ["0.5 __main__", "('__mp_main__', 0.5, 0.5)"]


def test_a_module(lab: Path, peira_run: Started) -> None:
    """`python -m` and whoever imports the script have the new values, never those of a cache."""
    write(lab, "LR = 0.1\nif __name__ == '__main__':\n    import train\n    print(LR, train.LR)\n")
    plainly(lab, "-c", "import train")
    for words in (("train.py",), (sys.executable, "-m", "train")):
        done = peira_run("--set", "LR=0.5", *words)
        assert done.stdout == b"0.5 0.5\n", done.stderr


def test_constants_that_other_code_changes_are_recorded_as_they_end(
    lab: Path, peira_run: Started
) -> None:
    """`exec(open("configurator.py").read())` reads the command line into the names of the script;
    what the text says is not what ran.
    """
    write(lab, "import sys\nglobals()['LR'] = float(sys.argv[1])\n", "configurator.py")
    write(lab, "LR = 0.1\nSIZE = 3\nexec(open('configurator.py').read())\nprint('loss:', LR)\n")
    done = peira_run("train.py", "0.5")
    assert done.stdout == b"loss: 0.5\n", done.stderr
    told = [event.values for event in only_run(lab).of(events.Params)]
    assert told == [{"LR": 0.5, "SIZE": 3}]


def test_a_secret_is_set_and_not_recorded(lab: Path, peira_run: Started) -> None:
    """As a constant, and as a param: the program has it, the lab has not."""
    write(lab, "API_TOKEN = ''\nprint(len(API_TOKEN))\n")
    words = ["--set", "API_TOKEN=s3cr3tword", "--param", "wandb_key=s3cr3tword", "train.py"]
    done = peira_run(*words)
    assert done.stdout == b"10\n", done.stderr
    (told,) = [e for e in only_run(lab).of(events.Captured) if e.aspect == "launch"]
    assert told.value["set"] == {"API_TOKEN": "[redacted]"}
    files = [path for path in lab.rglob("*") if path.is_file()]
    assert files and not any(b"s3cr3tword" in path.read_bytes() for path in files)


def test_what_did_not_happen_is_told(lab: Path, peira_run: Started) -> None:
    """A Python that shuts Peira out (-I) keeps the old value, and everybody is told."""
    write(lab, "LR = 0.1\nprint(LR)\n")
    done = peira_run("--set", "LR=0.5", sys.executable, "-I", "train.py")
    found = only_run(lab)
    assert done.stdout == b"0.1\n"
    assert b"LR could not be set" in done.stderr
    assert found.of(events.Params)[-1].values == {"LR": 0.1}
    assert [alert.level for alert in found.of(events.Alert)] == ["error"]


def test_what_cannot_be_set_starts_nothing(lab: Path, peira_run: Started) -> None:
    """A name that is not there is an error before the program starts."""
    write(lab, "LR = 0.1\nprint(LR)\n")
    for words in (
        ("--set", "Lr=1", "train.py"),
        ("--set", "LR=x", "train.py"),
        ("--set", "LR=1", "true"),
    ):
        done = peira_run(*words)
        assert (done.returncode, done.stdout) == (2, b"")
    assert not (lab / "runs").exists()


def test_the_scripts_own_words_for_its_run(lab: Path, peira_run: Started) -> None:
    """A script that asks `peira.init` for a project has its run there, unless options say else."""
    write(lab, "import peira\nrun = peira.init('mnist', name='mine')\nrun.log({'loss': 1})\n")
    peira_run("--name", "other", "train.py")
    found = only_run(lab)
    birth = found.folder.read_birth()
    assert (birth.project, birth.name) == ("mnist", "other")
    assert found.values("loss") == [1.0]


def test_off(lab: Path, peira_run: Started) -> None:
    """What is set is set, too, when nothing is recorded."""
    write(lab, "LR = 0.1\nprint(LR)\n")
    done = peira_run("--set", "LR=0.5", "train.py", env={"PEIRA_OFF": "1"})
    assert (done.stdout, done.stderr) == (b"0.5\n", b"")
    assert not lab.exists()
