"""The machine: system, processor, memory, GPUs, and the Python that runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from peira.record.liveness import host as host_name


def host() -> dict[str, Any]:
    """Return facts about the machine. What cannot be read is left out."""
    facts: dict[str, Any] = {
        "host": host_name(),
        "system": _system(),
        "kernel": f"{os.uname().sysname} {os.uname().release}",
        "architecture": os.uname().machine,
        "python": {
            "version": sys.version.split()[0],
            "implementation": sys.implementation.name,
            "build": " ".join(sys.version.split()),
            "executable": sys.executable,
            "prefix": sys.prefix,
        },
        "gpus": _gpus(),
    }
    facts |= _processor()
    return facts


def _system() -> str:
    import platform

    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return sys.platform


def _processor() -> dict[str, Any]:
    facts: dict[str, Any] = {"cpu_cores_logical": os.cpu_count()}
    model = _processor_model()
    if model:
        facts["cpu_model"] = model
    if hasattr(os, "sched_getaffinity"):
        facts["cpu_cores_usable"] = len(os.sched_getaffinity(0))
    limit = _container_cores()
    if limit is not None:
        facts["cpu_cores_container_limit"] = limit
    try:
        import psutil

        facts["cpu_cores_physical"] = psutil.cpu_count(logical=False)
        facts["memory_bytes"] = psutil.virtual_memory().total
    except (ImportError, OSError, RuntimeError):
        pass
    return facts


def _processor_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() in ("model name", "Model", "Hardware") and value.strip():
                return " ".join(value.split())
    except OSError:
        pass
    import platform

    return platform.machine() if sys.platform != "darwin" else _mac_processor_model()


def _mac_processor_model() -> str:
    import subprocess

    try:
        answer = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=2,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()


def _container_cores() -> float | None:
    """The limit of the control group, in cores; None when there is none."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _gpus() -> list[dict[str, Any]]:
    """All NVIDIA GPUs of the machine; none without a driver."""
    try:
        import pynvml
    except ImportError:
        return []
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    gpus: list[dict[str, Any]] = []
    try:
        driver = _text(pynvml.nvmlSystemGetDriverVersion())
        cuda = pynvml.nvmlSystemGetCudaDriverVersion_v2()
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            gpus.append(
                {
                    "index": index,
                    "model": _text(pynvml.nvmlDeviceGetName(handle)),
                    "uuid": _text(pynvml.nvmlDeviceGetUUID(handle)),
                    "memory_bytes": int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
                    "driver": driver,
                    "cuda": f"{cuda // 1000}.{cuda % 1000 // 10}",
                }
            )
    except pynvml.NVMLError:
        pass  # what was read until then still counts
    return gpus


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
