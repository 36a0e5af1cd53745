"""The command line: `hearth`. Each command is a file of its own, and is read only when it is needed."""

from __future__ import annotations

import sys
from io import TextIOWrapper

import click

import hearth
from hearth.cli.group import LazyGroup

COMMANDS = (
    "init",
    "run",
    "stop",
    "restart",
    "status",
    "models",
    "use",
    "mode",
    "pull",
    "load",
    "unload",
    "rm",
    "chat",
    "explain",
    "why",
    "usage",
    "log",
    "budget",
    "keys",
    "cache",
    "config",
    "connect",
    "disconnect",
    "doctor",
    "token",
    "ui",
    "service",
    "demo",
    "completion",
)
"""Every command, in the order of `hearth --help`: NAME is the function NAME in hearth/cli/NAME.py."""

EXIT_CODES = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 Hearth is not running, 130 interrupted."


@click.group(cls=LazyGroup, names=COMMANDS, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home",
    metavar="DIR",
    help="Keep config, data, state and socket under this folder (else HEARTH_HOME, else yours).",
)
@click.version_option(hearth.__version__, prog_name="hearth")
@click.pass_context
def command_line(ctx: click.Context, home: str | None) -> None:
    """Answer LLM requests on this machine, and elsewhere only where you allow it."""
    ctx.obj = home


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character shows a question mark
    command_line(prog_name="hearth")
