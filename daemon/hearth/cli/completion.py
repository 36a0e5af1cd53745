"""`hearth completion`: the shell learns to complete our commands."""

from __future__ import annotations

import click

_LINES = {
    "bash": 'eval "$(hearth completion bash)"',
    "zsh": 'eval "$(hearth completion zsh)"',
    "fish": "hearth completion fish | source",
}


@click.command(epilog='Add to ~/.bashrc or ~/.zshrc: eval "$(hearth completion bash)", or zsh.')
@click.argument("shell", type=click.Choice(tuple(_LINES)))
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> None:
    """Print the completion script for SHELL (bash, zsh or fish)."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"There is no completion for {shell} here.")
    click.echo(kind(ctx.find_root().command, {}, "hearth", "_HEARTH_COMPLETE").source())
