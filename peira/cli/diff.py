"""`peira diff`: runs side by side."""

from __future__ import annotations

import click

from peira.cli.columns import split_names
from peira.cli.group import Command
from peira.cli.session import Session, complete_run, in_session, json_option, write_json
from peira.cli.terminal import terminal


@click.command(
    cls=Command,
    examples=[
        ("peira diff brisk-otter calm-fox", "what is different?"),
        ("peira diff brisk-otter calm-fox -s code", "only the code, every changed line"),
        ("peira diff brisk-otter calm-fox --all", "what is equal, too"),
        ("peira diff brisk-otter calm-fox | less", "in a pager"),
        ("peira diff brisk-otter calm-fox --json | jq .sections[].name", "for programs"),
    ],
)
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...", shell_complete=complete_run)
@click.option("-a", "--all", "everything", is_flag=True, help="Show what is equal, too.")
@click.option(
    "-s",
    "--section",
    "sections",
    multiple=True,
    metavar="NAMES",
    help="Only these sections, in full: metrics, params, code, packages, environment, system, data,"
    " files, logs, command, notes.",
)
@json_option
@in_session
def diff(
    session: Session,
    runs: tuple[str, ...],
    *,
    everything: bool,
    sections: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show what differs between two to eight RUNs: results, inputs, code, data, machine.

    Deltas and changed lines start from the first run. What a run did not record is told as that,
    never as equal. On a terminal long changes are cut; --section shows them whole.
    """
    from peira.cli.diffpage import page
    from peira.cli.difftables import Look
    from peira.compare.diff import compare

    found = compare(session.lab(), runs, sections=split_names(sections))
    shown = found if everything else found.only_differences()
    if as_json:
        write_json(shown.to_dict())
        return
    out = terminal()
    look = Look(out, everything=everything, is_chosen=bool(sections))
    click.echo("\n".join(page(shown, look)))
