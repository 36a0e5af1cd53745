"""`hearth use`: choose the default model without editing the config."""

from __future__ import annotations

import click

from hearth.cli.context import client, json_option
from hearth.cli.output import print_json, say


@click.command()
@click.argument("model", required=False)
@click.option("--clear", is_flag=True, help="Go back to what hearth.toml says.")
@json_option
def use(*, model: str | None, clear: bool, as_json: bool) -> None:
    """Choose the MODEL for requests that name none.

    Without MODEL it is shown. It holds until default_model in hearth.toml changes, also over restarts.
    """
    if model and clear:
        raise click.UsageError("Give a MODEL or --clear, not both.")
    daemon = client()
    note = daemon.use(model).note if model or clear else ""
    found = daemon.default_model()
    if as_json:
        print_json(found)
    elif found.model is None:
        say("No default model is set: a request that names none gets the first that fits.")
    else:
        by = "chosen by `hearth use`" if found.chosen else "from hearth.toml"
        say(f"Default model: {found.model} ({by})")
        if note:
            say(note, err=True)
