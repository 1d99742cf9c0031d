"""`peira completion`: the script that teaches a shell to complete commands, options, runs, tags."""

from __future__ import annotations

import click

from peira.cli.group import Command

_VARIABLE = "_PEIRA_COMPLETE"


@click.command(
    cls=Command,
    examples=[
        ('eval "$(peira completion bash)"', "in ~/.bashrc"),
        ('eval "$(peira completion zsh)"', "in ~/.zshrc, after compinit"),
        ("peira completion fish > ~/.config/fish/completions/peira.fish", "once, for fish"),
    ],
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of SHELL.

    It completes commands, options, names and ids of runs, projects and tags.
    """
    from click.shell_completion import get_completion_class

    from peira.cli.app import app

    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(app, {}, "peira", _VARIABLE)
    # Not `source()`: that starts a bash to ask for its version, which may not be there.
    click.echo(script.source_template % script.source_vars())
