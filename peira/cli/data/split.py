"""`peira data split`: deal the rows of a version to parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

import click
import msgspec

from peira.cli.format import number
from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, write_json
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.data.splits import Kind, Recipe


class How(TypedDict):
    """The options that say how rows are dealt."""

    seed: int
    stratify: bool
    group: str | None
    time: str | None
    column: str | None
    folds: int | None


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
        ("peira data split digits cv --folds 5", "five folds; also with --stratify or --group"),
        ("peira data split digits rep train=0.8 test=0.2 --repeat 15", "rep-1 to rep-15"),
    ],
)
@click.argument("data", metavar="DATA")
@click.argument("name", metavar="NAME")
@click.argument("shares", nargs=-1, metavar="[PART=SHARE]...")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides all draws.")
@click.option("--stratify", is_flag=True, help="Each label in its share in each part.")
@click.option("--group", metavar="COLUMN", help="Keep rows with the same value together.")
@click.option("--time", metavar="COLUMN", help="By time: the first part is the earliest.")
@click.option(
    "--column",
    metavar="COLUMN",
    help="Take the parts that a column names; of pictures `folder` is the first in their paths.",
)
@click.option("--folds", type=click.IntRange(2), metavar="N", help="N folds of equal size.")
@click.option("--hold-out", metavar="PART", help="Seal a part: see `peira holdout`.")
@click.option(
    "--repeat", type=click.IntRange(2, 1_000), metavar="N",
    help="N splits, NAME-1 to NAME-N, with a seed each.",
)  # fmt: skip
@json_option
@in_session
def split(
    session: Session,
    data: str,
    name: str,
    shares: tuple[str, ...],
    *,
    hold_out: str | None,
    repeat: int | None,
    as_json: bool,
    **how: Unpack[How],
) -> None:
    """Deal the rows of DATA to parts, and keep the split as NAME for ever.

    Rows are kept by content: the split holds in any order of the rows, and in versions that are
    made from this one row by row. Rows of a sealed hold-out are dealt to no part. Without shares
    it is train=0.8 test=0.2.
    """
    from peira.cli.holdout.decide import warn_of_openers
    from peira.data.dataset import Dataset
    from peira.data.deal import deal, deal_repeated
    from peira.data.reference import parse

    lab = session.lab()
    dataset = Dataset(lab.root, parse(lab.root, data).version)
    recipe = _recipe(dataset.label, _shares(shares), how)
    if repeat is not None:
        if hold_out is not None:
            raise click.UsageError("A hold-out is one part of one split; leave --repeat away.")
        every = deal_repeated(dataset, name, recipe, repeat)
        if as_json:
            write_json([msgspec.to_builtins(one) | {"digest": one.digest} for one in every])
            return
        for one in every:
            told = ", ".join(f"{part} {number(found.rows)}" for part, found in one.parts.items())
            click.echo(f"{printable(one.dataset)}:{printable(one.name)}  seed {one.seed}: {told}")
        return
    made = deal(dataset, name, recipe, hold_out)
    if hold_out is not None:
        warn_of_openers(lab, made)
    if as_json:
        write_json(msgspec.to_builtins(made) | {"digest": made.digest, "sealed": hold_out})
        return
    for part, found in made.parts.items():
        note = "  sealed: only run.evaluate() reads its labels" if part == hold_out else ""
        click.echo(
            f"{printable(made.dataset)}:{printable(name)}/{printable(part)}  "
            f"{number(found.rows)} rows{note}"
        )


def _recipe(label: str | None, shares: dict[str, float], how: How) -> Recipe:
    from peira.data.splits import Recipe

    kinds: dict[Kind, object] = {
        "stratified": how["stratify"],
        "grouped": how["group"],
        "time": how["time"],
        "column": how["column"],
        "folds": how["folds"],
    }
    chosen = [kind for kind, given in kinds.items() if given]
    pairs = ({"stratified", "folds"}, {"grouped", "folds"})
    if len(chosen) > 1 and set(chosen) not in pairs:
        raise click.UsageError(f"A split is one of {', '.join(chosen)}.")
    is_folds = bool(how["folds"])
    group = None if is_folds else how["group"]
    by = group or how["time"] or how["column"] or (label if how["stratify"] else None)
    recipe = Recipe(
        kind="folds" if is_folds else chosen[0] if chosen else "random",
        seed=how["seed"],
        column=by,
        count=how["folds"] or 5,
        group=how["group"] if is_folds else None,
    )
    return msgspec.structs.replace(recipe, shares=shares) if shares else recipe


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
