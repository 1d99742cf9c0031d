"""`peira data gc`: the bytes of removed versions."""

from __future__ import annotations

import click

from peira.cli.format import number, size
from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, write_json
from peira.core.text import printable


@click.command(
    cls=Command,
    examples=[
        ("peira data gc --dry-run", "says what would be freed"),
        ("peira data gc", "asks, then gives up the bytes of removed versions"),
    ],
)
@click.option("-n", "--dry-run", is_flag=True, help="Change nothing; say what would be done.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
@in_session
def gc(session: Session, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Delete what only removed versions held, and whatever else nothing names, as `peira gc`.

    What runs used stays, so that they can be repeated; what is younger than an hour stays until
    then.
    """
    from peira.data.catalog import Catalog
    from peira.data.purge import purge

    lab = session.lab()
    doomed = Catalog(lab.root, lab.journal).removed()
    if doomed and not dry_run and not yes:
        refs = ", ".join(printable(version.ref) for version in doomed[:10])
        click.confirm(f"Give up the bytes of {refs}, for good?", abort=True, err=True)
    found = purge(lab, dry_run=dry_run)
    report = found.report
    if as_json:
        write_json(
            {
                "dry_run": dry_run,
                "versions": [version.ref for version in found.versions],
                "held": found.held,
                "objects": report.objects,
                "bytes": report.bytes,
                "young": report.young,
            }
        )
        return
    for ref, names in found.held.items():
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        held = printable(", ".join(names[:3]))
        click.echo(f"{printable(ref)} is kept by runs that used it: {held}{more}")
    would = "would delete" if dry_run else "deleted"
    click.echo(f"{would} {number(report.objects)} objects, {size(report.bytes)}")
    if report.young:
        click.echo(f"{number(report.young)} younger than an hour stay until then")
