"""`hearth explain`: what would happen to a request now, and why."""

from __future__ import annotations

from typing import get_args

import click

from hearth.cli.context import client, json_option
from hearth.cli.output import print_json, say
from hearth_config.words import MODES, Task


@click.command()
@click.argument("model", default="default")
@click.option(
    "--task",
    type=click.Choice(get_args(Task)),
    default="chat",
    show_default=True,
    help="What kind of request it would be.",
)
@click.option("--mode", type=click.Choice(MODES), help="As if in this mode.")
@json_option
def explain(*, model: str, task: str, mode: str | None, as_json: bool) -> None:
    """Say who would answer a request for MODEL, and why. Nothing is asked."""
    found = client().explain(model, task, mode)
    if as_json:
        print_json(found)
        return
    from hearth.routing.explain import lines, read

    for line in lines(read(bytes(found).decode())):
        say(line)
