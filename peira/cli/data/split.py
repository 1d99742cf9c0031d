"""`peira data split`: deal the rows of a version to parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from peira.cli.format import number
from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, write_json
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.data.splits import Kind


@click.command(
    cls=Command,
    examples=[
        ("peira data split digits main train=0.8 test=0.2", "at random, seed 0"),
        (
            "peira data split digits main train=0.6 dev=0.2 test=0.2 --stratify --hold-out test",
            "each label in its share; the labels of test are sealed",
        ),
        ("peira data split visits by-patient train=0.7 test=0.3 --group patient", "whole groups"),
        ("peira data split sales by-time train=0.9 test=0.1 --time day", "the latest are tested"),
        ("peira data split digits cv --folds 5", "five folds"),
    ],
)
@click.argument("data", metavar="DATA")
@click.argument("name", metavar="NAME")
@click.argument("shares", nargs=-1, metavar="[PART=SHARE]...")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides all draws.")
@click.option("--stratify", is_flag=True, help="Each label in its share in each part.")
@click.option("--group", metavar="COLUMN", help="Keep rows with the same value together.")
@click.option("--time", metavar="COLUMN", help="By time: the first part is the earliest.")
@click.option("--column", metavar="COLUMN", help="Take the parts that a column names.")
@click.option("--folds", type=click.IntRange(2), metavar="N", help="N folds of equal size.")
@click.option("--hold-out", metavar="PART", help="Seal a part: see `peira holdout`.")
@json_option
@in_session
def split(
    session: Session,
    data: str,
    name: str,
    shares: tuple[str, ...],
    *,
    seed: int,
    stratify: bool,
    group: str | None,
    time: str | None,
    column: str | None,
    folds: int | None,
    hold_out: str | None,
    as_json: bool,
) -> None:
    """Deal the rows of DATA to parts, and keep the split as NAME for ever.

    Rows are kept by content: the split holds in any order of the rows, and in versions that are
    made from this one row by row.
    """
    import msgspec

    from peira.data import sealed, splits
    from peira.data.dataset import Dataset
    from peira.data.reference import parse

    kinds: dict[Kind, object] = {
        "stratified": stratify, "grouped": group, "time": time, "column": column, "folds": folds,
    }  # fmt: skip
    chosen = [kind for kind, given in kinds.items() if given]
    if len(chosen) > 1 and set(chosen) != {"stratified", "folds"}:
        raise click.UsageError(f"A split is one of {', '.join(chosen)}.")
    lab = session.lab()
    dataset = Dataset(lab.root, parse(lab.root, data).version)
    recipe = splits.Recipe(
        kind="folds" if folds else chosen[0] if chosen else "random",
        seed=seed,
        column=group or time or column or (dataset.label if stratify else None),
        count=folds or 5,
        **({"shares": _shares(shares)} if shares else {}),
    )
    made = splits.make(dataset, name, recipe)
    if hold_out is not None:
        sealed.seal(lab.root, made, hold_out)
    if as_json:
        write_json(msgspec.to_builtins(made) | {"digest": made.digest, "sealed": hold_out})
        return
    for part, found in made.parts.items():
        note = "  sealed: only run.evaluate() reads its labels" if part == hold_out else ""
        click.echo(
            f"{printable(made.dataset)}:{printable(name)}/{printable(part)}  "
            f"{number(found.rows)} rows{note}"
        )


def _shares(given: tuple[str, ...]) -> dict[str, float]:
    found = {}
    for text in given:
        part, equals, share = text.partition("=")
        try:
            found[part] = float(share)
        except ValueError:
            equals = ""
        if not equals or not part:
            raise click.UsageError(f"{text!r} is no share; write PART=0.8.")
    return found
