"""`peira rm` and `peira undelete`: hide runs, and bring them back. `peira gc` makes it final."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from peira.cli.group import Command
from peira.cli.session import Session, complete_run, in_session
from peira.core.errors import NotFoundError
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.lab.lab import Lab
    from peira.lab.runs import RunRecord

SHOWN_MAX = 10

_runs = click.argument("runs", metavar="[RUN]…", nargs=-1, shell_complete=complete_run)
_query = click.option("-q", "--query", metavar="QUERY", help="All runs that this query finds.")


@click.command(
    cls=Command,
    examples=[
        ("peira rm brisk-otter k3f9", "removes two runs"),
        ("peira rm --query 'state = failed and created < 2026-01-01'", "asks, then removes all"),
        ("peira undelete brisk-otter", "brings one back"),
    ],
)
@_runs
@_query
@click.option("-y", "--yes", is_flag=True, help="Do not ask, also when a query finds many.")
@in_session
def rm(session: Session, runs: tuple[str, ...], *, query: str | None, yes: bool) -> None:
    """Remove runs: they leave every list, and `peira undelete` brings them back.

    Nothing is deleted from the disk until `peira gc --removed`.
    """
    lab = session.lab()
    records = _named(session, lab, runs, query, deleted=False)
    if query and records and not yes:
        _show(records)
        click.confirm(f"Remove {_count(records)}?", abort=True, err=True)
    for record in records:
        lab.remove(record.id)
    click.echo(f"removed {_count(records)}; `peira undelete` brings them back", err=True)


@click.command(
    cls=Command,
    examples=[
        ("peira undelete brisk-otter", "brings one run back"),
        ("peira ls --removed", "lists what can be brought back"),
        ("peira undelete --query 'since 1d'", "brings back all removed runs of the last day"),
    ],
)
@_runs
@_query
@in_session
def undelete(session: Session, runs: tuple[str, ...], *, query: str | None) -> None:
    """Bring removed runs back."""
    lab = session.lab()
    records = _named(session, lab, runs, query, deleted=True)
    for record in records:
        lab.undelete(record.id)
    click.echo(f"brought back {_count(records)}", err=True)


def _named(
    session: Session, lab: Lab, runs: tuple[str, ...], query: str | None, *, deleted: bool
) -> list[RunRecord]:
    """Find all runs before anything is done to the first: a mistake must not leave half a job."""
    if bool(runs) == (query is not None):
        raise click.UsageError("Name runs, or give a --query; not both, not neither.")
    if query is not None:
        found = lab.runs(session.read_query([query]), limit=None, deleted=deleted)
        return [record for record in found if record.deleted == deleted]
    return [_removed(lab, run) if deleted else lab.run(run) for run in runs]


def _removed(lab: Lab, run: str) -> RunRecord:
    found = lab.find(run, deleted=True)
    if not found.deleted:
        raise NotFoundError(
            f"Run {printable(found.name)} ({found.id}) is not removed.",
            hint="List what is: peira ls --removed",
        )
    return lab.run(found.id)


def _show(records: list[RunRecord]) -> None:
    for record in records[:SHOWN_MAX]:
        click.echo(f"  {record.id}  {printable(record.name)}", err=True)
    if len(records) > SHOWN_MAX:
        click.echo(f"  … and {len(records) - SHOWN_MAX:,} more", err=True)


def _count(records: list[RunRecord]) -> str:
    return "1 run" if len(records) == 1 else f"{len(records):,} runs"
