"""`peira data`: data under version."""

from __future__ import annotations

import click

from peira.cli.group import Application, Entry

_PUT = "Put under version"
_LOOK = "Look"
_DECIDE = "Decide"

ENTRIES = {
    "add": Entry("peira.cli.data.add", "add", _PUT, "Add a file or a folder."),
    "transform": Entry("peira.cli.data.add", "transform", _PUT, "Make a version from another."),
    "annotate": Entry("peira.cli.data.annotate", "annotate", _PUT, "Import labels and boxes."),
    "split": Entry("peira.cli.data.split", "split", _PUT, "Deal the rows to parts."),
    "ls": Entry("peira.cli.data.look", "ls", _LOOK, "List data sets, or versions of one."),
    "show": Entry("peira.cli.data.look", "show", _LOOK, "Show a version: columns, splits, uses."),
    "log": Entry("peira.cli.data.look", "log", _LOOK, "Show where a version comes from."),
    "profile": Entry("peira.cli.data.profile", "profile", _LOOK, "Show what is in the columns."),
    "diff": Entry("peira.cli.data.diff", "diff", _LOOK, "Show what changed between versions."),
    "check": Entry("peira.cli.data.check", "check", _LOOK, "Look for leaks, copies, odd labels."),
    "export": Entry("peira.cli.data.export", "export", _LOOK, "Write a version to files."),
    "alias": Entry("peira.cli.data.decide", "alias", _DECIDE, "Let a name mean a version."),
    "rm": Entry("peira.cli.data.decide", "rm", _DECIDE, "Remove a version."),
    "gc": Entry("peira.cli.data.gc", "gc", _DECIDE, "Delete what removed versions held."),
}

data = Application(
    name="data",
    entries=ENTRIES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="""Data under version.

    A version is immutable and named by its content: the same content is the same version. It is
    written `digits` (the latest), `digits:v3`, `digits:prod` (an alias), and a part of a split of
    it `digits:v3:main/test` or `digits:test`.
    """,
    no_args_is_help=True,
)
assert isinstance(data, click.Group)
