"""What one call of the command line shares: which lab is meant, the open lab, the query text."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from peira.lab.lab import Lab

P = ParamSpec("P")
T = TypeVar("T")

COMPLETIONS_MAX = 100
SLOW_S = 1.5


class Session:
    """One call of the command line. The lab is opened at its first use and closed at the end."""

    def __init__(self) -> None:
        self.place: str | None = None
        self.query: str | None = None

    def lab(self) -> Lab:
        """Return the lab that is meant, caught up with what was written since the last look."""
        context = click.get_current_context()
        lab = self.open()
        context.call_on_close(lab.close)
        with _told_when_slow():
            caught_up = lab.catch_up()
        if caught_up.is_behind:
            click.echo("another process is filling the index; this may be incomplete", err=True)
        # One state of the lab for the whole command; what follows a run catches up by itself.
        lab.is_kept_up = True
        return lab

    def open(self) -> Lab:
        """Open the lab that is meant: `--lab`, else `PEIRA_LAB`, else upward from here.

        Raises:
            LabError: there is none. Looking makes no folder; `peira init` and a run do.
        """
        from peira.lab.lab import Lab

        return Lab(self.place, create=False)

    def read_query(self, words: Iterable[str]) -> str:
        """Return the query: its words joined. An error underlines its place in it."""
        self.query = " ".join(words)
        return self.query


@contextmanager
def _told_when_slow() -> Iterator[None]:
    """Say on a terminal why nothing comes yet, when it takes long to read what was recorded."""

    def tell() -> None:
        click.echo("reading what was recorded since the last look…", err=True)

    timer = threading.Timer(SLOW_S, tell)
    timer.daemon = True
    if sys.stderr.isatty():
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def lab_option(function: Callable[P, T]) -> Callable[P, T]:
    """Add `--lab PATH`; it may stand before or after the name of the command."""

    def remember(ctx: click.Context, _parameter: click.Parameter, place: str | None) -> None:
        if place is not None:
            ctx.ensure_object(Session).place = place

    return click.option(
        "--lab",
        metavar="PATH",
        expose_value=False,
        callback=remember,
        help="The lab: a folder that holds .peira, or .peira itself.  [default: PEIRA_LAB, else"
        " upward from here]",
    )(function)


def in_session(function: Callable[Concatenate[Session, P], T]) -> Callable[P, T]:
    """Give a command its session as the first argument, and the option `--lab`."""

    def command(*args: P.args, **options: P.kwargs) -> T:
        session = click.get_current_context().ensure_object(Session)
        return function(session, *args, **options)

    return lab_option(update_wrapper(command, function))


def complete_run(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return names and ids of runs that begin with what was typed, the latest first."""
    from click.shell_completion import CompletionItem

    found = []
    with _session_of(ctx).open() as lab:
        for record in lab.runs(limit=10 * COMPLETIONS_MAX):
            for text, help_text in ((record.name, record.state), (record.id, record.name)):
                # A shell would split or run odd names; their ids complete instead.
                if text.startswith(incomplete) and _is_plain(text):
                    found.append(CompletionItem(text, help=help_text))
                    break
            if len(found) >= COMPLETIONS_MAX:
                break
    return found


def complete_project(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return names of projects that begin with what was typed."""
    from click.shell_completion import CompletionItem

    with _session_of(ctx).open() as lab:
        return [
            CompletionItem(project.name, help=f"{project.runs} runs")
            for project in lab.projects()
            if project.name.startswith(incomplete) and _is_plain(project.name)
        ]


def complete_tag(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return tags of the lab after the sign that gives (`+`) or takes (`-`) one."""
    from click.shell_completion import CompletionItem

    sign = incomplete[:1] if incomplete[:1] in ("+", "-") else ""
    with _session_of(ctx).open() as lab:
        names = [field.name for field in lab.fields() if field.kind == "tag"]
    found = [sign + name for name in names if _is_plain(name)]
    return [CompletionItem(name) for name in found if name.startswith(incomplete)]


run_argument = click.argument("run", metavar="RUN", shell_complete=complete_run)
"""One run: its id, the start or end of its id, or its name."""

project_option = click.option(
    "-p",
    "--project",
    metavar="NAME",
    shell_complete=complete_project,
    help="Only this project.  [default: all]",
)

sort_option = click.option(
    "-s", "--sort", metavar="NAMES", help="Sort by these: `-val/acc` or `lr, val/acc desc`."
)

columns_option = click.option(
    "-c", "--columns", multiple=True, metavar="NAMES", help="These columns, separated by commas."
)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON: exact numbers, NaN as text."
)


def write_json(answer: Any) -> None:
    """Print one JSON document, indented."""
    from peira.cli.format import json_text

    click.echo(json_text(answer, indent=2))


def out_file(path: str) -> Path:
    """Return the path to write to; its folder must be there."""
    target = Path(path).expanduser()
    if target.is_dir():
        raise click.UsageError(f"{path!r} is a folder; name a file in it.")
    return target


def _session_of(ctx: click.Context) -> Session:
    return ctx.ensure_object(Session)


def _is_plain(text: str) -> bool:
    return bool(text) and all(c.isalnum() or c in "-_./:@=" for c in text)
