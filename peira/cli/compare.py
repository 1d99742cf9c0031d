"""`peira compare`: metrics and params of many runs in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from peira.cli.columns import json_row, split_names
from peira.cli.format import MISSING, ago, apart, duration, exact, moment, value
from peira.cli.group import Command
from peira.cli.marks import said_of, told_once
from peira.cli.session import (
    Session,
    columns_option,
    complete_run,
    in_session,
    json_option,
    out_file,
    project_option,
    sort_option,
    write_json,
)
from peira.cli.table import Cell, Column, Layout, layout
from peira.cli.terminal import STATE_STYLE, Terminal, terminal

if TYPE_CHECKING:
    from peira.compare.table import RunsTable, TableColumn

LIMIT = 100
ASIDE_MAX = 8
"""Up to so many runs stand beside each other, if they fit; more stand below each other."""


@click.command(
    cls=Command,
    examples=[
        ("peira compare brisk-otter calm-fox", "two runs beside each other"),
        ("peira compare 'lr > 0.01 sort -val/acc'", "all that a query finds"),
        ("peira compare 'tags = paper' -o table.csv", "as a file for a spreadsheet"),
        ("peira compare -p mnist -c lr,val/acc.max,train/loss", "chosen columns"),
    ],
)
@click.argument("words", nargs=-1, metavar="RUN RUN... | [QUERY]", shell_complete=complete_run)
@project_option
@sort_option
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Runs of a query.  [default: {LIMIT}; all with --output]",
)
@columns_option
@click.option(
    "-a",
    "--all",
    "everything",
    is_flag=True,
    help="Equal params, metrics of the machine, and last and best value of each metric.",
)
@click.option("-o", "--output", metavar="FILE", help="Write CSV, JSON or Parquet, by the ending.")
@json_option
@in_session
def compare(
    session: Session,
    words: tuple[str, ...],
    *,
    project: str | None,
    sort: str | None,
    limit: int | None,
    columns: tuple[str, ...],
    everything: bool,
    output: str | None,
    as_json: bool,
) -> None:
    """Show metrics and params of runs in one table: of those named, or of those a QUERY finds.

    The columns are the params that differ and every metric: its best value when the project's goal
    or the metric's name says what is better (`val/acc.max`), else its last one.
    The best of each column has a star.
    """
    from peira.compare.table import tabulate

    session.read_query(words)
    found = tabulate(
        session.lab(),
        words,
        project=project,
        sort=sort,
        limit=limit or (None if output else LIMIT),
        columns=split_names(columns),
        everything=everything,
    )
    if output is not None:
        _export(found, output)
    elif as_json:
        write_json(_document(found))
    elif not found.runs:
        click.echo("No run fits.", err=True)
    else:
        _write(found, terminal())


def _export(found: RunsTable, output: str) -> None:
    from peira.cli.export import kind_of
    from peira.lab.export import export_columns

    target = None if output == "-" else out_file(output)
    export_columns(found.to_columns(), kind_of(output) or "csv", target)
    if target is not None:
        click.echo(f"wrote {len(found.runs):,} runs to {target}", err=True)


def _document(found: RunsTable) -> dict[str, Any]:
    return {
        "matched": found.matched,
        "columns": [
            {
                "name": c.name,
                "kind": c.kind,
                "direction": c.direction,
                "letters": c.letters,
                "notes": c.notes,
            }
            for c in found.columns
        ],
        "rows": [
            json_row(run) | {"values": {c.name: c.values[i] for c in found.columns}}
            for i, run in enumerate(found.runs)
        ],
    }


def _write(found: RunsTable, out: Terminal) -> None:
    shown = _aside(found, out) if len(found.runs) <= ASIDE_MAX else None
    if shown is None or shown.left_out:
        shown = _below(found, out)
    click.echo("\n".join(shown.lines))
    said = [(c.name, said_of(c.letters, c.notes)) for c in found.columns if c.notes]
    for note in told_once(said):
        click.echo(out.paint(note, "yellow"), err=True)
    footer = [f"{len(found.runs):,} of {found.matched:,} runs"]
    if shown.left_out:
        plural = "s" if shown.left_out > 1 else ""
        footer.append(f"{shown.left_out} more column{plural}: choose with --columns, or use -o")
    if any(column.best for column in found.columns):
        footer.append("* the best here; one run each does not tell skill from luck")
    click.echo(out.paint(" · ".join(footer), "dim"), err=True)


def _below(found: RunsTable, out: Terminal) -> Layout:
    """Return the table with a line a run."""
    columns = [Column("name", shrinks=True), Column("id"), Column("state")]
    columns += [Column(c.name, right=c.kind == "metric") for c in found.columns]
    rows = []
    for i, run in enumerate(found.runs):
        cells = [Cell(run.name, "bold"), Cell(run.id, "dim")]
        cells.append(Cell(run.state, STATE_STYLE.get(run.state, "")))
        rows.append(cells + [_cell(column, i) for column in found.columns])
    return layout(columns, rows, out)


def _aside(found: RunsTable, out: Terminal) -> Layout:
    """Return the table with a column a run."""
    columns = [Column(""), *(Column(run.name, right=True) for run in found.runs)]
    facts: list[list[Cell]] = [
        [Cell("id", "dim"), *(Cell(run.id, "dim") for run in found.runs)],
        [Cell("state"), *(Cell(run.state, STATE_STYLE.get(run.state, "")) for run in found.runs)],
        [
            Cell("created"),
            *(Cell(ago(r.created) if out.is_terminal else moment(r.created)) for r in found.runs),
        ],
        [Cell("duration"), *(Cell(duration(run.duration)) for run in found.runs)],
    ]
    rows = []
    for column in found.columns:
        texts = apart(column.values) if column.kind == "metric" else None
        cells = [_cell(column, i, texts[i] if texts else None) for i in range(len(found.runs))]
        rows.append([Cell(column.name), *cells])
    return layout(columns, facts + rows, out)


def _cell(column: TableColumn, row: int, text: str | None = None) -> Cell:
    if text is None:
        item = column.values[row]
        text = MISSING if item is None else value(item) if column.kind == "metric" else exact(item)
    if row in column.best:
        return Cell(f"{text}*", "green")
    if column.letters:
        return Cell(f"{text} {column.letters[row]}".rstrip())
    return Cell(f"{text} " if column.best else text)
