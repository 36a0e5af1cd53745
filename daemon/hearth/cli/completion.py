"""`hearth completion`: the shell learns to complete our commands."""

from __future__ import annotations

import click

_HOW = (
    'Bash: eval "$(hearth completion bash)" in ~/.bashrc. Zsh: the same with zsh, in ~/.zshrc. '
    "Fish: hearth completion fish | source, in config.fish."
)


@click.command(epilog=_HOW)
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> None:
    """Print the completion script for SHELL (bash, zsh or fish)."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"There is no completion for {shell} here.")
    click.echo(kind(ctx.find_root().command, {}, "hearth", "_HEARTH_COMPLETE").source())
