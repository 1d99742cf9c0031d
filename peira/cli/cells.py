"""Cells of a notebook, as text."""

from __future__ import annotations

from peira.cli.format import duration
from peira.cli.terminal import Terminal
from peira.core.text import printable
from peira.record.events import Cell

_STYLE = {"stderr": "yellow", "error": "red"}


def cell_text(cell: Cell, out: Terminal) -> str:
    """Return a cell and what it put out, its number and duration above."""
    if cell.is_earlier:
        state = "before the run began"
    elif cell.duration_s is None:
        state = "has not ended"
    else:
        state = duration(cell.duration_s)
    title = f"In [{' ' if cell.count is None else cell.count}]"
    lines = [f"{out.paint(title, 'bold')}  {out.paint(state, 'dim')}"]
    lines += [f"  {printable(line)}" for line in cell.source.splitlines()]
    for output in cell.outputs:
        lines.append(out.paint(f"  {output.kind}:", "dim"))
        style = _STYLE.get(output.kind, "")
        lines += [f"    {out.paint(printable(s), style)}" for s in output.text.splitlines()]
    return "\n".join(lines)
