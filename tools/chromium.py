"""Make sure that a Chromium for the browser tests is there: the system's, or Debian's package, or
Playwright's own download.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def installed() -> str | None:
    """Return the browser that the tests will use, or None."""
    named = os.environ.get("PEIRA_CHROMIUM")
    if named:
        return named
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    return playwright_own()


def playwright_own() -> str | None:
    """Return the Chromium that Playwright has downloaded itself, or None."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None  # noqa: PTH110 - a plain string from Playwright


def run(*words: str) -> bool:
    """Say what is run, run it, and return whether it went well."""
    print("+", *words, flush=True)
    return subprocess.run(words, check=False).returncode == 0


def debian() -> bool:
    """Install Debian's package, as root or through sudo."""
    if shutil.which("apt-get") is None:
        return False
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if root and shutil.which("sudo") is None:
        return False
    return run(*root, "apt-get", "update", "-qq") and run(
        *root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"
    )


def main() -> int:
    found = installed()
    if found is None:
        print("No Chromium on this machine; the browser tests need one. Installing it.")
        if not debian():
            run(sys.executable, "-m", "playwright", "install", "chromium")
        found = installed()
    if found is None:
        print("Chromium could not be installed. Install it, or set PEIRA_CHROMIUM to its path.")
        return 1
    print(f"Chromium for the browser tests: {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
