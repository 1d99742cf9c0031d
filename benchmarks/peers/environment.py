"""A virtual environment for each tracker, outside the repository, and settings that keep every byte
on this machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

DRIVERS = Path(__file__).resolve().parent / "drivers"
INSTALL_S_MAX = 600


@dataclass(frozen=True)
class Peer:
    """A tracker: what to install, and how its column is called."""

    name: str
    title: str
    requirements: tuple[str, ...] = ()

    @property
    def driver(self) -> Path:
        """The script that speaks to it."""
        return DRIVERS / f"{self.name}_driver.py"


PEERS = (
    Peer("peira", "Peira"),
    Peer("tensorboard", "TensorBoard", ("tensorboardX", "tensorboard", "setuptools<80")),
    Peer("mlflow", "MLflow", ("mlflow",)),
    Peer("trackio", "Trackio", ("trackio",)),
    Peer("aim", "Aim", ("aim>=3.20", "setuptools<80")),
    Peer("wandb", "W&B offline", ("wandb",)),
)


class NotInstallableError(Exception):
    """A peer cannot be installed here; the message says why in one line."""


def cache_folder() -> Path:
    """Return where the environments live: `PEIRA_BENCH_CACHE`, else below the user's cache."""
    given = os.environ.get("PEIRA_BENCH_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(given) if given else Path(base) / "peira-bench"


def python_of(peer: Peer) -> Path:
    """Return the interpreter in which `peer` is installed, making its environment when missing.

    Raises:
        NotInstallableError: no wheel for this Python, or no network.
    """
    if not peer.requirements:
        return Path(sys.executable)
    folder = cache_folder() / f"{peer.name}-{sys.version_info[0]}.{sys.version_info[1]}"
    python, done = folder / "bin" / "python", folder / "installed"
    wanted = "\n".join(peer.requirements)
    if done.exists() and done.read_text() == wanted:
        return python
    print(f"installing {peer.title} into {folder}", file=sys.stderr, flush=True)
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "-q",
             "--disable-pip-version-check", *peer.requirements],
            check=True, capture_output=True, text=True, timeout=INSTALL_S_MAX,
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        last = ((error.stderr or "").strip().splitlines() or [str(error)])[-1]
        raise NotInstallableError(last[:200]) from error
    except subprocess.TimeoutExpired as error:
        raise NotInstallableError(f"pip took longer than {INSTALL_S_MAX} s") from error
    done.write_text(wanted)
    return python


def quiet_settings(folder: Path) -> dict[str, str]:
    """Return the environment of a driver: its own home, no telemetry, and no way out.

    The proxies lead to a closed port, so what ignored its opt-out would still reach nobody.
    """
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    nowhere = "http://127.0.0.1:9"
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "",
        "HTTP_PROXY": nowhere, "HTTPS_PROXY": nowhere, "http_proxy": nowhere,
        "https_proxy": nowhere, "NO_PROXY": "localhost,127.0.0.1",
        "DO_NOT_TRACK": "1",
        "PEIRA_QUIET": "1",
        "WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false",
        "WANDB_DIR": str(folder), "WANDB_CACHE_DIR": str(home), "WANDB_CONFIG_DIR": str(home),
        "WANDB_DATA_DIR": str(home),
        "MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet",
        "TRACKIO_DIR": str(folder / "store"), "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1", "GRADIO_ANALYTICS_ENABLED": "False",
        "AIM_UI_TELEMETRY_ENABLED": "0",
    }  # fmt: skip
