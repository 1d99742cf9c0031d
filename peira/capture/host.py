"""The machine: system, processor, memory, GPUs, addresses; the container, job queue and cloud that
it is a part of. Nothing is asked over the network.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peira.capture.environment import queue
from peira.capture.redaction import redact_url
from peira.core.forks import whole
from peira.record.liveness import host as host_name

_ADDRESSES_MAX = 16
_IMAGE_CHARACTERS_MAX = 500
# Of a processor's many flags those that choose between ways to compute the same sum.
_FLAGS = re.compile(
    r"(sse|ssse|avx|fma|f16c|bmi|amx|neon|asimd|sve|sme\d?\b|bf16|i8mm|fphp|v(sx|x)\b)"
)


def host(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return facts about the machine. What cannot be read is left out.

    Args:
        variables: the environment of the program, which knows its job.
    """
    facts: dict[str, Any] = {
        "host": host_name(),
        "addresses": _addresses(),
        "system": _system(),
        "kernel": f"{os.uname().sysname} {os.uname().release}",
        "architecture": os.uname().machine,
        **_processor(),
        "gpus": gpus(),
    }
    places = {
        "container": container(variables),
        "queue": queue(variables),
        "cloud": cloud(),
    }
    return facts | {name: found for name, found in places.items() if found}


def _addresses() -> list[str]:
    """The machine's own IP addresses, those that mean something only on it or its cable apart."""
    with whole():
        import psutil

    try:
        interfaces = psutil.net_if_addrs()
    except OSError:
        return []
    found: list[str] = []
    for entries in interfaces.values():
        for entry in entries:
            try:
                address = ipaddress.ip_address(str(entry.address).partition("%")[0])
            except ValueError:
                continue  # a hardware address
            if not (address.is_loopback or address.is_link_local):
                found.append(str(address))
    return sorted(set(found))[:_ADDRESSES_MAX]


def container(variables: Mapping[str, str], root: Path = Path("/")) -> dict[str, str]:
    """Return the container that this process is in: `kind`, `id` and `image` where they are known;
    empty outside of one.

    Args:
        root: the folder that stands for the root of the file system.
    """
    told = _text_of(root / "run/.containerenv")  # podman, CRI-O
    groups = _text_of(root / "proc/self/cgroup") or ""
    mounts = _text_of(root / "proc/self/mountinfo") or ""
    image = variables.get("SINGULARITY_CONTAINER") or variables.get("APPTAINER_CONTAINER") or ""
    if image:
        kind = "apptainer"
    elif variables.get("KUBERNETES_SERVICE_HOST") or "/kubepods" in groups:
        kind = "kubernetes"
    elif told is not None or "/libpod" in groups or variables.get("container") == "podman":
        kind = "podman"
    elif (root / ".dockerenv").exists() or "/docker" in groups:
        kind = "docker"
    elif variables.get("container") or "/lxc" in groups:
        kind = variables.get("container") or "lxc"
    else:
        return {}
    named = re.search(r'^image="?([^"\n]+)', told or "", re.M)
    found = re.search(
        r"/(?:containers|docker|libpod|overlay-containers)[^ \n]*?([0-9a-f]{64})", mounts
    )
    found = found or re.search(r"([0-9a-f]{64})", groups)
    facts = {
        "kind": kind,
        "id": found[1] if found else "",
        "image": redact_url(image or (named[1] if named else ""))[:_IMAGE_CHARACTERS_MAX],
    }
    return {name: value for name, value in facts.items() if value}


def cloud(root: Path = Path("/")) -> dict[str, str]:
    """Return the cloud's name, the instance type and the region, as files of the machine tell them.

    Args:
        root: the folder that stands for the root of the file system.
    """
    board = root / "sys/class/dmi/id"
    vendor, product = (
        (_text_of(board / name) or "").strip() for name in ("sys_vendor", "product_name")
    )
    known = {"Amazon EC2": "aws", "Google": "gcp", "Microsoft Corporation": "azure"}
    found: dict[str, str] = {}
    if vendor in known and (vendor != "Microsoft Corporation" or product == "Virtual Machine"):
        found["name"] = known[vendor]
        if vendor == "Amazon EC2":
            found["instance_type"] = product
    try:
        told = json.loads((root / "run/cloud-init/instance-data.json").read_bytes())
        shared = told.get("v1", {})
        data = told.get("ds", {}).get("meta_data", {})
        more = {
            "name": shared.get("cloud_name") or shared.get("cloud-name"),
            "region": shared.get("region"),
            "instance_type": data.get("instance-type") or data.get("instance_type"),
        }
    except (OSError, ValueError, AttributeError):
        return found  # not a cloud's machine, or not one that cloud-init has set up
    return {name: str(value) for name, value in more.items() if value} | found


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return None


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
    model, flags = _processor_model()
    if model:
        facts["cpu_model"] = model
    if flags:
        facts["cpu_flags"] = flags
    if hasattr(os, "sched_getaffinity"):
        facts["cpu_cores_usable"] = len(os.sched_getaffinity(0))
    limit = _container_cores()
    if limit is not None:
        facts["cpu_cores_container_limit"] = limit
    try:
        with whole():
            import psutil

        facts["cpu_cores_physical"] = psutil.cpu_count(logical=False)
        facts["memory_bytes"] = psutil.virtual_memory().total
        allowed = (_text_of(Path("/sys/fs/cgroup/memory.max")) or "").strip()
        if allowed.isdigit():
            facts["memory_container_limit_bytes"] = int(allowed)
    except (ImportError, OSError, RuntimeError):
        pass
    return facts


def _processor_model() -> tuple[str, list[str]]:
    """The model, and the flags of its arithmetic."""
    if sys.platform == "darwin":
        model, *flags = _mac_processor("brand_string", "features", "leaf7_features")
        return model, _arithmetic(" ".join(flags).lower().split())
    model = ""
    flags: list[str] = []
    for line in (_text_of(Path("/proc/cpuinfo")) or "").splitlines():
        name, _, value = (part.strip() for part in line.partition(":"))
        if name in ("model name", "Model", "Hardware", "cpu") and not model:
            model = " ".join(value.split())
        elif name in ("flags", "Features") and not flags:
            flags = _arithmetic(value.split())
        if model and flags:  # the other cores say the same
            break
    return model or os.uname().machine, flags


def _arithmetic(flags: list[str]) -> list[str]:
    return sorted(flag for flag in flags if _FLAGS.match(flag))


def _mac_processor(*names: str) -> list[str]:
    """What `sysctl` says below `machdep.cpu`; "" for what this processor does not have."""
    import subprocess

    answers = []
    for name in names:
        try:
            answer = subprocess.run(
                ["/usr/sbin/sysctl", "-n", f"machdep.cpu.{name}"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=2,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            answers.append("")
            continue
        answers.append(answer.stdout.strip())
    return answers


def _container_cores() -> float | None:
    """The limit of the control group, in cores; None when there is none."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def gpus() -> list[dict[str, Any]]:
    """All NVIDIA GPUs of the machine; none without a driver."""
    try:
        with whole():
            import pynvml
    except ImportError:
        return []
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    found: list[dict[str, Any]] = []
    try:
        driver = _text(pynvml.nvmlSystemGetDriverVersion())
        cuda = pynvml.nvmlSystemGetCudaDriverVersion_v2()
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            found.append(
                {
                    "index": index,
                    "model": _text(pynvml.nvmlDeviceGetName(handle)),
                    "uuid": _text(pynvml.nvmlDeviceGetUUID(handle)),
                    "memory_bytes": int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
                    "compute_capability": _compute_capability(pynvml, handle),
                    "driver": driver,
                    "cuda": f"{cuda // 1000}.{cuda % 1000 // 10}",
                }
            )
    except pynvml.NVMLError:
        pass  # what was read until then still counts
    return found


def _compute_capability(library: Any, handle: Any) -> str | None:
    try:
        return ".".join(map(str, library.nvmlDeviceGetCudaComputeCapability(handle)))
    except library.NVMLError:
        return None


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
