"""`hearth token`: the tokens for programs that come by TCP."""

from __future__ import annotations

import click

from hearth.cli.context import json_option, paths
from hearth.cli.output import print_json, say


@click.command()
@click.option("--admin", is_flag=True, help="The token that may give orders too; for nobody but you.")
@click.option("--new", is_flag=True, help="Make new tokens; the old ones are refused from then on.")
@json_option
def token(*, admin: bool, new: bool, as_json: bool) -> None:
    """Print the token that lets a program ask for answers over TCP."""
    from hearth.server.tokens import ensure_tokens, new_tokens

    where = paths()
    if new:
        found = new_tokens(where.token_file)
        _tell_daemon()
    else:
        found = ensure_tokens(where.token_file)
    name = "admin" if admin else "infer"
    if as_json:
        print_json({"scope": name, "token": found[name], "file": str(where.token_file)})
    else:
        say(found[name])


def _tell_daemon() -> None:
    """Have a running daemon read the tokens again."""
    from hearth.cli.context import client
    from hearth.client import DaemonAway, Refused

    try:
        client().reload()
    except DaemonAway:
        return
    except Refused as refusal:
        say(f"The new tokens hold after `hearth restart`: {refusal}", err=True)
