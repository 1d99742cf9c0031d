"""Environment variables, by allow list: what changes results or speed, never all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from peira.capture.redaction import redact_named

ALLOWED = (
    "ACCELERATE_*",
    "AIP_*",
    "APPTAINER_CONTAINER",
    "ARROW_*",
    "ATEN_*",
    "AWS_BATCH_*",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AZUREML_*",
    "BLIS_*",
    "CLOUD_ML_*",
    "COLAB_RELEASE_TAG",
    "CONDA_DEFAULT_ENV",
    "CONDA_PREFIX",
    "CUBLAS_*",
    "CUDA_*",
    "CUDNN_*",
    "DASK_*",
    "DEEPSPEED_*",
    "DEVICE",
    "FI_*",
    "FLEXIBLAS*",
    "GLOO_*",
    "GOMP_*",
    "GOTO_NUM_THREADS",
    "HF_DATASETS_OFFLINE",
    "HF_HOME",
    "HF_HUB_OFFLINE",
    "HIP_VISIBLE_DEVICES",
    "HSA_*",
    "HYDRA_FULL_ERROR",
    "JAX_*",
    "JOBLIB_*",
    "JOB_COMPLETION_INDEX",
    "JOB_ID",
    "KAGGLE_KERNEL_RUN_TYPE",
    "KMP_*",
    "KUBERNETES_SERVICE_HOST",
    "LANG",
    "LC_ALL",
    "LD_BIND_NOW",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "LOCAL_RANK",
    "LOCAL_WORLD_SIZE",
    "LOKY_*",
    "LSB_*",
    "MALLOC_*",
    "MASTER_ADDR",
    "MASTER_PORT",
    "MIOPEN_*",
    "MKL_*",
    "MPLBACKEND",
    "NCCL_*",
    "NODE_RANK",
    "NPY_*",
    "NUMBA_*",
    "NUMEXPR_*",
    "NUMPY_*",
    "NVIDIA_*",
    "OMPI_COMM_WORLD_*",
    "OMP_*",
    "ONEAPI_*",
    "OPENBLAS_*",
    "PBS_*",
    "PMI_RANK",
    "PMI_SIZE",
    "POLARS_*",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHASHSEED",
    "PYTHONHOME",
    "PYTHONOPTIMIZE",
    "PYTHONPATH",
    "PYTHONUNBUFFERED",
    "PYTHONUTF8",
    "PYTHONWARNINGS",
    "PYTHON_GIL",
    "PYTHON_JIT",
    "PYTORCH_*",
    "RANK",
    "RAY_*",
    "ROCM_*",
    "ROCR_VISIBLE_DEVICES",
    "SAGEMAKER_*",
    "SCIPY_*",
    "SGE_*",
    "SINGULARITY_CONTAINER",
    "SKLEARN_*",
    "SLURM_*",
    "SM_*",
    "SYCL_*",
    "TBB_*",
    "TF2_BEHAVIOR",
    "TF_AUTOTUNE_THRESHOLD",
    "TF_CONFIG",
    "TF_CPP_*",
    "TF_CUDA_*",
    "TF_CUDNN_*",
    "TF_DETERMINISTIC_OPS",
    "TF_DISABLE_*",
    "TF_ENABLE_*",
    "TF_FORCE_*",
    "TF_GPU_*",
    "TF_NUM_*",
    "TF_USE_*",
    "TF_XLA_*",
    "TOKENIZERS_PARALLELISM",
    "TORCH_*",
    "TPU_*",
    "TRAINING_JOB_ARN",
    "TRAINING_JOB_NAME",
    "TRANSFORMERS_*",
    "TRITON_*",
    "TZ",
    "VECLIB_*",
    "VIRTUAL_ENV",
    "WORLD_SIZE",
    "XLA_*",
    "ZES_*",
)
"""Names that are recorded; `*` stands for any ending. A name that looks like a secret is redacted
all the same. TensorFlow shares `TF_` with Terraform, whose variables are private.
"""

_CHARACTERS_MAX = 4_096

# Job queues, and the variables that hold the job's name and what else is short and telling.
_QUEUES: dict[str, dict[str, str]] = {
    "Slurm": {
        "job": "SLURM_JOB_ID",
        "array_task": "SLURM_ARRAY_TASK_ID",
        "process": "SLURM_PROCID",
    },
    "SageMaker": {"job": "TRAINING_JOB_NAME", "host": "SM_CURRENT_HOST"},
    "PBS": {"job": "PBS_JOBID", "queue": "PBS_QUEUE", "array_task": "PBS_ARRAY_INDEX"},
    "LSF": {"job": "LSB_JOBID", "queue": "LSB_QUEUE", "array_task": "LSB_JOBINDEX"},
    "Ray": {"job": "RAY_JOB_ID", "node": "RAY_NODE_ID"},
    "AWS Batch": {"job": "AWS_BATCH_JOB_ID", "queue": "AWS_BATCH_JQ_NAME"},
    "Vertex AI": {"job": "CLOUD_ML_JOB_ID"},
    "Azure ML": {"job": "AZUREML_RUN_ID"},
}
_NAMESPACE = "var/run/secrets/kubernetes.io/serviceaccount/namespace"


def environment(extra: Sequence[str], variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the allowed variables, redacted, sorted by name.

    Args:
        extra: names to record besides `ALLOWED`; a name may end with `*`.
        variables: the environment.
    """
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


def queue(variables: Mapping[str, str], root: Path = Path("/")) -> dict[str, str]:
    """Return which job of which queue a process belongs to: `kind`, `job` and what else the queue
    tells; empty outside of one.

    Args:
        root: the folder that stands for the root of the file system.
    """
    for kind, names in _QUEUES.items():
        if variables.get(names["job"]):
            told = {field: variables[name] for field, name in names.items() if variables.get(name)}
            return {"kind": kind} | told
    if not variables.get("KUBERNETES_SERVICE_HOST"):
        return {}
    # A pod's host name is its own name.
    found = {"kind": "Kubernetes", "job": variables.get("HOSTNAME", "")}
    try:
        found["namespace"] = (root / _NAMESPACE).read_text().strip()
    except (OSError, ValueError):
        pass  # a pod without a service account
    return found
