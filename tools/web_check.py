"""Check the dashboard's sources: types, Svelte, unit tests, bundle size. Brings Node from a Python
wheel when there is none.
"""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import hatch_build  # noqa: E402 - the build hook lies beside the package, not in it

WEB = ROOT / "web"
INITIAL_SCRIPT_KIB_MAX = 120


def install(npm: list[str], environment: dict[str, str]) -> None:
    """Install the front end's packages unless those of this lock file are there."""
    lock = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    mark = WEB / "node_modules" / ".peira-lock"
    if mark.is_file() and mark.read_text() == lock:
        return
    hatch_build.run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], WEB, environment)
    mark.write_text(lock)


def initial_script_kib() -> float:
    """Return the gzipped size of the scripts that index.html names, in KiB."""
    page = (hatch_build.BUNDLE / "index.html").read_text()
    named = [p for p in (hatch_build.BUNDLE / "assets").glob("*.js") if p.name in page]
    assert named, "index.html names no script"
    return sum(len(gzip.compress(p.read_bytes(), 9)) for p in named) / 1024


def main() -> int:
    if hatch_build.node_on_path() is None:
        print("No Node 20.19+ here; installing it from a Python wheel.", flush=True)
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "-q", hatch_build.NODE_WHEEL], check=True
        )
    _, npm, environment = hatch_build.node_command()
    install(npm, environment)
    for task in ("check", "test"):
        print(f"+ npm run {task}", flush=True)
        done = subprocess.run([*npm, "run", "-s", task], cwd=WEB, env=environment, check=False)
        if done.returncode != 0:
            return done.returncode
    size = initial_script_kib()
    print(f"initial script: {size:.1f} KiB gzip (at most {INITIAL_SCRIPT_KIB_MAX})")
    return 0 if size <= INITIAL_SCRIPT_KIB_MAX else 1


if __name__ == "__main__":
    sys.exit(main())
