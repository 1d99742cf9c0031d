"""The hook inside observed Python processes: what it tells; the program is none the worse."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from peira.capture import hook
from peira.capture.hook.ignored import is_ignored
from peira.capture.interpreters import Interpreters
from peira.capture.spool import (
    AnyFact,
    Modules,
    Open,
    Params,
    Process,
    Seed,
    SpoolReader,
)

HOOK = Path(hook.__file__).parent


class Observed:
    """Runs Python programs under the hook in `folder` and reads what it told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool = folder / "spool"
        self.spool.mkdir(mode=0o700)
        self.reader = SpoolReader(self.spool)
        self.facts: list[AnyFact] = []
        self.interpreters = Interpreters()

    def run(
        self, text: str, *arguments: str, python: str = sys.executable
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as `work.py`."""
        (self.folder / "work.py").write_text(text)
        environment = os.environ | {
            "PEIRA_SPOOL": str(self.spool),
            "PYTHONPATH": str(HOOK / "site"),
        }
        done = subprocess.run(
            [python, "work.py", *arguments],
            cwd=self.folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        told = list(self.reader.catch_up())
        self.facts = [one.fact for one in told]
        for one in told:
            self.interpreters.take(one)
        return done

    def opened(self, mode: str = "r") -> set[str]:
        """Names of the files that were opened below the folder."""
        return {
            os.path.relpath(fact.path, self.folder)
            for fact in self.facts
            if isinstance(fact, Open) and fact.mode == mode
        }

    def seeds(self) -> list[tuple[str, object]]:
        """Seeds by library, in their order."""
        return [(fact.library, fact.value) for fact in self.facts if isinstance(fact, Seed)]


@pytest.fixture
def observed(tmp_path: Path) -> Observed:
    return Observed(tmp_path)


def test_every_file_is_told_once_with_its_state(observed: Observed) -> None:
    """A file that is read a thousand times is one line, with size and time as it was opened."""
    (observed.folder / "a.csv").write_text("1,2\n")
    observed.run("for _ in range(1000): open('a.csv').close()")
    told = [f for f in observed.facts if isinstance(f, Open) and f.path.endswith("a.csv")]
    found = (observed.folder / "a.csv").stat()
    assert [fact.stat for fact in told] == [(found.st_size, found.st_mtime_ns, found.st_ino)]


def test_reading_and_writing_are_told_apart(observed: Observed) -> None:
    """A truncated file is written, one opened with r+ is both, a missing one is neither."""
    (observed.folder / "both").write_text("x")
    observed.run(
        "open('new', 'w').close(); open('both', 'r+').close()\n"
        "try: open('missing')\n"
        "except OSError: pass"
    )
    assert observed.opened("r") == {"work.py", "both"}
    assert observed.opened("w") == {"new", "both"}


def test_a_file_that_comes_later_is_told_when_it_is_there(observed: Observed) -> None:
    """A failed open is no open, and does not hide a later one."""
    observed.run(
        "import os\n"
        "try: open('late')\n"
        "except OSError: pass\n"
        "os.close(os.open('early', os.O_CREAT | os.O_WRONLY))\n"
        "os.link('early', 'late'); open('late').close()"
    )
    assert "late" in observed.opened()


def test_relative_names_follow_the_working_directory(observed: Observed) -> None:
    """The same name in two folders is two files."""
    for name in ("one", "two"):
        (observed.folder / name).mkdir()
        (observed.folder / name / "x").write_text(name)
    observed.run("import os\nfor d in ('one', '../two'): os.chdir(d); open('x').close()")
    assert {"one/x", "two/x"} <= observed.opened()


def test_files_of_python_and_its_packages_are_not_told(observed: Observed) -> None:
    """The interpreter, the standard library, installed packages, /proc and /dev are no inputs."""
    observed.run("import json, email, numpy; open('/proc/self/stat').close(); open('/dev/null')")
    assert observed.opened() == {"work.py"}


def test_a_renamed_file_is_written_under_its_last_name(observed: Observed) -> None:
    """Writing aside and renaming is how careful programs write."""
    observed.run("import os; open('.tmp', 'w').close(); os.replace('.tmp', 'model.bin')")
    assert "model.bin" in observed.opened("w")


def test_an_import_does_not_write_the_module(
    observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python writes its bytecode at the first import, and reads that at the second: both times the
    source is read, and nothing is written.
    """
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    (observed.folder / "helper.py").write_text("x = 1")
    for _ in range(2):
        observed.run("import helper")
        assert "helper.py" in observed.opened() and observed.opened("w") == set()
    assert list(observed.folder.glob("__pycache__/helper.*.pyc"))


def test_modules_of_the_project_are_told(observed: Observed) -> None:
    """By name and file at the end; packages by their top-level modules."""
    (observed.folder / "helper.py").write_text("x = 1")
    observed.run("import helper, msgspec")
    modules = [fact for fact in observed.facts if isinstance(fact, Modules)][-1]
    assert modules.files["helper"] == str(observed.folder / "helper.py")
    assert "__main__" in modules.files and "msgspec" in modules.packages
    assert "msgspec" not in modules.files and "json" not in modules.packages


@pytest.mark.parametrize("cached", [False, True])
def test_an_imported_file_is_told_at_once(observed: Observed, cached: bool) -> None:
    """A process that is killed has told its modules' files, also those read from a cache."""
    (observed.folder / "helper.py").write_text("x = 1")
    if cached:
        subprocess.run([sys.executable, "-m", "compileall", "-q", str(observed.folder)], check=True)
    observed.run("import helper, os; os._exit(1)")
    assert "helper.py" in observed.opened()
    assert not any(isinstance(fact, Modules) for fact in observed.facts)


def test_exec_tells_the_modules_first(observed: Observed) -> None:
    """Another program takes the place of the process: what it was is not lost."""
    observed.run("import os; os.execvp('true', ['true'])")
    assert any(isinstance(fact, Modules) for fact in observed.facts)


def test_children_tell_their_own(observed: Observed) -> None:
    """A fork child and a new Python tell what they open; each is a process of its own."""
    for name in ("a", "b", "c"):
        (observed.folder / name).write_text(name)
    observed.run(
        "import os, subprocess, sys\n"
        "open('a')\n"
        "if os.fork() == 0: open('b'); os._exit(0)\n"
        "os.wait()\n"
        "subprocess.run([sys.executable, '-c', 'open(\"c\")'])"
    )
    processes = [fact for fact in observed.facts if isinstance(fact, Process)]
    assert len(processes) == 3 == len({fact.pid for fact in processes})
    assert {"a", "b", "c"} <= observed.opened()


def test_secrets_do_not_reach_the_spool(observed: Observed) -> None:
    """The command line is told without them, however they are given."""
    token = "ghp_" + "a" * 36
    observed.run("", "--api-key", "s3cr3t", token, "--lr", "0.1", "PASSWORD=hunter2")
    written = b"".join(path.read_bytes() for path in observed.spool.iterdir())
    assert b"s3cr3t" not in written and b"ghp_" not in written and b"hunter2" not in written
    assert b'"--lr","0.1"' in written


def test_the_program_sees_its_own_path_and_site(observed: Observed) -> None:
    """`sys.path` is what it would be, and the next `sitecustomize` is loaded, as that name."""
    (observed.folder / "sitecustomize.py").write_text("MARK = 7")
    program = "import sys, sitecustomize; print(sitecustomize.MARK, 'hook' in str(sys.path))"
    (observed.folder / "work.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "work.py"],
        cwd=observed.folder,
        env=os.environ | {
            "PEIRA_SPOOL": str(observed.spool),
            "PYTHONPATH": f"{HOOK / 'site'}{os.pathsep}{observed.folder}",
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "7 False\n" and not done.stderr


def test_a_program_that_closes_all_files_is_not_written_into(observed: Observed) -> None:
    """A daemon closes what is open and gets the same numbers for its own files."""
    (observed.folder / "data").write_text("x")
    observed.run(
        "import os\n"
        "os.closerange(3, 100)\n"
        "files = [open(f'own{i}', 'w') for i in range(20)]\n"
        "open('data').close()"
    )
    assert all(not path.stat().st_size for path in observed.folder.glob("own*"))
    assert "data" in observed.opened()


def test_a_spool_that_is_gone_costs_nothing(observed: Observed) -> None:
    """A process that outlives its run goes on."""
    done = observed.run(f"import shutil; shutil.rmtree({str(observed.spool)!r}); open('x', 'w')")
    assert done.returncode == 0 and not done.stderr


def test_strange_names_do_no_harm(observed: Observed) -> None:
    """Bytes that are no UTF-8, descriptors, path objects, events of others."""
    done = observed.run(
        "import os, pathlib, sys\n"
        "open(b'\\xff\\xfe', 'wb').close(); open(b'\\xff\\xfe').close()\n"
        "open(pathlib.Path('p'), 'w').close(); open(pathlib.Path('p')).close()\n"
        "sys.audit('open', [], 1, 2); sys.audit('open'); open(0, closefd=False)\n"
        "try: open('nul\\0')\n"
        "except ValueError: pass"
    )
    assert done.returncode == 0, done.stderr
    assert {os.fsdecode(b"\xff\xfe"), "p"} <= observed.opened()


def test_the_hook_is_python_3_8() -> None:
    """Each file of it can be read by the oldest interpreter that it promises to run in."""
    for path in (*HOOK.rglob("*.py"), HOOK.parent / "redaction.py"):
        ast.parse(path.read_text(), feature_version=(3, 8))


def test_the_hook_imports_little(observed: Observed) -> None:
    """A program that imports nothing is not made to import what costs time."""
    done = observed.run("import sys; print(sorted(sys.modules))")
    heavy = {"re", "json", "typing", "pathlib", "functools", "inspect", "msgspec", "peira"}
    plain = subprocess.run(
        [sys.executable, "-c", "import sys; print(sorted(sys.modules))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    added = set(ast.literal_eval(done.stdout)) - set(ast.literal_eval(plain.stdout))
    assert not added & heavy


SEEDS: dict[str, tuple[str, list[tuple[str, object]]]] = {
    "random": ("import random; random.seed(3)", [("random", 3)]),
    "from": ("from random import seed; seed(a=3)", [("random", 3)]),
    "own": ("import random; random.Random(4).random()", [("random.Random", 4)]),
    "numpy": ("import numpy as np; np.random.seed(5)", [("numpy", 5)]),
    "generator": (
        "import numpy as np; np.random.default_rng(np.int64(6))",
        [("numpy.default_rng", 6)],
    ),
    "state": ("import numpy as np; np.random.RandomState(seed=7)", [("numpy.RandomState", 7)]),
    "several": (
        "import random\nfor i in (1, 2, 1): random.seed(i)",
        [("random", 1), ("random", 2)],
    ),
    "none": ("import random; random.seed(); random.seed(None)", []),
    "forest": (
        "import numpy as np; from sklearn.ensemble import RandomForestClassifier as F\n"
        "np.random.seed(1); F(5, random_state=3).fit([[0], [1]], [0, 1])",
        [("numpy", 1)],
    ),
}


@pytest.mark.parametrize("case", SEEDS)
def test_seeds_that_the_program_sets_are_told(observed: Observed, case: str) -> None:
    """Global seeds whoever sets them, those of generators when the program makes them."""
    text, expected = SEEDS[case]
    done = observed.run(text)
    assert not done.stderr and observed.seeds() == expected


def test_the_seed_of_hashes_is_told(observed: Observed, monkeypatch: pytest.MonkeyPatch) -> None:
    """`PYTHONHASHSEED`, when it fixes them."""
    monkeypatch.setenv("PYTHONHASHSEED", "11")
    observed.run("")
    assert observed.seeds() == [("PYTHONHASHSEED", 11)]


def test_random_numbers_and_types_stay_what_they_were(observed: Observed) -> None:
    """The same numbers, `isinstance`, equality, pickles, copies and subclasses as without."""
    done = observed.run(
        "import copy, pickle, random, numpy as np\n"
        "R = np.random.RandomState\n"
        "class Mine(R): pass\n"
        "r, m, g = R(1), Mine(1), np.random.mtrand._rand\n"
        "assert [isinstance(x, R) for x in (r, m, g, 1)] == [True, True, True, False]\n"
        "assert isinstance(m, Mine) and not isinstance(r, Mine)\n"
        "assert issubclass(Mine, R) and type(r) == R and hash(type(r)) == hash(R)\n"
        "assert pickle.loads(pickle.dumps(R)) is R\n"
        "assert pickle.loads(pickle.dumps(type(r))) is type(r)\n"
        "import abc\nclass Both(R, abc.ABC): pass\nprint(R, Both(1).randint(1000))\n"
        "for x in (r, pickle.loads(pickle.dumps(r)), copy.deepcopy(r), m):\n"
        "    print(x.randint(1000))\n"
        "random.seed(1); np.random.seed(1); print(random.random(), np.random.rand())\n"
        "print(random.Random(2).random(), np.random.default_rng(2).random())\n"
        "from sklearn.utils import check_random_state as c; assert c(r) is r and c(None) is g"
    )
    plain = subprocess.run(
        [sys.executable, "work.py"], cwd=observed.folder, capture_output=True, text=True, check=True
    )
    assert done.stdout == plain.stdout and not done.stderr


def test_who_only_asks_for_a_library_takes_nothing_away(observed: Observed) -> None:
    """`importlib.util.find_spec`, as transformers asks for torch before anybody imports it."""
    observed.run(
        "import importlib.util as u; assert u.find_spec('numpy.random') and u.find_spec('argparse')"
        "\nimport argparse, numpy; numpy.random.seed(5)"
        "\nparser = argparse.ArgumentParser(); parser.add_argument('--lr'); parser.parse_args()",
        "--lr", "1",
    )  # fmt: skip
    assert observed.seeds() == [("numpy", 5)]
    assert [fact.values for fact in observed.facts if isinstance(fact, Params)] == [{"lr": "1"}]


def test_objects_that_answer_nothing_do_no_harm(observed: Observed) -> None:
    """A namespace without `__dict__`, an error without a text: the program ends as without."""
    text = (
        "import argparse\n"
        "class Options:\n    __slots__ = ('lr',)\n"
        "class Odd(Exception):\n    def __str__(self): raise ValueError('no text')\n"
        "parser = argparse.ArgumentParser(); parser.add_argument('--lr')\n"
        "print(parser.parse_args(namespace=Options()).lr)\n"
        "raise Odd\n"
    )
    done = observed.run(text, "--lr", "1")
    plain = subprocess.run(
        [sys.executable, "work.py", "--lr", "1"],
        cwd=observed.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (plain.stdout, plain.stderr)
    assert done.returncode == plain.returncode == 1


def test_seeds_are_told_to_their_limit(observed: Observed) -> None:
    """A program that seeds in a loop fills nothing."""
    observed.run("import random\nfor i in range(1000): random.seed(i)")
    assert len(observed.seeds()) == 20


LATER: dict[str, Callable[[str], str]] = {
    "loader": lambda name: f"assert type(sys.modules['{name}'].__loader__).__name__ != '_Loader'",
    "spec": lambda name: (
        f"assert type(sys.modules['{name}'].__spec__.loader).__name__ != '_Loader'"
    ),
    "again": lambda name: f"import importlib; importlib.reload(sys.modules['{name}'])",
}


@pytest.mark.parametrize("case", LATER)
def test_a_watched_import_leaves_no_trace(observed: Observed, case: str) -> None:
    """Loader and spec are those of an import without the hook, and a reload works."""
    done = observed.run(f"import sys, random\n{LATER[case]('random')}")
    assert not done.stderr


def test_another_interpreter_speaks_for_itself(observed: Observed, tmp_path: Path) -> None:
    """Packages, Python and BLAS of a launched program are those of its own interpreter."""
    import venv

    venv.create(tmp_path / "other", symlinks=True)
    python = tmp_path / "other" / "bin" / "python"
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    site = tmp_path / "other" / "lib" / version / "site-packages"
    (site / "tiny-3.dist-info").mkdir()
    (site / "tiny.py").write_text("")
    done = observed.run("import tiny", python=str(python))
    assert done.returncode == 0, done.stderr
    found = dict(observed.interpreters.aspects())
    assert found["packages"] == {
        "installed": {"tiny": "3"},
        "imported": ["tiny"],
        "modules": {},
        "sources": {},
    }
    assert found["python"]["prefix"] == str(tmp_path / "other") and "numerics" not in found


def test_the_libraries_of_a_child_are_told(observed: Observed) -> None:
    """BLAS and its threads as they are in the program, after what it changed."""
    done = observed.run(
        "import numpy, threadpoolctl\nthreadpoolctl.threadpool_limits(1)\n"
        "numpy.ones((9, 9)) @ numpy.ones((9, 9))"
    )
    assert done.returncode == 0, done.stderr
    found = dict(observed.interpreters.aspects())
    assert [pool["threads"] for pool in found["numerics"]["libraries"]] == [1]
    assert "numpy" in found["packages"]["imported"]
    assert "scikit-learn" not in found["packages"]["imported"]
    assert found["packages"]["installed"]["scikit-learn"]


def test_a_killed_program_has_told_where_its_packages_are(observed: Observed) -> None:
    """What it had imported is unknown then, what was installed is not."""
    observed.run("import os, signal, numpy; os.kill(os.getpid(), signal.SIGKILL)")
    found = dict(observed.interpreters.aspects())
    assert found["packages"]["installed"]["numpy"] and found["packages"]["imported"] == []
    assert found["python"]["version"] == sys.version.split()[0]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/dev/null", True),
        ("/dev/shm/train.npy", False),
        ("/run/user/0/bus", True),
        ("/run/media/ada/disk/train.csv", False),
        ("/data/.git/HEAD", True),
        ("/data/train.csv", False),
    ],
)
def test_what_belongs_to_the_system_is_no_input(path: str, expected: bool) -> None:
    """Devices and sockets are not; data in shared memory, or on a disk that was plugged in, is."""
    assert is_ignored(path) is expected
