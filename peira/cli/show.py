"""`peira show`: everything about one run on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from peira.cli import evaluations, files
from peira.cli.cells import cell_text
from peira.cli.columns import SYSTEM, json_row
from peira.cli.format import ago, duration, exact, moment, number, size, value
from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, run_argument, write_json
from peira.cli.surroundings import in_short
from peira.cli.table import Cell, Column, layout, pairs
from peira.cli.terminal import STATE_STYLE, Terminal, terminal
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.lab.lab import Lab
    from peira.lab.replicates import Replicates
    from peira.lab.runs import RunRecord

TRACEBACK_LINES = 12
CAPTURED_LINES = 12
CHECKPOINTS_SHOWN = 6
TEXT_MAX = 300

UNCOUNTED = ("audio", "html")  # kinds of media without a plural

ALERT_STYLE = {"error": "red", "warning": "yellow", "info": "cyan"}


@click.command(
    cls=Command,
    examples=[
        ("peira show brisk-otter", "by name; the start or end of an id does as well"),
        ("peira show brisk-otter --json | jq .params", "for programs"),
        ("peira show brisk-otter --system", "with the metrics of the machine"),
        ("peira show brisk-otter --all", "with every package, variable and switch"),
        ("peira show brisk-otter --cells", "the cells of a notebook, and what they put out"),
    ],
)
@run_argument
@click.option("--system", is_flag=True, help="Show the metrics of the machine (system/…) too.")
@click.option("-a", "--all", "is_whole", is_flag=True, help="Show all that was recorded by itself.")
@click.option("--cells", is_flag=True, help="Show the cells of a notebook instead.")
@json_option
@in_session
def show(
    session: Session, run: str, *, system: bool, is_whole: bool, cells: bool, as_json: bool
) -> None:
    """Show everything about RUN: state, params, metrics, artifacts, alerts, code, machine."""
    lab = session.lab()
    record = lab.run(run)
    same = lab.replicates(record)
    if as_json:
        write_json(document(record, same) | {"evaluations": evaluations.document(lab, record)})
        return
    out = terminal()
    if cells:
        click.echo("\n\n".join(cell_text(cell, out) for cell in record.cells()))
        return
    blocks = [
        _head(record, same, out),
        _failure(record, out),
        _reproduction(record, out),
        _alerts(record, out),
        _section("params", [(k, exact(v)) for k, v in record.params.items()], out),
        _metrics(record, out, system=system),
        _section("evaluations", evaluations.section(lab, record), out),
        _artifacts(record, out),
        *(_section(title, items, out) for title, items in files.sections(record)),
        _checkpoints(record, out),
        _media(record, out),
        _captured(lab, record, out, is_whole=is_whole),
        _cells(record, out),
        _problems(record, out),
        _note(record, out),
    ]
    click.echo("\n\n".join("\n".join(block) for block in blocks if block))


def document(record: RunRecord, same: Replicates) -> dict[str, Any]:
    """Return everything about a run: what `GET /api/runs/{run}` answers, all media listed."""
    import msgspec

    plain = msgspec.to_builtins
    birth = record.birth
    return {
        **json_row(record),
        "parent": record.parent,
        "sweep": record.sweep,
        "trial": record.trial,
        "params": record.params,
        "metrics": {
            key: {name: getattr(m, name) for name in m.__struct_fields__ if name != "key"}
            for key, m in record.metrics.items()
        },
        "captured": record.captured(),
        "artifacts": [plain(item) for item in record.artifacts()],
        "files": files.document(record),
        "checkpoints": [plain(item) for item in record.checkpoints()],
        "origin": record.birth.get("origin"),
        "media": [plain(item) for item in record.media()],
        "cells": [plain(item) for item in record.cells()],
        "alerts_list": [plain(item) for item in record.alerts],
        "problems": [plain(item) for item in record.problems],
        "verifications": [plain(item) for item in record.verifications],
        "determinism": plain(record.determinism),
        "replicates": plain(same),
        "lost_points": record.lost_points,
        "lost_reasons": record.lost_reasons(),
        "seen": record.seen,
        "sealed": record.sealed,
        "deleted": record.deleted,
        "command": birth.get("command", []),
        "directory": birth.get("directory", ""),
        "python": birth.get("python", ""),
        "peira": birth.get("peira", ""),
        "pid": birth.get("pid", 0),
        "end": record.end,
        "console_size": record.console(limit=0).size,
    }


def _head(record: RunRecord, same: Replicates, out: Terminal) -> list[str]:
    state = out.paint(record.state, STATE_STYLE.get(record.state, ""))
    facts = [
        ("project", record.project),
        ("created", f"{moment(record.created)} ({ago(record.created)})"),
        ("duration", duration(record.duration)),
        ("by", f"{record.user} on {record.host}"),
    ]
    optional = [
        ("why", record.why or _why_missing(record)),
        ("group", record.group),
        ("parent", record.parent),
        ("trial", _trial(record)),
        ("origin", _origin(record)),
        ("the same", str(same)),
        ("tags", " ".join(record.tags)),
        ("command", record.command),
        ("directory", record.birth.get("directory")),
        ("commit", record.commit),
        ("removed", "yes; `peira undelete` brings it back" if record.deleted else None),
        ("lost", _lost(record)),
    ]
    facts += [(name, text) for name, text in optional if text]
    title = f"{out.paint(printable(record.name), 'bold')}  {record.id}  {state}"
    return [title, *pairs(facts, out)]


def _why_missing(record: RunRecord) -> str | None:
    """A run without a reason is asked for one; a part of another or of a sweep has that one's."""
    if record.parent or record.sweep:
        return None
    return f"not said: peira note {record.name} --why '…'"


def _trial(record: RunRecord) -> str | None:
    """Tell of which sweep this run is a trial."""
    if record.sweep is None:
        return None
    return f"{record.trial} of the sweep {record.sweep}: peira sweep show {record.sweep}"


def _origin(record: RunRecord) -> str | None:
    """Tell which earlier run this one comes from, and what was changed."""
    told = record.birth.get("origin")
    if not told:
        return None
    words = {"rerun": "runs again", "repeat": "repeats", "resume": "goes on from"}
    at = f" at step {told['step']}" if told.get("step") is not None else ""
    changed = ", ".join(f"{name}={value(given)}" for name, given in told.get("changed", {}).items())
    text = f"{words.get(told['how'], told['how'])} {told['run']}{at}"
    return f"{text}, with {changed}" if changed else text


def _lost(record: RunRecord) -> str | None:
    """Tell how many values are not in the run, and why: the disk, or no numbers."""
    if not record.lost_points:
        return None
    plural = "s" if record.lost_points != 1 else ""
    text = f"{record.lost_points:,} value{plural} not recorded: {'; '.join(record.lost_reasons())}"
    return text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 1] + "…"


def _failure(record: RunRecord, out: Terminal) -> list[str]:
    if record.state == "killed" and not record.end:
        text = "its process is gone without a word: kill -9, out of memory, or os._exit"
        return [out.paint(text, "red")]
    end = record.end or {}
    error = end.get("error")
    if not error:
        told = [
            f"{word} {end[key]}"
            for key, word in (("signal", "signal"), ("exit_code", "exit code"))
            if end.get(key)
        ]
        return [out.paint(f"ended by {', '.join(told)}", "red")] if told else []
    lines = str(error.get("traceback", "")).rstrip().splitlines()
    shown = [f"  {printable(line)}" for line in lines[-TRACEBACK_LINES:]]
    if len(lines) > TRACEBACK_LINES:
        shown.insert(0, f"  … {len(lines) - TRACEBACK_LINES} lines more: --json")
    title = printable(f"{error.get('type')}: {error.get('message')}"[:TEXT_MAX])
    return [out.paint(title, "red", "bold"), *shown]


def _alerts(record: RunRecord, out: Terminal) -> list[str]:
    if not record.alerts:
        return []
    lines = [out.paint("alerts", "bold")]
    for alert in record.alerts:
        level = out.paint(alert.level, ALERT_STYLE.get(alert.level, ""))
        text = f"{alert.title}: {alert.text}" if alert.text else alert.title
        lines.append(
            f"  {level}  {printable(text[:TEXT_MAX])}  {out.paint(ago(alert.time), 'dim')}"
        )
    return lines


def _reproduction(record: RunRecord, out: Terminal) -> list[str]:
    """Tell what re-runs said of this run, or of what it is a re-run of."""
    items = []
    for found in record.verifications:
        is_original = found.original == record.id
        text = f"{found.sentence}  ({ago(found.time)}, by {found.by})"
        items.append((f"by {found.rerun}" if is_original else f"of {found.original}", text))
    probe = record.determinism
    if probe is not None:
        word = "deterministic" if probe.is_deterministic else "not deterministic"
        items.append(("same seed twice", f"{word} on {probe.host}  ({ago(probe.time)})"))
    return _section("reproduction", items, out)


def _section(title: str, items: list[tuple[str, str]], out: Terminal) -> list[str]:
    return [out.paint(title, "bold"), *pairs(items, out)] if items else []


def _metrics(record: RunRecord, out: Terminal, *, system: bool) -> list[str]:
    shown = {k: m for k, m in record.metrics.items() if system or not k.startswith(SYSTEM)}
    hidden = len(record.metrics) - len(shown)
    rows = []
    for key, m in shown.items():
        cells = [Cell(f"  {key}")]
        cells += [Cell(value(v)) for v in (m.last, m.min, m.max, m.mean)]
        cells += [Cell(number(m.count)), Cell(number(m.last_step))]
        cells.append(Cell(number(m.nonfinite), "red") if m.nonfinite else Cell(""))
        rows.append(cells)
    lines = []
    if rows:
        titles = ("last", "min", "max", "mean", "points", "step", "not finite")
        has_nonfinite = any(m.nonfinite for m in shown.values())
        keep = len(titles) if has_nonfinite else len(titles) - 1
        columns = [Column("metrics", shrinks=True)]
        columns += [Column(title, right=True) for title in titles[:keep]]
        lines = layout(columns, [row[: keep + 1] for row in rows], out).lines
    if hidden:
        lines.append(out.paint(f"{hidden} metrics of the machine: --system", "dim"))
    return lines


def _artifacts(record: RunRecord, out: Terminal) -> list[str]:
    items = []
    for item in record.artifacts():
        total = sum(file.size for file in item.files)
        plural = "s" if len(item.files) != 1 else ""
        items.append(
            (item.name, f"{item.type}, {item.role}, {len(item.files)} file{plural}, {size(total)}")
        )
    return _section("artifacts", items, out)


def _checkpoints(record: RunRecord, out: Terminal) -> list[str]:
    items = [
        (f"step {made.step}", f"{size(sum(file.size for file in made.files))}, {ago(made.time)}")
        for made in record.checkpoints()
    ]
    more = len(items) - CHECKPOINTS_SHOWN
    lines = _section("checkpoints", items[-CHECKPOINTS_SHOWN:], out)
    if more > 0:
        lines.append(out.paint(f"  {more} earlier ones: peira checkpoints {record.id}", "dim"))
    return lines


def _media(record: RunRecord, out: Terminal) -> list[str]:
    counts: dict[tuple[str, str], int] = {}
    for item in record.media():
        counts[item.key, item.type] = counts.get((item.key, item.type), 0) + 1
    items = [
        (key, f"{n:,} {kind}{'s' if n > 1 and kind not in UNCOUNTED else ''}")
        for (key, kind), n in counts.items()
    ]
    return _section("media", items, out)


def _captured(lab: Lab, record: RunRecord, out: Terminal, *, is_whole: bool) -> list[str]:
    """Show what fits on a screen of each aspect; --all and --json have all of it."""
    from peira.lab.own_packages import own_packages

    lines = []
    for aspect, facts in record.captured().items():
        items = in_short(aspect, facts)
        shown = items if is_whole else items[:CAPTURED_LINES]
        if aspect == "packages" and len(items) > len(shown):
            own = set(own_packages(record, lab.objects))
            shown = [item for item in items if item[0] in own][:CAPTURED_LINES] or shown
        more = len(items) - len(shown)
        lines += _section(aspect, shown, out)
        if more > 0:
            lines.append(out.paint(f"  … {more} more: --all", "dim"))
    return lines


def _cells(record: RunRecord, out: Terminal) -> list[str]:
    cells = record.cells()
    if not cells:
        return []
    earlier = sum(cell.is_earlier for cell in cells)
    text = f"{len(cells) - earlier} executed, {earlier} before the run began: --cells"
    return _section("cells", [("notebook", text)], out)


def _problems(record: RunRecord, out: Terminal) -> list[str]:
    found = record.problems
    if not found:
        return []
    places = [
        (f"{p.file}:{p.offset}", f"{p.length:,} bytes cannot be read: {p.reason}") for p in found
    ]
    return [out.paint("damage", "red", "bold"), *pairs(places, out)]


def _note(record: RunRecord, out: Terminal) -> list[str]:
    if not record.note:
        return []
    return [out.paint("note", "bold"), *(f"  {printable(s)}" for s in record.note.splitlines())]
