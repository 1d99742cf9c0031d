"""Samples of an evaluation as texts and sounds, by columns of the data, per class, and as files."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from peira.data import splits
from peira.data.add import add_table
from peira.data.catalog import Catalog
from peira.data.checks.version import Question, check_version
from peira.data.dataset import open_dataset
from peira.data.splits import Recipe
from peira.lab.lab import Lab
from peira.run import Run, init
from peira.server.serve import Server

ROWS = 120
RATE = 8_000


def speak(root: Path) -> None:
    """Texts and their columns under version, half of them for training; one label is wrong."""
    rng = np.random.default_rng(0)
    y = np.arange(ROWS) % 2
    inputs = np.where(y[:, None] == 1, 3.0, -3.0) + rng.normal(0, 0.3, (ROWS, 3))
    y[7] = 1 - y[7]
    table = {
        "text": [f"sentence {n}" for n in range(ROWS)], "a": inputs[:, 0], "b": inputs[:, 1],
        "language": ["de" if n % 3 else "en" for n in range(ROWS)], "y": y,
    }  # fmt: skip
    add_table(root, "words", table, label="y")
    splits.make(open_dataset(root, "words"), "main", Recipe(shares={"train": 0.5, "dev": 0.5}))
    check_version(root, Catalog(root).find("words"), Question(split="main"))


def evaluate(run: Run) -> None:
    dev = run.use("words:main/dev")
    run.evaluate("dev", y_pred=(dev["a"] > 0).astype(int))
    waves = np.sin(np.arange(10)[:, None] * np.linspace(0, 9, 400)[None])
    run.evaluate(
        "sounds", [0, 1] * 5, [0, 1, 1, 1, 0, 1, 0, 1, 0, 1], samples=waves, sample_rate=RATE
    )
    run.evaluate("told", [0, 1], [1, 1], samples=["first text", "second text"])
    several = np.array([[1, 0, 1], [0, 1, 0], [1, 1, 0]])
    run.evaluate("several", several, np.array([[1, 0, 0], [0, 1, 0], [0, 1, 1]]))
    boxes = [{"boxes": [[0, 0, 4, 4]], "labels": ["cat"]}]
    seen = [{"boxes": [[0, 0, 4, 4], [9, 9, 12, 12]], "labels": ["cat", "dog"], "scores": [1, 0.5]}]
    run.evaluate("boxes", boxes, seen, task="detection")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    root = tmp_path_factory.mktemp("shown") / ".peira"
    speak(root)
    with init("p", name="speaker", lab=root, console=False, monitor=False, strict=True) as run:
        evaluate(run)
    with (
        Lab(root) as lab,
        Server(lab, port=0) as server,
        httpx.Client(
            base_url=server.address, headers={"Authorization": f"Bearer {server.session.token}"}
        ) as opened,
    ):
        yield opened


def get(client: httpx.Client, rest: str, **asked: Any) -> dict[str, Any]:
    answer = client.get(f"/api/runs/speaker/evaluations/{rest}", params=asked, timeout=60)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_texts_come_with_their_samples(client: httpx.Client) -> None:
    """From the data version by id, or from what was given with the evaluation."""
    assert get(client, "dev")["samples_as"] == get(client, "told")["samples_as"] == "text"
    found = get(client, "dev/samples", sort="id")
    assert len(found["texts"]) == found["matched"] == ROWS // 2
    assert all(text.startswith("sentence ") for text in found["texts"])
    assert len(set(found["texts"])) == ROWS // 2
    assert get(client, "told/samples", sort="id")["texts"] == ["first text", "second text"]


def test_sounds_are_wave_files(client: httpx.Client) -> None:
    """With the rate that was given; samples that are none are refused."""
    assert get(client, "sounds")["samples_as"] == "sound"
    answer = client.get("/api/runs/speaker/evaluations/sounds/sound/3")
    assert answer.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(answer.content)) as opened:
        assert (opened.getframerate(), opened.getnframes()) == (RATE, 400)
    assert client.get("/api/runs/speaker/evaluations/told/sound/0").status_code == 404
    assert client.get("/api/runs/speaker/evaluations/sounds/sound/none").status_code == 404


def test_results_are_sliced_by_columns_of_the_data(client: httpx.Client) -> None:
    """Every plain column of the version but the label; a slice leads to its samples."""
    assert get(client, "dev")["slices"] == ["text", "a", "b", "language"]
    slices = get(client, "dev/slices", column="language")["slices"]
    counts = {one["value"]: one["rows"] for one in slices}
    assert set(counts) == {"de", "en"} and sum(counts.values()) == ROWS // 2
    found = get(client, "dev/samples", column="language", value="en")
    assert found["matched"] == counts["en"]
    assert {sample["language"] for sample in found["samples"]} == {"en"}


def test_suspicious_labels_are_told(client: httpx.Client) -> None:
    """The checks of the version named the wrong label; the samples say so."""
    assert get(client, "dev")["checked"] and not get(client, "told")["checked"]
    assert get(client, "dev")["copies"] is None
    wrong = get(client, "dev/samples", wrong=True)
    everything = get(client, "dev/samples")
    assert set(wrong["suspicious"]) <= {sample["id"] for sample in wrong["samples"]}
    assert set(wrong["suspicious"]) <= set(everything["suspicious"])


def test_several_labels_and_boxes_have_numbers_per_class(client: httpx.Client) -> None:
    """Support, what was predicted, what of it is right."""
    rows = get(client, "several")["per_class"]
    assert [(r["label"], r["support"], r["predicted"], r["right"]) for r in rows] == [
        ("0", 2, 1, 1), ("1", 2, 2, 2), ("2", 1, 1, 0),
    ]  # fmt: skip
    assert get(client, "several/samples", true="1")["matched"] == 2
    assert get(client, "several/samples", predicted="2")["matched"] == 1
    assert get(client, "boxes/samples", predicted="dog")["matched"] == 1
    assert get(client, "boxes/samples", true="dog")["matched"] == 0
    rows = get(client, "boxes")["per_class"]
    assert [(r["label"], r["support"], r["predicted"], r["right"]) for r in rows] == [
        ("cat", 1, 1, 1), ("dog", 0, 1, 0),
    ]  # fmt: skip


def test_the_screen_is_a_file_too(client: httpx.Client) -> None:
    """The same address with an ending: chosen samples as CSV, all of it as JSON."""
    page = "/p/p/r/speaker/eval/dev"
    found = client.get(f"{page}.csv", params={"wrong": "1", "panel": "classes"})
    lines = found.text.splitlines()
    assert lines[0].split(",")[:4] == ["id", "true", "predicted", "correct"]
    assert len(lines) - 1 == get(client, "dev/samples", wrong=True)["matched"]
    assert "speaker dev.csv" in found.headers["content-disposition"]
    document = client.get(f"{page}.json", params={"column": "language", "value": "en"}).json()
    assert document["matrix"] == get(client, "dev")["matrix"]
    assert len(document["samples"]) == get(client, "dev/samples", column="language",
                                           value="en")["matched"]  # fmt: skip
    assert client.get(f"{page}.parquet").content[:4] == b"PAR1"
    assert client.get(f"{page}.csv", params={"sort": "odd"}).status_code == 400
    assert client.get(page).headers["content-type"].startswith("text/html")
