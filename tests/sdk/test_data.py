"""Data under version from a program: use, derive, evaluate, and a sealed hold-out."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import peira
from peira.cli.data.diff import score_lines
from peira.core.errors import NotFoundError, UsageError
from peira.data import openers, sealed, splits
from peira.data.catalog import Catalog
from peira.data.dataset import open_dataset
from peira.data.diff import compare
from peira.data.splits import Recipe
from peira.evaluate import ledger, samples
from peira.evaluate.price import prices
from peira.lab.lab import Lab
from peira.record import events
from tests.sdk.reading import read_run


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PEIRA_LAB", str(tmp_path / ".peira"))
    monkeypatch.setenv("PEIRA_STRICT", "1")
    monkeypatch.setenv("PEIRA_LEAVE_OUT", "code,packages,sources,inputs")
    return tmp_path / ".peira"


def recorded(run: peira.Run, kind: type[Any]) -> list[Any]:
    assert run.folder is not None
    from peira.record.folder import RunFolder

    return read_run(RunFolder(run.folder)).of(kind)


def divided(root: Path) -> None:
    """Put the digits under version with a stratified split."""
    peira.dataset("digits", load_digits())
    shares = {"train": 0.6, "dev": 0.2, "test": 0.2}
    splits.make(open_dataset(root, "digits"), "main", Recipe(kind="stratified", shares=shares))


def test_the_same_data_are_one_version(root: Path) -> None:
    """A script that puts its data under version each time it runs makes one version."""
    for _ in range(2):
        run = peira.init("story")
        assert run.dataset("digits", load_digits()).ref == "digits:v1"
        run.finish()
    (used,) = recorded(run, events.Artifact)
    assert (used.name, used.role, used.type) == ("digits:v1", "used", "dataset")


def test_a_run_evaluates_on_a_part_of_its_split(root: Path) -> None:
    """Labels and ids come from the version; every example is kept; metrics are in the run."""
    divided(root)
    with peira.init("story") as run:
        train, dev = run.use("digits:train"), run.use("digits:main/dev")
        model = LogisticRegression(max_iter=200).fit(train.X / 16, train.y)
        metrics = run.evaluate("dev", scores=model.predict_proba(dev.X / 16))
    assert metrics["accuracy"] > 0.9
    (event,) = recorded(run, events.Evaluation)
    assert event.rows == len(dev) and event.split == "main/dev" and event.dataset == "digits:v1"
    kept = samples.read(dev.objects, event.samples)
    assert kept["id"].tolist() == [id.decode() for id in dev.ids.tolist()]
    assert kept["correct"].astype(bool).mean() == metrics["accuracy"]
    with peira.Lab(root) as lab:
        assert lab.run(run.id).metrics["dev/accuracy"].last == metrics["accuracy"]


def test_an_evaluation_without_data_under_version(root: Path) -> None:
    """Arrays are enough: examples are numbered, and what was shown to the model is kept."""
    with peira.init("story") as run:
        pictures = np.zeros((3, 8, 8), dtype=np.uint8)
        metrics = run.evaluate("val", [0, 1, 1], [0, 1, 0], samples=pictures, step=7)
    assert metrics["accuracy"] == pytest.approx(2 / 3)
    (event,) = recorded(run, events.Evaluation)
    assert event.inputs is not None and event.step == 7 and event.dataset is None


def test_a_part_is_of_the_split_that_the_run_used(root: Path) -> None:
    """With several splits, `dev` means that of the one from which the run learned."""
    divided(root)
    splits.make(open_dataset(root, "digits"), "late", Recipe(shares={"train": 0.9, "dev": 0.1}))
    with peira.init("story") as run:
        run.use("digits:late/train")
        run.evaluate("dev", y_pred=run.use("digits:late/dev").y)
    with peira.init("story") as other:
        other.use("digits:train")
        other.evaluate("dev", y_pred=other.use("digits:dev").y)
    places = [one.split for each in (run, other) for one in recorded(each, events.Evaluation)]
    assert places == ["late/dev", "main/dev"]


@pytest.mark.parametrize(
    ("name", "true", "options", "told"),
    [
        ("dev", [0, 1], {"slices": ["hospital"]}, "slices= is a list"),
        ("dev", [0, 1], {"slices": {"hospital": ["a"]}}, "1 values of 'hospital' for 2 examples"),
        ("dev", [0, 1], {"slices": {"loss": ["a", "b"]}}, "cannot be called 'loss'"),
        ("dev", [0, 1], {"samples": [1, 2, 3]}, "3 values of 'samples' for 2 examples"),
        ("dev", [], {}, "no examples"),
        ("", [0, 1], {}, "wants a name"),
    ],
)
def test_what_does_not_fit_is_told_with_the_evaluation(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    name: str,
    true: list[int],
    options: dict[str, Any],
    told: str,
) -> None:
    """Training goes on: each metric is NaN then, and the reason is told for each evaluation."""
    monkeypatch.setenv("PEIRA_STRICT", "0")
    with peira.init("story") as run:
        found = run.evaluate(name, true, true, **options)
        assert np.isnan(found["accuracy"]) and found == {}
    said = capfd.readouterr().err
    assert told in said and f"not recorded: evaluate({name!r}): " in said
    assert recorded(run, events.Evaluation) == []


def test_derived_versions_keep_the_split(root: Path) -> None:
    """A transform records parent, code and parameters, and its rows are in the same parts."""
    divided(root)

    @peira.transform
    def normalised(digits: Any, scale: float = 16.0) -> dict[str, Any]:
        return {"X": digits.X / scale, "y": digits.y}

    made = normalised("digits:v1", name="digits-normalised", scale=16.0)
    version = made.version
    assert version.parent == "digits:v1" and version.transform is not None
    assert version.transform.params == {"scale": 16.0} and version.transform.code is not None
    assert b"def normalised" in made.objects.read(version.transform.code)
    split = splits.read(root, "digits", "main")
    before = splits.rows_of(split, "test", open_dataset(root, "digits"))
    assert splits.rows_of(split, "test", made).tolist() == before.tolist()
    assert made.X.max() == 1.0 and made.label == "y"
    sealed.seal(root, split, "test")
    with peira.init("story") as run:
        train, test = run.use("digits-normalised:train"), run.use("digits-normalised:test")
        whole = run.use("digits-normalised")
    assert len(train.y) == split.parts["train"].rows and "y" not in test.columns
    assert len(whole) == len(made) - len(test)


def test_a_hold_out_answers_by_a_word(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """No number of a sealed part is shown, returned or logged; a claim is a look."""
    divided(root)
    split = splits.read(root, "digits", "main")
    sealed.seal(root, split, "test")
    with peira.init("story") as run:
        train, test = run.use("digits:train"), run.use("digits:test")
        model = LogisticRegression(max_iter=200).fit(train.X / 16, train.y)
        nothing = run.evaluate("test", scores=model.predict_proba(test.X / 16))
        told = run.evaluate("test", y_pred=model.predict(test.X / 16), claim=0.8, why="goal")
    assert nothing == {} and told["word"] == "supported" and told["look"] == 1
    assert "accuracy" not in told
    first, second = recorded(run, events.Evaluation)
    assert first.look is None and second.look == 1 and second.samples is second.scores is None
    with peira.Lab(root) as lab:
        assert "test/accuracy" not in lab.run(run.id).metrics
    (look,) = ledger.looks(root, split, "test")
    assert look.claim.why == "goal" and look.claim.runs == [run.id]
    printed = capfd.readouterr().err
    assert "sealed hold-out" in printed and "0.8: supported" in printed


def test_missing_data_end_the_program(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strict or not, a data set that is not there is an error: nothing could be computed."""
    monkeypatch.setenv("PEIRA_STRICT", "0")
    with peira.init("story") as run, pytest.raises(NotFoundError, match="no data set `digitz`"):
        run.use("digitz")


def test_a_transform_inside_a_run_is_in_its_lineage(root: Path) -> None:
    """The run used the parent and made the version: data, run, data."""
    peira.dataset("d", {"x": np.arange(10.0)})

    @peira.transform
    def doubled(data: peira.data.dataset.Dataset) -> dict[str, np.ndarray]:
        return {"x": data["x"] * 2}

    with peira.init("p", name="maker") as run:
        made = doubled("d:v1", name="twice")
    assert made.version.run == run.id
    with Lab(root) as lab:
        found = lab.lineage(run.id)
        names = {node.id: node.name for node in found.nodes}
        told = {(names[edge.source], names[edge.target]) for edge in found.edges}
    assert ("d:v1", "maker") in told and ("maker", "twice:v1") in told


def test_answers_may_come_in_another_order(root: Path) -> None:
    """With `ids` each answer is of the row it names; other ids than those of the part are refused,
    and so is an option that nobody reads.
    """
    divided(root)
    with peira.init("story") as run:
        dev = run.use("digits:dev")
        order = np.random.default_rng(0).permutation(len(dev))
        for name in ("dev", "digits:dev", "digits:v1:main/dev"):
            told = run.evaluate(name, y_pred=dev.y[order], ids=dev.ids[order])
            assert told["accuracy"] == 1.0
        for ids in (dev.ids[:-1], dev.ids[[0] * len(dev)], np.array(["x"] * len(dev))):
            with pytest.raises(UsageError, match="not those of main/dev"):
                run.evaluate("dev", y_pred=dev.y[: len(ids)], ids=ids)
        with pytest.raises(UsageError, match="no option sample_weight"):
            run.evaluate("dev", y_pred=dev.y, sample_weight=dev.y)  # type: ignore[call-arg]
    assert {event.split for event in recorded(run, events.Evaluation)} == {"main/dev"}


def test_a_hold_out_is_judged_by_its_own_labels(
    root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nobody brings true values to a sealed part: they would make any answer right."""
    divided(root)
    sealed.seal(root, splits.read(root, "digits", "main"), "test")
    with peira.init("story") as run:
        wrong = np.zeros(len(run.use("digits:test")), dtype=int)
        with pytest.raises(UsageError, match="its true values are its own"):
            run.evaluate("test", y_true=wrong, y_pred=wrong, claim=0.9)
        for options in ({"classes": [77]}, {"task": "binary"}):
            with pytest.raises(UsageError, match="do not fit the sealed part") as caught:
                run.evaluate("test", y_pred=wrong, **options)
            assert caught.value.__suppress_context__ and "[" not in str(caught.value)
        assert run.evaluate("test", y_pred=wrong, claim=0.9)["word"] == "refuted"
        assert len(run.dataset("digits", load_digits())) < 1_797
    assert len(ledger.looks(root, splits.read(root, "digits", "main"), "test")) == 1
    assert "learn from what dataset() returns" in capfd.readouterr().err.replace("\n", " ")


def test_a_path_is_put_under_version(root: Path, tmp_path: Path) -> None:
    """A folder or a file, as `peira data add` does it; one that is not there ends the program."""
    (tmp_path / "train.csv").write_text("x,price\n1,2\n")
    found = peira.dataset("sales", tmp_path / "train.csv", label="price")
    assert found.label == "price" and found.version.source == str(tmp_path / "train.csv")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.bin").write_bytes(b"a")
    assert (peira.dataset("files", str(tmp_path / "folder")).path() / "a.bin").is_file()
    with pytest.raises(NotFoundError, match="nothing to add"):
        peira.dataset("sales", "nowhere")


@pytest.mark.parametrize("keeps_labels", [True, False])
def test_rows_that_come_out_in_another_order_are_noticed(root: Path, keeps_labels: bool) -> None:
    """They would keep the ids of others, and be on the wrong side of each split."""
    divided(root)
    order = np.random.default_rng(0).permutation(1_797)

    @peira.transform
    def shuffled(digits: Any) -> dict[str, Any]:
        x = digits.X[order] * (1 if keeps_labels else 2)
        return {"X": x, "y": digits.y[order]}

    with pytest.raises(UsageError, match="rows in another order"):
        shuffled("digits")
    made = shuffled("digits", name="new", keeps_rows=False)
    parent = set(open_dataset(root, "digits").ids.tolist())
    assert (set(made.ids.tolist()) == parent) is keeps_labels
    assert shuffled("digits", name="same", keeps_rows=True).ids[0] in parent

    @peira.transform
    def corrected(digits: Any) -> dict[str, Any]:
        y = digits.y.copy()
        y[[0, 1]] = y[[1, 0]]
        return {"X": digits.X, "y": y}

    assert set(corrected("digits").ids.tolist()) == parent


def test_the_same_recipe_on_two_versions(root: Path) -> None:
    """Seeds, and the param that names the version, make no other recipe; another program, a run
    that failed, and one that used both do not count."""
    for rows in (10, 20):
        peira.dataset("d", {"x": np.arange(rows), "y": np.arange(rows) % 2})

    def train(ref: str, score: float, project: str = "p", *also: str, fails: bool = False) -> None:
        with (
            suppress(ZeroDivisionError),
            peira.init(
                project,
                params={"data": ref, "lr": 0.1, "seed": score},
                console=False,
                monitor=False,
            ) as run,
        ):
            for used in (ref, *also):
                run.use(used)
            run.log({"accuracy": score})
            _ = 1 / (not fails)

    for ref, score in (("d:v1", 0.5), ("d:v1", 0.7), ("d:v2", 0.8)):
        train(ref, score)
    train("d:v2", 0.0, "other")
    train("d:v2", 0.0, fails=True)
    train("d:v2", 0.0, "p", "d:v1")
    with Lab(root) as lab:
        lab.catch_up()
        left, right = open_dataset(root, "d:v1"), open_dataset(root, "d:v2")
        (found,) = [s for s in compare(left, right, lab).scores if s.metric == "accuracy"]
    assert found.before == pytest.approx(0.6) and found.after == 0.8
    assert (len(found.runs_before), len(found.runs_after)) == (2, 1)
    assert found.params == {"lr": 0.1} and not found.code_differs


def test_a_param_with_the_alias_of_its_version_makes_no_other_recipe(root: Path) -> None:
    """`version=raw` on the one and `version=clean` on the other is what is compared; a param that
    is 1 in all runs on v1 and 2 in all on v2 is not. Numbers of other examples are marked.
    """
    for rows, alias in ((40, "raw"), (60, "clean")):
        peira.dataset("d", {"x": np.arange(rows), "y": np.arange(rows) % 2})
        Catalog(root).set_alias(Catalog(root).find("d"), alias)

    def train(alias: str, **params: Any) -> None:
        given = {"version": alias, **params}
        with peira.init("p", params=given, console=False, monitor=False) as run:
            data = run.use(f"d:{alias}")
            run.evaluate("dev", data.y, y_pred=data.y)
            run.log({"loss": 0.5})

    train("raw")
    train("clean")
    left, right = open_dataset(root, "d:v1"), open_dataset(root, "d:v2")
    with Lab(root) as lab:
        lab.catch_up()
        told = compare(left, right, lab)
        scores = {score.metric: score for score in told.scores}
        assert told.runs == (1, 1) and scores["loss"].incomparable == ""
        marked = scores["dev/accuracy"].incomparable
        assert "a: 40 examples" in marked and "b: 60 examples" in marked
        (said,) = [line for line in score_lines(told) if "a: 40 examples" in line]
        assert said.startswith("  dev/accuracy, ") and said.endswith(marked)
        run = lab.run(scores["loss"].runs_before[0])
        assert scores["loss"].params == {} and run.params == {"version": "raw"}
    train("raw", depth=1)
    train("clean", depth=2)
    with Lab(root) as lab:
        lab.catch_up()
        found = {tuple(score.params.items()) for score in compare(left, right, lab).scores}
        assert found == {()}


def test_hold_outs_of_several_labels_and_texts(root: Path) -> None:
    """An answer is right when all labels are, or the text is; several numbers
    are refused; the same predictions three times are no recipe.
    """
    texts = np.array([f"word {n % 7}" for n in range(400)], dtype=object)
    tags = np.stack([np.arange(400) % 2, np.arange(400) % 3 == 0], axis=1).astype(int)
    for name, label in (("texts", texts), ("tags", tags)):
        peira.dataset(name, {"X": np.arange(400.0), "y": label})
        split = splits.make(open_dataset(root, name), "main", Recipe(shares={"a": 0.5, "b": 0.5}))
        sealed.seal(root, split, "b")
    with peira.init("p") as run:
        rows = run.use("texts:b").X.astype(int)
        given = [f" word {n % 7}" for n in rows]
        assert run.evaluate("b", y_pred=given, task="text", claim=0.9)["word"] == "supported"
    runs = []
    for _ in range(3):
        with peira.init("p") as run:
            rows = run.use("tags:b").X.astype(int)
            wrong = np.stack([rows % 2, rows % 3 != 0], axis=1).astype(int)
            with pytest.raises(UsageError, match="regression has neither"):
                run.evaluate("b", y_pred=wrong, task="regression")
            assert run.evaluate("b", y_pred=wrong) == {}
            assert run.evaluate("b", y_pred=wrong, claim=0.5)["word"] == "refuted"
            runs.append(run.id)
    split = splits.read(root, "tags", "main")
    with pytest.raises(UsageError, match="predicted exactly the same"):
        ledger.look(root, split, "b", ledger.Claim(threshold=0.5, runs=runs))
    runs = []
    for seed in range(3):  # they agree on every sample, and are three models
        with peira.init("p") as run:
            rows = run.use("tags:b").X.astype(int)
            right = np.stack([rows % 2, rows % 3 == 0], axis=1)
            run.evaluate("b", scores=np.clip(right - seed / 10, 0, 1))
            runs.append(run.id)
    found = ledger.look(root, split, "b", ledger.Claim(threshold=0.5, runs=runs))
    assert (found.word, found.scope) == ("supported", "recipe")


def test_who_had_the_rows_before_they_were_sealed_is_told(root: Path) -> None:
    """A run that used the whole version, or a part with such rows, had their labels; one that used
    other rows, or came later, had not.
    """
    divided(root)
    for name, ref in (("whole", "digits"), ("part", "digits:test"), ("other", "digits:train")):
        with peira.init("story", name=name) as run:
            run.use(ref)
    split = splits.read(root, "digits", "main")
    sealed.seal(root, split, "test")
    with peira.init("story", name="later") as run:
        run.use("digits")
        run.evaluate("test", y_pred=np.zeros(len(run.use("digits:test")), dtype=int))
    with Lab(root) as lab:
        lab.catch_up()
        found = openers.opened_by(lab, openers.source_of(lab, split))
        costs = {r.name: prices(lab, r.id, r.evaluations()) for r in lab.runs(limit=None)}
    assert [(one.name, one.path) for one in found] == [
        ("whole", "digits:v1"),
        ("part", "digits:v1:main/test"),
    ]
    assert "opened" not in costs["later"]["test"].text


def test_a_part_is_of_the_version_that_was_used_as_it(root: Path) -> None:
    """Who learns from another version, whose rows stand in another order, is evaluated on the rows
    that were used, not on those of the version that was used last.
    """
    divided(root)
    data, order = load_digits(), np.random.default_rng(0).permutation(1_797)
    peira.dataset("digits", {"X": data.data[order], "y": data.target[order]}, label="y")
    with peira.init("story") as run:
        dev = run.use("digits:v1:main/dev")
        run.use("digits:v2:main/train")
        assert run.evaluate("dev", y_pred=dev.y)["accuracy"] == 1.0
    assert {one.dataset for one in recorded(run, events.Evaluation)} == {"digits:v1"}


def test_a_failed_evaluation_is_an_empty_one(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Training does not die of reading a metric that could not be computed."""
    monkeypatch.setenv("PEIRA_STRICT", "0")
    with peira.init("story") as run:
        told = run.evaluate("val", [0, 1], scores=[0.1, float("nan")])
    assert told == {} and not recorded(run, events.Evaluation)
