"""`peira evaluate`: a model that a run made, on a part of a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from peira.cli.format import value
from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, write_json
from peira.cli.table import pairs
from peira.cli.terminal import terminal
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.run import Run


@click.command(
    cls=Command,
    examples=[
        (
            "peira evaluate brisk-otter:cnn digits:dev --with predict.py:predict",
            "predict(path, data) returns scores or predictions",
        ),
        (
            "peira evaluate brisk-otter:cnn digits:test --with predict.py:predict --claim 0.975",
            "on a sealed hold-out: a look",
        ),
    ],
)
@click.argument("model", metavar="RUN:MODEL")
@click.argument("data", metavar="DATA:PART")
@click.option(
    "--with", "function", required=True, metavar="FILE.py:FUNCTION",
    help="Called with the path of the model's file (or folder) and the data; returns scores, a"
    " column a class, or predictions.",
)  # fmt: skip
@click.option("--name", metavar="NAME", help="Of the evaluation.  [default: the part]")
@click.option("--claim", type=float, metavar="SHARE", help="On a hold-out: what is claimed.")
@click.option("--why", metavar="TEXT", help="The reason, one sentence.")
@json_option
@in_session
def evaluate(
    session: Session,
    model: str,
    data: str,
    *,
    function: str,
    name: str | None,
    claim: float | None,
    why: str | None,
    as_json: bool,
) -> None:
    """Evaluate a model that a run saved on a part of a data set, and record that as a run.

    Peira does not load models: a pickle can run any program. FUNCTION does, in this process, and
    is your own code.
    """
    from peira.data.reference import parse
    from peira.data.transform import load_function
    from peira.run import init

    lab = session.lab()
    if parse(lab.root, data).split is None:
        raise click.UsageError(f"Name a part of a split: {printable(data)}:test.")
    predict = load_function(function)
    project = lab.run(model.partition(":")[0]).project
    with init(
        project, params={"model": model, "data": data}, why=why, lab=lab.root, strict=True
    ) as run:
        told = _evaluated(run, predict(run.use_artifact(model), run.use(data)), name, claim)
    if as_json:
        write_json({"run": run.id, "name": run.name, "metrics": told})
        return
    for line in pairs([(key, value(item)) for key, item in told.items()], terminal()):
        click.echo(line)


def _evaluated(run: Run, given: Any, name: str | None, claim: float | None) -> dict[str, Any]:
    import numpy as np

    (dataset,) = run.used_data
    answers = np.asarray(given)
    is_scores = answers.ndim == 2
    return run.evaluate(
        name or dataset.part,
        None,
        None if is_scores else answers,
        answers if is_scores else None,
        claim=claim,
    )
