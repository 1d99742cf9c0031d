"""`peira sweep PROGRAM …`: a new sweep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from peira.cli.group import Command
from peira.cli.session import Session, complete_project, in_session, json_option

if TYPE_CHECKING:
    from peira.sweeps.domain import Value
    from peira.sweeps.plan import Plan


@click.command(
    "new",
    cls=Command,
    context_settings={"ignore_unknown_options": True},
    examples=[
        (
            "peira sweep train.py 'lr=log(1e-4,1e-1)' kernel_size=3,5,7 --minimize val/loss"
            " --trials 40 -j 2",
            "40 trials of a script, two at once",
        ),
        ("peira sweep train.py opt=sgd,adam kernel_size=3,5,7 --maximize acc --sampler grid",
         "each of the six combinations"),
        ("peira sweep ./fit.sh {lr} 'lr=log(1e-4,1e-1)' --minimize loss --budget 30m",
         "any program; the value stands at {lr}"),
        ("peira sweep train.py:objective x=-1..1 --minimize y --trials 20",
         "a Python function"),
        ("peira sweep --file sweep.toml -j 2", "as a file says"),
    ],
)  # fmt: skip
@click.option("--minimize", multiple=True, metavar="METRIC", help="Less is better; `val/loss.min`"
              " takes the least of a run, else the last counts. May be repeated.")  # fmt: skip
@click.option("--maximize", multiple=True, metavar="METRIC", help="More is better.")
@click.option("--trials", type=click.IntRange(min=1), metavar="N", help="How many.")
@click.option("--budget", metavar="TIME", help="For how long: 90s, 30m, 2h.")
@click.option("-j", "--jobs", type=click.IntRange(min=0), metavar="N",
              help="So many at once; 0 leaves them to `peira worker`.  [default: 1]")  # fmt: skip
@click.option("--sampler", metavar="NAME", help="tpe, random, grid, qmc, gp, cmaes or nsga2, with"
              " options as in tpe:multivariate=true.  [default: tpe]")  # fmt: skip
@click.option("--prune", metavar="NAME", help="Give hopeless trials up early: asha, hyperband,"
              " median.  [default: none]")  # fmt: skip
@click.option("--where", multiple=True, metavar="TEXT",
              help="What each trial must satisfy: 'batch * width <= 4096'.")  # fmt: skip
@click.option("--first", multiple=True, metavar="PARAMS",
              help="Params of a first trial: lr=0.1,opt=sgd; may be repeated.")  # fmt: skip
@click.option("--warm", metavar="QUERY", help="Start from the results of earlier runs.")
@click.option("--seed", type=int, metavar="N", help="Of the sampler.  [default: drawn]")
@click.option("--reuse", is_flag=True, help="Take an earlier run of the very same as a trial.")
@click.option("--retry-failed", type=click.IntRange(min=0), metavar="N",
              help="Run a failed trial again so often.  [default: 0]")  # fmt: skip
@click.option("--retry-killed", type=click.IntRange(min=0), metavar="N",
              help="Run a killed trial again so often.  [default: 1]")  # fmt: skip
@click.option("--gpus", metavar="LIST", help="GPUs to share out: all, or numbers like 0,1.")
@click.option("--gpus-per-trial", type=click.IntRange(min=1), metavar="N", help="[default: 1]")
@click.option("--cpus-per-trial", type=click.IntRange(min=1), metavar="N",
              help="Bind each trial to so many processors.  [default: all]")  # fmt: skip
@click.option("--file", metavar="FILE", help="Take all of this from a TOML or YAML file; what"
              " stands here goes before.")  # fmt: skip
@click.option("-p", "--project", metavar="NAME", shell_complete=complete_project,
              help="Its project.  [default: this folder]")  # fmt: skip
@click.option("--name", metavar="NAME", help="A readable name.  [default: made up]")
@click.option("--why", metavar="TEXT", help="The reason for this sweep, one sentence.")
@click.option("--group", metavar="NAME", help="The group of its runs.  [default: its name]")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag of its runs.")
@json_option
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="PROGRAM [ARGS]... PARAM=...")
@in_session
def begin(session: Session, /, words: tuple[str, ...], *, as_json: bool, **options: Any) -> None:
    """Search the params with which PROGRAM does best. Each trial is a run.

    PROGRAM is a script, any command line, or a Python function (train.py:objective). Words like
    lr=log(1e-4,1e-1) are the space; other words and unknown options are the program's own. It gets
    a param where {lr} stands, else as an option (--lr 0.1), a Hydra override, or another value for
    its constant `lr`.

    \b
    lr=log(1e-4,1e-1)     between two numbers, even in the logarithm
    dropout=float(0,0.5)  between two numbers; also 0..0.5
    batch=int(16,256,log) a whole number
    opt=sgd,adam          one of a list
    momentum=float(0,1) if opt == sgd
    """
    from peira.cli.sweep.look import runs_text
    from peira.cli.sweep.working import settle, work
    from peira.sweeps.plan import begin as begin_sweep

    told = settle(words, options)
    folder = begin_sweep(session_root(session), plan_of(session, told))
    definition = folder.read()
    asked = definition.trials
    click.echo(
        f"sweep {definition.name} ({definition.id}): "
        + (f"{asked} trials" if asked is not None else "until its budget is used")
        + (f", starting from {runs_text(len(definition.warm))}" if definition.warm else ""),
        err=True,
    )
    if told.get("name") and definition.name != told["name"]:
        click.echo(f"a sweep has the name {told['name']}; this one is {definition.name}", err=True)
    if told.get("jobs") == 0:
        click.echo(f"it waits for workers: peira worker {definition.name}", err=True)
        return
    work(folder, told, as_json=as_json)


def session_root(session: Session) -> Path:
    """Return the lab that is meant; a run or a sweep makes it when it is not there."""
    from peira.core.settings import read_settings
    from peira.record.folder import find_lab

    return find_lab(None, session.place or read_settings().lab)


def plan_of(session: Session, told: dict[str, Any]) -> Plan:
    """Return what is asked for.

    Args:
        told: the options, with `words` (the program) and `space`.
    """
    from peira.launch.launcher import Request
    from peira.objective import read_place
    from peira.sweeping import read_objectives, read_space
    from peira.sweeps.definition import Retries, read_duration, read_method
    from peira.sweeps.plan import Plan

    words: list[str] = told["words"]
    if not words:
        raise click.UsageError("There is no program: peira sweep train.py lr=log(1e-4,1e-1) …")
    function = read_place(words[0], Path.cwd()) if len(words) == 1 else None
    program = None if function else Request(command=words, lab=session.place)
    retries = Retries()
    return Plan(
        space=read_space(told["space"], tuple(told.get("where") or ())),
        objectives=read_objectives(told.get("minimize") or (), told.get("maximize") or ()),
        program=program,
        function=function,
        project=told.get("project"),
        name=told.get("name"),
        why=told.get("why"),
        group=told.get("group"),
        tags=tuple(told.get("tags") or ()),
        sampler=read_method(told.get("sampler") or "tpe"),
        pruner=read_method(told.get("prune") or "none"),
        seed=told.get("seed"),
        trials=told.get("trials"),
        budget_s=read_duration(str(told["budget"])) if told.get("budget") else None,
        retries=Retries(
            killed=_given(told.get("retry_killed"), retries.killed),
            failed=_given(told.get("retry_failed"), retries.failed),
        ),
        reuse=bool(told.get("reuse")),
        first=tuple(_first(given) for given in told.get("first") or ()),
        warm=told.get("warm"),
        jobs=max(1, _given(told.get("jobs"), 1)),
    )


def _given(value: int | None, default: int) -> int:
    return default if value is None else value


def _first(given: str | dict[str, Value]) -> dict[str, Value]:
    """Return the params of a first trial: `lr=0.1,opt=sgd`, or a table of a file."""
    from peira.sweeps.domain import read_value
    from peira.sweeps.notation import split_words

    if not isinstance(given, str):
        return dict(given)
    found = {}
    for part in split_words("--first", given):
        name, equals, text = part.partition("=")
        if not equals:
            raise click.UsageError(f"--first {given!r:.100}: {part!r:.60} is not NAME=VALUE.")
        found[name.strip()] = read_value(text)
    return found
