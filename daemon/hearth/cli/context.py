"""What every command needs: the folders of this Hearth, a client for its daemon, and the option --json."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hearth.client import Client
    from hearth_config.paths import Paths

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def home() -> str | None:
    """Return the folder of `--home`, None when it was not given."""
    found = click.get_current_context().find_root().obj
    return found if isinstance(found, str) else None


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
