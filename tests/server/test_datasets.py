"""Data under version over HTTP: what the Data pages read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from peira.data import sealed, splits
from peira.data.add import add_path, add_table
from peira.data.checks.version import Question, check_version
from peira.data.dataset import open_dataset
from peira.data.splits import Recipe
from peira.data.transform import derive
from peira.lab.lab import Lab
from peira.media.png import write_png
from peira.run import init
from peira.server.serve import Server

SHARES = {"train": 0.5, "test": 0.5}


def halved(dataset: Any) -> dict[str, Any]:
    return {"X": dataset.X / 2, "y": dataset.y}


def relabelled(dataset: Any) -> dict[str, Any]:
    return {"X": dataset.X, "y": (dataset.y + 1) % 4}


def summed(dataset: Any) -> dict[str, Any]:
    return {"ink": dataset.X.sum(axis=1), "y": dataset.y}


def by_label(dataset: Any) -> dict[str, Any]:
    return {"label": np.unique(dataset.y), "ink": np.arange(len(np.unique(dataset.y)))}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data") / ".peira"


@pytest.fixture(scope="module")
def client(root: Path) -> Iterator[httpx.Client]:
    """A lab with a table, a version derived from it, a split with a sealed part, and a folder."""
    folder = root.parent
    pixels = np.random.default_rng(0).integers(0, 9, (40, 16)).astype(float)
    add_table(root, "squares", {"X": pixels, "y": np.arange(40) % 4}, label="y")
    squares = open_dataset(root, "squares")
    splits.make(squares, "main", Recipe(shares=SHARES))
    sealed.seal(root, splits.read(root, "squares", "main"), "test")
    derive(squares, halved, {}, name="halves")
    pictures = folder / "pictures"
    for label in ("cat", "dog"):
        (pictures / label).mkdir(parents=True)
        (pictures / label / "0.png").write_bytes(write_png(np.full((600, 8, 3), 7, np.uint8)))
        (pictures / label / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    add_path(root, "pictures", pictures)
    with init("p", name="user", lab=folder, console=False, monitor=False) as run:
        run.use("squares:v1:main/train")
    with (
        Lab(folder) as lab,
        Server(lab, port=0) as server,
        httpx.Client(
            base_url=server.address, headers={"Authorization": f"Bearer {server.session.token}"}
        ) as opened,
    ):
        yield opened


def ask(client: httpx.Client, rest: str, **asked: Any) -> dict[str, Any]:
    answer = client.get(f"/api/datasets{rest}", params=asked)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_data_sets_and_versions_are_listed(client: httpx.Client) -> None:
    """Each name with its latest version; each version with its size."""
    rows = ask(client, "")["datasets"]
    assert [row["name"] for row in rows] == ["halves", "pictures", "squares"]
    (only,) = ask(client, "/squares")["versions"]
    assert only == rows[2]["latest"] and only["rows"] == 40


def test_a_version_tells_where_it_comes_from_and_who_used_it(client: httpx.Client) -> None:
    """Parent, children, runs, columns, splits with sealed marks; checks that never ran are null."""
    squares, halves = ask(client, "/squares/1"), ask(client, "/halves/1")
    assert halves["parent"] == "squares:v1" and halves["made_by"]["name"] == "halved"
    assert [child["name"] for child in squares["children"]] == ["halves"]
    (user,) = squares["users"]
    assert (user["name"], user["role"], user["ref"]) == ("user", "used", "squares:v1:main/train")
    for version in (squares, halves):  # a split holds for what was made from its data, too
        (split,) = version["splits"]
        assert {part["name"]: part["sealed"] for part in split["parts"]} == {
            "train": False, "test": True,
        }  # fmt: skip
    assert squares["profile"]["classes"] == {str(label): 10 for label in range(4)}
    assert squares["checks"] == [{"split": "main", "findings": None}]


def test_checks_are_shown_once_they_ran(client: httpx.Client, root: Path) -> None:
    """A request computes no checks; it reads what `peira data check` found."""
    halves = open_dataset(root, "halves")
    found = check_version(root, halves.version, Question(split="main"))
    (kept,) = ask(client, "/halves/1")["checks"]
    assert kept["findings"] is not None and len(kept["findings"]) == len(found)


def test_a_plain_folder_has_no_checks(client: httpx.Client, root: Path) -> None:
    """`peira data check` refuses a folder without rows: nothing says that it was not asked yet."""
    folder = root.parent / "plain"
    folder.mkdir()
    (folder / "README.txt").write_text("no rows here")
    add_path(root, "plain", folder)
    told = ask(client, "/plain/1")
    assert told["type"] == "folder" and told["checks"] == []


def test_labels_of_a_sealed_part_are_never_sent(client: httpx.Client) -> None:
    """The whole has no sealed rows; their part has no labels, and cannot be chosen by them."""
    whole = ask(client, "/squares/1/samples", limit=1000)
    part = ask(client, "/squares/1/samples", part="main/test")
    assert whole["matched"] + part["matched"] == 40 and whole["label"] == "y"
    assert not {row["id"] for row in whole["samples"]} & {row["id"] for row in part["samples"]}
    assert part["label"] is None and all(row.keys() == {"id"} for row in part["samples"])
    asked = {"part": "main/test", "label": "1"}
    assert client.get("/api/datasets/squares/1/samples", params=asked).status_code == 404
    chosen = ask(client, "/squares/1/samples", label="1")
    assert {row["y"] for row in chosen["samples"]} == {1}


def test_rows_are_pictures(client: httpx.Client) -> None:
    """A flat square and a file become small PNGs; a torn file is not found, and no fault."""
    (row, *_) = ask(client, "/squares/1/samples")["samples"]
    answer = client.get(f"/api/datasets/squares/1/picture/{row['id']}")
    assert answer.headers["content-type"] == "image/png" and answer.content[1:4] == b"PNG"
    for sample in ask(client, "/pictures/1/samples")["samples"]:
        answer = client.get(f"/api/datasets/pictures/1/picture/{sample['id']}")
        assert answer.status_code == (404 if "torn" in sample["path"] else 200)
    assert client.get("/api/datasets/squares/1/picture/zz").status_code == 404


def test_rows_of_a_version_without_pictures_are_those_of_its_parent(
    client: httpx.Client, root: Path
) -> None:
    """Where the rows are the same; a row that the version does not have is not found by it."""
    squares = open_dataset(root, "squares")
    derive(squares, summed, {}, name="sums")
    derive(squares, by_label, {}, name="per-label", keeps_rows=False)
    sums, labels = ask(client, "/sums/1"), ask(client, "/per-label/1")
    assert (sums["pictures"], sums["pictures_of"]) == (False, "squares:v1")
    assert (labels["pictures"], labels["pictures_of"]) == (False, None)
    assert ask(client, "/squares/1")["pictures_of"] is None
    (row, *_) = ask(client, "/sums/1/samples")["samples"]
    pictures = [
        client.get(f"/api/datasets/{at}/picture/{row['id']}") for at in ("sums/1", "squares/1")
    ]
    assert pictures[0].content[1:4] == b"PNG" and pictures[0].content == pictures[1].content
    assert client.get(f"/api/datasets/per-label/1/picture/{row['id']}").status_code == 404


def test_two_versions_are_compared(client: httpx.Client) -> None:
    """Rows keep their ids and have other values; the column says how its numbers moved."""
    told = ask(client, "/halves/1/diff", other="squares:v1")
    assert (told["before"]["name"], told["after"]["name"]) == ("squares", "halves")
    rows = told["diff"]["rows"]
    assert (rows["added"], rows["removed"], rows["same"]) == (0, 0, 0) and rows["changed"] == 40
    (column,) = told["diff"]["columns"]
    assert column["name"] == "X" and column["before"]["max"] == 2 * column["after"]["max"]
    assert told["diff"]["classes"] == {} and told["diff"]["files"] is None


def test_the_same_recipe_on_both_versions(client: httpx.Client, root: Path) -> None:
    """Runs of equal params are found by the version that they used, and named."""
    for ref, score in (("squares:v1:main/train", 0.5), ("halves:v1:main/train", 0.75)):
        with init(
            "p", name=ref, params={"lr": 1}, lab=root.parent, console=False, monitor=False
        ) as run:
            run.use(ref)
            run.log({"accuracy": score})
    until = time.monotonic() + 20
    while not (told := ask(client, "/halves/1/diff", other="squares"))["diff"]["scores"]:
        assert time.monotonic() < until, "the server does not see the runs"
        time.sleep(0.05)
    (score,) = told["diff"]["scores"]
    assert (score["metric"], score["before"], score["after"]) == ("accuracy", 0.5, 0.75)
    (before,) = score["runs_before"]
    assert told["runs"][before] == {"name": "squares:v1:main/train", "project": "p"}


def test_a_comparison_tells_no_label_of_a_sealed_row(client: httpx.Client, root: Path) -> None:
    """Of labels that changed only those of rows that everybody sees are told and counted."""
    squares = open_dataset(root, "squares")
    derive(squares, relabelled, {}, name="relabelled")
    found = ask(client, "/relabelled/1/diff", other="squares")["diff"]
    seen = ask(client, "/squares/1/samples", limit=1000)
    assert found["label_changes"] == seen["matched"] == 20
    assert {row["id"] for row in found["labels"]} == {row["id"] for row in seen["samples"]}
    assert all(row["before"] != row["after"] for row in found["labels"])


@pytest.mark.parametrize(
    "rest",
    [
        "/none",
        "/squares/1/diff?other=none",
        "/squares/9",
        "/squares/1/samples?part=main/dev",
        "/..%2f..%2fx",
        "/a:b/1",
    ],
)
def test_what_is_not_there_is_said(client: httpx.Client, rest: str) -> None:
    """Names, numbers and parts that are unknown are not found."""
    assert client.get(f"/api/datasets{rest}").json()["code"] == "not-found"


def test_objects_with_sealed_labels_are_not_sent(client: httpx.Client, root: Path) -> None:
    """The manifest names the chunks of a table; those with sealed rows are withheld, of the derived
    version, too, and come back when nothing is sealed any more; other data are sent.
    """
    for name in ("squares", "halves"):
        dataset = open_dataset(root, name)
        assert client.get(f"/api/objects/{dataset.version.manifest}").status_code == 200
        for chunk in dataset.manifest.chunks:
            answer = client.get(f"/api/objects/{chunk.object}")
            assert answer.status_code == 404 and "sealed hold-out" in answer.json()["detail"]
    for member in open_dataset(root, "pictures").files():
        assert client.get(f"/api/objects/{member.object}").status_code == 200
    add_table(root, "later", {"X": np.arange(40.0), "y": np.arange(40) % 2})
    later = open_dataset(root, "later")
    split = splits.make(later, "main", Recipe(shares=SHARES))
    (chunk,) = later.manifest.chunks
    statuses = [client.get(f"/api/objects/{chunk.object}").status_code]
    sealed.seal(root, split, "test")
    statuses.append(client.get(f"/api/objects/{chunk.object}").status_code)
    sealed.unseal(root, split, "test", "done")
    statuses.append(client.get(f"/api/objects/{chunk.object}").status_code)
    assert statuses == [200, 404, 200]
