"""`peira checkpoints`: the states that a run can be gone on from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from peira.cli.format import ago, number, size, value
from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, run_argument, write_json
from peira.cli.table import Cell, Column, layout
from peira.cli.terminal import terminal
from peira.core.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from peira.core.direction import Direction
    from peira.lab.lab import Lab
    from peira.lab.runs import RunRecord
    from peira.record.events import Checkpoint

METRICS_SHOWN = 4


@click.command(
    cls=Command,
    examples=[
        ("peira checkpoints brisk-otter", "steps, sizes, metrics; which is last and best"),
        ("peira checkpoints brisk-otter --export best ckpt", "its files in the new folder ckpt"),
        ("peira checkpoints brisk-otter --export 40 ckpt", "those of step 40"),
        ("peira resume brisk-otter --from best", "goes on from one"),
    ],
)
@run_argument
@click.option(
    "--export",
    "chosen",
    nargs=2,
    metavar="STEP DIR",
    help="Write the files of a step (or last, best) to DIR, which must not be there.",
)
@click.option("-m", "--metric", metavar="NAME", help="The metric by which best is meant.")
@click.option("--max", "direction", flag_value="max", help="The highest value is the best.")
@click.option("--min", "direction", flag_value="min", help="The lowest value is the best.")
@json_option
@in_session
def checkpoints(
    session: Session,
    run: str,
    *,
    chosen: tuple[str, str] | None,
    metric: str | None,
    direction: Direction | None,
    as_json: bool,
) -> None:
    """Show the checkpoints of RUN that are kept, by step; or write one to a folder.

    Best is by the metric that the program named for keeping them, else by the project's goal, else
    by the only metric that they have.
    """
    lab = session.lab()
    record = lab.run(run)
    if chosen is not None:
        _export(lab, record, chosen, metric, direction)
        return
    rows = _rows(lab, record, metric, direction)
    if as_json:
        write_json({"run": record.id, "checkpoints": rows})
        return
    if not rows:
        click.echo("no checkpoints; a program saves one with run.checkpoint(state, step)")
        return
    names = sorted({name for row in rows for name in row["metrics"]})
    out = terminal()
    titles = [Column("step", right=True), Column("saved")]
    titles += [Column(name, right=True) for name in names[:METRICS_SHOWN]]
    titles += [Column("size", right=True), Column("files", right=True), Column("format")]
    lines = [
        [
            Cell(number(row["step"])),
            Cell(ago(row["time"])),
            *(Cell(value(row["metrics"].get(name))) for name in names[:METRICS_SHOWN]),
            Cell(size(row["size"])),
            Cell(number(len(row["files"]))),
            Cell(row["format"]),
            Cell(", ".join(word for word in ("last", "best") if row[word]), "green"),
        ]
        for row in rows
    ]
    for line in layout([*titles, Column("")], lines, out).lines:
        click.echo(line)


def _rows(
    lab: Lab, record: RunRecord, metric: str | None, direction: Direction | None
) -> list[dict[str, Any]]:
    import msgspec

    from peira.lab.checkpoints import choose
    from peira.record.checkpoints import plain_metrics

    found = record.checkpoints()
    last = choose(lab, record, "last").step if found else None
    try:
        best = choose(lab, record, "best", metric=metric, direction=direction).step
    except (UsageError, NotFoundError):
        if metric is not None and found:
            raise
        best = None  # what is the best is not decided
    return [
        {
            "step": made.step,
            "time": made.time,
            "format": made.format,
            "size": _size(made),
            "files": [msgspec.to_builtins(file) for file in made.files],
            "metrics": plain_metrics(made.metrics),
            "last": made.step == last,
            "best": made.step == best,
        }
        for made in found
    ]


def _size(made: Checkpoint) -> int:
    return sum(file.size for file in made.files)


def _export(
    lab: Lab,
    record: RunRecord,
    chosen: tuple[str, str],
    metric: str | None,
    direction: Direction | None,
) -> None:
    from peira.lab.checkpoints import choose
    from peira.objects.checkpoint import write_out

    made = choose(lab, record, chosen[0], metric=metric, direction=direction)
    folder = write_out(lab.objects, made.files, _new_folder(chosen[1]), is_writable=True)
    click.echo(
        f"wrote step {made.step} of {record.name}, {len(made.files)} files, {size(_size(made))},"
        f" to {folder}",
        err=True,
    )


def _new_folder(path: str) -> Path:
    from pathlib import Path

    folder = Path(path).expanduser()
    if folder.exists():
        raise click.UsageError(f"{path!r} is there already; name a new folder.")
    if not folder.absolute().parent.is_dir():
        raise click.UsageError(f"There is no folder {str(folder.parent)!r} to make it in.")
    return folder
