"""`hearth keys`: how each key stands, a trial of them, and storing one in the system's keyring. Never their values."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from hearth.cli.context import client, json_option, paths
from hearth.cli.output import print_json, print_table, say

if TYPE_CHECKING:
    from hearth.status_keys import KeyTrial

NONE = 'No provider has a key. Give it one: key = "env:NAME" under [providers.PROVIDER], or `hearth keys set PROVIDER`.'


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def keys(ctx: click.Context, *, as_json: bool) -> None:
    """Show how each key stands.

    Its state, the room that its limits leave, what it cost today, and what was last held against it.
    """
    if ctx.invoked_subcommand is not None:
        return
    from hearth.cli.key_view import HEADINGS, rows
    from hearth.cli.periods import start_of

    daemon = client()
    pools = daemon.keys()
    found = [key for pool in pools for key in pool.keys]
    midnight = start_of("today", datetime.now().astimezone())
    spent = daemon.usage("key", midnight.timestamp()) if found else None
    if as_json:
        print_json({"keys": found, "spent_today": {row.name: row.costs for row in spent.rows} if spent else {}})
    elif not found:
        say(NONE)
    else:
        print_table(HEADINGS, rows(found, spent.rows if spent else ()))


@keys.command()
@click.argument("provider", default="")
@click.option("--id", "key_id", default="", help="Only the key of this id.")
@json_option
@click.pass_context
def test(ctx: click.Context, *, provider: str, key_id: str, as_json: bool) -> None:
    """Show keys to their providers; it costs nothing.

    Each is looked up again, and its provider is asked for the list of models with it.

    A key that was taken out and is found good is used again. Exit 1 if one is refused or cannot be tried.
    """
    trials = client().try_keys(provider, key_id)
    if as_json:
        print_json({"keys": trials})
    elif not trials:
        say(NONE)
    else:
        print_table(("KEY", "IS", "WHY"), [(f"{one.provider}/{one.id}", one.state, one.said) for one in trials])
    ctx.exit(1 if any(_bad(one) for one in trials) else 0)


def _bad(trial: KeyTrial) -> bool:
    return trial.state in ("refused", "failed")


@keys.command("set")
@click.argument("provider")
@click.option("--id", "key_id", default="default", help="Which of its keys, where it has several.")
def set_key(*, provider: str, key_id: str) -> None:
    """Store a key in the system's keyring. It is asked for without being shown; a pipe may bring it on one line."""
    from hearth.cli.key_store import entry_of, keep, read_key

    entry, named = entry_of(paths(), provider, key_id)
    keep(entry, read_key(f"{provider}/{key_id}"))
    say(f"Stored as {entry} in the system's keyring.")
    if named:
        say(f"hearth.toml names it already: `hearth keys test {provider}` uses it now, else within five minutes.")
    elif key_id == "default":
        say(f'Name it in hearth.toml:\n\n[providers.{provider}]\nkey = "keyring:{entry}"')
    else:
        line = f'{{ id = "{key_id}", value = "keyring:{entry}" }}'
        say(f"Name it in hearth.toml, among the keys of [providers.{provider}]:\n\nkeys = [ {line} ]")
