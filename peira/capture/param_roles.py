"""What a param, an option or a variable is for, told by its name.

Two runs are the same experiment whatever their seeds are, wherever they write, and however much
they print. The names are those of the field; `docs/explanation/repeats.md` lists them, and a test
holds the two together.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Literal

Role = Literal["value", "seed", "path", "output", "log"]

SEED_WORDS = frozenset({"seed", "randomseed", "rngseed", "hashseed"})
SEED_NAMES = frozenset({"random_state", "rng"})
COUNT_WORDS = frozenset({"n", "num", "number", "count", "total"})
"""`num_seed` counts seeds; it is none."""
PLACE_WORDS = frozenset(
    {
        "path",
        "paths",
        "dir",
        "dirs",
        "directory",
        "folder",
        "file",
        "files",
        "filename",
        "root",
        "home",
    }
)
OUTPUT_WORDS = frozenset(
    {"out", "output", "outputs", "save", "result", "results", "log", "logs", "logging", "report",
     "tensorboard", "tb", "run", "exp", "experiment", "work", "tmp", "temp", "cache"}
)  # fmt: skip
OUTPUT_NAMES = frozenset(
    {"out", "output", "outdir", "outfile", "outpath", "logdir", "logfile", "savedir", "workdir",
     "rundir", "tmpdir", "cachedir"}
)  # fmt: skip
LOG_NAMES = frozenset(
    {"verbose", "verbosity", "quiet", "silent", "progress", "progress_bar", "no_progress", "tqdm",
     "log_level", "loglevel", "logging_level", "log_every", "log_interval", "log_freq",
     "log_frequency", "log_steps", "logging_steps", "log_every_n_steps", "print_every",
     "print_freq", "print_interval", "report_every", "disable_tqdm", "run_name", "exp_name",
     "experiment_name", "use_wandb", "use_tensorboard", "use_mlflow", "report_to"}
)  # fmt: skip
FLAG_NAMES = frozenset(
    {"verbose", "verbosity", "quiet", "silent", "progress", "progress_bar", "no_progress", "tqdm",
     "disable_tqdm", "use_wandb", "use_tensorboard", "use_mlflow"}
)  # fmt: skip
"""Those of `LOG_NAMES` that stand alone on a command line: the word behind is not theirs."""
LOG_STARTS = ("wandb_", "tensorboard_", "mlflow_", "peira_")

NUMERIC_STARTS = (
    "OMP_", "MKL_", "OPENBLAS_", "NUMEXPR_", "VECLIB_", "KMP_", "BLIS_", "NUMBA_", "CUBLAS_",
    "CUDNN_", "NVIDIA_TF32", "TF_", "XLA_", "JAX_", "TORCH_", "PYTORCH_", "PYTHONOPTIMIZE",
)  # fmt: skip
"""Beginnings of variables that change what numerical libraries compute."""
SET_BY_LIBRARIES = frozenset({"KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"})
"""Those of them that scikit-learn sets when it is imported; they change no result, and whether they
are there tells only whether a run began before that import.
"""
PLACE_VARIABLES = frozenset(
    {"HOME", "USER", "LOGNAME", "USERNAME", "HOSTNAME", "PATH", "PWD", "OLDPWD", "TMPDIR", "TEMP",
     "TMP", "SHELL", "TERM", "DISPLAY", "LANG", "LC_ALL", "COLUMNS", "LINES", "NO_COLOR",
     "FORCE_COLOR", "EDITOR", "PAGER", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX",
     "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "MASTER_ADDR", "MASTER_PORT", "RANK",
     "LOCAL_RANK", "NODE_RANK"}
)  # fmt: skip
PLACE_STARTS = ("XDG_", "SSH_", "SLURM_", "PEIRA_", "JUPYTER_", "VSCODE_", "KUBERNETES_")
"""Variables that say who runs it, and where: they choose nothing."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@lru_cache(4_096)
def plain_name(name: str) -> str:
    """Return the name as params, options and variables share it.

    >>> plain_name("--optimizer.learning-rate"), plain_name("randomState")
    ('optimizer/learning_rate', 'random_state')
    """
    spaced = _HUMP.sub("_", name.lstrip("-+~$"))
    return spaced.replace("-", "_").replace(".", "/").lower()


def role(name: str, value: Any = None) -> Role:
    """Return what goes under `name`.

    A value that is an address (`s3://…`) is a value whatever its name: what is behind it is not
    seen by its content.

    >>> role("seed"), role("out_dir", "runs/1"), role("data_path", "d.csv"), role("lr", 0.1)
    ('seed', 'output', 'path', 'value')
    """
    return _role(name, is_address=isinstance(value, str) and "://" in value)


@lru_cache(4_096)
def _role(name: str, *, is_address: bool) -> Role:
    last = plain_name(name).rpartition("/")[2]
    words = last.split("_")
    if last in SEED_NAMES or (SEED_WORDS & set(words) and not COUNT_WORDS & set(words)):
        return "seed"
    if last in LOG_NAMES or last.startswith(LOG_STARTS) or last.endswith("log_level"):
        return "log"
    if is_address:
        return "value"
    if last in OUTPUT_NAMES:
        return "output"
    if words[-1] in PLACE_WORDS or last in ("datadir", "dataroot"):
        return "output" if words[0] in OUTPUT_WORDS else "path"
    return "value"


def is_of_the_place(variable: str) -> bool:
    """Whether an environment variable says who runs a program, and where."""
    return variable in PLACE_VARIABLES or variable.startswith(PLACE_STARTS)
