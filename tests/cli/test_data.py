"""`peira data`: the way of a data set from a file to a checked, split, derived version."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from peira.run import init
from tests.cli.conftest import Peira

PREPARE = """
def cleaned(digits, least=0):
    used = digits.X.max(axis=0) > least
    return {"X": digits.X[:, used], "y": digits.y}
"""


@pytest.fixture
def digits(lab: Path, peira: Peira) -> Path:
    data = load_digits()
    np.savez(lab / "digits.npz", X=data.data.astype("uint8"), y=data.target)
    (lab / "prepare.py").write_text(PREPARE)
    assert "digits:v1: 1797 rows" in peira("data", "add", "digits.npz").stdout
    return lab


def test_the_same_content_is_told(digits: Path, peira: Peira) -> None:
    """Added again it is the version that is there, and the command says so."""
    assert "has this content already" in peira("data", "add", "digits.npz").stdout
    document = peira.json("data", "add", "digits.npz")
    assert document["is_new"] is False and document["number"] == 1


def test_a_version_is_split_derived_and_shown(digits: Path, peira: Peira) -> None:
    """Split, derived by a function, listed with its parent; the split holds in both."""
    shares = ("train=0.8", "test=0.2", "--stratify", "--hold-out", "test")
    told = peira("data", "split", "digits", "main", *shares).stdout
    assert "digits:main/test  359 rows  sealed" in told
    peira("data", "transform", "prepare.py:cleaned", "digits", "--name", "clean", "--param",
          "least=0")  # fmt: skip
    rows = peira.json("data", "ls")
    assert [row["ref"] for row in rows] == ["clean:v1", "digits:v1"]
    assert rows[0]["parent"] == "digits:v1"
    shown = peira.json("data", "show", "clean")
    assert shown["transform"]["params"] == {"least": 0} and shown["label"] == "y"
    assert {(part["part"], part["rows"], part["sealed"]) for part in shown["splits"]} == {
        ("train", 1438, False), ("test", 359, True),
    }  # fmt: skip
    assert "made by cleaned(least=0) from digits:v1" in peira("data", "log", "clean").stdout
    peira("data", "rm", "digits:v1")
    told = peira("data", "log", "clean").stdout.splitlines()
    assert told[1].startswith("digits:v1  added from digits.npz") and "removed since" in told[1]


def test_checks_block_with_an_exit_code(digits: Path, peira: Peira) -> None:
    """Copies across parts are told with their rows, and the exit code says that it blocks."""
    data = load_digits()
    x, y = np.vstack([data.data, data.data[:300]]), np.concatenate([data.target, data.target[:300]])
    np.savez(digits / "leaky.npz", X=x, y=y)
    peira("data", "add", "leaky.npz")
    peira("data", "split", "leaky", "main")
    told = peira("data", "check", "leaky", "--only", "duplicates", code=6).stdout
    assert (
        told.startswith("block  duplicates") and "are also in training" in told and "like" in told
    )
    again = peira("data", "check", "leaky", "--only", "duplicates", "--json", code=6)
    assert '"check": "duplicates"' in again.stdout
    assert "nothing was found" in peira("data", "check", "digits", "--only", "duplicates").stdout


def test_suspicious_labels_are_told_by_row_and_label(lab: Path, peira: Peira) -> None:
    """The row's place, its label and the expected one; of a sealed row neither."""
    data = load_digits()
    labels = data.target[:600].copy()
    wrong = np.arange(0, 600, 40)
    labels[wrong] = (labels[wrong] + 1) % 10
    np.savez(lab / "odd.npz", X=data.data[:600], y=labels)
    peira("data", "add", "odd.npz")
    peira("data", "split", "odd", "main", "train=0.5", "test=0.5", "--hold-out", "test")
    (found,) = peira.json("data", "check", "odd", "--only", "suspicious-labels")
    told = found["detail"]
    assert len(set(told["places"]) & set(wrong.tolist())) >= 10
    sealed = {
        place for place, label in zip(told["places"], told["labels"], strict=True) if label is None
    }
    shown = dict(zip(told["places"], told["labels"], strict=True))
    assert sealed and len(sealed) < len(shown)
    assert all(label == str(labels[at]) for at, label in shown.items() if at not in sealed)
    expected = dict(zip(told["places"], told["expected"], strict=True))
    assert {at for at, label in expected.items() if label is None} == sealed
    lines = peira("data", "check", "odd", "--only", "suspicious-labels").stdout.splitlines()[1:6]
    for line, place in zip(lines, told["places"][:5], strict=True):
        hidden = "of a sealed hold-out"
        said = hidden if place in sealed else f"{shown[place]}, expected {expected[place]}"
        assert line.endswith(f"  row {place}: {said}")


def test_a_part_is_exported(digits: Path, peira: Peira) -> None:
    """A part of a split comes out as arrays; what cannot be written is refused."""
    peira("data", "split", "digits", "main")
    peira("data", "export", "digits:train", "-o", "train.npz")
    with np.load(digits / "train.npz") as arrays:
        assert arrays["X"].shape == (1438, 64) and len(arrays["y"]) == 1438
    assert "write .npz" in peira("data", "export", "digits", "-o", "a.csv", code=2).output.lower()


def test_a_folder_is_exported(lab: Path, peira: Peira) -> None:
    """Files of a folder come out as they went in."""
    (lab / "pets" / "cats").mkdir(parents=True)
    (lab / "pets" / "cats" / "a.txt").write_text("meow")
    peira("data", "add", "pets")
    peira("data", "export", "pets", "-o", "out")
    assert (lab / "out" / "cats" / "a.txt").read_text() == "meow"


def test_aliases_and_removal(digits: Path, peira: Peira) -> None:
    """An alias means a version; a removed version is no longer found."""
    peira("data", "alias", "digits:v1", "prod")
    assert peira.json("data", "show", "digits:prod")["aliases"] == ["prod"]
    peira("data", "rm", "digits:v1")
    assert "no data set" in peira("data", "show", "digits", code=3).output


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("add", "nothing"), 3, "There is nothing to add at nothing"),
        (("add", "prepare.py", "--type", "video"), 2, "is no type of data"),
        (("show", "digitz"), 3, "Did you mean digits?"),
        (("split", "digits", "main", "train=0.8"), 2, "sum to 1"),
        (("split", "digits", "main", "train:0.8"), 2, "is no share"),
        (("transform", "prepare.py:nothing", "digits"), 2, "no function 'nothing'"),
        (("check", "digits", "--only", "magic"), 2, "There is no check 'magic'"),
    ],
)
def test_mistakes_are_told(
    digits: Path, peira: Peira, words: tuple[str, ...], code: int, message: str
) -> None:
    """The error says what is wrong, and what there is."""
    assert message in peira("data", *words, code=code).output


def test_a_profile_and_a_difference_are_printed(digits: Path, peira: Peira) -> None:
    """Dead pixels are drawn; what a transform changed is told, with what recipes score on both."""
    told = peira("data", "profile", "digits").stdout
    picture = told.partition("never changes where a # stands:\n")[2].splitlines()[:8]
    assert all(len(line.strip()) == 8 for line in picture)
    assert sum(line.count("#") for line in picture) == 3
    assert "3 of 64" in told and "length" not in told
    texts = [f"pixel{n}" for n in range(64)]
    rows = [",".join([*texts, "said"])]
    rows += [",".join(map(str, [*row.astype(int), "x" * 3])) for row in load_digits().data[:200]]
    (digits / "pixels.csv").write_text("\n".join(rows))
    peira("data", "add", "pixels.csv")
    lines = peira("data", "profile", "pixels").stdout.splitlines()
    assert lines[2].startswith("pixel0 … pixel63  int64 64") and lines[3].endswith("3 / 3 / 3")
    peira("data", "transform", "prepare.py:cleaned", "digits", "--name", "clean")
    with init("p", lab=digits, console=False, monitor=False) as run:
        run.use("digits")
    changed = peira("data", "diff", "digits", "clean").stdout
    assert "no recipe ran on both: 1 runs used the one only, 0 the other only" in changed
    assert "digits:v1 -> clean:v1" in changed and "column X: shape 64 -> 61" in changed
    assert "nothing differs" in peira("data", "diff", "digits", "digits").stdout


def test_annotations_are_imported(lab: Path, peira: Peira) -> None:
    """A folder of pictures with YOLO files beside them: a version of boxes, and what is not in
    it."""
    (lab / "pets").mkdir()
    for shade, name in enumerate("ab"):
        Image.new("L", (20, 10), shade).save(lab / "pets" / f"{name}.png")
    peira("data", "add", "pets")
    (lab / "pets" / "a.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    (lab / "pets" / "classes.txt").write_text("cat\n")
    told = peira("data", "annotate", "pets", "pets").stdout
    assert "pets-labels:v1: 1 rows" in told and "1 of pets are not in the file" in told
    shown = peira.json("data", "show", "pets-labels")
    assert shown["parent"] == "pets:v1" and shown["label"] == "boxes"
    (lab / "pets" / "a.txt").write_text("3 0.5 0.5 0.5 0.5\n")
    failed = peira("data", "annotate", "pets", "pets", code=2)
    assert "a.txt, line 1: '3' is no class" in failed.stderr


def test_an_export_is_what_is_in_the_version(lab: Path, peira: Peira) -> None:
    """Times, types, nested values; what a format cannot hold is said, and no file is replaced."""
    import duckdb

    lines = ['{"day": "2026-01-31", "n": 1, "s": "=1+1", "v": {"a": null}}',
             '{"day": "2026-02-01", "n": 2, "s": null, "v": {"a": 1}}']  # fmt: skip
    (lab / "t.jsonl").write_text("\n".join(lines))
    duckdb.sql(f"COPY (SELECT day::TIMESTAMP_NS AS day, n::UTINYINT AS n, s, v::JSON::VARCHAR AS v"
               f" FROM read_json('{lab / 't.jsonl'}')) TO '{lab / 't.parquet'}'")  # fmt: skip
    peira("data", "add", "t.parquet")
    assert "t:v1 to t2.parquet, 2 rows" in peira("data", "export", "t", "-o", "t2.parquet").stderr
    both = [duckdb.read_parquet(str(lab / name)) for name in ("t.parquet", "t2.parquet")]
    assert both[0].fetchall() == both[1].fetchall() and both[0].types == both[1].types
    told = peira("data", "export", "t", "-o", "t.csv").stderr
    assert "1 cells are texts that a spreadsheet would run" in told
    assert "2026-01-31T00:00:00" in (lab / "t.csv").read_text()
    assert "is there already" in peira("data", "export", "t", "-o", "t.csv", code=2).stderr
    peira("data", "add", "t.jsonl", "--name", "j")
    told = peira("data", "export", "j", "-o", "j.npz").stderr
    assert "1 missing values of 's' are empty texts now" in told
    with np.load(lab / "j.npz") as arrays:
        assert arrays["v"].tolist() == ['{"a":null}', '{"a":1}'] and arrays["n"].tolist() == [1, 2]


def test_a_part_of_pictures_is_exported(lab: Path, peira: Peira) -> None:
    """Only its files, and of a hold-out none by a name that tells the label."""
    for label in ("cat", "dog"):
        for number in range(10):
            path = lab / "pets" / label / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (4, 4), number).save(path)
    peira("data", "add", "pets")
    peira("data", "split", "pets", "main", "train=0.5", "test=0.5", "--hold-out", "test")
    for part in ("train", "test"):
        told = peira("data", "export", f"pets:{part}", "-o", part).stderr
        assert f"wrote pets:v1:main/{part} to {part}, 10 rows" in told
    names = {part: [p.relative_to(lab / part) for p in (lab / part).rglob("*.png")]
             for part in ("train", "test")}  # fmt: skip
    assert len(names["train"]) == len(names["test"]) == 10
    assert all(len(path.parts) == 1 for path in names["test"])
    assert (
        "not of pets:v1:main/train"
        in peira("data", "annotate", "pets:train", "pets", code=2).stderr
    )
