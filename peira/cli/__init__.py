"""The command line: each command is one call of `Lab` and its output.

`peira --help` must answer at once, so a module here imports the standard library and click at its
top and everything else inside the function that needs it.
"""

from __future__ import annotations

import gc
import io
import os
import sys

from peira.capture.hook.memory import MEMORY

__all__ = ["main"]

COLLECT_AFTER = 50_000
"""Objects made until the next look for cycles among them."""


def main() -> None:
    """Run the command line of this process and leave with its exit code."""
    # A command is over in a moment. Looking for cycles after each 700 objects, and among all at the
    # end, would take a third of its time.
    gc.set_threshold(COLLECT_AFTER)
    _settle_streams()
    MEMORY.stop()  # this is no program that trains
    from peira.cli.app import app

    try:
        app(prog_name="peira")
    finally:
        # DuckDB's binding reports what is not collected at the end, on standard error.
        if "_duckdb" not in sys.modules:
            gc.freeze()


def _settle_streams() -> None:
    """Give this process the standard streams that it was started without: else the next file that
    is opened would take their place, and what a program prints would go there. A terminal or file
    of another encoding shows `?` for what it does not have.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
