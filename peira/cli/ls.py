"""`peira ls`: runs as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from peira.cli.columns import SYSTEM, choose, json_rows, split_names, table_of
from peira.cli.format import MISSING, number, value
from peira.cli.group import Command
from peira.cli.marks import group_notes, json_notes, read_marks
from peira.cli.session import (
    Session,
    columns_option,
    in_session,
    json_option,
    project_option,
    sort_option,
    write_json,
)
from peira.cli.table import Cell, Column, layout
from peira.cli.terminal import Terminal, terminal
from peira.core.errors import NotFoundError
from peira.core.text import printable
from peira.core.values import plain

if TYPE_CHECKING:
    from peira.lab.groups import GroupTable, Statistics
    from peira.lab.lab import Lab
    from peira.lab.runs import RunTable

LIMIT = 100
GROUP_METRICS = 4
NEAR_MAX = 5


@click.command(
    cls=Command,
    examples=[
        ("peira ls", "the latest 100 runs"),
        ("peira ls 'val/acc.max > 0.97 and lr in 1e-4..1e-2'", "only these"),
        ("peira ls -p mnist --sort -val/acc -n 5", "the five best of a project"),
        ("peira ls 'state = failed since 3d' --columns lr,epochs,train/loss", "chosen columns"),
        ("peira ls 'group by all except seed' -c val/acc", "mean and 95 % interval over seeds"),
        ("peira ls --all --json | jq -r '.rows[].id'", "for programs"),
    ],
)
@click.argument("query", nargs=-1, metavar="[QUERY]")
@project_option
@sort_option
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    default=LIMIT,
    show_default=True,
    help="Rows.",
)
@click.option("-a", "--all", "everything", is_flag=True, help="All rows, whatever the limit.")
@columns_option
@click.option("--removed", is_flag=True, help="List removed runs instead.")
@json_option
@in_session
def ls(
    session: Session,
    query: tuple[str, ...],
    *,
    project: str | None,
    sort: str | None,
    limit: int,
    everything: bool,
    columns: tuple[str, ...],
    removed: bool,
    as_json: bool,
) -> None:
    """List runs, newest first: those that QUERY finds, with the columns in which they differ.

    On a terminal names are shortened and columns left out until they fit; in a pipe nothing is.
    """
    text = session.read_query(query)
    lab = session.lab()
    names = split_names(columns)
    rows_max = None if everything else limit
    if _groups(text):
        groups = lab.groups(
            text, project=project, sort=sort, columns=names, limit=rows_max, deleted=removed
        )
        if not groups.columns and names is None:
            names = _common_metrics(lab, project)
            groups = lab.groups(
                text, project=project, sort=sort, columns=names, limit=rows_max, deleted=removed
            )
        if as_json:
            write_json({key: plain(part) for key, part in _group_document(groups).items()})
        else:
            _write_groups(lab, groups, terminal())
        return
    table = lab.runs(
        text, project=project, sort=sort, limit=rows_max, columns=names, deleted=removed
    )
    if as_json:
        write_json(
            {"total": table.total, "matched": table.matched, "rows": json_rows(table),
             "notes": json_notes(lab, table)}
        )  # fmt: skip
    elif not len(table) and limit:
        _explain_nothing(lab, table, text, project=project, removed=removed)
    else:
        write_table(lab, table, terminal(), goals=_goals(lab, table))


def write_table(
    lab: Lab,
    table: RunTable,
    out: Terminal,
    *,
    goals: Sequence[str] = (),
    advice: str = "--all lists all",
) -> None:
    """Print a list of runs, and below it (on standard error) how much of it this is."""
    values, more = choose(table, goals)
    marks = read_marks(lab, table, values)
    shown = layout(*table_of(list(table), values, out, marks), out)
    click.echo("\n".join(shown.lines))
    for note in marks.notes:
        click.echo(out.paint(note, "yellow"), err=True)
    footer = [f"{len(table):,} of {table.matched:,} runs"]
    if table.matched < table.total:
        footer[0] += f" ({table.total:,} before the filter)"
    if len(table) < table.matched:
        footer.append(advice)
    hidden = shown.left_out + more
    if hidden:
        plural = "s" if hidden > 1 else ""
        footer.append(f"{hidden} more column{plural}: name them with --columns, or use --json")
    click.echo(out.paint(" · ".join(footer), "dim"), err=True)


def _goals(lab: Lab, table: RunTable) -> list[str]:
    """Return what the projects of the listed runs are after, to show it first."""
    from peira.lab.query.catalog import Catalog

    projects = {record.project for record in table}
    return lab.ask(
        lambda found: [goal.metric for name in projects for goal in Catalog(found, name).goals()]
    )


def _groups(query: str) -> bool:
    """Whether the query groups; the parser is loaded only when it may."""
    if "group" not in query.lower():
        return False
    from peira.lab.query.parse import parse

    return parse(query).group is not None


def _explain_nothing(
    lab: Lab, table: RunTable, query: str, *, project: str | None, removed: bool
) -> None:
    """Tell an empty lab from a filter that nothing passes, and which of its parts is to blame."""
    if removed:
        click.echo("No removed runs.", err=True)
    elif not table.total:
        others = [found.name for found in lab.projects()] if project else []
        if others:
            from peira.lab.query.parse import near

            close = near(project or "", others) or others[:NEAR_MAX]
            raise NotFoundError(
                f"There is no project `{printable(project or '')}`.",
                hint=f"There is {', '.join(map(printable, close))}.",
            )
        where = f"project {printable(project)}" if project else "this lab"
        click.echo(f"There are no runs in {where} yet: call peira.init() in a script.", err=True)
    else:
        click.echo(f"No run fits; there are {table.total:,}.", err=True)
        from peira.lab.query.parse import parse
        from peira.lab.rows import dropped_by

        told = lab.ask(lambda found: dropped_by(found, parse(query), project=project))
        for clause, remaining in told if len(told) > 1 else []:
            click.echo(f"  without `{printable(clause)}`: {remaining:,}", err=True)


def _write_groups(lab: Lab, groups: GroupTable, out: Terminal) -> None:
    """Print groups: the mean over runs, and the half width of its 95 % interval."""
    columns = [Column(name, shrinks=True) for name in groups.by] + [Column("runs", right=True)]
    columns += [Column(column.name, right=True) for column in groups.columns]
    rows = []
    for group in groups:
        cells = [Cell(value(group.key[name])) for name in groups.by] + [Cell(f"{group.n:,}")]
        cells += [Cell(_interval(group.values[column.name], group.n)) for column in groups.columns]
        rows.append(cells)
    shown = layout(columns, rows, out)
    click.echo("\n".join(shown.lines))
    for note in group_notes(lab, groups):
        click.echo(out.paint(note, "yellow"), err=True)
    footer = f"{len(groups):,} of {groups.groups:,} groups, {groups.matched:,} runs"
    if groups.columns:
        footer += " · mean ± half of its 95 % interval"
    click.echo(out.paint(footer, "dim"), err=True)


def _interval(found: Statistics, runs: int) -> str:
    if found.mean is None:
        return MISSING
    text = number(found.mean)
    if found.low is not None and found.high is not None:
        text += f" ± {(found.high - found.low) / 2:.2g}"
    return text if found.n == runs else f"{text} (n={found.n})"


def _group_document(groups: GroupTable) -> dict[str, Any]:
    """Return groups in the shape of `GET /api/projects/{project}/groups`."""
    import msgspec

    return {
        "by": groups.by,
        "matched": groups.matched,
        "groups": groups.groups,
        "columns": [{"name": column.name, "kind": column.kind} for column in groups.columns],
        "rows": [msgspec.structs.asdict(row) for row in groups],
    }


def _common_metrics(lab: Lab, project: str | None) -> list[str]:
    """Return the metrics to sum up when the query names none: those that most runs have."""
    metrics = [
        field
        for field in lab.fields(project)
        if field.kind == "metric" and not field.name.startswith(SYSTEM)
    ]
    return [field.name for field in sorted(metrics, key=lambda field: -field.runs)][:GROUP_METRICS]
