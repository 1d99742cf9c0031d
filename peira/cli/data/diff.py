"""`peira data diff`: what changed between two versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from peira.cli.format import number, value
from peira.cli.group import Command
from peira.cli.marks import told_once
from peira.cli.session import Session, in_session, json_option, write_json
from peira.cli.terminal import Terminal, terminal
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.data.diff import Changes, DataDiff

SHOWN = 5


@click.command(
    cls=Command,
    examples=[
        ("peira data diff digits:v1 digits:v2", "files, rows, labels, classes, columns, scores"),
        ("peira data diff digits digits-clean --json", "for programs"),
    ],
)
@click.argument("left", metavar="A")
@click.argument("right", metavar="B")
@json_option
@in_session
def diff(session: Session, left: str, right: str, *, as_json: bool) -> None:
    """Show what changed from the version A to the version B: files and rows that came, went and
    changed, labels, class balance, columns, and what the same recipe scores on both.
    """
    import msgspec

    from peira.data.dataset import Dataset
    from peira.data.diff import compare
    from peira.data.reference import parse

    lab = session.lab()
    before = Dataset(lab.root, parse(lab.root, left).version)
    after = Dataset(lab.root, parse(lab.root, right).version)
    found = compare(before, after, lab)
    if as_json:
        write_json(msgspec.to_builtins(found))
        return
    _print(found, terminal())


def _print(found: DataDiff, out: Terminal) -> None:
    click.echo(out.paint(f"{printable(found.left)} -> {printable(found.right)}", "bold"))
    lines = _changes("files", found.files, out) + _changes("rows", found.rows, out)
    if found.order_changed:
        lines.append("rows are in another order")
    if found.label_changes:
        lines.append(f"labels: {number(found.label_changes)} changed")
        lines += [f"  {c.id}  {c.before:.80} -> {c.after:.80}" for c in found.labels[:SHOWN]]
    if found.classes:
        lines.append("classes")
        lines += [
            f"  {name}  {number(before)} -> {number(after)}"
            for name, (before, after) in found.classes.items()
        ]
    lines += [line for column in found.columns for line in _column(column.name, column)]
    for line in [*(lines or ["nothing differs"]), *score_lines(found)]:
        click.echo(printable(line))


def score_lines(found: DataDiff) -> list[str]:
    """Return what the same recipe scores on both versions, as lines."""
    if found.scores:
        said = [
            (score.metric, f"not comparable: {score.incomparable}")
            for score in found.scores
            if score.incomparable
        ]
        notes = [f"  {note}" for note in told_once(said)]
        return ["the same recipe on both", *map(_score, found.scores), *notes]
    if not any(found.runs):
        return []
    before, after = map(number, found.runs)
    return [f"no recipe ran on both: {before} runs used the one only, {after} the other only"]


def _changes(what: str, found: Changes | None, out: Terminal) -> list[str]:
    if found is None or not (found.added or found.removed or found.changed):
        return []
    counts = (("added", found.added), ("removed", found.removed), ("changed", found.changed))
    told = ", ".join(f"{number(count)} {word}" for word, count in counts if count)
    lines = [f"{what}: {told}, {number(found.same)} the same"]
    for sign, names in (
        ("+", found.first_added), ("-", found.first_removed), ("~", found.first_changed),
    ):  # fmt: skip
        lines += [f"  {sign} {name}" for name in names[:SHOWN]]
    return lines


def _column(name: str, column: Any) -> list[str]:
    before, after = column.before, column.after
    if before is None or after is None:
        return [f"column {name}: {'came' if before is None else 'went'}"]
    told = [
        f"{key} {_short(before.get(key))} -> {_short(after.get(key))}"
        for key in ("dtype", "shape", "missing", "min", "max", "mean", "std", "distinct")
        if before.get(key) != after.get(key)
    ]
    gone = len(before.get("constant") or {}) - len(after.get("constant") or {})
    if gone:
        told.append(f"{abs(gone)} {'fewer' if gone > 0 else 'more'} constant places")
    return [f"column {name}: {', '.join(told)}"] if told else []


def _short(item: Any) -> str:
    return "none" if item is None else " x ".join(map(str, item)) if isinstance(item, list) else (
        value(item)
    )  # fmt: skip


def _score(score: Any) -> str:
    change = f"{score.after - score.before:+.3g}"
    if score.incomparable:
        change = "not comparable"
    runs = f"{len(score.runs_before)} and {len(score.runs_after)} runs"
    code = "; the code differs, too" if score.code_differs else ""
    return f"  {score.metric}  {score.before:.6g} -> {score.after:.6g}  ({change}; {runs}{code})"
