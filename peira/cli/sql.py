"""`peira sql`: every other question, in SQL."""

from __future__ import annotations

import csv
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from peira.cli.format import MISSING, value
from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, write_json
from peira.cli.table import Cell, Column, layout
from peira.cli.terminal import terminal
from peira.core.values import plain

if TYPE_CHECKING:
    from peira.lab.sql import SqlAnswer

LIMIT = 200
NUMBERS = ("INTEGER", "BIGINT", "DOUBLE", "FLOAT", "HUGEINT", "DECIMAL", "NUMBER")

TABLES = """\
runs     id project name state user host group created ended duration command commit note why
         parent origin origin_how sweep trial alerts lost_points removed
params   run name type number text
metrics  run key count nonfinite first last min max mean first_step last_step min_step max_step
         last_time
tags     run tag by
points   run key step time value writer"""


@click.command(
    cls=Command,
    examples=[
        ("peira sql", "lists the tables and their columns"),
        ('peira sql "select state, count(*) from runs group by all"', "how runs ended"),
        (
            "peira sql \"select run, max(value) from points where key = 'val/acc' group by run\"",
            "over every exact point",
        ),
        (
            'peira sql "pivot params on name using first(number) group by run" --csv',
            "params as columns",
        ),
        ("peira sql - < question.sql", "from standard input"),
    ],
)
@click.argument("text", required=False, metavar="[SELECT…|-]")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, all rows.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    default=LIMIT,
    show_default=True,
    help="Rows of the text table; CSV and JSON have all.",
)
@json_option
@in_session
def sql(session: Session, text: str | None, *, as_csv: bool, limit: int, as_json: bool) -> None:
    """Answer a question in SQL, by DuckDB, over runs, params, metrics, tags and exact points.

    Nothing that a statement changes is kept. Times are in UTC.
    """
    if text is None:
        click.echo(TABLES)
        return
    question = sys.stdin.read() if text == "-" else text
    with session.lab().sql(question) as answer:
        if as_json:
            names = [column.name for column in answer.columns]
            write_json(
                {
                    "columns": [{"name": c.name, "type": c.type} for c in answer.columns],
                    "rows": [dict(zip(names, map(plain, row), strict=True)) for row in answer],
                }
            )
        elif as_csv:
            _write_csv(answer)
        else:
            _write_table(answer, limit)


def _write_csv(answer: SqlAnswer) -> None:
    from peira.lab.export import formula_safe

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([formula_safe(column.name) for column in answer.columns])
    for row in answer:
        writer.writerow([formula_safe(_text(cell, missing="")) for cell in row])


def _write_table(answer: SqlAnswer, limit: int) -> None:
    if not answer.columns:
        return
    rows = list(islice(answer, limit + 1))
    columns = [
        Column(c.name, right=c.type.upper().startswith(NUMBERS), shrinks=True)
        for c in answer.columns
    ]
    cells = [[Cell(_text(cell)) for cell in row] for row in rows[:limit]]
    shown = layout(columns, cells, terminal())
    click.echo("\n".join(shown.lines))
    if len(rows) > limit:
        click.echo(f"the first {limit} rows; --limit, --csv or --json give more", err=True)
    if shown.left_out:
        click.echo(f"{shown.left_out} more columns: --csv or --json", err=True)


def _text(cell: Any, *, missing: str = MISSING) -> str:
    if cell is None:
        return missing
    if isinstance(cell, float | int) and not isinstance(cell, bool) and missing == "":
        return str(plain(cell))
    return value(cell) if isinstance(cell, str | int | float | list | dict) else str(cell)
