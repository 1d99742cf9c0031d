"""`peira evaluate`: a model that a run made, on a part of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from peira.cli.format import value
from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, write_json
from peira.cli.table import pairs
from peira.cli.terminal import terminal
from peira.core.text import printable

TASKS = (
    "binary", "multiclass", "multilabel", "regression", "ranking", "detection", "segmentation",
    "text",
)  # fmt: skip
"""Those of `peira.evaluate.answers`, which NumPy would have to be loaded for."""

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
    " column a class, or predictions, or a dict of what run.evaluate() takes (y_pred, scores, …).",
)  # fmt: skip
@click.option("--task", type=click.Choice(TASKS), help="Seen from the values when it is not said.")
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
    task: str | None,
    name: str | None,
    claim: float | None,
    why: str | None,
    as_json: bool,
) -> None:
    """Evaluate a model that a run saved on a part of a data set, and record that as a run.

    Peira does not load models: a pickle can run any program. FUNCTION does, in this process, and
    is your own code.
    """
    from peira.cli.owncode import load, own_code, refuse_arguments
    from peira.data.reference import parse
    from peira.lab.artifacts import find_artifact
    from peira.run import init

    lab = session.lab()
    if parse(lab.root, data).split is None:
        raise click.UsageError(f"Name a part of a split: {printable(data)}:test.")
    predict = load(function)
    record, _ = find_artifact(lab, model)  # a slip of the pen is told before there is a run
    refuse_arguments(predict, Path(), parse(lab.root, data))
    with init(
        record.project, params={"model": model, "data": data}, why=why, lab=lab.root, strict=True
    ) as run:
        path, part = run.use_artifact(model), run.use(data)
        with own_code(function):
            given = predict(path, part)
        told = _evaluated(run, given, task=task, name=name, claim=claim)
    if as_json:
        write_json({"run": run.id, "name": run.name, "metrics": told})
        return
    for line in pairs([(key, value(item)) for key, item in told.items()], terminal()):
        click.echo(line)


def _evaluated(run: Run, given: Any, **options: Any) -> dict[str, Any]:
    (dataset,) = run.used_data
    said = {name: option for name, option in options.items() if option is not None}
    said.setdefault("name", dataset.part)
    named = _named(given, options["task"])
    return run.evaluate(f"{dataset.ref}:{dataset.part}", **{**named, **said})


def _named(given: Any, task: str | None) -> dict[str, Any]:
    """Return what a function returned by the names that run.evaluate() has for it."""
    import numpy as np

    if isinstance(given, dict):
        return given
    if task in ("regression", "detection", "segmentation", "text"):
        return {"y_pred": given}
    found = np.asarray(given)
    is_scores = found.ndim == 2 and found.shape[1] > 1 and found.dtype.kind == "f"
    return {"scores" if is_scores or task == "ranking" else "y_pred": found}
