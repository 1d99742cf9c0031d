"""`peira rename`: give a run another name."""

from __future__ import annotations

import click

from peira.cli.group import Command
from peira.cli.session import Session, in_session, run_argument
from peira.core.text import printable


@click.command(
    cls=Command, examples=[("peira rename brisk-otter cnn-wide", "the id stays what it was")]
)
@run_argument
@click.argument("name", metavar="NAME")
@in_session
def rename(session: Session, run: str, name: str) -> None:
    """Give RUN the name NAME. The id stays; the earlier name stays in the history."""
    lab = session.lab()
    record = lab.run(run)
    lab.rename(record.id, name)
    click.echo(f"{record.id}: {printable(record.name)} -> {printable(name)}")
