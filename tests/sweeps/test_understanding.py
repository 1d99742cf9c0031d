"""`peira importance`, `peira sweep narrow`, `confirm`, `compare` and `import`, as processes."""

from __future__ import annotations

import json

import optuna

from tests.sweeps.conftest import CommandLine

PROGRAM = """
import argparse, random
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--kernel_size", type=int)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
noise = random.Random(args.seed).gauss(0, 0.01)
print(f"loss: {abs(args.kernel_size - 5) + args.lr + noise}")
"""


def test_from_a_sweep_to_what_it_says(peira_cli: CommandLine) -> None:
    """A sweep, its sentence, importance, the narrower space, the confirmation, the comparison."""
    (peira_cli.lab.parent / "train.py").write_text(PROGRAM)
    begun = peira_cli(
        "sweep", "train.py", "lr=0.1,0.2,0.3,0.4,0.5,0.6", "kernel_size=3,5,7", "--minimize",
        "loss", "--sampler", "grid", "--name", "first", "-j", "2",
    )  # fmt: skip
    assert begun.returncode == 0, begun.stderr
    assert "kernel_size 5 is in 5 of the best 5 of 18 runs (6 in all)." in begun.stdout

    told = json.loads(peira_cli("importance", "first", "--json").stdout)
    assert told["params"][0]["name"] == "kernel_size" and told["runs"] == 18
    assert told["finding"]["findings"][0]["value"] == 5
    other = json.loads(peira_cli("importance", "first", "-m", "loss", "--max", "--json").stdout)
    assert (other["sweep"], other["metric"]) == (told["sweep"], "loss.max")
    assert other["runs"] == 18 and other["finding"]["findings"] != told["finding"]["findings"]
    worst = json.loads(peira_cli("importance", "first", "--max", "--json").stdout)
    assert worst["direction"] == "max" and worst["metric"] == "loss"
    runs = peira_cli("importance", "-m", "loss", "--min").stdout
    assert "kernel_size" in runs and "the best 5 against all" in runs

    narrowed = json.loads(peira_cli("sweep", "narrow", "first", "--share", "0.1", "--json").stdout)
    assert narrowed["best"] == 5
    assert narrowed["command"].startswith("peira sweep ") and "kernel_size=" in narrowed["command"]
    region = peira_cli("sweep", "narrow", "first", "kernel_size = 5 and lr < 0.25").stdout
    assert "lr=0.1,0.2 kernel_size=5 --minimize loss" in region

    confirmed = peira_cli("sweep", "confirm", "first", "-k", "3", "-j", "2", "--json")
    assert confirmed.returncode == 0, confirmed.stderr
    found = json.loads(confirmed.stdout)["winner"]["confirmed"][0]
    assert len(found["values"]) == 3 and len(set(found["values"])) == 3  # three seeds
    assert abs(found["mean"] - 0.1) < 0.05 and found["low"] < found["mean"] < found["high"]
    shown = peira_cli("sweep", "show", "first").stdout
    assert "corrected  no: no trial kept per-sample results" in shown
    assert "over 3 runs on fresh seeds of trial" in shown

    compared = peira_cli("sweep", "compare", "first", "first-confirm").stdout
    assert "expected best of 3" in compared and "The tuning budgets differ: 3 to 18" in compared


def test_a_study_of_optuna_is_imported(peira_cli: CommandLine) -> None:
    """From a file, once; what cannot be read is told."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    url = f"sqlite:///{peira_cli.lab.parent}/study.db"
    study = optuna.create_study(storage=url, study_name="old")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    assert "old: 3 trials, 3 of them new" in peira_cli("sweep", "import", "study.db").stdout
    again = json.loads(peira_cli("sweep", "import", url, "--json").stdout)
    assert again["sweeps"][0]["new"] == 0
    assert "old" in peira_cli("sweep", "ls").stdout
    missing = peira_cli("sweep", "import", "nothing.db")
    assert missing.returncode != 0 and "There is no file nothing.db" in missing.stderr
