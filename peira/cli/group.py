"""How commands are put together: loaded when called, with examples in their help, with one border
that turns errors into a message and an exit code.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import click

from peira.cli import failure
from peira.cli.session import Session
from peira.cli.terminal import terminal
from peira.core.errors import PeiraError


@dataclass(frozen=True)
class Entry:
    """Where a command lives, and its line in `peira --help`, known before it is loaded."""

    module: str
    name: str
    section: str
    summary: str


class Command(click.Command):
    """A command whose help ends with examples that can be pasted."""

    def __init__(
        self, *args: Any, examples: Sequence[tuple[str, str]] = (), **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, each with what it does."""
        if self.examples:
            with formatter.section("Examples"):
                for line, purpose in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")
                    formatter.write(f"{'':{formatter.current_indent + 4}}{purpose}\n")
        super().format_epilog(ctx, formatter)


class Family(Command, click.Group):
    """A command with commands of its own."""


class Application(click.Group):
    """The group of all commands: knows them by a table and imports only the one that is called."""

    def __init__(self, *args: Any, entries: Mapping[str, Entry], **options: Any) -> None:
        super().__init__(*args, **options)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command, or None when there is none of that name."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        command = getattr(importlib.import_module(entry.module), entry.name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called; an unknown one suggests its neighbours."""
        if args and args[0] not in self.entries and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.entries, n=3, cutoff=0.5)
            also = f" Did you mean {' or '.join(near)}?" if near else ""
            raise click.UsageError(f"There is no command {args[0]!r}.{also}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands under their sections, without importing any."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, entry in self.entries.items():
            sections.setdefault(entry.section, []).append((name, entry.summary))
        width = max(len(name) for name in self.entries)
        for section, rows in sections.items():
            with formatter.section(section):
                formatter.write_dl([(f"{name:{width}}", text) for name, text in rows])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Complete names of commands without importing them, and the options of the group."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=entry.summary)
            for name, entry in self.entries.items()
            if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a reader of the pipe that went away ends it without a word."""
        # click strips colours from what is no terminal; whether there are any is decided once.
        ctx.color = terminal().colour
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # What Python would still flush at its end must not complain either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(failure.BROKEN_PIPE) from None
        return result

    def main(self, *args: Any, **options: Any) -> NoReturn:
        """Run the command line and leave the process; each error has its exit code."""
        options["standalone_mode"] = False
        session = Session()
        try:
            code = super().main(*args, obj=session, **options)
        except click.Abort:
            sys.exit(failure.INTERRUPTED)
        except click.UsageError as error:
            _show_usage(error)
            sys.exit(failure.USAGE)
        except click.ClickException as error:
            click.echo(f"error: {error.format_message()}", err=True)
            sys.exit(error.exit_code)
        except PeiraError as error:
            click.echo(failure.describe(error, query=session.query), err=True)
            sys.exit(failure.exit_code(error))
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            is_gone = isinstance(error, FileNotFoundError) and _is_nowhere()
            text = "the working directory was removed; cd to one that is there"
            click.echo(
                f"error: {text if is_gone else f'{error.strerror or error}{where}'}", err=True
            )
            sys.exit(failure.ERROR)
        sys.exit(code if isinstance(code, int) else 0)


def _is_nowhere() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def _show_usage(error: click.UsageError) -> None:
    """Write the message first and where help is last, as every other error does."""
    # click 8.2 and newer take a call without a command for an error whose message is the help.
    if type(error).__name__ == "NoArgsIsHelpError":
        click.echo(error.format_message())
        return
    click.echo(f"error: {error.format_message()}", err=True)
    if error.ctx is not None:
        click.echo(f"hint: {error.ctx.command_path} --help", err=True)
