"""`peira export`: runs, or all their points, as a file for other programs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from peira.cli.columns import split_names
from peira.cli.group import Command
from peira.cli.session import Session, in_session, out_file, project_option

if TYPE_CHECKING:
    from peira.lab.export import Kind
    from peira.lab.runs import RunTable

FORMATS = ("csv", "parquet", "json")


@click.command(
    cls=Command,
    examples=[
        ("peira export -o runs.csv", "one line for each run: facts, params, last values"),
        ("peira export 'state = finished' -c lr,val/acc.max -o best.parquet", "chosen columns"),
        (
            "peira export brisk --points -o curves.parquet",
            "every point: run, key, step, time, value",
        ),
        ("peira export brisk --cells -o brisk.ipynb", "the cells of one run as a notebook"),
        ("peira export --format csv | head", "to standard output"),
    ],
)
@click.argument("query", nargs=-1, metavar="[QUERY]")
@click.option(
    "-f",
    "--format",
    "kind",
    type=click.Choice(FORMATS),
    help="[default: by the file's ending, else csv]",
)
@click.option("-o", "--output", metavar="FILE", help="[default: standard output]")
@click.option("--points", is_flag=True, help="Write all metric points instead of one line a run.")
@click.option("--cells", is_flag=True, help="Write the cells of one run as a notebook.")
@click.option(
    "-k", "--keys", multiple=True, metavar="NAMES", help="With --points: only these metrics."
)
@project_option
@click.option("-s", "--sort", metavar="NAMES", help="Sort by these, as in `peira ls`.")
@click.option(
    "-c", "--columns", multiple=True, metavar="NAMES", help="Only these columns, as in `peira ls`."
)
@in_session
def export(
    session: Session,
    query: tuple[str, ...],
    *,
    kind: str | None,
    output: str | None,
    points: bool,
    cells: bool,
    keys: tuple[str, ...],
    project: str | None,
    sort: str | None,
    columns: tuple[str, ...],
) -> None:
    """Write the runs that QUERY finds to FILE: CSV, Parquet or JSON.

    Numbers are exact. NaN and infinity are the words NaN, Infinity and -Infinity in CSV and JSON.
    In CSV a text that a spreadsheet would take for a formula gets a leading apostrophe.
    """
    from peira.lab.export import export_points, export_runs

    text = session.read_query(query)
    chosen = cast("Kind | None", kind) or kind_of(output) or "csv"
    if points and (columns or sort):
        raise click.UsageError("--columns and --sort are for runs; choose metrics with --keys.")
    if keys and not points:
        raise click.UsageError("--keys is for --points; choose columns of runs with --columns.")
    if output in (None, "-") and chosen == "parquet" and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for reading: give a file with -o.")
    lab = session.lab()
    target = None if output in (None, "-") else out_file(output)
    if cells:
        done = _write_cells(lab.runs(text, project=project, limit=None), target)
    elif points:
        runs = [run.id for run in lab.runs(text, project=project, limit=None)]
        count = export_points(lab, runs, chosen, target, keys=split_names(keys))
        done = f"{count:,} points of {len(runs):,} runs"
    else:
        table = lab.runs(text, project=project, sort=sort, limit=None, columns=split_names(columns))
        export_runs(table, chosen, target)
        done = f"{len(table):,} runs"
    if target is not None:
        click.echo(f"wrote {done} to {target}", err=True)


def _write_cells(runs: RunTable, target: Path | None) -> str:
    """Write the notebook of the one run that was found; tell what was written."""
    from peira.lab.notebook import notebook

    if len(runs) != 1:
        raise click.UsageError(f"--cells is for one run; {len(runs)} were found.")
    cells = runs[0].cells()
    text = json.dumps(notebook(cells, runs[0].birth.get("python", "")), indent=1) + "\n"
    if target is None:
        click.echo(text, nl=False)
    else:
        target.write_text(text)
    return f"{len(cells):,} cells of {runs[0].name}"


def kind_of(output: str | None) -> Kind | None:
    """Return the format that the ending of a file names; None for any other ending."""
    ending = Path(output).suffix.lower().lstrip(".") if output else ""
    if ending in ("pq", "parquet"):
        return "parquet"
    return cast("Kind", ending) if ending in FORMATS else None
