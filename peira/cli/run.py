"""`peira run`: any program as a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from peira.cli.group import Command
from peira.cli.repeating import POLICIES, Repeating, policy
from peira.cli.session import Session, complete_project, in_session
from peira.record.events import Origin

if TYPE_CHECKING:
    from peira.launch.launcher import Launched, Request


@click.command(
    cls=Command,
    context_settings={"allow_interspersed_args": False},
    examples=[
        ("peira run train.py --lr 0.01", "a Python script, with this interpreter"),
        ("peira run --why 'is 0.01 too high?' train.py --lr 0.01", "says what it is for"),
        ("peira run --set LR=0.1 train.py", "with another value for its constant LR"),
        ("peira run python -m pkg.train", "a module; any command line"),
        ("peira run --param depth=18 ./train.sh", "a script in any language"),
        ("peira run --repeat 3 --why 'is it deterministic?' train.py", "the same, on purpose"),
        ("peira run --queue train.py --lr 0.1", "later: peira queue run"),
        ("peira run --metrics 'loss={loss:f}' Rscript fit.R", "metrics in what it prints"),
    ],
)
@click.option(
    "-p",
    "--project",
    metavar="NAME",
    shell_complete=complete_project,
    help="Its project.  [default: this folder]",
)
@click.option("--name", metavar="NAME", help="A readable name.  [default: made up]")
@click.option("--why", metavar="TEXT", help="The reason for this run, one sentence.")
@click.option("--group", metavar="NAME", help="What runs of one experiment have in common.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag; may be repeated.")
@click.option(
    "--param", "params", multiple=True, metavar="NAME=VALUE", help="A param; may be repeated."
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another value for a constant of the script; may be repeated.",
)
@click.option(
    "--metrics",
    multiple=True,
    metavar="PATTERN",
    help="Metrics in what it prints: 'loss: {loss:f}'; may be repeated."
    "  [default: lines of key: number]",
)
@click.option("--no-metrics", is_flag=True, help="Look for no metrics in what it prints.")
@click.option(
    "--no-console",
    is_flag=True,
    help="Give the program the terminal itself; what it prints is not recorded.",
)
@click.option(
    "--on-repeat",
    type=click.Choice(POLICIES),
    help="When the very same was run before: say so, do not run it, or fail with exit code 5."
    "  [default: warn]",
)
@click.option(
    "--repeat",
    type=click.IntRange(min=1),
    metavar="N",
    help="Run the very same N times on purpose; stops at the first that fails.",
)
@click.option(
    "--reuse",
    is_flag=True,
    help="When the very same was run before, print the id of that run instead of running it.",
)
@click.option(
    "--queue", is_flag=True, help="Put it into the queue; `peira queue run` works that off."
)
@click.option(
    "--probe",
    is_flag=True,
    help="Start it once or twice more at the end: does it give the same here?",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="PROGRAM [ARGS]...")
@in_session
def run(session: Session, /, command: tuple[str, ...], **options: Any) -> None:
    """Run PROGRAM and record it as a run.

    The program behaves as without Peira: its exit code, its signals, its input, its terminal.
    Options of peira stand before PROGRAM; all behind it is the program's.
    """
    from peira.capture.program import text_value
    from peira.launch.launcher import Request

    repeat, reuse = options.pop("repeat"), options.pop("reuse")
    is_queued, is_probed = options.pop("queue"), options.pop("probe")
    on_repeat = options.pop("on_repeat")
    if reuse and repeat is not None:
        raise click.UsageError("Give only one of --repeat and --reuse.")
    if options["no_console"] and options["metrics"]:
        raise click.UsageError("--metrics reads what is printed: not together with --no-console.")
    if is_probed and (is_queued or reuse):
        raise click.UsageError("--probe is for a program that is run now.")
    request = Request(
        command=list(command),
        lab=session.place,
        params={
            name: text_value(text) for name, text in pairs("--param", options.pop("params")).items()
        },
        set=pairs("--set", options.pop("settings")),
        metrics=_patterns(options.pop("metrics"), is_off=options.pop("no_metrics")),
        is_console=not options.pop("no_console"),
        **options,
    )
    repeating = Repeating(policy=policy(on_repeat), is_reused=reuse, is_meant=repeat is not None)
    if is_queued:
        _put_into_queue(request, repeating, repeat or 1)
        return
    launched = _launch_all(request, repeating, repeat or 1)
    if launched is None:
        return
    if is_probed:
        probe_launched(launched)
    leave(launched)


def _put_into_queue(request: Request, repeating: Repeating, times: int) -> None:
    from peira.capture.birth import user_name
    from peira.core.settings import read_settings
    from peira.launch.queue import Queue
    from peira.record.folder import find_lab

    wanted = repeating.decide(request)
    if wanted is None:
        return
    queue = Queue(find_lab(None, request.lab or read_settings().lab))
    for _ in range(times):
        item = queue.add(wanted, user_name())
        waiting = sum(other.state == "waiting" for other in queue.items())
        click.echo(f"{item} waits ({waiting} in the queue): peira queue run", err=True)


def _launch_all(request: Request, repeating: Repeating, times: int) -> Launched | None:
    """Launch a program so many times, until one fails; return how the last one ended."""
    from peira.launch.launcher import launch

    wanted = repeating.decide(request)
    if wanted is None:
        return None
    launched = launch(wanted)
    for _ in range(times - 1):
        if launched.signal is not None or launched.exit_code:
            break
        if wanted.origin is None:  # nothing ran before: the others repeat the first
            wanted = replace(wanted, origin=Origin(how="repeat", run=launched.run))
        launched = launch(wanted)
    return launched


def probe_launched(launched: Launched) -> None:
    """Tell whether a program that has just ended well gives the same again."""
    from peira.cli.rerun import run_probe
    from peira.lab.lab import Lab
    from peira.rerun.rerun import Rerun

    if launched.folder is None or launched.exit_code != 0:
        return
    with Lab(launched.folder.parent.parent) as lab:
        run_probe(lab, Rerun(run=launched.run, is_shown=False))


def leave(launched: Launched) -> None:
    """Leave this process as the program left: with its exit code, or by its signal."""
    from peira.launch.process import die_of

    if launched.signal is not None:
        die_of(launched.signal)
    click.get_current_context().exit(launched.exit_code or 0)


def _patterns(patterns: tuple[str, ...], *, is_off: bool) -> tuple[str, ...] | None:
    if is_off and patterns:
        raise click.UsageError("Give only one of --metrics and --no-metrics.")
    return None if is_off else patterns


def pairs(option: str, words: tuple[str, ...]) -> dict[str, str]:
    """Return the values of an option that may be repeated, by name."""
    found = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.strip():
            raise click.UsageError(f"{option} {word!r:.100} is not NAME=VALUE.")
        found[name.strip()] = text
    return found
