"""The public face: what is promised, and what it costs to import."""

from __future__ import annotations

import subprocess
import sys

import pytest

import peira

LEVELS = {"core", "record", "objects", "capture"}
FACES = {
    "peira",
    "peira.recorder",
    "peira.run",
    "peira.current",
    "peira.session",
    "peira.medialog",
    "peira.checkpointlog",
    "peira.datalog",
}
LIBRARIES = {"msgspec", "typing_extensions"}


def test_all_is_sorted_and_there() -> None:
    """`__all__` is sorted without doubles, and each name exists."""
    assert peira.__all__ == sorted(set(peira.__all__))
    for name in peira.__all__:
        assert getattr(peira, name) is not None
    assert dir(peira) == peira.__all__


def test_the_promised_names() -> None:
    """A name leaves or joins the promise only on purpose."""
    assert peira.__all__ == [
        "AmbiguousError", "DamagedError", "Lab", "LabError", "NotFoundError", "PeiraError",
        "Pruned", "QueryError", "Run", "UnsupportedError", "UsageError", "__version__", "alert",
        "checkpoint", "current_run", "dataset", "diff", "evaluate", "finish", "flush",
        "import_study", "init", "log", "log_artifact", "log_audio", "log_figure", "log_histogram",
        "log_html", "log_image", "log_table", "log_text", "log_video", "note", "optuna_storage",
        "record_leaderboard", "record_search", "resume", "save_model", "space", "sweep",
        "transform", "use", "use_artifact",
    ]  # fmt: skip


def test_unknown_name() -> None:
    """A name that is not promised is an AttributeError, as everywhere."""
    with pytest.raises(AttributeError, match="nothing_like_this"):
        peira.nothing_like_this  # noqa: B018


def test_import_is_light() -> None:
    """`import peira` loads the standard library, msgspec and levels 0 to 2 only."""
    program = "import sys, peira; print(*sys.modules)"
    before = "import sys; print(*sys.modules)"
    loaded = [
        set(subprocess.check_output([sys.executable, "-c", text], text=True).split())
        for text in (program, before)
    ]
    for module in loaded[0] - loaded[1]:
        parts = module.split(".")
        if parts[0] == "peira":
            assert module in FACES or parts[1] in LEVELS, module
        else:
            assert parts[0] in sys.stdlib_module_names | LIBRARIES, module


def test_module_functions_need_a_run() -> None:
    """Without a run the error says what to call."""
    with pytest.raises(peira.UsageError, match=r"Call peira\.init\(\) first"):
        peira.log({"a": 1.0})
