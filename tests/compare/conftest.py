"""A lab of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from peira.lab.lab import Lab


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The `.peira` folder to write runs into."""
    (tmp_path / "lab").mkdir()
    return tmp_path / "lab" / ".peira"


@pytest.fixture
def lab(root: Path) -> Iterator[Lab]:
    """The lab, to read them."""
    with Lab(root) as opened:
        yield opened
