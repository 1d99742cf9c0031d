"""`peira errors`: the samples that a run got most wrong."""

from __future__ import annotations

from typing import Any

import click

from peira.cli.format import number, value
from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, run_argument, write_json
from peira.cli.table import Cell, Column, layout
from peira.cli.terminal import terminal
from peira.core.text import printable

COLUMNS = ("true", "predicted", "score", "true_score", "loss")


@click.command(
    cls=Command,
    examples=[
        ("peira errors brisk-otter", "the 20 worst samples of its latest evaluation"),
        ("peira errors brisk-otter --true 8 --predicted 3", "eights that were taken for threes"),
        ("peira errors brisk-otter --eval dev -n 100 --json", "for programs"),
    ],
)
@run_argument
@click.option("--eval", "name", metavar="NAME", help="The evaluation.  [default: the latest]")
@click.option("--true", "true", metavar="LABEL", help="Only samples of this class.")
@click.option("--predicted", metavar="LABEL", help="Only samples that were taken for this class.")
@click.option("--all", "everything", is_flag=True, help="Samples that are right, too.")
@click.option("-n", "--limit", type=click.IntRange(1), default=20, show_default=True, metavar="N")
@json_option
@in_session
def errors(
    session: Session,
    run: str,
    *,
    name: str | None,
    true: str | None,
    predicted: str | None,
    everything: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List the samples that RUN got wrong, the worst first.

    A sample is named by its id in the data version; the worst ones often have a wrong label. Those
    whose label the checks of the version found suspicious are marked: look at them first.
    """
    from peira.evaluate import beside
    from peira.evaluate.choose import choose
    from peira.evaluate.errors import Filter, worst

    lab = session.lab()
    record = lab.run(run)
    evaluation = choose(record, name)
    wanted = Filter(true=true, predicted=predicted, only_wrong=not everything)
    found = worst(lab.objects, evaluation, wanted, limit)
    odd = beside.suspicious(lab.root, beside.dataset_of(lab.root, evaluation))
    if as_json:
        samples = [
            row | {"suspicious": None if odd is None else row["id"] in odd} for row in found.samples
        ]
        write_json(
            {"run": record.id, "evaluation": evaluation.name, "matched": found.matched,
             "rows": evaluation.rows, "dataset": evaluation.dataset, "samples": samples}
        )  # fmt: skip
        return
    names = [n for n in COLUMNS if any(row[n] is not None for row in found.samples)]
    extra = [n for n in (found.samples[0] if found.samples else {}) if n not in ("id", "correct")]
    names += [n for n in extra if n not in COLUMNS]
    columns = [Column("sample")] + [Column(n, right=n not in ("true", "predicted")) for n in names]
    lines = [
        [Cell(str(row["id"])), *(Cell(_shown(row[n])) for n in names)] for row in found.samples
    ]
    if odd and any(row["id"] in odd for row in found.samples):
        columns.append(Column("label"))
        for cells, row in zip(lines, found.samples, strict=True):
            cells.append(Cell("suspicious" if row["id"] in odd else "", "yellow"))
    for line in layout(columns, lines, terminal()).lines:
        click.echo(line)
    where = f" of {printable(evaluation.dataset)}" if evaluation.dataset else ""
    click.echo(
        f"{number(len(lines))} of {number(found.matched)}, of {number(evaluation.rows)} samples"
        f" in {printable(evaluation.name)}{where}",
        err=True,
    )
    if evaluation.dataset and odd is None:
        click.echo(f"which labels look wrong: peira data check {evaluation.dataset}", err=True)


def _shown(item: Any) -> str:
    return value(item) if item is not None else "-"
