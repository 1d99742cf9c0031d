"""A lab of generated runs, read-only and shared, and a small one filled through its tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from peira.lab.lab import Lab
from peira.testing.generator import make_lab
from tests.query.small_index import open_index

PROJECTS = ("digits", "speech")


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """40 runs in two projects; nobody changes it."""
    root = tmp_path_factory.mktemp("lab") / ".peira"
    make_lab(root, runs=40, points=(50, 80), projects=PROJECTS)
    with Lab(root) as lab:
        lab.catch_up()
        lab.is_kept_up = True
        yield lab


@pytest.fixture
def connection() -> Iterator[Connection]:
    connection = open_index()
    yield connection
    connection.close()
    connection.engine.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".peira"
