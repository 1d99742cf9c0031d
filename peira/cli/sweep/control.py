"""`peira sweep resume`, `pause`, `stop`, `extend`, and `peira worker`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option
from peira.cli.sweep.look import sweep_argument

if TYPE_CHECKING:
    from peira.sweeps.folder import SweepFolder
    from peira.sweeps.records import Member


def _jobs(function: Any) -> Any:
    for option in (
        click.option("--cpus-per-trial", type=click.IntRange(min=1), metavar="N",
                     help="Bind each trial to so many processors.  [default: all]"),
        click.option("--gpus-per-trial", type=click.IntRange(min=1), metavar="N",
                     help="[default: 1]"),
        click.option("--gpus", metavar="LIST", help="GPUs to share out: all, or 0,1."),
        click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N",
                     help="So many at once.  [default: as it was begun]"),
    ):  # fmt: skip
        function = option(function)
    return function


@click.command(
    "resume",
    cls=Command,
    examples=[
        ("peira sweep resume last", "goes on where the latest sweep was stopped"),
        ("peira sweep resume keen-heron-41 -j 4", "with four trials at once"),
        ("peira sweep resume last --retry-failed", "after what they failed of is mended"),
    ],
)
@sweep_argument
@click.option("--retry-failed", is_flag=True, help="Run trials that failed once more, too.")
@_jobs
@json_option
@in_session
def resume(
    session: Session, /, *, sweep: str, retry_failed: bool, as_json: bool, **options: Any
) -> None:
    """Go on with a sweep that was paused, stopped, interrupted or killed.

    Trials that were killed are run once more; nothing else that has ended is, unless it failed and
    --retry-failed asks for it.
    """
    from peira.cli.sweep.working import work
    from peira.sweeps.decisions import go_on, what_is_left
    from peira.sweeps.launcher import refuse_unstartable
    from peira.sweeps.ledger import Ledger

    folder = _find(session, sweep)
    ledger = Ledger(folder)
    ledger.catch_up()
    go_on(ledger, retry_failed=retry_failed)
    if ledger.is_over:
        click.echo(what_is_left(ledger), err=True)
        return
    members = ledger.members()
    if members and options["jobs"] is None:
        click.echo(f"{_counted(members)} at it; -j N adds others", err=True)
        return
    refuse_unstartable(folder)
    work(folder, options, as_json=as_json)


@click.command(
    "worker",
    cls=Command,
    examples=[
        ("peira worker last -j 2", "two workers for the latest sweep"),
        ("peira worker --lab /shared/lab keen-heron-41", "from another machine that has the lab"),
    ],
)
@sweep_argument
@_jobs
@in_session
def worker(session: Session, /, *, sweep: str, **options: Any) -> None:
    """Join a sweep: run its trials here, too, until none is left.

    Any machine may join that has the lab's folder and the program. Ctrl-C finishes what runs and
    leaves the sweep to the others.
    """
    from peira.cli.sweep.working import work

    options["jobs"] = options["jobs"] or (None if options["gpus"] else 1)
    work(_find(session, sweep), options, as_json=False)


@click.command("pause", cls=Command, examples=[("peira sweep pause last", "what runs goes on")])
@sweep_argument
@in_session
def pause(session: Session, /, *, sweep: str) -> None:
    """Begin no more trials for now. Those that run go on to their end; workers wait."""
    from peira.sweeps.decisions import decide

    folder = _find(session, sweep)
    decide(folder, "pause")
    click.echo(f"paused: peira sweep resume {folder.read().name}", err=True)


@click.command(
    "stop",
    cls=Command,
    examples=[
        ("peira sweep stop last", "what runs goes on to its end"),
        ("peira sweep stop last --now", "what runs is ended, too"),
    ],
)
@sweep_argument
@click.option("--now", is_flag=True, help="End the trials that run, too.")
@in_session
def stop(session: Session, /, *, sweep: str, now: bool) -> None:
    """End a sweep. `peira sweep resume` goes on with it all the same."""
    from peira.sweeps.decisions import decide
    from peira.sweeps.ledger import Ledger
    from peira.sweeps.reading import sweep_state

    folder = _find(session, sweep)
    ledger = Ledger(folder)
    ledger.catch_up()
    if ledger.is_over:
        name, state = ledger.definition.name, sweep_state(ledger, 0)
        click.echo(f"{name} was over ({state}): peira sweep show {name}", err=True)
        return
    decide(folder, "stop", now=now)
    click.echo(f"stopped: peira sweep show {folder.read().name}", err=True)


@click.command(
    "extend",
    cls=Command,
    examples=[("peira sweep extend last --trials 20", "20 trials more")],
)
@sweep_argument
@click.option("--trials", type=click.IntRange(min=1), metavar="N", help="So many more.")
@click.option("--budget", metavar="TIME", help="So much more time: 30m.")
@in_session
def extend(session: Session, /, *, sweep: str, trials: int | None, budget: str | None) -> None:
    """Add trials or time to a sweep. Workers that are at it go on; else resume it."""
    from peira.cli.format import duration
    from peira.sweeps.decisions import decide
    from peira.sweeps.definition import read_duration
    from peira.sweeps.ledger import Ledger

    folder = _find(session, sweep)
    seconds = read_duration(budget) if budget else 0.0
    decide(folder, "extend", trials=trials or 0, budget_s=seconds)
    ledger = Ledger(folder)
    ledger.catch_up()
    has_workers = bool(ledger.members())
    name = ledger.definition.name
    limits = [f"{ledger.trials_asked} trials"] if ledger.trials_asked is not None else []
    limits += [duration(ledger.budget_s)] if ledger.budget_s is not None else []
    click.echo(
        f"{name}: {' or '.join(limits)} in all"
        + ("" if has_workers else f": peira sweep resume {name}"),
        err=True,
    )


def _find(session: Session, text: str) -> SweepFolder:
    from peira.cli.sweep.begin import session_root
    from peira.sweeps.folder import find_sweep

    return find_sweep(session_root(session), text)


def _counted(members: list[Member]) -> str:
    return "1 worker is" if len(members) == 1 else f"{len(members)} workers are"
