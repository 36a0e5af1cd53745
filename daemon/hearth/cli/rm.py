"""`hearth rm`: delete an installed model."""

from __future__ import annotations

import click

from hearth.cli.context import client, json_option, yes_option
from hearth.cli.output import print_json, say


@click.command()
@click.argument("model")
@yes_option
@json_option
def rm(*, model: str, yes: bool, as_json: bool) -> None:
    """Delete the installed MODEL from this machine's Ollama."""
    daemon = client()
    if not yes and not click.confirm(f"Delete {model} from this machine?", err=True):
        raise click.ClickException("Nothing was deleted.")
    name = daemon.remove(model)
    if as_json:
        print_json({"removed": name})
    else:
        say(f"{name} is deleted.")
