"""What removed versions held goes; what anything else needs stays."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import peira
from peira.cli.app import app
from peira.data import splits
from peira.data.add import add_table
from peira.data.catalog import Catalog, Version
from peira.data.dataset import Dataset, open_dataset
from peira.data.purge import purge
from peira.data.splits import Recipe
from peira.lab.lab import Lab


def aged(root: Path) -> None:
    """Make all objects older than an hour."""
    for path in (root / "objects").rglob("*"):
        if path.is_file():
            os.utime(path, (0, 0))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".peira"


def added(root: Path, start: int) -> Version:
    return add_table(root, "d", {"x": np.arange(start, start + 50.0)}).version


def test_a_split_survives_a_collection(root: Path) -> None:
    """The ids of its parts are named by its record alone."""
    data = Dataset(root, added(root, 0))
    made = splits.make(data, "main", Recipe())
    aged(root)
    with Lab(root) as lab:
        lab.gc()
    assert len(splits.rows_of(made, "test", data)) == 10


def test_removed_versions_are_given_up(root: Path) -> None:
    """Only what they alone held goes; a dry run says the same and deletes nothing."""
    kept, doomed = added(root, 0), added(root, 25)
    with Lab(root) as lab:
        Catalog(root).remove(doomed)
        aged(root)
        told = purge(lab, dry_run=True)
        assert Dataset(root, doomed).columns and Catalog(root).removed() == [doomed]
        done = purge(lab)
        assert [v.ref for v in done.versions] == ["d:v2"] and done.report == told.report
        assert done.report.objects > 0 and not done.held
        assert len(Dataset(root, kept).columns["x"]) == 50
        assert purge(lab).versions == []
    again = added(root, 25)
    assert again.ref == "d:v2" and len(open_dataset(root, "d:v2")["x"]) == 50


def test_other_bytes_of_the_same_content_are_a_new_number(root: Path) -> None:
    """A purged version comes back only with the manifest that its record names."""
    doomed = added(root, 0)
    catalog = Catalog(root)
    catalog.remove(doomed)
    catalog.purge(doomed)
    version, is_new = catalog.claim("d", doomed.content, "b" * 64)
    assert is_new and version.ref == "d:v2" and catalog.find("d").number == 2


def test_what_a_run_used_stays_and_the_command_says_who(root: Path) -> None:
    """A run that is kept can be repeated."""
    version = added(root, 0)
    with peira.init("p", name="user-of-it") as run:
        run.use("d:v1")
    Catalog(root).remove(version)
    aged(root)
    done = CliRunner().invoke(app, ["data", "gc", "--yes"])
    assert "d:v1 is kept by runs that used it: user-of-it" in done.output
    assert len(Dataset(root, version).columns["x"]) == 50
