"""`peira restore`: a run in a folder, as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, run_argument, write_json
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.rerun.restored import Restored

TOLD_MAX = 8


@click.command(
    cls=Command,
    examples=[
        ("peira restore brisk-otter /tmp/otter", "its code, inputs, params, command, packages"),
        ("peira restore brisk-otter otter --no-env", "without installing packages"),
        ("sh otter/.restored/command.sh", "then runs it"),
    ],
)
@run_argument
@click.argument("folder", metavar="DIR", type=click.Path())
@click.option("--no-env", is_flag=True, help="Do not install the recorded packages.")
@json_option
@in_session
def restore(session: Session, run: str, folder: str, *, no_env: bool, as_json: bool) -> None:
    """Restore RUN in DIR, a new or empty folder: its files, its params, its command, and an
    environment with the recorded packages, built by uv.

    What is exact, and what could not be had, is told here and in DIR/.restored/note.md.
    Nothing of the run is started; building a package from its source may run its build script.
    """
    import msgspec

    from peira.rerun.restore import restore as restore_run

    restored = restore_run(session.lab(), run, folder, with_environment=not no_env, say=said)
    if as_json:
        write_json(msgspec.to_builtins(restored))
        return
    _tell(restored)


def said(text: str) -> None:
    """Tell on standard error what is being done."""
    click.echo(f"{text}…", err=True)


def _tell(restored: Restored) -> None:
    from peira.rerun.note import exact_lines

    click.echo(f"{printable(restored.name)} is restored in {restored.folder}")
    for line in exact_lines(restored):
        click.echo(f"  {line}")
    sentences = restored.sentences()
    for sentence in sentences[:TOLD_MAX]:
        click.echo(f"  not exact: {printable(sentence)}")
    if len(sentences) > TOLD_MAX:
        click.echo(f"  … {len(sentences) - TOLD_MAX} more: {restored.folder}/.restored/note.md")
    if restored.command:
        click.echo(f"run it: sh {restored.folder}/.restored/command.sh")
