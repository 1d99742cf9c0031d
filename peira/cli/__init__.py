"""The command line: each command is one call of `Lab` and its output.

`peira --help` must answer at once, so a module here imports the standard library and click at its
top and everything else inside the function that needs it.
"""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line of this process and leave with its exit code."""
    from peira.cli.app import app

    app(prog_name="peira")
