"""Which runs `peira holdout look` takes for a recipe."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from peira.cli.app import app
from peira.core.errors import UsageError
from peira.data.add import add_table
from peira.data.dataset import Dataset, open_dataset
from peira.data.deal import deal
from peira.data.splits import Recipe, Split
from peira.data.transform import derive
from peira.evaluate import ledger
from peira.evaluate.recipe import refuse_others
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.run import init

LABELS = np.arange(40) % 2


def halved(dataset: Dataset) -> dict[str, Any]:
    return {"x": dataset["x"] / 2, "y": dataset["y"]}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Runs of one recipe, and others that differ from it in one thing each."""
    folder = tmp_path_factory.mktemp("recipes")
    root = folder / ".peira"
    add_table(root, "d", {"x": np.arange(40.0), "y": LABELS})
    whole = open_dataset(root, "d")
    deal(whole, "main", Recipe(), hold_out="test")
    for seed in (1, 2):
        deal(whole, f"rep-{seed}", Recipe(seed=seed))
    derive(whole, halved, {}, name="d")

    def run(name: str, seed: int, data: str = "d:v1", **params: Any) -> None:
        chosen = {"seed": seed, "family": "svm"} | params
        settings = {"lab": folder, "console": False, "monitor": False}
        with init("p", name=name, params=chosen, **settings) as run:
            part = run.use(f"{data}:main/test")
            run.evaluate("main/test", y_pred=(np.arange(len(part)) + seed) % 2)

    for seed in (1, 2, 3):
        run(f"svm-{seed}", seed)
    run("again", 3)
    run("forest", 4, family="forest")
    run("other-data", 5, data="d:v2")
    for seed in (6, 7):
        run(f"drawn-{seed}", seed, train=f"d:rep-{seed - 5}/train")
    with Lab(folder) as opened:
        yield opened


def runs(lab: Lab, *names: str) -> tuple[list[RunRecord], Split]:
    from peira.data import splits

    return [lab.run(name) for name in names], splits.read(lab.root, "d", "main")


def test_seeds_of_one_recipe_are_taken(lab: Lab) -> None:
    """Also where each has training rows of its own."""
    for names in (("svm-1", "svm-2", "svm-3"), ("drawn-6", "drawn-7")):
        records, split = runs(lab, *names)
        refuse_others(lab, records, split, "test")


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ("forest", "svm-1 and forest differ in the param family, so they are no recipe"),
        ("other-data", "evaluated on two versions of the data"),
        ("again", "svm-3 and again have the same seed: they are one piece of evidence"),
    ],
)
def test_others_are_no_recipe(lab: Lab, other: str, message: str) -> None:
    """Said before a look is spent."""
    records, split = runs(lab, "svm-1", "svm-2", "svm-3", other)
    with pytest.raises(UsageError, match=message):
        refuse_others(lab, records, split, "test")


def test_the_command_spends_no_look_on_others(lab: Lab) -> None:
    """It asks before it looks."""
    place = ["--lab", str(lab.root), "holdout", "look", "d:main/test", "0.1"]
    told = CliRunner().invoke(app, [*place, "svm-1", "svm-2", "forest"])
    assert told.exit_code == 2 and "the param family" in told.output
    assert not ledger.looks(lab.root, runs(lab)[1], "test")
