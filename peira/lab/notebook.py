"""The cells of a run as a notebook file again.

Source: the notebook format, version 4.5, https://nbformat.readthedocs.io/en/latest/format_description.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from peira.record.events import Cell, Output


def notebook(cells: Sequence[Cell], python: str = "") -> dict[str, Any]:
    """Return an `.ipynb` document: the cells as they were executed, in that order, with the text of
    their outputs.

    Args:
        python: version of Python that executed them.
    """
    language = {"name": "python"} | ({"version": python} if python else {})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": kernel, "language_info": language},
        "cells": [_cell(cell) for cell in cells],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": f"cell-{cell.index}",
        "metadata": {"peira": {"earlier": True}} if cell.is_earlier else {},
        "execution_count": cell.count,
        "source": cell.source,
        "outputs": [_output(output, cell.count) for output in cell.outputs],
    }


def _output(output: Output, count: int | None) -> dict[str, Any]:
    match output.kind:
        case "stdout" | "stderr":
            return {"output_type": "stream", "name": output.kind, "text": output.text}
        case "error":
            lines = output.text.rstrip().splitlines()
            name, _, value = (lines[-1] if lines else "").partition(": ")
            return {"output_type": "error", "ename": name, "evalue": value, "traceback": lines}
        case "result":
            more = {"execution_count": count}
        case _:
            more = {}
    kind = "execute_result" if output.kind == "result" else "display_data"
    return {"output_type": kind, "data": {"text/plain": output.text}, "metadata": {}, **more}
