"""`peira sweep ls` and `show`: which sweeps there are, and what one has found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from peira.cli.group import Command
from peira.cli.session import (
    Session,
    in_session,
    json_option,
    project_option,
    write_json,
)

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from peira.sweeps.reading import SweepReading, SweepRow
    from peira.sweeps.winner import Winner

TRIALS_SHOWN = 10
REASONS_SHOWN = 5
FRONT_SHOWN = 20
_STYLE = {"running": "cyan", "finished": "green", "paused": "yellow", "waiting": "yellow"}


def complete_sweep(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return names of sweeps that begin with what was typed, the latest first."""
    from click.shell_completion import CompletionItem

    from peira.cli.sweep.begin import session_root
    from peira.core.errors import PeiraError
    from peira.sweeps.folder import sweep_folders

    found = []
    for folder in sweep_folders(session_root(ctx.ensure_object(Session))):
        try:
            definition = folder.read()
        except PeiraError:
            continue  # a completion is no place to tell of a damaged one: `sweep show` does
        if definition.name.startswith(incomplete):
            found.append(CompletionItem(definition.name, help=definition.project))
    return found


sweep_argument = click.argument("sweep", metavar="SWEEP", shell_complete=complete_sweep)
"""One sweep: its id, the start or end of it, its name, or `last`."""


@click.command(
    "ls",
    cls=Command,
    examples=[
        ("peira sweep ls", "all sweeps, the latest first"),
        ("peira sweep ls -p mnist --json", "of one project, for a program"),
    ],
)
@project_option
@json_option
@in_session
def ls(session: Session, /, *, project: str | None, as_json: bool) -> None:
    """List the sweeps of the lab, the latest first."""
    import msgspec

    from peira.cli.sweep.begin import session_root
    from peira.sweeps.reading import list_sweeps

    rows = list_sweeps(session_root(session), project)
    if as_json:
        write_json({"sweeps": [{**msgspec.to_builtins(row), "done": row.done} for row in rows]})
    elif rows:
        _write_rows(rows)
    else:
        click.echo("There is no sweep: peira sweep PROGRAM PARAM=… begins one.", err=True)


@click.command(
    "show",
    cls=Command,
    examples=[
        ("peira sweep show", "the latest sweep"),
        ("peira sweep show keen-heron-41 -n 50", "its 50 best trials"),
    ],
)
@click.argument("sweep", metavar="[SWEEP]", default="last", shell_complete=complete_sweep)
@click.option(
    "-n", "--trials", "shown", type=click.IntRange(min=0), default=TRIALS_SHOWN,
    show_default=True, metavar="N", help="So many of the best trials.",
)  # fmt: skip
@json_option
@in_session
def show(session: Session, /, *, sweep: str, shown: int, as_json: bool) -> None:
    """Show a sweep: how far it is, the best trials, what failed. Without a name the latest one."""
    import msgspec

    from peira.cli.sweep.begin import session_root
    from peira.sweeps.reading import read_sweep
    from peira.sweeps.winner import judge_winner

    root = session_root(session)
    reading = read_sweep(root, sweep)
    winner = judge_winner(root, reading)
    if as_json:
        write_json({**document(reading), "winner": msgspec.to_builtins(winner)})
    else:
        write_result(reading, shown=shown, is_whole=True, winner=winner)


def document(reading: SweepReading) -> dict[str, Any]:
    """Return all that is known of a sweep, as `--json` prints it."""
    import msgspec

    plain = msgspec.to_builtins
    return {
        **plain(reading.row),
        "done": reading.row.done,
        "definition": plain(reading.definition),
        "members": plain(reading.members),
        "trials": reading.trials.rows(),
        "asked": reading.row.trials,
    }


def write_result(
    reading: SweepReading,
    *,
    shown: int = TRIALS_SHOWN // 2,
    is_whole: bool = False,
    winner: Winner | None = None,
) -> None:
    """Print what a sweep has found, and what to do next.

    Args:
        winner: what was judged of the best trial.
    """
    from peira.cli.sweep.judging import winner_pairs
    from peira.cli.table import pairs
    from peira.cli.terminal import terminal
    from peira.core.text import printable
    from peira.sweeps.finding import describe
    from peira.sweeps.observations import trial_observations

    out, row = terminal(), reading.row
    title = f"{out.paint(printable(row.name), 'bold')}  {row.id}  "
    lines = [title + out.paint(row.state, _STYLE.get(row.state, ""))]
    facts = _facts(reading) if is_whole else [("trials", _counts(row))]
    lines += pairs([(name, text) for name, text in facts if text], out)
    click.echo("\n".join(lines))
    table = _trial_lines(reading, shown)
    if table:
        click.echo("\n" + "\n".join(_front_lines(row) + table))
    is_search = reading.definition.confirms is None
    if is_search and not reading.definition.is_several:
        click.echo("\n" + printable(describe(trial_observations(reading)).sentence))
    if is_search and winner is not None:
        click.echo("\n".join(pairs(winner_pairs(winner), out)))
    troubles = _troubles(reading)
    if troubles:
        click.echo("\n" + "\n".join(troubles))
    click.echo("\n" + "\n".join(pairs(_next(reading), out)))


def _facts(reading: SweepReading) -> list[tuple[str, str]]:
    from peira.cli.format import ago, duration, moment

    row = reading.row
    budget = f" of {duration(row.budget_s)}" if row.budget_s is not None else ""
    ask_s = [seconds for seconds in reading.trials.ask_s if seconds is not None]
    asked = f", {1e3 * sum(ask_s) / len(ask_s):.1f} ms a trial" if ask_s else ""
    pruner = "" if row.pruner == "none" else f", pruned by {row.pruner}"
    workers = ", ".join(f"{m.host}:{m.pid}" for m in reading.members)
    return [
        ("project", row.project),
        ("created", f"{moment(row.created)} ({ago(row.created)}) by {row.by}"),
        ("why", row.why or ""),
        ("confirms", _confirmed_text(row)),
        ("runs", row.what),
        ("space", "  ".join(row.space)),
        ("where", " and ".join(row.where)),
        ("objective", ", ".join(f"{o.direction} {o.text}" for o in row.objectives)),
        (
            "sampler",
            ""
            if reading.definition.is_external
            else f"{row.sampler}, seed {reading.definition.seed}{pruner}{asked}",
        ),
        ("warm", f"the sampler started from {runs_text(row.warm)}" if row.warm else ""),
        ("trials", _counts(row)),
        ("time", f"{duration(row.worked_s)}{budget}"),
        ("workers", workers),
    ]


def _confirmed_text(row: SweepRow) -> str:
    found = row.confirms
    return "" if found is None else f"trial {found.trial} of {found.sweep}"


def runs_text(count: int) -> str:
    """Return how many runs a sampler started from."""
    return "1 earlier run" if count == 1 else f"{count} earlier runs"


def _counts(row: SweepRow) -> str:
    asked = f" of {row.trials}" if row.trials is not None else ""
    counted = ", ".join(f"{n} {state}" for state, n in row.counts.items() if n)
    return f"{row.done}{asked}" + (f": {counted}" if counted else "")


def _front_lines(row: SweepRow) -> list[str]:
    if not row.front:
        return []
    ended = row.counts["complete"] + row.counts["reused"]
    is_one = len(row.front) == 1
    metrics = ", ".join(o.metric for o in row.objectives)
    return [
        f"Pareto front: {'the trial' if is_one else f'the {len(row.front)} trials'} of {ended} that"
        f" no other beats in all of {metrics}"
    ]


def _trial_lines(reading: SweepReading, shown: int) -> list[str]:
    """Return the best trials as a table, the best one first; those of the front with several
    objectives.
    """
    from peira.cli.format import apart, duration
    from peira.cli.table import Cell, Column, layout
    from peira.cli.terminal import terminal
    from peira.core.wording import MISSING
    from peira.sweeps.domain import spell

    trials, row = reading.trials, reading.row
    places = _best_places(reading)[:shown]
    if not places:
        return []
    names = [
        name for name, column in trials.params.items() if len({repr(v) for v in column}) > 1
    ] or list(trials.params)
    columns = [Column("trial", right=True)]
    columns += [Column(objective.metric, right=True) for objective in row.objectives]
    columns += [Column(name, right=True, shrinks=True) for name in names]
    columns += [Column("took", right=True), Column("run")]
    values = [apart([column[i] for i in places]) for column in trials.values]
    cells = []
    drawn = trials.params_at(places)
    for k, i in enumerate(places):
        texts = [str(trials.number[i]), *(column[k] for column in values)]
        for name in names:
            value = trials.params[name][i]
            texts.append(
                MISSING
                if name not in drawn[k]
                else apart([value])[0]
                if isinstance(value, float)
                else spell(value)
            )
        texts += [duration(trials.took_s[i]), trials.run[i] or ""]
        cells.append([Cell(text) for text in texts])
    return list(layout(columns, cells, terminal()).lines)


def _best_places(reading: SweepReading) -> list[int]:
    trials, objective = reading.trials, reading.definition.objective
    if reading.row.front:
        front = {best.trial for best in reading.row.front}
        return [i for i, number in enumerate(trials.number) if number in front]
    sign = 1 if objective.direction == "minimize" else -1
    there = [
        (sign * value, i)
        for i, value in enumerate(trials.values[0])
        if value is not None and trials.state[i] in ("complete", "reused")
    ]
    return [i for _, i in sorted(there)]


def _troubles(reading: SweepReading) -> list[str]:
    """Return why trials failed, the most frequent reason first."""
    from collections import Counter

    from peira.core.text import printable

    trials = reading.trials
    found = Counter(
        f"{state}: {reason}"
        for state, reason in zip(trials.state, trials.reason, strict=True)
        if state in ("failed", "nan", "killed")
    )
    return [f"  {count} {printable(text)}" for text, count in found.most_common(REASONS_SHOWN)]


def _next(reading: SweepReading) -> list[tuple[str, str]]:
    row, definition = reading.row, reading.definition
    found = []
    if row.state in ("waiting", "paused", "stopped"):
        found.append(("go on", f"peira sweep resume {row.name}"))
    if row.best is not None:
        if row.front:
            trials = ", ".join(str(best.trial) for best in row.front[:FRONT_SHOWN])
            more = f"  ({len(row.front)} in all)" if len(row.front) > FRONT_SHOWN else ""
            found.append(("front", f"peira ls 'sweep = {row.id} and trial in ({trials})'{more}"))
        elif row.best.run:
            found.append(("best run", f"peira show {row.best.run}"))
        found.append(("all trials", f"peira ls 'sweep = {row.id}'"))
        if not definition.is_several:
            found.append(("what matters", f"peira importance {row.name}"))
    if row.state == "finished" and not definition.is_external:
        if row.counts["killed"]:
            found.append(("killed again", f"peira sweep resume {row.name}"))
        if row.counts["failed"]:
            found.append(("failed again", f"peira sweep resume {row.name} --retry-failed"))
    is_own = not definition.is_external and definition.confirms is None
    if row.state == "finished" and is_own and row.best is not None and not definition.is_several:
        found.append(("narrower", f"peira sweep narrow {row.name}"))
        found.append(("on fresh seeds", f"peira sweep confirm {row.name} -k 5"))
    has_ended = bool(row.counts["complete"] or row.counts["pruned"] or row.counts["reused"])
    if row.state == "finished" and is_own and has_ended and not row.sampler.startswith("grid"):
        more = "--trials 20" if row.trials is not None else "--budget 30m"
        found.append(("more", f"peira sweep extend {row.name} {more}"))
    return found


def _write_rows(rows: list[SweepRow]) -> None:
    from peira.cli.format import ago, moment
    from peira.cli.table import Cell, Column, layout
    from peira.cli.terminal import terminal
    from peira.core.wording import number

    out = terminal()
    columns = [
        Column("id"), Column("sweep"), Column("project"), Column("state"), Column("created"),
        Column("trials", right=True), Column("best", right=True), Column("metric"),
        Column("runs", shrinks=True),
    ]  # fmt: skip
    cells = []
    names = {row.id: row.name for row in rows}
    for row in rows:
        asked = f"/{row.trials}" if row.trials is not None else ""
        best = number(row.best.values[0]) if row.best else ""
        since = ago(row.created) if out.is_terminal else moment(row.created)
        if row.front:
            best = f"front of {len(row.front)}"
        what = row.what
        if row.confirms is not None:
            what = f"confirms {names.get(row.confirms.sweep, row.confirms.sweep)}: {what}"
        texts = (
            row.id, row.name, row.project, row.state, since, f"{row.done}{asked}", best,
            ", ".join(o.text for o in row.objectives), what,
        )  # fmt: skip
        cells.append([Cell(text) for text in texts])
    click.echo("\n".join(layout(columns, cells, out).lines))
