"""`peira holdout ls` and `look`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from peira.cli.format import ago, number
from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, write_json
from peira.cli.table import Cell, Column, layout
from peira.cli.terminal import terminal
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.data.dataset import Dataset
    from peira.data.splits import Split
    from peira.evaluate.ledger import Look
    from peira.lab.lab import Lab

STYLE = {"supported": "green", "refuted": "red", "undecided": "yellow"}


@click.command(
    cls=Command,
    examples=[
        ("peira holdout ls", "every hold-out, its looks, who opened its file"),
        ("peira holdout ls --json", "for programs"),
    ],
)
@json_option
@in_session
def ls(session: Session, *, as_json: bool) -> None:
    """List the hold-outs of the lab, also those that were unsealed: looks taken and left, how much
    wider the next interval is, who changed the budget, and runs that opened a file which sealed
    rows came from.
    """
    import msgspec

    from peira.data import sealed
    from peira.data.openers import Opened
    from peira.evaluate import ledger

    lab = session.lab()
    rows: list[dict[str, Any]] = []
    for split, part, dataset in _holdouts(lab):
        told = {
            "dataset": split.dataset, "split": split.name, "part": part,
            "rows": split.parts[part].rows,
            "budget_changes": msgspec.to_builtins(sealed.budget_changes(lab.root, split, part)),
        }  # fmt: skip
        state = sealed.state_of(lab.root, split, part)
        assert state is not None
        if state.seal is not None:
            told |= {"sealed": True, "opened_by": _opened(lab, dataset)}
            told |= msgspec.to_builtins(ledger.standing(lab.root, split, part))
        else:
            looks = msgspec.to_builtins(ledger.looks(lab.root, split, part))
            told |= {
                "sealed": False, "unsealed_by": state.unsealed_by,
                "unsealed_why": state.unsealed_why, "opened_by": [], "looks": looks,
            }  # fmt: skip
        rows.append(told)
    if as_json:
        write_json(rows)
        return
    if not rows:
        click.echo("no hold-outs; seal a part of a split with `peira holdout seal DATA:PART`")
        return
    out = terminal()
    columns = [
        Column("hold-out"), Column("rows", right=True), Column("looks", right=True),
        Column("left", right=True), Column("next interval"), Column(""),
    ]  # fmt: skip
    head, *lines = layout(columns, [_cells(row) for row in rows], out).lines
    click.echo(head)
    for line, row in zip(lines, rows, strict=True):
        click.echo(line)
        for change in row["budget_changes"]:
            text = f"  {sealed.BudgetChange(**change).text}, {ago(change['time'])}"
            click.echo(out.paint(printable(text), "yellow"))
        for look in row["looks"]:
            click.echo(out.paint(_past(look), "dim"))
        for opened in row["opened_by"]:
            text = f"  {opened['name']} {Opened(**opened).did}"
            click.echo(out.paint(printable(text), "red"))


def _due(row: dict[str, Any]) -> str:
    told = ["a new hold-out is due"] if row["is_due"] else []
    if row["unknown"]:
        told.append(f"{number(row['unknown'])} rows of the latest version are in no part")
    return "; ".join(told)


def _cells(row: dict[str, Any]) -> list[str | Cell]:
    name = Cell(f"{row['dataset']}:{row['split']}/{row['part']}", "bold")
    counts = [number(row["rows"]), number(len(row["looks"]))]
    if not row["sealed"]:
        why = f"unsealed by {row['unsealed_by']}: {row['unsealed_why']}"
        return [name, *counts, "-", "-", Cell(printable(why), "yellow")]
    width = f"{row['width']:.2f} times as wide"
    return [name, *counts, number(row["left"]), width, Cell(_due(row), "yellow")]


def _past(look: dict[str, Any]) -> str:
    claim = look["claim"]
    who = f"{len(claim['runs'])} run{'s' if len(claim['runs']) != 1 else ''}"
    is_one = len(claim["runs"]) == 1
    why = f": {claim['why']}" if claim["why"] else ""
    reach, have = ("reaches", "has") if is_one else ("reach", "have")
    is_share = look["measure"] == "accuracy"
    what = f"{reach} at least" if is_share else f"{have} a mean error of at most"
    return printable(
        f"  look {look['number']}, {ago(look['time'])}, by {look['by']}: {who} {what}"
        f" {claim['threshold']:g}: {look['word']}{why}"
    )


def _holdouts(lab: Lab) -> list[tuple[Split, str, Dataset]]:
    """Return every part that is sealed, or was."""
    from peira.data import openers, sealed, splits

    found = []
    for id in dict.fromkeys(decision.id for decision in lab.journal.history(sealed.SEALED)):
        owner, name, part = id.split("/", 2)
        if name not in splits.names(lab.root, owner):  # a decision of another lab
            continue
        split = splits.read(lab.root, owner, name)
        found.append((split, part, openers.source_of(lab, split)))
    return found


def _opened(lab: Lab, dataset: Dataset) -> list[dict[str, Any]]:
    import msgspec

    from peira.data import openers

    return [msgspec.to_builtins(one) for one in openers.opened_by(lab, dataset)]


@click.command(
    cls=Command,
    examples=[
        ("peira holdout look digits:test 0.975 brisk-otter", "one model"),
        (
            "peira holdout look digits:test 0.975 otter-1 otter-2 otter-3 --why 'the goal'",
            "a recipe, by three or more seeds; one look",
        ),
    ],
)
@click.argument("data", metavar="DATA:PART")
@click.argument("threshold", type=click.FloatRange(0, min_open=True))
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--why", default="", metavar="TEXT", help="What the look is for.")
@json_option
@in_session
def look(
    session: Session,
    data: str,
    threshold: float,
    runs: tuple[str, ...],
    *,
    why: str,
    as_json: bool,
) -> None:
    """Claim that RUN (or the recipe of three or more RUNs) is right on at least THRESHOLD of unseen
    samples, and look. Of runs that predict numbers it is claimed that their mean absolute error is
    at most THRESHOLD; that answer is approximate.

    The runs must have been evaluated on the part. Runs of a recipe have the same program, code,
    params and data version, and a seed each. The answer is a word, never the number: that
    would end the guarantee.
    """
    import msgspec

    from peira.data import openers
    from peira.data.reference import parse
    from peira.evaluate import ledger, recipe
    from peira.science.recipe import RUNS_MIN

    lab = session.lab()
    found = parse(lab.root, data)
    if found.split is None:
        raise click.UsageError(f"Name a part of a split: {printable(found.version.name)}:test.")
    records = [lab.run(run) for run in runs]
    ids = [record.id for record in records]
    claim = ledger.Claim(threshold=threshold, runs=ids, why=why)
    if len(ids) >= RUNS_MIN:
        recipe.refuse_others(lab, records, found.split, found.part)
    answer = ledger.look(lab.root, found.split, found.part, claim)
    every = openers.opened_by(lab, openers.source_of(lab, found.split))
    opened = {one.run: one for one in sorted(every, key=lambda one: one.is_sure)}
    guilty = [opened[run] for run in ids if run in opened]
    if as_json:
        write_json(msgspec.to_builtins(answer) | {"opened_by": msgspec.to_builtins(guilty)})
        return
    for one in guilty:
        told = f"{one.name} {one.did}: this answer {'is' if one.is_sure else 'may be'} not about"
        click.echo(f"warning: {printable(told)} unseen samples", err=True)
    standing = ledger.standing(lab.root, found.split, found.part)
    click.echo(_sentence(answer, standing.left))
    if answer.number > standing.budget:
        click.echo(
            f"warning: beyond the budget of {standing.budget:,} looks: a new hold-out is due",
            err=True,
        )


def _sentence(answer: Look, left: int) -> str:
    """Return the answer in one of the shapes that the science page allows."""
    out = terminal()
    subject = "This model" if answer.scope == "model" else "This recipe"
    at = f"{answer.claim.threshold:g}"
    is_share = answer.measure == "accuracy"
    told = {
        "supported": f"{subject} reaches at least {at}"
        if is_share
        else f"{subject} has a mean absolute error of at most {at}",
        "refuted": f"{subject} does not reach {at}"
        if is_share
        else f"{subject} has a mean absolute error above {at}",
        "undecided": f"There is not enough evidence for or against {at}",
    }[answer.word]
    rough = "" if is_share else ", approximate: errors are taken as normal"
    return (
        f"{out.paint(answer.word, STYLE[answer.word], 'bold')}  {told} on unseen samples like"
        f" {printable(answer.dataset)}:{printable(answer.split)}/{printable(answer.part)}"
        f" (half-width {answer.half_width:.3g}, {number(answer.examples)} samples, look"
        f" {answer.number}, {left} left{rough})."
    )
