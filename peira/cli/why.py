"""`peira why`: what makes two runs differ."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from peira.cli.format import number
from peira.cli.group import Command
from peira.cli.restore import said
from peira.cli.session import Session, complete_run, in_session, json_option, write_json
from peira.cli.terminal import Terminal, terminal
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.lab.lab import Lab
    from peira.lab.runs import RunRecord
    from peira.lab.verifications import MetricCheck
    from peira.rerun.bisect import Finding, Progress
    from peira.rerun.causes import Cause

CAUSES_TOLD = 12
LINES_TOLD = 6
METRICS_TOLD = 3

_STYLE = {"cause": "green", "contributing": "yellow"}


@click.command(
    cls=Command,
    examples=[
        ("peira why brisk-otter calm-fox", "what differs, the likeliest cause first"),
        ("peira why brisk-otter calm-fox --bisect", "runs mixes of both until the cause is found"),
        ("peira why brisk-otter calm-fox --bisect --metric val/acc", "by one metric"),
    ],
)
@click.argument("a", metavar="A", shell_complete=complete_run)
@click.argument("b", metavar="B", shell_complete=complete_run)
@click.option("--bisect", is_flag=True, help="Find the cause by running mixes of A and B.")
@click.option("--metric", metavar="KEY", help="The metric that tells the outcome.  [default: all]")
@click.option("--no-env", is_flag=True, help="With --bisect: use the packages that are there now.")
@click.option("--all", "show_all", is_flag=True, help="Show everything that differs.")
@json_option
@in_session
def why(session: Session, /, a: str, b: str, **options: bool | str | None) -> None:
    """Say what makes the results of runs A and B differ.

    Without --bisect: everything that differs and may be why, ranked. Where the results differ by
    more than rounding, seeds, data, params and code come first; else threads and packages.

    With --bisect: restores both, runs mixes of them, each as a run, and names a cause only when
    changing it alone turns the outcome both ways. Stopped with Ctrl-C, the same command goes on.
    """
    lab = session.lab()
    one, other = lab.run(a), lab.run(b)
    metric = options["metric"]
    assert metric is None or isinstance(metric, str)
    if options["bisect"]:
        found = _search(lab, (one, other), metric, is_rebuilt=not options["no_env"])
        if options["as_json"]:
            _write(found)
        else:
            _tell_finding(found, terminal())
        return
    if options["no_env"]:
        raise click.UsageError("--no-env is for --bisect.")
    _rank(
        lab,
        (one, other),
        metric,
        as_json=bool(options["as_json"]),
        is_whole=bool(options["show_all"]),
    )


def _rank(
    lab: Lab,
    runs: tuple[RunRecord, RunRecord],
    metric: str | None,
    *,
    as_json: bool,
    is_whole: bool,
) -> None:
    from peira.rerun.causes import find_causes
    from peira.rerun.results import read_outcome
    from peira.rerun.sides import is_same
    from peira.rerun.verify import compare

    ends = [read_outcome(lab, record.id, metric) for record in runs]
    verdict = compare(ends[0].result, ends[1].result)
    causes = find_causes(lab, *runs, is_rounding=is_same(ends[0], ends[1]))
    if as_json:
        import msgspec

        plain = msgspec.to_builtins
        write_json({"verdict": plain(verdict), "causes": [plain(cause) for cause in causes]})
        return
    out = terminal()
    errors = [f"{r.name} failed with {e.error}" for r, e in zip(runs, ends, strict=True) if e.error]
    if errors:
        click.echo(printable("; ".join(errors)))
    elif verdict.outcome == "exact":
        click.echo("The results are the same, bit for bit.")
    for check in verdict.differing[:METRICS_TOLD]:
        values = [
            out.paint("-" if v is None else number(v), "bold")
            for v in (check.original, check.rerun)
        ]
        click.echo(f"{printable(check.key)}  {values[0]} → {values[1]} (last)   {_size(check)}")
    _tell_causes(causes if is_whole else causes[:CAUSES_TOLD], out)
    if len(causes) > CAUSES_TOLD and not is_whole:
        click.echo(f"… {len(causes) - CAUSES_TOLD} more: --all")
    if errors or verdict.outcome != "exact":
        _offer(causes, runs)


def _size(check: MetricCheck) -> str:
    """Tell how much two curves differ, and of what that is said: not of the last values."""
    if check.relative is None:
        return "other steps, or values that are not finite"
    return f"differs by up to {check.relative:.1e} of the value at one step"


def _offer(causes: list[Cause], runs: tuple[RunRecord, RunRecord]) -> None:
    from peira.rerun.search import trials_expected

    count = sum(cause.is_restorable for cause in causes)
    if count:
        trials = 3 + trials_expected(count)[0]
        click.echo(
            f"find the cause: peira why {runs[0].id} {runs[1].id} --bisect"
            f"   (about {trials} re-runs)",
            err=True,
        )
    elif not causes:
        click.echo("Nothing that was recorded differs.")


def _tell_causes(causes: list[Cause], out: Terminal) -> None:
    width = max((len(cause.kind) for cause in causes), default=0)
    for place, cause in enumerate(causes, 1):
        values = (
            f"{cause.a or 'not there'} → {cause.b or 'not there'}" if cause.a or cause.b else ""
        )
        texts = [
            printable(cause.name),
            printable(values),
            out.paint(printable(cause.remark), "dim"),
        ]
        click.echo(f"{place:3}  {cause.kind:{width}}  {'  '.join(t for t in texts if t)}")
        for line in cause.lines[:LINES_TOLD]:
            style = "red" if line.startswith("-") else "green"
            click.echo(f"{'':{width + 7}}{out.paint(printable(line), style)}")
        if len(cause.lines) > LINES_TOLD:
            click.echo(f"{'':{width + 7}}… {len(cause.lines) - LINES_TOLD} lines more")


def _search(
    lab: Lab, runs: tuple[RunRecord, RunRecord], metric: str | None, *, is_rebuilt: bool
) -> Finding:
    from peira.rerun.bisect import bisect

    lab.is_kept_up = False  # it grows by our own runs
    return bisect(
        lab, *runs, metric=metric, is_rebuilt=is_rebuilt, say=said, on_progress=_tell_progress
    )


def _tell_progress(progress: Progress) -> None:
    mix = ", ".join(progress.mix[:3]) + (" …" if len(progress.mix) > 3 else "")
    left = f"about {progress.left} more" + (
        f", up to {progress.left_max}" if progress.left_max > progress.left + 1 else ""
    )
    print(
        f"trial {progress.number} ({left}): {printable(mix) or 'nothing'} as in A…", file=sys.stderr
    )


def _tell_finding(found: Finding, out: Terminal) -> None:
    sentence = f"{found.because[0].upper()}{found.because[1:]}."
    click.echo(out.paint(printable(sentence), _STYLE.get(found.ending, "")))
    _tell_causes(found.causes, out)
    if found.metric:
        click.echo(f"  by the metric {printable(found.metric)}")
    if not found.is_deterministic:
        click.echo("  neither run is deterministic: each mix was run 3 times")
    for name, why_not in list(found.not_tried.items())[:CAUSES_TOLD]:
        click.echo(out.paint(f"  not tried: {printable(name)}: {printable(why_not)}", "dim"))
    if found.runs:
        click.echo(f"{len(found.runs)} trials: peira ls '\"trial\" in tags'", err=True)


def _write(found: Finding) -> None:
    import msgspec

    write_json(msgspec.to_builtins(found))
