"""`peira tail`: the end of a run's console, and what is added to it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from peira.cli.console import ConsoleText
from peira.cli.group import Command
from peira.cli.session import Session, in_session, run_argument
from peira.cli.terminal import Terminal, terminal

if TYPE_CHECKING:
    from peira.lab.runs import RunRecord

POLL_S = 0.5
PIECE_BYTES = 1 << 20
LINE_BYTES_GUESS = 200


@click.command(
    cls=Command,
    examples=[
        ("peira tail brisk-otter", "the last 20 lines"),
        ("peira tail -f brisk-otter", "and what follows, until the run ends or Ctrl-C"),
        ("peira tail -n 0 brisk-otter > console.txt", "all of it"),
        ("peira tail --raw brisk-otter | less -R", "the bytes as they are; only if you trust them"),
    ],
)
@run_argument
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(min=0),
    metavar="N",
    default=20,
    show_default=True,
    help="Lines from the end; 0 means all.",
)
@click.option("--raw", is_flag=True, help="Do not make control characters harmless.")
@in_session
def tail(session: Session, run: str, *, follow: bool, lines: int, raw: bool) -> None:
    """Print the end of the console (standard output and error) of RUN."""
    lab = session.lab()
    record = lab.run(run)
    text, end = _last(record, lines)
    out = terminal()
    printer = _Printer(out, raw=raw)
    printer.write(text)
    while follow:
        lab.catch_up()
        record = lab.run(record.id)
        is_over = record.state not in ("running", "silent")
        while (piece := record.console(after=end, limit=PIECE_BYTES)).text:
            printer.write(piece.text)
            end = piece.end
        if is_over:
            break
        time.sleep(POLL_S)
    printer.end()


class _Printer:
    """Writes pieces of a console; on a terminal an unfinished line is shown and written anew."""

    def __init__(self, out: Terminal, *, raw: bool) -> None:
        self._text = ConsoleText(out)
        self._is_terminal = out.is_terminal
        self._raw = raw
        self._shown = ""

    def write(self, text: str) -> None:
        if self._raw:
            sys.stdout.write(text)
        else:
            lines = self._text.feed(text)
            unfinished = self._text.unfinished if self._is_terminal else ""
            erase = "\r\x1b[K" if self._shown and (lines or unfinished != self._shown) else ""
            sys.stdout.write(erase + "".join(f"{line}\n" for line in lines))
            if lines or unfinished != self._shown:
                sys.stdout.write(unfinished)
                self._shown = unfinished
        sys.stdout.flush()

    def end(self) -> None:
        if self._shown:
            sys.stdout.write("\r\x1b[K")
        for line in self._text.end():
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _last(record: RunRecord, lines: int) -> tuple[str, int]:
    """Return the last `lines` lines and the byte offset at which the console goes on."""
    after = 0
    if lines:
        size = record.console(limit=0).size
        wanted = lines * LINE_BYTES_GUESS
        while True:
            after = max(0, size - wanted)
            text = record.console(after=after, limit=size - after).text
            if after == 0 or text.rstrip("\n").count("\n") >= lines:
                break
            wanted *= 4
        kept = text.splitlines(keepends=True)[-lines:]
        return "".join(kept), size
    pieces, end = [], 0
    while (piece := record.console(after=end, limit=PIECE_BYTES)).text:
        pieces.append(piece.text)
        end = piece.end
    return "".join(pieces), end
