"""`peira note`: read and write the note of a run."""

from __future__ import annotations

import sys

import click

from peira.cli.group import Command
from peira.cli.session import Session, in_session, run_argument
from peira.core.text import printable


@click.command(
    cls=Command,
    examples=[
        ("peira note brisk-otter", "prints the note"),
        ("peira note brisk-otter 'lr too high, see **loss**'", "writes it (Markdown)"),
        ("peira note brisk-otter --add 'second seed agrees'", "adds a paragraph below"),
        ("peira note brisk-otter --edit", "opens it in your editor ($VISUAL, $EDITOR)"),
        ("peira note brisk-otter --why 'Figure 6, once more'", "says why the run was made"),
        ("git log -1 | peira note brisk-otter -", "takes it from standard input"),
    ],
)
@run_argument
@click.argument("text", required=False, metavar="[TEXT|-]")
@click.option("-e", "--edit", is_flag=True, help="Open the note in your editor.")
@click.option("-a", "--add", is_flag=True, help="Add TEXT below what is there.")
@click.option("--why", metavar="TEXT", help="Say why the run was made; nothing else changes.")
@click.option("--clear", is_flag=True, help="Take the note away.")
@in_session
def note(
    session: Session,
    run: str,
    text: str | None,
    *,
    edit: bool,
    add: bool,
    why: str | None,
    clear: bool,
) -> None:
    """Read or write the note of RUN, in Markdown.

    Earlier versions stay in the lab's journal with who wrote them.
    """
    if sum((edit, clear, text is not None, why is not None)) > 1:
        raise click.UsageError("Give only one of TEXT, --edit, --why and --clear.")
    if add and text is None:
        raise click.UsageError("--add wants the TEXT to add.")
    lab = session.lab()
    record = lab.run(run)
    before = record.note or ""
    if why is not None:
        lab.why(record.id, why)
        click.echo(f"wrote why {printable(record.name)} was made", err=True)
        return
    if edit:
        text = click.edit(before, extension=".md", require_save=True)
        if text is None:
            click.echo("nothing was saved; the note stays as it was", err=True)
            return
    elif clear:
        text = ""
    elif text is None:
        for line in before.splitlines():
            click.echo(printable(line))
        return
    elif text == "-":
        text = sys.stdin.read()
    text = text.rstrip()
    if add and before:
        text = f"{before.rstrip()}\n\n{text}"
    lab.note(record.id, text)
    click.echo(f"{'wrote' if text else 'took away'} the note of {printable(record.name)}", err=True)
