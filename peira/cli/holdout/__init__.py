"""`peira holdout`: sealed parts, and the looks at them."""

from __future__ import annotations

import click

from peira.cli.group import Application, Entry

_LOOK = "Look"
_DECIDE = "Decide"

ENTRIES = {
    "ls": Entry("peira.cli.holdout.look", "ls", _LOOK, "List hold-outs: looks taken and left."),
    "look": Entry("peira.cli.holdout.look", "look", _LOOK, "Put a claim to a hold-out."),
    "seal": Entry("peira.cli.holdout.decide", "seal", _DECIDE, "Seal a part of a split."),
    "unseal": Entry("peira.cli.holdout.decide", "unseal", _DECIDE, "Open a hold-out for good."),
}


@click.pass_context
def _list(context: click.Context) -> None:
    """Without a command it lists, for that is what people ask."""
    command = holdout.get_command(context, "ls")
    if context.invoked_subcommand is None and command is not None:
        context.invoke(command, as_json=False)


holdout = Application(
    name="holdout",
    callback=_list,
    invoke_without_command=True,
    entries=ENTRIES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="""Sealed parts of splits, and the looks at them.

    The labels of a hold-out are read by run.evaluate() alone. Each look is a claim that is counted
    and answered by a word; look i is tested at a level that makes all looks together err in at
    most 5 %, so the interval widens with each. Without a command they are listed.
    """,
)
