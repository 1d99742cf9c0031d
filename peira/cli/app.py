"""The command `peira` itself: the table of its commands and the options of all of them."""

from __future__ import annotations

import click

from peira.cli.group import Application, Entry
from peira.cli.session import lab_option
from peira.core.version import __version__

_DO = "Do"
_LOOK = "Look"
_DECIDE = "Decide"
_TAKE_OUT = "Take out"
_LAB = "The lab"
_DATA = "Data"

ENTRIES = {
    "run": Entry("peira.cli.run", "run", _DO, "Run any program and record it."),
    "queue": Entry("peira.cli.queue", "queue", _DO, "List what waits to be run, and run it."),
    "sweep": Entry("peira.cli.sweep", "sweep", _DO, "Search the params of a program."),
    "worker": Entry("peira.cli.sweep.control", "worker", _DO, "Join a sweep from this machine."),
    "rerun": Entry("peira.cli.rerun", "rerun", _DO, "Run a recorded run again, and compare."),
    "resume": Entry("peira.cli.resume", "resume", _DO, "Go on from a checkpoint of a run."),
    "why": Entry("peira.cli.why", "why", _DO, "Say, or find out, what makes two runs differ."),
    "restore": Entry("peira.cli.restore", "restore", _DO, "Restore a run in a folder."),
    "ls": Entry("peira.cli.ls", "ls", _LOOK, "List runs: filter, sort, group, choose columns."),
    "show": Entry("peira.cli.show", "show", _LOOK, "Show everything about one run."),
    "compare": Entry(
        "peira.cli.compare", "compare", _LOOK, "Metrics and params of many runs in a table."
    ),
    "diff": Entry("peira.cli.diff", "diff", _LOOK, "Show what differs between runs."),
    "best": Entry("peira.cli.best", "best", _LOOK, "Show the best run of a metric."),
    "importance": Entry("peira.cli.importance", "importance", _LOOK, "Say which params matter."),
    "checkpoints": Entry(
        "peira.cli.checkpoints", "checkpoints", _LOOK, "Show the checkpoints of a run; export one."
    ),
    "lineage": Entry(
        "peira.cli.lineage", "lineage", _LOOK, "Show what a run comes from, what came of it."
    ),
    "tail": Entry("peira.cli.tail", "tail", _LOOK, "Print the end of a run's console."),
    "watch": Entry("peira.cli.watch", "watch", _LOOK, "Draw the curves of live runs here."),
    "ui": Entry("peira.cli.ui", "ui", _LOOK, "Open the dashboard in the browser."),
    "tag": Entry("peira.cli.tag", "tag", _DECIDE, "Give and take tags."),
    "note": Entry("peira.cli.note", "note", _DECIDE, "Read or write the note of a run."),
    "rename": Entry("peira.cli.rename", "rename", _DECIDE, "Give a run another name."),
    "rm": Entry("peira.cli.removal", "rm", _DECIDE, "Remove runs; undelete brings them back."),
    "undelete": Entry("peira.cli.removal", "undelete", _DECIDE, "Bring removed runs back."),
    "export": Entry("peira.cli.export", "export", _TAKE_OUT, "Write runs to CSV, Parquet, JSON."),
    "sql": Entry("peira.cli.sql", "sql", _TAKE_OUT, "Ask the lab in SQL (DuckDB)."),
    "data": Entry("peira.cli.data", "data", _DATA, "Data under version: add, split, check."),
    "holdout": Entry("peira.cli.holdout", "holdout", _DATA, "Sealed parts, and looks at them."),
    "evaluate": Entry("peira.cli.evaluate", "evaluate", _DATA, "Evaluate a model on a part."),
    "errors": Entry("peira.cli.errors", "errors", _DATA, "List the samples that went wrong."),
    "init": Entry("peira.cli.init", "init", _LAB, "Make a lab in this folder."),
    "gc": Entry("peira.cli.gc", "gc", _LAB, "Seal ended runs, delete what is not needed."),
    "demo": Entry("peira.cli.demo", "demo", _LAB, "Train small real models and look at them."),
    "completion": Entry(
        "peira.cli.completion", "completion", _LAB, "Print the completion script of a shell."
    ),
}


@click.group(
    cls=Application,
    entries=ENTRIES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="""The record of your experiments.

    A run is named by its id, the start or end of its id, or its name. A query filters, sorts and
    groups; quote it for the shell:

    \b
      peira ls 'val/acc > 0.9 and lr in 1e-4..1e-2 sort -val/acc'
      peira show brisk-otter
      peira ui
    """,
)
@click.version_option(__version__, prog_name="peira")
@lab_option
def app() -> None:
    """Hold the commands."""
