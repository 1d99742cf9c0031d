"""Which of the five states a run is in. The end event decides; without one, signs of life do.

end event                                  -> finished | failed | killed
same boot of the same host, process alive  -> running
same boot of the same host, process gone   -> killed
elsewhere, a sign of life < 60 s ago       -> running
elsewhere, none                            -> silent      (a later point makes it running again)
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Literal

from peira.core.clock import now_s
from peira.record.events import Birth, End
from peira.record.folder import RunFolder

State = Literal["running", "finished", "failed", "killed", "silent"]
STATES: tuple[State, ...] = ("running", "finished", "failed", "killed", "silent")

SILENT_AFTER_S = 60.0
_START_TOLERANCE_S = (
    1.0  # the kernel tells start times in ticks of 10 ms, and rounds the boot time to a second
)


def state(birth: Birth, end: End | None, last_sign: float, now: float | None = None) -> State:
    """Return the state of a run.

    Args:
        end: the last end event of the main writer, if there is one.
        last_sign: newest modification time of the run's files (`last_sign_of_life`), seconds since
            the epoch.
        now: the time to judge at; the current one when None.
    """
    if end is not None:
        return end.status
    if birth.boot and birth.host == host() and birth.boot == boot_id():
        return "running" if is_alive(birth.pid, birth.pid_started) else "killed"
    now = now_s() if now is None else now
    return "running" if now - last_sign < SILENT_AFTER_S else "silent"


def last_sign_of_life(folder: RunFolder) -> float:
    """Return the newest modification time of the files that a run writes, or 0."""
    newest = 0.0
    for path in (folder.birth, folder.console, *folder.events_files(), *folder.points_files()):
        try:
            newest = max(newest, path.stat().st_mtime)
        except OSError:
            continue
    return newest


@cache
def host() -> str:
    """Return the name of this machine."""
    return os.uname().nodename


@cache
def boot_id() -> str:
    """Return what tells this boot of this machine, and this container on it, from others."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        import psutil

        return f"started-{psutil.boot_time():.0f}"
    try:
        # A pid means something only inside its pid namespace.
        return f"{boot}/{Path('/proc/self/ns/pid').readlink().name}"
    except OSError:
        return boot


def process_started(pid: int) -> float:
    """Return when a process was started, in seconds; 0 when it is gone. Only good for comparison
    on one boot.

    Linux tells ticks since boot, which no jump of the wall clock changes; elsewhere it is the wall
    time.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except FileNotFoundError:
        if not Path("/proc/self/stat").exists():
            return _process_started_elsewhere(pid)
        return 0.0
    except OSError:
        return 0.0
    fields = text[text.rindex(b")") + 2 :].split()  # the command in parentheses may hold anything
    if fields[0] in (b"Z", b"X"):  # a zombie has stopped working
        return 0.0
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _process_started_elsewhere(pid: int) -> float:
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def is_alive(pid: int, started: float) -> bool:
    """Whether the process `pid`, started at `started` (see `process_started`), still runs."""
    if pid <= 0:
        return False
    found = process_started(pid)
    return found > 0 and abs(found - started) < _START_TOLERANCE_S
