"""Peira: the record of a team's machine learning experiments.

    import peira

    run = peira.init("mnist", params={"lr": 1e-3})
    run.log({"train/loss": 0.25}, step=10)
    run.finish()

    best = peira.Lab().runs("val/acc.max > 0.9", sort="-val/acc.max")

`docs/reference/sdk.md` describes all of it. Reading names are loaded at their first use, so that a
training process pays only for what it needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from peira.capture.hook.memory import MEMORY
from peira.core.errors import (
    AmbiguousError,
    DamagedError,
    LabError,
    NotFoundError,
    PeiraError,
    QueryError,
    UnsupportedError,
    UsageError,
)
from peira.core.version import __version__
from peira.current import (
    alert,
    checkpoint,
    current_run,
    dataset,
    evaluate,
    finish,
    flush,
    log,
    log_artifact,
    log_audio,
    log_figure,
    log_histogram,
    log_html,
    log_image,
    log_table,
    log_text,
    log_video,
    note,
    save_model,
    use,
    use_artifact,
)
from peira.datalog import transform
from peira.run import Run, init, resume

if TYPE_CHECKING:
    from peira import space
    from peira.compare.diff import diff
    from peira.lab.lab import Lab
    from peira.objective import Pruned
    from peira.sweeping import sweep
    from peira.sweeps.grid_search import record_search
    from peira.sweeps.leaderboard import record_leaderboard
    from peira.sweeps.optuna_studies import import_study, optuna_storage

__all__ = [
    "AmbiguousError",
    "DamagedError",
    "Lab",
    "LabError",
    "NotFoundError",
    "PeiraError",
    "Pruned",
    "QueryError",
    "Run",
    "UnsupportedError",
    "UsageError",
    "__version__",
    "alert",
    "checkpoint",
    "current_run",
    "dataset",
    "diff",
    "evaluate",
    "finish",
    "flush",
    "import_study",
    "init",
    "log",
    "log_artifact",
    "log_audio",
    "log_figure",
    "log_histogram",
    "log_html",
    "log_image",
    "log_table",
    "log_text",
    "log_video",
    "note",
    "optuna_storage",
    "record_leaderboard",
    "record_search",
    "resume",
    "save_model",
    "space",
    "sweep",
    "transform",
    "use",
    "use_artifact",
]

MEMORY.install()  # what the program loads before init() is an input, too

_LATER = {
    "Lab": "peira.lab.lab",
    "Pruned": "peira.objective",
    "diff": "peira.compare.diff",
    "import_study": "peira.sweeps.optuna_studies",
    "optuna_storage": "peira.sweeps.optuna_studies",
    "record_leaderboard": "peira.sweeps.leaderboard",
    "record_search": "peira.sweeps.grid_search",
    "sweep": "peira.sweeping",
}


def __getattr__(name: str) -> Any:
    if name == "space":
        return import_module("peira.space")
    if name not in _LATER:
        raise AttributeError(f"module 'peira' has no attribute {name!r}")
    found = getattr(import_module(_LATER[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
