"""What is measured of each tracker: every number comes from its driver in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import statistics
import struct
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers.environment import Peer, quiet_settings

TASK_S_MAX = 180
GRACE_S = 2.0  # what a library's own helper process may use to save what it holds
ACK_FD_VARIABLE = "BENCH_ACK_FD"


@dataclass(frozen=True)
class Sizes:
    """How much work there is. A budget ends a slow tracker's work early; the rest scales."""

    imports: int = 5
    calls: int = 3000
    wide_calls: int = 300
    rows: int = 2000
    series: int = 10_000
    runs: int = 1000
    kills: int = 3
    budget_s: float = 6.0
    runs_budget_s: float = 40.0


QUICK = Sizes(
    imports=2, calls=500, wide_calls=60, rows=200, series=2000, runs=60, kills=1, budget_s=1.5,
    runs_budget_s=4.0,
)  # fmt: skip


class DriverError(Exception):
    """A task of a driver failed; the message is its last words."""


class Bench:
    """All measurements of one tracker, in folders below `scratch`."""

    def __init__(self, peer: Peer, python: Path, scratch: Path, sizes: Sizes) -> None:
        self.peer = peer
        self.python = python
        self.scratch = scratch
        self.sizes = sizes
        self.facts: dict[str, Any] = {}
        self.failures: dict[str, str] = {}

    def run(self) -> None:
        """Measure everything; what fails is noted and does not stop the rest."""
        steps: list[tuple[str, Callable[[], None]]] = [
            ("import", self._import),
            ("log", self._log),
            ("through", self._through),
            ("kill", self._kill),
            ("series", self._series),
            ("runs", self._runs),
        ]
        for name, step in steps:
            try:
                step()
            except (DriverError, subprocess.TimeoutExpired) as error:
                self.failures[name] = str(error)[-400:]

    def _import(self) -> None:
        costs = []
        for i in range(self.sizes.imports):
            found = self._task("load", f"import-{i}")
            costs.append(found["import_s"])
            self.facts["version"] = found["version"]
        self.facts["import_s"] = statistics.median(costs)

    def _log(self) -> None:
        one = self._task("log", "log-1", n=self.sizes.calls, keys=1)
        wide = self._task("log", "log-100", n=self.sizes.wide_calls, keys=100)
        self.facts |= {"log_1_s": one["median_s"], "log_100_s": wide["median_s"]}
        self.facts |= {"start_s": one["start_s"], "finish_s": one["finish_s"]}

    def _through(self) -> None:
        found = self._task("through", "through", n=self.sizes.rows, keys=100)
        total_s = found["log_s"] + found["finish_s"] + found["read_s"]
        self.facts["points_s"] = found["points"] / total_s
        self.facts["points"] = found["points"]
        self.facts["bytes_all"] = found["bytes"] / found["points"]
        self.facts["bytes_record"] = (found["bytes"] - found["cache_bytes"]) / found["points"]
        self.facts["inexact"] = found["points"] - found["exact"]

    def _kill(self) -> None:
        acknowledged, lost = 0, 0
        for i in range(self.sizes.kills):
            name = f"kill-{i}"
            told = self._killed(name, random.Random(i).uniform(1.0, 3.0))
            back = self._task("count", name)
            acknowledged += told
            lost += max(0, told - back["readable"])
            if "error" in back:
                self.failures["kill"] = back["error"]
        self.facts |= {"acknowledged": acknowledged, "lost": lost}

    def _series(self) -> None:
        self._task("fill", "series", n=self.sizes.series)
        found = self._task("series", "series")
        self.facts |= {"series_s": found["median_s"], "series_n": found["n"]}

    def _runs(self) -> None:
        made = self._task("runs", "runs", n=self.sizes.runs, budget=self.sizes.runs_budget_s)
        found = self._task("ranking", "runs")
        self.facts |= {"runs": made["made"], "run_each_s": made["each_s"]}
        self.facts |= {"ranking_first_s": found["first_s"], "ranking_s": found["median_s"]}

    def _command(self, task: str, name: str, **options: Any) -> list[str]:
        words = [str(self.python), str(self.peer.driver), task]
        words += ["--folder", str(self.scratch / name / "store")]
        for key, value in {"budget": self.sizes.budget_s, **options}.items():
            words += [f"--{key}", str(value)]
        return words

    def _task(self, task: str, name: str, **options: Any) -> dict[str, Any]:
        done = subprocess.run(
            self._command(task, name, **options),
            capture_output=True, text=True, timeout=TASK_S_MAX, check=False,
            env=quiet_settings(self.scratch / name), cwd=self._folder(name),
        )  # fmt: skip
        try:
            found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        except (IndexError, ValueError):
            raise DriverError(f"{task}: {done.stderr.strip()[-400:]}") from None
        return found

    def _killed(self, name: str, after_s: float) -> int:
        """Start logging, kill that process without warning, return what it was told is logged."""
        reader, writer = os.pipe()
        process = subprocess.Popen(
            self._command("acknowledge", name),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(writer,),
            env=quiet_settings(self.scratch / name) | {ACK_FD_VARIABLE: str(writer)},
            cwd=self._folder(name), start_new_session=True,
        )  # fmt: skip
        os.close(writer)
        told, deadline, rest = 0, time.monotonic() + TASK_S_MAX, b""
        try:
            while True:
                data = os.read(reader, 1 << 16)
                if not data:
                    break
                rest += data
                whole = len(rest) // 8 * 8
                if whole:
                    if not told:
                        deadline = time.monotonic() + after_s
                    told = struct.unpack("<q", rest[whole - 8 : whole])[0]
                    rest = rest[whole:]
                if time.monotonic() > deadline and process.poll() is None:
                    process.send_signal(signal.SIGKILL)
        finally:
            os.close(reader)
            process.wait()
            time.sleep(GRACE_S)
            # Helper processes of the library: their session is the killed process's own.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        if not told:
            raise DriverError("acknowledge: nothing was logged")
        return told

    def _folder(self, name: str) -> Path:
        folder = self.scratch / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder
