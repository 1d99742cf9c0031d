"""The hold-out: sealed labels, looks that are counted and priced, answers by words."""

from __future__ import annotations

import functools
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from sklearn.datasets import load_digits

from peira.cli.app import app
from peira.core.errors import NotFoundError, UsageError
from peira.core.ids import new_run_id
from peira.data import openers, sealed, splits
from peira.data.add import add_path, add_table
from peira.data.dataset import Dataset, open_dataset
from peira.data.diff import compare as diff
from peira.data.profile import profile
from peira.data.reference import open_reference, parse
from peira.data.sealed import Seal
from peira.data.splits import Recipe, Split
from peira.data.transform import derive
from peira.evaluate import examples, ledger
from peira.evaluate.ledger import Claim, Facts
from peira.evaluate.price import prices
from peira.lab.journal import user_name
from peira.lab.lab import Lab
from peira.record import events
from peira.record.folder import make_run, write_birth
from peira.record.voice import Voice
from peira.record.writer import Writer
from peira.run import init
from peira.science.levels import spent_level

SHARES = {"train": 0.6, "dev": 0.2, "test": 0.2}


@pytest.fixture
def digits(tmp_path: Path) -> Dataset:
    data = load_digits()
    add_table(tmp_path / ".peira", "digits", {"X": data.data, "y": data.target})
    return open_dataset(tmp_path / ".peira", "digits")


@pytest.fixture
def split(digits: Dataset) -> Split:
    made = splits.make(digits, "main", Recipe(kind="stratified", shares=SHARES))
    sealed.seal(digits.root, made, "test")
    return made


def right(split: Split, share: float, seed: int = 0) -> np.ndarray:
    """Return answers of which exactly this share is right."""
    rows = split.parts["test"].rows
    answers = np.arange(rows) < round(share * rows)
    return np.random.default_rng(seed).permutation(answers)


def test_sealed_rows_are_given_to_nobody(digits: Dataset, split: Split) -> None:
    """The whole version lacks them, their part lacks the labels, other parts are as ever."""
    whole = open_reference(digits.root, "digits")
    assert len(whole) == len(digits) - split.parts["test"].rows == len(whole.X) == len(whole.ids)
    part = open_reference(digits.root, "digits:test")
    assert part.X.shape == (split.parts["test"].rows, 64) and "y" not in part.columns
    with pytest.raises(UsageError, match="sealed"):
        _ = part.y
    assert not set(whole.ids.tolist()) & set(part.ids.tolist())
    assert len(open_reference(digits.root, "digits:main/dev").y) == split.parts["dev"].rows


def test_what_a_text_means(digits: Dataset, split: Split) -> None:
    """Versions, aliases, splits and parts are told apart; near names are suggested."""
    root = digits.root
    assert parse(root, "digits:v1").part == "" and parse(root, "digits:v1:main/dev").part == "dev"
    assert parse(root, "digits:dev").split == split
    with pytest.raises(NotFoundError, match="no version or alias `tset`"):
        parse(root, "digits:tset")
    with pytest.raises(NotFoundError, match=r"the part `nothing`\. There are main/train"):
        parse(root, "digits:v1:nothing")
    splits.make(digits, "other", Recipe(seed=2))
    splits.make(digits, "a", Recipe(seed=3))
    found = parse(root, "digits:test")  # of the first split that was made, whatever is added
    assert found.split == split and parse(root, "digits:other/test").split != split


def test_a_look_answers_by_a_word(digits: Dataset, split: Split) -> None:
    """Far above the claim it is supported, far below refuted, near it undecided; no number."""
    for share, word in ((1.0, "supported"), (0.5, "refuted"), (0.9, "undecided")):
        run = new_run_id()
        ledger.deposit(digits.root, split, "test", run, right(split, share))
        found = ledger.look(digits.root, split, "test", Claim(threshold=0.9, runs=[run], why="try"))
        assert found.word == word and found.scope == "model" and found.claim.why == "try"
    taken = ledger.looks(digits.root, split, "test")
    assert [look.number for look in taken] == [1, 2, 3]
    assert [look.level for look in taken] == [spent_level(n) for n in (1, 2, 3)]
    assert taken[0].half_width < taken[1].half_width < taken[2].half_width


def test_a_recipe_is_judged_by_its_seeds(digits: Dataset, split: Split) -> None:
    """Three runs and more are one look; two are refused, and cost nothing."""
    runs = [new_run_id() for _ in range(5)]
    for seed, run in enumerate(runs):
        ledger.deposit(digits.root, split, "test", run, right(split, 0.99, seed))
    found = ledger.look(digits.root, split, "test", Claim(threshold=0.95, runs=runs))
    assert found.word == "supported" and found.scope == "recipe" and found.number == 1
    with pytest.raises(UsageError, match="not judged by 2 runs"):
        ledger.look(digits.root, split, "test", Claim(threshold=0.95, runs=runs[:2]))
    with pytest.raises(NotFoundError, match="has not been evaluated"):
        ledger.look(digits.root, split, "test", Claim(threshold=0.95, runs=[new_run_id()]))
    assert len(ledger.looks(digits.root, split, "test")) == 1


def test_depositing_is_no_look(digits: Dataset, split: Split) -> None:
    """Evaluating shows nothing and is not counted; a part of the part is refused."""
    run = new_run_id()
    ledger.deposit(digits.root, split, "test", run, right(split, 0.9))
    assert ledger.standing(digits.root, split, "test").left == 10
    with pytest.raises(UsageError, match="Evaluate all of it"):
        ledger.deposit(digits.root, split, "test", run, right(split, 0.9)[:10])
    with pytest.raises(UsageError, match="no sealed hold-out"):
        ledger.deposit(digits.root, split, "dev", run, right(split, 0.9))


def test_looks_at_the_same_time_are_counted_one_by_one(digits: Dataset, split: Split) -> None:
    """No two looks have a number, or a price, in common."""
    run = new_run_id()
    ledger.deposit(digits.root, split, "test", run, right(split, 0.9))

    def one(n: int) -> int:
        claim = Claim(threshold=0.5 + n / 100, runs=[run])
        return ledger.look(digits.root, split, "test", claim).number

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(one, range(8)))
    assert sorted(numbers) == list(range(1, 9))


def test_the_budget_runs_out_and_says_so(digits: Dataset, split: Split) -> None:
    """Looks left count down; the standing says when a new hold-out is due, and looks go on."""
    run = new_run_id()
    ledger.deposit(digits.root, split, "test", run, right(split, 0.9))
    for _ in range(10):
        ledger.look(digits.root, split, "test", Claim(threshold=0.8, runs=[run]))
    found = ledger.standing(digits.root, split, "test")
    assert found.left == 0 and found.is_due and len(found.looks) == 10
    assert found.width == pytest.approx(3.36 / 1.96, abs=0.02)


def test_who_raised_the_budget_is_told(tmp_path: Path) -> None:
    """`holdout ls`, its JSON and the price on a run say that there are more looks than at first,
    and who wanted that; sealing again with the same budget changes nothing.
    """
    root = tmp_path / ".peira"
    add_table(root, "d", {"X": np.arange(40.0), "y": np.arange(40) % 2}, label="y")
    split = splits.make(open_dataset(root, "d"), "main", Recipe(shares={"train": 0.5, "test": 0.5}))
    command = ["--lab", str(root), "holdout"]
    for options in ([], [], ["--budget", "1000"], ["--budget", "5"]):
        CliRunner().invoke(app, [*command, "seal", "d:test", *options], catch_exceptions=False)
    who = user_name()
    told = CliRunner().invoke(app, [*command, "ls"]).output
    assert f"  budget raised from 10 to 1,000 looks by {who}, " in told
    assert told.index("raised") < told.index(f"lowered from 1,000 to 5 looks by {who}, ")
    (row,) = json.loads(CliRunner().invoke(app, [*command, "ls", "--json"]).output)
    assert [(c["before"], c["after"]) for c in row["budget_changes"]] == [(10, 1000), (1000, 5)]
    with init("p", lab=root, console=False, monitor=False) as run:
        run.evaluate("test", y_pred=np.zeros(len(run.use("d:main/test")), dtype=int))
    with Lab(root) as lab:
        lab.catch_up()
        lines = prices(lab, run.id, lab.run(run.id).evaluations())["test"].lines
        assert lines[1] == f"budget raised from 10 to 1,000 looks by {who}"
    sealed.unseal(root, split, "test", "done")
    assert "raised from 10" in CliRunner().invoke(app, [*command, "ls"]).output


def test_strict_looks_cost_more(digits: Dataset) -> None:
    """A hold-out in strict mode pays for every transcript, for as long as anybody looks."""
    made = splits.make(digits, "audit", Recipe(shares=SHARES, seed=9))
    sealed.seal(digits.root, made, "test", Seal(is_strict=True, budget=3))
    run = new_run_id()
    ledger.deposit(digits.root, made, "test", run, right(made, 0.9))
    found = [
        ledger.look(digits.root, made, "test", Claim(threshold=0.8, runs=[run])) for _ in range(2)
    ]
    assert [look.level for look in found] == [spent_level(n, is_strict=True) for n in (1, 2)]
    for runs in (1, 3):  # a level of 1e-20, which a double cannot take from 1
        table = np.repeat(right(made, 0.9)[None], runs, axis=0)
        word, half = ledger._judge(table, 0.8, spent_level(35, is_strict=True))
        assert word == "undecided" and 0 < half < 1
    with pytest.raises(UsageError, match="cannot be taken back"):
        sealed.seal(digits.root, made, "test", Seal(budget=3))


def test_unsealing_is_for_good(digits: Dataset, split: Split) -> None:
    """It wants a reason, opens the labels, and cannot be taken back."""
    with pytest.raises(UsageError, match="wants a reason"):
        sealed.unseal(digits.root, split, "test", " ")
    sealed.unseal(digits.root, split, "test", "the paper is out")
    assert len(open_reference(digits.root, "digits:test").y) == split.parts["test"].rows
    assert len(open_reference(digits.root, "digits")) == len(digits)
    with pytest.raises(UsageError, match="cannot be sealed again"):
        sealed.seal(digits.root, split, "test")


def test_adaptive_looks_do_not_fool_the_ledger() -> None:
    """Fifty looks, each keeping the candidate that was not refuted, at a claim that is exactly the
    truth: in at most 5 % of 300 series any look says "supported".
    """
    rng = np.random.default_rng(5)
    n, truth, false = 1_000, 0.96, 0

    @functools.cache  # of one model the word follows from the number of right answers
    def word_of(right: int, number: int) -> str:
        word, _ = ledger._judge(np.arange(n)[None] < right, truth, spent_level(number))
        return word

    for _ in range(300):
        answers = rng.random(n) < truth
        is_false = False
        for number in range(1, 51):
            if number % 5 == 0:  # another candidate, a little different, equally good
                flip = rng.random(n) < 0.05
                answers = np.where(flip, rng.random(n) < truth, answers)
            is_false |= word_of(int(answers.sum()), number) == "supported"
        false += is_false
    assert false / 300 <= 0.05 + 2 * (0.05 * 0.95 / 300) ** 0.5


def test_a_run_that_opened_the_file_is_told(tmp_path: Path) -> None:
    """A training run whose captured inputs hold the file of sealed rows is named."""
    root = tmp_path / ".peira"
    file = tmp_path / "data.csv"
    file.write_text("x,y\n" + "".join(f"{n},{n % 2}\n" for n in range(40)))
    add_path(root, "d", file)
    dataset = open_dataset(root, "d")
    split = splits.make(dataset, "main", Recipe())
    sealed.seal(root, split, "test")
    (member,) = dataset.files()
    folder = make_run(root)
    birth = events.Birth(format=1, id=folder.id, name="peeker", project="p", created=1.0)
    write_birth(folder, birth)
    writer = Writer(folder, voice=Voice(is_quiet=True), on_rejected=lambda *_: None)
    seen = events.SeenFile(path=str(file), object=member.object, size=member.size)
    writer.record(events.Files(time=1.0, role="input", files=[seen]))
    writer.close()
    with Lab(root) as lab:
        lab.catch_up()
        (found,) = openers.opened_by(lab, dataset)
    assert (found.run, found.name, found.path) == (folder.id, "peeker", str(file))
    assert found.is_sure


def test_a_run_that_adds_the_file_is_not_accused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Peira reads a file that a program puts under version: it may have been opened, no more."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PEIRA_LAB", str(tmp_path / ".peira"))
    root, file = tmp_path / ".peira", tmp_path / "data.csv"
    file.write_text("x,y\n" + "".join(f"{n},{n % 2}\n" for n in range(40)))
    add_path(root, "d", file)
    split = splits.make(open_dataset(root, "d"), "main", Recipe())
    sealed.seal(root, split, "test")
    with init("p", strict=True, monitor=False, console=False) as run:
        run.dataset("d", file)
        run.evaluate("test", y_pred=np.zeros(len(run.use("d:test")), dtype=int))
    with Lab(root) as lab:
        lab.catch_up()
        found = openers.opened_by(lab, open_dataset(root, "d"))
        assert not any(one.is_sure for one in found)
        assert (
            "this run opened" not in prices(lab, run.id, lab.run(run.id).evaluations())["test"].text
        )


def test_a_recipe_with_a_peeker_is_told_on_each_of_its_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of three runs was given all rows before they were sealed: the looks of the others, too,
    say so; and whoever unseals them is told instead of a seal that is no more.
    """
    root = tmp_path / ".peira"
    rng = np.random.default_rng(0)
    add_table(root, "d", {"X": rng.random((60, 2)), "y": np.arange(60) % 2}, label="y")
    split = splits.make(open_dataset(root, "d"), "main", Recipe())
    monkeypatch.setenv("PEIRA_LAB", str(root))
    runs = {}
    for name in ("peeker", "honest", "other"):
        with init("p", name=name, strict=True, monitor=False, console=False) as run:
            if name == "peeker":
                run.use("d")
        runs[name] = run.id
    sealed.seal(root, split, "test")
    rows = split.parts["test"].rows
    for place, run_id in enumerate(runs.values()):
        ledger.deposit(root, split, "test", run_id, np.arange(rows) != place)
    ledger.look(root, split, "test", Claim(threshold=0.5, runs=list(runs.values())))
    event = events.Evaluation(
        time=1.0, name="test", task="binary", rows=rows, metrics={}, evaluator="e", ids="i",
        labels="l", dataset="d:v1", content="c", split="main/test",
    )  # fmt: skip
    with Lab(root) as lab:
        lab.catch_up()
        for name, run_id in runs.items():
            told = prices(lab, run_id, [event])["test"]
            (warning,) = told.warnings
            who = "this run" if name == "peeker" else "peeker"
            assert warning.startswith(f"{who} used d:v1 with its labels, before its rows were")
            assert warning in told.text
        sealed.unseal(root, split, "test", "done")
        told = prices(lab, runs["honest"], [event])["test"]
        assert not told.is_sealed and "(done)" in told.text


def test_another_split_does_not_open_sealed_rows(digits: Dataset, split: Split) -> None:
    """A later split has them in its parts; nobody is given them or evaluates on them."""
    other = splits.make(digits, "later", Recipe(shares={"learn": 0.5, "rest": 0.5}, seed=3))
    hidden = set(splits.ids_of(split, "test", digits.objects).tolist())
    for part in ("learn", "rest"):
        seen = open_reference(digits.root, f"digits:v1:later/{part}")
        ids = set(seen.ids.tolist())
        assert ids == set(splits.ids_of(other, part, digits.objects).tolist()) - hidden
        assert examples.of_part(digits, other, part).ids == [id.decode() for id in seen.ids]


def test_a_model_of_numbers_is_judged_by_its_mean_error(digits: Dataset, split: Split) -> None:
    """A claim is a largest mean of the errors; labels and numbers do not mix."""
    runs = [new_run_id() for _ in range(3)]
    rows = split.parts["test"].rows
    for seed, run in enumerate(runs):
        errors = np.abs(np.random.default_rng(seed).normal(0, 2, rows))
        ledger.deposit(digits.root, split, "test", run, errors)
    words = [
        ledger.look(digits.root, split, "test", Claim(threshold=at, runs=runs)).word
        for at in (3.0, 1.0)
    ]
    assert words == ["supported", "refuted"]
    found = ledger.looks(digits.root, split, "test")[0]
    assert found.measure == "mae" and found.claimed == "has a mean absolute error of at most 3"
    labels = new_run_id()
    ledger.deposit(digits.root, split, "test", labels, right(split, 0.9))
    with pytest.raises(UsageError, match="some with numbers"):
        ledger.look(digits.root, split, "test", Claim(threshold=0.5, runs=[*runs[:2], labels]))
    with pytest.raises(UsageError, match="between 0 and 1, not 3"):
        ledger.look(digits.root, split, "test", Claim(threshold=3, runs=[labels]))
    with pytest.raises(UsageError, match="finite numbers only"):
        ledger.deposit(digits.root, split, "test", labels, np.full(rows, np.inf))
    ledger.deposit(digits.root, split, "test", labels, np.full(rows, 0.1))
    taken = ledger.look(digits.root, split, "test", Claim(threshold=0.2, runs=[labels]))
    assert taken.measure == "mae" and taken.word == "supported"


def test_rows_are_sealed_by_whatever_name(digits: Dataset, split: Split) -> None:
    """The parent of the version whose part is sealed, and a copy under another name, give them to
    nobody, either.
    """
    root, data = digits.root, load_digits()
    add_table(root, "copy", {"X": data.data, "y": data.target})
    hidden = splits.ids_of(split, "test", digits.objects)
    assert not np.isin(open_reference(root, "copy").ids, hidden).any()
    made = derive(digits, lambda d: {"X": d.X / 16, "y": d.y}, {}, name="child")
    child = splits.make(open_dataset(root, "child"), "own", Recipe(shares=SHARES, seed=4))
    fresh = np.setdiff1d(splits.ids_of(child, "dev", made.objects), hidden)
    assert np.isin(fresh, open_reference(root, "digits").ids).all()
    sealed.unseal(root, split, "test", "to seal those of the child")
    other = splits.make(open_dataset(root, "child"), "last", Recipe(kind="column", column="y"))
    assert {"0", "1"} <= set(other.parts)
    with pytest.raises(
        UsageError, match=r"rows of child/last/0 are in digits/main/test, which was"
    ):
        sealed.seal(root, other, "0")


def test_a_hold_out_does_not_begin_anew_under_another_name(digits: Dataset, split: Split) -> None:
    """Looks are counted for rows: another split of them, or a copy, is no fresh hold-out."""
    again = splits.make(digits, "again", Recipe(kind="stratified", shares=SHARES))
    with pytest.raises(UsageError, match="again/test are in digits/main/test, which is sealed"):
        sealed.seal(digits.root, again, "test")
    sealed.seal(digits.root, split, "test", Seal(budget=20))
    assert ledger.standing(digits.root, split, "test").budget == 20


def test_a_parent_is_sealed_by_its_child(digits: Dataset) -> None:
    """Labels of rows that a derived version seals are not to be had from what it was made from."""
    derive(digits, lambda d: {"X": d.X / 16, "y": d.y}, {}, name="child")
    child = splits.make(open_dataset(digits.root, "child"), "own", Recipe(shares=SHARES))
    sealed.seal(digits.root, child, "test")
    hidden = splits.ids_of(child, "test", digits.objects)
    assert not np.isin(open_reference(digits.root, "digits").ids, hidden).any()


def test_a_transform_carries_no_sealed_rows_out(digits: Dataset, split: Split) -> None:
    """What comes out with other ids would be sealed by nobody: such a function is given no sealed
    rows when it says so, and is refused when it does not.
    """

    def shuffled(data: Dataset) -> dict[str, np.ndarray]:
        order = np.random.default_rng(0).permutation(len(data))
        return {"X": data.X[order] + 1, "y": data.y[order]}

    made = derive(digits, shuffled, {}, name="shuffled", keeps_rows=False)
    assert len(made) == len(digits) - split.parts["test"].rows
    with pytest.raises(UsageError, match="does not keep their ids"):
        derive(digits, lambda d: {"X": d.X[:-1] + 1, "y": d.y[:-1]}, {}, name="shorter")
    derive(digits, lambda d: {"X": d.X, "digit": d.y}, {}, name="renamed")
    with pytest.raises(UsageError, match="names no label column"):
        open_reference(digits.root, "renamed:test")


@pytest.mark.parametrize("is_reference", [False, True])
def test_pictures_of_a_hold_out_do_not_tell_their_labels(
    tmp_path: Path, *, is_reference: bool
) -> None:
    """The folders of a picture's path are its label: a sealed part has neither, in its columns or
    as files, and nobody else has its files; who opened one of the others is not accused.
    """
    root = tmp_path / ".peira"
    for n in range(20):
        place = tmp_path / "pets" / ("cat", "dog")[n % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((2, 2), n, np.uint8)).save(place / f"{n}.png")
    add_path(root, "pets", tmp_path / "pets", is_reference=is_reference)
    split = splits.make(open_dataset(root, "pets"), "main", Recipe())
    sealed.seal(root, split, "test")
    whole, part = open_reference(root, "pets"), open_reference(root, "pets:test")
    train = open_reference(root, "pets:train")
    assert "cat" not in str(part.columns) and part.columns["path"].tolist()[0].endswith(".png")
    names = {p.relative_to(part.path()).as_posix() for p in part.path().rglob("*.png")}
    assert names == set(part.columns["path"].tolist())
    assert not any(p.is_symlink() for p in part.path().rglob("*"))
    assert len(list(whole.path().rglob("*.png"))) == len(whole) == len(train) == 16
    found = {p.relative_to(train.path()).as_posix() for p in train.path().rglob("*.png")}
    assert found == set(train.columns["path"].tolist())
    hidden = openers._sealed_files(open_dataset(root, "pets"))
    assert (
        len(hidden)
        == 4
        == len({m.object for m in open_reference(root, "pets:test").seen_files().values()})
    )


def test_rows_of_a_file_are_no_file(tmp_path: Path) -> None:
    """The file of a version holds all rows, so where only some are seen it is not given."""
    root = tmp_path / ".peira"
    (tmp_path / "d.csv").write_text("x,y\n" + "".join(f"{n},{n % 2}\n" for n in range(40)))
    add_path(root, "d", tmp_path / "d.csv")
    assert (open_reference(root, "d").path() / "d.csv").exists()
    split = splits.make(open_dataset(root, "d"), "main", Recipe())
    sealed.seal(root, split, "test")
    for name in ("d", "d:train", "d:test"):
        with pytest.raises(UsageError, match="some rows of a file"):
            open_reference(root, name).path()


def test_what_has_no_label_is_not_sealed(tmp_path: Path) -> None:
    """There is nothing to hold out."""
    add_table(tmp_path, "d", {"x": np.arange(10.0)})
    split = splits.make(open_dataset(tmp_path, "d"), "main", Recipe())
    with pytest.raises(UsageError, match="names no label column"):
        sealed.seal(tmp_path, split, "test")


def test_evidence_is_counted_once(digits: Dataset, split: Split) -> None:
    """Seeds that changed no prediction make no recipe, and other labels no comparison; to ask costs
    no look.
    """
    runs = [new_run_id() for _ in range(4)]
    for n, run in enumerate(runs):
        facts = Facts(labels="a" if n < 3 else "b", predictions=str(max(n, 1)))
        ledger.deposit(digits.root, split, "test", run, right(split, 0.99, n), facts=facts)
    for chosen, why in ((runs[:3], f"{runs[0]} and {runs[1]} predicted"), (runs[1:], "other true")):
        with pytest.raises(UsageError, match=why):
            ledger.look(digits.root, split, "test", Claim(threshold=0.9, runs=chosen))
    assert not ledger.looks(digits.root, split, "test")


def test_the_data_go_on_without_a_hold_out(digits: Dataset, split: Split) -> None:
    """New rows in the latest version are counted: they are in no part of the split."""
    assert ledger.standing(digits.root, split, "test").unknown == 0
    data = load_digits()
    more = {"X": np.vstack([data.data, data.data[:30] + 1]), "y": np.append(data.target, [1] * 30)}
    add_table(digits.root, "digits", more)
    assert ledger.standing(digits.root, split, "test").unknown == 30


def test_looks_at_recipes_do_not_fool_the_ledger() -> None:
    """Ten looks at recipes of three seeds, all on the same examples and truly at the claim: in at
    most 5 % of 200 series any look has a wrong word of one kind.
    """
    rng = np.random.default_rng(7)
    n, wrong = 360, {"supported": 0, "refuted": 0}
    for _ in range(200):
        ease = rng.beta(24, 1, n)  # of mean 0.96: examples differ in how hard they are
        told = set()
        for number in range(1, 11):
            seeds = rng.normal(0, 0.003, (3, 1))
            table = rng.random((3, n)) < np.clip(ease + seeds, 0, 1)
            told.add(ledger._judge(table, 0.96, spent_level(number))[0])
        for word in wrong:
            wrong[word] += word in told
    assert max(wrong.values()) / 200 <= 0.05 + 2 * (0.05 * 0.95 / 200) ** 0.5
    assert sum(wrong.values()) > 0  # the words can be had at all


def test_a_difference_does_not_tell_the_labels_of_sealed_rows(digits: Dataset) -> None:
    """A version without one sealed row has other counts of classes: they are those of the rows that
    are seen, and the profile of a whole version is none of them.
    """
    data = load_digits()
    whole = profile(digits)
    split = splits.make(digits, "main", Recipe(shares=SHARES))
    sealed.seal(digits.root, split, "test")
    gone = int(splits.rows_of(split, "test", digits)[0])
    rest = np.delete(np.arange(len(digits)), gone)
    add_table(digits.root, "digits", {"X": data.data[rest], "y": data.target[rest]})
    found = diff(digits, open_dataset(digits.root, "digits:v2"))
    assert found.rows is not None and found.rows.removed == 1
    assert found.classes == {} and "y" not in [column.name for column in found.columns]
    assert profile(digits) == whole and whole.rows == len(digits)
