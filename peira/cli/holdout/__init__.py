"""`peira holdout`: sealed parts, and the looks at them."""

from __future__ import annotations

from peira.cli.group import Application, Entry

_LOOK = "Look"
_DECIDE = "Decide"

ENTRIES = {
    "ls": Entry("peira.cli.holdout.look", "ls", _LOOK, "List hold-outs: looks taken and left."),
    "look": Entry("peira.cli.holdout.look", "look", _LOOK, "Put a claim to a hold-out."),
    "seal": Entry("peira.cli.holdout.decide", "seal", _DECIDE, "Seal a part of a split."),
    "unseal": Entry("peira.cli.holdout.decide", "unseal", _DECIDE, "Open a hold-out for good."),
}

holdout = Application(
    name="holdout",
    entries=ENTRIES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="""Sealed parts of splits, and the looks at them.

    The labels of a hold-out are read by run.evaluate() alone. Each look is a claim that is counted
    and answered by a word; look i is tested at a level that makes all looks together err in at
    most 5 %, so the interval widens with each.
    """,
    no_args_is_help=True,
)
