"""`peira data check`: what would make the numbers of a version untrue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from peira.cli.format import value
from peira.cli.group import Command
from peira.cli.session import Session, complete_run, in_session, json_option, write_json
from peira.cli.terminal import Terminal, terminal
from peira.core.text import printable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from peira.data.checks import Finding
    from peira.data.checks.version import Question

STYLE = {"block": "red", "warn": "yellow", "note": "cyan"}
ROWS_SHOWN = 5
BLOCKED = 6
"""Exit code when something forbids belief."""


def complete_code(
    ctx: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return runs that begin with what was typed, and let the shell complete files."""
    from click.shell_completion import CompletionItem

    from peira.core.errors import LabError

    try:
        runs = complete_run(ctx, parameter, incomplete)
    except LabError:  # files can be checked anywhere
        runs = []
    return [*runs, CompletionItem(incomplete, type="file")]


@click.command(
    cls=Command,
    examples=[
        ("peira data check digits", "the latest version, with its only split"),
        ("peira data check visits --split by-patient --group patient", "says what a group is"),
        ("peira data check --code train.py", "was a scaler fitted before the split?"),
        ("peira data check --code brisk-otter", "and in the program of that run?"),
        ("peira data check digits --json | jq '.[].check'", "for programs"),
    ],
)
@click.argument("data", metavar="[DATA]", required=False)
@click.option("--split", "name", metavar="NAME", help="The split.  [default: the only one]")
@click.option("--group", metavar="COLUMN", help="Rows with the same value belong together.")
@click.option("--time", metavar="COLUMN", help="When a row came to be.")
@click.option("--only", multiple=True, metavar="CHECK", help="This check only; repeatable.")
@click.option(
    "--code", "codes", multiple=True, metavar="FILE|RUN", shell_complete=complete_code,
    help="Look in a program, or in the code that a run had, for steps that are fitted before the"
    " split; repeatable.",
)  # fmt: skip
@json_option
@in_session
def check(
    session: Session,
    data: str | None,
    *,
    name: str | None,
    group: str | None,
    time: str | None,
    only: tuple[str, ...],
    codes: tuple[str, ...],
    as_json: bool,
) -> None:
    """Look for copies across parts, leaks by group, time and label, drift, and odd labels in DATA;
    and in programs for what was fitted on test rows.

    What blocks (exit code 6) makes numbers on this split untrue; what warns must be looked at.
    """
    import msgspec

    from peira.data.checks.version import Question

    if data is None and not codes:
        raise click.UsageError("Say what to check: DATA, --code FILE or RUN, or both.")
    found: list[Finding] = []
    question = Question(split=name, group=group, time=time, checks=list(only))
    if data is not None:
        found += _of_data(session, data, question)
    for code in codes:
        found += _of_code(session, code)
    if as_json:
        write_json([msgspec.to_builtins(finding) for finding in found])
    else:
        out = terminal()
        for finding in found:
            _print(finding, out)
        if not found:
            click.echo("nothing was found")
        if data is not None:
            for line in _scope(session, data, question):
                click.echo(out.paint(line, "dim"))
    if any(finding.action == "block" for finding in found):
        raise click.exceptions.Exit(BLOCKED)


def _of_code(session: Session, code: str) -> list[Finding]:
    """Return what is found in a file, or else in the code of the run of that name."""
    from peira.data.checks.code import fitted_before_split
    from peira.data.checks.program import check_run

    path = Path(code)
    if path.suffix == ".py" or path.exists():
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise click.UsageError(f"--code {code}: {error.strerror}.") from error
        return list(fitted_before_split(text, code))
    checked = check_run(session.lab(), code)
    for reason in checked.unread:
        click.echo(f"not checked: {printable(reason)}", err=True)
    return checked.findings


def _of_data(session: Session, data: str, question: Question) -> list[Finding]:
    from peira.core.errors import UsageError
    from peira.data.checks import CHECKS
    from peira.data.checks.labelled import with_labels
    from peira.data.checks.version import check_version
    from peira.data.dataset import Dataset
    from peira.data.reference import parse
    from peira.evaluate.copies import with_evaluations

    strange = set(question.checks) - set(CHECKS)
    if strange:
        raise UsageError(f"There is no check {min(strange)!r}.", hint=f"Use {', '.join(CHECKS)}.")
    lab = session.lab()
    version = parse(lab.root, data).version
    found = with_labels(Dataset(lab.root, version), check_version(lab.root, version, question))
    return with_evaluations(lab, version, found, question.split)


def _scope(session: Session, data: str, question: Question) -> Iterator[str]:
    """Yield which checks looked, and which had nothing to look at."""
    from peira.data.checks import CHECKS
    from peira.data.checks.version import idle_checks
    from peira.data.reference import parse

    lab = session.lab()
    idle = idle_checks(lab.root, parse(lab.root, data).version, question)
    names = question.checks or list(CHECKS)
    looked = [name for name in names if name not in idle]
    if looked:
        yield f"checked: {', '.join(looked)}"
    reasons: dict[str, list[str]] = {}
    for name, reason in idle.items():
        reasons.setdefault(reason, []).append(name)
    if reasons:
        told = (f"{', '.join(found)} ({reason})" for reason, found in reasons.items())
        yield f"not checked: {'; '.join(told)}"


def _label(finding: Finding, at: int) -> str:
    """Return what is said of a row whose label is suspicious: its place, label and expected one."""
    if "places" not in finding.detail:
        return ""
    where = f"  row {finding.detail['places'][at]:,}"
    label, expected = finding.detail["labels"][at], finding.detail["expected"][at]
    if label is None:
        return f"{where}: of a sealed hold-out"
    return printable(f"{where}: {label:.40}, expected {expected:.40}")


def _print(finding: Finding, out: Terminal) -> None:
    head = out.paint(finding.action, STYLE[finding.action], "bold")
    click.echo(f"{head}  {out.paint(finding.check, 'bold')}  {printable(finding.title)}")
    for place, row in enumerate(finding.rows[:ROWS_SHOWN]):
        twin = f"  like {finding.twins[place]}" if place < len(finding.twins) else ""
        click.echo(out.paint(f"  {row}{twin}{_label(finding, place)}", "dim"))
    if finding.count > ROWS_SHOWN and finding.rows:
        click.echo(out.paint(f"  … {finding.count - ROWS_SHOWN:,} more: --json", "dim"))
    for one in finding.detail.get("evaluations", ()):
        without = "none are left" if one["without"] is None else f"{value(one['without'])} without"
        click.echo(
            f"  {printable(one['name'])}  {printable(one['evaluation'])}: {one['metric']}"
            f" {value(one['value'])} with these rows, {without}"
        )
    if finding.limits:
        click.echo(out.paint(f"  {finding.limits}", "dim"))
