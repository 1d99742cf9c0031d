"""How the program was started: command, directory, user, and from where it was launched."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from peira.capture.birth import user_name
from peira.capture.environment import queue
from peira.capture.subject import Subject
from peira.core.forks import whole

_ANCESTORS_MAX = 16

# Variables that the hosts of a program set, and names of programs above it.
_CI = {
    "GITHUB_ACTIONS": "GitHub Actions",
    "GITLAB_CI": "GitLab CI",
    "JENKINS_URL": "Jenkins",
    "BUILDKITE": "Buildkite",
    "CIRCLECI": "CircleCI",
    "TF_BUILD": "Azure Pipelines",
    "TEAMCITY_VERSION": "TeamCity",
    "TRAVIS": "Travis CI",
    "CI": "CI",
}
_IDE = {
    "PYCHARM_HOSTED": "PyCharm",
    "VSCODE_PID": "VS Code",
    "VSCODE_IPC_HOOK_CLI": "VS Code",
    "SPYDER_ARGS": "Spyder",
    "POSITRON": "Positron",
}
_IDE_PROGRAMS = {
    "code": "VS Code",
    "code-server": "VS Code",
    "cursor": "Cursor",
    "pycharm": "PyCharm",
    "pycharm.sh": "PyCharm",
    "spyder": "Spyder",
    "zed": "Zed",
}
_CRON = frozenset({"cron", "crond", "CRON", "anacron", "atd", "fcron"})
_SSH = frozenset({"sshd", "sshd-session", "dropbear", "mosh-server"})
_MULTIPLEXERS = ("tmux", "screen", "zellij")


def process(subject: Subject) -> dict[str, Any]:
    """Return command (redacted), directory, user, pid, the programs above it, and from where it
    was launched.
    """
    above = ancestors(subject.pid if subject.is_own else os.getpid())
    facts: dict[str, Any] = {
        "command": subject.command,
        "directory": subject.directory,
        "user": user_name(),
        "pid": subject.pid,
        "parents": above,
        "stdin": stdin_kind(),
        "launched_from": launched_from(subject, above),
    }
    sudo = subject.variables.get("SUDO_USER")
    return facts | ({"sudo_user": sudo} if sudo else {})


def ancestors(pid: int) -> list[str]:
    """Return the names of the programs above a process, its parent first. Their arguments are
    somebody else's.
    """
    with whole():
        import psutil

    try:
        return [parent.name() for parent in psutil.Process(pid).parents()[:_ANCESTORS_MAX]]
    except (psutil.Error, OSError):
        return []


def stdin_kind() -> str:
    """Return what standard input is: `terminal`, `pipe`, `file`, `socket`, `null` or `closed`."""
    try:
        found = os.fstat(0)
    except OSError:
        return "closed"
    if os.isatty(0):
        return "terminal"
    if stat.S_ISFIFO(found.st_mode):
        return "pipe"
    if stat.S_ISREG(found.st_mode):
        return "file"
    if stat.S_ISSOCK(found.st_mode):
        return "socket"
    try:
        is_null = found.st_rdev == Path(os.devnull).stat().st_rdev
    except OSError:
        is_null = False
    return "null" if is_null else "device"


def launched_from(subject: Subject, above: Sequence[str]) -> dict[str, str]:
    """Return from where a program was started, as far as its environment and the programs above it
    tell: `notebook`, `queue`, `ci`, `ide`, `cron`, `ssh`, `service`, `multiplexer`, `terminal`,
    each with its name.
    """
    variables = subject.variables
    found: dict[str, str] = {}
    if subject.entry.get("kind") == "notebook":
        found["notebook"] = subject.entry.get("notebook") or _notebook_host(variables)
    job = queue(variables)
    if job:
        found["queue"] = job["kind"]
    for place, known in (("ci", _CI), ("ide", _IDE)):
        named = next((name for variable, name in known.items() if variables.get(variable)), "")
        if named:
            found[place] = named
    if "ide" not in found:
        inside = [_IDE_PROGRAMS[name] for name in above if name in _IDE_PROGRAMS]
        if inside or variables.get("TERM_PROGRAM") == "vscode":
            found["ide"] = inside[0] if inside else "VS Code"
        elif "JetBrains" in variables.get("TERMINAL_EMULATOR", ""):
            found["ide"] = "JetBrains"
    for place, programs in (("cron", _CRON), ("ssh", _SSH)):
        named = next((name for name in above if name in programs), "")
        if named:
            found[place] = named
    if variables.get("SSH_CONNECTION"):
        found.setdefault("ssh", "sshd")
    # systemd sets it for every session of a user, too: a service has nothing but systemd above.
    if variables.get("INVOCATION_ID") and above[:1] == ["systemd"]:
        found["service"] = "systemd"
    multiplexer = next((m for name in above for m in _MULTIPLEXERS if name.startswith(m)), "")
    if multiplexer:
        found["multiplexer"] = multiplexer
    if os.isatty(0) or os.isatty(2):
        found["terminal"] = variables.get("TERM_PROGRAM") or variables.get("TERM", "")
    return found


def _notebook_host(variables: Mapping[str, str]) -> str:
    if "google.colab" in sys.modules:
        return "Colab"
    if variables.get("KAGGLE_KERNEL_RUN_TYPE"):
        return "Kaggle"
    return "Jupyter"
