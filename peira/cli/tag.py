"""`peira tag`: give and take tags of one run."""

from __future__ import annotations

import click

from peira.cli.group import Command
from peira.cli.session import Session, complete_tag, in_session, run_argument


class TagCommand(Command):
    """A command whose `-todo` takes a tag, and is not the option `-t`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Sort the words into options, known by their whole name, and tags."""
        options, words = [], []
        rest = iter(args)
        for word in rest:
            if word in ("-h", "--help") or word.startswith("--lab="):
                options.append(word)
            elif word == "--lab":
                options += [word, *([following] if (following := next(rest, None)) else [])]
            elif word != "--":
                words.append(word)
        return super().parse_args(ctx, [*options, "--", *words])


@click.command(
    cls=TagCommand,
    examples=[
        ("peira tag brisk-otter +baseline", "gives a tag (the + may be left out)"),
        ("peira tag brisk-otter +good -todo", "gives one, takes another"),
        ("peira tag brisk-otter", "prints the tags, one on each line"),
    ],
)
@run_argument
@click.argument(
    "tags", nargs=-1, metavar="[+TAG|-TAG]…", type=click.UNPROCESSED, shell_complete=complete_tag
)
@in_session
def tag(session: Session, run: str, tags: tuple[str, ...]) -> None:
    """Give (+TAG) and take (-TAG) tags of RUN.

    Tags are yours: they are kept in the lab's journal with your name, not in the run.
    Without any, the tags of RUN are printed.
    """
    given = [text.removeprefix("+") for text in tags if not text.startswith("-")]
    taken = [text[1:] for text in tags if text.startswith("-")]
    if not all(given + taken):
        raise click.UsageError("A tag must have at least one character after its sign.")
    lab = session.lab()
    record = lab.run(run)
    if given:
        lab.tag(record.id, *given)
    if taken:
        lab.untag(record.id, *taken)
    if tags:
        lab.catch_up()
        record = lab.run(record.id)
    from peira.core.text import printable

    for name in record.tags:
        click.echo(printable(name))
