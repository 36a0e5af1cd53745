"""What every command needs: the folders of this Hearth, a client for its daemon, and the option --json."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hearth.client import Client
    from hearth_config.paths import Paths

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def _moment(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    """Return when a period began, as time.time()."""
    if text is None:
        return None
    from hearth.cli.periods import start_of

    try:
        return start_of(text, datetime.now().astimezone()).timestamp()
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


since_option = click.option(
    "--since", metavar="PERIOD", callback=_moment, help="today, month, 12h, 7d, …; all there is if left out."
)


def home() -> str | None:
    """Return the folder of `--home`, None when it was not given."""
    found = click.get_current_context().find_root().obj
    return found if isinstance(found, str) else None


def home_words() -> tuple[str, ...]:
    """Return the words that name the folder of `--home` to another process; none where it was not given."""
    folder = home()
    return ("--home", str(Path(folder).expanduser().absolute())) if folder else ()


def paths() -> Paths:
    """Return the folders of this Hearth. Raises click.UsageError for a HEARTH_HOME that is no whole path."""
    from hearth_config.paths import Paths

    try:
        return Paths.find(home(), os.environ)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def client() -> Client:
    """Return a client for the daemon of these folders, closed when the command ends. Raises `DaemonAway`."""
    from hearth.client import Client

    return click.get_current_context().with_resource(Client(paths()))
