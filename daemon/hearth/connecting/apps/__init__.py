"""The apps that Hearth knows how to connect, each in a file of its own."""

from hearth.connecting.app import App
from hearth.connecting.apps import (
    aider,
    claude_code,
    cline,
    codex,
    continue_dev,
    emacs,
    llm,
    neovim,
    ollama,
    open_webui,
    vscode,
    zed,
)

APPS: tuple[App, ...] = tuple(
    module.APP
    for module in (
        continue_dev,
        zed,
        vscode,
        cline,
        claude_code,
        aider,
        codex,
        open_webui,
        llm,
        neovim,
        emacs,
        ollama,
    )
)
"""Every app, in the order of the list."""


def find(name: str) -> App | None:
    """Return the app of that name."""
    return next((app for app in APPS if app.name == name), None)
