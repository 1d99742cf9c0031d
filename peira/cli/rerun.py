"""`peira rerun`: a recorded run, run again; held against the original, or probed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from peira.cli.columns import SYSTEM
from peira.cli.failure import ERROR, NOT_REPRODUCED
from peira.cli.format import number
from peira.cli.group import Command
from peira.cli.restore import said
from peira.cli.run import leave, pairs
from peira.cli.session import Session, in_session, json_option, run_argument, write_json
from peira.cli.table import Cell, Column, layout
from peira.cli.terminal import terminal
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.lab.lab import Lab
    from peira.lab.verifications import Determinism, Verification
    from peira.rerun.rerun import Rerun

METRICS_TOLD = 8
INEXACT_TOLD = 5

_STYLE = {"exact": "green", "rounding": "green", "noise": "yellow", "different": "red"}


@click.command(
    cls=Command,
    examples=[
        ("peira rerun brisk-otter", "the same once more, restored in a scratch folder"),
        ("peira rerun brisk-otter --with lr=0.02", "with one flag of its command changed"),
        ("peira rerun brisk-otter --verify", "is it reproduced? exactly, or up to rounding?"),
        ("peira rerun brisk-otter --probe", "is it deterministic on this machine?"),
        ("peira rerun brisk-otter --here", "where it was, with everything as it is now"),
    ],
)
@run_argument
@click.option(
    "--with",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a flag of its command, or a constant of its script; may be repeated.",
)
@click.option("--verify", is_flag=True, help="Hold the results against the original's.")
@click.option("--probe", is_flag=True, help="Start it twice: does it give the same here?")
@click.option("--here", is_flag=True, help="Restore nothing: run it where it was, as it is now.")
@click.option("--no-env", is_flag=True, help="Use the packages that are there now.")
@click.option(
    "-n",
    "--times",
    type=click.IntRange(min=1),
    metavar="N",
    help="Run it so often; with --verify at most so often.  [default: 1; what --verify needs]",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.1),
    metavar="S",
    help="With --probe: stop each start after so long, and compare what was logged until then.",
)
@click.option("--keep", metavar="DIR", help="Restore in DIR and leave it there.")
@click.option("--why", metavar="TEXT", help="The reason, one sentence.")
@json_option
@in_session
def rerun(session: Session, /, run: str, **options: Any) -> None:
    """Run RUN again: restore its code, inputs and packages in a scratch folder and start the same
    command, as a new run linked to the old one.

    --verify says whether it is reproduced: exactly, up to rounding, consistent with seed noise
    (weak evidence), not, or why it could not run. A run that is not deterministic is run up to five
    times for that. The answer is kept with both runs; the exit code is 4 when it did not reproduce.
    """
    from peira.rerun.rerun import Rerun

    chosen = Options(**options)
    chosen.check()
    lab = session.lab()
    lab.is_kept_up = False  # it grows by our own runs
    wanted = Rerun(
        run=lab.run(run).id,
        changes=pairs("--with", chosen.changes),
        is_here=chosen.here,
        is_rebuilt=not chosen.no_env,
        keep=chosen.keep,
        why=chosen.why,
        is_shown=not (chosen.verify or chosen.probe or chosen.as_json),
    )
    if chosen.verify:
        _verify(lab, wanted, chosen)
    elif chosen.probe:
        run_probe(lab, wanted, seconds=chosen.seconds, as_json=chosen.as_json)
    else:
        _rerun(lab, wanted, chosen)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of one call."""

    changes: tuple[str, ...]
    verify: bool
    probe: bool
    here: bool
    no_env: bool
    times: int | None
    seconds: float | None
    keep: str | None
    why: str | None
    as_json: bool

    def check(self) -> None:
        """Refuse options that contradict each other."""
        if self.verify and self.probe:
            raise click.UsageError("Give only one of --verify and --probe.")
        if self.seconds is not None and not self.probe:
            raise click.UsageError("--seconds is for --probe.")
        if self.probe and (self.changes or self.times):
            raise click.UsageError("--probe starts the run as it was, once or twice.")
        if self.here and (self.keep or self.no_env):
            raise click.UsageError("--here restores nothing: leave --keep and --no-env out.")


def _rerun(lab: Lab, wanted: Rerun, options: Options) -> None:
    from peira.rerun.rerun import ready

    runs: list[str] = []
    inexact: list[str] = []
    with ready(lab, wanted, said) as again:
        for _ in range(options.times or 1):
            launched = again.run()
            runs.append(launched.run)
            inexact = again.inexact
    if options.as_json:
        write_json({"original": wanted.run, "runs": runs, "inexact": inexact})
    else:
        _tell_inexact(inexact)
        for run in runs:
            click.echo(
                f"see it: peira show {run}   or both: peira diff {wanted.run} {run}", err=True
            )
    leave(launched)


def _verify(lab: Lab, wanted: Rerun, options: Options) -> None:
    from peira.rerun.verification import verify

    found = verify(lab, wanted, reruns_max=options.times, say=said, on_start=started)
    if options.as_json:
        import msgspec

        write_json(msgspec.to_builtins(found))
    else:
        tell_verification(lab, found)
    code = {"different": NOT_REPRODUCED, "not-run": ERROR}.get(found.verdict.outcome, 0)
    click.get_current_context().exit(code)


def run_probe(
    lab: Lab, wanted: Rerun, *, seconds: float | None = None, as_json: bool = False
) -> None:
    """Probe a run, and print what was found."""
    from peira.rerun.probe import probe

    found = probe(lab, wanted, seconds=seconds, say=said, on_start=started)
    if as_json:
        import msgspec

        write_json(msgspec.to_builtins(found))
        return
    tell_determinism(found)


def started(count: int, of: int) -> None:
    """Tell which re-run begins."""
    click.echo(f"re-run {count} of {max(count, of)}…", err=True)


def tell_verification(lab: Lab, found: Verification) -> None:
    """Print the outcome and the numbers behind it."""
    out = terminal()
    verdict = found.verdict
    sentence = found.sentence
    click.echo(out.paint(sentence[0].upper() + sentence[1:] + ".", _STYLE.get(verdict.outcome, "")))
    rows = [
        [
            Cell(f"  {check.key}"),
            *(Cell("-" if v is None else number(v)) for v in (check.original, check.rerun)),
            Cell("-" if check.relative is None else f"{check.relative:.1e}"),
            Cell("" if check.low is None or check.high is None
                 else f"{number(check.low)} to {number(check.high)}"),
        ]
        for check in verdict.differing[:METRICS_TOLD]
    ]  # fmt: skip
    if rows:
        titles = ["original", "re-run", "relative", "expected in"]
        columns = [Column("differing", shrinks=True), *(Column(t, right=True) for t in titles)]
        keep = 5 if any(row[-1].text for row in rows) else 4
        for line in layout(columns[:keep], [row[:keep] for row in rows], out).lines:
            click.echo(line)
    if len(verdict.differing) > METRICS_TOLD:
        click.echo(f"  … {len(verdict.differing) - METRICS_TOLD} more: --json")
    for text in _facts(found):
        click.echo(out.paint(f"  {printable(text)}", "dim"))
    if verdict.outcome == "different" and found.rerun:
        click.echo(f"why: peira why {found.original} {found.rerun}", err=True)


def _facts(found: Verification) -> list[str]:
    verdict = found.verdict
    facts = []
    if verdict.outcome == "noise":
        facts.append("weak: a recipe that is really 1 point different passes in 93-98 % of cases")
    clocks = [key for key in verdict.left_out if not key.startswith(SYSTEM)]
    if clocks:
        facts.append(f"not compared, as of the clock or the machine: {', '.join(clocks[:5])}")
    if found.files_same or found.files_different:
        total = found.files_same + len(found.files_different)
        facts.append(
            f"{found.files_same} of {total} files that it wrote have the same bytes"
            if total > 1
            else f"the file that it wrote has {'the same' if found.files_same else 'other'} bytes"
        )
    facts += [f"not exact: {sentence}" for sentence in found.inexact[:INEXACT_TOLD]]
    if found.reruns:
        facts.append(f"re-runs: {' '.join(found.reruns)}")
    return facts


def tell_determinism(found: Determinism) -> None:
    """Print whether a run is deterministic here, and the switches when it is not."""
    out = terminal()
    if found.is_deterministic:
        click.echo(out.paint(f"Deterministic on {found.host}: the same bits twice.", "green"))
        return
    size = "" if found.relative is None else f", by up to {found.relative:.1e}"
    differing = ", ".join(map(printable, found.differing[:5]))
    click.echo(out.paint(f"Not deterministic on {found.host}.", "yellow"))
    click.echo(
        f"  {differing or 'What it wrote'} differ{'s' if len(found.differing) == 1 else ''}{size}."
    )
    click.echo("  What would make it so:")
    for switch in found.switches:
        click.echo(f"    {switch}")


def _tell_inexact(inexact: list[str]) -> None:
    for sentence in inexact[:INEXACT_TOLD]:
        print(f"not exact: {printable(sentence)}", file=sys.stderr)
