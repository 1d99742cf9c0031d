"""Whether a browser can be opened where this command runs."""

from __future__ import annotations

import os
import sys


def can_open_browser() -> bool:
    """Whether there is a display: not over ssh, not in a container without one.

    A text browser would take over the terminal, so one named by `BROWSER` counts only with a
    display.
    """
    if sys.platform == "darwin":
        return not os.environ.get("SSH_CONNECTION")
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
