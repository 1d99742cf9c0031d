"""Use of the machine while a run lives: processor, memory, disk, network, GPUs.

The keys are ordinary metrics below `system/`, their unit is the last part of the name. Rates are
means since the last sample, so the first sample has none.
"""

from __future__ import annotations

import os
import time
from typing import Any

from peira.core.forks import whole

_CHILDREN_MAX = 1_000


class Monitor:
    """Samples the machine and this process.

    `sample()` never raises and takes below 5 ms, and about 0.1 ms more for each child of the
    process; the first one loads psutil and the GPU library. What cannot be read is left out. To be
    used from one thread; after a fork the child makes its own.

    Args:
        is_launcher: whether this process only starts the program: then its children alone count.
    """

    def __init__(self, *, is_launcher: bool = False) -> None:
        self.peak_memory_bytes = 0.0
        """The most memory that the program's processes had in a sample, together."""
        self._is_launcher = is_launcher
        self._is_ready = False
        self._psutil: Any = None
        self._process: Any = None
        self._children: dict[tuple[int, float], Any] = {}  # by pid and start
        self._gpus: _Gpus | None = None
        self._counters: dict[str, float] = {}
        self._sampled_s = 0.0

    def sample(self) -> dict[str, float]:
        """Return the present use of the machine, key to value."""
        if not self._is_ready:
            self._prepare()
        values: dict[str, float] = {}
        if self._psutil is not None:
            self._sample_machine(values)
            self._sample_process(values)
            self._sample_rates(values)
        if self._gpus is not None:
            self._gpus.sample(values)
        return values

    def _prepare(self) -> None:
        self._is_ready = True
        try:
            with whole():
                import psutil
        except ImportError:
            return
        self._psutil = psutil
        try:
            psutil.cpu_percent(None)  # the first call only sets the mark to measure from
            self._process = psutil.Process()
            self._process.cpu_percent(None)
        except (psutil.Error, OSError, RuntimeError):
            self._process = None
        self._gpus = _Gpus.find()

    def _sample_machine(self, values: dict[str, float]) -> None:
        try:
            if self._sampled_s:
                values["system/cpu_percent"] = self._psutil.cpu_percent(None)
            memory = self._psutil.virtual_memory()
        except (self._psutil.Error, OSError, RuntimeError, ValueError):
            return
        values["system/memory_bytes"] = float(memory.total - memory.available)
        values["system/memory_percent"] = memory.percent

    def _sample_process(self, values: dict[str, float]) -> None:
        """This process and its children: a data loader's workers, a launched program."""
        if self._process is None:
            return
        memory = threads = busy = 0.0
        processes = [] if self._is_launcher else [self._process]
        processes += self._find_children()
        for process in processes:
            try:
                with process.oneshot():
                    # The first question only sets the mark to measure from.
                    busy += process.cpu_percent(None)
                    memory += process.memory_info().rss
                    threads += process.num_threads()
            except (self._psutil.Error, OSError, RuntimeError, ValueError):
                continue  # it has just ended
        if self._sampled_s:
            values["system/process/cpu_percent"] = busy
        values["system/process/memory_bytes"] = memory
        self.peak_memory_bytes = max(self.peak_memory_bytes, memory)
        values["system/process/threads"] = threads
        values["system/process/count"] = float(len(processes))

    def _find_children(self) -> list[Any]:
        """All processes below this one; known ones stay the same objects, which remember their use
        of the processor.
        """
        try:
            found = self._process.children(recursive=True)[:_CHILDREN_MAX]
        except (self._psutil.Error, OSError, RuntimeError, ValueError):
            return []
        now = {(child.pid, child.create_time()): child for child in found}
        self._children = {key: self._children.get(key, child) for key, child in now.items()}
        return list(self._children.values())

    def _sample_rates(self, values: dict[str, float]) -> None:
        now_s = time.monotonic()
        elapsed_s = now_s - self._sampled_s
        counters = self._read_counters()
        if self._sampled_s and elapsed_s > 0:
            for key, count in counters.items():
                before = self._counters.get(key)
                if before is not None and count >= before:  # a counter may start again
                    values[key] = (count - before) / elapsed_s
        self._counters = counters
        self._sampled_s = now_s

    def _read_counters(self) -> dict[str, float]:
        counters: dict[str, float] = {}
        try:
            disk = self._psutil.disk_io_counters()
            if disk is not None:
                counters["system/disk/read_bytes_per_s"] = disk.read_bytes
                counters["system/disk/write_bytes_per_s"] = disk.write_bytes
            network = self._psutil.net_io_counters()
            if network is not None:
                counters["system/network/received_bytes_per_s"] = network.bytes_recv
                counters["system/network/sent_bytes_per_s"] = network.bytes_sent
        except (self._psutil.Error, OSError, RuntimeError, ValueError):
            pass  # a container may hide these files: the other values still count
        return counters


class _Gpus:
    """The NVIDIA GPUs that this process may use, numbered as `nvidia-smi` does."""

    def __init__(self, library: Any, handles: dict[int, Any]) -> None:
        self._library = library
        self._handles = handles

    @classmethod
    def find(cls) -> _Gpus | None:
        try:
            with whole():
                import pynvml
        except ImportError:
            return None
        try:
            pynvml.nvmlInit()
            handles = {
                index: pynvml.nvmlDeviceGetHandleByIndex(index)
                for index in range(pynvml.nvmlDeviceGetCount())
            }
            names = {index: pynvml.nvmlDeviceGetUUID(h) for index, h in handles.items()}
        except (pynvml.NVMLError, OSError):
            return None
        visible = visible_gpus(os.environ.get("CUDA_VISIBLE_DEVICES"), names)
        handles = {index: handles[index] for index in visible}
        return cls(pynvml, handles) if handles else None

    def sample(self, values: dict[str, float]) -> None:
        for index, handle in self._handles.items():
            prefix = f"system/gpu{index}"
            self._read(values, prefix, handle)

    def _read(self, values: dict[str, float], prefix: str, handle: Any) -> None:
        nvml = self._library
        try:
            values[f"{prefix}/utilization_percent"] = float(
                nvml.nvmlDeviceGetUtilizationRates(handle).gpu
            )
        except nvml.NVMLError:
            pass  # some parts (MIG slices, old boards) answer only some questions
        try:
            memory = nvml.nvmlDeviceGetMemoryInfo(handle)
            values[f"{prefix}/memory_bytes"] = float(memory.used)
            values[f"{prefix}/memory_percent"] = 100.0 * memory.used / memory.total
        except (nvml.NVMLError, ZeroDivisionError):
            pass
        try:
            values[f"{prefix}/power_watts"] = nvml.nvmlDeviceGetPowerUsage(handle) / 1000.0
        except nvml.NVMLError:
            pass
        try:
            sensor = nvml.NVML_TEMPERATURE_GPU
            values[f"{prefix}/temperature_celsius"] = float(
                nvml.nvmlDeviceGetTemperature(handle, sensor)
            )
        except nvml.NVMLError:
            pass


def visible_gpus(setting: str | None, names: dict[int, str]) -> list[int]:
    """Return which GPUs `CUDA_VISIBLE_DEVICES` leaves to this process, by index.

    Args:
        setting: the variable's value, or None when it is not set (then all).
        names: index of each GPU of the machine and its UUID.
    """
    if setting is None:
        return list(names)
    chosen: list[int] = []
    for part in (p.strip() for p in setting.split(",")):
        found = [
            i for i, name in names.items() if part and (part == str(i) or name.startswith(part))
        ]
        if len(found) != 1:
            break  # as CUDA does: an unknown one ends the list
        chosen += found
    return chosen
