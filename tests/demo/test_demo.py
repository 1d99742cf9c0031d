"""The demo: real data, real training, a diverging run that is shown as such."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from peira.core.errors import LabError
from peira.data import sealed, splits
from peira.data.catalog import Catalog
from peira.data.dataset import open_dataset
from peira.demo import PROJECT, Progress, Trial, run_demo, trials
from peira.demo.digits import prepare
from peira.demo.experiment import Result
from peira.demo.holdout import claims
from peira.demo.pictures import confusion_picture, enlarged, sheet
from peira.demo.plan import DIVERGING, PEOPLE
from peira.demo.step import brier, cross_entropy
from peira.lab.lab import Lab

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "first_run.py"
SMALL = [
    Trial(model="neighbours", version="normalised", seed=1),
    Trial(model=DIVERGING, version="baseline", seed=1),
    Trial(model="neighbours", version="zero-pixels-removed", seed=2),
]


@pytest.fixture(scope="module")
def lab(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Lab, list[Progress], list[int]]]:
    """A lab with three real trials, what was told while they ran, and when a look was worth it."""
    root = tmp_path_factory.mktemp("demo") / ".peira"
    told: list[Progress] = []
    looks: list[int] = []
    run_demo(
        root,
        plan=SMALL,
        on_progress=told.append,
        on_worth_a_look=lambda: looks.append(told[-1].finished),
    )
    with Lab(root) as lab:
        lab.catch_up()
        yield lab, told, looks


def test_the_plan_is_four_families_three_versions_three_seeds() -> None:
    """37 trials of three people, one of them diverging, all names different."""
    plan = trials()
    assert len(plan) == len({t.name for t in plan}) == 37
    assert {t.person for t in plan} == set(PEOPLE.values()) == {"ada", "grace", "alan"}
    assert sum(t.model == DIVERGING for t in plan) == 1


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lab with the three versions and nothing else."""
    root = tmp_path_factory.mktemp("data") / ".peira"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEIRA_USER", "somebody")
        prepare(root)
        prepare(root)
    return root


def test_three_versions_have_three_owners_and_one_split(prepared: Path) -> None:
    """Prepared twice they are three all the same; each is made from the baseline by its owner."""
    found = [open_dataset(prepared, f"digits:v{n}").version for n in (1, 2, 3)]
    assert [version.by for version in found] == ["ada", "grace", "alan"]
    assert [version.parent for version in found] == [None, "digits:v1", "digits:v1"]
    split = splits.read(prepared, "digits", "main")
    assert sealed.seal_of(prepared, split, "test") is not None
    assert len(list(Catalog(prepared).versions("digits"))) == 3


def test_the_versions_are_what_they_say(prepared: Path) -> None:
    """What is removed or normalised was learned from the training images alone."""
    removed = open_dataset(prepared, "digits:zero-pixels-removed").take("train").X
    assert (removed.max(axis=0) > removed.min(axis=0)).all() and removed.shape[1] < 64
    spread = open_dataset(prepared, "digits:normalised").take("train").X.std(axis=0)
    assert np.all(np.isclose(spread, 0) | np.isclose(spread, 1))
    whole = open_dataset(prepared, "digits:normalised").X.std(axis=0)
    assert not np.all(np.isclose(whole, 0) | np.isclose(whole, 1))


def test_a_recipe_of_three_seeds_is_claimed_by_its_person() -> None:
    """The best recipe of each person is held against the goal, the best of all promises less; a
    recipe of two seeds claims nothing.
    """

    def results(family: str, accuracy: float, seeds: int) -> list[Result]:
        return [
            Result(
                run=f"{family}-{seed}",
                trial=Trial(model=family, version="baseline", seed=seed),
                val_accuracy=accuracy,
            )
            for seed in range(seeds)
        ]

    known = results("svm", 0.99, 3) + results("neighbours", 0.98, 3) + results("network", 0.97, 3)
    found = claims([*known, *results("boosting", 1.0, 2)])
    assert sorted((one.person, one.threshold) for one in found) == [
        ("ada", 0.975), ("alan", 0.95), ("alan", 0.975),
    ]  # fmt: skip
    assert all(run.startswith("svm") for one in found if one.person == "alan" for run in one.runs)


def test_every_run_is_recorded_with_its_person(
    lab: tuple[Lab, list[Progress], list[int]],
) -> None:
    """Runs end as they ended, under who ran them, with metrics that came from training."""
    runs = {run.name: run for run in lab[0].runs("", project=PROJECT)}
    assert {name: run.state for name, run in runs.items()} == {
        "neighbours-normalised-1": "finished",
        "neighbours-zero-pixels-removed-2": "finished",
        f"{DIVERGING}-baseline-1": "failed",
    }
    assert {run.user for run in runs.values()} == {"ada", "alan"}
    assert 0.9 < runs["neighbours-normalised-1"].metrics["val/accuracy"].last < 1
    assert not any(key.startswith("test/") for run in runs.values() for key in run.metrics)
    loss = lab[0].series(runs[f"{DIVERGING}-baseline-1"].id, "train/loss").values
    assert np.isnan(loss[-1]) and np.isfinite(loss[:-1]).all()


def test_people_decide_in_their_own_names(lab: tuple[Lab, list[Progress], list[int]]) -> None:
    """The goal, the candidate and the note of the diverged run are decisions of three people."""
    history = lab[0].journal.history()
    assert {decision.by for decision in history} == {"ada", "alan", "grace"}
    assert lab[0].journal.standing("goal")[PROJECT].value["metric"] == "val/accuracy"


def test_progress_goes_to_its_end(lab: tuple[Lab, list[Progress], list[int]]) -> None:
    """The bar ends full, and the dashboard is opened once, before the last run ended."""
    _, told, looks = lab
    assert told[-1].done == told[-1].total == 3
    assert looks == [2]


def test_a_worker_that_dies_is_told(tmp_path: Path) -> None:
    """The error holds the last words of the worker; nothing hangs."""
    with pytest.raises(LabError, match="odd"):
        run_demo(tmp_path / ".peira", plan=[Trial(model="svm", version="odd", seed=1)])


def test_pictures_show_their_numbers() -> None:
    """Sizes fit, dark is ink, zero weight is mid-grey."""
    assert enlarged(np.full((8, 8), 16.0)).max() == 0
    picture = sheet(np.zeros((5, 8, 8)), columns=3)
    assert picture.shape == (17 * 5, 26 * 5) and np.all(picture == 0.5)
    assert confusion_picture(np.diag(np.arange(10))).size == (374, 374)


def test_losses_are_those_of_the_textbook() -> None:
    """Cross-entropy of a coin is log 2; the Brier score of a sure mistake is 2."""
    labels = np.array([0, 1])
    assert cross_entropy(np.full((2, 2), 0.5), labels) == pytest.approx(np.log(2))
    assert brier(np.array([[0.0, 1.0], [1.0, 0.0]]), labels) == 2.0


def test_the_example_runs_by_itself(tmp_path: Path) -> None:
    """examples/first_run.py trains and leaves a finished run in the working directory's lab."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PEIRA_")}
    subprocess.run([sys.executable, EXAMPLE], cwd=tmp_path, env=environment, check=True)
    with Lab(tmp_path / ".peira") as lab:
        lab.catch_up()
        (run,) = lab.runs("", project="digits")
        assert run.state == "finished" and run.metrics["val/accuracy"].last > 0.9
