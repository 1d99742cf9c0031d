"""`peira gc`: upkeep of the lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from peira.cli.format import size
from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, write_json

if TYPE_CHECKING:
    from peira.lab.lab import Lab

ENDED = ("finished", "failed", "killed")


@click.command(
    cls=Command,
    examples=[
        ("peira gc --dry-run", "says what would be done"),
        ("peira gc", "seals ended runs, deletes objects that no run names"),
        ("peira gc --removed", "asks, then also deletes the runs that `peira rm` removed"),
    ],
)
@click.option("-n", "--dry-run", is_flag=True, help="Change nothing; say what would be done.")
@click.option("--removed", is_flag=True, help="Also delete removed runs from the disk, for good.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before runs are deleted.")
@json_option
@in_session
def gc(session: Session, *, dry_run: bool, removed: bool, yes: bool, as_json: bool) -> None:
    """Seal ended runs into Parquet, and delete stored objects that nothing names.

    Live runs are left alone, and gc may run while they write.
    """
    lab = session.lab()
    doomed = []
    if removed:
        found = lab.runs("", limit=None, deleted=True)
        doomed = [run for run in found if run.deleted and run.state != "running"]
    if doomed and not dry_run:
        if not yes:
            click.confirm(
                f"Delete {len(doomed):,} removed runs from the disk, for good?",
                abort=True,
                err=True,
            )
        for run in doomed:
            lab.purge(run.id)
    sealed = _sealable(lab) if dry_run else lab.seal()
    report = lab.gc(dry_run=dry_run)
    if as_json:
        write_json(
            {
                "dry_run": dry_run,
                "sealed": sealed,
                "purged": [run.id for run in doomed],
                "objects": report.objects,
                "bytes": report.bytes,
            }
        )
        return
    would = "would delete" if dry_run else "deleted"
    if doomed:
        click.echo(f"{would} {len(doomed):,} removed runs")
    if sealed:
        click.echo(f"{'would seal' if dry_run else 'sealed'} {len(sealed):,} runs")
    click.echo(f"{would} {report.objects:,} objects, {size(report.bytes)}")


def _sealable(lab: Lab) -> list[str]:
    """Return the ids of the runs that have ended and are not sealed, removed ones too."""
    found = [run for removed in (False, True) for run in lab.runs(limit=None, deleted=removed)]
    return sorted(run.id for run in found if run.state in ENDED and not run.sealed)
