"""`peira best`: the best runs of a metric."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from peira.cli.columns import Values, json_rows
from peira.cli.format import exact, moment, number
from peira.cli.group import Command
from peira.cli.ls import write_table
from peira.cli.marks import read_marks
from peira.cli.ranking import best_column, goal_metric, key_of
from peira.cli.session import Session, in_session, json_option, project_option, write_json
from peira.cli.table import pairs
from peira.cli.terminal import terminal
from peira.core.errors import NotFoundError
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.lab.lab import Lab


@click.command(
    cls=Command,
    examples=[
        ("peira best -m val/acc", "the run with the highest value at any step"),
        ("peira best 'kernel_size = 5' -m val/acc", "among these"),
        ("peira best -m latency --min -n 3", "the three lowest"),
        ("peira best -m val/acc --json | jq -r '.rows[0].id'", "for programs"),
    ],
)
@click.argument("query", nargs=-1, metavar="[QUERY]")
@click.option("-m", "--metric", metavar="NAME", help="The metric.  [default: the project's goal]")
@click.option("--max", "direction", flag_value="max", help="The highest value is the best.")
@click.option("--min", "direction", flag_value="min", help="The lowest value is the best.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    default=1,
    show_default=True,
    help="Runs.",
)
@project_option
@json_option
@in_session
def best(
    session: Session,
    query: tuple[str, ...],
    *,
    metric: str | None,
    direction: str | None,
    limit: int,
    project: str | None,
    as_json: bool,
) -> None:
    """Show the run whose METRIC was the best at any step, and with which params.

    Whether high or low is better comes from --max or --min, else from the project's goal, else from
    the name of the metric (accuracy is better high, loss is better low).
    One best value says little about the next run: see `peira ls 'group by all except seed'`.
    """
    text = session.read_query(query)
    lab = session.lab()
    key = metric or goal_metric(lab, project)
    column = best_column(lab, key, direction, project)
    sign = "-" if column.endswith(".max") else ""
    table = lab.runs(text, project=project, sort=f"{sign}{column}", limit=limit, columns=[column])
    values = table.column(column)
    if not len(table) or values[0] is None:
        raise NotFoundError(
            f"No run that the query finds has a value of {printable(key)}.",
            hint="List what there is: peira ls",
        )
    if as_json:
        write_json(
            {
                "metric": key,
                "direction": column.rpartition(".")[2],
                "matched": table.matched,
                "rows": json_rows(table),
                "notes": _marks_of_all(lab, text, project, column),
            }
        )
        return
    out = terminal()
    if limit > 1:
        write_table(lab, table, out, advice="--limit lists more")
        return
    record = table[0]
    summary = record.metrics[key_of(column)]
    step = summary.max_step if sign else summary.min_step
    at_best = values[0]
    assert isinstance(at_best, float)
    click.echo(f"{printable(column)} = {out.paint(number(at_best), 'bold')} at step {step}")
    every = lab.runs(text, project=project, limit=None, columns=[column])
    facts = [
        ("run", f"{record.name}  {record.id}"),
        ("project", record.project),
        ("state", record.state),
        ("created", moment(record.created)),
        ("last", f"{number(summary.last)} at step {summary.last_step}"),
        ("compared", _compared(every.column(column), table.matched)),
    ]
    click.echo("\n".join(pairs(facts, out)))
    for note in _marks_of_all(lab, text, project, column):
        click.echo(out.paint(note, "yellow"), err=True)
    if record.params:
        click.echo(out.paint("params", "bold"))
        click.echo("\n".join(pairs([(k, exact(v)) for k, v in record.params.items()], out)))


def _marks_of_all(lab: Lab, text: str, project: str | None, column: str) -> list[str]:
    """Return what is to be said of a column of all runs that were compared."""
    every = lab.runs(text, project=project, limit=None, columns=[column])
    return read_marks(lab, every, [Values(column, every.column(column))]).notes


def _compared(values: list[Any], matched: int) -> str:
    """Tell how many runs have a value, of those that were found."""
    having = sum(found is not None for found in values)
    return f"{having:,} run{'s' if having != 1 else ''}" + (
        f"; {matched - having:,} without a value" if matched > having else ""
    )
