"""A group of commands that reads each one late, and turns what went wrong into a sentence and an exit code."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

FAILED = 1
USAGE = 2
AWAY = 3
INTERRUPTED = 130


class LazyGroup(click.Group):
    """Finds the command NAME as the function NAME of the module hearth.cli.NAME."""

    def __init__(self, *args: Any, names: tuple[str, ...] = (), **kwargs: Any) -> None:  # noqa: ANN401 -- click's own
        """`names` are the commands, in the order in which help lists them."""
        super().__init__(*args, **kwargs)
        self._names = names

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        """Return every command."""
        return list(self._names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- the same
        """Read one command's file."""
        if cmd_name not in self._names:
            return None
        command = getattr(import_module(f"hearth.cli.{cmd_name}"), cmd_name)
        return command if isinstance(command, click.Command) else None

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; what it raises becomes one line and an exit code."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort) as left:
            unasked = isinstance(left, click.Abort) and not sys.stdin.isatty()
            click.echo("\nNothing was done. Where nobody can be asked, --yes goes ahead." if unasked else "", err=True)
            ctx.exit(INTERRUPTED)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise
        except Exception as error:
            said = _explained(error)
            if said is None:
                raise
            code, text = said
            click.echo(text, err=True)
            ctx.exit(code)


def _explained(error: Exception) -> tuple[int, str] | None:
    """Return the exit code and the line for an error that a person can do something about; None for a fault of ours."""
    from hearth.cli.output import clean
    from hearth.client import ClientError, DaemonAway
    from hearth_config.errors import ConfigError

    if isinstance(error, DaemonAway):
        return AWAY, "Hearth is not running. Start it with `hearth run`."
    if isinstance(error, ClientError | ConfigError):
        return FAILED, clean(str(error))
    if isinstance(error, UnicodeEncodeError):  # arguments and input that were no UTF-8 are read with surrogates
        return USAGE, "What was given is not text in UTF-8."
    if isinstance(error, OSError) and error.filename:
        return FAILED, f"{error.filename}: {error.strerror}."
    return None
