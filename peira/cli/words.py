"""Long texts of several runs: the words in which they differ stand out on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from peira.cli.terminal import Terminal

WORDS_MAX = 400
STYLE = "yellow"


def mark_words(texts: Sequence[str], out: Terminal) -> list[str]:
    """Return the texts with the words painted that the first one, or all others, do not have.

    Without colours, and of very long texts, they come back as they are.
    """
    words = [text.split(" ") for text in texts]
    if not out.colour or len(set(texts)) < 2 or max(map(len, words)) > WORDS_MAX:
        return list(texts)
    painted: list[set[int]] = [set() for _ in texts]
    for i, other in enumerate(words[1:], 1):
        matcher = SequenceMatcher(None, words[0], other, autojunk=False)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            if tag != "equal":
                painted[0].update(range(i1, i2))
                painted[i].update(range(j1, j2))
    return [
        " ".join(out.paint(word, STYLE) if n in painted[i] else word for n, word in enumerate(line))
        for i, line in enumerate(words)
    ]
