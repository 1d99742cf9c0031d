"""Evaluations with and without the samples that are also in training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from peira.cli.app import app
from peira.data import sealed, splits
from peira.data.add import add_table
from peira.data.catalog import Catalog
from peira.data.checks.version import Question, check_version, copies
from peira.data.dataset import Dataset
from peira.data.splits import Recipe
from peira.evaluate.copies import WithoutCopies, of_evaluation, with_evaluations
from peira.evaluate.opened import Opened
from peira.lab.lab import Lab
from peira.record.events import Evaluation
from peira.run import init
from peira.server.routes.evaluations import answer_of

COUNT, COPIES = 600, 300
"""More copies than a finding names."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """600 rows, half of them twice, split by a column: all copies are in `dev` and in `test`, which
    is sealed. One run knows by heart what it has seen, and guesses the rest.
    """
    folder = tmp_path_factory.mktemp("copies")
    random = np.random.default_rng(0)
    x, y = random.standard_normal((COUNT, 4)), random.integers(0, 2, COUNT)
    part = np.repeat(["train", "dev", "test"], [COUNT, COUNT, COPIES]).astype(object)
    fresh = random.standard_normal((COUNT - COPIES, 4))
    columns = {
        "X": np.vstack([x, x[:COPIES], fresh, x[:COPIES]]),
        "y": np.concatenate([y, y[:COPIES], random.integers(0, 2, COUNT - COPIES), y[:COPIES]]),
        "part": part,
    }
    with Lab(folder) as lab:
        version = add_table(lab.root, "leaky", columns).version
        splits.make(Dataset(lab.root, version), "main", Recipe(kind="column", column="part"))
        split = splits.read(lab.root, "leaky", "main")
        sealed.seal(lab.root, split, "test")
        with init("p", name="parrot", lab=folder, console=False, monitor=False) as run:
            dev, test = run.use("leaky:dev"), run.use("leaky:test")
            known = {row.tobytes(): label for row, label in zip(x, y, strict=True)}
            given = np.array([known.get(row.tobytes(), 0) for row in dev.X])
            run.evaluate("dev", y_pred=given)
            numbers = dev.y + np.where(given == dev.y, 0.0, 2.0)
            run.evaluate("amounts", dev.y + 0.5, numbers + 0.5, ids=dev.ids.tolist())
            run.evaluate("test", y_pred=[known[row.tobytes()] for row in test.X])
        lab.catch_up()
        yield lab


def checked(lab: Lab) -> list[Any]:
    version = Catalog(lab.root).find("leaky")
    found = check_version(lab.root, version, Question(split="main", checks=["duplicates"]))
    return with_evaluations(lab, version, found, None)


def evaluation(lab: Lab, name: str) -> Evaluation:
    return next(one for one in lab.run("parrot").evaluations() if one.name == name)


def test_the_metric_is_told_with_and_without_the_copies(made: Lab) -> None:
    """All copies count, also those that the finding does not name; the metric of all rows is the
    one that the evaluation has.
    """
    found = {finding.detail["part"]: finding for finding in checked(made)}
    assert found["dev"].count == COPIES > len(found["dev"].rows)
    (told,) = found["dev"].detail["evaluations"]
    assert (told["name"], told["evaluation"], told["metric"]) == ("parrot", "dev", "accuracy")
    assert told["value"] == evaluation(made, "dev").metrics["accuracy"]
    assert told["copies"] == COPIES and told["rows"] == COUNT
    assert told["without"] == pytest.approx(2 * told["value"] - 1) and told["without"] < 0.6


def test_a_sealed_hold_out_tells_nothing(made: Lab) -> None:
    """Neither number: it would be a look that nobody counts."""
    found = {finding.detail["part"]: finding for finding in checked(made)}
    assert found["test"].count == COPIES and "evaluations" not in found["test"].detail
    assert of_evaluation(made, made.run("parrot"), evaluation(made, "test"), found["test"]) is None


def test_nothing_is_told_before_anybody_has_checked(made: Lab) -> None:
    """An evaluation tells it by itself as soon as the split was checked; what was evaluated on data
    that are under no version never does.
    """
    record, event = made.run("parrot"), evaluation(made, "dev")
    assert of_evaluation(made, record, event) is None
    assert of_evaluation(made, record, evaluation(made, "amounts")) is None
    check_version(made.root, Catalog(made.root).find("leaky"), Question(split="main"))
    told = of_evaluation(made, record, event)
    assert isinstance(told, WithoutCopies) and told.without is not None
    assert told.text == (
        f"300 of 600 samples are also in training: accuracy {told.value:.4g} of all,"
        f" {told.without:.4g} of the other 300"
    )


def test_the_command_says_both_numbers(made: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """All copies are found though a column names the parts: it is no input. The numbers stand below
    the rows, and for programs in the finding's detail; `peira show` says it too."""
    monkeypatch.chdir(made.root.parent)
    done = CliRunner().invoke(app, ["data", "check", "leaky", "--only", "duplicates"])
    assert done.exit_code == 6 and "parrot  dev: accuracy 0.7" in done.output, done.output
    assert "with these rows, 0." in done.output
    check_version(made.root, Catalog(made.root).find("leaky"), Question(split="main"))
    shown = CliRunner().invoke(app, ["show", "parrot"])
    assert "300 of 600 samples are also in training: accuracy 0.7" in shown.output


def test_the_evaluate_screen_is_told(made: Lab) -> None:
    """The answer that it reads has both numbers, and of a sealed hold-out none. The only split need
    not be named when it is checked.
    """
    check_version(made.root, Catalog(made.root).find("leaky"), Question())
    for name, wanted in (("dev", COPIES), ("test", None)):
        opened = Opened(made.objects, evaluation(made, name))
        told = answer_of(made, made.run("parrot"), opened, "label").copies
        assert (told.copies if told else None) == wanted


def test_numbers_have_their_error_without_the_copies(made: Lab) -> None:
    """A regression is told by the root of its mean squared error."""
    (finding,) = [f for f in checked(made) if f.detail["part"] == "dev"]
    event = evaluation(made, "amounts")
    named = evaluation(made, "dev")
    on_data = replace(event, dataset=named.dataset, split=named.split, content=named.content)
    told = of_evaluation(made, made.run("parrot"), on_data, finding)
    assert told is not None and told.metric == "rmse" and told.without is not None
    assert told.value == pytest.approx(event.metrics["rmse"])
    assert told.without == pytest.approx(told.value * 2**0.5)  # copies are without error


def test_folds_have_their_own_copies(tmp_path: Path) -> None:
    """The checks tell of the worst fold; each evaluation is told without the copies of its own."""
    x = np.random.default_rng(0).standard_normal((100, 3))
    columns = {"X": np.vstack([x, x[:30]]), "y": np.arange(130) % 2}
    columns["y"][100:] = columns["y"][:30]
    with Lab(tmp_path) as lab:
        version = add_table(lab.root, "folded", columns).version
        splits.make(Dataset(lab.root, version), "cv", Recipe(kind="folds", count=3))
        with init("p", name="cv", lab=tmp_path, console=False, monitor=False) as run:
            for fold in ("fold-1", "fold-2", "fold-3"):
                part = run.use(f"folded:{fold}")
                run.evaluate(fold, y_pred=np.zeros(len(part), dtype=int))
        lab.catch_up()
        found = check_version(lab.root, version, Question(checks=["duplicates"]))
        (finding,) = with_evaluations(lab, version, found, None)
        told = finding.detail["evaluations"]
        true = copies(lab.root, version, "cv")
    assert {one["evaluation"] for one in told} == {"fold-1", "fold-2", "fold-3"}
    for one in told:
        assert one["copies"] == len(true[one["evaluation"]]) > 0
