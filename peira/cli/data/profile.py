"""`peira data profile`: what a version holds, in numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from peira.cli.format import number, value
from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, write_json
from peira.cli.table import Column, layout
from peira.cli.terminal import terminal
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.data.profile import ColumnProfile


@click.command(
    cls=Command,
    examples=[
        ("peira data profile digits", "columns, missing values, classes, pixels that never change"),
        ("peira data profile digits --json | jq .classes", "for programs"),
    ],
)
@click.argument("data", metavar="DATA")
@json_option
@in_session
def profile(session: Session, data: str, *, as_json: bool) -> None:
    """Show what a version holds: ranges, missing values, constant places, outliers, duplicates,
    class balance. Computed once for each content.
    """
    import msgspec

    from peira.data.dataset import Dataset
    from peira.data.pixels import joined, pixels_of
    from peira.data.profile import picture_of_constants
    from peira.data.profile import profile as read_profile
    from peira.data.reference import parse

    lab = session.lab()
    dataset = Dataset(lab.root, parse(lab.root, data).version)
    found = read_profile(dataset)
    if as_json:
        write_json(msgspec.to_builtins(found))
        return
    out = terminal()
    click.echo(
        f"{out.paint(printable(dataset.ref), 'bold')}  {number(found.rows)} rows,"
        f" {number(found.duplicates)} of them equal to an earlier one"
    )
    shown = joined(found, pixels_of(dataset, found))
    titles = ["column", "type", "missing", "min", "max", "mean", "std", "constant", "outliers"]
    titles += ["length"] if any(column.length_max is not None for column in shown) else []
    columns = [Column(title, right=place > 1) for place, title in enumerate(titles)]
    rows = [_row(column)[: len(titles)] for column in shown]
    for line in layout(columns, rows, out).lines:
        click.echo(line)
    if "length" in titles:
        click.echo(out.paint("length: characters of texts, least / median / most", "dim"))
    for column in shown:
        picture = picture_of_constants(column) if column.constant else []
        if picture:
            click.echo(f"{printable(column.name)} never changes where a # stands:")
            for line in picture:
                click.echo(f"  {line}")
    if found.classes:
        most = max(found.classes.values())
        click.echo(out.paint("classes", "bold"))
        for name, count in found.classes.items():
            click.echo(f"  {printable(name):>12}  {number(count):>9}  {'█' * (30 * count // most)}")
    for size, count in found.sizes.items():
        click.echo(f"  pictures of {size}: {number(count)}")


def _row(column: ColumnProfile) -> list[str]:
    shape = " x ".join(map(str, column.shape))
    places, of = len(column.constant), math.prod(column.shape)
    lengths = (column.length_min, column.length_median, column.length_max)
    return [
        column.name, f"{column.dtype}{f' {shape}' if shape else ''}", number(column.missing),
        *("-" if v is None else value(v)
          for v in (column.min, column.max, column.mean, column.std)),
        (f"{number(places)} of {number(of)}" if shape else "yes") if places else "-",
        number(column.outliers) if column.outliers else "-",
        "-" if column.length_max is None else " / ".join(value(v or 0) for v in lengths),
    ]  # fmt: skip
