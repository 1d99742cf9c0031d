"""The environment of a run, built again by uv, and held against what was recorded.

uv keeps what it downloaded, so the second time takes well below a second. Packages that cannot be
had are named with the reason, and the others are installed all the same.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from peira.capture.packages import Packages
from peira.core.errors import UnsupportedError
from peira.lab.runs import RunRecord
from peira.rerun.linked import link
from peira.rerun.pins import Pins
from peira.rerun.restored import RestoredEnvironment, Unavailable

PROBES_MAX = 8
REASON_CHARACTERS_MAX = 300

# They would lead uv, and the Python that it asks, to another environment than the named one.
_MISLEADING = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "UV_PROJECT_ENVIRONMENT")


class Uv:
    """Calls uv, the program that comes with the package of that name.

    Raises:
        UnsupportedError: it is not installed.
    """

    def __init__(self) -> None:
        try:
            from uv import find_uv_bin

            self.program = find_uv_bin()
        except (ImportError, FileNotFoundError) as error:
            raise UnsupportedError(
                f"The environment cannot be built: uv is not installed ({error}).",
                hint="pip install uv, or use --no-env.",
            ) from error
        self._environment = {k: v for k, v in os.environ.items() if k not in _MISLEADING}

    def __call__(self, *words: str, given: str = "") -> str:
        """Run uv; return why it failed, empty when it did not."""
        done = subprocess.run(
            [self.program, *words, "--color", "never", "--no-progress"],
            input=given, capture_output=True, text=True, check=False, env=self._environment,
        )  # fmt: skip
        return "" if done.returncode == 0 else _reason(done.stderr)


def build(pins: Pins, python: Sequence[str], folder: Path) -> RestoredEnvironment:
    """Make an environment in `folder`, which must not exist.

    Args:
        python: interpreters or versions to try, best first.

    Raises:
        UnsupportedError: uv is not installed.
    """
    uv = Uv()
    reason = ""
    for wanted in python:
        reason = uv("venv", "--quiet", "--no-project", "--python", wanted, str(folder))
        if not reason:
            break
    else:
        return RestoredEnvironment(
            python="", version="", inexact=[f"Python {python[-1]} cannot be had: {reason}"]
        )
    program = folder / "bin" / "python"
    unavailable = [*pins.unavailable, *_install(uv, pins, program)]
    site = site_packages(folder)
    for name, place in pins.links.items():
        link(name, pins.versions[name], Path(place), site)
    return held_against(pins, program, unavailable)


def held_against(
    pins: Pins, program: Path, unavailable: Sequence[Unavailable] = ()
) -> RestoredEnvironment:
    """Return how an environment compares with the recorded one."""
    folder = program.parent.parent
    now = installed(site_packages(folder))
    version = read_version(folder)
    inexact = list(pins.inexact)
    gone = {one.name for one in unavailable}
    exact = 0
    for name in pins.imported:
        recorded = pins.versions.get(name, "")
        if now.get(name) == recorded:
            exact += 1
        elif name not in gone:
            inexact.append(f"{name} is {now.get(name, 'missing')}, and was {recorded}")
    return RestoredEnvironment(
        python=str(program),
        version=version,
        packages=len(pins.imported),
        exact=exact,
        unavailable=list(unavailable),
        inexact=inexact,
    )


def interpreters(record: RunRecord) -> list[str]:
    """Return what to ask uv for, best first: the interpreter of the run while it is the same, this
    one when it is of that version, else the version and its minor.
    """
    facts = record.captured("python")
    version = str(facts.get("version") or record.birth.get("python") or "")
    if not version:
        return [sys.executable]
    found = []
    prefix = Path(str(facts.get("prefix") or "/nowhere"))
    if read_version(prefix) == version:
        found.append(str(prefix / "bin" / "python"))
    if sys.version.split()[0] == version:
        found.append(sys.executable)
    minor = ".".join(version.split(".")[:2])
    return list(dict.fromkeys([*found, version, minor]))


def in_place(record: RunRecord, pins: Pins, folder: Path) -> RestoredEnvironment | None:
    """Return the environment of the run itself when it still is what was recorded: nothing has to
    be built then. None when it is gone or another, or when it would import the project from where
    it was instead of from the restored `folder`.
    """
    if any(Path(place).is_relative_to(folder) for place in pins.links.values()):
        return None
    facts = record.captured("python")
    prefix, version = Path(str(facts.get("prefix") or "/nowhere")), str(facts.get("version"))
    if not pins.versions or read_version(prefix) != version:
        return None
    if installed(site_packages(prefix)) != pins.versions:
        return None
    return held_against(pins, prefix / "bin" / "python")


def as_it_is(record: RunRecord, pins: Pins) -> RestoredEnvironment:
    """Return the environment of the run whatever it holds now; that of this process when it is
    gone. Of a run that was no Python program: none.
    """
    if not record.captured("python") and not pins.versions:
        return RestoredEnvironment(python="", version="")
    program = Path(str(record.captured("python").get("prefix") or "/nowhere"), "bin", "python")
    return held_against(pins, program if program.exists() else Path(sys.prefix, "bin", "python"))


def installed(site: Path) -> dict[str, str]:
    """Return versions by canonical name of what is installed in a folder."""
    return Packages([str(site)]).installed


def site_packages(folder: Path) -> Path:
    """Return the folder of the packages of an environment."""
    return next(iter(sorted(folder.glob("lib/python3*/site-packages"))), folder / "site-packages")


def read_version(folder: Path) -> str:
    """Return the version of an environment's Python, empty when there is none."""
    program = folder / "bin" / "python"
    if not program.exists():
        return ""
    asked = [str(program), "-I", "-S", "-c", "import sys; print(sys.version.split()[0])"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _install(uv: Uv, pins: Pins, program: Path) -> list[Unavailable]:
    """Install what can be had; return what cannot."""
    if not pins.requirements:
        return []
    reason = _install_all(uv, pins, program, {})
    if not reason:
        return []
    missing = _probe(uv, pins, program)
    if missing and not _install_all(uv, pins, program, missing):
        return [m for m in missing.values() if m.name in pins.imported]
    # The recorded packages do not fit each other; they did work together, so they are taken one by
    # one, without asking what they require.
    for name, line in {**pins.constraints, **pins.requirements}.items():
        if name not in missing:
            failed = _pip(uv, pins, program, "--no-deps", line)
            if failed:
                missing[name] = Unavailable(name, pins.versions.get(name, ""), failed)
    return [m for m in missing.values() if m.name in pins.imported]


def _install_all(uv: Uv, pins: Pins, program: Path, missing: dict[str, Any]) -> str:
    """Install everything but what is missing, which also counts as required by nobody."""
    folder = program.parent.parent
    texts = {
        "requirements": [line for name, line in pins.requirements.items() if name not in missing],
        "constraints": [line for name, line in pins.constraints.items() if name not in missing],
        "overrides": [f'{name} ; python_version < "1"' for name in missing],
    }
    words = []
    for kind, lines in texts.items():
        path = folder / f"{kind}.txt"
        path.write_text("".join(f"{line}\n" for line in lines))
        words += [f"--{kind}", str(path)]
    return _pip(uv, pins, program, *words)


def _probe(uv: Uv, pins: Pins, program: Path) -> dict[str, Unavailable]:
    """Ask for each package by itself; return those that cannot be had."""
    lines = {**pins.constraints, **pins.requirements}

    def ask(name: str) -> str:
        return _pip(uv, pins, program, "--dry-run", "--no-deps", lines[name])

    with ThreadPoolExecutor(PROBES_MAX) as pool:
        reasons = dict(zip(lines, pool.map(ask, lines), strict=True))
    return {
        name: Unavailable(name, pins.versions.get(name, ""), reason)
        for name, reason in reasons.items()
        if reason
    }


def _pip(uv: Uv, pins: Pins, program: Path, *words: str) -> str:
    indexes = [word for url in pins.indexes for word in ("--extra-index-url", url)]
    if indexes:
        indexes += ["--index-strategy", "unsafe-best-match"]
    return uv("pip", "install", "--quiet", "--python", str(program), *indexes, *words)


def _reason(text: str) -> str:
    """Return what uv said went wrong, as one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line.removeprefix("cause: ") for line in lines if line.startswith("cause: ")]
    told = causes or [line.removeprefix("error: ") for line in lines[-3:]]
    return " ".join(told)[:REASON_CHARACTERS_MAX] or "uv failed"
