"""Models as files."""

from __future__ import annotations

import pickle
import sys

from sklearn.linear_model import LinearRegression

from peira.objects import models


class Plain:
    """A model of no library."""

    weight = 3


def test_plain_objects_are_pickled() -> None:
    """Anything that can be pickled is, with its class and module; the file is gone afterwards."""
    with models.written(Plain()) as saved:
        assert saved.facts["class"] == "Plain"
        assert saved.facts["module"] == __name__
        assert saved.facts["format"] == "pickle"
        assert isinstance(pickle.loads(saved.path.read_bytes()), Plain)
    assert not saved.path.exists()


def test_estimators_are_joblib_files() -> None:
    """A scikit-learn estimator is written by joblib, with the library's version."""
    with models.written(LinearRegression()) as saved:
        assert saved.path.name == "model.joblib"
        assert saved.facts["library_version"] == sys.modules["sklearn"].__version__


def test_nothing_can_be_loaded() -> None:
    """There is no way to load a model through Peira (F02)."""
    assert not any("load" in name for name in dir(models) if not name.startswith("_"))
