"""What computes: the numerical libraries that a process has loaded, with their threads and
switches.

Only what is loaded already is asked, and only for what it knows without starting anything: no
library is imported for it, no device initialised. (`threadpoolctl` alone is imported, where it is
installed; it looks at the libraries that are there.)
"""

from __future__ import annotations

import os
import re
import sys

from .border import harmless

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_DEVICES_MAX = 64
# Shared libraries that decide numbers and speed; their files carry the versions.
_LIBRARY = re.compile(
    r"/(lib(?:cudart|cublas|cublasLt|cudnn|cufft|cusolver|cusparse|nccl|nvrtc|cuda|amdhip64|rccl"
    r"|MIOpen|rocblas|mkl_rt|mkl_core|[a-z_]*openblas\w*|blis|flexiblas|atlas|gomp|omp|iomp5)"
    r"(?:-[\w.]+)?)\.so(?:\.([\d.]+))?\Z"
)


def numerics() -> dict[str, Any]:
    """Return `libraries` (BLAS and OpenMP with their threads), `loaded` (versions of shared
    libraries, CUDA's among them, by name), and the switches of `torch`, `tensorflow` and `jax`,
    each only where the process has loaded it.
    """
    facts: dict[str, Any] = {
        "libraries": harmless(_thread_pools),
        "loaded": harmless(_loaded),
        **{name: harmless(ask, sys.modules[name]) for name, ask in _ASKED if name in sys.modules},
    }
    return {name: found for name, found in facts.items() if found}


def _thread_pools() -> list[dict[str, Any]] | None:
    """As `threadpoolctl` tells them; None where it is not installed."""
    if not _has_loaded_blas():
        return None
    is_new = "threadpoolctl" not in sys.modules
    import threadpoolctl

    if is_new:  # it is not the program that has imported it
        del sys.modules["threadpoolctl"]
    pools = []
    for pool in threadpoolctl.threadpool_info():
        pools.append(
            {
                "library": pool.get("internal_api"),
                "kind": pool.get("user_api"),
                "version": pool.get("version"),
                "threads": pool.get("num_threads"),
                "architecture": pool.get("architecture"),
                "threading": pool.get("threading_layer"),
                "file": os.path.basename(str(pool.get("filepath", ""))),
            }
        )
    return [{k: v for k, v in pool.items() if v not in (None, "")} for pool in pools]


def _has_loaded_blas() -> bool:
    """Whether there is anything to ask: importing `threadpoolctl` for nothing would cost 8 ms."""
    return any(name in sys.modules for name in ("numpy", "scipy", "torch", "sklearn", "jaxlib"))


def _loaded() -> dict[str, str]:
    """Names and versions of the mapped libraries (Linux only)."""
    found: dict[str, str] = {}
    with open("/proc/self/maps", "rb") as maps:
        for line in maps:
            start = line.find(b"/")
            if start < 0 or b".so" not in line:
                continue
            match = _LIBRARY.search(os.fsdecode(line[start:].rstrip(b"\n")))
            if match:
                found[match.group(1)] = match.group(2) or found.get(match.group(1), "")
    return found


def _read(**asked: Callable[[], Any]) -> dict[str, Any]:
    """Return what the library answers; what this version of it does not know is left out."""
    found = {name: harmless(ask) for name, ask in asked.items()}
    return {name: value for name, value in found.items() if value is not None}


def _torch(torch: Any) -> dict[str, Any]:
    facts = _read(
        version=lambda: str(torch.__version__),
        cuda=lambda: torch.version.cuda,
        hip=lambda: torch.version.hip,
        cudnn=lambda: torch.version.cuda and torch.backends.cudnn.version(),
        threads=lambda: torch.get_num_threads(),
        threads_between_operations=lambda: torch.get_num_interop_threads(),
        deterministic_algorithms=lambda: torch.are_deterministic_algorithms_enabled(),
        deterministic_warn_only=lambda: torch.is_deterministic_algorithms_warn_only_enabled(),
        default_dtype=lambda: str(torch.get_default_dtype()),
        float32_matmul_precision=lambda: torch.get_float32_matmul_precision(),
        cudnn_deterministic=lambda: bool(torch.backends.cudnn.deterministic),
        cudnn_benchmark=lambda: bool(torch.backends.cudnn.benchmark),
        cudnn_allow_tf32=lambda: bool(torch.backends.cudnn.allow_tf32),
        cuda_matmul_allow_tf32=lambda: bool(torch.backends.cuda.matmul.allow_tf32),
    )
    # Asking a device that was not used yet would start the driver, and spoil a later fork.
    if harmless(lambda: torch.cuda.is_initialized()):
        facts.update(
            _read(
                devices=lambda: [
                    torch.cuda.get_device_name(i)
                    for i in range(min(torch.cuda.device_count(), _DEVICES_MAX))
                ],
                peak_memory_bytes=lambda: [
                    torch.cuda.max_memory_allocated(i)
                    for i in range(min(torch.cuda.device_count(), _DEVICES_MAX))
                ],
            )
        )
    return facts


def _tensorflow(tensorflow: Any) -> dict[str, Any]:
    def build(name: str) -> Any:
        return tensorflow.sysconfig.get_build_info().get(name)

    return _read(
        version=lambda: str(tensorflow.__version__),
        cuda=lambda: build("cuda_version"),
        cudnn=lambda: build("cudnn_version"),
        threads=lambda: tensorflow.config.threading.get_intra_op_parallelism_threads(),
        threads_between_operations=lambda: (
            tensorflow.config.threading.get_inter_op_parallelism_threads()
        ),
        tensor_float_32=lambda: tensorflow.config.experimental.tensor_float_32_execution_enabled(),
        deterministic_algorithms=lambda: sys.modules[
            "tensorflow.python.framework.config"
        ].is_op_determinism_enabled(),
    )


def _jax(jax: Any) -> dict[str, Any]:
    def backends() -> Any:
        return sys.modules["jax._src.xla_bridge"]._backends

    return _read(
        version=lambda: str(jax.__version__),
        jaxlib=lambda: str(sys.modules["jaxlib"].__version__),
        x64=lambda: bool(jax.config.jax_enable_x64),
        default_matmul_precision=lambda: jax.config.jax_default_matmul_precision,
        default_prng=lambda: jax.config.jax_default_prng_impl,
        platforms=lambda: jax.config.jax_platforms,
        # Only backends that the program has started.
        devices=lambda: (
            [
                str(device.device_kind)
                for backend in backends().values()
                for device in backend.devices()[:_DEVICES_MAX]
            ]
            or None
        ),
    )


_ASKED = (("torch", _torch), ("tensorflow", _tensorflow), ("jax", _jax))
