"""`peira data alias` and `rm`: what people decide about versions."""

from __future__ import annotations

import click

from peira.cli.group import Command
from peira.cli.session import Session, in_session
from peira.core.text import printable


@click.command(
    cls=Command,
    examples=[
        ("peira data alias digits:v3 prod", "`digits:prod` means v3 from now on"),
        ("peira data alias digits prod --drop", "takes the alias away"),
    ],
)
@click.argument("data", metavar="DATA")
@click.argument("alias", metavar="ALIAS")
@click.option("--drop", is_flag=True, help="Take the alias away.")
@in_session
def alias(session: Session, data: str, alias: str, *, drop: bool) -> None:
    """Let ALIAS mean the version DATA. Earlier meanings stay in the journal."""
    from peira.data.catalog import Catalog

    lab = session.lab()
    catalog = Catalog(lab.root, lab.journal)
    version = catalog.find(data)
    if drop:
        catalog.drop_alias(version.name, alias)
    else:
        catalog.set_alias(version, alias)
    told = "means nothing now" if drop else f"means v{version.number}"
    click.echo(f"{printable(version.name)}:{printable(alias)} {told}", err=True)


@click.command(
    cls=Command,
    examples=[
        ("peira data rm digits:v2", "hides it; adding the same content brings it back"),
        ("peira data gc", "then frees what nothing else holds"),
    ],
)
@click.argument("data", metavar="DATA")
@in_session
def rm(session: Session, data: str) -> None:
    """Remove the version DATA. Its number is never given again; its record stays."""
    from peira.data.catalog import Catalog

    lab = session.lab()
    catalog = Catalog(lab.root, lab.journal)
    version = catalog.find(data)
    if ":" not in data:
        raise click.UsageError(f"Say which version: {version.ref}.")
    catalog.remove(version)
    click.echo(f"removed {printable(version.ref)}", err=True)
