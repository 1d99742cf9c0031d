"""`peira init`: make a lab."""

from __future__ import annotations

import os

import click

from peira.cli.group import Command
from peira.cli.session import Session, in_session


@click.command(
    cls=Command,
    examples=[
        ("peira init", "in the root of your repository: all scripts below it share this lab"),
        ("peira init ~/experiments", "anywhere else; name it with PEIRA_LAB or --lab"),
    ],
)
@click.argument("folder", required=False, type=click.Path(file_okay=False))
@in_session
def init(session: Session, folder: str | None) -> None:
    """Make a lab in FOLDER, or here.

    A lab is a folder `.peira`, found from below like git finds a repository.
    A script that records a run makes one by itself where there is none; this command only decides
    the place. The folder is readable by you alone, and git ignores it.
    """
    from peira.record.folder import find_lab, make_lab

    root = find_lab(setting=folder or session.place or os.curdir)
    if root.is_dir():
        click.echo(f"There is a lab already: {root}")
        return
    make_lab(root)
    click.echo(f"Made a lab: {root}")
