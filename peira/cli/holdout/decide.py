"""`peira holdout seal` and `unseal`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from peira.cli.group import Command
from peira.cli.session import Session, in_session
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.data.splits import Split
    from peira.lab.lab import Lab


@click.command(
    cls=Command,
    examples=[
        ("peira holdout seal digits:test", "its labels are the evaluator's from now on"),
        ("peira holdout seal digits:main/test --budget 5 --strict", "for an audit"),
    ],
)
@click.argument("data", metavar="DATA:PART")
@click.option(
    "--budget", type=click.IntRange(1), metavar="N",
    help="Looks after which a new hold-out is due.  [default: 10; sealed again: as before]",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Also covers claims that are chosen by all answers.")
@in_session
def seal(session: Session, data: str, *, budget: int | None, strict: bool) -> None:
    """Seal a part of a split: its inputs stay readable, its labels are run.evaluate()'s alone, and
    whole versions and other parts lack its rows.
    """
    from peira.data import sealed
    from peira.data.reference import parse

    lab = session.lab()
    found = parse(lab.root, data)
    if found.split is None:
        raise click.UsageError(f"Name a part of a split: {printable(found.version.name)}:test.")
    before = sealed.seal_of(lab.root, found.split, found.part)
    known = before or sealed.Seal()
    how = sealed.Seal(budget=budget or known.budget, is_strict=strict or known.is_strict)
    if before == how:
        click.echo(f"{printable(data)} is sealed already", err=True)
        return
    sealed.seal(lab.root, found.split, found.part, how)
    if before is not None and before.budget != how.budget:
        click.echo(
            f"{printable(data)}: a budget of {how.budget:,} looks now, {before.budget:,} before",
            err=True,
        )
    else:
        click.echo(f"sealed {printable(data)}", err=True)
    warn_of_openers(lab, found.split)


def warn_of_openers(lab: Lab, split: Split) -> None:
    """Say which runs had the labels of a part before it was sealed."""
    from peira.data import openers

    names = [one.name for one in openers.opened_by(lab, openers.source_of(lab, split))]
    if names:
        told = ", ".join(map(printable, dict.fromkeys(names[:5])))
        click.echo(
            f"warning: {len(set(names)):,} runs had its rows with their labels before ({told}"
            f"{', …' if len(set(names)) > 5 else ''}): what was chosen by them is not judged on"
            " unseen samples",
            err=True,
        )


@click.command(
    cls=Command,
    examples=[("peira holdout unseal digits:test --why 'the paper is out'", "cannot be undone")],
)
@click.argument("data", metavar="DATA:PART")
@click.option("--why", required=True, metavar="TEXT", help="The reason, which is recorded.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@in_session
def unseal(session: Session, data: str, *, why: str, yes: bool) -> None:
    """Open a hold-out for good: it is a development set from now on, and gives no guarantee."""
    from peira.data import sealed
    from peira.data.reference import parse

    lab = session.lab()
    found = parse(lab.root, data)
    if found.split is None:
        raise click.UsageError(f"Name a part of a split: {printable(found.version.name)}:test.")
    if not yes:
        click.confirm(
            f"Unseal {printable(data)} for good? It cannot be a hold-out again.",
            abort=True, err=True,
        )  # fmt: skip
    sealed.unseal(lab.root, found.split, found.part, why)
    click.echo(f"unsealed {printable(data)}: it is a development set now", err=True)
