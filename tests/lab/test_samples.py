"""Stored labs of every released format: today's code answers as it did then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lab.samples import make

SAMPLES = sorted(path for path in make.FOLDER.iterdir() if path.name.startswith("format-"))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_an_old_lab_answers_as_it_did(sample: Path, tmp_path: Path) -> None:
    """Params, summaries, tags, decisions, problems and exact points of a lab made long ago."""
    meant = json.loads((sample / "answers.json").read_text())
    assert make.answers(make.opened(sample, tmp_path)) == meant


def test_there_is_a_sample() -> None:
    """A format without a stored sample is not released."""
    assert SAMPLES
