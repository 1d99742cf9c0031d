"""`peira sweep`: programs of all kinds, what a person decides, what is printed."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any, cast

import click
import pytest

from peira.cli.sweep.begin import _first
from peira.cli.sweep.working import settle
from peira.lab.lab import Lab
from peira.sweeps.arguments import Arguments
from peira.sweeps.options import literal_options
from peira.sweeps.program import _Watch
from peira.sweeps.space import Space
from peira.sweeps.task import Task
from tests.sweeps.conftest import CommandLine

ARGPARSE = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, required=True)
parser.add_argument("--kernel-size", type=int, required=True)
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--nesterov", action="store_true")
parser.add_argument("--momentum", type=float)
options = parser.parse_args()
for epoch in range(options.epochs):
    print(f"epoch: {epoch} loss: {options.lr * options.kernel_size + options.nesterov}")
"""
CONSTANTS = """
LR = 0.5
LAYERS = 2
print("loss:", LR * LAYERS)
"""


def write(peira_cli: CommandLine, text: str, name: str = "train.py") -> Path:
    path = peira_cli.lab.parent / name
    path.write_text(text)
    return path


def test_a_program_with_options_gets_its_params_as_such(peira_cli: CommandLine) -> None:
    """Spelled as the program spells them; its own options stand, and a switch is given or not."""
    write(peira_cli, ARGPARSE)
    done = peira_cli(
        "sweep", "train.py", "--epochs", "3", "lr=0.5,0.25", "kernel_size=3,5",
        "nesterov=false", "momentum=0.5 if lr == 0.5", "--minimize", "loss", "--sampler", "grid",
        "--why", "which kernel?", "--tag", "first",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    reading = peira_cli.read()
    assert reading.trials.values == [[1.5, 2.5, 0.75, 1.25]]
    assert reading.row.best is not None and reading.row.best.trial == 2
    with Lab(peira_cli.lab) as lab:
        run = lab.run(reading.row.best.run or "")
        assert (run.sweep, run.trial, run.why, run.tags) == (
            reading.row.id, 2, "which kernel?", ["first"],
        )  # fmt: skip
        assert {k: run.params[k] for k in ("lr", "kernel_size", "epochs", "nesterov")} == {
            "lr": 0.25, "kernel_size": 3, "epochs": 3, "nesterov": False,
        }  # fmt: skip
        assert run.metrics["loss"].count == 3
    assert "0.75" in done.stdout and f"peira show {run.id}" in done.stdout


def test_a_plain_script_gets_other_constants(peira_cli: CommandLine) -> None:
    """As by `peira run --set`; a param that it does not have is refused before anything runs."""
    write(peira_cli, CONSTANTS)
    done = peira_cli("sweep", "train.py", "LR=0.25,2.0", "LAYERS=3", "--minimize", "loss",
                     "--sampler", "grid", "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [trial["values"] for trial in told["trials"]] == [[0.75], [6.0]]
    refused = peira_cli("sweep", "train.py", "lr=1,2", "--minimize", "loss", "--trials", "2")
    assert refused.returncode != 0 and "lr would not reach the program" in refused.stderr
    assert "Did you mean LR" in refused.stderr
    assert len(list((peira_cli.lab / "sweeps").iterdir())) == 1


def test_any_program_gets_its_params_where_they_are_named(peira_cli: CommandLine) -> None:
    """`{x}` in its words."""
    write(peira_cli, "#!/bin/sh\necho loss: $1\n", "fit.sh").chmod(0o755)
    done = peira_cli("sweep", "./fit.sh", "{x}", "x=3,1,2", "--maximize", "loss", "--sampler",
                     "grid")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert peira_cli.read().trials.values == [[3.0, 1.0, 2.0]]


def test_options_as_a_program_declares_them(tmp_path: Path) -> None:
    """Hydra, click, typer, BooleanOptionalAction, and negative numbers."""

    def given(text: str, **params: object) -> list[str]:
        (tmp_path / "p.py").write_text(text)
        found = Arguments(["python", "p.py"], tmp_path, list(params)).given(params)  # type: ignore[arg-type]
        return found.command[2:]

    hydra = "import hydra\n"
    assert given(hydra, lr=0.1, opt="a b", no=None, on=True) == [
        "lr=0.1", "opt='a b'", "no=null", "on=true",
    ]  # fmt: skip
    switch = "from argparse import *\nadd_argument('--x', action=BooleanOptionalAction)\n"
    assert given(switch, x=False) == ["--no-x"]
    assert given("import click\n@click.option('--x', is_flag=True)\n", x=True) == ["--x"]
    assert given("import click\n@click.option('--x', is_flag=True)\n", x=False) == []
    assert given("import typer\n", kernel_size=3, x=True) == ["--kernel-size", "3", "--x"]
    assert given("import argparse\n", x=-1) == ["--x=-1"]
    assert given("import argparse\nadd_argument('--off', action='store_false')", off=False) == [
        "--off"
    ]

    base = "import argparse\nadd_argument('--x', type=bool, default=True)\n"
    assert given(base, x=False) == ["--x="] and given(base, x=True) == ["--x=True"]
    # What is declared of --x-y is nothing about --x.
    both = "import argparse\nadd_argument('--x-y', action='store_true')\nadd_argument('--x')\n"
    assert given(both, x=False) == ["--x=False"]
    both = "import argparse\nadd_argument('--x-y')\nadd_argument('--x', action='store_true')\n"
    assert given(both, x=False) == []


def test_words_are_filled_once_and_nothing_is_left_in_them(tmp_path: Path) -> None:
    """A value with braces is a value; of a param that the trial does not have nothing stands."""
    found = Arguments(["./fit.sh", "{lr}", "--m={m}", "{note}"], tmp_path, ["lr", "m", "note"])
    assert found.given({"lr": 0.1, "note": "{lr}"}).command == ["./fit.sh", "0.1", "--m=", "{lr}"]
    assert found.given({"lr": None, "m": 1, "note": "a b"}).command[1:] == ["", "--m=1", "a b"]


@pytest.mark.parametrize(
    "value",
    ["3", "1e-3", "true", "Null", "nan", "a b", "", "it's", "C:\\data x", "end\\", "a\\'b",
     "v1/x.y", "a,b", "3d", -0.5, 1e-7, True, None],
)  # fmt: skip
def test_hydra_reads_what_a_trial_says(tmp_path: Path, value: Any) -> None:
    """A text stays one, whatever it looks like; Hydra's own parser is asked."""
    parser = pytest.importorskip("hydra.core.override_parser.overrides_parser")
    (tmp_path / "p.py").write_text("import hydra\n")
    word = Arguments(["python", "p.py"], tmp_path, ["x"]).given({"x": value}).command[-1]
    read = parser.OverridesParser.create().parse_override(word).value()
    assert (getattr(read, "text", read), type(getattr(read, "text", read))) == (value, type(value))


def test_an_option_that_a_program_does_not_have_is_refused(peira_cli: CommandLine) -> None:
    """Before anything runs, with what was meant; so is one option under two spellings."""
    write(peira_cli, ARGPARSE)
    rest = ["kernel_size=3,5", "--minimize", "loss", "--trials", "2"]
    done = peira_cli("sweep", "train.py", "lrr=log(1e-3,1e-1)", *rest)
    assert done.returncode != 0 and "has no option --lrr" in done.stderr
    assert "Did you mean lr?" in done.stderr
    done = peira_cli("sweep", "train.py", "lr=0.5", "kernel-size=3,5", *rest)
    assert done.returncode != 0 and "are the same option" in done.stderr
    assert not (peira_cli.lab / "sweeps").exists()


PARSER = "import argparse\nparser = argparse.ArgumentParser()\n"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (PARSER + "parser.add_argument('-l', '--lr', type=float)\nparser.parse_args()",
         {"-l", "--lr"}),
        ("from argparse import ArgumentParser as A, ArgumentParser\np = ArgumentParser()\n"
         "g = p.add_argument_group('g')\ng.add_argument('--x')", {"--x"}),
        ("import click\n@click.command()\n@click.option('--x/--no-x', 'y')\ndef main(y): ...",
         {"--x", "--no-x"}),
        (PARSER + "def more(p):\n    p.add_argument('--b')\nmore(parser)", {"--b"}),
        # What may come from elsewhere.
        (PARSER + "parser.add_argument('--lr')\nparser.parse_known_args()", None),
        (PARSER + "parser.add_argument('--lr')\nimport model\nmodel.add(parser)", None),
        (PARSER + "for n in 'ab':\n    parser.add_argument('--' + n)", None),
        (PARSER + "parser.add_argument(*words)", None),
        ("from jsonargparse import ArgumentParser\np = ArgumentParser()\np.add_argument('--x')",
         None),
        ("import argparse, sys\nsys.argv", None),
        ("import argparse, base\nparser = base.parser()\nparser.add_argument('--x')", None),
        (PARSER + "import base\nbase.parser().add_argument('--x')", None),
        (PARSER + "self.parser.add_argument('--x')", None),
        ("import argparse\ndef make():\n    p = argparse.ArgumentParser()\n"
         "    p.add_argument('--x')\n    return p\np = make()\np.add_argument('--y')",
         {"--x", "--y"}),
        ("import argparse\np = argparse.ArgumentParser(parents=[q])\np.add_argument('--x')", None),
        ("import click, mine\n@click.command()\n@mine.options()\n@click.option('--x')\n"
         "def main(x): ...", None),
        ("import typer", None),
        ("no python at all", None),
    ],
)  # fmt: skip
def test_the_options_that_a_script_declares(text: str, options: set[str] | None) -> None:
    """All of them, or nothing where others may come from elsewhere."""
    assert literal_options(text) == options


def test_a_program_that_fails_ends_no_sweep(peira_cli: CommandLine) -> None:
    """What it failed of is told, and once more run when asked; a killed one is told apart."""
    write(
        peira_cli,
        "import os, signal, sys\n"
        "x = int(sys.argv[2])\n"
        "if x == 1:\n    raise ValueError('x is one')\n"
        "if x == 2:\n    print('\\x1b[31mno sevens\\x1b[0m\\n', file=sys.stderr); sys.exit(7)\n"
        "if x == 3:\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "if x == 4:\n    print('loss: nan')\n"
        "if x == 5:\n    print('other: 3')\n"
        "if x == 6:\n    print('loss: 6')\n",
    )
    done = peira_cli("sweep", "train.py", "x=1,2,3,4,5,6", "--minimize", "loss", "--sampler",
                     "grid", "--retry-failed", "1", "--retry-killed", "0")  # fmt: skip
    assert done.returncode == 0, done.stderr
    trials = peira_cli.read().trials
    assert trials.state == ["failed", "failed", "killed", "nan", "failed", "complete"]
    assert trials.attempt == [2, 2, 1, 1, 2, 1]
    assert trials.reason[:3] == [
        "ValueError: x is one", "exit code 7: no sevens", "it was killed by SIGKILL",
    ]  # fmt: skip
    assert trials.reason[4] == "it logged no loss; it logged other"
    assert "ValueError: x is one" in done.stdout


def test_a_program_is_pruned_by_what_it_logs(peira_cli: CommandLine) -> None:
    """It is ended, and its run says why."""
    write(
        peira_cli,
        "import argparse, time\n"
        "p = argparse.ArgumentParser(); p.add_argument('--x', type=float); x = p.parse_args().x\n"
        "for step in range(1, 6 if x < 3 else 600):\n"
        "    print(f'step: {step} loss: {x}', flush=True)\n"
        "    time.sleep(0.1)\n",
    )
    done = peira_cli("sweep", "train.py", "x=1,2,3", "--minimize", "loss", "--sampler", "grid",
                     "--prune", "median:n_startup_trials=2")  # fmt: skip
    assert done.returncode == 0, done.stderr
    reading = peira_cli.read()
    assert reading.trials.state == ["complete", "complete", "pruned"]
    with Lab(peira_cli.lab) as lab:
        (run,) = lab.runs('"pruned" in tags')
        assert (run.trial, run.state) == (2, "killed")


def test_a_program_that_has_ended_is_not_pruned() -> None:
    """Its value was complete before the pruner made up its mind, while what it left was stored."""
    program = subprocess.Popen(["true"])
    program.wait()
    watch = _Watch(cast(Task, None))  # nothing of the trial is touched
    watch._prune("0q3v7m2k9a1b", program.pid)
    assert not watch.is_pruned


@pytest.mark.parametrize("is_function", [True, False])
def test_what_was_run_before_is_reused_when_asked(
    peira_cli: CommandLine, is_function: bool
) -> None:
    """With the same code; after a change of it, it is run again."""
    write(peira_cli, "def train(x):\n    return x\n" if is_function else ARGPARSE)
    words = ["sweep", "train.py:train", "x=1.0,2.0"] if is_function else [
        "sweep", "train.py", "lr=0.5,0.25", "kernel_size=3", "momentum=0.5",
    ]  # fmt: skip
    words += ["--minimize", "loss", "--sampler", "grid", "--reuse"]
    peira_cli.leave_out = ""
    for states in (["complete"] * 2, ["reused"] * 2):
        done = peira_cli(*words)
        assert done.returncode == 0, done.stderr
        assert peira_cli.read().trials.state == states
    reading = peira_cli.read()
    assert reading.trials.values == [[1.0, 2.0] if is_function else [1.5, 0.75]]
    with Lab(peira_cli.lab) as lab:
        assert len(lab.runs()) == 2
        assert {run.id for run in lab.runs()} == set(reading.trials.run)
    path = peira_cli.lab.parent / "train.py"
    path.write_text(path.read_text() + "unused = 1\n")
    assert peira_cli(*words).returncode == 0
    assert peira_cli.read().trials.state == ["complete"] * 2


def test_a_sweep_from_a_file(peira_cli: CommandLine) -> None:
    """In TOML or YAML; the command line goes before the file."""
    write(peira_cli, ARGPARSE)
    write(
        peira_cli,
        'program = ["train.py", "--epochs", "2"]\nminimize = "loss"\nsampler = "grid"\n'
        '[space]\nlr = [0.5, 0.25]\nkernel_size = "3"\n',
        "sweep.toml",
    )
    assert peira_cli("sweep", "--file", "sweep.toml").returncode == 0
    assert peira_cli.read().trials.values == [[1.5, 0.75]]
    write(
        peira_cli,
        "program: train.py\nminimize: loss\ntrials: 9\nsampler: random\nseed: 1\n"
        "space:\n  lr: log(1e-3, 1)\n  kernel_size: 3\n",
        "sweep.yaml",
    )
    assert peira_cli("sweep", "--file", "sweep.yaml", "--trials", "2").returncode == 0
    reading = peira_cli.read()
    assert len(reading.trials) == 2 and reading.definition.seed == 1
    write(peira_cli, "progam = 'train.py'\n", "typo.toml")
    refused = peira_cli("sweep", "--file", "typo.toml")
    assert refused.returncode == 2 and "Did you mean program?" in refused.stderr


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ('trials = "2"', "trials = '2': Expected `int`, got `str`"),
        ("minimize = 3", "minimize = 3: Expected `str | array`, got `int`"),
        ("first = [3]", "first = [3]: Expected"),
        ("jobs = -1", "jobs = -1: Expected `int` >= 0"),
    ],
)
def test_what_a_file_says_wrongly_is_told(tmp_path: Path, line: str, part: str) -> None:
    """With its name, what it is, and what it should be."""
    (tmp_path / "s.toml").write_text(f'program = "train.py"\n{line}\n')
    with pytest.raises(click.UsageError) as refused:
        settle((), {"file": str(tmp_path / "s.toml")})
    assert part in refused.value.message


def test_a_file_may_say_words_as_the_command_line_does(tmp_path: Path) -> None:
    """The space as words, the program as a line with quotes; the command line goes before."""
    (tmp_path / "s.toml").write_text(
        "program = \"train.py --note 'two words'\"\nspace = ['lr=0.1,0.2', 'k=3']\n"
    )
    told = settle(("lr=0.5",), {"file": str(tmp_path / "s.toml")})
    assert told["words"] == ["train.py", "--note", "two words"]
    assert told["space"] == {"lr": "0.5", "k": "3"}
    told = settle((), {"file": str(tmp_path / "s.toml")})
    assert Space.of(told["space"]).words() == ["lr=0.1,0.2", "k=3"]
    first = _first("note='a, b',lr=0.1")
    assert first == {"note": "a, b", "lr": 0.1}


def test_pause_resume_extend_stop(peira_cli: CommandLine) -> None:
    """A person decides while workers are at it, and between."""
    write(
        peira_cli,
        "import time\ndef train(x):\n    time.sleep(0.2)\n    return x\n",
    )
    process = peira_cli.start("sweep", "train.py:train", "x=float(0,1)", "--minimize", "y",
                              "--trials", "500", "--name", "s")  # fmt: skip
    wait(peira_cli, lambda: peira_cli.read().row.done >= 2)
    assert peira_cli("sweep", "pause", "s").returncode == 0
    wait(peira_cli, lambda: not peira_cli.read().row.counts["running"])
    done = peira_cli.read().row.done
    time.sleep(0.7)
    row = peira_cli.read().row
    assert (row.done, row.state, row.workers) == (done, "paused", 1)
    resumed = peira_cli("sweep", "resume", "s")
    assert "1 worker is at it" in resumed.stderr
    wait(peira_cli, lambda: peira_cli.read().row.done > done + 1)
    assert peira_cli("sweep", "stop", "s", "--now").returncode == 0
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 0, output
    assert "sweep resume s goes on" in output and "lets it go on" in output
    row = peira_cli.read().row
    assert row.state == "stopped" and row.done < 100
    assert peira_cli("sweep", "extend", "s", "--budget", "1m").returncode != 0
    short = peira_cli("sweep", "train.py:train", "x=float(0,1)", "--minimize", "y", "--trials", "2",
                      "--name", "t")  # fmt: skip
    assert short.returncode == 0
    assert "sweep resume t" in peira_cli("sweep", "extend", "t", "--trials", "2").stderr
    assert peira_cli.read("t").row.state == "waiting"
    assert peira_cli("sweep", "resume", "t").returncode == 0
    assert peira_cli.read("t").trials.state == ["complete"] * 4
    assert "extend t --trials 20" in peira_cli("sweep", "resume", "t").stderr
    assert "t was over (finished)" in peira_cli("sweep", "stop", "t").stderr
    assert peira_cli.read("t").row.state == "finished"
    listed = json.loads(peira_cli("sweep", "ls", "--json").stdout)["sweeps"]
    assert [(row["name"], row["state"]) for row in listed] == [
        ("t", "finished"), ("s", "stopped"),
    ]  # fmt: skip
    shown = peira_cli("sweep", "show", "t").stdout
    assert "minimize y" in shown and "4 of 4: 4 complete" in shown


def test_time_is_added_without_trials(peira_cli: CommandLine) -> None:
    """A sweep with a budget is extended by time, and says so when it is used."""
    write(peira_cli, "def train(x):\n    return x\n")
    words = ["train.py:train", "x=float(0,1)", "--minimize", "y", "--budget", "0.2s", "--name", "b"]
    assert peira_cli("sweep", *words).returncode == 0
    assert "its budget is used" in peira_cli("sweep", "resume", "b").stderr
    done = peira_cli("sweep", "extend", "b", "--budget", "1h")
    assert done.returncode == 0 and "sweep resume b" in done.stderr
    assert peira_cli.read("b").row.budget_s == 3600.2


def test_several_objectives_are_shown_as_a_front(peira_cli: CommandLine) -> None:
    """Marked as such, with the command that lists it; without a name the latest sweep is shown."""
    write(peira_cli, "def train(x):\n    return x, 1 - x if x < 0.5 else 2.0\n")
    words = ["train.py:train", "x=0.1,0.3,0.7", "--minimize", "a", "--minimize", "b"]
    assert peira_cli("sweep", *words, "--sampler", "grid", "--name", "two").returncode == 0
    shown = peira_cli("sweep", "show").stdout
    assert "Pareto front: the 2 trials of 3 that no other beats in all of a, b" in shown
    query = f"sweep = {peira_cli.read().row.id} and trial in (0, 1)"
    assert f"peira ls '{query}'" in shown
    with Lab(peira_cli.lab) as lab:
        assert len(list(lab.runs(query))) == 2
    assert "front of 2" in peira_cli("sweep", "ls").stdout


def test_a_confirmation_says_what_it_confirms(peira_cli: CommandLine) -> None:
    """In the list and on its own page; a second one has a name of its own."""
    write(peira_cli, "def train(x, seed):\n    return x + seed % 7\n")
    place = str(peira_cli.lab.parent / "train.py:train")  # is told as it is called from here
    words = [place, "x=int(1,10,1)", "seed=1", "--minimize", "y", "--sampler", "grid"]
    assert peira_cli("sweep", *words, "--name", "ev").returncode == 0
    for name in ("ev-confirm", "ev-confirm-2"):
        done = peira_cli("sweep", "confirm", "ev", "-k", "2")
        assert done.returncode == 0 and f"sweep {name} (" in done.stderr
    ev = peira_cli.read("ev").row.id
    assert "confirms ev: train.py:train" in peira_cli("sweep", "ls").stdout
    assert f"trial 0 of {ev}" in peira_cli("sweep", "show", "ev-confirm-2").stdout
    narrowed = peira_cli("sweep", "narrow", "ev").stdout
    assert "peira sweep train.py:train " in narrowed
    more = ["--trials", "1", "--name", "ev", "--warm", f"sweep = {ev}", "-j", "0"]
    warm = peira_cli("sweep", *words[:5], *more)
    assert "1 trials, starting from 10 earlier runs" in warm.stderr
    assert "a sweep has the name ev; this one is ev-2" in warm.stderr
    assert "started from 10 earlier runs" in peira_cli("sweep", "show").stdout


def test_what_was_killed_or_failed_is_run_again_when_a_person_resumes(
    peira_cli: CommandLine,
) -> None:
    """Once more each time, after the retries are used up; failed trials only when asked."""
    write(
        peira_cli,
        "import os, pathlib, signal, sys\n"
        "x = int(sys.argv[2])\n"
        "if not pathlib.Path('mended').exists():\n"
        "    if x == 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    if x == 3: sys.exit('no')\n"
        "print('loss:', x)\n",
    )
    words = ["x=1,2,3", "--minimize", "loss", "--sampler", "grid", "--retry-killed", "0"]
    assert peira_cli("sweep", "train.py", *words, "--name", "s").returncode == 0
    assert peira_cli.read().trials.state == ["complete", "killed", "failed"]
    peira_cli("sweep", "resume", "s")
    assert peira_cli.read().trials.attempt == [1, 2, 1]
    (peira_cli.lab.parent / "mended").touch()
    assert peira_cli("sweep", "resume", "s").returncode == 0
    assert peira_cli.read().trials.attempt == [1, 3, 1]
    told = peira_cli("sweep", "resume", "s").stderr
    assert "each combination of the grid was run" in told and "--retry-failed runs 1" in told
    assert peira_cli("sweep", "resume", "s", "--retry-failed").returncode == 0
    trials = peira_cli.read().trials
    assert (trials.state, trials.attempt) == (["complete"] * 3, [1, 3, 2])


def wait(peira_cli: CommandLine, is_so: object) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        try:
            if is_so():  # type: ignore[operator]
                return
        except Exception:  # noqa: BLE001 - the lab is not made yet
            pass
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


def test_what_cannot_be_run_is_refused(peira_cli: CommandLine) -> None:
    """Before a sweep is written, or by the first worker, with the reason."""
    words = ["x=float(0,1)", "--minimize", "y", "--trials", "2"]
    missing = peira_cli("sweep", "train.py", *words)
    assert missing.returncode != 0 and "train.py" in missing.stderr
    write(peira_cli, "import nothing_of_that_name\ndef train(x): return x\n")
    broken = peira_cli("sweep", "train.py:train", *words)
    assert broken.returncode != 0 and "nothing_of_that_name" in broken.stderr
    write(peira_cli, "def train(x): return x\n")
    unnamed = peira_cli("sweep", "train.py:fit", *words)
    assert unnamed.returncode != 0 and "no function fit" in unnamed.stderr


def test_a_sweep_in_a_recorded_program_has_its_runs_as_parts(peira_cli: CommandLine) -> None:
    """`peira run tune.py`: no trial writes into the run of the program."""
    write(
        peira_cli,
        "import peira\npeira.sweep(lambda x: x, {'x': [1.0, 2.0]}, minimize='y', sampler='grid')\n",
        "tune.py",
    )
    done = peira_cli("run", "tune.py")
    assert done.returncode == 0, done.stderr
    assert peira_cli.read().trials.state == ["complete"] * 2
    with Lab(peira_cli.lab) as lab:
        (outer,) = lab.runs("sweep is missing")
        assert {run.parent for run in lab.runs("sweep is not missing")} == {outer.id}
        assert "y" not in outer.metrics


@pytest.mark.parametrize("guard", ["", 'if __name__ == "__main__":\n    '])
def test_a_script_that_calls_sweep_has_workers(peira_cli: CommandLine, guard: str) -> None:
    """With or without a guard: workers load the file up to that call."""
    write(
        peira_cli,
        "import peira\n"
        "def train(trial):\n    return trial['x'] ** 2\n"
        f"{guard}result = peira.sweep(train, ['x=float(0,1)'], minimize='y', trials=4, jobs=2)\n"
        f"{guard}print('best', result.best_value)\n",
    )
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "train.py"], cwd=peira_cli.lab.parent, check=False,
                          capture_output=True, text=True, timeout=120)  # fmt: skip
    assert done.returncode == 0 and "best 0." in done.stdout, done.stderr
    assert peira_cli.read().trials.state == ["complete"] * 4
    assert len(list((peira_cli.lab / "sweeps").iterdir())) == 1
