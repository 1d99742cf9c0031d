"""`peira watch`: live curves in the terminal."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from peira.cli.columns import split_names
from peira.cli.format import number
from peira.cli.group import Command
from peira.cli.picture import keys_of, picture
from peira.cli.screen import Screen
from peira.cli.session import Session, complete_run, in_session, project_option
from peira.cli.terminal import Terminal, terminal
from peira.core.errors import AmbiguousError, NotFoundError
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.lab.lab import Lab
    from peira.lab.runs import RunRecord

RUNS_MAX = 6  # as many as there are colours
LINE_KEYS_MAX = 6
OVER = ("finished", "failed", "killed")


@click.command(
    cls=Command,
    examples=[
        ("peira watch", "the live runs; the latest one when none lives"),
        ("peira watch brisk-otter calm-heron -k train/loss,val/loss", "two runs, two metrics"),
        ("peira watch 'cnn and lr < 1e-3 sort -val/acc'", "the first six runs of a query"),
        ("peira watch --once | cat", "one picture, for a log or a message"),
    ],
)
@click.argument("runs", nargs=-1, metavar="[RUN…|QUERY]", shell_complete=complete_run)
@click.option(
    "-k", "--keys", multiple=True, metavar="NAMES", help="Only these metrics, separated by commas."
)
@project_option
@click.option(
    "-i",
    "--interval",
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    default=1.0,
    show_default=True,
    help="Seconds between pictures.",
)
@click.option("--once", is_flag=True, help="Print one picture and end.")
@in_session
def watch(
    session: Session,
    runs: tuple[str, ...],
    *,
    keys: tuple[str, ...],
    project: str | None,
    interval: float,
    once: bool,
) -> None:
    """Draw the metrics of runs as curves, here, while they grow.

    Keys: q ends, n and p turn the pages. Without a terminal, a line is printed for each run when it
    has moved, until all have ended.
    """
    lab = session.lab()
    found = _find(session, lab, runs, project)
    wanted = split_names(keys)
    out = terminal()
    if once:
        names = keys_of(found, wanted)
        lines, _ = picture(lab, found, names, out, height=8 * max(1, len(names)) + len(found) + 1)
        click.echo("\n".join(lines).rstrip())
    elif out.is_terminal:
        _live(lab, found, wanted, interval)
    else:
        _lines(lab, found, wanted, interval)


def _find(session: Session, lab: Lab, words: Sequence[str], project: str | None) -> list[RunRecord]:
    """Return the runs that are meant: by name, else by query, else what is alive."""
    if not words:
        found = lab.runs("alive", project=project, limit=RUNS_MAX)
        found = found if len(found) else lab.runs("", project=project, limit=1)
        if not len(found):
            raise NotFoundError("There is no run yet.", hint="Start one, or try `peira demo`.")
        return list(found)
    try:
        return [lab.run(word, project=project) for word in words][:RUNS_MAX]
    except AmbiguousError:
        raise
    except NotFoundError:
        found = lab.runs(session.read_query(words), project=project, limit=RUNS_MAX)
        if not len(found):
            raise
        return list(found)


def _again(lab: Lab, runs: Sequence[RunRecord]) -> list[RunRecord]:
    lab.catch_up()
    return [lab.run(run.id) for run in runs]


def _live(
    lab: Lab, runs: Sequence[RunRecord], wanted: Sequence[str] | None, interval_s: float
) -> None:
    """Redraw until q; the size of the terminal may change meanwhile."""
    page_start = 0
    with Screen() as screen:
        while True:
            out = terminal()
            height = shutil.get_terminal_size((80, 24)).lines
            keys = keys_of(runs, wanted)
            page_start = min(page_start, max(0, len(keys) - 1))
            lines, shown = picture(lab, runs, keys[page_start:], out, height=height - 1)
            lines += [""] * (height - 1 - len(lines))
            lines.append(_footer(page_start, shown, len(keys), out))
            screen.draw(lines, height)
            pressed = screen.key(interval_s)
            if pressed in ("q", "Q", "\x1b", "\x04"):
                return
            if pressed in ("n", " ") and page_start + shown < len(keys):
                page_start += shown
            elif pressed == "p":
                page_start = max(0, page_start - max(1, shown))
            runs = _again(lab, runs)


def _footer(first: int, shown: int, count: int, out: Terminal) -> str:
    pages = f"metrics {first + 1}-{first + shown} of {count} · n next · p back · " if count else ""
    return out.paint(f"{pages}q ends", "dim")


def _lines(
    lab: Lab, runs: Sequence[RunRecord], wanted: Sequence[str] | None, interval_s: float
) -> None:
    """Print a line for each run that has moved, until all are over."""
    said: dict[str, str] = {}
    while True:
        for run in runs:
            text = _line(run, keys_of([run], wanted)[:LINE_KEYS_MAX])
            if said.get(run.id) != text:
                said[run.id] = text
                click.echo(f"{time.strftime('%H:%M:%S')}  {text}")
        if all(run.state in OVER for run in runs):
            return
        time.sleep(interval_s)
        runs = _again(lab, runs)


def _line(run: RunRecord, keys: Sequence[str]) -> str:
    step = max((run.metrics[key].last_step for key in keys), default=0)
    values = "  ".join(f"{printable(key)} {number(run.metrics[key].last)}" for key in keys)
    return f"{printable(run.name)}  {run.state}  step {step}  {values}".rstrip()
