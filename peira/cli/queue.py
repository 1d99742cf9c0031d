"""`peira queue`: what waits to be run, and the worker that runs it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from peira.cli.group import Command, Family
from peira.cli.session import Session, in_session, json_option, write_json

if TYPE_CHECKING:
    from peira.launch.queue import Item, Queue

_ALL = "all"


@click.group(
    "queue",
    cls=Family,
    invoke_without_command=True,
    examples=[
        ("peira run --queue train.py --lr 0.1", "puts a run into the queue"),
        ("peira queue", "what waits, runs, or was lost"),
        ("peira queue run -j 2", "works it off, two at once"),
    ],
)
@json_option
@click.pass_context
@in_session
def queue(session: Session, /, ctx: click.Context, *, as_json: bool) -> None:
    """List what is in the queue, oldest first.

    An item leaves the queue when its run has ended; the run remains.
    """
    if ctx.invoked_subcommand is not None:
        return
    items = _queue(session).items()
    if as_json:
        write_json({"items": [item.document() for item in items]})
    elif items:
        _write(items)
    else:
        click.echo("The queue is empty: peira run --queue PROGRAM puts a run into it.", err=True)


@queue.command(
    "run",
    cls=Command,
    examples=[
        ("peira queue run", "one after the other, until none waits"),
        ("peira queue run -j 4 --forever", "four at once, and waits for more"),
        ("peira queue run --gpus all", "one on each GPU"),
        ("peira queue run --gpus 0,1,2,3 --gpus-per-run 2", "two runs, with two GPUs each"),
    ],
)
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), metavar="N",
    help="So many at once.  [default: one, or one for each share of the GPUs]",
)  # fmt: skip
@click.option("--gpus", metavar="LIST", help="GPUs to share out: all, or numbers like 0,1.")
@click.option(
    "--gpus-per-run", type=click.IntRange(min=1), default=1, show_default=True, metavar="N",
    help="GPUs for each run.",
)  # fmt: skip
@click.option(
    "--cpus-per-run", type=click.IntRange(min=1), metavar="N",
    help="Bind each run to so many processors.  [default: all]",
)  # fmt: skip
@click.option("--forever", is_flag=True, help="Wait for more when the queue is empty.")
@in_session
def work(
    session: Session,
    /,
    *,
    jobs: int | None,
    gpus: str | None,
    gpus_per_run: int,
    cpus_per_run: int | None,
    forever: bool,
) -> None:
    """Work off the queue, oldest first.

    What runs print goes to their consoles: peira tail RUN. Ctrl-C starts no more and waits for
    those that run; a second one stops them. Several workers may work off one queue.
    """
    from peira.launch.worker import Worker, slots

    found = _queue(session)
    room = slots(jobs, gpu_list(gpus), gpus_per_run, cpus_per_run or 0)
    _tell_lost(found)
    tally = Worker(found, room, click.echo, is_endless=forever).work()
    click.echo(f"{tally.finished} finished, {tally.failed} failed", err=True)
    click.get_current_context().exit(1 if tally.failed else 0)


@queue.command(
    "rm", cls=Command, examples=[("peira queue rm 6au3c4b5", "takes it out before it runs")]
)
@click.argument("items", nargs=-1, required=True, metavar="ITEM...")
@in_session
def remove(session: Session, /, items: tuple[str, ...]) -> None:
    """Take items out of the queue. What runs is not touched."""
    found = _queue(session)
    for item in [found.find(text) for text in items]:
        found.remove(item)
        click.echo(f"took out {item.id}: {_command(item)}", err=True)


@queue.command("clear", cls=Command, examples=[("peira queue clear", "empties it")])
@in_session
def clear(session: Session, /) -> None:
    """Take out all that does not run."""
    found = _queue(session)
    items = [item for item in found.items() if item.state != "running"]
    for item in items:
        found.remove(item)
    click.echo(f"took out {len(items)}", err=True)


@queue.command(
    "again",
    cls=Command,
    examples=[
        ("peira queue again 6au3c4b5", "puts one back that was lost or could not start"),
        ("peira queue again", "all of them"),
    ],
)
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@in_session
def again(session: Session, /, items: tuple[str, ...]) -> None:
    """Put items that were lost or could not be started back to wait.

    An item is lost when what recorded its run was killed. It runs anew, as another run.
    """
    found = _queue(session)
    chosen = [found.find(text) for text in items] if items else _stranded(found)
    for item in chosen:
        found.again(item)
        click.echo(f"waits again: {item.id}: {_command(item)}", err=True)
    if not chosen:
        click.echo("nothing was lost", err=True)


def _queue(session: Session) -> Queue:
    from peira.core.settings import read_settings
    from peira.launch.queue import Queue
    from peira.record.folder import find_lab

    return Queue(find_lab(None, session.place or read_settings().lab))


def gpu_list(text: str | None) -> list[str]:
    """Return the GPUs that `--gpus` names; `all` are those that can be seen."""
    if text is None or text == "none":
        return []
    if text != _ALL:
        return [part.strip() for part in text.split(",") if part.strip()]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible:
        return gpu_list(visible)
    from peira.capture.host import gpus

    found = [str(gpu["index"]) for gpu in gpus()]
    if not found:
        raise click.UsageError("--gpus all: this machine has no GPU that can be seen.")
    return found


def _stranded(found: Queue) -> list[Item]:
    return [item for item in found.items() if item.state in ("lost", "failed")]


def _tell_lost(found: Queue) -> None:
    count = len(_stranded(found))
    if count:
        what = "1 item was lost or could not start: it stays" if count == 1 else (
            f"{count} items were lost or could not start: they stay"
        )  # fmt: skip
        click.echo(f"{what} in the queue until `peira queue again`", err=True)


def _write(items: list[Item]) -> None:
    from peira.cli.format import ago, moment
    from peira.cli.table import Cell, Column, layout
    from peira.cli.terminal import terminal
    from peira.core.text import printable

    out = terminal()
    columns = [
        Column("item"), Column("state"), Column("staged"), Column("run"),
        Column("program", shrinks=True), Column("where", shrinks=True),
    ]  # fmt: skip
    rows = []
    for item in items:
        claim, time_s = item.claim, item.staged.time
        where = f"{claim.host}:{claim.pid}" if claim else ""
        if claim and claim.gpus:
            where += f" GPU {claim.gpus}"
        since = ago(time_s) if out.is_terminal else moment(time_s)
        run = claim.run or "" if claim else ""
        where = claim.reason if claim and claim.reason else where
        texts = (item.id, item.state, since, run, _command(item), printable(where))
        rows.append([Cell(text) for text in texts])
    click.echo("\n".join(layout(columns, rows, out).lines))


def _command(item: Item) -> str:
    import sys

    from peira.core.text import printable

    words = item.staged.command
    return printable(" ".join(words[1:] if words[0] == sys.executable else words))
