"""`peira resume`: the program of a run, going on from one of its checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from peira.cli.group import Command
from peira.cli.run import leave, pairs
from peira.cli.session import Session, in_session, run_argument

if TYPE_CHECKING:
    from peira.core.direction import Direction


@click.command(
    cls=Command,
    examples=[
        ("peira resume brisk-otter", "from its last checkpoint"),
        ("peira resume brisk-otter --from best --set lr=0.001", "from the best, slower"),
        ("peira resume brisk-otter --from 40 --why 'does it diverge again?'", "from step 40"),
        ("peira checkpoints brisk-otter", "which checkpoints there are"),
    ],
)
@run_argument
@click.option(
    "--from",
    "at",
    metavar="last|best|STEP",
    default="last",
    show_default=True,
    help="Which checkpoint.",
)
@click.option(
    "--set",
    "--with",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a flag of its command, or a constant of its script; may be repeated.",
)
@click.option("-m", "--metric", metavar="NAME", help="The metric by which best is meant.")
@click.option("--max", "direction", flag_value="max", help="The highest value is the best.")
@click.option("--min", "direction", flag_value="min", help="The lowest value is the best.")
@click.option("--name", metavar="NAME", help="A readable name.  [default: RUN-from-STEP]")
@click.option("--why", metavar="TEXT", help="The reason for going on, one sentence.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag; may be repeated.")
@in_session
def resume(
    session: Session,
    /,
    run: str,
    *,
    at: str,
    metric: str | None,
    direction: Direction | None,
    changes: tuple[str, ...],
    **told: str | tuple[str, ...] | None,
) -> None:
    """Start the program of RUN again, going on from a checkpoint, as a new run.

    It starts where RUN was started, as everything is there now. The program takes the checkpoint up
    by `peira.checkpoint()`, or from the folder that PEIRA_CHECKPOINT names; one that asks for
    neither begins anew. RUN may be killed, failed or finished; it is never changed.

    Several runs that go on from one checkpoint are a fork.
    """
    import msgspec

    from peira.rerun.resume import Wanted, find_point
    from peira.rerun.resume import resume as go_on

    lab = session.lab()
    point = find_point(lab, run, at, metric=metric, direction=direction)
    lab.is_kept_up = False  # it grows by our own run
    wanted = msgspec.convert({**told, "changes": pairs("--set", changes)}, Wanted)
    said = f"{point.run.name} goes on from step {point.saved.step}"
    leave(go_on(lab, point, wanted, on_start=lambda: click.echo(said, err=True)))
