"""What teaches bash, zsh and fish to complete `hearth`: the scripts that packages put where each shell looks."""

from __future__ import annotations

from click.shell_completion import get_completion_class

from hearth.cli import command_line

PLACES = {
    "bash": "share/bash-completion/completions/hearth",
    "zsh": "share/zsh/site-functions/_hearth",
    "fish": "share/fish/vendor_completions.d/hearth.fish",
}
"""Where each shell looks, below a prefix such as /usr."""


def script(shell: str) -> str:
    """Return what `hearth completion SHELL` prints. Raises `KeyError` for a shell that click does not know."""
    kind = get_completion_class(shell)
    if kind is None:
        raise KeyError(shell)
    return kind(command_line, {}, "hearth", "_HEARTH_COMPLETE").source().rstrip() + "\n"
