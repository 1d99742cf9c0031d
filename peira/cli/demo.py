"""`peira demo`: small real models, recorded and looked at while the last ones still learn."""

from __future__ import annotations

import shlex
import sys
import threading
import webbrowser
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from peira.cli.display import can_open_browser
from peira.cli.format import number
from peira.cli.group import Command
from peira.cli.session import Session, in_session
from peira.cli.terminal import terminal
from peira.core.errors import AmbiguousError
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.demo import Outcome, Progress
    from peira.lab.lab import Lab
    from peira.server.serve import Server

BAR_WIDTH = 30
QUIET_STEP = 0.1  # without a terminal the progress is told at each tenth


@click.command(
    cls=Command,
    examples=[
        ("peira demo", "trains for about a minute, then opens the dashboard"),
        ("peira demo --lab /tmp/demo --no-ui", "only the runs, in a lab of their own"),
    ],
)
@click.option("--no-ui", is_flag=True, help="Only train; serve no dashboard.")
@click.option("--no-browser", is_flag=True, help="Print the dashboard's address; open nothing.")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", default=8228, show_default=True)
@in_session
def demo(session: Session, *, no_ui: bool, no_browser: bool, port: int) -> None:
    """Train small models on real handwritten digits, and look at them.

    Networks, boosting, support vectors and neighbours, on three versions of the data with three
    seeds. One run diverges. All of them go to the project `digits` of this lab. The dashboard opens
    while the last ones still learn, and stays until Ctrl-C.
    """
    from peira.demo import run_demo

    with ExitStack() as stack:
        bar = _Bar()
        server: list[Server] = []

        def look() -> None:
            bar.clear()
            server.append(_dashboard(stack, session, port, opens=not no_browser))

        outcome = run_demo(
            session.place,
            on_progress=bar.show,
            on_worth_a_look=None if no_ui else look,
        )
        bar.clear()
        _tell(outcome, session)
        if no_ui:
            ui, ls = _command(session, "ui"), _command(session, "ls")
            click.echo(f"{ui} opens the dashboard; {ls} lists the runs")
        elif server:
            click.echo("The dashboard stays until Ctrl-C.")
            threading.Event().wait()


def _dashboard(stack: ExitStack, session: Session, port: int, *, opens: bool) -> Server:
    """Serve beside the training; say where, and open it where there is a display."""
    from peira.server.serve import Server, set_up_log

    lab: Lab = stack.enter_context(session.open())
    set_up_log()
    server = stack.enter_context(Server(lab, port=port))
    click.echo(f"Peira is at {server.url}")
    if opens and can_open_browser():
        threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
    return server


def _command(session: Session, *words: str) -> str:
    """Return a command line that works in this shell: `peira` may not be on its path."""
    called = sys.argv[0]
    if Path(called).name == "__main__.py":
        start = [sys.executable, "-m", "peira"]
    else:
        start = [called if Path(called).name == "peira" else "peira"]
    place = [] if session.place is None else ["--lab", session.place]
    return printable(shlex.join([*start, *words, *place]))


def _name(lab: Lab, run: str) -> str:
    """Return the name of a run; its id when an earlier demo made another of that name."""
    name = lab.find(run).name
    try:
        return name if lab.find(name).id == run else run
    except AmbiguousError:
        return run


def _tell(outcome: Outcome, session: Session) -> None:
    with session.open() as lab:
        lab.catch_up()
        _tell_names(outcome, session, lab)


def _tell_names(outcome: Outcome, session: Session, lab: Lab) -> None:
    text = f"{len(outcome.runs)} runs in {printable(str(outcome.lab))}"
    if outcome.best is not None and outcome.best_accuracy is not None:
        text += f"; the best is {_name(lab, outcome.best)} with validation accuracy "
        text += number(outcome.best_accuracy)
    click.echo(text)
    for run in outcome.diverged:
        click.echo(f"one diverged, and says so: {_command(session, 'show', _name(lab, run))}")


class _Bar:
    """How far it is, on standard error: one line that moves, or a line for each tenth."""

    def __init__(self) -> None:
        self._moves = sys.stderr.isatty()
        self._shown = False
        self._told = 0.0
        self._out = terminal()

    def show(self, progress: Progress) -> None:
        share = progress.done / progress.total
        if not self._moves:
            if share >= self._told:
                self._told = share - share % QUIET_STEP + QUIET_STEP
                click.echo(f"{progress.finished} of {progress.total} models trained", err=True)
            return
        full = int(share * BAR_WIDTH)
        names = printable(", ".join(progress.running))
        text = (
            f"{'━' * full}{'─' * (BAR_WIDTH - full)} {progress.finished}/{progress.total}  {names}"
        )
        sys.stderr.write(f"\r\x1b[K{text[: self._out.columns - 1]}")
        sys.stderr.flush()
        self._shown = True

    def clear(self) -> None:
        """Take the moving line away, so that something can be said."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False
