"""`hearth status`: the daemon at one moment, or watched."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import click

from hearth.cli.context import client, json_option
from hearth.cli.output import print_facts, print_json, print_json_line, say

if TYPE_CHECKING:
    from hearth.client import Client

EVERY_S = 2.0


@click.command()
@click.option("--watch", is_flag=True, help="Show it again every 2 seconds, until Ctrl-C.")
@json_option
def status(*, watch: bool, as_json: bool) -> None:
    """Show what Hearth is doing, and every address it has contacted.

    --watch adds what the tray shows: today's tokens and cost, and the last
    calls.
    """
    daemon = client()
    if watch:
        _watch(daemon, as_json=as_json)
    else:
        _show(daemon, as_json=as_json)


def _watch(daemon: Client, *, as_json: bool) -> None:
    """Show it until Ctrl-C, also when the daemon ends and comes back meanwhile."""
    from hearth.client import ClientError, DaemonAway

    while True:
        if sys.stdout.isatty():
            click.clear()
        try:
            _show(daemon, as_json=as_json, lines=True)
        except DaemonAway:
            say("Hearth is not running. It is looked for again every 2 seconds.", err=as_json)
        except ClientError as error:
            say(str(error), err=True)  # it goes just now
        time.sleep(EVERY_S)


def _show(daemon: Client, *, as_json: bool, lines: bool = False) -> None:
    from hearth.cli.status_view import facts

    found = daemon.status()
    if not as_json:
        print_facts(facts(found))
        if lines:
            print_facts(_day(daemon))
    elif lines:
        print_json_line(found)
    else:
        print_json(found)


def _day(daemon: Client) -> Iterator[tuple[str, str]]:
    from hearth.cli.day_view import MOST_CALLS, facts_of_day
    from hearth.cli.periods import start_of

    midnight = start_of("today", datetime.now().astimezone())
    return facts_of_day(daemon.usage("place", midnight.timestamp()), daemon.calls(MOST_CALLS))
