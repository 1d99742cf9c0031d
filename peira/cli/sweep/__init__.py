"""`peira sweep`: searches over params."""

from __future__ import annotations

import click

from peira.cli.group import Application, Entry

_DO = "Search"
_LOOK = "Look"
_DECIDE = "Decide"
_NEW = "new"

ENTRIES = {
    _NEW: Entry("peira.cli.sweep.begin", "begin", _DO, "Begin a sweep (the word may be left out)."),
    "resume": Entry("peira.cli.sweep.control", "resume", _DO, "Go on with a sweep."),
    "ls": Entry("peira.cli.sweep.look", "ls", _LOOK, "List the sweeps of the lab."),
    "show": Entry("peira.cli.sweep.look", "show", _LOOK, "Show one sweep and its best trials."),
    "import": Entry("peira.cli.sweep.importing", "import_", _DO, "Record a study of Optuna."),
    "compare": Entry(
        "peira.cli.sweep.judging", "compare", _LOOK, "Compare sweeps at equal budgets."
    ),
    "narrow": Entry("peira.cli.sweep.judging", "narrow", _LOOK, "Propose a smaller space."),
    "confirm": Entry("peira.cli.sweep.judging", "confirm", _DO, "Run the winner on fresh seeds."),
    "pause": Entry("peira.cli.sweep.control", "pause", _DECIDE, "Begin no more trials for now."),
    "stop": Entry("peira.cli.sweep.control", "stop", _DECIDE, "End a sweep."),
    "extend": Entry("peira.cli.sweep.control", "extend", _DECIDE, "Add trials, or time."),
}


class SweepFamily(Application):
    """The commands of sweeps; what is none of them is the program of a new sweep."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take a call without a command's name as that of `new`."""
        if args and args[0] not in self.entries and args[0] not in ("-h", "--help"):
            args = [_NEW, *args]
        return super().parse_args(ctx, args)


sweep = SweepFamily(
    name="sweep",
    entries=ENTRIES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="""Searches over params: each trial is a run.

    \b
    peira sweep train.py lr=log(1e-4,1e-1) kernel_size=3,5,7 --minimize val/loss --trials 40 -j 2

    Quote what the shell would read: 'lr=log(1e-4,1e-1)'. The whole help of that: peira sweep new -h
    """,
    no_args_is_help=True,
)
