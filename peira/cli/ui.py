"""`peira ui`: the dashboard."""

from __future__ import annotations

import click

from peira.cli.display import can_open_browser
from peira.cli.group import Command
from peira.cli.session import Session, in_session

PORT = 8228


@click.command(
    cls=Command,
    examples=[
        ("peira ui", "opens the dashboard of this lab in your browser"),
        ("peira ui --no-browser --port 9000", "prints the address instead"),
        ("ssh -L 8228:127.0.0.1:8228 gpu1 'cd exp && peira ui --no-browser'", "on another machine"),
    ],
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    default=PORT,
    show_default=True,
    help="Where to listen; a following one when it is taken; 0 means any.",
)
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="Where to listen; anything else needs --expose-to-network.",
)
@click.option("--no-browser", is_flag=True, help="Print the address; open nothing.")
@click.option(
    "--allow-host",
    multiple=True,
    metavar="NAME",
    help="Answer requests for this host name too (behind a proxy).",
)
@click.option(
    "--expose-to-network",
    is_flag=True,
    help="Everyone who reaches this address and has the token may read and change the lab.",
)
@in_session
def ui(
    session: Session,
    *,
    port: int,
    host: str,
    no_browser: bool,
    allow_host: tuple[str, ...],
    expose_to_network: bool,
) -> None:
    """Serve the dashboard to this machine, and open it, until Ctrl-C.

    The printed address holds a token: whoever has it may read and change the lab.
    """
    from peira.server.serve import serve

    with session.open() as lab:
        serve(
            lab,
            open_browser=not no_browser and can_open_browser(),
            say=click.echo,
            host=host,
            port=port,
            allow_hosts=allow_host,
            expose=expose_to_network,
        )
