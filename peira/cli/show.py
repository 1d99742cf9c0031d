"""`peira show`: everything about one run on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from peira.cli.format import MISSING, ago, duration, moment, number, plain, size, value
from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, run_argument, write_json
from peira.cli.table import Cell, Column, layout, pairs
from peira.cli.terminal import STATE_STYLE, Terminal, terminal
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.lab.runs import RunRecord

METRIC_COLUMNS = ("first", "last", "min", "max", "mean")


@click.command(
    cls=Command,
    examples=[
        ("peira show brisk-otter", "by name; the start or end of an id does as well"),
        ("peira show brisk-otter --json | jq .params", "for programs"),
        ("peira show brisk-otter --system", "with the metrics of the machine"),
    ],
)
@run_argument
@click.option("--system", is_flag=True, help="Show the metrics of the machine (system/…) too.")
@json_option
@in_session
def show(session: Session, run: str, *, system: bool, as_json: bool) -> None:
    """Show everything about RUN: state, params, metrics, artifacts, alerts, code, machine."""
    record = session.lab().run(run)
    if as_json:
        write_json(document(record))
        return
    out = terminal()
    for block in (
        head(record, out),
        _failure(record, out),
        _alerts(record, out),
        _section("params", [(k, value(v)) for k, v in record.params.items()], out),
        metrics(record, out, system=system),
        _artifacts(record, out),
        _media(record, out),
        _captured(record, out),
        _problems(record, out),
        _note(record, out),
    ):
        if block:
            click.echo("\n".join([*block, ""]))


def document(record: RunRecord) -> dict[str, Any]:
    """Return everything about a run as JSON-ready values, the shape of `show --json`."""
    found = row(record)
    found["command"] = record.command
    found["params"] = dict(record.params)
    found["metrics"] = {key: plain(_public(summary)) for key, summary in record.metrics.items()}
    found["artifacts"] = [_public(item) for item in record.artifacts()]
    found["media"] = [_public(item) for item in record.media()]
    found["captured"] = dict(record.captured_aspects())
    found["alerts"] = [_public(item) for item in record.alerts]
    found["problems"] = [_public(item) for item in record.problems]
    return found
