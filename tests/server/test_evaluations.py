"""Evaluations over HTTP: what the Evaluate screen reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from peira.lab.lab import Lab
from peira.run import init
from peira.server.serve import Server

TRUE = ["a"] * 4 + ["b"] * 4 + ["c"] * 2
FIRST = ["a", "a", "b", "b", "b", "b", "b", "a", "c", "c"]
SECOND = ["a", "b", "b", "b", "b", "b", "b", "b", "c", "a"]


def scores(answers: list[str], sure: float) -> np.ndarray[Any, Any]:
    """Scores whose highest is that of the answer."""
    table = np.full((len(answers), 3), (1 - sure) / 2)
    for row, answer in enumerate(answers):
        table[row, "abc".index(answer)] = sure
    return table


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A lab with two runs that were evaluated on the same ten pictures."""
    root = tmp_path_factory.mktemp("evaluated")
    pictures = np.arange(10 * 64, dtype=float).reshape(10, 64)
    for name, answers, sure in (("first", FIRST, 0.8), ("second", SECOND, 0.6)):
        with init("p", name=name, lab=root, console=False, monitor=False) as run:
            run.evaluate(
                "dev", TRUE, scores=scores(answers, sure), classes=list("abc"), step=1,
                samples=pictures, slices={"size": range(10), "by": ["x", "y"] * 5},
            )  # fmt: skip
            run.evaluate("dev", TRUE, scores=scores(answers, 0.9), classes=list("abc"), step=2)
            run.evaluate("numbers", np.array([0.5, 1.5]), np.array([0.25, 2.0]))
    with (
        Lab(root) as lab,
        Server(lab, port=0) as server,
        httpx.Client(
            base_url=server.address, headers={"Authorization": f"Bearer {server.session.token}"}
        ) as opened,
    ):
        yield opened


def ask(client: httpx.Client, rest: str, run: str = "first", **asked: Any) -> dict[str, Any]:
    answer = client.get(f"/api/runs/{run}/evaluations{rest}", params=asked, timeout=60)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_the_evaluations_of_a_run_are_listed(client: httpx.Client) -> None:
    """Name, step, task and metrics of each; numbers of one kind share their mark."""
    rows = ask(client, "")["evaluations"]
    assert [(row["name"], row["step"]) for row in rows] == [
        ("dev", 1),
        ("dev", 2),
        ("numbers", None),
    ]
    assert rows[0]["metrics"]["accuracy"] == 0.7 and rows[0]["classes"] == 3
    other = ask(client, "", "second")["evaluations"]
    assert rows[0]["kind"] == other[0]["kind"] != rows[2]["kind"]


def test_the_matrix_holds_all_examples(client: httpx.Client) -> None:
    """Cells that are not 0, numbers per class, steps; the latest step without `step`."""
    found = ask(client, "/dev")
    assert found["step"] == 2 and found["steps"] == [1, 2] and found["names"] == ["dev", "numbers"]
    matrix = found["matrix"]
    cells = {
        (matrix["classes"][i], matrix["classes"][j]): n
        for i, j, n in zip(matrix["rows"], matrix["columns"], matrix["counts"], strict=True)
    }
    assert cells == {("a", "a"): 2, ("a", "b"): 2, ("b", "b"): 3, ("b", "a"): 1, ("c", "c"): 2}
    assert [row["support"] for row in found["per_class"]] == [4, 4, 2]
    moved = ask(client, "/dev", order="confusion")["matrix"]["classes"]
    assert sorted(moved) == ["a", "b", "c"]


def test_a_cell_opens_to_all_its_samples(client: httpx.Client) -> None:
    """Each cell leads to exactly the samples that it counts, page by page, in any order."""
    matrix = ask(client, "/dev", step=1)["matrix"]
    seen = []
    for i, j, count in zip(matrix["rows"], matrix["columns"], matrix["counts"], strict=True):
        asked = {"true": matrix["classes"][i], "predicted": matrix["classes"][j], "step": 1}
        page = ask(client, "/dev/samples", **asked)
        assert page["matched"] == count == len(page["samples"])
        rest = ask(client, "/dev/samples", **asked, offset=1, limit=1)["samples"]
        assert rest == page["samples"][1:2]
        seen += [sample["id"] for sample in page["samples"]]
    assert sorted(seen, key=int) == [str(n) for n in range(10)]
    falling = ask(client, "/dev/samples", step=1, sort="-loss")["samples"]
    rising = ask(client, "/dev/samples", step=1, sort="loss")["samples"]
    losses = [sample["loss"] for sample in falling]
    assert losses == sorted(losses, reverse=True) == [s["loss"] for s in rising][::-1]
    assert ask(client, "/dev/samples", wrong=True)["matched"] == 3


def test_results_by_a_column(client: httpx.Client) -> None:
    """A slice has its share with an interval, and leads to its samples."""
    rows = ask(client, "/dev/slices", column="by", step=1)["slices"]
    assert [(row["value"], row["rows"]) for row in rows] == [("x", 5), ("y", 5)]
    assert rows[0]["low"] < rows[0]["right"] < rows[0]["high"]
    assert ask(client, "/dev/samples", column="by", value="y", step=1)["matched"] == 5


def test_the_curves_of_a_class(client: httpx.Client) -> None:
    """ROC, precision and recall, calibration, and the counts at a threshold."""
    found = ask(client, "/dev/curves", of="a", threshold=0.5)
    assert (found["positive"], found["negative"]) == (4, 6) and found["roc"]["area"] > 0.5
    at = found["at"]
    assert (at["true_positive"], at["false_positive"]) == (2, 1)
    assert sum(bin["count"] for bin in found["calibration"]) == 10


def test_two_runs_on_the_same_examples(client: httpx.Client) -> None:
    """What A mended and what it broke against B, and A's matrix minus B's."""
    found = ask(client, "/dev/difference", other="second", change="broken")
    assert (found["fixed"], found["broken"], found["both_wrong"], found["both"]) == (2, 1, 2, 10)
    assert found["mismatches"] == [] and sum(found["matrix"]["counts"]) == 0
    (pair,) = found["pairs"]
    assert (pair["true"], pair["predicted"], pair["other"]) == ("b", "a", "b")


def test_samples_are_pictures(client: httpx.Client) -> None:
    """A flat square is a picture: a PNG made by the server, nothing that a browser could run."""
    assert ask(client, "/dev", step=1)["samples_as"] == "picture"
    assert ask(client, "/dev", step=2)["samples_as"] is None
    answer = client.get("/api/runs/first/evaluations/dev/picture/3", params={"step": 1})
    assert answer.content[:8] == b"\x89PNG\r\n\x1a\n"
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    missing = client.get("/api/runs/first/evaluations/dev/picture/99", params={"step": 1})
    assert missing.status_code == 404


def test_residuals_of_a_regression(client: httpx.Client) -> None:
    """True and predicted value of every example; there is no matrix."""
    found = ask(client, "/numbers")
    assert found["matrix"] is None
    assert found["residuals"]["true"] == [0.5, 1.5] and found["residuals"]["predicted"] == [0.25, 2]


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ("/none", "not-found"),
        ("/dev?step=7", "not-found"),
        ("/dev?order=size", "request"),
        ("/dev/slices?column=true", "usage"),
        ("/dev/curves", "usage"),
        ("/dev/curves?of=z", "not-found"),
        ("/numbers/curves", "usage"),
        ("/numbers/difference?other=second", "usage"),
        ("/dev/samples?sort=-true", "request"),
        ("/dev/samples?limit=0", "request"),
        ("/dev/samples?steps=1", "request"),
    ],
)
def test_wrong_questions_are_refused(client: httpx.Client, rest: str, code: str) -> None:
    """Each mistake is a problem with its code."""
    answer = client.get(f"/api/runs/first/evaluations{rest}")
    assert answer.json()["code"] == code, answer.text
