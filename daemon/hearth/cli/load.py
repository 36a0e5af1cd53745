"""`hearth load`: have a model in memory before it is needed."""

from __future__ import annotations

import click

from hearth.cli.context import client, json_option
from hearth.cli.output import print_json, say


@click.command()
@click.argument("model")
@json_option
def load(*, model: str, as_json: bool) -> None:
    """Load MODEL into memory, and wait for it. Ctrl-C leaves it loading."""
    daemon = client()
    try:
        name = daemon.load(model)
    except KeyboardInterrupt:
        say("\nThe model goes on loading: `hearth status` shows it.", err=True)
        raise
    if as_json:
        print_json({"loaded": name})
    else:
        say(f"{name} is loaded.")
