"""Near copies of texts: planted ones are found, and texts on the same matter are none."""

from __future__ import annotations

import numpy as np

from peira.data.checks import View, check
from peira.data.rows import row_ids

ROWS = 2_000
TRAIN = 1_600


def written(random: np.random.Generator) -> list[str]:
    """Return texts of 40 words out of 200: any two share many words, and no order of them."""
    words = np.array([f"word{n}" for n in range(200)])
    return [" ".join(random.choice(words, 40)) for _ in range(ROWS)]


def view(texts: list[str]) -> View:
    columns = {"text": np.array(texts, dtype=object)}
    parts = {"train": np.arange(TRAIN), "test": np.arange(TRAIN, ROWS)}
    return View(columns, row_ids(columns), parts=parts)


def test_texts_of_the_same_words_are_no_copies() -> None:
    """No false alarm, nor on short texts that are alike by nature."""
    texts = written(np.random.default_rng(0))
    assert check(view(texts), ["near-duplicate-texts"]) == []
    names = [f"Ada Lovelace {n % 50} London" for n in range(ROWS)]
    assert check(view(names), ["near-duplicate-texts"]) == []


def test_copies_with_a_changed_word_are_found_with_their_twins() -> None:
    """One or two of 40 words changed, other case, other marks; equal texts are another check's."""
    random = np.random.default_rng(1)
    texts = written(random)
    for row in range(100):
        words = texts[row].split()
        for place in random.choice(40, 1 + row % 2, replace=False):
            words[place] = "changed"
        texts[TRAIN + row] = ", ".join(words).upper()
    texts[TRAIN + 150] = texts[500]
    (finding,) = check(view(texts), ["near-duplicate-texts"])
    assert finding.action == "block" and 95 <= finding.count <= 100
    ids = [id.decode() for id in view(texts).ids.tolist()]
    pairs = {(ids.index(a), ids.index(b)) for a, b in zip(finding.rows, finding.twins, strict=True)}
    assert pairs <= {(TRAIN + row, row) for row in range(100)}


def test_rates_over_many_worlds() -> None:
    """In 10 worlds of 200 texts: of 10 copies each with one word in ten changed at random nearly
    all are found, and no text that only has to do with the same matter.
    """
    found = others = 0
    for seed in range(10):
        random = np.random.default_rng(seed)
        texts = written(random)[:200]
        for row in range(10):
            words = texts[row].split()
            for place in random.choice(40, 2, replace=False):
                words[place] = f"other{place}"
            texts[160 + row] = " ".join(words)
        columns = {"text": np.array(texts, dtype=object)}
        parts = {"train": np.arange(160), "test": np.arange(160, 200)}
        seen = View(columns, row_ids(columns), parts=parts)
        planted = {id.decode() for id in seen.ids[160:170].tolist()}
        for finding in check(seen, ["near-duplicate-texts"]):
            found += len(planted & set(finding.rows))
            others += len(set(finding.rows) - planted)
    assert found >= 95 and others == 0
