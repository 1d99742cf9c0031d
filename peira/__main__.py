"""`python -m peira` is the command line, for places where the `peira` script is not on the path."""

from __future__ import annotations

from peira.cli import main

main()
