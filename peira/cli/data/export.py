"""`peira data export`: a version as files."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from peira.cli.format import number
from peira.cli.group import Command
from peira.cli.session import Session, in_session
from peira.core.text import printable


@click.command(
    cls=Command,
    examples=[
        ("peira data export pets:v2 -o pets/", "the files of a folder"),
        ("peira data export digits:v1 -o digits.npz", "the columns as NumPy arrays"),
        ("peira data export digits:train -o train.npz", "a part of a split"),
        ("peira data export sales -o sales.parquet", "columns of single values; also .csv"),
    ],
)
@click.argument("data", metavar="DATA")
@click.option(
    "-o", "--output", required=True, metavar="PATH", type=click.Path(path_type=Path),
    help="A new folder, or a new file that ends with .npz, .parquet or .csv.",
)  # fmt: skip
@in_session
def export(session: Session, data: str, *, output: Path) -> None:
    """Write a version, or a part of a split, to files. Every byte is checked against its digest."""
    from peira.data.reference import open_reference
    from peira.data.write import KINDS, write_columns

    dataset = open_reference(session.lab().root, data)
    if output.exists():
        raise click.UsageError(f"{str(output)!r} is there already; name a new file or folder.")
    if output.suffix in KINDS:
        for note in write_columns(dataset.columns, output):
            click.echo(printable(note), err=True)
    elif output.suffix:
        raise click.UsageError(f"{output.suffix} cannot be written; use {', '.join(KINDS)}.")
    else:
        source = dataset.path()
        if source.is_file():
            output.mkdir(parents=True)
            shutil.copyfile(source, output / source.name)
        else:
            shutil.copytree(source, output, copy_function=shutil.copyfile)
    part = f":{dataset.part}" if dataset.part else ""
    rows = f", {number(len(dataset))} rows" if dataset.manifest.ids is not None else ""
    more = f"; {number(dataset.withheld)} more are sealed" if dataset.withheld else ""
    left_out = f", without {', '.join(dataset.hidden)}: sealed" if dataset.hidden else ""
    told = printable(f"{dataset.ref}{part} to {output}{rows}{more}{left_out}")
    click.echo(f"wrote {told}", err=True)
