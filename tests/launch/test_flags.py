"""The options of Python programs become params: typed, with defaults, without secrets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from peira.record import events
from tests.launch.conftest import Started
from tests.sdk.reading import environment, only_run

ARGPARSE = """
import argparse, enum, math, pathlib
class Kind(enum.Enum):
    SMALL = "small"
parser = argparse.ArgumentParser()
parser.add_argument("data", type=pathlib.Path)
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--limit", type=float, default=math.inf)
parser.add_argument("--sizes", type=int, nargs="+", default=[64])
parser.add_argument("--kind", type=Kind, default=Kind.SMALL)
parser.add_argument("--nesterov", action="store_true")
parser.add_argument("--api-key")
parser.set_defaults(run=print)
other = argparse.ArgumentParser()
other.add_argument("--other")
other.parse_args(["--other", "1"])
parser.parse_args()
"""
CLICK = """
import click
@click.group()
@click.option("--verbose/--quiet", default=True)
def main(verbose): pass
@main.command()
@click.argument("data")
@click.option("--lr", default=0.1)
@click.option("--depth", type=int)
@click.option("--tag", multiple=True)
@click.option("--password", default="")
def train(**options): pass
main()
"""
TYPER = """
import enum, typer
class Kind(str, enum.Enum):
    small = "small"
app = typer.Typer()
@app.command()
def main(data: str, lr: float = 0.1, sizes: list[int] = [64], kind: Kind = Kind.small,
         nesterov: bool = False):
    print(lr, kind)
app()
"""
ABSL = """
from absl import app, flags, logging
FLAGS = flags.FLAGS
flags.DEFINE_float("lr", 0.1, "")
flags.DEFINE_list("sizes", ["64"], "")
flags.DEFINE_enum("kind", "small", ["small", "large"], "")
flags.DEFINE_bool("nesterov", False, "")
def main(argv): print(FLAGS.lr)
app.run(main)
"""
FIRE = """
import fire
class Trainer:
    def __init__(self, depth=18): self.depth = depth
    def train(self, data, lr=0.1, *, sizes=(64,)): print(lr, sizes)
fire.Fire(Trainer)
"""
HYDRA = """
import hydra
from omegaconf import DictConfig
@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(config: DictConfig): print(config.optimizer.lr)
main()
"""
HYDRA_CONFIG = """
data: ???
name: ${optimizer.kind}-${optimizer.lr}
optimizer: {kind: adam, lr: 0.1}
sizes: [64, 32]
db: {password: hunter2}
hydra: {output_subdir: null, run: {dir: .}, job_logging: {root: {level: INFO, handlers: []}}}
"""
OMEGACONF = """
from omegaconf import OmegaConf
print(OmegaConf.merge(OmegaConf.create({"lr": 0.1}), OmegaConf.from_cli()))
"""

CASES: dict[str, tuple[str, list[str], dict[str, Any]]] = {
    "argparse": (
        ARGPARSE,
        ["digits.csv", "--lr", "0.5", "--sizes", "8", "9", "--api-key", "hunter2"],
        {
            "data": "digits.csv", "lr": 0.5, "limit": {"float": "Infinity"}, "sizes": [8, 9],
            "kind": "small", "nesterov": False, "api_key": "[redacted]",
        },
    ),
    "click": (
        CLICK,
        ["--quiet", "train", "digits.csv", "--depth", "18", "--tag", "a", "--password", "hunter2"],
        {
            "verbose": False, "data": "digits.csv", "lr": 0.1, "depth": 18, "tag": ["a"],
            "password": "[redacted]",
        },
    ),
    "typer": (
        TYPER,
        ["digits.csv", "--lr", "0.5", "--sizes", "8", "--sizes", "9"],
        {"data": "digits.csv", "lr": 0.5, "sizes": [8, 9], "kind": "small", "nesterov": False},
    ),
    "absl": (
        ABSL,
        ["--lr=0.5", "--sizes=8,9", "--nesterov"],
        {"lr": 0.5, "sizes": ["8", "9"], "kind": "small", "nesterov": True},
    ),
    "fire": (
        FIRE,
        ["--depth", "50", "train", "digits.csv", "--lr", "0.5"],
        {"depth": 50, "data": "digits.csv", "lr": 0.5, "sizes": [64]},
    ),
    "hydra": (
        HYDRA,
        ["data=digits.csv", "optimizer.lr=0.5"],
        {
            "data": "digits.csv", "name": "adam-0.5", "optimizer/kind": "adam",
            "optimizer/lr": 0.5, "sizes": [64, 32], "db/password": "[redacted]",
        },
    ),
    "omegaconf": (OMEGACONF, ["lr=0.5", "model.depth=18"], {"lr": 0.5, "model/depth": 18}),
}  # fmt: skip


def params(lab: Path) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for event in only_run(lab).of(events.Params):
        values |= event.values
    return values


def write(lab: Path, text: str) -> str:
    (lab.parent / "conf").mkdir(exist_ok=True)
    (lab.parent / "conf" / "config.yaml").write_text(HYDRA_CONFIG)
    (lab.parent / "train.py").write_text(text)
    return "train.py"


@pytest.mark.parametrize("library", CASES)
def test_options_are_params(lab: Path, peira_run: Started, library: str) -> None:
    """Whatever library reads them, as the program sees them, and nothing else of the library's."""
    text, words, expected = CASES[library]
    done = peira_run(write(lab, text), *words)
    assert done.returncode == 0, done.stderr
    assert params(lab) == expected
    assert b"hunter2" not in b"".join(p.read_bytes() for p in lab.rglob("*") if p.is_file())


@pytest.mark.parametrize("library", ["argparse", "click", "fire"])
def test_the_program_is_not_changed(lab: Path, peira_run: Started, library: str) -> None:
    """What a library says of a wrong option is what it always says."""
    program = write(lab, CASES[library][0])
    plain = subprocess.run(
        [sys.executable, program, "--no-such-option"], cwd=lab.parent, env=environment(lab),
        capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    done = peira_run(program, "--no-such-option", env={"PEIRA_QUIET": "1"})
    assert (done.returncode, done.stdout, done.stderr) == (
        plain.returncode, plain.stdout, plain.stderr,
    )  # fmt: skip


def test_other_programs_options_are_none(lab: Path, peira_run: Started) -> None:
    """What the script starts besides has options of its own; only the script's are params."""
    program = write(
        lab,
        "import argparse, subprocess, sys\nparser = argparse.ArgumentParser()\n"
        "parser.add_argument('--lr', type=float)\nparser.add_argument('--tool')\n"
        "found = parser.parse_args()\n"
        "if not found.tool: subprocess.run([sys.executable, 'tool.py', '--tool', 'x'])\n",
    )
    (lab.parent / "tool.py").write_text((lab.parent / program).read_text())
    peira_run(program, "--lr", "0.5")
    assert params(lab) == {"lr": 0.5, "tool": None}


def test_options_below_a_shell_script(lab: Path, peira_run: Started) -> None:
    """Under a program of another language, the first Python below it is the program."""
    write(lab, CASES["argparse"][0])
    (lab.parent / "train.sh").write_text(f"{sys.executable} train.py digits.csv --lr 0.25\n")
    (lab.parent / "train.sh").chmod(0o755)
    peira_run("./train.sh")
    assert params(lab)["lr"] == 0.25
