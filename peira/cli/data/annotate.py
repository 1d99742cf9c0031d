"""`peira data annotate`: what other programs say of pictures and texts, as a version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from peira.cli.data.add import tell_added
from peira.cli.format import number
from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.data.annotations.attach import Attached


@click.command(
    cls=Command,
    examples=[
        ("peira data annotate pets export.json", "an export of Label Studio, or COCO"),
        ("peira data annotate pets labels/ --format voc", "a folder of Pascal VOC files"),
        ("peira data annotate pets pets/data.yaml --name pets-boxes", "YOLO, named otherwise"),
    ],
)
@click.argument("source", metavar="DATA")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    metavar="FORMAT",
    help="label-studio, cvat, coco, yolo or voc.  [default: told by the file]",
)
@click.option("--name", metavar="NAME", help="The data set to make.  [default: DATA-labels]")
@json_option
@in_session
def annotate(
    session: Session, source: str, path: Path, *, form: str | None, name: str | None, as_json: bool
) -> None:
    """Put the labels and boxes in FILE under version, as a version made from DATA: the pictures or
    texts that they speak of. Who said so and when is kept with each row, and rows keep their ids,
    so splits of DATA hold.
    """
    from peira.data.annotations.attach import annotate as attach
    from peira.data.transform import parent_of

    lab = session.lab()
    done = attach(parent_of(lab.root, source), path, format=form, name=name)
    tell_added(lab.root, done.added, as_json)
    if not as_json:
        _tell_rest(done, source)


def _tell_rest(done: Attached, source: str) -> None:
    """Say what is not in the version."""
    if done.unlabelled:
        click.echo(f"{number(done.unlabelled)} of {printable(source)} are not in the file")
    for what, count in done.annotations.left_out.items():
        click.echo(f"not imported: {number(count)} {printable(what)}")
