"""`peira sweep import`: studies of Optuna from elsewhere."""

from __future__ import annotations

import click

from peira.cli.group import Command
from peira.cli.session import Session, complete_project, in_session, json_option, write_json


@click.command(
    "import",
    cls=Command,
    examples=[
        ("peira sweep import sqlite:///study.db", "all studies of a database"),
        ("peira sweep import journal.log --study tune", "one study of Optuna's journal"),
    ],
)
@click.argument("place", metavar="URL|FILE")
@click.option("--study", metavar="NAME", help="Only this study.  [default: all]")
@click.option("-p", "--project", metavar="NAME", shell_complete=complete_project,
              help="The project of its runs.  [default: this folder]")  # fmt: skip
@json_option
@in_session
def import_(
    session: Session, /, *, place: str, study: str | None, project: str | None, as_json: bool
) -> None:
    """Record the trials of an Optuna study as runs, and the study as a sweep.

    The place is the URL of a database, an SQLite file, or a journal file. Trials that have not
    ended are left out; importing again adds what is new.
    """
    from peira.cli.sweep.begin import session_root
    from peira.sweeps.optuna_studies import import_study

    def tell(done: int, of: int) -> None:
        if done % 100 == 0:
            click.echo(f"{done:,} of {of:,} trials", err=True)

    root = session_root(session)
    found = import_study(place, study, lab=root, project=project, on_trial=tell)
    if as_json:
        write_json(
            {
                "sweeps": [
                    {
                        "sweep": one.folder.id,
                        "study": one.study,
                        "trials": one.trials,
                        "new": one.new,
                        "unfinished": one.unfinished,
                    }
                    for one in found
                ]
            }
        )
        return
    for one in found:
        left = f"; {one.unfinished:,} have not ended" if one.unfinished else ""
        click.echo(
            f"{one.study}: {one.trials:,} trials, {one.new:,} of them new{left}"
            f"  (peira sweep show {one.folder.id})"
        )
