"""`peira sweep narrow`, `confirm` and `compare`: what to make of what a sweep has found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, write_json
from peira.cli.sweep.look import complete_sweep, sweep_argument

if TYPE_CHECKING:
    from peira.sweeps.reading import SweepReading
    from peira.sweeps.winner import Confirmed, Winner


@click.command(
    "narrow",
    cls=Command,
    examples=[
        ("peira sweep narrow last", "around the best fifth of the trials"),
        ("peira sweep narrow last --share 0.1", "around the best tenth"),
        ("peira sweep narrow last 'lr < 0.01 and opt = adam'", "around the trials of a region"),
    ],
)
@sweep_argument
@click.argument("query", nargs=-1, metavar="[QUERY]")
@click.option("--share", type=click.FloatRange(0, 1, min_open=True), default=0.2,
              show_default=True, metavar="PART", help="So many of the trials are the best.",
)  # fmt: skip
@json_option
@in_session
def narrow(
    session: Session, /, *, sweep: str, query: tuple[str, ...], share: float, as_json: bool
) -> None:
    """Propose the next, smaller space, with the command that searches it.

    Nothing is begun. A range becomes what the best trials span, a little wider; values of a list
    that are not among the best, and were tried, are given up.
    """
    import msgspec

    from peira.cli.table import Cell, Column, layout
    from peira.cli.terminal import terminal
    from peira.sweeps.narrowing import narrow as narrow_space
    from peira.sweeps.reading import read_sweep

    lab = session.lab()
    reading = read_sweep(lab.root, sweep)
    runs = None
    if query:
        text = session.read_query(query)
        runs = {run.id for run in lab.runs(text, limit=None)}
    found = narrow_space(reading, share=share, runs=runs)
    command = next_command(reading, found.space.command_words())
    if as_json:
        write_json({**msgspec.to_builtins(found), "command": command})
        return
    click.echo(f"{found.best} of the {found.trials} trials with a value span:")
    rows = [
        [Cell(change.name), Cell(change.before, "dim"), Cell(change.after or "leaves the space")]
        for change in found.changes
    ]
    if rows:
        columns = [Column("param"), Column("was"), Column("becomes")]
        click.echo("\n".join(layout(columns, rows, terminal()).lines))
    else:
        click.echo("all of the space: there is nothing to narrow")
    click.echo(f"\n{command}")


def next_command(reading: SweepReading, space: str) -> str:
    """Return the command that searches another space as a sweep was searched."""
    import shlex
    import sys

    definition = reading.definition
    if definition.program is not None:
        words = definition.program.command
        words = words[1:] if words[0] == sys.executable else words
        program = shlex.join(map(_from_here, words))
    elif definition.function is not None and definition.function.place:
        program = shlex.quote(_from_here(definition.function.place))
    else:
        program = "PROGRAM"
    objectives = " ".join(f"--{o.direction} {shlex.quote(o.text)}" for o in definition.objectives)
    asked = f"--trials {definition.trials or len(reading.trials)}"
    sampler = "" if definition.sampler.name == "tpe" else f" --sampler {definition.sampler.text}"
    pruner = "" if definition.pruner.name == "none" else f" --prune {definition.pruner.text}"
    return f"peira sweep {program} {space} {objectives} {asked}{sampler}{pruner}"


def _from_here(word: str) -> str:
    """Return a path in or below this folder as it is called here; else the word as it is."""
    path, here = Path(word), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else word


@click.command(
    "confirm",
    cls=Command,
    examples=[
        ("peira sweep confirm last -k 5", "the best trial on five fresh seeds"),
        ("peira sweep confirm last --trial 17 -k 10 -j 2", "another trial, two runs at once"),
    ],
)
@sweep_argument
@click.option("-k", "--runs", type=click.IntRange(min=1), default=5, show_default=True,
              metavar="N", help="So many fresh seeds.")  # fmt: skip
@click.option("--trial", type=click.IntRange(min=0), metavar="N", help="[default: the best]")
@click.option("--seed-param", metavar="NAME",
              help="Which param is the seed.  [default: seed, random_seed, random_state]",
)  # fmt: skip
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, show_default=True,
              metavar="N", help="So many at once.")  # fmt: skip
@json_option
@in_session
def confirm(
    session: Session,
    /,
    *,
    sweep: str,
    runs: int,
    trial: int | None,
    seed_param: str | None,
    jobs: int,
    as_json: bool,
) -> None:
    """Run the winner of a sweep on fresh seeds, and say what it is worth.

    The value with which it won flatters it, for it was chosen by that value. Runs on other seeds
    were not. They are a small sweep of their own, and `peira sweep show` has them beside the
    winner.
    """
    import msgspec

    from peira.cli.sweep.begin import session_root
    from peira.cli.sweep.working import run_trials
    from peira.sweeps.confirming import confirming_plan, has_fresh_seeds
    from peira.sweeps.plan import begin
    from peira.sweeps.reading import read_sweep
    from peira.sweeps.winner import judge_winner

    root = session_root(session)
    reading = read_sweep(root, sweep)
    plan = confirming_plan(reading, runs, trial=trial, seed_name=seed_param)
    assert plan.confirms is not None
    number = plan.confirms.trial
    times = "once" if runs == 1 else f"{runs} times"
    seeds = " on fresh seeds"
    if not has_fresh_seeds(reading, plan):
        seeds = "; it has no seed that could be set: each run draws its own randomness"
    click.echo(f"trial {number} of {reading.row.name}, {times}{seeds}", err=True)
    folder = begin(root, plan)
    click.echo(f"sweep {folder.read().name} ({folder.id})", err=True)
    is_interrupted = run_trials(folder, {"jobs": jobs})
    winner = judge_winner(root, read_sweep(root, reading.row.id))
    confirmed = None
    if winner is not None:
        confirmed = next((c for c in winner.confirmed if c.sweep == folder.id), None)
    if as_json:
        write_json({"winner": msgspec.to_builtins(winner), "confirmed": folder.id})
    elif winner is not None and confirmed is not None:
        lines = winner_pairs(winner) if number == winner.trial else [confirmed_pair(confirmed)]
        from peira.cli.table import pairs
        from peira.cli.terminal import terminal

        click.echo("\n".join(pairs(lines, terminal())))
    if is_interrupted:
        from peira.cli.failure import INTERRUPTED

        click.get_current_context().exit(INTERRUPTED)


def winner_pairs(winner: Winner) -> list[tuple[str, str]]:
    """Return what is said of the winner of a sweep: as it scored, corrected, confirmed."""
    from peira.core.wording import number

    found = [("candidate", f"trial {winner.trial}: {winner.metric} {number(winner.raw)} as scored")]
    if winner.corrected is not None and winner.bound is not None:
        side = "at least" if winner.direction == "maximize" else "at most"
        found.append(
            (
                "corrected",
                f"{number(winner.corrected)} ({side} {number(winner.bound)}) on other examples: it"
                f" was the best of {winner.trials} on {winner.examples:,}",
            )
        )
    else:
        found.append(("corrected", f"no: {winner.remark}; the raw value flatters"))
    found += [confirmed_pair(one) for one in winner.confirmed]
    return found


def confirmed_pair(confirmed: Confirmed) -> tuple[str, str]:
    """Return what runs on fresh seeds gave, as a line."""
    from peira.core.wording import number

    if confirmed.mean is None:
        return "confirmed", f"no run of {confirmed.name} gave a value"
    interval = ""
    if confirmed.low is not None and confirmed.high is not None:
        interval = f" (95 %: {number(confirmed.low)} to {number(confirmed.high)})"
    runs = len(confirmed.values)
    if runs > 1 and not confirmed.is_varied:
        return (
            "confirmed",
            f"no: all {runs} runs of {confirmed.name} gave {number(confirmed.mean)}, so the seed"
            " has no effect, or does not reach the program (--seed-param)",
        )
    failed = f", {confirmed.failed} without a value" if confirmed.failed else ""
    return (
        "confirmed",
        f"{number(confirmed.mean)}{interval} over {runs} run{'s' if runs != 1 else ''} on fresh"
        f" seeds of trial {confirmed.trial}{failed}  (peira sweep show {confirmed.sweep})",
    )


@click.command(
    "compare",
    cls=Command,
    examples=[("peira sweep compare brisk-otter keen-heron", "at equal numbers of trials")],
)
@click.argument("sweeps", nargs=-1, required=True, metavar="SWEEP SWEEP...",
                shell_complete=complete_sweep)  # fmt: skip
@click.option("--trials", type=click.IntRange(min=1), metavar="N",
              help="At so many trials.  [default: as many as the smallest sweep has]")  # fmt: skip
@json_option
@in_session
def compare(
    session: Session, /, *, sweeps: tuple[str, ...], trials: int | None, as_json: bool
) -> None:
    """Compare what sweeps have found, at equal tuning budgets.

    The best of 100 trials is better than the best of 5 by luck alone. So the expected best of
    equally many trials stands beside the best.
    """
    import msgspec

    from peira.cli.sweep.begin import session_root
    from peira.sweeps.budgets import compare_budgets
    from peira.sweeps.reading import read_sweep

    if len(sweeps) < 2:
        raise click.UsageError("Comparing takes two sweeps or more.")
    root = session_root(session)
    found = compare_budgets([read_sweep(root, text) for text in sweeps], trials)
    if as_json:
        write_json(msgspec.to_builtins(found))
        return
    _write_budgets(found)


def _write_budgets(found: Any) -> None:
    from peira.cli.format import apart, duration
    from peira.cli.table import Cell, Column, layout
    from peira.cli.terminal import terminal
    from peira.core.wording import number

    best = apart([row.best for row in found.rows])
    cells = [
        [
            Cell(row.name),
            Cell(str(row.trials)),
            Cell(duration(row.worked_s)),
            Cell(best[i]),
            Cell(number(row.expected) if row.expected is not None else "-"),
            Cell(f"± {number(row.error)}" if row.error is not None else "", "dim"),
        ]
        for i, row in enumerate(found.rows)
    ]
    columns = [
        Column("sweep"), Column("trials", right=True), Column("time", right=True),
        Column(f"best {found.metric}", right=True),
        Column(f"expected best of {found.at}", right=True), Column(""),
    ]  # fmt: skip
    click.echo("\n".join(layout(columns, cells, terminal()).lines))
    for remark in found.remarks:
        click.echo(remark)
