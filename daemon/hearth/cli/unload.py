"""`hearth unload`: give a model's memory back."""

from __future__ import annotations

import click

from hearth.cli.context import client, json_option
from hearth.cli.output import print_json, say


@click.command()
@click.argument("model")
@json_option
def unload(*, model: str, as_json: bool) -> None:
    """Give MODEL's memory back, after the work in flight."""
    name = client().unload(model)
    if as_json:
        print_json({"unloaded": name})
    else:
        say(f"{name} is unloaded.")
