"""Environment variables, by allow list: what changes results or speed, never all of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from peira.capture.redaction import redact_named

ALLOWED = (
    "CONDA_DEFAULT_ENV",
    "CUBLAS_*",
    "CUDA_*",
    "DEVICE",
    "HF_HUB_OFFLINE",
    "HIP_VISIBLE_DEVICES",
    "JAX_*",
    "KMP_*",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "LOCAL_RANK",
    "LOCAL_WORLD_SIZE",
    "MALLOC_*",
    "MASTER_ADDR",
    "MASTER_PORT",
    "MKL_*",
    "NCCL_*",
    "NODE_RANK",
    "NUMBA_*",
    "NUMEXPR_*",
    "NVIDIA_*",
    "OMP_*",
    "OPENBLAS_*",
    "PYTHONHASHSEED",
    "PYTHONOPTIMIZE",
    "PYTHONPATH",
    "PYTORCH_*",
    "RANK",
    "ROCR_VISIBLE_DEVICES",
    "SLURM_*",
    "TF_*",
    "TOKENIZERS_PARALLELISM",
    "TORCH_*",
    "TZ",
    "VECLIB_*",
    "VIRTUAL_ENV",
    "WORLD_SIZE",
    "XLA_*",
)
"""Names that are recorded; `*` stands for any ending. A name that looks like a secret is redacted
all the same.
"""

_CHARACTERS_MAX = 4_096


def environment(
    extra: Sequence[str] = (), variables: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the allowed variables, redacted, sorted by name.

    Args:
        extra: names to record besides `ALLOWED`; a name may end with `*`.
        variables: the environment; that of this process when None.
    """
    variables = os.environ if variables is None else variables
    patterns = (*ALLOWED, *extra)
    exact = {p for p in patterns if not p.endswith("*")}
    # A lone "*" is refused: the whole environment is never recorded.
    starts = tuple(p[:-1] for p in patterns if p.endswith("*") and len(p) > 1)
    found = {
        name: redact_named(name, value)[:_CHARACTERS_MAX]
        for name, value in sorted(dict(variables).items())
        if name in exact or name.startswith(starts)
    }
    return {"variables": found}
