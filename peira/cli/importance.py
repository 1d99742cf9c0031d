"""`peira importance`: which params decided who is among the best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, project_option, write_json
from peira.cli.terminal import terminal
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.sweeps.importance import Importance
    from peira.sweeps.observations import Observations

BAR_WIDTH = 20


@click.command(
    cls=Command,
    examples=[
        ("peira importance last", "of the latest sweep"),
        ("peira importance -m val/acc", "of all runs, by their best val/acc"),
        ("peira importance 'tags = baseline and lr < 0.1' -m val/loss --min", "of some runs"),
        ("peira importance last --json | jq '.params[0]'", "for programs"),
    ],
)
@click.argument("query", nargs=-1, metavar="[QUERY|SWEEP]")
@click.option("-m", "--metric", metavar="NAME", help="The metric.  [default: the sweep's"
              " objective, else the project's goal]")  # fmt: skip
@click.option("--max", "direction", flag_value="max", help="The highest value is the best.")
@click.option("--min", "direction", flag_value="min", help="The lowest value is the best.")
@project_option
@json_option
@in_session
def importance(
    session: Session,
    query: tuple[str, ...],
    *,
    metric: str | None,
    direction: str | None,
    project: str | None,
    as_json: bool,
) -> None:
    """Say which params matter: among the trials of a SWEEP, or any runs that a QUERY finds.

    A param's share says how far its values among the best runs are from those among all
    (PED-ANOVA, through Optuna), with its error. `clear`: more than shuffled values bring about.
    Only what was varied can matter, and only as far as it was varied.
    """
    import msgspec

    from peira.sweeps.finding import describe
    from peira.sweeps.importance import judge_importance

    table, about = _table(session, query, metric, direction, project)
    found, finding = judge_importance(table), describe(table)
    if as_json:
        write_json({**about, **msgspec.to_builtins(found), "finding": msgspec.to_builtins(finding)})
        return
    if about["note"]:
        click.echo(
            terminal().paint(printable(f"{about['metric']} {about['note']}"), "yellow"), err=True
        )
    click.echo(finding.sentence)
    _write(found, about["metric"])


def _table(
    session: Session,
    query: tuple[str, ...],
    metric: str | None,
    direction: str | None,
    project: str | None,
) -> tuple[Observations, dict[str, Any]]:
    """Return what is looked at, and what it is called."""
    from dataclasses import replace

    from peira.cli.ranking import best_column, goal_metric
    from peira.core.errors import NotFoundError
    from peira.evaluate.guard import note_of
    from peira.sweeps.observations import Observations, trial_observations
    from peira.sweeps.reading import read_sweep

    lab = session.lab()
    reading = None
    if len(query) == 1:
        try:
            reading = read_sweep(lab.root, query[0])
        except NotFoundError:
            pass  # a word that is no sweep is a query
    if reading is not None and metric is None:
        table = trial_observations(reading)
        if direction is not None:
            table = replace(table, direction="min" if direction == "min" else "max")
        metric = reading.definition.objective.text
        ids = [run for run in reading.trials.run if run is not None]
        note = note_of(lab, ids, metric)
        return table, {
            "sweep": reading.row.id, "metric": metric, "direction": table.direction, "note": note,
        }  # fmt: skip
    text = session.read_query(query) if reading is None else f"sweep = {reading.row.id}"
    column = best_column(lab, metric or goal_metric(lab, project), direction, project)
    runs = lab.runs(text, project=project, limit=None, columns=[column])
    side = "min" if column.endswith(".min") else "max"
    values = [v if isinstance(v, int | float) else None for v in runs.column(column)]
    table = Observations.of([run.params for run in runs], values, "min" if side == "min" else "max")
    ids = [run.id for run, value in zip(runs, values, strict=True) if value is not None]
    note = note_of(lab, ids, column)
    sweep = None if reading is None else reading.row.id
    return table, {"sweep": sweep, "metric": column, "direction": side, "note": note}


def _write(found: Importance, metric: str) -> None:
    from peira.cli.table import Cell, Column, layout

    out = terminal()
    if found.params:
        rows = [
            [
                Cell(param.name),
                Cell("█" * round(BAR_WIDTH * param.importance), "cyan"),
                Cell(f"{100 * param.importance:.0f} %"),
                Cell(f"{100 * param.low:.0f} to {100 * param.high:.0f} %", "dim"),
                Cell("clear" if param.is_clear else ""),
                Cell(f"in {found.runs - param.missing:,} of them" if param.missing else "", "dim"),
            ]
            for param in found.params
        ]
        columns = [
            Column("param"), Column(""), Column("share", right=True), Column("error", right=True),
            Column(""), Column(""),
        ]  # fmt: skip
        click.echo("\n" + "\n".join(layout(columns, rows, out).lines) + "\n")
        click.echo(
            f"{found.runs:,} runs with {printable(metric)}; the best {found.best:,} against all."
        )
    else:
        click.echo(found.remark)
    if found.left_out:
        click.echo(f"{found.left_out:,} without a value were left out.")
    if found.aside:
        told = "; ".join(f"{one.name} {one.reason}" for one in found.aside[:8])
        more = f"; and {len(found.aside) - 8} others" if len(found.aside) > 8 else ""
        click.echo(out.paint(printable(f"Not judged: {told}{more}."), "dim"))
